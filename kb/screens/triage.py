"""What is it, and who takes it? New tickets with suggestions and their evidence, and what people made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from kb.desk import Clocked, Desk
from kb.records import Suggestion, Ticket, Viewer
from kb.screens import answering, batch
from kb.screens.chrome import address, empty, head, notes, remembered
from kb.screens.paper import Node, Told, button, div, el, field, fold, form, link, sheet, submit
from kb.screens.queue import Row, rows
from kb.screens.suggestion import typed
from kb.screens.wording import LEVELS, LINES, count, now
from kb.triage import POOLED

SHOWN = 50
"""Tickets drawn at once; suggestions for so many are made in one go."""
MOST = 200
NOBODY = "New tickets land here until somebody takes them."
ORDERS = {"": "Newest first", "due": "Most urgent first"}
_LATE = 10.0**9


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the queue and the box for a text that is no ticket yet, or the page for a file of tickets."""
    where = address()
    if where.get("view") == "file":
        batch.page(desk, viewer)
        return
    waiting, left = queue(desk, viewer), to_do(desk, viewer)
    lead = f"{count(left, 'new ticket')} without a group." if left else NOBODY
    sheet("triage-head", head("What is it, and who takes it?", lead), notes(desk.warnings()))
    _paste(desk, viewer)
    if not waiting:
        nothing = empty("Nothing is waiting.", "Every open ticket here has its group. Paste a text above to try one.")
        sheet("queue", div("gap", nothing))
        return
    most = _number(where.get("show", ""), SHOWN)
    suggested = suggestions(desk, viewer, waiting[:most])
    by = where.get("by", "")
    shown = _ordered([_row(desk, viewer, one, clocked) for one, clocked in suggested], by)
    rest = len(waiting) - len(suggested)
    more = None
    if rest > 0:
        more = link(f"Show {min(rest, SHOWN)} more of {rest}", "triage", show=str(most + SHOWN), by=by)
    sheet(
        "queue",
        div("row gap q-top", el("h2", "", "Waiting"), _orders(by, where.get("show", "")), _keys(), _undo()),
        rows(shown, _values(desk, viewer), now=now()),
        div("block-s", more) if more else None,
        told=partial(_act, desk, viewer, [one for one, _ in suggested]),
    )


def queue(desk: Desk, viewer: Viewer) -> list[Ticket]:
    """New tickets that nobody has taken or answered our suggestion for, newest first; those answered just now stay."""
    waiting = remembered(desk, viewer, "queue", lambda: desk.waiting(viewer=viewer, most=MOST))
    answered = remembered(desk, viewer, "answered", lambda: {kept.ticket for _, kept in desk.store.standing()})
    said = answering.said()
    return [ticket for ticket in waiting if ticket.ref not in answered or ticket.ref in said]


def to_do(desk: Desk, viewer: Viewer) -> int:
    """How many tickets of the queue are still to be answered."""
    said = answering.said()
    return sum(ticket.ref not in said for ticket in queue(desk, viewer))


def suggestions(
    desk: Desk, viewer: Viewer, tickets: Sequence[Ticket]
) -> list[tuple[Suggestion, Clocked | None]]:  # fmt: skip
    """A suggestion and the clock of each ticket, remembered while nothing changes; the clocks for a minute."""
    at = now().replace(second=0, microsecond=0)
    rules = (desk.triage_with.models.name, repr(desk.policy))
    found: list[tuple[Suggestion, Clocked | None]] = []
    for start in range(0, len(tickets), SHOWN):
        part = tickets[start : start + SHOWN]
        key = (tuple(ticket.ref for ticket in part), *rules)
        made = remembered(desk, viewer, ("triage", *key), partial(desk.triage, part, viewer=viewer, telling=False))
        clocks = remembered(desk, viewer, ("clocks", at, *key), partial(_clocks, desk, viewer, made, at))
        found += zip(made, clocks, strict=True)
    return found


def _clocks(desk: Desk, viewer: Viewer, made: Sequence[Suggestion], at: datetime) -> list[Clocked | None]:
    return [desk.clock(one.ticket, one.priority, viewer=viewer, now=at) for one in made]


