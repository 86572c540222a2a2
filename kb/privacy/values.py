"""What looks like a password, and where one ends that begins here."""

from __future__ import annotations

import re
from itertools import pairwise

from kb.privacy.technical import STOP, is_word, masked, technical

TOKEN = re.compile(r"[^\s]{1,130}")
_FURTHER = re.compile(r"&[\w.-]{1,40}=")
"""The next part of an address."""
_CLOSES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "„": "“",
    "‘": "’",
    "«": "»",
    "*": "*",
    "|": "|",
    "(": ")",
    "\\": "\\",
}
_ENDS = re.compile(
    r"[.!?)\]\"'”»,;*|]{0,3}(?:$|\s*\n|[.!?;,)]|\s{1,3}(?:and|und|et|y|e|i|и|en|but|aber|pero|mais|ma|maar|mas|ale|но|or|oder|ou|-|\|)\s)"
)


def plain_path(value: str) -> bool:
    """Whether it is a path of words, as in reports/monthly."""
    return "/" in value and not any(sign.isdigit() for sign in value)


def taken(text: str, at: int, opened: str, *, option: bool = False) -> tuple[int, int] | None:
    """The value that begins here: up to the closing quote, else up to the next blank, without what ends a
    sentence."""
    if at >= len(text):
        return None
    sign = opened[-1:]
    if sign and (close := text.find(_CLOSES[sign], at, at + 100)) > at and "\n" not in text[at:close]:
        return at, close
    match = TOKEN.match(text, at)
    if match is None:
        return None
    end = match.end()
    for cut in ("<", '"', "`", *((";",) if option else ())):
        place = text.find(cut, at + 1, end)
        end = place if place > 0 else end
    if option and (further := _FURTHER.search(text, at, end)) is not None:
        end = further.start()
    value = text[at:end]
    while len(value) > 1 and _closing(value):
        value = value[:-1]
    return (at, at + len(value)) if value else None


def _closing(value: str) -> bool:
    """Whether its last sign ends the sentence around it, or closes what was opened before it."""
    last = value[-1]
    if last in _OPENS:
        return value.count(_OPENS[last]) < value.count(last)
    return last in ".,;:|" or (last in "'\"”»’" and value.count(last) % 2 == 1)


_OPENS = {")": "(", "]": "[", "}": "{"}


def assigned(text: str, span: tuple[int, int], *, fresh_line: bool) -> bool:
    """Whether this is the value after ":" or "=": nearly anything is, words only where nothing more follows."""
    value = text[slice(*span)]
    if len(value) < 3 or masked(value) or "://" in value or (value[0] == "<" and _BLANK.match(text, span[0])):
        return False
    if _NONE.match(value) and " " not in value:
        return False
    if any(not sign.isalpha() for sign in value.strip(".,!?'’")):
        plain = value.strip(".,!?;:'()")
        if plain.isdigit():
            return len(plain) > 3
        if "-" in plain and all(part.isalpha() for part in plain.split("-")):
            return not any(is_word(part) for part in plain.split("-")) and closes(text, span[1])
        return (
            not (fresh_line and technical(value)) and not value.startswith(("\\\\", "http")) and not plain_path(value)
        )
    quoted = text[span[0] - 1] in "\"'" and text[span[1] : span[1] + 1] == text[span[0] - 1]
    return value.strip(".,!?'’").casefold() not in STOP and (quoted or closes(text, span[1]))


_BLANK = re.compile(r"<[^\W\d][\w -]{1,40}>")
"""What is to be filled in: "<your password>"."""


def direct(text: str, span: tuple[int, int]) -> bool:
    """After "is" with nothing between: a value, or a word that closes the sentence and is no usual one."""
    value = text[slice(*span)]
    if masked(value) or len(value) < 3:
        return False
    bare = value.strip(".,!?'’")
    if bare.isdigit():
        return len(bare) > 3
    if bare.isalpha():
        return not is_word(bare) and len(bare) > 3 and closes(text, span[1])
    return (
        strong(value, technical_too=False) or ("-" in bare and not any(map(is_word, bare.split("-"))))
    ) and not _unit(bare)


