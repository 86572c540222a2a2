"""JSON and JSON Lines: one object after the other out of a stream, references and nested values made flat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from kb.errors import NotATable
from kb.tables.read import Row, Source, Table, name_of, no_rows, short, tidy
from kb.tables.texts import Coding, bounded_lines, open_text
from kb.tables.threads import ANSWER, OPENING, callers_of, is_document, is_thread, rich_text, thread_cells

LONGEST_OBJECT = 32 * 1024**2
"""Characters one object may take; what is longer is a problem, never held whole."""
RAW = "#value"
"""Behind a column's name: what the tool keeps, where the column itself holds what it shows (ServiceNow's references).
"""
_LISTS = (
    "result",
    "results",
    "records",
    "incidents",
    "tickets",
    "issues",
    "items",
    "data",
    "rows",
    "requests",
    "articles",
    "problems",
    "value",
    "Ticket",
    "ticket",
    "solutions",
)
_SAMPLE = 300
_BLANK = "\ufeff \t\r\n"
_CUT = "the file ends in the middle of the list"
_NOT_READ = "nothing behind this was read"
_TOO_LONG = f"is longer than {LONGEST_OBJECT // 10**6} million characters"


class _Bad(ValueError):
    """A value JSON cannot mean here; the message is for the report."""


class _Doubled(dict[str, Any]):
    """An object in which a name stands twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Doubled(pairs)


def _constant(_word: str) -> str:
    """NaN and Infinity, which JSON does not have: not given."""
    return ""


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=_constant, strict=False
)


def open_objects(source: Source, coding: Coding) -> Table:
    """Open a list of objects, an object that holds one, or one object a line. Raises :class:`NotATable`."""
    name = name_of(source)
    lines = _one_a_line(source, coding.name)
    table = Table(name, "jsonl" if lines else "json", (), no_rows, coding.name)
    table = replace(table, rows=lambda: _lines(source, coding.name) if lines else _listed(source, coding.name))
    header: dict[str, None] = {}
    seen, trouble = 0, ""
    for row in table.rows():
        seen += not row.problem
        trouble = trouble or (row.problem and f" (object {row.number}: {row.problem})")
        header.update(dict.fromkeys(column for column in row.cells if "#" not in column or not is_hidden(column)))
        if row.number >= _SAMPLE:
            break
    if not seen:
        raise NotATable(
            f"{name} holds no list of objects{trouble}; export the tickets as a JSON list, JSON Lines or CSV."
        )
    return replace(table, header=tuple(header), notes=(coding.note,) if coding.note else ())


def _one_a_line(source: Source, encoding: str) -> bool:
    """Whether the first line is a whole object and another follows, or the only line has no list inside."""
    first = None
    with open_text(source, encoding) as stream:
        for line in bounded_lines(stream, LONGEST_OBJECT):
            if first is not None and (line is None or line.strip(_BLANK)):
                return True
            if line is None or line.strip(_BLANK)[:1] not in ("", "{"):
                return False
            if line.strip(_BLANK):
                first = _object(line)
                if not isinstance(first, dict):
                    return False
    return first is not None and _list_in(first) is None


def _object(line: str) -> Any:
    try:
        return _DECODER.decode(line.strip(_BLANK))
    except (ValueError, RecursionError):
        return None


def _list_in(made: dict[str, Any]) -> list[Any] | None:
    for key in _LISTS:
        if isinstance(made.get(key), list) and all(isinstance(one, dict) for one in made[key][:3]):
            return list(made[key])
    return None


def _lines(source: Source, encoding: str) -> Iterator[Row]:
    with open_text(source, encoding) as stream:
        for number, line in enumerate(bounded_lines(stream, LONGEST_OBJECT), start=1):
            if line is None:
                yield Row(number, {}, problem=_TOO_LONG)
                continue
            if not line.strip(_BLANK):
                continue
            try:
                yield row_of(number, _DECODER.decode(line.strip(_BLANK)))
            except ValueError:
                yield Row(number, {"line": short(line)}, problem="is not a JSON object")
            except RecursionError:
                yield Row(number, {"line": short(line)}, problem="is nested too deep")


def _listed(source: Source, encoding: str) -> Iterator[Row]:
    """Stream the objects of the list: the file's own, or the one under a name like "result".

    Where the list cannot be followed to its end, the last row says so. Raises :class:`NotATable`.
    """
    name = name_of(source)
    with open_text(source, encoding) as stream:
        reader = _Reader(stream, name)
        inside = reader.peek() == "{"
        try:
            if inside and not reader.enter_list():
                return
        except _Bad as error:
            why = "the file ends in the middle of it" if str(error) == _CUT else f"a value in it {error}"
            raise NotATable(f"{name} is not JSON we can read: {why}.") from error
        reader.take("[")
        number = 0
        while reader.peek() != "]":
            number += 1
            try:
                value = reader.value()
            except _Bad as error:
                yield Row(number, {}, problem=f"{error}; {_NOT_READ}")
                return
            yield row_of(number, value)
            if reader.peek() == ",":
                reader.take(",")
            elif reader.peek() != "]":
                what = "no comma stands before it" if reader.peek() else _CUT
                yield Row(number + 1, {}, problem=f"{what}; {_NOT_READ}")
                return
        reader.take("]")
        if not inside and reader.peek():
            yield Row(number + 1, {}, problem="stands behind the end of the list; it was not read")


