"""What may be a secret in a text, each with the signs that speak for or against it: its looks, and what stands around
it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.privacy.beside import OF_OTHERS
from kb.privacy.looks import CODED, WORDS, fame, pattern, sized
from kb.privacy.meanings import CUES, meaning
from kb.privacy.reading import NONE, Line, Reading, is_named, is_near, is_pointed_at, lines, readings, worth
from kb.privacy.technical import STOP

Sign = tuple[str, ...]
"""A name, and what it says here."""
_ENDS = "0123456789!?#$%&*+._-@"
_LEFT, _RIGHT = 10, 8
_FAR = 14
_ODD = CODED | {"STRONG", "mixN", "phrase"}
"""Looks that names do not have."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a secret: [start, end) of the text, how it looks, and its signs."""

    start: int
    end: int
    look: str
    signs: Sequence[Sign]


def candidates(text: str) -> Iterator[Candidate]:
    """What may be a secret in a text as its reader sees it; several readings of one word may lie over another."""
    all_ = list(lines(text))
    spoken: frozenset[str] = frozenset().union(*(one.senses & CUES for one in all_))
    for n, line in enumerate(all_):
        if not line.words:
            continue
        before = all_[n - 1] if n else NONE
        after = all_[n + 1] if n + 1 < len(all_) else NONE
        near = is_near(line, before, after)
        for at in worth(line, near):
            ways = readings(line.words[at])
            if not ways:
                continue
            pointed = near and is_pointed_at(line, at)
            named = is_named(line, at)
            for one in ways:
                among = len(text) > one.end - one.start + 1
                if (named and one.look not in _ODD) or not one.may_be(near=near, pointed=pointed, among=among):
                    continue
                start = line.places[at][0] + one.start
                end = line.places[at][0] + one.end
                signs = _own(one, (text[start - 1 : start].strip(), text[end : end + 1].strip()))
                _beside(signs, line, at, one.look)
                _at_distance(signs, line, at, one.look)
                _of_text(signs, line, at, (before, after), one.look)
                signs += _spoken(one.look, spoken)
                _known(signs, one.value, line, at, one.look)
                yield Candidate(start, end, one.look, signs)


def _own(one: Reading, around: tuple[str, str]) -> list[Sign]:
    value, seen, how = one.value, one.look, one.how
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
    if not low or seen in CODED:
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
