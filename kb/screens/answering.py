"""What a reader makes of suggestions: accepts, corrects or skips them, and takes it back; kept for good by the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound, SeenBeforeError
from kb.policy import target_of
from kb.records import Correction, Prediction, Ref, Suggestion, Ticket, Viewer
from kb.screens.chrome import forget
from kb.screens.paper import Told

Action = Literal["accepted", "replaced", "skipped", "undone"]
ANSWERS = ("accept", "correct", "skip")
_LONGEST_VALUE, _LONGEST_WHY = 200, 500


def heard(desk: Desk, viewer: Viewer, suggested: Sequence[Suggestion], told: Told) -> None:
    """Do what the browser asked for one ticket; only tickets that are on the page can be answered."""
    if told.get("name") == "undo-last" and said():
        last = list(said())[-1]
        told = {"name": "undo", "source": last.source, "number": last.number}
    found = named(suggested, told)
    if found is None:
        return
    ref, name = found.ticket.ref, told.get("name")
    if name in ("why", "fix"):
        opened = st.session_state.get("sb-open")
        st.session_state["sb-open"] = None if opened == (ref, name) else (ref, name)
        return
    if name not in (*ANSWERS, "undo"):
        return
    answers = undoing(desk, viewer, found.ticket) if name == "undo" else of(found, told)
    st.session_state["sb-open"] = None
    said().pop(ref, None)
    try:
        for answer in answers:
            desk.correct(answer, viewer=viewer)
    except SeenBeforeError as error:
        said()[ref] = str(error)
        return
    finally:
        forget("answered")
    if name != "undo":
        said()[ref] = "" if answers else "Left as it is: nothing was chosen."


def named(suggested: Sequence[Suggestion], told: Told) -> Suggestion | None:
    """The suggestion for the ticket that the browser names, where it is on the page."""
    ref = Ref("ticket", told.get("source", ""), told.get("number", ""))
    return next((one for one in suggested if one.ticket.ref == ref), None)


def of(suggestion: Suggestion, told: Told) -> list[Correction]:
    """What accepting, correcting or skipping says of each target."""
    ref, answers = suggestion.ticket.ref, []
    why = " ".join(told.get("why", "").split())[:_LONGEST_WHY] if told["name"] == "correct" else ""
    for name, guess in suggestion.predictions.items():
        if told["name"] == "skip":
            chosen, action = "", "skipped"
        elif told["name"] == "accept":
            chosen, action = "" if target_of(suggestion.ticket, name) else guess.value or "", "accepted"
        else:
            chosen = told.get(f"to:{name}", "").strip()[:_LONGEST_VALUE]
            action = "accepted" if chosen == guess.value else "replaced"
        if chosen or action == "skipped":
            kind = cast("Action", action)
            answers.append(Correction(ref, name, guess.value, chosen, kind, why=why, model=suggestion.model))
    return answers


def undoing(desk: Desk, viewer: Viewer, ticket: Ticket) -> list[Correction]:
    """What takes back every answer that stands for a ticket."""
    return [
        Correction(ticket.ref, target, one.suggested, "", "undone", model=one.model)
        for target, one in standing(desk, viewer, ticket).items()
    ]


def standing(desk: Desk, viewer: Viewer, ticket: Ticket) -> Mapping[str, Correction]:
    """Target → the last word on it; nothing where the ticket is gone."""
    try:
        return desk.answers_to(ticket, viewer=viewer)
    except NotFound:
        return {}


def open_to(suggestion: Suggestion) -> list[Prediction]:
    """The suggestions that are shown and can be accepted: those the ticket does not say already."""
    return [
        guess
        for guess in suggestion.predictions.values()
        if guess.value is not None and not target_of(suggestion.ticket, guess.target)
    ]


def said() -> dict[Ref, str]:
    """Tickets answered in this session, the last at the end → what went wrong, "" where nothing did."""
    kept: dict[Ref, str] = st.session_state.setdefault("sb-triaged", {})
    return kept


def opened(ref: Ref) -> str:
    """What stands open below a ticket: "why", "fix" or nothing."""
    found = st.session_state.get("sb-open")
    return str(found[1]) if found is not None and found[0] == ref else ""
