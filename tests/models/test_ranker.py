"""The ranker learns an order from lists, tells honest probabilities, and gives way only to a better one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kb.errors import Damaged, TooLittle
from kb.features import NAMES
from models.ranker import LinearRanker, Plain, contest, first_ranks, ranking_figures
from models.shipped import shipped

Floats = NDArray[np.float64]
THREE = ("near", "noise", "same")


def lists(questions: int, *, seed: int = 0, candidates: int = 12, tells: int = 0) -> tuple[Floats, Floats, Floats]:
    """Questions with one right answer each, that has 2 more than the others in the feature ``tells``."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(questions * candidates, 3))
    x[:, 2] = 1.0
    y, q = np.zeros(len(x)), np.repeat(np.arange(questions), candidates).astype(np.float64)
    right = np.arange(questions) * candidates + rng.integers(0, candidates, questions)
    y[right] = 1
    x[right, tells] += 2.0
    return x, y, q


def told(ranker: LinearRanker, x: Floats, q: Floats) -> Floats:
    """Relevance of every candidate, one question at a time."""
    return np.concatenate([ranker.relevance(x[q == one]) for one in np.unique(q)])


def flat(weights: list[float], names: tuple[str, ...] = THREE) -> LinearRanker:
    return LinearRanker(names, weights, centre=[0.0] * len(names), scale=[1.0] * len(names))


def test_it_learns_which_feature_tells_and_leaves_a_constant_one_alone() -> None:
    ranker = LinearRanker.fit(THREE, *lists(300))
    assert ranker.weights[0] > 5 * abs(ranker.weights[1])
    assert ranker.weights[2] == 0
    later = lists(200, seed=1)
    figures = ranking_figures(ranker.margins(later[0]), later[1], later[2])
    untaught = ranking_figures(flat([0, 1, 0]).margins(later[0]), later[1], later[2])
    assert figures["mrr@10"] > 0.6 > 0.4 > untaught["mrr@10"]


def test_its_probabilities_are_honest_on_questions_it_has_not_seen() -> None:
    ranker = LinearRanker.fit(THREE, *lists(600))
    x, y, q = lists(600, seed=2)
    p = told(ranker, x, q)
    assert abs(p.mean() - y.mean()) < 0.01
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 1.0)):
        some = (p >= low) & (p < high)
        assert some.sum() > 50
        assert abs(p[some].mean() - y[some].mean()) < 0.06


def test_the_parts_of_a_margin_add_up_to_it() -> None:
    ranker = LinearRanker.fit(THREE, *lists(100))
    x = lists(20, seed=3)[0]
    np.testing.assert_allclose(ranker.parts(x).sum(axis=1), ranker.margins(x))


def test_what_is_kept_as_json_ranks_as_before() -> None:
    ranker = shipped("ticket")
    again = LinearRanker.from_state(json.loads(json.dumps(ranker.to_state())), names=NAMES["ticket"])
    x = np.random.default_rng(0).normal(size=(30, len(ranker.names)))
    np.testing.assert_array_equal(ranker.relevance(x), again.relevance(x))
    assert again.plain is not None
    assert again.origin == ranker.origin


@pytest.mark.parametrize("harm", ["names", "weights", "scale", "platt", "format", "plain"])
def test_a_damaged_state_is_refused_in_a_sentence_that_says_what_to_run(harm: str) -> None:
    state = shipped("article").to_state()
    spoilt = {"names": ["a"], "weights": [float("nan")] * len(state["names"]), "scale": [0.0] * len(state["names"]),
              "platt": [1.0], "format": 99, "plain": [["score"], {}]}  # fmt: skip
    with pytest.raises(Damaged, match="seenbefore train"):
        LinearRanker.from_state({**state, harm: spoilt[harm]}, names=NAMES["article"])


@pytest.mark.parametrize("state", [None, [], "ranker", {}, {"format": 2}])
def test_something_else_than_a_state_is_refused(state: object) -> None:
    with pytest.raises(Damaged):
        LinearRanker.from_state(state)


def test_a_ranker_of_another_feature_list_is_refused() -> None:
    with pytest.raises(Damaged, match="another list of features"):
        LinearRanker.from_state(shipped("article").to_state(), names=NAMES["ticket"])


def test_a_better_challenger_is_published() -> None:
    champion = flat([0.0, 1.0, 0.0])
    winner, verdict = contest(champion, *lists(400), origin="learnt")
    assert verdict.publish
    assert winner.origin == "learnt"
    assert verdict.challenger["mrr@10"] > verdict.champion["mrr@10"]
    assert "lift MRR" in verdict.why
    assert 100 <= verdict.held_back <= 130


