"""Passwords and codes that only the words around them tell: "pwd is Summer2024!", and not "I forgot my password".

Every key word opens a window of :data:`_WINDOW` characters in which the value is looked for, so time grows with the
length of the text and no faster.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import pairwise

from kb.privacy.spans import Span, lowered, words
from kb.privacy.technical import STOP, is_word, masked, technical

_WINDOW = 180
_FORWARD = 9
"""Words after the key word among which "is" may stand."""

_LONG = (
    "passwor[dt]|passwd|pasword|passowrd|paswoord|passwrod|passw0rd|pa\\$\\$word|p@ssword|passphrase|pass[ _-]wor[dt]"
    "|kennw[oö]rt|mots? de passe|motdepasse|contrase[ñn]a|palavra[ -]?passe|parola d.ordine|wachtwoord|has[łl][oa]\\b"
    "|парол[ьяюе]м?|lösenord|adgangskode|lozinka|heslo"
)
_SHORT = (
    "passcode|pass|pwd|pswd|psw|pwrd|pw|p/w|mdp|ww|senha|clave|p[ .*_-]a[ .*_-]s[ .*_-]s(?:[ .*_-]w[ .*_-]o["
    " .*_-]r[ .*_-]d)?"
    "|p[ .]w[ .]d"
)
_CODES = (
    "pin[ -]?(?:code|nummer|number)|pincode|pin|puk|tan|otp|totp|cvv2?|cvc2?|csc"
    "|(?:one[ -]time|verification|security|confirmation|sms|2fa|mfa|two[ -]factor|access|authenticator|authentication"
    "|log[ -]?in|sign[ -]?in|door|gate|alarm|unlock|activation|recovery|backup|voicemail|entry)[ -](?:pass)?code"
    "|one[ -]time (?:password|pin)|(?:pass)?code (?:from|in|via|by) (?:the |an |my )?(?:sms|text|app"
    "|authenticator|e-?mail)"
    "|authenticator(?: app)? (?:shows|says)|einmal-?(?:code|passwort|kennwort)|(?:bestätigungs|sicherheits"
    "|zugangs|verifizierungs"
    "|freischalt|aktivierungs|entsperr|tür)-?code|code (?:pin|de (?:vérification|sécurité|confirmation|validation))"
    "|código (?:pin|de (?:verificaci[oó]n|seguridad|acceso|verificação|segurança))|codice (?:pin|otp|di"
    " (?:verifica|sicurezza"
    "|conferma))|verificatiecode|beveiligingscode|kod (?:pin|sms|weryfikacyjny|dostępu)|код (?:подтверждения"
    "|доступа|из смс)"
    "|пин(?:-?код)?"
)
_NETWORK = (
    "(?:wi-?fi|wlan|wireless|wpa[23]?(?:-psk)?|network|netzwerk|guest|gäste)[ -]{0,2}(?:key|schlüssel|code)"
    "|wpa[23]?(?:-psk)?|psk|ssid[^\n]{0,24}?[ ,;]key"
    "|pre-?shared[ -]key|clé (?:wifi|wi-fi|wpa|réseau)|clave wifi|chiave wifi"
)
_KEYS = re.compile("|".join(f"(?P<{n}>{w})" for n, w in
                            (("code", _CODES), ("network", _NETWORK), ("long", _LONG), ("short", _SHORT))))  # fmt: skip

_STEMS = re.compile(
    "pass|paswo|pa\\$\\$|p@ss|pwd|pswd|psw|pwrd|pw|p/w|p[ .*_-]a|p[ .]w|kennw|mots? d|motd|contrase|palavra"
    "|parola d|wachtw|has[łl]"
    "|парол|lösen|adgang|lozink|heslo|mdp|ww|senha|clave|pin|puk|tan|otp|totp|cv[vc]|csc|one[ -]t|verifi"
    "|security |security-|confirma|sms|2fa"
    "|mfa|two[ -]f|access[ -]c|access[ -]p|authentic|log[ -]?in|sign[ -]?in|door[ -]|gate[ -]|alarm[ -]|unlock["
    " -]|activation|recovery|backup[ -]"
    "|voicemail[ -]|entry[ -]|code (?:from|in|via|by|pin|de)|einmal|bestätig|sicherheits|zugangs|freischalt"
    "|aktivier|entsperr|tür|código"
    "|codice|beveil|kod |код |пин|wi-?fi|wlan|wireless|wpa|network[ -]?[ksc]|netzwerk|guest[ -]|gäste|psk|ssid"
    "|pre-?sh|clé |chiave"
)
_ASSIGN = re.compile(
    r"(?:s|-?(?:field|value|is))?[\"'`*_\\]{0,4}[ \t]{0,3}(?:\([^()\n]{1,40}\)[ \t]{0,2})?"
    r"(?:[\"']?[ \t]{1,2}value[ \t]?=|[:=>]{1,2}=?|[-=]>|\|[-–—]?|[-–—](?=[ \t])|→)"
    r"[ \t]{0,12}(?:\n{1,3}[ \t]{0,8})?(?P<open>[\"'`“„‘«*|\\]{0,3})[ \t]{0,2}"
)
_NEXT = re.compile(r"[ \t]{1,3}(?P<open>[\"'`“„‘«(]{0,2})")
_TOKEN = re.compile(r"[^\s]{1,130}")
_CLOSES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "„": "“",
    "‘": "’",
    "«": "»",
    "*": "*",
    "|": "|",
    "(": ")",
    "\\": "\\",
}
_LINK = words(
    """is was be are = : -> => given: ist lautet war sei est était es era è é jest to als als: as auf von from en
    into a naar na это на isn't remains stays equals lautete new:"""
)
_FILLER = words(
    """still now just currently set as to again also reset changed the now: : = -> actually simply weiterhin jetzt
    aktuell nun noch one is be maintenant toujours ahora adesso nu teraz"""
)
_AGAIN = words("password passwort passwd pwd pw pass kennwort mdp wachtwoord contraseña senha hasło пароль")
_OTHERS = words(
    """name username user userid user-id id login account benutzer benutzername host hostname server pc ticket utente
    usuario email mail e-mail phone tel sid system url link site version error code date time from to cc
    subject re sent caller"""
)
_BEFORE = words("as als comme como come jako")
_AS = re.compile(r"[ \t](?:as|als|comme|como|come|jako|is|are|was|ist|est|es|è|é|\(?that'?s)[ \t]")
_ARTICLE = words("the my your his her our a new das mein neues mon le la il as")
_CODE_LINK = re.compile(
    r"(?:s\b)?[\"']?[ \t]{0,2}(?:(?:[:=#>–-]{1,2}|ist|is|was|war|lautet|shows|says|est|es|è|é|to|still|now|number"
    r"|no\.?|nr\.?"
    r"|code|nummer|numéro|jest|это|-)[ \t]{0,3}){0,3}[\"'(“\n]{0,2}[ \t]{0,2}"
)
_CODE = re.compile(r"(?:\d{3}[ -]\d{3}|\d{4,8}|(?=[a-z]{0,5}\d)[a-z0-9]{6,8})(?![\w@]|[.,:/-]\d)", re.IGNORECASE)
_CVV = re.compile(r"\d{3,4}(?!\d)")
_PAIR = re.compile(
    r"(?:creds?|credentials|zugangsdaten|anmeldedaten|log[ -]?in(?: data| details)?|logon|user(?:name|[ -]?id)?"
    r"|benutzer(?:name)?|identifiants?|usuario|usuário|utente|gebruiker|username ?/ ?password"
    r"|user ?/ ?pass(?:word)?|testen"
    r"|testing|test(?: with)?|inloggegevens|логин)"
    r"[ \t]{0,2}(?:(?:with|are|is|sind|ist|mit|:|=|-)[ \t]{0,2}){0,2}[\"'(]?(?P<user>[\w.@\\+-]{2,60})"
    r"[ \t]{0,2}[/|;,][ \t]{0,2}[\"']?(?P<value>[^\s\"'<>]{4,64})"
)
_ARE = re.compile(
    r"(?<![\w.@\\/+-])[\w.@\\+-]{2,40}/(?P<value>[^\s\"'<>]{4,64}) (?:are|is|as|were) "
    r"(?:(?:the|my|our|your) )?(?:login )?cred"
)
_RESET = re.compile(
    r"\b(?:reset|set|changed) (?P<what>(?:it|this|that|them|hers|his|mine) )?(?:back )?to[ \t:]{1,3}[\"'(]?"
    r"(?P<value>[^\s\"'<>]{6,64})"
)
_ENDS = re.compile(r"[.!?)\]\"'”»,;*|]{0,3}(?:$|\s*\n|[.!?;,)]|\s{1,3}(?:and|und|et|y|e|i|и|en|but|aber|-|\|)\s)")


