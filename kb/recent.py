"""The tickets of the last hours on a desk, and which of them are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.usual import WINDOWS

Floats = NDArray[np.float64]

RING = 512
"""Tickets of the last hours an arrival is compared with."""
_MANY = 32


class Recent:
    """The tickets of the last hours, and which of them are alike."""

    def __init__(self, dim: int, levels: int) -> None:
        self.size = 0
        self.rows = np.zeros(RING, np.int64)
        self.times = np.zeros(RING, np.int64)
        self.vectors = np.zeros((RING, dim), np.float32)
        self.shares = np.ones((RING, levels))
        self.spreads = np.ones((RING, levels, len(WINDOWS)))
        self.links = np.zeros((levels, RING, RING), np.float32)
        self.callers = np.full(RING, -1, np.int64)
        self.counts = np.ones(RING, bool)
        """Whether it counts: the newest of several alike by one caller does."""

    def forget(self, before: int) -> None:
        """Leave out what is older, many at a time."""
        gone = int(np.searchsorted(self.times[: self.size], before, side="right"))
        if gone < _MANY and self.size + 1 < RING:
            return
        gone = min(max(gone, _MANY), self.size)
        left = self.size - gone
        for array in (self.rows, self.times, self.vectors, self.shares, self.spreads, self.callers, self.counts):
            array[:left] = array[gone : self.size].copy()
        self.links[:, :left, :left] = self.links[:, gone : self.size, gone : self.size].copy()
        self.size = left

    def add(self, row: int, at: int, vector: Vectors, share: Floats, spread: Floats, alike: Sequence[float]) -> Vectors:
        """Take one in; returns which of the earlier ones are alike by each reading, of shape (levels, earlier)."""
        n = self.size
        scores = self.vectors[:n] @ vector
        self.rows[n], self.times[n], self.vectors[n] = row, at, vector
        self.shares[n], self.spreads[n] = share, spread
        linked = np.array([scores >= bar for bar in alike], np.float32)
        self.links[:, n, :n] = linked
        self.links[:, :n, n] = linked
        self.links[:, n, n] = 1.0
        self.size = n + 1
        return linked

    def said_by(self, caller: int, alike: Vectors) -> None:
        """Note who reported the newest one; what they said before in the same words counts no more."""
        n = self.size - 1
        self.callers[n], self.counts[n] = caller, True
        if caller >= 0:
            self.counts[:n] &= ~((self.callers[:n] == caller) & (alike > 0))
