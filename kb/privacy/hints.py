"""What a single word hints at: the rules that can find something in a text because this word stands in it.

A hint is a necessary condition and no more. Where a rule says "no word hints at this", its pattern cannot match; where
one does, the pattern decides as if nobody had hinted. Words are told apart by blanks, which "\\s", ``str.split`` and
``str.isspace`` mean alike, and are in small letters, which keeps what is a letter, a digit or a blank.

Five hints are more: WIRELESS, COD, RESET, PAIR_TALK and SIGN_INSIDE are what a rule asks of a text before it reads it.
"""

from __future__ import annotations

import re

from kb.privacy.known import Known
from kb.privacy.spans import alternatives, branched

# What a word holds.
DIGIT, LETTER_AND_DIGIT, LIKE_SECRET, LIKE_KEY, THREE_DIGITS, SIGNED, SIGN_INSIDE = (1 << n for n in range(7))
KEY_FORM, MAIL, ADDRESS, OPTION, SLASHED, FISCAL, IBAN, LEVEL = (1 << n for n in range(7, 15))
# What a word says.
STEM, LOGIN, WIRELESS, NET_KEY, TALK, COD, CODE_WORD, ABOUT_CODE, MESSAGE = (1 << n for n in range(15, 24))
RESET, RESET_VERB, CREDENTIAL, PAIR_TALK, PAIR, SURE_PAIR, WITH = (1 << n for n in range(24, 31))
PUT_BACK, SHORT_LOGIN, KEY_WORD, COMMAND, DEVICE, ID_NAME, ACCOUNT = (1 << n for n in range(31, 38))

PLACED = LETTER_AND_DIGIT | KEY_FORM | MAIL | ADDRESS | SLASHED | FISCAL | IBAN
PLACED |= STEM | LOGIN | CODE_WORD | MESSAGE | RESET_VERB | PAIR | WITH | KEY_WORD | ACCOUNT
"""Hints of which it counts where the words stand."""

