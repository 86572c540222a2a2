"""One linear learner of one view: a score for every class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
FLOOR = -12.0
STEPS = 40
"""Steps of the dense fit."""
MANY = 15_000
"""From this many rows on, averaged stochastic gradient descent is both quicker and better than liblinear."""


class Linear:
    """``weights`` float32 of shape (features, k) and ``bias`` of shape (k,)."""

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float64]) -> None:
        self.weights, self.bias = weights, bias

    @classmethod
    def fit(cls, rows: Any, truth: Codes, k: int, *, weight: Floats, seed: int = 0, workers: int = 1) -> Self:
        """Fit one class against the rest; classes without an example get the lowest score."""
        seen = np.unique(truth)
        weights = np.zeros((rows.shape[1], k), dtype=np.float32)
        bias = np.full(k, -3.0)
        if len(seen) < 2:
            bias[seen] = 0.0
            return cls(weights, bias)
        model = _learner(len(truth), seed, workers).fit(rows, truth, sample_weight=weight / weight.mean())
        coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
        if len(seen) == 2:
            coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
        weights[:, seen], bias[seen] = coef.T, intercept
        return cls(weights, bias)

    def decide(self, rows: Any) -> Floats:
        """Scores of shape (n, k), about -1 to 1, higher speaks for the class."""
        out: Floats = np.clip(np.asarray(rows @ self.weights, dtype=np.float64) + self.bias, -5, 5)
        return out

    def difference(self, one: int, other: int) -> NDArray[np.float64]:
        """What each feature adds to the score of class ``one`` over that of ``other``."""
        return self.weights[:, one].astype(np.float64) - self.weights[:, other]

    def compact(self) -> Self:
        """The same learner with weights rounded to half precision and the tiny ones gone, to be stored small."""
        small = np.abs(self.weights) < 1e-3
        return type(self)(np.where(small, 0, self.weights).astype(np.float16).astype(np.float32), self.bias)

    def to_state(self) -> dict[str, Any]:
        """Plain arrays that :meth:`from_state` takes back."""
        held = sparse.csr_matrix(self.weights)
        half = held.data.astype(np.float16)
        return {
            "shape": list(self.weights.shape),
            "data": half if np.array_equal(half.astype(np.float32), held.data) else held.data,
            "indices": held.indices.astype(np.uint16),
            "indptr": held.indptr.astype(np.int32),
            "bias": self.bias,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The learner that gave this state."""
        parts = state["data"].astype(np.float32), state["indices"].astype(np.int32), state["indptr"]
        weights = sparse.csr_matrix(parts, shape=tuple(state["shape"])).toarray()
        return cls(np.asarray(weights, dtype=np.float32), state["bias"])


def _learner(n: int, seed: int, workers: int) -> Any:
    if n >= MANY:
        return SGDClassifier(
            loss="modified_huber", alpha=2e-5, max_iter=6, tol=None, average=True, random_state=seed, n_jobs=workers
        )
    return LinearSVC(C=1.0, class_weight="balanced", tol=1e-2, random_state=seed, max_iter=2000)


class Softmax(Linear):
    """Multinomial logistic regression, for dense vectors: scores are log-probabilities."""

    @classmethod
    def fit(cls, rows: Any, truth: Codes, k: int, *, weight: Floats, seed: int = 0, workers: int = 1) -> Self:
        """Fit all classes at once; classes without an example get the lowest score."""
        seen = np.unique(truth)
        weights, bias = np.zeros((rows.shape[1], k), dtype=np.float32), np.full(k, FLOOR)
        if len(seen) < 2:
            bias[seen] = 0.0
            return cls(weights, bias)
        model = LogisticRegression(C=20.0, max_iter=STEPS, tol=1e-3, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is a mild shrinkage here
            model.fit(rows, truth, sample_weight=weight / weight.mean())
        coef, intercept = model.coef_, model.intercept_
        if len(seen) == 2:
            coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        weights[:, seen], bias[seen] = coef.T, intercept
        return cls(weights, bias)

    def decide(self, rows: Any) -> Floats:
        """Log-probabilities of shape (n, k), none below -12."""
        scores = np.asarray(rows @ self.weights, dtype=np.float64) + self.bias
        out: Floats = np.maximum(log_softmax(scores, axis=1), FLOOR)
        return out


class Rates(Linear):
    """Complement naive Bayes (Rennie et al. 2003), for word counts: scores are log-probabilities.

    It counts where the others weigh, and errs on other texts than they do.
    """

    @classmethod
    def fit(cls, rows: Any, truth: Codes, k: int, *, weight: Floats, seed: int = 0, workers: int = 1) -> Self:
        """Count all classes at once; classes without an example get the lowest score."""
        seen = np.unique(truth)
        weights, bias = np.zeros((rows.shape[1], k), dtype=np.float32), np.full(k, FLOOR)
        bias[seen] = 0.0
        if len(seen) > 1:
            model = ComplementNB(alpha=0.3).fit(rows, truth, sample_weight=weight / weight.mean())
            weights[:, seen] = model.feature_log_prob_.T
        return cls(weights, bias)

    def decide(self, rows: Any) -> Floats:
        """Log-probabilities of shape (n, k), none below -12."""
        scores = np.asarray(rows @ self.weights, dtype=np.float64)
        scores[:, self.bias <= FLOOR] = scores.min(initial=0.0) + FLOOR
        out: Floats = np.maximum(log_softmax(scores, axis=1), FLOOR)
        return out
