"""Business time and the SLA clock: additive, never negative, right when clocks change, paused on hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kb.calendars import ALWAYS, Hours, duration
from kb.calendars import shown as shown_hours
from kb.errors import BadSetting
from kb.records import Ticket
from kb.sla import Clock, Held, Target, Targets, breach_risk, clock, shown, usual

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, 00:00 UTC."""
BERLIN = Hours(time_zone="Europe/Berlin")
BROKEN = Hours.from_settings(
    {
        "business_hours": '{"time_zone": "America/New_York", "days": {"mon": "00:00-02:30, 03:00-24:00",'
        ' "wed": "09:30-12:00, 12:45-17:15", "sun": "00:00-24:00"}, "holidays": ["12-25", "2026-03-04"]}'
    }
)
RULES = Targets()

moments = st.timedeltas(timedelta(days=-800), timedelta(days=600)).map(lambda away: MONDAY + away)
calendars = st.sampled_from([Hours(), BERLIN, BROKEN, ALWAYS])


def _at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


# --- business hours ----------------------------------------------------------------------------------------------


@given(calendars, moments, moments, moments)
def test_business_minutes_are_additive_never_negative_and_never_more_than_the_clock(
    hours: Hours, a: datetime, b: datetime, c: datetime
) -> None:
    a, b, c = sorted((a, b, c))
    assert hours.minutes(a, b) + hours.minutes(b, c) == pytest.approx(hours.minutes(a, c), abs=1e-6)
    assert 0 <= hours.minutes(a, c) <= (c - a).total_seconds() / 60 + 1e-9
    assert hours.minutes(c, a) == 0


@given(moments, moments, st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]))
def test_round_the_clock_equals_the_clock_on_the_wall(a: datetime, b: datetime, zone: str) -> None:
    assume(a <= b)
    always = Hours(days=(((0, 24 * 60),),) * 7, time_zone=zone)
    assert always.minutes(a, b) == pytest.approx((b - a).total_seconds() / 60)


@given(calendars, moments, st.floats(0.001, 20_000))
def test_what_is_due_after_n_minutes_is_n_minutes_later(hours: Hours, start: datetime, minutes: float) -> None:
    due = hours.due(start, minutes)
    assert due >= start
    assert hours.minutes(start, due) == pytest.approx(minutes, abs=1e-4)
    assert hours.minutes(start, due - timedelta(seconds=1)) < minutes


@given(calendars, moments)
def test_the_desk_is_open_where_time_passes(hours: Hours, moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    passes = hours.minutes(moment, moment + timedelta(seconds=1)) > 0
    assert hours.is_open(moment) == passes


def test_a_week_has_fifty_hours_and_a_weekend_none() -> None:
    assert Hours().minutes(MONDAY, MONDAY + timedelta(days=7)) == 50 * 60
    assert Hours().minutes(_at(4 * 24 + 18), _at(7 * 24 + 8)) == 0
    assert Hours().due(_at(4 * 24 + 17), 120) == _at(7 * 24 + 9)


def test_the_hours_move_with_the_clocks_of_the_time_zone() -> None:
    before, after = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    assert BERLIN.due(before, 1) == before + timedelta(hours=7, minutes=1)
    assert BERLIN.due(after, 1) == after + timedelta(hours=6, minutes=1)


def test_the_day_the_clocks_go_forward_is_an_hour_shorter_and_nothing_counts_twice() -> None:
    zone = ZoneInfo("America/New_York")
    night = Hours(days=(*((),) * 6, ((0, 150), (180, 300))), time_zone="America/New_York")
    for day, hours in ((8, 4), (15, 4.5)):  # 2026-03-08 has no 02:00 to 03:00 there
        start = datetime(2026, 3, day, tzinfo=zone)
        assert night.minutes(start, start + timedelta(days=1)) == hours * 60
    autumn = datetime(2026, 11, 1, tzinfo=zone)
    assert night.minutes(autumn, autumn + timedelta(days=1)) == 5.5 * 60


def test_holidays_are_closed_once_or_every_year() -> None:
    hours = Hours(holidays=frozenset({"12-25", "2026-03-02"}))
    assert hours.minutes(MONDAY, _at(24)) == 0
    for year in (2025, 2026):
        christmas = datetime(year, 12, 25, tzinfo=UTC)
        assert hours.minutes(christmas, christmas + timedelta(days=1)) == 0
    assert hours.minutes(MONDAY + timedelta(days=364), MONDAY + timedelta(days=365)) == 600


def test_times_far_off_do_not_run_away() -> None:
    assert Hours().minutes(datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)) == 0
    with pytest.raises(BadSetting, match="too seldom"):
        Hours(days=(((0, 1),), *((),) * 6)).due(datetime(2190, 1, 1, tzinfo=UTC), 10_000)


