"""Which of the kinds people export a file is, told by its content and not by its name."""

from __future__ import annotations

import re
from pathlib import Path

from kb.errors import NotATable
from kb.tables import documents, elements, objects, own, sheets, texts
from kb.tables.read import Source, Table, name_of, open_bytes

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "a database file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"PAR1", "a Parquet file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"{\\rtf", "an RTF document"),
)


def open_table(source: Source, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Table:
    """Open an export, telling its kind by its content, not by its name.

    Raises :class:`NotATable` with one sentence where it is empty, not a table, damaged or would unpack to too much.
    """
    name = name_of(source)
    if isinstance(source, Path) and source.is_dir():
        return documents.open_folder(source)
    with open_bytes(source) as stream:
        head = stream.read(65536)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise NotATable(f"{name} is empty.")
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise NotATable(f"{name} is {what}, not a table; export the list of tickets as CSV, XLSX or JSON.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return own.restored(sheets.open_workbook(source, sheet=sheet))
    coding = texts.encoding_of(source, encoding)
    text = texts.decoded(head, coding.name)
    texts.refuse_binary(name, text)
    begun = text.lstrip("\ufeff \t\r\n")[:2000].casefold()
    if begun.startswith(("<!doctype html", "<html", "<table", "<head", "<body")):
        raise NotATable(f"{name} is a web page, not a table; export the list of tickets as CSV, XLSX, JSON or XML.")
    if begun.startswith("<?xml") or re.match(r"<!--|<!doctype|<[a-z][\w.:-]{0,60}[\s/>]", begun):
        return elements.open_elements(source, encoding)
    if begun[:1] in ("{", "["):
        return objects.open_objects(source, coding)
    return own.restored(texts.open_delimited(source, coding, delimiter=delimiter))
