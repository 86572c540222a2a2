"""The words that announce a password, a code or the key of a network, in the languages of a service desk."""

from __future__ import annotations

import re

from kb.privacy.spans import branched, words

_NET = "(?:wi-?fi|wlan|w-lan|wireless|wpa[23]?(?:-psk)?|wep|hotspot|ssid)"
_LONG = (
    "p[a@4]?[s$5]{1,3}w[o0]{0,2}r?o?[dt]|passowrd|passord|pass ?phrase|passfrase|pass[ _-]wor[dt]"
    "|kennw[oö]rt|mots? de passe?|motdepasse?|contrase[ñn]a|contrasenya|palavra[ -]?passe|parola d.ordine|wachtwoord"
    "|has[łl][oae]m?\\b|парол[ьяюе]м?|lösenord|adgangskode|kodeord|lozinka|hesl[oa]\\b|jelszó|jelszav|salasana"
    "|şifre|密码|密碼|パスワード|비밀번호"
)
_SHORT = (
    "pass[ -]?code|passw|pass|pwd|pswd|psw|pwrd|pword|pw|requirepass|masterauth|laps|p/w|mdp|ww|senha|clave"
    "|p[ .*_-]a[ .*_-]s[ .*_-]s(?:[ .*_-]w[ .*_-]o[ .*_-]r[ .*_-]d)?|p[ .]w[ .]d"
)
_CODES = (
    "pin[ -]?(?:code|nummer|number)|pincode|pin(?:[12](?=[ :=]))?|puk|m?tan|otp|totp|nip|cvv2?|cvc2?|csc"
    "|(?:one[ -]time|verification|security|confirmation|sms|2fa|mfa|two[ -](?:factor|step)|access|authenticator"
    "|authentication"
    "|log[ -]?in|sign[ -]?in|door|gate|alarm|unlock|activation|recovery|backup|voicemail|entry)[ -](?:pass)?code"
    "|one[ -]time (?:password|pin)|(?:pass)?code (?:from|in|via|by) (?:the |an |my )?(?:sms|text|app"
    "|authenticator|e-?mail)"
    "|authenticator(?: app)? (?:shows|says)|(?:einmal|sms)-?(?:code|passwort|kennwort)|(?:bestätigungs|sicherheits"
    "|zugangs|verifizierungs|zugriffs"
    "|freischalt|aktivierungs|entsperr|tür|alarm|tresor)-?code"
    "|code (?:pin|otp|sms|d['’]acc[eè]s|de (?:vérification|sécurité|confirmation|validation|la porte))"
    "|código (?:pin|otp|sms|de (?:verificaci[oó]n|seguridad|acceso|verificação|segurança|confirma[cç][ií]?[oóã]n?o?))"
    "|codice (?:pin|otp|sms|di (?:verifica|sicurezza|accesso|conferma))|verificatiecode|beveiligingscode|toegangscode"
    "|digicode|zahlencode|codice di sblocco|code van de deur|kod do \\w{3,12}|kod (?:pin|z? ?smsa?|weryfikacyjny"
    "|dostępu|do )|код (?:подтверждения|доступа|из смс|из sms)|пин(?:-?код)?"
)
_OF_NETWORK = (
    "(?: (?:of|for|to|from|on|del?|du|des|della|van|von|voor|vom|fürs?|der|das|dem|den|do|da|от|для|the|het|el|la"
)
_OF_NETWORK += "|il|le|our|your|guest|gäste|unser\\w{0,2}))"
_NETWORK = (
    f"(?:{_NET}|network|netzwerk|guest|gäste|router)(?:[ -]?security|sicherheits)?[ -]{{0,2}}(?:key|schlüssel|code"
    f"|sleutel)"
    f"|(?:guest[ -]{{0,2}})?(?:wi-?fi|wlan|hotspot)(?= [^\\s:\\n]{{2,12}}(?: [^\\s:\\n]{{2,12}}){{0,3}}:|:)"
    f"|(?:key|schlüssel|code|sleutel|cl[ée]|clave|chiave|chave|klucz|ключ|mot de passe|contrase[ñn]a|senha|passwor[dt]"
    f"|wachtwoord|has[łl]o|пароль){_OF_NETWORK}{{0,3}}[ -](?:{_NET}|router|s[ée]curit[ée]\\b|réseau|netzwerk"
    f"|red\\b|rete\\b|rede\\b)"
    "|wpa[23]?(?:-psk)?|wep|psk|ssid[^\n]{0,24}?[ ,;]key"
    "|pre-?shared[ -](?:key|secret)"
)
KEYS = re.compile("|".join(f"(?P<{n}>{w})" for n, w in
                            (("network", _NETWORK), ("code", _CODES), ("long", _LONG), ("short", _SHORT))))  # fmt: skip

