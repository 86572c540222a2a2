"""Tickets a week, and how many were to be expected going by the group's own past and by the desk's other tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

WEEK = 7 * 86_400
PAST = 26
"""Weeks before a week from which its level is taken."""
FEWEST = 6
"""Weeks of past under which nothing is expected."""
LATELY = 4
"""Weeks that count as lately."""
MOST = 104
"""Weeks looked at."""
_NOISE = 5.0
"""Other tickets added to every week, so that a tiny desk's ups and downs are not taken for seasons."""
_WILDEST = 6.0
"""Greatest overdispersion believed: a pattern that is all bursts would else expect anything."""
_ODD = 9.0
"""Most that one week adds to it: a burst is an event, not how the pattern usually varies."""
_BAND = 1.96 / 2
"""Half the width of the band of 95 % for the root of a Poisson count."""
SAID = (
    f"The band is what was to be expected: the pattern's share of the desk's other tickets over the {PAST} weeks "
    "before, times the desk's other tickets of that week, so holidays and busy seasons are taken out. "
    "About 19 of 20 ordinary weeks lie inside."
)


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Counts of g groups over w weeks up to ``end``, and what was to be expected; each array of shape (g, w).

    ``expected``, ``low`` and ``high`` are NaN where there is too little past to expect anything.
    """

    end: datetime
    counts: Ids
    expected: Floats
    low: Floats
    high: Floats
    lately: Ids
    """Tickets of the last :data:`LATELY` weeks, shape (g,)."""
    lately_expected: Floats
    """What was to be expected of those weeks from the weeks before them, shape (g,); NaN as above."""
    surprise: Floats
    """(lately - expected) in standard deviations, shape (g,); NaN as above."""

    def start(self, week: int) -> datetime:
        """When a week begins, counted from the oldest."""
        left = (self.counts.shape[1] - week) * WEEK
        return datetime.fromtimestamp(int(self.end.timestamp()) + 1 - left, UTC)


def last_moment(opened: Ids, now: datetime) -> datetime:
    """When the latest ticket came in that is not dated in the future; ``now`` where none has a date.

    ``opened`` are seconds since 1970, 0 where unknown.
    """
    known = opened[(opened > 0) & (opened <= int(now.timestamp()))]
    return datetime.fromtimestamp(int(known.max()), UTC) if len(known) else now


def weeks_of(opened: Ids, group: Ids, count: int, desk: Ids, *, end: datetime) -> Weeks:
    """Weekly counts of ``count`` groups with their baselines.

    ``opened`` and ``group`` are of shape (n,): seconds since 1970 (0 where unknown) and the group of each ticket;
    ``desk`` the seconds of all tickets of the desk. Weeks are runs of seven days that end at ``end``, so every one is
    whole. A week's expectation is the group's share of the desk's *other* tickets in the :data:`PAST` weeks before,
    times the other tickets of that week; weeks above the band count as the band's upper end, so that a burst does
    not become the new normal at once. The band is that of a root-transformed Poisson count (Anscombe 1948), widened
    by the group's own overdispersion.
    """
    stop = int(end.timestamp()) + 1
    wide = _width(desk, stop)
    at = _week(opened, stop, wide)
    known = at >= 0
    counts = np.bincount(group[known] * wide + at[known], minlength=count * wide).reshape(count, wide)
    whole = _week(desk, stop, wide)
    others: Floats = np.bincount(whole[whole >= 0], minlength=wide)[None, :] - counts + np.float64(_NOISE)
    begins = int(np.argmax(np.bincount(whole[whole >= 0], minlength=wide) > 0)) if (whole >= 0).any() else wide
    expected, low, high, spread = _bands(counts.astype(float), others, begins)
    lately, wanted, surprise = _lately(counts, others, high, spread, begins)
    return Weeks(end, counts.astype(np.int64), expected, low, high, lately, wanted, surprise)


def _width(desk: Ids, stop: int) -> int:
    known = desk[(desk > 0) & (desk < stop)]
    span = (stop - int(known.min())) // WEEK + 1 if len(known) else 1
    return int(min(MOST, max(LATELY, span)))


def _week(opened: Ids, stop: int, wide: int) -> Ids:
    """The week of each moment, the oldest 0; below 0 what has no date or lies outside."""
    at = wide - 1 - (stop - 1 - opened) // WEEK
    return np.where((opened > 0) & (opened < stop) & (at >= 0), at, -1).astype(np.int64)


def _bands(counts: Floats, others: Floats, begins: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Expected, lower and upper end, and overdispersion of each week, all of shape (g, w)."""
    calm, wide = counts.copy(), counts.shape[1]
    expected, low, high = (np.full(counts.shape, np.nan) for _ in range(3))
    spread, off = np.ones(counts.shape), np.full(counts.shape, np.nan)
    for week in range(begins + FEWEST, wide):
        past = slice(max(begins, week - PAST), week)
        reach = others[:, past].sum(1)
        mean = calm[:, past].sum(1) / reach * others[:, week]
        gone = off[:, past]
        seen = np.isfinite(gone)
        spread[:, week] = np.clip(np.where(seen, gone, 0.0).sum(1) / np.maximum(1, seen.sum(1)), 1.0, _WILDEST)
        half = _BAND * np.sqrt(spread[:, week] * (1 + others[:, week] / reach))
        root = np.sqrt(mean)
        expected[:, week], high[:, week] = mean, (root + half) ** 2
        low[:, week] = np.floor(np.maximum(0.0, root - half) ** 2)  # a count is whole: none at all is no news at 1.5
        off[:, week] = np.minimum((counts[:, week] - mean) ** 2 / np.maximum(mean, 0.5), _ODD)
        calm[:, week] = np.minimum(counts[:, week], high[:, week])
    return expected, low, high, spread


def _lately(counts: Ids, others: Floats, high: Floats, spread: Floats, begins: int) -> tuple[Ids, Floats, Floats]:
    wide = counts.shape[1]
    first = wide - LATELY
    lately = counts[:, max(0, first) :].sum(1).astype(np.int64)
    if first - begins < FEWEST:
        nothing = np.full(len(counts), np.nan)
        return lately, nothing, nothing
    past = slice(max(begins, first - PAST), first)
    calm = np.where(np.isfinite(high), np.minimum(counts, np.nan_to_num(high)), counts)[:, past]
    reach, ahead = others[:, past].sum(1), others[:, first:].sum(1)
    wanted = calm.sum(1) / reach * ahead
    deviation = np.sqrt(np.maximum(wanted, 0.5) * spread[:, first] * (1 + ahead / reach))
    return lately, wanted, (lately - wanted) / deviation
