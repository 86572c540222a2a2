"""Which column of an export is which field: as its preset names them, else as guessed, with how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from kb.tables.guessing import ENOUGH, guess
from kb.tables.mapping import TARGETS, Preset, plainly
from kb.tables.read import Table, short

_MOST_VALUES = 60
_RATHER = 0.7
"""Confidence it takes to guess beside a preset that knows its tool."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: our field, or "" where it is kept as it is; three values; what was noticed."""

    name: str
    target: str
    samples: tuple[str, ...] = ()
    note: str = ""
    confidence: float = 0.0
    """How sure we are of the field, in [0, 1]; of "" it is how sure we are that it is none of ours."""
    why: str = ""


def mapped(
    preset: Preset, table: Table, seen: Mapping[str, list[str]]
) -> tuple[dict[str, str], dict[str, tuple[float, str]]]:
    """Our fields to columns, and for each column how sure we are and why; what the preset leaves is guessed."""
    known = preset.match(table.header)
    if preset.kind == "articles" and "body" not in known and "summary" in known:
        known["body"] = known.pop("summary")
    sure = {column: (1.0, f"the preset {preset.name} names it") for column in known.values()}
    if not preset.guess or preset.kind != "tickets":
        return known, sure
    if preset.name == "generic":
        known, sure = {}, {}
    away = {
        column
        for column in table.header
        if column.endswith(")")
        and (base := column.rpartition(" (")[0]) in table.repeated
        and plainly(base) in preset.joined
    }
    free = [column for column in table.header if plainly(column) not in preset.kept and column not in away]
    found = guess(free, seen, targets=TARGETS[preset.kind], taken=known, least=_RATHER if known else ENOUGH)
    sure |= {column: (one.confidence, one.why) for column, one in found.items()}
    guessed = {one.target: column for column, one in found.items() if one.target}
    return {target: {**known, **guessed}[target] for target in TARGETS[preset.kind] if target in known | guessed}, sure


def seen_in(good: list[dict[str, str]], header: tuple[str, ...], missing: frozenset[str]) -> dict[str, list[str]]:
    """The values given in each column of the sample."""
    return {
        column: [value for cells in good if (value := cells.get(column, "").strip()) and value not in missing]
        for column in header
    }


def usual(given: list[str]) -> tuple[tuple[str, int], ...]:
    """The most usual values with how often each stands there."""
    return tuple(Counter(" ".join(value.split())[:120] for value in given).most_common(_MOST_VALUES))


def columns(
    table: Table, preset: Preset, mapping: Mapping[str, str], seen: Mapping[str, list[str]],
    sure: Mapping[str, tuple[float, str]],
) -> tuple[Column, ...]:  # fmt: skip
    """Every column in file order; those that are joined into another become the same field as that one."""
    target_of = {column: target for target, column in mapping.items()}
    made: list[Column] = []
    first: dict[str, str] = {}
    for column in table.header:
        distinct = list(dict.fromkeys(islice(seen[column], 200)))[:3]
        note = "" if seen[column] else "empty in the sample"
        if column in table.repeated:
            together = plainly(column) in preset.joined
            first[column] = target_of.get(column, "") if together else ""
            note = "repeated; joined into one text" if together else "name stands twice; the first is used"
        samples = tuple(map(short, distinct))
        if plainly(base := column.rpartition(" (")[0]) in preset.joined and base in first and column.endswith(")"):
            made.append(Column(column, first[base], samples, f"joined with {base}", 1.0))
            continue
        made.append(Column(column, target_of.get(column, ""), samples, note, *sure.get(column, (0.0, ""))))
    return tuple(made)
