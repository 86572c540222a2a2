"""Nearest vectors: right ids, filtered before ranking, deletes and updates at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import Damaged
from kb.vectors import VectorIndex


def unit(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_same_vector_is_found_first_with_score_one() -> None:
    matrix = unit(50)
    index = VectorIndex.build(np.arange(100, 150), matrix)
    ids, scores = index.search(matrix[[7]], 3)
    assert ids[0, 0] == 107
    assert scores[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(scores[0]) <= 0).all()


@given(st.sets(st.integers(0, 59)), st.integers(1, 70))
@settings(max_examples=40)
def test_a_filter_never_lets_anything_else_through_and_misses_nothing(allowed: set[int], most: int) -> None:
    matrix = unit(60)
    index = VectorIndex.build(np.arange(60), matrix)
    mask = np.zeros(60, bool)
    mask[list(allowed)] = True
    ids, _ = index.search(matrix[[3]], most, allowed=mask)
    found = [int(i) for i in ids[0] if i >= 0]
    exact = sorted(allowed, key=lambda i: -float(matrix[3] @ matrix[i]))[:most]
    assert set(found) == set(exact)


def test_ids_beyond_the_filter_are_not_allowed() -> None:
    index = VectorIndex.build(np.array([5, 900]), unit(2))
    ids, _ = index.search(unit(1, seed=1), 5, allowed=np.ones(10, bool))
    assert [i for i in ids[0] if i >= 0] == [5]


def test_missing_places_hold_minus_one_and_no_score() -> None:
    ids, scores = VectorIndex.build(np.array([4]), unit(1)).search(unit(1), 3)
    assert ids[0].tolist() == [4, -1, -1]
    assert np.isneginf(scores[0, 1:]).all()


def test_an_empty_index_answers_with_nothing() -> None:
    index = VectorIndex.build(np.zeros(0, np.int64), np.zeros((0, 16), np.float32))
    assert index.search(unit(1), 2)[0].tolist() == [[-1, -1]]
    assert len(index) == 0


def test_a_fresh_version_replaces_the_old_one_and_the_deleted_is_gone() -> None:
    matrix = unit(20)
    index = VectorIndex.build(np.arange(20), matrix)
    moved = index.with_fresh(np.array([3, 77]), matrix[[10, 11]], np.array([5]))
    ids, _ = moved.search(matrix[[10]], 2)
    assert set(ids[0]) == {3, 10}
    assert 5 not in moved.search(matrix[[5]], 20)[0][0]
    assert 77 in moved.search(matrix[[11]], 2)[0][0]
    assert len(moved) == 20
    assert len(index) == 20, "the published index is as it was"
    assert np.allclose(moved.rows(np.array([3, 5])), [matrix[10], np.zeros(16)])


def test_a_zero_vector_is_never_found() -> None:
    matrix = unit(3)
    matrix[1] = 0
    index = VectorIndex.build(np.arange(3), matrix)
    assert 1 not in index.search(matrix[[0]], 3)[0][0]
    assert not index.rows(np.array([1])).any()


@pytest.mark.parametrize(
    ("ids", "matrix"),
    [([1, 1], unit(2)), ([1], unit(2)), ([-1, 2], unit(2)), ([1, 2], np.full((2, 4), np.nan, np.float32))],
)
def test_input_that_would_answer_wrongly_is_refused(ids: list[int], matrix: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=r"ids|number"):
        VectorIndex.build(np.array(ids), matrix)


def test_a_query_of_another_length_or_not_a_number_is_refused() -> None:
    index = VectorIndex.build(np.arange(2), unit(2))
    with pytest.raises(ValueError, match="length 16"):
        index.search(unit(1, dim=8), 1)
    with pytest.raises(ValueError, match="not a number"):
        index.search(np.full((1, 16), np.nan, np.float32), 1)


def test_beyond_the_exact_size_the_compressed_index_still_finds_and_filters() -> None:
    matrix = unit(3000, 32)
    ids = np.arange(3000) + 10
    index = VectorIndex.build(ids, matrix, exact_up_to=1000)
    blob, order = index.to_bytes()
    again = VectorIndex.from_bytes(blob, order, dim=32)
    found, _ = again.search(matrix[:50], 1)
    assert (found[:, 0] == ids[:50]).mean() > 0.95
    mask = np.zeros(3010, bool)
    mask[100:160] = True
    exact = np.argsort(-(matrix[:20] @ matrix[90:150].T), axis=1)[:, :10] + 100
    few, _ = again.search(matrix[:20], 10, allowed=mask)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, few, strict=True)])
    assert recall >= 0.97
    assert again.rows(np.array([10]))[0] @ matrix[0] > 0.99


def test_bytes_that_do_not_fit_are_refused() -> None:
    index = VectorIndex.build(np.arange(5), unit(5))
    blob, ids = index.to_bytes()
    for broken, its_ids, dim in ((blob[:-20], ids, 16), (blob, ids[:-1], 16), (blob, ids, 8)):
        with pytest.raises(Damaged, match="seenbefore index"):
            VectorIndex.from_bytes(broken, its_ids, dim=dim)
