"""What is used or typed, keys of networks and codes of devices, told by their looks and by the word before them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property

from kb.privacy.beside import COUNT, HANDED, OF_OTHERS, OPENED, last_words, line_around, whole
from kb.privacy.glance import Glance
from kb.privacy.hints import NET_KEY, SIGN_INSIDE, SIGNED, TALK, THREE_DIGITS, WIRELESS
from kb.privacy.spans import Span, branched, words
from kb.privacy.technical import technical
from kb.privacy.values import PLACED, jumbled, odd, strong

_SIX = re.compile(
    r"\d(?<![\w.,:/+#-].)(?:\d\d[ -]\d{3}|\d{3,7})(?![\w@%]|[.,:/-]\d| ?(?:eur|usd|mb|gb|ms|min|times|users|€|\$))"
)
_CODE_TALK = re.compile(
    r"\b(?:codes?|(?:tür|alarm|tresor|safe|gäste|sicherheits|zugangs|entsperr|digi|zahlen|freigabe|druck|abhol|toegangs"
    r"|deur|kluis|bevestigings|geräte)-?code|combination|keypad|from the app|token shows|rsa token|c[oó]digo"
    r"|codice|kod|код|mfa|2fa|otp|totp"
    r"|authenticator|verification code|tan|pin|puk|securid"
    r"|okta|duo|passcode"
    r"|one[ -]time|sms|keypad|combination|einmal\w{0,8}|bestätigung\w{0,6})\b"
)
_SURE_TALK = re.compile(
    r"\b(?:mfa|2fa|otp|totp|authenticator|verification code|tan|puk|securid|okta|duo|passcode|one[ -]time|sms"
    r"|rsa token|token shows|from the app)\b"
)
_HANDED_CODE = HANDED | words(
    """shows show showing showed displays sms text texted received receive receives code codes código codice kod код pin
    otp tan passcode number numbers numéro it me die der das el il le the combination token securid app unlock tablet
    phone says: kodu codes: erhalten bekommen reçu recibido ricevuto ricevo lautet otrzymałem é g disarm disarms
    disarmed arm
    press pressed presses punch punched dial dialled keyed combo keypad opens door lock safe vault gate alarm box
    lockbox padlock it's enter type"""
)
_NO_CODE = re.compile(
    r"error|fail(?!ed to (?:sign|log))|exit|crash|abort|fehler|erreur|errore|exception|0x|błąd|ошибк|stop code"
    r"|status|http"
    r"|\b(?:ticket|order|invoice|zip|postal|area|country|cost|product|material|project|company|plant|event|port|build"
    r"|version|qr|bar|source|tax|vendor|customer|item|part|model|room(?= ?\S{0,4}\d)|extension|employee"
    r"|transaction|reason"
    r"|year|post|asset|service|label)\b"
)
_WIRELESS = re.compile(
    r"\b(?:wi-?fi|wlan|ssid|hotspot|wpa\d?|wep|wireless|guest (?:net\w{0,4}|internet)|visitors?|gäste-?\w{0,4}"
    r"|invité\w?|invitados|ospiti|gasten|internet|router)\b"
)
_WIRED = re.compile(r"(?<![\w.:/-])(?:\d{10,20}|[0-9A-F]{26}|[A-Za-z0-9]{8,24})(?![\w.:@-])")


_SURE_WORDS = (
    r"opens? with|use|uses|using|used|type|typed|types|enter|entered|enters|try|tried|back to|set to|"
    r"verwende|benutze|tippe|gebe|nutze|nehme|utilise|tape|gebruik|używam|использую|ввожу"
)
_TOLD_WORDS = ("spelled", "spelt", "spells", "dictated", "read", "reads", "told", "tells", "said", "says", "gave")
_SURE = re.compile(
    f"(?:{branched(_SURE_WORDS)}|" + "|".join(rf"{verb}(?: \w{{1,6}}){{0,2}}:" for verb in _TOLD_WORDS) + ")"
    r"[ \t:]{1,3}[\"'(]?(?P<v>[^\s\"'<>@=/\\()]{7,40})"
)


def _used(text: str, low: str) -> Iterator[Span]:
    """What somebody uses or types and what can be nothing but a password, whatever the line speaks of."""
    for match in _SURE.finditer(low):
        value = text[match.start("v") : match.end("v")].rstrip(".,;:?")
        inside = low[match.start() - 1 : match.start()].isalnum()
        if not inside and whole(value) and strong(value) and not technical(value) and not COUNT.match(value):
            yield Span(match.start("v"), match.start("v") + len(value), "password")


def on_devices(glance: Glance) -> Iterator[Span]:
    """What is used or typed, keys of networks, and codes that were shown, sent or typed."""
    if glance.hints & SIGNED and glance.hints & SIGN_INSIDE:
        yield from _used(glance.text, glance.low)
    if glance.hints & WIRELESS:
        yield from _of_network(glance)
    if glance.hints & THREE_DIGITS and (
        glance.hints & TALK or "one time" in glance.low or "from the app" in glance.low
    ):
        yield from _codes(glance)


