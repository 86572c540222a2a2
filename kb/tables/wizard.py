"""An export that no preset knows: what a person says of its columns and values, made into a preset of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kb.errors import BadSetting
from kb.records import STATES
from kb.tables.importing import Understanding
from kb.tables.mapping import LEVELS, TARGETS, Preset, plainly
from kb.tables.settings import Asked, DateOrder, Direction

FIRST, SECOND = "1", "2"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said in the wizard; what is left out is as it was understood."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column → our field, or "" to keep it as it is."""
    states: Mapping[str, str] = field(default_factory=dict)
    """The tool's word → our state."""
    lines: Mapping[str, str] = field(default_factory=dict)
    """Assignment group → "1" for the first line, "2" for the second."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The word of a line's column → "1" or "2"."""
    ones: Mapping[str, Direction] = field(default_factory=dict)
    """For priority, impact and urgency: what 1 means."""
    dates: DateOrder | None = None
    timezone: str = ""
    source: str = ""


def preset_from(found: Understanding, said: Said, *, name: str = "") -> Preset:
    """The preset that reads this export as the person said; unsaid things stay as they were understood.

    It names each column exactly and guesses none. Raises :class:`BadSetting` where two columns are the same field, a
    word is none of ours, or no column is the number.
    """
    columns = _columns(found, said)
    for word, state in said.states.items():
        if state not in STATES:
            raise BadSetting(f'"{word[:60]}" cannot be the state {state[:40]}: there are {", ".join(STATES)}.')
    base = found.preset
    first = {group.casefold() for group in found.first_line} | _those(said.lines, FIRST)
    first -= {group for group, line in _folded(said.lines).items() if line != FIRST}
    groups = [group for group, _ in found.values.get("assignment_group", ())]
    given = {target: ranks.one for target, ranks in found.levels.items() if ranks.proof == "given" and ranks.one}
    return Preset(
        name=name or "your answers",
        title=name or f"{base.title}, as said here",
        kind=base.kind,
        source=said.source or found.source,
        required=base.required,
        columns={target: (column,) for target, column in columns.items()},
        telling=frozenset(map(plainly, columns.values())),
        least=max(1, len(columns)),
        missing=base.missing,
        joined=base.joined,
        one=base.one,
        ones={**base.ones, **given, **said.ones},
        scales=dict(base.scales),
        words=dict(base.words),
        states={**base.states, **{word.casefold(): state for word, state in said.states.items()}},
        lines={**base.lines, **_folded(said.words)},
        first_line=tuple(group for group in groups if group.casefold() in first) or tuple(sorted(first)),
        dates=said.dates or (found.dates or "" if "as you said" in found.dates_why else base.dates),
        timezone=said.timezone or base.timezone,
        guess=False,
    )


def asked_with(preset: Preset, *, name: str = "") -> Asked:
    """What to ask :func:`kb.tables.understand` so that a file is read by this preset; ``name`` is the file's own."""
    return Asked(preset=preset.name, saved=(preset,), name=name)


def _columns(found: Understanding, said: Said) -> dict[str, str]:
    """Our field → column: as understood, changed by what was said."""
    mapping = dict(found.mapping)
    taken: dict[str, str] = {}
    known = {column.name for column in found.columns}
    for column, target in said.columns.items():
        if target and target not in TARGETS[found.kind]:
            raise BadSetting(
                f'"{target[:40]}" is no field of ours; {found.kind} have {", ".join(TARGETS[found.kind])}.'
            )
        if target and target in taken:
            raise BadSetting(f'"{taken[target][:60]}" and "{column[:60]}" cannot both be the {target}: choose one.')
        if target and column in known:
            taken[target] = column
    mapping = {target: column for target, column in mapping.items() if column not in said.columns}
    mapping |= taken
    lacking = [target for target in found.preset.required if target not in mapping]
    if lacking:
        raise BadSetting(f"No column is the {' and the '.join(lacking)}: records are known by it, so choose one.")
    return {target: mapping[target] for target in TARGETS[found.kind] if target in mapping}


def _folded(table: Mapping[str, str]) -> dict[str, str]:
    return {word.casefold(): value for word, value in table.items() if value in (FIRST, SECOND)}


def _those(table: Mapping[str, str], value: str) -> set[str]:
    return {word for word, line in _folded(table).items() if line == value}


def renamed(preset: Preset, name: str) -> Preset:
    """The same preset under a name of the person's own."""
    return replace(preset, name=name.strip().casefold().replace(" ", "-"), title=name.strip() or preset.title)


def unproven(found: Understanding) -> tuple[str, ...]:
    """Levels whose direction only a person can say."""
    return tuple(level for level in LEVELS if any(question.about == level for question in found.questions))
