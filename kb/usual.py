"""What is usual: how much the desk gets at each hour of the week, and how unevenly tickets of one kind come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOWS = (15 * 60, 3_600, 4 * 3_600)
"""Seconds looked back from each arrival."""
HISTORY = 182 * 86_400
"""Seconds of the past that say what is usual."""
WEEK = 7 * 86_400
ROBOT = 50
"""A caller with so many tickets in the half year is a desk or a machine: each of theirs counts."""
ALIKE = (0.98, 0.996)
"""Shares of random pairs of tickets that are less alike than two of one burst: a loose and a tight reading."""
_PAIRS = 60_000
_LEAST, _MOST = (0.3, 0.4), (0.62, 0.77)
"""Ends of the scores these may come to: on a desk with few kinds of tickets random pairs are alike often."""


def weekly(times: Ints, at: int) -> Floats:
    """Tickets an hour for each of the 168 hours of the week, from the half year before, outages cut off."""
    low, high = np.searchsorted(times, [at - HISTORY, at])
    times = times[low:high]
    if not len(times):
        return np.full(168, 0.1)
    weeks = max(1.0, (at - max(int(times[0]), at - HISTORY)) / WEEK)
    cell = (at - times) // WEEK * 168 + hour_of_week(times)
    cells, counts = np.unique(cell, return_counts=True)
    slot = cells % 168
    total = np.bincount(slot, counts, minlength=168)
    mean = total / weeks
    capped = np.minimum(counts, 3.0 * mean[slot] + 3.0)
    mean = np.bincount(slot, capped, minlength=168) / weeks
    hours = mean.reshape(7, 24)
    days = hours.sum(1, keepdims=True)
    shape = hours.sum(0, keepdims=True) / max(1e-9, float(hours.sum()))
    smooth = (hours * weeks + days * shape * 4.0) / (weeks + 4.0)
    lately = float((times > at - 28 * 86_400).sum()) / max(1e-9, len(times) * min(1.0, 4.0 / weeks))
    return np.asarray(np.maximum(smooth.ravel() * float(np.clip(lately, 0.5, 2.0)), 1e-3), np.float64)


def hour_of_week(times: Ints) -> Ints:
    """Hour of the week, 0 to 167, Monday first."""
    return np.asarray((times // 3_600 + 72) % 168, np.int64)


def at_this_hour(times: Ints, slots: Ints, now: int) -> NDArray[np.bool_]:
    """Which of these came at this hour of the week, or of one of the last seven days; an hour beside it counts too.

    ``slots`` are the hours of the week of ``times``.
    """
    apart = np.abs(slots - int(hour_of_week(np.array([now]))[0]))
    of_day = apart % 24
    lately = (np.minimum(of_day, 24 - of_day) <= 1) & (times > now - WEEK)
    return np.asarray((np.minimum(apart, 168 - apart) <= 1) | lately, bool)


def unevenness(times: Ints, now: int, span: int) -> Floats:
    """Dispersion (variance = mean + dispersion x mean squared) of counts by window, without the busiest one.

    Drawn towards 1, as if two further tickets had come at once.
    """
    out = np.empty(len(WINDOWS))
    for place, window in enumerate(WINDOWS):
        cells = max(1.0, span / window)
        _, counts = np.unique(times // window, return_counts=True)
        if len(counts) > 1:
            counts = np.delete(counts, counts.argmax())
        total = float(counts.sum())
        pairs = float((counts * (counts - 1)).sum())
        # E[n(n-1)] = mean^2 (1 + a)
        mean = total / cells
        out[place] = max(0.0, (pairs + 2.0 * 0.0 + 1e-12) / max(cells * mean * mean, 1e-12) - 1.0) if total > 1 else 0.0
    return np.clip(out, 0.5, 1e4)


def bars(vectors: Vectors) -> tuple[float, ...]:
    """Scores that these shares of random pairs stay below."""
    if len(vectors) < 2:
        return tuple(0.5 + 0.2 * level for level in range(len(ALIKE)))
    pairs = np.random.default_rng(7).integers(0, len(vectors), (2, _PAIRS))
    pairs = pairs[:, pairs[0] != pairs[1]]
    scores = np.einsum("ij,ij->i", vectors[pairs[0]], vectors[pairs[1]])
    return tuple(float(q) for q in np.clip(np.quantile(scores, ALIKE), _LEAST, _MOST))


def frequent(callers: Ints | None) -> frozenset[int]:
    """Callers who are a desk or a machine."""
    if callers is None or not len(callers):
        return frozenset()
    counts = np.bincount(callers[callers >= 0])
    return frozenset(np.flatnonzero(counts >= ROBOT).tolist())


def only_days(times: Ints) -> bool:
    """Whether dates have no time of day, so that nothing can be said of minutes."""
    return len(times) > 0 and float((times % 86_400 == 0).mean()) > 0.5
