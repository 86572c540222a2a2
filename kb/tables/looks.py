"""What the values of a column look like, and how well that suits each of our fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from kb.tables import dates, values
from kb.tables.building import TIMES
from kb.tables.mapping import LEVELS, generic_states

_MOST = 300
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_STAMPED = re.compile(r"\d{1,4}[-/.]\w{2,3}[-/.]\d{2,4}.{0,60}(?:;|\(| - |===)")
_TAGGED = re.compile(r"<[^<>]{1,200}>")


@dataclass(frozen=True, slots=True)
class Looks:
    """Shares in [0, 1] over the values given, and means over them; ``given`` is how many there are."""

    given: int = 0
    distinct: float = 0.0
    times: float = 0.0
    sure_times: float = 0.0
    """Times that can be nothing else: a serial number of days may be a ticket's number."""
    length: float = 0.0
    longest: int = 0
    words: float = 0.0
    numbers: float = 0.0
    mails: float = 0.0
    truths: float = 0.0
    levels: float = 0.0
    states: float = 0.0
    lines: float = 0.0
    digits: float = 0.0
    journal: bool = False
    kinds: int = 0
    """How many different values there are."""

    def alone(self, target: str) -> float:
        """How much the values speak for a field without any word in the header; 0 where they do not."""
        if self.given < 3:
            return 0.0
        if target == "number":
            short = self.words <= 1.2 and self.longest <= 30 and not self.sure_times and not self.mails
            return self.digits if short and self.distinct > 0.98 and self.digits > 0.9 else 0.0
        if target == "opened_at":
            return self.sure_times if self.sure_times > 0.9 else 0.0
        if target == "body":
            return self.length / (self.length + 100) if self.length > 60 and self.words > 8 else 0.0
        if target == "title":
            return self.distinct if self.words >= 2.5 and 12 <= self.length <= 160 and not self.times else 0.0
        return self.states if self.states > 0.7 and self.kinds <= 12 and self.truths < 0.5 else 0.0


def looks_of(given: Sequence[str]) -> Looks:
    """What these values look like; the first few hundred are looked at."""
    some = [value.strip() for value in given[:_MOST] if value.strip()]
    if not some:
        return Looks()

    def share(test: Callable[[str], bool]) -> float:
        return sum(map(test, some)) / len(some)

    plain = [_TAGGED.sub(" ", value) for value in some]
    kinds = len(set(some))
    shapes = [dates.shape_of(value) for value in some]
    return Looks(
        given=len(some), distinct=kinds / len(some), times=fmean(bool(shape) for shape in shapes),
        sure_times=fmean(shape in ("iso", "numbers", "named") for shape in shapes),
        length=fmean(map(len, plain)), longest=max(map(len, some)), words=fmean(len(value.split()) for value in plain),
        numbers=share(lambda value: value.isascii() and value.isdigit()),
        mails=share(lambda value: bool(_MAIL.fullmatch(value))),
        truths=share(_reads(values.truth)), levels=share(values.is_level), states=share(_known_state),
        lines=share(_reads(lambda value: values.line(value, {}))),
        digits=share(lambda value: any(map(str.isdigit, value))),
        journal=any(_STAMPED.match(value.lstrip("= ")) for value in some[:20]), kinds=kinds,
    )  # fmt: skip


def _reads(reader: Callable[[str], object]) -> Callable[[str], bool]:
    def reads(value: str) -> bool:
        try:
            reader(value)
        except ValueError:
            return False
        return True

    return reads


def _known_state(value: str) -> bool:
    try:
        values.state(value, generic_states())
    except ValueError:
        return False
    return True


def fit(target: str, looks: Looks) -> float:
    """How well the values suit a field, in [0, 1]; 0 where they cannot be it. An empty column suits all a little."""
    if not looks.given:
        return 0.5
    if target in TIMES:
        return looks.times if looks.times >= 0.8 else 0.0
    if target in LEVELS:
        return (
            1.0
            if looks.levels >= 0.8
            else 0.55
            if looks.kinds <= 8 and looks.words <= 4 and not looks.sure_times
            else 0.0
        )
    if target in _FITS:
        return _FITS[target](looks)
    return _name(looks)


def _number(looks: Looks) -> float:
    if looks.words > 4 or looks.longest > 80 or looks.sure_times > 0.5 or looks.mails > 0.5:
        return 0.0
    return 1.0 if looks.distinct > 0.95 else 0.3 if looks.distinct > 0.5 else 0.05


def _title(looks: Looks) -> float:
    if looks.sure_times > 0.5 or looks.numbers > 0.8 or looks.mails > 0.5:
        return 0.0
    return (1.0 if looks.words >= 2 else 0.35) * (1.0 if looks.longest <= 400 else 0.5)


def _body(looks: Looks) -> float:
    if looks.times > 0.5 or looks.numbers > 0.8 or looks.mails > 0.5:
        return 0.0
    return 1.0 if looks.length >= 25 else 0.45


def _text(looks: Looks) -> float:
    if looks.times > 0.5 or looks.numbers > 0.8 or looks.truths > 0.5:
        return 0.0
    return 1.0 if looks.words >= 3 else 0.2


def _state(looks: Looks) -> float:
    if looks.sure_times > 0.5 or looks.length > 40 or looks.words > 5:
        return 0.0
    return 0.6 + 0.4 * looks.states if looks.kinds <= 30 or looks.states > 0.5 else 0.0


def _name(looks: Looks) -> float:
    """People, groups, places, categories: short words that are no times."""
    if looks.sure_times > 0.5 or looks.longest > 200 or looks.words > 8 or looks.truths > 0.9:
        return 0.0
    return 0.3 if looks.numbers > 0.8 or looks.mails > 0.8 else 1.0


_FITS: Mapping[str, Callable[[Looks], float]] = {
    "number": _number,
    "title": _title,
    "body": _body,
    "summary": _body,
    "resolution": _text,
    "notes": _text,
    "state": _state,
    "line": lambda looks: 1.0 if looks.lines >= 0.6 else 0.0,
    "vip": lambda looks: 1.0 if looks.truths > 0.9 else 0.0,
    "made_sla": lambda looks: 1.0 if looks.truths > 0.9 else 0.0,
    "reopen_count": lambda looks: 1.0 if looks.numbers > 0.9 else 0.0,
    "reassignment_count": lambda looks: 1.0 if looks.numbers > 0.9 else 0.0,
    "problem": lambda looks: 0.9 if looks.digits > 0.8 and looks.words <= 2 and not looks.sure_times else 0.0,
    "parent": lambda looks: 0.9 if looks.digits > 0.8 and looks.words <= 2 and not looks.sure_times else 0.0,
    "audience": lambda looks: 0.8 if looks.length < 60 else 0.0,
    "ci": lambda looks: 1.0 if looks.words <= 5 and looks.longest < 120 and not looks.sure_times else 0.0,
}
