"""Keys and tokens: those whose issuer gave them a form, those that a word before them tells, and private keys
in PEM."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import KEY_FORM, KEY_WORD, LIKE_KEY
from kb.privacy.spans import Span, branched, words
from kb.privacy.technical import is_word, masked, technical
from kb.privacy.values import MAIL, PLACED, is_guid

_LONG = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9_][\w.~+/=:-]{15,}+")
_FORMS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255}"
    r"|gl(?:pat|rt|dt|soat|cbt|ptt|ft|oas|imt|agent)-[\w-]{18,255}"
    r"|xox[abceoprs]-[\w-]{10,255}|xapp-[\w-]{10,255}|xwfp-[\w-]{10,255}"
    r"|AIza[\w-]{33,40}|ya29\.[\w-]{20,500}|GOCSPX-[\w-]{20,60}"
    r"|(?:sk|rk|pk)_(?:live|test|fake)_\w{10,255}|whsec_[\w+/=]{16,255}"
    r"|SG\.[\w-]{16,32}\.[\w-]{16,64}|key-[0-9a-z]{32}(?![0-9a-z])|SK[0-9a-f]{32}(?![0-9a-f])"
    r"|npm_[A-Za-z0-9]{30,60}|pypi-[\w-]{30,500}|hf_[A-Za-z0-9]{30,60}"
    r"|sk-(?:proj-|ant-|svcacct-|or-)?[\w-]{20,255}|ATATT3[\w=-]{20,500}|ATCTT3[\w=-]{20,500}"
    r"|do[opr]_v1_[0-9a-f]{40,80}|dapi[0-9a-f]{32}(?![0-9a-f])|hv[sbr]\.[\w-]{20,500}|dp\.(?:pt|st|ct)\.\w{30,60}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|sq0(?:atp|csp)-[\w-]{20,60}|lin_api_\w{30,60}|ntn_\w{30,60}|NRAK-[A-Z0-9]{27}"
    r"|gl(?:sa|c)_[\w=]{20,255}|eyJ[\w-]{8,2000}\.eyJ[\w-]{4,4000}(?:\.[\w-]{0,1000})?"
    r"|eyJ[\w-]{8,2000}(?:\.[\w-]{0,2000}){4}"
    r"|\d{8,10}:AA[\w-]{32,34}(?![\w-])|AGE-SECRET-KEY-1[A-Z0-9]{50,60}|[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}"
    r"|amzn\.mws\.[0-9a-f-]{36}|EAACEdEose0cBA[0-9A-Za-z]{10,255}|PMAK-[0-9a-f-]{50,70}|rubygems_[0-9a-f]{40,60}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|figd_[\w-]{30,60}|sntrys_[\w=+/-]{30,300}|tfp_\w{30,60}"
    r")"
)
_HOOK = re.compile(
    r"https?://(?:hooks\.slack\.com/(?:services|workflows)/|discord(?:app)?\.com/api/webhooks/"
    r"|[\w-]{1,40}\.webhook\.office\.com/webhookb2/)[\w/@.-]{10,300}"
)
_RECOVERY = re.compile(r"\d(?<![\d-].)\d{5}-(?:\d{6}-){6}\d{6}(?![\d-])")
_PEM = re.compile(r"-----BEGIN (?P<name>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?)-----")
_PUTTY = re.compile(r"PuTTY-User-Key-File-\d:|Private-Lines: ?\d{1,3}\s")
_PEM_LONGEST = 20_000
_WORDS = re.compile(
    branched(
        "keys?|token|secret|bearer|basic|credential|jsessionid|phpsessid|sess(?:ion)?[ _]?id|connect.sid|apikey|pat"
        "|sig|cookie|session(?==)|schlüssel|sleutel|chiave|cl[ée](?= )|clave(?= )|chave(?= )|klucz|ключ|nyckel"
        "|nøkkel|nøgle|jeton|community"
    )
)
_NOUNS = frozenset(("key", "keys", "schlüssel", "sleutel", "chiave", "clé", "cle", "clave", "chave", "klucz", "ключ",
                    "nyckel", "nøkkel", "nøgle"))  # fmt: skip
"""Words for any key: only what stands before or after them tells that it is a secret."""
_OF_KEY = re.compile(
    "(?:api|client|app|consumer|shared|secret|access|account|auth|private|refresh|session|bearer|service|deploy"
    "|signing|encryption|master"
    "|geheim(?:e|er|en|es)?|zugriffs|zugangs|totp|seed|hmac|jwt|sas|tajny|секретный|hemlig|installation|ingest"
    "|management"
    "|ipsec|vpn|router|tunnel|subscription|instrumentation|integration|machine|tsig|snmp|validation|decryption|connection|hash|write|read|bot"
    "|license|storage|primary|sharedaccess|api[ _-]?token|x|stripe|aws|azure|google|github|gitlab|openai"
    "|sendgrid|twilio|webhook)[ _.-]?$"
)
_KEY_OF = re.compile(
    r"[ _-](?:de |d['’]|di |do |da |of |для |van de |van het |für die |zur |zum |till |til |l['’])?"
    r"(?:api|secr[eè]te?|segreta|secreta|privée?|privata|privada|acc[eè]s|accesso|acceso|acesso|tajny|dostępu|доступа"
    r"|client|chiffrement|cifrado|cifratura)\b"
)
_ENDS_WORD = frozenset(" \t(,?;")
_FAR = re.compile(r"[^\s]{1,160}")
_FAR_WORDS, _FAR_WINDOW = 14, 200
_FAR_LINK = words(
    "is are was = : -> => ist lautet war est es è é to this jest это c'est says follows as with below here und and"
    " entered enter"
    " use used using tried typed pasted put gave sent got eingegeben verwende nehme saisi utilisé ingresé inserito"
)
_ABOUT_KEY = words(
    "id ids thumbprint fingerprint hash md5 sha1 sha256 sha-256 name version commit serial guid uuid tenant correlation"
    " checksum build kid vault path uri url expired expires violation constraint error"
)
_SHORT = frozenset(("pat", "sig", "basic", "token", "secret", "bearer", "key", "keys"))
_LINK = re.compile(
    r"(?:s\b)?[\"'`\\]{0,3}(?P<tight>[ \t]{0,3}(?::=|=>|->|[:=>])[ \t\n]{0,4}|[ \t]{1,2}(?:is|ist|lautet|was|est"
    r"|es|to)[ \t]{1,2})?"
    r"[ \t]{0,2}(?:\(?value\)?[ \t]?[:=]?[ \t]?)?(?:(?:bearer|token|basic|-)[ \t]{1,2})?[\"'`\\(\[]{0,3}"
)
_VALUE = re.compile(r"[\w+/=.~!#$%^*@&-]{8,600}")
_RANDOM = re.compile(
    r"(?=[^\d]*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9+/=_]{20,200}|[0-9a-f]{32,128}|[0-9A-F]{26,128}"
)
"""What is no word, no name and no path: a key by its looks."""
_COUNTED = re.compile(r"[a-z]{3,12}\d{1,2}")
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_AMBIGUOUS = frozenset(
    ("session_id", "sessionid", "session id", "basic", "credential", "sig", "pat", "jsessionid", "phpsessid")
)


def keys(glance: Glance) -> Iterator[Span]:
    """Keys and tokens by their form and by the word before them."""
    text = glance.text
    for long in glance.within(_LONG, text, KEY_FORM) if glance.hints & KEY_FORM else ():
        for match in _FORMS.finditer(text, long.start(), long.end()):
            yield Span(match.start(), _trimmed(text, match.start(), match.end()), "key")
    if "hook" in text:
        yield from (Span(match.start(), match.end(), "key") for match in _HOOK.finditer(text))
    if text.count("-") > 6:
        yield from (Span(match.start(), match.end(), "key") for match in _RECOVERY.finditer(text))
    yield from _private(text)
    if glance.hints & LIKE_KEY and glance.hints & KEY_WORD:
        yield from _worded(glance)


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start + 8 and text[end - 1] in ".,:/":
        end -= 1
    return end


def _private(text: str) -> Iterator[Span]:
    """Private keys from their first line to their last; one whose end is missing goes as far as its lines do."""
    last = 0
    for match in _PEM.finditer(text) if "-----BEGIN" in text else ():
        if match.start() < last:
            continue
        closing = f"-----END {match['name']}-----"
        end = text.find(closing, match.end(), match.end() + _PEM_LONGEST)
        last = end + len(closing) if end >= 0 else _lines_end(text, match.end())
        yield Span(match.start(), last, "private-key")
    if "PuTTY-User-Key" in text or "Private-Lines" in text:
        for match in _PUTTY.finditer(text):
            if match.start() >= last:
                last = _lines_end(text, match.end())
                yield Span(match.start(), last, "private-key")


_KEY_LINE = re.compile(
    r"(?:\s{0,4}(?:[A-Za-z0-9+/=]{8,200}|[\w-]{3,30}: [^\n]{1,200}|\\n[A-Za-z0-9+/=\\]{8,9000}))(?:\n|$)|[ \t]{0,4}\n"
)


def _lines_end(text: str, at: int) -> int:
    for _ in range(400):
        match = _KEY_LINE.match(text, at)
        if match is None or match.end() == at:
            break
        at = match.end()
    return at


def _worded(glance: Glance) -> Iterator[Span]:
    text, low, seen_to = glance.text, glance.low, 0
    for word in glance.begun(_WORDS, low, KEY_WORD):
        start, end = word.span()
        name = word.group()
        if start < seen_to or (name in _SHORT and name not in _NOUNS and _inside(text, start)):
            continue
        if name in _NOUNS:
            of = _KEY_OF.match(low, end)
            if of is None and _OF_KEY.search(low[max(0, start - 16) : start]) is None:
                value, found = _near(text, low, end, name)
                if value is not None and found and _RANDOM.fullmatch(text, value.start, value.end):
                    yield value
                continue
            end = of.end() if of is not None else end
        value, found = _near(text, low, end, name)
        if value is not None and value.end - value.start > 100:
            seen_to = value.end
        span = value if found else _far(text, low, end, name)
        if span is not None:
            yield span


def _near(text: str, low: str, end: int, name: str) -> tuple[Span | None, bool]:
    """What stands right after the name of a key, and whether it is one."""
    link = _LINK.match(low, end, end + 60)
    value = _VALUE.match(text, link.end()) if link is not None and link.end() > end else None
    if link is None or value is None:
        return None, False
    start, stop = value.start(), _value_end(text, value.start(), value.end())
    found = _is_key(
        text[start:stop], tight=any(sign in link.group() for sign in ":=>") or link["tight"] is not None, word=name
    )
    return Span(start, stop, "key"), found


def _far(text: str, low: str, end: int, name: str) -> Span | None:
    """A key some words after its name in the same sentence, where "is", a colon or a comma leads to it."""
    if name in _AMBIGUOUS or low[end : end + 1] not in _ENDS_WORD:
        return None
    stop = low.find("\n", end, end + _FAR_WINDOW)
    stop = min(len(low), end + _FAR_WINDOW) if stop < 0 else stop
    linked = False
    for place, word in enumerate(_FAR.finditer(low, end, stop)):
        said = word.group()
        bare = said.strip("\"'`()[]<>,.;:")
        if (
            place > _FAR_WORDS
            or bare in _ABOUT_KEY
            or bare in _SHORT
            or (said[-1] == ":" and (bare.endswith("id") or bare[:2] == "x-"))
        ):
            return None
        if linked and len(bare) > 15:
            start = word.start() + said.find(bare)
            value = text[start : start + len(bare)]
            if _VALUE.fullmatch(value) and _is_key(value, tight=True, word=name) and not _technical(value):
                return Span(start, start + len(bare), "key")
        if said[-1] in ".!":
            return None
        linked = bare in _FAR_LINK or said in _FAR_LINK or said[-1] in ":=,("
    return None


def _technical(value: str) -> bool:
    """Whether this is a name of a thing after all; a GUID may be a key."""
    return technical(value) and not is_guid(value)


def _value_end(text: str, start: int, end: int) -> int:
    """Where a value ends that may be followed by what ends a sentence, or by the next part of an address."""
    while end > start and text[end - 1] in ".,:&;!":
        end -= 1
    next_part = text.find("&", start, end)
    return next_part if next_part > start and "=" in text[start:end] else end


def _inside(text: str, start: int) -> bool:
    """Whether a word begins inside another: "sig" in "design", but not "Secret" in "ClientSecret"."""
    before = text[start - 1 : start]
    if text[max(0, start - 8) : start].lower().endswith(("toegangs", "zugriffs", "zugangs", "access", "auth")):
        return False
    return before.isalpha() and not (text[start].isupper() and before.islower())


def _is_key(value: str, *, tight: bool, word: str) -> bool:
    letters, digits = _LETTER.search(value) is not None, _DIGIT.search(value) is not None
    if (
        len(value) < 8
        or masked(value)
        or PLACED.search(value)
        or MAIL.fullmatch(value)
        or value.startswith(("http", "HKLM"))
    ):
        return False
    if is_guid(value):
        return (tight or word in ("bearer", "secret", "apikey") or word in _NOUNS) and word not in _AMBIGUOUS
    if len(value) < 16:
        plain = is_word(value) or technical(value) or _COUNTED.fullmatch(value) is not None
        return tight and word not in _AMBIGUOUS and letters and digits and not plain
    mixed = (letters and digits) or (
        len(value) >= 20 and value.lower() != value != value.upper() and "-" not in value and "." not in value
    )
    return mixed and (tight or len(value) >= 20 or word == "bearer") and not (technical(value) and not tight)
