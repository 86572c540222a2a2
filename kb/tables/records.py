"""What comes out of an export beside tickets and articles: links by number, refused rows, and remarks on kept ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.records import Kind


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link as an export gives it: by numbers, before anybody looked whether both ends exist."""

    ticket: str
    target_kind: Kind
    target: str
    linked_at: datetime | None = None
    generic: bool = False


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken: where it stands (a header is row 1), the column to look at, its value in short, why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a row that *was* taken: a cell was cut, cleaned, or left out because nobody could read it."""

    row: int
    column: str
    value: str
    reason: str
