"""Figures in words: ages, durations, shares, how likely something helps; the same on every screen."""

from __future__ import annotations

from datetime import UTC, datetime

from kb.records import Hit, Ticket

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TARGETS = {"category": "Category", "subcategory": "Subcategory", "assignment_group": "Group", "line": "Line",
           "impact": "Impact", "urgency": "Urgency"}  # fmt: skip
LEVELS = {"1": "1\u00a0·\u00a0high", "2": "2\u00a0·\u00a0medium", "3": "3\u00a0·\u00a0low"}
LINES = {"1": "First line", "2": "Second line"}


def now() -> datetime:
    """The present moment, aware and UTC; the screens' only clock."""
    return datetime.now(UTC)


def day(when: datetime | None) -> str:
    """A date such as "12 Mar 2026"; "" where there is none."""
    return "" if when is None else f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def moment(when: datetime | None) -> str:
    """Date and time in UTC; "" where there is none."""
    return "" if when is None else f"{day(when)}, {when:%H:%M} UTC"


def ago(when: datetime | None, *, to: datetime) -> str:
    """How long before ``to`` that was, roughly: "today", "3 days ago", "2 years ago"; "" where there is no date."""
    if when is None:
        return ""
    days = (to.date() - when.date()).days
    if days < 0:
        return day(when)
    if days < 2:
        return ("today", "yesterday")[days]
    for size, name, most in ((1, "day", 14), (7, "week", 61), (30.44, "month", 730), (365.25, "year", 10**9)):
        if days < most:
            return f"{count(round(days / size), name)} ago"
    return day(when)


def took(minutes: float | None) -> str:
    """A duration: "25 min", "3 h", "2 days"; "" where it is not known."""
    if minutes is None:
        return ""
    if minutes < 90:
        return f"{max(1, round(minutes))} min"
    if minutes < 36 * 60:
        return f"{round(minutes / 60)} h"
    return count(round(minutes / 1440), "day")


def worked(hours: float) -> str:
    """Hours of work: "45 min", "3.5 h", "1,250 h"."""
    if hours < 1:
        return f"{round(60 * hours)} min"
    return f"{hours:.1f} h" if hours < 10 else f"{hours:,.0f} h"


def money(amount: float, currency: str) -> str:
    """An amount with its currency: "1,250 EUR"."""
    return f"{amount:,.0f}\u00a0{currency}".strip()


def roughly(value: float) -> str:
    """A count that is an average: "0.4", "3", "1,250"."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 ticket", "2,431 tickets"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(value: float) -> str:
    """A probability as whole percent; never "100 %" or "0 %" where that is not quite so."""
    if 0.995 <= value < 1:
        return ">\u00a099\u00a0%"
    if 0 < value < 0.005:
        return "<\u00a01\u00a0%"
    return f"{round(100 * value)}\u00a0%"


LIKELY = 0.25
"""Relevance from which a hit is worth a card of its own."""
SAME, CLOSE = 0.75, 0.5
"""Scores from which a past ticket says nearly the same as the question, or is close to it in meaning."""


def likely(hit: Hit) -> bool:
    """Whether this hit is more than something alike."""
    return hit.exact or hit.relevance >= LIKELY or (isinstance(hit.record, Ticket) and hit.score >= SAME)


def distant(hit: Hit) -> bool:
    """Whether this is a past ticket that only touches the question."""
    return isinstance(hit.record, Ticket) and not hit.exact and hit.score < CLOSE


def helps(hit: Hit) -> tuple[str, str]:
    """What this hit is to the question, in words, and how loudly to draw it: good, mid or "".

    Of an article: how likely it helps. Of a past ticket: how alike it is, because the chance that it was answered in
    the same way is low even among tickets that say the same.
    """
    if hit.exact:
        return "Names it exactly", "good"
    if isinstance(hit.record, Ticket):
        return _alike(hit.score)
    if hit.relevance >= 0.75:
        return "Very likely helps", "good"
    if hit.relevance >= 0.5:
        return "Likely helps", "mid"
    if hit.relevance >= LIKELY:
        return "May help", "mid"
    return "Only resembles it", ""


def _alike(score: float) -> tuple[str, str]:
    if score >= SAME:
        return "Says nearly the same", "good"
    if score >= CLOSE:
        return "Close in meaning", "mid"
    return "A little alike", ""


def chance(hit: Hit) -> str:
    """What the relevance of this hit means, in words."""
    return f"{share(hit.relevance)} chance it helps"


def target(name: str) -> str:
    """What a triage target is called on screen."""
    return TARGETS.get(name, name.replace("_", " ").strip().capitalize())


def value(target_name: str, given: str) -> str:
    """A target's value as a person says it."""
    if target_name in ("impact", "urgency"):
        return LEVELS.get(given, given)
    if target_name == "line":
        return LINES.get(given, given)
    return given
