"""Vectors kept under (content hash, embedder), so that no text is embedded twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from kb import schema as s
from kb.database import Database, chunks
from kb.learners import Vectors

MANY = 20_000
"""From so many hashes on, one pass over all that are kept is quicker than looking each of them up."""
_AT_ONCE = 5_000


class Cache(Database):
    """The vectors of texts, passages, gists and questions."""

    def known_vectors(self, hashes: Sequence[str], embedder: str, dim: int) -> tuple[Vectors, NDArray[np.bool_]]:
        """Cached vectors: float32 of shape (len(hashes), dim) and which rows were found (others are zero)."""
        first: dict[str, int] = {}
        same = np.fromiter((first.setdefault(key, i) for i, key in enumerate(hashes)), np.int64, len(hashes))
        matrix, found = np.zeros((len(hashes), dim), np.float32), np.zeros(len(hashes), bool)
        t = s.vectors.c
        query = sa.select(t.content_hash, t.vector).where(t.embedder == embedder)
        with self._reading() as db:
            if len(first) < MANY:
                for part in chunks(list(first)):
                    _place(db.execute(query.where(t.content_hash.in_(part))).all(), first, matrix, found)
            else:
                for rows in db.execution_options(yield_per=_AT_ONCE).execute(query).partitions():
                    _place(rows, first, matrix, found)
        again = np.flatnonzero(same != np.arange(len(same)))
        matrix[again], found[again] = matrix[same[again]], found[same[again]]
        return matrix, found

    def missing_vectors(self, hashes: Iterable[str], embedder: str) -> set[str]:
        """Those of the hashes that have no cached vector of this embedder."""
        missing = set(hashes)
        t = s.vectors.c
        query = sa.select(t.content_hash).where(t.embedder == embedder)
        with self._reading() as db:
            if len(missing) < MANY:
                for keys in chunks(sorted(missing)):
                    missing.difference_update(db.scalars(query.where(t.content_hash.in_(keys))))
            else:
                for part in db.execution_options(yield_per=_AT_ONCE).scalars(query).partitions():
                    missing.difference_update(part)
        return missing

    def keep_vectors(self, hashes: Sequence[str], embedder: str, matrix: Vectors) -> None:
        """Cache vectors under (content hash, embedder); those already there stay as they are."""
        rows = {key: matrix[i].astype(np.float16).tobytes() for i, key in enumerate(hashes)}
        t = s.vectors.c
        with self._writing() as db:
            for part in chunks(list(rows)):
                query = sa.select(t.content_hash).where(t.embedder == embedder, t.content_hash.in_(part))
                known = set(db.scalars(query))
                new = [{"content_hash": k, "embedder": embedder, "vector": rows[k]} for k in part if k not in known]
                if new:
                    db.execute(sa.insert(s.vectors), new)


def _place(rows: Iterable[Sequence[Any]], first: dict[str, int], matrix: Vectors, found: NDArray[np.bool_]) -> None:
    """Put those of the rows (hash, vector as float16 bytes) that are asked for and as long as they should be."""
    size = 2 * matrix.shape[1]
    mine = [(first[key], blob) for key, blob in rows if key in first and len(blob) == size]
    if mine:
        places = np.array([place for place, _ in mine])
        matrix[places] = np.frombuffer(b"".join([blob for _, blob in mine]), np.float16).reshape(len(mine), -1)
        found[places] = True
