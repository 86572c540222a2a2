"""Delimited text: which encoding, which delimiter, where the header is, and then row by row."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TextIO, cast

from kb.errors import NotATable
from kb.tables.read import LONGEST_ROW, Row, Source, Table, name_of, no_rows, open_bytes, short, tidy, unique

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST = f"{LONGEST_ROW // 10**6} million characters"
_GUESSED = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "iso8859_15",
    "mac_roman",
    "cp932",
    "gb18030",
    "euc_kr",
    "big5",
)


_WESTERN = frozenset("ãõñÃÕÑåÅ")
"""Where a guess reads only these letters of Portuguese, Spanish and Swedish otherwise, it is too few to go by."""


_LETTERS = frozenset("äöüÄÖÜßéèêëÉÈàâÀçÇîïôœûùñÑáíóúÁÍÓÚ¿¡°€–’“”„«»")
_FEW = 12
"""Under so many letters beyond ASCII no guess is better than the usual encoding of Western Europe."""


@dataclass(frozen=True, slots=True)
class Coding:
    """An encoding by Python's name, and a sentence where it was not certain."""

    name: str
    note: str = ""


def encoding_of(source: Source, given: str = "") -> Coding:
    """Tell the encoding: as given, by its mark, UTF-8 if the whole file is, UTF-16 by its zeros, else a named guess.

    Raises :class:`NotATable` where ``given`` is no encoding Python knows.
    """
    if given:
        try:
            return Coding(codecs.lookup(given).name)
        except LookupError as error:
            raise NotATable(f'There is no encoding called "{short(given)}"; try utf-8, utf-16 or cp1252.') from error
    with open_bytes(source) as stream:
        head = stream.read(65536)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
    ):
        if head.startswith(mark):
            return Coding(name)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Coding("utf-16")
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.1 * len(head) / 2:
        name = "utf-16-be" if even > odd else "utf-16-le"
        return Coding(name, f"The file has no byte order mark; it was read as {name.upper()}.")
    return _eight_bit(source)


def _eight_bit(source: Source) -> Coding:
    """UTF-8 when every byte of the file agrees, or nearly every; otherwise what its odd bytes look like."""
    if _all_utf8(source):
        return Coding("utf-8")
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = broken = 0
    odd = bytearray()
    with open_bytes(source) as stream:
        while chunk := stream.read(1 << 20):
            text = decoder.decode(chunk)
            if text.isascii():
                continue
            wrong = sum("\udc80" <= sign <= "\udcff" for sign in text)
            good += sum(sign > "\x7f" for sign in text) - wrong
            broken += wrong
            if wrong and len(odd) < 1 << 19:
                odd += b"\n".join(line for line in chunk.split(b"\n") if not line.isascii())[: 1 << 18]
    if good > 20 * broken:
        return Coding("utf-8", f"{broken} bytes are not UTF-8 like the rest; they are shown as \ufffd.")
    return _guess(bytes(odd))


def _all_utf8(source: Source) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_bytes(source) as stream:
            while chunk := stream.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(odd: bytes) -> Coding:
    from charset_normalizer import from_bytes

    best = from_bytes(odd, cp_isolation=list(_GUESSED), explain=False).best()
    name = best.encoding if best is not None else "cp1252"
    western, guessed = odd.decode("cp1252", "replace"), odd.decode(name, "replace")
    odd_ones = [sign for sign in western if sign > "\x7f"]
    differing = (one for one, other in zip(western, guessed, strict=False) if one != other)
    few = len(odd_ones) < _FEW and all(sign in _LETTERS for sign in odd_ones)
    if few or (len(western) == len(guessed) and _WESTERN.issuperset(differing)):
        name = "cp1252"
    return Coding(
        name,
        f"The file is not UTF-8; it was read as {name}. Look at the umlauts and accents below, or give --encoding.",
    )


def decoded(head: bytes, encoding: str) -> str:
    """The first bytes of a file as text; a character cut at the end is left out."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(head)


def refuse_binary(name: str, text: str) -> None:
    """Raise :class:`NotATable` where a text is full of control characters."""
    odd = sum(sign < " " and sign not in "\t\r\n\f\x1a\x00" for sign in text)
    if odd > max(20, 0.03 * len(text)) or text.count("\x00") > 0.2 * len(text):
        raise NotATable(f"{name} is not text but binary data; export the list of tickets as CSV, XLSX or JSON.")


def open_text(source: Source, encoding: str) -> TextIO:
    """Open a file as text, bytes that do not fit replaced, line ends kept as they are."""
    return io.TextIOWrapper(cast("io.BufferedReader", open_bytes(source)), encoding, errors="replace", newline="")


def bounded_lines(stream: TextIO, most: int) -> Iterator[str | None]:
    """The lines of a text; None for one longer than ``most`` characters, which is passed over and never held."""
    while line := stream.readline(most + 1):
        if len(line) > most:
            pass_line(stream, line)
            yield None
        else:
            yield line


def pass_line(stream: TextIO, begun: str) -> None:
    """Read on to the end of a line that has begun, keeping nothing."""
    while begun and not begun.endswith(("\n", "\r")):
        begun = stream.readline(1 << 20)


class _TooLong(ValueError):
    """A row that does not end in time; the message is for the report."""


class _Lines:
    """The lines of a text for the csv reader, stopping a row that takes more than :data:`LONGEST_ROW` characters.

    ``lost`` is set where it stopped between quotation marks, so that nobody can tell where the next row begins.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.lost = stream, False
        self.new_row()

    def new_row(self) -> None:
        """Count from here: the next line begins a row."""
        self._left, self._first = LONGEST_ROW, True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self._left + 1)
        if not line:
            raise StopIteration
        self._left -= len(line)
        if self._left < 0 and self._first:
            pass_line(self._stream, line)
            raise _TooLong(f"does not end within {_LONGEST}; it was passed over")
        if self._left < 0:
            self.lost = True
            raise _TooLong(f"a quotation mark opens here and is not closed within {_LONGEST}; the rest was not read")
        self._first = False
        return line


