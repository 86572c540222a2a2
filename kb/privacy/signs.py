"""The words of a text that may be secrets, each with the signs that speak for or against it: its looks, and what stands
around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.privacy.beside import COUNT, OF_OTHERS
from kb.privacy.looks import WORDS, fame, look, ordinary, pattern, sized
from kb.privacy.meanings import AROUND, CUES, meaning
from kb.privacy.spans import words
from kb.privacy.technical import STOP, masked
from kb.privacy.values import PLACED

Sign = tuple[str, ...]
"""A name, and what it says here."""
_TOKEN = re.compile(r"[(\[\"'“„«]{0,2}(?<![\d.,:/-])\d{3}[ -]\d{3}(?![\d]|[.,:/-]\d)|\S+")
_PARTED = re.compile(r"[=:;|,/<>\"&?\\]+")
_NAMED = re.compile(r"[A-Za-z_][\w.-]{0,30}=[^=]")
"""What gives a name to what follows: uid=66414."""
_JOINED = re.compile(rf"{_PARTED.pattern}|\w[-_.]\w")
_LEADS = "\"'`“”„‘’«‹»([{<*_|>¿¡"
_QUOTES = "\"'`”’»“›"
_OPENS = {")": "(", "]": "[", "}": "{", ">": "<"}
_AROUND = "\"'`“”„‘’«»‹›()[]{}<>*_,.;:!?¿¡|"
_ENDS = "0123456789!?#$%&*+._-@"
_BARS = frozenset(("|", "-", "–", "->", "=", ":", "=>", "→", "/"))
LEAST, MOST, _PARTS = 3, 120, 200
"""Fewest and most signs of a secret, and most of a word that is read as one; of longer ones only the parts are."""
_LEFT, _RIGHT = 10, 8
_FAR = 14
_NEVER = frozenset(("WORD", "symW", "dashW", "TECH", "D3"))
_LEADING = frozenset(("is", "password", "entered", "bar"))
_HASHED = frozenset(("GUID", "HEX"))
"""Mostly hashes and names of objects: where nothing else is said, that is what they are."""
_CODED = frozenset(("HEX", "B64", "LONG", "GUID"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line, word by word."""

    places: Sequence[tuple[int, int]]
    """[start, end) of each word in the text."""
    words: Sequence[str]
    said: Sequence[str]
    """Each word in small letters without what stands around it."""
    means: Sequence[str]
    numbered: Sequence[bool]
    """Whether it has a digit."""
    senses: frozenset[str]
    """All that is meant in it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a secret: [start, end) of the text, how it looks, and its signs."""

    start: int
    end: int
    look: str
    signs: Sequence[Sign]


_NAMES = words(
    """user users userid user-id username id kennung benutzer benutzername benutzerkennung utilisateur usuario utente
    gebruiker gebruikersnaam użytkownik host hostname server rechner computer asset serial ticket incident case order
    version build release room raum port account-key x-uidl: uidl"""
)
"""What follows these is what something is called."""
_ODD = frozenset(("STRONG", "mixN", "phrase", "HEX", "B64", "LONG", "GUID"))
"""Looks that names do not have."""
_NO_NAME = 15
"""More letters with capitals among them than a name has."""
_NONE = Line((), (), (), (), (), frozenset())


