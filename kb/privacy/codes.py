"""PINs and one-time codes: digits after "PIN is", and digits that came by text message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import ABOUT_CODE, COD, CODE_WORD, MESSAGE, THREE_DIGITS
from kb.privacy.spans import Span, words
from kb.privacy.values import TOKEN
from kb.privacy.wording import LINK, OTHERS

_LINK = re.compile(
    r"(?:s\b)?[\"']?[ \t]{0,2}(?:\((?![\d -]{1,12}\))[^()\n]{1,40}\)[ \t]{0,2})?"
    r"(?:(?:[:=#>–-]{1,2}|ist|is|was|war|lautet|shows|says|est|es|è|é|to|still|now|number"
    r"|no\.?|nr\.?"
    r"|code|nummer|numéro|jest|это|-)[ \t]{0,3}){0,3}[\"'(“\n]{0,2}[ \t]{0,2}"
)
CODE = re.compile(r"(?:\d{3}[ -]\d{3}|\d{4,8}|(?=[a-z]{0,5}\d)[a-z0-9]{6,8})(?![\w@]|[.,:/-]\d)", re.IGNORECASE)
_DIGITS = re.compile(r"[\"'(\[“*]{0,2}(?P<v>\d{3}[ -]\d{3}|\d{4,8})(?![\w@]|[.,:/-]\d)")
_CVV = re.compile(r"\d{3,4}(?!\d)")
_CVV_NEAR = re.compile(r"[^\n\d.]{0,36}?(?P<v>\b\d{3,4})(?![\d/]|[.-]\d)")
_WINDOW, _WORDS = 90, 8

_CODE_WORD = re.compile(r"\b(?:codes?|c[oó]digos?|codice|kod|kodu|код|кода|kode|koden)\b(?=[^\n]{0,48}\d{3})")
_NEAR = re.compile(
    r"[ \t]{0,2}(?:[^\s\d]{1,14}[ \t]{1,2}){0,4}(?:[:=#-][ \t]{0,2})?[\"'(\[“]{0,2}"
    r"(?P<v>\d{3}[ -]\d{3}|\d{4,8})(?![\w@%]|[.,:/-]\d)"
)
_CAME = re.compile(
    r"\b(?:sms|text(?:ed)?|message|whatsapp|app|authenticator|got|get|gets|receiv|sent|send|typed?|enter(?:ed)?"
    r"|told|gave"
    r"|read out|mfa|2fa|otp|bank|handy|phone|reçu|reçois|saisi|recib|recebi|leg[oó]|ricevut|arrivat|erhalt|bekomm|bekam"
    r"|eingegeben|zugeschickt|geschickt|ontvang|gekregen|ingevoerd|otrzym|dosta|wpis|получ|приш|прихо|llegó|envi|chegou"
    r"|push|numer|device|door|alarm|safe|lock|gate|tür|porte|puerta|porta)"
)
_OTHER_CODES = re.compile(
    r"(?:error|exit|status|stop|return|source|product|cost|zip|postal|post|country|area|dial|qr|bar|fault|event|reason"
    r"|transaction|company|plant|material|tax|dress|colou?r|http|response|result|bug|sap|item|order|vat|currency"
    r"|fehler|status|buchungs|d['’]erreur|erreur|t|de erro|de error|errore|błędu|ошибки|charset|unicode|key|project"
    r"|department|location|building|vendor|customer|hs|sort|swift|iata|activity|promo|voucher|discount)[ _-]{0,2}$"
)
_FAULT = re.compile(
    r"error|fail|exit|crash|abort|fehler|erreur|errore|exception|hresult|0x|błąd|ошибк|schlägt|stop code"
)
_MESSAGE = re.compile(
    r"(?:text|sms|message|push|nachricht|e-?mail|mensaje|messaggio|bericht)(?:[ \t][^\s\d]{1,12}){0,2}"
    r"(?:[ \t](?:with|says|saying|showing|reading|mit|avec|con|met|com|containing|contains)|:)[ \t]"
    r"(?:[^\s\d]{1,8}[ \t]){0,3}[\"'(]?(?P<v>\d{3}[ -]\d{3}|\d{4,8})(?![\w@%]|[.,:/-]\d)"
)
_YOURS = re.compile(
    r"(?P<v>\d\d\d(?:[ -]\d{3}|\d{1,5}))[ \t](?:is|ist|est|es|è|é|jest|-|–)[ \t](?:your|ihr|dein|votre|ton"
    r"|tu|su|il tuo"
    r"|il suo|uw|je|o seu|twój|ваш|the|my|mein|der|le|el)[ \t][^\n\d]{0,50}?(?:code|código|codice|kod|код|pin|otp"
    r"|tan|passcode)\b"
)
"""How messages say it: "123456 is your verification code"."""
_ABOUT = re.compile(r"\b(?:codes?|pin|otp|tan|c[oó]digo|codice|kod|код|2fa|mfa|verif)\b")
_NOT = words("pad pads connector field pin otp tan puk cvv")


def after(text: str, low: str, start: int, end: int) -> Span | None:
    """The code that a word for one from ``start`` to ``end`` announces."""
    link = _LINK.match(low, end, end + 60)
    at = link.end() if link else end
    card = low.startswith(("cvv", "cvc", "csc"), start)
    if at > end:
        value = (_CVV if card else CODE).match(text, at)
        if value is not None and any(sign.isdigit() for sign in value.group()):
            return Span(value.start(), value.end(), "code")
    if card:
        near = _CVV_NEAR.match(low, end, end + 44)
        return Span(near.start("v"), near.end("v"), "code") if near is not None else None
    return _linked(low, end)


def _linked(low: str, end: int) -> Span | None:
    """Digits after "is", "to", a colon or a bracket within a few words of the same sentence."""
    stop = low.find("\n", end, end + _WINDOW)
    stop = min(len(low), end + _WINDOW) if stop < 0 else stop
    linked = comma = False
    for place, word in enumerate(TOKEN.finditer(low, end, stop)):
        said = word.group()
        if (linked or (said[0] == "(" and place)) and (value := _DIGITS.match(low, word.start())) is not None:
            return Span(value.start("v"), value.end("v"), "code")
        if (
            comma
            and (value := _DIGITS.match(low, word.start())) is not None
            and low[value.end() : value.end() + 1] in ",;"
        ):
            return Span(value.start("v"), value.end("v"), "code")
        comma = said[-1] == ","
        if place > _WORDS or said[-1] in ".!" or said.rstrip(":") in _NOT:
            return None
        linked = said in LINK or (said[-1] in ":=" and said[:-1] not in OTHERS)
    return None


def sent(glance: Glance) -> Iterator[Span]:
    """Digits beside a bare "code" where they came by message, were typed or were told, and no error is spoken of."""
    low, hints = glance.low, glance.hints
    if not hints & THREE_DIGITS:
        return
    if hints & COD:
        for match in glance.begun(_CODE_WORD, low, CODE_WORD) if hints & CODE_WORD else ():
            value = _NEAR.match(low, match.end(), match.end() + 90)
            if value is None:
                continue
            before = low[max(0, match.start() - 70) : match.start()].rpartition("\n")[2]
            after_ = low[value.end() : value.end() + 60].partition("\n")[0]
            said = f"{before} {value.group()} {after_}"
            if _CAME.search(said) and not _OTHER_CODES.search(before) and not _FAULT.search(said):
                yield Span(value.start("v"), value.end("v"), "code")
        for match in _YOURS.finditer(low):
            begins = not low[match.start() - 1 : match.start()].isalnum()
            if begins and not _OTHER_CODES.search(low[match.end("v") : match.end()].removesuffix("code")):
                yield Span(match.start("v"), match.end("v"), "code")
    for match in glance.begun(_MESSAGE, low, MESSAGE) if hints & MESSAGE and hints & ABOUT_CODE else ():
        inside = low[match.start() - 1 : match.start()].isalpha()
        if (
            not inside
            and _ABOUT.search(low, max(0, match.start() - 60), match.end() + 90)
            and not _FAULT.search(match.group())
        ):
            yield Span(match.start("v"), match.end("v"), "code")
