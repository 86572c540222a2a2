"""A small neural net over dense rows: one hidden layer, so that words count together and not only one by one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from models.linear import FLOOR

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Matrix = NDArray[np.float32]
HIDDEN = 128
STEPS = 1_000
"""Steps of gradient descent at least, where eight to forty readings of the rows give that many."""


class Net:
    """``inner`` (features, hidden) and ``outer`` (hidden, k) with their biases, float32; classes unseen stay silent."""

    def __init__(self, inner: Matrix, lift: Matrix, outer: Matrix, bias: Matrix) -> None:
        self.inner, self.lift, self.outer, self.bias = inner, lift, outer, bias

    @classmethod
    def fit(cls, rows: Matrix, truth: Codes, k: int, *, weight: Floats, seed: int = 0, workers: int = 1) -> Self:
        """Fit all classes at once; classes without an example get the lowest score."""
        seen = np.unique(truth)
        outer, bias = np.zeros((HIDDEN, k), np.float32), np.full(k, FLOOR, np.float32)
        if len(seen) < 2:
            bias[seen] = 0.0
            return cls(np.zeros((rows.shape[1], HIDDEN), np.float32), np.zeros(HIDDEN, np.float32), outer, bias)
        batch = int(np.clip(len(rows) // 130, 16, 256))
        readings = int(np.clip(-(-STEPS * batch // len(rows)), 8, 40))
        net = MLPClassifier((HIDDEN,), alpha=1e-4, batch_size=min(batch, len(rows)), max_iter=readings, tol=0.0,
                            n_iter_no_change=readings, random_state=seed)  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops early so as not to learn by heart
            net.fit(np.asarray(rows, dtype=np.float32), truth, sample_weight=weight / weight.mean())
        inner, last = (np.asarray(part, dtype=np.float32) for part in net.coefs_)
        lift, ends = (np.asarray(part, dtype=np.float32) for part in net.intercepts_)
        if len(seen) == 2:
            half = np.float32(0.5)
            last, ends = np.hstack([-last, last]) * half, np.concatenate([-ends, ends]) * half
        outer[:, seen], bias[seen] = last, ends
        return cls(inner, lift, outer, bias)

    def decide(self, rows: Matrix) -> Floats:
        """Log-probabilities of shape (n, k), none below -12."""
        said = np.maximum(rows @ self.inner + self.lift, 0) @ self.outer + self.bias
        out: Floats = np.maximum(log_softmax(said.astype(np.float64), axis=1), FLOOR)
        return out

    def compact(self) -> Self:
        """The same net with weights rounded to half precision, to be stored small."""
        return type(self)(*(part.astype(np.float16).astype(np.float32) for part in self._parts()))

    def to_state(self) -> dict[str, Any]:
        """Plain arrays that :meth:`from_state` takes back."""
        half = [part.astype(np.float16) for part in self._parts()]
        exact = all(np.array_equal(a.astype(np.float32), b) for a, b in zip(half, self._parts(), strict=True))
        return {"parts": half if exact else list(self._parts())}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The net that gave this state."""
        return cls(*(np.asarray(part, dtype=np.float32) for part in state["parts"]))

    def _parts(self) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        return self.inner, self.lift, self.outer, self.bias
