"""Tables for other programs: CSV and XLSX in which no cell can become a formula.

A cell that a spreadsheet would compute is written with an apostrophe before it (OWASP: CSV injection), also where
the dangerous character hides behind blanks and marks nobody sees, in its full-width form, or at the start of an inner
line. What was added can be told from what was there, so that our own exports come back as they were.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

_DANGEROUS = frozenset("=+-@|\t\r\n%")
_BLANK = frozenset(("Zs", "Zl", "Zp", "Cf"))
"""Unicode's categories of blanks and of marks that are not drawn."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?")
LONGEST_CELL = 32_767
"""Characters a spreadsheet cell can hold."""


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet computes; plain numbers stay numbers, times become ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = _UNSEEN.sub("", str(value))
    if _NUMBER.fullmatch(text):
        return text
    return "\n".join(_safe_line(line) for line in re.split("\r\n|\r|\n", text))


def restored_cell(text: str) -> str:
    """What :func:`safe_cell` was given, but for control characters and the kind of line ends."""
    if "'" not in text:
        return text
    return "\n".join(line[1:] if line[:1] == "'" and _computed(line.lstrip("'")) else line for line in text.split("\n"))


def _safe_line(line: str) -> str:
    """With one more apostrophe where, without those it has, it could be computed: so it can be taken off again."""
    return "'" + line if _computed(line.lstrip("'")) else line


def _computed(line: str) -> bool:
    if line[:1] in _DANGEROUS:
        return True
    first = next((sign for sign in line if unicodedata.category(sign) not in _BLANK), "")
    return bool(first) and unicodedata.normalize("NFKC", first)[:1] in _DANGEROUS


def write_csv(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table as CSV (open the stream with ``newline=""``); returns how many rows."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    written = 0
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        written += 1
    return written


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: numbers stay numbers, everything else is a string that nothing computes."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    formats: tuple[str, ...] = ()
    """A number format a column, such as "0.0 %"; "" for none."""


def write_book(path: Path, sheets: Sequence[Sheet], *, at: datetime) -> None:
    """Write a workbook of several sheets; the same sheets and time always give the same bytes."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    taken: set[str] = set()
    for sheet in sheets:
        page = book.create_sheet(_sheet_name(sheet.name, taken))
        page.freeze_panes = "A2"
        for down, row in enumerate((sheet.header, *sheet.rows), 1):
            for place, value in enumerate(row, 1):
                _fill(page.cell(down, place), value)
        for place in range(1, len(sheet.header) + 1):
            page.cell(1, place).font = Font(bold=True)
            cells = [page.cell(at_row, place) for at_row in range(1, len(sheet.rows) + 2)]
            longest = max(len(line) for cell in cells for line in str(cell.value or "").split("\n"))
            page.column_dimensions[cells[0].column_letter].width = min(80, longest + 3)
            form = sheet.formats[place - 1] if place <= len(sheet.formats) else ""
            for cell in cells[1:] if form else ():
                cell.number_format = form
    book.properties.creator = "Seen Before"
    book.properties.created = book.properties.modified = at.astimezone(UTC).replace(tzinfo=None)
    stream = io.BytesIO()
    book.save(stream)
    _write_steadily(path, stream, at)


def _fill(cell: Any, value: object) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        cell.value = value
        return
    cell.value = safe_cell(value)[:LONGEST_CELL]
    cell.data_type = "s"


def _sheet_name(name: str, taken: set[str]) -> str:
    """At most 31 characters, none of those a spreadsheet refuses, and each once."""
    plain = " ".join(re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ").split())[:31] or "Sheet"
    found, count = plain, 2
    while found.casefold() in taken:
        ending = f" {count}"
        found, count = plain[: 31 - len(ending)] + ending, count + 1
    taken.add(found.casefold())
    return found


def _write_steadily(path: Path, stream: io.BytesIO, at: datetime) -> None:
    """The archive again with one time on every file, and in it the time the workbook was made."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(stream) as made, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as steady:
        for name in made.namelist():
            data = made.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            steady.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table as a workbook in which every cell is a string; returns how many rows."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")

    def cells(row: Sequence[object]) -> list[object]:
        made = []
        for value in row:
            cell = WriteOnlyCell(sheet, value="")
            cell.value = safe_cell(value)[:LONGEST_CELL]
            cell.data_type = "s"
            made.append(cell)
        return made

    sheet.append(cells(header))
    written = 0
    for row in rows:
        sheet.append(cells(row))
        written += 1
    book.save(path)
    return written