_SAID: dict[int, str] = {
    STEM: "p[a@4]?[s$5]{1,3}(?:[wop]|\\Z)|p[.*_-]a|p[.]w|p\\Z|pass|pw|laps|requirep|mastera|p/w|kennw|mots?\\Z|motd"
    "|contras|palavra|parola\\Z|wachtw|has[łl]|парол|lösen|adgang|kodeor|lozink|hesl|jelsz|salas|şifre|密码|密碼|パスワ"
    "|비밀번|mdp|ww|senha|clave|pin(?<![a-z]pin)|puk|mtan|tan(?<![a-ln-z]tan)|totp|otp(?<![a-su-z]otp)|nip(?<![a-z]nip)|cv[vc]|csc"
    "|sms|one(?:-t|\\Z)|verifi|toegang|security(?:-|\\Z)|confirma|2fa|mfa|two(?:-[fs]|\\Z)|access(?:-[cp]|\\Z)|authentic"
    "|log(?:-?in|\\Z)|sign(?:-?in|\\Z)|door(?:-|\\Z)|gate(?:-|\\Z)|alarm|unlock(?:-|\\Z)|activation|recovery"
    "|backup(?:-|\\Z)|voicemail(?:-|\\Z)|entry(?:-|\\Z)|code\\Z|einmal|bestätig|sicherheits|zugangs|zugriffs|freischalt"
    "|aktivier|entsperr|tür|tresor|código|codice|beveil|kod\\Z|код\\Z|пин|wi-?fi|w-?lan|wireless|wpa|wep|hotspot"
    "|network(?:-?[ksc]|\\Z)|netzwerk|guest(?:-|\\Z)|gäste|psk|digicode|zahlenc|router(?:-k|\\Z)|ssid|pre-?sh|key\\Z"
    "|schlüssel\\Z|sleutel\\Z|cl[ée]\\Z|chiave\\Z|chave\\Z|klucz\\Z|ключ\\Z",
    LOGIN: "log|cred|sign|unlock|zip|anmeld|zugang|identif|entsperr|shared|protec|encrypt|schützt|schlüssel|proteg"
    "|protég|chiffr|cifra|protett|open|ffnet|entrar|acced|accéd|connect|войти|must|beveil|zabezp|защищ",
    WIRELESS: "wifi|wi-fi|wlan|ssid|hotspot|wpa|wep|wireless|guest|gäste|visitor|invit|ospiti|gasten|internet",
    NET_KEY: "key|schlüssel|clé|cle|clave|chiave|sleutel|klucz|chave|ключ|psk|pw",
    TALK: "code|combination|keypad|token|c[oó]digo|codice|kod\\b|код\\b|mfa|2fa|otp|authenticator|tan\\b(?<!\\wtan)"
    "|pin\\b(?<!\\wpin)|puk|securid|okta|duo\\b(?<!\\wduo)|sms|one-time|einmal|bestätigung",
    COD: "cod|cód|kod|код",
    CODE_WORD: "codes?\\b|c[oó]digos?\\b|codice|kod|код",
    ABOUT_CODE: "code|pin(?<!\\wpin)|otp(?<!\\wotp)|tan(?<!\\wtan)|c[oó]digo|codice|kod|код|2fa|mfa|verif",
    MESSAGE: "text|sms|message|push|nachricht|e-?mail|mensaje|messaggio|bericht",
    RESET: "set|chang|ändert",
    RESET_VERB: "re-?set|set|chang|put|zurückgesetzt|gesetzt|geändert|réinit|remis|cambiad|restablecid|gewijzigd"
    "|gereset|zmienion",
    CREDENTIAL: "cred",
    PAIR_TALK: "log|user|utente|cred|daten|test|ident|usu|acc|логин|gebr",
    PAIR: "cred|zugangsdaten|anmeldedaten|log|user|benutzer|identifiant|usuario|usuário|utente|gebruiker|test"
    "|inloggegevens|логин|kennung|użytkownik",
    SURE_PAIR: "cred|zugang|anmelde|user(?:name)?(?:/|\\Z)",
    WITH: "log|sign|connect|authenticat|anmeld|einlogg|eingeloggt",
    PUT_BACK: "gestellt|gesetzt|geändert|gezet",
    SHORT_LOGIN: "p(?<![^\\s/,;]p)(?:[:=]|\\Z)|pw(?<!\\Spw)[:=]|auth\\Z",
    KEY_WORD: "key|token|secret|bearer|basic|credential|jsessionid|phpsessid|sess|connect|apikey|pat|sig|cookie"
    "|schlüssel|sleutel|chiave|cl[ée]|clave|chave|klucz|ключ|nyckel|nøkkel|nøgle|jeton|community",
    COMMAND: "net\\Z|securestring|networkcredential|identified|reg_sz|rasdial|auth\\Z|priv\\Z|passphrase\\Z|pgpass|echo"
    "|jdbc:|sqlplus\\Z|expdp\\Z|impdp\\Z|rman\\Z|sqlldr\\Z",
    DEVICE: "radius|tacacs|ntp|isakmp|key-string|psksecret|pre-shared-key|snmp|enable\\Z|wpa-psk|authentication-key"
    "|message-digest-key",
    ID_NAME: "ssn|social\\Z|national\\Z|nino|ni\\Z|id\\Z|passp|pass-?nr|passe|passa|reisepass|pasaporte|paspoort"
    "|паспорт|ausweis|steuer|idnr|sozialv|sv-?n|rentenv|tax\\Z|tin(?<![^\\W_]tin)|tfn|sin\\Z|insee|num[ée]ro\\Z|n°\\Z|nir(?<![^\\W_]nir)|codice\\Z|dni"
    "|nie(?<![^\\W_]nie)|nif|bsn|burgers|sofin|pesel|nip(?<![^\\W_]nip)|dowód\\Z|снилс|инн|ahv|avs|cpf|personn|fødsels"
    "|cpr|henkil|aadhaar|pan\\Z|driver|driving\\Z|führers|medicare|nhs",
    ACCOUNT: "account|acct|konto|kto|compte|cuenta|conta|conto|rekening|konta|rachun|сч[её]т|a/c|blz|rib|iban|bban"
    "|routing",
}  # fmt: skip
"""Parts of words that say what a rule looks for: where its pattern begins, as far as that stands in one word, and
"\\Z" where a blank follows in the pattern."""
_SAYS_ANY = re.compile(branched("|".join(_SAID.values())))
_SAYS: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
"""By its first sign, what may begin there."""
for _hint, _pattern in _SAID.items():
    for _sign in {part[0] for part in alternatives(_pattern)}:
        _SAYS.setdefault(_sign, []).append((_hint, re.compile(branched(_pattern))))

