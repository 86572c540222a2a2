"""Cards say what was kept on later cases, and histograms tell when the cases have become others."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from models.card import HELD_OUT, LATER, NONE, REST, Card, card, chance, curve, histogram, psi, rebinned, worst_tenth
from models.classifier import TextClassifier, learn_targets
from models.contest import Said, rule

WORDS = {"Network": ["vpn", "wifi", "dns", "cable"], "Mail": ["inbox", "quota", "spam", "calendar"]}


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    out = np.zeros((len(texts), 32), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            out[row, zlib.crc32(word.encode()) % 32] += 1
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def desk(n: int, *, seed: int = 0) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    labels = [str(label) for label in rng.choice(list(WORDS), n)]
    return [" ".join([*rng.choice(WORDS[label], 2), f"w{rng.integers(30)}"]) for label in labels], labels


@pytest.fixture(scope="module")
def made() -> tuple[TextClassifier, Card]:
    texts, labels = desk(500)
    learnt = learn_targets(texts, embed(texts), {"category": labels}, promises={"category": 0.8},
                           later={"category": np.arange(400, 500)})  # fmt: skip
    trial = learnt.trials["category"]
    model = learnt.models["category"]
    return model, card(
        "category", model, fitted_in="models-1", later=(trial.proba, trial.truth, trial.model),
        population={"language": {"en": 0.9, "de": 0.1}}, population_of=500,
    )  # fmt: skip


def test_a_card_tells_what_was_kept_on_later_cases_only(made: tuple[TextClassifier, Card]) -> None:
    _, its = made
    assert (its.judged_on, its.judged, its.tickets, its.promise) == (LATER, 100, 500, 0.8)
    assert its.figures["low"] <= its.figures["precision"] <= its.figures["high"]
    assert sum(row["said"] for row in its.classes) == round(its.figures["coverage"] * 100)
    assert its.macro_f1_interval[0] <= its.figures["macro_f1"] <= its.macro_f1_interval[1]
    assert sum(row[2] for row in its.reliability) == 100


def test_a_card_is_plain_json_and_comes_back(made: tuple[TextClassifier, Card]) -> None:
    _, its = made
    assert Card.from_state(json.loads(json.dumps(its.to_state()))) == its
    assert Card.from_state({**its.to_state(), "of a newer version": 1}) == its


def test_without_later_cases_a_card_shows_what_was_held_out(made: tuple[TextClassifier, Card]) -> None:
    model, _ = made
    its = card("category", model, fitted_in="models-1")
    assert (its.judged_on, its.judged) == (HELD_OUT, 500)
    assert its.figures["accuracy"] == pytest.approx(model.figures["accuracy"])


def test_a_curve_falls_in_threshold_rises_in_coverage_and_ends_at_everything() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(300)
    right = rng.random(300) < confidence
    points = curve(confidence, right)
    assert 30 <= len(points) <= 40
    assert all(a["threshold"] > b["threshold"] and a["coverage"] < b["coverage"]
               for a, b in pairwise(points))  # fmt: skip
    assert points[-1]["coverage"] == 1
    assert points[-1]["precision"] == pytest.approx(right.mean())
    assert all(p["low"] <= p["precision"] <= p["high"] for p in points)
    assert curve(np.zeros(0), np.zeros(0, bool)) == []


def test_dragging_the_promise_up_never_lets_more_be_said(made: tuple[TextClassifier, Card]) -> None:
    coverage = [point["coverage"] for point in made[1].promises]
    assert coverage == sorted(coverage, reverse=True)


def test_the_worst_tenth_are_the_speaking_classes_that_were_least_right() -> None:
    rows = [{"label": str(i), "said": 10, "right": i, "precision": i / 10} for i in range(1, 11)]
    rows += [{"label": f"silent {i}", "said": 0, "right": 0, "precision": None} for i in range(10)]
    worst = worst_tenth(rows)
    assert (worst["labels"], worst["precision"], worst["said"]) == (["1"], 0.1, 10)
    assert worst_tenth([])["said"] == 0


def test_psi_is_the_sum_of_the_textbook_and_symmetric() -> None:
    then, now = {"a": 0.5, "b": 0.5}, {"a": 0.75, "b": 0.25}
    by_hand = 0.25 * np.log(1.5) + -0.25 * np.log(0.5)
    assert psi(then, now) == pytest.approx(by_hand)
    assert psi(now, then) == pytest.approx(by_hand)
    assert psi(then, {"a": 50, "b": 50}) == 0
    assert psi(then, {}) == 0
    assert psi(then, {"c": 1.0}) > 5


def test_psi_without_drift_stays_under_what_chance_makes_nearly_always() -> None:
    rng = np.random.default_rng(1)
    share = np.array([0.4, 0.3, 0.2, 0.1])
    over = 0
    for _ in range(400):
        one, two = (rng.multinomial(n, share) / n for n in (2000, 100))
        over += psi(dict(enumerate(map(float, one))), dict(enumerate(map(float, two)))) > chance(4, 2000, 100)  # type: ignore[arg-type]
    assert 4 <= over <= 40  # 20 expected
    assert chance(1, 10, 10) == 0


def test_histograms_keep_the_common_values_and_count_new_ones_as_the_rest() -> None:
    then = histogram(["a"] * 6 + ["b"] * 2 + [""] + ["c"], most=3)
    assert then == {"a": 0.6, "b": 0.2, NONE: 0.1, REST: 0.1}
    assert rebinned(["a", "x", "y", ""], then) == {"a": 0.25, "b": 0, NONE: 0.25, REST: 0.5}
    assert histogram([]) == {}


def said(labels: Sequence[str], confidence: float = 0.9, *, speaks: float = 1.0) -> Said:
    n = len(labels)
    return Said(["a", "b", "(other)"], list(labels), np.full(n, confidence), np.arange(n) < speaks * n)


def test_a_challenger_that_is_worse_is_refused_with_the_figures_and_a_better_one_is_not() -> None:
    truth = ["a", "b"] * 100
    good = ["b", "a"] * 10 + truth[20:]
    bad = ["b", "a"] * 30 + truth[60:]
    refused = rule(said(good), said(bad, 0.7), truth, promise=0.5)
    assert not refused.publish
    assert "macro-F1 0.700 against 0.900" in refused.why
    assert refused.changes["macro_f1"][1] < 0
    assert rule(said(bad, 0.7), said(good), truth, promise=0.5).publish
    assert rule(said(good), said(good), truth, promise=0.5).publish


def test_calibration_promise_and_coverage_are_each_a_reason_to_refuse() -> None:
    truth = ["a", "b"] * 100
    good = ["b", "a"] * 10 + truth[20:]
    assert "calibration error" in rule(said(good), said(good, 0.99), truth, promise=0.5).why
    late = Said(["a", "b"], good, np.full(200, 0.9), np.arange(200) >= 20)
    assert "promised 95%" in rule(late, said(good), truth, promise=0.95).why
    assert "speaks on 20% against 100%" in rule(said(good), said(good, speaks=0.2), truth, promise=0.5).why


def test_spelling_and_labels_nobody_can_say_make_no_difference_between_the_two() -> None:
    truth = [" A", "b ", "rare"] * 40
    guess = ["a", "b", "(other)"] * 40
    ruling = rule(said(guess), said(guess), truth, promise=0.5)
    assert ruling.champion is not None
    assert ruling.champion.accuracy == 1
