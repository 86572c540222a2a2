"""What is wrong with labels and texts before learning: likely mislabelled, overlaps, conflicts, copies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.naive_bayes import ComplementNB

from kb.errors import TooLittle
from models.corpus import folds_of
from models.labels import OTHER, code_labels
from models.linear import Linear
from models.names import Labels, one_spelling
from models.views import LONGEST, Grams, Neighbours, Vectors, nearest, same_text_groups, tokens

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

NEAREST = 30
REFERENCES = 20_000
"""Of more texts, this many drawn at random are the neighbours asked: half the time, hardly a neighbour worse."""
MANY = 4_000_000
"""Rows times classes from which on the words are judged by naive Bayes: as quick for many classes as for few."""
SAME, SHARED = 0.985, 0.8
"""Cosine and share of common words (Jaccard) from which on two texts are near-identical."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Texts looked at once, for any number of targets."""

    texts: Sequence[str]
    vectors: Vectors
    words: sparse.csr_matrix
    groups: Codes
    """One code for texts of the same words, shape (n,)."""
    near: Neighbours
    """The nearest texts of other words: ``at`` are rows of the texts."""


@dataclass(frozen=True, slots=True)
class Rated:
    """How suspicious each label is: arrays of shape (n,), where rows without a label have suspicion 0."""

    classes: list[str]
    pooled: dict[str, int]
    """Labels too rare to be judged, with their counts."""
    given: Codes
    """Code of the label as given, -1 where there is none."""
    suspicion: Floats
    """Probability in [0, 1] that the label is not the one given, by models that have not seen the row."""
    alternative: Codes
    """Code of the likeliest other class, -1 where there is none."""
    confused: Codes
    """Code of the class the row looks like, each class held against its own usual confidence; -1 without a label."""
    listed: NDArray[np.bool_]
    """Whether the row is on the list of likely label errors."""

    @property
    def ranked(self) -> Codes:
        """Rows that have a label, most suspicious first."""
        rows = np.flatnonzero(self.given >= 0)
        out: Codes = rows[np.argsort(-self.suspicion[rows], kind="stable")]
        return out

    @property
    def suspects(self) -> Codes:
        """Rows on the list of likely label errors, most suspicious first."""
        ranked = self.ranked
        out: Codes = ranked[self.listed[ranked]]
        return out


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two classes that are taken for one another: each one's share that looks like the other, and rows that do."""

    one: str
    other: str
    one_as_other: float
    other_as_one: float
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Texts that say the same (``identical``) or nearly the same, with different labels."""

    rows: tuple[int, ...]
    labels: dict[str, int]
    identical: bool


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows of ``texts`` that are empty, too short, mostly boiler-plate or the copy of an earlier one."""

    empty: Codes
    short: Codes
    boilerplate: Codes
    copies: Codes
    lines: dict[str, int]
    """The repeated lines, most frequent first, and in how many texts each stands."""


def look(texts: Sequence[str], vectors: Vectors, *, seed: int = 0) -> Looked:
    """Look at n texts and their unit vectors (n, dim)."""
    vectors = np.asarray(vectors, dtype=np.float32)
    n, groups = len(texts), same_text_groups(texts)
    rows = np.arange(n)
    if n > REFERENCES * 1.25:
        rows = np.sort(np.random.default_rng(seed).permutation(n)[:REFERENCES])
    found = nearest(vectors, vectors[rows], most=NEAREST, groups=(groups, groups[rows]))
    near = Neighbours(rows[found.at].astype(np.int32) if n else found.at, found.score)
    return Looked(texts, vectors, Grams("word", (1, 2), features=100_000).fit_transform(texts), groups, near)


# --- likely mislabelled ---------------------------------------------------------------------------------------------


