"""A folder of knowledge articles as a table: Markdown with front matter, HTML as wikis export it, Word, plain text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kb.errors import NotATable
from kb.markup import to_text, unescape
from kb.tables import texts
from kb.tables.read import Row, Table, no_rows, tidy
from kb.tables.sheets import check_packing

LARGEST = 20 * 1024**2
"""Bytes one document may have."""
MOST = 100_000
"""Documents one folder may hold."""
COLUMNS = (
    "number",
    "title",
    "summary",
    "body",
    "state",
    "category",
    "owner",
    "created_at",
    "updated_at",
    "url",
    "file",
)
_FRONT = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_PAIR = re.compile(r"([A-Za-z_][\w -]{0,40}?)[ \t]{0,4}:[ \t]{0,4}(.{0,2000})")
_HEADING = re.compile(r"#{1,2}[ \t]{1,4}(.{1,300}?)[ \t#]{0,10}")
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,500}?)</title>", re.IGNORECASE | re.DOTALL)
_H1 = re.compile(r"<h1[^>]{0,400}>(.{0,1000}?)</h1>", re.IGNORECASE | re.DOTALL)
_MAINS = (
    re.compile(r"<(?:div|section)[^<>]{0,300}\bid=[\"']?main-content[\"']?[^<>]{0,300}>", re.IGNORECASE),
    re.compile(r"<(?:article|main)\b[^<>]{0,300}>", re.IGNORECASE),
    re.compile(r"<body\b[^<>]{0,300}>", re.IGNORECASE),
)
"""Where a page's own text begins, the surest first."""
_FOOT = re.compile(
    r"<div[^<>]{0,200}\bid=[\"']?footer|<h2[^<>]{0,200}\bid=[\"']?(?:attachments|comments)|</(?:article|main|body)\b",
    re.IGNORECASE,
)
_META = re.compile(
    r"<(?:div|p)[^<>]{0,200}class=[\"'][^\"'<>]{0,80}page-metadata[^<>]{0,200}>(.{0,3000}?)</(?:div|p)>",
    re.IGNORECASE | re.DOTALL,
)
_BY = re.compile(r"Created by\s{1,20}(.{1,120}?)(?:,|\s{1,20}on\s|$)", re.IGNORECASE)
_ON = re.compile(r"\bon\s{1,20}([A-Za-z0-9 ,./-]{6,40}?\d{4})", re.IGNORECASE)
_PAGE_ID = re.compile(r"(?:.{0,200}[_-])?(\d{4,20})")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("number", "id", "slug", "kb", "article id"), "title": ("title", "name"),
    "summary": ("summary", "description", "abstract"), "state": ("state", "status", "workflow"),
    "category": ("category", "topic", "section", "tags"), "owner": ("owner", "author"),
    "created_at": ("created_at", "created", "date", "published"),
    "updated_at": ("updated_at", "updated", "modified", "last_modified"),
    "url": ("url", "link", "permalink"),
}  # fmt: skip


@dataclass(slots=True)
class _Document:
    """What one file says."""

    title: str = ""
    body: str = ""
    facts: dict[str, str] = field(default_factory=dict)


def open_folder(folder: Path) -> Table:
    """Open a folder of articles, each file one row; what cannot be read is a row with a problem.

    Raises :class:`NotATable` where there is no document in it.
    """
    files = _files(folder)
    if not files:
        raise NotATable(f"{folder.name} holds no article: put Markdown, HTML, Word (.docx) or text files in it.")
    if len(files) > MOST:
        raise NotATable(f"{folder.name} holds more than {MOST:,} documents; split it.")
    table = Table(folder.name, "folder", COLUMNS, no_rows)
    return replace(table, rows=lambda: _rows(folder, files))


def _files(folder: Path) -> list[Path]:
    """Its documents by name; nothing hidden, nothing outside it, no page that only lists the others."""
    root = folder.resolve()
    found = [
        file for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in _READERS and file.is_file() and file.resolve().is_relative_to(root)
        and not any(part.startswith((".", "~$")) for part in file.relative_to(folder).parts)
    ]  # fmt: skip
    crowded = {
        file.parent for file in found if file.stem.lower() != "index" and file.suffix.lower() in (".html", ".htm")
    }
    return [
        file for file in found
        if not (file.stem.lower() == "index" and file.suffix.lower() in (".html", ".htm") and file.parent in crowded)
    ]  # fmt: skip


