"""One row to one record: each field by its own rule, what cannot be read left empty with a remark, the rest kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from kb.markup import looks_like_html, to_text
from kb.records import DONE, Article, Problem, Record, Ticket
from kb.tables import dates, values
from kb.tables.mapping import LEVELS, Preset, RowKind, plainly
from kb.tables.objects import RAW, is_hidden
from kb.tables.read import Row, Table, short
from kb.tables.records import BadRow, LinkRow, Remark
from kb.tables.settings import DateOrder
from kb.tables.threads import ANSWER, OPENING, callers_of, joined_cells
from kb.tables.values import Ranks

TIMES = ("opened_at", "resolved_at", "closed_at", "created_at", "updated_at", "linked_at")
_TOLD = ("comment", "kommentar", "commentaire", "comentario")
"""How the names of columns begin that hold what people wrote on a ticket, one column each."""
_TRUTHS = frozenset(("vip", "made_sla", "generic"))
_COUNTS = frozenset(("reopen_count", "reassignment_count"))
_LONG = frozenset(
    ("title", "body", "resolution", "notes", "summary", "symptom", "probable_cause", "root_cause", "workaround", "fix")
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?: \d{3}){1,4}")
"""A number with its thousands apart, as some tools show their ids ("1 204")."""
_LONGEST_NUMBER = 200
_LONGEST_NAME = 500


def joined(row: Row, table: Table, preset: Preset) -> Row:
    """Put the values of columns that a tool repeats (Jira's Comment) into the first of them."""
    if not table.repeated or not preset.joined:
        return row
    cells = dict(row.cells)
    for name in table.repeated:
        if plainly(name) not in preset.joined:
            continue
        others = [column for column in cells if column == name or column.startswith(f"{name} (")]
        parts = [value for column in others if (value := cells.pop(column).strip())]
        if plainly(name).startswith(_TOLD):
            cells |= joined_cells(name, parts, callers_of(cells))
        else:
            cells[name] = ("\n\n" if any(len(part) > 60 for part in parts) else ", ").join(parts)
    return replace(row, cells=cells)


@dataclass(slots=True)
class Builder:
    """Makes records of one kind, the same way for every row."""

    kind: RowKind
    source: str
    preset: Preset
    mapping: Mapping[str, str]
    dates: DateOrder | None
    zone: tzinfo
    levels: Mapping[str, Ranks]
    first_line: frozenset[str] = frozenset()
    _told: set[tuple[str, str]] = field(default_factory=set)

    def make(self, row: Row) -> tuple[Record | LinkRow | BadRow, list[Remark]]:
        """Return the record and the remarks on it, or what is wrong with the row."""
        given = {column: value for column, cell in row.cells.items() if (value := self._given(cell))}
        remarks = [Remark(row.number, *remark) for remark in row.remarks]
        filled: dict[str, Any] = {}
        extra: dict[str, str] = {}
        taken: set[str] = set()
        for target, column in self.mapping.items():
            taken.add(column)
            value = given.get(column, "")
            if target in TIMES:
                value = given.get(column + RAW, value)
            if not value:
                continue
            try:
                filled[target] = self._read(target, value)
            except ValueError as error:
                extra[column] = value
                if target == "state":
                    filled[target] = "open"
                if self._worth_saying(target, value):
                    remarks.append(Remark(row.number, column, short(value), str(error)))
        self._threaded(filled, given)
        lacking = next((target for target in self.preset.required if not filled.get(target)), "")
        if lacking:
            return BadRow(row.number, self.mapping[lacking], "", f"has no {lacking}"), remarks
        extra |= {column: value for column, value in given.items() if column not in taken and not is_hidden(column)}
        return self._made(row, filled, extra), remarks

    def _threaded(self, filled: dict[str, Any], given: Mapping[str, str]) -> None:
        """Where a tool has no field of its own for them: the description and the answer out of the thread."""
        if self.kind != "tickets":
            return
        column = self.mapping.get("notes", "")
        opening, answer = given.get(column + OPENING, ""), given.get(column + ANSWER, "")
        if not filled.get("body") and opening:
            filled["body"] = opening
        body = str(filled.get("body", ""))
        if opening and _same(opening, body):
            filled["notes"] = filled.get("notes", "").removeprefix(opening).lstrip()
        done = filled.get("state") in DONE or ("state" not in self.mapping and filled.get("resolved_at"))
        if not filled.get("resolution") and done and answer and not _same(answer, body):
            filled["resolution"] = answer

    def _given(self, cell: str) -> str:
        value = cell.strip()
        return "" if value in self.preset.missing else value

    def _worth_saying(self, target: str, value: str) -> bool:
        """Times are told each; words of states, levels and lines once, or a report would drown in them."""
        if target in TIMES:
            return True
        known = (target, value.casefold())
        if known in self._told or len(self._told) > 10_000:
            return False
        self._told.add(known)
        return True

    def _read(self, target: str, value: str) -> Any:
        if target in TIMES:
            return dates.parse(value, self.dates, self.zone)
        if target in LEVELS:
            return self.levels[target].read(value)
        reader = _READERS.get(target)
        if reader is not None:
            return reader(value)
        if target == "state" and self.kind == "tickets":
            return values.state(value, self.preset.states)
        if target == "line":
            return values.line(value, self.preset.lines)
        if target in ("number", "ticket", "target"):
            return _number(value)
        if target in _LONG:
            return value
        return " ".join(value.split())[:_LONGEST_NAME]

    def _made(self, row: Row, filled: dict[str, Any], extra: dict[str, str]) -> Record | LinkRow | BadRow:
        if self.kind == "links":
            kind = str(filled.get("target_kind", "article")).casefold()
            if kind not in ("article", "ticket", "problem"):
                why = "is neither article nor ticket nor problem"
                return BadRow(row.number, self.mapping["target_kind"], short(kind), why)
            return LinkRow(**{**filled, "target_kind": kind})
        if self.kind in ("articles", "problems"):
            if "state" in filled:
                word = str(filled["state"]).casefold()
                filled["state"] = self.preset.states.get(word, word)
            made = Article if self.kind == "articles" else Problem
            return made(source=self.source, extra=extra, **filled)
        if "line" not in filled and self.first_line and filled.get("assignment_group"):
            filled["line"] = 1 if str(filled["assignment_group"]).casefold() in self.first_line else 2
        return Ticket(source=self.source, extra=extra, **filled)


def _same(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever their blanks and markup."""
    first, second = (" ".join((to_text(text) if looks_like_html(text) else text).split()) for text in (one, other))
    return first == second


def _number(value: str) -> str:
    number = " ".join(value.split())
    if _GROUPED.fullmatch(number):
        number = number.replace(" ", "")
    if len(number) > _LONGEST_NUMBER:
        raise ValueError(f"is longer than the {_LONGEST_NUMBER} characters a number can have")
    return number


def _audience(value: str) -> tuple[str, ...]:
    return tuple(sorted({group for part in value.replace(";", ",").split(",") if (group := " ".join(part.split()))}))


_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_TRUTHS, values.truth),
    **dict.fromkeys(_COUNTS, values.count),
    "audience": _audience,
}
