"""What texts have in common, as a graph: agreement of meaning and words between near ones, and its best division."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Sparse = Any
"""A scipy CSR matrix of float32."""
Neighbours = Callable[[Floats, int], tuple[Ints, Floats]]
"""Rows of unit vectors and k to (positions, cosines), each (n, k); -1 where there are fewer; a row may find itself."""

NEIGHBOURS = 15
SPOKEN = 50
"""Least number of texts in one language that tell what the language shares."""
MOST_APART = 0.4
"""Length of what is taken off for a language at most: what one failure makes of a language stays."""
FLOOR = 0.30
"""Cosine under which two texts are never joined."""
WORDS = 0.45
"""Share of the words (TF-IDF cosine) in the agreement of two texts; the rest is the cosine of meaning."""
COMMON = 0.25
"""Most that is taken off for agreeing with everything, so that a failure which most texts tell of is still one."""
TIME = 0.10
"""Agreement added for two texts opened at the same moment; it fades by e in ``FADE`` seconds."""
FADE = 90 * 86_400.0
LENGTH = 4000
"""Characters of a text whose words are looked at."""
ITERATIONS = 5
_WORD = r"(?u)\b\w[\w-]+\b"
_BLOCK = 1024
_PAIRS = 200_000


@dataclass(frozen=True, slots=True)
class Views:
    """What is known of the nodes: unit vectors, unit TF-IDF rows, agreement with everything, times opened."""

    vectors: Floats
    words: Sparse
    common: NDArray[np.float64]
    """Mean agreement of each node with all, shape (nodes,)."""
    opened: NDArray[np.float64] | None
    """Seconds since 1970, shape (nodes,); NaN where not given."""

    def part(self, rows: Ints) -> Views:
        """Only these nodes."""
        return Views(self.vectors[rows], self.words[rows], self.common[rows],
                     None if self.opened is None else self.opened[rows])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes 0..n-1 of a size each and undirected weighted edges, each once, first end below second, sorted."""

    size: Ints
    first: Ints
    second: Ints
    weight: NDArray[np.float64]


def nearest(vectors: Floats, k: int) -> tuple[Ints, Floats]:
    """Exact nearest rows by cosine, in blocks: positions and cosines, each (n, min(k, n)), best first."""
    n = len(vectors)
    k = min(k, n)
    ids = np.full((n, k), -1, dtype=np.int64)
    scores = np.zeros((n, k), dtype=np.float32)
    for start in range(0, n if k else 0, _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        top = np.sort(np.argpartition(-block, k - 1, axis=1)[:, :k], axis=1)
        score = np.take_along_axis(block, top, axis=1)
        order = np.argsort(-score, axis=1, kind="stable")
        ids[start : start + len(block)] = np.take_along_axis(top, order, axis=1)
        scores[start : start + len(block)] = np.take_along_axis(score, order, axis=1)
    return ids, scores


def look(
    vectors: Floats, texts: Sequence[str], opened: NDArray[np.float64] | None, languages: Sequence[str] | None = None
) -> Views:
    """The views of the nodes. Words that one text has alone say nothing and are left out."""
    counter = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=_WORD, dtype=np.float32)
    try:
        words = counter.fit_transform([text[:LENGTH] for text in texts]).tocsr()
    except ValueError:  # no word is left
        words = sparse.csr_matrix(np.zeros((len(texts), 1), dtype=np.float32))
    vectors = apart_from_language(vectors, languages)
    common = np.zeros(len(texts))
    if len(texts):
        meaning = vectors @ vectors.mean(axis=0)
        common = (1.0 - WORDS) * meaning + WORDS * (words @ np.asarray(words.mean(axis=0)).ravel())
    return Views(vectors, words, np.minimum(common, COMMON).astype(np.float64), opened)


def apart_from_language(vectors: Floats, languages: Sequence[str] | None) -> Floats:
    """Unit rows without what sets their language apart from the others, so that a failure is one in whatever language.

    A language of fewer than ``SPOKEN`` texts counts as not known; a desk of one language is left as it is.
    """
    names, place, sizes = np.unique(languages or [""] * len(vectors), return_inverse=True, return_counts=True)
    place = np.where(sizes[place] < SPOKEN, len(names), place)
    groups, sizes = np.unique(place, return_counts=True)
    out: Floats = vectors.copy()
    for at, size in zip(groups.tolist(), sizes.tolist(), strict=True):
        if SPOKEN <= size < len(vectors):
            apart = vectors[place == at].mean(axis=0) - vectors.mean(axis=0)
            out[place == at] -= apart * min(1.0, MOST_APART / float(np.linalg.norm(apart)))
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return out


def join(views: Views, neighbours: Neighbours) -> Graph:
    """The graph over nodes: each with its ``NEIGHBOURS`` nearest above ``FLOOR``, where they agree at all."""
    n = len(views.vectors)
    first, second, score = _pairs(views.vectors, neighbours)
    weight = _agreement(views.words, views.common, first, second, score)
    if views.opened is not None:
        weight += TIME * np.nan_to_num(np.exp(-np.abs(views.opened[first] - views.opened[second]) / FADE))
    keep = weight > 0
    return Graph(np.ones(n, dtype=np.int64), first[keep], second[keep], weight[keep])


