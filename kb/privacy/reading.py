"""A text word by word: what each word is bare, what it means, and which of them may be secrets at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.privacy.beside import COUNT
from kb.privacy.looks import HASHED, WORDS, fame, look, ordinary
from kb.privacy.meanings import AROUND, meaning
from kb.privacy.spans import words
from kb.privacy.technical import masked
from kb.privacy.values import PLACED

_TOKEN = re.compile(r"[(\[\"'“„«]{0,2}(?<![\d.,:/-])\d{3}[ -]\d{3}(?![\d]|[.,:/-]\d)|\S+")
_PARTED = re.compile(r"[=:;|,/<>\"&?\\]+")
_NAMED = re.compile(r"[A-Za-z_][\w.-]{0,30}=[^=]")
"""What gives a name to what follows: uid=66414."""
_JOINED = re.compile(rf"{_PARTED.pattern}|\w[-_.]\w")
_LEADS = "\"'`“”„‘’«‹»([{<*_|>¿¡"
_QUOTES = "\"'`”’»“›"
_OPENS = {")": "(", "]": "[", "}": "{", ">": "<"}
_AROUND = "\"'`“”„‘’«»‹›()[]{}<>*_,.;:!?¿¡|"
_BARS = frozenset(("|", "-", "–", "->", "=", ":", "=>", "→", "/"))
LEAST, MOST, _PARTS = 3, 120, 200
"""Fewest and most signs of a secret, and most of a word that is read as one; of longer ones only the parts are."""
_NEVER = frozenset(("WORD", "symW", "dashW", "TECH", "D3"))
_LEADING = frozenset(("is", "password", "entered", "bar"))
_NAMES = words(
    """user users userid user-id username id kennung benutzer benutzername benutzerkennung utilisateur usuario utente
    gebruiker gebruikersnaam użytkownik host hostname server rechner computer asset serial ticket incident case order
    version build release room raum port account-key x-uidl: uidl"""
)
"""What follows these is what something is called."""
_NO_NAME = 15
"""More letters with capitals among them than a name has."""


@dataclass(frozen=True, slots=True)
class Word:
    """What can be said of a word alone."""

    said: str
    """In small letters, without what stands around it; "" for a placeholder."""
    means: str
    numbered: bool
    """Whether it has a digit."""
    parts: bool
    """Whether signs inside may part it."""
    chosen: bool
    """Whether it is one that people choose for a password."""
    plain: bool
    """Whether it is an ordinary word all the same."""
    turns: bool
    """Whether small letters and capitals are mixed in it as in no word: "lHUWof"."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, word by word."""

    places: Sequence[tuple[int, int]]
    """[start, end) of each word in the text."""
    words: Sequence[str]
    of: Sequence[Word]
    said: Sequence[str]
    means: Sequence[str]
    senses: frozenset[str]
    """All that is meant in it."""


NONE = Line((), (), (), (), (), frozenset())


def lines(text: str) -> Iterator[Line]:
    """The lines of a text."""
    start = 0
    for raw in text.split("\n"):
        if not raw:
            start += 1
            yield NONE
            continue
        found = [(match.span(), match.group()) for match in _TOKEN.finditer(raw)]
        of = [_of(word) if len(word) <= _PARTS else _look_up(word) for _, word in found]
        means = [one.means for one in of]
        yield Line(
            [(first + start, last + start) for (first, last), _ in found], [word for _, word in found], of,
            [one.said for one in of], means, frozenset(means) - {""},
        )  # fmt: skip
        start += len(raw) + 1


def worth(line: Line, near: bool) -> Iterator[int]:
    """Places of the words that may be secrets or hold one; ``near`` tells that secrets are spoken of."""
    for at, one in enumerate(line.of):
        if one.numbered or one.parts:
            if one.said:
                yield at
        elif (one.chosen and near and (not one.plain or is_pointed_at(line, at))) or (
            one.turns and (near or len(line.words[at]) > _NO_NAME)
        ):
            yield at


def is_near(*around: Line) -> bool:
    """Whether one of these lines speaks of secrets, or of what is done with them."""
    return any(not AROUND.isdisjoint(line.senses) for line in around)


