"""Passwords and codes that only the words around them tell: "pwd is Summer2024!", and not "I forgot my password".

Every key word opens a window of :data:`_WINDOW` characters in which the value is looked for, so time grows with the
length of the text and no faster.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from kb.privacy import codes, hints
from kb.privacy.beside import beside
from kb.privacy.devices import on_devices
from kb.privacy.glance import Glance
from kb.privacy.layouts import laid_out
from kb.privacy.logins import pairs, resets
from kb.privacy.spans import Span
from kb.privacy.technical import is_word, technical
from kb.privacy.values import PLACED, TOKEN, adjacent, assigned, direct, is_guid, jumbled, odd, strong, taken
from kb.privacy.wording import AGAIN, ARTICLE, CHANGED, FILLER, KEYS, LINK, NAMES, OTHERS, STEMS, TO

_WINDOW = 180
_BACK, _AHEAD = 110, 400
"""Characters before and after a key word that what it announces can depend on."""
_REMEMBERED = 2000
_FORWARD = 9
"""Words after the key word among which "is" may stand."""

_ASSIGN = re.compile(
    r"(?:s|-?(?:field|value|is))?[\"'`*_\\]{0,4}[ \t]{0,3}(?:\([^()\n]{1,40}\)[\"'`]{0,2}[ \t]{0,2})?"
    r"(?:[\"']?[ \t]{1,2}value[ \t]?=|[:=>]{1,2}=?|;(?=\S)|['’]s(?=[ \t])|[•·…]|\.{2,30}(?=[ \t])|[-=]>|\|[-–—]?"
    r"|[-–—](?=[ \t])|→)"
    r"[ \t]{0,12}(?:\n{1,3}[ \t]{0,8})?(?P<open>[\"'`“„‘«*|\\]{0,3})[ \t]{0,2}"
)
_NEXT = re.compile(r"[ \t]{1,3}(?P<open>[\"'`“„‘«(]{0,2})")
_AS = re.compile(r"[ \t](?:as|als|comme|como|come|jako|is|are|was|ist|est|es|è|é|\(?that'?s)[ \t]")


def passwords(glance: Glance) -> Iterator[Span]:
    """Passwords, network keys and codes by the words around them."""
    text, low = glance.text, glance.low
    last, places, known = 0, list[int](), dict[tuple[str, int, int], tuple[Span, ...]]()
    for stem in glance.begun(STEMS, low, hints.STEM) if glance.hints & hints.STEM else ():
        match = KEYS.match(low, stem.start()) if stem.start() >= last else None
        if match is None:
            continue
        last = match.end()
        name, start, end = match.lastgroup or "", match.start(), match.end()
        if not _counts(low, name, start, end):
            continue
        if name == "long" or (
            name != "code" and not (low[start - 1 : start].isalnum() or low[end : end + 1].isdigit())
        ):
            places.append(start)
        for span in _remembered(text, low, match, known):
            last = span.end if span.start <= last + 60 and span.end > last else last
            yield span
    yield from beside(glance, places)
    yield from on_devices(glance)
    yield from codes.sent(glance)
    yield from resets(glance)
    yield from pairs(glance)
    yield from laid_out(text, low)


def _counts(low: str, name: str, start: int, end: int) -> bool:
    """Whether a key word stands there as a word of its own."""
    if low[start - 1 : start] == "[" and PLACED.match(low, start - 1):
        return False
    if name == "long":
        return True
    before = low[start - 1 : start]
    inside = before.isalpha() and not (low.startswith("pw", start) and low[end : end + 1] in ("=", ":"))
    return (
        not inside
        and _cut(low, end)
        and not (name == "short" and (before == "=" or _CHECKED.search(low, max(0, start - 8), start)))
    )


_CHECKED = re.compile(r"(?:spf|dkim|dmarc|arc)\W{1,3}$")
"""What mail servers check, and pass."""


def _remembered(
    text: str, low: str, match: re.Match[str], known: dict[tuple[str, int, int], tuple[Span, ...]]
) -> Iterator[Span]:
    """What a key word announces; the same words around it are read once, however often they stand in the text."""
    start, end = match.span()
    first = max(0, start - _BACK)
    window = (text[first : end + _AHEAD], start - first, end - first)
    if window not in known:
        if len(known) >= _REMEMBERED:
            known.clear()
        found = _announced(text, low, match.lastgroup or "", start, end)
        known[window] = tuple(Span(one.start - first, one.end - first, one.kind) for one in found)
    return (Span(one.start + first, one.end + first, one.kind) for one in known[window])


def _announced(text: str, low: str, name: str, start: int, end: int) -> Iterator[Span]:
    if name == "code":
        yield from _coded(text, low, start, end)
    else:
        kind = "key" if name == "network" or _of_network(low, start) else "password"
        yield from _values(text, low, start, end, kind)


def _cut(low: str, end: int) -> bool:
    """Whether a short key word ends here; what is written in one with a number may still be one: "PW1"."""
    return end >= len(low) or not low[end].isalpha() or low.startswith(("s:", "s ="), end)


def _of_network(low: str, start: int) -> bool:
    around = low[max(0, start - 14) : start + 24]
    return any(
        name in around
        for name in ("wifi", "wi-fi", "wlan", "wireless", "ssid", "wpa", "network", "netzwerk", "hotspot", "router")
    )


def _coded(text: str, low: str, start: int, end: int) -> Iterator[Span]:
    """A code; what is called a password and is no number is one: "one-time password: Rabbit225"."""
    yield from _before(text, low, start, "code")
    found = codes.after(text, low, start, end)
    if found is not None:
        yield found
    elif any(name in low[start:end] for name in ("pass", "wort", "psk")):
        yield from _values(text, low, start, end, "password")


def _values(text: str, low: str, start: int, end: int, kind: str) -> Iterator[Span]:
    """What is said to be the password after a key word that ends at ``end``, and before it."""
    if (given := _ASSIGN.match(low, end, end + 90)) is not None:
        if PLACED.match(text, given.end()) is not None:
            return
        if ">" in given.group() and given.group().isspace() is False and given.group().strip(" \t") == ">\n":
            return
        option = low.startswith("=", end)
        value = taken(text, given.end(), given["open"], option=option)
        if (
            value is not None
            and assigned(text, value, fresh_line="\n" in given.group())
            and not (
                any(sign in given.group() for sign in (" - ", "..", "…", "•", "·"))
                and text[slice(*value)].isalpha()
                and text[slice(*value)].isascii()
            )
        ):
            yield Span(*value, kind)
            return
        if value is not None and low[value[0]] not in "*•" and not _goes_on(low, value[0]):
            return
    following = _NEXT.match(low, end, end + 6)
    if following is not None:
        value = taken(text, following.end(), following["open"])
        flag = text.startswith("--", max(0, start - 2))
        if value is not None and (
            adjacent(text, value, quoted=following["open"].strip("(") != "", most=64 if kind == "key" else 9) or flag
        ):
            yield Span(*value, kind)
            return
    yield from _linked(text, low, start, end, kind)
    yield from _before(text, low, start, kind)


def _goes_on(low: str, at: int) -> bool:
    """Whether words follow among which the value may still come: "password: it is now ..."."""
    return low.startswith(("it is", "is ", "ist ", "lautet", "est ", "es ", "the new"), at)


def _linked(text: str, low: str, start: int, end: int, kind: str) -> Iterator[Span]:
    """Values after "is", "to" and their like within a few words of the same sentence, or after a question."""
    stop = low.find("\n", end, end + _WINDOW)
    stop = min(len(low), end + _WINDOW) if stop < 0 else stop
    link, first, before = "", True, ""
    for place, word in enumerate(TOKEN.finditer(low, end, stop)):
        said = word.group()
        if PLACED.match(said) is not None:
            return
        if place > _FORWARD + 6 or (not link and (said in AGAIN or place > _FORWARD)):
            return
        if said in LINK or said[-1] in ":=":
            first = first and (place == 0 or bool(link)) and said in LINK
            link = "" if said[:-1] in OTHERS or before in NAMES else said
            before = ""
            continue
        if link and said in AGAIN:
            return
        if link and said.strip(",:") in FILLER:
            continue
        if link:
            value = _quoted(text, word.start()) if len(said) > 2 else None
            if value is not None and _is_said(text, low, value, kind, link if first else "", start):
                yield Span(*value, kind)
            link, first = "", False
        if said[-1] in ".!" and not strong(said):
            return
        before = said


def _is_said(text: str, low: str, value: tuple[int, int], kind: str, link: str, start: int) -> bool:
    """Whether this is the password after ``link``, which is "" where words stand between it and the key word."""
    said = text[slice(*value)]
    shut = text[value[1] : value[1] + 1]
    if shut in ('"', "'", "”", "’", "`", "»", "“") and text[value[0] - 1] in "\"'“‘`«„" and said.isalpha() and link:
        return not is_word(said)
    if not link or (link in TO and not (low.startswith("has", start) and link != "do")):
        if link and kind == "password":
            if technical(said):
                return False
            return direct(text, value) if _was_changed(low, start) else odd(said) and strong(said)
        return _far(said, kind)
    return direct(text, value)


def _was_changed(low: str, start: int) -> bool:
    """Whether the same sentence says before the key word that something was set or changed."""
    first = max(0, start - 48)
    first = max(first, low.rfind("\n", first, start), low.rfind(". ", first, start))
    return CHANGED.search(low, first, start) is not None


def _quoted(text: str, at: int) -> tuple[int, int] | None:
    """The value that begins here, also one in quotes or brackets."""
    opened = re.match(r"[\"'`“„‘«(*]{0,2}", text[at : at + 2])
    signs = opened.group() if opened else ""
    return taken(text, at + len(signs), signs)


def _far(value: str, kind: str) -> bool:
    """With words between, only what looks like a password counts; the key of a network may be all digits."""
    return strong(value) or (
        kind == "key" and ((value.isdigit() and len(value) > 7) or jumbled(value) or is_guid(value))
    )


def _before(text: str, low: str, start: int, kind: str) -> Iterator[Span]:
    """ "Tried X as password": the value stands before the key word."""
    near = next(iter(deque(_AS.finditer(low, max(0, start - 28), start), maxlen=1)), None)
    if near is None or any(word not in ARTICLE for word in low[near.end() : start].split()):
        return
    first = max(low.rfind(sign, max(0, near.start() - 66), near.start()) for sign in " \t\n") + 1
    raw = text[max(first, near.start() - 66) : near.start()]
    bare = raw.strip("\"'`“”„‘’«»(),.;:")
    said = codes.CODE.fullmatch(bare) is not None and not bare.isalpha() if kind == "code" else strong(bare)
    if kind == "code" and bare.isdigit() and codes.CODE.fullmatch(text, near.start() - len(raw) - 4, near.start()):
        yield Span(near.start() - len(raw) - 4, near.start(), kind)
    elif said or (bare and raw[0] in "\"'“‘«" and kind != "code" and not is_word(bare)):
        at = near.start() - len(raw) + raw.find(bare)
        yield Span(at, at + len(bare), kind)
