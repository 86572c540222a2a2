"""Nearest vectors by store id, filtered before ranking; FAISS is used here and in kb/lists.py only."""

from __future__ import annotations

import io
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kb import lists as lists_of
from kb.errors import Damaged
from kb.learners import Vectors

EXACT_UP_TO = 200_000
"""Below this many vectors every one is compared; above, an inverted file with 8-bit scalar quantisation."""
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
_NOTHING: Ids = np.zeros(0, np.int64)


class VectorIndex:
    """An immutable index over unit vectors; score is the cosine, higher is closer.

    Fresh vectors live in a small second index beside the published one; what they replace is left out of the first.
    """

    def __init__(self, ids: Ids, index: Any, dim: int) -> None:
        self._ids, self._index, self.dim = ids, index, dim
        self._dense = len(ids) > 0 and int(ids[-1]) - int(ids[0]) + 1 == len(ids)
        self._fresh: VectorIndex | None = None
        self._gone: Ids = _NOTHING

    # --- making ------------------------------------------------------------------------------------------------

    @classmethod
    def build(
        cls, ids: Ids, matrix: Vectors, *, exact_up_to: int = EXACT_UP_TO, probes: int | None = None
    ) -> VectorIndex:
        """Index float32 ``matrix`` of shape (n, dim), unit or zero rows; zero rows are left out, ids must be unique.

        Above ``exact_up_to`` rows are kept in lists, of which a question looks at ``probes``: more find more, slower.

        Raises ``ValueError`` for unequal lengths, repeated or negative ids, and values that are not finite.
        """
        ids, matrix = np.ascontiguousarray(ids, np.int64), np.ascontiguousarray(matrix, np.float32)
        if matrix.ndim != 2 or len(ids) != len(matrix):
            raise ValueError(f"{len(ids)} ids for an array of shape {matrix.shape}")
        if len(ids) and (ids.min() < 0 or len(np.unique(ids)) != len(ids)):
            raise ValueError("ids must be unique and not negative")
        length = np.einsum("ij,ij->i", matrix, matrix)
        if not np.isfinite(length).all():
            raise ValueError("a vector holds a value that is not a number")
        order = np.argsort(ids, kind="stable")
        order = order[length[order] > 0]
        if not np.array_equal(order, np.arange(len(ids))):
            ids, matrix = ids[order], matrix[order]
        dim = int(matrix.shape[1])
        return cls(ids, _train(matrix, dim, exact_up_to, probes), dim)

    def to_bytes(self) -> tuple[bytes, Ids]:
        """The published part as bytes, and the ids in index order."""
        return faiss.serialize_index(self._index).tobytes(), self._ids

    @classmethod
    def from_bytes(cls, blob: bytes, ids: Ids, *, dim: int) -> VectorIndex:
        """Read back bytes whose checksum the caller has verified. Raises ``Damaged`` where they do not fit."""
        faiss.set_deserialization_vector_byte_limit(2 * len(blob) + 1024)
        faiss.set_deserialization_loop_limit(10**6)
        try:
            reader = faiss.PyCallbackIOReader(io.BytesIO(blob).read)  # type: ignore[attr-defined]
            index = faiss.read_index(reader)  # in place: copied first it takes twice as long
        except RuntimeError as error:
            raise Damaged("The vector index cannot be read: run `seenbefore index`.") from error
        if index.d != dim or index.ntotal != len(ids) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise Damaged("The vector index does not match its manifest: run `seenbefore index`.")
        return cls(ids, index, dim)

    def with_fresh(self, ids: Ids, matrix: Vectors, gone: Ids) -> VectorIndex:
        """A new view: the same published index, without ``gone``, and with these fresh vectors beside it."""
        other = VectorIndex(self._ids, self._index, self.dim)
        other._fresh = VectorIndex.build(ids, matrix.reshape(-1, self.dim)) if len(ids) else None
        other._gone = np.unique(np.concatenate([gone, ids])).astype(np.int64)
        return other

    # --- asking ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many vectors can be found."""
        live = len(self._ids) - int(np.isin(self._gone, self._ids).sum())
        return live + (len(self._fresh) if self._fresh else 0)

    @property
    def changed(self) -> Ids:
        """Ids that are not as they were published: new, changed or gone; ascending."""
        return self._gone

    def search(self, queries: Vectors, most: int, *, allowed: Mask | None = None) -> tuple[Ids, Vectors]:
        """Nearest ids and scores, both of shape (n, most), best first; missing places hold -1 and -inf.

        ``allowed`` is indexed by store id; ids beyond its end are not allowed. Applied before ranking.
        """
        queries = np.ascontiguousarray(queries, np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise ValueError(f"queries of shape {queries.shape} for vectors of length {self.dim}")
        if not np.isfinite(queries).all():
            raise ValueError("a query holds a value that is not a number")
        ids, scores = self._search_published(queries, most, allowed)
        if self._fresh is not None:
            more_ids, more_scores = self._fresh.search(queries, most, allowed=allowed)
            ids, scores = np.hstack([ids, more_ids]), np.hstack([scores, more_scores])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :most]
            ids, scores = np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1)
        return ids, scores

    def rows(self, ids: Ids) -> Vectors:
        """The vectors of these ids, float32 of shape (len(ids), dim); zeros where there is none."""
        matrix = np.zeros((len(ids), self.dim), np.float32)
        if len(self._ids):
            place = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
            mine = np.flatnonzero((self._ids[place] == ids) & ~np.isin(ids, self._gone))
            if len(mine):
                matrix[mine] = self._index.reconstruct_batch(place[mine].astype(np.int64))
        if self._fresh is not None:
            other = self._fresh.rows(ids)
            found = np.abs(other).sum(axis=1) > 0
            matrix[found] = other[found]
        return matrix

    def _search_published(self, queries: Vectors, most: int, allowed: Mask | None) -> tuple[Ids, Vectors]:
        n = len(queries)
        empty = np.full((n, most), -1, np.int64), np.full((n, most), -np.inf, np.float32)
        if not len(self._ids) or not most or not n:
            return empty
        keep = None
        if allowed is not None or len(self._gone):
            keep = np.ones(len(self._ids), bool)
            if allowed is not None:
                keep = self._look_up(allowed)
            if len(self._gone):
                place = np.minimum(np.searchsorted(self._ids, self._gone), len(self._ids) - 1)
                keep[place[self._ids[place] == self._gone]] = False
            if not keep.any():
                return empty
        scores, places = self._ask(queries, min(most, len(self._ids)), keep)
        found = places >= 0
        ids = np.where(found, self._ids[np.where(found, places, 0)], -1)
        scores = np.where(found, scores, -np.inf).astype(np.float32)
        if ids.shape[1] < most:
            pad = most - ids.shape[1]
            ids = np.pad(ids, ((0, 0), (0, pad)), constant_values=-1)
            scores = np.pad(scores, ((0, 0), (0, pad)), constant_values=-np.inf)
        return ids, scores

    def _look_up(self, allowed: Mask) -> Mask:
        """``allowed[ids]``, where ids beyond the end are not allowed."""
        answer = np.zeros(len(self._ids), bool)
        if self._dense:
            there = allowed[int(self._ids[0]) : int(self._ids[-1]) + 1]
            answer[: len(there)] = there
            return answer
        inside = self._ids < len(allowed)
        answer[inside] = allowed[self._ids[inside]]
        return answer

    def _ask(self, queries: Vectors, most: int, keep: Mask | None) -> tuple[Vectors, Ids]:
        inverted = isinstance(self._index, faiss.IndexIVF)
        if keep is None:
            return self._index.search(queries, most)  # type: ignore[no-any-return]
        bits = np.packbits(keep, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        if inverted:
            share = float(keep.mean())
            probes = self._index.nlist if share < 0.05 else min(self._index.nlist, int(self._index.nprobe / share))
            params: Any = faiss.SearchParametersIVF(sel=selector, nprobe=probes)  # type: ignore[call-arg]
        else:
            params = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        return self._index.search(queries, most, params=params)  # type: ignore[no-any-return]


def _train(matrix: Vectors, dim: int, exact_up_to: int, probes: int | None) -> Any:
    if len(matrix) <= exact_up_to:
        exact = faiss.IndexFlatIP(dim)
        exact.add(matrix)
        return exact
    lists = int(4 * np.sqrt(len(matrix)))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim), dim, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    sample = matrix[np.random.default_rng(0).permutation(len(matrix))[: 40 * lists]]
    centres = lists_of.centres(sample, lists)
    index.quantizer.add(centres)
    index.train(sample)
    lists_of.add(index, matrix, centres)
    index.nprobe = probes or max(16, lists // 40)
    index.make_direct_map()
    return index
