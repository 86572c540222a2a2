"""The caller's name inside a text: redacted where the person is meant, left where it is part of a path or a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kb.privacy.spans import Span, lowered, words

_NAME = re.compile(r"[^\W\d_][\w'’.-]{0,40}")
_TITLES = words("mr mrs ms miss dr prof herr frau m mme mlle sr sra sig signora pan pani dhr mevr")
_COMMON = words(
    """mark will may grace rose jack frank art bill page field price young king short long brown black white green
    grey gray april june august summer winter hope faith joy dawn iris ivy daisy pearl ruby crystal amber ray rob
    bob pat sue drew dean grant guy chip rich max min art case major minor knight bishop baker cook smith hunter
    fisher mason wood stone hill lake field ford rivers banks house church hall park street lane moon sun star day
    week windows office word access teams excel outlook exchange share point chase lance rusty sandy terry carry
    victor norm neil miles reed read penny nick rex van da de del von der la le el al bin ibn to an in is it so no
    test admin user guest support service desk help stark kurz lang gross klein neu alt gut ernst fest beck kaiser
    koch schneider weiß schwarz engel herr frau sommer petit grand blanc noir leblanc martin marine clement juste
    bon pierre france"""
)
"""Names that are also words: they go only where a greeting, a title or the other name stands beside them."""
_ADDRESSED = re.compile(
    r"(?:\b(?:hi|hello|hey|dear|thanks|thank you|thx|regards|cheers|br|this is|i am|i'm|my name is|name is|hallo"
    r"|guten tag|liebe[rs]?|gruß"
    r"|grüße|viele grüße|mfg|lg|vg|danke|bonjour|merci|cordialement|salut|hola|gracias|ciao|grazie|hoi|groeten"
    r"|dzień dobry|pozdrawiam"
    r"|mr|mrs|ms|miss|dr|herr|frau|m|mme|asked|called|told|informed|spoke to|spoke with|user|caller"
    r"|anrufer)[.,:!]?\s{1,3})$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def names_of(caller: str) -> tuple[str, ...]:
    """The names in a caller field: "Emma Hartley", "Hartley, Emma (Sales)", "emma.hartley@corp.example"."""
    plain = re.sub(r"\([^()]{0,80}\)|\[[^\[\]]{0,80}\]|<[^<>]{0,80}>", " ", caller[:200])
    if "@" in plain:
        plain = plain.partition("@")[0].replace(".", " ").replace("_", " ")
    parts = [part.strip(".'’-") for part in _NAME.findall(plain)]
    return tuple(
        part
        for part in parts
        if len(part) > 1 and part.casefold() not in _TITLES and not part.casefold().startswith("person-")
    )


def names(text: str, caller: str) -> Iterator[Span]:
    """The caller's names where they stand in the text as words of their own; two beside each other are one find."""
    parts = names_of(caller)
    if (
        not parts
        or (len(parts) == 1 and parts[0] in (parts[0].upper(), parts[0].lower()))
        or "person-" in caller.casefold()
    ):
        return
    whole = caller.strip()
    if len(whole) > 3:
        at = text.find(whole)
        while at >= 0:
            if not text[max(0, at - 1) : at].isalnum() and not text[at + len(whole) : at + len(whole) + 1].isalnum():
                yield Span(at, at + len(whole), "name")
            at = text.find(whole, at + len(whole))
    for start, end in _called(text, parts):
        said = text[start:end]
        if any(sign in said for sign in " ._-") or _stands_for(text, said, start, end):
            yield Span(start, end, "name")


def _called(text: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """[start, end) of one of these names, or of two beside each other, where they are words of their own.

    A pattern for each caller would take longer to make than to use.
    """
    low, parts = lowered(text), sorted(map(lowered, parts), key=len, reverse=True)
    places, last = sorted({at for part in parts for at in _each(low, part)}), 0
    for start in places:
        if start >= last and _FREE.match(text, start) is not None:
            end = next(iter(_ends(text, low, start, parts)), 0)
            if end:
                yield start, end
                last = end


def _each(low: str, part: str) -> Iterator[int]:
    at = low.find(part)
    while at >= 0:
        yield at
        at = low.find(part, at + 1)


def _ends(text: str, low: str, start: int, parts: Sequence[str]) -> Iterator[int]:
    """Where a name that begins here may end: a second one beside it comes first."""
    for one in parts:
        if low.startswith(one, start):
            end = start + len(one)
            then = _BETWEEN.match(text, end)
            ends = [then.end() + len(two) for two in parts if low.startswith(two, then.end())] if then else []
            yield from (at for at in (*ends, end) if _SHUT.match(text, at) is not None)


_FREE = re.compile(r"(?<![\w\\])(?<![\w.\\][/@.-])(?<!://)")
_BETWEEN = re.compile(r",? {1,2}(?:[A-Z]\. )?|[._-]", re.IGNORECASE)
_SHUT = re.compile(r"(?!(?!s\b)[\w@\\]|[-.]\w)", re.IGNORECASE)
"""Before a name, between two and behind: no part of a path, an address or a longer word, but "Emma's" and "Emmas"."""


def _stands_for(text: str, said: str, start: int, end: int) -> bool:
    """Whether a single name is the person: never where it is also a word, unless it is addressed or stands alone."""
    before = text[max(0, start - 24) : start]
    if _ADDRESSED.search(before):
        return True
    line_before, line_after = before.rpartition("\n")[2] if "\n" in before else before, text[end : end + 3]
    if (
        ("\n" in before or start < 24)
        and not line_before.strip()
        and (not line_after.strip(" ,.!") or line_after.startswith("\n"))
    ):
        return True
    if said.casefold() in _COMMON or len(said) < 3:
        return False
    return said[0].isupper() or len(said) > 3
