"""Labels as people wrote them to class codes, rare ones pooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb.errors import TooLittle

OTHER = "(other)"
"""The class that rare labels are pooled into. It is never to be suggested."""
LEAST_TEXTS = 20
MOST_CLASSES = 300
"""The most frequent classes are told apart; further ones are pooled."""


def code_labels(
    labels: Sequence[str | None], min_class: int | None
) -> tuple[list[str], list[int], dict[str, int], NDArray[np.int64]]:
    """Classes, their counts, pooled labels with theirs, and the class code of each row (-1 without a class)."""
    clean = ["" if label is None else " ".join(str(label).split()) for label in labels]
    counts = Counter(label for label in clean if label)
    n = sum(counts.values())
    if n < LEAST_TEXTS:
        raise TooLittle(f"there are {n} labelled texts and it takes at least {LEAST_TEXTS} to learn from")
    least = min_class if min_class is not None else min(10, max(3, n // 50))
    kept = sorted(name for name, count in counts.most_common(MOST_CLASSES) if count >= least and name != OTHER)
    pooled = {name: count for name, count in sorted(counts.items()) if name not in set(kept)}
    rest = sum(pooled.values())
    classes = [*kept, OTHER] if kept and rest >= least else kept
    if not kept:
        raise TooLittle(
            f"none of the {len(counts)} different values occurs {least} times, so there is nothing to learn from"
        )
    if len(classes) < 2:
        raise TooLittle(f"only one value, {kept[0]!r}, occurs at least {least} times, and it takes two to tell apart")
    at = {name: c for c, name in enumerate(kept)}
    last = len(kept) if OTHER in classes else -1
    codes = np.array([at.get(label, last) if label else -1 for label in clean], dtype=np.int64)
    return classes, [int((codes == c).sum()) for c in range(len(classes))], pooled, codes