@given(calendars)
def test_hours_survive_their_setting(hours: Hours) -> None:
    assert Hours.from_settings({"business_hours": hours.to_text()}) == hours


def test_the_default_hours_are_shown() -> None:
    assert Hours.from_settings(shown_hours({})) == Hours()


@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", "{}", '{"days": {}}', '{"days": {"monday": "08:00-18:00"}}', '{"days": {"mon": "8-18"}}',
        '{"days": {"mon": "18:00-08:00"}}', '{"days": {"mon": "08:00-25:00"}}', '{"days": {"mon": "08:61-09:00"}}',
        '{"days": {"mon": "08:00-12:00, 11:00-13:00"}}', '{"days": {"mon": "08:00-18:00"}, "time_zone": "Mars/Base"}',
        '{"days": {"mon": "08:00-18:00"}, "time_zone": "../../etc/passwd"}', '{"days": {"mon": "08:00-18:00"}, "zone": "x"}',
        '{"days": {"mon": "08:00-18:00"}, "holidays": "12-25"}', '{"days": {"mon": "08:00-18:00"}, "holidays": ["2026-W01-1"]}',
        '{"days": {"mon": "08:00-18:00"}, "holidays": ["02-30"]}', '{"days": {"mon": "08:00-18:00"}, "time_zone": 1}',
    ],
)  # fmt: skip
def test_hours_that_cannot_be_used_are_one_sentence(text: str) -> None:
    with pytest.raises(BadSetting, match=r"^business_hours[: ].{10,300}\.$"):
        Hours.from_settings({"business_hours": text})


@pytest.mark.parametrize(
    ("minutes", "days", "said"),
    [(0.2, True, "1 min"), (59, True, "59 min"), (130, True, "2 h 10 min"), (120, True, "2 h"), (625, True, "10 h"),
     (3 * 1440, True, "3 days"), (3 * 1440, False, "72 h")],
)  # fmt: skip
def test_durations_read_well(minutes: float, days: bool, said: str) -> None:
    assert duration(minutes, days=days) == said


# --- the clock ---------------------------------------------------------------------------------------------------


def _clock(ticket: Ticket, priority: int, hours: float, *, held: Held = ()) -> Clock:
    found = clock(ticket, priority, now=_at(hours), rules=RULES, held=held)
    assert found is not None
    return found


OPENED = Ticket("d", "1", opened_at=_at(9), state="open")


def test_a_ticket_runs_towards_its_target_in_business_time() -> None:
    got = _clock(OPENED, 2, 10 + 50 / 60)
    assert (got.state, got.due, got.sentence) == ("running", _at(13), "due in 2 h 10 min")
    assert got.left_minutes == pytest.approx(130)
    assert got.share_used == pytest.approx(110 / 240)


def test_over_night_the_time_left_is_called_business_time() -> None:
    got = _clock(Ticket("d", "1", opened_at=_at(17), state="open"), 2, 17.5)
    assert (got.due, got.sentence) == (_at(24 + 11), "due in 3 h 30 min of business time")


def test_the_highest_priority_runs_round_the_clock() -> None:
    got = _clock(Ticket("d", "1", opened_at=_at(-2), state="open"), 1, -1)
    assert (got.due, got.sentence) == (_at(0), "due in 1 h")


def test_a_missed_target_says_how_long_ago() -> None:
    got = _clock(OPENED, 2, 16)
    assert (got.state, got.sentence, got.left_minutes) == ("breached", "breached 3 h ago", pytest.approx(-180))
    assert got.share_used > 1


def test_on_hold_the_clock_stands_still() -> None:
    held = Ticket("d", "1", opened_at=_at(9), state="on hold")
    got = _clock(held, 2, 15, held=[(_at(10), None)])
    assert (got.state, got.sentence) == ("paused", "paused while on hold, 3 h left")
    assert got.due == _at(18)
    unknown = _clock(held, 2, 10)
    assert (unknown.state, unknown.left_minutes) == ("paused", pytest.approx(180))


def test_past_holds_move_the_target() -> None:
    got = _clock(OPENED, 2, 15, held=[(_at(10), _at(12)), (_at(11), _at(13)), (_at(5), _at(6))])
    assert (got.state, got.due, got.left_minutes) == ("running", _at(16), pytest.approx(60))
    late = _clock(OPENED, 2, 17, held=[(_at(10), _at(13))])
    assert (late.state, late.due, late.sentence) == ("breached", _at(16), "breached 1 h ago")


def test_a_resolved_ticket_met_or_missed_its_target() -> None:
    met = Ticket("d", "1", opened_at=_at(9), resolved_at=_at(10.5), state="resolved")
    assert _clock(met, 2, 99).sentence == "met in 1 h 30 min"
    missed = Ticket("d", "1", opened_at=_at(9), closed_at=_at(15), state="closed")
    assert _clock(missed, 2, 99).sentence == "breached: took 6 h, 4 h were promised"


