"""Times as exports write them: which order of day and month a file uses, and one reader for it.

An order is proven by a value that can only be read one way (29/2/2016). Where nothing proves it, it is asked for: a
guess would move tickets by months without anybody noticing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal

from kb.tables.settings import DateOrder

Shape = Literal["iso", "numbers", "named", "serial", "epoch", ""]
Proof = Literal["day", "month", "either", "mixed", ""]

_TIME = (
    r"(?:(?:T|,? {1,3}|,? (?:um|at|à) )(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?(?: ?([ap])\.?m\.?)?)?"
    r"(?: ?(Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?))?"
)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME, re.IGNORECASE)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})" + r"(?:T?(\d{2})(\d{2})(\d{2})?)?()()" + "(Z)?", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d{1,2})[-/.] ?(\d{1,2})[-/.] ?(\d{4}|\d{2})" + _TIME, re.IGNORECASE)
_NAMED = re.compile(
    r"(?:[^\W\d_]{2,10},? )?(\d{1,2})\.?[-/ ]([^\W\d_]{3,10})\.?,?[-/ ](\d{4}|\d{2})" + _TIME, re.IGNORECASE
)
_NAMED_US = re.compile(
    r"(?:[^\W\d_]{2,10},? )?([^\W\d_]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})" + _TIME, re.IGNORECASE
)
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d{1,15})?")
_EPOCH = re.compile(r"(?:1\d{9}|[1-2]\d{12})(?:\.0{1,3})?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv",
            "feb fév fev",
            "mar mär mrz mars",
            "apr avr",
            "may mai maj",
            "jun juin",
            "jul juil",
            "aug août aou",
            "sep",
            "oct okt",
            "nov",
            "dec dez déc",
        ),
        start=1,
    )
    for name in names.split()
}
_EXCEL_START = datetime(1899, 12, 30, tzinfo=UTC)


def shape_of(value: str) -> Shape:
    """How a value is written; "" where it is no time at all."""
    value = value.strip()[:60]
    if _ISO.fullmatch(value) or _COMPACT.fullmatch(value):
        return "iso"
    if _NUMBERS.fullmatch(value):
        return "numbers"
    if _SERIAL.fullmatch(value):
        return "serial"
    if _EPOCH.fullmatch(value):
        return "epoch"
    if (_NAMED.fullmatch(value) or _NAMED_US.fullmatch(value)) and _month(value):
        return "named"
    return ""


def _month(value: str) -> int:
    for word in re.findall(r"[^\W\d_]{3,10}", value.casefold()):
        for length in (5, 4, 3):
            if word[:length] in _MONTHS:
                return _MONTHS[word[:length]]
    return 0


def proof_of(values: Iterable[str]) -> Proof:
    """What values prove: "day" or "month" first, "mixed" both, "either" neither, "" when there are no such dates."""
    day = month = seen = 0
    for value in values:
        match = _NUMBERS.fullmatch(value.strip()[:60])
        if match is None:
            continue
        first, second = int(match[1]), int(match[2])
        seen += 1
        day += first > 12 >= second
        month += second > 12 >= first
    if day and month:
        return "mixed"
    if day or month:
        return "day" if day else "month"
    return "either" if seen else ""


def parse(value: str, order: DateOrder | None, zone: tzinfo) -> datetime:
    """Read one time as aware UTC. Raises :class:`ValueError` with a reason fit for the report."""
    value = value.strip()
    if len(value) > 60:
        raise ValueError("is too long to be a time")
    match = _ISO.fullmatch(value) or _COMPACT.fullmatch(value)
    if match is not None:
        return _made((int(match[1]), int(match[2]), int(match[3])), match, zone)
    match = _NUMBERS.fullmatch(value)
    if match is not None:
        if order is None:
            raise ValueError("could be day or month first; say which with --dates day or --dates month")
        day, month = (int(match[1]), int(match[2])) if order == "day" else (int(match[2]), int(match[1]))
        if month > 12 >= day:
            raise ValueError(f"does not fit: dates here are read {order} first")
        return _made((_year(match[3]), month, day), match, zone)
    if _SERIAL.fullmatch(value):
        local = _EXCEL_START + timedelta(days=float(value.replace(",", ".")))
        return local.replace(microsecond=0, tzinfo=zone).astimezone(UTC)
    if _EPOCH.fullmatch(value):
        digits = value.partition(".")[0]
        return datetime.fromtimestamp(int(digits) / (1000 if len(digits) == 13 else 1), tz=UTC)
    return _named(value, zone)


def _named(value: str, zone: tzinfo) -> datetime:
    month = _month(value)
    match = _NAMED.fullmatch(value)
    if match is not None and month:
        return _made((_year(match[3]), month, int(match[1])), match, zone)
    match = _NAMED_US.fullmatch(value)
    if match is not None and month:
        return _made((int(match[3]), month, int(match[2])), match, zone)
    raise ValueError("is not a time we can read")


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _made(when: tuple[int, int, int], match: re.Match[str], zone: tzinfo) -> datetime:
    hour, minute, second = int(match[4] or 0), int(match[5] or 0), int(match[6] or 0)
    if (match[8] or "").lower() == "p" and hour < 12:
        hour += 12
    elif (match[8] or "").lower() == "a" and hour == 12:
        hour = 0
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        return datetime(*when, hour, minute, second, micro, tzinfo=_zone(match[9], zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is not a day or time that exists") from error


def _zone(said: str | None, zone: tzinfo) -> tzinfo:
    if not said:
        return zone
    if said.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = said[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if said[0] == "-" else minutes))


def has_zone(value: str) -> bool:
    """Whether a time says which zone it is in."""
    return re.search(r"(?:Z|UTC|GMT|:\d{2} ?[+-]\d{2}:?(?:\d{2})?)$", value.strip()[:60], re.IGNORECASE) is not None
