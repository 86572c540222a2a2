"""Honest probabilities, and thresholds that keep a promise of precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit
from scipy.stats import beta
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


@dataclass(frozen=True, slots=True)
class Contract:
    """From which confidence on a class may be said so that the promised precision is kept; inf means never.

    ``thresholds`` has shape (k,). A threshold is taken only where the exact lower bound (Clopper and Pearson 1934) of
    the precision at and above it reaches the promise. The error level is shared out over the classes, and within a
    class thresholds are tried from strict to lax until one fails (fixed-sequence testing, as in Angelopoulos et al.
    2021, "Learn then Test"), so that with probability ``level`` all classes keep the promise at once.
    """

    promise: float
    level: float
    thresholds: Floats
    coverage: float
    """Share of the calibration rows that are answered."""
    precision: float
    """Share of those answered that were right; 1 where none is answered."""

    @classmethod
    def fit(
        cls, said: Codes, confidence: Floats, right: NDArray[np.bool_], k: int, *,
        promise: float = 0.95, level: float = 0.95, silent: Sequence[int] = (),
    ) -> Contract:  # fmt: skip
        """Choose thresholds on rows that were neither fitted on nor will be tested on.

        ``said``, ``confidence``, ``right``: class code of the best guess, its probability, whether it was right, each
        of shape (n,). ``silent``: codes of classes that must never be said.
        """
        thresholds = np.full(k, np.inf)
        share = (1 - level) / max(1, k - len(silent))
        for c in set(range(k)) - set(silent):
            mine = said == c
            thresholds[c] = _threshold(confidence[mine], right[mine], promise, share)
        spoken = confidence >= thresholds[said]
        precision = float(right[spoken].mean()) if spoken.any() else 1.0
        return cls(promise, level, thresholds, float(spoken.mean()) if len(spoken) else 0.0, precision)

    def speaks(self, proba: Floats) -> NDArray[np.bool_]:
        """Whether the best guess of each row of ``proba`` (n, k) may be said."""
        best = proba.argmax(axis=1)
        out: NDArray[np.bool_] = proba[np.arange(len(proba)), best] >= self.thresholds[best]
        return out


def _lower(right: Codes, n: Codes, level: float) -> Floats:
    """Exact lower bounds of shares, as :func:`models.scores.clopper_pearson`, of many at once."""
    low = beta.ppf(1 - level, np.maximum(right, 1), n - right + 1)
    return np.where(right > 0, low, 0.0)


def _threshold(confidence: Floats, right: NDArray[np.bool_], promise: float, share: float) -> float:
    """Lowest confidence from which on the promise is kept with error probability ``share``; inf where none is.

    Three starting points share the error level, since a start that is too strict has too few rows to prove anything
    and one that is too lax fails at once.
    """
    n = len(confidence)
    order = np.argsort(-confidence, kind="stable")
    conf, hits = confidence[order], np.cumsum(right[order])
    least = int(np.ceil(np.log(share / 3) / np.log(promise))) if 0 < promise < 1 else 1
    if n < least:
        return float(np.inf)
    ends = np.unique(np.concatenate([np.geomspace(least, n, 40).astype(int), [n]]))
    ends = np.unique([np.searchsorted(-conf, -conf[end - 1], side="right") for end in ends])
    passes = _lower(hits[ends - 1], ends, 1 - share / 3) >= promise
    best = 0
    for start in {0, len(ends) // 3, 2 * len(ends) // 3}:
        at = start
        while at < len(ends) and passes[at]:
            best = max(best, int(ends[at]))
            at += 1
    return float(conf[best - 1]) if best else float(np.inf)
