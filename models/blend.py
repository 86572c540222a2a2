"""What several views say of each class, made into one probability by weights fitted out-of-fold."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from models import scores
from models.calibration import log_loss

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_START = {"words": 1.5, "meaning": 0.4, "neighbours": 0.5, "rates": 0.1, "net": 0.4}
_TILTS = (0.0, 0.1, 0.2)
STEPS = 80
"""Steps of the stacking fit."""
_PER_CLASS = 60
"""Rows a class (on average) from which on every class gets its own weights."""
EARNED = ("rates", "net")
"""Views taken in only where the held-out log-loss is clearly lower with them: few rows a class mislead them."""
EARNS = 0.98
_TIE = 0.001
"""By how much the log-loss of own weights may be higher and they are still taken: they tell rare classes better."""


@dataclass(frozen=True, slots=True)
class Blend:
    """``kind`` "even" (one weight a view, the same for all classes) or "stacked" (a logistic regression)."""

    kind: str
    views: tuple[str, ...]
    weights: Floats
    """Shape (views,) for "even", (views * k, k) for "stacked"."""
    bias: Floats
    tilt: float = 0.0
    """How far ``bias`` leans towards rare classes: their prior to the power of minus this."""

    def __call__(self, said: Mapping[str, Floats]) -> Floats:
        """Scores of each view, (n, k) each, to probabilities (n, k)."""
        if self.kind == "even":
            total = sum((w * said[name] for name, w in zip(self.views, self.weights, strict=True)), self.bias[None, :])
            out: Floats = softmax(total, axis=1)
            return out
        stacked: Floats = softmax(np.hstack([said[name] for name in self.views]) @ self.weights + self.bias, axis=1)
        return stacked

    def shares(self, k: int) -> dict[str, float]:
        """How much each view counts for a class, in the units of its score."""
        if self.kind == "even":
            return {name: float(w) for name, w in zip(self.views, self.weights, strict=True)}
        blocks = self.weights.reshape(len(self.views), k, k)
        own = [float(np.diag(block).mean() - (block.sum() - np.trace(block)) / max(1, k * (k - 1))) for block in blocks]
        return dict(zip(self.views, own, strict=True))

    @classmethod
    def fit(
        cls, said: Mapping[str, Floats], truth: Codes, fold: NDArray[np.int64], weight: Floats
    ) -> tuple[Blend, Floats]:
        """Fit on scores held out at the first level; also return probabilities held out at both levels, (n, k).

        Views that do not earn their place are not among the ``views`` of what comes back.

        One weight a view, pulled towards equal say, or a logistic regression over all scores where there are rows
        enough for it and its held-out log-loss is lower or about the same.
        """
        k = next(iter(said.values())).shape[1]
        counts = np.bincount(truth, minlength=k)
        many = len(truth) >= _PER_CLASS * k and k <= 20 and counts.min() >= 10
        fewer = {name: z for name, z in said.items() if name not in EARNED}
        best: tuple[float, Any, Mapping[str, Floats], Floats] | None = None
        for views in (fewer, said) if 0 < len(fewer) < len(said) else (said,):
            for make in (_even, _stacked) if many else (_even,):
                out = np.empty((len(truth), k))
                for f in np.unique(fold):
                    inside = fold != f
                    part = make({name: z[inside] for name, z in views.items()}, truth[inside], weight[inside], k)
                    out[~inside] = part({name: z[~inside] for name, z in views.items()})
                loss = log_loss(out, truth)
                more = best is not None and views is not best[2]
                if best is None or loss < (best[0] * EARNS if more else best[0] + _TIE):
                    best = loss, make, views, out
        if best is None:
            raise ValueError("there is no way to blend")
        return _tilted(best[1](best[2], truth, weight, k), best[3], truth, np.maximum(counts, 1) / len(truth))

    def to_state(self) -> dict[str, Any]:
        """Plain values that :meth:`from_state` takes back."""
        return {
            "kind": self.kind,
            "views": list(self.views),
            "weights": self.weights,
            "bias": self.bias,
            "tilt": self.tilt,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Blend:
        """The blend that gave this state."""
        return cls(state["kind"], tuple(state["views"]), state["weights"], state["bias"], state["tilt"])


def _even(said: Mapping[str, Floats], truth: Codes, weight: Floats, k: int) -> Blend:
    """One weight a view by log-loss, pulled towards its start, and a bias a class, pulled towards 0."""
    names = tuple(said)
    stack = np.stack([said[name] for name in names])
    start = np.array([_START.get(name, 2.0) for name in names])
    rows = np.arange(len(truth))
    pull = 2.0

    def loss(x: Floats) -> tuple[float, Floats]:
        w, b = x[: len(names)], x[len(names) :]
        logs = log_softmax(np.tensordot(w, stack, 1) + b, axis=1)
        error = np.exp(logs)
        error[rows, truth] -= 1
        error *= weight[:, None]
        value = -(weight * logs[rows, truth]).sum() + pull * (((w - start) / start) ** 2).sum() + pull * (b**2).sum()
        step_w = np.tensordot(stack, error, axes=([1, 2], [0, 1])) + 2 * pull * (w - start) / start**2
        return float(value), np.concatenate([step_w, error.sum(axis=0) + 2 * pull * b])

    bounds = [(0.0, None)] * len(names) + [(None, None)] * k
    found = minimize(loss, np.concatenate([start, np.zeros(k)]), jac=True, method="L-BFGS-B", bounds=bounds)
    return Blend("even", names, found.x[: len(names)], found.x[len(names) :])


def _stacked(said: Mapping[str, Floats], truth: Codes, weight: Floats, k: int) -> Blend:
    names = tuple(said)
    if len(np.unique(truth)) < k:
        return _even(said, truth, weight, k)
    rows = np.hstack([said[name] for name in names])
    model = LogisticRegression(C=0.3, max_iter=STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # enough steps to blend by; more cost minutes, not errors
        model.fit(rows, truth, sample_weight=weight)
    weights, bias = model.coef_.T, model.intercept_
    if k == 2:
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return Blend("stacked", names, np.ascontiguousarray(weights, dtype=np.float64), bias)


def _tilted(blend: Blend, held: Floats, truth: Codes, prior: Floats) -> tuple[Blend, Floats]:
    """Lean towards rare classes as far as macro-F1 gains by it and at most half a point of accuracy is lost."""
    start = scores.accuracy(truth, held.argmax(axis=1))
    best = scores.macro_f1(truth, held.argmax(axis=1)) + 0.002
    chosen = 0.0
    for tilt in _TILTS[1:]:
        said = (held * prior**-tilt).argmax(axis=1)
        gain = scores.macro_f1(truth, said)
        if gain > best and scores.accuracy(truth, said) >= start - 0.005:
            best, chosen = gain, tilt
    if not chosen:
        return blend, held
    leaning = held * prior**-chosen
    out = replace(blend, bias=blend.bias - chosen * np.log(prior), tilt=chosen)
    return out, leaning / leaning.sum(axis=1, keepdims=True)
