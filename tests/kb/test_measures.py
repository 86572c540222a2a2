"""Desk figures against cases worked by hand: what counts, over how many, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import measures
from kb.assumptions import Assumptions
from kb.errors import BadSetting
from kb.measures import Figure, Found, Scene, differ, read_period
from kb.measures.found import counted, median, share
from kb.records import EVERYONE, KEEPER, Article, Correction, Link, Mark, Problem, Ticket, Viewer
from kb.sla import Targets
from kb.store import Store

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def at(day: int, hour: int = 9, month: int = 10) -> datetime:
    """A moment of 2026; October begins on a Thursday."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def made(number: str, opened: datetime | None, resolved: datetime | None = None, **more: object) -> Ticket:
    """A ticket that is closed where it has a resolution."""
    state = "closed" if resolved is not None else "open"
    values: dict[str, object] = {"state": state, "opened_at": opened, "resolved_at": resolved, **more}
    return Ticket("t", number, **values)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "k.db", create=True)


def scenes(store: Store, text: str = "2026-10", viewer: Viewer = EVERYONE, now: datetime = NOW) -> tuple[Scene, Scene]:
    facts = measures.read(store, viewer, now=int(now.timestamp()))
    settings = store.settings()
    here = Scene(facts, measures.doings(store, viewer, facts), read_period(text).as_of(now),
                 Targets.from_settings(settings), Assumptions.from_settings(settings))  # fmt: skip
    return here, Scene(facts, here.doings, here.period.back(), here.targets, here.assumed)


def figures(store: Store, tickets: Sequence[Ticket] = (), **more: object) -> dict[str, Figure]:
    if tickets:
        store.write("ticket", list(tickets))
    return {one.key: one for one in measures.count(*scenes(store, **more))}  # type: ignore[arg-type]


WORKED = (
    # Thursday 09:00 to 13:00: four hours by the clock, four in business hours (08:00 to 18:00).
    made("1", at(1), at(1, 13), line=1, reassignment_count=0, reopen_count=0, priority=3, made_sla=True),
    # Friday 17:00 to Monday 09:00: 64 hours by the clock; 1 on Friday and 1 on Monday in business hours.
    made("2", at(2, 17), at(5, 9), line=2, reassignment_count=2, reopen_count=1, priority=2, made_sla=False),
    # Opened in September, resolved in October after 240 hours: 7 working days of 10 hours and 2 hours more.
    made("3", at(28, 9, month=9), at(8, 9), line=1, reassignment_count=0, reopen_count=2, priority=3, made_sla=True),
    made("4", at(20), None, priority=1),  # open for 11.625 days at the end of October
    made("5", at(1, month=9), None, state="on hold"),  # open for 60.625 days
    made("6", at(3), at(4), state="cancelled"),
    made("7", at(10, month=9), at(11, month=9), line=1, reassignment_count=0),  # all in September: 24 hours
)


def test_figures_worked_by_hand(store: Store) -> None:
    got = figures(store, WORKED)
    value = {key: one.value for key, one in got.items()}
    assert value["opened"] == 4  # 1, 2, 4 and the cancelled 6
    assert value["resolved"] == 3  # 1, 2, 3; cancelled is not resolved
    assert (got["opened"].before, got["resolved"].before) == (3, 1)
    assert value["backlog"] == 2 and got["backlog"].before == 2  # 4 and 5; at the end of September 3 and 5
    assert value["age"] == pytest.approx((11.625 + 60.625) / 2)
    assert value["long"] == 0.5
    assert value["mttr"] == pytest.approx(64) and value["mttr_mean"] == pytest.approx((4 + 64 + 240) / 3)
    assert value["mttr_business"] == pytest.approx(4)
    assert value["mttr_business_mean"] == pytest.approx((4 + 2 + 80) / 3)
    assert got["mttr"].before == pytest.approx(24) and got["mttr"].n == 3
    assert value["sla"] == pytest.approx(2 / 3) and got["sla"].before is None
    assert value["fcr"] == pytest.approx(1 / 3)  # 3 came back
    assert value["first_assignment"] == pytest.approx(2 / 3)
    assert value["bounces"] == pytest.approx(2 / 3)
    assert value["escalated"] == pytest.approx(1 / 3)
    assert value["reopened"] == pytest.approx(2 / 3)
    assert value["urgent"] == pytest.approx(1 / 3)
    assert value["handling"] == pytest.approx(1.0)  # 3 tickets of 20 minutes


