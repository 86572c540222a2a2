"""What screens draw on: text stays text, and nothing under kb/screens draws past it."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Answer, Article, Hit, Span, Ticket
from kb.screens import answers, hits, paper, wording
from kb.screens.chrome import ADMIN, PAGES

ROOT = Path(__file__).resolve().parents[2]
DRAWN = sorted([*(ROOT / "kb" / "screens").glob("*.py"), ROOT / "app.py"])
STREAMLIT = {"Page", "cache_resource", "components.v2.component", "container", "navigation", "query_params", "query_params.from_dict",
             "query_params.items", "session_state", "session_state.get", "session_state.pop", "session_state.setdefault",
             "set_page_config", "switch_page"}  # fmt: skip
"""All of Streamlit that a screen may touch: none of it draws a string."""
FILES = {"batch.py": {"file_uploader", "columns", "progress"}, "reports.py": {"columns"}, "accessrules.py": {"rerun"},
         "importing.py": {"file_uploader", "progress", "download_button", "rerun"},
         "entrance.py": {"context", "context.cookies", "context.cookies.get", "login", "logout", "user", "user.is_logged_in",
                         "user.to_dict"}}  # fmt: skip
"""And those that take or give files, look who is signed in, or go on by themselves; they draw no string either."""


def text_of(node: Any) -> str:
    """The text of a tree, in order."""
    if isinstance(node, list):
        return "".join(map(text_of, node))
    if isinstance(node, dict):
        return text_of(node.get("k", []))
    return node or ""


def touched(source: str) -> set[str]:
    """Every name of Streamlit that a source uses, as "a.b"."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if re.fullmatch(r"st(\.\w+)+", name):
                found.add(name.removeprefix("st."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streamlit"):
            found |= {alias.name for alias in node.names if not node.module.startswith("streamlit.components.v2.")}
    return found


def past_paper(source: str) -> set[str]:
    """What of Streamlit a source uses beyond what may not draw."""
    return {name for name in touched(source) if not any(name == one or one.startswith(name + ".") for one in STREAMLIT)}


@pytest.mark.parametrize("file", DRAWN, ids=lambda file: file.name)
def test_no_screen_draws_past_paper(file: Path) -> None:
    assert past_paper(file.read_text("utf-8")) == FILES.get(file.name, set())


@pytest.mark.parametrize(
    "planted",
    ["st.markdown(f'{ticket.title}')", "st.write(x)", "st.html(x)", "st.sidebar.caption(x)", "from streamlit import text",
     "st.components.v1.html(x)", "st.error(x)"],
)  # fmt: skip
def test_a_planted_drawing_is_caught(planted: str) -> None:
    assert past_paper(planted)


def test_the_script_makes_nodes_and_never_reads_a_string_as_markup() -> None:
    script = (paper.ASSETS / "paper.js").read_text("utf-8")
    code = re.sub(r"^\s*//.*$", "", script, flags=re.MULTILINE)
    for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(",
                   "XMLHttpRequest", "srcdoc", ".src", "DOMParser", "createContextualFragment", "import("):  # fmt: skip
        assert banned not in code, banned
    assert re.findall(r"\.href\s*=\s*(\S+)", code) == ["base()", "base()"]
    assert not {"a", "img", "script", "style", "iframe", "object", "form", "link"} & set(
        re.search(r"TAGS = new Set\(\((.*?)\)\.split", code, re.DOTALL).group(1).replace('"', " ").split()  # type: ignore[union-attr]
    )


def test_the_looks_load_nothing() -> None:
    styles = (paper.ASSETS / "paper.css").read_text("utf-8")
    assert "url(" not in styles
    assert "@import" not in styles
    assert "http" not in styles


def test_both_copies_of_the_settings_are_the_same() -> None:
    shipped = tomllib.loads((paper.ASSETS / "streamlit.toml").read_text("utf-8"))
    assert shipped == tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert shipped["server"]["fileWatcherType"] == "none"
    assert shipped["browser"]["gatherUsageStats"] is False
    assert shipped["client"]["showErrorDetails"] == "none"


def test_the_script_knows_the_pages() -> None:
    script = (paper.ASSETS / "paper.js").read_text("utf-8")
    assert all(f'"{name}"' in script for name in (*PAGES, *ADMIN))


@given(st.text(max_size=200), st.lists(st.tuples(st.integers(-5, 220), st.integers(-5, 220)), max_size=8))
def test_marking_words_changes_no_character(text: str, pairs: list[tuple[int, int]]) -> None:
    assert text_of(paper.marked(text, [Span(max(0, a), b) for a, b in pairs])) == text


def test_marking_marks_what_was_asked() -> None:
    made = paper.marked("a lost password", [Span(7, 15), Span(2, 6)])
    assert [node["k"] for node in made if isinstance(node, dict)] == [["lost"], ["password"]]


@given(st.text(max_size=3000))
def test_prose_keeps_every_character_however_it_folds(text: str) -> None:
    assert text_of(paper.prose(text, most=100)) == text.strip()


def test_a_link_leads_to_one_of_our_pages_only() -> None:
    made = paper.link("see", "search", q="javascript:alert(1)", empty="")
    assert made["page"] == "search"
    assert made["where"] == {"q": "javascript:alert(1)"}
    assert "href" not in made


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "today"),
        (1, "yesterday"),
        (5, "5 days ago"),
        (21, "3 weeks ago"),
        (90, "3 months ago"),
        (800, "2 years ago"),
    ],
)
def test_an_age_reads_as_a_person_says_it(days: int, said: str) -> None:
    assert wording.ago(NOW - timedelta(days=days), to=NOW) == said


