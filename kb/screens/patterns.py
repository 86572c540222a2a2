"""What keeps coming back? The list of patterns, and one pattern with its trend, its fixes and its tickets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.patterns import UNDATED, Patterns, growth, rank
from kb.records import Pattern, Ticket, Viewer
from kb.screens import hits
from kb.screens.chrome import address, empty, head, notes, remembered
from kb.screens.paper import (
    Node,
    Told,
    bars,
    copier,
    div,
    el,
    field,
    fold,
    form,
    link,
    meter,
    prose,
    sheet,
    span,
    submit,
)
from kb.screens.wording import ago, count, day, now, share, took

WEEK = 7 * 86_400
RECENT_DAYS = 28
SHOWN = 40
SPARK_WEEKS = 26
TREND_WEEKS = 104
READ = 400
"""Newest tickets of a pattern whose resolutions and fields are read; enough for shares, and quick."""


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the list, or the pattern the address names."""
    where = address()
    made = desk.patterns_now()
    if made is None:
        none = empty("No patterns are built yet.", "Find what keeps coming back: `seenbefore patterns`")
        sheet("patterns", head("What keeps coming back?"), none)
        return
    if where.get("pattern"):
        _one(desk, viewer, made, where["pattern"])
        return
    found = known(desk, viewer)
    _list(desk, made, found, by=where.get("by", ""), most=_number(where.get("show", "")))


def known(desk: Desk, viewer: Viewer) -> list[Pattern]:
    """All patterns this viewer may see; counted anew only when a ticket changed or somebody said something of one."""
    said = desk.store.settings().get("patterns", "")
    return remembered(desk, viewer, ("patterns", said), lambda: desk.patterns(viewer=viewer))


# --- the list -----------------------------------------------------------------------------------------------------


def _list(desk: Desk, made: Patterns, found: Sequence[Pattern], *, by: str, most: int) -> None:
    title, warned = "What keeps coming back?", notes(desk.warnings())
    if not found:
        none = empty("Nothing comes back yet.", "Too few tickets resemble each other, or you may see none of them.")
        sheet("patterns", head(title), warned, none)
        return
    end = latest(made)
    moved = growth(made, found, now=end, days=RECENT_DAYS)
    ordered = rank(found, moved, by="growth" if by == "growth" else "size")
    rows = [_row(one, moved[one.id], weekly(made, one, end, SPARK_WEEKS)) for one in ordered[:most]]
    sheet(
        "patterns",
        head(title, _lead(made, found)),
        warned,
        div("row gap", _switch(by), span("small soft push", _window(end))),
        div("ranks block-s", *rows),
        _more(len(ordered) - most, by=by, most=most),
    )


def _lead(made: Patterns, found: Sequence[Pattern]) -> str:
    inside = sum(one.size for one in found)
    return (
        f"{count(len(found), 'pattern')} hold {count(inside, 'ticket')}. "
        f"{share(made.noise_share)} of all tickets are in no pattern."
    )


def _switch(by: str) -> Node:
    growing = by == "growth"
    return div("switch", _tab("Biggest", "size", not growing), _tab("Growing", "growth", growing), role="group")


def _window(end: datetime) -> str:
    weeks = RECENT_DAYS // 7
    return f"{SPARK_WEEKS} weeks to {day(end)}; on the right the last {weeks} weeks against the {weeks} before."


def _more(rest: int, *, by: str, most: int) -> Node:
    if rest <= 0:
        return None
    return div("block-s", link(f"Show {min(rest, SHOWN)} more of {rest}", "patterns", by=by, show=str(most + SHOWN)))


def _tab(words: str, by: str, chosen: bool) -> dict[str, object]:
    return {**link(words, "patterns", by="" if by == "size" else by), "current": chosen}


def _row(one: Pattern, moved: tuple[int, int], weeks: Sequence[tuple[str, int]]) -> dict[str, object]:
    facts = [f"{day(one.first_seen)} – {day(one.last_seen)}" if one.first_seen else "", ", ".join(one.phrases[:3])]
    return div(
        "rank",
        div("size", f"{one.size:,}", el("small", "", "tickets")),
        div(
            "",
            el("h3", "", link(one.name, "patterns", pattern=one.id)),
            div("facts", *(span("", t) for t in facts if t)),
        ),
        bars(weeks, label=f"Tickets a week of {one.name}"),
        _move(moved),
        card=one.id,
    )


