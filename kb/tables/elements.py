"""XML exports: the elements that repeat as rows, their children as columns; no entity is ever expanded or fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.parsers import expat

from kb.errors import NotATable
from kb.tables.objects import is_hidden, row_of
from kb.tables.read import Row, Source, Table, name_of, no_rows, open_bytes

LONGEST_RECORD = 32 * 1024**2
"""Characters one record may take."""
_DEEPEST = 60
_CHUNK = 1 << 16
_LOOKED_AT = 1 << 21
_SAMPLE = 300
_SHOWN = ("display_value", "displayValue")


class _Refused(Exception):
    """What the file holds is not read on purpose; the message is for the report."""


def open_elements(source: Source, encoding: str = "") -> Table:
    """Open an XML file whose elements repeat. Raises :class:`NotATable` where they do not or it holds entities."""
    name = name_of(source)
    path = _record_path(source, name, encoding)
    table = Table(name, "xml", (), no_rows, "utf-8")
    table = replace(table, rows=lambda: _rows(source, name, path, encoding))
    header: dict[str, None] = {}
    for row in table.rows():
        header.update(dict.fromkeys(column for column in row.cells if not is_hidden(column)))
        if row.number >= _SAMPLE:
            break
    if len(header) < 2:
        raise NotATable(f"{name} holds no list of records; export the tickets as CSV, XLSX, JSON or XML records.")
    return replace(table, header=tuple(header))


def _parser(encoding: str) -> Any:
    parser = expat.ParserCreate(encoding or None)
    parser.buffer_text = True

    def refuse(*_: Any) -> Any:
        raise _Refused("declares entities of its own, as no export does")

    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    return parser


def _feed(source: Source, parser: Any, name: str, most: int = 0) -> Iterator[None]:
    """Feed the file piece by piece. Raises :class:`NotATable` where it is broken or refused."""
    fed = 0
    try:
        with open_bytes(source) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
                fed += len(chunk)
                yield
                if most and fed >= most:
                    return
            parser.Parse(b"", True)
            yield
    except _Refused as error:
        raise NotATable(f"{name} {error}; it was not read.") from error
    except expat.ExpatError as error:
        raise NotATable(f"{name} is not XML we can read: line {error.lineno} is broken.") from error


def _record_path(source: Source, name: str, encoding: str) -> tuple[str, ...]:
    """Where the records are: the shallowest path of elements with children that stands there most often."""
    stack: list[str] = []
    seen: Counter[tuple[str, ...]] = Counter()
    parents: Counter[tuple[str, ...]] = Counter()
    parser = _parser(encoding)

    def start(tag: str, _given: dict[str, str]) -> None:
        stack.append(tag)
        if len(stack) > _DEEPEST:
            raise _Refused(f"is nested deeper than {_DEEPEST} elements")
        seen[tuple(stack)] += 1
        parents[tuple(stack[:-1])] += 1

    def end(_tag: str) -> None:
        stack.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        for _ in _feed(source, parser, name, _LOOKED_AT):
            pass
    except NotATable:
        if not seen or "entities" in _why_not(source, name, encoding):
            raise
    able = [path for path in seen if len(path) > 1 and parents[path] >= 2 * seen[path]]
    if not able:
        raise NotATable(f"{name} holds no list of records; export the tickets as CSV, XLSX, JSON or XML records.")
    return min(able, key=lambda path: (seen[path] < 2, len(path), -seen[path]))


def _why_not(source: Source, name: str, encoding: str) -> str:
    try:
        for _ in _feed(source, _parser(encoding), name):
            pass
    except NotATable as error:
        return str(error)
    return ""


def _rows(source: Source, name: str, path: tuple[str, ...], encoding: str) -> Iterator[Row]:
    reader = _Reader(path)
    parser = _parser(encoding)
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    number = 0
    try:
        for _ in _feed(source, parser, name):
            for record in reader.made:
                number += 1
                yield row_of(number, record)
            reader.made.clear()
    except NotATable as error:
        if not number:
            raise
        yield Row(
            number + 1, {}, problem=f"{str(error).removeprefix(name + ' ').rstrip('.')}; nothing behind this was read"
        )


class _Reader:
    """Builds one value for each record element: text, or an object of its children."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path, self._stack = path, list[str]()
        self._open = list[tuple[dict[str, Any], list[str]]]()
        self._held = 0
        self.made: list[dict[str, Any]] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        self._stack.append(tag)
        if len(self._stack) > _DEEPEST:
            raise _Refused(f"is nested deeper than {_DEEPEST} elements")
        if self._open or tuple(self._stack) == self._path:
            self._open.append(({f"@{name}": value for name, value in given.items()}, []))

    def text(self, data: str) -> None:
        if self._open:
            self._held += len(data)
            if self._held > LONGEST_RECORD:
                raise _Refused("has a record that is too long to be one")
            self._open[-1][1].append(data)

    def end(self, tag: str) -> None:
        self._stack.pop()
        if not self._open:
            return
        inner, parts = self._open.pop()
        value = _value(inner, "".join(parts))
        if not self._open:
            self._held = 0
            self.made.append(value if isinstance(value, dict) else {tag: value})
            return
        around = self._open[-1][0]
        if tag not in around:
            around[tag] = value
        elif isinstance(around[tag], list):
            around[tag].append(value)
        else:
            around[tag] = [around[tag], value]


def _value(inner: dict[str, Any], text: str) -> Any:
    """An element's value: what it shows, its children, or its text; a lone kind of child becomes a list."""
    shown = next((inner[f"@{name}"] for name in _SHOWN if f"@{name}" in inner), None)
    children = {name: value for name, value in inner.items() if not name.startswith("@")}
    if shown is not None and not children:
        return {"display_value": shown, "value": text.strip() or shown}
    if not children:
        written = {"@created", "@author"} & set(inner)
        return {**inner, "#text": text.strip()} if written else text.strip()
    if len(children) == 1:
        (only,) = children.values()
        if isinstance(only, list):
            return only
        if isinstance(only, dict) and "#text" in only:
            return [only]
    return children
