"""What a reader does with a problem: sets, moves, links, merges, takes it back; each act answers in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import streamlit as st

from kb.desk import Desk
from kb.errors import BadSetting, ChangedMeanwhile, NotFound, SeenBeforeError
from kb.problems import EDITABLE, TEXTS, shown
from kb.records import Problem, ProblemChange, Ref, Viewer
from kb.screens.chrome import go
from kb.screens.paper import Node, Told, button, div, span
from kb.screens.wording import now

_ASKS = {"root cause known": "root_cause", "resolved": "fix"}
"""State → the text it asks for."""


@dataclass(frozen=True, slots=True)
class _Heard:
    words: str
    change: int = 0
    """What "Undo" takes back; 0 where nothing can be."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Texts that were typed and not saved, by field."""
    wanted: str = ""
    """The state that asks for a text first."""


def told(ref: Ref) -> Node:
    """The sentence about the last act, with "Undo"."""
    heard = _shelf().get(ref)
    if heard is None or not heard.words:
        return None
    undo = button("Undo", "undo-change", "quiet", id=str(heard.change)) if heard.change else None
    return div("heard gap-s", span("", heard.words), undo, role="status")


def kept(ref: Ref) -> Mapping[str, str]:
    """What was typed and could not be saved."""
    heard = _shelf().get(ref)
    return {} if heard is None else heard.kept


def wanted(ref: Ref) -> str | None:
    """The state that the reader chose and that asks for a text first."""
    heard = _shelf().get(ref)
    return heard.wanted or None if heard is not None else None


def seen(found: Problem) -> str:
    """What the reader has before him, for a form to send back."""
    return json.dumps(shown(found))


def hush(ref: Ref) -> None:
    """Forget what was just said of a problem."""
    _shelf().pop(ref, None)


def made(desk: Desk, viewer: Viewer, problem: Problem) -> None:
    """Remember that this problem was made just now, so that its page offers to take that back."""
    first = next((one for one in desk.problem_history(problem, viewer=viewer) if one.what == "created"), None)
    _shelf()[problem.ref] = _Heard(f"{problem.number} is made.", 0 if first is None else first.id)


def heard(desk: Desk, viewer: Viewer, found: Problem, told: Told) -> None:
    """Do what the browser asked for; what goes wrong is one sentence above the record."""
    name = told.get("name", "")
    acts: Mapping[str, Callable[[], _Heard]] = {
        "set": lambda: _set(desk, viewer, found, told),
        "merge": lambda: _merge(desk, viewer, found, told),
        "link": lambda: _link(desk, viewer, found, told),
        "unlink": lambda: _unlink(desk, viewer, found, told),
        "undo-change": lambda: undo(desk, viewer, found, told.get("id", "")),
    }
    if name not in acts:
        return
    texts = {field: told[field] for field in TEXTS if field in told}
    try:
        _shelf()[found.ref] = acts[name]()
    except ChangedMeanwhile as error:
        _shelf()[found.ref] = _Heard(f"{error} What you wrote is still in the form.", kept=texts)
    except SeenBeforeError as error:
        state = told.get("state", "")
        asks = state in _ASKS and name == "set" and not getattr(found, _ASKS[state])
        _shelf()[found.ref] = _Heard(str(error), kept={} if asks else texts, wanted=state if asks else "")


# --- acts ---------------------------------------------------------------------------------------------------------


def _set(desk: Desk, viewer: Viewer, found: Problem, told: Told) -> _Heard:
    changes: dict[str, object] = {name: told[name] for name in EDITABLE if name in told}
    if "resolved_at" in changes:
        changes["resolved_at"] = _date(told["resolved_at"], found)
    made = desk.change_problem(found.ref, changes, viewer=viewer, now=now(), seen=_seen(told))
    if made is None:
        return _Heard("Nothing was changed.")
    if "state" in made.after:
        return _Heard(f"The state is now {made.after['state']}.", made.id)
    names = [name.replace("_", " ") for name in made.after]
    return _Heard(f"Saved: {' and '.join(names)}.", made.id)


def _merge(desk: Desk, viewer: Viewer, found: Problem, told: Told) -> _Heard:
    number = told.get("into", "").strip()
    if not number:
        raise BadSetting("Name the problem that takes over by its number.")
    into = desk.problem(number, viewer=viewer)
    made = desk.merge_problems(found.ref, into=into.ref, viewer=viewer, now=now(), why=told.get("why", ""))
    return _Heard(f"Merged into {into.number}.", made.id)


def _link(desk: Desk, viewer: Viewer, found: Problem, told: Told) -> _Heard:
    number = told.get("number", "").strip()
    if not number:
        raise BadSetting("Name a ticket or an article by its number.")
    end = desk.linkable(number, viewer=viewer)
    made = desk.link_problem(found.ref, end.ref, viewer=viewer, now=now())
    return _Heard(f"{end.number} belongs to it now. The next search counts it.", made.id)


def _unlink(desk: Desk, viewer: Viewer, found: Problem, told: Told) -> _Heard:
    kind = told.get("kind", "")
    if kind not in ("ticket", "article"):
        raise NotFound("Only a ticket or an article can be taken off.")
    end = Ref("ticket" if kind == "ticket" else "article", told.get("source", ""), told.get("number", ""))
    made = desk.unlink_problem(found.ref, end, viewer=viewer, now=now())
    return _Heard(f"{end.number} does not belong to it any more.", made.id)


def undo(desk: Desk, viewer: Viewer, found: Problem, change: str) -> _Heard:
    """Take a change back by what the browser sent as its id. Raises ``NotFound``, ``BadSetting``."""
    if not (change.isascii() and change.isdigit() and len(change) < 16):
        raise NotFound(f"There is no change {change[:20]!r} to take back.")
    made: ProblemChange = desk.undo_problem(int(change), viewer=viewer, now=now())
    if made.what == "created":
        hush(found.ref)
        st.session_state["sb-unmade"] = f"{found.number} is gone again."
        go({})
        return _Heard("")
    return _Heard("Taken back.")


# --- what the browser sent ----------------------------------------------------------------------------------------


def _seen(told: Told) -> dict[str, str]:
    """What the reader had before him; nothing that we wrote means he had nothing, and every field counts as moved."""
    try:
        found = json.loads(told.get("seen", ""))
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _date(text: str, found: Problem) -> datetime | None:
    """The day as a time; the very time that is there where it is the same day."""
    old = found.resolved_at
    if old is not None and text == f"{old:%Y-%m-%d}":
        return old
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadSetting("Give the day as year-month-day, such as 2026-05-04.") from error


def _shelf() -> dict[Ref, _Heard]:
    kept: dict[Ref, _Heard] = st.session_state.setdefault("sb-problem", {})
    return kept