class _Reader:
    """Takes JSON values off a stream one by one, holding little more than the one being read."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._text, self._at, self._ended = "", 0, False

    def _more(self, size: int = 1 << 18) -> bool:
        chunk = "" if self._ended else self._stream.read(size)
        self._ended = self._ended or not chunk
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> None:
        """Step over the next character, which must be this one."""
        if self.peek() != sign:
            raise NotATable(f'{self._name} is not JSON we can read: "{sign}" was expected.')
        self._at += 1

    def value(self) -> Any:
        """Read one value. Raises :class:`_Bad` where it is broken, after which the stream cannot be followed."""
        if not self.peek():
            raise _Bad(_CUT)
        size = 1 << 18
        while True:
            try:
                made, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise _Bad("is nested too deep") from error
            except json.JSONDecodeError as error:
                held = len(self._text) - self._at
                if held > LONGEST_OBJECT:
                    raise _Bad(_TOO_LONG) from error
                size = min(size * 2, LONGEST_OBJECT + 1 - held)
                why = _CUT if self._cut(error) else "is not valid JSON"
                if not self._more(size):
                    raise _Bad(why) from error
            else:
                if end == len(self._text) and not self._ended and not isinstance(made, (dict, list)):
                    self._more()
                    continue
                self._at = end
                return made

    def _cut(self, error: json.JSONDecodeError) -> bool:
        """Whether a value is broken only because the file ends in it."""
        return error.pos >= len(self._text.rstrip(_BLANK)) or error.msg.startswith("Unterminated string")

    def enter_list(self) -> bool:
        """Step into an object up to the first list under a name we know; False where there is none."""
        self.take("{")
        depth = 1
        while depth:
            sign = self.peek()
            if sign in ("}", ","):
                self.take(sign)
                depth -= sign == "}"
            elif sign != '"':
                return False
            else:
                key = self.value()
                self.take(":")
                if key in _LISTS and self.peek() == "[":
                    return True
                if key in _LISTS and self.peek() == "{":
                    self.take("{")
                    depth += 1
                else:
                    self.value()
        return False


def row_of(number: int, value: Any) -> Row:
    """One record as a row: nested values made flat."""
    if not isinstance(value, dict):
        return Row(number, {"value": short(str(value))}, problem="is not an object with named values")
    cells: dict[str, str] = {}
    callers = callers_of(value)
    for key, inner in value.items():
        _flat(str(key), inner, cells, callers)
    if isinstance(value, _Doubled):
        return Row(number, {name: short(cell) for name, cell in cells.items()}, problem="a name stands twice in it")
    kept, remarks = tidy(cells)
    return Row(number, kept, remarks=remarks)


def is_hidden(column: str) -> bool:
    """Whether a column is ours, beside one of the file: what a reference keeps, a thread's opening and answer."""
    return column.endswith((RAW, OPENING, ANSWER))


def _flat(key: str, value: Any, cells: dict[str, str], callers: frozenset[str], depth: int = 0) -> None:
    """Add a value under its name; objects become ``name.inner``, references what they show, threads their parts."""
    if is_document(value):
        cells[key] = rich_text(value)
    elif is_thread(value):
        cells.update(thread_cells(key, value, callers))
    elif (named := _named_values(value)) is not None:
        cells.update({f"{key}.{name}": _said(inner) for name, inner in named.items()})
    elif isinstance(value, dict):
        shown = value.get("display_value", value.get("displayValue"))
        if shown is not None or "display_value" in value:
            cells[key] = _said(shown)
            if value.get("value") not in (None, shown):
                cells[key + RAW] = _said(value["value"])
        elif set(value) <= {"link", "value", "reference_link"} and "value" in value:
            cells[key] = _said(value["value"])
        elif depth < 3:
            for name, inner in value.items():
                _flat(f"{key}.{name}", inner, cells, callers, depth + 1)
    else:
        cells[key] = _said(value)


def _named_values(value: Any) -> dict[str, Any] | None:
    """A list of custom fields, each with a name or id and a value, as one object."""
    if not isinstance(value, list) or not value:
        return None
    for name, holds in (("Name", "Value"), ("name", "value"), ("id", "value")):
        if all(isinstance(one, dict) and set(one) == {name, holds} for one in value):
            return {str(one[name])[:200]: one[holds] for one in value}
    return None


_BODIES = ("body", "plain_body", "text", "content", "name", "value", "display_value", "title")


def _said(value: Any) -> str:
    """A value as text: lists joined, the objects in them by their body or name."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((_said(value[key]) for key in _BODIES if value.get(key)), "")
    if isinstance(value, list):
        parts = [_said(one) for one in value]
        return ("\n\n" if any(len(part) > 60 for part in parts) else ", ").join(part for part in parts if part)
    return str(value)
