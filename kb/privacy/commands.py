"""Passwords in addresses, in connection strings, in commands and in what network devices are told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.privacy.glance import Glance
from kb.privacy.hints import ADDRESS, COMMAND, DEVICE, LEVEL, MAIL, OPTION
from kb.privacy.spans import Span
from kb.privacy.technical import is_word, masked
from kb.privacy.values import PLACED

_USERINFO = re.compile(r"(?<=://)[^\s/:@\"'<>?#]{0,80}:(?P<v>[^\s/@\"'<>]{1,200}(?:/[^\s/@\"'<>.]{1,60})?)@(?=[\w\[-])")
_WORD = r"[\"']?(?P<v>(?![ \t-])[^\s\"'|]{4,100})"
_QUOTED = r"[\"'](?P<v>[^\"'\n]{3,100})"
_REACH = 200
"""Characters before an option among which the name of its command stands."""
_OPTIONS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(names.split(",")), re.compile(pattern))
    for names, pattern in (
        ("net use", r"/u(?:ser)?:\S{1,60}[ \t]{1,3}(?P<v>[^\s/]\S{3,80})"),
        ("net use", r"[ \t](?P<v>[^\s/\\:*]\S{3,80})[ \t]{1,3}/u(?:ser)?:"),
        ("curl,wget,http", rf"[ \t](?:-u|--user|-a|--auth)[ \t=]{{0,2}}[\"']?[^\s:\"']{{1,60}}:{_WORD}"),
        ("mysql,mariadb,sshpass,7z,mongo,unrar,rar x", rf"[ \t]-p{_WORD}"),
        (
            "mysql,mongo,mariadb,sshpass,plink,pscp,sqlcmd,isql,bcp,rsync,psexec,runas,schtasks,sc config,docker"
            ",podman,helm,az login,oc login,rdesktop,svn,ipmitool,tsql,zip,winrs,rabbitmq,vault login,skopeo"
            ",mosquitto,winrm,cqlsh,unzip,influx",
            rf"[ \t][-/]r?[pP]w?[ \t:=]{{1,2}}{_WORD}",
        ),
        ("redis-cli", rf"[ \t]-a[ \t]{{1,2}}{_WORD}"),
        ("ldap,sshpass", rf"[ \t]-w[ \t]{{0,2}}{_WORD}"),
        ("snmp", rf"[ \t]-[cAX][ \t]{{1,2}}{_WORD}"),
        ("smb,winexe,rpcclient,wmic", rf"(?:-u|--user)[ \t=]{{1,2}}[\"']?[\w\\/.@-]{{1,60}}%{_WORD}"),
        ("freerdp,mstsc", rf"/p:{_WORD}"),
        ("ftp", rf"[ \t]-u[ \t]{{1,2}}[\w.@-]{{1,60}},{_WORD}"),
        ("htpasswd", rf"[ \t]-[a-z]{{0,3}}b[a-z]{{0,3}}[ \t]\S{{1,80}}[ \t]\S{{1,60}}[ \t]{_WORD}"),
        ("keytool,jarsigner,openssl,signtool,java", r"-(?:\w{0,4}storepass|keypass|passin|passout)[ \t:=]{1,2}"
         rf"[\"']?(?:pass:)?{_WORD}"),
        ("sudo,chpasswd,passwd,docker,podman,gpg,kinit,cryptsetup,openssl", rf"<<<[ \t]{{0,2}}{_WORD}"),
    )
)  # fmt: skip
"""The commands that have an option, and the option with the value "v"."""
_OPTION = re.compile(r"[ \t][-/][a-z]|/u|<<<|%")
_SAYINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        ("net user", r"net user[ \t]{1,3}\S{1,60}[ \t]{1,3}(?P<v>[^\s/*]\S{3,80})"),
        ("securestring", rf"securestring\b[^\n\"']{{0,60}}{_QUOTED}"),
        ("networkcredential", rf"networkcredential\([\"'][^\"'\n]{{1,60}}[\"'],[ ]{{0,3}}{_QUOTED}"),
        ("identified", rf"(?:user|role|to)[ \t]{{1,3}}\S{{1,60}}[ \t]{{1,3}}identified (?:with \S{{1,40}} )?(?:by|as) "
                       rf"(?:password |values )?{_WORD}"),
        ("reg_sz", rf"pass\w{{0,12}}[\"']?[ \t]{{1,8}}(?:/t )?reg_sz[ \t]{{1,8}}(?:/d )?{_WORD}"),
        ("rasdial", r"rasdial[ \t]{1,2}(?:\"[^\"\n]{1,60}\"|[^\s\"]{1,60})[ \t]{1,2}\S{1,60}"
                    rf"[ \t]{{1,2}}{_WORD}"),
        ("auth ", rf"auth (?:md5|sha(?:-?\d{{3}})?)[ \t]{{1,2}}{_WORD}"),
        ("priv ", rf"priv (?:des|3des|aes)(?:[ -]?\d{{3}})?[ \t]{{1,2}}{_WORD}"),
        ("passphrase ", rf"--(?:passphrase|password)[ \t=]{{1,2}}{_WORD}"),
        ("pgpass", r"(?<![\w.:*])[\w.*-]{1,60}:(?:\d{2,5}|\*):[\w.*-]{1,40}:[\w.-]{1,40}:(?P<v>[^\s\"']{4,100})"),
        ("echo", r"echo[ \t]{1,2}(?:-n[ \t])?[\"']?(?P<v>[^\s\"'|]{4,100})[\"']?[ \t]{0,2}\|[ \t]{0,2}"
                 r"(?:sudo|chpasswd|passwd|smbpasswd|su\b|docker|podman|gpg|kinit|cryptsetup|openssl|helm)"),
        ("jdbc:", r"jdbc:oracle:\w{1,10}:[\w$#-]{1,60}/(?P<v>[^\s/@\"]{1,100})@"),
        ("/", r"(?:sqlplus|expdp|impdp|rman|sqlldr)[ \t]{1,3}(?:target )?[\w$#-]{1,60}/(?P<v>[^\s/@\"]{1,100})@"),
    )
)  # fmt: skip
"""What a text holds where the pattern may match, and the pattern."""
_DEVICE = re.compile(
    r"(?:radius[^\n]{0,60}? key|tacacs[^\n]{0,60}? key|ntp[^\n]{0,60}? key|isakmp key|key-string|psksecret"
    r"|pre-shared-key"
    r"|snmp(?:-server)?(?: v\dc?)? community(?: string)?[:=]?"
    r"|username \S{1,40} (?:privilege \d{1,2} )?(?:password|secret)(?= [045-9] )"
    r"|password(?= [045-9] )|secret(?= [045-9] )"
    r"|enable (?:secret|password)|wpa-psk|authentication-key|message-digest-key)"
    r"(?: (?:ascii|hex|encrypted|local|remote|enc|md5|\d{1,3})){0,3} (?P<v>[^\s\"']{6,100})"
)
_NUMBERS = re.compile(r"[\d:./\[\]-]+")


def commands(glance: Glance) -> Iterator[Span]:
    """Passwords that an address or a command carries."""
    low, hints = glance.low, glance.hints
    if hints & ADDRESS and hints & MAIL:
        yield from map(_secret, glance.within(_USERINFO, glance.text, ADDRESS))
    for names, pattern in _OPTIONS if hints & OPTION and _OPTION.search(low) else ():
        here = [name for name in names if name in low]
        if here:
            yield from _options(low, here, pattern)
    for hint, pattern in _SAYINGS if hints & COMMAND else ():
        if hint in low:
            yield from (_secret(match) for match in pattern.finditer(low) if _said(match["v"]))
    if hints & DEVICE or (hints & LEVEL and any(word in low for word in ("password ", "secret "))):
        for match in _DEVICE.finditer(low):
            value = match["v"]
            typed = match.group().startswith("username") or not value.isalpha()
            if typed and _said(value) and not is_word(value):
                yield _secret(match)


def _options(low: str, names: list[str], pattern: re.Pattern[str]) -> Iterator[Span]:
    """Options of the commands named, where one of them stands before on the same line."""
    for match in pattern.finditer(low):
        start = max(0, match.start() - _REACH)
        start = max(start, low.rfind("\n", start, match.start()))
        if any(low.find(name, start, match.start()) >= 0 for name in names) and _said(match["v"]):
            yield _secret(match)


def _said(value: str) -> bool:
    return not (PLACED.fullmatch(value) or masked(value) or _NUMBERS.fullmatch(value))


def _secret(match: re.Match[str]) -> Span:
    return Span(match.start("v"), match.end("v"), "password")
