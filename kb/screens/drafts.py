"""A draft of an article on the page: every line with the tickets it stands in, and the button that keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from kb.desk import Desk
from kb.drafts import Draft, Line
from kb.errors import SeenBeforeError
from kb.records import Ref, Viewer
from kb.screens import feedback
from kb.screens.chrome import empty, go, notes, remembered
from kb.screens.fixed import cited
from kb.screens.paper import Node, Told, copier, div, el, field, form, sheet, span, submit

MOST = 200
"""Tickets that may be named."""


def section(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    """Draw the draft that the address asks for, or the field that asks which tickets to take."""
    pattern, tickets, source = (where.get(name, "") for name in ("pattern", "tickets", "source"))
    numbers = tuple(dict.fromkeys(tickets.replace(",", " ").split()))[:MOST]
    asks = form(
        "draft",
        field("tickets", "Ticket numbers, three or more of one failure", " ".join(numbers), hint="INC0031031 INC00…"),
        submit("Draft", ""),
        look="inline wide",
    )
    if not pattern and not numbers:
        lead = (
            "A draft takes its words from resolved tickets and says for each line where it stands. "
            "Name the tickets, or open Gaps and draft one for a failure that keeps coming back."
        )
        sheet("draft", div("gap", el("p", "soft lead", lead), div("block-s", asks)), told=_named)
        return
    try:
        made = remembered(desk, viewer, ("draft", pattern, numbers, source),
                          lambda: _made(desk, viewer, pattern, numbers, source))  # fmt: skip
    except SeenBeforeError as error:
        none = div("gap", empty("No draft.", str(error)), div("block-s", asks))
        sheet("draft", none, told=_named)
        return
    keep = form("keep", field("title", "Title", made.title, most=200), submit("Save as work in progress"),
                copier("Copy as Markdown", made.as_markdown()), look="inline wide keep")  # fmt: skip
    trouble = st.session_state.pop("sb-no-draft", "")
    sheet(
        "draft",
        div("gap", div("over", made.note), keep, notes((trouble,)) if trouble else None),
        el("section", "draft", *(_lines(name, lines) for name, lines in made.sections), label="Draft"),
        told=partial(_keep, desk, viewer, made),
    )


def _made(desk: Desk, viewer: Viewer, pattern: str, numbers: Sequence[str], source: str) -> Draft:
    if pattern:
        return desk.draft_for(pattern, viewer=viewer)
    found = [feedback.ticket_named(desk, viewer, number).ref for number in numbers] if not source else []
    return desk.draft(found or [Ref("ticket", source, number) for number in numbers], viewer=viewer)


def _lines(name: str, lines: Sequence[Line]) -> dict[str, object]:
    rows: list[Node] = []
    variant = 0
    for line in lines:
        if line.variant != variant:
            variant = line.variant
            rows.append(el("li", "or small soft", "Or"))
        label = span("label-in", f"{line.label}: ") if line.label else None
        rows.append(el("li", "", el("span", "prose", label, line.text), span("cited", *cited(
            line.cited, {}, name=f"{name}:{line.text[:40]}", most=3))))  # fmt: skip
    body = el("ul", "lines tight", *rows) if rows else el("p", "soft", "Nothing found in the tickets.")
    return el("section", "block", el("h2", "kicker", name), body)


def _keep(desk: Desk, viewer: Viewer, made: Draft, told: Told) -> None:
    if told.get("name") != "keep":
        return
    try:
        kept = desk.keep_draft(made, viewer=viewer, title=told.get("title", ""))
    except SeenBeforeError as error:
        st.session_state["sb-no-draft"] = str(error)
        return
    st.session_state["sb-kept-draft"] = (kept.number, kept.title, kept.source)
    go({"state": kept.state})


def _named(told: Told) -> None:
    """Put the numbers of tickets into the address; the draft is made from there."""
    if told.get("name") == "draft":
        numbers = told.get("tickets", "").replace(",", " ").split()
        go({"show": "draft", "tickets": " ".join(numbers)[:2_000]})
