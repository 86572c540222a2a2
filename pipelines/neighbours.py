"""Nearest rows of a large matrix: by lists instead of all with all, here or wherever bulk work goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.vectors import VectorIndex
from models.spread import active

Places = NDArray[np.int64]
_EXACT = 20_000
_MANY = 200_000
_PROBES = 32
_AT_ONCE = 8_192


def indexed(vectors: Vectors, k: int) -> tuple[Places, Vectors]:
    """Positions and cosines of the nearest rows, each (n, k), best first, -1 where there are fewer.

    Above ``_EXACT`` rows nearly all of them are found, looked for in lists instead of comparing all with all.
    """
    probes = _PROBES if len(vectors) <= _MANY else _PROBES // 2
    index = VectorIndex.build(np.arange(len(vectors)), vectors, exact_up_to=_EXACT, probes=probes)
    places = np.empty((len(vectors), k), dtype=np.int64)
    scores = np.empty((len(vectors), k), dtype=np.float32)
    parts = [slice(start, start + _AT_ONCE) for start in range(0, len(vectors), _AT_ONCE)]
    backend = active() if len(parts) > 1 else None
    if backend is None:
        for part in parts:
            places[part], scores[part] = index.search(vectors[part], k)
    else:
        there = There(*index.to_bytes(), vectors)
        jobs = [(part.start, part.stop, k) for part in parts]
        for part, found in zip(parts, backend.run(_near_there, jobs, shared=there), strict=True):
            places[part], scores[part] = found
    return places, np.where(places >= 0, scores, 0.0).astype(np.float32)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class There:
    """What another process needs to look for nearest rows: the index as bytes, its ids, and the vectors."""

    index: bytes
    ids: Places
    vectors: Vectors


def _near_there(there: There, start: int, stop: int, k: int) -> tuple[Any, Any]:
    """Nearest rows of the rows from ``start`` to ``stop``, in whatever process this is."""
    return _opened(there).search(there.vectors[start:stop], k)


_OPENED: list[tuple[There, VectorIndex]] = []


def _opened(there: There) -> VectorIndex:
    """The index, opened once as long as the same one is asked."""
    for known, index in _OPENED:
        if known is there:
            return index
    _OPENED[:] = [(there, VectorIndex.from_bytes(there.index, there.ids, dim=there.vectors.shape[1]))]
    return _OPENED[0][1]
