"""Have we seen this before? The question, what fixed it, and the record behind every answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound
from kb.records import Answer, Filter, Kind, Record, Ticket, Viewer
from kb.screens import feedback, fixed, record
from kb.screens.answers import KINDS, SHOWN, columns
from kb.screens.chrome import address, empty, forget, go, head, notes, remembered
from kb.screens.feedback import About
from kb.screens.hits import here
from kb.screens.paper import Node, Told, choice, div, el, field, fold, form, link, sheet, span, submit
from kb.screens.wording import count, now

LONGEST_ADDRESS = 400
"""Characters of a question that go into the address; a pasted log is kept in the session beside it."""
FILTERS = ("kind", "category", "service", "group", "state", "from", "to")
ASKED = "Have we seen this before?"
_NUMBERS = 3
_NUMBERS_IN = 100


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the search page, or the record the address names, or what is like a ticket."""
    where = address()
    if any(where.get(kind) for kind in KINDS):
        record.page(desk, viewer, where)
        return
    if where.get("like"):
        record.like(desk, viewer, where)
        return
    asked = _asked(where)
    facets = remembered(desk, viewer, "facets", lambda: desk.facets(viewer=viewer))
    lead = None if asked else "Ask as the caller says it, or paste the error. The answer is what fixed it last time."
    sheet(
        "ask",
        None if asked else notes(desk.warnings()),
        div("asked", el("h1", "", ASKED)) if asked else head(ASKED, lead),
        form(
            "ask",
            field("q", "Your question", asked, kind="ask", hide=True, focus=True,
                  hint="Outlook keeps asking for the password …"),
            submit("Search"),
            _narrow(where, facets) if asked else None,
            look="ask",
        ),
        told=_ask,
    )  # fmt: skip
    if asked:
        _answer(desk, viewer, asked, where)
    else:
        _welcome(desk, viewer)


def _ask(told: Told) -> None:
    """Put a question into the address; the page is drawn from there, and the same question is looked up anew."""
    if told.get("name") != "ask":
        return
    question = told.get("q", "").strip()
    st.session_state["sb-long"] = question if len(question) > LONGEST_ADDRESS else ""
    forget("ask")
    kept = {name: told.get(name, "") for name in FILTERS} if question else {}
    go({"q": question[:LONGEST_ADDRESS], **kept})


def _asked(where: dict[str, str]) -> str:
    """The question in full: the address holds its beginning only where it is long."""
    question = where.get("q", "").strip()
    whole = str(st.session_state.get("sb-long", ""))
    return whole if len(question) >= LONGEST_ADDRESS and whole.startswith(question) else question


def _narrow(where: dict[str, str], facets: dict[str, list[tuple[str, int]]]) -> Node:
    """The filters, folded away until one is set."""
    fields = div("narrow", *_narrowing(where, facets))
    return fold("Narrow it down", fields, look="narrowing", name="narrow", opened=any(map(where.get, FILTERS)))


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
    narrowed, about = wanted(where), About(asked)
    answer = remembered(
        desk, viewer, ("ask", asked, narrowed),
        lambda: desk.search(asked, viewer=viewer, wanted=narrowed, limit=SHOWN),
    )  # fmt: skip
    narrow = {name: where[name] for name in FILTERS if where.get(name)}
    kept = {"q": where.get("q", ""), **narrow}
    near = bool(where.get("near"))
    records = [hit.record for hit in (*answer.hits, *answer.nearest)]
    mine = feedback.standing(desk, viewer, records, about)
    sheet(
        "answer",
        *_verdict(answer, kept, near=near, named=_named(desk, viewer, asked, kept)),
        fixed.block(answer, kept),
        columns(answer, kept, today=now(), near=near,
                below=lambda one: feedback.buttons(one, about, mine.get(one.ref, {}))),
        feedback.keys() if answer.hits else None,
        told=partial(feedback.heard, desk, viewer, about),
    )  # fmt: skip


def _named(desk: Desk, viewer: Viewer, asked: str, kept: dict[str, str]) -> Node:
    """Records whose numbers are what was typed: open them, or see what is like them."""
    words = asked.replace(",", " ").split() if len(asked) <= _NUMBERS_IN else []
    if len(words) > _NUMBERS:
        return None
    typed = [word.strip("#:;.()[]") for word in words if any(sign.isdigit() for sign in word)]
    found = remembered(desk, viewer, ("named", tuple(typed)), lambda: _numbered(desk, viewer, typed))
    rows: list[Node] = []
    for one in found:
        alike = None
        if isinstance(one, Ticket):
            alike = link("What is like it", "search", like=one.number, source=one.source)
        opened = link(f"Open {one.number}", "search", "strongly", **here(one, kept))
        rows.append(div("named", opened, span("soft", one.title[:160]), alike))
    return rows


def _numbered(desk: Desk, viewer: Viewer, typed: Sequence[str]) -> list[Record]:
    found: dict[str, Record] = {}
    for word in typed:
        for kind in KINDS:
            for number in dict.fromkeys((word, word.upper())):
                try:
                    one = desk.record(kind, number, viewer=viewer)
                except NotFound:
                    continue
                found.setdefault(str(one.ref), one)
    return list(found.values())[:_NUMBERS]


def _verdict(answer: Answer, kept: dict[str, str], *, near: bool, named: Node) -> list[Node]:
    looked = _looked_at(answer)
    below = [named, notes(answer.notes)]
    if answer.seen:
        lead = f"Found among {looked} in {max(1, round(1000 * answer.seconds)):,} ms."
        return [div("verdict yes", el("h2", "", "Seen before."), el("p", "", lead), _permalink(kept), role="status"),
                *below]  # fmt: skip
    widen = link("Search without filters", "search", q=kept["q"]) if len(kept) > 1 else None
    if answer.notes and not answer.looked_at:
        return [div("gap", *below)]
    if not sum(answer.looked_at.values()):
        why = "There is nothing here to look in" + (" with these filters." if widen else " that you may see.")
        return [div("verdict", el("h2", "", "Nothing to look in."), el("p", "", why), widen, role="status"), *below]
    shown: Node = None
    if answer.nearest:
        words = "Hide what came closest" if near else "Show what came closest"
        shown = link(words, "search", **{**kept, "near": "" if near else "1"})
    said = el("p", "", f"None of {looked} comes close enough to help.")
    return [div("verdict", el("h2", "", "Not seen before."), said, shown, widen, role="status"), *below]


def _permalink(kept: dict[str, str]) -> Node:
    """A button for the address of this answer; a long question does not fit into it."""
    if len(kept["q"]) >= LONGEST_ADDRESS:
        return None
    return span("push", {"x": "copy", "c": "quiet", "k": ["Copy link"], "text": "", "here": True})


def _looked_at(answer: Answer) -> str:
    names = {"tickets": "past ticket", "articles": "article", "known errors": "known error"}
    parts = [count(n, names.get(kind, kind)) for kind, n in answer.looked_at.items() if n]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or "nothing"


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
