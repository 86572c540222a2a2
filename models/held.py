"""What was said of cases by models that had not seen them: what promises are settled on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.linear import Linear, Rates, Softmax
from models.net import Net

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Learner = Linear | Net
LEARNERS: dict[str, type[Linear] | type[Net]] = {"words": Linear, "meaning": Softmax, "rates": Rates, "net": Net}
"""View → what learns it."""


@dataclass(frozen=True, slots=True)
class Held:
    """Predictions made for training tickets by models that had not seen them: what promises are settled on."""

    said: NDArray[np.int32]
    confidence: NDArray[np.float32]
    truth: NDArray[np.int32]

    @classmethod
    def of(cls, proba: Floats, truth: Codes) -> Held:
        """The best guess and its probability, from probabilities (n, k)."""
        return cls(proba.argmax(axis=1).astype(np.int32), proba.max(axis=1).astype(np.float32), truth.astype(np.int32))

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.said, self.confidence, self.truth))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each best guess was right."""
        out: NDArray[np.bool_] = self.said == self.truth
        return out


def held_out(
    name: str, rows: Any, truth: Codes, k: int, weight: Floats, fold: NDArray[np.int64], seed: int, workers: int
) -> tuple[Learner, Floats]:
    """A learner of one view fitted on all rows, and what learners that had not seen them say of those held out.

    ``fold``: by which each row is held out, -1 for never. The scores are of the rows that are, in their order.
    """
    learner, out = LEARNERS[name], np.zeros((len(truth), k))
    for f in np.unique(fold[fold >= 0]):
        inside = fold != f
        model = learner.fit(rows[inside], truth[inside], k, weight=weight[inside], seed=seed, workers=workers)
        out[~inside] = model.decide(rows[~inside])
    return learner.fit(rows, truth, k, weight=weight, seed=seed, workers=workers), out[fold >= 0]
