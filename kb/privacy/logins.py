"""Logins with their passwords, "jdoe / X", what a password was reset to, and what somebody says he types."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import (
    CREDENTIAL,
    LETTER_AND_DIGIT,
    LIKE_SECRET,
    PAIR,
    PAIR_TALK,
    PUT_BACK,
    RESET,
    RESET_VERB,
    SHORT_LOGIN,
    SLASHED,
    SURE_PAIR,
    WITH,
)
from kb.privacy.spans import Span
from kb.privacy.technical import is_word
from kb.privacy.values import closes, odd, plain_path, strong, wordy
from kb.privacy.wording import AGAIN, KEYS

_PAIR = re.compile(
    r"(?:creds?|cred[eê]n\w{2,9}|zugangsdaten|anmeldedaten|log[ -]?in(?: data| details)?|logon|user(?:name|[ -]?id)?"
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
_SLASH = re.compile(r"[/|:][ \t]{0,2}[\"'`]?(?P<value>[^\s\"'`<>/\\]{5,64})(?![/\\])")
_USER = re.compile(r"(?<![\w./\\:@-])(?:[\w.-]{1,20}\\)?[a-z][\w.@+-]{1,50}$")
_ACCOUNTS = re.compile(
    r"(?:root|admin\w{0,10}|local ?admin|sa|sys|system|sysadmin|sysdba|postgres|oracle|guest|pi|ubuntu|service|support"
    r"|operator|backup|test\w{0,6}|user\w{0,6}|svc[_-]\w{1,20}|adm[_-]\w{1,20})$"
)
_ABOUT_LOGIN = re.compile(
    r"\b(?:creds?|cred[eê]n\w{2,9}|zugang|zugangsdaten|anmelde\w{0,8}|log(?:ged|s)?[ -]?(?:in|on)|logging (?:in|on)"
    r"|logins?|logon"
    r"|sign(?:ed)?[ -]?(?:in|on)"
    r"|sticky|post-?it|zettel|haftnotiz|note says|label|aufkleber|default|defaults|identifiants?|accès|usuario"
    r"|acceso|utente|accesso|gebruiker|inlog\w{0,9}|user|username|benutzer\w{0,5}|konto|account|acct|dostęp"
    r"|логин|уч[её]тн\w{0,4}"
    r"|ssh|rdp|idrac|ilo|ipmi|console|admin|test(?:user| account| user)?|demo)\b"
)
_WITH = re.compile(
    r"(?:log(?:ged|s)?|logging|sign(?:ed|ing)?|connect(?:ed)?|authenticat\w{1,4}|anmeld\w{1,4}|einlogg\w{1,3}"
    r"|eingeloggt)"
    r"[ -]?(?:in|on)?[ \t](?:to \S{1,30} )?(?:as|with|using|als|mit|met|avec|con|by)[ \t](?:user |account |benutzer )?"
    r"[\"'(]?[\w.@\\+-]{2,60}[\"')]?[ \t](?:with|and|using|mit|und|met|en|avec|et|con|y|e|/|,)[ \t]"
    r"(?:(?:the |my )?(?:password|pw|pass|passwort|kennwort) )?[\"'(]?(?P<value>[^\s\"'<>]{4,64})"
)
_TYPED = re.compile(
    r"[ \t](?:is|was|ist|war)[ \t](?:what|the one|was|das was)[ \t]"
    r"(?:that )?(?:i|he|she|we|they|you|ich|er|sie|wir|user)[ \t](?:always |usually |now )?"
    r"(?:type|typed|enter|entered|use|used|put|have|had|get|got|set|try|tried|tippe|eingebe|verwende|habe|was)"
)
_WAS = ("what", "the one", "is was", "st was", "ar was", "as was", "\twas")
"""Some of it stands in whatever fits."""
_VALUE_BEFORE = re.compile(r"(?<!\S)[\"'(]?(?P<v>[^\s\"'<>]{5,64})[\"')]?$")
_RESET = re.compile(
    r"(?P<verb>re-?set|set|changed?|put|zurückgesetzt|gesetzt|geändert|réinitialisé|changé|remis|cambiad[oa]"
    r"|restablecid[oa]|gewijzigd|gereset|zmienion[oe]) "
    r"(?P<what>(?:it|this|that|them|hers|his|mine|ihn|es|le) )?"
    r"(?:again )?(?:back )?(?:to|auf|en|à|a|naar|na)[ \t:]{1,3}[\"'(]?(?P<value>[^\s\"'<>]{6,64})"
)
_RESET_AFTER = re.compile(
    r"(?:wieder|zurück|terug|es|ihn|pw|passwort|kennwort|wachtwoord)[ \t](?:wieder[ \t])?(?:auf|naar"
    r"|op)[ \t][\"'„(]?(?P<value>[^\s\"'<>]{6,64})"
    r"[\"'“)]?[ \t](?:zurück|um|ab)?ge(?:stellt|setzt|ändert|zet)"
)
_NAMED = ("pass", "pw", "kennw", "contrase", "wachtw", "hasł", "login", "logon", "log in", "account", "locked")


_SHORT_PAIR = re.compile(
    r"(?<![\w.])(?:u|usr|user|uid|id|l|login)[ \t]?[:=][ \t]?[\w.@\\+-]{2,60}[ \t,;/|]{1,3}(?:p|pw|pwd|pass|k"
    r"|kw)[ \t]?[:=][ \t]?"
    r"(?P<value>[^\s\"'<>]{5,64})"
    r"|auth login[ \t]\S{1,60}[ \t](?P<sent>[^\s\"'<>]{5,64})"
)
"""One letter for each: "u: jdoe p: X"."""
_UNDER = re.compile(
    "(?:"
    + "|".join(
        rf"{name}[ \t]?[:=][ \t]?"
        for name in ("user(?:[ -]?(?:name|id))?", "login", "benutzer(?:name)?", "kennung", "identifiant",
        "usuario", "utente",
                     "gebruiker", "użytkownik")
    )
    + "|"
    + "|".join(rf"{name}[^\n]{{0,40}}\n[ \t]{{0,4}}" for name in ("cred", "zugangsdaten", "identifiants", "login"))
    + r")[\w.@\\+-]{2,60}[ \t]{0,4}\n[ \t]{0,4}(?P<value>[^\s\"'<>]{5,64})[ \t]{0,4}(?:\n|$)"
)  # fmt: skip
"""A login, and under it a line that is nothing but a value."""


def _shaped(glance: Glance) -> Iterator[Span]:
    """Values that the form around them tells, where they look like passwords."""
    for match in _forms(glance):
        group = match.lastgroup or "value"
        value = glance.text[match.start(group) : match.end(group)].rstrip(".,;:)")
        if strong(value) and (odd(value) or wordy(value)):
            yield Span(match.start(group), match.start(group) + len(value), "password")


def _forms(glance: Glance) -> Iterator[re.Match[str]]:
    low, hints = glance.low, glance.hints
    if hints & PUT_BACK and any(word in low for word in (" auf ", " naar ", " op ")):
        yield from _RESET_AFTER.finditer(low)
    if hints & SHORT_LOGIN and any(word in low for word in _SHORT):
        yield from _SHORT_PAIR.finditer(low)
    if hints & PAIR and "\n" in low and any(word in low for word in _LOGINS):
        yield from glance.begun(_UNDER, low, PAIR)


_SHORT = (" p:", " p=", "/p:", ",p:", ";p=", " pw:", " pw=", " p :", "auth login")
_LOGINS = ("user", "log", "cred", "benutz", "ident", "usu", "utente", "ytkow")


def resets(glance: Glance) -> Iterator[Span]:
    """ "I have reset it to X"."""
    text, low = glance.text, glance.low
    if not glance.hints & LIKE_SECRET:
        return
    if glance.hints & RESET or "put " in low or "mis " in low:
        named = any(word in low for word in _NAMED)
        for match in glance.begun(_RESET, low, RESET_VERB):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            mixed = value not in (value.lower(), value.upper()) or odd(value) or wordy(value)
            if match.start() and low[match.start() - 1].isalpha():
                continue
            if (match["what"] or named or match["verb"].startswith("re")) and mixed and strong(value):
                yield Span(match.start("value"), match.start("value") + len(value), "password")
    yield from _shaped(glance)
    if (" wh" in low or " was " in low or " the one " in low) and any(said in low for said in _WAS):
        for match in _TYPED.finditer(low):
            typed = _VALUE_BEFORE.search(text, max(0, match.start() - 66), match.start())
            if typed is not None and strong(typed["v"]):
                yield Span(typed.start("v"), typed.end("v"), "password")


def pairs(glance: Glance) -> Iterator[Span]:
    """ "login: jdoe / X", "root/X", "log in as jdoe with X" and "jdoe/X are the credentials"."""
    text, low, hints = glance.text, glance.low, glance.hints
    if hints & CREDENTIAL and hints & LIKE_SECRET:
        for match in _ARE.finditer(low):
            if strong(text[match.start("value") : match.end("value")]):
                yield Span(match.start("value"), match.end("value"), "password")
    if hints & PAIR_TALK and hints & (LIKE_SECRET | SURE_PAIR):
        yield from _announced(glance)
    if hints & WITH and hints & LIKE_SECRET:
        for match in glance.begun(_WITH, low, WITH):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            if strong(value):
                yield Span(match.start("value"), match.start("value") + len(value), "password")
    if hints & SLASHED and hints & LETTER_AND_DIGIT:
        yield from _slashed(glance)


def _announced(glance: Glance) -> Iterator[Span]:
    text, low = glance.text, glance.low
    for match in glance.begun(_PAIR, low, PAIR):
        value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
        if is_word(match["user"]) or value.casefold() in AGAIN or (KEYS.match(match["value"]) and "=" in value):
            continue
        sure = low.startswith(
            ("cred", "zugang", "anmelde", "username/", "username /", "user/", "user /"), match.start()
        )
        plain = sure and value.isalpha() and not is_word(value) and closes(text, match.start("value") + len(value))
        if plain or (strong(value) and not plain_path(value)):
            yield Span(match.start("value"), match.start("value") + len(value), "password")


def _slashed(glance: Glance) -> Iterator[Span]:
    """What stands after a slash or a colon, before it a usual account, or any one where logins are spoken of."""
    text, low = glance.text, glance.low
    for match in glance.begun(_SLASH, text, SLASHED):
        value = match["value"].rstrip(".,;:)")
        if not any(map(str.isdigit, value)) or value.count(".") > 1 or not _mixed(value):
            continue
        end = match.start()
        first = max(0, end - 64)
        first = max(first, low.rfind("\n", first, end) + 1)
        while end > first and low[end - 1] in " \t":
            end -= 1
        user = _USER.search(low, first, end)
        if (
            user is None
            or user.group() in AGAIN
            or user.group() in ("ssid", "protocol", "system")
            or is_word(user.group())
        ):
            continue
        spaced = end < match.start() or match.group()[0] != ":"
        told = _ACCOUNTS.match(user.group()) or (spaced and _ABOUT_LOGIN.search(low, first, user.start()))
        if told and strong(value):
            yield Span(match.start("value"), match.start("value") + len(value), "password")


def _mixed(value: str) -> bool:
    """Whether there are capital and small letters, or signs, or a word with its number in it."""
    return (value not in (value.lower(), value.upper()) or not value.isalnum() or wordy(value)) and "." not in value[
        :-1
    ]
