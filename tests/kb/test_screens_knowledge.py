"""The Knowledge page as Streamlit runs it: articles, gaps, what wants doing, and drafts on their way to an article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.records import EVERYONE, Article, Link, Mark, Ref, Ticket
from kb.screens import drafts, knowledge, record
from kb.screens.feedback import About
from kb.text import prepare
from pipelines.desk import desk_of, open_desk
from pipelines.home import Home
from pipelines.index import build
from pipelines.settings import Settings
from tests.pages import nodes, ran, words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SAID = "Scanner loses its session"


@pytest.fixture(scope="session")
def shelf(sample_home: Path) -> Desk:
    """The sample desk, opened once. Do not write to it."""
    return open_desk(Settings(sample_home, threads=1))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with three articles, two of them the same, and one failure fixed in one way."""
    home = Home(Settings(tmp_path / "small", embedder="hashing", threads=1))
    home.create()
    past = [
        Ticket("t", f"T{i}", SAID, f"The scanner loses its session in hall {i}.", opened_at=NOON + timedelta(days=i),
               resolved_at=NOON + timedelta(days=i, hours=1), state="closed",
               resolution="Renewed the device certificate and restarted the scanner service.")
        for i in range(5)
    ]  # fmt: skip
    text = "Open Credential Manager, remove the entries of Office, sign out of Office and sign in again."
    articles = [
        Article("a", "K1", "Outlook asks for the password", "Clear the cache", text, owner="Mail"),
        Article("a", "K2", "Outlook asks for a password", "Clear the cache", text, state="work in progress",
                created_at=NOON - timedelta(days=900), updated_at=NOON - timedelta(days=900)),
        Article("a", "K3", "Order a monitor", "Ask for one", "Fill in the form.", state="archived"),
    ]  # fmt: skip
    home.store.write("ticket", [prepare(one) for one in past])
    home.store.write("article", [prepare(one) for one in articles])
    home.store.link([Link(past[0].ref, articles[0].ref, NOON), Link(past[1].ref, articles[0].ref, NOON)])
    build(home)
    return desk_of(home)


def _script(desk: object, viewer: object, page: str) -> None:
    from kb.screens import knowledge, search

    {"knowledge": knowledge.page, "search": search.page}[page](desk, viewer)  # type: ignore[arg-type]


def draw(desk: Desk, page: str = "knowledge", **where: str) -> AppTest:
    """Run the page with this query string; anything it raises fails the test."""
    return ran(_script, desk, EVERYONE, page, where=where)


def opened(test: AppTest) -> list[str]:
    """Numbers of the articles that the page leads to, in order."""
    return [n["where"]["article"] for n in nodes(test) if isinstance(n, dict) and n.get("x") == "link"
            and "article" in n["where"]]  # fmt: skip


@pytest.mark.parametrize("show", ["", "articles", "gaps", "stale", "doubles", "conflicts", "draft", "nonsense"])
def test_every_section_draws_the_sample_desk(shelf: Desk, show: str) -> None:
    assert "What do we know" in words(draw(shelf, show=show))


@pytest.mark.parametrize("show", ["articles", "gaps", "stale", "doubles", "conflicts"])
def test_an_empty_section_says_what_would_change_that(tmp_path: Path, show: str) -> None:
    home = Home(Settings(tmp_path / "none", embedder="hashing", threads=1))
    home.create()
    drawn = [n for n in nodes(draw(desk_of(home), show=show)) if isinstance(n, dict) and n.get("c") == "empty"]
    assert len(drawn) == 1


def test_articles_are_filtered_by_state_and_sorted_by_use_or_title(desk: Desk) -> None:
    assert opened(draw(desk)) == ["K1", "K3", "K2"]
    assert opened(draw(desk, by="title")) == ["K3", "K2", "K1"]
    assert opened(draw(desk, state="archived")) == ["K3"]
    assert opened(draw(desk, state="nonsense")) == []
    said = words(draw(desk))
    assert "2 tickets" in said
    assert "2 articles, 1 of them used" in said


