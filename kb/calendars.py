"""When the desk works: business hours with holidays in a time zone, and the business minutes between two moments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Ranges = tuple[tuple[int, int], ...]
"""Opening times of a day as [open, close) in minutes since midnight, ascending and apart."""

DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Moments outside these years are counted as the nearest moment inside."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PER_MINUTE = 60_000_000
_RANGE = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")
_DAY = re.compile(r"(?:\d{4}-)?\d\d-\d\d")
_EXAMPLE = '{"time_zone": "Europe/London", "days": {"mon": "08:00-18:00"}, "holidays": ["12-25", "2026-04-03"]}'
_FIELDS = frozenset({"time_zone", "days", "holidays"})


@dataclass(frozen=True, slots=True)
class Hours:
    """The desk's opening times; without arguments Monday to Friday from 08:00 to 18:00 UTC."""

    days: tuple[Ranges, ...] = (*(((8 * 60, 18 * 60),),) * 5, (), ())
    """Monday first, seven of them; empty where the desk is closed."""
    holidays: frozenset[str] = frozenset()
    """Days it is closed: "2026-04-03", or "12-25" for every year."""
    time_zone: str = "UTC"

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Hours:
        """From the setting ``business_hours``; a day that it does not name is closed. Raises ``BadSetting``."""
        text = settings.get("business_hours")
        return _read(text) if text else cls()

    def to_text(self) -> str:
        """As the setting ``business_hours``: JSON."""
        days = {name: ", ".join(map(_range_text, ranges)) for name, ranges in zip(DAYS, self.days, strict=True)}
        open_days = {name: text for name, text in days.items() if text}
        return json.dumps({"time_zone": self.time_zone, "days": open_days, "holidays": sorted(self.holidays)})

    @property
    def zone(self) -> tzinfo:
        """The time zone the desk lives in: its days and months begin there."""
        return _zone(self.time_zone)

    def minutes(self, start: datetime, end: datetime) -> float:
        """Business minutes from ``start`` to ``end`` (both aware); 0 where ``end`` is not later."""
        return float(self.minutes_between(np.array([_ticks(start)]), np.array([_ticks(end)]))[0])

    def minutes_of(self, spans: list[tuple[datetime, datetime]]) -> Floats:
        """The same for n spans (start, end) at once, float64 of shape (n,)."""
        starts, ends = (np.array([_ticks(span[at]) for span in spans], np.int64) for at in (0, 1))
        return self.minutes_between(starts, ends)

    def minutes_between(self, starts: Ids, ends: Ids) -> Floats:
        """The same for microseconds since 1970, both of shape (n,); takes O(days) once and O(n log days) after."""
        if not len(starts):
            return np.zeros(0)
        years = [_year(int(edge)) for edge in (min(starts.min(), ends.min()), max(starts.max(), ends.max()))]
        table = _table(self, *years)
        spent = _open_until(table, np.asarray(ends, np.int64)) - _open_until(table, np.asarray(starts, np.int64))
        return np.asarray(np.maximum(spent, 0) / _PER_MINUTE, np.float64)

    def due(self, start: datetime, minutes: float) -> datetime:
        """The first moment (UTC) by which so many business minutes have passed since ``start``.

        Raises ``BadSetting`` where that lies after :data:`LAST_YEAR`: the desk is hardly ever open.
        """
        begin, wanted = _ticks(start), round(max(0.0, minutes) * _PER_MINUTE)
        if not wanted:
            return start.astimezone(UTC)
        first, reach = _year(begin), 1
        while True:
            last = min(first + reach, LAST_YEAR)
            starts, ends, before = table = _table(self, first, last)
            goal = int(_open_until(table, np.array([begin]))[0]) + wanted
            at = int(np.searchsorted(before + (ends - starts), goal))
            if at < len(starts):
                return _EPOCH + _MICROSECOND * int(starts[at] + goal - before[at])
            if last == LAST_YEAR:
                raise BadSetting("business_hours is open too seldom for this target: give longer opening times.")
            reach *= 4

    def is_open(self, moment: datetime) -> bool:
        """Whether the desk works at this moment."""
        at = _ticks(moment)
        starts, ends, _ = _table(self, _year(at), _year(at))
        place = int(np.searchsorted(starts, at, side="right")) - 1
        return place >= 0 and at < int(ends[place])


