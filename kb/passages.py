"""Long articles as overlapping passages, so that a question meets the part of an article that answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.records import KEEPER, Article
from kb.rows import content_hash

if TYPE_CHECKING:
    from kb.store import Store

LENGTH, STEP, MOST = 160, 120, 10
"""Words in a passage, words from one start to the next, and passages of one article."""


def passages(article: Article) -> list[str]:
    """The title with each stretch of the text, in order; one passage for a short article."""
    title, _, body = article.text.partition("\n")
    words = body.split(None, LENGTH + STEP * MOST)[: LENGTH + STEP * (MOST - 1)]
    starts = range(0, max(1, len(words) - (LENGTH - STEP)), STEP)
    return [f"{title}\n{' '.join(words[start : start + LENGTH])}".strip() for start in starts]


@dataclass(frozen=True, slots=True)
class Passages:
    """Vectors of passages beside the article (store id) each belongs to, grouped by article."""

    owner: NDArray[np.int64]
    vectors: Vectors

    @classmethod
    def read(cls, store: Store, embedder: str, dim: int) -> Passages:
        """Every passage whose vector is kept in the store; the others are silently left out."""
        owners, keys = [], []
        for article, text in each(store):
            owners.append(article.id or 0)
            keys.append(content_hash(text))
        matrix, found = store.known_vectors(keys, embedder, dim)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        matrix = np.divide(matrix, norms, out=matrix, where=norms > 0)
        return cls(np.array(owners, np.int64)[found], matrix[found])

    def best(self, question: Vectors, ids: NDArray[np.int64], instead: NDArray[np.float64]) -> NDArray[np.float64]:
        """Highest score of a passage of each of these articles, shape (len(ids),); ``instead`` where it has none."""
        out = np.array(instead, np.float64)
        if not len(self.owner) or not len(ids):
            return out
        scores = (self.vectors @ question).astype(np.float64)
        starts = np.flatnonzero(np.r_[True, self.owner[1:] != self.owner[:-1]])
        top, owner = np.maximum.reduceat(scores, starts), self.owner[starts]
        place = np.minimum(np.searchsorted(owner, ids), len(owner) - 1)
        mine = owner[place] == ids
        out[mine] = np.maximum(out[mine], top[place[mine]])
        return out


def each(store: Store) -> Iterable[tuple[Article, str]]:
    """Every passage of every article, by ascending article id: for the program only."""
    for batch in store.each("article", KEEPER):
        for article in batch:
            if isinstance(article, Article):
                for text in passages(article):
                    yield article, text
