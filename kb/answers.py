"""From ranked pools to an answer: what counts as seen, why each hit helps, and what fixed tickets like the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb.checklist import checklist
from kb.evidence import Facts, identifier_words, reasons, shared_words, snippet
from kb.features import NAMES, Candidates, Featurer, Question
from kb.fixes import gist, resolved_alike, worth
from kb.known import Alike, is_over
from kb.learners import Embedder
from kb.records import Article, Fix, Hit, Kind, Problem, Record, Ref, Step, Ticket, Viewer
from kb.rows import content_hash, moment, seconds
from kb.seen import Gate
from kb.shelves import KINDS
from kb.store import Store
from kb.text import clean_notes, identifiers
from kb.words import stems

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

FLOOR = 1 / 25
"""A hit this much less likely to help than the best of the answer is one of the nearest, no answer."""
SURE = 0.9
"""Relevance of a record that a question names by a rare identifier and little else."""
ALIKE = 30
"""So many tickets at most are read for what fixed them."""
NEAREST = 3
"""Misses of each kind that are shown on request."""
_NEAR_BEST = 0.15
"""A ticket this much further than the nearest one is not about the same."""
_TRIED = 2
"""Known errors of an answer that are looked at, the likeliest."""
_LONGEST_NOTES = 4_000
_SHORT = 6
_NEAREST: Mapping[Kind, str] = {"ticket": "score", "article": "score_passage", "problem": "score"}
_CALLED: Mapping[Kind, str] = {"ticket": "tickets", "article": "articles", "problem": "known errors"}


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


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one answer for one viewer."""

    store: Store
    embedder: Embedder
    featurer: Featurer
    gate: Gate
    question: Question
    viewer: Viewer

    def looked_at(self, pools: Sequence[Ranked]) -> dict[str, int]:
        """How many records of each kind the question was held against; known errors only where there are any."""
        counts = {pool.kind: pool.candidates.looked_at for pool in pools}
        return {_CALLED[kind]: n for kind, n in counts.items() if n or kind != "problem"}

    def hits(self, pools: Sequence[Ranked], limit: int | Mapping[Kind, int]) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
        """The hits that count as seen, at most ``limit``, and the :data:`NEAREST` of each kind that do not."""
        nearest = {
            pool.kind: float(pool.candidates.column(_NEAREST[pool.kind]).max()) for pool in pools if len(pool.ids)
        }
        words = len(self.question.text.split())
        room = self.gate.room(nearest, words)
        if self.featurer.snapshot.waiting and _any_words(pools):
            room = max(room, 0.0)  # where texts have no vector yet, "nothing near" is no reason to say "not seen"
        entries: list[_Entry] = []
        for pool in pools:
            if not len(pool.ids):
                continue
            held = pool.candidates.column("identifier")[pool.order]
            damp = self.gate.damp(room, pool.kind, nearest[pool.kind], words)
            most = limit if isinstance(limit, int) else limit.get(pool.kind, 0)
            for place in range(min(most, len(pool.ids))):
                exact, relevance = bool(held[place] > 0), float(pool.relevance[place]) * damp
                named = exact and is_short(self.question)
                entries.append((named, max(relevance, SURE) if named else relevance, pool, place))
        entries.sort(key=lambda entry: (not entry[0], -entry[1], entry[2].kind, entry[3]))
        best = max((entry[1] for entry in entries), default=0.0)
        above = [
            entry
            for entry in entries
            if entry[0] or (room >= 0 and entry[1] >= FLOOR * best and self._fits(entry[2], entry[3]))
        ]
        below = [entry for entry in entries if entry not in above]
        if isinstance(limit, int):
            above = _of_all(above, limit)
        below = _few(below)
        hits = self._described([*above, *below])
        split = sum(hit is not None for hit in hits[: len(above)])
        shown = tuple(hit for hit in hits if hit is not None)
        return shown[:split], shown[split:]

    def _fits(self, pool: Ranked, place: int) -> bool:
        """Whether a known error is the one: a wrong workaround on top of the page costs more than a missing one."""
        if pool.kind != "problem":
            return True
        at, found = int(pool.order[place]), pool.candidates
        record = next(iter(self.store.records("problem", [int(pool.ids[place])], self.viewer)), None)
        if not isinstance(record, Problem):
            return False
        same = Alike.of(self.featurer, self.question, self.viewer, least=self.gate.same)
        belonging = same.belonging(self.featurer, int(found.places[at]), found.known)
        score, over = float(found.column("score")[at]), is_over(record, self.question)
        passed = same.passed_over(self.featurer, record, found.known, belonging)
        return self.gate.is_known(score, belonging=belonging, alike=len(same.rows), passed_over=passed, over=over)

    def known_error(self, pool: Ranked) -> Hit | None:
        """The known error that the question is, out of their pool; ``None`` where it is none for sure."""
        place = next((at for at in range(min(_TRIED, len(pool.ids))) if self._fits(pool, at)), None)
        if place is None:
            return None
        return self._described([(False, float(pool.relevance[place]), pool, place)])[0]

    def fixes(self, pools: Sequence[Ranked], hits: Sequence[Hit]) -> tuple[tuple[Fix, ...], tuple[Step, ...]]:
        """How tickets like the question were resolved, best proven first, and what technicians asked and did on them.

        Articles among the hits give steps too.
        """
        articles = [hit.record for hit in hits if isinstance(hit.record, Article)]
        alike, linked = self._alike(next(pool for pool in pools if pool.kind == "ticket"))
        steps = checklist(alike, articles)
        if not any(map(worth, alike)):
            return (), steps
        keys = [content_hash(gist(ticket)) for ticket in alike]
        vectors, _ = self.store.known_vectors(keys, self.embedder.id, self.embedder.dim)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return resolved_alike(alike, vectors, linked), steps

    # --- inside ------------------------------------------------------------------------------------------------

    def _alike(self, pool: Ranked) -> tuple[list[Ticket], dict[int, tuple[Ref, ...]]]:
        """Tickets that report the same, most alike first, and by store id the articles that were linked on them."""
        if not len(pool.ids):
            return [], {}
        score = pool.candidates.column("score")[pool.order]
        held = pool.candidates.column("identifier")[pool.order] > 0
        bar = max(self.gate.least("ticket", len(self.question.text.split())), float(score.max()) - _NEAR_BEST)
        near = np.flatnonzero((score >= bar) | held)
        near = near[np.argsort(-(score[near] + held[near]), kind="stable")][:ALIKE]
        records = self.store.records("ticket", [int(i) for i in pool.ids[near]], self.viewer)
        tickets = [as_known(one, self.question.as_of) for one in records if isinstance(one, Ticket)]
        known = [replace(one, notes=clean_notes(one.notes[:_LONGEST_NOTES])) if one.notes else one for one in tickets]
        return known, self._articles_on(pool, {int(pool.ids[i]): int(pool.order[i]) for i in near})

    def _articles_on(self, pool: Ranked, places: Mapping[int, int]) -> dict[int, tuple[Ref, ...]]:
        """Ticket (store id) → the articles linked on it that this viewer may see, boiler-plate left out."""
        links = self.featurer.habits["article"]
        columns = self.featurer.snapshot.pools["article"].columns
        rows = {int(pool.candidates.places[at]): ticket for ticket, at in places.items()}
        mine = np.sort(links.on(np.array(sorted(rows), np.int64))[0])
        mine = mine[~links.generic[mine]]
        if self.question.as_of is not None:
            mine = mine[links.at[mine] < self.question.as_of]
        found: dict[int, list[int]] = {}
        for at in mine.tolist():
            found.setdefault(rows[int(links.ticket[at])], []).append(int(columns.ids[links.target[at]]))
        wanted = sorted({i for ids in found.values() for i in ids})
        refs = {record.id: record.ref for record in self.store.records("article", wanted, self.viewer)}
        return {t: tuple(dict.fromkeys(refs[i] for i in ids if i in refs)) for t, ids in found.items()}

    def _described(self, entries: Sequence[_Entry]) -> list[Hit | None]:
        """Each as a hit; ``None`` where the store does not show it to this viewer (any more)."""
        records: dict[tuple[Kind, int], Record] = {}
        for kind in KINDS:
            ids = [int(pool.ids[place]) for _, _, pool, place in entries if pool.kind == kind]
            records |= {(kind, r.id or 0): r for r in self.store.records(kind, ids, self.viewer)}
        words = self.featurer.snapshot.pools["ticket"].words
        wanted = words.terms(self.question.text)
        spoken = identifier_words(self.question.identifiers, self.question.text)
        hits: list[Hit | None] = []
        known: dict[str, str] = {}
        for _, relevance, pool, place in entries:
            found = records.get((pool.kind, int(pool.ids[place])))
            if found is None:
                hits.append(None)
                continue
            record = as_known(found, self.question.as_of) if isinstance(found, Ticket) else found
            at = int(pool.order[place])
            text, spans = snippet(record, wanted, stems, known)
            shared = shared_words(text, spans, wanted, stems)
            facts = self._facts(pool, at, record, spoken)
            why = reasons(replace(facts, words=shared, words_share=len(shared) / max(2, len(wanted))))
            score = float(pool.candidates.column("score")[at])
            exact = bool(pool.candidates.column("identifier")[at] > 0)
            hits.append(Hit(record, relevance, why, text, spans, score, exact))
        return hits

    def _facts(self, pool: Ranked, at: int, record: Record, spoken: Mapping[str, str]) -> Facts:
        found, question = pool.candidates, self.question
        value = dict(zip(NAMES[found.kind], found.features[at].tolist(), strict=True))
        use = self.featurer.habits[found.kind].similar(question.vector, found.known, int(found.places[at]))
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
            shared, value["score"], value["words_title"], linked_similar=use.similar, linked=use.linked,
            since=moment(use.since) if use.since else None, helped=use.helped,
            age_days=age,
            resolved=ticket is not None and ticket.resolved_at is not None,
            same_category=record.category if value.get("same_category") else "",
        )  # fmt: skip


