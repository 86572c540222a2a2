"""Records to rows of the store and back: times as whole seconds since 1970 UTC, audiences as one string."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, cast

from kb.records import Article, Kind, Problem, Record, Ticket

_TIMES = frozenset({"opened_at", "resolved_at", "closed_at", "created_at", "updated_at"})
_DERIVED = frozenset({"id"})
_LATER = ("notes", "merged_into")
"""Fields that came with a later version: where empty, a record's fingerprint is what it was before."""
TYPES: Mapping[Kind, type[Record]] = {"ticket": Ticket, "article": Article, "problem": Problem}
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(f.name for f in fields(made) if f.name not in _DERIVED) for kind, made in TYPES.items()
}


def seconds(moment: datetime | None) -> int | None:
    """Whole seconds since 1970 UTC; ``None`` stays ``None``. Naive times are taken as UTC."""
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def moment(value: int | float | None) -> datetime | None:
    """The aware UTC time of whole seconds since 1970; ``None`` stays ``None``."""
    return None if value is None else datetime.fromtimestamp(value, UTC)


def pack_audience(audience: Iterable[str]) -> str:
    """``("HR", "Security")`` as ``"|HR|Security|"``; nobody in particular as ``""``."""
    names = sorted({name.strip().replace("|", "/") for name in audience if name.strip()})
    return f"|{'|'.join(names)}|" if names else ""


def unpack_audience(packed: str) -> tuple[str, ...]:
    """The other way round."""
    return tuple(name for name in packed.split("|") if name)


def content_hash(text: str) -> str:
    """Hex sha256 of a text: the key under which its vector is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def to_row(record: Record) -> dict[str, Any]:
    """A record as a row without ``id`` and ``seq``; ``fingerprint`` is equal for equal content."""
    names = FIELDS[record.ref.kind]
    row: dict[str, Any] = {}
    for name in names:
        value = getattr(record, name)
        if name in _TIMES:
            value = seconds(value)
        elif name == "audience":
            value = pack_audience(value)
        elif name == "extra":
            value = json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
        elif isinstance(value, str):
            value = _storable(value)
        row[name] = value
    row["text_hash"] = content_hash(row["text"])
    said = {name: value for name, value in row.items() if value or name not in _LATER}
    row["fingerprint"] = content_hash(json.dumps(said, ensure_ascii=False, sort_keys=True))
    if isinstance(record, Problem):
        row["known_error"] = record.is_known_error
    return row


def from_row(kind: Kind, row: Mapping[Any, Any]) -> Record:
    """A row as a frozen record with its store id; what people set here stands over what an export said."""
    values: dict[str, Any] = {"id": row["id"]}
    for name in FIELDS[kind]:
        value = row[name]
        if name in _TIMES:
            value = moment(value)
        elif name == "audience":
            value = unpack_audience(value)
        elif name == "extra":
            value = cast("dict[str, str]", json.loads(value)) if value else {}
        values[name] = value
    if kind == "article":
        values |= {name: row[f"{name}_here"] for name in ("state", "owner") if row[f"{name}_here"]}
    return TYPES[kind](**values)


def _storable(text: str) -> str:
    """Lone surrogates and NUL cannot be stored everywhere: replace the first, drop the second."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
