"""Why a record answers a question, in words: the passage that meets it, the words they share, the two best reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from kb.identifiers import Identifier
from kb.records import Record, Span, Ticket

SNIPPET = 280
"""Characters of a snippet at most."""
_WORD = re.compile(r"\w+(?:[._'-]\w+)*")
_PARTS = re.compile(r"[._'-]")
_HEAD = 2
_TELLING = 12
"""So many of a question's rarest words are worth speaking of."""
_LOOKED_AT = 6_000
_SPOKEN = {"error": "error code", "kb": "patch", "ticket": "number", "http": "status", "symbol": "constant"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
Terms = Callable[[str], Sequence[str]]
"""A text to its words as the index writes them (lower case, stems, no small words)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one hit beyond its text; counts are of what this viewer may see."""

    identifiers: tuple[str, ...] = ()
    """Identifiers of the question that stand in it, as the question wrote them."""
    score: float = 0.0
    words_title: float = 0.0
    words_share: float = 0.0
    """Share of the question's telling words that stand in its snippet, in [0, 1]."""
    words: tuple[str, ...] = ()
    """Words of the question that stand in its snippet, rarest first."""
    linked_similar: int = 0
    """Similar past tickets it was linked on."""
    linked: int = 0
    since: datetime | None = None
    """When the first of those links was made."""
    helped: int = 0
    """Similar questions for which somebody marked it as helpful."""
    age_days: float | None = None
    resolved: bool = False
    same_category: str = ""


def reasons(facts: Facts, most: int = 2) -> tuple[str, ...]:
    """The strongest reasons in plain words, strongest first."""
    said = [pair for pair in (*_from_links(facts), *_from_text(facts), *_from_fields(facts)) if pair[1]]
    said.sort(key=lambda pair: -pair[0])
    return tuple(text for _, text in said[:most]) or ("a little alike in meaning",)


def _from_links(facts: Facts) -> list[tuple[float, str]]:
    times = f" {facts.helped} times" if facts.helped > 1 else ""
    helped = [(3.1 + min(facts.helped, 10) * 0.3, f"marked as helpful{times} for this")] if facts.helped else []
    return helped + _linked(facts)


def _linked(facts: Facts) -> list[tuple[float, str]]:
    if facts.linked_similar:
        when = f" since {_MONTHS[facts.since.month - 1]} {facts.since.year}" if facts.since else ""
        n = facts.linked_similar
        return [(3.0 + min(n, 10) * 0.3, f"linked on {n} similar ticket{'s' if n > 1 else ''}{when}")]
    return [(1.0, f"linked {facts.linked} times before")] if facts.linked >= 3 else []


def _from_text(facts: Facts) -> list[tuple[float, str]]:
    said = [(10.0, f"same {facts.identifiers[0]}")] if facts.identifiers else []
    if facts.score >= 0.5:
        said.append((4.2 * facts.score, "says nearly the same" if facts.score >= 0.75 else "close in meaning"))
    if facts.words_title >= 1.8:
        said.append((1.0 + facts.words_title * 0.5, "same wording in the title"))
    if facts.words_share >= 0.6:
        said.append((2.0 * facts.words_share, "shares most of the question's telling words"))
    elif facts.words:
        said.append((1.0 + 0.1 * len(facts.words), f"also speaks of {', '.join(facts.words[:3])}"))
    return said


def _from_fields(facts: Facts) -> list[tuple[float, str]]:
    said = [(0.5, "was resolved")] if facts.resolved else []
    if facts.age_days is not None and facts.age_days <= 14:
        days = max(0, round(facts.age_days))
        said.append((2.2, "reported " + ("today" if days < 1 else "yesterday" if days == 1 else f"{days} days ago")))
    if facts.same_category:
        said.append((0.8, f"same category, {facts.same_category}"))
    return said


def identifier_words(found: Sequence[Identifier], text: str) -> dict[str, str]:
    """Comparable value → how to speak of it: ``{"0x80070035": "error code 0x80070035"}``."""
    return {i.value: f"{_SPOKEN.get(i.kind, i.kind)} {' '.join(text[i.start : i.end].split())[:60]}" for i in found}


def snippet(
    record: Record, wanted: Sequence[str], terms: Terms, known: dict[str, str] | None = None
) -> tuple[str, tuple[Span, ...]]:
    """The stretch of the record that holds most of the wanted words, and where they stand in it.

    ``known`` remembers words from one record to the next, for the same ``wanted`` only.
    ``wanted`` are words of the question as the index writes them, rarest first. Whatever is returned stands in the
    record word for word; runs of blanks are folded.
    """
    title, _, body = record.text.partition("\n")
    text = " ".join((body or title)[:_LOOKED_AT].split())
    if isinstance(record, Ticket) and not text:
        text = " ".join(record.fix[:_LOOKED_AT].split())
    spans = _meets(text, wanted, terms, {} if known is None else known)
    start = _best_start(spans, {i: 1.0 / (1 + rank) ** 0.5 for rank, i in enumerate(wanted)}, len(text))
    if start:
        gap = text.find(" ", max(0, start - 1))
        start = gap + 1 if 0 <= gap < start + 40 else start
    end = start + SNIPPET
    if end < len(text):
        gap = text.rfind(" ", start, end)
        end = gap if gap > start else end
    shown = tuple(Span(a - start, b - start) for a, b, _ in spans if a >= start and b <= end)
    return text[start:end], shown


def shared_words(text: str, spans: Sequence[Span], wanted: Sequence[str], terms: Terms) -> tuple[str, ...]:
    """The distinct words under the spans as they stand there, rarest first."""
    rank = {word: place for place, word in enumerate(wanted[:_TELLING])}
    found: dict[int, str] = {}
    for span in spans:
        word = text[span.start : span.end]
        place = min((rank[t] for t in terms(word) if t in rank), default=-1)
        if place >= 0 and len(word) > 3:
            found.setdefault(place, word.casefold())
    return tuple(found[place] for place in sorted(found))


def _meets(text: str, wanted: Sequence[str], terms: Terms, known: dict[str, str]) -> list[tuple[int, int, str]]:
    """Every word of the text that is one of the wanted ones: (start, end, word as the index writes it)."""
    want, heads = set(wanted), {word[:_HEAD] for word in wanted}
    found = []
    for match in _WORD.finditer(text):
        word = match.group().casefold()
        if (stem := known.get(word)) is None:
            alike = not word.isascii() or not heads.isdisjoint(_heads(word))
            stem = known[word] = next((stem for stem in terms(word) if stem in want), "") if alike else ""
        if stem:
            found.append((match.start(), match.end(), stem))
    return found


@lru_cache(maxsize=1 << 16)
def _heads(word: str) -> frozenset[str]:
    """How the parts of a word begin."""
    return frozenset(part[:_HEAD] for part in _PARTS.split(word))


def _best_start(spans: Sequence[tuple[int, int, str]], weight: dict[str, float], length: int) -> int:
    """Where the window that holds the heaviest distinct words begins."""
    best, best_weight, held, left = 0, 0.0, dict[str, int](), 0
    total = 0.0
    for _, end, word in spans:
        held[word] = held.get(word, 0) + 1
        total += weight.get(word, 0.0) if held[word] == 1 else 0.0
        while end - spans[left][0] > SNIPPET - 40:
            old = spans[left][2]
            held[old] -= 1
            total -= weight.get(old, 0.0) if held[old] == 0 else 0.0
            left += 1
        if total > best_weight + 1e-9:
            best_weight, best = total, spans[left][0]
    return max(0, min(best - 30, length - SNIPPET)) if best > 40 else 0
