"""Ask before you guess: up to three questions that would tell the candidates of a vague ticket apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log2

from kb.actions import vocabulary
from kb.checklist import checklist
from kb.fixes import MOST
from kb.records import Ask, Ref, Ticket
from kb.text import clean_notes, identifiers, language, prepare

FEW_WORDS = 6
"""Below so many different content words a ticket is vague."""
CLOSE = 0.5
"""From this part of the best candidate's probability on, the second one is close to it."""
LEAST_ASKED = 2
"""A question must have been asked on so many tickets: what was asked once is about that one ticket."""
_READ, _READ_NOTES = 8_000, 4_000
_SMOOTHED = 2.0
"""A class's own rate counts as much as the common one where it has so many tickets."""
_LEAST_GAIN = 0.002
_SAID = 0.75
"""Share of a question's telling words from which on the ticket has said it."""
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[-'][^\W_]+)*")
_SMALL = vocabulary(
    "a an the and or but if then so of in on at to for from by with as is are was were be been am do does did done has"
    " have had can could will would shall should may might must not no it its this that these those there here i you"
    " he she we they me my your his her our their them us what which who when where why how please hi hello hey dear"
    " thanks thank regards kind best any some all since until just also again get gets got der die das den dem des ein"
    " eine einen einem einer und oder aber wenn dann so von in im am an auf zu zum zur für mit bei aus nach ist sind"
    " war waren sein haben hat hatte kann können wird werden nicht kein keine es ich sie er wir ihr mein meine ihre"
    " unser was welche welcher welches wer wann wo wie warum bitte hallo danke grüße gruß mal noch schon seit bis auch"
)
_HOLLOW = vocabulary(
    "problem problems issue issues error errors help work works working broken fehler geht funktioniert hilfe defekt"
    " kaputt ticket user urgent asap support something anything everything nothing nichts etwas"
)
"""Words that stand in every other ticket and tell no two apart."""


@dataclass(frozen=True, slots=True)
class _Topic:
    """Something that can be asked: how questions about it read, and how one sees that a ticket has told it."""

    asks: re.Pattern[str]
    told: re.Pattern[str]
    fields: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Kinds of identifiers that tell it."""
    missing: str = ""
    question: str = ""
    """Our own question; "" where there is none."""
    only_of: re.Pattern[str] | None = None
    """Our own question is asked only of a ticket that says this."""


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_TROUBLE = re.compile(
    r"(?is)\A(?!.*\b(?:need|want|order|request|install|create|grant|brauche\w*|bestell\w*|beantrag\w*|benötig\w*)"
    r" (?:an? |me |my |the |us |eine?n? )?(?:new|access|another|additional|licen[cs]e|account|neue[rnms]?|zugriff)\b)"
)
"""No wish for something new: that has no beginning and affects nobody."""
_TOPICS: tuple[_Topic, ...] = (
    _Topic(
        _words(r"error (?:message|code|text)|exact (?:error|message|wording)|what does it say|which message"
               r"|fehlermeldung|fehlercode|wortlaut|welche meldung|which error|what error|error (?:is|do|did|appears)"),
        re.compile(r"[\"“„«][^\"”“„«»\n]{6,300}[\"”“»]|\b(?:error|fehler|message|meldung|code) ?[:=] *\S{3,}", re.I),
        kinds=("error", "symbol", "exception", "event", "http"),
        missing="error text", question="What exactly does the error message say?",
        only_of=_words(r"\w*error\w*|\w*fehler\w*|messages?|meldung\w*|fail\w*|crash\w*|abort\w*|abst[uü]rz\w*"),
    ),
    _Topic(
        _words(r"(?:which|what) (?:device|computer|laptop|machine|pc|printer|model)|(?:device|computer|host|asset|pc)"
               r"[- ]?(?:name|number|tag)|serial number|welche[rsmn]? (?:gerät|rechner|computer|drucker|laptop|pc)"
               r"|(?:geräte|rechner|computer)name|seriennummer|inventarnummer"),
        _words(r"(?:device|asset|hostname|computer name|gerät|rechner|serial)(?: (?:name|number|no))? ?[:=] *\S{3,}.*"),
        ("ci",), ("host",), "device", "Which device is it (name or asset number)?",
    ),
    _Topic(
        _words(r"since when|when did|how long|seit wann|wann (?:ist|hat|trat|war|begann)|first (?:appear|happen|notice)"
               r"\w*|what time|worked before"),
        _words(r"since (?!when)\S+|since when[?: ]+\w+|seit wann[?: ]+\w+|yesterday|today|this (?:morning|week"
               r"|afternoon)|last (?:week|night|month|monday|tuesday|wednesday|thursday|friday)|for \d+ (?:minutes"
               r"|hours|days|weeks|months)|\d+ (?:minutes|hours|days|weeks|months) ago|seit (?!wann)\S+|gestern|heute"
               r"|letzte\w? (?:woche|nacht)|vor \d+ \w+|\d{1,2}:\d\d|after the (?:update|restart|move)|nach dem"
               r" (?:update|neustart|umzug)"),
        missing="since when", question="Since when does it happen?", only_of=_TROUBLE,
    ),
    _Topic(
        _words(r"how many (?:people|users|colleagues|persons)|who else|other (?:users|colleagues|people)|anyone else"
               r"|only you|just you|colleagues (?:also|too|affected)|wie viele|wieviele|andere (?:kollegen|anwender"
               r"|benutzer)|nur (?:sie|ihnen|bei ihnen)|kollegen auch|who is affected|wer ist betroffen"),
        _words(r"only (?:me|my|i)|just me|me only|nur (?:ich|bei mir|mein\w*)|all (?:users|of us|staff|employees)"
               r"|everyone|everybody|nobody|no one|colleagues?|several|whole (?:team|office|site|department)|\d+ (?:"
               r"users|people|colleagues|employees)|alle[nr]? (?:benutzer\w*|anwender\w*|kollegen)|kolleg\w+|mehrere"
               r"|niemand|who is affected[?: ]+\w+|wer ist betroffen[?: ]+\w+"),
        missing="how many people", question="How many people are affected, only you or others too?", only_of=_TROUBLE,
    ),
    _Topic(
        _words(r"(?:which|what) (?:site|location|office|building|floor|room|plant)|where are you|where is (?:it|the"
               r" \w+) (?:located|standing)|(?:site|location) (?:is|are)|welche[rsmn]? (?:standort|gebäude|büro|etage"
               r"|raum|werk)|wo (?:sind sie|befindet|steht|sitzen)"),
        _words(r"(?:site|location|building|floor|room|plant|standort|gebäude|etage|raum|werk) ?[:=]? ?[A-Z]?\d\w*"
               r"|(?:site|location|standort) ?[:=] *\w+"),
        ("location",), missing="location", question="At which site, building or room?",
    ),
    _Topic(_words(r"(?:which|what|another|other|welche[rn]?|anderen) browser"),
           _words(r"chrome|firefox|edge|safari|internet explorer|opera")),
    _Topic(
        _words(r"(?:at|from|in the|im) (?:home|office|home ?office|büro)|(?:via|on|über) vpn|(?:w?lan|wi-?fi|cable) or"
               r"|(?:w?lan|kabel) oder"),
        _words(r"home ?office|(?:at|from) home|in the office|im büro|zu ?hause|vpn|w?lan|wi-?fi|cable|kabel"),
    ),
    _Topic(
        _words(r"(?:which|what) (?:operating system|os|windows version)|welche(?:s betrieb| win)\w+"),
        _words(r"windows (?:7|8|10|11|server)|win(?:7|8|10|11)|mac ?os|linux|ubuntu|ios|android"),
    ),
    _Topic(
        _words(r"(?:which|what) (?:application|program|programme|app|software|service|system)|welche[srn]? (?:anwendung"
               r"|programm|software|app|system)"),
        _words(r"(?:application|service|program|app|anwendung|programm)[\w ]{0,20}[:=] *\w{3,}"), ("service",),
    ),
)  # fmt: skip


def is_vague(ticket: Ticket, candidates: Sequence[tuple[str, float]]) -> bool:
    """Whether to ask first: few content words, or the two best of the (value, probability) pairs close."""
    if len(_content(_text(ticket))) < FEW_WORDS:
        return True
    best = sorted((probability for _, probability in candidates if probability > 0), reverse=True)
    return len(best) > 1 and best[1] >= CLOSE * best[0]


def questions(
    ticket: Ticket, like: Sequence[Ticket], candidates: Sequence[tuple[str, float]], *,
    target_of: Callable[[Ticket], str | None], most: int = 3,
) -> tuple[Ask, ...]:  # fmt: skip
    """What to ask the caller of this ticket: what technicians asked, the most telling first, then what is missing.

    ``like`` are tickets like it that the viewer may see, most alike first; ``candidates`` are (value, probability) of
    the target that ``target_of`` reads off a ticket ("" or ``None`` where it has none). What technicians asked is told
    word for word, ranked by the information that its being asked holds about the candidates (see :func:`gain`). Left
    out is what was asked alike of all candidates, on one ticket only, in another language, about a person, host or
    number that the ticket does not name, and what the ticket has said already.
    """
    like = [replace(t, notes=clean_notes(t.notes[:_READ_NOTES])) for t in like if t.ref != ticket.ref][:MOST]
    text = _text(ticket)
    told = [_is_told(topic, ticket, text, like) for topic in _TOPICS]
    people = {name for t in like for name in _WORD.findall(f"{t.caller} {t.assigned_to}")}
    found = []
    for step in checklist(like, (), most=100 * (len(like) + 1)):
        about = [at for at, topic in enumerate(_TOPICS) if topic.asks.search(step.text)]
        if not step.asks or len(step.cited) < LEAST_ASKED or any(told[at] for at in about):
            continue
        if _fits(step.text, text, people):
            bits, mostly = gain(step.cited, like, candidates, target_of=target_of)
            if bits >= _LEAST_GAIN:
                found.append((bits, step, about, mostly))
    asks: list[Ask] = []
    for _, step, about, mostly in sorted(found, key=lambda one: -one[0]):
        if not any(told[at] for at in about):
            asks.append(Ask(step.text, f"asked on {len(step.cited)} tickets like it, mostly {mostly}", step.cited))
            for at in about:
                told[at] = True
    for topic, known in zip(_TOPICS, told, strict=True):
        if topic.question and not known and (topic.only_of is None or topic.only_of.search(text)):
            asks.append(Ask(topic.question, f"not given: {topic.missing}"))
    return tuple(asks[: max(0, most)])


def gain(
    cited: Sequence[Ref], like: Sequence[Ticket], candidates: Sequence[tuple[str, float]], *,
    target_of: Callable[[Ticket], str | None],
) -> tuple[float, str]:  # fmt: skip
    """Bits that a question's being asked holds about the candidates, and the candidate on which it was asked most.

    With p(c) the candidates' probabilities made to sum to 1 and r(c) the share of the tickets like it of candidate c
    on which it was asked, drawn towards the common share where there are few, the gain is the sum over c of
    p(c) r(c) log2(r(c) / r), r the sum of p(c) r(c): how unevenly it was asked (Kullback and Leibler 1951) times how
    often. 0 with fewer than two candidates.
    """
    weights = {value: probability for value, probability in candidates if probability > 0}
    asked, seen, hits = set(cited), Counter[str](), Counter[str]()
    for ticket in like:
        value = target_of(ticket)
        if value and value in weights:
            seen[value] += 1
            hits[value] += ticket.ref in asked
    total = sum(weights.values())
    if len(weights) < 2 or not hits.total():
        return 0.0, ""
    common = hits.total() / seen.total()
    rates = {value: (hits[value] + _SMOOTHED * common) / (seen[value] + _SMOOTHED) for value in weights}
    mean = sum(weights[value] / total * rate for value, rate in rates.items())
    bits = sum(weights[value] / total * rate * log2(rate / mean) for value, rate in rates.items() if rate > 0)
    return max(0.0, bits), max(weights, key=lambda value: rates[value])


def _fits(question: str, text: str, people: set[str]) -> bool:
    """Whether the ticket has not answered it, speaks its language, and names the people, hosts and numbers in it."""
    words = _content(question)
    if len(words) > 1 and len(words & _content(text)) >= _SAID * len(words):
        return False
    if people & set(_WORD.findall(question)) - set(_WORD.findall(text)):
        return False
    spoken, asked = language(text), language(question)
    if spoken and asked and spoken != asked:
        return False
    return {one.value for one in identifiers(question)} <= {one.value for one in identifiers(text)}


def _is_told(topic: _Topic, ticket: Ticket, text: str, like: Sequence[Ticket]) -> bool:
    """Whether a field or the text tells it, or the text names what a ticket like it has in that field."""
    if any(getattr(ticket, name).strip() for name in topic.fields) or topic.told.search(text):
        return True
    low = f" {' '.join(_WORD.findall(text.casefold()))} "
    values = {" ".join(_WORD.findall(getattr(other, name).casefold())) for other in like for name in topic.fields}
    if any(len(value) > 2 and f" {value} " in low for value in values):
        return True
    return bool(topic.kinds) and any(one.kind in topic.kinds for one in identifiers(text))


def _text(ticket: Ticket) -> str:
    return (ticket.text or prepare(ticket).text)[:_READ]


def _content(text: str) -> frozenset[str]:
    """Beginnings of the words that say something."""
    words = (word.casefold() for word in _WORD.findall(text[:_READ]))
    return frozenset(word[:6] for word in words if len(word) > 1 and word not in _SMALL and word not in _HOLLOW)
