"""The Problems page as Streamlit runs it: the board, one record worked on, known errors, and a new problem."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.problems import shown
from kb.records import EVERYONE, Article, Problem, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings
from tests.pages import nodes, ran, words

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
PRB, HR = Ref("problem", "snow", "PRB1"), Viewer("hanna", frozenset({"HR"}))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with one known error, one bare problem, one only for HR, and two tickets."""
    home = Home(Settings(tmp_path / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write("ticket", [
        prepare(Ticket("snow", f"INC{i}", title=f"VPN drops {i}", problem="PRB1" if i == 1 else "", opened_at=NOW))
        for i in (1, 2)
    ])  # fmt: skip
    home.store.write("article", [prepare(Article("snow", "KB1", title="Reset the VPN"))])
    first = Problem("snow", "PRB1", title="VPN gateway <b>drops</b>", symptom="Tunnel *breaks*", owner="Ann",
                    workaround="Use gateway 2.", state="assessing", created_at=NOW - timedelta(days=9))  # fmt: skip
    rest = [Problem("snow", "PRB2", title="Doors stay shut", state="hold"),
            Problem("snow", "PRB3", title="Payroll leak", audience=("HR",), workaround="Hush.")]  # fmt: skip
    home.store.write("problem", [prepare(one) for one in (first, *rest)])
    return desk_of(home)


def _script(desk: object, viewer: object, told: dict) -> None:  # type: ignore[type-arg]
    import streamlit as st

    from kb.screens import problem, problemnew, problems
    from kb.screens.feedback import About

    if told and "said" not in st.session_state:
        st.session_state["said"] = True
        if told["name"] == "make":
            problemnew._heard(desk, viewer, told)
        else:
            found = desk.problem(told.pop("of"), viewer=viewer)
            problem._heard(desk, viewer, found, About(), told)
    problems.page(desk, viewer)


def draw(desk: Desk, told: dict[str, str] | None = None, *, viewer: Viewer = EVERYONE, **where: str) -> AppTest:
    """Run the page with this query string, after the browser sent ``told``; anything it raises fails the test."""
    return ran(_script, desk, viewer, dict(told or {}), where=where)


def acts(test: AppTest, name: str) -> list[dict[str, Any]]:
    """Values of the buttons that send this act."""
    return [n["value"] for n in nodes(test) if isinstance(n, dict) and n.get("x") == "act" and n["name"] == name]


def now(desk: Desk, number: str = "PRB1") -> Problem:
    return desk.problem(number, viewer=HR)


def sent(desk: Desk, **fields: str) -> dict[str, str]:
    return {"name": "set", "of": "PRB1", "seen": json.dumps(shown(now(desk))), **fields}


def test_the_board_shows_each_state_and_what_the_reader_may_see_as_it_was_written(desk: Desk) -> None:
    said = words(draw(desk))
    for text in ("New", "Assessing", "Root cause known", "Hold", "VPN gateway <b>drops</b>", "known error", "1 ticket"):
        assert text in said
    assert "Payroll" not in said and "2 problems" in said
    assert "Payroll leak" in words(draw(desk, viewer=HR))


def test_a_hidden_problem_is_not_here_in_the_words_of_an_absent_one(desk: Desk) -> None:
    hidden, absent = words(draw(desk, problem="PRB3")), words(draw(desk, problem="PRB9"))
    assert "Not here." in hidden
    assert hidden.replace("PRB3", "") == absent.replace("PRB9", "")


def test_the_known_errors_say_what_to_do_and_how_often_they_were_of_use(desk: Desk) -> None:
    said = words(draw(desk, show="errors"))
    assert "Use gateway 2." in said and "1 ticket" in said and "Hush" not in said and "Doors" not in said


def test_a_text_is_changed_in_its_place_and_one_press_takes_it_back(desk: Desk) -> None:
    page = draw(desk, sent(desk, root_cause="A full NAT table."), problem="PRB1")
    assert "Saved: root cause." in words(page) and "A full NAT table." in words(page)
    ids = {value["id"] for value in acts(page, "undo-change")}
    assert len(ids) == 1, "once beside the sentence and once in the history"
    back = draw(desk, {"name": "undo-change", "of": "PRB1", "id": ids.pop()}, problem="PRB1")
    assert "Taken back." in words(back) and now(desk).root_cause == ""
    assert "taken back" in words(back)


def test_a_move_that_asks_for_a_text_gets_a_field_for_it_and_then_goes_through(desk: Desk) -> None:
    page = draw(desk, sent(desk, state="resolved"), problem="PRB1")
    assert "Write the fix down first" in words(page) and "Save and move to resolved" in words(page)
    (asks,) = [n for n in nodes(page) if isinstance(n, dict) and n.get("x") == "form"
               and n["value"].get("state") == "resolved"]  # fmt: skip
    draw(desk, {**asks["value"], "name": "set", "of": "PRB1", "fix": "Larger table."}, problem="PRB1")
    assert (now(desk).state, now(desk).fix) == ("resolved", "Larger table.")
    assert now(desk).resolved_at is not None


def test_who_comes_second_is_told_and_keeps_what_he_typed(desk: Desk) -> None:
    mine = sent(desk, workaround="Restart it.")
    desk.change_problem(PRB, {"workaround": "Use gateway 3."}, viewer=Viewer("ben"), now=NOW)
    page = draw(desk, mine, problem="PRB1")
    assert "changed the workaround meanwhile" in words(page) and now(desk).workaround == "Use gateway 3."
    typed = [n["value"] for n in nodes(page) if isinstance(n, dict) and n.get("name") == "workaround"]
    assert typed == ["Restart it."] and "Use gateway 3." in words(page)


def test_tickets_and_articles_are_linked_by_number_and_taken_off(desk: Desk) -> None:
    for number in ("inc2", "KB1"):
        page = draw(desk, {"name": "link", "of": "PRB1", "number": number}, problem="PRB1")
        assert "belongs to it now" in words(page)
    assert {value["number"] for value in acts(page, "unlink")} == {"INC1", "INC2", "KB1"}
    off = {"name": "unlink", "of": "PRB1", "kind": "ticket", "source": "snow", "number": "INC1"}
    assert "does not belong to it any more" in words(draw(desk, off, problem="PRB1"))
    for number, sentence in (("", "by its number"), ("INC99", "No ticket or article 'INC99'")):
        page = draw(desk, {"name": "link", "of": "PRB1", "number": number}, problem="PRB1")
        assert sentence in words(page)


def test_a_merged_problem_points_to_the_one_that_took_over(desk: Desk) -> None:
    page = draw(desk, {"name": "merge", "of": "PRB2", "into": "prb1"}, problem="PRB2")
    assert "This was merged into" in words(page) and "Merged into PRB1." in words(page)
    assert "Doors stay shut" not in words(draw(desk))
    assert "was merged into this" in words(draw(desk, problem="PRB1"))


def test_nonsense_from_the_browser_does_nothing(desk: Desk) -> None:
    before = now(desk)
    for told in ({"name": "burn"}, {"name": "undo-change", "id": "1; DROP"}, {"name": "set", "seen": "[1", "state": "x"},
                 {"name": "set", "number": "PRB7"}, {"name": "unlink", "kind": "desk"}, {"name": "merge", "into": "PRB3"},
                 {"name": "undo-change", "id": "99"}):  # fmt: skip
        draw(desk, {"of": "PRB1", **told}, problem="PRB1")
    assert now(desk) == before


def test_a_new_problem_is_made_by_hand_and_opens_with_a_way_back(desk: Desk) -> None:
    told = {"name": "make", "title": "Badge readers", "symptom": "Doors stay shut.", "tickets": "INC2", "impact": "2"}
    page = draw(desk, told, show="new")
    assert "PRB-SB00001 is made." in words(page) and "INC2" in words(page)
    (undo,) = acts(page, "undo-change")
    gone = draw(desk, {"name": "undo-change", "of": "PRB-SB00001", **undo}, problem="PRB-SB00001")
    assert "is gone again" in words(gone)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"title": " "}, "a title"), ({"title": "x", "tickets": "INC99"}, "INC99"), ({"title": "x", "tickets": "KB1"},
     "is an article"), ({"title": "x", "impact": "9"}, "Impact is a number")],
)  # fmt: skip
def test_a_form_that_cannot_be_saved_says_why_and_keeps_its_words(
    desk: Desk, fields: dict[str, str], sentence: str
) -> None:  # fmt: skip
    page = draw(desk, {"name": "make", "symptom": "Doors stay shut.", **fields}, show="new")
    assert sentence in words(page)
    assert "Doors stay shut." in [n["value"] for n in nodes(page) if isinstance(n, dict) and n.get("name") == "symptom"]
    assert len(desk.problems(viewer=HR)) == 3


def test_an_empty_desk_says_how_problems_begin(tmp_path: Path) -> None:
    home = Home(replace(Settings(tmp_path / "none", embedder="hashing", threads=1)))
    home.create()
    for show in ("", "errors"):
        assert [n for n in nodes(draw(desk_of(home), show=show)) if isinstance(n, dict) and n.get("c") == "empty"]
