"""A known error is shown where tickets that say the same belonged to it, and hardly where it only reads alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.records import EVERYONE, Hit, Problem, Ticket, Viewer
from kb.seen import Gate
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime.now(UTC).replace(microsecond=0)
SAID = "Print spooler stops and all printers are gone"
ERROR = Problem("snow", "PRB1", title="Driver of the duplex unit", workaround="Print on one side.",
                created_at=NOW - timedelta(days=90))  # fmt: skip
HR = Viewer("hanna", frozenset({"HR"}))


def past(n: int, problem: str = "", **more: object) -> Ticket:
    opened = NOW - timedelta(days=10 + n)
    one = Ticket("snow", f"INC{n}", title=SAID, opened_at=opened, resolved_at=opened + timedelta(hours=2),
                 state="closed", problem=problem)  # fmt: skip
    return prepare(replace(one, **more))  # type: ignore[arg-type]


def known(tmp_path: Path, tickets: list[Ticket], error: Problem = ERROR, viewer: Viewer = EVERYONE) -> Hit | None:
    """The known error of a new ticket that says the same as these."""
    home = Home(Settings(tmp_path / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write("ticket", tickets)
    home.store.write("problem", [prepare(error)])
    made: Desk = desk_of(home)
    fresh = prepare(Ticket("snow", "NEW", title=SAID, state="open", opened_at=NOW))
    (one,) = made.triage([fresh], viewer=viewer)
    return one.known_error


def test_three_like_it_that_belonged_to_it_are_enough_and_bring_its_workaround(tmp_path: Path) -> None:
    hit = known(tmp_path, [past(n, "PRB1") for n in range(3)])
    assert hit is not None and (hit.record.number, hit.resolution) == ("PRB1", "Print on one side.")


@pytest.mark.parametrize("others", [0, 2, 5])
def test_two_are_not_enough_and_neither_are_three_among_many_others(tmp_path: Path, others: int) -> None:
    belonging = 2 if not others else 3
    tickets = [past(n, "PRB1") for n in range(belonging)] + [past(n) for n in range(50, 50 + others)]
    assert known(tmp_path, tickets) is None


def test_tickets_that_the_reader_may_not_see_count_for_nothing(tmp_path: Path) -> None:
    hidden = [past(n, "PRB1", audience=("HR",)) for n in range(3)]
    assert known(tmp_path / "a", hidden) is None
    assert known(tmp_path / "b", hidden, viewer=HR) is not None


def test_what_is_still_open_or_long_ago_is_no_evidence(tmp_path: Path) -> None:
    assert known(tmp_path / "a", [past(n, "PRB1", state="open", resolved_at=None) for n in range(3)]) is None
    old = {"opened_at": NOW - timedelta(days=400), "resolved_at": NOW - timedelta(days=399)}
    assert known(tmp_path / "b", [past(n, "PRB1", **old) for n in range(3)]) is None


def test_one_that_reads_the_same_is_shown_until_its_fix_is_in(tmp_path: Path) -> None:
    alike = replace(ERROR, title=SAID, symptom=SAID)
    assert known(tmp_path / "a", [], alike) is not None
    over = replace(alike, state="resolved", resolved_at=NOW - timedelta(days=1))
    assert known(tmp_path / "b", [], over) is None


def test_a_mere_problem_and_one_of_others_are_never_shown(tmp_path: Path) -> None:
    tickets = [past(n, "PRB1") for n in range(3)]
    assert known(tmp_path / "a", tickets, replace(ERROR, workaround="")) is None
    assert known(tmp_path / "b", tickets, replace(ERROR, audience=("HR",))) is None
    assert known(tmp_path / "c", tickets, replace(ERROR, audience=("HR",)), HR) is not None


@pytest.mark.parametrize(
    ("belonging", "alike", "shown"),
    [(3, 3, True), (2, 2, False), (3, 4, False), (4, 5, True), (5, 7, True), (5, 8, False), (0, 0, False)],
)
def test_the_share_that_is_enough(belonging: int, alike: int, shown: bool) -> None:
    said = Gate().is_known(0.2, belonging=belonging, alike=alike, passed_over=alike - belonging, over=False)
    assert said is shown
