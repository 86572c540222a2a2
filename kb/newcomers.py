"""Patterns as of this moment: what was made, and every ticket since in the pattern it joins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.patterns import UNDATED, Patterns
from kb.shelves import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """Patterns with the tickets that were not there when they were made."""

    made: Patterns
    snapshot: Snapshot
    patterns: Patterns
    settled: NDArray[np.int64]
    """Store ids of the newcomers that have a vector, ascending."""

    @classmethod
    def of(cls, made: Patterns, snapshot: Snapshot, before: Live | None = None) -> Live:
        """Let newcomers join; those that joined ``before`` and did not change since are not looked at again."""
        pool = snapshot.pools["ticket"]
        come = np.setdiff1d(pool.columns.ids, made.ticket, assume_unique=True)
        start, kept = made, np.zeros(0, dtype=np.int64)
        if before is not None and before.made is made:
            kept = np.setdiff1d(np.intersect1d(before.settled, come), pool.vectors.changed)
            start = before.patterns.part(np.union1d(made.ticket, kept))
        fresh = np.setdiff1d(come, kept)
        vectors = pool.vectors.rows(fresh)
        opened = pool.columns.numbers["opened"][pool.columns.places(fresh)]
        patterns = start.with_fresh(fresh, vectors, np.where(opened > 0, opened, UNDATED))
        return cls(made, snapshot, patterns, np.union1d(kept, fresh[np.abs(vectors).sum(axis=1) > 0]))
