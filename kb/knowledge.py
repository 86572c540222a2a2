"""Have we seen this before: candidates from words, vectors and links, ranked, with honest relevance and reasons."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kb.errors import NotFound
from kb.evidence import Facts, identifier_words, reasons, shared_words, snippet
from kb.features import NAMES, Candidates, Featurer, Question
from kb.identifiers import Identifier
from kb.learners import Embedder, Ranker
from kb.passages import Passages
from kb.records import Answer, Filter, Hit, Kind, Record, Ticket, Viewer
from kb.rows import moment, seconds
from kb.seen import Gate
from kb.shelves import KINDS, Shelves
from kb.text import clean, identifiers

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

FLOOR = 1 / 25
"""A hit this much less likely to help than the best of the answer is one of the nearest, no answer."""
SURE = 0.9
"""Relevance of a record that a question names by a rare identifier and little else."""
LONGEST_QUESTION = 8_000
"""Characters of a question that are read."""
_EMBEDDED = 4_000
"""Characters of a question that are embedded: more than the packaged model reads."""
_TITLE = 300
_NEAREST: Mapping[Kind, str] = {"ticket": "score", "article": "score_passage"}
_FEW_WORDS = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """One pool's answer to one question, best first: store ids and calibrated relevance, both of shape (n,)."""

    kind: Kind
    ids: Ids
    relevance: Floats
    order: Ids
    """Where each stands among ``candidates``."""
    candidates: Candidates


_Entry = tuple[bool, float, Ranked, int]
"""Whether the question names it by a rare identifier, its relevance, its pool, its place there."""