def passwords(text: str) -> Iterator[Span]:
    """Passwords, network keys and codes by the words around them."""
    low = lowered(text)
    last = 0
    for stem in _STEMS.finditer(low):
        match = _KEYS.match(low, stem.start()) if stem.start() >= last else None
        if match is None:
            continue
        last = match.end()
        name, start, end = match.lastgroup, match.start(), match.end()
        if name != "long" and start and low[start - 1].isalpha():
            continue
        if name == "code" and not _cut(low, end):
            continue
        if name == "code":
            yield from _codes(text, low, start, end)
        elif name == "long" or _cut(low, end):
            kind = "key" if name == "network" or _of_network(low, start) else "password"
            for span in _values(text, low, start, end, kind):
                last = span.end if span.start <= last + 60 and span.end > last else last
                yield span
    yield from _resets(text, low)
    yield from _pairs(text, low)


def _resets(text: str, low: str) -> Iterator[Span]:
    """ "I have reset it to X"."""
    if "set " in low or "changed " in low:
        named = any(word in low for word in ("pass", "pw", "kennw"))
        for match in _RESET.finditer(low):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            if (match["what"] or named) and value not in (value.lower(), value.upper()) and _strong(value):
                yield Span(match.start("value"), match.start("value") + len(value), "password")


def _pairs(text: str, low: str) -> Iterator[Span]:
    """ "login: jdoe / X" and "jdoe/X are the credentials"."""
    if "cred" in low:
        for match in _ARE.finditer(low):
            if _strong(text[match.start("value") : match.end("value")]):
                yield Span(match.start("value"), match.end("value"), "password")
    if any(
        word in low
        for word in ("log", "user", "utente", "cred", "daten", "test", "ident", "usu", "acc", "логин", "gebr")
    ):
        for match in _PAIR.finditer(low):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            if (
                is_word(match["user"])
                or value.casefold() in _AGAIN
                or (_KEYS.match(match["value"]) is not None and "=" in value)
            ):
                continue
            sure = low.startswith(
                ("cred", "zugang", "anmelde", "username/", "username /", "user/", "user /"), match.start()
            )
            plain = sure and value.isalpha() and not is_word(value) and _closes(text, match.start("value") + len(value))
            if plain or (_strong(value) and not _plain_path(match["user"], value)):
                yield Span(match.start("value"), match.start("value") + len(value), "password")