def rate(looked: Looked, labels: Labels, *, min_class: int | None = None, seed: int = 0) -> Rated:
    """Rank labels by how little out-of-fold models believe them (Northcutt et al. 2021, "Confident Learning").

    Four views, none of which has seen the row: a linear model of the words, least squares on the vectors, the nearest
    texts, and texts of the same words; weighted by log-loss into one probability a class. Suspicion is what is left
    for the other classes. On the list is a row that a class claims with more than half of the probability and at
    least that class's usual self-confidence (the confident joint). Spellings of one label count as one. Nothing is
    suspicious where there are fewer than two classes or 20 labelled rows.
    """
    n = len(labels)
    none = np.full(n, -1, dtype=np.int64)
    try:
        classes, _, pooled, given = code_labels(one_spelling(labels), min_class)
    except TooLittle:
        counts = Counter(label for label in one_spelling(labels) if label)
        return Rated([], dict(counts), none, np.zeros(n), none, none, np.zeros(n, dtype=np.bool_))
    rows, k = np.flatnonzero(given >= 0), len(classes)
    truth = given[rows]
    proba = _blend(_views(looked, rows, given, k, seed), truth)
    at = np.arange(len(rows))
    usual = np.bincount(truth, weights=proba[at, truth], minlength=k) / np.maximum(np.bincount(truth, minlength=k), 1)
    rival = proba.copy()
    rival[at, truth] = -1
    if classes[-1] == OTHER:  # "one of the rare ones" is nothing to propose
        rival[:, -1] = -1
    best = rival.argmax(axis=1)
    chance = rival[at, best]
    suspicion, alternative, confused = np.zeros(n), none.copy(), none.copy()
    suspicion[rows] = np.clip(1 - proba[at, truth], 0, 1)
    alternative[rows] = np.where(chance >= 0, best, -1)
    confused[rows] = (proba / np.maximum(usual, 1e-9)).argmax(axis=1)
    listed = np.zeros(n, dtype=np.bool_)
    listed[rows] = (chance > 0.5) & (chance >= usual[best])
    return Rated(classes, pooled, given, suspicion, alternative, confused, listed)


def disagreement(looked: Looked, labels: Labels, *, min_class: int | None = None) -> Floats:
    """Share of each row's nearest texts, weighted by similarity, that have another label, (n,); a plain baseline."""
    classes, _, _, given = code_labels(one_spelling(labels), min_class)
    votes = np.exp(_vote(looked.near, given, len(classes)))
    out: Floats = np.where(given >= 0, 1 - votes[np.arange(len(given)), given], 0.0)
    return out


def _views(looked: Looked, rows: Codes, given: Codes, k: int, seed: int) -> list[NDArray[np.float32]]:
    """What each view says of the rows by models that have not seen them: float32 scores of shape (rows, k)."""
    truth, groups, dense = given[rows], looked.groups[rows], looked.vectors[rows]
    fold = folds_of(truth, groups, seed=seed, folds=5 if len(rows) * k < 150_000 else 3)
    words, meaning = (np.zeros((len(rows), k), dtype=np.float32) for _ in range(2))
    matrix = looked.words[rows]
    for f in np.unique(fold):
        inside = fold != f
        words[~inside] = _by_words(matrix[inside], truth[inside], k, matrix[~inside], seed)
        meaning[~inside] = 8 * _least_squares(dense[inside], truth[inside], k, dense[~inside])
    near = _vote(Neighbours(looked.near.at[rows], looked.near.score[rows]), given, k)
    return [words, meaning, near.astype(np.float32), _same_words(groups, truth, k)]


def _by_words(rows: Any, truth: Codes, k: int, asked: Any, seed: int) -> Floats:
    """A linear model of the words, or complement naive Bayes (Rennie et al. 2003): scores of shape (asked, k)."""
    if len(truth) * k < MANY:
        return 3 * Linear.fit(rows, truth, k, weight=np.ones(len(truth)), seed=seed).decide(asked)
    model = ComplementNB(alpha=0.3).fit(rows, truth)
    said = model.predict_joint_log_proba(asked)
    out = np.full((asked.shape[0], k), -10.0)
    out[:, model.classes_] = np.maximum(said - said.max(axis=1, keepdims=True), -10)
    return out


