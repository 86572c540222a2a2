"""Relevance from features: a small model of named features that learns from links and is replaced only by a better one.

The weights are fitted on whole lists (softmax over the candidates of one question, as in ListNet: Cao et al., ICML
2007), so that what counts is the order inside an answer. A second, one-dimensional logistic step (Platt, 1999) turns
the logarithm of a candidate's share in that softmax into a probability; the margin alone left it half as honest, since
it does not know what else there is to choose from. Margins are linear in the features: every part can be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit

from kb.errors import Damaged, TooLittle

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW = 400
"""Questions with a right answer among their candidates that it takes to refit the weights.

With a few hundred, weights fit the habit of linking (what is recent) and forget what a text says.
"""
L2 = 0.01
"""How firmly weights are held near 0."""
HELD_BACK = 0.3
"""Share of the questions, the latest ones, that a challenger is judged on."""
SHOWN = 10
"""So many candidates of a question are shown, and are what probabilities are fitted to."""
_CLIP = 6.0
_FLAT = 1e-9
"""A feature that spreads less than this does not vary."""
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Plain:
    """What ranks instead where none of the features ``missing`` tells one candidate from another."""

    missing: tuple[str, ...]
    ranker: LinearRanker


class LinearRanker:
    """Margins that are weighted sums of standardised features, and a calibrated probability for each margin.

    A ranker that leans on features which a young desk does not have yet may carry a ``plain`` one for that case.
    """

    def __init__(
        self, names: Sequence[str], weights: ArrayLike, *, centre: ArrayLike, scale: ArrayLike,
        platt: tuple[float, float] = (1.0, 0.0), origin: str = "", plain: Plain | None = None,
    ) -> None:  # fmt: skip
        self.names, self.plain = tuple(names), plain
        self.weights, self.centre, self.scale = (np.asarray(part, np.float64) for part in (weights, centre, scale))
        self.platt, self.origin = (float(platt[0]), float(platt[1])), origin
        numbers = np.concatenate([np.ravel(self.weights), np.ravel(self.centre), np.ravel(self.scale), self.platt])
        shapes = {self.weights.shape, self.centre.shape, self.scale.shape}
        if shapes != {(len(self.names),)} or not np.isfinite(numbers).all() or (self.scale <= 0).any():
            raise Damaged("This ranker's numbers do not fit its features: run `seenbefore train` to make it anew.")

    def standardised(self, features: Floats) -> Floats:
        """Features of shape (n, len(names)) with mean 0 and spread 1 on what was fitted, clipped at 6 spreads."""
        out: Floats = np.clip((features - self.centre) / self.scale, -_CLIP, _CLIP)
        return out

    def for_these(self, features: Floats) -> LinearRanker:
        """The ranker that fits these candidates: this one, or the plain one where what this one leans on is missing."""
        if self.plain is None or not len(features):
            return self
        part = features[:, [self.names.index(name) for name in self.plain.missing]]
        return self.plain.ranker if (part == part[0]).all() else self

    def margins(self, features: Floats) -> Floats:
        """Features of shape (n, len(names)) to unbounded margins of shape (n,); higher is more likely to help."""
        ranker = self.for_these(features)
        out: Floats = ranker.standardised(features) @ ranker.weights
        return out

    def parts(self, features: Floats) -> Floats:
        """What each feature adds to each margin: shape (n, len(names)), rows sum to :meth:`margins`."""
        ranker = self.for_these(features)
        out: Floats = ranker.standardised(features) * ranker.weights
        return out

    def relevance(self, features: Floats) -> Floats:
        """Features (n, len(names)) of the candidates of one question to calibrated probabilities (n,) in [0, 1]."""
        if not len(features):
            return np.zeros(0)
        slope, offset = self.for_these(features).platt
        out: Floats = expit(slope * _log_shares(self.margins(features), np.zeros(1, np.int64)) + offset)
        return out

    # --- learning ----------------------------------------------------------------------------------------------

    @classmethod
    def fit(
        cls, names: Sequence[str], features: Floats, labels: ArrayLike, questions: ArrayLike, *,
        weights: ArrayLike | None = None, l2: float = L2, origin: str = "",
    ) -> LinearRanker:  # fmt: skip
        """Fit on the candidates of many questions: rows of one question stand together.

        ``features`` (n, k), ``labels`` (n,) 1 where the candidate is a right answer, ``questions`` (n,) which question
        a row belongs to, ``weights`` (n,) how much the question of a row counts. The probabilities are left as they
        fall out; :meth:`calibrated` makes them honest. Raises ``TooLittle`` where no question has a right answer.
        """
        x, y, starts = _lists(features, labels, questions)
        centre, spread = x.mean(axis=0), x.std(axis=0)
        scale = np.where(spread > _FLAT, spread, 1.0)
        right = np.add.reduceat(y, starts)
        if not right.any():
            raise TooLittle("No question has a right answer among its candidates: there is nothing to learn from yet.")
        counts = np.diff(np.r_[starts, len(y)])
        each = np.ones(len(starts)) if weights is None else np.asarray(weights, np.float64)[starts]
        each = np.where(right > 0, each, 0.0)
        z = np.clip((x - centre) / scale, -_CLIP, _CLIP) * (spread > _FLAT)
        target = y / np.repeat(np.maximum(right, 1.0), counts)
        found = _descend(z, target, np.repeat(each / each.sum(), counts), starts, l2)
        return cls(names, found, centre=centre, scale=scale, origin=origin).calibrated(features, labels, questions)

    def calibrated(self, features: Floats, labels: ArrayLike, questions: ArrayLike) -> LinearRanker:
        """The same ranker with probabilities that fit these candidates, best not those it was fitted on.

        Only the first :data:`SHOWN` of each list count: those are what a reader sees.
        """
        x, y, starts = _lists(features, labels, questions)
        margins = self.margins(x)
        shown = _places(margins, starts) < SHOWN
        platt = _platt(_log_shares(margins, starts)[shown], y[shown])
        return LinearRanker(self.names, self.weights, centre=self.centre, scale=self.scale, platt=platt,
                            origin=self.origin, plain=self.plain)  # fmt: skip

    # --- keeping -----------------------------------------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """Plain lists and numbers for a JSON file; :meth:`from_state` takes them back."""
        return {
            "format": _FORMAT, "names": list(self.names), "weights": self.weights.tolist(),
            "centre": self.centre.tolist(), "scale": self.scale.tolist(), "platt": list(self.platt),
            "origin": self.origin,
            "plain": None if self.plain is None else [list(self.plain.missing), self.plain.ranker.to_state()],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Any, *, names: Sequence[str] | None = None) -> LinearRanker:
        """The ranker that gave this state. Raises ``Damaged`` where it cannot be, or was fitted for other features."""
        try:
            if state["format"] != _FORMAT:
                raise Damaged("This ranker was written by another version: run `seenbefore train` to make it anew.")
            if names is not None and tuple(state["names"]) != tuple(names):
                raise Damaged("This ranker was trained for another list of features: run `seenbefore train`.")
            slope, offset = state["platt"]
            plain = state.get("plain")
            other = None if plain is None else Plain(tuple(plain[0]), cls.from_state(plain[1], names=state["names"]))
            return cls(state["names"], state["weights"], centre=state["centre"], scale=state["scale"],
                       platt=(slope, offset), origin=str(state["origin"]), plain=other)  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Damaged("This ranker's file is damaged: run `seenbefore train` to make it anew.") from error


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a challenger may replace the champion, and the figures of both on the same later questions."""

    publish: bool
    why: str
    """One plain sentence."""
    questions: int = 0
    """Questions with a right answer, all told."""
    held_back: int = 0
    """How many of them, the latest, both were judged on."""
    challenger: Mapping[str, float] = field(default_factory=dict)
    champion: Mapping[str, float] = field(default_factory=dict)


