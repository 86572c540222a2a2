"""How patterns look in a terminal and as JSON: ranked side by side, and one with everything known of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb import plain
from kb.errors import BadSetting
from kb.profiles import Profile, Rate, sentence
from kb.standings import GROWTH_SAID, ORDERS, PAIN_SAID, Order, Standings
from pipelines import show

_EXAMPLES = 3


def order(text: str) -> Order:
    """The order of that name. Raises ``BadSetting``."""
    for one in ORDERS:
        if one == text:
            return one
    raise BadSetting(f"Patterns are ranked by {', '.join(ORDERS)}, not by {text[:40]!r}.")


def standing(found: Standings, at: int) -> dict[str, Any]:
    """One pattern among all, as plain values."""
    one = found.rows[at]
    return {
        **plain.pattern(one.pattern), "dismissed": one.pattern.dismissed, "hours": round(one.hours, 2),
        "cost": one.cost, "currency": found.assumed.currency, "pain": one.pain, "last_4_weeks": one.lately,
        "expected": None if one.expected is None else round(one.expected, 2), "surprise": round(one.surprise, 2),
        "moves": one.moves, "reopened": one.reopened, "bounced": one.bounced, "urgent": one.urgent,
        "answered": round(one.answered, 4), "services": list(one.services), "groups": list(one.groups),
    }  # fmt: skip


def show_standings(found: Standings, *, by: Order, most: int) -> None:
    """The patterns in that order; those dismissed are left out."""
    rows = []
    for at in found.ranked(by):
        one = found.rows[at]
        if not one.pattern.dismissed:
            cost = "" if one.cost is None else f"{one.cost:,.0f}"
            expected = "" if one.expected is None else f"{one.expected:.1f}"
            rows.append((one.pattern.id, one.pattern.size, f"{one.hours:,.1f}", cost, one.lately, expected, one.pain,
                         "" if one.has_article else "no article", one.pattern.name))  # fmt: skip
    heads = ("id", "tickets", "hours", f"cost {found.assumed.currency}".strip(), "4 weeks", "expected", "pain", "",
             "name")  # fmt: skip
    show.table(f"{len(rows):,} patterns by {by}", heads, rows[:most], right=(1, 2, 3, 4, 5, 6))
    show.line({"cost": found.assumed.handling, "growth": GROWTH_SAID, "pain": PAIN_SAID}[by], style="dim")


def profile(found: Profile) -> dict[str, Any]:
    """One pattern with everything known of it, as plain values; callers are a count."""
    its = found.figures
    weeks = its.weeks
    trend = [
        {"week": weeks.start(at).date().isoformat(), "tickets": int(weeks.counts[0, at]),
         "expected": _number(weeks.expected[0, at]), "low": _number(weeks.low[0, at]),
         "high": _number(weeks.high[0, at])}
        for at in range(weeks.counts.shape[1])
    ]  # fmt: skip
    return {
        **plain.pattern(found.pattern), "evidence": [list(pair) for pair in found.pattern.evidence],
        "dismissed": found.pattern.dismissed, "sentence": sentence(its), "hours": round(its.hours, 2),
        "cost": its.cost, "currency": its.assumed.currency, "assumption": its.assumed.handling,
        "callers": its.callers, "vip_tickets": its.vips, "open": its.still_open,
        "reopened": _rate(its.reopened), "bounced": _rate(its.bounced), "business_minutes": asdict(its.took),
        "priorities": {str(at): n for at, n in its.priorities},
        "facets": {name: dict(values) for name, values in its.facets.items()}, "weeks": trend,
        "fixes": [plain.fix(one) for one in found.fixes],
        "articles": [{**plain.ref(article.ref), "title": article.title, "tickets": n} for article, n in found.articles],
        "with_article": found.answered, "examples": [plain.ref(one.ref) for one in found.examples],
        "odd": [{**plain.ref(one.ref), "score": round(score, 4)} for one, score in found.odd],
        "variants": [{"tickets": one.size, "example": plain.ref(ticket.ref)} for one, ticket in found.variants],
        "alike": [{"id": other.id, "name": other.name, "score": round(score, 4)} for other, score in found.alike],
    }  # fmt: skip


def show_profile(found: Profile) -> None:
    """One pattern on the terminal."""
    one, its = found.pattern, found.figures
    show.line(f"{one.id}: {one.name}", style="bold")
    show.line(sentence(its))
    expected = _number(its.weeks.lately_expected[0])
    cost = "" if its.cost is None else f", {its.cost:,.0f} {its.assumed.currency}"
    facts: dict[str, object] = {
        "seen": f"{show.day(one.first_seen)} to {show.day(one.last_seen)}" if one.first_seen else "no dates",
        "last 4 weeks": f"{int(its.weeks.lately[0])}" + ("" if expected is None else f", expected {expected:g}"),
        "work": f"{its.hours:,.1f} hours{cost} ({its.assumed.handling})",
        "callers": "not given" if its.callers is None else f"{its.callers:,}",
        "reopened": _said(its.reopened), "changed groups": _said(its.bounced),
    }  # fmt: skip
    if its.took.median is not None and its.took.p90 is not None:
        facts["to resolve"] = f"{its.took.median:,.0f} business minutes (median), 9 of 10 in {its.took.p90:,.0f}"
    for name, values in its.facets.items():
        if values:
            facts[name] = ", ".join(f"{value} {n:,}" for value, n in values[:4])
    show.show_facts("", facts)
    for fix in found.fixes[:_EXAMPLES]:
        show.line(f"  fixed {len(fix.cited)} of {fix.of}: {fix.text}")
    for article, n in found.articles[:_EXAMPLES]:
        show.line(f"  article {article.number} on {n}: {article.title}")
    if not found.articles:
        show.line("  no article yet")
    for ticket in found.examples[:_EXAMPLES]:
        show.line(f"  like {ticket.number}: {ticket.title}", style="dim")


def _rate(rate: Rate) -> dict[str, Any]:
    return {"count": rate.count, "of": rate.of, "share": rate.share, "desk": rate.desk_share}


def _said(rate: Rate) -> str:
    if rate.share is None:
        return "no ticket says"
    return f"{rate.share:.0%} ({rate.count:,} of {rate.of:,}), desk {rate.desk_share:.0%}"


def _number(value: float) -> float | None:
    return None if value != value else round(float(value), 2)
