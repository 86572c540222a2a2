"""What a text looks like to the learners: word and character n-grams, one-hot fields, nearest neighbours."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]
Fields = Sequence[Mapping[str, str]]

LONGEST = 6000
"""Characters of a text that are looked at; what follows rarely tells anything new and can be a megabyte of log."""
NEIGHBOURS = 50
REFERENCES = 60_000
"""At most this many tickets are kept to be neighbours; of more, the latest are kept."""
_WORD = r"(?u)\b\w[\w.\-/]*\w\b|\b\w\b"
_WORDS = re.compile(_WORD)
_NOTHING = "\x00"


def tokens(text: str) -> list[str]:
    """The lower-cased words of a text as the word view sees them."""
    return _WORDS.findall(text[:LONGEST].lower())


class Grams:
    """One TF-IDF view: texts to sparse unit rows, float32, of the n-grams of words or of the characters in a word.

    Term counts are dampened (1 + log), weighted by the inverse document frequency and scaled to length 1. What a word
    consists of is worked out once for all texts, which is what makes it quick.
    """

    def __init__(self, analyzer: str, ngrams: tuple[int, int], *, features: int, least: int = 2) -> None:
        """``analyzer`` "word" or "char_wb"; ``features``: at most so many are kept, the most frequent of those that
        occur in ``least`` texts."""
        self.analyzer, self.ngrams, self.features, self.least = analyzer, ngrams, features, least
        self._restore([_NOTHING], np.ones(1, dtype=np.float32))

    def fit_transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Learn the vocabulary and return the rows of ``texts``; an empty vocabulary gives one empty column."""
        counts, name = self._counts(texts)
        spread = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = np.flatnonzero(spread >= self.least)
        if not len(kept):
            kept = np.flatnonzero(spread)
        if not len(kept):
            self._restore([_NOTHING], np.ones(1, dtype=np.float32))
            return sparse.csr_matrix(np.zeros((len(texts), 1), dtype=np.float32))
        if len(kept) > self.features:
            total = np.bincount(counts.indices, weights=counts.data, minlength=counts.shape[1])[kept]
            kept = np.sort(kept[np.argsort(-total, kind="stable")[: self.features]])
        names = name(kept)
        order = np.argsort(np.array(names, dtype=object), kind="stable")
        kept = kept[order]
        self._restore([names[i] for i in order], np.log((1 + len(texts)) / (1 + spread[kept])).astype(np.float32) + 1)
        return self._weighted(counts, kept, np.arange(len(kept)))

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Rows of new texts in the vocabulary learned, float32 of shape (len(texts), features)."""
        counts, name = self._counts(texts)
        at = np.array([self._at.get(gram, -1) for gram in name(np.arange(counts.shape[1]))], dtype=np.int64)
        return self._weighted(counts, np.flatnonzero(at >= 0), at[at >= 0])

    def _weighted(self, counts: sparse.csr_matrix, kept: Codes, columns: Codes) -> sparse.csr_matrix:
        """Unit TF-IDF rows of counts, of which the columns ``kept`` become those given."""
        pick = np.full(counts.shape[1], -1, dtype=np.int32)
        pick[kept] = columns
        place = pick[counts.indices]
        inside = place >= 0
        ends = np.concatenate([[0], np.cumsum(inside)])[counts.indptr]
        place = place[inside]
        data = ((1 + np.log(counts.data[inside])) * self.idf[place]).astype(np.float32)
        rows = sparse.csr_matrix((data, place, ends), shape=(counts.shape[0], len(self.names)))
        rows.sort_indices()
        norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float32)).ravel()
        rows.data /= np.repeat(np.where(norms > 0, norms, 1), np.diff(rows.indptr))
        return rows

    def _counts(self, texts: Sequence[str]) -> tuple[sparse.csr_matrix, Callable[[Codes], list[str]]]:
        """How often each n-gram occurs in each text, float32, and what names n-grams by their columns."""
        split = _WORDS.findall if self.analyzer == "word" else str.split
        units: dict[str, int] = {}
        flat, sizes = [], []
        for text in texts:
            words = split(text[:LONGEST].lower())
            flat.extend([units.setdefault(word, len(units)) for word in words])
            sizes.append(len(words))
        ids, row = np.array(flat, dtype=np.int64), np.repeat(np.arange(len(texts)), sizes)
        if self.analyzer == "word":
            return _sequences(ids, row, list(units), self.ngrams, len(texts))
        grams: dict[str, int] = {}
        parts = [[grams.setdefault(gram, len(grams)) for gram in self._inside(word)] for word in units]
        of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        inside = _tally(of, np.array([g for part in parts for g in part], dtype=np.int64), (len(units), len(grams)))
        names = list(grams)
        counts = sparse.csr_matrix(_tally(row, ids, (len(texts), len(units))) @ inside)
        return counts, lambda columns: [names[c] for c in columns.tolist()]

    def _inside(self, word: str) -> list[str]:
        """The character n-grams of one word with a space on both sides; one shorter than n is one n-gram, once."""
        padded, out = f" {word} ", []
        for size in range(self.ngrams[0], self.ngrams[1] + 1):
            out += [padded[i : i + size] for i in range(max(1, len(padded) - size + 1))]
            if size >= len(padded):
                break
        return out

    def _restore(self, names: Sequence[str], idf: NDArray[np.float32]) -> None:
        self.names, self.idf = list(names), idf
        self._at = {name: i for i, name in enumerate(self.names)}

    def analyze(self, text: str) -> list[str]:
        """The n-grams of one text, repeated as they occur."""
        if self.analyzer != "word":
            return [gram for word in text[:LONGEST].lower().split() for gram in self._inside(word)]
        words = tokens(text)
        sizes = range(self.ngrams[0], self.ngrams[1] + 1)
        return [" ".join(words[i : i + size]) for size in sizes for i in range(len(words) - size + 1)]

    def index(self, gram: str) -> int | None:
        """Column of an n-gram, ``None`` where it is not in the vocabulary."""
        return self._at.get(gram)

    def to_state(self) -> dict[str, Any]:
        """Plain values that :meth:`from_state` takes back."""
        return {
            "analyzer": self.analyzer,
            "ngrams": list(self.ngrams),
            "names": "\n".join(self.names),
            "idf": np.asarray(self.idf, dtype=np.float32),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Grams:
        """The view that gave this state."""
        names = str(state["names"]).split("\n")
        out = cls(state["analyzer"], (state["ngrams"][0], state["ngrams"][1]), features=len(names))
        out._restore(names, np.asarray(state["idf"], dtype=np.float32))
        return out


def _tally(row: Codes, column: Codes, shape: tuple[int, int]) -> sparse.csr_matrix:
    """How often each (row, column) occurs, float32."""
    return sparse.csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)


def _sequences(
    ids: Codes, row: Codes, words: list[str], ngrams: tuple[int, int], n: int
) -> tuple[sparse.csr_matrix, Callable[[Codes], list[str]]]:
    """Counts of word sequences: word ``ids[i]`` stands in text ``row[i]``, in the order of reading."""
    codes, start, blocks, first, sizes = ids, np.arange(len(ids)), [], [], []
    for size in range(1, ngrams[1] + 1):
        if size > 1:  # sequences of one word more, where the text goes on
            goes_on = start + size - 1 < len(ids)
            goes_on[goes_on] = row[start[goes_on]] == row[start[goes_on] + size - 1]
            start = start[goes_on]
            codes = codes[goes_on] * max(1, len(words)) + ids[start + size - 1]
        _, at, codes = np.unique(codes, return_index=True, return_inverse=True)
        if size >= ngrams[0]:
            blocks.append(_tally(row[start], codes, (n, len(at))))
            first.append(start[at])
            sizes.append(np.full(len(at), size))
    places, lengths = np.concatenate(first), np.concatenate(sizes)

    def name(columns: Codes) -> list[str]:
        spans = zip(places[columns].tolist(), lengths[columns].tolist(), strict=True)
        return [" ".join([words[i] for i in ids[place : place + size].tolist()]) for place, size in spans]

    return sparse.csr_matrix(sparse.hstack(blocks, format="csr")), name


class OneHot:
    """Structured fields to one column for each frequent (field, value)."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)
        self._at = {name: i for i, name in enumerate(self.names)}

    @classmethod
    def fit(cls, fields: Fields, *, least: int = 5, most: int = 3000) -> OneHot:
        """Keep the (field, value) pairs that occur at least ``least`` times."""
        counts = Counter(pair for row in fields for pair in cls._pairs(row))
        return cls(sorted(pair for pair, count in counts.most_common(most) if count >= least))

    @staticmethod
    def _pairs(row: Mapping[str, str]) -> list[str]:
        return [f"{name}={' '.join(str(value).split())}" for name, value in row.items() if value not in (None, "")]

    def transform(self, fields: Fields) -> sparse.csr_matrix:
        """Rows of 0 and 1, float32 of shape (len(fields), columns)."""
        columns = [[self._at[pair] for pair in self._pairs(row) if pair in self._at] for row in fields]
        flat = np.array([c for row in columns for c in row], dtype=np.int32)
        starts = np.concatenate([[0], np.cumsum([len(row) for row in columns])]).astype(np.int32)
        ones = np.ones(len(flat), dtype=np.float32)
        return sparse.csr_matrix((ones, flat, starts), shape=(len(columns), max(1, len(self.names))))


