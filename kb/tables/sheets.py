"""Workbooks: the first sheet that looks like a table, after the packing was proven harmless."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any

from kb.errors import NotATable
from kb.tables.read import Row, Source, Table, name_of, no_rows, tidy, unique

MOST_UNPACKED = 400 * 1024**2
"""Bytes all members of a workbook may unpack to; 30,000 long tickets take about 60 MB."""
MOST_RATIO = 200
MOST_MEMBERS = 500
MOST_CELLS = 10_000_000
"""Cells a sheet may span, empty ones too; each takes 32 bytes while it is read."""
_OLD_LARGEST = 100 * 1024**2
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_ROW_AT = re.compile(rb"[^>]*?\br\s*=\s*[\"'](\d{1,9})[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c\b")
_CELL_AT = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,4})(\d{1,9})[\"']")


def open_workbook(source: Source, *, sheet: str = "") -> Table:
    """Open an .xlsx (or old .xls) file; the sheet asked for, else the first one with a header and a row.

    Raises :class:`NotATable` where it is another kind of archive, damaged, locked, or unpacks to too much.
    """
    name = name_of(source)
    data = source.read_bytes() if isinstance(source, Path) else source
    check_packing(data, name)
    book = _book(data, name)
    names = [sheet] if sheet else list(book.sheet_names)
    if sheet and sheet not in book.sheet_names:
        raise NotATable(f'{name} has no sheet "{sheet}"; its sheets are {", ".join(book.sheet_names)}.')
    for title in names:
        cells = _sheet(book, title, name)
        first, above = _header(cells.iter_rows())
        if len(first) >= 2:
            header, repeated = unique(first)
            notes = [f'Sheet "{title}" was read; the workbook has {len(names)}.'] if len(names) > 1 else []
            table = Table(name, "xlsx", header, no_rows, repeated=repeated, notes=tuple(notes))
            return replace(table, rows=partial(_rows, cells, header, above))
    raise NotATable(f"{name} has no sheet with a header and two or more columns.")


def _book(data: bytes, name: str) -> Any:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except python_calamine.CalamineError as error:
        raise NotATable(f"{name} cannot be read as a workbook: it is damaged, locked or of another kind.") from error


def _sheet(book: Any, title: str, name: str) -> Any:
    import python_calamine

    try:
        return book.get_sheet_by_name(title)
    except python_calamine.CalamineError as error:
        raise NotATable(f"{name} cannot be read: its sheet is damaged or of a kind we do not know.") from error


def check_packing(data: bytes, name: str, *, inside: str = "xl/", what: str = "workbook") -> None:
    """Unpack every member without keeping it, counting what really comes out.

    The sizes written in the archive are not believed, and no XML in it may declare entities. ``inside`` is where such
    a file keeps its parts. Raises :class:`NotATable`.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if len(data) > _OLD_LARGEST:
            raise NotATable(f"{name} is larger than {_OLD_LARGEST // 1024**2} MB; export it as CSV.")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise NotATable(f"{name} is damaged: it starts like a {what} but cannot be unpacked.") from error
    names = [member.filename for member in members]
    if "xl/workbook.bin" in names or not any(member.startswith(inside) for member in names):
        other = "an archive or document" if inside == "xl/" else "another kind of archive"
        raise NotATable(f"{name} is {other}, not a {what} we read; save the table in it as .xlsx or CSV.")
    if len(members) > MOST_MEMBERS or any(".." in member.split("/") or member.startswith("/") for member in names):
        raise NotATable(f"{name} is not a {what} we trust: it has {len(members)} members or names outside itself.")
    left = min(MOST_UNPACKED, max(len(data) * MOST_RATIO, 10 * 1024**2))
    for member in members:
        left -= _unpacked(data, member, left, name)
        if left < 0:
            raise NotATable(
                f"{name} unpacks to more than a {what} of its size can hold ({MOST_UNPACKED // 1024**2} MB); "
                "export it as CSV."
            )
    if any(_area(data, member, name) > MOST_CELLS for member in names if member.startswith("xl/worksheets/")):
        raise NotATable(f"{name} has a cell so far out that its sheet is too large to be read; export it as CSV.")


def _area(data: bytes, member: str, name: str) -> int:
    """Rows times columns of a sheet, from where its cells say they stand: the reader makes room for all of them.

    One cell in the last corner would be half a terabyte, asked for at once, and the end of the process.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = archive.read(member)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, EOFError, zlib.error) as error:
        raise NotATable(f"{name} is damaged: one of its sheets cannot be unpacked.") from error
    rows = columns = 0
    for part in _ROW.split(text)[1:]:
        at = _ROW_AT.match(part)
        rows = max(rows + 1, int(at[1]) if at else 0)
        columns = max(columns, len(_CELL.findall(part)))
        for letters, number in _CELL_AT.findall(part):
            columns, rows = max(columns, _column(letters)), max(rows, int(number))
        if rows * columns > MOST_CELLS:
            break
    return rows * columns


def _column(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _unpacked(data: bytes, member: zipfile.ZipInfo, most: int, name: str) -> int:
    """Bytes a member really unpacks to, counted up to just beyond ``most``."""
    lengths = data[member.header_offset + 26 : member.header_offset + 30]
    if member.compress_type != zipfile.ZIP_DEFLATED or len(lengths) < 4:
        return max(member.file_size, member.compress_size)
    named, extra = struct.unpack("<HH", lengths)
    at = member.header_offset + 30 + named + extra
    inflate = zlib.decompressobj(-15)
    stream: IO[bytes] = io.BytesIO(data)
    stream.seek(at)
    total = 0
    pending = b""
    while total <= most and not inflate.eof:
        pending = inflate.unconsumed_tail or stream.read(65536)
        if not pending:
            break
        try:
            made = inflate.decompress(pending, 1 << 20)
        except zlib.error:
            break
        if not total and b"<!DOCTYPE" in made[:4096].upper():
            raise NotATable(f"{name} declares entities of its own, as no office program does; it was not read.")
        total += len(made)
    return total


def _header(rows: Iterator[list[Any]]) -> tuple[list[str], int]:
    """The first of ten rows with two or more named cells, and how many rows stand above it."""
    for above, row in zip(range(10), rows, strict=False):
        names = [cell_text(cell) for cell in row]
        while names and not names[-1].strip():
            names.pop()
        if sum(bool(name.strip()) for name in names) >= 2:
            return names, above
    return [], 0


def _rows(cells: Any, header: tuple[str, ...], above: int) -> Iterator[Row]:
    start = cells.start[0] if cells.start else 0
    for place, row in enumerate(cells.iter_rows()):
        if place <= above:
            continue
        values = [cell_text(cell) for cell in row]
        if not any(values):
            continue
        number = start + place + 1
        beyond = [value for value in values[len(header) :] if value]
        values += [""] * (len(header) - len(values))
        kept, remarks = tidy(dict(zip(header, values, strict=False)))
        problem = "has cells to the right of the last named column" if beyond else ""
        yield Row(number, kept, problem=problem, remarks=remarks)


def cell_text(cell: object) -> str:
    """A cell as text: whole numbers without ".0", times as ISO 8601, truth as true/false."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds())
    return str(cell)
