"""A new problem: from a pattern, in the words of its tickets, or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound, SeenBeforeError
from kb.problems import is_open
from kb.records import Problem, Ref, Viewer
from kb.screens import problemedit
from kb.screens.chrome import empty, go, notes
from kb.screens.paper import Node, Told, button, choice, div, el, field, form, link, sheet, submit
from kb.screens.wording import LEVELS, count, now

_FIELDS = ("title", "symptom", "probable_cause", "workaround", "impact", "service", "category", "owner")
MOST = 200
"""Tickets that may be named."""


def section(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    """Draw the form, or what a pattern would begin with."""
    if where.get("pattern"):
        _from_pattern(desk, viewer, where["pattern"])
        return
    typed = st.session_state.get("sb-new-problem", {})
    asks = form(
        "make",
        field("title", "What fails, in a few words", typed.get("title", ""), most=200, focus=True),
        field("symptom", "What people see", typed.get("symptom", ""), kind="area"),
        field("probable_cause", "What may cause it", typed.get("probable_cause", ""), kind="area"),
        field("workaround", "What helps meanwhile", typed.get("workaround", ""), kind="area"),
        div("p-pair",
            choice("impact", "Impact", typed.get("impact", ""), [("", "Not given"), *LEVELS.items()]),
            field("service", "Service", typed.get("service", ""), most=120),
            field("category", "Category", typed.get("category", ""), most=120),
            field("owner", "Owner", typed.get("owner", viewer.name), most=120)),
        field("tickets", "Tickets that belong to it", typed.get("tickets", ""), hint="INC0031031 INC00…"),
        div("row", submit("Make the problem")),
        look="edit",
    )  # fmt: skip
    trouble = st.session_state.get("sb-new-trouble", "")
    lead = el("p", "soft lead", "Only the title is needed; the rest can be written as it becomes known. To begin with "
              "what keeps coming back, open a pattern.")  # fmt: skip
    sheet("problem-new", div("gap p-new", lead, notes((trouble,)) if trouble else None, asks),
          told=partial(_heard, desk, viewer))  # fmt: skip


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    if told.get("name") != "make":
        return
    try:
        numbers = list(dict.fromkeys(told.get("tickets", "").replace(",", " ").split()))[:MOST]
        refs = [_ticket(desk, viewer, number) for number in numbers]
        fields: dict[str, object] = {name: told.get(name, "") for name in _FIELDS if name != "title"}
        made = desk.new_problem(viewer=viewer, title=told.get("title", ""), now=now(), fields=fields, tickets=refs)
    except SeenBeforeError as error:
        st.session_state["sb-new-problem"] = dict(told)
        st.session_state["sb-new-trouble"] = str(error)
        return
    st.session_state.pop("sb-new-problem", None)
    st.session_state.pop("sb-new-trouble", None)
    opened(desk, viewer, made)


def opened(desk: Desk, viewer: Viewer, made: Problem) -> None:
    """Lead to a problem just made, with the way back."""
    problemedit.made(desk, viewer, made)
    go({"problem": made.number, "source": made.source})


def _ticket(desk: Desk, viewer: Viewer, number: str) -> Ref:
    found = desk.linkable(number, viewer=viewer).ref
    if found.kind != "ticket":
        raise NotFound(f"{number[:80]} is an article: name tickets here, and link articles on the record.")
    return found


# --- from a pattern -----------------------------------------------------------------------------------------------


def _from_pattern(desk: Desk, viewer: Viewer, pattern_id: str) -> None:
    try:
        pattern = desk.pattern(pattern_id, viewer=viewer)
    except NotFound as error:
        sheet("problem-new", div("gap", empty("Not here.", str(error))))
        return
    there = desk.problem_of_pattern(pattern_id, viewer=viewer)
    nodes: list[Node] = []
    if there is not None and is_open(there):
        named = link(there.title or there.number, "problems", problem=there.number, source=there.source)
        nodes = [el("h2", "", "There is one already."),
                 el("p", "soft block-s", f"{there.number} is open for “{pattern.name}”: ", named)]  # fmt: skip
    else:
        nodes = [el("h2", "", f"Begin a problem from “{pattern.name}”?"),
                 el("p", "soft block-s lead", f"It takes the name, the words of its most typical ticket as symptom, "
                    f"and {count(pattern.size, 'ticket')}. You can change everything afterwards."),
                 div("row block-s", button("Make the problem", "from", "strong", pattern=pattern.id),
                     link("Back to the pattern", "patterns", pattern=pattern.id))]  # fmt: skip
    trouble = st.session_state.pop("sb-new-trouble", "")
    sheet("problem-new", div("gap", notes((trouble,)) if trouble else None, *nodes),
          told=partial(_begun, desk, viewer, pattern.id))  # fmt: skip


def _begun(desk: Desk, viewer: Viewer, pattern_id: str, told: Told) -> None:
    if told.get("name") != "from":
        return
    try:
        opened(desk, viewer, desk.problem_from_pattern(pattern_id, viewer=viewer, now=now()))
    except SeenBeforeError as error:
        st.session_state["sb-new-trouble"] = str(error)
