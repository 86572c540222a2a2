"""What the desk needs of a learner, as Protocols; models/ satisfies them, kb/ never imports a learning library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with (done, total); long work calls it often enough to draw a bar and to be interrupted."""


class Embedder(Protocol):
    """Texts to unit vectors."""

    @property
    def id(self) -> str:
        """Identity: changes whenever the same text could get another vector."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return float32 of shape (len(texts), dim), unit rows, in the order given; a blank text gives a zero row."""
        ...


class Ranker(Protocol):
    """Features of candidates to calibrated probabilities that they help."""

    names: tuple[str, ...]

    def relevance(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features of shape (n, len(names)) to probabilities of shape (n,) in [0, 1]."""
        ...