ALWAYS = Hours(days=(((0, 24 * 60),),) * 7)
"""Round the clock: business minutes are minutes of the clock on the wall."""


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The setting of business hours as text, with what holds where nobody set it."""
    return {"business_hours": Hours.from_settings(settings).to_text()}


def duration(minutes: float, *, days: bool = True) -> str:
    """A duration to read: "12 min", "2 h 10 min", "30 h", "3 days"; without ``days`` hours are the greatest unit."""
    whole = max(1, round(minutes))
    if whole < 60:
        return f"{whole} min"
    if days and whole >= 48 * 60:
        return f"{round(whole / 1440)} days"
    if whole >= 10 * 60:
        return f"{round(whole / 60)} h"
    hours, rest = divmod(whole, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


# --- opening times on the time line ------------------------------------------------------------------------------

_Table = tuple[Ids, Ids, Ids]
"""Starts and ends of opening times in microseconds since 1970, ascending and apart, and the open time before each."""


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _year(ticks: int) -> int:
    edge = min(max(ticks, -(10**17)), 10**17)
    return min(max((_EPOCH + timedelta(microseconds=edge)).year, FIRST_YEAR), LAST_YEAR)


def _open_until(table: _Table, moments: Ids) -> Ids:
    """Open microseconds from the table's beginning to each moment."""
    starts, ends, before = table
    if not len(starts):
        return np.zeros(len(moments), np.int64)
    at = np.maximum(np.searchsorted(starts, moments, side="right") - 1, 0)
    return np.asarray(before[at] + np.clip(moments - starts[at], 0, ends[at] - starts[at]), np.int64)


@lru_cache(maxsize=64)
def _table(hours: Hours, first: int, last: int) -> _Table:
    """All opening times of some years, with a year more on either side."""
    years = [_year_table(hours, year) for year in range(max(first - 1, FIRST_YEAR), min(last + 1, LAST_YEAR) + 1)]
    starts, ends = (np.concatenate([year[side] for year in years]) for side in (0, 1))
    open_time = np.cumsum(ends - starts)
    return starts, ends, open_time - (ends - starts)


@lru_cache(maxsize=512)
def _year_table(hours: Hours, year: int) -> tuple[Ids, Ids]:
    """The opening times of one year; where a clock put forward makes two overlap, the later one begins later."""
    zone = _zone(hours.time_zone)
    starts, ends, until = [], [], -(2**62)
    day, first = date(year, 1, 1) - timedelta(days=2), date(year, 1, 1)
    while day.year <= year:
        for opens, closes in hours.days[day.weekday()]:
            if {name := day.isoformat(), name[5:]} & hours.holidays:
                break
            start, end = max(_at(day, opens, zone), until), _at(day, closes, zone)
            until = max(until, end)
            if day >= first and end > start:
                starts.append(start)
                ends.append(end)
        day += timedelta(days=1)
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _at(day: date, minutes: int, zone: tzinfo) -> int:
    days, rest = divmod(minutes, 24 * 60)
    later = day + timedelta(days=days)
    return _ticks(datetime(later.year, later.month, later.day, rest // 60, rest % 60, tzinfo=zone))


def _zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        said = f"business_hours: no time zone {name[:60]!r} is known: give one such as Europe/London."
        raise BadSetting(said) from error


# --- the setting -------------------------------------------------------------------------------------------------


def _read(text: str) -> Hours:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"business_hours cannot be read: give JSON such as {_EXAMPLE}.") from error
    if not isinstance(given, dict) or not isinstance(given.get("days"), dict) or given.keys() - _FIELDS:
        raise BadSetting(f"business_hours must name days, and may name time_zone and holidays: {_EXAMPLE}.")
    zone, holidays, days = given.get("time_zone", "UTC"), given.get("holidays", []), given["days"]
    if not isinstance(zone, str) or not zone.strip():
        raise BadSetting("business_hours: time_zone must be a name such as Europe/London.")
    _zone(zone.strip())
    if unknown := [name for name in days if name not in DAYS]:
        raise BadSetting(f"business_hours: there is no day {unknown[0][:20]!r}; the days are {', '.join(DAYS)}.")
    if not isinstance(holidays, list):
        raise BadSetting('business_hours: holidays must be a list such as ["12-25", "2026-04-03"].')
    ranges = tuple(_ranges(name, days.get(name, "")) for name in DAYS)
    if not any(ranges):
        raise BadSetting('business_hours: the desk must be open at some time: give a day such as "mon": "08:00-18:00".')
    return Hours(ranges, frozenset(map(_holiday, holidays)), zone.strip())


def _ranges(name: str, text: Any) -> Ranges:
    found: list[tuple[int, int]] = []
    said = f"business_hours: {name} is {str(text)[:60]!r}:"
    for part in str(text or "").split(",") if text else ():
        match = _RANGE.fullmatch(part)
        if match is None:
            raise BadSetting(f"{said} give times such as 08:00-12:00, 13:00-17:00.")
        hour, minute, to_hour, to_minute = map(int, match.groups())
        opens, closes = hour * 60 + minute, to_hour * 60 + to_minute
        if max(minute, to_minute) > 59 or not opens < closes <= 24 * 60 or (found and opens < found[-1][1]):
            raise BadSetting(f"{said} each time must end after it begins, by 24:00, and before the next.")
        found.append((opens, closes))
    return tuple(found)


def _range_text(span: tuple[int, int]) -> str:
    return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in span)


def _holiday(given: Any) -> str:
    text = str(given).strip()
    try:
        date.fromisoformat(("2024-" + text)[-10:] if _DAY.fullmatch(text) else "")
    except ValueError as error:
        said = f"business_hours: holiday {text[:40]!r} is no day: give 2026-04-03, or 12-25 for every year."
        raise BadSetting(said) from error
    return text
