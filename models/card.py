"""What a model says of itself: what it promised, what it kept on later cases, and what its cases looked like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models import scores
from models.contest import Figures, Said, figures
from models.contract import Contract
from models.labels import OTHER
from models.learner import TextClassifier
from models.spelling import folded

Floats = NDArray[np.float64]
POINTS = 40
PROMISES = (0.70, 0.80, 0.85, 0.90, 0.925, 0.95, 0.97, 0.98, 0.99)
WORST_PAIRS = 12
LATER, HELD_OUT = "later", "held out"
NARROW, WIDE = 0.10, 0.25
"""Population stability: below the first nothing moved, above the second the population is another one."""
REST, NONE = "(rest)", "(none)"


@dataclass(frozen=True, slots=True)
class Card:
    """The card of one target's model; plain values only, so that it is JSON as it stands."""

    target: str
    fitted_in: str
    """Name of the generation the model was fitted for; a kept model stays in service under newer ones."""
    tickets: int
    """Labelled cases learnt from."""
    trained_until: str | None
    """When the latest of them was opened, ISO 8601."""
    fields: list[str]
    """Names of the structured fields that are looked at."""
    promise: float
    judged_on: str
    """What the figures below are of: "later" cases than those fitted on, or "held out" ones where there are too few."""
    judged: int
    figures: dict[str, float]
    """accuracy, macro_f1, ece, coverage, precision with ``low`` and ``high``, its exact 95 % interval."""
    macro_f1_interval: list[float]
    classes: list[dict[str, Any]]
    """One a class: label, learnt (cases), from (least confidence to speak at, or None), said, right, precision, low,
    high."""
    worst_tenth: dict[str, Any]
    """The tenth of the speaking classes with the lowest precision, taken together."""
    pooled: dict[str, int]
    """Rare labels that are learnt as one and never said, with their counts."""
    reliability: list[list[float]]
    """Rows of mean confidence, share right, cases."""
    confused: list[dict[str, Any]]
    """The worst pairs: truth, said, cases, and their share of all cases of that truth."""
    curve: list[dict[str, float]]
    """One threshold for all classes: threshold, coverage, precision, low, high; from speaking least to always."""
    promises: list[dict[str, float]]
    """What other promises would bring: promise, coverage, precision, low, high."""
    population: dict[str, dict[str, float]] = field(default_factory=dict)
    """Name of a histogram → its bins and their shares; of the latest cases learnt from."""
    population_of: int = 0
    """How many cases the histograms count."""
    made: dict[str, Any] = field(default_factory=dict)
    """How the model is made: view weights, blend, calibration."""

    def to_state(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Card:
        """The card that gave this state; what a newer program wrote into it beyond that is left out."""
        names = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in state.items() if name in names})


def card(
    target: str, model: TextClassifier, *, fitted_in: str, trained_until: str | None = None,
    later: tuple[Floats, Sequence[str], TextClassifier] | None = None,
    population: Mapping[str, Mapping[str, float]] | None = None, population_of: int = 0,
) -> Card:  # fmt: skip
    """The card of a fitted model.

    ``later``: probabilities (n, k) of later cases, their true labels, and the classifier that said so: fitted like
    ``model``, but on nothing as late as these cases. Without it the card shows the held-out predictions of training.
    """
    if later is not None:
        proba, truth, judge = later
        best, sure = proba.argmax(axis=1), proba.max(axis=1)
        said = Said.of(judge.classes, proba, judge.contract.speaks(proba))
        offers = [(p, sure >= judge.promised(p).thresholds[best]) for p in PROMISES]
    else:
        held, names = model.held, model.classes
        guess, sure = held.said.astype(np.int64), held.confidence.astype(np.float64)
        truth = [names[c] if c >= 0 else "" for c in held.truth.tolist()]
        limits = model.contract.thresholds[guess]
        said = Said(list(names), [names[c] for c in guess.tolist()], sure, sure >= limits)
        offers = [(p, sure >= model.promised(p).thresholds[guess]) for p in PROMISES]
    right = np.array([folded(a) == folded(b) for a, b in zip(said.labels, truth, strict=True)], bool)
    found: Figures = figures(said, truth)
    rows = _classes(model, said, right)
    return Card(
        target, fitted_in, sum(model.counts), trained_until,
        sorted({name.partition("=")[0] for name in model.views.onehot.names}), model.contract.promise,
        HELD_OUT if later is None else LATER, len(truth), asdict(found),
        list(scores.macro_f1_interval(list(truth), said.labels, resamples=300)) if len(truth) else [0.0, 0.0],
        rows, worst_tenth(rows), dict(model.pooled),
        [list(row) for row in scores.reliability(said.confidence, right)], _confused(said.labels, truth),
        curve(said.confidence, right), [{"promise": p, **_kept(right, speaks)} for p, speaks in offers],
        {name: dict(bins) for name, bins in (population or {}).items()}, population_of,
        {"view_weights": model.blend.shares(len(model.classes)), "blend": model.blend.kind,
         "calibration": model.calibration.kind},
    )  # fmt: skip


