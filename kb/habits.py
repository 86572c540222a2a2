"""What technicians linked on past tickets, as votes: what, when, and how like the question each ticket was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.shelves import Links, Snapshot

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
DAY = 86_400.0
SIMILAR = 0.6
"""From this score on a past ticket is called similar when reasons are told."""
_SHARP = 0.05
_NOTHING = 1e-12


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
class Habits:
    """Links to one pool, with the vector of each linking ticket; immutable, as of one snapshot."""

    ticket: Ids
    """Row of the linking ticket among the pool of tickets."""
    target: Ids
    """Row of the target in its own pool."""
    at: Ids
    """Seconds when it was made; where the export did not say, when its ticket was resolved."""
    generic: Mask
    vectors: Vectors
    """Shape (n, dim): the linking tickets' vectors, zero where there is none."""

    @classmethod
    def of(cls, snapshot: Snapshot, *, to_article: bool) -> Habits:
        """The links of a snapshot whose two ends are there."""
        links: Links = snapshot.links
        mine = np.flatnonzero(links.to_article == to_article)
        tickets = snapshot.pools["ticket"]
        source = tickets.columns.places(links.ticket[mine])
        target = snapshot.pools["article" if to_article else "ticket"].columns.places(links.target[mine])
        there = (source >= 0) & (target >= 0)
        mine, source, target = mine[there], source[there], target[there]
        unique, back = np.unique(links.ticket[mine], return_inverse=True)
        vectors = tickets.vectors.rows(unique)[back] if len(mine) else np.zeros((0, tickets.vectors.dim), np.float32)
        at = np.where(links.at[mine] > 0, links.at[mine], tickets.columns.numbers["resolved"][source])
        return cls(source, target, at, links.generic[mine], vectors)

    def known(self, allowed: Mask, *, as_of: int | None, without: Ids) -> Mask:
        """Which links may be used: made before ``as_of``, on a ticket of ``allowed`` (by row), none of ``without``."""
        rows = allowed[self.ticket] if len(self.ticket) else np.zeros(0, bool)
        if as_of is not None:
            rows = rows & (self.at < as_of)
        if len(without):
            rows = rows & ~np.isin(self.ticket, without)
        return rows

    def votes(self, question: Vectors, known: Mask, n: int, *, now: int) -> Votes:
        """Votes for the n rows of the target pool by the links in ``known``; ``question`` has shape (dim,)."""
        rows = np.flatnonzero(known)
        target, generic = self.target[rows], self.generic[rows]
        score = np.maximum(self.vectors[rows] @ question, 0).astype(np.float64)
        age = np.maximum(now - self.at[rows], 0) / DAY

        def add(weight: Floats) -> Floats:
            return np.bincount(target, weight, minlength=n).astype(np.float64)

        count = add(np.ones(len(rows)))
        nearest = np.zeros(n)
        np.maximum.at(nearest, target, score)
        best = np.argsort(-score, kind="stable")[:20]
        few = np.bincount(target[best], score[best], minlength=n).astype(np.float64)
        return Votes(
            recent=add(0.5 ** (age / 180)),
            fresh=add(0.5 ** (age / 30)),
            count=count,
            weighted=add(score**8 * 0.5 ** (age / 365)),
            nearest=nearest,
            kernel=np.log(add(np.exp((score - 1) / _SHARP)) + _NOTHING),
            few=few,
            prototype=add(score) / np.maximum(self._spread(rows, n), _NOTHING),
            generic=add(generic.astype(np.float64)) / np.maximum(count, 1),
        )

    def similar(self, question: Vectors, known: Mask, place: int, *, at_least: float = SIMILAR) -> tuple[int, int, int]:
        """How often one target was linked: on similar tickets, since when (seconds, 0 unknown), and in all."""
        rows = np.flatnonzero(known & (self.target == place))
        near = rows[self.vectors[rows] @ question >= at_least]
        dated = self.at[near][self.at[near] > 0]
        tickets = len(np.unique(self.ticket[near]))
        return tickets, int(dated.min()) if len(dated) else 0, len(np.unique(self.ticket[rows]))

    def _spread(self, rows: Ids, n: int) -> Floats:
        """Length of the sum of the vectors linked to each target, shape (n,)."""
        lengths = np.zeros(n)
        if len(rows):
            order = rows[np.argsort(self.target[rows], kind="stable")]
            target = self.target[order]
            starts = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
            sums = np.add.reduceat(self.vectors[order], starts, axis=0)
            lengths[target[starts]] = np.linalg.norm(sums, axis=1)
        return lengths
