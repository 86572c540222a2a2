"""Rules of who sees which records: written as a draft, counted before they hold, applied with progress."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import streamlit as st

from kb.access import FIELDS, WORDS, InForce, Rule, checked
from kb.audiences import Preview
from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from kb.screens.chrome import notes
from kb.screens.paper import Node, Told, button, choice, div, el, field, form, meter, sheet, span, submit
from kb.screens.wording import count

_DRAFT, _SEEN, _TROUBLE = "sb-rules", "sb-rules-seen", "sb-rules-trouble"
_STEP = 4
"""So many batches are applied between two looks at the page."""


def section(desk: Desk, viewer: Viewer) -> None:
    """Draw the rules in force, or the draft of those to come with what they would do."""
    state = desk.access_rules(viewer=viewer)
    if not state.finished:
        _applying(desk, viewer, state)
        return
    drafted: tuple[Rule, ...] = st.session_state.get(_DRAFT, state.rules)
    changed = drafted != state.rules
    seen = st.session_state.get(_SEEN)
    counted: Preview | None = seen[1] if isinstance(seen, tuple) and seen[0] == drafted else None
    lead = ("Every rule that matches a record narrows it: it is for the groups that all of them name. What an export "
            "says of its groups narrows too; a record marked as restricted without a group is for nobody.")  # fmt: skip
    rows = [_row(at, rule, counted) for at, rule in enumerate(drafted)]
    trouble = st.session_state.pop(_TROUBLE, "")
    sheet("access-rules",
          el("section", "gap", notes((trouble,) if trouble else ()), el("p", "soft lead", lead),
             div("stack block-s", *rows) if rows else el("p", "block-s", "There is no rule.")),
          el("section", "gap", el("h2", "", "Add a rule"), _adding()),
          _ready(drafted, counted) if changed else None,
          told=partial(_heard, desk, viewer, drafted))  # fmt: skip


def listed(text: str) -> tuple[str, ...]:
    """Names that were typed with commas between them."""
    return tuple(name for part in re.split(r"[,;\n]", text) if (name := " ".join(part.split())))


def _row(at: int, rule: Rule, counted: Preview | None) -> dict[str, Any]:
    n = count(counted.matched[at], "record") if counted is not None else ""
    return div("card row rule", span("", rule.told), span("soft small", n),
               div("push", button("Take out", "out", "bare little", at=str(at))))  # fmt: skip


def _adding() -> dict[str, Any]:
    kinds = [(name, name.capitalize()) for name in (*FIELDS, WORDS)]
    return form("add", div("row-form block-s", choice("by", "Records whose", "category", kinds),
                           field("values", "is one of", hint="HR, Payroll", most=400),
                           field("groups", "are for these groups only", hint="HR"), submit("Add", "")))  # fmt: skip


def _ready(drafted: tuple[Rule, ...], counted: Preview | None) -> dict[str, Any]:
    """What would change, and the button that makes it so."""
    inside: list[Node] = []
    if counted is None:
        inside.append(el("p", "", "These rules do not hold yet."))
        acts = [button("Count what they would change", "count", "strong")]
    else:
        said = (f"Of {count(counted.records, 'record')} {counted.narrowed:,} would be seen by fewer than now, "
                f"{counted.widened:,} by others, {counted.nobody:,} by nobody but who sees all.")  # fmt: skip
        inside.append(el("p", "", said))
        acts = [button("Let these rules hold", "apply", "strong")]
    return el("section", "gap card", *inside, div("row", *acts, button("Back to those in force", "back", "bare")))


def _applying(desk: Desk, viewer: Viewer, state: InForce) -> None:
    """Apply a few batches more and look again; what is stricter holds all the while."""
    done = sum(state.done.values())
    counts = desk.store.counts(viewer)
    whole = max(done, counts["tickets"] + counts["articles"] + counts["problems"], 1)
    sheet("access-rules", el("section", "gap card", el("p", "", "The rules are being applied. What they hide is hidden "
          "already; what they show again follows."), meter(min(1.0, done / whole))))  # fmt: skip
    if viewer.may("access"):
        desk.resume_rules(viewer=viewer, batches=_STEP)
        st.rerun()


def _heard(desk: Desk, viewer: Viewer, drafted: tuple[Rule, ...], told: Told) -> None:
    name = told.get("name")
    try:
        if name == "add":
            new = Rule(told.get("by", ""), listed(told.get("values", "")), listed(told.get("groups", "")))
            st.session_state[_DRAFT] = checked((*drafted, new))
        elif name == "out" and told.get("at", "").isdigit():
            st.session_state[_DRAFT] = tuple(rule for at, rule in enumerate(drafted) if at != int(told["at"]))
        elif name == "count":
            st.session_state[_SEEN] = (drafted, desk.preview_rules(drafted, viewer=viewer))
        elif name == "apply":
            desk.set_access_rules(drafted, viewer=viewer, batches=0)
            st.session_state.pop(_DRAFT, None)
        elif name == "back":
            st.session_state.pop(_DRAFT, None)
    except SeenBeforeError as error:
        st.session_state[_TROUBLE] = str(error)
