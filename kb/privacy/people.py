"""Telephone numbers, e-mail addresses, and the caller's name inside a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kb.privacy.glance import Glance
from kb.privacy.hints import MAIL
from kb.privacy.spans import Span, lowered, words

_MAIL = re.compile(
    r"(?<![\w.%+'@-])[\w%+'-][\w.%+'-]{0,63}@(?:[A-Za-z0-9\u00c0-\u024f](?:[\w-]{0,62})\.){1,6}[A-Za-z\u00c0-\u024f][\w-]{1,23}(?![\w@-])"
)
_SPELT = re.compile(
    r"(?<![\w.])[A-Za-z0-9][\w.+-]{0,50} ?[\[({] ?(?:at|ät|arroba|chiocciola) ?[\])}] ?[A-Za-z0-9][\w-]{1,50}"
    r"(?: ?(?:\.|[\[({] ?(?:dot|punkt|point|punto) ?[\])}]) ?[A-Za-z]{2,20}){1,3}",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"://[^\s/@]{0,50}:$")
_NO_MAIL = re.compile(r"(?:git|ec2-user|ubuntu|node|root)@|message-id", re.IGNORECASE)

_FEWEST, _MOST = 7, 15
"""Digits of a telephone number (ITU-T E.164 allows no more)."""
_DIGITS = re.compile(r"[+(\d](?<![\w.,:/+#@\\-].)(?:[+ ]?\d)?[\d \t().\xa0/-]{5,24}\d(?![\w@]|[.,:/-]\d)")
_WORDS = re.compile(
    r"(?<![^\W_])(?<![_@-])(?:tele(?:phone|fon|foon|fono|fone|fonu)?\w{0,8}|tél\w{0,8}|tel|phone|ph|mobile?|mob"
    r"|cell(?:ulare|ular)?"
    r"|handy(?:nummer)?|fax"
    r"|call(?:ed)?|callback|call[- ]back|ring|reach(?:able|ed)?|contact(?:ed)?|dial|text|sms|whatsapp|signal"
    r"|direct line|rufnummer"
    r"|rückruf(?:nummer)?|durchwahl|anruf(?:en)?|erreichbar|erreichen|portable|joignable|joindre|appeler"
    r"|rappele[rz](?:-moi)?"
    r"|llamar|llámame|móvil|movil|teléfono|telefono|chiamare|cellulare|bel|bellen|bereikbaar|mobiel"
    r"|gsm|kom|komórka"
    r"|zadzwoń|dzwonić|тел|телефон|звоните|звонить|моб|ligar|ligue|celular|telemóvel|office"
    r"|desk|home|work|[mtpfd](?=[:.)]|[ \t]{1,3}[+(\d]|[ \t]{0,3}\Z)"
    r"|(?:my|mobile|phone|contact|cell|callback|direct|fax|der|meine|seine|ihre|mon|mi|il mio|meu|mój|мой|new)"
    r" (?:number|nummer|numéro|número|numero|numer|номер))"
    r"[\s.:)–-]{0,4}(?:(?:me|him|her|us|them|back|on|at|under|unter|is|ist|est|es|è|é|moi|au|al|à|il|op|mij|to|no"
    r"|nr|der|user|the|of|my|el|lo|le|la|en|under:|auf|unter:|now|jetzt"
    r"|para|ao|на|по|мне|do|pod|mit|über|via|number|nummer|numéro|numer|numero|número"
    r"|telefonu)[\s.:]{1,3}){0,4}[(\s]{0,2}$",
    re.IGNORECASE,
)
_FORMED = re.compile(
    r"\(\d{3}\)[ ]?[2-9]\d{2}-\d{4}|[2-9]\d\d-[2-9]\d\d-\d{4}|[2-9]\d\d\.[2-9]\d\d\.\d{4}"
    r"|\(?0\d{2,5}\)?[ ]?/[ ]?\d[\d -]{3,10}\d|\(0\d{2,5}\)[ ]?\d[\d -]{3,10}\d|0\d{3,4} \d{3} \d{3,4}"
    r"|0\d{4} \d{6}|0\d{2,4}[ -]\d{6,8}"
    r"|0\d(?: \d\d){4}|0\d(?:\.\d\d){4}|0[1-9] \d{4} ?\d{4}|8 ?\(\d{3}\) ?\d{3}-\d\d-\d\d"
    r"|\(\d\d\) ?9?\d{4}-\d{4}|06-\d{8}|01[567]\d{8,9}|07\d{9}"
)
_AFTER = re.compile(
    r"\s{0,2}[(,]?\s?(?:mobile?|mob|cell|office|home|work|direct|handy|mobil|dienstlich|privat|portable)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"(?:error|fehler|code|version|build|ticket|case|order|auftrag|bestellung|invoice|rechnung|serial|s/n|sn"
    r"|asset|id|imei|iccid|port"
    r"|event|material|delivery|batch|charge|po|pr|ref(?:erence)?|isbn|ean|gtin|account|konto|vendor|customer"
    r"|artikel|kostenstelle|incident"
    r"|kb|note|hinweis|vlan|mac|ip|address|pid|sid|line|row|zeile|position|item|tracking|quantity|menge|preis"
    r"|price|eur|usd|amount|betrag"
    r"|room|raum|revision|release|firmware|driver|kernel|model|modell|part|partition|size|bytes|container)"
    r"(?:[ -]?(?:no|nr|number|nummer|id|#|code))?[\s.:=#-]{0,4}$",
    re.IGNORECASE,
)
_NEVER_REACH = 40
"""Characters before a number beyond which none of these begins."""
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


def emails(glance: Glance) -> Iterator[Span]:
    """Addresses, also spelt ones: "jdoe [at] example.com"."""
    text = glance.text
    if glance.hints & MAIL:
        for match in glance.within(_MAIL, text, MAIL):
            before = text[max(0, match.start() - 60) : match.start()]
            if not (_NO_MAIL.match(match.group()) or _NO_MAIL.search(before[-14:]) or _IN_ADDRESS.search(before)):
                start = match.start() + (match.group()[0] in "'-")
                yield Span(start, match.end(), "email")
    if any(sign in text for sign in "[({") and _AT.search(text):
        yield from (Span(match.start(), match.end(), "email") for match in _SPELT.finditer(text))


_AT = re.compile(r"[\[({] ?(?:at|ät|arroba|chiocciola) ?[\])}]", re.IGNORECASE)


def phones(glance: Glance) -> Iterator[Span]:
    """Telephone numbers: international ones, those in a national form, and others that a word before them names."""
    if glance.digits < _FEWEST:
        return
    text = glance.text
    for match in _DIGITS.finditer(text):
        start, end = match.start(), match.end()
        said = match.group()
        if said[0] == "(" and said.count("(") > said.count(")") and ")" in said:
            start, said = start + 1, said[1:]
        count = sum(sign.isdigit() for sign in said)
        if not _FEWEST <= count <= _MOST or "  " in said or _DATE.search(said):
            continue
        before = text[max(0, start - 48) : start]
        if said.count("(") != said.count(")"):
            if said[0] == "(" and ")" not in said:
                start += 1
            elif not said.rstrip("0123456789 ").endswith("("):
                continue
        if _is_phone(text, said, count, before, end):
            yield Span(start, end, "phone")
    if ":" in text:
        yield from _labelled(text)


def _labelled(text: str) -> Iterator[Span]:
    for match in _LABELLED.finditer(text):
        label = _LABEL.search(text, max(0, match.start() - 16), match.start())
        if label is None or text[label.start() - 1 : label.start()].isalnum():
            continue
        if _FEWEST <= sum(map(str.isdigit, match["n"])) <= _MOST and not _DATE.search(match["n"]):
            yield Span(match.start("n"), match.end("n"), "phone")


_LABELLED = re.compile(r":(?P<n>[+(\d][\d \t().\xa0/-]{5,24}\d)(?![\w@]|[.,:/-]\d)")
"""A number glued to its name: "tel:+44 1632 960961"."""
_LABEL = re.compile(
    r"(?:tele?(?:fon|phone|foon|fono|fone)?|tél|mobile?|mob|cell|handy|fax|phone|ph|gsm|sms|callto|whatsapp"
    r"|móvil|movil|тел|телефон|моб)\.?$",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})(?!\d)")


def _is_phone(text: str, said: str, count: int, before: str, end: int) -> bool:
    if said[0] == "+" or said.startswith("(+"):
        return count >= 8 and (said[1] != " " or _WORDS.search(before) is not None)
    worded = any(map(str.isalpha, before[-20:]))
    if worded and _NEVER.search(before, max(0, len(before) - _NEVER_REACH)):
        return False
    if worded and _WORDS.search(before):
        return said.count(".") < 2 or _FORMED.fullmatch(said.strip()) is not None
    if said.startswith("00") and said[2:].lstrip()[:1] in "123456789" and count >= 10 and re.search(r"[ ()/-]", said):
        return True
    return _FORMED.fullmatch(said) is not None or (count >= 9 and _AFTER.match(text, end, end + 16) is not None)


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
    wanted = _wanted(parts, text)
    for start, end in _called(text, wanted) if wanted else ():
        said = text[start:end]
        if any(sign in said for sign in " ._-") or _stands_for(text, said, start, end):
            yield Span(start, end, "name")


def _wanted(parts: Sequence[str], text: str) -> tuple[str, ...]:
    """The parts that stand in the text at all, the longest first."""
    low = text.casefold()
    return tuple(sorted((part for part in dict.fromkeys(parts) if part.casefold() in low), key=len, reverse=True))


def _called(text: str, parts: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """[start, end) of one of these names, or of two beside each other, where they are words of their own.

    A pattern for each caller would take longer to make than to use.
    """
    low, parts = lowered(text), tuple(map(lowered, parts))
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


def _ends(text: str, low: str, start: int, parts: tuple[str, ...]) -> Iterator[int]:
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