@dataclass(slots=True)
class Neighbours:
    """The nearest references of each row: ``at`` int32 and ``score`` float32 of shape (n, m), nearest first.

    Where there are fewer than m, ``score`` is 0 and ``at`` is 0.
    """

    at: NDArray[np.int32]
    score: NDArray[np.float32]


class _Own:
    """The references of each question's own group."""

    def __init__(self, asked: Codes, groups: Codes) -> None:
        self.order = np.argsort(groups, kind="stable")
        tidy = groups[self.order]
        self.first, self.last = (np.searchsorted(tidy, asked, side=side).tolist() for side in ("left", "right"))

    def of(self, row: int) -> Codes:
        """Positions of the references that share the group of a question."""
        return self.order[self.first[row] : self.last[row]]


def nearest(
    questions: Vectors, references: Vectors, *, most: int = NEIGHBOURS,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None, tick: Callable[[int], None] | None = None,
) -> Neighbours:  # fmt: skip
    """Exact nearest references by cosine of unit rows.

    ``groups``: group of each question and of each reference; a reference of the question's own group is left out.
    ``tick`` is called with the number of questions done.
    """
    n, m = len(questions), min(most, len(references))
    own = None if groups is None else _Own(*groups)
    at, score = np.zeros((n, most), dtype=np.int32), np.zeros((n, most), dtype=np.float32)
    for start in range(0, n if m else 0, 512):
        block = np.asarray(questions[start : start + 512] @ references.T, dtype=np.float32)
        if own is not None:
            for row in range(len(block)):
                block[row, own.of(start + row)] = 0
        best = np.argpartition(block, -m, axis=1)[:, -m:] if m < len(references) else np.argsort(-block, axis=1)
        values = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        at[start : start + 512, :m] = np.take_along_axis(best, order, axis=1)
        score[start : start + 512, :m] = np.clip(np.take_along_axis(values, order, axis=1), 0, 1)
        if tick is not None:
            tick(min(n, start + 512))
    return Neighbours(at, score)


def same_text_groups(texts: Sequence[str]) -> NDArray[np.int64]:
    """One code for all texts that have the same words in the same order, case and punctuation aside."""
    codes: dict[bytes, int] = {}
    out = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        key = hashlib.blake2b(" ".join(tokens(text)).encode("utf-8", "surrogatepass"), digest_size=12).digest()
        out[row] = codes.setdefault(key, len(codes))
    return out
