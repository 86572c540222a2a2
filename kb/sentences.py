"""A cleaned text as sentences, word for word, and which of them ask the caller something or say what was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from kb.actions import FIRST, is_step, vocabulary

Sort = Literal["question", "step", "rest", "idle"]

MOST_READ = 400
"""Characters of a sentence by which it is judged."""
_MOST_LABELS = 3
_NAME = 30
"""Characters of a line below a farewell that is a name."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters [start, end) of a text, word for word."""

    text: str
    start: int
    end: int
    sort: Sort
    """A "question" to the caller, a "step" that was or is to be taken, "idle" talk (greetings, closings), "rest"."""
    listed: bool = False
    """The first of a numbered or bulleted line."""
    failed: bool = False
    """Something that was tried and did not help."""


# --- how a line is cut and read ----------------------------------------------------------------------------------

_ENDS = re.compile(r"[.!?…]+[\"')\]”“»]*")
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_MARK = re.compile(
    r"\s*(?:>\s?)*(?:(?P<number>(?:(?:step|schritt)\s{1,3})?\(?\d{1,2}[.):](?!\d)|(?:step|schritt)\s{1,3}\d{1,2}\b"
    r"|[a-h]\))|[-*•·–+]|->|=>|→)\s+",
    re.IGNORECASE,
)
_ASKED = (
    r"asked(?: (?:first|user|caller|the (?:user|caller)))?|questions?(?: (?:to|for) (?:the )?(?:user|caller|customer))?"
    r"|q|fragen?(?: an .{1,24})?|rückfragen?(?: an .{1,24})?|gefragt"
)
_LABEL = re.compile(
    r"\s*(?:\[?(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4})?[ ,T]{0,2}\d{1,2}:\d\d(?::\d\d)?\]?(?:\s?[-–:])?\s+)?"
    rf"(?:(?P<asked>\(?(?:{_ASKED})\s*:)|(?P<tried>(?:first |zuerst )?(?:tried|versucht)(?: first)?\s*:)"
    r"|(?:resolution|solution|fix|lösung|actions?(?: taken)?|steps(?: taken)?|maßnahmen?|then|dann|analysis|analyse"
    r"|teamviewer|checked with user|workaround|notes?|notiz|update|answer|antwort|done|erledigt)\s*:|->|=>|→|-->"
    r"|\([^()\n]{3,60}\)(?=\s[^\W\d_]))\s*",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:z\. ?b|u\. ?a|d\. ?h|o\. ?ä|i\. ?e|e\. ?g|approx|ca|evtl|ggf|bzw|inkl|incl|nr|no|abt|tel|dr|mr|mrs"
    r"|ms|st|vs|str|max|min|resp|bspw|vgl|lt|sog|dept|ext|[a-zäöü])\.$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:^|[^\d.,:])\d{1,2}\.$")
_MONTH = re.compile(r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[kc]t|nov|de[cz])", re.IGNORECASE)

