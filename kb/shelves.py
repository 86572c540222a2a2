"""What can be searched right now: the published generation and everything fresher, as one immutable snapshot."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.columns import ASKED, Columns
from kb.learners import Embedder
from kb.marks import Vote
from kb.records import KEEPER, Kind, Problem, Record, Ticket
from kb.rows import content_hash, pack_audience, seconds
from kb.store import Store
from kb.text import identifiers
from kb.vectors import VectorIndex
from kb.words import NEVER, Document, WordIndex

KINDS: tuple[Kind, ...] = ("ticket", "article", "problem")
MOST_FRESH = 1_000
"""So many new texts are embedded on the way; more wait for ``seenbefore index`` and are found by their words."""


@dataclass(frozen=True, slots=True)
class Links:
    """Every link as parallel arrays, oldest first: who linked what, and when."""

    ticket: NDArray[np.int64]
    target: NDArray[np.int64]
    kind: NDArray[np.int8]
    """What it points at, as a place in :data:`KINDS`."""
    at: NDArray[np.int64]
    """Seconds since 1970; 0 where the export did not say."""
    generic: NDArray[np.bool_]

    @classmethod
    def build(cls, rows: Sequence[tuple[int, Kind, int, int | None, bool]]) -> Links:
        """From :meth:`kb.store.Store.links`."""
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.int64),
            np.array([KINDS.index(row[1]) for row in rows], np.int8),
            np.array([row[3] or 0 for row in rows], np.int64),
            np.array([row[4] for row in rows], bool),
        )

    def __len__(self) -> int:
        return len(self.ticket)

    def part(self, rows: NDArray[np.bool_]) -> Links:
        """Only these of them, bool of shape (len(self),)."""
        return Links(self.ticket[rows], self.target[rows], self.kind[rows], self.at[rows], self.generic[rows])

    def to(self, kind: Kind) -> NDArray[np.bool_]:
        """Which of them point at this kind."""
        return np.asarray(self.kind == KINDS.index(kind), bool)


@dataclass(frozen=True, slots=True)
class Said:
    """Marks of helpful and not helpful with the vector of the question each answered, oldest first."""

    votes: tuple[Vote, ...]
    vectors: NDArray[np.float32]
    """Shape (len(votes), dim): unit rows; zero where the mark answered a ticket, whose own vector counts."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One pool: its facts, vectors and words, all by the same store ids."""

    columns: Columns
    vectors: VectorIndex
    words: WordIndex


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All pools, the links and the marks as of one change number of the store."""

    seq: int
    pools: dict[Kind, Shelf]
    links: Links
    said: Said
    notes: tuple[str, ...] = ()
    waiting: int = 0
    """Texts without a vector yet, found by their words only."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the index generation holds, and the store's change number it was made at."""

    watermark: int
    pools: dict[Kind, Shelf]
    notes: tuple[str, ...] = ()


