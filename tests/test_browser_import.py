"""The import wizard in a real browser: upload, answers, preset, import; hostile files are refused in one sentence."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kb.records import Ticket, Viewer
from kb.store import Store
from kb.tables import saved
from tests.browsing import ROOT, serving

pytestmark = pytest.mark.browser
EXPORTS = ROOT / "tests" / "data" / "exports"
WAIT = 30_000
EVIL = "<img src=http://evil.example/b.png onerror=alert(1)> ![x](http://evil.example/a.png)"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("import") / "desk"


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    """The address of the app, serving an empty desk."""
    program = [sys.executable, "-m", "pipelines"]
    subprocess.run(
        [*program, "init", "--embedder", "hashing", "--home", str(home)], cwd=ROOT, check=True, capture_output=True
    )
    with serving(home) as base:
        yield base


@pytest.fixture
def page(browser: Any, served: str) -> Iterator[Any]:
    """The wizard on a fresh page; the test fails afterwards on console errors, dialogs and requests elsewhere."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened = context.new_page()
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    opened.on("request", lambda request: wrong.append(request.url)
              if urlsplit(request.url).netloc not in (urlsplit(served).netloc, "") else None)  # fmt: skip
    opened.goto(f"{served}/import")
    opened.wait_for_selector(".sb-i-tool", timeout=3 * WAIT)  # the first page of a process loads everything
    yield opened
    context.close()
    assert not wrong


def upload(page: Any, name: str, data: bytes) -> None:
    page.set_input_files("input[type=file]", files=[{"name": name, "mimeType": "text/plain", "buffer": data}])


def choose(page: Any, name: str, value: str) -> None:
    """Answer a choice, and wait until the page has taken it in."""
    page.locator(f"select[name='{name}']").select_option(value)
    page.locator(f"select[name='{name}'][data-given='{value}']").wait_for(timeout=WAIT)


def test_an_export_of_no_tool_goes_in_as_a_person_said(page: Any, home: Path) -> None:
    header, *lines = (EXPORTS / "odd_hotline_de.csv").read_bytes().split(b"\r\n")
    data = b"\r\n".join([header, lines[0].replace(b"Outlook", EVIL.encode(), 1), *lines[1:]])
    upload(page, "../../etc/hot\u202eline.csv", data)
    page.get_by_text("Only you can say").wait_for(timeout=WAIT)
    assert page.locator("h2", has_text="hotline.csv").count() == 1, "no folders and nothing hidden in a name"
    page.locator(".sb-i-asked select").select_option("lowest")
    page.get_by_text("Only you can say").wait_for(state="detached", timeout=WAIT)
    choose(page, "map:3", "location")
    choose(page, "group:0", "1")
    choose(page, "state:0", "closed")
    page.get_by_label("Keep these answers as a preset").fill("Hotline 2")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("--preset hotline-2").wait_for(timeout=WAIT)
    page.get_by_role("button", name="Import these tickets").click()
    page.get_by_text("is in.").wait_for(timeout=WAIT)
    assert page.locator(".sb-figure", has_text="new").locator("strong").inner_text() == "6"
    store = Store.open(home / "knowledge.db")
    ticket = store.find("ticket", "00001/26", Viewer("kim", frozenset()))
    assert isinstance(ticket, Ticket)
    assert (ticket.urgency, ticket.location, ticket.line, ticket.state) == (3, "4711", 1, "closed")
    assert EVIL in ticket.title
    assert [preset.name for preset in saved.read(store.settings())] == ["hotline-2"]


def test_a_kept_preset_is_listed_and_can_be_forgotten(page: Any, home: Path) -> None:
    store = Store.open(home / "knowledge.db")
    before = saved.read(store.settings())
    upload(page, "hotline.csv", (EXPORTS / "odd_hotline_de.csv").read_bytes())
    page.get_by_label("Keep these answers as a preset").fill("Short lived")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("--preset short-lived").wait_for(timeout=WAIT)
    page.reload()
    row = page.locator("tr", has=page.locator("td.sb-mono", has_text="short-lived"))
    row.get_by_role("button", name="Forget").click(timeout=WAIT)
    page.get_by_text("is forgotten").wait_for(timeout=WAIT)
    assert saved.read(store.settings()) == before


@pytest.mark.parametrize(
    "name",
    ["zendesk_views.csv", *(pytest.param(name, marks=pytest.mark.slow)
                            for name in ("jira_rest.json", "itop_set.xml", "manageengine_report.xlsx"))],
)  # fmt: skip
def test_exports_of_tools_are_understood(page: Any, name: str) -> None:
    upload(page, name, (EXPORTS / name).read_bytes())
    page.locator(".sb-i-table").wait_for(timeout=WAIT)
    assert page.locator(".sb-i-table .sb-chip.sb-good").count() >= 6
    if name == "zendesk_views.csv":
        assert page.locator(".sb-note", has_text="no description and no comments").count() == 1


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 80_000_000)
    return out.getvalue()


def _sly() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("../../../etc/cron.d/x", b"x")
    return out.getvalue()


def _long() -> bytes:
    return gzip.compress(b"number,title\n" + b"1,a" * 60_000_000)


HOSTILE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "bomb.xlsx": (_bomb, "unpacks to more"),
    "sly.xlsx": (_sly, "names outside itself"),
    "laughs.xml": (b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a><t><id>1</id><s>&b;</s></t></a>', "entities of its own"),
    "bomb.csv.gz": (_long, "times its size"),
    "page.html": (b"<html><body>log in here</body></html>", "web page"),
    "picture.png": (b"\x89PNG\r\n\x1a\n" + bytes(2_000), "picture"),
    "prose.txt": (b"nothing but words\n", "not a table"),
    "empty.csv": (b"\xef\xbb\xbf", "is empty"),
}


@pytest.mark.slow  # the same files go through the command line in tests/pipelines/test_hostile_files.py
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_hurts_is_refused_in_one_sentence(page: Any, name: str) -> None:
    data, says = HOSTILE[name]
    upload(page, name, data() if callable(data) else data)
    note = page.locator(".sb-note", has_text=says)
    note.wait_for(timeout=WAIT)
    assert page.locator(".sb-note").count() == 1 and page.locator(".sb-i-table").count() == 0


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(page: Any, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(21 * 1024**2)
    page.set_input_files("input[type=file]", str(large))
    page.get_by_text("20.0MB or smaller").wait_for(timeout=WAIT)
    assert page.locator(".sb-i-table").count() == 0


@pytest.mark.parametrize(
    "encoding", ["cp1252", *(pytest.param(one, marks=pytest.mark.slow) for one in ("utf-16", "utf-8-sig"))]
)
def test_umlauts_are_read_in_any_encoding(page: Any, encoding: str) -> None:
    upload(
        page,
        "umlaute.csv",
        "Nummer;Betreff;Beschreibung\n1;Drucker in Köln gestört;Für Müller druckt nichts\n".encode(encoding),
    )
    page.locator(".sb-i-table", has_text="Drucker in Köln gestört").wait_for(timeout=WAIT)
