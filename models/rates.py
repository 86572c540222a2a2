"""Counts over time: how unlikely a count is, how far two rates differ, which values stand out, told honestly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, gammainc, gammaincinv

Floats = NDArray[np.float64]

_POISSON = 1e-9
"""A dispersion below this is none."""


class Rates:
    """The arithmetic of counts; holds nothing."""

    def tail(self, counts: ArrayLike, expected: ArrayLike, dispersion: ArrayLike = 0.0) -> Floats:
        """Probability of at least so many: negative binomial with variance expected + dispersion x expected squared.

        Poisson where the dispersion is 0. Inputs are broadcast; a count of 0 or less has probability 1, an expectation
        of 0 makes every higher count impossible.
        """
        n, mean, more = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (counts, expected, dispersion)))
        n, mean = np.maximum(n, 0.0), np.maximum(mean, 0.0)
        some = np.maximum(n, 1.0)
        plain = gammainc(some, mean)
        safe = np.maximum(more, _POISSON)
        spread = betainc(some, 1.0 / safe, safe * mean / (1.0 + safe * mean))
        return np.asarray(np.where(n <= 0, 1.0, np.where(more < _POISSON, plain, spread)), np.float64)

    def dispersion(self, counts: ArrayLike, expected: ArrayLike, *, prior: float = 1.0, weight: float = 4.0) -> float:
        """Variance over mean of counts around what was expected (Pearson's chi squared over its degrees of freedom).

        At least 1. Drawn towards ``prior`` as if ``weight`` further counts had shown it; cells in which next to nothing
        was expected count by how much was.
        """
        n, mean = np.asarray(counts, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
        n, mean = n[mean > 0], mean[mean > 0]
        if not len(n):
            return max(1.0, prior)
        squared = float(((n - mean) ** 2 / np.maximum(mean, 0.25)).sum())
        return max(1.0, (squared + weight * prior) / (max(0, len(n) - 1) + weight))

    def ratio(
        self, before: float, before_exposure: float, after: float, after_exposure: float, *, spread: float = 1.0,
        level: float = 0.95,
    ) -> tuple[float, float, float]:  # fmt: skip
        """Rate after over rate before with its interval: (ratio, low, high).

        Given both counts, the share that came after is binomial, so its Clopper-Pearson interval gives that of the
        ratio (Przyborowski and Wilenski 1940); counts that vary ``spread`` times as much as Poisson's say as little as
        1/``spread`` as many (quasi-likelihood, Wedderburn 1974). The end is infinite where nothing can be said.
        """
        if before_exposure <= 0 or after_exposure <= 0:
            return float("nan"), 0.0, float("inf")
        times = before_exposure / after_exposure
        x, y, half = before / spread, after / spread, (1 - level) / 2
        low = betaincinv(y, x + 1.0, half) if y > 0 else 0.0
        high = betaincinv(y + 1.0, x, 1 - half) if x > 0 else 1.0
        ratio = times * after / before if before > 0 else float("inf") if after > 0 else float("nan")
        return float(ratio), _odds(float(low)) * times, _odds(float(high)) * times

    def interval(self, count: int, *, level: float = 0.95) -> tuple[float, float]:
        """Exact ends of a Poisson mean, seen once as ``count`` (Garwood 1936)."""
        half = (1 - level) / 2
        low = float(gammaincinv(count, half)) if count else 0.0
        return low, float(gammaincinv(count + 1.0, 1 - half))

    def stands_out(self, inside: ArrayLike, of_inside: int, outside: ArrayLike, of_outside: int) -> Floats:
        """One-sided exact test of Fisher: how likely at least ``inside`` of ``of_inside`` would be by chance alone."""
        a, b = np.asarray(inside, np.int64), np.asarray(outside, np.int64)
        from scipy.stats import hypergeom  # a second to import, and asked for seldom

        return np.asarray(hypergeom.sf(a - 1, of_inside + of_outside, a + b, of_inside), np.float64)

    def corrected(self, chances: ArrayLike) -> Floats:
        """Holm's correction for many looks (1979): the chance of even one false find among those at or below it."""
        p = np.asarray(chances, np.float64)
        order = np.argsort(p, kind="stable")
        steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
        out = np.empty(len(p))
        out[order] = np.minimum(steps, 1.0)
        return out


def _odds(share: float) -> float:
    return float("inf") if share >= 1.0 else share / (1.0 - share)
