"""Did the fix hold? A problem's tickets before and after its fix, judged like a bookkeeper, not like an optimist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import isfinite, log, log1p
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.learners import Rates
from kb.records import Ref

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Outcome = Literal["held", "relapsed", "too early to say", "cannot say"]

DAY = 86_400
LOOKBACK = 182
"""Days before the fix that tell how often it came; not further back than its first ticket."""
GRACE = 1
"""Days after the fix whose tickets count neither way: the tail of a rollout and of calls about what was before."""
FEWEST = 5
"""Tickets before the fix under which nothing is ever said."""
HALVED = 0.5
"""A fix held where the upper end of the rate ratio's interval is below this."""
LONGEST = 730
"""Days of waiting after which "too early" is "cannot say"."""
_STAYS, _RETURNS = 0.15, 0.6
"""Shares of the old rate that the sequential test tells apart: what a good fix leaves, and what a relapse brings."""
_BAR, _RISES = 3.0, 0.6
"""Log likelihood ratio from which a relapse is flagged, and how it rises with the logarithm of the tickets that would
have come so far: the longer one looks, the more often a few come together by chance."""
_OTHERS = 60
"""Other tickets before the fix under which calendar days are counted instead of the desk's volume."""
_PEAK = 2.5
"""A day's volume counts as at most so many times that weekday's usual: outages of others are no exposure."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a fix, in figures and in a sentence."""

    state: Outcome
    sentence: str
    fixed_at: datetime | None = None
    ratio: float | None = None
    """Rate after the fix over the rate before, the desk's volume taken out; ``None`` where it cannot be said."""
    low: float | None = None
    high: float | None = None
    """Ends of its 95 % interval; infinity is ``None``."""
    before: int = 0
    before_days: float = 0.0
    """Days before the fix that were counted."""
    after: int = 0
    expected: float = 0.0
    """Tickets that would have come since the fix at the old rate and the desk's volume."""
    when: date | None = None
    """Earliest day on which more can be said, if no more tickets come; only where it is too early."""
    back_since: datetime | None = None
    """When the first ticket of the relapse was opened."""
    flagged: datetime | None = None
    """When the relapse could be told, and by which ticket of it."""
    flagged_by: int = 0
    quiet_since: datetime | None = None
    """Of a relapse that ended: its last ticket, where it has been quiet for long since."""
    grace_days: int = GRACE
    tickets: tuple[Ref, ...] = ()
    """Tickets after the fix and its grace, oldest first."""


@dataclass(frozen=True, slots=True)
class Volume:
    """How much the desk had to do, day by day, without the tickets that are judged: what a rate is relative to."""

    first: int
    """Day number of the first cell, days since 1970."""
    total: Floats
    """Running total up to the end of each day."""

    @classmethod
    def of(cls, others: Ints, *, since: int, now: int) -> Volume:
        """From the seconds at which all other tickets were opened; calendar days where they are too few to tell."""
        first, last = since // DAY, max(since // DAY, now // DAY)
        days = last - first + 1
        mine = others[(others >= first * DAY) & (others <= now)] // DAY - first
        counts = np.bincount(mine, minlength=days).astype(np.float64)
        if counts.sum() < _OTHERS:
            counts = np.ones(days)
        else:
            counts = np.minimum(counts, np.maximum(_PEAK * _usual(counts), 3.0))
        if now // DAY == last:  # of today only what has passed
            share = (now % DAY + 1) / DAY
            counts[-1] = counts[-1] if counts.sum() != days else share
        return cls(int(first), np.cumsum(counts))

    def up_to(self, moments: Ints | int) -> Floats:
        """Volume from the beginning up to these seconds, even over each day."""
        at = np.asarray(moments, np.float64) / DAY - self.first
        edges = np.arange(len(self.total) + 1)
        return np.asarray(np.interp(at, edges, np.r_[0.0, self.total]), np.float64)


def judge(
    opened: Ints, others: Ints, *, fixed_at: datetime, now: datetime, rates: Rates, refs: Sequence[Ref] = ()
) -> Verdict:
    """Compare the rate of a problem's tickets before and after its fix.

    ``opened`` are the seconds at which its tickets were opened, ascending, with their ``refs`` where these are to be
    cited; ``others`` those of all other tickets of the desk, whose volume is taken out. Tickets from after ``now`` are
    left out. The ratio is that of two rates over the desk's volume, its interval widened by how unevenly the tickets
    came (:meth:`kb.learners.Rates.ratio`). A relapse is found ticket by ticket with a cumulative sum test (E. S. Page,
    "Continuous inspection schemes", Biometrika 41, 1954) and stays found.
    """
    end, fixed = int(now.timestamp()), int(fixed_at.timestamp())
    begin = fixed + GRACE * DAY
    keep = opened <= end
    cited = tuple(ref for ref, kept, at in zip(refs, keep, opened, strict=True) if kept and at > begin) if refs else ()
    opened = opened[keep]
    window = opened[(opened > fixed - LOOKBACK * DAY) & (opened <= fixed)]
    later = opened[opened > begin]
    bare = Verdict("cannot say", "", fixed_at, before=len(window), after=len(later), tickets=cited)
    if len(window) < FEWEST:
        return replace(bare, sentence=f"Cannot be said: {_tickets(len(window))} in the half year before the fix, "
                                      f"it takes {FEWEST}.")  # fmt: skip
    since = int(window[0])
    volume = Volume.of(others, since=since, now=max(end, begin))
    edge = volume.up_to(np.array([since, fixed, begin, max(end, begin)]))
    seen, passed = float(edge[1] - edge[0]), float(edge[3] - edge[2])
    days = (fixed - since) / DAY
    if int(window[-1]) - since < DAY or seen <= 0:
        return replace(bare, before_days=days, sentence="Cannot be said: all its tickets came within a day, "
                                                        "and one outage is no rate.")  # fmt: skip
    count = len(window) - 1  # the first one opens the window
    spread = _spread(window, volume, since, fixed, count / seen, rates)
    ratio, low, high = rates.ratio(count, seen, len(later), passed, spread=spread)
    found = replace(
        bare, before_days=days, expected=count / seen * passed, ratio=ratio if isfinite(ratio) else None,
        low=low if passed > 0 else None, high=high if isfinite(high) else None,
    )  # fmt: skip
    back = _back(later, volume, begin, count / seen)
    if back is not None:
        return _relapsed(found, later, back, volume, count / seen)
    if high < HALVED:
        return replace(found, state="held", sentence=_held(found))
    return _waiting(found, count, seen, passed, spread, volume, max(end, begin), rates)


