"""Passwords and codes that only the words around them tell: "pwd is Summer2024!", and not "I forgot my password".

Every key word opens a window of :data:`_WINDOW` characters in which the value is looked for, so time grows with the
length of the text and no faster.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from kb.privacy.logins import pairs, resets
from kb.privacy.spans import Span, lowered
from kb.privacy.technical import is_word
from kb.privacy.values import TOKEN, adjacent, assigned, direct, strong, taken
from kb.privacy.wording import AGAIN, ARTICLE, FILLER, KEYS, LINK, OTHERS, STEMS

_WINDOW = 180
_FORWARD = 9
"""Words after the key word among which "is" may stand."""

_ASSIGN = re.compile(
    r"(?:s|-?(?:field|value|is))?[\"'`*_\\]{0,4}[ \t]{0,3}(?:\([^()\n]{1,40}\)[ \t]{0,2})?"
    r"(?:[\"']?[ \t]{1,2}value[ \t]?=|[:=>]{1,2}=?|[-=]>|\|[-–—]?|[-–—](?=[ \t])|→)"
    r"[ \t]{0,12}(?:\n{1,3}[ \t]{0,8})?(?P<open>[\"'`“„‘«*|\\]{0,3})[ \t]{0,2}"
)
_NEXT = re.compile(r"[ \t]{1,3}(?P<open>[\"'`“„‘«(]{0,2})")
_AS = re.compile(r"[ \t](?:as|als|comme|como|come|jako|is|are|was|ist|est|es|è|é|\(?that'?s)[ \t]")
_CODE_LINK = re.compile(
    r"(?:s\b)?[\"']?[ \t]{0,2}(?:(?:[:=#>–-]{1,2}|ist|is|was|war|lautet|shows|says|est|es|è|é|to|still|now|number"
    r"|no\.?|nr\.?"
    r"|code|nummer|numéro|jest|это|-)[ \t]{0,3}){0,3}[\"'(“\n]{0,2}[ \t]{0,2}"
)
_CODE = re.compile(r"(?:\d{3}[ -]\d{3}|\d{4,8}|(?=[a-z]{0,5}\d)[a-z0-9]{6,8})(?![\w@]|[.,:/-]\d)", re.IGNORECASE)
_CVV = re.compile(r"\d{3,4}(?!\d)")


def passwords(text: str) -> Iterator[Span]:
    """Passwords, network keys and codes by the words around them."""
    low = lowered(text)
    last = 0
    for stem in STEMS.finditer(low):
        match = KEYS.match(low, stem.start()) if stem.start() >= last else None
        if match is None:
            continue
        last = match.end()
        name, start, end = match.lastgroup, match.start(), match.end()
        if name != "long" and start and low[start - 1].isalpha():
            continue
        if name == "code" and not _cut(low, end):
            continue
        if name == "code":
            yield from _codes(text, low, start, end)
        elif name == "long" or _cut(low, end):
            kind = "key" if name == "network" or _of_network(low, start) else "password"
            for span in _values(text, low, start, end, kind):
                last = span.end if span.start <= last + 60 and span.end > last else last
                yield span
    yield from resets(text, low)
    yield from pairs(text, low)


def _cut(low: str, end: int) -> bool:
    """Whether a short key word ends here; what is written in one with a number may still be one: "PW1"."""
    return end >= len(low) or not low[end].isalpha() or low.startswith(("s:", "s ="), end)


def _of_network(low: str, start: int) -> bool:
    around = low[max(0, start - 14) : start + 24]
    return any(name in around for name in ("wifi", "wi-fi", "wlan", "wireless", "ssid", "wpa"))


def _codes(text: str, low: str, start: int, end: int) -> Iterator[Span]:
    link = _CODE_LINK.match(low, end, end + 40)
    at = link.end() if link else end
    yield from _before(text, low, start, "code")
    if at == end:
        return
    card = low.startswith(("cvv", "cvc", "csc"), start)
    value = (_CVV if card else _CODE).match(text, at)
    if value is not None and any(sign.isdigit() for sign in value.group()):
        yield Span(value.start(), value.end(), "code")


def _values(text: str, low: str, start: int, end: int, kind: str) -> Iterator[Span]:
    """What is said to be the password after a key word that ends at ``end``, and before it."""
    if (given := _ASSIGN.match(low, end, end + 90)) is not None:
        option = low.startswith("=", end)
        value = taken(text, given.end(), given["open"], option=option)
        if value is not None and assigned(text, value, fresh_line="\n" in given.group()):
            yield Span(*value, kind)
            return
        if value is not None and low[value[0]] not in "*•" and not _goes_on(low, value[0]):
            return
    following = _NEXT.match(low, end, end + 6)
    if following is not None:
        value = taken(text, following.end(), following["open"])
        flag = text.startswith("--", max(0, start - 2))
        if value is not None and (
            adjacent(text, value, quoted=bool(following["open"]), most=64 if kind == "key" else 9) or flag
        ):
            yield Span(*value, kind)
            return
    yield from _linked(text, low, end, kind)
    yield from _before(text, low, start, kind)


def _goes_on(low: str, at: int) -> bool:
    """Whether words follow among which the value may still come: "password: it is now ..."."""
    return low.startswith(("it is", "is ", "ist ", "lautet", "est ", "es ", "the new"), at)


def _linked(text: str, low: str, end: int, kind: str) -> Iterator[Span]:
    """Values after "is", "to" and their like within a few words of the same sentence."""
    stop = low.find("\n", end, end + _WINDOW)
    stop = min(len(low), end + _WINDOW) if stop < 0 else stop
    linked, gap = False, 0
    for place, word in enumerate(TOKEN.finditer(low, end, stop)):
        said = word.group()
        if place > _FORWARD + 6 or (not linked and (said in AGAIN or place > _FORWARD)):
            return
        if said in LINK or said[-1] in ":=":
            linked, gap = said[:-1] not in OTHERS, gap or place
            continue
        if linked and said in AGAIN:
            return
        if linked and said.strip(",:") in FILLER:
            continue
        if linked:
            value = _quoted(text, word.start()) if len(said) > 2 else None
            if value is not None and (direct(text, value) if gap == 0 else _far(text[slice(*value)], gap, kind)):
                yield Span(*value, kind)
            linked, gap = False, gap + 1
        if said[-1] in ".!?" and not strong(said):
            return


def _quoted(text: str, at: int) -> tuple[int, int] | None:
    """The value that begins here, also one in quotes or brackets."""
    opened = re.match(r"[\"'`“„‘«(*]{0,2}", text[at : at + 2])
    signs = opened.group() if opened else ""
    return taken(text, at + len(signs), signs)


def _far(value: str, gap: int, kind: str) -> bool:
    """With words between, only what looks like a password counts; the key of a network may be all digits."""
    return strong(value) or (kind == "key" and gap < 3 and value.isdigit() and len(value) > 7)


def _before(text: str, low: str, start: int, kind: str) -> Iterator[Span]:
    """ "Tried X as password": the value stands before the key word."""
    near = next(iter(deque(_AS.finditer(low, max(0, start - 28), start), maxlen=1)), None)
    if near is None or any(word not in ARTICLE for word in low[near.end() : start].split()):
        return
    first = max(low.rfind(sign, max(0, near.start() - 66), near.start()) for sign in " \t\n") + 1
    raw = text[max(first, near.start() - 66) : near.start()]
    bare = raw.strip("\"'`“”„‘’«»(),.;:")
    said = _CODE.fullmatch(bare) is not None and not bare.isalpha() if kind == "code" else strong(bare)
    if kind == "code" and bare.isdigit() and _CODE.fullmatch(text, near.start() - len(raw) - 4, near.start()):
        yield Span(near.start() - len(raw) - 4, near.start(), kind)
    elif said or (bare and raw[0] in "\"'“‘«" and kind != "code" and not is_word(bare)):
        at = near.start() - len(raw) + raw.find(bare)
        yield Span(at, at + len(bare), kind)
