"""What was found out about words, remembered: most words of a desk come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST, _LONGEST = 60_000, 120
"""How many words are known at once before the older ones go, and how long they are at most: longer ones hardly
return."""


class Known(dict[str, T], Generic[T]):
    """What ``of`` says of each word that is asked for, worked out once.

    Where there are too many, those go that were not asked for since there were too many the last time.
    """

    def __init__(self, of: Callable[[str], T]) -> None:
        super().__init__()
        self._of = of
        self._older: dict[str, T] = {}

    def __missing__(self, word: str) -> T:
        found = self._older.get(word)
        if found is None:
            found = self._of(word)
            if len(word) > _LONGEST:
                return found
        if len(self) >= _MOST:
            self._older = dict(self)
            self.clear()
        self[word] = found
        return found
