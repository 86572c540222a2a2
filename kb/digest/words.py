"""Figures in words: values with their units, changes, and the paragraph that tells a period from its figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.digest.parts import Cell, Kind
from kb.measures import FEW, Figure, Period

THIN, HARD = "\u202f", "\u00a0"
MINUS = "\u2212"
NOT_KNOWN = "not known"
_TENTH, _HUNDRED = 0.1, 100


def told(value: Cell, kind: Kind, currency: str = "") -> str:
    """A value to read: "1,234", "67 %", "25.4 h", "45 min", "4.0 days", "0.39", "1,234 EUR"; "–" where not known."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "share":
        return f"{_percent(value)}{THIN}%"
    if kind == "hours":
        return _hours(value)
    if kind == "days":
        return f"{value:,.0f}{HARD}days" if value >= _HUNDRED else f"{value:.1f}{HARD}days"
    if kind == "times":
        return f"{value:.2f}"
    if kind == "money":
        return f"{value:,.0f}{HARD}{currency}".strip()
    return f"{value:,.0f}"


def change(one: Figure) -> str:
    """How far it moved: points of a share, percent of anything else, "none", or "–" where one of both is not known."""
    if one.value is None or one.before is None:
        return "–"
    if one.unit == "share":
        points = round(100 * (one.value - one.before), 1)
        return f"{_signed(points, 1)} points" if points else "none"
    if one.value == one.before:
        return "none"
    if not one.before:
        return _signed(one.value, 0 if one.unit == "tickets" else 1)
    percent = 100 * (one.value / one.before - 1)
    return f"{_signed(percent, 0 if abs(percent) >= 1 else 1)}{THIN}%"


def value_of(one: Figure, currency: str = "") -> str:
    """The value of a figure to read, or that it is not known."""
    return NOT_KNOWN if one.value is None else told(one.value, one.unit, currency)


def based_on(one: Figure) -> str:
    """Over how many it was counted; says so where they are few."""
    if one.value is None:
        return ""
    return f"{one.n:,}{' (few)' if one.n < FEW else ''}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 ticket", "2,431 tickets"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def summary(figures: Sequence[Figure], period: Period, before: Period, *, costliest: tuple[str, int] | None = None,
            extra: Sequence[str] = ()) -> str:  # fmt: skip
    """One paragraph of plain words; nothing in it that is not a figure."""
    by = {one.key: one for one in figures}
    said = [*_volume(by, period, before), *_speed(by), *_turns(figures, before)]
    if costliest is not None:
        name, times = costliest
        said.append(f"What came back most often was “{name}”, with {count(times, 'ticket')}.")
    unknown = [one.name for one in figures if one.value is None]
    if unknown:
        said.append(f"{count(len(unknown), 'figure')} of {len(figures)} {'is' if len(unknown) == 1 else 'are'} "
                    "not known; the reason stands beside each.")  # fmt: skip
    return " ".join([*said[:-1], *extra, *said[-1:]]) if unknown else " ".join([*said, *extra])


def _volume(by: Mapping[str, Figure], period: Period, before: Period) -> list[str]:
    opened, resolved, backlog = by["opened"], by["resolved"], by["backlog"]
    said = []
    begins = f"In {period.told}"
    if opened.value is not None:
        more = _more(opened, before.told)
        said.append(f"{begins}, {count(int(opened.value), 'ticket')} {_was(opened.value)} opened{more}.")
        begins = ""
    if resolved.value is not None:
        who = f"{int(resolved.value):,}" if not begins else f"{begins}, {count(int(resolved.value), 'ticket')}"
        said.append(f"{who} {_was(resolved.value)} resolved{_more(resolved)}.")
    if backlog.value is not None:
        age = by["age"]
        half = "" if age.value is None else f", half of them for {told(age.value, 'days')} or longer"
        at = "when it ended" if period.until is None else "then"
        said.append(f"{int(backlog.value):,} {_was(backlog.value)} open {at}{_more(backlog)}{half}.")
    return said


def _was(value: float) -> str:
    return "was" if value == 1 else "were"


def _more(one: Figure, than: str = "") -> str:
    if one.value is None or one.before is None:
        return ""
    by, named = int(one.value - one.before), f" in {than}" if than else ""
    if not by:
        return f", as many as{named or ' before'}"
    earlier = f"the {int(one.before):,}{named}" if than else "before"
    return f", {abs(by):,} {'more' if by > 0 else 'fewer'} than {earlier}"


def _speed(by: Mapping[str, Figure]) -> list[str]:
    took, business, sla = by["mttr"], by["mttr_business"], by["sla"]
    said = []
    if took.value is not None:
        open_hours = "" if business.value is None else f"; in business hours, {told(business.value, 'hours')}"
        then = "" if took.before is None else f" ({told(took.before, 'hours')} before)"
        said.append(f"Half of those resolved took {told(took.value, 'hours')} or less{then}{open_hours}.")
    if sla.value is not None:
        then = "" if sla.before is None else f", {told(sla.before, 'share')} before"
        turned = f", clearly {sla.turned}" if sla.turned else ""
        said.append(f"{told(sla.value, 'share')} met their target{then}{turned}.")
    return said


def _turns(figures: Sequence[Figure], before: Period) -> list[str]:
    """What changed by more than chance explains."""
    told_already = ("opened", "resolved", "backlog", "handling", "cost", "sla", "mttr_business_mean")
    said = []
    sla_turned = next((one.turned for one in figures if one.key == "sla"), "")
    for turned in ("better", "worse"):
        names = [f"{_lower(one.name)} ({told(one.value, one.unit)}, {told(one.before, one.unit)} before)"
                 for one in figures if one.turned == turned and one.key not in told_already]  # fmt: skip
        if names:
            also = "Also clearly" if sla_turned == turned else "Clearly"
            said.append(f"{also} {turned} than in {before.told}: {_listed(names)}.")
    if not any(one.turned for one in figures) and any(one.clear is not None for one in figures):
        said.append("No figure became better or worse by more than chance explains.")
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _percent(value: float) -> str:
    percent = 100 * value
    if 0 < percent < 1 or 99 < percent < _HUNDRED:
        return f"{percent:.1f}" if _TENTH <= percent <= _HUNDRED - _TENTH else ("<0.1" if percent < 1 else ">99.9")
    return f"{percent:.0f}"


def _hours(value: float) -> str:
    if 0 < value < 1:
        return f"{max(1, round(60 * value))}{HARD}min"
    return f"{value:,.0f}{HARD}h" if value >= _HUNDRED else f"{value:.1f}{HARD}h"


def _signed(value: float, places: int) -> str:
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value):,.{places}f}"