HEADS = {hint: re.compile(branched(pattern)) for hint, pattern in _SAID.items()}
HEADS |= {SLASHED: re.compile("[/|:]"), IBAN: re.compile(r"\d\d")}
"""How the patterns begin of which a word holds the beginning, from the same sign on."""
_EDGES = ".,;:()\"'`“”’"
_SPECIAL = frozenset('!#$%&*+=?@^~§€!"{}[]()<>|;:')
_SIGNS = frozenset("!#$%&*+?^~§")
_PIECE = re.compile(r"[^\s\"'<>@=/\\()]{7,}")
_SIGN_INSIDE = re.compile(r"[!#$%&*+~^§?](?=[^\s\"'.,)])|[\d][!#$%&*+~^§]")
_ENDS = frozenset(".,;!?)'\"")
_THREE_DIGITS = re.compile(r"\d\d\d")
_RUN, _LONG_RUN = re.compile(r"[\w+/=.~!#$%^*@&-]{8}"), re.compile(r"[\w+/=.~!#$%^*@&-]{20}")
_KEY_FORM = re.compile(
    branched(
        "akia|asia|abia|acca|gh[pousr]_|github_pat_|gl[a-z]{1,5}[-_]|xox|xapp-|xwfp-|aiza|ya29[.]|gocspx-|sk_|rk_|pk_"
        "|whsec_|sg[.]|key-|sk-|sk[0-9a-f]{32}|npm_|pypi-|hf_|atatt3|atctt3|do[opr]_v1_|dapi|hv[sbr][.]|dp[.]|shp|sq0"
        "|lin_api_|ntn_|nrak-|eyj|aa(?<=:aa)|q~|amzn[.]|eaaced|pmak-|rubygems_|pat[a-z0-9]{14}[.]|figd_|sntrys_|tfp_"
    )
)
"""Something of every form that an issuer gave to keys."""
_FISCAL = re.compile(r"[a-z]{6}\d\d[a-z]\d\d[a-z]\d{3}[a-z]")
_IBAN = re.compile(r"[a-z]{2}\d\d(?<![a-z0-9][a-z]{2}\d\d)")
_LEVELS = frozenset("0456789")
_DIGIT = re.compile("[0-9]")


def hints_of(word: str) -> int:
    """Everything that a word in small letters hints at."""
    found = KEY_FORM if len(word) > 15 and _KEY_FORM.search(word) else 0
    if word.isalpha() or (word[-1] in _ENDS and word[:-1].isalpha()):
        found |= LIKE_KEY if len(word) > 19 else 0
    else:
        found |= _held(word)
    at = _SAYS_ANY.search(word)
    while at is not None:
        for hint, pattern in _SAYS[word[at.start()]]:
            if not found & hint and pattern.match(word, at.start()):
                found |= hint
        at = _SAYS_ANY.search(word, at.start() + 1)
    return found


def _held(word: str) -> int:
    """What a word hints at by its digits and signs."""
    found, letter = 0, any(map(str.isalpha, word))
    digit = _DIGIT.search(word) is not None if word.isascii() else any(map(str.isdigit, word))
    signs = not _SIGNS.isdisjoint(word)
    if digit:
        found |= DIGIT | (THREE_DIGITS if _THREE_DIGITS.search(word) else 0) | (LEVEL if word in _LEVELS else 0)
        if letter and len(word) > 4:
            found |= LETTER_AND_DIGIT | (SIGNED if signs and any(map(_signed, _PIECE.findall(word))) else 0)
            found |= FISCAL if len(word) > 15 and _FISCAL.search(word) else 0
        found |= IBAN if letter and _IBAN.search(word) else 0
    if letter and (digit or not _SPECIAL.isdisjoint(word.strip(_EDGES).rstrip("!?"))):
        found |= LIKE_SECRET
    if len(word) > 7 and (_RUN if letter and digit else _LONG_RUN).search(word):
        found |= LIKE_KEY
    if signs:
        found |= (SIGN_INSIDE if _SIGN_INSIDE.search(word) else 0) | (OPTION if "%" in word else 0)
    if "/" in word or ":" in word or "|" in word:
        found |= (ADDRESS if "://" in word else 0) | (OPTION if "/u" in word else 0)
        if word[-1] in "/:|" or found & LETTER_AND_DIGIT:
            found |= SLASHED
    if word[0] in "-/" or "<<<" in word:
        found |= OPTION
    return found | (MAIL if "@" in word else 0)


def _signed(piece: str) -> bool:
    return not _SIGNS.isdisjoint(piece) and any(map(str.isalpha, piece)) and any(map(str.isdigit, piece))


KNOWN = Known(hints_of)
