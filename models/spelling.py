"""Labels that differ only in case and spaces are one label, shown as it is written most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


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
