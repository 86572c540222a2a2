"""Cells to values: truth, counts, states, and priorities turned so that 1 is the highest."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kb.records import STATES, Line, State
from kb.tables.settings import Direction

_TRUE = ("true", "yes", "y", "1", "1.0", "on", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "x", "t")
_FALSE = ("false", "no", "n", "0", "0.0", "off", "nein", "falsch", "non", "faux", "f")
_RANKED = re.compile(
    r"\s{0,3}(?:p|s|sev|prio|priority|severity|level|stufe)?[ .]?(\d{1,2})"
    r"(?:\s{0,2}[-–—.:=(]\s{0,2}(.{1,40})|\s(.{1,40}))?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W_]+")

_FIVE: dict[str, int] = {
    word: rank
    for rank, words in enumerate(
        (
            "critical|urgent|highest|blocker|very high|emergency|major|extensive|kritisch|sehr hoch|dringend|critique"
            "|très haute|crítica|crítico|muy alta|muy alto|höchste|urgente|critica|critico|molto alta|muito alta"
            "|majeure|kritiek"
            "|extensive/widespread|extensive / widespread|catastrophic",
            "high|significant|hoch|haute|élevée|alta|alto|important|hoog|elevata|significant/large|significant / large",
            "medium|normal|moderate|mittel|moyenne|media|média|medio|médio|default|standard|moyen|normale|gemiddeld"
            "|moderate/limited|moderate / limited",
            "low|minor|limited|localized|niedrig|gering|basse|faible|baja|baixa|bassa|bajo|baixo|basso|mineure|laag"
            "|minor/localized|minor / localized",
            "planning|lowest|very low|trivial|none|sehr niedrig|sehr gering|très basse|muy baja|niedrigste|muy bajo"
            "|molto bassa",
        ),
        start=1,
    )
    for word in words.split("|")
}


def truth(value: str) -> bool:
    """Read yes or no in the ways tools and people write it. Raises :class:`ValueError`."""
    said = value.strip().casefold()
    if said in _TRUE:
        return True
    if said in _FALSE:
        return False
    raise ValueError("is neither yes nor no")


def count(value: str) -> int:
    """Read a whole number that is not negative. Raises :class:`ValueError`."""
    digits = value.strip().removesuffix(".0").replace("\u00a0", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise ValueError("is not a whole number")
    return int(digits)


@dataclass(frozen=True, slots=True)
class Ranks:
    """How one column's priorities become numbers with 1 the highest.

    ``one`` says what the number 1 means there, ``None`` while nobody knows; ``proof`` says how we know. ``last`` is the
    largest number of the scale, needed to turn it round. ``words`` maps words to our numbers.
    """

    one: Direction | None
    last: int
    proof: Literal["preset", "given", "words", "none", ""]
    words: Mapping[str, int]

    def read(self, value: str) -> int:
        """Return the rank, 1 the highest. Raises :class:`ValueError` with a reason fit for the report."""
        said = value.strip().casefold()
        if said in self.words:
            return self.words[said]
        match = _RANKED.fullmatch(said)
        if match is None:
            raise ValueError("is not a level we know")
        number = int(match[1])
        if self.one is None:
            raise ValueError("cannot be used until somebody says whether 1 is the highest or the lowest")
        if not 1 <= number <= max(self.last, 1):
            raise ValueError(f"is not a level from 1 to {self.last}")
        return number if self.one == "highest" else self.last + 1 - number


def ranks(
    values: Sequence[str],
    *,
    given: Direction | None,
    preset: Direction | None,
    words: Mapping[str, int],
    last: int = 0,
    three: bool = False,
) -> Ranks:
    """Learn a column's scale from a sample of it, what was said, what its words prove, and what its preset knows.

    What was said counts most, then words beside numbers ("4 - Low"), then the preset. ``three`` says that high, medium
    and low are the whole scale unless the sample goes beyond (impact and urgency).
    """
    table: dict[str, int] = {}
    numbers: list[int] = []
    pairs: list[tuple[int, int]] = []
    for value in {value.strip().casefold() for value in values}:
        match = _RANKED.fullmatch(value)
        if match is not None:
            if value not in words:
                numbers.append(int(match[1]))
            word = (match[2] or match[3] or "").strip(" )")
            if word in _FIVE:
                pairs.append((int(match[1]), _FIVE[word]))
    top = max([last, *numbers])
    table.update(_words(values, three))
    table.update({word.casefold(): rank for word, rank in words.items()})
    proven = _proven(pairs)
    if given is not None:
        return Ranks(given, top, "given", table)
    if proven is not None:
        return Ranks(proven, top, "words", table)
    if preset is not None:
        return Ranks(preset, top, "preset", table)
    return Ranks(None, top, "none" if numbers else "", table)


def _words(values: Iterable[str], three: bool) -> dict[str, int]:
    """Words alone: on the scale of five, or of three where that is usual and nothing beyond high and low is said."""
    if three and not any(_FIVE.get(value.strip().casefold(), 3) in (1, 5) for value in values):
        return {word: rank - 1 for word, rank in _FIVE.items() if 1 < rank < 5}
    return _FIVE


def _proven(pairs: Collection[tuple[int, int]]) -> Direction | None:
    ordered = sorted(pairs)
    if len({rank for _, rank in ordered}) < 2:
        return None
    rising = all(left[1] <= right[1] for left, right in pairwise(ordered))
    falling = all(left[1] >= right[1] for left, right in pairwise(ordered))
    return "highest" if rising else "lowest" if falling else None


def is_level(value: str) -> bool:
    """Whether a value is a number, a word, or both, as priorities are written."""
    said = value.strip().casefold()
    match = _RANKED.fullmatch(said)
    return said in _FIVE or (match is not None and int(match[1]) <= 10)


def state(value: str, table: Mapping[str, str]) -> State:
    """Turn a tool's word or number for a state into ours. Raises :class:`ValueError` where neither side knows it."""
    said = value.strip().casefold()
    if said not in table:
        said = said.strip("_-•* ")
    found = table.get(said, said)
    for known in STATES:
        if found == known:
            return known
    raise ValueError("is not a state we know; the ticket is taken as open")


def line(value: str, table: Mapping[str, str]) -> Line:
    """Read first or second line: 1, L1, "1st line", "first"... Raises :class:`ValueError`."""
    said = value.strip().casefold()
    said = table.get(said, said)
    words = _LETTERS.findall(said)
    if {"1", "l1", "1st", "first", "erste", "n1", "tier1"} & set(words):
        return 1
    if {"2", "3", "l2", "l3", "2nd", "3rd", "second", "third", "zweite", "n2", "n3", "tier2", "tier3"} & set(words):
        return 2
    raise ValueError("is neither first nor second line")
