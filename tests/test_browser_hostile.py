"""Every page in a real browser over a desk whose every text field is hostile: nothing is fetched, nothing is injected."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from kb.desk import Desk
from kb.records import Article, Correction, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines.desk import open_desk
from pipelines.settings import Settings
from tests.browsing import serving

pytestmark = pytest.mark.browser
WAIT = 120_000
BAD = "evil.example"
EVIL = (
    f"quokka ![b](http://{BAD}/a.png) <img src=//{BAD}/b.png onerror=alert(1)> [reset](http://{BAD}/c) www.{BAD} "
    f"<script src=//{BAD}/d.js></script><iframe src=//{BAD}/e></iframe><svg onload=alert(2)> <base href=//{BAD}/> "
    f"<style>*{{background:url(//{BAD}/f)}}</style><link rel=stylesheet href=//{BAD}/g><form action=//{BAD}/h> "
    f"<meta http-equiv=refresh content='0;url=//{BAD}/i'> :red[x] $\\href{{http://{BAD}/j}}{{x}}$ &lt;img src=//{BAD}/k&gt; "
    f"`code` **bold** <b>bold</b> javascript:alert(3) data:text/html,<script>alert(4)</script> "
    f"\u202egnp.exe\u2066\u2069\u200b\u200f\x07\x1b[31m \ufeff{BAD}"
)
HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u2060\ufeff\x07\x1b"
INJECTED = ", ".join((
    f"[src*='{BAD}']", f"[action*='{BAD}']", f"[style*='{BAD}']", f"[srcset*='{BAD}']",
    ".sb img", ".sb iframe", ".sb script", ".sb style", ".sb base", ".sb object", ".sb embed", ".sb link", ".sb meta",
    ".sb b", "[onerror]", "[onload]", "[onclick]", "form[action]", "[data-testid='stMarkdown'] a", "[data-testid='stMarkdown'] img",
))  # fmt: skip
WHEN = datetime(2026, 10, 30, 10, tzinfo=UTC)
EVE = Viewer(f"eve <img src=//{BAD}/u> ![x](//{BAD}/v)")


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample desk in which everything a person or an export may write is hostile."""
    place = tmp_path_factory.mktemp("hostile") / "desk"
    shutil.copytree(sample_home, place)
    desk = open_desk(Settings(place, embedder="hashing", threads=1, groups=("*",)))
    ticket = Ticket(
        EVIL, "EVIL1", title=EVIL, body=EVIL, opened_at=WHEN, resolved_at=WHEN, closed_at=WHEN, state="closed",
        category=EVIL, subcategory=EVIL, impact=1, urgency=1, priority=1, assignment_group=EVIL, assigned_to=EVIL, line=2,
        service=EVIL, ci=EVIL, location=EVIL, department=EVIL, channel=EVIL, caller=EVIL, resolution=EVIL, notes=EVIL,
        close_code=EVIL, parent=EVIL, extra={EVIL: EVIL},
    )  # fmt: skip
    waiting = replace(ticket, number="EVIL2", opened_at=datetime(2027, 1, 1, tzinfo=UTC), resolved_at=None, closed_at=None,
                      state="open", resolution="", category="", assignment_group="", assigned_to="", line=None)  # fmt: skip
    many = [replace(ticket, number=f"EVIL{n}", problem="PRBEVIL") for n in range(3, 12)]
    desk.store.write("ticket", [prepare(one) for one in (ticket, waiting, *many)])
    article = Article(EVIL, "KBEVIL", title=EVIL, summary=EVIL, body=EVIL, state="validated", owner=EVIL, category=EVIL,
                      created_at=WHEN, updated_at=WHEN, url=f"javascript:alert(5)//{BAD}", extra={EVIL: EVIL})  # fmt: skip
    desk.store.write("article", [prepare(article), prepare(replace(article, number="KBEVIL2", url=f"http://{BAD}/l"))])
    problem = Problem(EVIL, "PRBEVIL", title=EVIL, symptom=EVIL, impact=1, probable_cause=EVIL, root_cause=EVIL,
                      workaround=EVIL, fix=EVIL, owner=EVIL, state="new", category=EVIL, service=EVIL, created_at=WHEN,
                      updated_at=WHEN, extra={EVIL: EVIL})  # fmt: skip
    desk.store.write("problem", [prepare(problem)])
    ends = Ref("ticket", EVIL, "EVIL1"), Ref("article", EVIL, "KBEVIL")
    desk.store.link([Link(*ends, WHEN, by=EVE.name)])
    _said(desk, *ends)
    desk.store.note_import(
        file=f"{EVIL}.csv", source=EVIL, kind="tickets", added=1, updated=0, unchanged=0, rejected=0, by=EVE.name
    )
    return place


