"""What was found out about words, remembered: most words of a desk come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST, _LONGEST = 50_000, 120
"""How many words are known at most, and how long they are at most: longer ones hardly return."""


class Known(dict[str, T], Generic[T]):
    """What ``of`` says of each word that is asked for, worked out once; where there are too many, all are forgotten."""

    def __init__(self, of: Callable[[str], T]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, word: str) -> T:
        found = self._of(word)
        if len(word) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[word] = found
        return found
