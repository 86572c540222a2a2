"""The screens as Streamlit runs them: what they draw for a desk that is full, empty, hostile or closed to the reader."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.records import EVERYONE, Article, Correction, Hit, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.screens import feedback, hits, patternacts, record, search, triage
from kb.screens.chrome import ADMIN, PAGES, remembered
from kb.screens.feedback import About
from kb.text import prepare
from pipelines.desk import desk_of, open_desk
from pipelines.home import Home
from pipelines.index import build
from pipelines.settings import Settings
from tests.pages import each, kinds, ran, sheets, words

HOSTILE = (
    "![beacon](http://evil.example/a.png) <img src=http://evil.example/b.png onerror=alert(1)> "
    "[reset your password](http://evil.example) javascript:alert(2) <script>alert(3)</script> www.evil.example"
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def sample_desk(sample_home: Path) -> Desk:
    """The sample desk, opened once. Do not write to it."""
    return open_desk(Settings(sample_home, threads=1))


@pytest.fixture
def own_desk(sample_home: Path, tmp_path: Path) -> Desk:
    """A copy of the sample desk that a test may write to."""
    shutil.copytree(sample_home, tmp_path / "desk")
    return open_desk(Settings(tmp_path / "desk", threads=1))


@pytest.fixture
def small_home(tmp_path: Path) -> Home:
    """A desk with nothing in it."""
    home = Home(Settings(tmp_path / "small", embedder="hashing", threads=1))
    home.create()
    return home


def _known(home: Home) -> Desk:
    """A desk that knows one failure well."""
    said = "Outlook keeps asking for the password"
    past = [Ticket("t", f"T{i}", said, f"{said}, room {i}", opened_at=NOON, state="closed",
                   resolution="Cleared the credential cache.") for i in range(8)]  # fmt: skip
    home.store.write("ticket", [prepare(one) for one in past])
    build(home)
    return desk_of(home)


def _script(desk: object, viewer: object, page: str) -> None:
    from kb.screens import chrome, knowledge, patterns, search, triage
    from kb.screens import desk as state

    chrome.top(page)
    pages = {"search": search, "triage": triage, "patterns": patterns, "knowledge": knowledge, "desk": state}
    pages[page].page(desk, viewer)  # type: ignore[attr-defined]


def draw(desk: Desk, page: str, viewer: Viewer = EVERYONE, **where: str) -> AppTest:
    """Run one page with this query string; anything it raises fails the test."""
    return ran(_script, desk, viewer, page, where=where)


# --- a full desk --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["search", "triage", "patterns", "knowledge", "desk"])
def test_every_page_draws_the_sample_desk(sample_desk: Desk, page: str) -> None:
    assert "?" in words(draw(sample_desk, page))


def test_a_question_is_answered_with_what_fixed_it(small_home: Home) -> None:
    test = draw(_known(small_home), "search", q="Outlook keeps asking for the password")
    assert "Seen before." in words(test)
    assert "What fixed it" in words(test)
    assert "Cleared the credential cache." in words(test)
    assert any(node.get("t") == "mark" for tree in sheets(test) for node in each(tree) if isinstance(node, dict))
    records = [node for node in kinds(test, "link") if {"ticket", "article"} & set(node["where"])]
    assert records, "no answer leads to its record"
    assert all(node["where"]["q"] for node in records), "the way back to the answers is lost"


def test_a_filter_from_the_address_narrows_and_nonsense_does_not_hurt(sample_desk: Desk) -> None:
    only = draw(sample_desk, "search", q="password", kind="article", near="1")
    assert any("article" in node["where"] for node in kinds(only, "link"))
    assert all("ticket" not in node["where"] for node in kinds(only, "link"))
    assert "?" in words(draw(sample_desk, "search", q="password", kind="nonsense", to="soon", **{"from": "31.02.2026"}))


def test_an_answer_leads_to_its_record_with_its_details(sample_desk: Desk) -> None:
    ticket = sample_desk.waiting(viewer=EVERYONE, most=1)[0]
    test = draw(sample_desk, "search", ticket=ticket.number, source=ticket.source)
    assert ticket.title in words(test)
    assert "What was reported" in words(test)
    assert "Opened" in words(test)


@pytest.mark.parametrize("asked", ["", "   ", "x", "🙂🙂🙂", '"unclosed', "'; drop table tickets", "a " * 50_000])
def test_no_question_breaks_the_page(sample_desk: Desk, asked: str) -> None:
    assert "Have we seen this before?" in words(draw(sample_desk, "search", q=asked))


def test_the_queue_shows_a_field_for_every_target_and_the_priority(sample_desk: Desk) -> None:
    test = draw(sample_desk, "triage")
    for name in ("Category", "Group and line", "Priority", "Time left"):
        assert name in words(test)


def test_a_pattern_opens_with_its_trend_its_fixes_and_its_tickets(sample_desk: Desk) -> None:
    first = sample_desk.patterns(viewer=EVERYONE)[0]
    listed, opened = draw(sample_desk, "patterns"), draw(sample_desk, "patterns", pattern=first.id)
    assert first.name in words(listed)
    assert first.name in words(opened)
    assert "What fixed it" in words(opened)
    (trend,) = kinds(opened, "bars")
    assert 0 < sum(count for _, count in trend["v"]) <= first.size


def test_growing_first_puts_the_same_patterns_in_another_order(sample_desk: Desk) -> None:
    def names(test: AppTest) -> list[str]:
        return [node["where"]["pattern"] for node in kinds(test, "link") if "pattern" in node["where"]]

    biggest, growing = names(draw(sample_desk, "patterns")), names(draw(sample_desk, "patterns", by="growth"))
    assert len(biggest) == len(growing)
    assert biggest != growing


def test_a_redraw_asks_the_desk_nothing_again(sample_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw(sample_desk, "search", q="printer offline")
    asked: list[str] = []
    whole = Desk.search

    def counted(self: Desk, text: str, **more: Any) -> Any:
        asked.append(text)
        return whole(self, text, **more)

    monkeypatch.setattr(Desk, "search", counted)
    test.run()
    assert not asked


# --- what a reader does -------------------------------------------------------------------------------------------


def test_accepting_keeps_what_was_suggested_and_correcting_what_was_chosen(own_desk: Desk) -> None:
    ticket = own_desk.waiting(viewer=EVERYONE, most=1)[0]
    (suggestion,) = own_desk.triage([ticket], viewer=EVERYONE)
    told = {
        "name": "correct",
        "source": ticket.source,
        "number": ticket.number,
        "to:category": "Made up",
        "to:line": "",
    }
    triage._act(own_desk, EVERYONE, [suggestion], told)
    triage._act(own_desk, EVERYONE, [suggestion], {**told, "name": "accept"})
    triage._act(own_desk, EVERYONE, [suggestion], {**told, "name": "skip"})
    kept = [one for _, one in own_desk.store.corrections()]
    assert [(one.target, one.chosen) for one in kept if one.action == "replaced"] == [("category", "Made up")]
    sure = {name for name, guess in suggestion.predictions.items() if guess.value is not None}
    assert {one.target for one in kept if one.action == "accepted"} == sure
    assert {one.target for one in kept if one.action == "skipped"} == set(suggestion.predictions)


def test_a_ticket_that_was_answered_leaves_the_queue(own_desk: Desk) -> None:
    (ticket,) = own_desk.waiting(viewer=EVERYONE, most=1)
    assert any(node["value"].get("number") == ticket.number for node in kinds(draw(own_desk, "triage"), "act"))
    own_desk.correct(Correction(ticket.ref, "category", None, "Mail", "replaced"), viewer=EVERYONE)
    assert all(node["value"].get("number") != ticket.number for node in kinds(draw(own_desk, "triage"), "act"))


def test_a_ticket_that_is_not_on_the_page_cannot_be_answered(own_desk: Desk) -> None:
    one, other = own_desk.waiting(viewer=EVERYONE, most=2)
    suggested = own_desk.triage([one], viewer=EVERYONE)
    triage._act(own_desk, EVERYONE, suggested, {"name": "skip", "source": other.source, "number": other.number})
    triage._act(own_desk, EVERYONE, suggested, {"name": "drop", "source": one.source, "number": one.number})
    assert own_desk.store.corrections() == []


def test_a_new_name_of_a_pattern_lasts(own_desk: Desk) -> None:
    first = own_desk.patterns(viewer=EVERYONE)[0]
    found = own_desk.profile(first.id, viewer=EVERYONE)
    patternacts.heard(own_desk, EVERYONE, found, {"name": "rename", "title": "  Mail   asks again "})
    assert own_desk.pattern(first.id, viewer=EVERYONE).name == "Mail asks again"
    assert "Mail asks again" in words(draw(own_desk, "patterns"))


def test_a_filter_means_the_whole_last_day() -> None:
    wanted = search.wanted({"from": "2026-03-01", "to": "2026-03-02", "category": "Mail"})
    assert wanted.opened_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert wanted.opened_before == datetime(2026, 3, 3, tzinfo=UTC)
    assert wanted.categories == ("Mail",)


# --- a desk with little, nothing, or evil in it -------------------------------------------------------------------


def test_an_empty_desk_says_which_command_comes_next(small_home: Home) -> None:
    desk = desk_of(small_home)
    assert "seenbefore ingest" in words(draw(desk, "search"))
    assert "Nothing is waiting" in words(draw(desk, "triage"))
    assert "seenbefore patterns" in words(draw(desk, "patterns"))
    assert "seenbefore train" in words(draw(desk, "desk"))
    assert "Not seen before" in (said := words(draw(desk, "search", q="printer"))) or "Nothing to look in" in said


def test_an_unknown_number_and_a_hidden_one_are_answered_in_the_same_words(small_home: Home) -> None:
    secret = Ticket("t", "HR1", "Garnishment of wages", "private", state="closed", audience=("hr",))
    small_home.store.write("ticket", [prepare(secret)])
    build(small_home)
    desk = desk_of(small_home)
    hidden, absent = words(draw(desk, "search", ticket="HR1")), words(draw(desk, "search", ticket="HR2"))
    assert hidden.replace("HR1", "HR2") == absent
    assert "Garnishment" not in words(draw(desk, "search", q="garnishment of wages"))
    assert "private" in words(draw(desk, "search", Viewer("her", frozenset({"hr"})), ticket="HR1"))


def test_hostile_text_reaches_the_browser_as_text_and_nothing_else(small_home: Home) -> None:
    ticket = Ticket("t", "T1", HOSTILE, HOSTILE, opened_at=NOON, state="open", caller=HOSTILE, category=HOSTILE)
    solved = Ticket("t", HOSTILE[:100], HOSTILE, HOSTILE, opened_at=NOON, state="closed", resolution=HOSTILE)
    article = Article("a", "K1", HOSTILE, HOSTILE, HOSTILE, url="javascript:alert(4)")
    small_home.store.write("ticket", [prepare(ticket), prepare(solved)])
    problem = Problem("p", "P1", HOSTILE, HOSTILE, root_cause=HOSTILE, workaround=HOSTILE, owner=HOSTILE)
    small_home.store.write("article", [prepare(article)])
    small_home.store.write("problem", [prepare(problem)])
    build(small_home)
    desk = desk_of(small_home)
    desk.mark(Mark(article.ref, "flag", note=HOSTILE), viewer=EVERYONE)
    desk.mark(Mark(article.ref, "helpful", question=HOSTILE), viewer=EVERYONE)
    drawn = [
        draw(desk, "search", q="reset your password beacon", near="1"), draw(desk, "search", q=HOSTILE, near="1"),
        draw(desk, "search", ticket="T1"), draw(desk, "search", article="K1"), draw(desk, "triage"),
        draw(desk, "search", like="T1"), draw(desk, "search", problem="P1"), draw(desk, "knowledge"),
    ]  # fmt: skip
    for test in drawn:
        assert "reset your password" in words(test)
        assert {part.type for part in test.main} <= {"bidi_component", "main"}, "drawn past paper.py"
        for node in (node for tree in sheets(test) for node in each(tree) if isinstance(node, dict)):
            assert "<" not in str(node.get("t", "")) + str(node.get("c", ""))
            assert node.get("page", "search") in {*PAGES, *ADMIN}


def test_a_very_long_text_is_folded_and_cut_before_it_is_sent(small_home: Home) -> None:
    long = prepare(Ticket("t", "T1", "Huge log", "line of a log\n" * 80_000, opened_at=NOON, state="open"))
    small_home.store.write("ticket", [long])
    build(small_home)
    test = draw(desk_of(small_home), "search", ticket="T1")
    assert len(json.dumps(sheets(test))) < 600_000
    assert any("show all" in str(node["head"]) for node in kinds(test, "fold"))


# --- what fixed it, and what readers say of it --------------------------------------------------------------------

OUTLOOK = "Outlook keeps asking for the password"


def _said(ref: Ref, said: str, **more: str) -> dict[str, Any]:
    return {"name": "say", "said": said, "kind": ref.kind, "source": ref.source, "number": ref.number, **more}


def test_what_fixed_it_stands_above_all_cards_and_cites_its_tickets(small_home: Home) -> None:
    test = draw(_known(small_home), "search", q=OUTLOOK)
    said = words(test)
    assert "8 of 8 like this" in said
    assert said.index("8 of 8 like this") < said.index("Past tickets")
    assert "and 3 more" in said
    copied = [node["text"] for node in kinds(test, "copy") if node["text"]]
    assert copied[0].startswith("Cleared the credential cache")
    assert any(node["where"].get("show") == "draft" for node in kinds(test, "link")), "no way to an article of it"


def test_where_nothing_fixed_it_there_is_no_empty_box(small_home: Home) -> None:
    small_home.store.write("ticket", [prepare(Ticket("t", "T1", OUTLOOK, "in room 4", opened_at=NOON, state="open"))])
    build(small_home)
    test = draw(desk_of(small_home), "search", q=OUTLOOK)
    assert "like this" not in words(test)
    assert not [n for tree in sheets(test) for n in each(tree) if isinstance(n, dict) and n.get("c") == "ways"]


def test_one_search_serves_all_three_groups(small_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Problem("p", "PRB1", OUTLOOK, root_cause="Stale token", workaround="Sign out and in again", state="new")
    small_home.store.write("problem", [prepare(known)])
    desk = _known(small_home)
    asked: list[Any] = []
    whole = Desk.search

    def counted(self: Desk, text: str, **more: Any) -> Any:
        asked.append(more.get("limit"))
        return whole(self, text, **more)

    monkeypatch.setattr(Desk, "search", counted)
    test = draw(desk, "search", q=OUTLOOK)
    assert asked == [{"problem": 2, "ticket": 8, "article": 5}]
    said = words(test)
    assert said.index("Known errors") < said.index("Past tickets")
    assert "Do this" in said
    assert "Root cause: Stale token" in said
    opened = words(draw(desk, "search", problem="PRB1"))
    assert "Sign out and in again" in opened
    assert "Stale token" in opened


def test_a_number_that_was_typed_can_be_opened_and_asked_with(small_home: Home) -> None:
    test = draw(_known(small_home), "search", q="t3")
    led = [node["where"] for node in kinds(test, "link")]
    assert "Open T3" in words(test)
    assert any(where.get("like") == "T3" for where in led)
    alike = draw(desk_of(small_home), "search", like="T3")
    assert "7 of 7 like this" in words(alike), "a ticket is an answer to itself"
    assert "No ticket" in words(draw(desk_of(small_home), "search", like="T99"))


def test_a_snippet_says_where_the_record_goes_on() -> None:
    ticket = prepare(Ticket("t", "1", "Title", "one two three four five six"))
    drawn = [
        "".join(n for n in each(hits.card(Hit(ticket, 0.5, snippet=part), {}, today=NOON)) if isinstance(n, str))
        for part in ("one two", "three four", "five six")
    ]
    assert "one two …" in drawn[0]
    assert "… one two" not in drawn[0]
    assert "… three four …" in drawn[1]
    assert "… five six" in drawn[2]
    assert "five six …" not in drawn[2]


def test_what_was_said_of_an_answer_stands_until_it_is_taken_back(small_home: Home) -> None:
    desk, about, ref = _known(small_home), About(OUTLOOK), Ref("ticket", "t", "T2")
    feedback.heard(desk, EVERYONE, about, _said(ref, "helpful"))
    (mark,) = desk.marks_of(desk.record("ticket", "T2", viewer=EVERYONE), viewer=EVERYONE)
    assert (mark.said, mark.question) == ("helpful", OUTLOOK)
    pressed = [n["name"] for n in kinds(draw(desk, "search", q=OUTLOOK), "act") if n.get("pressed")]
    assert pressed == ["undo"]
    feedback.heard(desk, EVERYONE, about, {**_said(ref, ""), "name": "undo", "id": str(mark.id)})
    assert not [n for n in kinds(draw(desk, "search", q=OUTLOOK), "act") if n.get("pressed")]
    told = words(draw(desk, "search", ticket="T2"))
    assert "taken back by everyone" in told


@pytest.mark.parametrize("told", [{"said": "state", "note": "archived"}, {"said": "helpful", "kind": "secret"},
                                  {"name": "undo", "id": "-1"}, {"name": "undo", "id": "9" * 40},
                                  {"name": "undo", "id": "²"}, {"said": "flag", "note": " "},
                                  {"said": "helpful", "number": "no such"}])  # fmt: skip
def test_nonsense_from_the_browser_keeps_nothing(small_home: Home, told: dict[str, str]) -> None:
    desk = _known(small_home)
    before = desk.store.seq()
    feedback.heard(desk, EVERYONE, About(OUTLOOK), {**_said(Ref("ticket", "t", "T2"), "helpful"), **told})
    assert desk.store.seq() == before


def test_this_fixed_it_with_a_ticket_number_links_the_two(own_desk: Desk) -> None:
    ticket = own_desk.waiting(viewer=EVERYONE, most=1)[0]
    article = next(own_desk.store.each("article", EVERYONE))[0]
    said = _said(article.ref, "fixed")
    feedback.heard(own_desk, EVERYONE, About(OUTLOOK), {**said, "for": "no such"})
    assert own_desk.links_of(ticket, viewer=EVERYONE) == []
    feedback.heard(own_desk, EVERYONE, About(OUTLOOK), {**said, "for": f" {ticket.number.lower()} "})
    assert [target.ref for _, target in own_desk.links_of(ticket, viewer=EVERYONE)] == [article.ref]
    assert f"{article.number} fixed this" in words(draw(own_desk, "search", ticket=ticket.number))


def test_on_a_tickets_page_this_fixed_it_is_one_press(own_desk: Desk) -> None:
    ticket = own_desk.waiting(viewer=EVERYONE, most=1)[0]
    article = next(own_desk.store.each("article", EVERYONE))[0]
    feedback.heard(own_desk, EVERYONE, About(ticket=ticket.ref), _said(article.ref, "fixed"))
    feedback.heard(own_desk, EVERYONE, About(ticket=ticket.ref), _said(Ref("ticket", "sample", "no such"), "fixed"))
    assert [target.ref for _, target in own_desk.links_of(ticket, viewer=EVERYONE)] == [article.ref]


def test_answers_keep_their_places_while_their_reader_says_something_of_them(small_home: Home) -> None:
    desk = _known(small_home)
    made: list[str] = []

    def look(name: str) -> None:
        remembered(desk, EVERYONE, (name, OUTLOOK), lambda: made.append(name))

    look("ask"), look("said")
    feedback.heard(desk, EVERYONE, About(OUTLOOK), _said(Ref("ticket", "t", "T2"), "helpful"))
    look("ask"), look("said")
    assert made == ["ask", "said", "said"], "the answers moved, or the button does not know that it was pressed"
    desk.mark(Mark(Ref("ticket", "t", "T3"), "helpful", question=OUTLOOK), viewer=EVERYONE)
    look("ask")
    search._ask({"name": "ask", "q": OUTLOOK})
    look("ask")
    assert made[3:] == ["ask", "ask"], "somebody else's word, or asking again, changes nothing"


def test_a_tickets_page_shows_notes_links_and_what_it_answered(small_home: Home) -> None:
    desk = _known(small_home)
    noted = Ticket("t", "T20", "Mail is slow", "since noon", opened_at=NOON, state="open", notes="Asked: which room?")
    small_home.store.write("ticket", [prepare(noted)])
    small_home.store.link([Link(noted.ref, Ref("ticket", "t", "T1"), NOON, by="ann")])
    test = draw(desk, "search", ticket="T20")
    assert "Technicians' notes" in words(test)
    assert "Linked as the answer" in words(test)
    assert "by ann" in words(test)
    assert "Linked from" in words(draw(desk, "search", ticket="T1"))


def test_an_articles_page_sets_its_state_and_shows_its_flags(small_home: Home) -> None:
    desk = _known(small_home)
    small_home.store.write("article", [prepare(Article("a", "K1", "Reset a token", "In short", "Do it", owner="Mail"))])
    article = desk.record("article", "K1", viewer=EVERYONE)
    record._heard(desk, EVERYONE, article, About(), {"name": "state", "note": "archived"})
    record._heard(desk, EVERYONE, article, About(), {"name": "state", "note": "burnt"})
    record._heard(desk, EVERYONE, article, About(), _said(article.ref, "flag", note="Step 3 is gone"))
    test = draw(desk, "search", article="K1")
    assert desk.record("article", "K1", viewer=EVERYONE).state == "archived"  # type: ignore[union-attr]
    assert "State set to archived" in words(test)
    assert "Flagged: Step 3 is gone" in words(test)
    assert "Settled" in words(test)
    assert "Edit" not in [node["head"] for node in kinds(test, "fold")], "it came with an export"
