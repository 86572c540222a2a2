"""Plain methods that the bench holds the product against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN

MOST = 6_000


def hdbscan(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Groups of unit vectors (n, dim) by density (Campello 2013), smallest group two; -1 for noise.

    Beyond 6,000 rows only the first are grouped: it compares all with all.
    """
    labels = np.full(len(vectors), -1, np.int64)
    part = vectors[:MOST].astype(np.float64)
    if len(part) >= 2:
        labels[: len(part)] = HDBSCAN(min_cluster_size=2, copy=True).fit(part).labels_
    return labels


def fuse(*rankings: NDArray[np.int64], most: int, k: float = 60.0) -> list[int]:
    """Reciprocal rank fusion (Cormack 2009) of rankings of ids, best first; ids below 0 are no answers."""
    score: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking.tolist(), 1):
            if item >= 0:
                score[item] = score.get(item, 0.0) + 1 / (k + rank)
    return sorted(score, key=lambda item: (-score[item], item))[:most]