def adjacent(text: str, span: tuple[int, int], *, quoted: bool, most: int) -> bool:
    """Right after the key word: only what looks like a password, or stands in quotes."""
    value = text[slice(*span)]
    if quoted and not is_word(value) and " " not in value and len(value) > 3 and not technical(value):
        return True
    return strong(value) or (value.isdigit() and 4 < len(value) <= most) or (most > 9 and jumbled(value))


def jumbled(value: str) -> bool:
    """Whether small and capital letters change as they do in no word: "HVKieXuBSXai"."""
    return len(value) > 7 and sum(one.isupper() != two.isupper() for one, two in pairwise(value)) > 3 - (len(value) > 9)


def is_guid(value: str) -> bool:
    """Whether it is a GUID; a key may be one, a password is none."""
    return _GUID.fullmatch(value) is not None


_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def odd(value: str) -> bool:
    """Whether it has a sign of no word, or digits between small and capital letters: no name of a thing is so."""
    mixed = value not in (value.lower(), value.upper())
    return any(sign in _SPECIAL for sign in value.rstrip("!?")) or (mixed and any(map(str.isdigit, value)))


def wordy(value: str) -> bool:
    """Whether it is a word and a number: "sunshine2296", and not "port80" or "r2d2x1"."""
    return sum(map(str.isalpha, value)) > 4 and sum(not sign.isalpha() for sign in value) > 1


def closes(text: str, end: int) -> bool:
    """Whether a sentence or a part of one ends here."""
    return _ENDS.match(text, end, end + 12) is not None


def _unit(value: str) -> bool:
    return (
        re.fullmatch(r"\d{1,4}[-–]?(?:\d{1,4})?[a-z]{0,12}", value.casefold()) is not None and not value[-1:].isdigit()
    )


_NONE = re.compile(
    r"[^\s]{0,130}\s|[^/]{0,130}/[^/]{0,130}/|--|[\w.%-]{0,80}[?&][\w.-]{1,40}=|[A-Za-z_.]{1,20}=[\w.:-]{0,40}$"
    r"|[^\W\d_]{1,12}['’][^\W\d_]{1,3}$|[0-9a-f]{32,130}$|\[?cid:|~[\d.]{1,8}[a-z]{1,3}$|[A-Z]{1,3}&[A-Z]{1,3}$"
)
"""Sentences, paths, parts of addresses and headers, contractions, hashes, sizes."""
_SPECIAL = frozenset('!#$%&*+=?@^~§€!"{}[]()<>|;:')


def strong(value: str, *, technical_too: bool = True) -> bool:
    """Whether it looks like a password: letters with digits or signs, long enough, and no identifier."""
    bare = value.strip(".,;:()\"'`“”’")
    if bare.isalpha() or not 4 <= len(bare) <= 130 or masked(bare) or PLACED.search(bare) or _NONE.match(bare):
        return False
    letters = any(sign.isalpha() for sign in bare)
    digits = any(sign.isdigit() for sign in bare)
    signs = any(sign in _SPECIAL for sign in bare.rstrip("!?"))
    if not letters or not (digits or signs) or is_word(bare.strip("!?")):
        return False
    if not digits and ("/" in bare or "@" in bare or bare.endswith("(s)")):
        return False
    if _unit(bare) or (len(bare) < 6 and not signs and bare.casefold() == bare and bare[0].isdigit()):
        return False
    return not (technical_too and technical(bare)) and "://" not in bare and not MAIL.fullmatch(bare)


PLACED = re.compile(r"\[[a-z-]{2,12}(?:-\d{1,5})?\]")
MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,80}\.[A-Za-z]{2,12}")
