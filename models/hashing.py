"""Texts to unit vectors by counting hashed words and letter triples: no model, no torch, the same on every machine."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting

_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")
_MOST_CHARS = 20_000
_LETTERS = 3
_LETTERS_WEIGHT = 0.5
"""A triple of letters counts half a word, so that whole words decide and spelling and endings soften."""


class HashingEmbedder:
    """Signed feature hashing (Weinberger et al. 2009) of words and letter triples, with 1 + log(tf) weights.

    Checkable by eye: two texts score by the words they share, texts that share nothing score about 0, and the
    same text always gives the same vector. For tests, and for machines without torch.
    """

    def __init__(self, dim: int = 256, seed: int = 0) -> None:
        """``dim`` buckets; another ``seed`` scatters the words over them differently. Raises BadSetting if dim < 8."""
        if dim < 8:
            raise BadSetting(f"HashingEmbedder needs dim of 8 or more, got {dim}.")
        self._dim = dim
        self._seed = seed
        self._places: dict[str, tuple[int, float]] = {}

    @property
    def id(self) -> str:
        """Identity: changes whenever the same text could get another vector."""
        return f"hashing-{self._dim}-{self._seed}@1"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return float32 of shape (len(texts), dim), unit rows, in the order given; a blank text gives a zero row."""
        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        for n, text in enumerate(texts):
            for part, times in Counter(_parts(text[:_MOST_CHARS])).items():
                column, sign = self._place(part)
                weight = _LETTERS_WEIGHT if part.startswith("#") else 1.0
                rows[n, column] += sign * weight * (1.0 + math.log(times))
            if progress and (n % 1000 == 999 or n + 1 == len(texts)):
                progress(n + 1, len(texts))
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows

    def _place(self, part: str) -> tuple[int, float]:
        """Return the bucket and the sign of a part; remembered, because hashing is most of the work."""
        place = self._places.get(part)
        if place is None:
            digest = hashlib.blake2b(part.encode("utf-8", "replace"), digest_size=8, salt=_salt(self._seed)).digest()
            number = int.from_bytes(digest, "little")
            place = ((number >> 1) % self._dim, 1.0 if number & 1 else -1.0)
            if len(self._places) < 1_000_000:
                self._places[part] = place
        return place


def _salt(seed: int) -> bytes:
    return (seed % 2**64).to_bytes(8, "little")


def _parts(text: str) -> Iterator[str]:
    """Yield words in lower case, then their letter triples marked with "#"."""
    for word in _WORD.findall(text.lower()):
        yield word
        fenced = f"<{word}>"
        for start in range(len(fenced) - _LETTERS + 1):
            yield "#" + fenced[start : start + _LETTERS]