def _cut(low: str, end: int) -> bool:
    """Whether a short key word ends here; what is written in one with a number may still be one: "PW1"."""
    return end >= len(low) or not low[end].isalpha() or low.startswith(("s:", "s ="), end)


def _of_network(low: str, start: int) -> bool:
    around = low[max(0, start - 14) : start + 24]
    return any(name in around for name in ("wifi", "wi-fi", "wlan", "wireless", "ssid", "wpa"))


def _plain_path(user: str, value: str) -> bool:
    return "/" in value and not any(sign.isdigit() for sign in value)


def _codes(text: str, low: str, start: int, end: int) -> Iterator[Span]:
    link = _CODE_LINK.match(low, end, end + 40)
    at = link.end() if link else end
    yield from _before(text, low, start, "code")
    if at == end:
        return
    card = low.startswith(("cvv", "cvc", "csc"), start)
    value = (_CVV if card else _CODE).match(text, at)
    if value is not None and any(sign.isdigit() for sign in value.group()):
        yield Span(value.start(), value.end(), "code")


def _values(text: str, low: str, start: int, end: int, kind: str) -> Iterator[Span]:
    """What is said to be the password after a key word that ends at ``end``, and before it."""
    if (assigned := _ASSIGN.match(low, end, end + 90)) is not None:
        option = low.startswith("=", end)
        value = _taken(text, assigned.end(), assigned["open"], option=option)
        if value is not None and _assigned(text, value, fresh_line="\n" in assigned.group()):
            yield Span(*value, kind)
            return
        if value is not None and low[value[0]] not in "*•" and not _goes_on(low, value[0]):
            return
    following = _NEXT.match(low, end, end + 6)
    if following is not None:
        value = _taken(text, following.end(), following["open"])
        flag = text.startswith("--", max(0, start - 2))
        if value is not None and (
            _adjacent(text, value, quoted=bool(following["open"]), most=64 if kind == "key" else 9) or flag
        ):
            yield Span(*value, kind)
            return
    yield from _linked(text, low, end, kind)
    yield from _before(text, low, start, kind)


