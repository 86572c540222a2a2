"""What links say of their targets is what counting them one by one says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.habits import DAY, Habits, highest

N = 6
LINKS = st.lists(
    st.tuples(st.integers(-3, 8), st.integers(0, N - 1), st.integers(0, 400), st.booleans(), st.booleans()), max_size=20
)


def habits(rows: list[tuple[int, int, int, bool, bool]]) -> tuple[Habits, np.ndarray]:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(len(rows), 4)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    columns = list(zip(*rows, strict=True)) or [[], [], [], [], []]
    made = Habits(
        np.array(columns[0], np.int64), np.array(columns[1], np.int64),
        (np.array(columns[2], np.float64) * DAY).astype(np.int64), np.array(columns[3], bool), vectors,
    )  # fmt: skip
    return made, np.array(columns[4], bool)


@given(LINKS, st.sampled_from([0, 100, 399, 400, 1000]))
@settings(max_examples=120, deadline=None)
def test_votes_are_those_counted_one_by_one(rows: list[tuple[int, int, int, bool, bool]], day: int) -> None:
    made, known = habits(rows)
    question = np.array([0.5, 0.5, 0.5, 0.5], np.float32)
    votes = made.votes(question, known, now=int(day * DAY)).at(np.arange(N))
    for target in range(N):
        mine = [i for i in np.flatnonzero(known) if made.target[i] == target]
        score = [max(float(made.vectors[i] @ question), 0.0) for i in mine]
        age = [max(day - made.at[i] / DAY, 0.0) for i in mine]
        summed = np.linalg.norm(made.vectors[mine].sum(axis=0)) if mine else 0.0
        assert votes.count[target] == len(mine)
        assert votes.recent[target] == pytest.approx(sum(0.5 ** (a / 180) for a in age))
        assert votes.fresh[target] == pytest.approx(sum(0.5 ** (a / 30) for a in age))
        both = zip(score, age, strict=True)
        assert votes.weighted[target] == pytest.approx(sum(s**8 * 0.5 ** (a / 365) for s, a in both), abs=1e-9)
        assert votes.nearest[target] == pytest.approx(max(score, default=0.0))
        assert votes.generic[target] == pytest.approx(np.mean(made.generic[mine]) if mine else 0.0)
        assert votes.kernel[target] == pytest.approx(np.log(sum(np.exp((s - 1) / 0.05) for s in score) + 1e-12))
        if mine and summed > 1e-3:
            assert votes.prototype[target] == pytest.approx(sum(score) / summed, rel=1e-4, abs=1e-6)


def test_the_mean_direction_of_a_target_with_many_links_is_that_of_all_of_them() -> None:
    rng = np.random.default_rng(3)
    made, known = habits([(i, int(t), 5, False, True) for i, t in enumerate(rng.integers(0, 3, 200))])
    question = made.vectors[0]
    votes = made.votes(question, known, now=int(9 * DAY)).at(np.arange(3))
    for target in range(3):
        mine = made.vectors[made.target == target]
        score = np.maximum(mine @ question, 0).sum() / np.linalg.norm(mine.sum(axis=0))
        assert votes.prototype[target] == pytest.approx(score, rel=1e-4)


@given(LINKS, st.sets(st.integers(0, 9)))
@settings(deadline=None)
def test_the_links_on_some_tickets_are_found_each_once_under_its_ticket(
    rows: list[tuple[int, int, int, bool, bool]], tickets: set[int]
) -> None:
    made, _ = habits(rows)
    places = np.array(sorted(tickets), np.int64)
    found, at = made.on(places)
    assert sorted(found.tolist()) == [i for i, row in enumerate(rows) if row[0] in tickets]
    assert (made.ticket[found] == places[at]).all()
    assert [(a, b) for a, b in zip(at, found, strict=True)] == sorted(zip(at, found, strict=True))


@given(LINKS, st.integers(0, N - 1))
@settings(deadline=None)
def test_use_of_a_target_counts_only_known_links_to_it(
    rows: list[tuple[int, int, int, bool, bool]], target: int
) -> None:
    made, known = habits(rows)
    use = made.similar(np.array([0.5, 0.5, 0.5, 0.5], np.float32), known, target)
    mine = {row[0] for row, may in zip(rows, known, strict=True) if may and row[1] == target and row[0] >= 0}
    assert use.linked == len(mine)
    assert use.similar <= use.linked


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 12))
def test_the_highest_are_those_a_stable_sort_puts_first(values: list[int], most: int) -> None:
    score = np.array(values, np.float64)
    assert highest(score, most).tolist() == np.argsort(-score, kind="stable")[:most].tolist()
