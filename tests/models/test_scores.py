"""Figures agree with scikit-learn, with hand-made examples and with each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from models import scores

LABELS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40)


@given(LABELS)
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, guess = [t for t, _ in pairs], [g for _, g in pairs]
    expected = f1_score(truth, guess, average="macro", zero_division=0.0)
    assert scores.macro_f1(truth, guess) == pytest.approx(expected)


def test_intervals_hold_the_value_and_repeat_with_the_seed() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 300)
    guess = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 4, 300))
    low, high = scores.macro_f1_interval(truth, guess, seed=3)
    assert low < scores.macro_f1(truth, guess) < high
    assert (low, high) == scores.macro_f1_interval(truth, guess, seed=3)
    low, high = scores.interval(truth == guess)
    assert low < scores.accuracy(truth, guess) < high
    assert high - low == pytest.approx(4 * np.sqrt(0.775 * 0.225 / 300), rel=0.25)


def test_ece_is_zero_for_honest_bins_and_the_gap_otherwise() -> None:
    assert scores.ece([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0)
    assert scores.ece([0.9] * 10, [0] * 10) == pytest.approx(0.9)
    assert scores.ece([1.0, 0.0], [1, 0]) == 0
    assert scores.reliability([0.9] * 10, [1] * 5 + [0] * 5) == [(pytest.approx(0.9), 0.5, 10)]


def test_coverage_is_the_largest_share_that_keeps_the_precision() -> None:
    confidence = [0.9, 0.8, 0.7, 0.6]
    assert scores.coverage_at(confidence, [1, 0, 1, 1], 0.75) == 1.0
    assert scores.coverage_at(confidence, [1, 1, 0, 0], 0.9) == 0.5
    assert scores.coverage_at(confidence, [0, 0, 0, 0], 0.5) == 0.0


def test_equal_confidences_are_answered_together() -> None:
    assert scores.coverage_at([0.9, 0.9], [1, 0], 0.9) == 0.0


def test_quadratic_kappa_punishes_far_misses_more() -> None:
    truth = [1, 2, 3, 4] * 5
    near = [2, 2, 3, 4] * 5
    far = [4, 2, 3, 4] * 5
    assert scores.quadratic_kappa(truth, truth) == pytest.approx(1)
    assert scores.quadratic_kappa(truth, far) < scores.quadratic_kappa(truth, near) < 1
    assert scores.quadratic_kappa([2, 2], [2, 2]) == 1


def test_rank_figures_of_a_hand_made_example() -> None:
    ranked = [["a", "b", "c"], ["x", "y", "z"], []]
    truth = [{"b"}, {"x", "z"}, {"q"}]
    assert scores.mrr(ranked, truth) == pytest.approx((0.5 + 1 + 0) / 3)
    assert scores.success(ranked, truth, at=1) == pytest.approx(1 / 3)
    assert scores.success(ranked, truth, at=5) == pytest.approx(2 / 3)
    second = (1 + 1 / 2) / (1 + 1 / np.log2(3))
    assert scores.ndcg(ranked, truth) == pytest.approx((1 / np.log2(3) + second + 0) / 3)


def test_bcubed_of_the_extremes() -> None:
    truth = ["a", "a", "b", "b"]
    assert scores.bcubed(truth, [1, 1, 2, 2]) == (1, 1, 1)
    assert scores.bcubed(truth, [1, 2, 3, 4]) == (1, 0.5, pytest.approx(2 / 3))
    assert scores.bcubed(truth, [1, 1, 1, 1]) == (0.5, 1, pytest.approx(2 / 3))
    assert scores.adjusted_rand(truth, [5, 5, 7, 7]) == 1
    assert scores.adjusted_rand(truth, [1, 2, 1, 2]) < 0.1


@given(st.integers(1, 200), st.data())
def test_the_exact_lower_bound_lies_under_the_share_and_rises_with_it(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n - 1))
    assert 0 <= scores.clopper_pearson(right, n) <= right / n
    assert scores.clopper_pearson(right, n) < scores.clopper_pearson(right + 1, n)


def test_the_exact_bound_of_all_right_has_a_closed_form() -> None:
    assert scores.clopper_pearson(59, 59) == pytest.approx(0.05 ** (1 / 59))
    low, high = scores.clopper_pearson_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4439, abs=1e-4), pytest.approx(0.9748, abs=1e-4))
    assert scores.clopper_pearson_interval(0, 0) == (0, 1)


def test_nothing_to_score_is_no_error() -> None:
    assert scores.macro_f1([], []) == scores.accuracy([], []) == scores.ece([], []) == scores.mrr([], []) == 0
    assert scores.bcubed([], []) == (0, 0, 0)
    assert scores.interval([]) == (0, 0)
