"""What all screens share: the top of the page, the question, notes, empty and error states, and a short memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import streamlit as st

from kb.desk import Desk
from kb.records import Viewer
from kb.screens.paper import Node, Told, button, copier, div, el, link, look, sheet, span

PAGES: Mapping[str, str] = {"search": "Search", "triage": "Triage", "patterns": "Patterns",
                            "problems": "Problems", "knowledge": "Knowledge", "reports": "Reports",
                            "models": "Models", "desk": "Desk", "import": "Import", "access": "Access",
                            "privacy": "Privacy",
                            "integrations": "Integrations", "audit": "Audit"}  # fmt: skip
"""Path of each page → what it is called in the top bar or, below it, in the section Admin."""
ADMIN: Mapping[str, str] = {"import": "import", "access": "access", "privacy": "privacy",
                            "integrations": "integrations", "audit": "audit"}  # fmt: skip
"""Pages of the section Admin → the act one must be allowed for them to be shown."""
T = TypeVar("T")
_REMEMBERED = 24
_STEADY = ("ask", "like", "facets", "library", "queue", "answered")
"""What does not change under the reader's eyes when he says something of it."""


def top(
    here: str, *, waiting: int = 0, viewer: Viewer | None = None, out: Node = None,
    told: Callable[[Told], None] | None = None,
) -> None:  # fmt: skip
    """Dress the page and draw its top bar: the pages, and who is signed in with the way out."""
    st.session_state["sb-viewer"] = viewer
    places = []
    for page, name in PAGES.items():
        if page in ADMIN:
            continue
        badge = span("count", f"{waiting}", title=f"{waiting} waiting") if page == "triage" and waiting else None
        places.append({**link([name, badge], page), "current": page == here})
    admin = [page for page, act in ADMIN.items() if viewer is None or viewer.may(act)]
    if admin:
        places.append({**link("Admin", admin[0]), "current": here in ADMIN})
    home = link([span("dot", hidden="true"), "Seen Before"], "search", "name")
    header = el("header", "top", home, el("nav", "", *places, label="Pages"), _who(viewer, out))
    look("sb-top", header, _looking(viewer), told=told)
    if here in ADMIN and len(admin) > 1:
        inside = ({**link(PAGES[page], page), "current": page == here} for page in admin)
        sheet("sb-admin", el("nav", "switch wraps rooms", *inside, label="Admin"))


def bare() -> None:
    """Dress a page of who has not signed in: the name, and no pages."""
    name = el("span", "name", span("dot", hidden="true"), "Seen Before")
    look("sb-top", el("header", "top", name))


def _who(viewer: Viewer | None, out: Node) -> Node:
    """Who is signed in, with the way out."""
    if viewer is None or not out:
        return None
    return div("who", span("soft", viewer.looking or viewer.name), out)


def _looking(viewer: Viewer | None) -> Node:
    """The banner over a desk that is looked at as somebody else."""
    if viewer is None or not viewer.looking:
        return None
    words = f"You see the desk as {viewer.name} does. Nothing can be changed meanwhile."
    return div("looking", span("", words), button("Back to yourself", "myself", "little"), role="status")


def head(question: str, lead: Node = None) -> dict[str, object]:
    """The page's one question, and a line below it."""
    return el("header", "head", el("h1", "", question), el("p", "", lead) if lead else None)


def notes(sentences: tuple[str, ...]) -> Node:
    """Sentences about limits, with commands in them set apart."""
    if not sentences:
        return None
    return div("notes", *(div("note", *with_commands(sentence), role="status") for sentence in sentences))


def with_commands(sentence: str) -> list[Node]:
    """A sentence of our own with what stands between backticks set as code."""
    parts = sentence.split("`")
    return [el("code", "", part) if i % 2 else part for i, part in enumerate(parts)]


def commands_in(sentence: str) -> list[str]:
    """The commands a sentence names."""
    return sentence.split("`")[1::2]


def empty(title: str, sentence: str) -> dict[str, object]:
    """Nothing to show, and what would change that."""
    found = commands_in(sentence)[:1]
    typed: list[Node] = [div("command", el("code", "", text), copier("Copy", text)) for text in found]
    return div("empty", el("h2", "", title), el("p", "", *with_commands(sentence)), *typed)


def trouble(title: str, sentence: str) -> None:
    """Draw a page that says what went wrong and nothing else."""
    sheet("trouble", empty(title, sentence))


def remembered(desk: Desk, viewer: Viewer, key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` gave last time this reader asked for the same on an unchanged desk; kept in the session only."""
    shelf: dict[Hashable, T] = st.session_state.setdefault("sb-kept", {})
    whole = (viewer, desk.store.seq(), id(desk), key)
    if whole not in shelf:
        while len(shelf) >= _REMEMBERED:
            shelf.pop(next(iter(shelf)))
        shelf[whole] = make()
    return shelf[whole]


def calmly(desk: Desk, act: Callable[[], T]) -> T:
    """Do something that writes, and leave the answers on the page in their order until they are asked for again."""
    before = desk.store.seq()
    done = act()
    after = desk.store.seq()
    shelf: dict[Any, Any] = st.session_state.setdefault("sb-kept", {})
    for whole in [one for one in shelf if one[1] == before and _name(one[3]) in _STEADY]:
        shelf[whole[0], after, *whole[2:]] = shelf.pop(whole)
    return done


def forget(name: str) -> None:
    """Ask the desk anew for what is remembered under this name."""
    shelf: dict[Any, Any] = st.session_state.setdefault("sb-kept", {})
    for whole in [one for one in shelf if _name(one[3]) == name]:
        del shelf[whole]


def _name(key: Any) -> Any:
    return key[0] if isinstance(key, tuple) else key


def address() -> dict[str, str]:
    """The query string of this page."""
    return {str(name): str(value) for name, value in st.query_params.items()}


def go(where: Mapping[str, str]) -> None:
    """Put this into the address of the page, for permalinks and the browser's way back."""
    wanted = {name: value for name, value in where.items() if value}
    if address() != wanted:
        st.query_params.from_dict(wanted)
