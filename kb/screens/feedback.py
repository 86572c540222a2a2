"""What readers say of an answer: it fixed this, it helps, it does not, it is wrong; and how they take that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound, SeenBeforeError
from kb.records import Kind, Mark, Record, Ref, Said, Ticket, Viewer
from kb.screens.chrome import calmly, remembered
from kb.screens.paper import Node, Told, button, div, el, field, fold, form, span, submit
from kb.text import clean

_READ = 8_000
_LONGEST = 1_000
_NUMBER = 80
_KINDS = ("ticket", "article", "problem")
_COUNTED = "The next search counts it."
_PAST: Mapping[str, str] = {
    "helpful": f"Noted as helpful. {_COUNTED}",
    "not helpful": f"Noted as not helpful. {_COUNTED}",
    "fixed": f"Noted as what fixed it. {_COUNTED}",
    "flag": "Flagged for its owner.",
}
Standing = Mapping[Ref, Mapping[Said, Mark]]
"""Record → what this reader said of it and did not take back."""


@dataclass(frozen=True, slots=True)
class About:
    """What the answers on the page are answers to: a question in words, or a ticket."""

    question: str = ""
    ticket: Ref | None = None

    def covers(self, mark: Mark) -> bool:
        """Whether this mark was made for the same question or ticket; a flag is for every one."""
        if mark.said == "flag":
            return True
        if self.ticket is not None:
            return mark.ticket == self.ticket
        return mark.ticket is None and bool(mark.question) and mark.question == clean(self.question[:_READ])


@dataclass(frozen=True, slots=True)
class _Heard:
    words: str
    mark: int = 0
    """The mark to take back; 0 where there is none."""


# --- drawing ------------------------------------------------------------------------------------------------------


def buttons(record: Record, about: About, mine: Mapping[Said, Mark]) -> Node:
    """A quiet row to say what became of this answer, and one sentence with "Undo" after it was said."""
    ref, parts = record.ref, list[Node]()
    if about.question or about.ticket:
        if not (isinstance(record, Ticket) and record.state in ("open", "on hold")):
            parts.append(_fixed(ref, about, mine.get("fixed")))
        parts += [_press(ref, "Helpful", "helpful", "h", mine), _press(ref, "Not helpful", "not helpful", "n", mine)]
    if ref.kind != "ticket":
        parts.append(_flag(ref, mine.get("flag")))
    told = notice(about, ref)
    if not parts:
        return div("say", told) if told else None
    return div("say", div("say-row", *parts), told)


def notice(about: About, ref: Ref) -> Node:
    """What was just said of this record, with "Undo"; nothing where nothing was."""
    heard = _shelf().get((about, ref))
    if heard is None:
        return None
    undo = button("Undo", "undo", "quiet", id=str(heard.mark), **_named(ref)) if heard.mark else None
    return div("heard", span("", heard.words), undo, role="status")


def _press(ref: Ref, words: str, said: Said, key: str, mine: Mapping[Said, Mark]) -> Node:
    mark = mine.get(said)
    if mark is not None:
        return pressed(ref, words, mark, key)
    return {**button(words, "say", "quiet", key=key, said=said, **_named(ref)), "pressed": False}


def pressed(ref: Ref, words: str, mark: Mark, key: str = "") -> dict[str, object]:
    """A button for what stands; pressing it again takes it back."""
    undo = button(words, "undo", "quiet pressed", key=key, title="Take it back", id=str(mark.id), **_named(ref))
    return {**undo, "pressed": True}


def _fixed(ref: Ref, about: About, mark: Mark | None) -> Node:
    if mark is not None:
        return pressed(ref, "This fixed it", mark, "f")
    if about.ticket is not None:
        press = button("This fixed it", "say", "quiet first", key="f", said="fixed", **_named(ref))
        return {**press, "pressed": False}
    asks = form(
        "say",
        field("for", "For ticket (optional)", hint="INC0012345", most=_NUMBER),
        submit("Save", "little"),
        look="inline",
        said="fixed",
        **_named(ref),
    )
    opened = fold("This fixed it", asks, look="quiet first", name=f"fixed:{ref}", key="f")
    return {**opened, "into": True}


def _flag(ref: Ref, mark: Mark | None) -> Node:
    if mark is not None:
        return pressed(ref, "Flagged", mark, "g")
    asks = form(
        "say",
        field("note", "What is wrong with it?", hint="Step 3 no longer exists", most=_LONGEST),
        submit("Flag", "little"),
        look="inline",
        said="flag",
        **_named(ref),
    )
    return {**fold("Flag", asks, look="quiet", name=f"flag:{ref}", key="g"), "into": True}


def keys() -> Node:
    """The keys that work on the page, on one quiet line."""
    parts: list[Node] = []
    for key, does in (("/", "ask"), ("j k", "walk"), ("c", "copy"), ("f", "this fixed it"), ("h", "helpful"),
                      ("n", "not helpful"), ("g", "flag")):  # fmt: skip
        parts += [*(el("kbd", "", one) for one in key.split()), f" {does} "]
    return el("p", "small soft gap keys", *parts)


def _named(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind, "source": ref.source, "number": ref.number}


# --- listening ----------------------------------------------------------------------------------------------------


def standing(desk: Desk, viewer: Viewer, records: Sequence[Record], about: About) -> Standing:
    """What this reader said of these records as answers to this and did not take back."""

    def read() -> Standing:
        said = {kind: desk.store.tally(kind) for kind in {record.ref.kind for record in records}}
        found: dict[Ref, dict[Said, Mark]] = {}
        for record in records:
            if record.id not in said[record.ref.kind]:
                continue
            for mark in desk.marks_of(record, viewer=viewer):
                mine = mark.target == record.ref and mark.by == viewer.name and mark.undone_at is None
                if mine and about.covers(mark):
                    found.setdefault(record.ref, {}).setdefault(mark.said, mark)
        return found

    return remembered(desk, viewer, ("said", about, tuple(record.ref for record in records)), read)


def heard(desk: Desk, viewer: Viewer, about: About, told: Told) -> None:
    """Keep or take back what the browser sent, where it is of that sort at all."""
    kind, said = told.get("kind", ""), told.get("said", "")
    if told.get("name") not in ("say", "undo") or kind not in _KINDS:
        return
    ref = Ref(cast("Kind", kind), told.get("source", ""), told.get("number", ""))
    if told["name"] == "undo":
        hear(about, ref, "Taken back.", lambda: undo(desk, viewer, told.get("id", "")))
    elif said in _PAST:
        hear(about, ref, "", lambda: _say(desk, viewer, _mark(desk, viewer, about, ref, cast("Said", said), told)))


def hush(about: About) -> None:
    """Forget what was just said of the answers to this; the marks stay."""
    for key in [key for key in _shelf() if key[0] == about]:
        del _shelf()[key]


def _say(desk: Desk, viewer: Viewer, mark: Mark) -> Mark:
    return calmly(desk, lambda: desk.mark(mark, viewer=viewer))


def hear(about: About, ref: Ref, words: str, act: Callable[[], Mark]) -> None:
    """Keep or take back a mark, and remember the sentence that says so; of one kept, its own where ``words`` is ""."""
    try:
        mark = act()
    except SeenBeforeError as error:
        _shelf()[about, ref] = _Heard(str(error))
    else:
        _shelf()[about, ref] = _Heard(words or _told_back(mark), 0 if mark.undone_at else mark.id or 0)


def undo(desk: Desk, viewer: Viewer, mark: str) -> Mark:
    """Take a mark back by what the browser sent as its id. Raises ``NotFound``."""
    if not (mark.isascii() and mark.isdigit() and len(mark) < 16):
        raise NotFound(f"There is no mark {mark[:20]!r} to take back.")
    return calmly(desk, lambda: desk.undo(int(mark), viewer=viewer))


def _mark(desk: Desk, viewer: Viewer, about: About, ref: Ref, said: Said, told: Told) -> Mark:
    """The mark that was meant. Raises ``NotFound`` for a ticket number nobody has."""
    if said == "flag":
        return Mark(ref, said, note=told.get("note", ""))
    if about.ticket is not None:
        return Mark(ref, said, ticket=about.ticket)
    number = told.get("for", "").strip()[:_NUMBER]
    if said == "fixed" and number:
        return Mark(ref, said, ticket=ticket_named(desk, viewer, number).ref)
    return Mark(ref, said, question=about.question)


def ticket_named(desk: Desk, viewer: Viewer, number: str) -> Record:
    """The ticket of a number as people type it. Raises ``NotFound``."""
    try:
        return desk.record("ticket", number, viewer=viewer)
    except NotFound:
        if number.upper() == number:
            raise
        return desk.record("ticket", number.upper(), viewer=viewer)


def _told_back(mark: Mark) -> str:
    if mark.said == "fixed" and mark.ticket is not None:
        return f"Noted: {mark.target.number} answered {mark.ticket.number}. {_COUNTED}"
    return f"{_PAST[mark.said]} “{mark.note}”" if mark.note else _PAST[mark.said]


def _shelf() -> dict[tuple[About, Ref], _Heard]:
    kept: dict[tuple[About, Ref], _Heard] = st.session_state.setdefault("sb-heard", {})
    return kept
