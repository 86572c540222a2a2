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
    least: int = 2
    """How many telling columns a header must have for the preset to be taken without being asked for."""
    kept: frozenset[str] = frozenset()
    """Columns that are none of our fields, whatever their names look like."""
    ones: Mapping[str, Direction] = field(default_factory=dict)
    """What 1 means in one of priority, impact and urgency, where :attr:`one` does not say it for all."""
    guess: bool = True
    """Whether columns it does not name may be guessed; not in a preset that a person made."""
    note: str = ""
    """What a person should know of this tool's exports."""

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
        """How well a header fits: fields found, and three for each telling column.

        0 where a required one lacks, or fewer are telling than it takes.
        """
        found = self.match(header)
        if not all(target in found for target in self.required):
            return 0.0
        telling = sum(plainly(column) in self.telling for column in header)
        return len(found) + 3.0 * telling if telling >= self.least else 0.0


@cache
def generic_states() -> Mapping[str, str]:
    """Words that many tools use for states, to ours; a preset's own words go before them."""
    text = (resources.files("kb.tables") / "presets" / "generic.toml").read_text("utf-8")
    return dict(_lowered(tomllib.loads(text)["states"]))


def plainly(name: str) -> str:
    """A column's name without case, blanks and punctuation: "Short description" and "short_description" are one."""
    return _PLAIN.sub(" ", name.casefold()).strip() or name.strip()


@cache
def presets() -> tuple[Preset, ...]:
    """All presets that come with the program, the generic one last."""
    folder = resources.files("kb.tables") / "presets"
    found = [
        _made(tomllib.loads(one.read_text("utf-8")), one.name) for one in folder.iterdir() if one.name.endswith("toml")
    ]
    return tuple(sorted(found, key=lambda preset: (preset.name == "generic", preset.name)))


def preset_named(name: str, *, also: Sequence[str] = ()) -> Preset:
    """The preset of this name. Raises :class:`BadSetting` with the names there are, those of ``also`` too."""
    known = {preset.name: preset for preset in presets()}
    if name not in known:
        raise BadSetting(f'There is no preset "{name}"; there are {", ".join((*also, *known))}.')
    return known[name]


def preset_from(path: Path) -> Preset:
    """Read a person's own map. Raises :class:`BadSetting` naming file and key."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"The map {path.name} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"The map {path.name} is not TOML: {error}.") from error
    return _made({"guess": False, **given}, path.name)


def choose(
    header: Sequence[str], *, name: str = "", map_file: Path | None = None, saved: Sequence[Preset] = ()
) -> Preset:
    """The preset asked for, or the one that fits the header best; the generic one where none does.

    A person's own presets go before ours. Raises :class:`BadSetting` where there is none of this name.
    """
    if map_file is not None:
        return preset_from(map_file)
    if name:
        return next((preset for preset in saved if preset.name == name), None) or preset_named(
            name, also=tuple(preset.name for preset in saved)
        )
    known = (*((preset, 1.0) for preset in saved), *((one, 0.0) for one in presets()))
    scored = [(preset.score(header), bonus - 0.5 * (preset.name == "generic"), preset) for preset, bonus in known]
    best, _, chosen = max(((score + extra if score else 0.0, extra, preset) for score, extra, preset in scored),
                          key=lambda one: one[0])  # fmt: skip
    return chosen if best > 0 else preset_named("generic")


def lacks(preset: Preset, mapping: Mapping[str, str], header: Sequence[str], title: str) -> NotATable | None:
    """The refusal of a file in which a column is missing that records cannot do without."""
    lacking = [target for target in preset.required if target not in mapping]
    if not lacking:
        return None
    return NotATable(
        f"{title} has no column for the {' and the '.join(lacking)} of a record; its columns are {_listed(header)}. "
        f'Name it in a map file (number = "...") and give it with --map.'
    )


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(column[:40] for column in header[:12])
    return shown + (f" and {len(header) - 12} more" if len(header) > 12 else "")


def preset_of(given: Mapping[str, Any], where: str) -> Preset:
    """A preset from what its TOML would hold. Raises :class:`BadSetting` for what it does not understand."""
    return _made(dict(given), where)


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
    ones = dict(levels.get("ones", start.ones if start else {}))
    if not set(ones) <= set(LEVELS) or not set(ones.values()) <= {"highest", "lowest"}:
        raise BadSetting(f'{where}: levels.ones names {", ".join(LEVELS)} as "highest" or "lowest".')
    states = {**(start.states if start else {}), **_lowered(given.get("states", {}))}
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
        states={**generic_states(), **states} if kind == "tickets" else states,
        lines={**(start.lines if start else {}), **_lowered(given.get("lines", {}))},
        first_line=tuple(given.get("first_line", start.first_line if start else ())),
        dates=str(given.get("dates", start.dates if start else "")),
        timezone=str(given.get("timezone", start.timezone if start else "")),
        ones=ones,
        least=int(given.get("least", start.least if start else 2)),
        kept=frozenset(map(plainly, given.get("kept", start.kept if start else ()))),
        guess=bool(given.get("guess", start.guess if start else True)),
        note=str(given.get("note", start.note if start else "")),
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