def contest(
    champion: LinearRanker, features: Floats, labels: ArrayLike, questions: ArrayLike, *,
    weights: ArrayLike | None = None, few: int = FEW, origin: str = "", given: Sequence[str] = (),
) -> tuple[LinearRanker, Verdict]:  # fmt: skip
    """Fit a challenger on the earlier questions, judge both on the later ones, and return who serves from now on.

    Questions stand in the order they were asked. A challenger is published only where its MRR@10 on the later
    questions is higher; it is then fitted again on all of them, with probabilities calibrated on the later ones.
    Features named in ``given``, and those that never vary here, keep the champion's weights.
    """
    x, y, starts = _lists(features, labels, questions)
    answered = int((np.add.reduceat(y, starts) > 0).sum()) if len(y) else 0
    if answered < few:
        why = f"{answered} questions with a linked answer; it takes {few} to learn new weights."
        return champion, Verdict(False, why, answered)
    cut = int(starts[int(len(starts) * (1 - HELD_BACK))])
    names = champion.names
    q = np.asarray(questions)
    each = None if weights is None else np.asarray(weights, np.float64)
    early = LinearRanker.fit(names, x[:cut], y[:cut], q[:cut], weights=None if each is None else each[:cut])
    early = _heir(early, champion, x[:cut], given)
    ours, theirs = (ranking_figures(r.margins(x[cut:]), y[cut:], q[cut:]) for r in (early, champion))
    held = int(ours["questions"])
    if ours["mrr@10"] <= theirs["mrr@10"]:
        why = (f"New weights reach MRR {ours['mrr@10']:.3f} on {held} later questions, those in use "
               f"{theirs['mrr@10']:.3f}: kept.")  # fmt: skip
        return champion, Verdict(False, why, answered, held, ours, theirs)
    final = _heir(LinearRanker.fit(names, x, y, q, weights=each, origin=origin), champion, x, given)
    final = LinearRanker(names, final.weights, centre=final.centre, scale=final.scale, origin=origin,
                         platt=early.calibrated(x[cut:], y[cut:], q[cut:]).platt, plain=champion.plain)  # fmt: skip
    why = f"New weights lift MRR from {theirs['mrr@10']:.3f} to {ours['mrr@10']:.3f} on {held} later questions."
    return final, Verdict(True, why, answered, held, ours, theirs)


