"""What to ask and what to do: questions technicians asked and steps they took, from records like the question.

Nothing is written here: every text returned stands word for word in a record that is cited with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from kb.actions import vocabulary
from kb.fixes import MOST, READ, worth
from kb.records import Article, Ref, Step, Ticket
from kb.sentences import sentences

_LINE = 200
"""Characters of a question or step at most."""
_FOLD = 0.6
"""Share of words from which on two sentences are one."""
_KEPT = 2048
"""Texts whose reading is kept in memory: the same tickets come up again and again."""
_WORD = re.compile(r"[^\W_]+(?:[-_.:'/\\][^\W_]+)*")
_SMALL = vocabulary(
    "the a an is are was were does do did to of in on at it and or please you your which what have has can any der die"
    " das ein eine ist sind sie ihr ihre welche welcher welches haben hat"
)


def checklist(tickets: Sequence[Ticket], articles: Sequence[Article], *, most: int = 8) -> tuple[Step, ...]:
    """Questions that technicians asked and steps they took or wrote down, word for word, questions first.

    Each sort is ordered by how many tickets and articles hold it, then by where it comes first; both are given closest
    first. Those that say nearly the same are one, cited together. Questions take half of the places where there are
    steps for the other half. Steps come from what solved a ticket and from numbered lines of articles.
    """
    asked, taken = _Folded(), _Folded()
    for ticket in tickets[:MOST]:
        done = worth(ticket)
        for line in (*_lines(ticket.notes[:READ]), *_lines(ticket.fix[:READ])):
            if line.asks:
                asked.add(line, ticket.ref)
            elif done:
                taken.add(line, ticket.ref)
    for article in articles:
        for line in _lines(article.body[:READ]):
            if line.listed:
                (asked if line.asks else taken).add(line, article.ref)
    questions, steps = asked.best(), taken.best()
    half = max(most - len(steps), (most + 1) // 2)
    kept = [Step(text, True, refs) for text, refs in questions[: max(0, half)]]
    return (*kept, *(Step(text, False, refs) for text, refs in steps[: max(0, most - len(kept))]))


@dataclass(frozen=True, slots=True)
class _Line:
    """A question or step that is neither too long for a line nor says too little."""

    text: str
    asks: bool
    listed: bool
    plain: str
    words: frozenset[str]


@lru_cache(maxsize=_KEPT)
def _lines(text: str) -> tuple[_Line, ...]:
    found = []
    for sentence in sentences(text):
        if sentence.sort in ("question", "step") and not sentence.failed and 8 <= len(sentence.text) <= _LINE:
            words = _WORD.findall(sentence.text.casefold())
            telling = frozenset(word[:6] for word in words if word not in _SMALL)
            if telling:
                asks = sentence.sort == "question"
                found.append(_Line(sentence.text, asks, sentence.listed, " ".join(words), telling))
    return tuple(found)


class _Folded:
    """Lines where those of nearly the same words are one."""

    def __init__(self) -> None:
        self._kept: list[dict[str, tuple[str, dict[Ref, None]]]] = []
        """By plain words each way it was written, and where."""
        self._sizes: list[int] = []
        self._holding: dict[str, list[int]] = {}
        self._known: dict[str, int] = {}

    def add(self, line: _Line, ref: Ref) -> None:
        """Fold a line in that stands in this record."""
        at = self._known.get(line.plain)
        if at is None:
            at = self._known[line.plain] = self._place(line.words)
        self._kept[at].setdefault(line.plain, (line.text, {}))[1].setdefault(ref)

    def _place(self, words: frozenset[str]) -> int:
        """Where a sentence of these words belongs: with the nearest that is near enough, else in a place of its own."""
        shared = Counter(chain.from_iterable(self._holding.get(word, ()) for word in words))
        sizes, size = self._sizes, len(words)
        found = [(count / (size + sizes[at] - count), -at) for at, count in shared.items()]
        share, at = max(found, default=(0.0, 0))
        if share >= _FOLD:
            return -at
        for word in words:
            self._holding.setdefault(word, []).append(len(self._kept))
        self._sizes.append(len(words))
        self._kept.append({})
        return len(self._kept) - 1

    def best(self) -> list[tuple[str, tuple[Ref, ...]]]:
        """What the most records hold first, then what came first; each in the wording that most of them have."""
        found = []
        for ways in self._kept:
            text, refs = max(ways.values(), key=lambda way: len(way[1]))
            found.append((text, tuple(dict.fromkeys((*refs, *(ref for way in ways.values() for ref in way[1]))))))
        return sorted(found, key=lambda pair: -len(pair[1]))
