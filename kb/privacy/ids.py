"""Numbers that a state gives its people: insurance, tax, identity card and passport numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import FISCAL, ID_NAME
from kb.privacy.numbers import luhn
from kb.privacy.spans import Span, branched

_FEWEST = 6
"""Digits that any id has at least."""


def ids(glance: Glance) -> Iterator[Span]:
    """Ids of states: those whose form and check digits tell, and those that their words name."""
    if glance.digits < _FEWEST:
        return
    text = glance.text
    yield from _named_ids(glance)
    if not glance.has_run:
        return
    yield from (Span(match.start(), match.end(), "id") for match in _NINO.finditer(text) if _nino(match.group()))
    for begins in _BEGINS.finditer(text):
        for pattern, check in _BARE if _ANY_BARE.match(text, begins.start()) else ():
            match = pattern.match(text, begins.start())
            if match is not None and check(match.group()):
                yield Span(match.start(), match.end(), "id")


def _named_ids(glance: Glance) -> Iterator[Span]:
    text, low = glance.text, glance.low
    for match in glance.within(_CODICE, text, FISCAL) if glance.hints & FISCAL else ():
        if _codice(text[match.start() - 6 : match.end()]):
            yield Span(match.start() - 6, match.end(), "id")
    for match in _KEYED.finditer(low) if glance.hints & ID_NAME else ():
        inside = low[match.start() - 1 : match.start()].isalnum() or low[match.end() - 1].isalnum()
        value = None if inside else _ID_VALUE.match(text, match.end())
        if value is not None and sum(sign.isdigit() for sign in value.group()) >= 6:
            yield Span(value.start(), value.end(), "id")
        elif value is None and (far := _far_id(text, low, match)) is not None:
            yield Span(far.start(), far.end(), "id")


def _far_id(text: str, low: str, name: re.Match[str]) -> re.Match[str] | None:
    """An id that follows its name some words later: "my passport is rejected, the number is C01X00T47"."""
    end = name.end()
    while end > name.start() and not low[end - 1].isalnum():
        end -= 1
    if low[name.start() - 1 : name.start()].isalnum() or low[end : end + 1].isalnum() or end - name.start() < 3:
        return None
    if low[name.start() : end] in _WORDS_TOO:
        return None
    link = _ID_FAR.match(low, end, end + 110)
    value = _ID_VALUE.match(text, link.end()) if link is not None else None
    return value if value is not None and sum(sign.isdigit() for sign in value.group()) >= 8 else None


_WORDS_TOO = frozenset(("nie", "tin", "inn", "nip", "nir", "avs", "nif"))
"""Names of ids that are words, too."""


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


_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z](?<![\w-].)[A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![\w-])")
_BEGINS = re.compile(r"[\dXYZxyz](?<!\w.)(?=[\d .-]{5})")
"""Where one of :data:`_BARE` can begin."""
_BARE: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"\d(?<![\w.-].)\d\d-\d{2}-\d{4}(?![\w-])"), _ssn),
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
_ANY_BARE = re.compile("|".join(pattern.pattern for pattern, _ in _BARE))
_CODICE = re.compile(
    r"\d\d(?<=[A-Za-z]{6}\d\d)(?<![\w-][A-Za-z]{6}\d\d)[A-EHLMPRSTa-ehlmprst]\d\d[A-Za-z]\d{3}[A-Za-z](?![\w-])"
)
_NAMES = (
    r"ssn|social security(?: number| no\.?)?|national insurance(?: number| no\.?)?|nino|ni number|national id"
    r"|id card(?: number| no\.?)?|passport|reisepass(?:nummer)?|pass-?nr\.?|passeport|pasaporte|passaporto"
    r"|paspoort|паспорт"
    r"|ausweis(?:nummer|-?nr\.?)|personalausweis(?:nummer)?|steuer-?(?:id|identifikationsnummer|nummer|nr\.?)|idnr"
    r"|sozialversicherungsnummer|sv-?nummer|rentenversicherungsnummer|tax id|tin|tfn|sin number|insee"
    r"|num[ée]ro de s[ée]curit[ée] sociale"
    r"|n° s[ée]cu|nir|codice fiscale|dni|nie|nif|bsn|burgerservicenummer|sofinummer|pesel|nip|dowód osobisty"
    r"|снилс|инн"
    r"|ahv(?:-?nummer)?|avs|cpf|personnummer|fødselsnummer|cpr|henkilötunnus|aadhaar|pan card"
    r"|driver'?s? licen[cs]e|driving licence"
    r"|führerschein(?:nummer)?|medicare|nhs(?: number| no\.?)?"
)
_KEYED = re.compile(
    f"(?:{branched(_NAMES)})"
    r"(?:[ -]?(?:number|no\.?|nr\.?|nummer|num|card|id|#))?[\"'*]{0,2}[ \t]{0,2}(?:is|ist|lautet|est|es|è|é"
    r"|jest|war|was"
    r"|:|=|no\.|number|n°|->|-|\||\()?[ \t:=\"'*]{0,4}"
)
_ID_FAR = re.compile(
    r"[^\n\d]{0,80}?[ \t,(](?:as|als|be|sein|here:|hier:|aquí:|ici :|ecco:|is|ist|lautet|est|es|è|é|jest|это|was"
    r"|war|:|=|->)[ \t:\"'(]{1,3}(?=[A-Za-z]{0,3} ?\d)"
)
"""Words between the name of an id and "is"."""
_ID_VALUE = re.compile(
    r"(?=[A-Za-z]{0,3} ?\d)[A-Za-z]{0,3} ?\d[\dA-Za-z]{0,14}(?:[ ./-]\d[\dA-Za-z]{0,11}){0,6}(?![\w])"
)
