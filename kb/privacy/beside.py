"""What looks like a password or a code beside words for one: "I typed Winter2024! and the password is wrong"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from kb.privacy.spans import Span, words
from kb.privacy.technical import technical
from kb.privacy.values import PLACED, jumbled, odd, strong, wordy

_REACH = 110
"""Characters of the same line between the value and the word."""
_ANY = re.compile(
    r"(?<![^\s\"'`“„‘«(\[<=:])(?=[^\s\"'`“”<>|]{0,24}\d)[^\s\"'`“”„‘’«»<>|()\[\]{}/\\\ufffd]{5,64}(?![\w@/\\\ufffd])"
)
_WORD_BEFORE, _BLANKS = 24, 8
"""Most characters of a word before a value that are read, and of the blanks between."""
_OPENED = frozenset("\"'`“„‘«([<")
_HANDED = words(
    """use used using uses enter entered entering enters type typed typing types try tried trying tries gave give gives
    given giving told it's its is was be been accept accepts accepted says said say from old new one mine
    set setting sets = : -> => > - – — <- eingegeben gebe gab gegeben verwende verwendet benutze benutzt probiert
    tippe nehme ist war von alte neue essayé utilise utilisé tapé entré est c'est était ancien nouveau uso usado
    usando pongo puse es era vieja nueva inserito uso digito è era vecchia nuova usei gebruik gebruikt ingevoerd
    oude nieuwe wpisuję używam stare nowe введите ввожу был старый новый still now again only just says: remains
    means equals like back copied pasted wrote written down called named keeps know knows remember have has had got get
    send sent shared share reads put puts puting inserted make made want wants string chose choose picked pick being
    words word value"""
)
_LED = words("with to as mit auf als avec à comme con a com met z na в на с in en into over through")
_OF_OTHERS = words(
    """ssid protocol rechner kennung userkennung user users userid user-id username usernames login logins
    account accounts acct
    id ids name for host hostname server pc computer laptop notebook desktop machine printer drucker device
    version build release ticket incident case
    ref reference order serial sn s/n asset tag room floor building line port model type profile mailbox database db
    schema group domain file folder path table field program transaction tcode t-code employee konto benutzer
    benutzername kennung benutzerkennung utilisateur compte usuario cuenta utente gebruiker für pour para per voor
    dla для
    error code event message client sid system app application url site page step kb imei mac iccid number no nr nummer
    extension ext phone vpn windows win office sap on at since by caller called via identifiant usr badge"""
)
_NO = re.compile(
    r"[\"'’”»)\]>.,]{0,3}[ \t]{1,2}(?:(?:is|was|ist|war|est|es|è|jest|isn'?t|wasn'?t|does|doesn'?t|did|didn'?t"
    r"|dosent|do not|dont"
    r"|don'?t|doesnt|didnt|will not|won'?t|no longer|not|gives|gave|works?|worked|fails?|failed|keeps|geht|gehen"
    r"|funktioniert|klappt|wird|ne|n'est|no|non|werkt|nie|as|als|comme|como|come|jako|still|again|but|instead"
    r"|and|which|that|on|to|for|until|anymore|bitte|please)\b|<-|=|\()"
)
_SIX = re.compile(
    r"\d(?<![\w.,:/+#-].)(?:\d\d[ -]\d{3}|\d{3,7})(?![\w@%]|[.,:/-]\d| ?(?:eur|usd|mb|gb|ms|min|times|users|€|\$))"
)
_CODE_TALK = re.compile(
    r"\b(?:codes?|c[oó]digo|codice|kod|код|mfa|2fa|otp|totp|authenticator|verification code|tan|pin|puk|securid"
    r"|okta|duo|passcode"
    r"|one[ -]time|sms|keypad|combination|einmal\w{0,8}|bestätigung\w{0,6})\b"
)
_CODE_HINTS = ("cod", "cód", "kod", "код", "mfa", "2fa", "otp", "auth", "tan", "pin", "puk", "securid", "okta", "duo",
               "sms", "one time", "one-time", "keypad", "combination", "einmal", "bestätigung")  # fmt: skip
_SURE_TALK = re.compile(
    r"\b(?:mfa|2fa|otp|totp|authenticator|verification code|tan|puk|securid|okta|duo|passcode|one[ -]time|sms)\b"
)
_HANDED_CODE = _HANDED | words(
    """shows show showing showed displays sms text texted received receive receives code codes código codice kod код pin
    otp tan passcode number numbers numéro it me die der das el il le the combination token securid app unlock tablet
    phone says: kodu codes: erhalten bekommen reçu recibido ricevuto ricevo lautet otrzymałem g"""
)
_NO_CODE = re.compile(
    r"error|fail(?!ed to (?:sign|log))|exit|crash|abort|fehler|erreur|errore|exception|0x|błąd|ошибк|stop code"
    r"|status|http"
    r"|\b(?:ticket|order|invoice|zip|postal|area|country|cost|product|material|project|company|plant|event|port|build"
    r"|version|qr|bar|source|tax|vendor|customer|item|part|model|room|extension|employee|transaction|reason"
    r"|year|post|asset|service|label)\b"
)
_WIRELESS = re.compile(r"\b(?:wi-?fi|wlan|ssid|hotspot|wpa\d?|wep|wireless|guest net\w{0,4}|gäste-?\w{0,4})\b")
_WIRELESS_HINTS = ("wifi", "wi-fi", "wlan", "ssid", "hotspot", "wpa", "wep", "wireless", "guest", "gäste")
_WIRED = re.compile(r"(?<![\w.:/-])(?:\d{10,20}|[0-9A-F]{26}|[A-Za-z0-9]{8,24})(?![\w.:@-])")


def beside(text: str, low: str, places: Sequence[int]) -> Iterator[Span]:
    """Values on a line that speaks of a password; ``places`` are the starts of the words that do, in order."""
    for match in _ANY.finditer(text) if places or any(name in low for name in _LOGIN_HINTS) else ():
        value = match.group().rstrip(".,;:?")
        start, end = match.start(), match.start() + len(value)
        near = _is_near(low, start, end, places) or (_whole(value) and _at_login(low, start, end))
        if near and _looks(text, low, start, end):
            yield Span(start, end, "password")
    if any(name in low for name in _WIRELESS_HINTS):
        yield from _of_network(text, low)
    if any(name in low for name in _CODE_HINTS):
        yield from _codes(low)


def _last(low: str, start: int) -> tuple[str, str]:
    """The last word but one and the last word of the same line before a value; "" where there is none."""
    before = low[max(0, start - 2 * _WORD_BEFORE - 4) : start]
    before = before[before.rfind("\n") + 1 :]
    bare = before.rstrip(" \t")
    if not 0 < len(before) - len(bare) <= _BLANKS or not bare:
        return "", ""
    two, *one = bare.rsplit(None, 2)[-2:] if " " in bare or "\t" in bare else ("", bare)
    return (two, one[0]) if one else ("", two)


def _line(low: str, start: int, end: int) -> tuple[int, int]:
    """The part of the line around, no further than a word may be away."""
    first, last = max(0, start - _REACH), min(len(low), end + _REACH)
    stop = low.find("\n", end, last)
    return max(first, low.rfind("\n", first, start) + 1), last if stop < 0 else stop


def _is_near(low: str, start: int, end: int, places: Sequence[int]) -> bool:
    at = bisect_left(places, start)
    near = [place for place in places[max(0, at - 1) : at + 1] if start - _REACH < place < end + _REACH]
    if not near:
        return False
    first, last = _line(low, start, end)
    return any(first <= place < last for place in near)


_LOGIN = re.compile(
    r"\b(?:creds?|credentials?|log(?:ged|s)?[ -]?(?:in|on)|logging (?:in|on)|logins?|logon|sign(?:ed)?[ -]?in"
    r"|zugangsdaten"
    r"|anmeld\w{1,6}|einlogg\w{1,3}|entsperr\w{1,3}|unlock(?:ed|s)?|zip file|to the zip|identifiants?|inloggen"
    r"|zalogow\w{1,4})\b"
)


_LOGIN_HINTS = ("log", "cred", "sign", "unlock", "zip", "anmeld", "zugang", "identif", "entsperr")


def _at_login(low: str, start: int, end: int) -> bool:
    """Whether its line speaks of signing in."""
    return _LOGIN.search(low, *_line(low, start, end)) is not None


def _looks(text: str, low: str, start: int, end: int) -> bool:
    value = text[start:end]
    if not strong(value) or technical(value) or _COUNT.match(value) or not (odd(value) or wordy(value)):
        return False
    two, one = _last(low, start)
    one, two = one.strip("\"'`*,.;()") or one, two.strip("\"'`*,.;():")
    if value.rstrip("0123456789_-").casefold() in _OF_OTHERS or one[:2] == "x-" or len(value) > 40:
        return False
    if one.rstrip(":=") in _OF_OTHERS or (two in _OF_OTHERS and (one in _COPULAS or one in _LED)):
        return False
    if _SAID_AFTER.match(low, end, end + 60):
        return True
    opened = text[start - 1 : start] in _OPENED and PLACED.match(text, start - 1) is None
    handed = one in _HANDED or one[-1:] in (":", "=", ">") or opened
    after = _NO.match(low, end, end + 24) is not None
    if _whole(value):
        return handed or after or not one or one in _LED
    return handed or (after and odd(value))


_COUNT = re.compile(
    r"\d{1,4}[a-zA-Z]{1,8}[.!?]?$|[a-zA-Z]{1,3}\d{1,8}$|[A-Z0-9]{1,4}[-_][A-Z0-9-]{1,12}$"
    r"|[\w.-]{1,60}\.[a-z]{2,5}(?::\d{1,5})?$"
    r"|-{3,}"
)


_COPULAS = words("is was ist war est es è = : -> jest are name names id ids no nr number")
_SAID_AFTER = re.compile(
    r"[\"')]{0,2}[ \t]{1,2}(?:is|was|ist|war|=|<-|->|\((?:this|that|it) (?:is|was)|(?:does|did|do"
    r"|will)(?:n['’]?t| not) work as"
    r"|(?:is|was)(?:n['’]?t| not))[ \t](?:(?:not|accepted|taken|as|my|the|our|his|her|a|old|new|current|still"
    r"|wrong|right"
    r"|correct|temp|temporary|mein|das|dein|neue|altes|neues)[ \t]){0,4}(?:pass|pw|kennw|mot de p|contras|senha"
    r"|wachtw|hasł)"
)


def _whole(value: str) -> bool:
    """Whether letters, digits and a sign of no name are all in it."""
    return (
        any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and any(sign in "!#$%&*+?@^~=§" for sign in value)
    )


def _of_network(text: str, low: str) -> Iterator[Span]:
    """Keys of networks beside the word "wifi": long numbers, and what is no word, where "is" or a colon leads there."""
    about = [one.start() for one in _WIRELESS.finditer(low)]
    for match in _WIRED.finditer(text) if about else ():
        value, start = match.group(), match.start()
        one = _last(low, start)[1]
        if (one not in _HANDED_KEY and one[-1:] not in (":", "=", ">")) or one.strip(":") in _OF_OTHERS:
            continue
        if not _any_in(about, *_line(low, start, start)):
            continue
        if not (value.isdigit() or jumbled(value) or (strong(value) and (odd(value) or len(value) == 26))):
            continue
        if not technical(value):
            yield Span(start, match.end(), "key")


_HANDED_KEY = words(
    "is = -> / key pw pass password code with use ist lautet est es è jest says: says schlüssel clé clave it:"
)


def _codes(low: str) -> Iterator[Span]:
    """Digits that came, were shown or were typed, on a line that speaks of a code and of nothing else that has one."""
    some = list(_SIX.finditer(low))
    talks = [one.span() for one in _CODE_TALK.finditer(low)] if some else []
    others = [one.start() for one in _NO_CODE.finditer(low)] if talks else []
    sure = [one.start() for one in _SURE_TALK.finditer(low)] if talks else []
    for match in some if talks else ():
        start, end = match.span()
        first, last = _line(low, start, end)
        first = max(first, start - 70)
        at = bisect_left(talks, (first, 0))
        if at == len(talks) or talks[at][1] > last or _any_in(others, first, last):
            continue
        talk = talks[at]
        one = _last(low, start)[1]
        one = one.strip("\"'`*,.;()") or one
        six = len(match.group().replace(" ", "").replace("-", "")) == 6
        handed = one in _HANDED_CODE or one[-1:] in (":", "=", ">") or low[start - 1 : start] in _OPENED
        if handed and one.rstrip(":") not in _VETO and (six or (end - start > 3 and _close(talk, start, end))):
            year = end - start == 4 and low[start : start + 2] in ("19", "20")
            if not year and (six or _any_in(sure, first, last) or one in _CODES_ONLY):
                yield Span(start, end, "code")


_VETO = words("number: id id: ext ext: phone: room kb ref call at in")
_CODES_ONLY = words("code codes código codice kod код pin otp tan passcode puk the die is = :")


def _any_in(places: Sequence[int], first: int, last: int) -> bool:
    at = bisect_left(places, first)
    return at < len(places) and places[at] < last


def _close(talk: tuple[int, int], start: int, end: int) -> bool:
    return min(abs(start - talk[1]), abs(talk[0] - end)) < 40
