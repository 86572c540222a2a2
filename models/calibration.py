"""Honest probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_TINY = 1e-6
KINDS = ("as is", "temperature", "logistic", "isotonic")


def log_loss(proba: Floats, truth: Codes) -> float:
    """Mean negative log of the probability given to the right class; a zero row of ``proba`` is never asked."""
    return float(-np.log(np.clip(proba[np.arange(len(truth)), truth], 1e-12, 1)).mean())


def _sum_to_one(proba: Floats) -> Floats:
    proba = np.clip(proba, _TINY, None)
    out: Floats = proba / proba.sum(axis=1, keepdims=True)
    return out


@dataclass(frozen=True, slots=True)
class Steps:
    """A rising function through points (x ascending, y), straight between them and flat outside."""

    x: Floats
    y: Floats

    @classmethod
    def fit(cls, scores: ArrayLike, right: ArrayLike) -> Steps:
        """Isotonic regression of ``right`` (0 or 1) on ``scores``, pulled a little towards the base rate."""
        s, r = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=np.float64)
        base = float(r.mean())
        ends = np.array([s.min(), s.max()])
        model = IsotonicRegression(out_of_bounds="clip").fit(
            np.concatenate([s, ends]), np.concatenate([r, [base, base]])
        )
        return cls(np.asarray(model.X_thresholds_, dtype=np.float64), np.asarray(model.y_thresholds_, dtype=np.float64))

    def __call__(self, scores: ArrayLike) -> Floats:
        return np.interp(np.asarray(scores, dtype=np.float64), self.x, self.y)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns raw class probabilities into honest ones: one of four kinds, chosen by held-out log-loss."""

    kind: str = "as is"
    temperature: float = 1.0
    slopes: Floats = field(default_factory=lambda: np.empty(0))
    """Shape (k, 2): slope and intercept of each class on the logit of its raw probability, for kind "logistic"."""
    steps: tuple[Steps, ...] = ()
    """One a class, for kind "isotonic"."""

    def __call__(self, proba: Floats) -> Floats:
        """Return calibrated probabilities, float64 of the shape given, rows sum to 1."""
        if self.kind == "temperature":
            out: Floats = np.exp(log_softmax(np.log(np.clip(proba, _TINY, 1)) / self.temperature, axis=1))
            return out
        if self.kind == "logistic":
            at = logit(np.clip(proba, _TINY, 1 - _TINY))
            return _sum_to_one(expit(at * self.slopes[:, 0] + self.slopes[:, 1]))
        if self.kind == "isotonic":
            return _sum_to_one(np.column_stack([step(proba[:, c]) for c, step in enumerate(self.steps)]))
        return _sum_to_one(proba)

    @classmethod
    def fit(
        cls, proba: Floats, truth: Codes, *, kinds: Sequence[str] = KINDS, folds: int = 5, seed: int = 0
    ) -> Calibration:
        """Fit on held-out probabilities of shape (n, k) and their true class codes.

        Each of ``kinds`` is fitted on part of the rows and scored by log-loss on the others, and the best one is
        fitted on all. The per-class kinds are only tried where there are rows enough for them.
        """
        if len(kinds) == 1:
            return _fit_kind(kinds[0], proba, truth)
        if len(truth) < 30:
            return cls()
        kinds = [name for name in kinds if name in KINDS[:2] or len(truth) >= 50 * proba.shape[1]]
        fold = np.random.default_rng(seed).permutation(len(truth)) % folds
        losses = {
            name: np.mean(
                [
                    log_loss(_fit_kind(name, proba[fold != f], truth[fold != f])(proba[fold == f]), truth[fold == f])
                    for f in range(folds)
                ]
            )
            for name in kinds
        }
        return _fit_kind(min(losses, key=lambda name: losses[name]), proba, truth)

    def crossed(self, proba: Floats, truth: Codes, *, folds: int = 5, seed: int = 0) -> Floats:
        """Return ``proba`` calibrated by this kind, each row by a fit that has not seen it."""
        out = np.empty_like(proba)
        fold = np.random.default_rng(seed + 1).permutation(len(truth)) % folds
        for f in range(folds):
            if (fold == f).any():
                out[fold == f] = _fit_kind(self.kind, proba[fold != f], truth[fold != f])(proba[fold == f])
        return out

    def to_state(self) -> dict[str, Any]:
        """Plain numbers and arrays that :meth:`from_state` takes back."""
        return {
            "kind": self.kind,
            "temperature": self.temperature,
            "slopes": self.slopes,
            "x": [step.x for step in self.steps],
            "y": [step.y for step in self.steps],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Calibration:
        """The calibration that gave this state."""
        steps = tuple(Steps(x, y) for x, y in zip(state["x"], state["y"], strict=True))
        return cls(state["kind"], float(state["temperature"]), state["slopes"], steps)


def _fit_kind(kind: str, proba: Floats, truth: Codes) -> Calibration:
    if kind == "temperature":
        logs = np.log(np.clip(proba, _TINY, 1))
        rows = np.arange(len(truth))

        def loss(log_t: float) -> float:
            return float(-log_softmax(logs / np.exp(log_t), axis=1)[rows, truth].mean())

        found = minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded", options={"xatol": 1e-3})
        return Calibration(kind, temperature=float(np.exp(found.x)))
    if kind == "logistic":
        at = logit(np.clip(proba, _TINY, 1 - _TINY))
        return Calibration(kind, slopes=np.array([_line(at[:, c], truth == c) for c in range(proba.shape[1])]))
    if kind == "isotonic":
        return Calibration(kind, steps=tuple(Steps.fit(proba[:, c], truth == c) for c in range(proba.shape[1])))
    return Calibration()


def _line(score: Floats, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of a logistic regression of ``right`` on ``score``; the slope never falls below 0."""
    if right.all() or not right.any():
        return 0.0, float(logit((right.sum() + 1) / (len(right) + 2)))
    model = LogisticRegression(C=100.0).fit(score[:, None], right)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        return 0.0, float(logit(np.clip(right.mean(), _TINY, 1 - _TINY)))
    return slope, float(model.intercept_[0])


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """From one score to the probability that it is right; rising, for search relevance and the like."""

    slope: float = 1.0
    intercept: float = 0.0
    steps: Steps | None = None

    @property
    def kind(self) -> str:
        """ "isotonic" or "logistic"."""
        return "isotonic" if self.steps is not None else "logistic"

    def __call__(self, scores: ArrayLike) -> Floats:
        """Scores of any shape (n,) to probabilities in [0, 1] of the same shape."""
        if self.steps is not None:
            return self.steps(scores)
        out: Floats = expit(self.slope * np.asarray(scores, dtype=np.float64) + self.intercept)
        return out

    @classmethod
    def fit(
        cls, scores: ArrayLike, right: ArrayLike, *, kind: str | None = None, folds: int = 5, seed: int = 0
    ) -> ScoreCalibration:
        """Fit on scores (n,) and whether each was right; the kind ("logistic", "isotonic") by held-out log-loss."""
        s, r = np.asarray(scores, dtype=np.float64), np.asarray(right).astype(bool)
        if kind is None:
            kind = "logistic"
            fold = np.random.default_rng(seed).permutation(len(r)) % folds
            if len(r) >= 200 and 10 <= r.sum() <= len(r) - 10:
                losses = {k: cls._held_out(k, s, r, fold) for k in ("logistic", "isotonic")}
                kind = min(losses, key=lambda k: losses[k])
        return cls._fit(kind, s, r)

    @classmethod
    def _fit(cls, kind: str, s: Floats, r: NDArray[np.bool_]) -> ScoreCalibration:
        return cls(steps=Steps.fit(s, r)) if kind == "isotonic" else cls(*_line(s, r))

    @classmethod
    def _held_out(cls, kind: str, s: Floats, r: NDArray[np.bool_], fold: NDArray[np.int64]) -> float:
        total = 0.0
        for f in np.unique(fold):
            p = np.clip(cls._fit(kind, s[fold != f], r[fold != f])(s[fold == f]), 1e-4, 1 - 1e-4)
            total -= float(np.where(r[fold == f], np.log(p), np.log(1 - p)).sum())
        return total / len(r)

    def to_state(self) -> dict[str, Any]:
        """Plain numbers and arrays that :meth:`from_state` takes back."""
        steps = None if self.steps is None else [self.steps.x, self.steps.y]
        return {"slope": self.slope, "intercept": self.intercept, "steps": steps}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ScoreCalibration:
        """The calibration that gave this state."""
        steps = None if state["steps"] is None else Steps(state["steps"][0], state["steps"][1])
        return cls(float(state["slope"]), float(state["intercept"]), steps)
