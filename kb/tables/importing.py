"""An export understood and then read: what it is, which column is what, what must be asked; records and refusals.

:func:`understand` looks and writes nothing. :func:`rows` streams the same file through what was understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kb.errors import BadSetting, NotATable
from kb.records import Record
from kb.tables import dates, values
from kb.tables.asking import Question, questions, warnings
from kb.tables.building import TIMES, Builder, joined
from kb.tables.mapping import LEVELS, TARGETS, Preset, RowKind, choose, lacks, plainly
from kb.tables.opening import open_table
from kb.tables.read import Row, Source, Table, short
from kb.tables.records import BadRow, LinkRow, Remark
from kb.tables.settings import Asked, DateOrder
from kb.tables.telling import Column, columns, mapped, seen_in, usual
from kb.tables.values import Ranks

__all__ = ["Column", "Question", "Remark", "Understanding", "rows", "understand"]

_SAMPLE = 5_000
VALUED = ("state", "line", "assignment_group", "priority", "impact", "urgency")
"""Fields whose values a person may have to translate."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Everything that was understood of one export, before anything is written."""

    path: Source
    kind: RowKind
    source: str
    """Name of the tool the records come from."""
    preset: Preset
    table: Table
    columns: tuple[Column, ...]
    mapping: Mapping[str, str]
    """Our field to the column's name."""
    dates: DateOrder | None
    dates_why: str
    zone: tzinfo
    levels: Mapping[str, Ranks] = field(default_factory=dict)
    """For priority, impact and urgency: what 1 means and how we know."""
    first_line: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """Fields of ours that no column fills."""
    samples: tuple[Record | LinkRow, ...] = ()
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    values: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """For fields of few values, each value of the sample with how often it stands there, the most usual first."""

    @property
    def encoding(self) -> str:
        """Encoding the text was read in; "" for a workbook."""
        return self.table.encoding

    @property
    def delimiter(self) -> str:
        """What stands between cells; "" where the format has none."""
        return self.table.delimiter

    @property
    def format(self) -> str:
        """csv, xlsx, json, jsonl or xml."""
        return self.table.format


def understand(path: Source, asked: Asked | None = None) -> Understanding:
    """Look at an export and say what it is. Reads a sample (and on, where dates need it); writes nothing.

    Raises :class:`NotATable` in one sentence where it cannot be imported at all, :class:`BadSetting` where what was
    asked for does not exist.
    """
    asked = asked or Asked()
    table = open_table(path, encoding=asked.encoding, delimiter=asked.delimiter, sheet=asked.sheet)
    if asked.name:
        table = replace(table, name=asked.name)
    raw = list(islice(table.rows(), _SAMPLE))
    preset = choose(table.header, name=asked.preset, map_file=asked.map_file, saved=asked.saved)
    good = [joined(row, table, preset).cells for row in raw if not row.problem]
    seen = seen_in(good, table.header, preset.missing)
    mapping, sure = mapped(preset, table, seen)
    if (refusal := lacks(preset, mapping, table.header, table.name)) is not None:
        raise refusal
    _refuse_doubled_key(table, preset, mapping)
    if not good:
        why = f": the first row {raw[0].problem}" if raw else " but its header"
        raise NotATable(f"{table.name} has no row that can be read{why}.")
    order, order_why = _order(asked, preset, table, mapping, seen)
    levels = {target: _level(target, seen[mapping[target]], asked, preset) for target in LEVELS if target in mapping}
    zone = zone_named(asked.timezone or preset.timezone)
    found = Understanding(
        path=path,
        kind=preset.kind,
        source=asked.source or preset.source,
        preset=preset,
        table=table,
        columns=columns(table, preset, mapping, seen, sure),
        mapping=mapping,
        dates=order,
        dates_why=order_why,
        zone=zone,
        levels=levels,
        first_line=asked.first_line or preset.first_line,
        absent=tuple(target for target in TARGETS[preset.kind] if target not in mapping),
        values={target: usual(seen[mapping[target]]) for target in VALUED if target in mapping},
    )
    return _completed(found, asked, good, seen)


def _completed(
    found: Understanding, asked: Asked, good: list[dict[str, str]], seen: Mapping[str, list[str]]
) -> Understanding:
    """Add five records, the questions and the warnings."""
    builder = _builder(found)
    samples: list[Record | LinkRow] = []
    for number, cells in enumerate(good, start=2):
        if len(samples) == 5:
            break
        made, _ = builder.make(Row(number, dict(cells)))
        if not isinstance(made, BadRow):
            samples.append(made)
    found = replace(found, samples=tuple(samples), questions=tuple(questions(found)))
    return replace(found, warnings=tuple(warnings(found, asked, seen)))