_OPENS = re.compile(
    r"(?:(?:and|und|also|ok,?|hi[^?]{0,20},) |(?:in|on|at|from|for|since|until|seit|auf|bei|ab|bis) )?"
    r"(?:what|which|when|where|who|whose|how|do|does|did|are|is|was|were|have|has|had|can|could|will|would|any|since"
    r"|until|welche[rsmn]?|wann|wo|wer|wie|wieviele?|haben|hat|hast|hatten|ist|sind|war|waren|werden|wird|können|kann"
    r"|könnten?|gibt|geht|funktioniert|läuft|tritt|kommt|erscheint|erscheinen|sehen|benutzen|nutzen|verwenden|besteht"
    r"|bestehen|leuchtet|steht)\b"
)
_YOU = vocabulary(
    "you your yours ihr ihre ihren ihrem ihrer ihres ihnen du dein deine deinen deinem deiner euer eure euch"
)
_NOT_ASKED = re.compile(
    r"\b(?:help|hilfe|helfen|schauen|have a look|take a look|look into|advise|call me|any (?:news|idea|update|luck)"
    r"|anything else|who knows|what can i do|was kann ich|come by|vorbeikommen|(?:can|may|shall|should) (?:we|i)\b"
    r"|(?:können|dürfen|sollen) wir|(?:kann|darf|soll) ich|close (?:this|the)|schließen|why me|how are you|wie geht"
    r"|(?:is|are) (?:it|that|this|you|everything|all) (?:ok|okay|fine|good|working)\b|in ordnung|sonst noch"
    r"|rückmeldung|neues)\b"
)
_IDLE = re.compile(
    r"(?:hi|hello|hey|dear|hallo|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening)|sehr geehrte\w?"
    r"|liebe\w?|moin|thanks?|thx|many thanks|danke|vielen dank|besten dank|merci|(?:best |kind |warm )?regards"
    r"|cheers|br|mfg|lg|vg|mit freundlichen|freundliche|viele grüße|beste grüße|gruß|grüße|please (?:let"
    r"|do not hesitate|feel|reopen|confirm|call|contact|reply|see|close|note)|let (?:me|us) know|feel free"
    r"|if you (?:have|need)|bitte (?:melden|um|nicht|geben|bestätigen|schließen|wieder)|bei (?:rück)?fragen|(?:we "
    r"|i |now )?closing|closed?(?=\W*$|,| (?:this|the (?:ticket|case|call)|ticket|case|call))|ticket|case (?:can"
    r"|will|is)|(?:the )?(?:user|caller|customer) (?:has |was |is )?(?:confirmed|informed|ok|happy|says|closed"
    r"|replied|satisfied)|confirmed|tested (?:with|by) (?:the )?(?:user|caller)|(?:now |it )?works|monitored"
    r"|informed|called? (?:the )?(?:user|caller|customer|back)|spoke|remote session|visited|(?:anwender(?:in)?"
    r"|user|kundin|kunde) (?:hat |ist |wurde )?(?:bestätigt|informiert|zufrieden)|reopen(?:ed)?"
    r"|(?:wieder )?eröffnet|not ours|came from|\(?wrongly assigned|reassigned|passed on|weitergeleitet"
    r"|as discussed|wie besprochen|(?:duplicate|duplikat|dup|doppelt|double)(?=\W*$|\W+(?:of|see|closed|von|zu"
    r"|ticket|parent))|same (?:caller|user)|opened by mistake|wrong ticket|cancel+ed by|no (?:response|answer"
    r"|reply|change)|keine (?:antwort|rückmeldung|reaktion|änderung|besserung)|ok|okay|(?:erledigt|resolved|solved"
    r"|fixed|done|gelöst|behoben)(?=\W*$| (?:now|via|remotely|per|telefonisch|with (?:the )?(?:user|caller)))"
    r"|super|perfect|(?:issue|problem) (?:is |was |ist |wurde )?(?:no longer|resolved|fixed|solved|gone|behoben"
    r"|gelöst))\b"
)
_FAREWELL = re.compile(
    r"(?:many |best )?thanks?|thx|cheers|(?:best |kind |warm )?regards|br\b|mfg|lg\b|vg\b|(?:vielen |besten )?dank"
    r"|mit freundlichen|freundliche|(?:viele |beste |liebe )?gr(?:uß|uss|üße|üsse)|merci"
)
_UNSOLVED = re.compile(
    r"\b(?:(?:could not|couldn't|cannot|can't|can not) (?:be )?reproduced?|not reproducible|unable to reproduce|nicht"
    r" (?:reproduzier|nachvollzieh|nachstell|gelöst|lösbar)\w*|not (?:solved|fixed)|unsolved|unresolved|works? (?:now"
    r"|again|fine now)(?! (?:after|since|with))|(?:of|by|on) (?:itself|its own)|von (?:selbst|allein)|without doing"
    r" anything|(?:no|without) (?:response|answer|reply|feedback)|closed (?:it )?(?:himself|herself|by (?:the )?(?:user"
    r"|caller))|(?:resolved|solved|fixed|closed) by (?:the )?(?:user|caller|customer|itself|phone)|opened by mistake|no"
    r" longer (?:present|occurs|needed|required|an issue)|tritt nicht mehr auf|(?:geht|funktioniert) wieder|nicht mehr"
    r" benötigt|versehentlich|duplicate of|duplikat)\b"
)
_MAY_BE_UNSOLVED = vocabulary(
    "reproduced reproduce reproducible nicht not unsolved unresolved now again fine itself own selbst allein anything"
    " response answer reply feedback closed resolved solved fixed mistake longer wieder duplikat versehentlich"
    " duplicate"
)
_FAILED = re.compile(
    r"\b(?:(?:did not|didn't) (?:help|work|solve|change)|no (?:change|effect|success|improvement)|without success|to no"
    r" avail|not help(?:ed)?|unsuccessful\w*|(?:ohne|kein) erfolg|erfolglos|nicht geholfen|half nicht|keine (?:änderung"
    r"|besserung)|nichts gebracht|brachte nichts)\b"
)
_MAY_HAVE_FAILED = vocabulary(
    "help helped work solve change effect success improvement avail unsuccessful unsuccessfully erfolg erfolglos"
    " geholfen half änderung besserung gebracht brachte"
)


