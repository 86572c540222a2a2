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
from sklearn.feature_extraction.text import TfidfVectorizer

Floats = NDArray[np.float64]
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


def tokens(text: str) -> list[str]:
    """The lower-cased words of a text as the word view sees them."""
    return _WORDS.findall(text[:LONGEST].lower())


class Grams:
    """One TF-IDF view: texts to sparse unit rows, float32."""

    def __init__(self, analyzer: str, ngrams: tuple[int, int], *, features: int, least: int = 2) -> None:
        self.analyzer, self.ngrams, self.features, self.least = analyzer, ngrams, features, least
        self._model: Any = None

    def _make(self, **more: Any) -> Any:
        pattern = {"token_pattern": _WORD} if self.analyzer == "word" else {}
        return TfidfVectorizer(
            analyzer=self.analyzer, ngram_range=self.ngrams, sublinear_tf=True, dtype=np.float32, **pattern, **more
        )

    def fit_transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Learn the vocabulary and return the rows of ``texts``; an empty vocabulary gives one empty column."""
        cut = [text[:LONGEST] for text in texts]
        for least in dict.fromkeys((self.least, 1)):
            try:
                model = self._make(min_df=least, max_features=self.features)
                rows = model.fit_transform(cut)
            except ValueError:  # nothing left of the vocabulary
                continue
            self._restore(list(model.get_feature_names_out()), np.asarray(model.idf_, dtype=np.float32))
            return sparse.csr_matrix(rows)
        self._restore(["\x00"], np.ones(1, dtype=np.float32))
        return sparse.csr_matrix(np.zeros((len(texts), 1), dtype=np.float32))

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Rows of new texts in the vocabulary learned, float32 of shape (len(texts), features)."""
        return sparse.csr_matrix(self._model.transform([text[:LONGEST] for text in texts]), dtype=np.float32)

    def _restore(self, names: Sequence[str], idf: NDArray[np.float32]) -> None:
        self.names, self.idf = list(names), idf
        self._model = self._make(vocabulary={name: i for i, name in enumerate(self.names)})
        self._model.idf_ = idf
        self._analyze = self._model.build_analyzer()

    def analyze(self, text: str) -> list[str]:
        """The n-grams of one text, repeated as they occur."""
        return list(self._analyze(text[:LONGEST]))

    def index(self, gram: str) -> int | None:
        """Column of an n-gram, ``None`` where it is not in the vocabulary."""
        found: int | None = self._model.vocabulary.get(gram)
        return found

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


def nearest(
    questions: Vectors, references: Vectors, *, most: int = NEIGHBOURS,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None, tick: Callable[[int], None] | None = None,
) -> Neighbours:  # fmt: skip
    """Exact nearest references by cosine of unit rows.

    ``groups``: group of each question and of each reference; a reference of the question's own group is left out.
    ``tick`` is called with the number of questions done.
    """
    n, m = len(questions), min(most, len(references))
    at, score = np.zeros((n, most), dtype=np.int32), np.zeros((n, most), dtype=np.float32)
    for start in range(0, n if m else 0, 512):
        block = np.asarray(questions[start : start + 512] @ references.T, dtype=np.float32)
        if groups is not None:
            block[groups[0][start : start + 512, None] == groups[1][None, :]] = 0
        best = np.argpartition(-block, m - 1, axis=1)[:, :m] if m < len(references) else np.argsort(-block, axis=1)
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
