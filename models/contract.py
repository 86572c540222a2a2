"""Thresholds that keep a promise of precision, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
STARTS = 3


@dataclass(frozen=True, slots=True)
class Contract:
    """From which confidence on a class may be said so that the promised precision is kept; inf means never.

    ``thresholds`` has shape (k,). A threshold is taken only where the exact lower bound (Clopper and Pearson 1934) of
    the precision at and above it reaches the promise. The bounds are corrected for the number of classes by the false
    coverage rate (Benjamini and Yekutieli 2005): where r of k classes may speak, each is bounded with the error level
    times r / k, so that of the classes that speak a share ``level`` is expected to keep the promise, each by itself.
    Within a class thresholds are tried from strict to lax until one fails (fixed-sequence testing, as in Angelopoulos
    et al. 2021, "Learn then Test"), from three starting points that share the error level: a start that is too strict
    has too few rows to prove anything, and one that is too lax fails at once.
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
        classes = [c for c in range(k) if c not in set(silent)]
        ladders = {c: _Ladder.of(confidence[said == c], right[said == c], promise, 1 - level) for c in classes}
        share = (1 - level) * np.arange(1, len(classes) + 1) / max(1, len(classes))
        passing = np.flatnonzero(np.sort([ladder.error for ladder in ladders.values()]) <= share)
        for c in classes if len(passing) else []:
            thresholds[c] = ladders[c].laxest(float(share[passing[-1]]))
        spoken = confidence >= thresholds[said]
        precision = float(right[spoken].mean()) if spoken.any() else 1.0
        return cls(promise, level, thresholds, float(spoken.mean()) if len(spoken) else 0.0, precision)

    def speaks(self, proba: Floats) -> NDArray[np.bool_]:
        """Whether the best guess of each row of ``proba`` (n, k) may be said."""
        best = proba.argmax(axis=1)
        out: NDArray[np.bool_] = proba[np.arange(len(proba)), best] >= self.thresholds[best]
        return out


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The thresholds of one class from strict to lax, and the error level at which each is proved."""

    confidence: Floats
    errors: Floats
    """Probability to see so many right at or above the threshold if the precision there were below the promise."""

    @property
    def starts(self) -> tuple[int, ...]:
        """Where trying begins; none depends on what was right."""
        n = len(self.errors)
        return tuple(sorted({n * part // STARTS for part in range(STARTS)})) if n else ()

    @property
    def error(self) -> float:
        """The error level at which any start is proved; above 1 where there is none."""
        return STARTS * float(self.errors[list(self.starts)].min()) if self.starts else 2.0

    @classmethod
    def of(cls, confidence: Floats, right: NDArray[np.bool_], promise: float, least: float) -> _Ladder:
        """Rungs from the fewest rows on that could prove the promise at the error level ``least`` if all were right."""
        n = len(confidence)
        order = np.argsort(-confidence, kind="stable")
        conf, hits = confidence[order], np.cumsum(right[order])
        fewest = int(np.ceil(np.log(least / STARTS) / np.log(promise))) if 0 < promise < 1 else 1
        if n < fewest:
            return cls(np.empty(0), np.empty(0))
        ends = np.unique(np.concatenate([np.geomspace(fewest, n, 50).astype(int), [n]]))
        ends = np.unique(np.searchsorted(-conf, -conf[ends - 1], side="right"))
        errors = np.asarray(binom.sf(hits[ends - 1] - 1, ends, promise), dtype=np.float64)
        return cls(conf[ends - 1], errors)

    def laxest(self, share: float) -> float:
        """The lowest threshold that is proved at this error level, with all between it and a start; inf where none."""
        best, proved = -1, self.errors <= share / STARTS
        for at in self.starts:
            while at < len(proved) and proved[at]:
                best, at = max(best, at), at + 1
        return float(self.confidence[best]) if best >= 0 else float(np.inf)
