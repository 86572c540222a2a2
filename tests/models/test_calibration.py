"""Probabilities become honest, and a promise of precision is kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from models.calibration import Calibration, ScoreCalibration, log_loss
from models.contract import Contract
from models.scores import ece

Floats = NDArray[np.float64]


def overconfident(n: int, k: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Probabilities three times too sharp, and truths drawn from the honest ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, k))
    honest = softmax(logits, axis=1)
    truth = (honest.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(3 * logits, axis=1), truth.astype(np.int64)


def top_ece(proba: Floats, truth: NDArray[np.int64]) -> float:
    return ece(proba.max(axis=1), proba.argmax(axis=1) == truth)


def test_temperature_undoes_too_sharp_probabilities() -> None:
    raw, truth = overconfident(3000, 4, 0)
    fresh, fresh_truth = overconfident(3000, 4, 1)
    calibration = Calibration.fit(raw, truth)
    assert calibration.kind == "temperature"
    assert calibration.temperature == pytest.approx(3, rel=0.1)
    assert top_ece(fresh, fresh_truth) > 0.15
    assert top_ece(calibration(fresh), fresh_truth) < 0.03


@pytest.mark.parametrize("kind", ["as is", "temperature", "logistic", "isotonic"])
def test_every_kind_gives_probabilities_and_survives_its_state(kind: str) -> None:
    raw, truth = overconfident(600, 3, 2)
    calibration = Calibration.fit(raw, truth, kinds=(kind,))
    out = calibration(raw)
    assert out.shape == raw.shape
    assert np.allclose(out.sum(axis=1), 1)
    assert out.min() >= 0
    if kind != "as is":
        assert log_loss(out, truth) < log_loss(raw, truth)
    assert np.array_equal(Calibration.from_state(calibration.to_state())(raw), out)


def test_few_rows_are_left_as_they_are() -> None:
    raw, truth = overconfident(12, 3, 4)
    assert Calibration.fit(raw, truth).kind == "as is"


def test_a_score_becomes_the_share_that_is_right() -> None:
    rng = np.random.default_rng(5)
    score = rng.random(4000)
    right = rng.random(4000) < score**3
    calibration = ScoreCalibration.fit(score, right)
    grid = np.linspace(0.1, 0.95, 20)
    assert np.abs(calibration(grid) - grid**3).max() < 0.1
    assert (np.diff(calibration(grid)) >= 0).all()
    assert np.array_equal(ScoreCalibration.from_state(calibration.to_state())(grid), calibration(grid))


@pytest.mark.parametrize("right", [np.zeros(30), np.ones(30)])
def test_a_score_that_was_always_right_or_wrong_gives_no_certainty(right: NDArray[np.float64]) -> None:
    out = ScoreCalibration.fit(np.linspace(0, 1, 30), right)(np.array([0.0, 1.0]))
    assert ((out > 0.005) & (out < 0.995)).all()


def test_a_contract_is_kept_on_new_tickets_by_all_classes_nearly_always() -> None:
    broken = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        said, confidence = rng.integers(0, 4, 2000), rng.random(2000)
        right = rng.random(2000) < 0.6 + 0.4 * confidence
        contract = Contract.fit(said, confidence, right, 4, promise=0.9)
        for threshold in contract.thresholds[np.isfinite(contract.thresholds)]:
            broken += (0.6 + 0.4 * (threshold + 1) / 2) < 0.9
    assert broken <= 4  # 40 contracts at 95 %: two broken ones are expected


def test_a_contract_speaks_where_it_can_and_is_silent_where_it_cannot() -> None:
    rng = np.random.default_rng(0)
    said, confidence = np.repeat([0, 1, 2], 1000), np.tile(np.linspace(0, 1, 1000), 3)
    right = np.where(said == 0, True, rng.random(3000) < 0.5)
    contract = Contract.fit(said, confidence, right, 3, promise=0.95, silent=[2])
    assert contract.thresholds[0] == 0
    assert np.isinf(contract.thresholds[1:]).all()
    assert contract.coverage == pytest.approx(1 / 3)
    assert contract.precision == 1
    assert contract.speaks(np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])).tolist() == [True, False]


def test_a_handful_of_perfect_guesses_prove_nothing() -> None:
    contract = Contract.fit(np.zeros(20, dtype=np.int64), np.ones(20), np.ones(20, dtype=bool), 2, promise=0.95)
    assert np.isinf(contract.thresholds).all()
    assert contract.coverage == 0