def test_a_time_to_come_is_given_as_its_day() -> None:
    assert wording.ago(NOW + timedelta(days=40), to=NOW) == "31 Dec 2026"
    assert wording.ago(None, to=NOW) == ""


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.997, "> 99 %"), (1.0, "100 %")]
)
def test_a_share_is_never_rounded_to_certainty(value: float, said: str) -> None:
    assert wording.share(value).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("minutes", "said"), [(0.2, "1 min"), (25, "25 min"), (180, "3 h"), (4320, "3 days"), (None, "")]
)
def test_a_duration_has_one_unit(minutes: float | None, said: str) -> None:
    assert wording.took(minutes) == said


def test_how_likely_an_article_helps_grows_with_its_relevance() -> None:
    article = Article("a", "1")
    said = [wording.helps(Hit(article, relevance=p))[0] for p in (0.9, 0.6, 0.3, 0.1)]
    assert len(set(said)) == 4
    assert wording.helps(Hit(article, relevance=0.1, exact=True))[1] == "good"
    assert wording.chance(Hit(article, relevance=0.3)) == "30\u00a0% chance it helps"


@pytest.mark.parametrize("relevance", [0.02, 0.19, 0.9])
def test_a_past_ticket_is_named_by_how_alike_it_is_whatever_its_chance(relevance: float) -> None:
    ticket = Ticket("t", "1")
    said = [wording.helps(Hit(ticket, relevance, score=score)) for score in (0.86, 0.75, 0.6, 0.3)]
    assert [words for words, _ in said] == ["Says nearly the same"] * 2 + ["Close in meaning", "A little alike"]
    assert [loud for _, loud in said] == ["good", "good", "mid", ""]
    assert wording.helps(Hit(ticket, relevance, exact=True)) == ("Names it exactly", "good")
    assert wording.chance(Hit(ticket, 0.19)) == "19\u00a0% chance it helps"


def test_a_ticket_that_says_nearly_the_same_is_not_folded_away_for_its_low_chance() -> None:
    best, twin, far = (
        Hit(Ticket("t", str(i), title=f"ticket {i}"), chance, score=score)
        for i, (chance, score) in enumerate([(0.6, 0.8), (0.02, 0.86), (0.02, 0.55)])
    )
    drawn = answers.columns(Answer("q", True, hits=(best, twin, far)), {}, today=NOW)
    said = json.dumps(drawn)
    assert "1 more that only resembles it" in said
    assert said.index("ticket 0") < said.index("ticket 1") < said.index("1 more that") < said.index("ticket 2")


def test_likely_articles_stand_before_tickets_that_only_resemble_the_question() -> None:
    near, far = (
        Hit(Ticket("t", name, title=name), 0.04, score=score) for name, score in (("near", 0.55), ("far", 0.4))
    )
    article = Hit(Article("a", "1", title="the article"), 0.7)
    said = json.dumps(answers.columns(Answer("q", True, hits=(near, far, article)), {}, today=NOW))
    assert said.index("the article") < said.index("near") < said.index("1 more that only") < said.index('"far"')
    alone = json.dumps(answers.columns(Answer("q", True, hits=(near, far)), {}, today=NOW))
    assert "resembles it" not in alone


def test_a_card_does_not_give_its_chip_as_a_reason_too() -> None:
    hit = Hit(Ticket("t", "1"), 0.2, why=("says nearly the same", "was resolved"), score=0.9)
    said = json.dumps(hits.card(hit, {}, today=NOW)).casefold()
    assert said.count("says nearly the same") == 1
    assert "was resolved" in said
