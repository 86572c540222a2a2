"""The lists of a large vector index: the centres that FAISS would train and the nearest of them, five times as fast.

FAISS multiplies matrices with a library that does not know every processor; NumPy has a newer one. Each vector is given
to a centre by NumPy, and where two are too close to tell by rounding FAISS is asked, so that the outcome is its own;
only among centres that are all but the same, where many vectors repeat, may another be taken.
"""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors

Places = NDArray[np.int64]
_ROUNDS = 10
_SEED, _SPLIT_SEED = 1234 + 1, 1234
_NUDGE = np.float32(1 / 1024)
"""FAISS's own (its Clustering): rounds, the seeds of its first choice and of splits, how far two halves part."""
_AT_ONCE = 1_024
_FEW = 20
"""FAISS multiplies fewer rows in another way, which rounds otherwise."""
_UNSURE = 1e-5
"""Rounding moves the product of two unit vectors by less."""


def centres(sample: Vectors, many: int) -> Vectors:
    """Unit centres of shape (many, dim) by spherical k-means (Dhillon and Modha 2001) over at least as many unit rows.

    The numbers are those of :class:`faiss.Clustering`, whose lines of code this follows.
    """
    order = np.empty(len(sample), np.int32)
    faiss.rand_perm(faiss.swig_ptr(order), len(sample), _SEED)  # type: ignore[attr-defined]
    found = sample[order[:many]].copy()
    faiss.normalize_L2(found)
    for _ in range(_ROUNDS):
        near = nearest(sample, found)
        found = np.zeros_like(found)
        np.add.at(found, near, sample)
        sizes = np.bincount(near, minlength=many).astype(np.float32)
        full = sizes > 0
        found[full] *= (np.float32(1) / sizes[full])[:, None]
        _fill_empty(found, sizes, len(sample))
        faiss.normalize_L2(found)
    return found


def nearest(rows: Vectors, found: Vectors) -> Places:
    """Place of the centre with the highest product for each row, shape (len(rows),)."""
    near, unsure = np.empty(len(rows), np.int64), []
    for start in range(0, len(rows), _AT_ONCE):
        scores = rows[start : start + _AT_ONCE] @ found.T
        every, best = np.arange(len(scores)), scores.argmax(axis=1)
        near[start : start + len(scores)] = best
        top = scores[every, best]
        scores[every, best] = -np.inf
        unsure.append(start + np.flatnonzero(top - scores.max(axis=1) < _UNSURE))
    ask = np.concatenate(unsure) if unsure else np.zeros(0, np.int64)
    if len(ask):
        exact = faiss.IndexFlatIP(found.shape[1])
        exact.add(found)
        asked = np.resize(ask, max(_FEW, len(ask)))
        near[asked] = exact.search(rows[asked], 1)[1][:, 0]
    return near


def add(index: Any, matrix: Vectors, found: Vectors) -> None:
    """Add all rows to a trained inverted index whose centres these are."""
    for start in range(0, len(matrix), 65_536):
        part = matrix[start : start + 65_536]
        near = nearest(part, found)
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(near))


def _fill_empty(found: Vectors, sizes: NDArray[np.float32], n: int) -> None:
    """Give each centre that nobody is near to half of another, a large one most likely."""
    draw, last = faiss.RandomGenerator(_SPLIT_SEED).rand_float, len(sizes) - 1  # type: ignore[attr-defined]
    share = ((sizes.astype(np.float64) - 1) / max(1, n - len(sizes))).astype(np.float32).tolist()
    for empty in np.flatnonzero(sizes == 0).tolist():
        other = 0
        while draw() >= share[other]:
            other = other + 1 if other < last else 0
        found[empty] = found[other]
        for place, first, second in ((empty, 1 + _NUDGE, 1 - _NUDGE), (other, 1 - _NUDGE, 1 + _NUDGE)):
            found[place, 0::2] *= first
            found[place, 1::2] *= second
        sizes[empty] = sizes[other] / 2
        sizes[other] -= sizes[empty]
        for place in (empty, other):
            share[place] = float(np.float32((float(sizes[place]) - 1) / max(1, n - len(sizes))))
