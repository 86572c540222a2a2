"""What patterns show, on a desk of tickets whose figures can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import policy
from kb.desk import Desk
from kb.errors import BadSetting, NotFound
from kb.ledger import People
from kb.patternmaking import Found, assemble
from kb.profiles import closeness, odd_ones, sentence, unlike, variants
from kb.records import EVERYONE, Article, Link, Ref, Ticket, Viewer
from kb.text import prepare
from kb.trends import FEWEST, LATELY, PAST, WEEK, Weeks, last_moment, weeks_of
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.index import build
from pipelines.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MONDAY = datetime(2026, 5, 25, 9, tzinfo=UTC)
HER = Viewer("her", frozenset({"hr"}))
JAM, VPN = "PAT00001", "PAT00002"


def jam(number: int, **more: object) -> Ticket:
    given = {"title": "Printer jams", "body": f"Paper jam in tray {number}", "opened_at": MONDAY - timedelta(days=number),
             "state": "closed", "service": "Print", "assignment_group": "Service Desk", "location": "Hall 1",
             "caller": f"caller {number % 3}", "priority": 4, "reopen_count": 0, "reassignment_count": 0}  # fmt: skip
    return Ticket("t", f"J{number}", **{**given, **more})  # type: ignore[arg-type]


def vpn(number: int, **more: object) -> Ticket:
    given = {"title": "VPN drops", "body": f"Tunnel breaks off, try {number}", "state": "closed", "service": "Remote",
             "opened_at": MONDAY - timedelta(days=7 * number), "reopen_count": 0, "reassignment_count": 0}  # fmt: skip
    return Ticket("t", f"V{number}", **{**given, **more})  # type: ignore[arg-type]


def desk_with(home: Path, tickets: list[Ticket], groups: list[int], *, variant: list[int] | None = None) -> Desk:
    """A desk of these tickets, grouped by hand: group 0 is JAM, 1 is VPN, -1 none."""
    opened = Home(Settings(home, embedder="hashing", threads=1))
    opened.create()
    opened.store.write("ticket", [prepare(one) for one in tickets])
    build(opened)
    desk = desk_of(opened)
    ids = {str(row[1]): int(row[0]) for row in opened.store.facts("ticket", ("id", "number"))}
    store_ids = [ids[one.number] for one in tickets]
    vectors = desk.shelves.now().pools["ticket"].vectors.rows(np.array(store_ids, np.int64))
    count = max(groups, default=-1) + 1
    centres = np.stack([vectors[np.array(groups) == at].mean(0) for at in range(count)]) if count else vectors[:0]
    centres = centres / np.maximum(1e-9, np.linalg.norm(centres, axis=1, keepdims=True))
    close = np.array([float(v @ centres[g]) if g >= 0 else 0.0 for v, g in zip(vectors, groups, strict=True)])
    found = Found(store_ids, np.array(groups, np.int64), np.array(variant or groups, np.int64), close.astype(np.float32),
                  [one.opened_at for one in tickets], centres.astype(np.float32))  # fmt: skip
    names = [("Printer jams", (("paper jam", 6),)), ("VPN drops", (("tunnel breaks", 4),))][:count]
    desk.patterns_made = assemble(found, names, [None] * count)
    return desk


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The usual desk, made once for all tests that only read it."""
    return usual(tmp_path_factory.mktemp("usual"))


def usual(home: Path) -> Desk:
    """Six jams, two of them reopened; four drops of the VPN, three of them bounced and one urgent."""
    jams = [jam(at, reopen_count=int(at < 2)) for at in range(6)]
    drops = [vpn(at, reassignment_count=int(at < 3), priority=1 if at == 0 else 4) for at in range(4)]
    return desk_with(home, [*jams, *drops], [0] * 6 + [1] * 4)


# --- all of them side by side -------------------------------------------------------------------------------------


def test_patterns_are_ranked_by_what_they_cost_or_how_much_they_hurt(shown: Desk) -> None:
    found = shown.standings(viewer=EVERYONE, now=NOW)
    first, second = (found.rows[at] for at in found.ranked("cost"))
    assert (first.pattern.id, first.hours, first.cost) == (JAM, pytest.approx(6 * 20 / 60), None)
    assert (first.pain, first.reopened) == (2 * 2, 2)
    assert (second.pain, second.bounced, second.urgent) == (3 + 1, 3, 1)
    assert [found.rows[at].pattern.id for at in found.ranked("pain")] == [JAM, VPN]  # equal pain: the larger first
    assert (first.services, first.groups) == (("Print",), ("Service Desk",))
    assert second.groups == ()