def _row(desk: Desk, viewer: Viewer, suggestion: Suggestion, clocked: Clocked | None) -> Row:
    ref, said = suggestion.ticket.ref, answering.said()
    filled = frozenset(name for name in suggestion.predictions if desk.policy.mode(name) == "autofill")
    if answering.opened(ref) == "why":
        key = ("why", ref, desk.triage_with.models.name, repr(desk.policy))
        (suggestion,) = remembered(desk, viewer, key, partial(desk.triage, [suggestion.ticket], viewer=viewer))
    if ref not in said:
        return Row(suggestion, clocked, filled, answering.opened(ref))
    stands = answering.standing(desk, viewer, suggestion.ticket)
    return Row(suggestion, clocked, filled, answered=True, stands=stands, trouble=said[ref])


def _ordered(shown: list[Row], by: str) -> list[Row]:
    """As they came, or those first that have the least time left."""
    if by != "due":
        return shown
    return sorted(shown, key=lambda row: row.clocked.clock.left_minutes if row.clocked else _LATE)


def _orders(by: str, shown: str) -> Node:
    links = [{**link(name, "triage", by=key, show=shown), "current": key == by} for key, name in ORDERS.items()]
    return el("nav", "switch", *links, label="Order")


def _keys() -> Node:
    parts: list[Node] = []
    for key, does in (("j k", "move"), ("a", "accept all"), ("c", "correct"), ("s", "skip"), ("e", "why")):
        parts += [*(el("kbd", "", one) for one in key.split()), f" {does} "]
    return div("small soft push q-keys", *parts)


def _undo() -> Node:
    """Take the last answer back, from anywhere on the page."""
    said = answering.said()
    if not said:
        return None
    ref = list(said)[-1]
    return {**button(f"Undo {ref.number}", "undo-last", "quiet", key="u"), "anywhere": True}


# --- a text that is no ticket yet ---------------------------------------------------------------------------------


def _paste(desk: Desk, viewer: Viewer) -> None:
    text = str(st.session_state.get("sb-typed", ""))
    box = form(
        "suggest",
        field("text", "First line is the title, the rest what happened", text, kind="area",
              hint="Printer on the 3rd floor prints blank pages\nSince this morning, all users …"),
        div("row", submit("Suggest"), button("Clear", "clear", "bare") if text else None),
        look="paste",
    )  # fmt: skip
    answer: list[Node] = []
    if text:
        key = ("typed", text, desk.triage_with.models.name, repr(desk.policy))
        answer = [div("block-s", typed(remembered(desk, viewer, key, lambda: desk.triage_text(text, viewer=viewer))))]
    sheet(
        "paste",
        div(
            "folds",
            fold("Try a text that is no ticket yet", div("block-s", box), name="paste", opened=bool(text)),
            link("Suggest for a file of tickets", "triage", "small", view="file"),
        ),
        *answer,
        told=_type,
    )


def _type(told: Told) -> None:
    if told.get("name") in ("suggest", "clear"):
        st.session_state["sb-typed"] = told.get("text", "").strip() if told["name"] == "suggest" else ""


def _act(desk: Desk, viewer: Viewer, suggested: list[Suggestion], told: Told) -> None:
    """Keep what a person did with one suggestion, or open what is behind it."""
    answering.heard(desk, viewer, suggested, told)


def _values(desk: Desk, viewer: Viewer) -> dict[str, list[str]]:
    """What may be chosen for each target, commonest first."""
    facets = remembered(desk, viewer, "facets", lambda: desk.facets(viewer=viewer))
    known = {"assignment_group" if name == "group" else name: [v for v, _ in pairs] for name, pairs in facets.items()}
    models = desk.triage_with.models.by_target
    learnt = {name: [one for one in model.classes if one != POOLED] for name, model in models.items()}
    return {**learnt, **known, "line": list(LINES), "impact": list(LEVELS), "urgency": list(LEVELS)}


def _number(text: str, least: int) -> int:
    return max(least, min(MOST, int(text))) if text.isdigit() and len(text) < 6 else least
