"""Bench of verdicts: fixes planted in the desk's own stream, held, relapsed or useless, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from kb.held import DAY, GRACE, LOOKBACK, judge
from kb.rows import moment
from models import scores
from models.rates import Rates
from pipelines.bench import OURS, Bench, Row, timed
from pipelines.patterns import clusters_of

Ints = NDArray[np.int64]
Plan = Literal["held", "relapse", "useless"]
PLANS: tuple[Plan, ...] = ("held", "relapse", "useless")
CASES = 200
"""Planted fixes of each plan."""
SEED = 41
FEWEST = 6
"""Tickets in the half year before a fix, so that there is something to fix."""
_STEP = 28
_HORIZON = 364
_WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Case:
    """One planted fix: the tickets of its pattern before it as they were, those after it as planned."""

    plan: Plan
    fixed: int
    back: int
    """Second from which a relapse brings tickets again; 0 for the other plans."""
    opened: Ints
    others: Ints
    end: int


def extra_fix_held(bench: Bench) -> Iterator[Row]:
    """Every fix is judged four-weekly for up to a year, each time from what was known then."""
    dated = np.array([t.opened_at is not None for t in bench.tickets], bool)
    times = np.array([int(t.opened_at.timestamp()) if t.opened_at else 0 for t in bench.tickets], np.int64)
    if dated.sum() < 500 or int(np.ptp(times[dated])) < (LOOKBACK + _HORIZON // 2) * DAY:
        bench.notes.append("fix-held: needs 500 dated tickets over nine months.")
        return
    labels = clusters_of(bench.pool, say=bench.say).labels
    spent = timed()
    cases = planted(times[dated], labels[dated], np.random.default_rng(SEED))
    if not cases:
        bench.notes.append("fix-held: no pattern has enough tickets.")
        return
    at = (bench.name, "fix-held", "")
    yield from _figures(at, OURS, [ours(case) for case in cases], cases, spent())
    spent = timed()
    yield from _figures(at, "counts", [by_counts(case) for case in cases], cases, spent())
    bench.notes.append(
        f"fix-held: {len(cases)} planted fixes, seed {SEED}; what comes after one is drawn from whole weeks before it, "
        f"as the desk's volume asks: 0 to 20 % of it (held), all of it (useless), or none for 3 to 12 weeks and 70 to "
        f"130 % after (relapse)."
    )


def planted(times: Ints, labels: NDArray[np.int64], rng: np.random.Generator, *, cases: int = CASES) -> list[Case]:
    """Fixes of patterns that were alive in the half year before, at moments drawn from the stream."""
    first, last = int(times.min()) + LOOKBACK * DAY, int(times.max()) - _HORIZON * DAY // 2
    mine = {int(label): np.sort(times[labels == label]) for label in np.unique(labels[labels >= 0])}
    mine = {label: own for label, own in mine.items() if len(own) >= FEWEST}
    found: list[Case] = []
    names = sorted(mine)
    for _ in range(200 * cases):
        if len(found) == cases * len(PLANS) or not names:
            break
        own = mine[names[int(rng.integers(len(names)))]]
        fixed = int(rng.integers(first, last))
        before = own[(own > fixed - LOOKBACK * DAY) & (own <= fixed)]
        if len(before) < FEWEST or fixed - int(before[0]) < 4 * _WEEK or fixed - int(before[-1]) > 4 * _WEEK:
            continue
        others = np.sort(times[~np.isin(times, own)])
        found.append(_case(PLANS[len(found) % len(PLANS)], own, others, fixed, int(times.max()), rng))
    return found


def _case(plan: Plan, own: Ints, others: Ints, fixed: int, last: int, rng: np.random.Generator) -> Case:
    before = own[own <= fixed]
    window = before[before > fixed - LOOKBACK * DAY]
    weeks = max(1, (fixed - int(window[0])) // _WEEK)
    end = min(last, fixed + _HORIZON * DAY)
    back = fixed + int(rng.integers(3, 13)) * _WEEK if plan == "relapse" else 0
    rest = (
        float(rng.uniform(0.0, 0.2)) if plan == "held" else 1.0 if plan == "useless" else float(rng.uniform(0.7, 1.3))
    )
    after: list[NDArray[np.float64]] = []
    for start in range(fixed, end, _WEEK):
        if start < back:
            continue
        like = fixed - int(rng.integers(1, weeks + 1)) * _WEEK
        block = window[(window > like) & (window <= like + _WEEK)]
        volume = (_between(others, start, start + _WEEK) + 1) / (_between(others, like, like + _WEEK) + 1)
        wanted = len(block) * float(np.clip(volume, 0.2, 5.0)) * rest
        n = int(wanted) + int(rng.random() < wanted % 1)
        if n:
            drawn = rng.choice(block, n, replace=n > len(block)) - like + start
            after.append(drawn + rng.integers(-2 * 3600, 2 * 3600, n))
    new = np.sort(np.concatenate([before, *after]).astype(np.int64)) if after else before
    return Case(plan, fixed, back, new[new <= end], others, end)


def _between(times: Ints, low: int, high: int) -> int:
    return int(np.searchsorted(times, high) - np.searchsorted(times, low))


@dataclass(frozen=True, slots=True)
class Told:
    """What a system said of one case over time."""

    states: tuple[str, ...]
    """At each look, oldest first."""
    looks: Ints
    flagged: int | None = None
    """Second at which a relapse was told."""
    least: float = np.inf
    """Fewest tickets expected at a look that said "held"."""


def ours(case: Case) -> Told:
    """What the product says, every four weeks."""
    rates, states, flagged, least = Rates(), [], None, np.inf
    looks = _looks(case)
    for look in looks.tolist():
        said = judge(case.opened, case.others, fixed_at=_when(case.fixed), now=_when(look), rates=rates)
        states.append(said.state)
        least = min(least, said.expected) if said.state == "held" else least
        flagged = int(said.flagged.timestamp()) if said.flagged is not None and flagged is None else flagged
    return Told(tuple(states), looks, flagged, least)


def by_counts(case: Case) -> Told:
    """Plain: tickets a day since the fix against those before it; held where less than half of it."""
    window = case.opened[(case.opened > case.fixed - LOOKBACK * DAY) & (case.opened <= case.fixed)]
    rate = len(window) / ((case.fixed - int(window[0])) / DAY)
    looks = _looks(case)
    states = []
    for look in looks.tolist():
        now = _between(case.opened, case.fixed, look) / ((look - case.fixed) / DAY)
        states.append("held" if now < rate / 2 else "relapsed")
    return Told(tuple(states), looks)


def _looks(case: Case) -> Ints:
    return np.append(np.arange(case.fixed + _STEP * DAY, case.end, _STEP * DAY, dtype=np.int64), case.end)


def _when(at: int) -> datetime:
    return cast("datetime", moment(at))


def _figures(
    at: tuple[str, str, str], system: str, told: Sequence[Told], cases: Sequence[Case], spent: float
) -> Iterator[Row]:
    """Shares with Clopper-Pearson intervals: right at the end of those said, of each plan, and ever wrong."""
    want = {"held": "held", "relapse": "relapsed", "useless": "relapsed"}
    said = [one.states[-1] in ("held", "relapsed") for one in told]
    right = [one.states[-1] == want[case.plan] for one, case in zip(told, cases, strict=True)]
    values: dict[str, list[bool]] = {
        "right": [r for r, s in zip(right, said, strict=True) if s],
        **{f"right_{plan}": [r for r, s, c in zip(right, said, cases, strict=True) if s and c.plan == plan]
           for plan in PLANS},
        "not_yet": [not s for s in said],
        "ever_wrong": [_ever_wrong(one, case) for one, case in zip(told, cases, strict=True)],
    }  # fmt: skip
    if system == OURS:
        values["flagged_by_fifth"] = [
            _tickets_till(one, case) <= 5 for one, case in zip(told, cases, strict=True) if case.plan != "held"
            and _planted_after(case) >= 5
        ]  # fmt: skip
    for metric, found in values.items():
        low, high = scores.clopper_pearson_interval(sum(found), len(found))
        yield Row(*at, system, metric, float(np.mean(found)) if found else 0.0, low, high, len(found), spent)
    if system == OURS:
        least = min((one.least for one in told), default=np.inf)
        yield Row(*at, system, "fewest_expected_when_held", float(least) if np.isfinite(least) else 0.0)


def _ever_wrong(one: Told, case: Case) -> bool:
    """Whether something untrue was said at any look: held is true until a relapse has brought its fifth ticket."""
    if case.plan == "held":
        return "relapsed" in one.states
    if case.plan == "useless":
        return "held" in one.states
    since = case.opened[case.opened >= case.back]
    fifth = int(since[4]) if len(since) >= 5 else case.end + 1
    early = any(s == "relapsed" for s, look in zip(one.states, one.looks, strict=True) if look < case.back)
    late = any(s == "held" for s, look in zip(one.states, one.looks, strict=True) if look >= fifth)
    return early or late


def _planted_after(case: Case) -> int:
    return int((case.opened > max(case.back, case.fixed + GRACE * DAY)).sum())


def _tickets_till(one: Told, case: Case) -> int:
    """Tickets of the relapse, or since the fix and its grace, up to the one that told."""
    if one.flagged is None:
        return 10_000
    since = case.opened[case.opened > max(case.back - 1, case.fixed + GRACE * DAY)]
    return int((since <= one.flagged).sum())


TASKS = {"fix-held": extra_fix_held}
