"""Figures: how right, how honest and how well ordered predictions are, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import beta
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Labels = Sequence[Any] | NDArray[Any]


def _codes(*columns: Labels) -> list[NDArray[np.int64]]:
    """The columns as codes of one shared alphabet, sorted as text where values are text."""
    arrays = [np.asarray(column) for column in columns]
    _, flat = np.unique(np.concatenate(arrays), return_inverse=True)
    return [part.astype(np.int64) for part in np.split(flat, np.cumsum([len(a) for a in arrays])[:-1])]


def accuracy(truth: Labels, guess: Labels) -> float:
    """Share of guesses that are right, in [0, 1]; 0 for no guesses."""
    right = np.asarray(truth) == np.asarray(guess)
    return float(right.mean()) if right.size else 0.0


def _f1_by_class(truth: NDArray[np.int64], guess: NDArray[np.int64], k: int) -> tuple[Floats, NDArray[np.bool_]]:
    """F1 of each of k classes and which classes occur in truth or guess; rows of 2-d input are resamples."""
    truth, guess = np.atleast_2d(truth), np.atleast_2d(guess)
    rows = np.arange(len(truth))[:, None] * k
    size = len(truth) * k
    support = np.bincount((rows + truth).ravel(), minlength=size).reshape(-1, k)
    said = np.bincount((rows + guess).ravel(), minlength=size).reshape(-1, k)
    hit = np.bincount((rows + truth)[truth == guess], minlength=size).reshape(-1, k)
    total = support + said
    return 2 * hit / np.maximum(total, 1), total > 0


def macro_f1(truth: Labels, guess: Labels) -> float:
    """Mean F1 over the classes that occur in truth or guess (scikit-learn's macro average)."""
    if not len(truth):
        return 0.0
    t, g = _codes(truth, guess)
    f1, seen = _f1_by_class(t, g, int(max(t.max(), g.max())) + 1)
    return float(f1[0][seen[0]].mean())


def macro_f1_interval(
    truth: Labels, guess: Labels, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of macro-F1, items drawn with replacement."""
    if not len(truth):
        return 0.0, 0.0
    t, g = _codes(truth, guess)
    k, rng = int(max(t.max(), g.max())) + 1, np.random.default_rng(seed)
    values = []
    step = max(1, min(resamples, 4_000_000 // len(t)))
    for start in range(0, resamples, step):
        pick = rng.integers(0, len(t), (min(step, resamples - start), len(t)))
        f1, seen = _f1_by_class(t[pick], g[pick], k)
        values.append((f1 * seen).sum(axis=1) / seen.sum(axis=1))
    low, high = np.quantile(np.concatenate(values), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def interval(per_item: ArrayLike, *, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Interval:
    """Percentile bootstrap interval of the mean of one value an item (right or not, reciprocal rank ...)."""
    values = np.asarray(per_item, dtype=np.float64)
    if not values.size:
        return 0.0, 0.0
    rng, means = np.random.default_rng(seed), []
    step = max(1, min(resamples, 4_000_000 // len(values)))
    for start in range(0, resamples, step):
        pick = rng.integers(0, len(values), (min(step, resamples - start), len(values)))
        means.append(values[pick].mean(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def ece(confidence: ArrayLike, right: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over bins of confidence (Guo 2017)."""
    conf, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not conf.size:
        return 0.0
    at = np.clip(np.ceil(conf * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(at, weights=hit - conf, minlength=bins)
    return float(np.abs(gaps).sum() / len(conf))


def reliability(confidence: ArrayLike, right: ArrayLike, *, bins: int = 15) -> list[tuple[float, float, int]]:
    """Rows (mean confidence, accuracy, count) of the non-empty bins of :func:`ece`, for a reliability plot."""
    conf, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    at = np.clip(np.ceil(conf * bins).astype(np.int64) - 1, 0, bins - 1)
    return [
        (float(conf[at == b].mean()), float(hit[at == b].mean()), int((at == b).sum()))
        for b in range(bins)
        if (at == b).any()
    ]


def coverage_at(confidence: ArrayLike, right: ArrayLike, precision: float) -> float:
    """Largest share that can be answered, most confident first, with the precision of the answers kept.

    Items of equal confidence are answered together or not at all.
    """
    conf, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not conf.size:
        return 0.0
    order = np.argsort(-conf, kind="stable")
    kept = np.cumsum(hit[order]) / np.arange(1, len(hit) + 1) >= precision
    last_of_tie = np.append(np.diff(conf[order]) != 0, True)
    good = np.flatnonzero(kept & last_of_tie)
    return float((good[-1] + 1) / len(hit)) if good.size else 0.0


def quadratic_kappa(truth: Sequence[int], guess: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights, for ordered levels such as priority; 1 where everything is one level."""
    if not len(truth):
        return 0.0
    if len(set(truth) | set(guess)) < 2:
        return 1.0
    levels = list(range(min(*truth, *guess), max(*truth, *guess) + 1))
    return float(cohen_kappa_score(truth, guess, labels=levels, weights="quadratic"))


def reciprocal_ranks(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> Floats:
    """1 / rank of the first right answer within the first ``at``, 0 where none; float64 of shape (questions,)."""
    out = np.zeros(len(ranked))
    for row, (answers, right) in enumerate(zip(ranked, truth, strict=True)):
        out[row] = next((1 / rank for rank, answer in enumerate(answers[:at], 1) if answer in right), 0.0)
    return out


def mrr(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> float:
    """Mean reciprocal rank of the first right answer within the first ``at``."""
    return float(reciprocal_ranks(ranked, truth, at=at).mean()) if len(ranked) else 0.0


def successes(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> Floats:
    """1 where a right answer stands within the first ``at``, else 0; float64 of shape (questions,)."""
    return (reciprocal_ranks(ranked, truth, at=at) > 0).astype(np.float64)


def success(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> float:
    """Share of questions with a right answer within the first ``at``."""
    return float(successes(ranked, truth, at=at).mean()) if len(ranked) else 0.0


def gains(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> Floats:
    """Normalised discounted cumulative gain of each question, binary relevance; float64 of shape (questions,)."""
    discount, out = 1 / np.log2(np.arange(2, at + 2)), np.zeros(len(ranked))
    for row, (answers, right) in enumerate(zip(ranked, truth, strict=True)):
        hit = np.array([answer in right for answer in answers[:at]], dtype=np.float64)
        best = discount[: min(at, len(right))].sum()
        out[row] = (hit * discount[: len(hit)]).sum() / best if best else 0.0
    return out


def ndcg(ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], *, at: int = 10) -> float:
    """Mean normalised discounted cumulative gain over the first ``at`` answers, binary relevance."""
    return float(gains(ranked, truth, at=at).mean()) if len(ranked) else 0.0


def bcubed(truth: Labels, guess: Labels) -> tuple[float, float, float]:
    """B-cubed (precision, recall, F1) of a grouping, averaged over items (Bagga and Baldwin 1998)."""
    if not len(truth):
        return 0.0, 0.0, 0.0
    t, g = _codes(truth)[0], _codes(guess)[0]
    table = sparse.coo_array((np.ones(len(t)), (t, g))).tocsr().tocoo()
    squares, rows, columns = table.data**2, table.row, table.col
    precision = float((squares / np.bincount(g)[columns]).sum() / len(t))
    recall = float((squares / np.bincount(t)[rows]).sum() / len(t))
    return precision, recall, 2 * precision * recall / (precision + recall)


def adjusted_rand(truth: Labels, guess: Labels) -> float:
    """Adjusted Rand index of two groupings: 1 for the same, about 0 for chance."""
    return float(adjusted_rand_score(_codes(truth)[0], _codes(guess)[0])) if len(truth) else 0.0


def clopper_pearson(right: int, n: int, *, level: float = 0.95) -> float:
    """Exact lower bound of a share seen as ``right`` of ``n``, one-sided at ``level``; 0 for no observations."""
    return float(beta.ppf(1 - level, right, n - right + 1)) if n and right else 0.0


def clopper_pearson_interval(right: int, n: int, *, level: float = 0.95) -> Interval:
    """Exact two-sided interval of a share seen as ``right`` of ``n``; (0, 1) for no observations."""
    if not n:
        return 0.0, 1.0
    half = (1 - level) / 2
    high = float(beta.ppf(1 - half, right + 1, n - right)) if right < n else 1.0
    return clopper_pearson(right, n, level=1 - half), high