def test_hours_and_cost_follow_the_settings_and_nonsense_is_refused(tmp_path: Path) -> None:
    desk = usual(tmp_path)
    desk.set_rule("handling_minutes", "30", viewer=EVERYONE)
    desk.set_rule("cost_per_hour", "50 EUR", viewer=EVERYONE)
    its = desk.profile(JAM, viewer=EVERYONE, now=NOW).figures
    assert (its.hours, its.cost, its.assumed.currency) == (3.0, 150.0, "EUR")
    assert "30 minutes" in its.assumed.handling
    with pytest.raises(BadSetting):
        policy.check("handling_minutes", "long", desk.store.settings())


def test_only_tickets_the_viewer_may_see_are_counted(tmp_path: Path) -> None:
    hidden = [jam(at, audience=("hr",), reopen_count=1, caller="the boss", location="Villa") for at in range(10, 14)]
    desk = desk_with(tmp_path, [*(jam(at) for at in range(4)), *hidden], [0] * 8)
    desk.store.write("article", [prepare(Article("t", "KB1", "Jams", "s", "b", audience=("hr",)))])
    desk.store.link([Link(Ref("ticket", "t", "J0"), Ref("article", "t", "KB1"))])
    part, whole = (desk.profile(JAM, viewer=who, now=NOW) for who in (EVERYONE, HER))
    assert (part.figures.size, whole.figures.size) == (4, 8)
    assert (part.figures.reopened.count, part.figures.reopened.desk_of) == (0, 4)
    assert (whole.figures.reopened.count, whole.figures.reopened.desk_of) == (4, 8)
    assert (part.figures.callers, whole.figures.callers) == (3, 4)
    assert "Villa" not in dict(part.figures.facets["place"])
    assert int(part.figures.weeks.counts.sum()) == 4
    assert (part.articles, part.answered) == ((), 0)
    assert [(one.number, n) for one, n in whole.articles] == [("KB1", 1)]
    assert all(not ticket.audience for ticket in part.examples)
    rows = desk.standings(viewer=EVERYONE, now=NOW).rows
    assert [(one.pattern.size, one.answered, one.pain) for one in rows] == [(4, 0.0, 0)]


def test_a_ticket_that_came_a_second_ago_and_one_that_was_deleted_count_at_once(tmp_path: Path) -> None:
    desk = usual(tmp_path)
    assert desk.profile(JAM, viewer=EVERYONE, now=NOW).figures.callers == 3
    desk.store.write("ticket", [prepare(replace(jam(0), number="J99", caller="somebody new"))])
    assert desk.profile(JAM, viewer=EVERYONE, now=NOW).figures.callers == 4
    desk.store.delete([Ref("ticket", "t", "J99")])
    its = desk.profile(JAM, viewer=EVERYONE, now=NOW).figures
    assert (its.size, its.callers) == (6, 3)


# --- one of them --------------------------------------------------------------------------------------------------


def test_a_pattern_shows_its_figures_beside_the_desks_own(shown: Desk) -> None:
    its = shown.profile(VPN, viewer=EVERYONE, now=NOW).figures
    assert (its.bounced.share, its.bounced.desk_share) == (0.75, 0.3)
    assert (its.reopened.share, its.reopened.desk_share) == (0.0, 0.2)
    assert its.priorities == ((1, 1), (4, 3))
    assert its.callers is None
    assert sentence(its) == "4 tickets, all on Remote."


def test_time_to_resolve_is_counted_in_the_hours_of_the_priority(tmp_path: Path) -> None:
    friday = datetime(2026, 5, 22, 17, tzinfo=UTC)
    over = {"opened_at": friday, "resolved_at": friday + timedelta(days=3)}
    backwards = jam(5, opened_at=friday, resolved_at=friday - timedelta(days=1))
    desk = desk_with(tmp_path, [*(jam(at, **over) for at in range(3)), backwards], [0] * 4)
    took = desk.profile(JAM, viewer=EVERYONE, now=NOW).figures.took
    assert (took.count, took.median, took.clock_median) == (3, 60 + 9 * 60, 3 * 24 * 60)
    urgent = desk_with(tmp_path / "p1", [jam(at, priority=1, **over) for at in range(3)], [0] * 3)
    assert urgent.profile(JAM, viewer=EVERYONE, now=NOW).figures.took.median == 3 * 24 * 60


