"""A text word by word: what each word is bare, what it means, and which of them may be secrets at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from kb.privacy.beside import COUNT
from kb.privacy.known import Known
from kb.privacy.looks import HASHED, WORDS, fame, look, ordinary
from kb.privacy.meanings import AROUND, meaning
from kb.privacy.spans import words
from kb.privacy.technical import masked
from kb.privacy.values import PLACED

_TOKEN = re.compile(r"[(\[\"'“„«]{0,2}(?<![\d.,:/-])\d{3}[ -]\d{3}(?![\d]|[.,:/-]\d)|\S+")
_SPACED, _WORD = re.compile(r"\d{3}[ -]\d{3}"), re.compile(r"\S+")
"""What only :data:`_TOKEN` reads as one word, and all other words."""
_PARTED = re.compile(r"[=:;|,/<>\"&?\\]+")
_NAMED = re.compile(r"[A-Za-z_][\w.-]{0,30}=[^=]")
"""What gives a name to what follows: uid=66414."""
_JOINED = re.compile(rf"{_PARTED.pattern}|\w[-_.]\w")
_LEADS = "\"'`“”„‘’«‹»([{<*_|>¿¡"
_QUOTES = "\"'`”’»“›"
_OPENS = {")": "(", "]": "[", "}": "{", ">": "<"}
_DIGIT = re.compile("[0-9]")
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
    """Whether it is one that people choose for a password; only asked of words without digits and parts, as is what
    follows."""
    plain: bool
    """Whether it is an ordinary word all the same."""
    turns: bool
    """Whether small letters and capitals are mixed in it as in no word: "lHUWof"."""


_KNOWN = Known(lambda word: _look_up(word))


class Line:
    """One line, word by word; what only a look at one of its words needs is read when it is asked for."""

    def __init__(self, raw: str, start: int) -> None:
        self._raw, self._start, self._spaced = raw, start, _SPACED.search(raw) is not None
        self.words: Sequence[str] = _TOKEN.findall(raw) if self._spaced else raw.split()
        self.of: Sequence[Word] = list(map(_KNOWN.__getitem__, self.words))
        self.senses = frozenset([one.means for one in self.of]) - _UNSAID
        """All that is meant in it."""

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each word begins in the text."""
        found, start = (_TOKEN if self._spaced else _WORD).finditer(self._raw), self._start
        return [match.start() + start for match in found]

    def around(self, at: int, start: int, end: int) -> tuple[str, str]:
        """The signs right before and behind [start, end) of a word, "" for blanks."""
        word = self.words[at]
        before, behind = word[start - 1 : start], word[end : end + 1]
        if self._spaced:  # words may stand side by side
            first = self.starts[at] - self._start
            raw = self._raw
            before, behind = raw[first + start - 1 : first + start], raw[first + end : first + end + 1]
        return before.strip(), behind.strip()

    @cached_property
    def said(self) -> Sequence[str]:
        """Each word in small letters, without what stands around it."""
        return [one.said for one in self.of]

    @cached_property
    def means(self) -> Sequence[str]:
        """The meaning of each word, "" for most."""
        return [one.means for one in self.of]


_UNSAID = frozenset(("",))
NONE = Line("", 0)


def lines(text: str) -> Iterator[Line]:
    """The lines of a text."""
    start = 0
    for raw in text.split("\n"):
        yield Line(raw, start) if raw else NONE
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


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a word or a part of it: [start, end) within the word, what stands there, and how it looks."""

    start: int
    end: int
    value: str
    look: str
    how: tuple[str, str]
    """The sign before it inside the word, and the word before that sign."""

    def may_be(self, *, near: bool, pointed: bool, among: bool) -> bool:
        """Whether it is worth a closer look; ``among`` tells that the text says something else too."""
        if self.look == "woRd":
            return near or len(self.value) > _NO_NAME
        if self.look in HASHED:
            return among  # where nothing else is said, it is a hash or the name of an object
        return self.look not in WORDS or (
            near and len(self.value) > LEAST and _is_chosen(self.value.lower(), pointed=pointed)
        )


def readings(word: str) -> Sequence[Reading]:
    """The word, and its parts where signs part it, without those that no secret looks like."""
    return _read(word) if len(word) <= _PARTS else _read_anew(word)


def _read_anew(word: str) -> Sequence[Reading]:
    first, last = _core(word) if len(word) <= _PARTS else (0, len(word))
    if last - first < LEAST:
        return ()
    core = word[first:last]
    ways = [(first, last, ("", ""))] if last - first <= MOST and not _NAMED.match(core) else []
    if not core.isalnum() and "://" not in core:
        ways += [(first + a, first + b, how) for a, b, how in _parts(core)]
    found = []
    for start, end, how in ways:
        while start < end and word[start] in _LEADS:
            start += 1
        while start < end and word[end - 1] in "\"'`.,;:":
            end -= 1
        if LEAST <= end - start <= MOST:
            value = word[start:end]
            seen = look(value)
            if seen not in _NEVER and not masked(value) and not COUNT.match(value):
                found.append(Reading(start, end, value, seen, how))
    return tuple(found)


_read = lru_cache(50_000)(_read_anew)


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
    return not word.isalpha() and (
        _DIGIT.search(word) is not None or (not word.isascii() and any(map(str.isdigit, word)))
    )


def _look_up(word: str) -> Word:
    placed = word[0] == "[" and PLACED.match(word)
    said = "" if placed else bare(word)
    means = meaning(said) if said else "bar" if word in _BARS else ""
    numbered, parts = has_digit(word), _JOINED.search(word) is not None
    if numbered or parts or len(word) > MOST:
        return Word(said, means, numbered, parts, False, False, False)
    inner = word.strip(_AROUND)
    return Word(
        said, means, numbered, parts, _is_chosen(said, pointed=True), said in ordinary(),
        inner.isalnum() and look(inner) == "woRd",
    )  # fmt: skip


@lru_cache(20_000)
def _is_chosen(low: str, *, pointed: bool) -> bool:
    """Whether many people choose this word for a password, and it is no word of this trade."""
    return fame(low)[0] == "p" and not meaning(low) and (pointed or low not in ordinary())
