"""What may be a secret in a text, each with the signs that speak for or against it: its looks, and what stands around
it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.privacy.beside import OF_OTHERS
from kb.privacy.looks import CODED, WORDS, fame, pattern, sized
from kb.privacy.meanings import CUES, meaning
from kb.privacy.reading import NONE, Line, Reading, is_named, is_near, is_pointed_at, lines, readings, worth
from kb.privacy.technical import STOP

Sign = tuple[str, ...]
"""A name, and what it says here."""
ENDS = "0123456789!?#$%&*+._-@"
LEFT, RIGHT = 10, 8
FAR = 14
ODD = CODED | {"STRONG", "mixN", "phrase"}
"""Looks that names do not have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands that may be a secret: one reading of a word, and all around."""

    one: Reading
    line: Line
    at: int
    """Which word of the line."""
    before: Line
    after: Line
    spoken: frozenset[str]
    """Secrets that the whole text speaks of."""

    @property
    def span(self) -> tuple[int, int]:
        """[start, end) of the text."""
        start = self.line.starts[self.at]
        return start + self.one.start, start + self.one.end

    @property
    def around(self) -> tuple[str, str]:
        """The signs right before and behind it, "" for blanks."""
        return self.line.around(self.at, self.one.start, self.one.end)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a secret: [start, end) of the text, how it looks, and its signs."""

    start: int
    end: int
    look: str
    signs: Sequence[Sign]


def candidates(text: str) -> Iterator[Candidate]:
    """What may be a secret in a text as its reader sees it; several readings of one word may lie over another."""
    return (Candidate(*place.span, place.one.look, signs(place)) for place in places(text))


def places(text: str) -> Iterator[Place]:
    """Where these stand."""
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
                if (named and one.look not in ODD) or not one.may_be(near=near, pointed=pointed, among=among):
                    continue
                yield Place(one, line, at, before, after, spoken)


def signs(place: Place) -> list[Sign]:
    """All its signs; :class:`kb.privacy.scales.Scales` weighs the same without writing them down."""
    line, at, seen = place.line, place.at, place.one.look
    found = own(place.one, place.around)
    _beside(found, line, at, seen)
    _at_distance(found, line, at, seen)
    _of_text(found, place, seen)
    found += _spoken(seen, place.spoken)
    _known(found, place.one.value, line, at, seen)
    return found


def own(one: Reading, around: tuple[str, str]) -> list[Sign]:
    """What it looks like itself, and what it stands in."""
    value, seen, how = one.value, one.look, one.how
    signs: list[Sign] = [("look", seen), ("pattern", pattern(value)[:12]), ("length", seen, str(sized(len(value)))),
             ("open", around[0]), ("close", around[1]), ("between", *around, seen)]  # fmt: skip
    if how[0] == "<":
        signs.append(("cut", how[1], seen))
    elif how[0]:
        of = meaning(how[1])
        signs += [("after", how[0], seen), ("led", of or how[1][:5]), ("led-as", of, seen)]
    return signs


_W4, _W3, _W2, _W1, _R1, _R2, _S4, _S3, _S2, _S1, _T1, _T3 = range(12)
BESIDE: Mapping[str, tuple[tuple[int, ...], bool]] = {
    "l1": ((_W1,), False), "l2": ((_W2,), False), "l3": ((_W3,), False), "l4": ((_W4,), False),
    "r1": ((_R1,), False), "r2": ((_R2,), False),
    "s1": ((_S1,), True), "s2": ((_S2,), True), "s3": ((_S3,), True), "s4": ((_S4,), True),
    "t1": ((_T1,), True), "t3": ((_T3,), True),
    "l12": ((_W2, _W1), False), "s12": ((_S2, _S1), True), "s123": ((_S3, _S2, _S1), False),
    "lr": ((_W1, _R1), False), "st": ((_S1, _T1), True), "r12": ((_R1, _R2), False),
    "s123t": ((_S1, _S2, _S3, _T1), False),
}  # fmt: skip
"""Signs of the words next to it: which of :func:`neighbours` each is made of, and whether its own look belongs to
it."""


def neighbours(line: Line, at: int) -> Sequence[str]:
    """Four words before it and two behind it, then what the four before, the next and the third behind it mean."""
    words, means, said, n = line.words, line.means, line.said, len(line.words)

    def word(k: int) -> str:
        return "^" if k < 0 else "$" if k >= n else means[k] or said[k][:6] or words[k][:3]

    def sense(k: int) -> str:
        return "^" if k < 0 else "$" if k >= n else means[k] or "-"

    return (
        word(at - 4), word(at - 3), word(at - 2), word(at - 1), word(at + 1), word(at + 2),
        sense(at - 4), sense(at - 3), sense(at - 2), sense(at - 1), sense(at + 1), sense(at + 3),
    )  # fmt: skip


