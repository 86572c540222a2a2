"""What technicians linked on past tickets, as votes: what, when, and how like the question each ticket was."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock

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
_MANY = 16
"""With more links than this for each target their vectors are summed target by target."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What the links say of the targets that were linked, each of shape (len(targets),)."""

    targets: Ids
    """Rows of the target pool, ascending; all others have no link."""
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

    def at(self, places: Ids) -> Votes:
        """The same of these rows of the target pool, shape (len(places),); 0 (or the lowest) where nobody linked it."""
        at = np.minimum(np.searchsorted(self.targets, places), max(0, len(self.targets) - 1))
        there = self.targets[at] == places if len(self.targets) else np.zeros(len(places), bool)

        def of(values: Floats, otherwise: float = 0.0) -> Floats:
            out = np.full(len(places), otherwise)
            out[there] = values[at[there]]
            return out

        return Votes(
            places, of(self.recent), of(self.fresh), of(self.count), of(self.weighted), of(self.nearest),
            of(self.kernel, float(np.log(_NOTHING))), of(self.few), of(self.prototype), of(self.generic),
        )  # fmt: skip


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
class _Known:
    """What a set of links says whatever is asked."""

    rows: Ids
    """The links, ascending."""
    telling: Ids
    """Those that stand on a ticket and are no boiler-plate."""
    targets: Ids
    """What they point at, ascending."""
    target: Ids
    """Place of each link's target among these."""
    lengths: Floats
    """Length of the sum of each target's vectors."""
    count: Floats
    generic: Floats
    latest: int
    """Second of the last of them; from there age is counted in the next three."""
    recent: Floats
    fresh: Floats
    year: Floats
    """Of each link, not of each target."""


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
    _kept: dict[bytes, _Known] = field(default_factory=dict, repr=False)
    _asked: dict[str, tuple[bytes, Vectors]] = field(default_factory=dict, repr=False)
    _order: dict[str, tuple[Ids, Ids]] = field(default_factory=dict, repr=False)
    _busy: Lock = field(default_factory=Lock, repr=False, compare=False)

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

    def votes(self, question: Vectors, known: Mask, *, now: int) -> Votes:
        """Votes for rows of the target pool by the links in ``known``; ``question`` has shape (dim,)."""
        kept = self._of(known)
        target, size = kept.target, len(kept.targets)
        score = np.maximum(self.scores(question)[kept.rows], 0).astype(np.float64)
        since = (now - kept.latest) / DAY
        if since >= 0:
            recent, fresh = kept.recent * 0.5 ** (since / 180), kept.fresh * 0.5 ** (since / 30)
            year = kept.year * 0.5 ** (since / 365)
        else:  # some were made after the question: they count as made now
            age = np.maximum(now - self.at[kept.rows], 0) / DAY
            recent, fresh = (np.bincount(target, np.exp2(-age / days), minlength=size) for days in (180, 30))
            year = np.exp2(-age / 365)
        nearest = np.zeros(size)
        np.maximum.at(nearest, target, score)
        best = highest(score, 20)

        def add(weight: Floats) -> Floats:
            return np.bincount(target, weight, minlength=size).astype(np.float64)

        return Votes(
            kept.targets,
            recent=recent,
            fresh=fresh,
            count=kept.count,
            weighted=add(_eighth(score) * year),
            nearest=nearest,
            kernel=np.log(add(np.exp((score - 1) / _SHARP)) + _NOTHING),
            few=np.bincount(target[best], score[best], minlength=size).astype(np.float64),
            prototype=add(score) / np.maximum(kept.lengths, _NOTHING),
            generic=kept.generic,
        )

    def shared(self, question: Vectors, known: Mask, n: int) -> Floats:
        """Sum of score^8 for each of n targets over those in ``known`` that stand on a ticket and tell something."""
        kept = self._of(known)
        score = _eighth(np.maximum(self.scores(question)[kept.telling], 0).astype(np.float64))
        return np.bincount(self.target[kept.telling], score, minlength=n).astype(np.float64)

    def on(self, places: Ids) -> tuple[Ids, Ids]:
        """Rows of the links that stand on these tickets (rows of their pool, ascending), and on which of them each."""
        order, tickets = self._sorted("ticket", self.ticket)
        first = np.searchsorted(tickets, places)
        counts = np.searchsorted(tickets, places, side="right") - first
        at = np.repeat(np.arange(len(places)), counts)
        begins = np.repeat(first - np.r_[0, np.cumsum(counts)[:-1]], counts) if len(places) else at
        return order[begins + np.arange(len(at))], at

    def denied(self, question: Vectors, allowed: Mask, n: int, *, as_of: int | None) -> Floats:
        """How firmly each of n targets was called not helpful for questions like this one, shape (n,)."""
        if self.against is None or not len(self.against.at):
            return np.zeros(n)
        rows = np.flatnonzero(self.against.known(allowed, as_of=as_of, without=np.zeros(0, np.int64)))
        score = np.maximum(self.against.vectors[rows] @ question, 0).astype(np.float64)
        return np.bincount(self.against.target[rows], score**8, minlength=n).astype(np.float64)

    def similar(self, question: Vectors, known: Mask, place: int, *, at_least: float = SIMILAR) -> Use:
        """How often one target was linked, and marked as helpful, on what is like the question."""
        order, targets = self._sorted("target", self.target, self.ticket)
        rows = order[np.searchsorted(targets, place) : np.searchsorted(targets, place, side="right")]
        rows = rows[known[rows]]
        near = rows[self.scores(question)[rows] >= at_least]
        linked = near[self.ticket[near] >= 0]
        dated = self.at[linked][self.at[linked] > 0]
        return Use(
            _distinct(self.ticket[linked]),
            int(dated.min()) if len(dated) else 0,
            _distinct(self.ticket[rows][self.ticket[rows] >= 0]),
            len(near) - len(linked),
        )

    def scores(self, question: Vectors) -> Vectors:
        """Score of every linking ticket to the question, shape (n,); kept for the question asked last."""
        asked, kept = question.tobytes(), self._asked.get("last")
        if kept is None or kept[0] != asked:
            kept = self._asked["last"] = asked, self.vectors @ question
        return kept[1]

    def _sorted(self, name: str, values: Ids, then: Ids | None = None) -> tuple[Ids, Ids]:
        """Rows in the order of these values, and the values in that order; sorted once.

        Ties stand in the order of ``then``, or of their rows.
        """
        if name not in self._order:
            order = np.argsort(values, kind="stable") if then is None else np.lexsort((then, values))
            self._order[name] = order, values[order]
        return self._order[name]

    def _of(self, known: Mask) -> _Known:
        """What these links say whatever is asked; kept for the sets asked for last: mostly all, or all one may see."""
        key = known.tobytes()
        with self._busy:  # of two threads that ask at once one reads
            kept = self._kept.get(key)
            if kept is None:
                kept = self._read(known)
                if len(self._kept) >= _SETS:
                    self._kept.clear()
                self._kept[key] = kept
            return kept

    def _read(self, known: Mask) -> _Known:
        rows = np.flatnonzero(known)
        telling = np.flatnonzero(known & self.by_ticket & ~self.generic)
        order = rows[np.argsort(self.target[rows], kind="stable")]
        ordered = self.target[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(rows) else np.zeros(0, np.int64)
        targets, latest = ordered[starts], int(self.at[rows].max(initial=0))
        target, age = np.searchsorted(targets, self.target[rows]), (latest - self.at[rows]) / DAY
        sums = _sums(self.vectors, order, starts)

        def add(weight: Floats) -> Floats:
            return np.bincount(target, weight, minlength=len(targets)).astype(np.float64)

        count = add(np.ones(len(rows)))
        return _Known(
            rows, telling, targets, target, np.linalg.norm(sums, axis=1).astype(np.float64), count,
            generic=add(self.generic[rows].astype(np.float64)) / np.maximum(count, 1),
            latest=latest, recent=add(np.exp2(-age / 180)), fresh=add(np.exp2(-age / 30)), year=np.exp2(-age / 365),
        )  # fmt: skip


def _eighth(score: Floats) -> Floats:
    """score^8, by squaring: a general power takes twenty times as long."""
    square = score * score
    square *= square
    square *= square
    return square


def _sums(vectors: Vectors, order: Ids, starts: Ids) -> Vectors:
    """Sum of the vectors of each run of ``order``: run by run where they are long, else place by place in all runs.

    ``np.add.reduceat`` takes five times as long.
    """
    counts = np.diff(np.r_[starts, len(order)])
    if len(order) > _MANY * len(starts):
        runs = (order[a : a + n] for a, n in zip(starts, counts, strict=True))
        return np.array([vectors[run].sum(axis=0) for run in runs], np.float32)
    sums = vectors[order[starts]]
    for place in range(1, int(counts.max(initial=0))):
        longer = np.flatnonzero(counts > place)
        sums[longer] += vectors[order[starts[longer] + place]]
    return sums


def _distinct(ascending: Ids) -> int:
    return int(np.count_nonzero(np.diff(ascending))) + 1 if len(ascending) else 0


def highest(score: Floats, most: int) -> Ids:
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
