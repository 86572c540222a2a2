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

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.graph import (
    Floats,
    Graph,
    Ints,
    Neighbours,
    Views,
    agreement_inside,
    closeness_of,
    condense,
    inside,
    join,
    leiden,
    look,
    nearest,
)

Progress = Callable[[int, int], None]

NOISE = -1
RESOLUTION = 0.14
"""Where a desk has no links to choose by: the best of the grid on two desks, one public, one of three languages."""
GRID = (0.1, 0.14, 0.18, 0.22, 0.28, 0.34, 0.4)
"""Resolutions tried where the desk's own links can judge them."""
ENOUGH_LINKS = 50
KEPT = 0.9
"""Share of the links kept inside groups by the coarsest resolution that a finer one must keep too."""
JUDGED = 30_000
"""Most nodes that resolutions are tried on; of more, the ends of some links and as many others."""
VARIANT_STEP = 0.15
"""How much more members of a variant must share than members of a group."""
COHESION = 0.35
"""Least mean cosine of all pairs of members; looser groups are noise."""
FEW = 0.2
"""How much more two members must have in common, where chance brings together more easily; fading as 2 / members."""
SMALLEST = 2
"""Least number of texts in a group, copies counted."""
ROUNDS = 4


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
    links: int = 0
    """Links the resolution was chosen by; 0 where there were too few."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Groups of the last run, seen from the texts at hand: where a refit starts, so that what need not change stays."""

    labels: Ints
    """Shape (n,): group of each text; -1 where it was in none or was not there."""
    resolution: float
    """What members of its groups agreed on."""
    criterion: str = "that of the last run"
    """What chose it."""
    links: int = 0
    """Number of links that resolution was chosen by; with twice as many it is chosen anew."""


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