def _least_squares(rows: Vectors, truth: Codes, k: int, asked: Vectors) -> Floats:
    """Ridge regression of each class's indicator on the vectors: scores of shape (asked, k), about 0 to 1."""
    wide = np.hstack([rows, np.ones((len(rows), 1), dtype=np.float32)])
    sums = np.zeros((wide.shape[1], k))
    for c in np.unique(truth):
        sums[:, c] = wide[truth == c].sum(axis=0, dtype=np.float64)
    weights = np.linalg.solve((wide.T @ wide).astype(np.float64) + np.eye(wide.shape[1]), sums)
    out: Floats = asked @ weights[:-1] + weights[-1]
    return out


def _vote(near: Neighbours, given: Codes, k: int) -> Floats:
    """Log of the smoothed share that each class has of the neighbours, by similarity: shape (n, k)."""
    codes = given[near.at]
    weight = np.exp((near.score.astype(np.float64) - 1) * 12) * ((near.score > 0) & (codes >= 0))
    flat = np.arange(len(codes))[:, None] * k + np.maximum(codes, 0)
    votes = np.bincount(flat.ravel(), weights=weight.ravel(), minlength=len(codes) * k).reshape(-1, k)
    prior = (np.bincount(given[given >= 0], minlength=k) + 1) / (int((given >= 0).sum()) + k)
    out: Floats = np.log((votes + 0.05 * prior) / (votes.sum(axis=1, keepdims=True) + 0.05))
    return out


def _same_words(groups: Codes, truth: Codes, k: int) -> NDArray[np.float32]:
    """Log of the smoothed share of each class among the other texts of the same words; 0 where there are none."""
    _, code = np.unique(groups, return_inverse=True)
    table = sparse.coo_array((np.ones(len(truth)), (code, truth)), shape=(int(code.max()) + 1, k)).tocsr()
    others: Floats = np.asarray(table.sum(axis=1), dtype=np.float64).ravel()[code] - 1
    out = np.zeros((len(truth), k), dtype=np.float32)
    some = np.flatnonzero(others > 0)
    votes = table[code[some]].toarray()
    votes[np.arange(len(some)), truth[some]] -= 1
    out[some] = np.log((votes + 0.5 / k) / (others[some, None] + 0.5))
    return out


