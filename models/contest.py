"""Whether a newly fitted model may take the place of the one in service, judged on the same later cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import scores
from models.labels import OTHER
from models.spelling import folded

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

WORSE_F1 = 0.01
WORSE_ECE = 0.02
WORSE_COVERAGE = 0.05
"""So much worse a challenger may be by chance or for the sake of what it newly knows."""
SURE = 0.9
"""Share of the resamples that must find it worse before it counts as worse."""
RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Said:
    """What one model says of n cases: best label, its probability, and whether the contract lets it speak."""

    classes: list[str]
    """All labels it can say."""
    labels: list[str]
    confidence: Floats
    speaks: NDArray[np.bool_]

    @classmethod
    def of(cls, classes: Sequence[str], proba: Floats, speaks: NDArray[np.bool_]) -> Said:
        """From calibrated probabilities (n, classes)."""
        return cls(list(classes), [classes[c] for c in proba.argmax(axis=1).tolist()], proba.max(axis=1), speaks)


@dataclass(frozen=True, slots=True)
class Figures:
    """How one model did on the judged cases."""

    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    precision: float
    """Share right where it spoke; 1 where it never did."""
    low: float
    high: float
    """Exact 95 % interval of ``precision`` (Clopper and Pearson 1934)."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who serves one target from now on, and why."""

    publish: bool
    why: str
    """One plain sentence."""
    cases: int = 0
    """How many later cases both were judged on; 0 where there was nothing to compare."""
    challenger: Figures | None = None
    champion: Figures | None = None
    changes: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Figure → bounds that hold 80 % of the resampled differences, challenger less champion."""

    def to_state(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)


def rule(champion: Said, challenger: Said, truth: Sequence[str], *, promise: float, seed: int = 0) -> Ruling:
    """Judge both on the same n cases.

    The challenger is refused where its macro-F1, calibration error or coverage is worse by more than the tolerance
    and a paired bootstrap (the same resamples for both) finds it worse in nine of ten resamples, or where it breaks
    the promise (the exact interval of its precision lies below) and the champion does not or breaks it by less.
    """
    right = [np.array([folded(a) == folded(b) for a, b in zip(one.labels, truth, strict=True)], bool)
             for one in (champion, challenger)]  # fmt: skip
    codes = _codes(truth, champion, challenger)
    old = _figures(champion, right[0], codes[0], codes[1])
    new = _figures(challenger, right[1], codes[0], codes[2])
    draws = _differences(champion, challenger, codes, seed)
    changes = {name: (float(np.quantile(d, 0.1)), float(np.quantile(d, 0.9))) for name, d in draws.items()}
    faults = []
    if new.macro_f1 < old.macro_f1 - WORSE_F1 and (draws["macro_f1"] < 0).mean() >= SURE:
        faults.append(f"macro-F1 {new.macro_f1:.3f} against {old.macro_f1:.3f}")
    if new.ece > old.ece + WORSE_ECE and (draws["ece"] > 0).mean() >= SURE:
        faults.append(f"calibration error {new.ece:.3f} against {old.ece:.3f}")
    broken, was_broken = new.high < promise, old.high < promise
    if broken and (not was_broken or new.precision < old.precision):
        faults.append(f"it was right {new.precision:.0%} of the times it spoke, promised {promise:.0%}")
    if not was_broken and new.coverage < old.coverage - WORSE_COVERAGE and (draws["coverage"] < 0).mean() >= SURE:
        faults.append(f"it speaks on {new.coverage:.0%} against {old.coverage:.0%}")
    n = len(truth)
    if faults:
        why = f"Kept the model in service: on {n:,} later tickets the new one is worse ({'; '.join(faults)})."
    else:
        why = (f"Published: on {n:,} later tickets not worse than the one before (macro-F1 {new.macro_f1:.3f} against "
               f"{old.macro_f1:.3f}, speaks on {new.coverage:.0%} against {old.coverage:.0%}).")  # fmt: skip
    return Ruling(not faults, why, n, new, old, changes)


def figures(said: Said, truth: Sequence[str]) -> Figures:
    """How one model did on n cases whose outcome is known."""
    right = np.array([folded(a) == folded(b) for a, b in zip(said.labels, truth, strict=True)], bool)
    codes = _codes(truth, said)
    return _figures(said, right, codes[0], codes[1])


def _codes(truth: Sequence[str], *said: Said) -> list[Codes]:
    """Labels as codes of one alphabet; a true label that no model can say counts as "(other)"."""
    named = {folded(label) for one in said for label in one.classes}
    rest = folded(OTHER) if folded(OTHER) in named else None
    names = [folded(label) for label in truth]
    columns = [[name if rest is None or name in named else rest for name in names]]
    columns += [[folded(label) for label in one.labels] for one in said]
    at = {name: i for i, name in enumerate(sorted({name for column in columns for name in column}))}
    return [np.array([at[name] for name in column], np.int64) for column in columns]


def _figures(said: Said, right: NDArray[np.bool_], truth: Codes, guess: Codes) -> Figures:
    spoken = int(said.speaks.sum())
    hits = int(right[said.speaks].sum())
    low, high = scores.clopper_pearson_interval(hits, spoken)
    hit, n = truth == guess, max(1, len(right))
    ece = scores.ece(said.confidence, hit)
    kept = hits / spoken if spoken else 1.0
    return Figures(float(hit.sum()) / n, scores.macro_f1(truth, guess), ece, spoken / n, kept, low, high)


def _differences(champion: Said, challenger: Said, codes: Sequence[Codes], seed: int) -> dict[str, Floats]:
    """Challenger less champion in each resample: both are drawn the same cases."""
    truth, k, n = codes[0], 1 + max(int(code.max()) for code in codes), len(codes[0])
    rng = np.random.default_rng(seed)
    out = {name: np.empty(RESAMPLES) for name in ("macro_f1", "ece", "coverage")}
    sides = tuple(zip((champion, challenger), codes[1:], strict=True))
    gaps = []
    for said, guess in sides:
        at = np.clip(np.ceil(said.confidence * 15).astype(np.int64) - 1, 0, 14)
        gaps.append((at, (truth == guess) - said.confidence))
    for draw in range(RESAMPLES):
        weight = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        support = np.bincount(truth, weight, k)
        f1, ece, coverage = [], [], []
        for (said, guess), (at, gap) in zip(sides, gaps, strict=True):
            hit = np.bincount(truth, weight * (truth == guess), k)
            total = support + np.bincount(guess, weight, k)
            f1.append(float((2 * hit / np.maximum(total, 1))[total > 0].mean()))
            ece.append(float(np.abs(np.bincount(at, weight * gap, 15)).sum() / n))
            coverage.append(float((weight * said.speaks).sum() / n))
        for name, pair in (("macro_f1", f1), ("ece", ece), ("coverage", coverage)):
            out[name][draw] = pair[1] - pair[0]
    return out
