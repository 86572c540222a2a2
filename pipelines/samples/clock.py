"""When things happen on the sample desk: office hours, Mondays, holidays, growth, seasons and working time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from random import Random

FIRST_DAY = date(2025, 5, 1)
LAST_DAY = date(2026, 10, 31)
EXPORTED = datetime(2026, 10, 31, 18, 0, tzinfo=UTC)
"""When the export was made; what was not solved by then is open."""
OPENS, CLOSES = 6, 16
"""Working hours of the desk in UTC, Monday to Friday."""

HOLIDAYS = frozenset(date.fromisoformat(day) for day in (
    "2025-05-01", "2025-05-29", "2025-06-09", "2025-07-14", "2025-08-15", "2025-10-03", "2025-12-25", "2025-12-26",
    "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-07-14",
))  # fmt: skip
RETURNS = tuple(date.fromisoformat(d) for d in ("2025-06-10", "2025-09-01", "2025-10-27", "2026-01-05", "2026-04-07",
                                                "2026-05-26", "2026-08-31", "2026-10-26"))  # fmt: skip
"""First working days after holidays, when passwords have run out."""
FIXED, BACK, FIXED_AGAIN = date(2026, 1, 9), date(2026, 2, 21), date(2026, 4, 10)
"""The print spooler problem: solved, back after a Windows update, solved for good."""
HOURS = (0.1, 0.1, 0.1, 0.1, 0.3, 1.2, 5, 9, 9, 8, 6.5, 5, 5.5, 6, 4.5, 3, 1.6, 0.8, 0.5, 0.4, 0.4, 0.4, 0.2, 0.1)


def days() -> list[date]:
    """Every day of the eighteen months."""
    return [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]


def day_weight(day: date) -> float:
    """How many tickets a day brings, relative to an ordinary Wednesday at the start."""
    weight = (1.4, 1.12, 1.0, 1.0, 0.82, 0.07, 0.05)[day.weekday()]
    if day in HOLIDAYS:
        weight *= 0.3
    if (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 3):
        weight *= 0.25
    if day.month == 8:
        weight *= 0.75
    if day in RETURNS:
        weight *= 1.3
    if day >= date(2026, 10, 29):
        weight *= 2.3
    return weight * (1 + 0.25 * (day - FIRST_DAY).days / 548)


def season(profile: str, day: date) -> float:
    """How much likelier than usual a failure with this profile is on a day."""
    if profile == "after-holidays":
        since = min(((day - back).days for back in RETURNS if day >= back), default=99)
        return 7.0 if since <= 2 else 3.0 if since <= 7 else 0.55
    if profile == "month-start":
        return 3.0 if day.day <= 3 else 1.6 if day.day >= 29 else 0.6
    if profile == "grow":
        return 0.15 + 2.2 * (day - FIRST_DAY).days / 548
    if profile == "november-patch":
        return 5.0 if date(2025, 11, 12) <= day <= date(2025, 12, 5) else 1.0
    if profile == "office-bug":
        return 3.0 if date(2026, 2, 10) <= day <= date(2026, 4, 15) else 1.0
    if profile == "relapse":
        return _spooler(day)
    return 1.0


def _spooler(day: date) -> float:
    if date(2025, 10, 20) <= day <= FIXED:
        return 5.5
    if BACK <= day <= FIXED_AGAIN:
        return 8.0
    return 0.0


def waves(rng: Random, names: Iterable[str]) -> dict[tuple[str, int], float]:
    """For every failure and fortnight a factor around one: failures come in waves, not evenly."""
    return {(name, part): rng.lognormvariate(-0.18, 0.6) for name in names for part in range(41)}


def moment(rng: Random, day: date) -> datetime:
    """A moment on a day, mostly in office hours."""
    hour = rng.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), UTC)


def any_moment(rng: Random, day: date) -> datetime:
    """A moment on a day as machines choose it, day and night."""
    return datetime.combine(day, time(rng.randrange(24), rng.randrange(60), rng.randrange(60)), UTC)


def after_work(start: datetime, hours: float) -> datetime:
    """The moment that many working hours after the start."""
    now, left = start, hours
    while True:
        opens = now.replace(hour=OPENS, minute=0, second=0)
        shuts = now.replace(hour=CLOSES, minute=0, second=0)
        if now.weekday() >= 5 or now.date() in HOLIDAYS or now >= shuts:
            now = opens + timedelta(days=1)
            continue
        now = max(now, opens)
        room = (shuts - now).total_seconds() / 3600
        if left <= room:
            return now + timedelta(seconds=round(left * 3600))
        left -= room
        now = opens + timedelta(days=1)


def lasting(rng: Random, typical: float, priority: int) -> float:
    """Working hours until the solution: log-normal around what is typical, shorter for the urgent."""
    if rng.random() < 0.035:  # waiting for a part, a supplier or the caller
        typical = max(8.0, typical) * rng.uniform(4, 9)
    return max(0.05, typical * math.exp(rng.gauss(0, 0.85)) * (0.35, 0.6, 1.0, 1.25, 1.6)[priority - 1])
