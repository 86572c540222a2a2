"""Tables for other programs: CSV and XLSX in which no cell can become a formula.

A cell that a spreadsheet would compute is written with an apostrophe before it (OWASP: CSV injection), also where
the dangerous character hides behind blanks, in its full-width form, or at the start of an inner line.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

_DANGEROUS = frozenset("=+-@|\t\r\n%")
_BLANK = "\u00a0\u200b\u200c\u200d\u2060\ufeff "
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


def _safe_line(line: str) -> str:
    bare = line.lstrip(_BLANK)
    if not bare and line[:1] not in _DANGEROUS:
        return line
    first = unicodedata.normalize("NFKC", bare[:1])[:1]
    return "'" + line if first in _DANGEROUS or line[:1] in _DANGEROUS else line


def write_csv(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table as CSV (open the stream with ``newline=""``); returns how many rows."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    written = 0
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        written += 1
    return written


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
