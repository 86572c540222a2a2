"""The real app in a real browser: search, feedback, triage, patterns, knowledge, hostile tickets; nothing goes wrong."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browsing import ROOT, STICKS_OUT, serving

pytestmark = pytest.mark.browser
WAIT = 60_000
EVIL = (
    "![beacon](http://evil.example/a.png) <img src=http://evil.example/b.png onerror=alert(1)> "
    "[reset your password](http://evil.example/c) [x](javascript:alert(2)) <script>alert(3)</script> www.evil.example"
)
WAITING = "EVIL0001"
"""The newest ticket, so first in the queue. No test may answer it: an answered ticket leaves the queue for good."""


@dataclass
class Seen:
    """One browser page and everything it should not have done."""

    page: Any
    base: str
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open an address and wait until the page stands."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector(".sb-top", timeout=WAIT)

    def on_console(self, message: Any) -> None:
        """Remember an error the page reported."""
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")

    def on_request(self, request: Any) -> None:
        """Remember a request to anywhere but our server."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.base).netloc:
            self.wrong.append(f"request: {request.url}")


@pytest.fixture(scope="module")
def served(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, serving a copy of the sample desk with hostile tickets in it."""
    home = tmp_path_factory.mktemp("served") / "desk"
    shutil.copytree(sample_home, home)
    evil = home.parent / "evil.csv"
    with evil.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "opened_at", "state", "short_description", "description", "category", "close_notes"])
        rows.writerow([WAITING, "2027-01-01 10:00:00", "New", EVIL, EVIL, "", ""])
        rows.writerow(["EVIL0002", "2026-10-30 10:00:00", "Closed", f"quokka {EVIL}", EVIL, "<b>bold</b>", EVIL])
    program = [sys.executable, "-m", "pipelines", "ingest", str(evil), "--home", str(home)]
    subprocess.run(program, cwd=ROOT, check=True, capture_output=True)
    with serving(home) as base:
        yield base


@pytest.fixture
def seen(browser: Any, served: str) -> Iterator[Seen]:
    """A fresh page; the test fails afterwards on any console error, script error, dialog or request elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    watched = Seen(page, served)
    page.on("console", watched.on_console)
    page.on("pageerror", lambda error: watched.wrong.append(f"script: {error}"))
    page.on("dialog", lambda dialog: (watched.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", watched.on_request)
    page.on("websocket", lambda socket: watched.on_request(socket))
    yield watched
    context.close()
    assert watched.wrong == []


def test_a_question_is_typed_answered_opened_and_found_back(seen: Seen) -> None:
    page = seen.page
    seen.go("/")
    deadline = time.monotonic() + WAIT / 1000
    while "Seen Before" not in page.title() and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert "Seen Before" in page.title()
    box = page.get_by_label("Your question")
    box.wait_for()
    page.locator("[name='q']:focus").wait_for()
    page.keyboard.type("KB0001057 outlook password")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sb-verdict")
    assert "q=KB0001057" in page.url
    first = page.locator(".sb-card h3 a").first
    title = first.inner_text()
    first.click()
    page.wait_for_selector(".sb-record")
    assert page.locator("h1").first.inner_text() == title
    page.go_back()
    page.wait_for_selector(".sb-verdict")
    assert page.get_by_label("Your question").input_value() == "KB0001057 outlook password"


def test_a_link_pressed_while_its_page_is_being_replaced_still_leads_there(seen: Seen) -> None:
    page = seen.page
    seen.go("/")
    page.get_by_label("Your question").wait_for()
    late = page.query_selector(".sb-top nav a[href$='/triage']")
    page.get_by_role("link", name="Patterns").click()
    page.wait_for_selector(".sb-top nav a[href$='/patterns'][aria-current='page']")
    assert not late.evaluate("link => link.isConnected"), "it belongs to the page that is gone"
    late.evaluate("link => link.click()")
    page.wait_for_selector(".sb-top nav a[href$='/triage'][aria-current='page']")


def test_who_goes_back_at_once_is_not_sent_forward_again(seen: Seen) -> None:
    page = seen.page
    seen.go("/")
    page.get_by_label("Your question").wait_for()
    page.get_by_role("link", name="Patterns").click()
    page.wait_for_url("**/patterns")
    page.go_back()
    page.wait_for_timeout(5_000)  # a link that was not heard is pressed again after three seconds
    assert urlsplit(page.url).path == "/"


def test_a_filter_narrows_and_stays_in_the_address(seen: Seen) -> None:
    page = seen.page
    seen.go("/?q=KB0001057")
    page.wait_for_selector(".sb-verdict")
    page.locator("summary:has-text('Narrow it down')").click()
    page.get_by_label("Look in").select_option("article")
    page.wait_for_url("**kind=article**")
    page.wait_for_selector("section[aria-label='Knowledge articles']")
    page.wait_for_selector("section[aria-label='Past tickets']", state="detached")
    assert page.locator("section[aria-label='Knowledge articles'] .sb-card").count() >= 1


def test_a_ticket_is_triaged_with_the_keyboard(seen: Seen) -> None:
    page = seen.page
    seen.go("/triage")
    page.locator(".sb-case").first.wait_for()
    name = page.locator(f".sb-case:not(:has-text('{WAITING}'))").first.get_attribute("data-card")
    case = page.locator(f"[data-card='{name}']")
    for _ in range(10):
        if case.evaluate("card => card === document.activeElement"):
            break
        page.keyboard.press("j")
    page.keyboard.press("e")
    case.locator("text=Nearest past tickets").wait_for()
    page.keyboard.press("s")
    page.locator(f".sb-done[data-card='{name}']").wait_for()


def test_a_typed_text_gets_a_suggestion(seen: Seen) -> None:
    page = seen.page
    seen.go("/triage")
    page.locator("text=Try a text that is no ticket yet").click()
    page.locator("textarea[name=text]").fill("VPN drops every few minutes\nsince this morning, everybody at home")
    page.locator("button:has-text('Suggest')").click()
    page.locator(".sb-case:has-text('Telling words')").first.wait_for()


def test_a_pattern_opens_and_takes_a_new_name(seen: Seen) -> None:
    page = seen.page
    seen.go("/patterns")
    page.locator(".sb-rank h3 a").first.click()
    page.wait_for_selector(".sb-tall svg")
    page.locator("summary:has-text('Rename')").click()
    page.get_by_label("Name").fill("Disks fill up <b>again</b>")
    page.locator(".sb-rename button").click()
    page.locator("h1:has-text('Disks fill up <b>again</b>')").wait_for()


ASKED = "/?q=Outlook+keeps+asking+for+the+password"


def test_the_fix_stands_on_top_and_is_copied(seen: Seen) -> None:
    page = seen.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    seen.go("/")
    page.get_by_label("Your question").wait_for()
    page.locator("[name='q']:focus").wait_for()
    page.keyboard.type("Outlook keeps asking for the password")
    page.keyboard.press("Enter")
    first = page.locator(".sb-way").first
    first.wait_for()
    assert "like this" in first.inner_text()
    assert first.bounding_box()["y"] < 500, "the fix is not seen without scrolling"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.locator(".sb-way button:has-text('Copied')").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == first.locator(".sb-way-text").inner_text().strip()
    page.keyboard.press("/")
    page.locator("[name='q']:focus").wait_for()
    page.locator("summary:has-text('Ask and check')").press("Enter")
    page.locator(".sb-tick").first.wait_for()


def test_helpful_is_one_press_and_taken_back_by_another(seen: Seen) -> None:
    page = seen.page
    seen.go(ASKED)
    card = page.locator(".sb-card").first
    name = card.get_attribute("data-card")
    card.get_by_role("button", name="Helpful", exact=True).click()
    page.locator("text=Noted as helpful").wait_for()
    assert page.locator(".sb-card").first.get_attribute("data-card") == name, "the cards changed places"
    assert page.locator("button[aria-pressed=true]").inner_text() == "Helpful"
    page.locator("button:has-text('Undo')").click()
    page.locator("text=Taken back.").wait_for()
    assert page.locator("button[aria-pressed=true]").count() == 0


def test_an_article_is_flagged_with_a_note(seen: Seen) -> None:
    page = seen.page
    seen.go("/?article=KB0001057")
    page.locator("summary:has-text('Flag')").click()
    page.locator("[name='note']:focus").wait_for()
    page.keyboard.type("Step 3 is <b>gone</b>")
    page.keyboard.press("Enter")
    page.locator(".sb-note:has-text('Step 3 is <b>gone</b>')").wait_for()
    page.locator("button:has-text('Settled')").click()
    page.locator(".sb-struck:has-text('Step 3 is <b>gone</b>')").wait_for()


def test_this_fixed_it_for_a_ticket_is_in_the_tickets_history(seen: Seen) -> None:
    page = seen.page
    seen.go(ASKED)
    card = page.locator("section[aria-label='Knowledge articles'] .sb-card").first
    number = card.locator(".sb-facts .sb-number").inner_text()
    card.focus()
    page.keyboard.press("f")
    page.locator("[name='for']:focus").wait_for()
    page.keyboard.type("evil0002")
    page.keyboard.press("Enter")
    page.locator(f"text=Noted: {number} answered EVIL0002").wait_for()
    seen.go("/?ticket=EVIL0002")
    page.locator(f"section[aria-label='History'] li:has-text('{number} fixed this')").wait_for()


def test_a_draft_becomes_an_article(seen: Seen) -> None:
    page = seen.page
    seen.go("/")
    page.locator("nav >> text=Knowledge").click()
    page.locator("nav.sb-switch >> text=Gaps").click()
    page.locator("a:has-text('Draft an article')").first.click()
    page.locator(".sb-draft .sb-cited a").first.wait_for()
    page.get_by_label("Title").fill("A draft of ours")
    page.locator("button:has-text('Save as work in progress')").click()
    page.locator("nav.sb-switch a[aria-current]:has-text('Articles')").wait_for()
    page.locator(".sb-table tr:has-text('A draft of ours'):has-text('work in progress')").wait_for()
    page.locator(".sb-table a:has-text('A draft of ours')").click()
    page.get_by_label("Text").wait_for()


def test_the_desk_shows_its_state(seen: Seen) -> None:
    seen.go("/desk")
    seen.page.locator("text=What it has learnt").wait_for()
    assert seen.page.locator(".sb-figure").count() >= 4


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/?q=EVIL0002", ".sb-card"),
        ("/?ticket=EVIL0002", ".sb-record"),
        ("/triage", f".sb-case:has-text('{WAITING}')"),
    ],
)
def test_a_hostile_ticket_is_drawn_as_text(seen: Seen, path: str, there: str) -> None:
    page = seen.page
    seen.go(path)
    page.wait_for_selector(there)
    page.locator(f"{there} >> text=reset your password >> visible=true").first.wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".sb img, .sb script, .sb iframe, .sb b").count() == 0
    links = page.eval_on_selector_all(".sb a", "all => all.map(a => a.href)")
    assert links
    assert all(link.startswith(seen.base + "/") for link in links)


@pytest.mark.parametrize("path", ["/?q=EVIL0002", "/triage", "/patterns", "/knowledge", "/desk", "/?ticket=EVIL0002"])
def test_nothing_sticks_out_sideways(seen: Seen, path: str) -> None:
    seen.go(path)
    seen.page.locator("h1").first.wait_for()
    for width in (1280, 800, 480):
        seen.page.set_viewport_size({"width": width, "height": 900})
        seen.page.wait_for_timeout(200)
        assert seen.page.evaluate(STICKS_OUT) <= 1, width
