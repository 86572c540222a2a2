"""The lists of a large vector index are those that FAISS itself makes, and every vector lies in one of them."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from kb import lists
from kb.learners import Vectors
from kb.vectors import VectorIndex


def unit(n: int, dim: int, seed: int) -> Vectors:
    random = np.random.default_rng(seed)
    kinds = random.normal(size=(20, dim))
    rows = (kinds[random.integers(0, 20, n)] + 0.7 * random.normal(size=(n, dim))).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(("n", "many", "seed"), [(2000, 60, 0), (900, 120, 1), (400, 37, 2)])
def test_centres_are_those_that_faiss_trains(n: int, many: int, seed: int) -> None:
    rows = unit(n, 32, seed)
    exact = faiss.IndexFlatIP(32)
    theirs = faiss.IndexIVFFlat(exact, 32, many, faiss.METRIC_INNER_PRODUCT)
    theirs.cp.min_points_per_centroid = 1
    theirs.train(rows)
    ours = lists.centres(rows, many)
    assert np.abs(ours - exact.reconstruct_n(0, many)).max() < 1e-5
    assert (lists.nearest(rows, ours) == exact.search(rows, 1)[1][:, 0]).all()


def test_centres_are_found_even_where_nearly_all_vectors_are_the_same() -> None:
    rows = np.repeat(unit(3, 16, 0), 400, axis=0)
    found = lists.centres(rows, 100)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert ((rows @ found.T).max(axis=1) > 0.99).all()


def test_every_vector_is_found_in_a_large_index_by_its_own_id() -> None:
    rows = unit(1500, 32, 3)
    index = VectorIndex.build(np.arange(5, 1505), rows, exact_up_to=100)
    ids, scores = index.search(rows[::50], 1)
    assert (ids[:, 0] == np.arange(5, 1505, 50)).mean() > 0.9
    assert (scores > 0.98).all()
    assert (np.einsum("ij,ij->i", index.rows(np.arange(5, 1505)), rows) > 0.99).all()
