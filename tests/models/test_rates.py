"""Counts judged: against worked figures, simulation, and what must hold for any of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rates import Rates

RATES = Rates()


def test_the_tail_is_poissons_where_nothing_is_dispersed() -> None:
    assert RATES.tail(1, 0.5)[()] == pytest.approx(1 - np.exp(-0.5))
    assert RATES.tail(3, 2.0)[()] == pytest.approx(1 - np.exp(-2) * (1 + 2 + 2))
    assert RATES.tail(0, 2.0)[()] == 1.0


def test_the_tail_agrees_with_drawn_negative_binomials() -> None:
    rng = np.random.default_rng(1)
    mean, more = 2.0, 0.7
    drawn = rng.negative_binomial(1 / more, 1 / (1 + more * mean), 200_000)
    for n in (1, 3, 6):
        assert RATES.tail(n, mean, more)[()] == pytest.approx((drawn >= n).mean(), rel=0.03)


@given(st.integers(1, 40), st.floats(0.001, 30), st.floats(0, 5))
@settings(max_examples=60)
def test_more_tickets_are_never_likelier_and_the_tail_is_a_probability(n: int, mean: float, more: float) -> None:
    here, next_ = RATES.tail([n, n + 1], mean, more)
    assert 0 <= next_ <= here <= 1


def test_the_interval_of_a_ratio_holds_the_truth_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(2), 0
    for _ in range(600):
        before, after = rng.poisson(20), rng.poisson(6)
        _, low, high = RATES.ratio(before, 100, after, 60)
        inside += low <= 0.5 <= high
    assert inside / 600 >= 0.94


def test_nothing_after_leaves_an_upper_end_that_shrinks_with_what_was_expected() -> None:
    ends = [RATES.ratio(20, 100, 0, days)[2] for days in (5, 20, 80)]
    assert ends[0] > ends[1] > ends[2] > 0
    assert RATES.ratio(20, 100, 0, 50)[0] == 0.0
    assert RATES.ratio(0, 100, 0, 50)[2] == np.inf


def test_uneven_counts_widen_the_interval() -> None:
    even, uneven = RATES.ratio(30, 100, 10, 100), RATES.ratio(30, 100, 10, 100, spread=3.0)
    assert uneven[1] < even[1] < even[0] < even[2] < uneven[2]


def test_dispersion_is_one_for_poisson_and_more_for_clumps() -> None:
    rng = np.random.default_rng(3)
    assert RATES.dispersion(rng.poisson(4, 400), np.full(400, 4.0)) == pytest.approx(1.0, abs=0.2)
    assert RATES.dispersion(4 * rng.poisson(1, 400), np.full(400, 4.0)) == pytest.approx(4.0, rel=0.25)
    assert RATES.dispersion([], []) == 1.0


def test_a_poisson_mean_has_garwoods_ends() -> None:
    assert RATES.interval(0) == (0.0, pytest.approx(3.689, abs=0.001))
    assert RATES.interval(10) == (pytest.approx(4.795, abs=0.001), pytest.approx(18.390, abs=0.001))


def test_fishers_test_gives_the_lady_tasting_tea_her_chance() -> None:
    assert RATES.stands_out([4], 4, [0], 4)[0] == pytest.approx(1 / 70)
    assert RATES.stands_out([3], 4, [1], 4)[0] == pytest.approx(17 / 70)


def test_holm_multiplies_the_smallest_by_all_and_keeps_the_order() -> None:
    assert RATES.corrected([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert RATES.corrected([]).tolist() == []
