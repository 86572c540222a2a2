"""Answers given away: words of closing, last words, codes and fields that settle the label by themselves."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.names import Labels, one_spelling
from models.scores import clopper_pearson
from models.views import LONGEST, tokens

_DONE = r"(?:resolved|fixed|solved|closed|completed)"
CLOSING = re.compile(
    rf"\b(?:(?:issue|problem|incident|ticket|case|request)\s+(?:(?:is|was|now|been|has|got|already)\s+)*{_DONE}"
    r"|(?:caller|user|customer|requester)\s+(?:has\s+)?confirmed"
    rf"|(?:closed|resolved|solved|fixed)\s+by|(?:has|have)\s+been\s+{_DONE}"
    r"|clos(?:e|ed|ing)\s+(?:(?:the|this)\s+)?(?:ticket|case|incident|request)"
    r"|(?:solution|resolution|root\s+cause|close\s+notes?|lösung|solución|soluzione)\s*:"
    r"|(?:work(?:s|ing)\s+(?:fine\s+)?(?:now|again))|ticket\s+(?:geschlossen|fermé|cerrado|chiuso)"
    r"|problem\s+(?:gelöst|behoben)|problème\s+résolu)",
    re.IGNORECASE,
)
"""Words that are written when a ticket is finished, not when it is opened."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What texts are searched for leaks in, made once for any number of targets."""

    lines: list[str]
    """The words of each text, a blank before and after each."""
    closing: dict[str, list[int]]
    """Words of closing, and the rows they stand in."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that gives the answer away: ``kind`` "closing", "last words", "label" or "field"."""

    kind: str
    what: str
    label: str
    """The class it gives away; "" where a field gives away all of them."""
    precision: float
    count: int
    rows: tuple[int, ...]


def marks(texts: Sequence[str]) -> Marks:
    """Look at n texts once, for :func:`leaks`."""
    closing: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        for phrase in {" ".join(match.lower().split()) for match in CLOSING.findall(text[:LONGEST])}:
            closing[phrase].append(row)
    return Marks([f" {' '.join(tokens(text))} " for text in texts], dict(closing))


def leaks(
    seen: Marks, labels: Labels, fields: Mapping[str, Sequence[str]] | None = None, *, least: int = 10
) -> list[Leak]:
    """What gives the answer away, the most frequent first.

    Words of closing that (almost) only one class has; last words that nearly every text of a class and no other ends
    with; a label that is a code and stands in the text; a field whose values alone settle the class. Ordinary words
    may be as telling and are none of these. ``fields``: name to a value a text, "" where not given.
    """
    spelt = one_spelling(labels)
    prior = Counter(label for label in spelt if label)
    if len(prior) < 2:
        return []
    found = [
        *_telling("closing", seen.closing, spelt, prior, least),
        *_telling("label", _named(seen.lines, prior), spelt, prior, least),
        *_last_words(seen.lines, spelt, prior, max(20, least)),
    ]
    for name, values in (fields or {}).items():
        found += _field(name, values, spelt, prior, least)
    return sorted(found, key=lambda leak: (-leak.count, leak.what))


def _named(lines: Sequence[str], prior: Counter[str]) -> dict[str, list[int]]:
    """Rows in whose text a label stands that has a digit in it, and so is no ordinary word."""
    codes = {label.casefold() for label in prior if len(label) > 3 and re.search(r"\d", label) and " " not in label}
    out: dict[str, list[int]] = defaultdict(list)
    for row, line in enumerate(lines if codes else ()):
        for word in codes.intersection(line.split()):
            out[word].append(row)
    return out


def _telling(
    kind: str, phrases: Mapping[str, Sequence[int]], spelt: Labels, prior: Counter[str], least: int
) -> Iterator[Leak]:
    """Phrases with which a class is at least 80 % sure, and half the way from its share of all texts to certainty."""
    total = sum(prior.values())
    for phrase, rows in phrases.items():
        seen = [row for row in rows if spelt[row]]
        if len(seen) < least:
            continue
        label, right = Counter(str(spelt[row]) for row in seen).most_common(1)[0]
        if clopper_pearson(right, len(seen)) >= max(0.8, (1 + prior[label] / total) / 2):
            mine = tuple(row for row in seen if spelt[row] == label)
            yield Leak(kind, phrase, label, right / len(seen), len(seen), mine)


def _last_words(lines: Sequence[str], spelt: Labels, prior: Counter[str], least: int) -> Iterator[Leak]:
    """Up to three words that end at least 8 in 10 texts of one class, and hardly stand in any other text."""
    ends: dict[str, list[int]] = defaultdict(list)
    for row, line in enumerate(lines):
        words = line.rsplit(maxsplit=4)[-4:]
        for size in range(1, min(3, len(words) - 1) + 1):
            ends[" ".join(words[-size:])].append(row)
    told: dict[tuple[str, int], Leak] = {}
    for phrase in sorted(ends, key=len):
        rows = [row for row in ends[phrase] if spelt[row]]
        if len(rows) < least:
            continue
        label, right = Counter(str(spelt[row]) for row in rows).most_common(1)[0]
        if right < 0.8 * prior[label] or clopper_pearson(right, len(rows)) < 0.95:
            continue
        holders = [row for row, line in enumerate(lines) if spelt[row] and f" {phrase} " in line]
        hits = sum(spelt[row] == label for row in holders)
        if len(rows) >= 0.9 * len(holders) and clopper_pearson(hits, len(holders)) >= 0.95:
            leak = Leak("last words", phrase, label, hits / len(holders), len(holders), tuple(rows))
            told[label, len(holders)] = leak
    yield from told.values()


def _field(name: str, values: Sequence[str], spelt: Labels, prior: Counter[str], least: int) -> Iterator[Leak]:
    """A field by whose values alone the class is known, where they repeat: as good as the answer itself."""
    pairs = [(value, label, row) for row, (value, label) in enumerate(zip(values, spelt, strict=True))
             if value and label]  # fmt: skip
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for value, label, _ in pairs:
        of[value][label] += 1
    rows = [row for value, _, row in pairs if of[value].total() >= least]
    right = sum(found.most_common(1)[0][1] - 1 for found in of.values() if found.total() >= least)
    often = max(prior.values()) / sum(prior.values())
    if len(rows) < 2 * least or len({spelt[row] for row in rows}) < 2:
        return
    if clopper_pearson(right, len(rows)) >= max(0.95, (1 + often) / 2):
        yield Leak("field", name, "", right / len(rows), len(rows), tuple(rows))
