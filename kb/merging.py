"""How a record that comes in meets the one that is there, and what is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kb.given import as_given
from kb.guard import Guard, Ready
from kb.privacy.redactor import Redacted
from kb.records import Record, Ticket
from kb.rows import from_row, unpack_audience
from kb.text import prepare

Merge = Callable[[Record, Record], Record]
"""(old, new) → what is kept of both."""


@dataclass(frozen=True, slots=True)
class Merging:
    """Columns the export has replace, those it lacks stay as they were."""

    given: tuple[str, ...]
    """Our names of the columns it has."""

    def __call__(self, old: Record, new: Record) -> Record:
        """The record that comes of both, prepared."""
        kept = {name: getattr(new, name) for name in self.given if hasattr(new, name)}
        if isinstance(new, Ticket) and "line" not in self.given and new.line is not None:
            kept["line"] = new.line
        return prepare(replace(old, **kept, extra={**old.extra, **new.extra}, id=None))

    def is_same(self, old: Record, new: Record) -> bool:
        """Whether a row, as it would be stored, says nothing that the stored record does not say."""
        if any(getattr(old, name) != getattr(new, name) for name in self.given if hasattr(new, name)):
            return False
        if isinstance(old, Ticket) and isinstance(new, Ticket) and new.line not in (None, old.line):
            return False
        return all(old.extra.get(name) == value for name, value in new.extra.items())


@dataclass(frozen=True, slots=True)
class Way:
    """How records become what is stored of them."""

    guard: Guard
    merge: Merge | None
    hidden: frozenset[tuple[str, str]]
    ready: Ready | None

    def stored(self, place: int, record: Record, old: Mapping[Any, Any] | None) -> Redacted | None:
        """What is to be stored; ``None`` for a ticket that is ready and says just what stands there."""
        ready = self.ready.records[place] if self.ready is not None and self.ready.guard == self.guard else None
        if old is None:
            return ready or self.guard.record(self._prepared(record))
        if ready is not None and self._is_same(ready.record, old):
            return None
        met = self._met(record, old)
        if self.merge is None:
            return ready if ready is not None and met is record else self.guard.record(self._prepared(met))
        return self.guard.record(met)

    def _is_same(self, new: Record, old: Mapping[Any, Any]) -> bool:
        if not isinstance(new, Ticket) or not isinstance(self.merge, Merging):
            return False
        return self.merge.is_same(as_given(from_row("ticket", old), old), new)

    def _met(self, record: Record, old: Mapping[Any, Any]) -> Record:
        """What becomes of a record and the row that is there; one hidden from the writer stays hidden."""
        if self.merge is not None:
            record = self.merge(as_given(from_row(record.ref.kind, old), old), record)
        if (record.source, record.number) in self.hidden:
            return replace(record, audience=unpack_audience(old["audience"]))
        return record

    def _prepared(self, record: Record) -> Record:
        """Records that come ready need not be prepared themselves."""
        return record if self.ready is None else prepare(record)