def _goes_on(low: str, at: int) -> bool:
    """Whether words follow among which the value may still come: "password: it is now ..."."""
    return low.startswith(("it is", "is ", "ist ", "lautet", "est ", "es ", "the new"), at)


def _linked(text: str, low: str, end: int, kind: str) -> Iterator[Span]:
    """Values after "is", "to" and their like within a few words of the same sentence."""
    stop = low.find("\n", end, end + _WINDOW)
    stop = min(len(low), end + _WINDOW) if stop < 0 else stop
    linked, gap = False, 0
    for place, word in enumerate(_TOKEN.finditer(low, end, stop)):
        said = word.group()
        if place > _FORWARD + 6 or (not linked and (said in _AGAIN or place > _FORWARD)):
            return
        if said in _LINK or said[-1] in ":=":
            linked, gap = said[:-1] not in _OTHERS, gap or place
            continue
        if linked and said in _AGAIN:
            return
        if linked and said.strip(",:") in _FILLER:
            continue
        if linked:
            value = _quoted(text, word.start()) if len(said) > 2 else None
            if value is not None and (_direct(text, value) if gap == 0 else _far(text[slice(*value)], gap, kind)):
                yield Span(*value, kind)
            linked, gap = False, gap + 1
        if said[-1] in ".!?" and not _strong(said):
            return


def _quoted(text: str, at: int) -> tuple[int, int] | None:
    """The value that begins here, also one in quotes or brackets."""
    opened = re.match(r"[\"'`“„‘«(*]{0,2}", text[at : at + 2])
    signs = opened.group() if opened else ""
    return _taken(text, at + len(signs), signs)


def _far(value: str, gap: int, kind: str) -> bool:
    """With words between, only what looks like a password counts; the key of a network may be all digits."""
    return _strong(value) or (kind == "key" and gap < 3 and value.isdigit() and len(value) > 7)


def _before(text: str, low: str, start: int, kind: str) -> Iterator[Span]:
    """ "Tried X as password": the value stands before the key word."""
    near = next(iter(deque(_AS.finditer(low, max(0, start - 28), start), maxlen=1)), None)
    if near is None or any(word not in _ARTICLE for word in low[near.end() : start].split()):
        return
    first = max(low.rfind(sign, max(0, near.start() - 66), near.start()) for sign in " \t\n") + 1
    raw = text[max(first, near.start() - 66) : near.start()]
    bare = raw.strip("\"'`“”„‘’«»(),.;:")
    said = _CODE.fullmatch(bare) is not None and not bare.isalpha() if kind == "code" else _strong(bare)
    if kind == "code" and bare.isdigit() and _CODE.fullmatch(text, near.start() - len(raw) - 4, near.start()):
        yield Span(near.start() - len(raw) - 4, near.start(), kind)
    elif said or (bare and raw[0] in "\"'“‘«" and kind != "code" and not is_word(bare)):
        at = near.start() - len(raw) + raw.find(bare)
        yield Span(at, at + len(bare), kind)


def _taken(text: str, at: int, opened: str, *, option: bool = False) -> tuple[int, int] | None:
    """The value that begins here: up to the closing quote, else up to the next blank, without what ends a
    sentence."""
    if at >= len(text):
        return None
    sign = opened[-1:]
    if sign and (close := text.find(_CLOSES[sign], at, at + 100)) > at and "\n" not in text[at:close]:
        return at, close
    match = _TOKEN.match(text, at)
    if match is None:
        return None
    end = match.end()
    for cut in ("<", '"', "`", *((";", "&") if option else ())):
        place = text.find(cut, at + 1, end)
        end = place if place > 0 else end
    value = text[at:end]
    while len(value) > 1 and _closing(value):
        value = value[:-1]
    return (at, at + len(value)) if value else None


