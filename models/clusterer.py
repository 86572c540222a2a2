"""Recurring failures among texts: a neighbour graph over meaning and words, Leiden with the constant Potts model.

Equal texts are collapsed to one node first, so thirty thousand copies of one mail pull no harder than one. Two nodes
agree by the cosine of their vectors and of their words (TF-IDF), less what each agrees with everything (some texts are
like all others; compare the hubness of Radovanovic et al. 2010), plus a little where they were opened close in time.
Leiden (Traag, Waltman and van Eck 2019, "From Louvain to Leiden") maximises the constant Potts model (Traag, Van Dooren
and Nesterov 2011), agreement inside groups less resolution x pairs inside: first over nearest neighbours, then over the
groups found, with the mean agreement of all their pairs, since no list of neighbours is as long as a large group.
The resolution is thus what members of a group must agree on average, and it keeps that meaning while a desk grows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import igraph
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Sparse = Any
"""A scipy CSR matrix of float32."""
Progress = Callable[[int, int], None]
Neighbours = Callable[[Floats, int], tuple[Ints, Floats]]
"""Rows of unit vectors and k to (positions, cosines), each (n, k); -1 where there are fewer; a row may find itself."""

NOISE = -1
RESOLUTION = 0.28
"""Where a desk has no links to choose by: chosen on a public desk, where people linked pairs and small groups."""
GRID = (0.1, 0.14, 0.18, 0.22, 0.28, 0.34, 0.4)
"""Resolutions tried where the desk's own links can judge them."""
ENOUGH_LINKS = 50
KEPT = 0.9
"""Share of the links kept inside groups by the coarsest resolution that a finer one must keep too."""
VARIANT_STEP = 0.15
"""How much more members of a variant must share than members of a group."""
NEIGHBOURS = 15
FLOOR = 0.30
"""Cosine under which two texts are never joined."""
WORDS = 0.45
"""Share of the words (TF-IDF cosine) in the agreement of two texts; the rest is the cosine of meaning."""
COMMON = 0.25
"""Most that is taken off for agreeing with everything, so that a failure which most texts tell of is still one."""
TIME = 0.10
"""Agreement added for two texts opened at the same moment; it fades by e in ``FADE`` seconds."""
FADE = 90 * 86_400.0
COHESION = 0.45
"""Least mean cosine of members to the centre of their group; looser groups are noise."""
SMALLEST = 2
"""Least number of texts in a group, copies counted."""
LENGTH = 4000
"""Characters of a text whose words are looked at."""
ITERATIONS = 5
ROUNDS = 4
_WORD = r"(?u)\b\w[\w-]+\b"
_BLOCK = 1024
_PAIRS = 200_000


