"""Periods of a report: calendar months, weeks, quarters and years in the desk's time zone, or any days from and to."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from kb.calendars import FIRST_YEAR, LAST_YEAR
from kb.errors import BadSetting

Unit = Literal["month", "week", "quarter", "year", "days"]
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
_EXAMPLES = "a month such as 2026-10, a week 2026-W42, a quarter 2026-Q4, a year 2026, or days 2026-10-01..2026-10-15"
_DAY = r"(\d{4})-(\d\d)-(\d\d)"
_FORMS = {
    "month": re.compile(r"(\d{4})-(\d\d)"), "week": re.compile(r"(\d{4})-W(\d\d)", re.IGNORECASE),
    "quarter": re.compile(r"(\d{4})-Q([1-4])", re.IGNORECASE), "year": re.compile(r"(\d{4})"),
    "days": re.compile(rf"{_DAY}(?:\.\.|/){_DAY}"),
}  # fmt: skip
_LENGTH = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to before ``beyond`` in the desk's time zone, cut at ``until`` where not over yet."""

    unit: Unit
    first: date
    beyond: date
    zone: tzinfo = UTC
    until: datetime | None = None
    """Where only a part of it is counted: up to when."""

    @property
    def start(self) -> datetime:
        """When it begins."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=self.zone)

    @property
    def end(self) -> datetime:
        """When it ends; not in it any more."""
        return self.until or datetime(self.beyond.year, self.beyond.month, self.beyond.day, tzinfo=self.zone)

    @property
    def seconds(self) -> tuple[int, int]:
        """Start and end in seconds since 1970."""
        return int(self.start.timestamp()), int(self.end.timestamp())

    @property
    def key(self) -> str:
        """As :func:`read` takes it: "2026-10", "2026-W42", "2026-Q4", "2026", "2026-10-01..2026-10-15"."""
        if self.unit == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        month = f"{self.first:%Y-%m}"
        quarter = f"{self.first.year}-Q{(self.first.month + 2) // 3}"
        span = f"{self.first}..{self.beyond - timedelta(days=1)}"
        return {"month": month, "quarter": quarter, "year": str(self.first.year), "days": span}[self.unit]

    @property
    def name(self) -> str:
        """To read: "October 2026", "the week from 12 October 2026", "the days from 1 October to 15 October 2026"."""
        year = self.first.year
        if self.unit == "month":
            return f"{MONTHS[self.first.month - 1]} {year}"
        if self.unit == "week":
            return f"the week from {_day(self.first)}"
        if self.unit == "quarter":
            return f"quarter {(self.first.month + 2) // 3} of {year}"
        if self.unit == "year":
            return str(year)
        last = self.beyond - timedelta(days=1)
        begins = _day(self.first).removesuffix(f" {year}" if last.year == year else "")
        return f"the days from {begins} to {_day(last)}"

    @property
    def told(self) -> str:
        """The name, and up to when it is counted where it is not over."""
        return self.name if self.until is None else f"{self.name}, up to {_day(self.until.date())}"

    @property
    def short(self) -> str:
        """For the axis of a chart: "Oct", with the year in January."""
        if self.unit == "month":
            return MONTHS[self.first.month - 1][:3] + (f" {self.first:%y}" if self.first.month == 1 else "")
        return {"week": self.key[5:], "quarter": self.key[5:]}.get(self.unit, self.key[:10])

    def back(self, count: int = 1) -> Period:
        """The period of the same kind so many before; cut at the same age where this one is not over yet."""
        if self.unit in _LENGTH:
            step = _LENGTH[self.unit]
            first = _months(self.first, -step * count)
            earlier = Period(self.unit, first, _months(first, step), self.zone)
        else:
            days = self.beyond - self.first
            earlier = Period(self.unit, self.first - days * count, self.beyond - days * count, self.zone)
        if self.until is None:
            return earlier
        cut = earlier.start + (self.until - self.start)
        return replace(earlier, until=cut) if cut < earlier.end else earlier

    def whole(self) -> Period:
        """The same without the cut."""
        return replace(self, until=None)

    def as_of(self, now: datetime) -> Period:
        """The same, cut at ``now`` where it is not over yet."""
        return replace(self, until=now.astimezone(self.zone)) if self.start < now < self.whole().end else self.whole()


def read(text: str, zone: tzinfo = UTC) -> Period:
    """A period as people write it, see :attr:`Period.key`. Raises ``BadSetting``."""
    said = text.strip()
    for unit, form in _FORMS.items():
        match = form.fullmatch(said)
        if match is None:
            continue
        try:
            made = _made(unit, [int(part) for part in match.groups()], zone)
        except ValueError:
            break
        if made.first < made.beyond and FIRST_YEAR < made.first.year < LAST_YEAR and made.beyond.year <= LAST_YEAR:
            return made
        break
    raise BadSetting(f"{said[:40]!r} is no period: give {_EXAMPLES}.")


def month_of(moment: datetime, zone: tzinfo = UTC) -> Period:
    """The calendar month in which this moment lies."""
    first = moment.astimezone(zone).date().replace(day=1)
    return Period("month", first, _months(first, 1), zone)


def _made(unit: str, parts: list[int], zone: tzinfo) -> Period:
    if unit == "days":
        first, last = date(*parts[:3]), date(*parts[3:])
        whole = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
        if whole and (first.year, first.month) == (last.year, last.month):
            return Period("month", first, last + timedelta(days=1), zone)
        return Period("days", first, last + timedelta(days=1), zone)
    if unit == "week":
        first = date.fromisocalendar(parts[0], parts[1], 1)
        return Period("week", first, first + timedelta(days=7), zone)
    if unit == "month":
        first = date(parts[0], parts[1], 1)
        return Period("month", first, _months(first, 1), zone)
    if unit == "quarter":
        first = date(parts[0], 3 * parts[1] - 2, 1)
        return Period("quarter", first, _months(first, 3), zone)
    return Period("year", date(parts[0], 1, 1), date(parts[0] + 1, 1, 1), zone)


def _months(day: date, count: int) -> date:
    at = day.year * 12 + day.month - 1 + count
    return date(at // 12, at % 12 + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
