"""Numbers of money: payment cards, IBANs and bank accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import ACCOUNT, IBAN
from kb.privacy.spans import Span, words

_CARD = re.compile(
    r"[2-6](?<![\w.,/+-].)(?<![0-9a-f]{4} .)(?:\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{3}[ -]?\d{6}[ -]?\d{4,5}"
    r"|\d{12})(?![\w-]|[.,]\d| [0-9a-f]{4}\b)"
)
_IBAN = re.compile(
    r"\d\d(?<=[A-Za-z]{2}\d\d)(?<![A-Za-z0-9][A-Za-z]{2}\d\d)(?:[ -]?[A-Za-z0-9]{2,4}){3,8}"
    r"(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])"
)
_IBAN_LENGTHS = """
15:NO 16:BE 18:DK,FI,FO,GL,NL 19:MK,SI 20:AT,BA,EE,KZ,LT,LU,XK 21:CH,HR,LI,LV 22:BG,BH,CR,DE,GB,GE,IE,ME,RS,VA
23:AE,GI,IL,IQ,TL 24:AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN,VG 25:PT,ST 26:IS,TR 27:FR,GR,IT,MC,MR,SM
28:AL,AZ,BY,CY,DO,GT,HU,LB,PL,SV 29:BR,EG,PS,QA,UA 30:JO,KW,MU 31:MT,SC 32:LC
"""
_IBAN_LENGTH = {
    land: int(part.partition(":")[0]) for part in _IBAN_LENGTHS.split() for land in part.partition(":")[2].split(",")
}
_OF_BANK = r"(?:[ -](?:bank|bancaire|bancari[ao]|corrente|corriente|courant|bankowe\w{0,2}|банковск\w{2,3}))?"
_ACCOUNT = re.compile(
    r"(?:account|acct|konto|kontos|kto|compte|cuenta|conta|conto|rekening|konta|rachun(?:ek|ku)|сч[её]та?|a/c"
    r"|blz|rib|iban"
    rf"|bban|routing)(?:nummer)?{_OF_BANK}"
    r"[.]?[ -]{0,2}(?P<named>number|no\.?|nr\.?|num\.?|nummer|num[ée]ro|número|numer|n[°º]|n\.|#|номер)?"
    r"[ \t]{0,2}(?:is|ist|lautet|est|es|è|é|jest|:|=)?[ \t]{0,2}(?P<n>\d[\d -]{5,22}\d)(?![\w-])"
)
_FIRST = re.compile(
    r"(?:number|nummer|num[ée]ro|número|numer|nr|n[°ºo]|номер)[. ]{1,2}"
    r"(?:(?:de|di|do|da|of|von|van|del?|mon|mi|il|my|the|your)[ ]){0,2}$"
)
"""What stands before the word for an account where it is called a number: "number of my account"."""
_MONEY = words(
    """bank giro saving checking deposit salary konto iban bban blz rib a/c routing payroll corrente corriente bancair
    bancari kto rekening cuenta compte"""
) | {"sort code"}
_SORT = re.compile(r"sort[ -]?code[ :=]{0,3}(?P<n>\d\d[- ]?\d\d[- ]?\d\d)(?!\d)")


def numbers(glance: Glance) -> Iterator[Span]:
    """Cards, IBANs and accounts; only numbers whose check digits are right, or that their words name.

    All are made of six digits and more, with no more than one sign between any two.
    """
    if not glance.has_run:
        return
    text, low = glance.text, glance.low
    for match in _CARD.finditer(text):
        if len(set(match.group()) - {" ", "-"}) > 1 and is_card("".join(filter(str.isdigit, match.group()))):
            yield Span(match.start(), match.end(), "card")
    for match in glance.begun(_IBAN, text, IBAN) if glance.hints & IBAN else ():
        if (end := _iban_end(text, match.start() - 2, match.end())) is not None:
            yield Span(match.start() - 2, end, "bank")
    for match in glance.begun(_ACCOUNT, low, ACCOUNT) if glance.hints & ACCOUNT else ():
        said = low[max(0, match.start() - 24) : match.start("n")]
        if (
            match["named"]
            or _FIRST.search(low, max(0, match.start() - 20), match.start())
            or any(word in said for word in _MONEY)
        ) and 6 <= sum(map(str.isdigit, match["n"])) <= 18:
            yield Span(match.start("n"), match.end("n"), "bank")
    if "sort" in low:
        yield from (Span(match.start("n"), match.end("n"), "bank") for match in _SORT.finditer(low))


def luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1)."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether these digits are a card of a known network with a right check digit."""
    n, two, four = len(digits), int(digits[:2] or 0), int(digits[:4] or 0)
    known = (
        (digits[0] == "4" and n in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and n == 16)
        or (two in (34, 37) and n == 15)
        or ((two in (36, 38, 39) or 3000 <= four <= 3059) and n in (14, 16))
        or (3528 <= four <= 3589 and n == 16)
        or (
            (four == 6011 or two == 65 or 6440 <= four <= 6499 or two == 62 or two in (50, 56, 57, 58, 63, 67))
            and n in (16, 17, 18, 19)
        )
    )
    return known and luhn(digits)


def is_iban(value: str) -> bool:
    """Whether it is an IBAN of a country that has them, with right check digits (ISO 13616)."""
    bare = value.replace(" ", "").replace("-", "").upper()
    if _IBAN_LENGTH.get(bare[:2]) != len(bare):
        return False
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _iban_end(text: str, start: int, end: int) -> int | None:
    """Where an IBAN ends that begins here; words behind it may have been taken for a part of it."""
    want = _IBAN_LENGTH.get(text[start : start + 2].upper())
    if want is None:
        return None
    count = 0
    for at in range(start, end):
        count += text[at] not in " -"
        if count == want:
            ok = not text[at + 1 : at + 2].isalnum() and is_iban(text[start : at + 1])
            return at + 1 if ok else None
    return None
