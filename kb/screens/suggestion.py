"""Why we think so: the telling words in the ticket's own text, the nearest past tickets, the alternatives, the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.policy import target_of
from kb.records import Ask, Hit, LineReason, Prediction, Ref, Suggestion, Ticket
from kb.screens import hits
from kb.screens.paper import Node, copier, div, el, fold, link, meter, prose, span
from kb.screens.wording import LINES, count, share, target, value

MAIN = ("category", "assignment_group")
"""Targets whose telling words are marked loudly; those of the others quietly."""
LONG = 1_400
_CITED = 6


def evidence(suggestion: Suggestion) -> dict[str, object]:
    """All that speaks for and against one suggestion."""
    guesses = [one for one in suggestion.predictions.values() if one.code != "missing"]
    near = [_neighbour(hit) for hit in suggestion.neighbours]
    return div(
        "evidence",
        div(
            "",
            el("h4", "kicker", "Telling words in its own text"),
            _own_words(suggestion.ticket, guesses),
            _questions(suggestion.questions),
            _alternatives(suggestion, guesses),
        ),
        div(
            "",
            _known(suggestion.known_error),
            _line(suggestion.line),
            el("h4", "kicker", "Nearest past tickets"),
            el("ul", "lines tight", *near) if near else el("p", "soft", "None is near."),
        ),
    )


# --- the ticket's own words ---------------------------------------------------------------------------------------


def _own_words(ticket: Ticket, guesses: Sequence[Prediction]) -> Node:
    text = "\n".join(part.strip() for part in (ticket.title, ticket.body) if part.strip())
    if not text:
        return el("p", "soft", "It has no text.")
    cut = len(text) if len(text) <= LONG * 1.2 else max(text.rfind(" ", 0, LONG), LONG // 2)
    rest = prose(text[cut:], "", name=f"rest:{ticket.ref}", most=1) if cut < len(text) else None
    return [div("prose own", *_told_by(text[:cut], guesses)), rest]


def _told_by(text: str, guesses: Sequence[Prediction]) -> list[Node]:
    """The text with each telling word marked, and on it for what it speaks."""
    speaks: dict[str, list[Prediction]] = {}
    for guess in guesses:
        for word in guess.telling:
            speaks.setdefault(word.casefold(), []).append(guess)
    if not speaks:
        return [text]
    longest = sorted(speaks, key=len, reverse=True)
    found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    out: list[Node] = []
    at = 0
    for match in found.finditer(text):
        its = speaks.get(match[0].casefold(), [])
        loud = "" if any(guess.target in MAIN for guess in its) else "faint"
        words = ", ".join(target(guess.target) for guess in its)
        out += [text[at : match.start()], el("mark", loud, match[0], title=f"Speaks for: {words}")]
        at = match.end()
    return [*out, text[at:]]


# --- what else it may be ------------------------------------------------------------------------------------------


def _alternatives(suggestion: Suggestion, guesses: Sequence[Prediction]) -> Node:
    told = [_alternative(guess, suggestion.ticket) for guess in guesses]
    priority = div(
        "alternative",
        el("h4", "label", "Priority"),
        el("p", "small", suggestion.priority_why),
        *(el("p", "small warned", why) for why in suggestion.raised),
    )
    return div("alternatives", *told, priority)


def _alternative(guess: Prediction, ticket: Ticket) -> Node:
    names = {name: value(guess.target, name) for name, _ in guess.alternatives}
    given = target_of(ticket, guess.target)
    silence = guess.reason if guess.value is None else ""
    return div(
        "alternative",
        el("h4", "label", target(guess.target)),
        el("p", "small soft", f"The ticket says {value(guess.target, given)}.") if given else None,
        el("p", "small soft", silence) if silence else None,
        hits.chances(guess.alternatives, names) if guess.alternatives else None,
        el("p", "small soft", "Because of: ", ", ".join(guess.telling)) if guess.telling else None,
    )


def _known(hit: Hit | None) -> Node:
    """The known error that this ticket is, and what to do about it."""
    if hit is None:
        return None
    one = hit.record
    named = link([span("number", one.number), " ", one.title], "search", **hits.here(one))
    why = el("p", "small soft", "; ".join(hit.why)) if hit.why else None
    return div("said", el("h4", "kicker", "Known error"), named, hits.fix(one, hit.resolution, name="known"), why)


def known_line(hit: Hit | None) -> Node:
    """The same on one line, for the queue."""
    if hit is None:
        return None
    words = " ".join(hit.resolution.split())
    number = link(f"known error {hit.record.number}", "search", **hits.here(hit.record))
    return div("q-known", number, f": {words}" if words else "", title=words[:600])


def _line(reason: LineReason | None) -> Node:
    if reason is None:
        return None
    return div("said", el("h4", "kicker", "Which line, and why"), el("p", "", reason.sentence), cited(reason.cited))


def cited(refs: Sequence[Ref]) -> Node:
    """Numbers that lead to their records; many fold away."""
    if not refs:
        return None
    links = [link(span("number", ref.number), "search", **{ref.kind: ref.number, "source": ref.source}) for ref in refs]
    more = fold(f"and {len(links) - _CITED} more", div("cited", *links[_CITED:])) if len(links) > _CITED else None
    return div("cited", *links[:_CITED], more)


def _questions(questions: Sequence[Ask]) -> Node:
    if not questions:
        return None
    rows = [
        el(
            "li",
            "",
            div("row tight", el("strong", "", one.text), span("push", copier("Copy", one.text))),
            el("p", "small soft", one.why),
            cited(one.cited),
        )
        for one in questions
    ]
    return div("block", el("h4", "kicker", "Ask before you guess"), el("ul", "lines tight", *rows))


def _neighbour(hit: Hit) -> Node:
    past = hit.record
    if not isinstance(past, Ticket):
        return None
    outcome = [
        past.category,
        past.assignment_group,
        LINES.get(str(past.line or ""), ""),
        "passed on " + count(past.reassignment_count, "time") if past.reassignment_count else "",
        f"{share(max(0.0, hit.score))} alike",
    ]
    return el(
        "li", "",
        link(past.title or past.number, "search", **hits.here(past)),
        div("facts", span("", span("number", past.number)), *(span("", text) for text in outcome if text)),
        prose(hit.resolution, "small", most=200, name=f"near:{past.ref}") if hit.resolution.strip() else None,
    )  # fmt: skip


# --- a text that is no ticket -------------------------------------------------------------------------------------


def typed(suggestion: Suggestion) -> dict[str, object]:
    """What is suggested for a text, with its evidence."""
    return div("card case", _guesses(suggestion), evidence(suggestion))


def _guesses(suggestion: Suggestion) -> Node:
    """One field a target and the priority; one sentence where no target has a model."""
    guesses = list(suggestion.predictions.values())
    if all(guess.code == "missing" for guess in guesses):
        return el("p", "small soft", "No suggestion yet: nothing is learnt from past tickets.")
    return div("guesses", *(_guess(guess) for guess in guesses), _priority(suggestion))


def _guess(guess: Prediction) -> dict[str, object]:
    name = span("label", target(guess.target))
    if guess.value is None:
        return div("guess silent", name, div("value", "Not sure"), div("reason", doubt(guess), title=guess.reason))
    return div("guess", name, div("value", value(guess.target, guess.value)),
               div("sure", meter(guess.confidence), f"{share(guess.confidence)} sure"))  # fmt: skip


def _priority(suggestion: Suggestion) -> dict[str, object]:
    name = span("label", "Priority")
    if suggestion.priority is None:
        return div("guess silent", name, div("value", "—"), div("reason", suggestion.priority_why))
    said = " ".join((suggestion.priority_why, *suggestion.raised))
    return div("guess", name, div("value", f"P{suggestion.priority}"), div("sure", said))


def doubt(guess: Prediction) -> str:
    """Why nothing is suggested, with the best guess where it is worth knowing."""
    best = [f"{value(guess.target, name)}, {share(chance)}" for name, chance in guess.alternatives[:2]]
    if guess.code == "promise" and best:
        return f"perhaps {best[0]}"
    if guess.code == "close" and len(best) > 1:
        return f"{best[0]}, or {best[1]}"
    return guess.reason
