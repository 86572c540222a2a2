"""What a person should know of an export before it goes in, and what only a person can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.tables import dates, values
from kb.tables.building import TIMES
from kb.tables.mapping import plainly
from kb.tables.read import short
from kb.tables.settings import Asked

if TYPE_CHECKING:
    from kb.tables.importing import Understanding

_WANTED: Mapping[str, tuple[str, ...]] = {
    "tickets": ("title", "body", "opened_at", "state", "category", "assignment_group", "priority", "resolution"),
    "articles": ("summary", "body"),
    "problems": ("title", "root_cause", "workaround", "state"),
    "links": ("linked_at",),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can say, and the argument that says it. Until then the field stays empty."""

    about: str
    sentence: str
    argument: str


def questions(found: Understanding) -> Iterator[Question]:
    """Yield what only a person can say about this export."""
    if found.dates is None and found.dates_why in (
        "every date could be read both ways",
        "both orders appear in this file",
    ):
        yield Question(
            "dates", f"Which comes first in its dates, day or month? {_capital(found.dates_why)}.", "--dates day|month"
        )
    for target, scale in found.levels.items():
        if scale.one is None and scale.proof == "none":
            yield Question(
                target,
                f"Is 1 the highest or the lowest {target}? Tools differ, and nothing in this file proves it.",
                f"--{target}-one highest|lowest",
            )
    if (
        found.kind == "tickets"
        and "line" not in found.mapping
        and not found.first_line
        and "assignment_group" in found.mapping
    ):
        yield Question(
            "line",
            "Which assignment groups are the first line? Without it nobody's line is known.",
            "--first-line GROUP",
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def warnings(found: Understanding, asked: Asked, seen: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield plain sentences about what was assumed, is doubled or is missing."""
    yield from found.table.notes
    for name in found.table.repeated:
        if plainly(name) not in found.preset.joined:
            others = [column for column in found.table.header if column.startswith(f"{name} (")]
            used = [f'"{column}" as {target}' for target, column in found.mapping.items() if column in others]
            yield f'Two columns are called "{name}": the first is used' + (f", and {used[0]}." if used else ".")
    lacking = [
        target
        for target in _WANTED[found.kind]
        if target not in found.mapping and not any(getattr(one, target, "") for one in found.samples)
    ]
    if lacking:
        yield f"No column for {', '.join(lacking)}."
    if found.kind == "tickets" and found.preset.note and "body" in lacking:
        yield found.preset.note
    if found.kind == "tickets" and "title" not in found.mapping and "body" not in found.mapping:
        yield "These records have no words to search by; they can be counted but not found."
    naive = [
        column
        for target in TIMES
        if (column := found.mapping.get(target, "")) and seen[column] and not dates.has_zone(seen[column][0])
    ]
    if naive and not asked.timezone and not found.preset.timezone:
        which = ", ".join(naive)
        yield f"Times in {which} carry no time zone; they are taken as UTC (--timezone Europe/Berlin changes it)."
    yield from _unknown_states(found, seen)


def _unknown_states(found: Understanding, seen: Mapping[str, list[str]]) -> Iterator[str]:
    if found.kind != "tickets" or "state" not in found.mapping:
        return
    unknown: dict[str, int] = {}
    for value in seen[found.mapping["state"]]:
        try:
            values.state(value, found.preset.states)
        except ValueError:
            unknown[value] = unknown.get(value, 0) + 1
    if unknown:
        shown = ", ".join(f'"{short(value)}"' for value in list(unknown)[:6])
        yield f"States we do not know, taken as open: {shown}. A map file can name them under [states]."
