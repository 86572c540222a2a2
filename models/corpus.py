"""Texts looked at once, for any number of targets: their views, groups, folds and ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.latent import Latent
from models.views import (
    NEIGHBOURS,
    REFERENCES,
    Fields,
    Grams,
    Neighbours,
    OneHot,
    Progress,
    Vectors,
    nearest,
    same_text_groups,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FIELD_SCALE = 0.5
"""What a field counts beside a word; found on a set with one telling field, the caller."""
MANY = 500_000
"""From so many rows times classes on one part of the rows is held out, the same for every target, not each in turn."""
HELD = 4
"""One part in so many."""


class Views:
    """What all targets of one training share: vocabularies, one-hot columns, and the tickets that can be neighbours."""

    def __init__(
        self, words: Grams, chars: Grams, onehot: OneHot, references: NDArray[np.float16], latent: Latent
    ) -> None:
        self.words, self.chars, self.onehot, self.references = words, chars, onehot, references
        self.latent = latent
        self._floats = np.asarray(references, dtype=np.float32)

    def look(self, texts: Sequence[str], vectors: Vectors, fields: Fields | None = None) -> Looks:
        """All views of new texts."""
        vectors = np.asarray(vectors, dtype=np.float32)
        words = self.union(self.words.transform(texts), self.chars.transform(texts), fields)
        return Looks(words, vectors, nearest(vectors, self._floats), *self.dense(words, vectors))

    def union(self, words: sparse.csr_matrix, chars: sparse.csr_matrix, fields: Fields | None) -> sparse.csr_matrix:
        """Word, character and field columns side by side; without ``fields`` their columns are 0."""
        return union(words, chars, self.onehot, fields)

    def dense(self, words: sparse.csr_matrix, meaning: Vectors) -> tuple[sparse.csr_matrix | None, Vectors | None]:
        """What naive Bayes and the net read of these rows; ``None`` where there were too few texts to learn them by."""
        if not self.latent:
            return None, None
        common = self.latent.common(words)
        return common, self.latent.dense(common, meaning)

    def to_state(self) -> dict[str, Any]:
        """Plain values that :meth:`from_state` takes back."""
        return {
            "words": self.words.to_state(),
            "chars": self.chars.to_state(),
            "fields": list(self.onehot.names),
            "references": self.references,
            "latent": self.latent.to_state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Views:
        """The views that gave this state."""
        grams = Grams.from_state(state["words"]), Grams.from_state(state["chars"])
        return cls(*grams, OneHot(state["fields"]), state["references"], Latent.from_state(state["latent"]))


@dataclass(slots=True)
class Looks:
    """The views of n texts as matrices of n rows."""

    words: sparse.csr_matrix
    meaning: Vectors
    near: Neighbours
    common: sparse.csr_matrix | None = None
    dense: Vectors | None = None

    def linear(self) -> dict[str, Any]:
        """The views that learners take, by name; without vectors there is no meaning."""
        return _named(self.words, self.meaning, self.common, self.dense)


def union(
    words: sparse.csr_matrix, chars: sparse.csr_matrix, onehot: OneHot, fields: Fields | None
) -> sparse.csr_matrix:
    """Word, character and field columns side by side; without ``fields`` their columns are 0."""
    given = onehot.transform(fields if fields is not None else [{}] * words.shape[0])
    return sparse.csr_matrix(sparse.hstack([words, chars, given * np.float32(FIELD_SCALE)], format="csr"))


class Corpus:
    """Training texts looked at once, for any number of targets; nearest texts are looked up when first asked for.

    Several threads may ask at the same time.
    """

    def __init__(
        self, views: Views, words: sparse.csr_matrix, meaning: Vectors, rows: Codes, groups: Codes, *,
        age: Floats | None = None, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.views, self.words, self.meaning, self.groups, self.age = views, words, meaning, groups, age
        self.common, self.dense = views.dense(words, meaning)
        self.rows = rows
        """Row of the corpus that each reference is."""
        n = len(groups)
        self._near = Neighbours(np.zeros((n, NEIGHBOURS), np.int32), np.zeros((n, NEIGHBOURS), np.float32))
        self._known, self._lock, self._progress = np.zeros(n, dtype=np.bool_), Lock(), progress

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; a lock and a progress bar stay here."""
        return {name: value for name, value in vars(self).items() if name not in ("_lock", "_progress")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state, _lock=Lock(), _progress=None)

    @classmethod
    def build(
        cls, texts: Sequence[str], vectors: Vectors, *, fields: Fields | None = None,
        opened: Sequence[float] | None = None, groups: Sequence[int] | None = None, progress: Progress | None = None,
    ) -> Corpus:  # fmt: skip
        """Look at texts and their unit vectors (n, dim).

        ``opened``: seconds of any epoch, one a text. ``groups``: near-duplicates share a code and are never on two
        sides of a fold; without it, texts of the same words are one group.
        """
        vectors = np.asarray(vectors, dtype=np.float32)
        words = Grams("word", (1, 2), features=150_000)
        chars = Grams("char_wb", (4, 5), features=100_000, least=5 if len(texts) >= 2000 else 2)
        word_rows, char_rows = words.fit_transform(texts), chars.fit_transform(texts)
        onehot = OneHot.fit(fields) if fields is not None else OneHot()
        codes = same_text_groups(texts) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        age = None if opened is None else (np.max(opened) - np.asarray(opened, dtype=np.float64)) / 86400
        rows = np.arange(len(texts)) if age is None else np.argsort(age, kind="stable")
        rows = np.sort(rows[:REFERENCES])
        looked = union(word_rows, char_rows, onehot, fields)
        always = np.arange(word_rows.shape[1] + char_rows.shape[1], looked.shape[1])
        latent = Latent.fit(looked, always=always, upto=word_rows.shape[1])
        views = Views(words, chars, onehot, vectors[rows].astype(np.float16), latent)
        return cls(views, looked, vectors, rows, codes.astype(np.int64), age=age, progress=progress)

    def linear(self) -> dict[str, Any]:
        """The views of all rows that learners take, by name."""
        return _named(self.words, self.meaning, self.common, self.dense)

    def near(self, rows: Codes) -> Neighbours:
        """The nearest references of these rows that are not of a row's own group."""
        with self._lock:
            new = rows[~self._known[rows]]
            if len(new):
                tick = self._progress
                found = nearest(
                    self.meaning[new], self.meaning[self.rows], groups=(self.groups[new], self.groups[self.rows]),
                    tick=None if tick is None else lambda done: tick(done, len(new)),
                )  # fmt: skip
                self._near.at[new], self._near.score[new] = found.at, found.score
                self._known[new] = True
        return Neighbours(self._near.at[rows], self._near.score[rows])

    def look(self, rows: Codes) -> Looks:
        """All views of these rows."""
        common = None if self.common is None else self.common[rows]
        dense = None if self.dense is None else self.dense[rows]
        return Looks(self.words[rows], self.meaning[rows], self.near(rows), common, dense)

    def folds(self, rows: Codes, truth: Codes, *, seed: int = 0) -> Codes:
        """Fold of each of these rows, by which it is held out; -1 where it never is.

        Of many rows one part is held out, which is enough to blend and calibrate by and takes a fraction of the time.
        """
        if len(rows) <= 20_000 or len(rows) * (int(truth.max()) + 1) < MANY:
            return folds_of(truth, self.groups[rows], seed=seed)
        part = np.random.default_rng(seed).permutation(int(self.groups.max()) + 1) % HELD
        return np.where(part[self.groups[rows]] == 0, 0, -1)


def _named(
    words: sparse.csr_matrix, meaning: Vectors, common: sparse.csr_matrix | None, dense: Vectors | None
) -> dict[str, Any]:
    views = {"words": words, "meaning": meaning if meaning.shape[1] else None, "rates": common, "net": dense}
    return {name: view for name, view in views.items() if view is not None}


def folds_of(truth: Codes, groups: Codes, *, seed: int = 0, folds: int | None = None) -> NDArray[np.int64]:
    """Fold of each row: groups stay whole, classes are spread evenly."""
    n = len(truth)
    folds = folds if folds is not None else (3 if n > 20_000 else 5)
    names, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    order = order[np.argsort(truth[first[order]], kind="stable")]
    of_group = np.empty(len(names), dtype=np.int64)
    of_group[order] = np.arange(len(names)) % folds
    out: NDArray[np.int64] = of_group[inverse]
    return out
