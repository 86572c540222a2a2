"""What technicians linked on past tickets, as votes: what, when, and how like the question each ticket was."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.records import Kind
from kb.shelves import Links, Snapshot

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
DAY = 86_400.0
SIMILAR = 0.6
"""From this score on a past ticket is called similar when reasons are told."""
_SHARP = 0.05
_NOTHING = 1e-12
_SETS = 8


@dataclass(frozen=True, slots=True)
class Votes:
    """What the links say of n targets, each of shape (n,); 0 (or the lowest value) where nobody linked it."""

    recent: Floats
    """Links to it, each counted less the older it is (half-life 180 days)."""
    fresh: Floats
    """The same with a half-life of 30 days."""
    count: Floats
    weighted: Floats
    """Sum over links of score^8, halved every 365 days."""
    nearest: Floats
    """Highest score of a ticket that was linked to it."""
    kernel: Floats
    """Logarithm of the sum of exp((score - 1) / 0.05)."""
    few: Floats
    """Sum of the scores of those among the 20 most similar links."""
    prototype: Floats
    """Score to the mean direction of all tickets that were linked to it."""
    generic: Floats
    """Share of its links that were marked as boiler-plate."""


@dataclass(frozen=True, slots=True)
class Use:
    """What people made of one target so far."""

    similar: int
    """Tickets like the question that it was linked on."""
    since: int
    """Second of the first of those links; 0 where unknown."""
    linked: int
    """All tickets it was linked on."""
    helped: int
    """Questions like this one for which somebody marked it as helpful."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Links and marks to one pool, with the vector of each linking ticket or question; immutable, of one snapshot."""

    ticket: Ids
    """Row of the linking ticket among the pool of tickets; below 0, each another, where it was a question."""
    target: Ids
    """Row of the target in its own pool."""
    at: Ids
    """Seconds when it was made; where the export did not say, when its ticket was resolved."""
    generic: Mask
    vectors: Vectors
    """Shape (n, dim): the linking tickets' vectors, zero where there is none."""
    against: Habits | None = None
    """Marks of "not helpful", in the same form."""
    _kept: dict[bytes, tuple[Ids, Ids, Floats]] = field(default_factory=dict, repr=False)
    _asked: dict[str, tuple[bytes, Vectors]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot, kind: Kind) -> Habits:
        """The links of a snapshot whose two ends are there, and its marks, those of "helpful" counted as links."""
        links, helped = _links(snapshot, kind), _marks(snapshot, kind, helped=True)
        against = _marks(snapshot, kind, helped=False)
        if not len(helped.at):
            return replace(links, against=against)
        return cls(
            np.concatenate([links.ticket, helped.ticket]),
            np.concatenate([links.target, helped.target]),
            np.concatenate([links.at, helped.at]),
            np.concatenate([links.generic, helped.generic]),
            np.concatenate([links.vectors, helped.vectors]),
            against,
        )

    @property
    def by_ticket(self) -> Mask:
        """Which of them stand on a ticket of the pool."""
        return self.ticket >= 0

    def known(self, allowed: Mask, *, as_of: int | None, without: Ids) -> Mask:
        """Which links may be used: made before ``as_of``, on a ticket of ``allowed`` (by row), none of ``without``."""
        rows = np.ones(len(self.ticket), bool)
        rows[self.by_ticket] = allowed[self.ticket[self.by_ticket]]
        if as_of is not None:
            rows = rows & (self.at < as_of)
        if len(without):
            rows = rows & ~np.isin(self.ticket, without)
        return rows

    def votes(self, question: Vectors, known: Mask, n: int, *, now: int) -> Votes:
        """Votes for the n rows of the target pool by the links in ``known``; ``question`` has shape (dim,)."""
        rows = np.flatnonzero(known)
        targets, target, lengths = self._lengths(rows)
        generic = self.generic[rows]
        score = np.maximum(self.scores(question)[rows], 0).astype(np.float64)
        age = np.maximum(now - self.at[rows], 0) / DAY

        def add(weight: Floats) -> Floats:
            return np.bincount(target, weight, minlength=len(targets)).astype(np.float64)

        def spread(values: Floats, otherwise: float = 0.0) -> Floats:
            out = np.full(n, otherwise) if otherwise else np.zeros(n)
            out[targets] = values
            return out

        count, nearest = add(np.ones(len(rows))), np.zeros(len(targets))
        np.maximum.at(nearest, target, score)
        best = _highest(score, 20)
        few = np.bincount(target[best], score[best], minlength=len(targets)).astype(np.float64)
        return Votes(
            recent=spread(add(0.5 ** (age / 180))),
            fresh=spread(add(0.5 ** (age / 30))),
            count=spread(count),
            weighted=spread(add(score**8 * 0.5 ** (age / 365))),
            nearest=spread(nearest),
            kernel=spread(np.log(add(np.exp((score - 1) / _SHARP)) + _NOTHING), float(np.log(_NOTHING))),
            few=spread(few),
            prototype=spread(add(score) / np.maximum(lengths, _NOTHING)),
            generic=spread(add(generic.astype(np.float64)) / np.maximum(count, 1)),
        )

    def denied(self, question: Vectors, allowed: Mask, n: int, *, as_of: int | None) -> Floats:
        """How firmly each of n targets was called not helpful for questions like this one, shape (n,)."""
        if self.against is None or not len(self.against.at):
            return np.zeros(n)
        rows = np.flatnonzero(self.against.known(allowed, as_of=as_of, without=np.zeros(0, np.int64)))
        score = np.maximum(self.against.vectors[rows] @ question, 0).astype(np.float64)
        return np.bincount(self.against.target[rows], score**8, minlength=n).astype(np.float64)

    def similar(self, question: Vectors, known: Mask, place: int, *, at_least: float = SIMILAR) -> Use:
        """How often one target was linked, and marked as helpful, on what is like the question."""
        rows = np.flatnonzero(known & (self.target == place))
        near = rows[self.scores(question)[rows] >= at_least]
        linked = near[self.by_ticket[near]]
        dated = self.at[linked][self.at[linked] > 0]
        return Use(
            len(np.unique(self.ticket[linked])),
            int(dated.min()) if len(dated) else 0,
            len(np.unique(self.ticket[rows[self.by_ticket[rows]]])),
            len(near) - len(linked),
        )

    def scores(self, question: Vectors) -> Vectors:
        """Score of every linking ticket to the question, shape (n,); kept for the question asked last."""
        asked, kept = question.tobytes(), self._asked.get("last")
        if kept is None or kept[0] != asked:
            kept = self._asked["last"] = asked, self.vectors @ question
        return kept[1]

    def _lengths(self, rows: Ids) -> tuple[Ids, Ids, Floats]:
        """As :meth:`_spread`; kept for the sets of links that were asked for last: mostly all, or all one may see."""
        key = rows.tobytes()
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _SETS:
                self._kept.clear()
            kept = self._kept[key] = self._spread(rows)
        return kept

    def _spread(self, rows: Ids) -> tuple[Ids, Ids, Floats]:
        """The targets of these links, ascending; the place of each link's target; the length of their vectors' sum."""
        if not len(rows):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        order = rows[np.argsort(self.target[rows], kind="stable")]
        target = self.target[order]
        starts = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
        sums = np.add.reduceat(self.vectors[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1).astype(np.float64)
        return target[starts], np.searchsorted(target[starts], self.target[rows]), lengths


def _highest(score: Floats, most: int) -> Ids:
    """Places of the highest scores, best first, ties in order, without sorting all of them."""
    if len(score) > most:
        near = np.flatnonzero(score >= np.partition(score, -most)[-most])
        return near[np.argsort(-score[near], kind="stable")[:most]]
    return np.argsort(-score, kind="stable")


def _links(snapshot: Snapshot, kind: Kind) -> Habits:
    links: Links = snapshot.links
    mine = np.flatnonzero(links.to(kind))
    tickets = snapshot.pools["ticket"]
    source = tickets.columns.places(links.ticket[mine])
    target = snapshot.pools[kind].columns.places(links.target[mine])
    there = (source >= 0) & (target >= 0)
    mine, source, target = mine[there], source[there], target[there]
    unique, back = np.unique(links.ticket[mine], return_inverse=True)
    vectors = tickets.vectors.rows(unique)[back] if len(mine) else np.zeros((0, tickets.vectors.dim), np.float32)
    at = np.where(links.at[mine] > 0, links.at[mine], tickets.columns.numbers["resolved"][source])
    return Habits(source, target, at, links.generic[mine], vectors)


def _marks(snapshot: Snapshot, kind: Kind, *, helped: bool) -> Habits:
    """Marks on records of a kind; one on a ticket's page has that ticket's vector, one in a search the question's."""
    tickets = snapshot.pools["ticket"]
    mine = [i for i, vote in enumerate(snapshot.said.votes) if vote.kind == kind and vote.helped == helped]
    votes = [snapshot.said.votes[i] for i in mine]
    ids = np.array([-1 if vote.ticket is None else vote.ticket for vote in votes], np.int64)
    source = np.where(ids >= 0, tickets.columns.places(ids), -2 - np.arange(len(ids)))
    target = snapshot.pools[kind].columns.places(np.array([vote.target for vote in votes], np.int64))
    vectors = snapshot.said.vectors[mine].reshape(len(mine), tickets.vectors.dim)
    on_ticket = source >= 0
    if on_ticket.any():
        vectors = vectors.copy()
        vectors[on_ticket] = tickets.vectors.rows(ids[on_ticket])
    there = (target >= 0) & (source != -1)
    at = np.array([vote.at for vote in votes], np.int64)
    return Habits(source[there], target[there], at[there], np.zeros(int(there.sum()), bool), vectors[there])
