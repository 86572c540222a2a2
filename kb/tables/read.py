"""A file of any of the kinds people export, as a stream of rows: column name to text.

Nothing is held but what one row needs (a workbook excepted, whose size is checked first). What had to be assumed is
said in ``notes``; what cannot be a table is refused with :class:`kb.errors.NotATable` before anything is read.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from kb.errors import NotATable

Source = Path | bytes
Format = Literal["csv", "xlsx", "json", "jsonl", "xml", "folder"]

LONGEST_CELL = 1_000_000
"""Characters kept of one cell; what is longer is cut and reported."""
LONGEST_ROW = 16 * 1024**2
"""Characters one row of delimited text may take; the csv module holds four bytes for each while it reads."""
LARGEST = 4 * 1024**3
"""Bytes a compressed file may unpack to."""
MOST_RATIO = 200
"""Bytes a compressed file may unpack to for each of its own; exports reach about 20."""
_ALWAYS = 64 * 1024**2
"""Bytes any compressed file may unpack to, however small it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as the file counts (a header is row 1), and its cells by column name.

    ``problem`` is set where the row cannot be used as it stands; ``remarks`` are (column, value, what was done).
    """

    number: int
    cells: dict[str, str]
    problem: str = ""
    remarks: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """An opened export: what it is, its columns in file order, and ``rows``, which starts a new pass at every call."""

    name: str
    format: Format
    header: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    encoding: str = ""
    delimiter: str = ""
    repeated: tuple[str, ...] = ()
    """Columns whose name stood there more than once, by that name."""
    notes: tuple[str, ...] = ()
    """Plain sentences: what was assumed and what was passed over."""


def no_rows() -> Iterator[Row]:
    """Nothing: what a table has until its reader is set."""
    return iter(())


def name_of(source: Source) -> str:
    """The file's name as the person knows it; "the file" for bytes."""
    return source.name if isinstance(source, Path) else "the file"


def open_bytes(source: Source) -> IO[bytes]:
    """Open a file or bytes for reading, unpacked where it is gzipped.

    Raises :class:`NotATable` where there is no such file or it cannot be read.
    """
    try:
        raw: IO[bytes] = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    except OSError as error:
        raise NotATable(f"{name_of(source)} cannot be opened: {error.strerror or error}.") from error
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        return cast("IO[bytes]", _Unpacked(raw, name_of(source)))
    return raw


class _Unpacked(gzip.GzipFile):
    """A gzip stream that stops at :data:`LARGEST` bytes or :data:`MOST_RATIO` and names damage in one sentence."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        packed = raw.seek(0, io.SEEK_END)
        raw.seek(0)
        super().__init__(fileobj=raw, mode="rb")
        self._raw, self._title, self._given = raw, name, 0
        self._most = max(packed * MOST_RATIO, _ALWAYS)

    def read(self, size: int | None = -1) -> bytes:
        try:
            data = super().read(size)
        except (EOFError, OSError, zlib.error) as error:
            raise NotATable(f"{self._title} is damaged: its gzip packing ends early or does not check.") from error
        self._given += len(data)
        if self._given > LARGEST:
            raise NotATable(f"{self._title} unpacks to more than {LARGEST // 1024**3} GB; split the export.")
        if self._given > self._most:
            raise NotATable(
                f"{self._title} unpacks to more than {MOST_RATIO} times its size, as no list of tickets does; "
                "if it is one, unpack it first."
            )
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size if size > 0 else 65536)

    def close(self) -> None:
        super().close()
        self._raw.close()


def unique(header: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name columns apart: the second ``category`` is "category (2)", a nameless one "column 3".

    Returns the names in order, and those that stood there more than once.
    """
    seen: dict[str, int] = {}
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = " ".join(cell.replace("\x00", "").split())[:200] or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in seen:
            seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        seen.setdefault(names[-1], 1)
    return tuple(names), tuple(name for name, count in seen.items() if count > 1)


def tidy(cells: dict[str, str]) -> tuple[dict[str, str], tuple[tuple[str, str, str], ...]]:
    """Cut cells that are too long and take NUL and lone surrogates out, saying so for each."""
    remarks: list[tuple[str, str, str]] = []
    for column, value in cells.items():
        if len(value) > LONGEST_CELL:
            remarks.append(
                (column, short(value), f"{len(value):,} characters long; the first {LONGEST_CELL:,} are kept")
            )
            value = value[:LONGEST_CELL]
        if "\x00" in value:
            remarks.append((column, short(value), "held NUL characters, which were taken out"))
            value = value.replace("\x00", "")
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            remarks.append((column, short(value), "held half characters, which were replaced"))
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if remarks:
            cells[column] = value
    return cells, tuple(remarks)


def short(value: str) -> str:
    """A value as a report shows it: one line, at most 80 characters."""
    line = " ".join(value[:400].replace("\x00", "␀").split())
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= 80 else line[:79] + "…"