def _pairs(vectors: Floats, neighbours: Neighbours) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Rows that are near each other: lower and higher position, each pair once, and their cosines."""
    n = len(vectors)
    ids, scores = neighbours(vectors, min(NEIGHBOURS + 1, n)) if n > 1 else (np.zeros((n, 0)), np.zeros((n, 0)))
    first = np.repeat(np.arange(n, dtype=np.int64), ids.shape[1])
    second, score = ids.reshape(-1).astype(np.int64), scores.reshape(-1).astype(np.float64)
    keep = (second >= 0) & (second != first) & (score >= FLOOR)
    low, high = np.minimum(first, second)[keep], np.maximum(first, second)[keep]
    _, at = np.unique(low * n + high, return_index=True)
    return low[at], high[at], score[keep][at]


def _agreement(
    words: Sparse, common: NDArray[np.float64], first: Ints, second: Ints, score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each pair of rows agrees on, less what both agree on with everything; ``score`` is their cosine."""
    shared = np.zeros(len(first))
    for start in range(0, len(first), _PAIRS):
        part = slice(start, start + _PAIRS)
        shared[part] = np.asarray(words[first[part]].multiply(words[second[part]]).sum(axis=1)).ravel()
    agreed: NDArray[np.float64] = (1.0 - WORDS) * score + WORDS * shared - (common[first] + common[second]) / 2
    return agreed


def agreement_inside(groups: Ints, views: Views) -> tuple[Ints, NDArray[np.float64]]:
    """Nodes of each group, and what two of them agree on, averaged over all pairs; 0 for a group of one."""
    n, count = len(groups), int(groups.max(initial=-1)) + 1
    size = np.bincount(groups, minlength=count)
    total: Sparse = sparse.csr_matrix((np.ones(n, np.float32), (groups, np.arange(n))), shape=(count, n))
    own = (1.0 - WORDS) * np.einsum("ij,ij->i", views.vectors, views.vectors)
    own = own + WORDS * np.asarray(views.words.multiply(views.words).sum(axis=1)).ravel()
    meaning, words = np.asarray(total @ views.vectors), (total @ views.words).tocsr()
    agreed = (1.0 - WORDS) * np.einsum("ij,ij->i", meaning, meaning)
    agreed = agreed + WORDS * np.asarray(words.multiply(words).sum(axis=1)).ravel()
    agreed -= np.bincount(groups, weights=own, minlength=count)
    agreed -= np.maximum(size - 1, 0) * np.bincount(groups, weights=views.common, minlength=count)
    return size, agreed / np.maximum(size * (size - 1), 1)


def condense(groups: Ints, views: Views, neighbours: Neighbours) -> Graph:
    """The graph over groups: sizes in nodes, and for near groups the agreement of all pairs between them, summed."""
    n, count = len(groups), int(groups.max(initial=-1)) + 1
    size = np.bincount(groups, minlength=count)
    mean: Sparse = sparse.csr_matrix((1.0 / size[groups], (groups, np.arange(n))), shape=(count, n), dtype=np.float32)
    vectors = np.asarray(mean @ views.vectors, dtype=np.float32)
    length = np.linalg.norm(vectors, axis=1).astype(np.float32)
    first, second, score = _pairs(vectors / np.maximum(length, 1e-9)[:, None], neighbours)
    weight = _agreement(
        (mean @ views.words).tocsr(), mean @ views.common, first, second, score * length[first] * length[second]
    )
    keep = weight > 0
    first, second = first[keep], second[keep]
    return Graph(size, first, second, weight[keep] * size[first] * size[second])


def leiden(graph: Graph, gamma: float, seed: int, *, start: Ints | None = None) -> Ints:
    """Group of each node, shape (nodes,); every node has one, if only its own.

    ``start`` are groups to improve on, shape (nodes,); without it every node starts alone.
    """
    if not len(graph.first):
        return np.arange(len(graph.size), dtype=np.int64)
    import igraph  # half a second with what it draws with, and only asked for where patterns are sought

    made = igraph.Graph(n=len(graph.size), edges=np.column_stack([graph.first, graph.second]))
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = made.community_leiden(
            objective_function="CPM",
            weights=graph.weight.tolist(),
            node_weights=graph.size.tolist(),
            resolution=gamma,
            n_iterations=ITERATIONS,
            initial_membership=None if start is None else start.tolist(),
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.asarray(found.membership, dtype=np.int64)


def inside(graph: Graph, groups: Ints) -> Graph:
    """The same nodes with only the edges that stay inside a group."""
    keep = groups[graph.first] == groups[graph.second]
    return Graph(graph.size, graph.first[keep], graph.second[keep], graph.weight[keep])


def closeness_of(vectors: Floats, labels: Ints) -> tuple[Floats, Floats]:
    """Cosine of each row to the centre of its group (0 where none); centres as unit rows, zero where no row is."""
    count = int(labels.max(initial=-1)) + 1
    centres = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(labels[known], kind="stable")]
    if len(order):
        starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
        centres[labels[order[starts]]] = np.add.reduceat(vectors[order], starts, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    closeness = np.zeros(len(labels), dtype=np.float32)
    closeness[known] = np.einsum("ij,ij->i", vectors[known], centres[labels[known]])
    return closeness, centres