def test_gaps_lead_to_a_draft(shelf: Desk) -> None:
    test = draw(shelf, show="gaps")
    library = shelf.library(viewer=EVERYONE)
    led = [n["where"]["pattern"] for n in nodes(test) if isinstance(n, dict) and n.get("x") == "link"
           and n["where"].get("show") == "draft" and "pattern" in n["where"]]  # fmt: skip
    assert led == [gap.pattern.id for gap in library.gaps if gap.can_draft][: len(led)]
    assert led, "the sample has no gap to draft"
    drafted = words(draw(shelf, show="draft", pattern=led[0]))
    for name in ("Issue", "Environment", "Cause", "Resolution", "Save as work in progress"):
        assert name in drafted


def test_a_draft_is_kept_as_work_in_progress_and_can_be_edited(desk: Desk) -> None:
    made = desk.draft([Ref("ticket", "t", f"T{i}") for i in range(4)], viewer=EVERYONE)
    assert made.resolution
    test = draw(desk, show="draft", tickets="T0 t1, T2", source="")
    assert "Renewed the device certificate" in words(test)
    cited = {n["where"]["ticket"] for n in nodes(test) if isinstance(n, dict) and n.get("x") == "link"
             and "ticket" in n["where"]}  # fmt: skip
    assert cited == {"T0", "T1", "T2"}
    drafts._keep(desk, EVERYONE, made, {"name": "keep", "title": "Scanner  session"})
    (kept,) = [a for a, _ in desk.library(viewer=EVERYONE).articles if a.source == "seenbefore"]
    assert (kept.title, kept.state) == ("Scanner session", "work in progress")
    assert kept.number in opened(draw(desk))
    page = draw(desk, "search", article=kept.number, source="seenbefore")
    assert "Edit" in [n["head"] for n in nodes(page) if isinstance(n, dict) and n.get("x") == "fold"]
    record._heard(desk, EVERYONE, kept, About(), {"name": "edit", "title": "Scanner", "body": "Restart it."})
    record._heard(desk, EVERYONE, kept, About(), {"name": "edit", "title": "", "body": ""})
    again = words(draw(desk, "search", article=kept.number, source="seenbefore"))
    assert "Restart it." in again


@pytest.mark.parametrize("where", [{"tickets": "T1 T99 T2"}, {"tickets": "T1"}, {"pattern": "no such"}])
def test_a_draft_that_cannot_be_made_says_why_in_one_sentence(desk: Desk, where: dict[str, str]) -> None:
    said = words(draw(desk, show="draft", **where))
    assert "No draft." in said
    assert "Save as work in progress" not in said


def test_a_stale_article_is_archived_by_one_press_and_stays_on_the_page(desk: Desk) -> None:
    assert "K2" in opened(draw(desk, show="stale"))
    told = {"name": "state", "source": "a", "number": "K2", "to": "archived"}
    knowledge._heard(desk, EVERYONE, told)
    assert "K2" not in opened(draw(desk, show="stale"))
    article = desk.record("article", "K2", viewer=EVERYONE)
    (mark,) = desk.marks_of(article, viewer=EVERYONE)
    undo = {"name": "undo", "kind": "article", "source": "a", "number": "K2", "id": str(mark.id)}
    knowledge._heard(desk, EVERYONE, undo)
    assert "K2" in opened(draw(desk, show="stale"))
    knowledge._heard(desk, EVERYONE, {**told, "to": "burnt"})
    knowledge._heard(desk, EVERYONE, {**told, "number": "K99"})
    assert len(desk.marks_of(article, viewer=EVERYONE)) == 1


def test_doubles_stand_side_by_side(desk: Desk) -> None:
    found = opened(draw(desk, show="doubles"))
    assert found == ["K1", "K2"]


def test_a_flag_shows_in_the_list(desk: Desk) -> None:
    desk.mark(Mark(Ref("article", "a", "K1"), "flag", note="wrong"), viewer=EVERYONE)
    assert "1 flag" in words(draw(desk))


def test_figures_of_a_library_are_plain_numbers(desk: Desk) -> None:
    library = desk.library(viewer=EVERYONE)
    assert not any(isinstance(use.linked, np.generic) for _, use in library.articles)