def of_other(line: Line, at: int) -> str:
    """ "it" or "that" where the words before say that it is the name of something else."""
    if at and line.said[at - 1] in OF_OTHERS:
        return "it"
    if at > 1 and line.said[at - 2] in OF_OTHERS and line.means[at - 1] == "is":
        return "that"
    return ""


def told(line: Line, at: int) -> tuple[Sequence[str], Sequence[str]]:
    """The words before it and behind it that may tell what is spoken of."""
    return line.said[max(0, at - LEFT + 2) : at], line.said[at + 1 : at + RIGHT - 1]


def _beside(signs: list[Sign], line: Line, at: int, seen: str) -> None:
    """The words next to it."""
    next_to = neighbours(line, at)
    signs += [(name, *(next_to[k] for k in parts), *((seen,) if looks else ()))
              for name, (parts, looks) in BESIDE.items()]  # fmt: skip
    if other := of_other(line, at):
        signs += (("of", other), ("of", other, seen))
    if at:
        signs += (("end", last_sign(line.words[at - 1]), seen), ("word", line.said[at - 1][:12]))
    if at + 1 < len(line.words):
        signs.append(("next", line.said[at + 1][:12]))
    left, right = ({low for low in side if low and low not in STOP} for side in told(line, at))
    signs += {("about", low[:6]) for low in left | right}
    signs += {("before", low[:4]) for low in left}
    signs += {("behind", low[:4]) for low in right}


def last_sign(word: str) -> str:
    """The sign a word ends with, "x" for letters and digits."""
    return "x" if word[-1].isalnum() else word[-1]


def _at_distance(signs: list[Sign], line: Line, at: int, seen: str) -> None:
    """What is spoken of before and after it in its line, and how far away."""
    for side, means in (
        ("left", line.means[max(0, at - FAR) : at][::-1]),
        ("right", line.means[at + 1 : at + 1 + LEFT]),
    ):
        met = set[str]()
        for k, sense in enumerate(means, 1):
            if sense and sense not in met:
                met.add(sense)
                if k <= (LEFT if side == "left" else RIGHT):
                    signs += ((side, sense), (side, sense, seen))
                if sense in CUES:
                    signs += (("far", side, sense, distance(k)), ("far", side, sense, distance(k), seen))


def distance(k: int) -> str:
    """How many words away, roughly."""
    return str(k if k < 4 else 6 if k < 7 else 14)


def _of_text(signs: list[Sign], place: Place, seen: str) -> None:
    """Its place in the line, and the lines above and below."""
    at, before, after = place.at, place.before, place.after
    signs.append(("place", within(len(place.line.words), at), seen))
    for sense in before.senses:
        signs += (("above", sense), ("above", sense, seen))
    signs += [("below", sense) for sense in after.senses]
    if not at and before.words:
        signs += [("above-end", low[:6]) for low in before.said[-3:]]
        signs.append(("above-ends", before.means[-1] or "-", seen))


def within(n: int, at: int) -> str:
    """Its place among the ``n`` words of its line."""
    return "alone" if n == 1 else "first" if at == 0 else "last" if at == n - 1 else "within"


def _spoken(seen: str, spoken: frozenset[str]) -> list[Sign]:
    """What the whole text speaks of."""
    return [("spoken", sense, seen) for sense in spoken] or [("unspoken", seen)]


def root(low: str) -> str:
    """What a word in small letters is, without the digits at its end."""
    return "means " + meaning(low) if meaning(low) else "stop" if low in STOP else "other"


def _known(signs: list[Sign], value: str, line: Line, at: int, seen: str) -> None:
    """Whether it is a word that people choose for a password."""
    low = value.rstrip(ENDS).lower()
    if not low or seen in CODED:
        return
    known, means = fame(low), line.means
    signs += (
        ("root", root(low)),
        ("fame", known, seen),
        ("fame1", known, means[at - 1] if at else "^"),
        ("famer", known, means[at + 1] if at + 1 < len(means) else "$"),
    )
    if seen in WORDS:
        signs += [("fleft", sense, known[0]) for sense in set(means[max(0, at - LEFT) : at]) if sense]
        if at:
            signs.append(("fword", line.said[at - 1][:8], known[0]))
