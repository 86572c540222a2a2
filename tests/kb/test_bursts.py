"""Bursts: planted outages are told early and once; surges, imports, floods and clock jumps are not outages."""

from __future__ import annotations

import time

import numpy as np
import pytest

from kb.bursts import FLOOR, Stream, bar_for
from kb.usual import at_this_hour, hour_of_week, only_days
from models.rates import Rates

DIM = 48
DAY, HOUR = 86_400, 3_600
MONDAY = 1_772_409_600
"""2 March 2026, midnight UTC."""
WEEKS = 9


def unit(matrix: np.ndarray) -> np.ndarray:
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def like(centre: np.ndarray, count: int, rng: np.random.Generator, *, noise: float = 0.5) -> np.ndarray:
    """Tickets about one thing: cosine of about 0.8 to each other."""
    return unit(centre + noise * rng.standard_normal((count, len(centre))) / np.sqrt(len(centre)))


def desk(seed: int, *, a_day: float = 40.0, kinds: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, vectors, centres) of an ordinary desk: office hours, busy Mondays, failures of many kinds."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((kinds, DIM)))
    weight = rng.dirichlet(np.full(kinds, 1.0))
    times = []
    for day in range(7 * WEEKS):
        rate = a_day * (1.8, 1.1, 1.0, 1.0, 0.8, 0.1, 0.1)[day % 7]
        hours = 7 + 10 * rng.beta(1.5, 2.0, rng.poisson(rate))
        times += (MONDAY + day * DAY + hours * HOUR).astype(int).tolist()
    stamps = np.sort(np.array(times, np.int64))
    kind = rng.choice(kinds, len(stamps), p=weight)
    return stamps, unit(centres[kind] + 0.5 * rng.standard_normal((len(stamps), DIM)) / np.sqrt(DIM)), centres


def streamed(times: np.ndarray, vectors: np.ndarray, *, callers: np.ndarray | None = None, since: int = 0) -> Stream:
    order = np.argsort(times, kind="stable")
    callers = None if callers is None else callers[order]
    stream = Stream(times[order], order.astype(np.int64), vectors[order], Rates(), callers=callers)
    stream.replay(int(np.searchsorted(times[order], since)))
    return stream


LATE = MONDAY + 56 * DAY
TIMES, VECTORS, CENTRES = desk(1)
NEW = unit(np.random.default_rng(99).standard_normal((1, DIM)))[0]


def with_outage(centre: np.ndarray, at: int, count: int, *, gap: int = 150, seed: int = 3) -> Stream:
    rng = np.random.default_rng(seed)
    times = np.concatenate([TIMES, at + np.arange(count) * gap])
    return streamed(times, np.concatenate([VECTORS, like(centre, count, rng)]), since=LATE)


def test_an_ordinary_desk_with_its_busy_mondays_has_hardly_an_alarm() -> None:
    stream = streamed(TIMES, VECTORS, since=LATE)
    assert len(stream.episodes(FLOOR)) <= 1


@pytest.mark.parametrize("hour", [3, 9, 14, 22])
def test_a_new_failure_is_told_by_its_fifth_ticket(hour: int) -> None:
    at = LATE + 2 * DAY + hour * HOUR
    stream = with_outage(NEW, at, 8)
    told = [one for one in stream.episodes(FLOOR) if at <= stream.times[one.sign.row] <= at + 8 * 150]
    assert len(told) == 1
    assert stream.times[told[0].sign.row] <= at + 4 * 150
    assert len(told[0].rows) == 8


def test_a_failure_the_desk_knows_is_told_too() -> None:
    at = LATE + 3 * DAY + 10 * HOUR
    stream = with_outage(CENTRES[0], at, 12, gap=60)
    assert any(at <= stream.times[one.sign.row] <= at + 12 * 60 for one in stream.episodes(FLOOR))


def test_an_outage_is_one_burst_and_keeps_growing() -> None:
    stream = with_outage(NEW, LATE + 2 * DAY + 9 * HOUR, 60, gap=90)
    told = [one for one in stream.episodes(FLOOR) if len(one.rows) > 5]
    assert len(told) == 1
    assert len(told[0].rows) >= 60


def test_many_copies_of_one_monitoring_mail_are_one_burst_and_quick() -> None:
    at, count = LATE + 2 * DAY, 1_200
    rng = np.random.default_rng(4)
    times = np.concatenate([TIMES, np.sort(at + rng.integers(0, DAY, count))])
    started = time.perf_counter()
    stream = streamed(times, np.concatenate([VECTORS, np.repeat(NEW[None], count, 0)]), since=LATE)
    assert time.perf_counter() - started < 60
    flood = [one for one in stream.episodes(FLOOR) if len(one.rows) > 20]
    assert len(flood) == 1
    assert len(flood[0].rows) >= count


def test_what_one_caller_says_again_and_again_is_no_outage() -> None:
    at, count = LATE + 2 * DAY + 9 * HOUR, 8
    rng = np.random.default_rng(3)
    times = np.concatenate([TIMES, at + np.arange(count) * 120])
    vectors = np.concatenate([VECTORS, like(NEW, count, rng)])
    one = np.concatenate([np.arange(len(TIMES)), np.full(count, 77_777)])
    many = np.concatenate([np.arange(len(TIMES)), 77_777 + np.arange(count)])
    assert not [e for e in streamed(times, vectors, callers=one, since=LATE).episodes(FLOOR) if len(e.rows) > 3]
    assert [e for e in streamed(times, vectors, callers=many, since=LATE).episodes(FLOOR) if len(e.rows) > 3]


