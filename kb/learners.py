"""What the desk needs of a learner, as Protocols; models/ satisfies them, kb/ never imports a learning library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float32]
Numbers = ArrayLike
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


class Rates(Protocol):
    """The arithmetic of counts; :class:`models.rates.Rates` does it."""

    def tail(self, counts: Numbers, expected: Numbers, dispersion: Numbers = 0.0) -> NDArray[np.float64]:
        """Probability of at least so many; negative binomial, variance expected + dispersion x expected squared."""
        ...

    def dispersion(self, counts: Numbers, expected: Numbers, *, prior: float = 1.0, weight: float = 4.0) -> float:
        """Variance over mean of counts around what was expected, at least 1."""
        ...

    def ratio(
        self, before: float, before_exposure: float, after: float, after_exposure: float, *, spread: float = 1.0,
        level: float = 0.95,
    ) -> tuple[float, float, float]:  # fmt: skip
        """Rate after over rate before, with the ends of its interval."""
        ...

    def stands_out(self, inside: Numbers, of_inside: int, outside: Numbers, of_outside: int) -> NDArray[np.float64]:
        """Exact chance of at least ``inside`` of ``of_inside``, one-sided."""
        ...

    def corrected(self, chances: Numbers) -> NDArray[np.float64]:
        """Chances corrected for many looks."""
        ...
