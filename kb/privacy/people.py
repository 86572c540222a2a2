"""Telephone numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import MAIL
from kb.privacy.spans import Span

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