# --- the parts --------------------------------------------------------------------------------------------------


def _usual(counts: Floats) -> Floats:
    """Median of the same weekday in the four weeks before and after, for each day."""
    weeks = -(-len(counts) // 7)
    padded = np.full(weeks * 7, np.nan)
    padded[: len(counts)] = counts
    table = np.pad(padded.reshape(weeks, 7), ((4, 4), (0, 0)), constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(table, 9, axis=0)
    return np.asarray(np.nanmedian(near, axis=2).ravel()[: len(counts)], np.float64)


def _spread(window: Ints, volume: Volume, since: int, fixed: int, rate: float, rates: Rates) -> float:
    """How much more unevenly the tickets came than by chance, by week."""
    edges = np.arange(fixed, since - 7 * DAY, -7 * DAY)[::-1]
    edges[0] = since
    counts = np.histogram(window[1:], edges)[0]
    return rates.dispersion(counts, rate * np.diff(volume.up_to(edges)), prior=1.2)


def _back(later: Ints, volume: Volume, begin: int, rate: float) -> tuple[int, int] | None:
    """(first ticket of the relapse, the one that tells) as places in ``later``; ``None`` where there is none."""
    units = rate * volume.up_to(np.r_[begin, later])
    total, start = 0.0, 0
    for place in range(len(later)):
        total = max(0.0, total - (units[place + 1] - units[place]) * (_RETURNS - _STAYS))
        if total == 0.0:
            start = place
        total += log(_RETURNS / _STAYS)
        if total >= _BAR + _RISES * log1p((units[place + 1] - units[0]) / 10.0):
            return start, place
    return None


def _relapsed(found: Verdict, later: Ints, back: tuple[int, int], volume: Volume, rate: float) -> Verdict:
    first, tells = (datetime.fromtimestamp(int(later[i]), UTC) for i in back)
    fixed = found.fixed_at or first
    last = datetime.fromtimestamp(int(later[-1]), UTC)
    missed = rate * float(volume.total[-1] - volume.up_to(int(later[-1])))
    quiet = last if missed > -log(0.01) else None
    gone = (first - fixed).days
    how = "It did not stop" if gone <= 14 and back[0] == 0 else f"Back after {_span(gone)}"
    tail = f" Quiet again since {_day(last)}." if quiet else ""
    sentence = (f"{how}: {_tickets(found.after)} since {_day(first)}, told by the "
                f"{_ordinal(back[1] - back[0] + 1)}.{tail}")  # fmt: skip
    if back[0]:
        sentence = sentence.replace(_tickets(found.after), _tickets(found.after - back[0]), 1)
    return replace(found, state="relapsed", sentence=sentence, back_since=first, flagged=tells,
                   flagged_by=back[1] - back[0] + 1, quiet_since=quiet)  # fmt: skip


def _held(found: Verdict) -> str:
    most = f"at most {found.high:.0%} of the old rate" if found.high is not None else ""
    return (f"Held: {_tickets(found.after)} since the fix where {found.expected:.0f} would have come; {most}, "
            f"with 95 % confidence.")  # fmt: skip


def _waiting(
    found: Verdict, count: int, seen: float, passed: float, spread: float, volume: Volume, end: int, rates: Rates
) -> Verdict:
    """Too early, and until when; or never, where that is too far off."""
    recent = np.diff(np.r_[0.0, volume.total])[-56:]
    pace = max(float(recent.mean()), seen / max(found.before_days, 1.0) / 10)

    def enough(days: int) -> bool:
        return rates.ratio(count, seen, found.after, passed + days * pace, spread=spread)[2] < HALVED

    if not enough(LONGEST):
        each = found.before_days / max(1, count)
        return replace(found, state="cannot say", sentence=(
            f"Cannot be said: one ticket in {_span(round(each))} before the fix is too few to tell a change within two "
            f"years."))  # fmt: skip
    short, long = 0, LONGEST
    while long - short > 1:
        middle = (short + long) // 2
        short, long = (short, middle) if enough(middle) else (middle, long)
    when = (datetime.fromtimestamp(end, UTC) + timedelta(days=long)).date()
    return replace(found, state="too early to say", when=when, sentence=(
        f"Too early to say: {_tickets(found.after)} since the fix where {found.expected:.1f} would have come; "
        f"on {_day(when)} at the earliest."))  # fmt: skip


def _tickets(n: int) -> str:
    return "no ticket" if n == 0 else "1 ticket" if n == 1 else f"{n:,} tickets"


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _span(days: int) -> str:
    if days < 14:
        return "a day" if days <= 1 else f"{days} days"
    return f"{round(days / 7)} weeks" if days < 120 else f"{round(days / 30.4)} months"


def _ordinal(n: int) -> str:
    words = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    return f"{words[n]} ticket" if n < len(words) else f"{n}th ticket"