def rows(understood: Understanding) -> Iterator[Record | LinkRow | BadRow | Remark]:
    """Stream the export's records in file order.

    Every row of the file gives exactly one record or one :class:`BadRow`. A :class:`Remark` comes *beside* a record
    and just before it: the row is taken, but a cell in it was cut, cleaned or could not be read. Of rows with the
    same number the first is taken.
    """
    builder = _builder(understood)
    first_at: dict[str, int] = {}
    for row in understood.table.rows():
        if row.problem:
            yield _refused(row)
            continue
        made, remarks = builder.make(joined(row, understood.table, understood.preset))
        if isinstance(made, BadRow):
            yield made
            continue
        key = _key(made)
        if key in first_at:
            column = understood.mapping.get("number", understood.mapping.get("ticket", ""))
            yield BadRow(row.number, column, short(key), f"duplicate number: it stood already in row {first_at[key]}")
            continue
        first_at[key] = row.number
        yield from remarks
        yield made


def _builder(understood: Understanding) -> Builder:
    return Builder(
        kind=understood.kind,
        source=understood.source,
        preset=understood.preset,
        mapping=understood.mapping,
        dates=understood.dates,
        zone=understood.zone,
        levels=understood.levels,
        first_line=frozenset(group.casefold() for group in understood.first_line),
    )


def _key(made: Record | LinkRow) -> str:
    return f"{made.ticket} → {made.target_kind} {made.target}" if isinstance(made, LinkRow) else made.number


def _refused(row: Row) -> BadRow:
    column, value = next(iter(row.cells.items()), ("", ""))
    return BadRow(row.number, column, short(value), row.problem)


def zone_named(name: str) -> tzinfo:
    """The time zone of this name; UTC for "". Raises :class:`BadSetting`."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(f'There is no time zone "{short(name)}"; write it like Europe/Berlin.') from error


def _refuse_doubled_key(table: Table, preset: Preset, mapping: Mapping[str, str]) -> None:
    for target in preset.required:
        if mapping[target] in table.repeated and plainly(mapping[target]) not in preset.joined:
            raise NotATable(
                f'{table.name} has two columns called "{mapping[target]}", so we cannot tell which one holds the '
                f"{target}; rename one in the export."
            )


def _order(
    asked: Asked, preset: Preset, table: Table, mapping: Mapping[str, str], seen: Mapping[str, list[str]]
) -> tuple[DateOrder | None, str]:
    """The order of day and month in this file, and how we know."""
    times = [mapping[target] for target in TIMES if target in mapping]
    proofs = {dates.proof_of(seen[column]) for column in times} - {""}
    if proofs == {"either"} and asked.dates is None:
        proofs |= {_proof_further(table, times)}
    day, month = "day" in proofs or "mixed" in proofs, "month" in proofs or "mixed" in proofs
    if asked.dates is not None:
        against = proofs and (month and not day if asked.dates == "day" else day and not month)
        return asked.dates, f"{asked.dates} first, as you said" + (
            ", though the file speaks against it" if against else ""
        )
    if day and month:
        return None, "both orders appear in this file"
    if day or month:
        return ("day", "day first, proven by the file") if day else ("month", "month first, proven by the file")
    if preset.dates in ("day", "month"):
        return ("day" if preset.dates == "day" else "month"), f"{preset.dates} first, as the preset {preset.name} says"
    if "either" in proofs:
        return None, "every date could be read both ways"
    return None, "ISO 8601 or unambiguous" if any(seen[column] for column in times) else "no dates"


def _proof_further(table: Table, times: list[str]) -> dates.Proof:
    """Read on behind the sample until a date proves the order."""
    for row in islice(table.rows(), _SAMPLE, None):
        proof = dates.proof_of(row.cells.get(column, "") for column in times)
        if proof in ("day", "month", "mixed"):
            return proof
    return "either"


def _level(target: str, given: list[str], asked: Asked, preset: Preset) -> Ranks:
    return values.ranks(
        given,
        given=asked.directions.get(target),
        preset=preset.ones.get(target, preset.one),
        words=preset.words.get(target, {}),
        last=preset.scales.get(target, 0),
        three=target != "priority",
    )
