"""The list of patterns: each with what it costs or hurts, its last half year and whether it grows."""

from __future__ import annotations

from kb.screens.paper import Node, bars, div, el, link, span
from kb.screens.wording import ago, count, day, money, now, roughly, worked
from kb.standings import Order, Standing, Standings
from kb.trends import LATELY

SPARK_WEEKS = 26


def row(found: Standings, at: int, by: Order) -> dict[str, object]:
    """One pattern: the figure it is ranked by, name and facts, its weeks, and the last four against the expected."""
    one = found.rows[at]
    pattern = one.pattern
    facts = [
        count(pattern.size, "ticket") if by != "cost" else "",
        f"last {ago(pattern.last_seen, to=now())}" if pattern.last_seen else "no dates",
        one.services[0] if one.services else "",
        one.groups[0] if one.groups else "",
    ]
    chip = None if one.has_article else span("chip", "no article")
    evidence = ", ".join(f"{phrase} ({n})" for phrase, n in pattern.evidence[:8])
    return div(
        "rank p-row",
        _figure(one, by, found.assumed.currency),
        div("", el("h3", "", link(span("", pattern.name, title=evidence), "patterns", pattern=pattern.id)),
            div("facts", *(span("", text) for text in facts if text), chip)),
        bars(_spark(found, at), label=f"Tickets a week of {pattern.name}"),
        _move(one),
        card=pattern.id,
    )  # fmt: skip


def _figure(one: Standing, by: Order, currency: str) -> Node:
    if by == "pain":
        return div("size", f"{one.pain:,}", el("small", "", "points"))
    if by == "growth":
        return div("size", f"{one.lately:,}", el("small", "", f"in {LATELY} weeks"))
    spent = worked(one.hours) if one.cost is None else money(one.cost, currency)
    return div("size", spent, el("small", "", count(one.pattern.size, "ticket")))


def _spark(found: Standings, at: int) -> list[tuple[str, int]]:
    counts = found.weeks.counts[at]
    first = max(0, len(counts) - SPARK_WEEKS)
    return [(f"{day(found.weeks.start(week))}: {count(int(counts[week]), 'ticket')}", int(counts[week]))
            for week in range(first, len(counts))]  # fmt: skip


def _move(one: Standing) -> dict[str, object]:
    if one.expected is None:
        return div("move", el("strong", "quiet", f"{one.lately:,}"), f"in {LATELY} weeks")
    if not one.lately and one.expected < 1:
        return div("move", el("strong", "", "quiet"), "none lately")
    sign = {"growing": "↑ ", "falling": "↓ ", "steady": ""}[one.moves]
    look = "move up" if one.moves == "growing" else "move"
    return div(look, el("strong", "", f"{sign}{one.lately:,}"), f"expected {roughly(one.expected)}")