def is_pointed_at(line: Line, at: int) -> bool:
    """Whether the words before it lead to it, or it stands in quotes, in brackets or alone."""
    if not at:
        return len(line.words) == 1 or line.words[at][0] in _LEADS
    before = line.words[at - 1]
    return before[-1] in ":=" or line.means[at - 1] in _LEADING or line.words[at][0] in _LEADS


def is_named(line: Line, at: int) -> bool:
    """Whether the words before say that it is the name of a user, a device or the like: "user id is m123"."""
    before = line.said[at - 1] if at and line.words[at - 1][-1] != ":" else ""
    return before in _NAMES or (at > 1 and line.means[at - 1] == "is" and line.said[at - 2] in _NAMES)


def may_be(value: str, seen: str, *, near: bool, pointed: bool, among: bool) -> bool:
    """Whether it is worth a closer look."""
    if seen in _NEVER or masked(value) or COUNT.match(value):
        return False
    if seen == "woRd":
        return near or len(value) > _NO_NAME
    if seen in HASHED:
        return among  # where nothing else is said, it is a hash or the name of an object
    return seen not in WORDS or (near and len(value) > LEAST and _is_chosen(value.lower(), pointed=pointed))


def readings(text: str, at: int, word: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """(start, end, (sign before, word before it)) of the word, and of its parts where signs part it."""
    first, last = _core(word) if len(word) <= _PARTS else (0, len(word))
    if last - first < LEAST:
        return
    core = word[first:last]
    ways = [(first, last, ("", ""))] if last - first <= MOST and not _NAMED.match(core) else []
    if not core.isalnum() and "://" not in core:
        ways += [(first + a, first + b, how) for a, b, how in _parts(core)]
    for a, b, how in ways:
        start, end = at + a, at + b
        while start < end and text[start] in _LEADS:
            start += 1
        while start < end and text[end - 1] in "\"'`.,;:":
            end -= 1
        if LEAST <= end - start <= MOST:
            yield start, end, how


def _parts(core: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
    cuts = [match.span() for match in _PARTED.finditer(core)]
    if not cuts:
        return
    bounds = [(0, cuts[0][0]), *((a[1], b[0]) for a, b in zip(cuts, [*cuts[1:], (len(core), 0)], strict=True))]
    head = core[: cuts[0][0]]
    if head and cuts[0][1] < len(core):
        yield cuts[0][1], len(core), (core[cuts[0][0]], bare(head))
    if len(bounds) > 2:
        for (x, y), (a, b), (cut, _) in zip(bounds, bounds[1:], cuts, strict=False):
            if b - a >= LEAST:
                yield a, b, (core[cut], bare(core[x:y]))
    if cuts[0][0] >= LEAST:
        yield 0, cuts[0][0], ("<", core[cuts[0][0]])


def _core(word: str) -> tuple[int, int]:
    """Where the word begins and ends without quotes, brackets and the end of a sentence."""
    first, last = 0, len(word)
    while first < last and word[first] in _LEADS:
        first += 1
    while last > first:
        sign = word[last - 1]
        if (
            sign in ".,;:|*"
            or sign in _QUOTES
            or (sign in _OPENS and word.count(_OPENS[sign], first, last) < word.count(sign, first, last))
            or (sign in "!?" and last - first > 1 and not has_digit(word[first:last]))
        ):
            last -= 1
        else:
            break
    return first, last


def bare(word: str) -> str:
    """The word in small letters, without what stands around it."""
    return word.lower().strip(_AROUND)


def has_digit(word: str) -> bool:
    """Whether a digit is in it."""
    return any(map(str.isdigit, word))


def _look_up(word: str) -> Word:
    placed = word[0] == "[" and PLACED.match(word)
    said = "" if placed else bare(word)
    means = meaning(said) if said else "bar" if word in _BARS else ""
    short, inner, numbered = len(word) <= MOST, word.strip(_AROUND), has_digit(word)
    return Word(
        said, means, numbered, _JOINED.search(word) is not None, short and _is_chosen(said, pointed=True),
        said in ordinary(), short and not numbered and inner.isalnum() and look(inner) == "woRd",
    )  # fmt: skip


_of = lru_cache(50_000)(_look_up)


@lru_cache(20_000)
def _is_chosen(low: str, *, pointed: bool) -> bool:
    """Whether many people choose this word for a password, and it is no word of this trade."""
    return fame(low)[0] == "p" and not meaning(low) and (pointed or low not in ordinary())