def _move(moved: tuple[int, int]) -> dict[str, object]:
    last, before = moved
    if not last and not before:
        return div("move", el("strong", "", "quiet"), "none lately")
    sign = "↑" if last > before else "↓" if last < before else "→"
    return div(f"move {'up' if last > before * 1.3 + 1 else ''}", el("strong", "", f"{sign} {last}"), f"after {before}")


# --- one pattern --------------------------------------------------------------------------------------------------


def _one(desk: Desk, viewer: Viewer, made: Patterns, pattern_id: str) -> None:
    back = div("over", link("← All patterns", "patterns"))
    one = next((pattern for pattern in known(desk, viewer) if pattern.id == pattern_id), None)
    if one is None:
        sheet("patterns", back, empty("Not here.", f"No pattern {pattern_id[:40]!r} here that you may see."))
        return
    tickets = remembered(desk, viewer, ("members", one.id), lambda: _members(desk, viewer, one))
    examples = cast("list[Ticket]", desk.records("ticket", one.examples, viewer=viewer))
    end = latest(made)
    span_weeks = _span(made, end)
    moved = growth(made, [one], now=end, days=RECENT_DAYS)[one.id]
    weeks = weekly(made, one, end, span_weeks)
    sheet(
        "patterns",
        back,
        _title(one),
        _figures(one, tickets, moved),
        el("section", "block", el("h2", "kicker", f"Tickets a week · at most {max((n for _, n in weeks), default=0)}"),
           bars(weeks, label="Tickets a week", look="bars tall", marks=[0, len(weeks) // 2, len(weeks) - 1])),
        div(
            "two block",
            div("", _fixes(tickets), _examples(examples)),
            div("", _phrases(one), _shares("Handled by", [t.assignment_group for t in tickets]),
                _shares("Category", [t.category for t in tickets]), _shares("Service", [t.service for t in tickets]),
                _shares("Where", [t.location for t in tickets])),
        ),
        told=partial(_rename, desk, viewer, one.id),
    )  # fmt: skip


def _title(one: Pattern) -> dict[str, object]:
    said = str(st.session_state.pop("sb-renamed", ""))
    rename = form("rename", field("title", "Name", one.name, most=120), submit("Save", ""), look="rename")
    return el("header", "head", el("h1", "", one.name), div("block-s", fold("Rename", rename, name="rename")),
              div("note block-s", said) if said else None)  # fmt: skip


def _figures(one: Pattern, tickets: Sequence[Ticket], moved: tuple[int, int]) -> dict[str, object]:
    minutes = [m for m in (ticket.minutes_to_resolve for ticket in tickets) if m is not None]
    reopened = [ticket.reopen_count for ticket in tickets if ticket.reopen_count is not None]
    shown = [
        (f"{one.size:,}", "tickets in all"),
        (f"{moved[0]}", f"in the last {RECENT_DAYS // 7} weeks, {moved[1]} in those before"),
        (
            ago(one.last_seen, to=now()) or "—",
            f"last seen; first {day(one.first_seen)}" if one.first_seen else "no dates",
        ),
        (took(float(np.median(minutes))) if minutes else "—", "median time to resolve"),
        (share(sum(1 for n in reopened if n) / len(reopened)) if reopened else "—", "reopened"),
    ]
    return div("figures", *(div("figure", el("strong", "", big), span("", small)) for big, small in shown))


def _fixes(tickets: Sequence[Ticket]) -> dict[str, object]:
    """What fixed it, the commonest wording first; wordings that differ only in case and punctuation count as one."""
    groups: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        text = (ticket.fix or ticket.resolution).strip()
        if text:
            groups.setdefault(" ".join(re.findall(r"\w+", text.casefold()))[:300], []).append(ticket)
    best = sorted(groups.values(), key=lambda same: -len(same))[:4]
    written = sum(len(same) for same in groups.values())
    title = el("h2", "kicker", f"What fixed it · written down on {written} of {len(tickets)}")
    if not best:
        return el("section", "", title, el("p", "soft", "Nobody wrote down what fixed it."))
    cards = [_fix(same) for same in best]
    return el("section", "", title, div("stack", *cards))


def _fix(same: Sequence[Ticket]) -> dict[str, object]:
    text = (same[0].fix or same[0].resolution).strip()
    minutes = [m for m in (ticket.minutes_to_resolve for ticket in same) if m is not None]
    often = f"{count(len(same), 'ticket')}" if len(same) > 1 else "Once"
    said = " · ".join(part for part in (often, f"median {took(float(np.median(minutes)))}" if minutes else "") if part)
    numbers = [link(span("number", t.number), "search", **hits.here(t)) for t in same[:3]]
    top = div("fix-head", span("kicker", said), copier("Copy", text))
    return div("fix", top, prose(text, most=420, name=f"fix:{same[0].ref}"), div("row tight small", *numbers))


def _examples(examples: Sequence[Ticket]) -> dict[str, object]:
    today = now()
    rows = [
        el("li", "", link(t.title or t.number, "search", **hits.here(t)), hits.facts(t, today=today),
           prose(" ".join(t.body.split()), "snippet", most=220, name=f"example:{t.ref}") if t.body.strip() else None)
        for t in examples
    ]  # fmt: skip
    return el("section", "block", el("h2", "kicker", "Tickets that show it best"), el("ul", "lines", *rows))


def _phrases(one: Pattern) -> Node:
    if not one.phrases:
        return None
    chips = [span("chip", phrase) for phrase in one.phrases[:10]]
    return el("section", "", el("h2", "kicker", "Words behind the name"), div("row tight", *chips))


def _shares(title: str, values: Sequence[str]) -> Node:
    given = Counter(text for text in values if text)
    total = sum(given.values())
    if not total:
        return None
    rows = [
        div("share", span("", text), span("soft", share(n / total)), meter(n / total))
        for text, n in given.most_common(4)
    ]
    return el("section", "block", el("h2", "kicker", title), div("shares", *rows))


def _rename(desk: Desk, viewer: Viewer, pattern_id: str, told: Told) -> None:
    if told.get("name") != "rename":
        return
    try:
        desk.rename_pattern(pattern_id, told.get("title", ""), viewer=viewer)
    except SeenBeforeError as error:
        st.session_state["sb-renamed"] = str(error)
    else:
        st.session_state["sb-renamed"] = "The name is kept, also when patterns are found anew."


# --- counting -----------------------------------------------------------------------------------------------------


def latest(made: Patterns) -> datetime:
    """When the last ticket that has a date came in; the present where none has one."""
    dated = made.opened[made.opened != UNDATED]
    return datetime.fromtimestamp(int(dated.max()), UTC) if len(dated) else now()


def weekly(made: Patterns, one: Pattern, end: datetime, weeks: int) -> list[tuple[str, int]]:
    """Tickets in each of the last ``weeks`` weeks up to ``end``: (words for the week and its count, count)."""
    times = _times(made, one)
    last = int(end.timestamp()) + 1
    at = weeks - 1 - (last - times[(times != UNDATED) & (times < last)]) // WEEK
    counts = np.bincount(at[at >= 0], minlength=weeks)[:weeks]
    starts = [datetime.fromtimestamp(last - (weeks - i) * WEEK, UTC) for i in range(weeks)]
    return [(f"{day(start)}: {count(int(n), 'ticket')}", int(n)) for start, n in zip(starts, counts, strict=True)]


def _times(made: Patterns, one: Pattern) -> NDArray[np.int64]:
    return made.opened[np.searchsorted(made.ticket, np.asarray(one.members, dtype=np.int64))]


def _span(made: Patterns, end: datetime) -> int:
    dated = made.opened[made.opened != UNDATED]
    weeks = (int(end.timestamp()) - int(dated.min())) // WEEK + 1 if len(dated) else SPARK_WEEKS
    return int(min(TREND_WEEKS, max(12, weeks)))


def _members(desk: Desk, viewer: Viewer, one: Pattern) -> list[Ticket]:
    return cast("list[Ticket]", desk.records("ticket", one.members[-READ:], viewer=viewer))


def _number(text: str) -> int:
    return max(SHOWN, min(1000, int(text))) if text.isdigit() and len(text) < 6 else SHOWN