def _heir(found: LinearRanker, champion: LinearRanker, x: Floats, given: Sequence[str]) -> LinearRanker:
    """The challenger with the champion's word on what these examples could not teach it."""
    keep = np.array([name in given for name in found.names]) | (x.std(axis=0) <= _FLAT)
    weights, centre, scale = (
        np.where(keep, theirs, ours)
        for ours, theirs in ((found.weights, champion.weights), (found.centre, champion.centre),
                             (found.scale, champion.scale))
    )  # fmt: skip
    return LinearRanker(found.names, weights, centre=centre, scale=scale, platt=found.platt, origin=found.origin,
                        plain=found.plain)  # fmt: skip


def ranking_figures(margins: Floats, labels: ArrayLike, questions: ArrayLike) -> dict[str, float]:
    """``mrr@10``, ``success@1`` and ``success@10`` over all questions; one without a right candidate counts as missed.

    Ties are broken against us: a right candidate stands behind the wrong ones it ties with.
    """
    ranks = first_ranks(margins, labels, questions)
    if not len(ranks):
        return {"mrr@10": 0.0, "success@1": 0.0, "success@10": 0.0, "questions": 0.0}
    return {
        "mrr@10": float(np.where(ranks <= 10, 1 / ranks, 0.0).mean()),
        "success@1": float((ranks <= 1).mean()),
        "success@10": float((ranks <= 10).mean()),
        "questions": float(len(ranks)),
    }


def first_ranks(margins: Floats, labels: ArrayLike, questions: ArrayLike) -> Floats:
    """Rank of the best right candidate of each question, counted from 1; inf where there is none."""
    _, y, starts = _lists(margins[:, None], labels, questions)
    if not len(y):
        return np.zeros(0)
    counts = np.diff(np.r_[starts, len(y)])
    best = np.maximum.reduceat(np.where(y > 0, margins, -np.inf), starts)
    ahead = (margins >= np.repeat(best, counts)) & (y == 0)
    return np.where(np.isfinite(best), 1.0 + np.add.reduceat(ahead.astype(np.float64), starts), np.inf)


def _lists(features: Floats, labels: ArrayLike, questions: ArrayLike) -> tuple[Floats, Floats, Ints]:
    x, y, q = np.asarray(features, np.float64), np.asarray(labels, np.float64), np.asarray(questions)
    if not len(x) == len(y) == len(q):
        raise ValueError(f"{len(x)} rows of features, {len(y)} labels and {len(q)} questions do not belong together")
    return x, y, np.flatnonzero(np.r_[True, q[1:] != q[:-1]]) if len(q) else np.zeros(0, np.int64)


def _descend(z: Floats, target: Floats, each: Floats, starts: Ints, l2: float) -> Floats:
    """Weights that make the softmax over each list fit its target, by L-BFGS."""
    counts = np.diff(np.r_[starts, len(z)])

    def loss(w: Floats) -> tuple[float, Floats]:
        m = z @ w
        m = m - np.repeat(np.maximum.reduceat(m, starts), counts)
        e = np.exp(m)
        total = np.repeat(np.add.reduceat(e, starts), counts)
        value = -float((each * target * (m - np.log(total))).sum()) + 0.5 * l2 * float(w @ w)
        return value, z.T @ (each * (e / total - target)) + l2 * w

    found = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x, np.float64)


def _places(margins: Floats, starts: Ints) -> Ints:
    """Place of each candidate in its list, 0 for the best; ties in order."""
    if not len(margins):
        return np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(margins)])
    order = np.lexsort((-margins, np.repeat(np.arange(len(starts)), counts)))
    places = np.empty(len(margins), np.int64)
    places[order] = np.arange(len(margins)) - np.repeat(starts, counts)
    return places


def _log_shares(margins: Floats, starts: Ints) -> Floats:
    """Logarithm of each candidate's share in the softmax over its list."""
    counts = np.diff(np.r_[starts, len(margins)])
    m = margins - np.repeat(np.maximum.reduceat(margins, starts), counts)
    out: Floats = m - np.log(np.repeat(np.add.reduceat(np.exp(m), starts), counts))
    return out


def _platt(margins: Floats, right: Floats) -> tuple[float, float]:
    """Slope (never below 0) and offset of a logistic curve through (margin, right), by Newton's method."""
    n1, n0 = float(right.sum()), float(len(right) - right.sum())
    if n1 == 0 or n0 == 0:
        return 0.0, float(np.log((n1 + 1) / (n0 + 1)))
    centre, spread = float(margins.mean()), float(margins.std()) or 1.0
    x = np.column_stack([(margins - centre) / spread, np.ones(len(margins))])
    target = np.where(right > 0, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    theta = np.array([0.0, np.log((n1 + 1) / (n0 + 1))])
    for _ in range(60):
        p = expit(x @ theta)
        w = np.maximum(p * (1 - p), 1e-9)
        step = np.linalg.solve((x * w[:, None]).T @ x + 1e-6 * np.eye(2), x.T @ (p - target))
        theta = theta - np.clip(step, -4, 4)
        if np.abs(step).max() < 1e-9:
            break
    slope = max(0.0, float(theta[0]) / spread)
    return slope, float(theta[1]) - slope * centre
