"""One look at a text before any rule reads it: at what its words hint, and where those words stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from kb.privacy.hints import DIGIT, HEADS, KNOWN, PLACED
from kb.privacy.spans import lowered

_RUN = re.compile(r"\d(?:[ ./-]?[\dA-Za-z]?\d){5}")


class Glance:
    """A text as its reader sees it, the same in small letters sign for sign, and all that its words hint at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.low = lowered(text)
        self._words = self.low.split()
        self._hints = [*map(KNOWN.__getitem__, self._words)]
        self.hints = 0
        for hints in set(self._hints):
            self.hints |= hints

    @cached_property
    def _placed(self) -> list[tuple[int, int, int]]:
        """(start, end, hints) of every word of which it counts where it stands.

        The next of them is the first that is like it between two blanks: one that is like it is one of them, too.
        """
        found, end, find, framed = list[tuple[int, int, int]](), 0, self.low.index, f" {self.low} "
        for word, hints in zip(self._words, self._hints, strict=True):
            if hints & PLACED:
                start = find(word, end)
                while not (framed[start].isspace() and framed[start + len(word) + 1].isspace()):
                    start = find(word, start + 1)
                end = start + len(word)
                found.append((start, end, hints))
        return found

    @cached_property
    def digits(self) -> int:
        """How many digits there are."""
        if not self.hints & DIGIT:
            return 0
        if self.low.isascii():
            return sum(map(self.low.count, "0123456789"))
        held = "".join(word for word, hints in zip(self._words, self._hints, strict=True) if hints & DIGIT)
        return sum(map(str.isdigit, held))

    @cached_property
    def has_run(self) -> bool:
        """Whether six digits stand one after the other with no more than one sign between any two."""
        return self.digits > 5 and _RUN.search(self.text) is not None

    def words(self, hint: int) -> list[tuple[int, int]]:
        """(start, end) of every word that hints at it, which is one of :data:`~kb.privacy.hints.PLACED`."""
        return [(start, end) for start, end, hints in self._placed if hints & hint]

    def within(self, pattern: re.Pattern[str], text: str, hint: int) -> Iterator[re.Match[str]]:
        """The matches of a pattern that reads no blanks, in words that hint at it.

        They are those of all the text where every match lies in such a word: no match of another word reaches there.
        """
        for start, end in self.words(hint):
            yield from pattern.finditer(text, start, end)

    def begun(self, pattern: re.Pattern[str], text: str, hint: int) -> Iterator[re.Match[str]]:
        """The matches of a pattern that begins with what a word hints at.

        They are those of all the text, each looked for where the one before ended.
        """
        low, head, match, at = self.low, HEADS[hint].search, pattern.match, 0
        for start, end in self.words(hint):
            at = max(at, start)
            while (begins := head(low, at, end)) is not None:
                found = match(text, begins.start())
                if found is not None:
                    yield found
                at = found.end() if found is not None else begins.start() + 1
