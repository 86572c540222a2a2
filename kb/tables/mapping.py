"""Presets: which column of which tool is which of our fields, and what its words mean. One TOML file a tool."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from kb.errors import BadSetting, NotATable
from kb.records import Article, Problem, Ticket
from kb.tables.records import LinkRow
from kb.tables.settings import Direction

RowKind = Literal["tickets", "articles", "problems", "links"]
_OURS = {"extra", "text", "fix", "id", "source", "merged_into"}
TARGETS: dict[str, tuple[str, ...]] = {
    "tickets": tuple(one.name for one in fields(Ticket) if one.name not in _OURS),
    "articles": tuple(one.name for one in fields(Article) if one.name not in _OURS),
    "problems": tuple(one.name for one in fields(Problem) if one.name not in _OURS - {"fix"}),
    "links": tuple(one.name for one in fields(LinkRow)),
}
LEVELS = ("impact", "urgency", "priority")
_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one tool's export. Read from TOML; see kb/tables/presets."""

    name: str
    title: str
    kind: RowKind
    source: str
    required: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    """Our field to the names of its column, best first."""
    telling: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    """Columns that a tool repeats and that belong together."""
    one: Direction | None = None
    """What 1 means in priority, impact and urgency."""
    scales: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    first_line: tuple[str, ...] = ()
    dates: str = ""
    timezone: str = ""

    def match(self, header: Sequence[str]) -> dict[str, str]:
        """Our fields to the columns of this header; a column serves one field only, the first that wants it most."""
        plain: dict[str, str] = {}
        for column in header:
            plain.setdefault(plainly(column), column)
        found: dict[str, str] = {}
        taken: set[str] = set()
        for place in range(max(map(len, self.columns.values()), default=0)):
            for target, names in self.columns.items():
                if target in found or place >= len(names):
                    continue
                column = plain.get(plainly(names[place]), "")
                if column and column not in taken:
                    found[target] = column
                    taken.add(column)
        return found

    def score(self, header: Sequence[str]) -> float:
        """How well a header fits: fields found, and three for each telling column; 0 where a required one lacks."""
        found = self.match(header)
        if not all(target in found for target in self.required):
            return 0.0
        telling = sum(plainly(column) in self.telling for column in header)
        return len(found) + 3.0 * telling


def plainly(name: str) -> str:
    """A column's name without case, blanks and punctuation: "Short description" and "short_description" are one."""
    return _PLAIN.sub(" ", name.casefold()).strip()


@cache
def presets() -> tuple[Preset, ...]:
    """All presets that come with the program, the generic one last."""
    folder = resources.files("kb.tables") / "presets"
    found = [
        _made(tomllib.loads(one.read_text("utf-8")), one.name) for one in folder.iterdir() if one.name.endswith("toml")
    ]
    return tuple(sorted(found, key=lambda preset: (preset.name == "generic", preset.name)))


def preset_named(name: str) -> Preset:
    """The preset of this name. Raises :class:`BadSetting` with the names there are."""
    known = {preset.name: preset for preset in presets()}
    if name not in known:
        raise BadSetting(f'There is no preset "{name}"; there are {", ".join(known)}.')
    return known[name]


def preset_from(path: Path) -> Preset:
    """Read a person's own map. Raises :class:`BadSetting` naming file and key."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"The map {path.name} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"The map {path.name} is not TOML: {error}.") from error
    return _made(given, path.name)


def choose(header: Sequence[str], *, name: str = "", map_file: Path | None = None, title: str = "the file") -> Preset:
    """The preset asked for, or the one that fits the header best.

    Raises :class:`NotATable` where no column can be the number that records are known by.
    """
    if map_file is not None or name:
        chosen = preset_from(map_file) if map_file is not None else preset_named(name)
        lacking = [target for target in chosen.required if target not in chosen.match(header)]
        if not lacking:
            return chosen
        what = " and the ".join(lacking)
    else:
        scored = [(preset.score(header) - (0.5 if preset.name == "generic" else 0.0), preset) for preset in presets()]
        best, chosen = max(scored, key=lambda pair: pair[0])
        if best > 0:
            return chosen
        what = "number"
    raise NotATable(
        f"{title} has no column for the {what} of a record; its columns are {_listed(header)}. "
        f'Name it in a map file (number = "...") and give it with --map.'
    )


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(column[:40] for column in header[:12])
    return shown + (f" and {len(header) - 12} more" if len(header) > 12 else "")


def _made(given: dict[str, Any], where: str) -> Preset:
    """A preset from its TOML. Raises :class:`BadSetting` for what it does not understand."""
    base = given.pop("base", None)
    start = preset_named(str(base)) if base else None
    kind = given.get("kind", start.kind if start else "tickets")
    if kind not in get_args(RowKind):
        raise BadSetting(f'{where}: kind is "{kind}"; it can be {", ".join(get_args(RowKind))}.')
    columns = {target: _names(where, target, names) for target, names in given.get("columns", {}).items()}
    for target in columns:
        if target not in TARGETS[kind]:
            raise BadSetting(f'{where}: "{target}" is no field of ours; {kind} have {", ".join(TARGETS[kind])}.')
    levels = given.get("levels", {})
    one = levels.get("one", start.one if start else None)
    if one not in (None, "highest", "lowest"):
        raise BadSetting(f'{where}: levels.one is "{one}"; it can be "highest" or "lowest".')
    return Preset(
        name=str(given.get("name", start.name if start else Path(where).stem)),
        title=str(given.get("title", start.title if start else where)),
        kind=kind,
        source=str(given.get("source", start.source if start else "import")),
        required=tuple(given.get("required", start.required if start else _key(kind))),
        columns={**(start.columns if start else {}), **columns},
        telling=frozenset(map(plainly, given.get("telling", ()))) | (start.telling if start else frozenset()),
        missing=frozenset(given.get("missing", start.missing if start else ())),
        joined=frozenset(map(plainly, given.get("joined", ()))) | (start.joined if start else frozenset()),
        one=one,
        scales={**(start.scales if start else {}), **{key: int(levels[key]) for key in LEVELS if key in levels}},
        words={**(start.words if start else {}), **_lowered(levels.get("words", {}))},
        states={**(start.states if start else {}), **_lowered(given.get("states", {}))},
        lines={**(start.lines if start else {}), **_lowered(given.get("lines", {}))},
        first_line=tuple(given.get("first_line", start.first_line if start else ())),
        dates=str(given.get("dates", start.dates if start else "")),
        timezone=str(given.get("timezone", start.timezone if start else "")),
    )


def _key(kind: str) -> tuple[str, ...]:
    return ("ticket", "target") if kind == "links" else ("number",)


def _names(where: str, target: str, names: object) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise BadSetting(f"{where}: columns.{target} must be a column's name or a list of them.")


def _lowered(table: dict[str, Any]) -> dict[str, Any]:
    return {key.casefold(): _lowered(value) if isinstance(value, dict) else value for key, value in table.items()}
