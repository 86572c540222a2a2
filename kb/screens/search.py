"""Have we seen this before? The question, what fixed it, and the record behind every answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import streamlit as st

from kb.desk import Desk
from kb.records import Answer, Filter, Kind, Ticket, Viewer
from kb.screens import record
from kb.screens.answers import KINDS, ask, columns
from kb.screens.chrome import address, empty, go, head, notes, remembered
from kb.screens.paper import Node, Told, choice, div, el, field, form, link, sheet, submit
from kb.screens.wording import count, now

LONGEST_ADDRESS = 400
"""Characters of a question that go into the address; a pasted log is kept in the session beside it."""
FILTERS = ("kind", "category", "service", "group", "state", "from", "to")


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the search page, or the record the address names."""
    where = address()
    if where.get("ticket") or where.get("article"):
        record.page(desk, viewer, where)
        return
    asked = _asked(where)
    facets = remembered(desk, viewer, "facets", lambda: desk.facets(viewer=viewer))
    lead = None if asked else "Ask as the caller says it, or paste the error. The answer is what fixed it last time."
    sheet(
        "ask",
        None if asked else notes(desk.warnings()),
        head("Have we seen this before?", lead),
        form(
            "ask",
            field("q", "Your question", asked, kind="ask", hide=True, focus=True,
                  hint="Outlook keeps asking for the password …"),
            submit("Search"),
            div("narrow", *_narrowing(where, facets)) if asked else None,
            look="ask",
        ),
        told=_ask,
    )  # fmt: skip
    if asked:
        _answer(desk, viewer, asked, where)
    else:
        _welcome(desk, viewer)


def _ask(told: Told) -> None:
    """Put a question into the address; the page is drawn from there."""
    if told.get("name") != "ask":
        return
    question = told.get("q", "").strip()
    st.session_state["sb-long"] = question if len(question) > LONGEST_ADDRESS else ""
    kept = {name: told.get(name, "") for name in FILTERS} if question else {}
    go({"q": question[:LONGEST_ADDRESS], **kept})


def _asked(where: dict[str, str]) -> str:
    """The question in full: the address holds its beginning only where it is long."""
    question = where.get("q", "").strip()
    whole = str(st.session_state.get("sb-long", ""))
    return whole if len(question) >= LONGEST_ADDRESS and whole.startswith(question) else question


def _narrowing(where: dict[str, str], facets: dict[str, list[tuple[str, int]]]) -> list[Node]:
    kinds = [("", "Everything"), *KINDS.items()]
    fields: list[Node] = [choice("kind", "Look in", where.get("kind", ""), kinds, sends=True)]
    for name, label in (("category", "Category"), ("service", "Service"), ("group", "Group"), ("state", "State")):
        known = facets.get(name, [])
        given = where.get(name, "")
        if len(known) > 1 or given:
            options = [("", "Any"), *((value, f"{value} ({n:,})") for value, n in known[:200])]
            if given and given not in dict(options):
                options.append((given, given))
            fields.append(choice(name, label, given, options, sends=True))
    fields.append(field("from", "Opened from", _day(where.get("from", "")), kind="date", sends=True))
    fields.append(field("to", "Opened until", _day(where.get("to", "")), kind="date", sends=True))
    return fields


def wanted(where: dict[str, str]) -> Filter:
    """The filter that an address asks for; what cannot be understood does not narrow."""
    one = {name: (where[name],) if where.get(name) else () for name in FILTERS}
    first, last = _date(where.get("from", "")), _date(where.get("to", ""))
    return Filter(
        kinds=cast("tuple[Kind, ...]", one["kind"]) if where.get("kind") in KINDS else (),
        categories=one["category"],
        services=one["service"],
        groups=one["group"],
        states=one["state"],
        opened_from=first,
        opened_before=last + timedelta(days=1) if last else None,
    )


def _answer(desk: Desk, viewer: Viewer, asked: str, where: dict[str, str]) -> None:
    narrowed = wanted(where)
    answer = remembered(desk, viewer, ("ask", asked, narrowed), lambda: ask(desk, viewer, asked, narrowed))
    narrow = {name: where[name] for name in FILTERS if where.get(name)}
    kept = {"q": where.get("q", ""), **narrow}
    near = bool(where.get("near"))
    sheet("answer", *_verdict(answer, kept, near=near), columns(answer, kept, today=now(), near=near))


def _verdict(answer: Answer, kept: dict[str, str], *, near: bool) -> list[Node]:
    looked = _looked_at(answer)
    if answer.seen:
        lead = f"Found among {looked} in {max(1, round(1000 * answer.seconds)):,} ms."
        return [div("verdict yes", el("h2", "", "Seen before."), el("p", "", lead), role="status"), notes(answer.notes)]
    widen = link("Search without filters", "search", q=kept["q"]) if len(kept) > 1 else None
    if answer.notes and not answer.looked_at:
        return [div("gap", notes(answer.notes))]
    if not sum(answer.looked_at.values()):
        why = "There is nothing here to look in" + (" with these filters." if widen else " that you may see.")
        return [
            div("verdict", el("h2", "", "Nothing to look in."), el("p", "", why), widen, role="status"),
            notes(answer.notes),
        ]
    shown: Node = None
    if answer.nearest:
        words = "Hide what came closest" if near else "Show what came closest"
        shown = link(words, "search", **{**kept, "near": "" if near else "1"})
    said = el("p", "", f"None of {looked} comes close enough to help.")
    return [div("verdict", el("h2", "", "Not seen before."), said, shown, widen, role="status"), notes(answer.notes)]


def _looked_at(answer: Answer) -> str:
    names = {"tickets": "past ticket", "articles": "article"}
    parts = [count(n, names.get(kind, kind)) for kind, n in answer.looked_at.items() if n]
    return " and ".join(parts) or "nothing"


def _welcome(desk: Desk, viewer: Viewer) -> None:
    counts = desk.counts(viewer=viewer)
    if not counts.get("tickets") and not counts.get("articles"):
        sheet(
            "answer",
            div("gap", empty("This desk is empty.", "Bring in an export of your tickets: `seenbefore ingest FILE`")),
        )
        return
    latest = remembered(desk, viewer, "latest", lambda: desk.waiting(viewer=viewer, most=3))
    known = f"{count(counts['tickets'], 'past ticket')} and {count(counts.get('articles', 0), 'article')} to look in."
    sheet("answer", div("gap soft", known), _try(latest))


def _try(latest: Sequence[Ticket]) -> Node:
    named = [ticket for ticket in latest if ticket.title]
    if not named:
        return None
    rows = [
        el("li", "", link(t.title[:140], "search", q=t.title[:LONGEST_ADDRESS]), " ", el("span", "number", t.number))
        for t in named
    ]
    return div("gap", el("h2", "kicker", "Just came in"), el("ul", "lines", *rows))


def _date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _day(text: str) -> str:
    return text if _date(text) else ""