@dataclass
class Shelves:
    """Hands out the freshest snapshot; a reader keeps the one it was given."""

    store: Store
    embedder: Embedder
    published: Published
    _now: Snapshot | None = None
    _links: tuple[object, Links] | None = None
    """The links as they were read last, and what must not have changed since for them to be good."""
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Snapshot:
        """The current snapshot; looks at the store's change number first, so a ticket just written is in it."""
        seq = self.store.seq()
        if self._now is None or self._now.seq != seq:
            with self._busy:
                seq = self.store.seq()
                if self._now is None or self._now.seq != seq:
                    self._now = self._read(seq)
        return self._now

    def swap(self, published: Published) -> None:
        """Take a new generation into service."""
        with self._busy:
            self.published, self._now, self._links = published, None, None

    def _read(self, seq: int) -> Snapshot:
        mark, notes, behind = self.published.watermark, list(self.published.notes), 0
        pools = dict(self.published.pools)
        deleted = self.store.deleted_since(mark) if seq > mark else []
        changed: list[Record] = []
        for kind in KINDS:
            gone = [record_id for its_kind, record_id in deleted if its_kind == kind]
            fresh = [r for batch in self.store.each(kind, KEEPER, since=mark) for r in batch] if seq > mark else []
            if not fresh and not gone:
                continue
            changed += fresh
            facts = self.store.facts(kind, ASKED[kind], since=mark)
            seen = {record.id for record in fresh}
            ids, matrix, waiting = self._vectors(fresh)
            behind += waiting
            if waiting:
                notes.append(f"Some new {kind}s are found by their words only: run `seenbefore index`.")
            replaced = np.array(sorted({*gone, *(r.id for r in fresh if r.id is not None)}), np.int64)
            old = pools[kind]
            pools[kind] = Shelf(
                old.columns.with_fresh([row for row in facts if row[0] in seen], gone),
                old.vectors.with_fresh(ids, matrix, replaced),
                old.words.with_fresh(documents(fresh), gone),
            )
        return Snapshot(seq, pools, self._read_links(deleted, changed), self._said(), tuple(notes), behind)

    def _read_links(self, deleted: Sequence[tuple[Kind, int]], changed: Sequence[Record]) -> Links:
        """All links; read anew only where one was made or taken back, or where an end of one may have moved.

        ``deleted`` and ``changed`` are the records that went and came since the published generation. The number of
        the last link is read first, so that one made meanwhile is read again rather than missed.
        """
        seq = self.store.links_seq()
        ends = [(r.id, r.problem if isinstance(r, Ticket) else r.number) for r in changed
                if isinstance(r, Problem) or (isinstance(r, Ticket) and r.problem)]  # fmt: skip
        mark = (seq, tuple(deleted), tuple(ends))
        if self._links is not None and self._links[0] == mark:
            kept = self._links[1]
            named = {record_id for record_id, _ in ends}
            others = [r.id or 0 for r in changed if isinstance(r, Ticket) and r.id not in named]
            if not np.isin(kept.ticket[kept.to("problem")], others).any():
                return kept
        self._links = mark, Links.build(self.store.links())
        return self._links[1]

    def _said(self) -> Said:
        votes = self.store.votes()
        vectors, _ = self.store.known_vectors([v.question for v in votes], self.embedder.id, self.embedder.dim)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return Said(tuple(votes), vectors)

    def _vectors(self, fresh: Sequence[Record]) -> tuple[NDArray[np.int64], NDArray[np.float32], int]:
        ids = np.array([record.id or 0 for record in fresh], np.int64)
        keys = [content_hash(record.text) for record in fresh]
        matrix, found = self.store.known_vectors(keys, self.embedder.id, self.embedder.dim)
        missing = np.flatnonzero(~found)
        if 0 < len(missing) <= MOST_FRESH:
            made = self.embedder.encode([fresh[i].text for i in missing.tolist()])
            self.store.keep_vectors([keys[i] for i in missing.tolist()], self.embedder.id, made)
            matrix[missing], missing = made, missing[:0]
        have = np.setdiff1d(np.arange(len(ids)), missing)
        return ids[have], matrix[have], len(missing)


_TOLD: Mapping[Kind, tuple[str, ...]] = {
    "ticket": ("number", "text", "audience", "category", "state", "opened_at", "fix", "service", "assignment_group",
               "resolved_at"),
    "article": ("number", "text", "audience", "category", "state", "created_at"),
    "problem": ("number", "text", "audience", "category", "state", "created_at", "fix", "service"),
}  # fmt: skip


def documents(records: Iterable[Record]) -> list[Document]:
    """Records as the word index takes them, identifiers of text and resolution kept whole."""
    return [_document(r.ref.kind, (r.id, *(_cell(r, name) for name in _TOLD[r.ref.kind]))) for r in records]


def stored_documents(store: Store, kind: Kind) -> Iterator[list[Document]]:
    """Those of all records of the store, by ascending id, without making records of them."""
    for rows in store.batches(kind, _TOLD[kind]):
        yield [_document(kind, row) for row in rows]


def _cell(record: Record, name: str) -> Any:
    """A field as the store keeps it."""
    value = getattr(record, name)
    if name == "audience":
        return pack_audience(value)
    return seconds(value) if isinstance(value, datetime) else value


def _document(kind: Kind, row: Sequence[Any]) -> Document:
    """From id and the columns :data:`_TOLD` of one record."""
    record_id, number, text, audience, category, state, opened, *more = row
    facets, fix, resolved = {"category": category, "state": state or "", "audience": audience}, "", None
    if more:
        fix, facets["service"] = more[:2]
    if kind == "ticket":
        facets["group"], resolved = more[2:]
    title, _, body = text.partition("\n")
    names = {identifier.value for identifier in identifiers(text)} | {number.casefold()}
    later = {identifier.value for identifier in identifiers(fix)} - names if fix else set()
    return Document(record_id or 0, title, body, fix, tuple(sorted(names)), facets, opened or 0,
                    NEVER if resolved is None else resolved, tuple(sorted(later)))  # fmt: skip
