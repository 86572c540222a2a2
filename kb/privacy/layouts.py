"""Passwords that the layout of a text tells: a column of a table, the answer to a question, a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from kb.privacy.spans import Span, words
from kb.privacy.technical import STOP, masked
from kb.privacy.values import strong
from kb.privacy.wording import KEYS

_HEAD = re.compile(
    r"[\"'* ]{0,3}(?:(?:new|old|temp|temporary|initial|current|default|user|admin|neues|start)[ _-])?"
    r"(?:passwor[dt]e?s?|pass|passwd|passphrase|pwd|pw|kennwort|mot de passe|mdp|contraseña|clave|senha|wachtwoord"
    r"|hasło|пароль|pin|secret|passcode|credential|wifi key|psk)"
    r"(?:[ ]?\([^()]{1,30}\))?[\"'* ]{0,3}"
)
_COLUMN = re.compile("pass|pwd|pw|kennw|mdp|contras|clave|senha|wachtw|hasł|парол|pin|secret|cred|psk|key")
_SEPARATORS = "|\t;,"
_RULE = re.compile(r"[\s|:=+-]*")
_LONGEST_LINE, _ROWS = 400, 60
_LONE = re.compile(
    r"[ \t>*-]{0,6}(?:\[?(?P<time>\d{1,2}[:.]\d\d(?:[:.]\d\d)?)[^\w\n]{0,3})?"
    r"(?P<label>[\w .@'-]{1,28}[:>][ \t]{1,3})?[\"'`“*]{0,2}(?P<v>[^\s\"'`”]{4,64})[\"'`”*]{0,2}[.,!?]?[ \t]{0,4}"
)
_SPEAKERS = words(
    """a answer ans antwort réponse respuesta risposta antwoord caller customer kunde anrufer user me ich moi he she him
    reply re client r"""
)
_LEADS = re.compile(r"(?:[?:]|below|following|follows|this|unten|folgt|suivant)[\"' \t)*.]{0,4}$", re.IGNORECASE)


def laid_out(text: str, low: str) -> Iterator[Span]:
    """Cells under the heading "password", and values alone on a line beside one that speaks of a password."""
    if "\n" not in text or _COLUMN.search(low) is None:
        return
    lines = _lines(text)
    yield from _columns(text, low, lines)
    yield from _answers(text, low, lines)


def _lines(text: str) -> list[tuple[int, int]]:
    """(start, end) of every line that holds anything."""
    found, at = [], 0
    for line in text.split("\n"):
        if line and not line.isspace():
            found.append((at, at + len(line)))
        at += len(line) + 1
    return found


def _columns(text: str, low: str, lines: list[tuple[int, int]]) -> Iterator[Span]:
    for row, (start, end) in enumerate(lines):
        if end - start > _LONGEST_LINE or _COLUMN.search(low, start, end) is None:
            continue
        sign = max(_SEPARATORS, key=lambda one: text.count(one, start, end))
        heads = low[start:end].split(sign)
        if len(heads) < 2 or max(map(len, heads)) > 40:
            continue
        wanted = [at for at, head in enumerate(heads) if _HEAD.fullmatch(head)]
        if wanted:
            yield from _cells(text, islice(lines, row + 1, row + 1 + _ROWS), sign, wanted, len(heads))


def _cells(text: str, rows: Iterator[tuple[int, int]], sign: str, wanted: list[int], width: int) -> Iterator[Span]:
    """What stands in these columns of the rows below, as far as the table goes."""
    for start, end in rows:
        line = text[start:end]
        if end - start > _LONGEST_LINE or line.count(sign) + 1 != width:
            return
        if _RULE.fullmatch(line):
            continue
        at = start
        for place, cell in enumerate(line.split(sign)):
            value = cell.strip(" \t\"'`*")
            sure = sign in "|\t" and value.casefold() not in STOP and " " not in value
            if place in wanted and len(value) > 3 and not masked(value) and (sure or strong(value)):
                first = at + cell.find(value)
                yield Span(first, first + len(value), "password")
            at += len(cell) + 1


def _answers(text: str, low: str, lines: list[tuple[int, int]]) -> Iterator[Span]:
    """A line that is nothing but a value (and who said it when), beside a line that speaks of a password."""
    for row, (start, end) in enumerate(lines):
        match = _LONE.fullmatch(text, start, end) if end - start < 120 else None
        if match is None:
            continue
        label = (match["label"] or "").strip(" :>\t").casefold()
        spoken = label in _SPEAKERS or (bool(label) and match["time"] is not None)
        if label and not spoken:
            continue
        value = match["v"].rstrip(".,!?" if match["v"][:-1].isalpha() else ".,")
        above = lines[row - 1] if row else None
        asked = above is not None and (
            _LEADS.search(text, max(above[0], above[1] - 16), above[1]) is not None
            or _HEAD.fullmatch(low, *above) is not None
        )
        if above is not None and asked and _speaks(low, above):
            plain = spoken and value.isalpha() and value.casefold() not in STOP and text[above[1] - 1] == "?"
            if strong(value) or plain:
                yield Span(match.start("v"), match.start("v") + len(value), "password")
        elif spoken and strong(value) and any(_speaks(low, one) for one in _beside(lines, row)):
            yield Span(match.start("v"), match.start("v") + len(value), "password")


def _beside(lines: list[tuple[int, int]], row: int) -> list[tuple[int, int]]:
    return [*lines[max(0, row - 2) : row], *lines[row + 1 : row + 3]]


def _speaks(low: str, line: tuple[int, int]) -> bool:
    start, end = line
    for match in KEYS.finditer(low, start, min(end, start + _LONGEST_LINE)):
        inside = match.start() > 0 and low[match.start() - 1].isalpha()
        if match.lastgroup == "long" or not (inside or low[match.end() : match.end() + 1].isalpha()):
            return match.lastgroup != "code"
    return False