@dataclass(frozen=True, slots=True)
class Facts:
    """How a run came to its groups, for the reader: always shown beside them."""

    resolution: float
    criterion: str
    """What chose the resolution, in words."""
    groups: int
    noise_share: float
    """Share of all texts, copies counted, that belong to no group; in [0, 1]."""
    distinct: int
    """Texts left after equal ones were collapsed."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Clusters:
    """Groups of n texts: largest first, ties by first member, so the same input always gives the same numbers."""

    labels: Ints
    """Shape (n,): group of each text, -1 for none."""
    variants: Ints
    """Shape (n,): finer groups inside the groups, numbered over all of them; -1 where ``labels`` is -1."""
    closeness: Floats
    """Shape (n,): cosine to the centre of its group in [-1, 1]; 0 where there is none."""
    centres: Floats
    """Shape (groups, dim): unit rows."""
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Views:
    """What is known of the nodes: unit vectors, unit TF-IDF rows, agreement with everything, times opened."""

    vectors: Floats
    words: Sparse
    common: NDArray[np.float64]
    """Mean agreement of each node with all, shape (nodes,)."""
    opened: NDArray[np.float64] | None
    """Seconds since 1970, shape (nodes,); NaN where not given."""


@dataclass(frozen=True, slots=True)
class _Graph:
    """Nodes 0..n-1 of a size each and undirected weighted edges, each once, first end below second, sorted."""

    size: Ints
    first: Ints
    second: Ints
    weight: NDArray[np.float64]


def cluster(
    vectors: Floats,
    texts: Sequence[str],
    *,
    opened: NDArray[np.float64] | None = None,
    neighbours: Neighbours | None = None,
    links: Sequence[tuple[int, int]] | None = None,
    resolution: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Clusters:
    """Group texts that tell of the same failure.

    ``vectors`` is float32 (n, dim), unit rows (a zero row is never grouped), ``texts`` the n texts they were made of.
    ``opened`` are seconds since 1970, shape (n,), NaN where not given.
    ``neighbours`` finds nearest rows; without it they are computed exactly, which suits up to about 50,000 texts.
    ``links`` are pairs of positions that people tied together: they choose the resolution and are never edges.

    Raises ValueError where vectors and texts differ in number.
    """
    if len(vectors) != len(texts):
        raise ValueError(f"{len(vectors)} vectors for {len(texts)} texts")
    began = time.perf_counter()
    tell = progress or (lambda done, total: None)
    node, rows = collapse(texts, vectors)
    tell(1, 5)
    find = neighbours or nearest
    views = _look(vectors[rows], [texts[i] for i in rows], None if opened is None else opened[rows])
    tell(2, 5)
    graph = _join(views, find)
    tell(3, 5)
    gamma, criterion = _resolution(graph, views, node, links, resolution, seed, find)
    coarse = _grow(graph, views, gamma, seed, find)
    fine = _leiden(_inside(graph, coarse), gamma + VARIANT_STEP, seed)
    tell(4, 5)
    labels, closeness, centres = _settle(vectors, node, coarse)
    variants = _number(_spread(fine, node), labels)
    noise = float(np.mean(labels == NOISE)) if len(labels) else 0.0
    tell(5, 5)
    facts = Facts(gamma, criterion, len(centres), noise, len(rows), time.perf_counter() - began)
    return Clusters(labels, variants, closeness, centres, facts)


def collapse(texts: Sequence[str], vectors: Floats) -> tuple[Ints, Ints]:
    """Node of each text, shape (n,), -1 for zero vectors, and the first row of each node, shape (nodes,).

    Texts are equal when they differ only in case and white space.
    """
    seen: dict[str, int] = {}
    node = np.full(len(texts), NOISE, dtype=np.int64)
    rows: list[int] = []
    usable = np.einsum("ij,ij->i", vectors, vectors) > 0.5 if len(texts) else np.zeros(0, dtype=bool)
    for i, text in enumerate(texts):
        if not usable[i]:
            continue
        key = " ".join(text.casefold().split())
        found = seen.setdefault(key, len(rows))
        if found == len(rows):
            rows.append(i)
        node[i] = found
    return node, np.asarray(rows, dtype=np.int64)


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


def _look(vectors: Floats, texts: Sequence[str], opened: NDArray[np.float64] | None) -> _Views:
    """The views of the nodes. Words that one text has alone say nothing and are left out."""
    counter = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=_WORD, dtype=np.float32)
    try:
        words = counter.fit_transform([text[:LENGTH] for text in texts]).tocsr()
    except ValueError:  # no word is left
        words = sparse.csr_matrix(np.zeros((len(texts), 1), dtype=np.float32))
    common = np.zeros(len(texts))
    if len(texts):
        meaning = vectors @ vectors.mean(axis=0)
        common = (1.0 - WORDS) * meaning + WORDS * (words @ np.asarray(words.mean(axis=0)).ravel())
    return _Views(vectors, words, np.minimum(common, COMMON).astype(np.float64), opened)


def _join(views: _Views, neighbours: Neighbours) -> _Graph:
    """The graph over nodes: each with its ``NEIGHBOURS`` nearest above ``FLOOR``, where they agree at all."""
    n = len(views.vectors)
    first, second, score = _pairs(views.vectors, neighbours)
    weight = _agreement(views.words, views.common, first, second, score)
    if views.opened is not None:
        weight += TIME * np.nan_to_num(np.exp(-np.abs(views.opened[first] - views.opened[second]) / FADE))
    keep = weight > 0
    return _Graph(np.ones(n, dtype=np.int64), first[keep], second[keep], weight[keep])


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


def _grow(graph: _Graph, views: _Views, gamma: float, seed: int, neighbours: Neighbours) -> Ints:
    """Group of each node: Leiden over neighbours, then over whole groups until nothing more joins."""
    groups = _leiden(graph, gamma, seed)
    for _ in range(ROUNDS):
        joined = _leiden(_condense(groups, views, neighbours), gamma, seed)
        if joined.max(initial=-1) == groups.max(initial=-1):
            break
        groups = joined[groups]
    return groups


def _condense(groups: Ints, views: _Views, neighbours: Neighbours) -> _Graph:
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
    return _Graph(size, first, second, weight[keep] * size[first] * size[second])


def _resolution(
    graph: _Graph,
    views: _Views,
    node: Ints,
    links: Sequence[tuple[int, int]] | None,
    given: float | None,
    seed: int,
    neighbours: Neighbours,
) -> tuple[float, str]:
    """The resolution to use and what chose it."""
    if given is not None:
        return given, "given"
    pairs = [(node[a], node[b]) for a, b in links or () if node[a] >= 0 and node[b] >= 0 and node[a] != node[b]]
    if len(pairs) < ENOUGH_LINKS:
        return RESOLUTION, f"shipped default (fewer than {ENOUGH_LINKS} links between tickets to choose by)"
    ends = np.asarray(pairs, dtype=np.int64)
    kept = []
    for gamma in GRID:
        groups = _grow(graph, views, gamma, seed, neighbours)
        kept.append(float(np.mean(groups[ends[:, 0]] == groups[ends[:, 1]])))
        if kept[-1] < KEPT * max(kept):
            break
    best = max(i for i, share in enumerate(kept) if share >= KEPT * max(kept))
    why = f"the finest that keeps {kept[best]:.0%} of {len(pairs)} links together (the coarsest keeps {kept[0]:.0%})"
    return GRID[best], why


def _leiden(graph: _Graph, gamma: float, seed: int) -> Ints:
    """Group of each node, shape (nodes,); every node has one, if only its own."""
    if not len(graph.first):
        return np.arange(len(graph.size), dtype=np.int64)
    made = igraph.Graph(n=len(graph.size), edges=np.column_stack([graph.first, graph.second]))
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = made.community_leiden(
            objective_function="CPM",
            weights=graph.weight.tolist(),
            node_weights=graph.size.tolist(),
            resolution=gamma,
            n_iterations=ITERATIONS,
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.asarray(found.membership, dtype=np.int64)


def _inside(graph: _Graph, groups: Ints) -> _Graph:
    """The same nodes with only the edges that stay inside a group."""
    keep = groups[graph.first] == groups[graph.second]
    return _Graph(graph.size, graph.first[keep], graph.second[keep], graph.weight[keep])


def _spread(groups: Ints, node: Ints) -> Ints:
    """From nodes to texts: group of each text, -1 for texts without a node."""
    out = np.full(len(node), NOISE, dtype=np.int64)
    out[node >= 0] = groups[node[node >= 0]]
    return out


def _settle(vectors: Floats, node: Ints, groups: Ints) -> tuple[Ints, Floats, Floats]:
    """Labels, closeness and centres, after groups too small or too loose were let go."""
    labels = _number(_spread(groups, node), None)
    closeness, _ = _closeness(vectors, labels)
    count = int(labels.max(initial=-1)) + 1
    known = labels >= 0
    size = np.bincount(labels[known], minlength=count)
    mean = np.bincount(labels[known], weights=closeness[known], minlength=count) / np.maximum(size, 1)
    good = (size >= SMALLEST) & (mean >= COHESION)
    labels[known] = np.where(good[labels[known]], labels[known], NOISE)
    labels = _number(labels, None)
    closeness, centres = _closeness(vectors, labels)
    return labels, closeness, centres


def _number(groups: Ints, within: Ints | None) -> Ints:
    """Renumber groups from 0, largest first, ties by first member; -1 stays, and where ``within`` is -1 too."""
    out = np.full(len(groups), NOISE, dtype=np.int64)
    keep = groups >= 0 if within is None else (groups >= 0) & (within >= 0)
    if not keep.any():
        return out
    _, first, inverse, size = np.unique(groups[keep], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    out[keep] = rank[inverse]
    return out


def _closeness(vectors: Floats, labels: Ints) -> tuple[Floats, Floats]:
    """Cosine of each row to the centre of its group (0 where none), and the centres as unit rows."""
    count = int(labels.max(initial=-1)) + 1
    centres = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(labels[known], kind="stable")]
    if len(order):
        starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
        centres[:] = np.add.reduceat(vectors[order], starts, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    closeness = np.zeros(len(labels), dtype=np.float32)
    closeness[known] = np.einsum("ij,ij->i", vectors[known], centres[labels[known]])
    return closeness, centres


def match(old: Mapping[str, Sequence[int]], new: Sequence[Sequence[int]], *, least: float = 0.3) -> list[str | None]:
    """The old name each new group goes on under, or ``None`` for a group that is new; no name is given twice.

    ``old`` has the members (ids of any texts) of each named group, ``new`` those of each new group. Pairs are taken by
    falling Jaccard overlap of what both runs could see (members unknown to the old run do not count against it); a pair
    needs ``least`` or half of either side. Ties go to the larger overlap, then to the older name.
    """
    home = {member: name for name, members in old.items() for member in members}
    shared: dict[tuple[str, int], int] = {}
    seen = [0] * len(new)
    for at, members in enumerate(new):
        for member in members:
            name = home.get(member)
            if name is not None:
                shared[name, at] = shared.get((name, at), 0) + 1
                seen[at] += 1
    pairs = []
    for (name, at), both in shared.items():
        overlap = both / (len(old[name]) + seen[at] - both)
        if overlap >= least or both * 2 >= len(old[name]) or both * 2 >= len(new[at]):
            pairs.append((-overlap, -both, name, at))
    out: list[str | None] = [None] * len(new)
    taken: set[str] = set()
    for _, _, name, at in sorted(pairs):
        if out[at] is None and name not in taken:
            out[at] = name
            taken.add(name)
    return out