@dataclass
class Knowledge:
    """Answers questions from the freshest snapshot; safe to share between threads."""

    shelves: Shelves
    embedder: Embedder
    rankers: Mapping[Kind, Ranker]
    gate: Gate = field(default_factory=Gate)
    clock: Callable[[], float] = time.time
    _featurer: Featurer | None = None
    _passages: tuple[int, Passages] | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)

    # --- asking ------------------------------------------------------------------------------------------------

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int = 10,
        as_of: datetime | None = None,
    ) -> Answer:  # fmt: skip
        """Hits by relevance and whether that counts as seen.

        With ``as_of`` the answer is the one that could have been given then: only earlier tickets, resolutions
        written and links made before it.
        """
        started = time.perf_counter()
        question, notes = self.question(text, as_of=as_of)
        if question is None:
            return Answer(text, False, notes=notes, seconds=time.perf_counter() - started)
        featurer = self.featurer()
        question = self._without(question, wanted, viewer)
        pools = [self.ranked(question, kind, viewer, wanted, featurer=featurer) for kind in KINDS]
        hits, nearest = self._hits(question, pools, viewer, limit, featurer)
        looked_at = {f"{pool.kind}s": pool.candidates.looked_at for pool in pools}
        notes = (*featurer.snapshot.notes, *notes)
        return Answer(text, bool(hits), hits, nearest, looked_at, notes, time.perf_counter() - started)

    def question(
        self, text: str, *, as_of: datetime | None = None, ticket: Ticket | None = None
    ) -> tuple[Question | None, tuple[str, ...]]:
        """A text as a question, with sentences about what was left out; ``None`` where it says nothing.

        Where the text is a ticket's, its category and service are compared too, and it is no answer to itself.
        """
        said = ticket.text if ticket is not None and ticket.text else clean(text[: 2 * LONGEST_QUESTION])
        if not any(character.isalnum() for character in said):
            return None, ("Nothing to look for: write a few words of the problem.",)
        notes: tuple[str, ...] = ()
        if len(said) > LONGEST_QUESTION:
            said = said[:LONGEST_QUESTION]
            notes = (f"Only the first {LONGEST_QUESTION:,} characters of the question were read.",)
        title = said.partition("\n")[0][:_TITLE]
        # One by one: together the short title would be padded to the length of the whole.
        vector = self.embedder.encode([said[:_EMBEDDED]])[0]
        title_vector = vector if title == said else self.embedder.encode([title])[0]
        now = seconds(as_of) if as_of is not None else int(self.clock())
        return Question(
            said, vector, title_vector, _asked_for(said), now=now or 0, as_of=seconds(as_of),
            category=ticket.category if ticket else "", service=ticket.service if ticket else "",
            without=(ticket.id,) if ticket is not None and ticket.id is not None else (),
        ), notes  # fmt: skip

    def ranked(
        self, question: Question, kind: Kind, viewer: Viewer, wanted: Filter | None = None, *,
        featurer: Featurer | None = None,
    ) -> Ranked:  # fmt: skip
        """Every candidate of one pool, best first; ties by store id."""
        candidates = (featurer or self.featurer()).candidates(question, kind, viewer, wanted)
        relevance = np.zeros(0)
        if len(candidates.ids):
            relevance = np.asarray(self.rankers[kind].relevance(candidates.features), np.float64)
        order = np.argsort(-relevance, kind="stable")
        if len(order) and question.identifiers and _is_short(question):
            held = candidates.column("identifier")[order]
            order = order[np.argsort(-held, kind="stable")]
        return Ranked(kind, candidates.ids[order], relevance[order], order, candidates)

    def featurer(self) -> Featurer:
        """What makes features over the freshest snapshot; made anew only when something was written."""
        snapshot = self.shelves.now()
        with self._busy:
            if self._featurer is None or self._featurer.snapshot is not snapshot:
                self._featurer = Featurer.of(snapshot, self._read_passages())
            return self._featurer

    # --- answering ---------------------------------------------------------------------------------------------

    def _hits(
        self, question: Question, pools: Sequence[Ranked], viewer: Viewer, limit: int, featurer: Featurer
    ) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
        """The hits that count as seen, and the nearest of those that do not; at most ``limit`` each."""
        nearest = {
            pool.kind: float(pool.candidates.column(_NEAREST[pool.kind]).max()) for pool in pools if len(pool.ids)
        }
        words = len(question.text.split())
        room = self.gate.room(nearest, words)
        if featurer.snapshot.waiting and _any_words(pools):
            room = max(room, 0.0)  # where texts have no vector yet, "nothing near" is no reason to say "not seen"
        entries: list[_Entry] = []
        for pool in pools:
            if not len(pool.ids):
                continue
            held = pool.candidates.column("identifier")[pool.order]
            damp = self.gate.damp(room, pool.kind, nearest[pool.kind], words)
            for place in range(min(limit, len(pool.ids))):
                exact, relevance = bool(held[place] > 0), float(pool.relevance[place]) * damp
                named = exact and _is_short(question)
                entries.append((named, max(relevance, SURE) if named else relevance, pool, place))
        entries.sort(key=lambda entry: (not entry[0], -entry[1], entry[2].kind, entry[3]))
        best = max((entry[1] for entry in entries), default=0.0)
        above = [entry for entry in entries if entry[0] or (room >= 0 and entry[1] >= FLOOR * best)]
        below = [entry for entry in entries if entry not in above]
        return (
            tuple(self._described(question, _of_both(above, limit), viewer, featurer)),
            tuple(self._described(question, _of_both(below, limit), viewer, featurer)),
        )

    def _described(
        self, question: Question, entries: Sequence[_Entry], viewer: Viewer, featurer: Featurer
    ) -> list[Hit]:
        records: dict[tuple[Kind, int], Record] = {}
        for kind in KINDS:
            ids = [int(pool.ids[place]) for _, _, pool, place in entries if pool.kind == kind]
            records |= {(kind, r.id or 0): r for r in self.shelves.store.records(kind, ids, viewer)}
        words = featurer.snapshot.pools["ticket"].words
        wanted = words.terms(question.text)
        spoken = identifier_words(question.identifiers, question.text)
        hits = []
        for _, relevance, pool, place in entries:
            record = records.get((pool.kind, int(pool.ids[place])))
            if record is None:
                continue
            record = _as_known(record, question.as_of)
            at = int(pool.order[place])
            text, spans = snippet(record, wanted, words.terms)
            shared = shared_words(text, spans, wanted, words.terms)
            facts = self._facts(question, pool, at, record, spoken, featurer)
            why = reasons(replace(facts, words=shared, words_share=len(shared) / max(2, len(wanted))))
            score = float(pool.candidates.column("score")[at])
            exact = bool(pool.candidates.column("identifier")[at] > 0)
            hits.append(Hit(record, relevance, why, text, spans, score, exact))
        return hits

    def _facts(self, question: Question, pool: Ranked, at: int, record: Record, spoken: Mapping[str, str],
               featurer: Featurer) -> Facts:  # fmt: skip
        found = pool.candidates
        value = dict(zip(NAMES[found.kind], found.features[at].tolist(), strict=True))
        habits = featurer.to_articles if found.kind == "article" else featurer.to_tickets
        similar, since, linked = habits.similar(question.vector, found.known, int(found.places[at]))
        shared: tuple[str, ...] = ()
        if value["identifier"] > 0:
            held = {i.value for i in identifiers(f"{record.text}\n{record.fix if isinstance(record, Ticket) else ''}")}
            held.add(record.number.casefold())
            shared = tuple(how for name, how in spoken.items() if name in held)
        ticket = record if isinstance(record, Ticket) else None
        age = None
        if ticket is not None and ticket.opened_at is not None:
            age = (question.now - (seconds(ticket.opened_at) or 0)) / 86_400
        return Facts(
            shared, value["score"], value["words_title"], linked_similar=similar, linked=linked,
            since=moment(since) if since else None,
            age_days=age,
            resolved=ticket is not None and ticket.resolved_at is not None,
            same_category=record.category if value.get("same_category") else "",
        )  # fmt: skip

    def _without(self, question: Question, wanted: Filter | None, viewer: Viewer) -> Question:
        """The question without the tickets its filter excludes."""
        left_out = list(question.without)
        for ref in wanted.exclude if wanted is not None else ():
            try:
                left_out.append(self.shelves.store.find(ref.kind, ref.number, viewer, source=ref.source).id or 0)
            except NotFound:
                continue
        return replace(question, without=tuple(left_out))

    def _read_passages(self) -> Passages:
        """Passages of the articles as they are now; read anew only when an article changed."""
        store = self.shelves.store
        mark = hash(tuple(tuple(row) for row in store.facts("article", ("id", "text_hash"))))
        if self._passages is None or self._passages[0] != mark:
            self._passages = mark, Passages.read(store, self.embedder.id, self.embedder.dim)
        return self._passages[1]