def test_what_fixed_it_cites_its_tickets_and_articles_are_counted_by_ticket(tmp_path: Path) -> None:
    words = "Replaced the feed roller and cleaned the sensor."
    desk = desk_with(tmp_path, [jam(at, resolution=words) for at in range(5)], [0] * 5)
    desk.store.write("article", [prepare(Article("t", "KB1", "Clear a jam", "s", "Open tray 2."))])
    for number in ("J0", "J1"):
        desk.store.link([Link(Ref("ticket", "t", number), Ref("article", "t", "KB1"))])
    found = desk.profile(JAM, viewer=EVERYONE, now=NOW)
    assert found.fixes[0].text == words.strip()
    assert (len(found.fixes[0].cited), found.fixes[0].of, found.solved) == (5, 5, 5)
    assert [(article.number, n) for article, n in found.articles] == [("KB1", 2)]
    assert found.answered == 2
    assert desk.standings(viewer=EVERYONE, now=NOW).rows[0].has_article


def test_a_merged_pattern_answers_under_its_old_id_and_an_unknown_one_is_not_found(tmp_path: Path) -> None:
    desk = usual(tmp_path)
    desk.merge_patterns(VPN, into=JAM, viewer=EVERYONE)
    assert desk.profile(VPN, viewer=EVERYONE, now=NOW).pattern.id == JAM
    assert desk.profile(VPN, viewer=EVERYONE, now=NOW).figures.size == 10
    with pytest.raises(NotFound):
        desk.profile("PAT00099", viewer=EVERYONE, now=NOW)


def test_a_pattern_without_tickets_keeps_its_name(tmp_path: Path) -> None:
    desk = usual(tmp_path)
    desk.rename_pattern(VPN, "Tunnel", viewer=EVERYONE)
    desk.store.delete([Ref("ticket", "t", f"V{at}") for at in range(4)])
    found = desk.profile(VPN, viewer=EVERYONE, now=NOW)
    assert (found.pattern.name, found.figures.size, found.examples, found.fixes) == ("Tunnel", 0, (), ())
    assert found.figures.reopened.share is None


def test_dismissed_patterns_are_among_the_standings_and_say_so(tmp_path: Path) -> None:
    desk = usual(tmp_path)
    desk.dismiss_pattern(VPN, viewer=EVERYONE)
    rows = desk.standings(viewer=EVERYONE, now=NOW).rows
    assert {one.pattern.id: one.pattern.dismissed for one in rows} == {JAM: False, VPN: True}
    assert VPN not in [other.id for other, _ in desk.profile(JAM, viewer=EVERYONE, now=NOW).alike]


def test_variants_are_the_finer_groups_that_can_be_split_off(tmp_path: Path) -> None:
    tray = [jam(at, title="Tray 2 jams", body="tray two jams again") for at in range(3)]
    roll = [jam(at, title="Roller worn", body="roller is worn out") for at in range(3, 5)]
    desk = desk_with(tmp_path, [*tray, *roll], [0] * 5, variant=[0, 0, 0, 1, 1])
    found = desk.profile(JAM, viewer=EVERYONE, now=NOW).variants
    assert [(one.size, ticket.title) for one, ticket in found] == [(3, "Tray 2 jams"), (2, "Roller worn")]
    made = desk.split_pattern(JAM, found[1][0].members, viewer=EVERYONE)
    assert desk.profile(made, viewer=EVERYONE, now=NOW).figures.size == 2


@pytest.mark.parametrize("when", [None, datetime(2031, 1, 1, tzinfo=UTC)])
def test_tickets_without_a_date_or_dated_in_the_future_make_no_trend(tmp_path: Path, when: datetime | None) -> None:
    desk = desk_with(tmp_path, [jam(at, opened_at=when) for at in range(5)], [0] * 5)
    (row,) = desk.standings(viewer=EVERYONE, now=NOW).rows
    assert (row.lately, row.expected, row.surprise, row.moves) == (0, None, 0.0, "steady")
    its = desk.profile(JAM, viewer=EVERYONE, now=NOW).figures
    assert (its.size, int(its.weeks.counts.sum()), its.took.median) == (5, 0, None)


def test_a_desk_without_patterns_or_without_tickets_has_no_standings(tmp_path: Path) -> None:
    assert desk_with(tmp_path / "none", [], []).standings(viewer=EVERYONE, now=NOW).rows == ()
    alone = desk_with(tmp_path / "one", [jam(1)], [-1])
    assert alone.standings(viewer=EVERYONE, now=NOW).rows == ()
    single = desk_with(tmp_path / "single", [jam(1)], [0])
    assert single.profile(JAM, viewer=EVERYONE, now=NOW).figures.size == 1


# --- what is to be expected ---------------------------------------------------------------------------------------


def arrivals(counts: list[int]) -> np.ndarray:
    """Seconds of so many tickets in each week up to NOW, the oldest first."""
    stop = int(NOW.timestamp())
    weeks = range(len(counts) - 1, -1, -1)
    return np.array([stop - week * WEEK - 60 - i for week, n in zip(weeks, counts, strict=True) for i in range(n)])


