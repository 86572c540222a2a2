"""Have we seen this before: candidates from words, vectors and links, ranked, with honest relevance and reasons."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import numpy as np

from kb.ahead import Ahead, Sought
from kb.answers import Ranked, Writer, is_short
from kb.errors import NotFound
from kb.features import Featurer, Question
from kb.identifiers import Identifier
from kb.learners import Embedder, Ranker, Vectors
from kb.passages import Passages
from kb.records import Answer, Filter, Hit, Kind, Ticket, Viewer
from kb.rows import content_hash, seconds
from kb.seen import Gate
from kb.shelves import KINDS, Shelves
from kb.text import clean, identifiers, language

LONGEST_QUESTION = 8_000
"""Characters of a question that are read."""
_EMBEDDED = 1_000
"""Characters of a question that are embedded: on later questions of a real desk more told nothing and took longer."""
_TITLE = 300
_FEW_WORDS = 3
_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
              "nl": "Dutch", "pl": "Polish", "ja": "Japanese", "ko": "Korean", "zh": "Chinese", "ru": "Russian",
              "el": "Greek", "ar": "Arabic", "he": "Hebrew"}  # fmt: skip


@dataclass
class Knowledge:
    """Answers questions from the freshest snapshot; safe to share between threads."""

    shelves: Shelves
    embedder: Embedder
    rankers: Mapping[Kind, Ranker]
    gate: Gate = field(default_factory=Gate)
    languages: tuple[str, ...] = ()
    """What the desk's tickets are written in, where that is known."""
    clock: Callable[[], float] = time.time
    _featurer: Featurer | None = None
    _passages: tuple[int, Passages] | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor = field(default_factory=ThreadPoolExecutor)

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int | Mapping[Kind, int] = 10,
        as_of: datetime | None = None, ticket: Ticket | None = None,
    ) -> Answer:  # fmt: skip
        """Hits by relevance, what fixed it, and whether that counts as seen.

        ``limit`` is for all hits, or for each kind. With ``as_of`` the answer is the one that could have been given
        then: only earlier tickets, resolutions written and links made before it. With ``ticket`` the question is that
        ticket, which is then no answer to itself.
        """
        started = time.perf_counter()
        said, notes = self._said(text, ticket)
        if not said:
            return Answer(text, False, notes=notes, seconds=time.perf_counter() - started)
        without = self._without(ticket, wanted, viewer)
        asked = self._threads.submit(self._question, said, as_of=as_of, ticket=ticket, without=without)
        featurer = self.featurer()
        ahead = featurer.ahead(Sought(said, viewer, wanted, seconds(as_of), without), self._threads)
        question = asked.result()
        others = [ahead.begin(partial(self.ranked, question, kind, viewer, wanted, featurer=featurer,
                                      ahead=ahead.alone())) for kind in KINDS if kind != "ticket"]  # fmt: skip
        pools = [self.ranked(question, "ticket", viewer, wanted, featurer=featurer, ahead=ahead)]
        pools += [ranked() for ranked in others]
        writer = Writer(self.shelves.store, self.embedder, featurer, self.gate, question, viewer)
        hits, nearest = writer.hits(pools, limit)
        fixes, steps = writer.fixes(pools, hits) if hits else ((), ())
        notes = (*featurer.snapshot.notes, *notes, *self._remarks(question, pools))
        return Answer(text, bool(hits), hits, nearest, writer.looked_at(pools), notes,
                      time.perf_counter() - started, fixes, steps)  # fmt: skip

    def question(
        self, text: str, *, as_of: datetime | None = None, ticket: Ticket | None = None
    ) -> tuple[Question | None, tuple[str, ...]]:
        """A text as a question, with sentences about what was left out; ``None`` where it says nothing.

        Where the text is a ticket's, its category and service are compared too, and it is no answer to itself.
        """
        said, notes = self._said(text, ticket)
        if not said:
            return None, notes
        itself = (ticket.id,) if ticket is not None and ticket.id is not None else ()
        return self._question(said, as_of=as_of, ticket=ticket, without=itself), notes

    def ranked(
        self, question: Question, kind: Kind, viewer: Viewer, wanted: Filter | None = None, *,
        featurer: Featurer | None = None, ahead: Ahead | None = None,
    ) -> Ranked:  # fmt: skip
        """Every candidate of one pool, best first; ties by store id."""
        candidates = (featurer or self.featurer()).candidates(question, kind, viewer, wanted, ahead=ahead)
        relevance = np.zeros(0)
        if len(candidates.ids):
            relevance = np.asarray(self.rankers[kind].relevance(candidates.features), np.float64)
        order = np.argsort(-relevance, kind="stable")
        if len(order) and question.identifiers and is_short(question):
            held = candidates.column("identifier")[order]
            order = order[np.argsort(-held, kind="stable")]
        return Ranked(kind, candidates.ids[order], relevance[order], order, candidates)

    def known_errors(self, tickets: Sequence[Ticket], *, viewer: Viewer) -> list[Hit | None]:
        """For each ticket the known error that it is, where that is sure; see :meth:`kb.seen.Gate.is_known`."""
        featurer = self.featurer()
        columns = featurer.snapshot.pools["problem"].columns
        if not columns.rows_for(viewer).any():
            return [None] * len(tickets)
        texts = [ticket.text[:LONGEST_QUESTION] for ticket in tickets]
        titles = [text.partition("\n")[0][:_TITLE] for text in texts]
        vectors, heads = self._vectors([text[:_EMBEDDED] for text in texts]), self._vectors(titles)
        found: list[Hit | None] = []
        for ticket, text, vector, head in zip(tickets, texts, vectors, heads, strict=True):
            if not any(character.isalnum() for character in text):
                found.append(None)
                continue
            question = Question(
                text, vector, head, _asked_for(text), now=int(self.clock()), as_of=None, category=ticket.category,
                service=ticket.service, without=(ticket.id,) if ticket.id is not None else (),
            )  # fmt: skip
            found.append(self.known_error(question, viewer=viewer, featurer=featurer))
        return found

    def known_error(self, question: Question, *, viewer: Viewer, featurer: Featurer | None = None) -> Hit | None:
        """The known error that the question is; ``None`` where it is none for sure."""
        featurer = featurer or self.featurer()
        pool = self.ranked(question, "problem", viewer, featurer=featurer)
        return Writer(self.shelves.store, self.embedder, featurer, self.gate, question, viewer).known_error(pool)

    def featurer(self) -> Featurer:
        """What makes features over the freshest snapshot; made anew only when something was written."""
        snapshot = self.shelves.now()
        with self._busy:
            if self._featurer is None or self._featurer.snapshot is not snapshot:
                self._featurer = Featurer.of(snapshot, self._read_passages())
            return self._featurer

    # --- inside ------------------------------------------------------------------------------------------------

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        """Unit rows of texts, those at hand taken and the rest made."""
        matrix, there = self.shelves.store.known_vectors(
            [content_hash(text) for text in texts], self.embedder.id, self.embedder.dim
        )
        missing = np.flatnonzero(~there)
        if len(missing):
            matrix[missing] = self.embedder.encode([texts[i] for i in missing.tolist()])
        return matrix

    def _said(self, text: str, ticket: Ticket | None) -> tuple[str, tuple[str, ...]]:
        """What is asked, cleaned and cut, "" where it says nothing; and sentences about what was left out."""
        said = ticket.text if ticket is not None and ticket.text else clean(text[: 2 * LONGEST_QUESTION])
        if not any(character.isalnum() for character in said):
            return "", ("Nothing to look for: write a few words of the problem.",)
        if len(said) > LONGEST_QUESTION:
            notes = (f"Only the first {LONGEST_QUESTION:,} characters of the question were read.",)
            return said[:LONGEST_QUESTION], notes
        return said, ()

    def _question(
        self, said: str, *, as_of: datetime | None, ticket: Ticket | None, without: tuple[int, ...]
    ) -> Question:
        title = said.partition("\n")[0][:_TITLE]
        # One by one: together the short title would be padded to the length of the whole.
        vector = self.embedder.encode([said[:_EMBEDDED]])[0]
        title_vector = vector if title == said else self.embedder.encode([title])[0]
        now = seconds(as_of) if as_of is not None else int(self.clock())
        return Question(
            said, vector, title_vector, _asked_for(said), now=now or 0, as_of=seconds(as_of),
            category=ticket.category if ticket else "", service=ticket.service if ticket else "", without=without,
        )  # fmt: skip

    def _without(self, ticket: Ticket | None, wanted: Filter | None, viewer: Viewer) -> tuple[int, ...]:
        """Store ids that are left out: of the ticket itself and of those the filter excludes."""
        left_out = [ticket.id] if ticket is not None and ticket.id is not None else []
        for ref in wanted.exclude if wanted is not None else ():
            try:
                left_out.append(self.shelves.store.find(ref.kind, ref.number, viewer, source=ref.source).id or 0)
            except NotFound:
                continue
        return tuple(left_out)

    def _remarks(self, question: Question, pools: Sequence[Ranked]) -> tuple[str, ...]:
        """What the reader should know of this question: a number nobody has, a language the desk does not speak."""
        told = []
        if is_short(question):
            held = any(len(pool.ids) and pool.candidates.column("identifier").max() > 0 for pool in pools)
            numbers = [i for i in question.identifiers if i.kind == "ticket"]
            if numbers and not held:
                told.append(
                    f"There is no record {question.text[numbers[0].start : numbers[0].end]} here that you may see."
                )
        spoken = language(question.text)
        if self.languages and spoken and spoken not in self.languages:
            known = " and ".join(_LANGUAGES.get(name, name) for name in self.languages[:3])
            told.append(f"This reads like {_LANGUAGES.get(spoken, spoken)}; the tickets here are in {known}. "
                        "Error codes and product names still match.")  # fmt: skip
        return tuple(told)

    def _read_passages(self) -> Passages:
        """Passages of the articles as they are now; read anew only when an article changed."""
        store = self.shelves.store
        mark = hash(tuple(tuple(row) for row in store.facts("article", ("id", "text_hash"))))
        if self._passages is None or self._passages[0] != mark:
            self._passages = mark, Passages.read(store, self.embedder.id, self.embedder.dim)
        return self._passages[1]


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