def candidates(text: str) -> Iterator[Candidate]:
    """What may be a secret in a text as its reader sees it; several readings of one word may lie over another."""
    lines = list(_lines(text))
    spoken: frozenset[str] = frozenset().union(*(one.senses & CUES for one in lines))
    for n, line in enumerate(lines):
        before = lines[n - 1] if n else _NONE
        after = lines[n + 1] if n + 1 < len(lines) else _NONE
        near = not AROUND.isdisjoint(line.senses | before.senses | after.senses)
        for at, word in enumerate(line.words):
            if not line.said[at]:
                continue
            pointed = near and _is_pointed_at(line, at)
            plain = (near and _is_chosen(line.said[at], pointed)) or ((near or len(word) > _NO_NAME) and _turns(word))
            if not (plain or line.numbered[at] or _JOINED.search(word)):
                continue
            named = _is_named(line, at)
            for start, end, how in _readings(text, line.places[at][0], word):
                value = text[start:end]
                seen = look(value)
                if (named and seen not in _ODD) or not _may_be(
                    value, seen, near=near, pointed=pointed, among=len(text) > end - start + 1
                ):
                    continue
                signs = _own(value, seen, (text[start - 1 : start].strip(), text[end : end + 1].strip()), how)
                _beside(signs, line, at, seen)
                _at_distance(signs, line, at, seen)
                _of_text(signs, line, at, (before, after), seen)
                signs += _spoken(seen, spoken)
                _known(signs, value, line, at, seen)
                yield Candidate(start, end, seen, signs)


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for raw in text.split("\n"):
        found = [(match.start() + start, match.end() + start, match.group()) for match in _TOKEN.finditer(raw)]
        start += len(raw) + 1
        words = [word for _, _, word in found]
        said = ["" if word[0] == "[" and PLACED.match(word) else word.lower().strip(_AROUND) for word in words]
        means = [meaning(low) if low else "bar" if word in _BARS else "" for low, word in zip(said, words, strict=True)]
        numbered = [*map(_has_digit, words)]
        places = [(first, last) for first, last, _ in found]
        yield Line(places, words, said, means, numbered, frozenset(means) - {""})


def _readings(text: str, at: int, word: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
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
        yield cuts[0][1], len(core), (core[cuts[0][0]], _plain(head))
    if len(bounds) > 2:
        for (x, y), (a, b), (cut, _) in zip(bounds, bounds[1:], cuts, strict=False):
            if b - a >= LEAST:
                yield a, b, (core[cut], _plain(core[x:y]))
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
            or (sign in "!?" and last - first > 1 and not _has_digit(word[first:last]))
        ):
            last -= 1
        else:
            break
    return first, last


@lru_cache(50_000)
def _is_chosen(low: str, pointed: bool) -> bool:
    """Whether many people choose this word for a password, and it is no word of this trade."""
    return fame(low)[0] == "p" and not meaning(low) and (pointed or low not in ordinary())


@lru_cache(20_000)
def _turns(word: str) -> bool:
    """Whether small letters and capitals are mixed in it as in no word: "lHUWof"."""
    return look(word.strip(_AROUND)) == "woRd"


def _is_pointed_at(line: Line, at: int) -> bool:
    """Whether the words before it lead to it, or it stands in quotes, in brackets or alone."""
    if not at:
        return len(line.words) == 1 or line.words[at][0] in _LEADS
    before = line.words[at - 1]
    return before[-1] in ":=" or line.means[at - 1] in _LEADING or line.words[at][0] in _LEADS


def _is_named(line: Line, at: int) -> bool:
    """Whether the words before say that it is the name of a user, a device or the like: "user id is m123"."""
    before = line.said[at - 1] if at and line.words[at - 1][-1] != ":" else ""
    return before in _NAMES or (at > 1 and line.means[at - 1] == "is" and line.said[at - 2] in _NAMES)


def _may_be(value: str, seen: str, *, near: bool, pointed: bool, among: bool) -> bool:
    """Whether it is worth a closer look."""
    if seen in _NEVER or masked(value) or COUNT.match(value):
        return False
    if seen == "woRd":
        return near or len(value) > _NO_NAME
    if seen in _HASHED:
        return among
    return seen not in WORDS or (near and len(value) > LEAST and _is_chosen(value.lower(), pointed))


def _own(value: str, seen: str, around: tuple[str, str], how: tuple[str, str]) -> list[Sign]:
    signs: list[Sign] = [("look", seen), ("pattern", pattern(value)[:12]), ("length", seen, str(sized(len(value)))),
             ("open", around[0]), ("close", around[1]), ("between", *around, seen)]  # fmt: skip
    if how[0] == "<":
        signs.append(("cut", how[1], seen))
    elif how[0]:
        of = meaning(how[1])
        signs += [("after", how[0], seen), ("led", of or how[1][:5]), ("led-as", of, seen)]
    return signs


