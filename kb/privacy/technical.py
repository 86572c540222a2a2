"""What only looks like a secret: error codes, versions, hosts, times, paths and the words that follow "password"."""

from __future__ import annotations

import re

from kb.identifiers import identifiers

_TECHNICAL = re.compile(
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d\d(?::\d\d)?\S{0,10})?"
    r"|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,6})?"
    r"|v?\d{1,6}(?:\.\d{1,7}){1,5}|0x[0-9a-f]{2,16}|(?:kb|inc|ritm|req|chg|prb|sctask|task|tkt|cve)[-_]?\d[\d-]{2,12}"
    r"|[a-z]{2,10}-\d{4,7}|(?:ora|tns|aadsts|err|error|event)[-_]?\d{2,8}"
    r"|[o0]?au?th-?\d|xoauth\d|sid_\d{1,4}|pop3s?|imap\d(?:rev\d)?s?|ntlm(?:v\d)?|sha-?\d{1,3}|aes-?\d{3}|md5"
    r"|rc4|base64|utf-?\d{1,2}"
    r"|smb(?:v\d)?\d?|ldaps?v?\d?|rsa-?\d{3,4}|x\.?509|k(?:rb|erberos)\d|mp[34]|h26\d|(?:usb|pcie?)-?[cC\d.]{1,3}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|s-1-\d[\d-]{5,80}"
    r"|\d{1,4}(?:x|st|nd|rd|th|h|d|min|mins|sec|ms|mb|gb|tb|kb|k|days?|hours?|times|chars?|characters|tage|jours|%)"
    r"|(?:office|o|m|microsoft|windows|win|outlook|excel|word|sap|sql|server|exchange|sharepoint|adobe|acrobat"
    r"|java|python"
    r"|chrome|autocad|visio|s/4hana|oracle|mfa|2fa|ad|vpn|wifi|http|tls|ssl|ipv|step|level|line|floor|room"
    r"|building|account|profile"
    r"|folder|group|channel|client)"
    r"[-_]?\d{1,4})",
    re.IGNORECASE,
)
_WORDS = """
expired expires expiring expiry wrong incorrect invalid valid forgotten forgot lost locked unlocked blocked reset
resets changed change changing required needed missing unknown empty blank none null nil true false yes no ok okay
na n/a tbd todo not never same see below above attached enclosed default defaults correct rejected refused denied
failed failure fails fail accepted protected encrypted hidden hashed stored saved secure secured strong weak old new
current here there working works work updated updates set sent given provided prompt prompted prompts request
requested requests policy policies protection manager managers error errors message problem problems issue issues
question about again also always and another any are as ask asked asking asks at available be because been before
being but by can cannot can't could did didn't do does doesn't don't during each either even every everywhere
following for from get gets got had has have he her his how if in inside into is isn't it its just keeps known left
like long longer lot many may might more most must my needs no nothing now of off on only or our out over own please
she should short since so some somewhere still synced synchronised synchronized than that the their them then they
this though through to too try trying under until up use used user user's users using very via was wasn't we were
what when where whether which while who why will with within without won't would you your temporary initial
once present well fine
optional mandatory case sensitive complexity length expiration recovery rotation writeback sync hash hashes history
age prompt keepass vault tresor safe lastpass bitwarden 1password redacted removed masked censored confidential
secret abgelaufen vergessen falsch ungültig gesperrt geändert zurückgesetzt zurücksetzen ändern nicht kein keine
keins wird wurde werden ist sind war muss kann bitte siehe unbekannt leer fehlt erforderlich benötigt gleich gleiche
neu neue neues alt der die das des dem den ein eine einen für und oder mit ohne im in am an auf von vom zum zur bei
nach seit noch schon wieder mehr funktioniert geht läuft ab abfrage eingabe eingegeben abgefragt gespeichert
verlangt angefordert korrekt richtig oublié oubliée expiré expirée incorrect incorrecte invalide perdu bloqué changé
réinitialisé réinitialiser obligatoire requis inconnu valide correct est sont pas ne le la les un une des du de et
ou pour avec sans dans sur mon ma mes votre vos ce cette qui que à au aux plus encore voir fonctionne olvidada
olvidado caducada caducado incorrecta incorrecto inválida bloqueada cambiada obligatoria requerida desconocida vacía
válida correcta demasiado es está son no el los las una unos para con sin en mi su sus que del al más ver funciona
esquecida esquecido expirada expirou inválida incorreta bloqueada alterada obrigatória errada é são não o os as um
uma do da dos das com sem meu minha seu sua mais fraca dimenticata dimenticato scaduta scaduto errata errato
sbagliata bloccata cambiata obbligatoria non valida corretta è sono il lo gli uno per con senza mio mia suo sua di
del della nel più vergeten verlopen onjuist ongeldig geblokkeerd gewijzigd vereist niet geen onbekend het een voor
met zonder mijn uw zijn is om te op aan nog weer opnieuw werkt wygasło zapomniane błędne niepoprawne zablokowane
zmienione wymagane nie jest nieznane puste dla z bez moje twoje nowe do na od po wygasa działa истёк истек забыл
забыла забыт неверный неверен не подходит сброшен изменён изменен заблокирован требуется нет неизвестен пустой для с
без мой ваш новый и в на от по уже больше введите истекает
"""
_NO_VALUE = re.compile(
    r"\[[\w-]{1,40}\]|<[\w -]{1,40}>|\{\{?[\w. -]{1,40}\}|\$\{|\$[A-Z_]{2,40}$|\$\(|%[A-Za-z_]{1,30}%|%s$"
)
STOP = frozenset(_WORDS.split())
"""Words that follow "password" and are none."""
_ENDINGS = (
    "ing",
    "ed",
    "able",
    "ungen",
    "iert",
    "ung",
    "lich",
    "ée",
    "ées",
    "ado",
    "ada",
    "ata",
    "ato",
    "ione",
    "ción",
)


def technical(value: str) -> bool:
    """Whether this is an identifier, a time, an address or a path rather than a secret."""
    if (
        "://" in value
        or value.startswith(("\\\\", "/", "~/", "./", "hklm", "HKLM", "HKCU", "HKEY"))
        or value[1:3] == ":\\"
    ):
        return True
    if _TECHNICAL.fullmatch(value):
        return True
    found = identifiers(value) if len(value) < 80 else ()
    whole = [one.kind for one in found if one.start == 0 and one.end == len(value)]
    return bool(whole) and whole != ["symbol"] and (whole != ["host"] or value in (value.lower(), value.upper()))


def is_word(value: str) -> bool:
    """Whether this is a word that people write after "password is" without giving one away."""
    low = value.casefold()
    return low in STOP or low.rstrip("'s") in STOP or (len(low) > 4 and low.endswith(_ENDINGS))


def masked(value: str) -> bool:
    """Whether nothing is said: stars, dots, one letter over and over, or a placeholder."""
    inner = value.strip("\"'`.,;:()<>{}|*•●·…-_=#")
    return len(set(inner.casefold())) < 2 or _NO_VALUE.match(value) is not None
