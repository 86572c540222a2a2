"""What people say of one pattern: rename, merge, split, dismiss, "not this"; each is said back with "Undo"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from kb.desk import Desk
from kb.errors import BadSetting, NotFound, SeenBeforeError
from kb.overlay import Act
from kb.profiles import Profile
from kb.records import Pattern, Ref, Ticket, Viewer
from kb.screens.paper import Node, Told, button, choice, div, el, field, fold, form, link, span, submit
from kb.screens.wording import count, day

_SAID = "sb-pattern-said"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence about what was just done, and what takes it back."""

    words: str
    act: int = 0
    """The act to undo; 0 where there is none."""
    leads: str = ""
    """The pattern that was split off; "" for none."""


# --- drawing ------------------------------------------------------------------------------------------------------


def row(found: Profile) -> Node:
    """The quiet row of acts below the name."""
    one = found.pattern
    rename = form("rename", field("title", "Name", one.name, most=120), submit("Save", ""), look="rename")
    parts: list[Node] = [fold("Rename", rename, name=f"rename:{one.id}:{one.name}", look="quiet")]
    others = [(other.id, f"{other.name} ({count(other.size, 'ticket')})") for other, _ in found.alike]
    if others:
        merge = form("merge", choice("into", "Merge it into the pattern", others[0][0], others), submit("Merge", ""),
                     look="inline wide")  # fmt: skip
        parts.append(fold("Merge", merge, name=f"merge:{one.id}", look="quiet"))
    if one.dismissed:
        parts.append(button("Bring back", "recall", "quiet"))
    else:
        parts.append(button("Dismiss", "dismiss", "quiet", title="Show it no more; it can be brought back"))
    return div("p-acts", *parts)


def notice() -> Node:
    """What was just done, once, with the way back."""
    said = st.session_state.pop(_SAID, None)
    if not isinstance(said, Said):
        return None
    to: Node = link("Open it", "patterns", pattern=said.leads) if said.leads else None
    undo = button("Undo", "undo", "quiet", act=str(said.act)) if said.act else None
    return div("heard", span("", said.words), to, undo, role="status")


def none_of_it(ticket: Ticket) -> Node:
    """The button that says a ticket is none of this pattern."""
    return button("Not this pattern", "not", "quiet", source=ticket.source, number=ticket.number,
                  title="Take it out, now and whenever patterns are found anew")  # fmt: skip


def split_off(example: Ticket) -> Node:
    """The form that makes a variant a pattern of its own."""
    asks = form("split", field("title", "Call the new pattern (optional)", most=120), submit("Split off", "little"),
                look="inline", variant=str(example.id))  # fmt: skip
    return fold("Split off", asks, name=f"split:{example.id}", look="quiet")


def history(acts: Sequence[Act], names: Mapping[str, str], here: str) -> Node:
    """All that people said of it, newest first, what was undone struck through."""
    if not acts:
        return None
    rows = []
    for act in acts:
        facts = [act.by, day(act.at), f"taken back by {act.undone_by or 'somebody'} {day(act.undone_at)}".strip()
                 if act.undone else ""]  # fmt: skip
        undo = None if act.undone else button("Undo", "undo", "quiet", act=str(act.id))
        rows.append(el(
            "li", "p-like", span("struck" if act.undone else "", _told(act, names, here)),
            div("facts", *(span("", text) for text in facts if text)), undo,
        ))  # fmt: skip
    return el("section", "block history", el("h2", "kicker", "What people said of it"), el("ul", "lines tight", *rows))


def _told(act: Act, names: Mapping[str, str], here: str) -> str:
    def called(pattern: str) -> str:
        return "this pattern" if pattern == here else f"“{names[pattern]}”" if pattern in names else pattern

    if act.what == "rename":
        return f"Named “{act.name}”" if act.name else "Given name taken back"
    if act.what == "merge":
        return f"Merged {called(act.pattern)} into {called(act.other)}"
    if act.what == "split":
        return f"{count(len(act.tickets), 'ticket')} split off from {called(act.pattern)} as {called(act.other)}"
    if act.what == "not this":
        return f"{count(len(act.tickets), 'ticket')} taken out"
    return {"dismiss": "Dismissed", "recall": "Brought back"}[act.what]