def _closing(value: str) -> bool:
    """Whether its last sign ends the sentence around it, or closes what was opened before it."""
    last = value[-1]
    if last in _OPENS:
        return value.count(_OPENS[last]) < value.count(last)
    return last in ".,;:|" or (last in "'\"”»’" and value.count(last) % 2 == 1)


_OPENS = {")": "(", "]": "[", "}": "{"}


def _assigned(text: str, span: tuple[int, int], *, fresh_line: bool) -> bool:
    """After ":" or "=" nearly anything is the value; words only where nothing more follows."""
    value = text[slice(*span)]
    if len(value) < 3 or masked(value) or "://" in value:
        return False
    if any(not sign.isalpha() for sign in value.strip(".,!?'’")):
        plain = value.strip(".,!?;:'()")
        if plain.isdigit():
            return len(plain) > 3
        if "-" in plain and all(part.isalpha() for part in plain.split("-")):
            return not any(is_word(part) for part in plain.split("-")) and _closes(text, span[1])
        return (
            not (fresh_line and technical(value))
            and not value.startswith(("\\\\", "http"))
            and not _plain_path("", value)
        )
    return value.strip(".,!?'’").casefold() not in STOP and _closes(text, span[1])


def _direct(text: str, span: tuple[int, int]) -> bool:
    """After "is" with nothing between: a value, or a word that closes the sentence and is no usual one."""
    value = text[slice(*span)]
    if masked(value) or len(value) < 3:
        return False
    bare = value.strip(".,!?'’")
    if bare.isdigit():
        return len(bare) > 3
    if bare.isalpha():
        return not is_word(bare) and len(bare) > 3 and _closes(text, span[1])
    return (
        _strong(value, technical_too=False) or ("-" in bare and not any(map(is_word, bare.split("-"))))
    ) and not _unit(bare)


def _adjacent(text: str, span: tuple[int, int], *, quoted: bool, most: int) -> bool:
    """Right after the key word: only what looks like a password, or stands in quotes."""
    value = text[slice(*span)]
    if quoted and not is_word(value) and " " not in value and len(value) > 3 and not technical(value):
        return True
    return _strong(value) or (value.isdigit() and 4 < len(value) <= most) or (most > 9 and _jumbled(value))


def _jumbled(value: str) -> bool:
    """Whether small and capital letters change as they do in no word: "HVKieXuBSXai"."""
    return len(value) > 7 and sum(one.isupper() != two.isupper() for one, two in pairwise(value)) > 3


def _closes(text: str, end: int) -> bool:
    return _ENDS.match(text, end, end + 12) is not None


def _unit(value: str) -> bool:
    return (
        re.fullmatch(r"\d{1,4}[-–]?(?:\d{1,4})?[a-z]{0,12}", value.casefold()) is not None and not value[-1:].isdigit()
    )


_SPECIAL = frozenset('!#$%&*+=?@^~§€!"{}[]()<>|;:')


def _strong(value: str, *, technical_too: bool = True) -> bool:
    """Whether it looks like a password: letters with digits or signs, long enough, and no identifier."""
    bare = value.strip(".,;:()\"'`“”’")
    if bare.isalpha() or not 4 <= len(bare) <= 130 or masked(bare) or PLACED.search(bare):
        return False
    letters = any(sign.isalpha() for sign in bare)
    digits = any(sign.isdigit() for sign in bare)
    signs = any(sign in _SPECIAL for sign in bare.rstrip("!?"))
    if not letters or not (digits or signs) or is_word(bare.strip("!?")):
        return False
    if not digits and ("/" in bare or "@" in bare or bare.endswith("(s)")):
        return False
    if _unit(bare) or (len(bare) < 6 and not signs and bare.casefold() == bare and bare[0].isdigit()):
        return False
    return not (technical_too and technical(bare)) and "://" not in bare and not MAIL.fullmatch(bare)


PLACED = re.compile(r"\[[a-z-]{2,12}(?:-\d{1,5})?\]")
MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,80}\.[A-Za-z]{2,12}")
