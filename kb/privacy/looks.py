"""How a word looks that may be a secret: its signs, its length, and whether many people know or choose it."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby

from kb.privacy.technical import technical
from kb.privacy.values import is_guid

_HEX = re.compile(r"[0-9a-fA-F]{20,}")
_MOST = 48
"""Signs of a word that are looked at."""
_OFTEN, _SELDOM, _RARE = 1_000, 5_000, 6_000
ORDINARY = "ordinary.txt"
WORDS = frozenset(("word", "Word", "WORD", "woRd"))
"""Looks of what is made of letters only."""
HASHED = frozenset(("GUID", "HEX"))
"""Looks of hashes and of names that machines give."""
CODED = HASHED | {"B64", "LONG"}
"""Those, and what else only machines make."""
_JOINTS = frozenset("-_")
_TURNS = 5
"""Runs of small letters and capitals that no name has."""
_RUNS = {"ad": "wordN", "Ad": "WN", "Aad": "WordN"}


def pattern(value: str) -> str:
    """The kinds of its signs, each run once: "Summer2024!" is "Aad!"."""
    return "".join([kind for kind, _ in groupby(value[:_MOST].translate(_KINDS))])


@lru_cache(20_000)
def look(value: str) -> str:
    """One word for what a value looks like: "D6" six digits, "WordN" Winter24, "STRONG" with odd signs, "TECH".

    "phrase" is of several words that people choose, as Orange-Tiger-Lamp.
    """
    bare = value.replace(" ", "").replace("-", "")
    if bare.isdigit():
        return _digits(value, bare)
    if is_guid(value):
        return "GUID"
    if _HEX.fullmatch(value):
        return "HEX"
    digit, upper, lower = (any(map(of, value)) for of in (str.isdigit, str.isupper, str.islower))
    signs = set() if value.isalnum() else {sign for sign in value if not sign.isalnum()}
    if signs and signs <= _JOINTS and _is_phrase(value):
        return "phrase"
    if len(value) >= 20 and digit and (upper or lower) and not signs - set("+/=_-."):
        return "B64" if upper and lower else "LONG"
    if not digit and not signs:
        if value[:1].isupper() and not value[1:].isupper() and len(pattern(value)) < _TURNS:
            return "Word"
        return "WORD" if upper and not lower else "word" if lower and not upper else "woRd"
    if technical(value):
        return "TECH"
    return _mixed(value, signs, (digit, upper, lower))


def _is_phrase(value: str) -> bool:
    """Whether words are joined that people choose, and it names no thing: Orange-Tiger-Lamp, Summer_window38."""
    parts = re.split("[-_]", value.rstrip("0123456789"))
    chosen = sum(fame(part.lower())[0] == "p" for part in parts)
    usual = (
        chosen == 1 and value[-1].isdigit() and value[0].isupper() and all(p.isalpha() and len(p) > 3 for p in parts)
    )
    return (chosen > 1 or usual) and not technical(value)


def _mixed(value: str, signs: set[str], of: tuple[bool, bool, bool]) -> str:
    """How a value of several kinds of signs looks."""
    digit, upper, lower = of
    if digit and not signs:
        return _RUNS.get(pattern(value), "mixN" if upper and lower else "alnum")
    if signs - set("-_./:@\\"):
        return "STRONG" if digit else "symW"
    return "dashW" if not digit else "dashN" if signs <= set("-_") else "dotN"


def sized(n: int) -> int:
    """A length, roughly."""
    return n if n <= 8 else next((most for most in (12, 20, 40) if n <= most), 99)


@lru_cache(20_000)
def fame(word: str) -> str:
    """How a word in small letters is known: p1-p3 as a much used password, e1-e3 English, nm a name, un not at all.

    The lists are those of zxcvbn (Wheeler, USENIX Security 2016).
    """
    chosen, english, names = _lists()
    if (rank := chosen.get(word)) is not None:
        return "p1" if rank < _OFTEN else "p2" if rank < _SELDOM else "p3"
    if (rank := english.get(word)) is not None:
        return "e1" if rank < _OFTEN else "e2" if rank < _RARE else "e3"
    return "nm" if word in names else "un"


@cache
def ordinary() -> frozenset[str]:
    """Words that stand in ordinary tickets, though people choose them for passwords: "online", "access"."""
    return frozenset(files("kb.privacy").joinpath(ORDINARY).read_text("utf-8").split())


def _digits(value: str, bare: str) -> str:
    if len(bare) != len(value):
        return "D6s" if len(bare) == 6 and len(value) == 7 else "Ds"
    return f"D{len(value)}" if len(value) <= 8 else "D16" if len(value) == 16 else "Dlong"


class _Kinds(dict[int, str]):
    """The kind of each sign, found when it is first met."""

    def __missing__(self, at: int) -> str:
        self[at] = kind = _kind(chr(at))
        return kind


def _kind(sign: str) -> str:
    if sign.isdigit():
        return "d"
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign in "-_.@/:=+\\" else "!"


_KINDS = _Kinds()


@cache
def _lists() -> tuple[dict[str, int], dict[str, int], frozenset[str]]:
    """Passwords and English words by rank, and names. Read when first asked for: the lists take a moment."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS as LISTS

    chosen = {word: rank for rank, word in enumerate(LISTS["passwords"])}
    english = {word: rank for rank, word in enumerate(LISTS["us_tv_and_film"])}
    english |= {word: rank for rank, word in enumerate(LISTS["english_wikipedia"])}
    return chosen, english, frozenset().union(*(LISTS[name] for name in ("male_names", "female_names", "surnames")))
