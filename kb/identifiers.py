"""The names in a text that mean one thing only: error codes, hosts, versions, patches, ticket numbers.

A person who types ``0x80070035`` wants the tickets that hold exactly that, however alike others sound. Each find
carries a normalised value, so that ``KB 5021233`` and ``kb5021233`` are one thing. Every pattern is bounded: time
grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identifier:
    """One find: its kind, its value made comparable (casefolded, no blanks), and where it stands: [start, end)."""

    kind: str
    value: str
    start: int
    end: int


LONGEST_TEXT = 64_000
"""Characters looked at; identifiers further down are not reported."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILES = _names(
    "exe dll sys msi bat cmd ps1 vbs log ini cfg conf xml json csv txt pdf doc docx xls xlsx xlsm ppt pptx msg eml pst"
    " ost mdb accdb zip rar gz jpg jpeg png gif bmp htm html php aspx asp jsp js css py jar war sql bak tmp dat db lnk"
    " msf sqlite mbox"
)
_DOMAINS = _names(
    "com net org edu gov mil int info biz io co ai app dev cloud local lan corp internal intern intra home test ad"
    " arpa eu de at ch fr es it pt nl be lu uk ie dk se no fi pl cz sk hu ro bg gr tr ru ua us ca mx br ar cl in cn jp"
    " kr tw hk sg my th id ph au nz za ae il sa"
)
_NOT_TICKETS = _names(
    "utf iso sha aes rsa md mp usb rj wpa wpa2 covid ipv ieee rfc din en ean cat dvi hdmi pci ddr win windows office"
    " vista ms os x86 ie ff tb imap pop pop3 smtp http ssl tls udp tcp version level step page part top day week act"
    " january february march april may june july august september october november december jan feb mar apr jun jul"
    " aug sep sept oct nov dec gmt utc xps id inbox outbox out xxxx vo dp w7 xp e5 e7 i3 i5 i7 i9"
)

_LEAD_LONGEST = 28
_NUMBER = re.compile(r"\d(?<!\d\d)\d{0,9}(?:\.\d{1,6}){0,4}[a-z]?(?![\w]|\.\d)")
_LEAD = re.compile(
    r"(?<![\w.])(?:"
    r"(?P<event>event[ _-]?ids?[ :=#-]{0,4})"
    r"|(?P<http>(?:https?(?: status| error| response)?(?: code)?|status code)[ :=#-]{1,3})"
    r"|(?P<error>(?:error|fehler|erreur|exit|return|stop|fault|status|exception)"
    r"(?: ?(?:code|no|nr|number|nummer|id))?\.?[ :=#(-]{1,4})"
    r"|(?P<sized>(?:ver(?:sion)?|release|build|v)[ .:]{0,2})"
    r"|(?P<numbered>(?:ticket|incident|case|request|call|change|problem|vorgang)[ _]?(?:no|nr|number|id|#)"
    r"[ .:=#_]{0,3})"
    r")$",
    re.IGNORECASE,
)
_LEAD_ENDS = _names("id ds tp ps us or se de er ur it rn op lt on no nr ld et nt st ll ge em ng")
"""How the words of :data:`_LEAD` end, without the signs behind them: most words are no lead and are told by that."""
_MAY_HOLD_GUID = re.compile(r"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-")
_MAY_BE_SPACED = re.compile(r"[ -]\d{4}")
_GUID = re.compile(r"(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])", re.IGNORECASE)
_SPACED = re.compile(
    r"(?<![\w-])(?P<prefix>kb|ora|tns|inc|ritm|req|chg|prb|cve|sctask)[ -]{1,2}"
    r"(?P<digits>\d{4,10}(?:-\d{4,7})?)(?![\w-])",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?<![\w@./\\-])(?=[A-Za-z-]{0,60}+(?:[\d_]|\.\w)|[A-Za-z]{2,60}(?:Exception|Error)\b)[A-Za-z0-9][\w.\-]{2,120}(?!@)"
)

