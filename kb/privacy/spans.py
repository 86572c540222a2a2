"""Finds as spans of a text, and the text as a reader sees it: entities, hidden signs and markup taken away."""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"\[(password|code|key|private-key|card|bank|id|phone|email|name)(?:-(\d{1,5}))?\]")
"""What stands in for something that was replaced."""

_HIDDEN = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_ODD = re.compile(f"[{_HIDDEN}]+|&#?[A-Za-z0-9]{{2,10}};|[\u00a0\u2000-\u200a\u202f\u3000]|[\uff01-\uff5e]+|\r\n?")
_NAMES = (
    "p|br|div|span|b|i|u|em|strong|font|a|code|mark|small|tt|kbd|wbr|samp|pre|li|ul|ol|t[dhr]|table|tbody|thead"
    "|h[1-6]|hr|img|html|body"
    "|head|style|blockquote|center|sub|sup|section|article|label|input|o:p|meta"
)
_TAGGED = re.compile(f"{_ODD.pattern}|</?(?:{_NAMES})\\b[^<>]{{0,400}}>", re.IGNORECASE)
_INLINE = re.compile(r"</?(?:b|i|u|em|strong|span|font|a|code|mark|small|tt|kbd|wbr|samp)\b", re.IGNORECASE)
_CELL = re.compile(r"</?t[dh]\b", re.IGNORECASE)
_WIDE = {at: at - 0xFEE0 for at in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Span:
    """One find: [start, end) of a text, and what it is."""

    start: int
    end: int
    kind: str


class Cover:
    """Parts of a text, asked whether another lies over one of them; a question costs the logarithm of their number."""

    def __init__(self, parts: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(parts):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def meets(self, one: Span) -> bool:
        """Whether the span lies over one of the parts."""
        at = bisect_left(self._starts, one.end) - 1
        return at >= 0 and self._ends[at] > one.start


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as its reader sees it, and where each part of it stands in the raw one."""

    text: str
    _at: tuple[int, ...] = ()
    """Where each piece begins in ``text``."""
    _raw: tuple[int, ...] = ()
    """The same in the raw text, and its length last."""
    _same: tuple[bool, ...] = ()
    """Whether a piece stands there letter for letter."""

    def raw(self, span: Span) -> Span:
        """The span in the raw text."""
        if not self._at:
            return span
        first, last = bisect_right(self._at, span.start) - 1, bisect_right(self._at, span.end - 1) - 1
        start = self._raw[first] + (span.start - self._at[first] if self._same[first] else 0)
        end = self._raw[last] + span.end - self._at[last] if self._same[last] else self._raw[last + 1]
        return Span(start, end, span.kind)


def seen(text: str, *, markup: bool = False) -> Seen:
    """The text without hidden signs and with entities written out; without markup too where asked for."""
    odd = _TAGGED if markup else _ODD
    plain = not markup and text.isascii() and "&" not in text and "\r" not in text
    if plain or odd.search(text) is None:
        return Seen(text)
    parts, at, raw, same = [], [], [], []
    here, length = 0, 0

    def add(piece: str, start: int, *, literal: bool) -> None:
        nonlocal length
        if piece:
            parts.append(piece)
            at.append(length)
            raw.append(start)
            same.append(literal)
            length += len(piece)

    for match in odd.finditer(text):
        add(text[here : match.start()], here, literal=True)
        add(_plain(match.group()), match.start(), literal=False)
        here = match.end()
    add(text[here:], here, literal=True)
    return Seen("".join(parts), tuple(at), (*raw, len(text)), tuple(same))


def _plain(odd: str) -> str:
    if odd[0] == "&":
        plain = html.unescape(odd)
        return " " if plain == "\u00a0" else plain if len(plain) <= 2 and plain != odd else odd
    if odd[0] == "<":
        return "" if _INLINE.match(odd) else " " if _CELL.match(odd) else "\n"
    if odd[0] == "\r":
        return "\n"
    if "\uff01" <= odd[0] <= "\uff5e":
        return odd.translate(_WIDE)
    return " " if odd.isspace() else ""


def lowered(text: str) -> str:
    """The text in small letters, sign for sign in its place."""
    small = text.lower()
    return (
        small if len(small) == len(text) else "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    )


def branched(pattern: str) -> str:
    """The same alternatives, told apart by their first signs: what fits none of them is passed over faster.

    Alternatives that begin with the same signs keep their order.
    """
    parts = alternatives(pattern)
    if len(parts) < 2 or not all(map(_PLAIN.match, parts)):
        return "|".join(parts)
    heads: dict[str, list[str]] = {}
    for part in parts:
        heads.setdefault(part[0], []).append(part[1:])
    return "|".join(
        head + (rests[0] if len(rests) == 1 else f"(?:{branched('|'.join(rests))})") for head, rests in heads.items()
    )


_PLAIN = re.compile(r"[^\W_](?![?*+{])|[_ °/](?![?*+{])")
"""A part of a pattern that begins with one sign that stands for itself."""


def alternatives(pattern: str) -> list[str]:
    """The parts of a pattern between the bars that stand in no bracket."""
    parts, depth, first, inside, escaped = [], 0, 0, False, False
    for at, sign in enumerate(pattern):
        if escaped or sign == "\\":
            escaped = not escaped
        elif inside or sign == "[":
            inside = sign != "]"
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            parts.append(pattern[first:at])
            first = at + 1
    return [*parts, pattern[first:]]


def words(text: str) -> frozenset[str]:
    """Words written in one string."""
    return frozenset(text.split())


def apart(spans: Iterable[Span]) -> list[Span]:
    """Spans in reading order, none over another: the one that begins first counts, of those the longest.

    Two of one kind that overlap are one.
    """
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if found and span.start < found[-1].end:
            last = found[-1]
            if span.end > last.end:
                found[-1] = Span(last.start, span.end, last.kind)
        else:
            found.append(span)
    return found
