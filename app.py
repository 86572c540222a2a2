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
from kb.screens import chrome, desk, importing, knowledge, models, paper, patterns, problems, reports, search, triage
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.serve import in_use
from pipelines.settings import Settings

Page = Callable[[Desk, Viewer], None]
PAGES: dict[str, Page] = {"search": search.page, "triage": triage.page, "patterns": patterns.page,
                          "problems": problems.page, "knowledge": knowledge.page, "reports": reports.page,
                          "models": models.page, "desk": desk.page, "import": importing.page}  # fmt: skip
SORRY = "Nothing was lost. Try again; if it stays, `seenbefore doctor` looks for the cause."
"""Shown for what nobody foresaw; the log says where it happened, and never what stood in a ticket."""
LOG = logging.getLogger("seenbefore.app")
ICON = paper.ASSETS / "icon.png"


@st.cache_resource(show_spinner=False, max_entries=1)
def opened(_settings: Settings, home: str, published: str) -> Desk:
    """The desk, opened anew when another generation has been published."""
    return open_desk(_settings)


def run() -> None:
    """Draw the page the address names."""
    places = {name: st.Page(_drawn(name, page), title=chrome.name_of(name), url_path=name, default=name == "search")
              for name, page in PAGES.items()}  # fmt: skip
    here = st.navigation(list(places.values()), position="hidden")
    wish = paper.wished()
    if wish is not None and wish[0] in places:
        st.switch_page(places[wish[0]], query_params=wish[1])
    here.run()


def _drawn(name: str, page: Page) -> Callable[[], None]:
    def draw() -> None:
        try:
            desk, viewer = _desk()
            waiting = triage.to_do(desk, viewer)
        except Exception as error:  # noqa: BLE001 - see _say
            chrome.top(name)
            _say(error)
            return
        chrome.top(name, waiting=waiting)
        try:
            page(desk, viewer)
        except Exception as error:  # noqa: BLE001 - see _say
            _say(error)

    draw.__name__ = name
    return draw


def _desk() -> tuple[Desk, Viewer]:
    settings = in_use()
    published = str(sorted(Home(settings).made.pointers().items()))
    return opened(settings, str(settings.home), published), settings.viewer


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