def open_delimited(source: Source, coding: Coding, *, delimiter: str = "") -> Table:
    """Open a CSV, TSV or the like. Raises :class:`NotATable` where there is no header with at least two columns."""
    name = name_of(source)
    csv.field_size_limit(LONGEST_ROW)
    with open_text(source, coding.name) as stream:
        head = stream.read(200_000)
    said, start = _said_delimiter(head)
    used = delimiter or said or _delimiter(head[start:])
    first, skipped = _header(head[start:], used)
    if len(first) < 2:
        raise NotATable(
            f"{name} is not a table: no line in it has two or more columns. Export it as CSV with a header line."
        )
    header, repeated = unique(first)
    notes = [coding.note] if coding.note else []
    if skipped:
        notes.append(f"{skipped} line{'s' * (skipped > 1)} above the header were passed over.")
    table = Table(name, "csv", header, no_rows, coding.name, used, repeated, tuple(notes))
    skip = skipped + (1 if said else 0)
    return replace(table, rows=lambda: _rows(source, table, skip))


def _said_delimiter(head: str) -> tuple[str, int]:
    """The delimiter from Excel's ``sep=;`` line and where the rest starts."""
    line, end, _ = head.lstrip("\ufeff").partition("\n")
    line = line.strip().strip('"')
    if end and len(line) == 5 and line.lower().startswith("sep="):
        return line[4], head.index("\n") + 1
    return "", 0


def _sampled(head: str, delimiter: str, most: int = 60) -> list[list[str]]:
    """Up to ``most`` rows of the head; the last, which may be cut, is left out when the head is long."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            found.append(row)
            if len(found) >= most:
                return found
    except csv.Error:
        return found
    return found[:-1] if len(head) >= 190_000 and len(found) > 1 else found


def _delimiter(head: str) -> str:
    """The delimiter under which most rows are as wide as the usual row, and that wide."""
    best, score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _sampled(head, delimiter) if row]
        if not widths:
            continue
        usual, times = Counter(widths).most_common(1)[0]
        this = times / len(widths) * min(usual, 30) ** 0.5 if usual > 1 else 0.0
        if this > score:
            best, score = delimiter, this
    return best


def _header(head: str, delimiter: str) -> tuple[list[str], int]:
    """The header row and how many lines stand above it: titles that some reports print first."""
    sample = _sampled(head, delimiter)
    widths = Counter(len(row) for row in sample if row)
    if not widths:
        return [], 0
    usual = max(widths, key=lambda width: (widths[width], width))
    for skipped, row in enumerate(sample[:10]):
        if len(row) >= max(2, usual if widths[usual] > 1 else 2):
            return row, skipped
    return (sample[0], 0) if sample else ([], 0)


def _rows(source: Source, table: Table, skip: int) -> Iterator[Row]:
    """Stream the rows below the header; a row of another width is a problem, never shifted."""
    csv.field_size_limit(LONGEST_ROW)
    width = len(table.header)
    with open_text(source, table.encoding) as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
        number, past = 0, skip + 1
        while True:
            number += 1
            lines.new_row()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                if lines.lost or not past:
                    yield Row(number, {}, problem=_trouble(error))
                if lines.lost:
                    return
                past -= past > 0
                continue
            if past:
                past -= 1
            elif not any(cells):
                continue
            elif len(cells) != width:
                shown = {column: short(cell) for column, cell in zip(table.header, cells, strict=False)}
                yield Row(number, shown, problem=f"has {len(cells)} columns where the header has {width}")
            else:
                kept, remarks = tidy(dict(zip(table.header, cells, strict=True)))
                yield Row(number, kept, remarks=remarks)


def _trouble(error: csv.Error | _TooLong) -> str:
    if isinstance(error, _TooLong):
        return str(error)
    if "unexpected end" in str(error):
        return "a quotation mark opens here and is not closed before the file ends"
    return "its quotation marks do not match"