def curve(confidence: Floats, right: NDArray[np.bool_], *, points: int = POINTS) -> list[dict[str, float]]:
    """Precision and coverage of n cases at about ``points`` thresholds, the strictest first."""
    if not len(confidence):
        return []
    order = np.argsort(-confidence, kind="stable")
    conf, hits = confidence[order], np.cumsum(right[order])
    ends = np.unique(np.linspace(1, len(conf), points).round().astype(np.int64))
    ends = np.unique(np.searchsorted(-conf, -conf[ends - 1], side="right"))
    out = []
    for end in ends.tolist():
        low, high = scores.clopper_pearson_interval(int(hits[end - 1]), end)
        out.append({"threshold": float(conf[end - 1]), "coverage": end / len(conf),
                    "precision": float(hits[end - 1]) / end, "low": low, "high": high})  # fmt: skip
    return out


def worst_tenth(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tenth of the classes that spoke (at least one) with the lowest precision: labels, said, right, precision,
    low, high."""
    spoke = sorted((row for row in rows if row["said"]), key=lambda row: (row["precision"], -row["said"]))
    worst = spoke[: max(1, len(spoke) // 10)] if spoke else []
    said, right = sum(row["said"] for row in worst), sum(row["right"] for row in worst)
    low, high = scores.clopper_pearson_interval(right, said)
    return {"labels": [row["label"] for row in worst], "said": said, "right": right,
            "precision": right / said if said else 1.0, "low": low, "high": high}  # fmt: skip


def by_class(labels: Sequence[str], right: NDArray[np.bool_], speaks: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    """Label → how often it was spoken and how often that was right."""
    spoken = Counter(label for label, on in zip(labels, speaks.tolist(), strict=True) if on)
    hits = Counter(label for label, on, ok in zip(labels, speaks.tolist(), right.tolist(), strict=True) if on and ok)
    return {label: (count, hits[label]) for label, count in spoken.items()}


# --- drift ----------------------------------------------------------------------------------------------------------


def histogram(values: Sequence[str], *, most: int = 12) -> dict[str, float]:
    """Shares of the commonest values, of all others ("(rest)") and of none given ("(none)"); they sum to 1."""
    counts = Counter(value or NONE for value in values)
    top = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]]
    total = max(1, len(values))
    out = {name: counts[name] / total for name in top}
    if rest := len(values) - sum(counts[name] for name in top):
        out[REST] = rest / total
    return out


def rebinned(values: Sequence[str], expected: Mapping[str, float]) -> dict[str, float]:
    """Shares of new values in the bins of an earlier histogram; what has no bin there counts as "(rest)"."""
    counts = Counter((value or NONE) if (value or NONE) in expected else REST for value in values)
    total = max(1, len(values))
    return {name: counts[name] / total for name in dict.fromkeys([*expected, *counts])}


def psi(expected: Mapping[str, float], actual: Mapping[str, float], *, least: float = 1e-4) -> float:
    """Population stability index of two histograms over the same bins: 0 for the same shares, no upper bound.

    The sum of (a - e) ln(a / e) (Siddiqi 2006, "Credit Risk Scorecards", p. 137), the symmetric Kullback-Leibler
    divergence. An empty bin counts as ``least``. By custom below 0.10 nothing moved, from 0.25 on it is another
    population; few cases exceed both by chance alone, see :func:`chance`.
    """
    names = list(dict.fromkeys([*expected, *actual]))
    e = np.array([expected.get(name, 0.0) for name in names], dtype=np.float64)
    a = np.array([actual.get(name, 0.0) for name in names], dtype=np.float64)
    if e.sum() <= 0 or a.sum() <= 0:
        return 0.0
    e, a = np.maximum(e / e.sum(), least), np.maximum(a / a.sum(), least)
    return float(((a - e) * np.log(a / e)).sum())


def chance(bins: int, n: int, m: int, *, level: float = 0.95) -> float:
    """What the index of n and m cases in so many bins stays below by chance in a share ``level`` of samples.

    Without drift it is about (1/n + 1/m) times a chi-square with bins - 1 degrees of freedom (Yurdakul 2018,
    "Statistical Properties of Population Stability Index").
    """
    return float(chi2.ppf(level, bins - 1) * (1 / n + 1 / m)) if bins > 1 and n and m else 0.0


# --- the small print ------------------------------------------------------------------------------------------------


def _kept(right: NDArray[np.bool_], speaks: NDArray[np.bool_]) -> dict[str, float]:
    said, hits = int(speaks.sum()), int(right[speaks].sum())
    low, high = scores.clopper_pearson_interval(hits, said)
    return {"coverage": said / max(1, len(right)), "precision": hits / said if said else 1.0, "low": low, "high": high}


def _classes(model: TextClassifier, said: Said, right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    spoken = by_class(said.labels, right, said.speaks)
    contract: Contract = model.contract
    rows = []
    for label, learnt, limit in zip(model.classes, model.counts, contract.thresholds.tolist(), strict=True):
        if label == OTHER:
            continue
        n, hits = spoken.get(label, (0, 0))
        low, high = scores.clopper_pearson_interval(hits, n)
        rows.append({"label": label, "learnt": learnt, "from": limit if np.isfinite(limit) else None, "said": n,
                     "right": hits, "precision": hits / n if n else None, "low": low, "high": high})  # fmt: skip
    return rows


def _confused(labels: Sequence[str], truth: Sequence[str]) -> list[dict[str, Any]]:
    support = Counter(truth)
    pairs = Counter((t, s) for t, s in zip(truth, labels, strict=True) if folded(t) != folded(s) and t)
    return [{"truth": t, "said": s, "cases": n, "share": n / support[t]}
            for (t, s), n in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:WORST_PAIRS]]  # fmt: skip
