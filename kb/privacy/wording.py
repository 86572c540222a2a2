"""The words that announce a password, a code or the key of a network, in the languages of a service desk."""

from __future__ import annotations

import re

from kb.privacy.spans import words

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
KEYS = re.compile("|".join(f"(?P<{n}>{w})" for n, w in
                            (("code", _CODES), ("network", _NETWORK), ("long", _LONG), ("short", _SHORT))))  # fmt: skip

STEMS = re.compile(
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
LINK = words(
    """is was be are = : -> => given: ist lautet war sei est était es era è é jest to als als: as auf von from en
    into a naar na это на isn't remains stays equals lautete new:"""
)
FILLER = words(
    """still now just currently set as to again also reset changed the now: : = -> actually simply weiterhin jetzt
    aktuell nun noch one is be maintenant toujours ahora adesso nu teraz"""
)
AGAIN = words("password passwort passwd pwd pw pass kennwort mdp wachtwoord contraseña senha hasło пароль")
OTHERS = words(
    """name username user userid user-id id login account benutzer benutzername host hostname server pc ticket utente
    usuario email mail e-mail phone tel sid system url link site version error code date time from to cc
    subject re sent caller"""
)
ARTICLE = words("the my your his her our a new das mein neues mon le la il as")
