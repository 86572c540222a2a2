"""Bursts: tickets of one kind that come faster than this hour and weekday ever explain, told as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.learners import Rates, Vectors
from kb.recent import RING, Recent
from kb.usual import HISTORY, WEEK, WINDOWS, at_this_hour, bars, frequent, hour_of_week, unevenness, weekly

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST = (3, 3, 4)
"""Tickets it takes to be a burst at all, by window."""
FLOOR = 4.0
"""The bar is never lower: a chance of one in so many powers of ten."""
MOST = 8_192
"""Past tickets an arrival is compared with; of more, an even sample."""
QUIET = 4 * 3_600
"""Seconds without another such ticket after which a burst is over."""
AGAIN = 12 * 3_600
"""Seconds after the last ticket of a burst in which more of the same belong to it, and are no news."""
NEXT_DAY = (22 * 3_600, 26 * 3_600)
"""Seconds after which the same at the same hour of the next day is no news either: a nightly job, a batch of calls."""
KNOWN_AFTER = 14 * 86_400
"""Seconds of history it takes to know what is usual."""
AWEEK = 0.5
"""False alarms a week that the bar is set for; the promise is one."""
_SURGE = 30.0
"""The whole desk may have so many times its usual work without one kind of ticket standing out."""
_SHRINK = 3.0
"""Tickets of a kind to be expected in an hour of the week, from which on that hour's own count outweighs all others."""
_BLOCK = 64
TUNED = 2_000
"""Tickets before a replay that say how much they come in clumps."""
_CLUMPS, _FEW = 0.1, 3.0
_LOWEST = 3.0
"""Signs weaker than this are never kept (minus the decimal logarithm of their chance)."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One episode: tickets alike that came much faster than usual."""

    id: str
    """Stable for the episode: names its first ticket."""
    pattern: str
    """Lasting id of the pattern most of them are in; "" for a new knot in none."""
    name: str
    tickets: tuple[int, ...]
    """Store ids, oldest first, the ones before the flag included."""
    minutes: int
    """The window that told."""
    count: int
    """Tickets in it when it was flagged."""
    usual: float
    """How many are usual in such a window at that hour and weekday."""
    started: datetime
    flagged: datetime
    last: datetime
    state: Literal["open", "over"]
    span: int = 0
    """Minutes from its first to the newest of the tickets counted at the flag."""

    @property
    def sentence(self) -> str:
        """ "Possible major incident: 6 tickets like this in 22 minutes, usually 0.3"; what it has come to since."""
        few = "less than 0.1" if self.usual < 0.1 else f"{self.usual:.1f}"
        more = f"; {len(self.tickets)} by now" if len(self.tickets) > self.count else ""
        return (f"Possible major incident: {self.count} tickets like this in {max(1, self.span)} minutes, "
                f"usually {few}{more}.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sign:
    """One arrival that makes a knot look like a burst."""

    row: int
    strength: float
    """Minus the decimal logarithm of the chance of so many, given what is usual."""
    members: tuple[int, ...]
    """Rows of the knot in the last hours, oldest first, this one included."""
    window: int
    count: int
    usual: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A burst by rows of the stream."""

    rows: tuple[int, ...]
    sign: Sign
    """The one that flagged it."""


@dataclass
class Stream:
    """Dated tickets in the order of their opening, and what each arrival says about bursts.

    ``times`` are seconds since 1970, ascending, shape (n,), ``ids`` their store ids. ``vectors`` are unit or zero rows
    and ``where`` (n,) the row of each ticket in them, -1 for tickets whose vector is not needed: those that are neither
    replayed nor in the :meth:`sample`. What is usual for an arrival comes from tickets before it only, so that a replay
    says what would have been said then.
    """

    times: Ints
    ids: Ints
    vectors: Vectors
    rates: Rates
    where: Ints | None = None
    callers: Ints | None = None
    """Code of each ticket's caller, -1 where unknown: what one person reports again, or enters in bulk, counts once."""
    alike: tuple[float, ...] = ()
    """Scores from which two tickets are alike by each reading; found from random pairs where not given."""
    signs: list[Sign] = field(default_factory=list)
    links: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Row → earlier rows of the last hours that are alike by the loose reading, for arrivals that have any."""
    _past: Ints = field(init=False)
    _robots: frozenset[int] = frozenset()
    _past_vectors: Vectors = field(init=False)
    _day: int = -1
    _profile: Floats = field(default_factory=lambda: np.zeros(168))
    _clumps: Floats = field(init=False)
    _tuned: bool = False

    def __post_init__(self) -> None:
        if self.where is None:
            self.where = np.arange(len(self.times))
        self._robots = frequent(self.callers)
        self._past = self.sample(self.times, self.ids)
        self._past_vectors = self.vectors[self.where[self._past]]
        if not self.alike:
            self.alike = bars(self._past_vectors)
        self._clumps = np.full((len(self.alike), len(WINDOWS)), _CLUMPS)

    @staticmethod
    def sample(times: Ints, ids: Ints) -> Ints:
        """Rows that stand for all in what is usual: every one, or an even part where a half year has too many."""
        if not len(times):
            return np.zeros(0, np.int64)
        busiest = len(times) - int(np.searchsorted(times, times[-1] - HISTORY))
        return np.flatnonzero(ids % max(1, -(-busiest // MOST)) == 0)

    def carry_on(self, told: Stream) -> None:
        """Take over what was said of an earlier state of this stream, whose rows are the first of these."""
        self.signs, self.links = list(told.signs), dict(told.links)
        self._clumps, self._tuned = told._clumps, told._tuned

    def replay(self, start: int, end: int | None = None) -> None:
        """Take the arrivals in rows [start, end) one after the other; signs and links are kept."""
        end = len(self.times) if end is None else end
        if start > 0 and not self._tuned:
            self._clumps, self._tuned = self._clumped(max(0, start - TUNED), start), True
        warm = int(np.searchsorted(self.times, self.times[start] - WINDOWS[-1])) if start < end else start
        recent = Recent(self.vectors.shape[1], len(self.alike))
        where = self.where if self.where is not None else self.ids
        for first in range(warm, end, _BLOCK):
            rows = np.arange(first, min(end, first + _BLOCK))
            shares, spreads = self._usual(rows)
            for k, row in enumerate(rows.tolist()):
                self._arrive(row, self.vectors[where[row]], shares[k], spreads[k], recent, silent=row < start)

    def _usual(self, rows: Ints) -> tuple[Floats, Floats]:
        """For each arrival: share of the desk's tickets that are alike at this hour of the week, (k, levels), and their
        dispersion by window, (k, levels, windows)."""
        times = self.times[rows]
        when = self.times[self._past]
        low = int(np.searchsorted(when, times[0] - HISTORY))
        high = int(np.searchsorted(when, times[-1] - WINDOWS[-1]))
        when = when[low:high]
        shares = np.ones((len(rows), len(self.alike)))
        spreads = np.ones((len(rows), len(self.alike), len(WINDOWS)))
        if not len(when) or self.where is None:
            return shares, spreads
        scores = self.vectors[self.where[rows]] @ self._past_vectors[low:high].T
        slots = hour_of_week(when)
        for k, at in enumerate(times.tolist()):
            known = int(np.searchsorted(when, at - WINDOWS[-1]))
            if not known:
                continue
            near_slot = at_this_hour(when[:known], slots[:known], at)
            here = float(near_slot.sum())
            for level, bar in enumerate(self.alike):
                found = np.flatnonzero(scores[k, :known] >= bar)
                share = (len(found) + 0.5) / (known + 1.0)
                shares[k, level] = share * (float(near_slot[found].sum()) + _SHRINK) / (share * here + _SHRINK)
                spreads[k, level] = 1.0 / (len(found) + 0.5)  # how little so few say of their rate
                if len(found) > 1:
                    spreads[k, level] += unevenness(when[found], at, min(HISTORY, at - int(when[0])))
        return shares, spreads

    def _arrive(
        self, row: int, vector: Vectors, share: Floats, spread: Floats, recent: Recent, *, silent: bool
    ) -> None:
        at = int(self.times[row])
        recent.forget(at - WINDOWS[-1])
        caller = -1 if self.callers is None else int(self.callers[row])
        linked = recent.add(row, at, vector, share, spread, self.alike)
        recent.said_by(-1 if caller in self._robots else caller, linked[0])
        late = recent.times[: recent.size] > at - WINDOWS[-1]
        loose = np.flatnonzero((linked[0] > 0) & late[:-1])
        if silent or not len(loose):
            return
        self.links[row] = tuple(recent.rows[loose].tolist())
        if at - int(self.times[0]) < KNOWN_AFTER:
            return
        me = recent.size - 1
        centres = np.r_[me, loose[::-1][:8]]
        inside = recent.times[: recent.size, None] > at - np.array(WINDOWS)
        here = inside.sum(0)
        inside &= recent.counts[: recent.size, None]
        links = recent.links[:, centres, : recent.size]  # level, centre, member
        counts = links @ inside.astype(np.float32)  # level, centre, window
        if counts.max() < min(LEAST):
            return
        volume = self._volume(at)  # windows
        surge = np.clip((here - counts[0].max(0) + 4.0) / (volume + 4.0), 1.0, _SURGE)  # the whole desk has more to do
        usual = np.maximum(surge, surge[-1]) * volume[None, None, :] * recent.shares[centres].T[:, :, None]
        spread = np.maximum(np.moveaxis(recent.spreads[centres], 0, 1), self._clumps[:, None, :] / usual)
        chance = self.rates.tail(counts, usual, spread)
        chance = np.where(counts >= np.array(LEAST), chance, 1.0)
        best = np.unravel_index(int(chance.argmin()), chance.shape)
        strength = -float(np.log10(max(float(chance[best]), 1e-300)))
        if strength < _LOWEST:
            return
        level, centre, window = (int(i) for i in best)
        members = recent.rows[: recent.size][(links[level, centre] > 0) & late]
        self.signs.append(Sign(row, strength, tuple(members.tolist()), WINDOWS[window],
                               int(counts[best]), float(usual[best])))  # fmt: skip

    def _clumped(self, start: int, end: int) -> Floats:
        """How much tickets alike come in clumps on this desk at all: variance over mean less 1, (levels, windows).

        A desk enters calls in batches, colleagues call together: what is rare by kind is not so rare in clumps. Found
        from how many more alike came just before each ticket than a week before it; few count, so that an outage or
        two of the past do not.
        """
        counts = np.zeros((2, len(self.alike), len(WINDOWS)))
        where = self.where if self.where is not None else self.ids
        rows = [row for row in range(start, end) if where[row] >= 0]
        for row in rows:
            for when in (0, 1):
                at = int(self.times[row]) - when * WEEK
                low = int(np.searchsorted(self.times, at - WINDOWS[-1], side="right"))
                high = row if when == 0 else int(np.searchsorted(self.times, at))
                near = np.arange(low, high)[-RING:]
                near = near[where[near] >= 0]
                if self.callers is not None and self.callers[row] >= 0:
                    near = near[self.callers[near] != self.callers[row]]
                if not len(near):
                    continue
                scores = self.vectors[where[near]] @ self.vectors[where[row]]
                inside = self.times[near][:, None] > at - np.array(WINDOWS)
                for level, bar in enumerate(self.alike):
                    counts[when, level] += np.minimum((scores >= bar) @ inside, _FEW)
        excess = 2.0 * (counts[0] - counts[1]) / max(1, len(rows))
        weight = len(rows) / (len(rows) + 200.0)
        return np.asarray(np.maximum(weight * excess + (1 - weight) * _CLUMPS, 0.02), np.float64)

    def _volume(self, at: int) -> Floats:
        """Tickets the desk usually gets in each window that ends here."""
        day = at // 86_400
        if day != self._day:
            self._day, self._profile = day, weekly(self.times, day * 86_400)
        hours = np.arange(-4, 1) * 3_600 + at
        rate = self._profile[hour_of_week(hours)]
        part = (at % 3_600) / 3_600
        # the running hour and the four before it
        last = rate[-1]
        out = []
        for window in WINDOWS:
            left, total = window / 3_600, 0.0
            take = min(left, part)
            total, left = take * last, left - take
            for k in range(2, 6):
                take = min(left, 1.0)
                total, left = total + take * rate[-k], left - take
            out.append(total)
        return np.asarray(np.maximum(out, 1e-3), np.float64)

    # --- episodes ----------------------------------------------------------------------------------------------

    def episodes(self, bar: float) -> list[Episode]:
        """The bursts whose sign is at least this strong, oldest first; each told once."""
        signs = {sign.row: sign for sign in self.signs if sign.strength >= bar}
        rows = sorted(set(self.links) | set(signs))
        open_: list[tuple[list[int], set[int], Sign]] = []
        done: list[Episode] = []
        for row in rows:
            at = int(self.times[row])
            for one in [one for one in open_ if at - int(self.times[one[0][-1]]) > NEXT_DAY[1]]:
                open_.remove(one)
                done.append(Episode(tuple(one[0]), one[2]))
            near = self.links.get(row, ())
            sign = signs.get(row)
            mine = set(sign.members) if sign is not None else set()
            fresh = [one for one in open_ if at - int(self.times[one[0][-1]]) <= AGAIN]
            home = next((one for one in fresh if _belongs(one[0], one[1], near, mine)), None)
            if home is None and sign is not None:
                home = next((one for one in open_ if self._nightly(one[0], sign)), None)
            if home is not None:
                new = sorted({row} | (mine - home[1]))
                home[0].extend(r for r in new if r not in home[1])
                home[0].sort()
                home[1].update(new)
            elif sign is not None:
                open_.append((sorted(mine), set(mine), sign))
        done += [Episode(tuple(one[0]), one[2]) for one in open_]
        return sorted(done, key=lambda one: one.sign.row)

    def _nightly(self, rows: Sequence[int], sign: Sign) -> bool:
        """Whether this sign is the burst of these rows again, at the hour at which it came the day before."""
        apart = int(self.times[sign.row]) - self.times[list(rows)]
        before = [
            row for row, seconds in zip(rows, apart.tolist(), strict=True) if NEXT_DAY[0] <= seconds <= NEXT_DAY[1]
        ]
        if not before or self.where is None:
            return False
        one, other = (self.vectors[self.where[list(part)]].sum(axis=0) for part in (before, sign.members))
        return bool(one @ other >= self.alike[0] * np.linalg.norm(one) * np.linalg.norm(other))


def _belongs(rows: Sequence[int], known: set[int], near: Sequence[int], mine: set[int]) -> bool:
    """Whether an arrival belongs to an open burst: its sign shares tickets with it, or it is like several of them."""
    if mine & known:
        return True
    latest = set(rows[-10:])
    return len(latest.intersection(near)) >= min(3, len(latest))


def bar_for(streams: Sequence[tuple[Stream, float]], *, a_week: float = AWEEK) -> float:
    """The strength from which signs are told, so that replayed history has at most ``a_week`` alarms a week.

    ``streams`` are pairs of a replayed stream and how many weeks were replayed. One alarm more than was seen is
    counted, as few weeks say little of the next (Laplace's rule of succession). Never below :data:`FLOOR`.
    """
    weeks = sum(n for _, n in streams)
    strengths = sorted({round(s.strength, 2) for stream, _ in streams for s in stream.signs})
    tried = [FLOOR, *(s + 0.01 for s in strengths if s >= FLOOR)]
    for bar in tried:
        if sum(len(stream.episodes(bar)) for stream, _ in streams) + 1 <= a_week * weeks:
            return bar
    return tried[-1]
