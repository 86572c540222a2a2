"""The one way from a record to the text that is searched: markup, mail furniture, mojibake, length; and a content hash.

What a record says stays as it came; :func:`prepare` adds ``text`` (known at opening) and ``fix``. Cleaning is shy: a
text that said something never becomes empty, and time grows with its length and no faster.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import overload

import ftfy

from kb.identifiers import Identifier, identifiers
from kb.mail import strip_mail
from kb.markup import looks_like_html, to_text, unescape
from kb.records import Article, Problem, Ticket
from kb.rows import content_hash

__all__ = [
    "LONGEST",
    "TEXT_VERSION",
    "Identifier",
    "clean",
    "content_hash",
    "identifiers",
    "language",
    "prepare",
    "without_hidden",
]

TEXT_VERSION = 1
"""Goes up whenever the same record could get another ``text``; stored texts are then made anew."""
LONGEST = 32_000
"""Characters of a text kept for search; the whole stays in the record."""
_LONGEST_RAW = 250_000
"""Characters of a raw field that are looked at: markup can be ten times as long as what it says."""

_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_JOURNAL = re.compile(
    r"^[ \t]*(?:\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})[ T]\d{1,2}:\d\d(?::\d\d)?[^\n]{0,120}"
    r"\((?:work notes|additional comments|comments|notes|arbeitsnotizen)[^\n()]{0,40}\)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LINES = re.compile(r"\n{3,}")
_CID = re.compile(r"\[cid:[^\[\]\n]{1,120}\]", re.IGNORECASE)
_ANGLED = re.compile(r"(?<=\S)<(?:mailto:|https?://|file:)[^<>\s]{1,500}>", re.IGNORECASE)
_RULER = re.compile(r"([-=_*#~.])\1{5,}")
_RULERS = tuple(sign * 6 for sign in "-=_*#~.")
"""What stands in any ruler."""


def without_hidden(text: str) -> str:
    """Return the text without control, zero-width and direction characters and lone surrogates; lines and tabs stay."""
    if text.isprintable() and text.isascii():
        return text
    text = _BREAK.sub("\n", text)
    return _SURROGATE.sub("\ufffd", _HIDDEN.sub("", text))


def clean(text: str) -> str:
    """Return what a text says, at most :data:`LONGEST` characters: repaired, without markup and mail furniture.

    A text with any visible character never comes back empty.
    """
    plain = _plain(text[:_LONGEST_RAW])
    if not plain:
        return ""
    stripped = _unspaced(strip_mail(plain)) if "\n" in plain or len(plain) > 40 else plain
    return (stripped or plain)[:LONGEST].rstrip()


def clean_notes(text: str) -> str:
    """Return what technicians wrote on a ticket, without the headings a journal puts over each entry."""
    return clean(_JOURNAL.sub("", text[:_LONGEST_RAW]))


def _plain(text: str) -> str:
    """Repair characters, drop markup and hidden characters, fold whitespace."""
    if not text or text.isspace():
        return ""
    repaired = _repair(text)
    seen = to_text(repaired) if looks_like_html(repaired) else unescape(repaired)
    folded = _fold(without_hidden(seen))
    if "<" in folded or "[" in folded:
        folded = _fold(_ANGLED.sub("", _CID.sub(" ", folded))) or folded
    return folded or _fold(without_hidden(repaired))


def _repair(text: str) -> str:
    """Undo text read in the wrong encoding (ftfy), only where its traces are seen."""
    if text.isascii():
        return text
    if _MOJIBAKE.search(text):
        text = ftfy.fix_encoding(text)
    return unicodedata.normalize("NFC", text)


def _fold(text: str) -> str:
    """One blank between words, no blanks at line ends, at most one empty line, rulers shortened."""
    text = _unspaced("\n".join([" ".join(line.split()) for line in text.split("\n")]))
    return _RULER.sub(r"\1\1\1", text).strip() if any(ruler in text for ruler in _RULERS) else text


def _unspaced(text: str) -> str:
    """At most one empty line in folded text, and none before or after it."""
    return (_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip()


@overload
def prepare(record: Ticket) -> Ticket: ...
@overload
def prepare(record: Article) -> Article: ...
@overload
def prepare(record: Problem) -> Problem: ...
def prepare(record: Ticket | Article | Problem) -> Ticket | Article | Problem:
    """Return the record with ``text`` filled, and ``fix`` for a ticket; nothing else changes.

    A ticket's ``text`` is title and body as known at opening; an article's is title, summary and body; a problem's is
    title, symptom, causes and workaround.
    """
    if isinstance(record, Problem):
        cause = record.root_cause or record.probable_cause
        return replace(record, text=_joined(record.title, record.symptom, cause, record.workaround))
    if isinstance(record, Article):
        return replace(record, text=_joined(record.title, record.summary, record.body))
    return replace(record, text=_joined(record.title, record.body), fix=clean(record.resolution))


def _joined(*parts: str) -> str:
    """Cleaned parts on lines of their own; a part that the next one begins with is not said twice."""
    cleaned = [part for part in map(clean, parts) if part]
    kept = [
        part
        for part, following in zip(cleaned, [*cleaned[1:], ""], strict=False)
        if not (following and following.casefold().startswith(part.casefold()))
    ]
    return "\n".join(kept)[:LONGEST].rstrip()


_WORD = re.compile(r"[^\W\d_]{1,20}")
_STOPS: dict[str, str] = {
    "en": "the and is to not of in for on this that with have can it my i please we be are was from when an you has"
    " but as no do at if so will unable after",
    "de": "der die das und ist nicht ich ein eine zu mit auf für den bitte kann sich im dem wir es von bei wird hat"
    " habe nach auch mehr keine sie",
    "fr": "le la les et est pas je un une des pour avec sur que ne nous vous mon au du dans plus bonjour merci il ce",
    "es": "el los las y es una para con por que del se mi su más hola gracias está cuando al un",
    "it": "il gli e è non io una per con che di del della si mio sono più ho grazie quando alla nel un",
    "pt": "os e é não eu uma para com por que da se meu mais está obrigado quando ao na em um",
    "nl": "de het een en niet ik van te voor met dat kan mijn maar ook bij naar wordt heb zijn er",
    "pl": "na nie jest się że od za przez mam proszę czy dla ale jak nie mogę po",
}
_SPEAKS: dict[str, tuple[str, ...]] = {}
for _name, _words in _STOPS.items():
    for _word in _words.split():
        _SPEAKS[_word] = (*_SPEAKS.get(_word, ()), _name)
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
)


def language(text: str) -> str:
    """Guess the language of a text from its script and its small words: "en", "de", "fr" ...; "" when unsure."""
    text = text[:3000].casefold()
    if not text.isascii():
        letters = sum(map(str.isalpha, text)) or 1
        for name, script in _SCRIPTS:
            if len(script.findall(text)) / letters > 0.25:
                return name
    words = _WORD.findall(text)
    counts = Counter(name for word in words if word in _SPEAKS for name in _SPEAKS[word]).most_common(2)
    if not counts or counts[0][1] < max(2, 0.1 * len(words)) or (len(counts) > 1 and counts[1][1] == counts[0][1]):
        return ""
    return counts[0][0]