def test_what_the_data_lacks_is_not_known_and_says_why_never_zero(store: Store) -> None:
    got = figures(store, [made("1", at(1), at(2))])
    for key in ("fcr", "first_assignment", "bounces", "escalated", "reopened", "urgent", "tied", "reuse", "helpful",
                "accepted", "saved", "cost", "untouched", "sla", "problem_days"):  # fmt: skip
        assert got[key].value is None and got[key].n == 0 and got[key].why, key
    assert all(one.definition.endswith(".") and one.unit for one in got.values())


def test_a_period_without_resolved_tickets_says_so(store: Store) -> None:
    got = figures(store, [made("1", at(1), reopen_count=0, reassignment_count=0)])
    assert got["mttr"].why == got["reopened"].why == "no ticket was resolved in this period"
    assert got["resolved"].value is None and "no ticket says when it was resolved" in got["resolved"].why


def test_an_empty_store_knows_nothing(store: Store) -> None:
    got = figures(store)
    assert all(one.value is None and one.why for one in got.values())


def test_tickets_without_any_date_are_counted_nowhere(store: Store) -> None:
    got = figures(store, [Ticket("t", str(i), title="no date") for i in range(3)])
    assert got["opened"].why == "no ticket says when it was opened" and got["backlog"].value is None
    assert scenes(store)[0].facts.odd.undated == 3


def test_odd_dates_are_taken_out_and_counted(store: Store) -> None:
    store.write("ticket", [
        made("good", at(1), at(1, 13)),
        made("turned", at(10), at(9)),  # resolved before opened
        made("future", NOW + timedelta(days=3)),
        made("later", at(5), NOW + timedelta(days=3)),  # resolved after now
        made("endless", at(6), None, state="closed"),
    ])  # fmt: skip
    here, _ = scenes(store)
    odd = here.facts.odd
    assert (odd.future, odd.done_later, odd.reversed, odd.without_end, odd.undated) == (1, 1, 1, 2, 0)
    got = {one.key: one for one in measures.count(*scenes(store))}
    assert got["opened"].value == 4 and got["resolved"].value == 2
    assert got["mttr"].n == 1 and got["mttr"].value == pytest.approx(4)
    assert got["backlog"].value == 0


def test_one_ticket_is_enough_for_figures_and_never_a_clear_change(store: Store) -> None:
    got = figures(store, [made("1", at(1), at(1, 10), reopen_count=0, reassignment_count=0, line=1)])
    assert got["mttr"].value == pytest.approx(1) and got["fcr"].value == 1.0
    assert not any(one.turned for one in got.values())


def test_where_the_ticket_does_not_say_the_desks_targets_decide(store: Store) -> None:
    store.set("sla", '{"1": {"resolution": "2 h", "hours": "round the clock"}, "3": {"resolution": "3 h"}}')
    tickets = [
        made("1", at(1, 20), at(1, 21), priority=1),  # an hour at night: in time
        made("2", at(1, 20), at(1, 23), priority=1),  # three: late
        made("3", at(1, 17), at(2, 10), priority=3),  # 1 + 2 business hours: in time
        made("4", at(1, 17), at(2, 11), priority=3),  # 1 + 3: late
        made("5", at(1, 17), at(9, 11), priority=3, made_sla=True),  # the ticket's own word counts
        made("6", at(1, 17), at(2, 11), priority=4),  # no target
    ]
    got = figures(store, tickets)["sla"]
    assert (got.value, got.n) == (pytest.approx(3 / 5), 5)
    here, before = scenes(store)
    assert here.kept[2] == 4
    assert [(one.priority, one.met, one.of, one.before) for one in measures.by_priority(here, before)] == [
        (1, 1, 2, None), (3, 2, 3, None),
    ]  # fmt: skip


