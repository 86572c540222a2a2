"""First or second line: the reason counts what happened to tickets like it, and never contradicts in silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.lines import FEWEST, first_pick, reason
from kb.records import Ref, Ticket

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KB7, KB8 = Ref("article", "kb", "KB0007"), Ref("article", "kb", "KB0008")


def _solved(number: int, line: int | None, minutes: float | None = 12, **more: Any) -> Ticket:
    done = None if minutes is None else START + timedelta(minutes=minutes)
    return Ticket("d", str(number), opened_at=START, resolved_at=done, state="resolved", line=line, id=number, **more)  # type: ignore[arg-type]


def _desk(n: int, *, start: int = 0, **more: Any) -> list[Ticket]:
    return [_solved(start + i, 1, **more) for i in range(n)]


def _network(n: int, *, start: int = 100, bounced: int = 0, group: str = "Network") -> list[Ticket]:
    return [
        _solved(start + i, 2, 300, assignment_group=group, reassignment_count=int(i < bounced)) for i in range(n)
    ]  # fmt: skip


def test_the_desk_solved_most_of_them_fast_with_an_article() -> None:
    like = [*_desk(41), *_network(3)]
    links = {i: (KB7,) for i in range(30)} | {30: (KB8,)}
    got = reason(like, links, line=1, group=None)
    assert got.sentence == (
        "First line: 41 of 44 like it were solved by the desk in 12 min (median), 30 of them with article KB0007."
    )
    assert (got.line, got.solved_first, got.of) == (1, 41, 44)
    assert got.cited == (*(t.ref for t in like[:41]), KB7)


def test_an_article_on_all_of_them_is_named_without_a_count_and_one_on_a_single_ticket_not_at_all() -> None:
    like = _desk(6)
    assert " with article KB0007." in reason(like, {i: (KB7,) for i in range(6)}, line=1, group=None).sentence
    assert "article" not in reason(like, {0: (KB7,)}, line=1, group=None).sentence


def test_the_second_line_with_a_group_says_what_ended_there_and_what_bounced() -> None:
    like = [*_network(9, bounced=2), *_desk(2), *_desk(1, start=50, reopen_count=1)]
    got = reason(like, {}, line=2, group="network ")
    assert got.sentence == (
        "Second line, network: 9 of 12 like it ended there; 2 bounced before; 1 that the desk kept came back."
    )
    assert (got.solved_first, got.of) == (2, 12)


def test_another_group_than_the_model_says_is_named() -> None:
    like = [*_network(7, group="Server"), *_network(2, start=200)]
    assert "2 of 9 like it ended there, 7 with other groups" in reason(like, {}, line=2, group="Network").sentence
    got = reason(like, {}, line=2, group="Telephony").sentence
    assert got.endswith("none of 9 like it ended there, 9 with other groups of the second line, most with Server (7).")


def test_where_the_past_says_otherwise_than_the_model_the_sentence_says_so_and_the_line_stays() -> None:
    got = reason(_desk(8), {}, line=2, group="Network")
    assert got.line == 2
    assert got.sentence.startswith("Second line, Network says the model, but the past says otherwise: 8 of 8")
    other = reason(_network(8), {}, line=1, group="Service Desk")
    assert other.line == 1
    assert (
        "but the past says otherwise: 8 of 8 like it ended in the second line, most with Network (8)" in other.sentence
    )


def test_a_divided_past_is_called_divided() -> None:
    for desk in (4, 5):
        got = reason([*_desk(desk), *_network(4)], {}, line=2, group=None).sentence
        assert got.startswith("Second line says the model; the past is divided: ")
    tie = reason([*_desk(4), *_network(4)], {}, line=1, group=None).sentence
    assert "the past is divided: 4 of 8 like it ended in the second line" in tie


def test_what_came_back_was_not_solved_by_the_desk() -> None:
    got = reason(_desk(6, reopen_count=1), {}, line=1, group=None)
    assert got.solved_first == 0
    assert "past says otherwise" in got.sentence
    assert "6 that the desk kept came back" in got.sentence


def test_without_a_suggestion_the_past_is_told_and_no_line_is_made_up() -> None:
    got = reason(_desk(6), {}, line=None, group=None)
    assert got.line is None
    assert got.sentence.startswith("No line suggested: 6 of 6 like it were solved by the desk")


@pytest.mark.parametrize(
    ("n", "said"), [(0, "no resolved ticket like it says"), (1, "only 1 resolved ticket"), (4, "only 4")]
)
def test_few_tickets_are_called_few(n: int, said: str) -> None:
    got = reason(_desk(n), {}, line=1, group=None)
    assert said in got.sentence
    assert "median" not in got.sentence
    assert got.line == 1


def test_open_and_unsolved_tickets_and_those_without_a_line_do_not_count() -> None:
    like = [
        _solved(1, None),
        _solved(2, 1, close_code="Closed/Resolved by Caller"),
        Ticket("d", "3", state="open", line=1),
    ]
    assert reason([*like, *_desk(5, start=10)], {}, line=1, group=None).of == 5


def test_tickets_without_times_have_no_median() -> None:
    like = [_solved(i, 1, None) for i in range(5)]
    assert reason(like, {}, line=1, group=None).sentence == "First line: 5 of 5 like it were solved by the desk."


past = st.lists(
    st.builds(
        _solved, st.integers(0, 10**6), st.sampled_from([1, 2, None]), st.none() | st.floats(0, 10**6),
        reopen_count=st.sampled_from([None, 0, 1, 2]), reassignment_count=st.sampled_from([None, 0, 1, 4]),
        assignment_group=st.sampled_from(["", "Network", "Server"]),
    ),
    max_size=30,
)  # fmt: skip


@given(past, st.sampled_from([None, 1, 2]), st.sampled_from([None, "Network"]))
def test_the_line_is_never_changed_and_every_doubt_is_said(
    like: list[Ticket], line: int | None, group: str | None
) -> None:
    got = reason(like, {}, line=line, group=group)
    assert got.line == line
    assert got.solved_first <= got.of <= len(like)
    assert set(got.cited) <= {ticket.ref for ticket in like}
    if got.of >= FEWEST and line == 1 and got.solved_first * 2 < got.of:
        assert "otherwise" in got.sentence or "divided" in got.sentence
    if got.of >= FEWEST and line == 2 and got.solved_first * 2 > got.of:
        assert "otherwise" in got.sentence or "divided" in got.sentence


def test_the_first_pick_is_counted_on_what_bounced_only() -> None:
    def bounced(group: str, times: int | None) -> Ticket:
        return _solved(1, 2, assignment_group=group, reassignment_count=times)

    tickets = [bounced("Network", 1), bounced("Server", 2), bounced("Server", 1), bounced("Server", 0),
               bounced("", 3), bounced("Network", None), bounced("Network", 1)]  # fmt: skip
    got = first_pick(tickets, ["network ", "Network", None, "Server", "Server", "Network", "Network"])
    assert (got.right, got.of, got.silent) == (2, 3, 1)
    assert got.share == pytest.approx(2 / 3)
    low, high = got.interval
    assert low == pytest.approx(0.2077, abs=1e-3)  # the textbook Wilson interval of 2 of 3
    assert high == pytest.approx(0.9385, abs=1e-3)


def test_without_bounced_tickets_there_is_no_share() -> None:
    got = first_pick([], [])
    assert got.share is None
    assert got.interval == (0.0, 1.0)