def is_short(question: Question) -> bool:
    """Whether an identifier in it is what the question is about."""
    return len(question.text.split()) <= _SHORT


def as_known(ticket: Ticket, as_of: int | None) -> Ticket:
    """The ticket without an outcome that was written only later."""
    if as_of is None:
        return ticket
    done = seconds(ticket.resolved_at)
    if done is not None and done < as_of:
        return ticket
    return replace(ticket, resolution="", fix="", notes="", resolved_at=None, closed_at=None, state=None)


def _any_words(pools: Sequence[Ranked]) -> bool:
    names = ("words_title", "words_body")
    return any(len(pool.ids) and pool.candidates.column(name).max() > 0 for pool in pools for name in names)


def _few(entries: Sequence[_Entry]) -> list[_Entry]:
    """The first of each kind, in their order."""
    places = {kind: [i for i, entry in enumerate(entries) if entry[2].kind == kind][:NEAREST] for kind in KINDS}
    return [entries[i] for i in sorted(i for mine in places.values() for i in mine)]


def _of_all(entries: Sequence[_Entry], limit: int) -> list[_Entry]:
    """The best ``limit`` in their order: tickets and articles may each claim two fifths, known errors a fifth."""
    claims: Mapping[Kind, int] = {"ticket": 2 * limit // 5, "article": 2 * limit // 5, "problem": limit // 5}
    kept: set[int] = set()
    for kind in KINDS:
        kept |= set([i for i, entry in enumerate(entries) if entry[2].kind == kind][: claims[kind]])
    for i in range(len(entries)):
        if len(kept) >= limit:
            break
        kept.add(i)
    return [entries[i] for i in sorted(kept)]
