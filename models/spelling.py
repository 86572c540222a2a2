"""Labels as people spell them: those that differ only in case and spaces are one, and the rare ones are pooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.labels import code_labels

_SHARE = 300


def folded(label: str | None) -> str:
    """What two spellings of one label have in common; "" where there is none."""
    return "" if label is None else " ".join(str(label).split()).casefold()


def one_spelling(labels: Sequence[str | None]) -> list[str | None]:
    """The labels, each in the commonest spelling of its kind (of equally common ones the first by letter)."""
    tidy = [" ".join(label.split()) if isinstance(label, str) else "" for label in labels]
    spellings: dict[str, tuple[int, str]] = {}
    for spelling, count in sorted(Counter(tidy).items()):
        key = spelling.casefold()
        if count > spellings.get(key, (0, ""))[0]:
            spellings[key] = (count, spelling)
    return [spellings[label.casefold()][1] if label else None for label in tidy]


def coded(
    labels: Sequence[str | None], min_class: int | None = None
) -> tuple[list[str], list[int], dict[str, int], NDArray[np.int64]]:
    """As :func:`models.labels.code_labels`, however the labels are spelled.

    Without ``min_class`` a label is told apart from 3 texts on in a young desk, and from 10 on in one of 3,000 texts.
    Raises TooLittle where there is too little to learn from.
    """
    given = one_spelling(labels)
    n = sum(label is not None for label in given)
    return code_labels(given, min(10, max(3, n // _SHARE)) if min_class is None else min_class)
