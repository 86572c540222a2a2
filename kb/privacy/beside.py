"""What looks like a password or a code beside words for one: "I typed Winter2024! and the password is wrong"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from kb.privacy.glance import Glance
from kb.privacy.hints import LETTER_AND_DIGIT, LOGIN
from kb.privacy.spans import Cover, Span, words
from kb.privacy.technical import technical
from kb.privacy.values import PLACED, odd, strong, wordy
from kb.privacy.wording import AGAIN

_REACH = 110
"""Characters of the same line between the value and the word."""
_ANY = re.compile(
    r"(?<![^\s\"'`“„‘«(\[<=:])(?=[^\s\"'`“”<>|]{0,24}\d)[^\s\"'`“”„‘’«»<>|()\[\]{}/\\\ufffd]{5,64}(?![\w@/\\\ufffd])"
)
_WORD_BEFORE, _BLANKS = 24, 8
"""Most characters of a word before a value that are read, and of the blanks between."""
OPENED = frozenset("\"'`“„‘«([<")
HANDED = words(
    """use used using uses enter entered entering enters type typed typing types try tried trying tries gave give gives
    given giving told it's its is was be been accept accepts accepted says said say from old new one mine
    set setting sets = : -> => > - – — <- eingegeben gebe gab gegeben verwende verwendet benutze benutzt probiert
    tippe nehme ist war von alte neue essayé utilise utilisé tapé entré est c'est était ancien nouveau uso usado
    usando pongo puse es era vieja nueva inserito uso digito è era vecchia nuova usei gebruik gebruikt ingevoerd
    oude nieuwe wpisuję używam stare nowe введите ввожу был старый новый still now again only just says: remains
    means equals like back copied pasted wrote written down called named keeps know knows remember have has had got get
    first second third last then finally i.e. ie namely e.g. again: instead: back: tape tapé tapez saisis saisi mets mis
    escribo escribí ingreso ingresé metí scrivo inserisco digitei digito insiro coloquei typ vul tik wpisuje podaję
    ввёл ввел ввожу набираю wieder vorher jetzt nun auf: choose stays stay become became yields
    send sent shared share reads put puts puting inserted make made want wants string chose choose picked pick being
    words word value"""
)
_LED = words("with to as mit auf als avec à comme con a com met z na в на с in en into over through")
OF_OTHERS = words(
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
    r"[\"'’”»)\]>.,?!]{0,3}[ \t]{1,2}(?:(?:is|was|ist|war|est|es|è|jest|isn'?t|wasn'?t|does|doesn'?t|did|didn'?t"
    r"|dosent|do not|dont"
    r"|don'?t|doesnt|didnt|will not|won'?t|no longer|not|gives|gave|works?|worked|fails?|failed|keeps|geht|gehen"
    r"|funktioniert|klappt|wird|ne|n'est|no|non|werkt|nie|as|als|comme|como|come|jako|still|again|but|instead"
    r"|and|which|that|on|to|for|until|till|anymore|bitte|please|et|und|y|e|en|i|mais|aber|pero|ma|maar|ale|но|bis|jusqu|hasta"
    r"|eingegeben|ein|gesetzt|as my|before|since|everywhere|always|then)\b|<-|=|\()"
)


def beside(glance: Glance, places: Sequence[int]) -> Iterator[Span]:
    """Values on a line that speaks of a password; ``places`` are the starts of the words that do, in order."""
    if not (glance.hints & LETTER_AND_DIGIT and (places or glance.hints & LOGIN)):
        return
    text, low = glance.text, glance.low
    login = Cover(glance.words(LOGIN))
    for match in glance.within(_ANY, text, LETTER_AND_DIGIT):
        value = match.group().rstrip(".,;:?")
        start, end = match.start(), match.start() + len(value)
        near = bool(places) and (_is_near(low, start, end, places) or (whole(value) and _is_under(low, start, places)))
        if (near or _at_login(low, start, end, login)) and _looks(text, low, start, end, near=near):
            yield Span(start, end, "password")


def last_words(low: str, start: int) -> tuple[str, str]:
    """The last word but one and the last word of the same line before a value; "" where there is none."""
    start -= low[start - 1 : start] in OPENED
    before = low[max(0, start - 2 * _WORD_BEFORE - 4) : start]
    before = before[before.rfind("\n") + 1 :]
    bare = before.rstrip(" \t")
    if not 0 < len(before) - len(bare) <= _BLANKS or not bare:
        return "", ""
    two, *one = bare.rsplit(None, 2)[-2:] if " " in bare or "\t" in bare else ("", bare)
    return (two, one[0]) if one else ("", two)


def line_around(low: str, start: int, end: int) -> tuple[int, int]:
    """The part of the line around, no further than a word may be away."""
    first, last = max(0, start - _REACH), min(len(low), end + _REACH)
    stop = low.find("\n", end, last)
    return max(first, low.rfind("\n", first, start) + 1), last if stop < 0 else stop


def _is_near(low: str, start: int, end: int, places: Sequence[int]) -> bool:
    at = bisect_left(places, start)
    near = [place for place in places[max(0, at - 1) : at + 1] if start - _REACH < place < end + _REACH]
    if not near:
        return False
    first, last = line_around(low, start, end)
    return any(first <= place < last for place in near)


def _is_under(low: str, start: int, places: Sequence[int]) -> bool:
    """Whether the line above speaks of a password."""
    line = low.rfind("\n", max(0, start - _REACH), start)
    at = bisect_left(places, line)
    return line > 0 and at > 0 and places[at - 1] > max(line - _REACH, low.rfind("\n", max(0, line - _REACH), line))


_LOGIN = re.compile(
    r"\b(?:creds?|credentials?|log(?:ged|s)?[ -]?(?:in|on)|logging (?:in|on)|logins?|logon|sign(?:ed)?[ -]?in"
    r"|zugangsdaten"
    r"|shared account|opens? with|öffnet mit|entrar|acced\w{1,4}|accéder|connecter|войти|log in|must change"
    r"|next logon|(?:password[- ])?protected|encrypted|geschützt|verschlüsselt|protégée?|chiffrée?|protegid[oa]"
    r"|cifrad[oa]"
    r"|protett[oa]|beveiligd|zabezpieczon\w|защищ\w{1,5}|anmeld\w{1,6}|einlogg\w{1,3}|entsperr\w{1,3}|unlock(?:ed"
    r"|s)?|zip file|to the zip|identifiants?|inloggen"
    r"|zalogow\w{1,4})\b"
)


def _at_login(low: str, start: int, end: int, login: Cover) -> bool:
    """Whether its line speaks of signing in; ``login`` are the words that hint at it."""
    if not login.meets(Span(start - _REACH, end + _REACH, "")):
        return False
    first, last = line_around(low, start, end)
    return login.meets(Span(first, last, "")) and _LOGIN.search(low, first, last) is not None


def _looks(text: str, low: str, start: int, end: int, *, near: bool) -> bool:
    """Whether it is a password by its own looks and the words at its sides; ``near`` one is spoken of, else a login."""
    value = text[start:end]
    if not strong(value) or technical(value) or COUNT.match(value) or not (odd(value) or wordy(value) or whole(value)):
        return False
    two, one = last_words(low, start)
    one, two = one.strip("\"'`*,.;()") or one, two.strip("\"'`*,.;():")
    if value.rstrip("0123456789_-#").casefold() in OF_OTHERS or one[:2] == "x-" or len(value) > 40:
        return False
    if near and ((one in _SYSTEMS and two in AGAIN) or (one in _PEOPLE and two in _TOLD)):
        return True
    opened = text[start - 1 : start] in OPENED and PLACED.match(text, start - 1) is None
    if not opened and (one.rstrip(":=") in OF_OTHERS or (two in OF_OTHERS and (one in _COPULAS or one in _LED))):
        return False
    if _SAID_AFTER.match(low, end, end + 60):
        return True
    handed = one in HANDED or one[-1:] in (":", "=", ">") or opened
    after = _NO.match(low, end, end + 24) is not None
    if not near and not whole(value):
        return (one in _LED or one in _USES or (one in HANDED and odd(value))) and two not in _SIGNING
    if near and odd(value) and one not in _LED and _KEY_BEFORE.search(low, max(0, start - 44), start):
        return True
    if whole(value):
        return (
            handed
            or after
            or not one
            or one in _LED
            or (near and "=" not in value and "." not in value.partition("@")[2])
        )
    usual = _USUAL.fullmatch(value) is not None
    return handed or (after and (odd(value) or wordy(value))) or usual or (one in _LED and two not in _SIGNING)


_PEOPLE, _TOLD = words("user caller her him them colleague"), words("told gave give sent send texted informed tell")
_USUAL = re.compile(r"(?:[A-Z][a-zà-ÿ]{3,14}[-_.]?){1,3}\d{1,4}")
"""Words with a capital and a number, as most people make them up."""
_USES = words(
    """use used using uses type types typed enter enters entered entering try tried verwende verwendet benutze
    benutzt nutze
    nutzt tippe gebe nehme utilise utilisé tape uso usa usamos gebruik gebruikt używam использую ввожу"""
)


_KEY_BEFORE = re.compile(
    r"\b(?:passwor[dt]|passwd|pwd?|kennwort|mdp|mot de passe|contraseña|clave|senha|wachtwoord|hasło|пароль)"
    r"(?: [^\s\d.,!?]{1,14}){1,2} $"
)
"""The word for a password, one or two more, and the value: "hasło tymczasowe X"."""
_SYSTEMS = words(
    """windows outlook sap vpn laptop pc computer email e-mail mail office domain system app portal bitlocker bios
    zip pdf
    excel wifi wlan citrix teams"""
)
"""What a password is for, between the word and the value: "pw outlook X"."""
_SIGNING = words(
    "in on log login logon sign up anmelden einloggen angemeldet eingeloggt connected start starts started"
)


COUNT = re.compile(
    r"(?i:ctrl|strg|alt|altgr|shift|umschalt|win|windows|cmd|fn|maj)\+|\d{2,5}x\d{2,5}|[a-zA-Z]+\+\+[\d.]*$"
    r"|[a-zA-Z]{1,4}#\d+$|\d{1,4}[a-zA-Z]{1,8}[.!?]?$|[a-zA-Z]{1,3}\d{1,8}$|[A-Z0-9]{1,4}[-_][A-Z0-9-]{1,12}$"
    r"|[\w.-]{1,60}\.[a-z]{2,5}(?::\d{1,5})?$"
    r"|-{3,}"
)


_COPULAS = words("is was ist war est es è = : -> jest are name names id ids no nr number")
_SAID_AFTER = re.compile(
    r"[\"')?!]{0,3}[ \t]{1,2}(?:is|was|ist|war|=|<-|->|\((?:this|that|it) (?:is|was)|(?:does|did|do"
    r"|will)(?:n['’]?t| not) work as"
    r"|(?:is|was)(?:n['’]?t| not))[ \t](?:(?:not|accepted|taken|as|my|the|our|his|her|a|old|new|current|still"
    r"|wrong|right"
    r"|correct|temp|temporary|mein|das|dein|neue|altes|neues)[ \t]){0,4}(?:pass|pw|kennw|mot de p|contras|senha"
    r"|wachtw|hasł)"
)


def whole(value: str) -> bool:
    """Whether letters, digits and a sign of no name are all in it."""
    return (
        any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and any(sign in "!#$%&*+?@^~=§" for sign in value)
    )
