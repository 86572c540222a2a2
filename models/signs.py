"""A sparse linear model over named signs: few weights, each of which can be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

LEAST = 0.02
"""Weights nearer to nothing are left out."""


def fit_signs(
    signs: Sequence[Sequence[Hashable]], yes: Sequence[bool], weights: Sequence[float], groups: Sequence[str], *,
    penalty: float = 2.0, seed: int = 0,
) -> tuple[float, Mapping[Hashable, float]]:  # fmt: skip
    """Bias and weights by which the log odds of a yes are ``bias + sum(weight of each of its signs)``.

    ``signs`` are those of each example, ``weights`` how much it counts, ``groups`` what it was made from: signs that
    only one group has say nothing of others and are left out. Logistic regression with an L1 penalty (Tibshirani
    1996), so that most signs get no weight. Returned weights are ordered by sign.
    """
    place = _shared(signs, groups)
    model = LogisticRegression(C=1 / penalty, l1_ratio=1, solver="liblinear", max_iter=300, random_state=seed)
    model.fit(_matrix(signs, place), np.asarray(yes), sample_weight=np.asarray(weights))
    found = model.coef_[0]
    return float(model.intercept_[0]), {
        sign: round(float(found[at]), 3) for sign, at in place.items() if abs(found[at]) > LEAST
    }


def _shared(signs: Sequence[Sequence[Hashable]], groups: Sequence[str]) -> dict[Hashable, int]:
    """Each sign that more than one group has, and its column."""
    seen: defaultdict[Hashable, set[str]] = defaultdict(set)
    for some, group in zip(signs, groups, strict=True):
        for sign in some:
            if len(seen[sign]) < 2:
                seen[sign].add(group)
    return {sign: at for at, sign in enumerate(sorted((s for s, of in seen.items() if len(of) > 1), key=repr))}


def _matrix(signs: Sequence[Sequence[Hashable]], place: Mapping[Hashable, int]) -> sp.csr_matrix:
    """(examples, signs), 1 where an example has the sign."""
    rows = [sorted({place[sign] for sign in some if sign in place}) for some in signs]
    ends: NDArray[np.int64] = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter((at for row in rows for at in row), np.int64, count=int(ends[-1]))
    return sp.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), len(place)))
