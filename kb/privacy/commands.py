"""Passwords in addresses, in connection strings and in commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.spans import Span, lowered
from kb.privacy.technical import masked
from kb.privacy.values import PLACED

_USERINFO = re.compile(
    r"(?<=://)[^\s/:@\"'<>?#]{0,80}:(?P<secret>[^\s/@\"'<>]{1,200}(?:/[^\s/@\"'<>.]{1,60})?)@(?=[\w\[-])"
)
_SLASHED = re.compile(r"(?:jdbc:oracle:\w{1,10}:|(?:sqlplus|expdp|impdp|rman|sqlldr)[ \t]{1,3}(?:target )?)"
                      r"[\w$#-]{1,60}/(?P<secret>[^\s/@\"]{1,100})@")  # fmt: skip
_COMMANDS = re.compile(
    r"(?:net use[^\n]{0,120}?/u(?:ser)?:\S{1,60}[ \t]{1,3}(?P<a>[^\s/]\S{3,80})"
    r"|net user[ \t]{1,3}\S{1,60}[ \t]{1,3}(?P<f>[^\s/*]\S{3,80})"
    r"|\bcurl\b[^\n]{0,200}?[ \t](?:-u|--user)[ \t]{0,2}[\"']?[^\s:\"']{1,60}:(?P<b>[^\s\"']{3,100})"
    r"|\b(?:mysql|mysqldump|mysqladmin|mongo|mariadb|sshpass|plink|pscp|isql|sqlcmd|bcp"
    r"|rsync)\b[^\n]{0,120}?[ \t]-(?:p|pw|P)"
    r"[ \t]{0,1}[\"']?(?P<c>(?![ \t-])[^\s\"']{4,100})"
    r"|ConvertTo-SecureString[ \t]{1,2}(?:-String[ \t]{1,2})?[\"'](?P<d>[^\"'\n]{3,100})"
    r"|(?:schtasks|psexec|runas"
    r"|sc config)[^\n]{0,160}?[ \t]/?-?p(?:assword=)?[ \t]{1,2}[\"']?(?P<e>[^\s\"']{4,100}))",
    re.IGNORECASE,
)
_HINT = re.compile(
    "net use|net user|curl|mysql|mongo|mariadb|sshpass|plink|pscp|isql|sqlcmd|bcp|rsync|securestring|schtasks"
    "|psexec|runas|sc config"
)


def commands(text: str) -> Iterator[Span]:
    """Passwords that an address or a command carries."""
    if "://" in text:
        yield from (_secret(match, "secret") for match in _USERINFO.finditer(text))
    low = lowered(text)
    if "jdbc:" in low or "sqlp" in low or "rman" in low or "pdp" in low:
        yield from (_secret(match, "secret") for match in _SLASHED.finditer(low))
    yield from _commands(text, low)


def _secret(match: re.Match[str], name: str) -> Span:
    return Span(match.start(name), match.end(name), "password")


def _commands(text: str, low: str) -> Iterator[Span]:
    """Passwords given to a command; only the lines that name one are looked at."""
    done = -1
    for hint in _HINT.finditer(low):
        if hint.start() < done:
            continue
        start = max(text.rfind("\n", 0, hint.start()) + 1, hint.start() - 20)
        done = text.find("\n", hint.end(), hint.end() + 600)
        done = min(len(text), hint.end() + 600) if done < 0 else done
        for match in _COMMANDS.finditer(text, start, done):
            name = match.lastgroup or "a"
            if not PLACED.fullmatch(match[name]) and not masked(match[name]):
                yield Span(match.start(name), match.end(name), "password")