def _said(desk: Desk, ticket: Ref, article: Ref) -> None:
    """What people say: notes, reasons, names, drafts."""
    desk.store.mark(Mark(article, "flag", EVE.name, WHEN, note=EVIL))
    desk.store.mark(Mark(article, "helpful", EVE.name, WHEN, question=EVIL))
    desk.store.mark(Mark(article, "owner", EVE.name, WHEN, note=EVIL))
    desk.store.correct(Correction(ticket, "category", None, EVIL, "replaced", EVE.name, WHEN, why=EVIL))
    found = desk.patterns(viewer=EVE)[0]
    desk.rename_pattern(found.id, EVIL, viewer=EVE)
    made = desk.new_problem(
        viewer=EVE, title=EVIL, now=WHEN, fields={"symptom": EVIL, "workaround": EVIL}, tickets=[ticket]
    )
    desk.change_problem(made.ref, {"owner": EVIL[:100], "title": EVIL[:150]}, viewer=EVE, now=WHEN, why=EVIL)


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    """The address of the app."""
    with serving(home) as base:
        yield base


def paths(desk: Desk) -> list[str]:
    """Every page, with every section, and every address a record, a filter or a typing mistake can make."""
    evil, pattern = quote(EVIL), desk.patterns(viewer=EVE)[0].id
    return [
        f"/?q={evil}", "/?q=quokka", f"/?q=quokka&category={evil}", "/?ticket=EVIL1", "/?article=KBEVIL", "/?problem=PRBEVIL",
        "/?like=EVIL1", f"/?ticket={evil}", f"/?article={evil}&source={evil}", "/triage", "/triage?view=file",
        "/triage?ticket=EVIL2", f"/triage?ticket={evil}", f"/triage?text={evil}", "/patterns", "/patterns?view=map",
        "/patterns?view=time", f"/patterns?pattern={pattern}", f"/patterns?pattern={evil}", "/problems", "/problems?show=errors",
        "/problems?show=new", f"/problems?pattern={pattern}", "/problems?problem=PRBEVIL", f"/problems?problem={evil}",
        "/knowledge", "/knowledge?show=gaps", "/knowledge?show=stale", "/knowledge?show=doubles", "/knowledge?show=drafts",
        f"/knowledge?pattern={pattern}", "/reports", "/reports?period=2026-10", f"/reports?period={evil}", "/models",
        "/desk", "/audit", f"/audit?by={evil}", f"/audit?act={evil}&since={evil}&before={evil}",
    ]  # fmt: skip


def test_the_log_is_read_and_narrowed_down(browser: Any, served: str) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(f"{served}/audit")
    page.get_by_text("The chain is whole").wait_for()
    acts = page.locator(".sb-audit tbody tr td:nth-child(3), .sb-table tbody tr td:nth-child(3)")
    acts.first.wait_for()
    assert len(set(acts.all_inner_texts())) > 2
    page.get_by_label("Did what").select_option("imported")
    page.wait_for_url("**act=imported**")
    page.locator(".sb-table tbody tr td:nth-child(3)", has_text="configured").first.wait_for(state="detached")
    assert set(acts.all_inner_texts()) == {"imported"}
    assert page.locator(".sb-top nav").evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    page.close()


@pytest.mark.slow  # some forty addresses; test_browser.py has the first of them
def test_no_page_fetches_or_injects_anything(browser: Any, served: str, home: Path) -> None:
    desk = open_desk(Settings(home, embedder="hashing", threads=1, groups=("*",)))
    wrong: list[str] = []
    texts: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    here = ""

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(served).netloc:
            wrong.append(f"{here}: request to {request.url}")

    page.on("request", asked)
    page.on("websocket", asked)
    page.on("dialog", lambda dialog: (wrong.append(f"{here}: dialog"), dialog.dismiss()))
    page.on("console", lambda message: wrong.append(f"{here}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{here}: {error}"))
    for here in paths(desk):
        page.goto(served + here)
        page.locator(".sb >> nth=1").wait_for()
        page.wait_for_timeout(300)
        for fold in page.locator("summary:visible").all()[:12]:
            fold.click(timeout=2_000, force=True) if fold.is_visible() else None
        wrong += [f"{here}: {n} injected" for n in [page.locator(INJECTED).count()] if n]
        links = page.locator("a[href]").evaluate_all("all => all.map(one => one.href)")
        wrong += [f"{here}: link to {href}" for href in links if not href.startswith(f"{served}/")]
        text = page.locator("body").inner_text()
        wrong += [f"{here}: {sign!a} is not shown safely" for sign in HIDDEN if sign in text]
        texts.append(text)
    page.close()
    assert wrong == []
    shown = sum(BAD in text for text in texts)
    assert shown >= 15, f"only {shown} pages showed hostile text at all: this test looks at nothing"