# --- listening ----------------------------------------------------------------------------------------------------


def heard(desk: Desk, viewer: Viewer, found: Profile, told: Told) -> None:
    """Do what the browser asks, where it is of that sort at all, and keep the sentence that says so."""
    one, name = found.pattern, told.get("name", "")
    acts: Mapping[str, Callable[[], Said]] = {
        "rename": lambda: _rename(desk, viewer, one, told.get("title", "")),
        "merge": lambda: _merge(desk, viewer, found, told.get("into", "")),
        "split": lambda: _split(desk, viewer, found, told),
        "dismiss": lambda: _dismiss(desk, viewer, one),
        "recall": lambda: _recall(desk, viewer, one),
        "not": lambda: _not_this(desk, viewer, one, Ref("ticket", told.get("source", ""), told.get("number", ""))),
        "undo": lambda: _undo(desk, viewer, told.get("act", "")),
    }
    if name not in acts:
        return
    try:
        st.session_state[_SAID] = acts[name]()
    except SeenBeforeError as error:
        st.session_state[_SAID] = Said(str(error))


def _rename(desk: Desk, viewer: Viewer, one: Pattern, title: str) -> Said:
    desk.rename_pattern(one.id, title, viewer=viewer)
    kept = "The name is kept, also when patterns are found anew." if title.strip() else "The given name is taken back."
    return Said(kept, _last(desk, viewer, one.id))


def _merge(desk: Desk, viewer: Viewer, found: Profile, into: str) -> Said:
    other = next((other for other, _ in found.alike if other.id == into), None)
    if other is None:
        raise NotFound("Choose one of the patterns that are like it.")
    desk.merge_patterns(found.pattern.id, into=other.id, viewer=viewer)
    return Said(f"“{found.pattern.name}” is now part of “{other.name}”.", _last(desk, viewer, other.id))


def _split(desk: Desk, viewer: Viewer, found: Profile, told: Told) -> Said:
    wanted = next((variant for variant, ticket in found.variants if str(ticket.id) == told.get("variant")), None)
    if wanted is None:
        raise NotFound("This variant is not here any more: look at the pattern again.")
    made = desk.split_pattern(found.pattern.id, wanted.members, name=told.get("title", ""), viewer=viewer)
    return Said(
        f"{count(wanted.size, 'ticket')} are now a pattern of their own.", _last(desk, viewer, made), leads=made
    )


def _dismiss(desk: Desk, viewer: Viewer, one: Pattern) -> Said:
    desk.dismiss_pattern(one.id, viewer=viewer)
    return Said("Dismissed: it is not listed any more.", _last(desk, viewer, one.id))


def _recall(desk: Desk, viewer: Viewer, one: Pattern) -> Said:
    desk.recall_pattern(one.id, viewer=viewer)
    return Said("Brought back: it is listed again.", _last(desk, viewer, one.id))


def _not_this(desk: Desk, viewer: Viewer, one: Pattern, ticket: Ref) -> Said:
    desk.not_this_pattern(one.id, ticket, viewer=viewer)
    return Said(f"{ticket.number} is none of this pattern any more.", _last(desk, viewer, one.id))


def _undo(desk: Desk, viewer: Viewer, act: str) -> Said:
    if not (act.isascii() and act.isdigit() and len(act) < 10):
        raise BadSetting("There is nothing of that number to take back.")
    desk.undo_pattern(int(act), viewer=viewer)
    return Said("Taken back.")


def _last(desk: Desk, viewer: Viewer, pattern: str) -> int:
    """The act that was just kept."""
    acts = desk.pattern_acts(pattern, viewer=viewer)
    return acts[0].id if acts else 0