def test_a_challenger_that_learnt_a_habit_that_is_gone_is_not_published() -> None:
    old, new = lists(300, tells=1), lists(150, seed=5, tells=0)
    x, y = np.vstack([old[0], new[0]]), np.concatenate([old[1], new[1]])
    q = np.concatenate([old[2], new[2] + 1000])
    champion = flat([1.0, 0.0, 0.0])
    winner, verdict = contest(champion, x, y, q)
    assert winner is champion
    assert not verdict.publish
    assert verdict.why.endswith("kept.")


def test_too_few_answered_questions_change_nothing_and_say_how_many_it_takes() -> None:
    champion = flat([1.0, 0.0, 0.0])
    winner, verdict = contest(champion, *lists(40))
    assert winner is champion
    assert not verdict.publish
    assert verdict.questions == 40
    assert "40 questions" in verdict.why and "400" in verdict.why


def test_no_questions_at_all_change_nothing() -> None:
    champion = flat([1.0, 0.0, 0.0])
    winner, verdict = contest(champion, np.zeros((0, 3)), [], [])
    assert winner is champion and not verdict.publish


def test_nothing_right_is_too_little_to_fit_on() -> None:
    x, y, q = lists(10)
    with pytest.raises(TooLittle):
        LinearRanker.fit(THREE, x, y * 0, q)


def test_the_calibration_of_a_published_ranker_comes_from_later_questions() -> None:
    winner, _ = contest(flat([0.0, 1.0, 0.0]), *lists(600))
    x, y, q = lists(600, seed=9)
    assert abs(told(winner, x, q).mean() - y.mean()) < 0.01


def test_where_what_it_leans_on_is_missing_the_plain_one_ranks() -> None:
    plain = flat([0.0, 1.0, 0.0])
    ranker = LinearRanker(THREE, [1.0, 0.0, 0.0], centre=[0] * 3, scale=[1] * 3, plain=Plain(("near",), plain))
    x = lists(2)[0]
    np.testing.assert_array_equal(ranker.margins(x), x[:, 0])
    x[:, 0] = 0.0
    np.testing.assert_array_equal(ranker.margins(x), x[:, 1])
    np.testing.assert_array_equal(ranker.relevance(x), plain.relevance(x))


def test_ties_are_broken_against_us() -> None:
    assert first_ranks(np.zeros(4), [0, 0, 1, 0], [7, 7, 7, 7]).tolist() == [4.0]
    assert first_ranks(np.array([1.0, 2.0, 0.5]), [1, 0, 0], [1, 1, 2]).tolist() == [2.0, np.inf]


def test_more_weight_on_a_question_is_more_say() -> None:
    one, two = lists(150, tells=0), lists(150, seed=4, tells=1)
    x, y, q = np.vstack([one[0], two[0]]), np.concatenate([one[1], two[1]]), np.concatenate([one[2], two[2] + 500])
    heavy = np.where(q >= 500, 20.0, 1.0)
    even, leaning = LinearRanker.fit(THREE, x, y, q), LinearRanker.fit(THREE, x, y, q, weights=heavy)
    assert leaning.weights[1] / leaning.weights[0] > 1.5 * even.weights[1] / even.weights[0]


def test_rows_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        LinearRanker.fit(THREE, np.zeros((3, 3)), [1, 0], [0, 0, 0])


@pytest.mark.parametrize("pool", ["ticket", "article"])
def test_the_shipped_weights_fit_the_features_and_want_likeness(pool: str) -> None:
    ranker = shipped(pool)
    assert ranker.names == NAMES[pool]  # type: ignore[index]
    assert ranker.plain is not None
    assert set(ranker.plain.missing) < set(ranker.names)
    assert not any(ranker.plain.ranker.weights[ranker.names.index(name)] for name in ranker.plain.missing)
    for one in (ranker, ranker.plain.ranker):
        weight = dict(zip(one.names, one.weights, strict=True))
        assert weight["score"] > 0 and weight["identifier"] > 0


WIDTH = len(shipped("ticket").names)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=6))
def test_relevance_is_a_probability_whatever_the_features(rows: list[list[float]]) -> None:
    p = shipped("ticket").relevance(np.array(rows))
    assert ((p >= 0) & (p <= 1)).all()