def test_months_begin_in_the_desks_own_time_zone(store: Store) -> None:
    store.write("ticket", [made("1", datetime(2026, 9, 30, 23, tzinfo=UTC))])
    facts = measures.read(store, EVERYONE, now=int(NOW.timestamp()))
    for zone, count in ((UTC, 0), (ZoneInfo("Europe/Berlin"), 1)):
        assert len(facts.opened_in(*read_period("2026-10", zone).seconds)) == count


def test_a_viewer_counts_only_what_is_theirs_to_see(store: Store) -> None:
    tickets = [made("1", at(1), at(2)), made("2", at(1), at(3), audience=("HR",), problem="PRB1"),
               made("3", at(1), at(9), audience=("Security",))]  # fmt: skip
    store.write("ticket", tickets)
    seen = [figures(store, viewer=viewer) for viewer in (EVERYONE, Viewer("h", frozenset({"HR"})), KEEPER)]
    assert [got["resolved"].value for got in seen] == [1, 2, 3]
    assert [got["tied"].value for got in seen] == [None, pytest.approx(1 / 2), pytest.approx(1 / 3)]


def test_links_marks_and_answers_count_where_both_ends_are_seen(store: Store) -> None:
    tickets = [made("1", at(1), at(2)), made("2", at(1), at(3)), made("3", at(1), at(4)), made("4", at(1), at(5))]
    store.write("ticket", tickets)
    store.write("article", [Article("t", "KB1", title="open"), Article("t", "KB2", title="hidden", audience=("HR",))])
    store.write("problem", [Problem("t", "PRB1", created_at=at(1), resolved_at=at(11)),
                            Problem("t", "PRB2", created_at=at(1), resolved_at=at(3), audience=("HR",))])  # fmt: skip
    refs, articles = [t.ref for t in tickets], [Article("t", f"KB{i}").ref for i in (1, 2)]
    problems = [Problem("t", f"PRB{i}").ref for i in (1, 2)]
    store.link([Link(refs[0], articles[0]), Link(refs[1], articles[1]), Link(refs[2], articles[0], generic=True),
                Link(refs[0], problems[0]), Link(refs[1], problems[1])])  # fmt: skip
    store.mark(Mark(articles[0], "helpful", by="a", at=at(7), question="q"))
    store.mark(Mark(articles[0], "not helpful", by="b", at=at(7), question="r"))
    store.mark(Mark(articles[1], "helpful", by="c", at=at(7), question="s"))
    taken_back = store.mark(Mark(articles[0], "helpful", by="d", at=at(7), question="t"))
    store.undo(taken_back.id or 0)
    for place, (action, day) in enumerate([("accepted", 6), ("accepted", 7), ("replaced", 8), ("skipped", 8)]):
        store.correct(Correction(refs[place], "category", "A", "A", action, by="x", at=at(day)))  # type: ignore[arg-type]
    store.correct(Correction(refs[1], "category", "A", "A", "undone", by="x", at=at(9)))
    got = figures(store)
    assert got["reuse"].value == pytest.approx(1 / 4)  # generic and hidden links do not count
    assert got["tied"].value == pytest.approx(1 / 4)
    assert got["problem_days"].value == pytest.approx(10)
    assert (got["helpful"].value, got["helpful"].n) == (0.5, 2)
    assert (got["accepted"].value, got["accepted"].n) == (0.5, 2)
    assert got["saved"].value == pytest.approx((1 * 1 + 1 * 10) / 60) and "10" in got["saved"].assumes
    assert figures(store, viewer=KEEPER)["reuse"].value == pytest.approx(2 / 4)


def test_what_an_hour_costs_is_a_setting_and_stands_beside_the_figure(store: Store) -> None:
    store.set("cost_per_hour", "45 EUR")
    store.set("handling_minutes", "30")
    got = figures(store, [made(str(i), at(1), at(2)) for i in range(4)])
    assert got["cost"].value == pytest.approx(4 * 0.5 * 45)
    assert "30 minutes" in got["cost"].assumes and "45 EUR" in got["cost"].assumes


