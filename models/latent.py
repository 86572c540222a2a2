"""Texts as dense rows: what their words have in common (latent semantic analysis), beside their vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

Codes = NDArray[np.int64]
Vectors = NDArray[np.float32]
COLUMNS = 20_000
"""The most frequent words and pairs; with rarer ones it says no more and takes longer."""
DIM = 128
LEAST = 8_000
"""Texts from which on it is tried; on five thousand of a real desk what was learnt from it did not earn its place."""


class Latent:
    """Deerwester et al. 1990, "Indexing by latent semantic analysis": TF-IDF rows in few dimensions.

    ``columns``: those of the word view it reads, ascending. ``axes``: float16 of shape (dim, len(columns)).
    """

    def __init__(self, columns: Codes, axes: NDArray[np.float16]) -> None:
        self.columns, self.axes = columns, axes
        self._turn = np.ascontiguousarray(axes.T, dtype=np.float32)

    @classmethod
    def fit(cls, rows: sparse.csr_matrix, *, always: Codes, upto: int, seed: int = 0) -> Latent:
        """Learn from rows (n, features): of the first ``upto`` columns the frequent ones, and those of ``always``."""
        spread = np.bincount(rows.indices, minlength=rows.shape[1])[:upto]
        kept = np.argsort(-spread, kind="stable")[:COLUMNS]
        columns = np.union1d(kept[spread[kept] > 0], always).astype(np.int64)
        dim = min(DIM, len(columns) - 1)
        if rows.shape[0] < LEAST or dim < 2:
            return cls(columns, np.zeros((0, len(columns)), np.float16))
        _, _, axes = randomized_svd(rows[:, columns], dim, n_iter=2, random_state=seed)
        return cls(columns, axes.astype(np.float16))

    def __bool__(self) -> bool:
        """Whether there was enough to learn from."""
        return len(self.axes) > 0

    def common(self, rows: sparse.csr_matrix) -> sparse.csr_matrix:
        """The columns it reads, (n, len(columns))."""
        return sparse.csr_matrix(rows[:, self.columns])

    def dense(self, common: sparse.csr_matrix, vectors: Vectors) -> Vectors:
        """Unit rows of few dimensions with the unit vectors beside them, float32 of shape (n, dim + len(vector))."""
        turned = np.asarray(common @ self._turn, dtype=np.float32)
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-6)
        return np.hstack([turned, vectors])

    def to_state(self) -> dict[str, Any]:
        """Plain arrays that :meth:`from_state` takes back."""
        return {"columns": self.columns.astype(np.int32), "axes": self.axes}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Latent:
        """The one that gave this state."""
        return cls(np.asarray(state["columns"], dtype=np.int64), state["axes"])
