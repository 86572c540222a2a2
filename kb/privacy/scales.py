"""The log odds that something is a secret, without its signs written down: most of them weigh nothing.

A sum here is that of the weights of :func:`kb.privacy.signs.signs`; only signs that weigh anything with such a look are
looked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

from kb.privacy.looks import CODED, WORDS, fame
from kb.privacy.meanings import CUES
from kb.privacy.reading import Line, Reading
from kb.privacy.signs import (
    BESIDE,
    ENDS,
    FAR,
    LEFT,
    RIGHT,
    Place,
    Sign,
    distance,
    last_sign,
    neighbours,
    of_other,
    own,
    root,
    told,
    within,
)
from kb.privacy.technical import STOP

_ROUND = 6
"""Decimals of a sum, so that the order of its parts tells nothing."""
Table = Mapping[str, float]


class Scales:
    """Weighs what stands at a place. ``of`` are the weights of the signs."""

    def __init__(self, bias: float, of: Mapping[Sign, float]) -> None:
        self._bias, self._of = bias, of
        self._by = defaultdict[str, dict[Sign, float]](dict)
        for sign, weight in of.items():
            self._by[sign[0]][sign[1:]] = weight
        self._plain = {name: {key[0]: weight for key, weight in self._by[name].items()} for name in _OF_ONE}
        self._looks = dict[str, _Looks]()
        self._words = lru_cache(50_000)(self._word)
        self._own = lru_cache(20_000)(self._itself)

    def odds(self, place: Place) -> float:
        """Log odds that this is a secret."""
        one, line, at = place.one, place.line, place.at
        looks = self._looks.get(one.look) or self._look(one.look)
        total = self._bias + self._own(one, place.around)
        next_to = neighbours(line, at)
        for pick, get in looks.beside:
            total += get(pick(next_to), 0.0)
        total += self._of_words(line, at, looks) + _at_distance(line, at, looks) + self._of_text(place, looks)
        total += sum([looks.spoken.get(sense, 0.0) for sense in place.spoken]) if place.spoken else looks.unspoken
        if one.look not in CODED and (low := one.value.rstrip(ENDS).lower()):
            total += self._known(low, line, at, looks)
        return round(total, _ROUND)

    def _itself(self, one: Reading, around: tuple[str, str]) -> float:
        return sum([self._of.get(sign, 0.0) for sign in own(one, around)])

    def _of_words(self, line: Line, at: int, looks: _Looks) -> float:
        """The words around it as they are written."""
        plain, total = self._plain, 0.0
        if other := of_other(line, at):
            total += looks.other.get(other, 0.0)
        if at:
            total += looks.end.get(last_sign(line.words[at - 1]), 0.0) + plain["word"].get(line.said[at - 1][:12], 0.0)
        if at + 1 < len(line.words):
            total += plain["next"].get(line.said[at + 1][:12], 0.0)
        counted = dict[Sign, float]()
        words = self._words
        for name, side in zip(("before", "behind"), told(line, at), strict=True):
            for low in side:
                if weighs := words(low):
                    counted |= {sign: weight for sign, weight in weighs if sign[0] in ("about", name)}
        return total + sum(counted.values())

    def _word(self, low: str) -> Sequence[tuple[Sign, float]]:
        """What a word weighs that stands somewhere around."""
        if not low or low in STOP:
            return ()
        signs: tuple[Sign, ...] = (("about", low[:6]), ("before", low[:4]), ("behind", low[:4]))
        return [(sign, self._of[sign]) for sign in signs if sign in self._of]

    def _of_text(self, place: Place, looks: _Looks) -> float:
        at, before, plain = place.at, place.before, self._plain
        total = looks.place.get(within(len(place.line.words), at), 0.0)
        if before.senses:
            total += sum([looks.above.get(sense, 0.0) for sense in before.senses])
        if place.after.senses:
            total += sum([plain["below"].get(sense, 0.0) for sense in place.after.senses])
        if not at and before.words:
            total += sum([plain["above-end"].get(low[:6], 0.0) for low in before.said[-3:]])
            total += looks.above_ends.get(before.means[-1] or "-", 0.0)
        return total

    def _known(self, low: str, line: Line, at: int, looks: _Looks) -> float:
        known, means = fame(low), line.means
        total = self._plain["root"].get(root(low), 0.0) + looks.fame.get(known, 0.0)
        total += self._by["fame1"].get((known, means[at - 1] if at else "^"), 0.0)
        total += self._by["famer"].get((known, means[at + 1] if at + 1 < len(means) else "$"), 0.0)
        if looks.of_letters:
            left, by = {sense for sense in means[max(0, at - LEFT) : at] if sense}, self._by["fleft"]
            total += sum([by.get((sense, known[0]), 0.0) for sense in left])
            if at:
                total += self._by["fword"].get((line.said[at - 1][:8], known[0]), 0.0)
        return total

    def _look(self, look: str) -> _Looks:
        self._looks[look] = made = _Looks(self._by, look)
        return made


_OF_ONE = ("word", "next", "below", "above-end", "root")


class _Looks:
    """What weighs anything for things of one look; signs that always come together are added up."""

    def __init__(self, by: Mapping[str, Mapping[Sign, float]], look: str) -> None:
        def table(name: str, *, first: str = "") -> dict[str, float]:
            """A sign of one word, with this look or without one."""
            made = defaultdict[str, float](float)
            for key, weight in by.get(name, {}).items():
                if not first or key[0] == first:
                    of, *seen = key[1:] if first else key
                    if not seen or seen == [look]:
                        made[of] += weight
            return dict(made)

        self.beside: list[tuple[Callable[[Sequence[str]], str | Sign], Callable[..., float]]] = []
        for name, (parts, looks) in BESIDE.items():
            keys = {
                key[:-1] if looks else key: w for key, w in by.get(name, {}).items() if not looks or key[-1] == look
            }
            if keys:
                of = keys if len(parts) > 1 else {key[0]: weight for key, weight in keys.items()}
                self.beside.append((itemgetter(*parts), of.get))
        self.left, self.right = table("left"), table("right")
        self.far: dict[str, dict[Sign, float]] = {"left": {}, "right": {}}
        for (side, sense, away, *seen), weight in by.get("far", {}).items():
            if not seen or seen == [look]:
                self.far[side][sense, away] = self.far[side].get((sense, away), 0.0) + weight
        self.other, self.end, self.place, self.above = table("of"), table("end"), table("place"), table("above")
        self.above_ends, self.spoken, self.fame = table("above-ends"), table("spoken"), table("fame")
        self.unspoken = by.get("unspoken", {}).get((look,), 0.0)
        self.of_letters = look in WORDS


def _at_distance(line: Line, at: int, looks: _Looks) -> float:
    """What is spoken of before and after it in its line, and how far away."""
    total, means = 0.0, line.means
    for of, far, most, senses in (
        (looks.left, looks.far["left"], LEFT, means[max(0, at - FAR) : at][::-1]),
        (looks.right, looks.far["right"], RIGHT, means[at + 1 : at + 1 + LEFT]),
    ):
        met = {""}
        for k, sense in enumerate(senses, 1):
            if sense not in met:
                met.add(sense)
                if k <= most:
                    total += of.get(sense, 0.0)
                if sense in CUES:
                    total += far.get((sense, distance(k)), 0.0)
    return total
