"""Logins with their passwords, "jdoe / X", and what a password was reset to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.spans import Span
from kb.privacy.technical import is_word
from kb.privacy.values import closes, plain_path, strong
from kb.privacy.wording import AGAIN, KEYS

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


def resets(text: str, low: str) -> Iterator[Span]:
    """ "I have reset it to X"."""
    if "set " in low or "changed " in low:
        named = any(word in low for word in ("pass", "pw", "kennw"))
        for match in _RESET.finditer(low):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            if (match["what"] or named) and value not in (value.lower(), value.upper()) and strong(value):
                yield Span(match.start("value"), match.start("value") + len(value), "password")


def pairs(text: str, low: str) -> Iterator[Span]:
    """ "login: jdoe / X" and "jdoe/X are the credentials"."""
    if "cred" in low:
        for match in _ARE.finditer(low):
            if strong(text[match.start("value") : match.end("value")]):
                yield Span(match.start("value"), match.end("value"), "password")
    if any(
        word in low
        for word in ("log", "user", "utente", "cred", "daten", "test", "ident", "usu", "acc", "логин", "gebr")
    ):
        for match in _PAIR.finditer(low):
            value = text[match.start("value") : match.end("value")].rstrip(".,;:)")
            if (
                is_word(match["user"])
                or value.casefold() in AGAIN
                or (KEYS.match(match["value"]) is not None and "=" in value)
            ):
                continue
            sure = low.startswith(
                ("cred", "zugang", "anmelde", "username/", "username /", "user/", "user /"), match.start()
            )
            plain = sure and value.isalpha() and not is_word(value) and closes(text, match.start("value") + len(value))
            if plain or (strong(value) and not plain_path(value)):
                yield Span(match.start("value"), match.start("value") + len(value), "password")
