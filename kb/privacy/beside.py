"""What looks like a password or a code beside words for one: "I typed Winter2024! and the password is wrong"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from kb.privacy.spans import Span, branched, words
from kb.privacy.technical import technical
from kb.privacy.values import PLACED, jumbled, odd, strong, wordy
from kb.privacy.wording import AGAIN

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
    first second third last then finally i.e. ie namely e.g. again: instead: back: tape tapé tapez saisis saisi mets mis
    escribo escribí ingreso ingresé metí scrivo inserisco digitei digito insiro coloquei typ vul tik wpisuje podaję
    ввёл ввел ввожу набираю wieder vorher jetzt nun auf: choose stays stay become became yields
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
    r"[\"'’”»)\]>.,?!]{0,3}[ \t]{1,2}(?:(?:is|was|ist|war|est|es|è|jest|isn'?t|wasn'?t|does|doesn'?t|did|didn'?t"
    r"|dosent|do not|dont"
    r"|don'?t|doesnt|didnt|will not|won'?t|no longer|not|gives|gave|works?|worked|fails?|failed|keeps|geht|gehen"
    r"|funktioniert|klappt|wird|ne|n'est|no|non|werkt|nie|as|als|comme|como|come|jako|still|again|but|instead"
    r"|and|which|that|on|to|for|until|till|anymore|bitte|please|et|und|y|e|en|i|mais|aber|pero|ma|maar|ale|но|bis|jusqu|hasta"
    r"|eingegeben|ein|gesetzt|as my|before|since|everywhere|always|then)\b|<-|=|\()"
)
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
_CODE_HINTS = ("cod", "cód", "kod", "код", "mfa", "2fa", "otp", "auth", "tan", "pin", "puk", "securid", "okta", "duo",
               "sms", "one time", "one-time", "keypad", "combination", "from the app", "token", "einmal",
               "bestätigung")  # fmt: skip
_SURE_TALK = re.compile(
    r"\b(?:mfa|2fa|otp|totp|authenticator|verification code|tan|puk|securid|okta|duo|passcode|one[ -]time|sms"
    r"|rsa token|token shows|from the app)\b"
)
_HANDED_CODE = _HANDED | words(
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
_WIRELESS_HINTS = (
    "wifi",
    "wi-fi",
    "wlan",
    "ssid",
    "hotspot",
    "wpa",
    "wep",
    "wireless",
    "guest",
    "gäste",
    "visitor",
    "invit",
    "ospiti",
    "gasten",
    "internet",
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


_SIGNED = re.compile(r"[!#$%&*+~^§?](?=[^\s\"'.,)])|[\d][!#$%&*+~^§]")


def _used(text: str, low: str) -> Iterator[Span]:
    """What somebody uses or types and what can be nothing but a password, whatever the line speaks of."""
    for match in _SURE.finditer(low) if _SIGNED.search(low) else ():
        value = text[match.start("v") : match.end("v")].rstrip(".,;:?")
        inside = low[match.start() - 1 : match.start()].isalnum()
        if not inside and _whole(value) and strong(value) and not technical(value) and not _COUNT.match(value):
            yield Span(match.start("v"), match.start("v") + len(value), "password")


def beside(text: str, low: str, places: Sequence[int]) -> Iterator[Span]:
    """Values on a line that speaks of a password; ``places`` are the starts of the words that do, in order."""
    for match in _ANY.finditer(text) if places or any(name in low for name in _LOGIN_HINTS) else ():
        value = match.group().rstrip(".,;:?")
        start, end = match.start(), match.start() + len(value)
        near = _is_near(low, start, end, places) or (_whole(value) and _is_under(low, start, places))
        if (near or _at_login(low, start, end)) and _looks(text, low, start, end, near=near):
            yield Span(start, end, "password")
    yield from _used(text, low)
    if any(name in low for name in _WIRELESS_HINTS):
        yield from _of_network(text, low)
    if any(name in low for name in _CODE_HINTS):
        yield from _codes(low)


def _last(low: str, start: int) -> tuple[str, str]:
    """The last word but one and the last word of the same line before a value; "" where there is none."""
    start -= low[start - 1 : start] in _OPENED
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


_LOGIN_HINTS = (
    "log",
    "cred",
    "sign",
    "unlock",
    "zip",
    "anmeld",
    "zugang",
    "identif",
    "entsperr",
    "shared acc",
    "protec",
    "encrypt",
    "schützt",
    "schlüssel",
    "proteg",
    "protég",
    "chiffr",
    "cifra",
    "protett",
    "open",
    "ffnet mit",
    "entrar",
    "acced",
    "accéd",
    "connect",
    "войти",
    "must chang",
    "beveil",
    "zabezp",
    "защищ",
)


def _at_login(low: str, start: int, end: int) -> bool:
    """Whether its line speaks of signing in."""
    return _LOGIN.search(low, *_line(low, start, end)) is not None


def _looks(text: str, low: str, start: int, end: int, *, near: bool) -> bool:
    """Whether it is a password by its own looks and the words at its sides; ``near`` one is spoken of, else a login."""
    value = text[start:end]
    if (
        not strong(value)
        or technical(value)
        or _COUNT.match(value)
        or not (odd(value) or wordy(value) or _whole(value))
    ):
        return False
    two, one = _last(low, start)
    one, two = one.strip("\"'`*,.;()") or one, two.strip("\"'`*,.;():")
    if value.rstrip("0123456789_-#").casefold() in _OF_OTHERS or one[:2] == "x-" or len(value) > 40:
        return False
    if near and ((one in _SYSTEMS and two in AGAIN) or (one in _PEOPLE and two in _TOLD)):
        return True
    opened = text[start - 1 : start] in _OPENED and PLACED.match(text, start - 1) is None
    if not opened and (one.rstrip(":=") in _OF_OTHERS or (two in _OF_OTHERS and (one in _COPULAS or one in _LED))):
        return False
    if _SAID_AFTER.match(low, end, end + 60):
        return True
    handed = one in _HANDED or one[-1:] in (":", "=", ">") or opened
    after = _NO.match(low, end, end + 24) is not None
    if not near and not _whole(value):
        return (one in _LED or one in _USES or (one in _HANDED and odd(value))) and two not in _SIGNING
    if near and odd(value) and one not in _LED and _KEY_BEFORE.search(low, max(0, start - 44), start):
        return True
    if _whole(value):
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


_COUNT = re.compile(
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


def _whole(value: str) -> bool:
    """Whether letters, digits and a sign of no name are all in it."""
    return (
        any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and any(sign in "!#$%&*+?@^~=§" for sign in value)
    )


def _of_network(text: str, low: str) -> Iterator[Span]:
    """Keys of networks beside the word "wifi": long numbers, and what is no word, where "is" or a colon leads there."""
    about = [one.start() for one in _WIRELESS.finditer(low)]
    for match in _KEY_LINE.finditer(low) if about else ():
        value = text[match.start("v") : match.end("v")].rstrip(".,;:")
        key = value.isdigit() or jumbled(value) or any(map(str.isdigit, value)) or value not in (low, value.title())
        if key and _any_in(about, match.start() - 200, match.end()) and not PLACED.match(value):
            yield Span(match.start("v"), match.start("v") + len(value), "key")
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


_KEY_LINE = re.compile(
    r"(?:^|(?<=[\n;,|])|(?<=, ))[ \t]{0,12}(?:(?:network |security |wpa2? )?key|schlüssel|cl[ée]|clave|chiave"
    r"|sleutel|klucz|chave|ключ|psk|pw)"
    r"(?:[ \t]?(?:content|inhalt|material|passphrase))?[ \t.]{0,20}[:=][ \t]{0,4}[\"']?(?P<v>[^\s\"']{8,63})"
)
"""A key on a line of its own near a network's name."""
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
            if not year and (six or _any_in(sure, first, last) or one.rstrip(":=") in _CODES_ONLY):
                yield Span(start, end, "code")


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
