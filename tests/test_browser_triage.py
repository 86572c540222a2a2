"""Triage in a real browser: answered by key, taken back, explained, a file up and down; the Models page changes a rule."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.desk import Desk
from kb.records import EVERYONE
from pipelines.desk import open_desk
from pipelines.settings import Settings
from tests.browsing import serving

pytestmark = pytest.mark.browser
WAIT = 60_000
ROW = ".sb-case[data-card]"


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample desk."""
    place = tmp_path_factory.mktemp("triaged") / "desk"
    shutil.copytree(sample_home, place)
    return place


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    """The address of the app, serving the copy."""
    with serving(home) as base:
        yield base


@pytest.fixture
def page(browser: Any, served: str) -> Iterator[Any]:
    """A fresh page; the test fails afterwards on any error the page reported."""
    context = browser.new_context(base_url=served, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert wrong == []


@pytest.fixture
def desk(home: Path) -> Desk:
    """The same desk, to look at what was kept."""
    return open_desk(Settings(home, threads=1), parts=())


def first(page: Any) -> str:
    """Open the queue, put the focus on its first ticket that has something to accept, and name it."""
    page.goto("/triage")
    row = page.locator(f"{ROW}:has(button:has-text('Accept'))").first
    row.wait_for()
    row.focus()
    return str(row.get_attribute("data-card"))


def kept(desk: Desk, card: str) -> dict[str, str]:
    """Target → what stands for a ticket."""
    ticket = desk.record("ticket", card.split("/")[-1].split(":")[-1], viewer=EVERYONE)
    return {name: one.action for name, one in desk.answers_to(ticket, viewer=EVERYONE).items()}  # type: ignore[arg-type]


def test_a_ticket_is_accepted_with_one_key_and_taken_back_with_another(page: Any, desk: Desk) -> None:
    card = first(page)
    page.keyboard.press("a")
    page.locator(f".sb-done[data-card='{card}']:has-text('accepted')").wait_for()
    assert set(kept(desk, card).values()) == {"accepted"}
    here = page.evaluate("document.activeElement.dataset.card")
    assert here not in ("", None, card), "the focus did not move on to the next ticket"
    page.keyboard.press("u")
    page.locator(f"{ROW}[data-card='{card}']").wait_for()
    assert kept(desk, card) == {}


def test_keys_pressed_fast_lose_no_answer(page: Any, desk: Desk) -> None:
    first(page)
    for _ in range(3):
        page.keyboard.press("s")
    page.locator(".sb-done").nth(2).wait_for()
    skipped = [str(node.get_attribute("data-card")) for node in page.locator(".sb-done").all()]
    assert all(set(kept(desk, card).values()) == {"skipped"} for card in skipped)
    for _ in range(3):
        page.keyboard.press("u")
    page.locator(".sb-done").first.wait_for(state="detached")
    assert all(kept(desk, card) == {} for card in skipped)


def test_the_evidence_opens_with_enter_and_marks_the_telling_words(page: Any) -> None:
    card = first(page)
    page.keyboard.press("Enter")
    row = page.locator(f"[data-card='{card}']")
    row.locator("text=Nearest past tickets").wait_for()
    assert row.locator("mark").count() > 0
    assert page.evaluate("document.activeElement.dataset.card") == card
    page.keyboard.press("e")
    row.locator("text=Nearest past tickets").wait_for(state="detached")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.card") not in ("", None, card)


def test_a_suggestion_is_corrected_from_the_keyboard(page: Any, desk: Desk) -> None:
    card = first(page)
    page.keyboard.press("c")
    form = page.locator(f"[data-card='{card}'] form.sb-correct")
    form.wait_for()
    form.locator("select[name='to:category']:focus").wait_for()
    form.locator("select[name='to:category']").select_option("Printing")
    form.get_by_label("Why (kept with it)").fill("The printer <b>itself</b>")
    page.keyboard.press("Enter")
    page.locator(f".sb-done[data-card='{card}']").wait_for()
    found = kept(desk, card)
    assert found["category"] in ("replaced", "accepted")
    assert "Printing" in page.locator(f".sb-done[data-card='{card}']").inner_text()
    page.locator(f".sb-done[data-card='{card}'] button:has-text('Undo')").click()
    page.locator(f"{ROW}[data-card='{card}']").wait_for()


def test_a_file_goes_up_and_its_suggestions_come_down(page: Any, tmp_path: Path) -> None:
    given = tmp_path / "new tickets.csv"
    with given.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["number", "opened_at", "short_description", "description"])
        rows.writerow(["N1", "2026-11-02 10:00:00", "VPN drops", "The VPN client disconnects every few minutes"])
        rows.writerow(["N2", "2026-11-02 10:00:00", "=1+1 <b>x</b>", "prints blank pages"])
    page.goto("/triage")
    page.locator("a:has-text('Suggest for a file of tickets')").click()
    page.locator("input[type=file]").set_input_files(given)
    page.locator(".sb-table td:has-text('=1+1 <b>x</b>')").wait_for()
    with page.expect_download() as coming:
        page.locator("button:has-text('Download as CSV')").click()
    assert coming.value.suggested_filename == "new tickets-suggested.csv"
    table = list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text("utf-8-sig"))))
    assert [row["number"] for row in table] == ["N1", "N2"]
    assert table[1]["title"].startswith("'=")
    assert {"category", "category sure", "category why", "priority"} <= set(table[0])


def test_the_models_page_opens_and_changes_a_mode(page: Any, desk: Desk) -> None:
    page.goto("/models")
    page.get_by_label("Mode of Impact").select_option("shadow")
    page.locator(".sb-note:has-text('Impact is now on')").wait_for()
    assert desk.store.settings()["modes"] == "impact=shadow"
    page.locator("a:has-text('Group')").first.click()
    page.locator("h2:has-text('Group')").wait_for()
    for path in ("/models", "/triage", "/triage?view=file"):
        page.goto(path)
        page.locator("h1").first.wait_for()
        for width in (1280, 800, 480):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            over = "Math.max(...[...document.querySelectorAll('.sb')].map(e => e.scrollWidth - e.clientWidth))"
            assert page.evaluate(over) <= 1, (path, width)


def test_the_privacy_page_shows_counts_and_changes_what_is_done_with_a_kind(page: Any, desk: Desk) -> None:
    page.goto("/search")
    page.locator(".sb-top").wait_for()
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Privacy").click()
    page.get_by_role("heading", name="What is kept out of the desk?").wait_for()
    what = page.get_by_label("What is done with telephone numbers")
    what.select_option("keep")
    page.get_by_text("Telephone numbers: “Leave as it is” from the next record on.").wait_for()
    assert desk.store.settings()["privacy.phone"] == "keep"
    page.get_by_label("What is done with e-mail addresses").select_option("entitled")
    page.get_by_text("but there is no key").wait_for()
    assert "privacy.email" not in desk.store.settings()
    assert "Sommer2025!" not in page.inner_text("body")
