"""What was replaced in a record, shown once to who may read it; each look stands in the audit log."""

from __future__ import annotations

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Record, Viewer
from kb.screens.chrome import notes
from kb.screens.paper import Node, button, div, el, span

SHOW = "originals"
_SHOWN = "sb-originals"


def block(desk: Desk, viewer: Viewer, record: Record) -> Node:
    """The button for those who may look; after it was pressed, this one time, what the placeholders stand for."""
    if not desk.has_originals(record, viewer=viewer):
        return None
    whose, found, trouble = st.session_state.pop(_SHOWN, (None, {}, ""))
    show = div("row tight block-s", button("Show what was redacted", SHOW, "quiet little"),
               span("small soft", "Each look is written to the audit log."))  # fmt: skip
    if whose != (viewer.name, record.ref):
        return show
    if trouble:
        return [notes((trouble,)), show]
    rows = [part for name, value in found.items() for part in (el("dt", "", name), el("dd", "", value))]
    once = el("p", "small soft", "It is shown only now, and this look stands in the audit log.")
    return div("card gap-s", el("h2", "kicker", "What was redacted"), el("dl", "list", *rows), once, role="status")


def heard(desk: Desk, viewer: Viewer, record: Record) -> None:
    """Look, for the next drawing of the page and no other."""
    try:
        st.session_state[_SHOWN] = ((viewer.name, record.ref), desk.originals(record, viewer=viewer), "")
    except SeenBeforeError as error:
        st.session_state[_SHOWN] = ((viewer.name, record.ref), {}, str(error))