def _rows(folder: Path, files: list[Path]) -> Iterator[Row]:
    for number, file in enumerate(files, start=1):
        place = file.relative_to(folder)
        try:
            if file.stat().st_size > LARGEST:
                raise NotATable(f"{file.name} is larger than {LARGEST // 1024**2} MB.")
            made = _READERS[file.suffix.lower()](file.read_bytes(), file.name)
        except NotATable as error:
            yield Row(number, {"file": place.as_posix()}, problem=str(error).removeprefix(f"{file.name} ").rstrip("."))
            continue
        except OSError as error:
            yield Row(number, {"file": place.as_posix()}, problem=f"cannot be read: {error.strerror}")
            continue
        cells, remarks = tidy(_cells(place, made))
        problem = "" if made.body or made.title else "says nothing"
        yield Row(number, cells, problem=problem, remarks=remarks)


def _cells(place: Path, made: _Document) -> dict[str, str]:
    facts = {name: next((made.facts[key] for key in keys if made.facts.get(key)), "") for name, keys in _NAMES.items()}
    page = _PAGE_ID.fullmatch(place.stem) if place.suffix.lower() in (".html", ".htm") else None
    facts["number"] = facts["number"] or (page[1] if page else place.with_suffix("").as_posix())
    facts["title"] = facts["title"] or made.title or place.stem.replace("_", " ").replace("-", " ")
    facts["category"] = facts["category"] or (place.parent.name if place.parent != Path() else "")
    return {**{column: facts.get(column, "") for column in COLUMNS}, "body": made.body, "file": place.as_posix()}


def _text_of(data: bytes, name: str) -> str:
    text = data.decode(texts.encoding_of(data).name, "replace").lstrip("\ufeff")
    texts.refuse_binary(name, text[:65536])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _markdown(data: bytes, name: str) -> _Document:
    text = _text_of(data, name)
    facts: dict[str, str] = {}
    if front := _FRONT.match(text):
        text = text[front.end() :]
        for line in front[1].split("\n"):
            if pair := _PAIR.fullmatch(line.rstrip()):
                facts[pair[1].strip().casefold()] = pair[2].strip().strip("[]").strip("\"'").strip()
    lines = text.strip().split("\n")
    heading = next((found[1] for line in lines[:40] if (found := _HEADING.fullmatch(line.strip()))), "")
    if heading and _HEADING.fullmatch(lines[0].strip()):
        lines = lines[1:]
    return _Document(heading, "\n".join(lines).strip(), facts)


def _plain(data: bytes, name: str) -> _Document:
    text = _text_of(data, name).strip()
    first, _, rest = text.partition("\n")
    return _Document(first.strip(), rest.strip()) if rest.strip() and len(first) <= 200 else _Document("", text)


def _html(data: bytes, name: str) -> _Document:
    text = _text_of(data, name)
    facts: dict[str, str] = {}
    if meta := _META.search(text):
        said = " ".join(to_text(meta[1]).split())
        by, on = _BY.search(said), _ON.search(said)
        facts = {"owner": by[1].strip() if by else "", "updated": on[1].strip() if on else ""}
    named = _TITLE.search(text) or _H1.search(text)
    title = " ".join(unescape(to_text(named[1])).split()) if named else ""
    if meta and " : " in title:
        title = title.partition(" : ")[2]
    main = next((found for start in _MAINS if (found := start.search(text))), None)
    body = text[main.end() :] if main else text
    foot = _FOOT.search(body)
    return _Document(title, to_text(body[: foot.start()] if foot else body).strip(), facts)


def _word(data: bytes, name: str) -> _Document:
    from docx import Document
    from docx.opc.exceptions import OpcError
    from docx.table import Table as WordTable

    if not data.startswith(b"PK"):
        raise NotATable(f"{name} is no .docx document; save it as one.")
    check_packing(data, name, inside="word/", what="Word document")
    try:
        opened = Document(io.BytesIO(data))
        parts: list[tuple[str, str]] = []
        for block in opened.iter_inner_content():
            if isinstance(block, WordTable):
                cells = [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
                parts.append(("", "\n".join(cells)))
            elif block.text.strip():
                style = (block.style.name or "") if block.style is not None else ""
                parts.append((style, ("- " if style.startswith("List") else "") + block.text.strip()))
        core = opened.core_properties
        facts = {"title": core.title.strip(), "owner": core.author.strip(), "category": core.category.strip(),
                 "created": core.created.isoformat() if core.created else "",
                 "updated": core.modified.isoformat() if core.modified else ""}  # fmt: skip
    except (OpcError, KeyError, ValueError, AttributeError, IndexError, SyntaxError) as error:
        raise NotATable(f"{name} is damaged: it cannot be read as a Word document.") from error
    heading = next((text for style, text in parts if style.startswith(("Title", "Heading"))), "")
    if parts and parts[0][1] == (heading or facts["title"]):
        parts = parts[1:]
    return _Document(heading, "\n".join(text for _, text in parts), facts)


_READERS: Mapping[str, Callable[[bytes, str], _Document]] = {
    ".md": _markdown, ".markdown": _markdown, ".html": _html, ".htm": _html, ".docx": _word, ".txt": _plain,
}  # fmt: skip