def _is_short(question: Question) -> bool:
    """Whether an identifier in it is what the question is about."""
    return len(question.text.split()) <= 2 * _FEW_WORDS


def _any_words(pools: Sequence[Ranked]) -> bool:
    names = ("words_title", "words_body")
    return any(len(pool.ids) and pool.candidates.column(name).max() > 0 for pool in pools for name in names)


def _of_both(entries: Sequence[_Entry], limit: int) -> list[_Entry]:
    """The best ``limit`` entries in their order, of which either pool may claim half."""
    kept: set[int] = set()
    for kind in KINDS:
        kept |= set([i for i, entry in enumerate(entries) if entry[2].kind == kind][: limit // 2])
    for i in range(len(entries)):
        if len(kept) >= limit:
            break
        kept.add(i)
    return [entries[i] for i in sorted(kept)]


def _asked_for(text: str) -> tuple[Identifier, ...]:
    """Identifiers of a question; each word of a very short one may be a record's number."""
    found = tuple(identifiers(text))
    words = text.split()
    if len(words) > _FEW_WORDS:
        return found
    known = {identifier.value for identifier in found}
    extra, at = [], 0
    for word in words:
        at = text.index(word, at)
        if word.casefold() not in known and any(c.isdigit() or c in "-_" for c in word):
            extra.append(Identifier("ticket", word.casefold(), at, at + len(word)))
    return (*found, *extra)


def _as_known(record: Record, as_of: int | None) -> Record:
    """The record without an outcome that was written only later."""
    if as_of is None or not isinstance(record, Ticket):
        return record
    done = seconds(record.resolved_at)
    if done is not None and done < as_of:
        return record
    return replace(record, resolution="", fix="", resolved_at=None, closed_at=None, state=None)
