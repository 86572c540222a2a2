"""The page Integrations in a real browser: a key is made, shown once, used and revoked; webhooks are made and tested."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from kb.privacy.sealing import new_key
from kb.records import Ticket
from kb.text import prepare
from pipelines.home import Home
from pipelines.settings import Settings
from tests.browsing import serving

pytestmark = pytest.mark.browser
WAIT = 30_000
EVIL = "![beacon](http://evil.example/a.png) <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of both faces over a small desk."""
    key = new_key()
    home = Home(Settings(tmp_path_factory.mktemp("served") / "desk", embedder="hashing", privacy_key=key))
    home.create()
    home.store.write("ticket", [prepare(Ticket("t", "T1", "printer is out of paper", state="open"))])
    with serving(home.folder, ready="/api/v1/health/ready", SEENBEFORE_PRIVACY_KEY=key) as base:
        yield base


def called(base: str, path: str, token: str = "", sent: Any = None) -> tuple[int, str, dict[str, str]]:
    """What a program gets: status, body, headers."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(f"{base}/api/v1{path}", body, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)
    except OSError:
        return 0, "", {}


def test_keys_and_webhooks_are_made_used_and_taken_away(browser: Any, served: str) -> None:
    wrong: list[str] = []
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(WAIT)
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("dialog", lambda d: (wrong.append(d.message), d.dismiss()))
    page.on("request", lambda r: wrong.append(r.url) if "evil.example" in r.url else None)
    page.goto(f"{served}/integrations")
    page.locator("summary", has_text="New key").click()
    page.get_by_label("Who uses it").fill(EVIL[:80])
    page.get_by_role("button", name="Make the key").click()
    token = page.locator("[role=status] .sb-command code").inner_text()
    status, body, headers = called(served, "/search", token, {"text": "printer paper"})
    assert (status, "T1" in body, "x-frame-options" in {name.lower() for name in headers}) == (200, True, True)
    assert called(served, "/problems", token)[0] == 403
    page.get_by_role("link", name="Search", exact=True).click()
    page.locator("textarea").first.wait_for()
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Integrations").click()
    page.get_by_role("button", name="Revoke").wait_for()
    page.get_by_text(token).wait_for(state="detached")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_text("opens nothing any more").wait_for()
    assert called(served, "/search", token, {"text": "printer paper"})[0] == 401
    page.locator("summary", has_text="New receiver").click()
    page.get_by_label("Who is told").fill("oncall")
    page.get_by_label("Address", exact=True).fill("ftp://nowhere")
    page.get_by_role("button", name="Tell it").click()
    page.get_by_text("is no address").wait_for()
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Tell it").click()
    page.get_by_text("checks what it gets").wait_for()
    page.get_by_role("button", name="Test").click()
    page.get_by_text("goes out within seconds").wait_for()
    page.get_by_text("Messages that have not arrived").wait_for()
    page.locator("summary", has_text="New sender").click()
    page.get_by_label("Which tool sends").fill("zammad")
    page.get_by_role("button", name="Let it send").click()
    page.get_by_text("with which zammad signs").wait_for()
    page.close()
    assert [line for line in wrong if "favicon" not in line] == []