STEMS = re.compile(
    branched(
        "p[a@4]?[s$5]{1,3}[wop ]|pass|pw|laps|requirep|mastera|p/w|p[ .*_-]a|p[ .]w|kennw|mots? d|motd|contras|palavra"
        "|parola d|wachtw|has[łl]"
        "|парол|lösen|adgang|kodeor|lozink|hesl|jelsz|salas|şifre|密码|密碼|パスワ|비밀번|mdp|ww|senha|clave|pin(?<![a-z]pin)"
        "|puk|tan(?<![a-ln-z]tan)|mtan|otp(?<![a-su-z]otp)|totp|nip(?<![a-z]nip)|cv[vc]|csc|sms"
        "|one[ -]t|verifi|toegang"
        "|security |security-|confirma|2fa"
        "|mfa|two[ -][fs]|access[ -]c|access[ -]p|authentic|log[ -]?in|sign[ -]?in|door[ -]|gate[ -]|alarm|unlock["
        " -]|activation|recovery|backup[ -]"
        "|voicemail[ -]|entry[ -]|code |einmal|bestätig|sicherheits|zugangs|zugriffs|freischalt"
        "|aktivier|entsperr|tür|tresor|código"
        "|codice|beveil|kod |код |пин|wi-?fi|w-?lan|wireless|wpa|wep|hotspot|network[ -]?[ksc]|netzwerk|guest[ -]|gäste"
        "|psk|digicode|zahlenc|router[ -]k|ssid|pre-?sh|key |schlüssel |sleutel |cl[ée] |chiave |chave |klucz |ключ "
    )
)
IS = words(
    """is was be are = : -> => given: ist lautet war sei wäre est était es era è é jest это isn't remains stays equals
    lautete new: c'est c’est it's it’s that's says say reads shows show steht stand dice dit mówi reads: being är er
    gewesen sera será sarà"""
)
TO = words("to als als: as auf von from en into a naar na на à do til em pada para pour por op")
"""Words that lead to a password where one was set or changed, and to anything else where none was."""
LINK = IS | TO
FILLER = words(
    """still now just currently set as to again also reset changed the now: : = -> actually simply weiterhin jetzt
    aktuell nun noch one is be maintenant toujours ahora adesso nu teraz probably maybe i think
    diese woche heute this week today cette semaine aujourd'hui esta semana hoy questa settimana oggi vandaag deze
    w tym tygodniu dziś сегодня immer always noch: yes ja momentan zurzeit currently going forward resté restée
    rimasta rimasto siendo sigue ainda continua pozostało всё ещё"""
)
AGAIN = words("password passwort passwd pwd pw pass kennwort mdp wachtwoord contraseña senha hasło пароль")
OTHERS = words(
    """name username user userid user-id id login account benutzer benutzername host hostname server pc ticket utente
    usuario email mail e-mail phone tel sid system url link site version error code date time from to cc
    subject re sent caller but and utilisateur gebruiker użytkownik domain domäne client customer department room
    location building note hint reason"""
)
NAMES = words("id ids userid user-id username name kennung benutzername benutzerkennung identifiant kontoname login-id")
"""What is said of these after "is" is no password."""
ARTICLE = words("the my your his her our a new das mein neues mon le la il as")
CHANGED = re.compile(
    r"\b(?:re-?set|set|chang|updat|put|made|gesetzt|setzen|zurückgesetzt|geändert|ändern|stell|vergeben|chang[ée]"
    r"|réinitialis|mis\b|remis|cambi|restablec|alter|mud|redefin|reimpost|impost|gewijzigd|gereset|zmieni|ustaw|сменил"
    r"|помен|измен|сброс|установ|постав|troqu|troc|wechsel|umgestellt|zurückgestellt|actualiz|atualiz|aggiorn|wijzig|verander"
    r"|mettre|mets\b|pus[eo]\b|aangepast)"
)