def trend(own: list[int], others: list[int]) -> Weeks:
    mine, rest = arrivals(own), arrivals(others)
    return weeks_of(mine, np.zeros(len(mine), np.int64), 1, np.concatenate([mine, rest]), end=NOW)


def test_a_busy_week_of_the_whole_desk_is_to_be_expected_and_a_burst_is_not() -> None:
    own, others = [4] * 40, [100] * 40
    own[-1], others[-1] = 12, 300
    season = trend(own, others)
    assert season.expected[0, -1] == pytest.approx(12, rel=0.05)
    assert season.counts[0, -1] <= season.high[0, -1]
    burst = trend([4] * 39 + [14], [100] * 40)
    assert burst.counts[0, -1] > burst.high[0, -1]
    assert burst.surprise[0] > 2


def test_a_burst_does_not_become_the_new_normal() -> None:
    weeks = trend([4] * 30 + [60] + [4] * 9, [100] * 40)
    assert weeks.expected[0, -1] < 5
    assert weeks.high[0, -1] < 12


def test_nothing_is_expected_of_the_first_weeks() -> None:
    weeks = trend([3] * 20, [50] * 20)
    assert np.isnan(weeks.expected[0, :FEWEST]).all()
    assert np.isfinite(weeks.expected[0, FEWEST:]).all()
    assert np.isnan(trend([3] * LATELY, [50] * LATELY).lately_expected[0])


def test_about_nineteen_of_twenty_ordinary_weeks_lie_inside_the_band() -> None:
    dice = np.random.default_rng(5)
    for rate in (2.0, 6.0, 20.0):
        weeks = trend(dice.poisson(rate, 104).tolist(), dice.poisson(200, 104).tolist())
        known = slice(PAST, None)
        outside = (weeks.counts[0] > weeks.high[0]) | (weeks.counts[0] < weeks.low[0])
        assert outside[known].mean() <= 0.13


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 5))
def test_every_dated_ticket_of_the_weeks_is_counted_once(counts: list[int], undated: int) -> None:
    mine = np.concatenate([arrivals(counts), np.zeros(undated, np.int64), [int(NOW.timestamp()) + 99]])
    weeks = weeks_of(mine, np.zeros(len(mine), np.int64), 1, mine, end=last_moment(mine, NOW))
    assert int(weeks.counts.sum()) == sum(counts)
    known = np.isfinite(weeks.expected)
    assert (weeks.low[known] <= weeks.high[known]).all()


# --- nearness -----------------------------------------------------------------------------------------------------


def test_the_odd_ones_are_the_farthest_and_a_tight_group_has_none() -> None:
    tight = np.eye(1, 4, dtype=np.float32).repeat(9, 0)
    ids = np.arange(10, 20)
    assert odd_ones(ids[:9], closeness(tight)) == []
    stray = np.vstack([tight, np.array([[0.1, 0.99, 0, 0]], np.float32)])
    assert [at for at, _ in odd_ones(ids, closeness(stray))] == [19]
    assert odd_ones(ids[:3], np.array([1.0, 1.0, 0.0])) == []


def test_closeness_falls_back_on_what_was_kept_where_there_is_no_vector() -> None:
    close = closeness(np.array([[1, 0], [1, 0], [0, 0]], np.float32), np.array([0.1, 0.1, 0.7]))
    assert close.tolist() == pytest.approx([1.0, 1.0, 0.7])


def test_a_single_variant_is_none_and_lone_tickets_are_left_out() -> None:
    ids, vectors = np.arange(4), np.eye(4, dtype=np.float32)
    assert variants(ids, np.zeros(4, np.int64), vectors) == []
    assert [one.members for one in variants(ids, np.array([0, 0, 1, -1]), vectors)] == [(0, 1)]


def test_examples_do_not_say_the_same_twice() -> None:
    same = [jam(at, title="Printer  JAMS" if at else "Printer jams") for at in range(3)]
    assert [one.number for one in unlike([*same, jam(7, title="Tray empty")], 5)] == ["J0", "J7"]


def test_callers_are_told_apart_and_never_kept_by_name() -> None:
    people = People.build([(1, "Ann", "Hall", True), (2, " ann ", "Hall", None), (3, None, None, False)])
    assert people.caller[0] == people.caller[1] != 0
    assert people.caller[2] == 0
    assert "Ann" not in repr(people)
    later = people.with_fresh([(2, "Bob", "Yard", False), (4, "Ann", "Hall", False)])
    assert later.ids.tolist() == [1, 2, 3, 4]
    assert later.caller[3] == later.caller[0] != later.caller[1]
    assert [later.places[at] for at in later.place] == ["Hall", "Yard", "", "Hall"]