def test_the_response_has_a_clock_of_its_own() -> None:
    got = clock(OPENED, 2, now=_at(9.5), rules=RULES, goal="response")
    assert got is not None
    assert got.due == _at(10)
    met = clock(OPENED, 2, now=_at(12), rules=RULES, goal="response", done_at=_at(9.25))
    assert met is not None
    assert met.state == "met"


def test_where_nothing_can_be_known_there_is_no_clock() -> None:
    for ticket, priority in (
        (OPENED, None), (OPENED, 9), (Ticket("d", "1", state="open"), 2),
        (Ticket("d", "1", opened_at=_at(9), state="cancelled"), 2), (Ticket("d", "1", opened_at=_at(9), state="resolved"), 2),
    ):  # fmt: skip
        assert clock(ticket, priority, now=_at(10), rules=RULES) is None
    assert clock(OPENED, 2, now=_at(10), rules=Targets({2: Target(10, None)})) is None


spans = st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 100)), max_size=4)


@given(st.integers(1, 5), st.floats(9, 100), spans, st.sampled_from(["open", "on hold"]))
def test_a_hold_never_takes_time_away_and_the_due_moment_agrees_with_the_state(
    priority: int, hours: float, holds: list[tuple[float, float | None]], state: str
) -> None:
    ticket = Ticket("d", "1", opened_at=_at(9), state=state)  # type: ignore[arg-type]
    held = [(_at(a), None if b is None else _at(b)) for a, b in holds]
    got, free = _clock(ticket, priority, hours, held=held), _clock(ticket, priority, hours)
    assert got.left_minutes >= free.left_minutes - 1e-6
    assert got.due >= free.due - timedelta(seconds=1)
    assert (got.state == "breached") == (got.left_minutes < 0)
    if abs(got.left_minutes) > 0.01:
        assert (got.due < _at(hours)) == (got.state == "breached")


# --- risk --------------------------------------------------------------------------------------------------------


def test_the_risk_is_that_of_those_which_took_as_long() -> None:
    at_two = _clock(OPENED, 2, 11)  # 120 of 240 minutes used
    took = [30.0] * 20 + [150.0] * 9 + [300.0] * 10
    assert breach_risk(at_two, took) == pytest.approx(10.5 / 20)
    assert breach_risk(_clock(OPENED, 2, 9), took) == pytest.approx(10.5 / 40)


def test_few_examples_or_none_that_took_so_long_are_no_risk_but_unknown() -> None:
    assert breach_risk(_clock(OPENED, 2, 11), [300.0] * 19) is None
    assert breach_risk(_clock(OPENED, 2, 11), [30.0] * 50) is None


def test_what_is_decided_is_certain() -> None:
    met = Ticket("d", "1", opened_at=_at(9), resolved_at=_at(10), state="resolved")
    assert breach_risk(_clock(met, 2, 99), []) == 0
    assert breach_risk(_clock(OPENED, 2, 17), []) == 1


@given(st.lists(st.floats(0, 1000), min_size=20, max_size=60), st.floats(9, 12.9))
def test_the_risk_is_a_probability(took: list[float], hours: float) -> None:
    risk = breach_risk(_clock(OPENED, 2, hours), took)
    assert risk is None or 0 < risk < 1


def test_usual_minutes_are_by_the_hours_of_the_priority() -> None:
    past = [Ticket("d", "1", opened_at=_at(17), resolved_at=_at(24 + 9), state="resolved"), OPENED, Ticket("d", "2")]
    assert usual(past, 2, rules=RULES) == [120]
    assert usual(past, 1, rules=RULES) == [16 * 60]


# --- the setting -------------------------------------------------------------------------------------------------


def test_the_default_targets_are_shown_and_survive_their_setting() -> None:
    text = shown({})["sla"]
    assert json.loads(text)["1"] == {"response": "15 min", "resolution": "2 h", "hours": "round the clock"}
    assert Targets.from_settings({"sla": text}) == Targets()
    only = Targets.from_settings(
        {"sla": '{"2": {"resolution": "1 h 30 min"}, "3": {"response": 45, "resolution": null}}'}
    )
    assert only.by_priority == {2: Target(None, 90), 3: Target(45, None)}


@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", '{"0": {}}', '{"high": {}}', '{"1": 5}', '{"1": {"due": 5}}', '{"1": {"resolution": "soon"}}',
        '{"1": {"resolution": 0}}', '{"1": {"resolution": true}}', '{"1": {"hours": "always"}}', '{"1": {"hours": []}}',
        '{"1": {"resolution": "999999 h"}}',
    ],
)  # fmt: skip
def test_targets_that_cannot_be_used_are_one_sentence(text: str) -> None:
    with pytest.raises(BadSetting, match=r"^sla[: ].{10,300}\.$"):
        Targets.from_settings({"sla": text})
