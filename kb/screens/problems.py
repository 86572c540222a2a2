"""What is behind it, and who is on it? Problems as a board by state, the known errors, and a form for a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound
from kb.problems import ProblemUse, board
from kb.records import PROBLEM_STATES, Problem, Viewer
from kb.screens import problem, problemhelp, problemnew
from kb.screens.chrome import address, empty, head, notes, remembered
from kb.screens.feedback import About
from kb.screens.paper import Node, div, el, link, prose, sheet, span
from kb.screens.wording import ago, count, now

SECTIONS: Mapping[str, str] = {"board": "Board", "errors": "Known errors", "new": "New problem"}
FEW = 8
"""Cards of a column where nobody works on the problems any more."""
MOST = 40
Uses = Mapping[int, ProblemUse]


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the board, the known errors, the form, or the problem that the address names."""
    where = address()
    if where.get("problem"):
        _one(desk, viewer, where)
        return
    show = where.get("show", "") if where.get("show", "") in SECTIONS else "board"
    show = "new" if where.get("pattern") else show
    found = remembered(desk, viewer, "problems", lambda: desk.problems(viewer=viewer))
    uses = remembered(desk, viewer, ("uses", f"{now():%Y-%m-%d}"), lambda: desk.problem_uses(viewer=viewer, now=now()))
    gone = st.session_state.pop("sb-unmade", "")
    sheet(
        "problems",
        head("What is behind it, and who is on it?", _lead(found)),
        notes(desk.warnings()),
        _tabs(found, show),
        div("heard gap-s", gone, role="status") if gone else None,
    )
    if show == "new":
        problemnew.section(desk, viewer, where)
        return
    drawn = _errors(found, uses, where) if show == "errors" else _board(desk, viewer, found, uses)
    sheet(f"problems-{show}", div("gap", drawn))


def _one(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    back = {"errors": "← Known errors"}.get(where.get("back", ""), "← All problems")
    top = div("over", link(back, "problems", show=where.get("back", "")))
    try:
        found = desk.problem(where["problem"], viewer=viewer, source=where.get("source") or None)
    except NotFound as error:
        sheet("record", top, empty("Not here.", str(error)))
        return
    problem.draw(desk, viewer, found, top=top, about=About())


def _lead(found: Sequence[Problem]) -> str:
    if not found:
        return ""
    known = sum(one.is_known_error for one in found)
    return f"{count(len(found), 'problem')}, {known} of them with a known cause or a workaround."


def _tabs(found: Sequence[Problem], show: str) -> Node:
    sizes = {"board": len(found), "errors": sum(one.is_known_error for one in found)}
    tabs = []
    for name, words in SECTIONS.items():
        size = span("tally", f"{sizes[name]:,}") if sizes.get(name) else None
        tabs.append({**link([words, size], "problems", show="" if name == "board" else name), "current": name == show})
    return el("nav", "switch wraps", *tabs, label="Sections")


# --- the board ----------------------------------------------------------------------------------------------------


def _board(desk: Desk, viewer: Viewer, found: Sequence[Problem], uses: Uses) -> Node:
    if not found:
        return empty("No problems yet.", "Begin one from a pattern that keeps coming back, write one by hand, or bring "
                     "in an export: `seenbefore ingest FILE`")  # fmt: skip
    columns = [_column(desk, viewer, state, cards, uses) for state, cards in board(found).items()]
    return div("board", *columns)


def _column(desk: Desk, viewer: Viewer, state: str, cards: Sequence[Problem], uses: Uses) -> Node:
    by_use = sorted(cards, key=lambda one: (-_use(one, uses).lately, -_use(one, uses).linked, one.number))
    over = state in PROBLEM_STATES[-2:]
    most = FEW if over else MOST
    ordered = list(cards) if over else by_use  # what is over: the latest changed first
    rest = len(cards) - most
    title = el("h2", "kicker", state.capitalize(), span("tally", f"{len(cards)}"))
    drawn = [_card(desk, viewer, one, _use(one, uses)) for one in ordered[:most]]
    more = el("p", "small soft", f"and {count(rest, 'older one')}") if rest > 0 else None
    return el("section", "column" if cards else "column hollow", title, *drawn, more, label=state.capitalize())


def _card(desk: Desk, viewer: Viewer, one: Problem, use: ProblemUse) -> Node:
    known = span("chip good", "known error") if one.is_known_error else None
    lately = f", {use.lately} in 4 weeks" if use.lately else ""
    tickets = f"{count(use.linked, 'ticket')}{lately}" if use.linked else "no tickets"
    age = ago(one.created_at, to=now())
    return div(
        "card p-card",
        el("h3", "", link(one.title or one.number, "problems", problem=one.number, source=one.source)),
        div("small", tickets),
        div("small soft", one.owner or "no owner"),
        div("small", span("number", one.number)),
        div("row tight small", known, problemhelp.verdict_chip(desk, one, viewer, now()),
            span("soft", f"opened {age}") if age else None),
        card=str(one.ref),
    )  # fmt: skip


# --- the known errors ---------------------------------------------------------------------------------------------


def _errors(found: Sequence[Problem], uses: Uses, where: Mapping[str, str]) -> Node:
    known = [one for one in found if one.is_known_error]
    if not known:
        return empty("No known errors yet.", "A problem becomes one as soon as its cause or a workaround is written "
                     "down. Search and Triage then show it on top where it fits.")  # fmt: skip
    ordered = sorted(known, key=lambda one: (-_use(one, uses).used, one.title.casefold()))
    lead = "Shown on top in Search and in Triage where they fit, those used most first."
    return [el("p", "soft", lead), div("ranks block-s", *(_error(one, _use(one, uses)) for one in ordered[:200]))]


def _error(one: Problem, use: ProblemUse) -> Node:
    what = "Workaround" if one.workaround else "Fix" if one.fix else "Cause"
    facts = [count(use.linked, "ticket") if use.linked else "", f"helped {count(use.helped, 'time')}" if use.helped
             else "", f"last used {ago(use.last, to=now())}" if use.last else "not used yet", one.state]  # fmt: skip
    named = link(one.title or one.number, "problems", problem=one.number, source=one.source, back="errors")
    return div(
        "rank p-error",
        div("size", f"{use.used:,}", el("small", "", "uses")),
        div("", el("h3", "", named), prose(" ".join(one.symptom.split()), "snippet", most=220, name=f"sym:{one.ref}"),
            div("facts", span("", span("number", one.number)), *(span("", text) for text in facts if text))),
        div("", span("label", what), prose(one.remedy, "", most=320, name=f"fix:{one.ref}")),
        card=str(one.ref),
    )  # fmt: skip


def _use(one: Problem, uses: Uses) -> ProblemUse:
    return uses.get(one.id or 0, ProblemUse())
