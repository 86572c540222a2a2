"""The frame: opens the desk once, names the pages, and says in one sentence what keeps it from opening."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from kb.roster import Person
from kb.screens import (
    access,
    audit,
    chrome,
    desk,
    entrance,
    importing,
    integrations,
    knowledge,
    models,
    paper,
    patterns,
    privacy,
    problems,
    reports,
    search,
    triage,
)
from kb.screens.paper import button
from pipelines.opened import opened
from pipelines.serve import in_use
from pipelines.settings import Settings
from pipelines.signing import ENTER, Door

Page = Callable[[Desk, Viewer], None]
PAGES: dict[str, Page] = {"search": search.page, "triage": triage.page, "patterns": patterns.page,
                          "problems": problems.page, "knowledge": knowledge.page, "reports": reports.page,
                          "models": models.page, "desk": desk.page, "import": importing.page,
                          "access": access.page, "privacy": privacy.page, "integrations": integrations.page,
                          "audit": audit.page}  # fmt: skip
SORRY = "Nothing was lost. Try again; if it stays, `seenbefore doctor` looks for the cause."
"""Shown for what nobody foresaw; the log says where it happened, and never what stood in a ticket."""
LOG = logging.getLogger("seenbefore.app")
ICON = paper.ASSETS / "icon.png"


def run() -> None:
    """Draw the page the address names."""
    places = {name: st.Page(_drawn(name, page), title=chrome.PAGES[name], url_path=name, default=name == "search")
              for name, page in PAGES.items()}  # fmt: skip
    admin = [place for name, place in places.items() if name in chrome.ADMIN]
    others = [place for name, place in places.items() if name not in chrome.ADMIN]
    enter = st.Page(_handed_over, title="Sign in", url_path=ENTER)
    here = st.navigation({"": [*others, enter], "Admin": admin}, position="hidden")
    wish = paper.wished()
    if wish is not None and wish[0] in places:
        st.switch_page(places[wish[0]], query_params=wish[1])
    here.run()


def _drawn(name: str, page: Page) -> Callable[[], None]:
    def draw() -> None:
        who, viewer = None, None
        try:
            desk, who = _desk()
            viewer = _viewer(desk, who)
            if viewer is None:
                return
            waiting = triage.to_do(desk, viewer)
        except Exception as error:  # noqa: BLE001 - see _say
            chrome.top(name, viewer=viewer, out=_way_out(who), told=_told)
            _say(error)
            return
        chrome.top(name, waiting=waiting, viewer=viewer, out=_way_out(who), told=_told)
        try:
            page(desk, viewer)
        except Exception as error:  # noqa: BLE001 - see _say
            _say(error)

    draw.__name__ = name
    return draw


def _desk() -> tuple[Desk, Person | None]:
    """The desk, and who has signed in; ``None`` for nobody, and where nobody has to."""
    desk = opened(in_use())()
    return desk, entrance.person(desk.store, _door().elsewhere)


def _viewer(desk: Desk, who: Person | None) -> Viewer | None:
    """Who is looking; ``None`` where nobody may, and then the page says so."""
    door = _door()
    if not door.shut:
        return in_use().viewer
    if entrance.leaving(desk.store):
        return None
    if who is None:
        chrome.bare()
        entrance.nobody("You are not signed in.", "Sign in to see the desk.", elsewhere=door.elsewhere)
        return None
    viewer = entrance.viewer(desk, who)
    if not viewer.looking and not viewer.may("read"):
        chrome.bare()
        entrance.no_role(who)
        return None
    return viewer


@st.cache_resource(show_spinner=False, max_entries=1)
def _doors(settings: Settings) -> Door:
    return Door(settings)


def _door() -> Door:
    return _doors(in_use())


def _handed_over() -> None:
    chrome.bare()
    try:
        door = _door()
        if entrance.leaving(door.store):
            return
        entrance.hand_over(door.elsewhere)
    except Exception as error:  # noqa: BLE001 - see _say
        _say(error)


def _way_out(who: Person | None) -> paper.Node:
    if who is None:
        return None
    return button("Sign out", "sign-out", "bare little") if who.issuer else paper.door("Sign out", out=True)


def _told(told: paper.Told) -> None:
    if told.get("name") == "sign-out":
        entrance.ask_to_leave()
    elif told.get("name") == "myself":
        entrance.look_as(None)


def _say(error: Exception) -> None:
    """The frame's last word: one sentence for the reader, never a stack trace and never a ticket's text in the log."""
    if isinstance(error, SeenBeforeError):
        chrome.trouble("This page cannot be shown.", str(error))
        return
    last = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("A page failed: %s in %s, line %s", type(error).__name__, Path(last.filename).name, last.lineno)
    chrome.trouble("Something went wrong on our side.", SORRY)


st.set_page_config(page_title="Seen Before", page_icon=ICON, layout="wide")
run()
