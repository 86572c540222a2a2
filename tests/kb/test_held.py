"""Did the fix hold: hand-made streams of tickets before and after a fix, and what may be said of them when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.held import FEWEST, HALVED, Verdict, judge
from kb.records import Ref
from models.rates import Rates

FIXED = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = 86_400


def at(*days: float) -> np.ndarray:
    """Seconds of so many days after the fix."""
    return np.array([int(FIXED.timestamp() + day * DAY) for day in days], np.int64)


def desk(volume: float = 12.0, *, first: int = -200, last: int = 400, seed: int = 1) -> np.ndarray:
    """All other tickets of a desk, so many a day."""
    rng = np.random.default_rng(seed)
    days = np.concatenate([np.full(rng.poisson(volume), day) for day in range(first, last)])
    return np.sort(at(*(days + rng.random(len(days)))))


BEFORE = at(*np.arange(-90, 0, 3.0))
OTHERS = desk()


def said(*after: float, days: float, others: np.ndarray = OTHERS, before: np.ndarray = BEFORE) -> Verdict:
    """The verdict so many days after the fix."""
    opened = np.concatenate([before, at(*after)])
    return judge(opened, others, fixed_at=FIXED, now=FIXED + timedelta(days=days), rates=Rates())


def test_a_fix_after_which_nothing_comes_is_first_too_early_and_then_held() -> None:
    early, late = said(days=7), said(days=90)
    assert early.state == "too early to say"
    assert late.state == "held"
    assert late.after == 0 and late.expected > 8
    assert late.high is not None and late.high < HALVED


def test_too_early_names_the_day_on_which_it_can_be_said() -> None:
    early = said(days=7)
    assert early.when is not None
    days = (early.when - FIXED.date()).days
    assert said(days=days - 6).state == "too early to say"
    assert said(days=days + 6).state == "held"
    assert str(early.when.day) in early.sentence


def test_a_useless_fix_is_told_within_five_tickets() -> None:
    verdict = said(*np.arange(3, 40, 3.0), days=40)
    assert verdict.state == "relapsed"
    assert verdict.flagged_by <= 5
    assert verdict.flagged is not None and verdict.flagged <= FIXED + timedelta(days=17)
    assert verdict.sentence.startswith("It did not stop")


def test_a_relapse_after_weeks_of_quiet_is_told_within_five_tickets_and_says_since_when() -> None:
    back = np.arange(70, 100, 3.0)
    before, after = said(*back, days=69), said(*back, days=100)
    assert before.state == "held"
    assert after.state == "relapsed"
    assert after.flagged_by <= 5
    assert after.back_since == FIXED + timedelta(days=70)
    assert "10 weeks" in after.sentence


def test_a_relapse_stays_told_and_says_when_it_ended() -> None:
    verdict = said(*np.arange(30, 60, 3.0), days=300)
    assert verdict.state == "relapsed"
    assert verdict.quiet_since == FIXED + timedelta(days=57)


def test_one_stray_ticket_is_no_relapse() -> None:
    assert said(60.0, days=120).state == "held"


def test_tickets_of_the_first_day_count_neither_way() -> None:
    verdict = said(0.1, 0.2, 0.3, 0.5, 0.8, days=60)
    assert verdict.after == 0
    assert verdict.state == "held"


def test_few_tickets_before_the_fix_never_make_a_verdict() -> None:
    verdict = said(days=365, before=at(*np.linspace(-90, -1, FEWEST - 1)))
    assert verdict.state == "cannot say"
    assert verdict.ratio is None


@pytest.mark.parametrize("count", [5, 6, 8, 12, 30])
@pytest.mark.parametrize("days", [5, 15, 45, 130, 300])
def test_held_is_never_said_where_the_interval_does_not_allow_it(count: int, days: int) -> None:
    verdict = said(days=days, before=at(*np.linspace(-150, -2, count)))
    if verdict.state == "held":
        assert verdict.high is not None and verdict.high < HALVED
        assert verdict.expected >= 5


def test_where_the_desk_stops_writing_tickets_silence_proves_nothing() -> None:
    ends = OTHERS[at(5)[0] >= OTHERS]
    assert said(days=200, others=ends).state in ("too early to say", "cannot say")


def test_a_quieter_desk_is_no_fix_that_held() -> None:
    slow = np.concatenate([OTHERS[at(0)[0] > OTHERS], OTHERS[at(0)[0] <= OTHERS][::10]])
    verdict = said(*np.arange(10, 120, 30.0), days=120, others=slow)
    assert verdict.state == "relapsed"
    assert verdict.ratio == pytest.approx(1.0, abs=0.5)


def test_everything_in_one_second_cannot_be_judged() -> None:
    assert said(days=100, before=np.repeat(at(-5), 40)).state == "cannot say"
    assert said(days=100, before=np.zeros(0, np.int64)).state == "cannot say"


def test_tickets_from_the_future_and_a_fix_to_come_are_no_evidence() -> None:
    assert said(200.0, 201.0, 202.0, 203.0, 204.0, days=90).state == "held"
    opened = np.concatenate([BEFORE])
    early = judge(opened, OTHERS, fixed_at=FIXED, now=FIXED - timedelta(days=3), rates=Rates())
    assert early.state in ("too early to say", "cannot say")


def test_the_tickets_after_the_fix_are_cited() -> None:
    opened = np.concatenate([BEFORE, at(5, 9)])
    refs = [Ref("ticket", "test", f"T{i}") for i in range(len(opened))]
    verdict = judge(opened, OTHERS, fixed_at=FIXED, now=FIXED + timedelta(days=10), rates=Rates(), refs=refs)
    assert [ref.number for ref in verdict.tickets] == [refs[-2].number, refs[-1].number]