def _of_network(glance: Glance) -> Iterator[Span]:
    """Keys of networks beside the word "wifi": long numbers, and what is no word, where "is" or a colon leads there."""
    text, low = glance.text, glance.low
    about = [one.start() for one in _WIRELESS.finditer(low)]
    for match in _KEY_LINE.finditer(low) if about and glance.hints & NET_KEY else ():
        value = text[match.start("v") : match.end("v")].rstrip(".,;:")
        key = value.isdigit() or jumbled(value) or any(map(str.isdigit, value)) or value not in (low, value.title())
        if key and _any_in(about, match.start() - 200, match.end()) and not PLACED.match(value):
            yield Span(match.start("v"), match.start("v") + len(value), "key")
    for match in _WIRED.finditer(text) if about else ():
        value, start = match.group(), match.start()
        if value.isalpha() and value[1:].islower():  # neither a number nor jumbled nor strong
            continue
        one = last_words(low, start)[1]
        if (one not in _HANDED_KEY and one[-1:] not in (":", "=", ">")) or one.strip(":") in OF_OTHERS:
            continue
        if not _any_in(about, *line_around(low, start, start)):
            continue
        if not (value.isdigit() or jumbled(value) or (strong(value) and (odd(value) or len(value) == 26))):
            continue
        if not technical(value):
            yield Span(start, match.end(), "key")


_KEY_LINE = re.compile(
    r"(?:^|(?<=[\n;,|])|(?<=, ))[ \t]{0,12}(?:(?:network |security |wpa2? )?key|schlüssel|cl[ée]|clave|chiave"
    r"|sleutel|klucz|chave|ключ|psk|pw)"
    r"(?:[ \t]?(?:content|inhalt|material|passphrase))?[ \t.]{0,20}[:=][ \t]{0,4}[\"']?(?P<v>[^\s\"']{8,63})"
)
"""A key on a line of its own near a network's name."""
_HANDED_KEY = words(
    "is = -> / key pw pass password code with use ist lautet est es è jest says: says schlüssel clé clave it:"
)


def _codes(glance: Glance) -> Iterator[Span]:
    """Digits that came, were shown or were typed, on a line that speaks of a code and of nothing else that has one."""
    low = glance.low
    some = [(one, word) for one in _SIX.finditer(low) if (word := _handed(low, *one.span())) is not None]
    talks = [one.span() for one in _CODE_TALK.finditer(low)] if some else []
    others, sure = _Places(_NO_CODE, low), _Places(_SURE_TALK, low)
    for match, word in some if talks else ():
        start, end = match.span()
        first, last = line_around(low, start, end)
        first = max(first, start - 70)
        at = bisect_left(talks, (first, 0))
        if at == len(talks) or talks[at][1] > last:
            continue
        six = _digits(match.group()) == 6
        told = six or (_close(talks[at], start, end) and (word.rstrip(":=") in _CODES_ONLY or sure.any_in(first, last)))
        if told and not others.any_in(first, last):
            yield Span(start, end, "code")


class _Places:
    """Where a pattern matches in a text, looked for when it is asked first."""

    def __init__(self, pattern: re.Pattern[str], low: str) -> None:
        self._pattern, self._low = pattern, low

    @cached_property
    def _starts(self) -> list[int]:
        return [match.start() for match in self._pattern.finditer(self._low)]

    def any_in(self, first: int, last: int) -> bool:
        """Whether a match begins between these two."""
        return _any_in(self._starts, first, last)


def _handed(low: str, start: int, end: int) -> str | None:
    """The word before digits where it leads to a code and they may be one: six of them, or four that are no year."""
    if _digits(low[start:end]) != 6 and (end - start < 4 or (end - start == 4 and low.startswith(("19", "20"), start))):
        return None
    one = last_words(low, start)[1]
    one = one.strip("\"'`*,.;()") or one
    handed = one in _HANDED_CODE or one[-1:] in (":", "=", ">") or low[start - 1 : start] in OPENED
    return one if handed and one.rstrip(":") not in _VETO else None


def _digits(said: str) -> int:
    return len(said.replace(" ", "").replace("-", ""))


_VETO = words("number: id id: ext ext: phone: room kb ref call at in")
_CODES_ONLY = words(
    "code codes código codice kod код pin otp tan passcode puk the die is it's est es é è ist jest lautet это"
    " shows = : disarm combination combo"
)


def _any_in(places: Sequence[int], first: int, last: int) -> bool:
    at = bisect_left(places, first)
    return at < len(places) and places[at] < last


def _close(talk: tuple[int, int], start: int, end: int) -> bool:
    return min(abs(start - talk[1]), abs(talk[0] - end)) < 40
