"""What every side of the desk stands on: the store, the shelves, what was learnt, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Protocol

from kb.audit import Act, Detail
from kb.desk.reads import Reads
from kb.digest.parts import Digest
from kb.errors import WrongEmbedder
from kb.features import Featurer
from kb.learners import Rates
from kb.measures import Doings, Facts
from kb.patterns import Patterns
from kb.policy import Policy
from kb.records import Answer, Filter, Hit, Kind, Record, Ticket, Viewer
from kb.shelves import Shelves
from kb.store import Store
from kb.tables import Understanding
from kb.tables.imported import Imported
from kb.triage import Triage

Say = Callable[[str, int, int], None]
"""Told how far a long job is: what it does, how many are done, of how many."""


class Searches(Protocol):
    """Answers questions; :class:`kb.knowledge.Knowledge` does."""

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int | Mapping[Kind, int] = 10,
        ticket: Ticket | None = None,
    ) -> Answer:  # fmt: skip
        """Hits by relevance and what fixed it, or "not seen before"."""
        ...

    def known_errors(self, tickets: Sequence[Ticket], *, viewer: Viewer) -> list[Hit | None]:
        """For each ticket the known error that it is, where that is sure."""
        ...

    def featurer(self) -> Featurer:
        """The freshest snapshot with its links, made ready for ranking."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """What was read for desk figures: the numbers of the last change, correction and change to a record, and when."""

    seq: tuple[int, int]
    records: int
    at: int
    facts: Facts
    doings: Doings


@dataclass
class Front:
    """Everything the sides of a desk share."""

    store: Store
    shelves: Shelves
    knowledge: Searches
    triage_with: Triage
    policy: Policy
    patterns_made: Patterns | None = None
    notes: tuple[str, ...] = ()
    """Plain sentences about what is missing or stale, each naming the command that mends it."""
    index_note: str = ""
    """The one of them that speaks of the index; it stands beside every answer."""
    refusal: str = ""
    """Why nothing may be asked at all: the vectors here are of another embedder."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known of index, models and patterns: names, times, figures."""
    rollback_with: Callable[[str, str], str] | None = None
    """Brings a generation of models back, in somebody's name, and says what it did; ``None`` where nothing can."""
    rates: Rates | None = None
    """Judges counts; ``None`` where bursts, verdicts and contrasts cannot be had."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What a side of the desk remembers between two questions; may be emptied at any time."""

    report_with: Callable[[Digest, str], bytes] | None = None
    """Makes a file of a report: "html", "pdf" or "xlsx"; ``None`` where nothing can."""
    import_with: Callable[[Understanding, Say], Imported] | None = None
    """Takes in an export that was understood; ``None`` where nothing can."""
    _counted: dict[Viewer, Counted] = field(default_factory=dict, init=False, repr=False)
    """What was read last for desk figures."""
    _turn: RLock = field(default_factory=RLock, init=False, repr=False)
    """Held by whoever changes what is remembered between two questions: many ask at once."""
    _reads: Reads = field(default_factory=Reads, init=False, repr=False)
    """What is on its way into the audit log."""

    def record(self, kind: Kind, number: str, *, viewer: Viewer, source: str | None = None) -> Record:
        """One record by its number; that it was read is noted.

        Raises ``NotFound`` in the same words for hidden and absent ones.
        """
        found = self.store.find(kind, number, viewer, source=source)
        self._noted(viewer, "saw", f"{kind}:{found.id}")
        return found

    def records(self, kind: Kind, ids: Sequence[int], *, viewer: Viewer) -> list[Record]:
        """Records by store id, those the viewer may see, in order."""
        return self.store.records(kind, ids, viewer)

    def counts(self, *, viewer: Viewer) -> dict[str, int]:
        """Tickets, articles and links this viewer may see."""
        return self.store.counts(viewer)

    def imports(self, *, viewer: Viewer, most: int = 20) -> list[dict[str, Any]]:
        """The latest imports, newest first: when and what kind; names and counts speak of records not all may see."""
        rows = self.store.imports(most)
        return rows if viewer.sees_all else [{"at": row["at"], "kind": row["kind"]} for row in rows]

    def exported(self, what: str, *, viewer: Viewer | None, detail: Detail | None = None) -> None:
        """Note that something leaves the desk as a file. Raises ``StoreTrouble``: then it may not leave."""
        self.store.note("exported", what, by=viewer.name if viewer else "", detail=detail)

    def _noted(self, viewer: Viewer, act: Act, subject: str, detail: Detail | None = None, *, of: str = "") -> None:
        """Note a read; see :class:`kb.desk.reads.Reads`."""
        self._reads.note(self.store, act, subject, by=viewer.name, detail=detail, of=of)

    def _may_be_asked(self) -> None:
        if self.refusal:
            raise WrongEmbedder(self.refusal)

    def warnings(self) -> tuple[str, ...]:
        """What is missing or stale right now, each sentence naming the command that mends it."""
        return (*self.notes, *self.shelves.now().notes)
