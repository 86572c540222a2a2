"""Numbers that can be checked: payment cards, IBANs, account numbers and the ids of states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kb.privacy.spans import Span, lowered

_SIX = re.compile(r"\d(?:[ ./-]?[\dA-Za-z]?\d){5}")
_FOUR = re.compile(r"\d\d")
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
_ACCOUNT = re.compile(
    r"(?:account|acct|konto|compte|cuenta|conta|rekening|a/c|blz|rib|iban|bban|routing)(?:nummer)?"
    r"[ -]?(?P<named>number|no\.?|nr\.?|num|nummer|numéro|número|n°)?[ \t]{0,2}(?:is|ist|:"
    r"|=)?[ \t]{0,2}(?P<n>\d[\d -]{5,22}\d)(?![\w-])"
)
_MONEY = ("bank", "giro", "saving", "checking", "deposit", "salary", "sort code", "konto", "iban", "bban", "blz", "rib",
          "a/c", "routing", "rekening", "cuenta", "compte")  # fmt: skip
_SORT = re.compile(r"sort[ -]?code[ :=]{0,3}(?P<n>\d\d[- ]?\d\d[- ]?\d\d)(?!\d)")


def numbers(text: str) -> Iterator[Span]:
    """Cards, IBANs, accounts and ids; only numbers whose check digits are right, or that their words name."""
    if _FOUR.search(text) is None:
        return
    low = lowered(text)
    yield from _named_ids(text, low)
    if _SIX.search(text) is not None:
        yield from _runs(text, low)


def _runs(text: str, low: str) -> Iterator[Span]:
    """What is made of six digits and more, with no more than one sign between any two."""
    for match in _CARD.finditer(text):
        if len(set(match.group()) - {" ", "-"}) > 1 and is_card("".join(filter(str.isdigit, match.group()))):
            yield Span(match.start(), match.end(), "card")
    for match in _IBAN.finditer(text):
        if (end := _iban_end(text, match.start() - 2, match.end())) is not None:
            yield Span(match.start() - 2, end, "bank")
    for match in _ACCOUNT.finditer(low):
        said = low[max(0, match.start() - 24) : match.start("n")]
        if (match["named"] or any(word in said for word in _MONEY)) and 6 <= sum(map(str.isdigit, match["n"])) <= 18:
            yield Span(match.start("n"), match.end("n"), "bank")
    yield from (Span(match.start("n"), match.end("n"), "bank") for match in _SORT.finditer(low))
    for pattern, check in _BARE:
        yield from (Span(match.start(), match.end(), "id") for match in pattern.finditer(text) if check(match.group()))


def _named_ids(text: str, low: str) -> Iterator[Span]:
    for match in _CODICE.finditer(text):
        if _codice(text[match.start() - 6 : match.end()]):
            yield Span(match.start() - 6, match.end(), "id")
    for match in _KEYED.finditer(low):
        inside = low[match.start() - 1 : match.start()].isalnum() or low[match.end() - 1].isalnum()
        value = None if inside else _ID_VALUE.match(text, match.end())
        if value is not None and sum(sign.isdigit() for sign in value.group()) >= 6:
            yield Span(value.start(), value.end(), "id")


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


# --- ids of states ------------------------------------------------------------------------------------------------


def _ssn(value: str) -> bool:
    area, group, serial = value[:3], value[4:6], value[7:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _nir(value: str) -> bool:
    bare = re.sub(r"[^\dAB]", "", value.upper()).replace("2A", "19").replace("2B", "18")
    return len(bare) == 15 and bare.isdigit() and 97 - int(bare[:13]) % 97 == int(bare[13:])


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
                 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip


def _codice(value: str) -> bool:
    bare = value.upper()
    total = sum(_ODD[s] if i % 2 == 0 else (int(s) if s.isdigit() else ord(s) - 65) for i, s in enumerate(bare[:15]))
    return chr(65 + total % 26) == bare[15]


def _dni(value: str) -> bool:
    bare = re.sub(r"[ .-]", "", value.upper())
    n = bare[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return n.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(n) % 23] == bare[-1]


def _ahv(value: str) -> bool:
    bare = re.sub(r"\D", "", value)
    return -sum(int(s) * (1, 3)[i % 2] for i, s in enumerate(bare[:12])) % 10 == int(bare[12])


def _cpf(value: str) -> bool:
    digits = [int(s) for s in value if s.isdigit()]
    return all(
        sum(d * w for d, w in zip(digits[: n - 1], range(n, 1, -1), strict=True)) * 10 % 11 % 10 == digits[n - 1]
        for n in (10, 11)
    )


def _nino(value: str) -> bool:
    return value[:2].upper() not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def _belgian(value: str) -> bool:
    bare = re.sub(r"\D", "", value)
    return any(97 - int(lead + bare[:9]) % 97 == int(bare[9:]) for lead in ("", "2"))


def _swedish(value: str) -> bool:
    return luhn(re.sub(r"\D", "", value)[-10:])


def _social_de(value: str) -> bool:
    bare = re.sub(r"\s", "", value.upper())
    spread = bare[:8] + f"{ord(bare[8]) - 64:02d}" + bare[9:11]
    total = sum(sum(divmod(int(s) * w, 10)) for s, w in zip(spread, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return total % 10 == int(bare[11])


_BARE: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"\d(?<![\w.-].)\d\d-\d{2}-\d{4}(?![\w-])"), _ssn),
    (re.compile(r"[A-CEGHJ-PR-TW-Z](?<![\w-].)[A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![\w-])"), _nino),
    (re.compile(r"[12](?<![\w.-].) ?\d\d ?(?:[02-9]\d|1[0-2]) ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3} ?\d\d(?![\w-])"), _nir),
    (
        re.compile(r"[\dXYZxyz](?<![\w.-].)(?:\d{7}|-?\d{7}|\d\.\d{3}\.\d{3})[ -]?[A-HJ-NP-TV-Za-hj-np-tv-z](?![\w-])"),
        _dni,
    ),
    (re.compile(r"756(?<![\w.]...)\.\d{4}\.\d{4}\.\d\d(?!\d)"), _ahv),
    (re.compile(r"\d(?<![\w.].)\d\d\.\d{3}\.\d{3}-\d\d(?!\d)"), _cpf),
    (re.compile(r"\d(?<![\w.-].)\d\.\d\d\.\d\d-\d{3}\.\d\d(?!\d)"), _belgian),
    (re.compile(r"\d(?<![\w.-].)(?:\d\d)?\d(?:0[1-9]|1[0-2])[0-3]\d[-+]\d{4}(?![\w-])"), _swedish),
    (re.compile(r"\d(?<![\w-].)\d ?[0-3]\d[01]\d\d\d ?[A-Z] ?\d{3}(?![\w-])"), _social_de),
    (re.compile(r"\d(?<![\w-].)\d\d-\d{3}-\d{3} \d\d(?!\d)"), lambda _: True),
)
_CODICE = re.compile(
    r"\d\d(?<=[A-Za-z]{6}\d\d)(?<![\w-][A-Za-z]{6}\d\d)[A-EHLMPRSTa-ehlmprst]\d\d[A-Za-z]\d{3}[A-Za-z](?![\w-])"
)
_KEYED = re.compile(
    r"(?:ssn|social security(?: number| no\.?)?|national insurance(?: number| no\.?)?|nino|ni number|national id"
    r"|id card(?: number| no\.?)?|passport|reisepass(?:nummer)?|pass-?nr\.?|passeport|pasaporte|passaporto"
    r"|paspoort|паспорт"
    r"|ausweis(?:nummer|-?nr\.?)|personalausweis(?:nummer)?|steuer-?(?:id|identifikationsnummer|nummer|nr\.?)|idnr"
    r"|sozialversicherungsnummer|sv-?nummer|rentenversicherungsnummer|tax id|tin|tfn|sin number|insee"
    r"|num[ée]ro de s[ée]curit[ée] sociale"
    r"|n° s[ée]cu|nir|codice fiscale|dni|nie|nif|bsn|burgerservicenummer|sofinummer|pesel|nip|dowód osobisty"
    r"|снилс|инн"
    r"|ahv(?:-?nummer)?|avs|cpf|personnummer|fødselsnummer|cpr|henkilötunnus|aadhaar|pan card"
    r"|driver'?s? licen[cs]e|driving licence"
    r"|führerschein(?:nummer)?|medicare|nhs(?: number| no\.?)?)"
    r"(?:[ -]?(?:number|no\.?|nr\.?|nummer|num|card|id|#))?[ \t]{0,2}(?:is|ist|est|es|:|=|no\.|number|n°"
    r"|-)?[ \t:=]{0,3}"
)
_ID_VALUE = re.compile(
    r"(?=[A-Za-z]{0,3} ?\d)[A-Za-z]{0,3} ?\d[\dA-Za-z]{0,14}(?:[ ./-]\d[\dA-Za-z]{0,11}){0,6}(?![\w])"
)