def test_a_kind_that_comes_every_monday_morning_is_no_outage_on_monday() -> None:
    rng = np.random.default_rng(6)
    mondays = [MONDAY + week * 7 * DAY + 8 * HOUR for week in range(WEEKS)]
    extra = np.concatenate([at + np.sort(rng.integers(0, HOUR, 8)) for at in mondays])
    times = np.concatenate([TIMES, extra])
    vectors = np.concatenate([VECTORS, like(NEW, len(extra), rng)])
    stream = streamed(times, vectors, since=LATE)
    expired = [one for one in stream.episodes(FLOOR) if stream.times[one.sign.row] in extra]
    assert expired == []


def test_a_replay_in_two_parts_says_what_one_says() -> None:
    whole = with_outage(NEW, LATE + 2 * DAY + 9 * HOUR, 8)
    parts = Stream(whole.times, whole.ids, whole.vectors, Rates())
    start, middle = (
        int(np.searchsorted(whole.times, LATE)),
        int(np.searchsorted(whole.times, LATE + 2 * DAY + 9 * HOUR + 300)),
    )
    parts.replay(start, middle)
    parts.replay(middle)
    assert [one.rows for one in parts.episodes(FLOOR)] == [one.rows for one in whole.episodes(FLOOR)]


def test_what_comes_later_changes_nothing_that_was_told() -> None:
    at = LATE + 2 * DAY + 9 * HOUR
    whole = with_outage(NEW, at, 8)
    cut = int(np.searchsorted(whole.times, at + 4 * 150 + 1))
    early = Stream(whole.times[:cut], whole.ids[:cut], whole.vectors[:cut], Rates(), alike=whole.alike)
    early.replay(int(np.searchsorted(whole.times, LATE)))
    assert [s for s in whole.signs if s.row < cut] == early.signs


def test_an_import_in_one_second_and_dates_without_hours_are_no_outage() -> None:
    same = np.full(500, LATE, np.int64)
    assert streamed(same, np.repeat(NEW[None], 500, 0)).episodes(FLOOR) == []
    assert only_days(TIMES // DAY * DAY) and not only_days(TIMES)


def test_nothing_is_said_before_two_weeks_are_known() -> None:
    rng = np.random.default_rng(7)
    times = np.sort(rng.integers(MONDAY, MONDAY + 10 * DAY, 300))
    assert streamed(times, np.repeat(NEW[None], 300, 0)).signs == []


def test_empty_streams_and_tickets_without_vectors_are_no_trouble() -> None:
    nothing = Stream(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, DIM), np.float32), Rates())
    nothing.replay(0)
    assert nothing.episodes(FLOOR) == []
    blank = streamed(TIMES, np.zeros_like(VECTORS), since=LATE)
    assert blank.episodes(FLOOR) == []


def test_the_bar_is_raised_until_history_has_few_enough_alarms() -> None:
    rng = np.random.default_rng(8)
    times, vectors = [TIMES], [VECTORS]
    for n in range(12):
        centre = unit(rng.standard_normal((1, DIM)))[0]
        times.append(LATE + n * DAY + 9 * HOUR + np.arange(5) * (60 + 40 * n))
        vectors.append(like(centre, 5, rng))
    stream = streamed(np.concatenate(times), np.concatenate(vectors), since=LATE)
    assert len(stream.episodes(FLOOR)) > 6
    bar = bar_for([(stream, 2.0)], a_week=1.0)
    assert bar > FLOOR
    assert len(stream.episodes(bar)) <= 2


def nightly(days: int, *, hour: int = 22, then: int | None = None) -> Stream:
    """A batch of new tickets at the same hour of several days; ``then``: once more at this hour of the last day."""
    rng = np.random.default_rng(4)
    starts = [LATE + (1 + day) * DAY + hour * HOUR for day in range(days)]
    starts += [] if then is None else [LATE + days * DAY + then * HOUR]
    times = np.concatenate([start + np.arange(9) * 60 for start in starts])
    return streamed(np.concatenate([TIMES, times]), np.concatenate([VECTORS, like(NEW, len(times), rng)]), since=LATE)


def test_the_same_batch_night_after_night_is_told_once() -> None:
    found = [one for one in nightly(4).episodes(FLOOR) if len(one.rows) >= 9]
    assert len(found) == 1
    assert len(found[0].rows) == 36


def test_the_same_failure_at_another_hour_of_the_next_day_is_told_again() -> None:
    told = nightly(1, hour=8, then=22).episodes(FLOOR)
    assert len([one for one in told if len(one.rows) >= 9]) == 2


def test_what_came_at_this_hour_of_one_of_the_last_seven_days_is_usual() -> None:
    now = MONDAY + 10 * DAY + 21 * HOUR
    times = np.array([now - DAY, now - DAY - 3 * HOUR, now - 6 * DAY, now - 7 * DAY, now - 8 * DAY, now - 14 * DAY])
    assert at_this_hour(times, hour_of_week(times), now).tolist() == [True, False, True, True, False, True]