def cluster(
    vectors: Floats,
    texts: Sequence[str],
    *,
    opened: NDArray[np.float64] | None = None,
    languages: Sequence[str] | None = None,
    neighbours: Neighbours | None = None,
    links: Sequence[tuple[int, int]] | None = None,
    resolution: float | None = None,
    earlier: Earlier | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Clusters:
    """Group texts that tell of the same failure.

    ``vectors`` is float32 (n, dim), unit rows (a zero row is never grouped), ``texts`` the n texts they were made of.
    ``opened`` are seconds since 1970, shape (n,), NaN where not given.
    ``languages`` names the language of each text, "" where not known.
    ``neighbours`` finds nearest rows; without it they are computed exactly, which suits up to about 50,000 texts.
    ``links`` are pairs of positions that people tied together: they choose the resolution and are never edges.
    ``earlier`` is what the last run found: its groups stay whole as long as they are close and their members agree by
    the resolution on average; what is new joins them, merges them or makes groups of its own.

    Raises ValueError where vectors and texts differ in number.
    """
    if len(vectors) != len(texts):
        raise ValueError(f"{len(vectors)} vectors for {len(texts)} texts")
    began = time.perf_counter()
    tell = progress or (lambda done, total: None)
    node, rows = collapse(texts, vectors)
    tell(1, 5)
    find = neighbours or nearest
    spoken = None if languages is None else [languages[i] for i in rows]
    views = look(vectors[rows], [texts[i] for i in rows], None if opened is None else opened[rows], spoken)
    tell(2, 5)
    graph = join(views, find)
    tell(3, 5)
    if resolution is None and earlier is not None and len(links or ()) < 2 * max(earlier.links, ENOUGH_LINKS // 2):
        gamma, criterion, judged = earlier.resolution, earlier.criterion, earlier.links
    else:
        gamma, criterion, judged = _resolution(graph, views, node, links, resolution, seed, find)
    start = None if earlier is None else _alone(_held(_close(vectors, earlier.labels)[rows], views, gamma))
    coarse = _grow(graph, views, gamma, seed, find, start)
    fine = leiden(inside(graph, coarse), gamma + VARIANT_STEP, seed)
    tell(4, 5)
    labels, closeness, centres = _settle(vectors, node, coarse)
    variants = _number(_spread(fine, node), labels)
    noise = float(np.mean(labels == NOISE)) if len(labels) else 0.0
    tell(5, 5)
    facts = Facts(gamma, criterion, len(centres), noise, len(rows), time.perf_counter() - began, judged)
    return Clusters(labels, variants, closeness, centres, facts)


def within(variants: Ints, labels: Ints) -> Ints:
    """The same variants inside other groups: each lies in one group, largest first; -1 where ``labels`` is -1."""
    pairs = np.where(labels >= 0, labels * (int(variants.max(initial=-1)) + 2) + variants + 1, NOISE)
    return _number(pairs, labels)


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


def _grow(
    graph: Graph, views: Views, gamma: float, seed: int, neighbours: Neighbours, start: Ints | None = None
) -> Ints:
    """Group of each node: Leiden over neighbours, then over whole groups until nothing more joins.

    ``start`` are groups to begin with, each of which stays whole, shape (nodes,).
    """
    groups = leiden(graph, gamma, seed) if start is None else start
    for _ in range(ROUNDS):
        begin = None if start is None else np.arange(int(groups.max(initial=-1)) + 1)
        joined = leiden(condense(groups, views, neighbours), gamma, seed, start=begin)
        if joined.max(initial=-1) == groups.max(initial=-1):
            break
        groups = joined[groups]
    return groups


def _alone(groups: Ints) -> Ints:
    """The same groups numbered from 0, where each node of none (-1) is alone in one."""
    out = groups.astype(np.int64)
    free = np.flatnonzero(out < 0)
    out[free] = out.max(initial=-1) + 1 + np.arange(len(free))
    return np.unique(out, return_inverse=True)[1].astype(np.int64)


def _held(old: Ints, views: Views, gamma: float) -> Ints:
    """The old groups whose members still agree by ``gamma`` on average, over all their pairs; -1 in place of others."""
    groups = _alone(old)
    size, agreed = agreement_inside(groups, views)
    good = (size == 1) | (agreed >= gamma)
    return np.where((old >= 0) & good[groups], old, NOISE)


def _resolution(
    graph: Graph,
    views: Views,
    node: Ints,
    links: Sequence[tuple[int, int]] | None,
    given: float | None,
    seed: int,
    neighbours: Neighbours,
) -> tuple[float, str, int]:
    """The resolution to use, what chose it and by how many links."""
    if given is not None:
        return given, "given", 0
    pairs = [(node[a], node[b]) for a, b in links or () if node[a] >= 0 and node[b] >= 0 and node[a] != node[b]]
    if len(pairs) < ENOUGH_LINKS:
        return RESOLUTION, f"shipped default (fewer than {ENOUGH_LINKS} links between tickets to choose by)", 0
    ends = np.asarray(pairs, dtype=np.int64)
    if len(views.vectors) > JUDGED:
        rng = np.random.default_rng(seed)
        ends = ends[np.sort(rng.permutation(len(ends))[: JUDGED // 4])]
        rows = np.union1d(ends, rng.permutation(len(views.vectors))[: JUDGED // 2])
        views, ends = views.part(rows), np.searchsorted(rows, ends)
        graph = join(views, neighbours)
    kept = []
    for gamma in GRID:
        groups = _grow(graph, views, gamma, seed, neighbours)
        kept.append(float(np.mean(groups[ends[:, 0]] == groups[ends[:, 1]])))
        if kept[-1] < KEPT * max(kept):
            break
    best = max(i for i, share in enumerate(kept) if share >= KEPT * max(kept))
    why = f"the finest that keeps {kept[best]:.0%} of {len(ends)} links together (the coarsest keeps {kept[0]:.0%})"
    return GRID[best], why, len(links or ())


def _spread(groups: Ints, node: Ints) -> Ints:
    """From nodes to texts: group of each text, -1 for texts without a node."""
    out = np.full(len(node), NOISE, dtype=np.int64)
    out[node >= 0] = groups[node[node >= 0]]
    return out


def _settle(vectors: Floats, node: Ints, groups: Ints) -> tuple[Ints, Floats, Floats]:
    """Labels, closeness and centres, after groups too small or too loose were let go."""
    labels = _close(vectors, _number(_spread(groups, node), None))
    labels = _number(labels, None)
    closeness, centres = closeness_of(vectors, labels)
    return labels, closeness, centres


def _close(vectors: Floats, labels: Ints) -> Ints:
    """The same labels, -1 for texts of groups too small or too loose."""
    closeness, _ = closeness_of(vectors, labels)
    count = int(labels.max(initial=-1)) + 1
    known = labels >= 0
    size = np.bincount(labels[known], minlength=count)
    mean = np.bincount(labels[known], weights=closeness[known], minlength=count) / np.maximum(size, 1)
    pairs = (size * mean**2 - 1) / np.maximum(size - 1, 1)
    good = (size >= SMALLEST) & (pairs >= COHESION + FEW * 2 / np.maximum(size, 1))
    return np.where(known & good[labels], labels, NOISE)


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