def sentences(text: str, *, enough: int | None = None) -> tuple[Sentence, ...]:
    """Every sentence of a cleaned text in order; list marks and labels ("Asked:", "->") belong to none.

    With ``enough`` it reads on only until steps and the rest together are that many characters. Time grows with the
    length of the text and no faster.
    """
    found: list[Sentence] = []
    start, room = 0, len(text) + 1 if enough is None else enough
    while start < len(text) and room > 0:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            room = _line(text, start, end, found, room)
        start = end + 1
    return tuple(found)


def _line(text: str, start: int, end: int, found: list[Sentence], room: int) -> int:
    """Add the sentences of one line, and return how much room is left for more."""
    mark = _MARK.match(text, start, end)
    at, tried = mark.end() if mark else start, len(found)
    asked = trying = False
    first = True
    for stop in chain(_stops(text, at, end), (end,)):
        for _ in range(_MOST_LABELS):
            label = _LABEL.match(text, at, stop)
            if not label:
                break
            at, asked = label.end(), asked or bool(label["asked"])
            trying = bool(label["tried"]) or (trying and bool(label["asked"]))
            tried = len(found) if label["tried"] else tried
        a, b = _trimmed(text, at, stop)
        at = stop
        if a == b:
            continue
        made = _sentence(text[a:b], a, asked, mark if first else None)
        if first and made.sort == "rest" and b - a <= _NAME and found and _FAREWELL.match(found[-1].text.lower()):
            made = replace(made, sort="idle")
        if made.failed:
            # What was tried stands before the words that it did not help.
            back = tried if trying else len(found) - (b - a <= 40)
            found[back:] = [replace(s, failed=True) for s in found[max(0, back) :]] if back >= 0 else found[back:]
        found.append(made)
        asked, trying, first = asked and made.sort == "question", trying and not made.failed, False
        room -= b - a if made.sort in ("step", "rest") and not made.failed else 0
        if room <= 0:
            break
    return room


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences end within one line, but for its own end."""
    for match in _ENDS.finditer(text, start, end):
        stop = match.end()
        if stop >= end or not text[stop].isspace():
            continue
        if match.group() == ".":
            before = text[max(start, stop - 12) : stop]
            if _ABBREVIATION.search(before) or (_ORDINAL.search(before) and _MONTH.match(text, stop + 1, end)):
                continue
        yield stop


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blanks around it and without a bracket that closes what was opened before it."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    return start, end - (end > start and text[end - 1] == ")" and text.find("(", start, end) < 0)


def _sentence(piece: str, start: int, asked: bool, mark: re.Match[str] | None) -> Sentence:
    low = piece[:MOST_READ].lower()
    words = _WORD.findall(low)
    held = frozenset(words)
    numbered = bool(mark and mark["number"])
    sort: Sort
    if piece.rstrip("\"')").endswith("?") and not (numbered and words and words[0] in FIRST):
        sort = "question" if _is_question(piece, low, words, asked) else "idle"
    else:
        sort = _sort(low, words, held, numbered, mark is not None)
    failed = not held.isdisjoint(_MAY_HAVE_FAILED) and _FAILED.search(low) is not None
    return Sentence(piece, start, start + len(piece), sort, mark is not None, failed)


def _is_question(piece: str, low: str, words: list[str], asked: bool) -> bool:
    if not words or len(piece) > 300 or "://" in piece.rsplit(None, 1)[-1] or _NOT_ASKED.search(low):
        return False
    said = low.rsplit(": ", 1)[-1]
    return asked or (len(words) >= 3 and bool(_OPENS.match(said) or not _YOU.isdisjoint(words) or " Sie " in piece))


def _sort(low: str, words: list[str], held: frozenset[str], numbered: bool, listed: bool) -> Sort:
    if not words or _IDLE.match(low):
        return "idle"
    step = is_step(words, held, listed)
    if not held.isdisjoint(_MAY_BE_UNSOLVED) and _UNSOLVED.search(low) and not (step and len(words) > 6):
        return "idle"
    return "step" if step or (numbered and len(words) >= 3) else "rest"