@pytest.mark.parametrize(("name", "text"), [("cost_per_hour", "much"), ("cost_per_hour", "0 EUR"),
                                            ("handling_minutes", "-1"), ("minutes_saved_answer", "ten")])  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Assumptions.from_settings({name: text})


# --- periods -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "beyond", "before"),
    [
        ("2026-10", "2026-10-01", "2026-11-01", "2026-09"),
        ("2026-01", "2026-01-01", "2026-02-01", "2025-12"),
        ("2026-W01", "2025-12-29", "2026-01-05", "2025-W52"),
        ("2026-Q1", "2026-01-01", "2026-04-01", "2025-Q4"),
        ("2026", "2026-01-01", "2027-01-01", "2025"),
        ("2026-10-05..2026-10-09", "2026-10-05", "2026-10-10", "2026-09-30..2026-10-04"),
        ("2026-10-01..2026-10-31", "2026-10-01", "2026-11-01", "2026-09"),
    ],
)
def test_a_period_knows_its_days_and_the_one_before(text: str, first: str, beyond: str, before: str) -> None:
    got = read_period(text)
    assert (str(got.first), str(got.beyond), got.back().key) == (first, beyond, before)
    assert read_period(got.key) == got


@pytest.mark.parametrize("text", ["2026-13", "2026-W54", "2026-Q5", "October", "", "2026-10-09..2026-10-05", "9999",
                                  "2026-02-30..2026-03-01", "0000-01"])  # fmt: skip
def test_what_is_no_period_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BadSetting, match="is no period: give a month such as 2026-10"):
        read_period(text)


def test_a_month_that_is_not_over_is_held_against_as_many_days_of_the_one_before() -> None:
    got = read_period("2026-11").as_of(NOW)
    assert (got.end, got.back().end) == (NOW, datetime(2026, 10, 22, 6, tzinfo=UTC))
    assert got.told == "November 2026, up to 22 November 2026"
    march = read_period("2026-03").as_of(datetime(2026, 3, 31, tzinfo=UTC))
    assert march.back().end == datetime(2026, 3, 1, tzinfo=UTC)  # February is over by then


@given(st.integers(1980, 2100), st.integers(1, 12), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
def test_periods_lie_side_by_side(year: int, month: int, zone: str) -> None:
    got = read_period(f"{year}-{month:02}", ZoneInfo(zone))
    assert got.back().end == got.start and got.back(12).first.month == month


# --- chance ------------------------------------------------------------------------------------------------------


def test_a_change_is_clear_only_where_chance_does_not_explain_it() -> None:
    assert differ(share(np.arange(100) < 80), share(np.arange(100) < 50)) is True
    assert differ(share(np.arange(10) < 8), share(np.arange(10) < 5)) is False
    assert differ(counted(100), counted(160)) is True and differ(counted(10), counted(13)) is False
    assert differ(Found(3.0, 3), counted(9)) is None


def test_equal_samples_are_hardly_ever_called_different() -> None:
    draw = np.random.default_rng(7)
    wrong = sum(bool(differ(median(draw.exponential(size=80)), median(draw.exponential(size=80)))) for _ in range(400))
    assert wrong / 400 < 0.06


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_median_lies_within_its_interval(values: list[float]) -> None:
    got = median(np.array(values))
    assert got.low is not None and got.high is not None and got.value is not None
    assert got.low <= got.value <= got.high


def test_parts_add_up_to_what_was_opened(store: Store) -> None:
    store.write("ticket", [made(str(i), at(1 + i), category="AB"[i % 2], assignment_group="G") for i in range(7)])
    here, before = scenes(store)
    assert [(one.name, one.opened) for one in measures.by_category(here, before)] == [("A", 4), ("B", 3)]
    assert sum(n for _, n in measures.by_age(here)) == len(here.waiting) == 7
    assert [round(days, 3) for _, days in measures.longest_open(here, 2)] == [30.625, 29.625]