_HEX = re.compile(r"(?:0x([0-9a-f]{2,16})|([8c]00[0-9a-f]{5}))h?", re.IGNORECASE)
_PATCH = re.compile(r"kb[-_]?(\d{5,8})", re.IGNORECASE)
_TICKET = re.compile(r"(inc|ritm|req|chg|prb|sctask|task|tkt|sr|cs|ims|kbs?)[-_]?(\d{4,12})", re.IGNORECASE)
_JIRA = re.compile(r"([A-Z][A-Z0-9]{1,9})-(\d{1,7})")
_CVE = re.compile(r"cve-\d{4}-\d{4,7}", re.IGNORECASE)
_CODE = re.compile(
    r"(?:ora|tns|rman|lrm|pls|dbw|sp2|imp|exp|nnl|sql|msi|adv|cpf|mch|dfhsi?|iec|ief|aadsts|br|ims|wsvr|adm[a-z])"
    r"[-_]?(\d{3,6})([a-z]?)",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{1,30}){1,8}")
_EXCEPTION = re.compile(r"(?:[A-Za-z]\w{0,30}\.){0,8}[A-Z][a-z]\w{1,60}(?:Exception|Error)")
_IP = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_VERSION = re.compile(r"v?(\d{1,5}(?:\.\d{1,6}){2,4})(?:[._-]?(?:beta|rc|esr|sp|b|r|p)\d{0,3})?", re.IGNORECASE)
_DATE = re.compile(r"(?:[0-3]?\d\.[01]?\d\.(?:19|20)?\d\d|(?:19|20)\d\d\.[01]?\d\.[0-3]?\d)")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3}){2,4}")
_HOST = re.compile(
    r"(?:host|hostname|srv|svr|server|dc|db|fs|web|app|nas|san|sw|switch|rtr|router|fw|ap|wap|vm|vdi|esx|esxi|pc|nb|lt|ws"
    r"|wks|laptop|desktop|notebook|client|prn|prt|ptr|printer|drucker|node|sql|ora|sap|exch|ex|mail|mx|ilo|ups|ctx|xen"
    r"|rds|ts|dns|dhcp|prod|stg|bkp|backup|hv|clu|cluster|kiosk|mac|win|lin|lnx|ux|aix)"
    r"[a-z]{0,12}(?:[-_][a-z0-9]{1,15}){0,4}\d",
    re.IGNORECASE,
)
_ASSET = re.compile(r"[A-Z]{2,8}(?:[-_][A-Z0-9]{1,12}){1,4}")


def identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the identifiers of a text in reading order, never overlapping; the same one may stand there twice.

    Kinds: error, symbol, exception, kb, ticket, cve, guid, event, http, version, ip, host, file.
    """
    text = text[:LONGEST_TEXT]
    found: list[Identifier] = []
    for look in (_guids, _phrases, _spaced, _tokens):
        taken = sorted((one.start, one.end) for one in found)
        found.extend(_apart(look(text), taken))
    return tuple(sorted(found, key=lambda one: one.start))


def _apart(new: Iterator[Identifier], taken: list[tuple[int, int]]) -> Iterator[Identifier]:
    """Drop finds that overlap a span already taken; both come in reading order."""
    at = 0
    for one in new:
        while at < len(taken) and taken[at][1] <= one.start:
            at += 1
        if at == len(taken) or taken[at][0] >= one.end:
            yield one


def _guids(text: str) -> Iterator[Identifier]:
    for match in _GUID.finditer(text) if _MAY_HOLD_GUID.search(text) else ():
        yield Identifier("guid", match.group().casefold(), match.start(), match.end())


def _phrases(text: str) -> Iterator[Identifier]:
    """Numbers that are codes only because of the word before them: "event id 4625", "error 1603", "http 503"."""
    for match in _NUMBER.finditer(text):
        before = text[max(0, match.start() - _LEAD_LONGEST) : match.start()]
        lead = _LEAD.search(before) if _may_lead(before) else None
        if lead is None:
            continue
        start = match.start() - len(before) + lead.start()
        found = _phrase(lead, match.group().casefold())
        if found is not None:
            whole = found[0] in ("event", "http", "error")
            yield Identifier(*found, start if whole else match.start(), match.end())


def _may_lead(before: str) -> bool:
    """Whether these characters may end with a lead; quicker than looking for one."""
    word = before.rstrip(" \n:=#(._-")[-2:].casefold()
    return word in _LEAD_ENDS or word[-1:] == "v" or not word.isascii()


def _phrase(lead: re.Match[str], number: str) -> tuple[str, str] | None:
    """What a number is behind these words; ``None`` where it is just a number."""
    if lead["sized"]:
        return ("version", number) if "." in number else None
    if not number.isdigit():
        return None
    if lead["event"]:
        return ("event", f"event-{int(number)}") if len(number) < 6 else None
    if lead["http"]:
        return ("http", f"http-{number}") if len(number) == 3 and number < "600" else None
    if lead["error"]:
        return ("error", f"error-{number}") if len(number) > 1 else None
    return ("ticket", number) if len(number) > 3 else None


def _spaced(text: str) -> Iterator[Identifier]:
    """Codes written with a blank: "KB 5021233", "ORA 12154", "INC 0012345"."""
    for match in _SPACED.finditer(text) if _MAY_BE_SPACED.search(text) else ():
        prefix, digits = match["prefix"].casefold(), match["digits"]
        if prefix in ("ora", "tns"):
            yield Identifier("error", f"{prefix}-{digits}", match.start(), match.end())
        elif prefix == "cve":
            yield Identifier("cve", f"cve-{digits}", match.start(), match.end())
        else:
            yield Identifier("kb" if prefix == "kb" else "ticket", prefix + digits, match.start(), match.end())


def _tokens(text: str) -> Iterator[Identifier]:
    for match in _TOKEN.finditer(text):
        token = match.group().rstrip(".-_")
        for ask in _ASKED:
            answer = ask(token)
            if answer is not None:
                yield Identifier(*answer, match.start(), match.start() + len(token))
                break


def _error(token: str) -> tuple[str, str] | None:
    if (hexed := _HEX.fullmatch(token)) is not None:
        return "error", "0x" + (hexed[1] or hexed[2]).casefold()
    if (coded := _CODE.fullmatch(token)) is not None:
        prefix = token[: coded.start(1)].rstrip("-_").casefold()
        return "error", f"{prefix}-{coded[1]}{coded[2].casefold()}"
    return None


def _number(token: str) -> tuple[str, str] | None:
    if (patch := _PATCH.fullmatch(token)) is not None:
        return "kb", "kb" + patch[1]
    if (ticket := _TICKET.fullmatch(token)) is not None:
        return "ticket", ticket[1].casefold() + ticket[2]
    if _CVE.fullmatch(token):
        return "cve", token.casefold()
    if (jira := _JIRA.fullmatch(token)) is not None and not _HOST.fullmatch(token):
        return None if jira[1].casefold() in _NOT_TICKETS else ("ticket", token.casefold())
    return None


def _dotted(token: str) -> tuple[str, str] | None:
    if "." not in token:
        return None
    if _IP.fullmatch(token) and all(int(part) < 256 for part in token.split(".")):
        return "ip", token
    if (version := _VERSION.fullmatch(token)) is not None:
        return None if _DATE.fullmatch(token) or _THOUSANDS.fullmatch(token) else ("version", version[1])
    if _EXCEPTION.fullmatch(token):
        return "exception", token.rsplit(".", 1)[-1].casefold()
    parts = token.casefold().split(".")
    if any(not part for part in parts) or not any(map(str.isalpha, token)):
        return None
    if len(parts) == 2 and parts[1] in _FILES and len(parts[0]) > 1:
        return "file", token.casefold()
    if parts[-1] in _DOMAINS and all(len(part) < 64 for part in parts) and (len(parts) > 2 or len(parts[0]) > 3):
        return "host", token.casefold()
    return None


def _named(token: str) -> tuple[str, str] | None:
    if _EXCEPTION.fullmatch(token):
        return "exception", token.casefold()
    digits = sum(map(str.isdigit, token))
    split = "-" in token or "_" in token
    usual = token.casefold().split("-")[0] in _NOT_TICKETS
    if digits and not usual and _HOST.fullmatch(token) and (split or digits > 1):
        return "host", token.casefold()
    if _SYMBOL.fullmatch(token) and len(token) > 5:
        return "symbol", token.casefold()
    if digits and not usual and _ASSET.fullmatch(token):
        return "host", token.casefold()
    return None


_ASKED: tuple[Callable[[str], tuple[str, str] | None], ...] = (_error, _number, _dotted, _named)