def _beside(signs: list[Sign], line: Line, at: int, seen: str) -> None:
    """The words next to it."""
    words, means, said, n = line.words, line.means, line.said, len(line.words)

    def word(k: int) -> str:
        return "^" if k < 0 else "$" if k >= n else means[k] or said[k][:6] or words[k][:3]

    def sense(k: int) -> str:
        return "^" if k < 0 else "$" if k >= n else means[k] or "-"

    one, two, three = sense(at - 1), sense(at - 2), sense(at - 3)
    next_ = sense(at + 1)
    w1, w2, r1, r2 = word(at - 1), word(at - 2), word(at + 1), word(at + 2)
    signs += (
        ("l1", w1), ("l2", w2), ("l3", word(at - 3)), ("l4", word(at - 4)), ("r1", r1), ("r2", r2),
        ("s1", one, seen), ("s2", two, seen), ("s3", three, seen), ("s4", sense(at - 4), seen),
        ("t1", next_, seen), ("t3", sense(at + 3), seen), ("l12", w2, w1), ("s12", two, one, seen),
        ("s123", three, two, one), ("lr", w1, r1), ("st", one, next_, seen), ("r12", r1, r2),
        ("s123t", one, two, three, next_),
    )  # fmt: skip
    if at and said[at - 1] in OF_OTHERS:
        signs += (("of", "it"), ("of", "it", seen))
    elif at > 1 and said[at - 2] in OF_OTHERS and one in ("is", ""):
        signs += (("of", "that"), ("of", "that", seen))
    if at:
        end = words[at - 1][-1]
        signs += (("end", "x" if end.isalnum() else end, seen), ("word", said[at - 1][:12]))
    if at + 1 < n:
        signs.append(("next", said[at + 1][:12]))
    first, last = max(0, at - _LEFT + 2), at + _RIGHT - 1
    left = {low for low in said[first:at] if low and low not in STOP}
    right = {low for low in said[at + 1 : last] if low and low not in STOP}
    signs += {("about", low[:6]) for low in left | right}
    signs += {("before", low[:4]) for low in left}
    signs += {("behind", low[:4]) for low in right}


def _at_distance(signs: list[Sign], line: Line, at: int, seen: str) -> None:
    """What is spoken of before and after it in its line, and how far away."""
    for side, means in (
        ("left", line.means[max(0, at - _FAR) : at][::-1]),
        ("right", line.means[at + 1 : at + 1 + _LEFT]),
    ):
        met = set[str]()
        for k, sense in enumerate(means, 1):
            if sense and sense not in met:
                met.add(sense)
                if k <= (_LEFT if side == "left" else _RIGHT):
                    signs += ((side, sense), (side, sense, seen))
                if sense in CUES:
                    distance = str(k if k < 4 else 6 if k < 7 else 14)
                    signs += (("far", side, sense, distance), ("far", side, sense, distance, seen))


def _of_text(signs: list[Sign], line: Line, at: int, around: tuple[Line, Line], seen: str) -> None:
    """Its place in the line, and the lines above and below."""
    before, after = around
    n = len(line.words)
    signs.append(("place", "alone" if n == 1 else "first" if at == 0 else "last" if at == n - 1 else "within", seen))
    for sense in before.senses:
        signs += (("above", sense), ("above", sense, seen))
    signs += [("below", sense) for sense in after.senses]
    if not at and before.words:
        signs += [("above-end", low[:6]) for low in before.said[-3:]]
        signs.append(("above-ends", before.means[-1] or "-", seen))


def _spoken(seen: str, spoken: frozenset[str]) -> list[Sign]:
    """What the whole text speaks of."""
    return [("spoken", sense, seen) for sense in spoken] or [("unspoken", seen)]


def _known(signs: list[Sign], value: str, line: Line, at: int, seen: str) -> None:
    """Whether it is a word that people choose for a password."""
    low = value.rstrip(_ENDS).lower()
    if not low or seen in _CODED:
        return
    known, means = fame(low), line.means
    signs += (
        ("root", "means " + meaning(low) if meaning(low) else "stop" if low in STOP else "other"),
        ("fame", known, seen),
        ("fame1", known, means[at - 1] if at else "^"),
        ("famer", known, means[at + 1] if at + 1 < len(means) else "$"),
    )
    if seen in WORDS:
        signs += [("fleft", sense, known[0]) for sense in set(means[max(0, at - _LEFT) : at]) if sense]
        if at:
            signs.append(("fword", line.said[at - 1][:8], known[0]))


@lru_cache(20_000)
def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _plain(word: str) -> str:
    return word.lower().strip(_AROUND)