def _blend(said: Sequence[NDArray[np.float32]], truth: Codes) -> Floats:
    """Probabilities (n, k) from the scores of the views, whose weights are fitted by log-loss, pulled towards equal."""
    n, k = said[0].shape
    some = np.arange(0, n, max(1, n * k // 600_000))
    stack = np.stack([view[some] for view in said]).astype(np.float64)
    at = np.arange(len(some))

    def loss(weights: Floats) -> tuple[float, Floats]:
        logs = log_softmax(np.tensordot(weights, stack, 1), axis=1)
        error = np.exp(logs)
        error[at, truth[some]] -= 1
        value = -logs[at, truth[some]].sum() + 2 * ((weights - 0.5) ** 2).sum()
        return float(value), np.tensordot(stack, error, 2) + 4 * (weights - 0.5)

    found = minimize(loss, np.full(len(said), 0.5), jac=True, method="L-BFGS-B", bounds=[(0.0, 5.0)] * len(said))
    total = sum((float(w) * view for w, view in zip(found.x, said, strict=True)), np.zeros(1, dtype=np.float32))
    out: Floats = softmax(np.asarray(total, dtype=np.float64), axis=1)
    return out


# --- classes and texts against each other ---------------------------------------------------------------------------


def overlaps(rated: Rated, *, share: float = 1 / 3, least: int = 5, examples: int = 5) -> list[Overlap]:
    """Pairs of classes of which more than ``share`` looks like the other one, both ways; the most confused first."""
    rows = np.flatnonzero(rated.given >= 0)
    k = len(rated.classes)
    if not len(rows):
        return []
    table = np.bincount(rated.given[rows] * k + rated.confused[rows], minlength=k * k).reshape(k, k)
    size = table.sum(axis=1)
    part = table / np.maximum(size[:, None], 1)
    out = []
    for a, b in np.argwhere(np.triu(np.minimum(part, part.T), 1) > share).tolist():
        if min(size[a], size[b]) >= least and OTHER not in (rated.classes[a], rated.classes[b]):
            cross = [r for r in rows.tolist() if {int(rated.given[r]), int(rated.confused[r])} == {a, b}]
            out.append(
                Overlap(
                    rated.classes[a],
                    rated.classes[b],
                    float(part[a, b]),
                    float(part[b, a]),
                    tuple(sorted(cross, key=lambda r: -rated.suspicion[r])[:examples]),
                )
            )
    return sorted(out, key=lambda pair: -min(pair.one_as_other, pair.other_as_one))


def conflicts(looked: Looked, labels: Labels) -> list[Conflict]:
    """Groups of texts that say the same, or nearly, and have different labels; the largest disagreement first.

    Spellings of one label are no conflict. Of more than :data:`REFERENCES` texts not every near-identical pair is
    met; identical texts always are.
    """
    spelt = one_spelling(labels)
    words = _Words(looked)
    pairs = [
        (row, other)
        for row, other in _near_pairs(looked)
        if spelt[row] != spelt[other] and _jaccard(words[row], words[other]) >= SHARED
    ]
    count = int(looked.groups.max()) + 1 if len(looked.groups) else 0
    ends = looked.groups[np.array(pairs, dtype=np.int64).reshape(-1, 2)]
    graph = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    group = sparse.csgraph.connected_components(graph, directed=False)[1] if count else np.zeros(0, dtype=np.int64)
    members: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(spelt):
        if label:
            members[int(group[looked.groups[row]])].append(row)
    out = []
    for rows in members.values():
        found = Counter(str(spelt[row]) for row in rows)
        if len(found) > 1 and words[rows[0]]:
            same = len({int(looked.groups[row]) for row in rows}) == 1
            out.append(Conflict(tuple(rows), dict(found.most_common()), same))
    return sorted(out, key=lambda c: (max(c.labels.values()) - len(c.rows), c.rows))


class _Words(dict[int, frozenset[str]]):
    """The words of each text, looked up only for the few that are asked for."""

    def __init__(self, looked: Looked) -> None:
        super().__init__()
        self._texts = looked.texts

    def __missing__(self, row: int) -> frozenset[str]:
        return self.setdefault(row, frozenset(tokens(self._texts[row])))


def _near_pairs(looked: Looked) -> Iterator[tuple[int, int]]:
    close = looked.near.score >= SAME
    for row in np.flatnonzero(close.any(axis=1)).tolist():
        for other in looked.near.at[row][close[row]].tolist():
            yield row, other


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


# --- texts ----------------------------------------------------------------------------------------------------------


def shares(texts: Sequence[str], *, fewest_words: int = 3, most_lines: int = 20) -> Shares:
    """Which texts say nothing, too little, only what many others say too, or what an earlier one said.

    Boiler-plate is a line of four words or more that stands in at least 1 in 100 texts that are not copies, and in
    no fewer than 10; a text is boiler-plate where such lines are at least four fifths of it.
    """
    groups = same_text_groups(texts)
    first = np.unique(groups, return_index=True)[1]
    split = [[" ".join(tokens(line)) for line in text[:LONGEST].splitlines()] for text in texts]
    seen = Counter(line for row in first.tolist() for line in set(split[row]) if line.count(" ") >= 3)
    lines = {line: count for line, count in seen.most_common() if count >= max(10, len(first) // 100)}
    counts = np.array([sum(map(_words, part)) for part in split], dtype=np.int64)
    plain = np.array([sum(_words(line) for line in part if line in lines) for part in split], dtype=np.int64)
    copy = np.ones(len(texts), dtype=np.bool_)
    copy[first] = False
    return Shares(
        np.flatnonzero(counts == 0),
        np.flatnonzero((counts > 0) & (counts < fewest_words)),
        np.flatnonzero((counts > 0) & (plain >= 0.8 * counts)),
        np.flatnonzero(copy & (counts > 0)),
        dict(list(lines.items())[:most_lines]),
    )


def _words(line: str) -> int:
    return line.count(" ") + 1 if line else 0
