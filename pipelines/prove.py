"""Look for texts in every byte of the home, also inside what is compressed: proof that they are gone."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.errors import StoreTrouble
from pipelines.index import Say, quiet

_PIECE = 8 << 20
_UNPACKED = 1 << 30
"""Bytes that one compressed file may unpack to before looking into it is given up, which is then said."""
_STREAM = re.compile(rb"stream\r?\n")


@dataclass(frozen=True, slots=True)
class Trace:
    """A text that is still there."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at and what was found."""

    files: int
    bytes: int
    found: tuple[Trace, ...]
    unread: tuple[str, ...] = ()
    """Files that could not be looked into."""


def prove(folder: Path, texts: Sequence[str], *, say: Say = quiet) -> Proof:
    """Look for the texts, as UTF-8 and UTF-16 and in any capitals of ASCII, in every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    found, unread, size = list[Trace](), list[str](), 0
    for at, path in enumerate(files):
        name = path.relative_to(folder).as_posix()
        try:
            looked, said = _look(path, texts)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, StoreTrouble):
            unread.append(name)
            continue
        size += looked
        found += [Trace(name, text) for text in sorted(said)]
        say("Looking at every byte", at + 1, len(files))
    return Proof(len(files), size, tuple(found), tuple(unread))


def holds(path: Path, texts: Sequence[str]) -> bool:
    """Whether a file holds one of the texts, or cannot be looked into."""
    try:
        return bool(_look(path, texts)[1])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, StoreTrouble):
        return True


def _look(path: Path, texts: Sequence[str]) -> tuple[int, set[str]]:
    """How many bytes were looked at, and which of the texts stand there."""
    needles = {needle: text for text in texts for needle in _written(text)}
    longest = max(map(len, needles), default=1)
    size, left = 0, dict(needles)
    said: set[str] = set()
    for blob in _contents(path, longest):
        size, small = size + len(blob), blob.lower()
        hits = [needle for needle in left if needle in small]
        said |= {left.pop(needle) for needle in hits}
    return size, said


def _written(text: str) -> Iterator[bytes]:
    """The ways a text may be written, in small letters as bytes have them; JSON's way with other letters too."""
    for way in {text, text.lower()}:
        for encoding in ("utf-8", "utf-16-le"):
            yield way.encode(encoding, "replace").lower()
        yield way.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00").lower()


def _contents(path: Path, longest: int) -> Iterator[bytes]:
    """The bytes of a file in overlapping pieces, then of what is packed in it."""
    with path.open("rb") as file:
        head, kept = b"", b""
        while piece := file.read(_PIECE):
            head = head or piece[:8]
            yield kept + piece
            kept = piece[-longest:]
    if head.startswith(b"PK\x03\x04"):
        yield from _members(path)
    elif head.startswith(b"\x1f\x8b"):
        with gzip.open(path) as packed:
            yield _bounded(packed.read(_UNPACKED + 1))
    elif head.startswith(b"%PDF"):
        yield from _streams(path.read_bytes())


def _members(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as box:
        left = _UNPACKED
        for member in box.infolist():
            left -= member.file_size
            if left < 0:
                raise StoreTrouble(f"{path.name} unpacks to more than {_UNPACKED:,} bytes.")
            blob = box.read(member)
            yield member.filename.encode() + b"\n" + blob
            if blob.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(io.BytesIO(blob)) as inner:
                    yield from (_bounded(inner.read(one)) for one in inner.infolist())


def _streams(blob: bytes) -> Iterator[bytes]:
    """The streams of a PDF that unpack."""
    for match in _STREAM.finditer(blob):
        end = blob.find(b"endstream", match.end())
        try:
            yield zlib.decompress(blob[match.end() : end])
        except zlib.error:
            continue


def _bounded(blob: bytes) -> bytes:
    if len(blob) > _UNPACKED:
        raise StoreTrouble(f"A packed file unpacks to more than {_UNPACKED:,} bytes.")
    return blob
