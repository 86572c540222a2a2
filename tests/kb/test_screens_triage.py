"""The Triage page: the queue as rows, one key to answer and one to take it back, the evidence, and a file of tickets."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from kb import suggested as tables
from kb.desk import Clocked, Desk
from kb.errors import NotATable
from kb.records import EVERYONE, Ask, Prediction, Ref, Suggestion, Ticket
from kb.screens import answering, queue, suggestion, triage
from kb.screens.queue import Row
from kb.sla import Clock
from pipelines.desk import open_desk
from pipelines.settings import Settings
from tests.pages import each

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICKET = Ticket("t", "T1", "VPN drops", "The VPN client drops; vpn again.", caller="Ada", vip=True,
                opened_at=NOON - timedelta(hours=2), state="open")  # fmt: skip
SURE = Prediction("category", "Network", 0.96, (("Network", 0.96), ("Hardware", 0.02)), telling=("vpn", "drops"))
SILENT = Prediction("assignment_group", None, 0.52, (("Network Operations", 0.52),), "Not sure enough.", "promise")
SUGGESTED = Suggestion(TICKET, {"category": SURE, "assignment_group": SILENT}, 2, "By the matrix.", ("VIP caller.",))


@pytest.fixture
def desk(sample_home: Path, tmp_path: Path) -> Desk:
    """A copy of the sample desk that a test may write to."""
    shutil.copytree(sample_home, tmp_path / "desk")
    return open_desk(Settings(tmp_path / "desk", threads=1))


def words(tree: Any) -> str:
    """What a reader can read of it."""
    return "".join(node for node in each(tree) if isinstance(node, str))


def keyed(tree: Any) -> dict[str, str]:
    """Key → the action it sends."""
    return {n["key"]: n["name"] for n in each(tree) if isinstance(n, dict) and n.get("x") == "act" and n["key"]}


def told(name: str, ticket: Ticket, **more: str) -> dict[str, str]:
    """What the browser sends for one ticket."""
    return {"name": name, "source": ticket.source, "number": ticket.number, **more}


# --- a row --------------------------------------------------------------------------------------------------------


def test_a_row_shows_who_what_how_sure_how_urgent_and_the_time_left() -> None:
    clock = Clock(NOON + timedelta(hours=2), 130, 0.5, "running", "due in 2 h 10 min")
    said = words(queue.rows([Row(SUGGESTED, Clocked(clock, 0.61))], {}, now=NOON))
    for part in ("T1", "VPN drops", "2 h ago", "Ada", "VIP", "Network", "96\u00a0%", "not sure: perhaps Network Operat",
                 "P2", "raised", "due in 2 h 10 min", "likely late"):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(("risk", "late"), [(None, False), (0.49, False), (0.5, True)])
def test_a_breach_is_called_likely_only_where_it_is(risk: float | None, late: bool) -> None:
    clock = Clock(NOON, 60, 0.5, "running", "due in 1 h of business time")
    said = words(queue.rows([Row(SUGGESTED, Clocked(clock, risk))], {}, now=NOON))
    assert ("likely late" in said) is late
    assert "due in 1 h" in said


def test_the_keys_of_a_row_accept_correct_skip_and_ask_why() -> None:
    row = queue.rows([Row(SUGGESTED)], {}, now=NOON)
    assert keyed(row) == {"a": "accept", "e": "why", "c": "fix", "s": "skip"}
    silent = replace(SUGGESTED, predictions={"assignment_group": SILENT})
    assert "a" not in keyed(queue.rows([Row(silent)], {}, now=NOON)), "there is nothing to accept"


def test_what_is_filled_in_without_asking_says_so() -> None:
    assert "filled in" in words(queue.rows([Row(SUGGESTED, filled=frozenset({"category"}))], {}, now=NOON))
    assert "filled in" not in words(queue.rows([Row(SUGGESTED)], {}, now=NOON))


def test_what_the_ticket_says_itself_is_no_suggestion() -> None:
    given = replace(SUGGESTED, ticket=replace(TICKET, category="Mail"))
    said = words(queue.rows([Row(given)], {}, now=NOON))
    assert "Mail" in said
    assert "Network96" not in said
    assert answering.open_to(given) == []
    assert answering.of(given, told("accept", TICKET)) == []


def test_one_reason_for_all_silence_is_said_once() -> None:
    guesses = {name: Prediction(name, None, 0.1, reason="It says too little.", code="too-short")
               for name in ("category", "subcategory", "assignment_group", "line")}  # fmt: skip
    said = words(queue.rows([Row(Suggestion(TICKET, guesses))], {}, now=NOON))
    assert said.count("It says too little.") == 1


# --- the evidence -------------------------------------------------------------------------------------------------


def test_the_telling_words_are_marked_where_they_stand_as_whole_words() -> None:
    shown = list(each(suggestion.evidence(SUGGESTED)))
    marked = [words(node) for node in shown if isinstance(node, dict) and node.get("t") == "mark"]
    assert marked == ["VPN", "drops", "VPN", "drops", "vpn"]
    quiet = replace(SUGGESTED, predictions={"category": replace(SURE, telling=("rop",))})
    assert not [n for n in each(suggestion.evidence(quiet)) if isinstance(n, dict) and n.get("t") == "mark"]


def test_the_evidence_says_alternatives_silence_and_what_raised_the_priority() -> None:
    said = words(suggestion.evidence(SUGGESTED))
    for part in ("Hardware", "Not sure enough.", "Network Operations", "By the matrix.", "VIP caller."):
        assert part in said, part


def test_a_question_to_ask_can_be_copied_and_cites_where_it_was_asked() -> None:
    asked = replace(SUGGESTED, questions=(Ask("Which device?", "It splits best.", (Ref("ticket", "t", "T9"),)),))
    shown = [node for node in each(suggestion.evidence(asked)) if isinstance(node, dict)]
    assert "Which device?" in [node["text"] for node in shown if node.get("x") == "copy"]
    assert {"ticket": "T9", "source": "t"} in [node["where"] for node in shown if node.get("x") == "link"]


def test_a_ticket_of_a_megabyte_is_cut_before_it_is_drawn() -> None:
    huge = replace(SUGGESTED, ticket=replace(TICKET, body="vpn of a log " * 80_000))
    assert len(words(suggestion.evidence(huge))) < 300_000
    assert len(words(queue.rows([Row(huge)], {}, now=NOON))) < 2_000


# --- answering ----------------------------------------------------------------------------------------------------


def test_accepting_stands_and_undo_takes_all_of_it_back(desk: Desk) -> None:
    ticket = desk.waiting(viewer=EVERYONE, most=1)[0]
    suggested = desk.triage([ticket], viewer=EVERYONE)
    sure = {guess.target for guess in answering.open_to(suggested[0])}
    triage._act(desk, EVERYONE, suggested, told("accept", ticket))
    assert set(desk.answers_to(ticket, viewer=EVERYONE)) == sure
    triage._act(desk, EVERYONE, suggested, told("undo", ticket))
    assert desk.answers_to(ticket, viewer=EVERYONE) == {}
    assert [one.action for _, one in desk.store.corrections()].count("undone") == len(sure)


def test_a_correction_keeps_what_was_chosen_and_why(desk: Desk) -> None:
    ticket = desk.waiting(viewer=EVERYONE, most=1)[0]
    suggested = desk.triage([ticket], viewer=EVERYONE)
    chosen = told("correct", ticket, **{"to:category": "Printing", "to:line": "", "why": "  it is   the printer "})
    triage._act(desk, EVERYONE, suggested, chosen)
    (kept,) = desk.answers_to(ticket, viewer=EVERYONE).values()
    assert (kept.target, kept.chosen, kept.why) == ("category", "Printing", "it is the printer")
    assert kept.model == suggested[0].model
    assert "Printing" in queue.stands({"category": kept})


def test_the_page_draws_the_queue_answers_by_key_and_shows_what_stands(desk: Desk) -> None:
    test = AppTest.from_function(_page, args=(desk,), default_timeout=60).run()
    assert not test.exception
    assert '"key": "a"' in _sent(test)
    assert '"key": "u"' not in _sent(test)
    ticket = desk.waiting(viewer=EVERYONE, most=1)[0]
    answered = AppTest.from_function(_page, args=(desk, told("accept", ticket)), default_timeout=60).run()
    assert not answered.exception
    assert '"key": "u"' in _sent(answered)
    assert "accepted: " in _sent(answered)
    reloaded = AppTest.from_function(_page, args=(desk,), default_timeout=60).run()
    assert ticket.number not in _sent(reloaded), "it was answered, and is asked again"


def test_a_target_in_the_shadow_or_off_is_not_shown(desk: Desk) -> None:
    desk.set_rule("modes", "category=shadow,subcategory=off,line=autofill", viewer=EVERYONE)
    (made,) = desk.triage(desk.waiting(viewer=EVERYONE, most=1), viewer=EVERYONE)
    assert not {"category", "subcategory"} & set(made.predictions)
    test = AppTest.from_function(_page, args=(desk,), default_timeout=60).run()
    assert "to:category" not in _sent(test)
    assert "filled in" in _sent(test)


def test_a_second_drawing_asks_the_desk_for_nothing_new(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = Desk.triage

    def counted(self: Desk, tickets: Any, **more: Any) -> Any:
        asked.append(len(tickets))
        return whole(self, tickets, **more)

    monkeypatch.setattr(Desk, "triage", counted)
    test = AppTest.from_function(_page, args=(desk,), default_timeout=60).run()
    test.run()
    assert len(asked) == 1
    assert asked[0] > 10


def _page(desk: object, told: object = None) -> None:
    from kb.records import EVERYONE
    from kb.screens import triage

    if told is not None:
        ours = [t for t in triage.queue(desk, EVERYONE) if t.number == told["number"]]  # type: ignore[arg-type,index]
        suggested = [one for one, _ in triage.suggestions(desk, EVERYONE, ours)]  # type: ignore[arg-type]
        triage._act(desk, EVERYONE, suggested, told)  # type: ignore[arg-type]
    triage.page(desk, EVERYONE)  # type: ignore[arg-type]


def _sent(test: AppTest) -> str:
    return "".join(part.proto.json for part in test.main if part.type == "bidi_component")


# --- a file of tickets --------------------------------------------------------------------------------------------

FILE = b"""number,short_description,description,category
N1,VPN drops every few minutes,The VPN client disconnects and internal pages cannot be opened,
N2,=HYPERLINK("http://evil.example"),Printer prints blank pages,Printing
N3,help,,
"""


def test_every_ticket_of_a_file_gets_its_row_and_no_cell_is_a_formula(desk: Desk) -> None:
    made = tables.suggested(desk, FILE, viewer=EVERYONE)
    table = list(csv.DictReader(io.StringIO(tables.as_csv(made).decode("utf-8-sig"))))
    assert [row["number"] for row in table] == ["N1", "N2", "N3"]
    assert table[0]["category"] == "Network" or table[0]["category why"]
    assert table[1]["category"] == "Printing"
    assert table[1]["category why"] == "as the ticket says"
    assert table[1]["title"].startswith("'=")
    assert table[2]["category"] == "" != table[2]["category why"]
    book = load_workbook(io.BytesIO(tables.as_xlsx(made)))
    cells = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[0] for row in cells] == ["number", "N1", "N2", "N3"]
    assert str(cells[2][1]).startswith("'=")


def test_a_file_that_is_no_list_of_new_tickets_is_refused_in_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotATable, match="list of articles"):
        tables.suggested(desk, b"article_id,title,article_body\nK1,How to print,Press print\n", viewer=EVERYONE)
    with pytest.raises(NotATable, match="picture"):
        tables.suggested(desk, b"\x89PNG....", viewer=EVERYONE)
    with pytest.raises(NotATable, match="more than 2 tickets"):
        tables.suggested(desk, FILE, viewer=EVERYONE, most=2)
    monkeypatch.setattr(tables, "LARGEST", 10)
    with pytest.raises(NotATable, match="larger"):
        tables.suggested(desk, FILE, viewer=EVERYONE)


def test_a_long_file_says_how_far_it_is(desk: Desk) -> None:
    rows = "".join(f"N{i},Printer {i} prints blank pages,since this morning\n" for i in range(230))
    heard: list[tuple[int, int]] = []
    made = tables.suggested(
        desk, f"number,short_description,description\n{rows}".encode(), viewer=EVERYONE,
        say=lambda done, of: heard.append((done, of)),
    )  # fmt: skip
    assert len(made.rows) == 230
    assert heard == [(0, 230), (100, 230), (200, 230)]
