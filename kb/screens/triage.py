"""What is it, and who takes it? New tickets with suggestions and their evidence, and what people made of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal, cast

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.policy import target_of
from kb.records import Correction, Hit, Prediction, Ref, Suggestion, Ticket, Viewer
from kb.screens import hits
from kb.screens.chrome import address, empty, head, notes, remembered
from kb.screens.paper import (
    Node,
    Told,
    button,
    choice,
    div,
    el,
    field,
    fold,
    form,
    link,
    meter,
    prose,
    sheet,
    span,
    submit,
)
from kb.screens.wording import LEVELS, LINES, ago, count, now, share, target, value

SHOWN = 8
MOST = 200
NOBODY = "New tickets land here until somebody takes them."
Action = Literal["accepted", "replaced", "skipped"]


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the queue, and the box for a text that is no ticket yet."""
    waiting = queue(desk, viewer)
    left = to_do(desk, viewer)
    lead = f"{count(left, 'new ticket')} without a group." if left else NOBODY
    most = _number(address().get("show", ""), SHOWN)
    shown = waiting[:most]
    sheet("triage-head", head("What is it, and who takes it?", lead), notes(desk.warnings()))
    _paste(desk, viewer)
    if not shown:
        sheet(
            "queue",
            div(
                "gap",
                empty("Nothing is waiting.", "Every open ticket here has its group. Paste a text above to try one."),
            ),
        )
        return
    suggested = remembered(
        desk, viewer, ("triage", tuple(ticket.ref for ticket in shown)), lambda: desk.triage(shown, viewer=viewer)
    )
    cases = [case(one, _values(desk, viewer), done=_said().get(one.ticket.ref, "")) for one in suggested]
    rest = len(waiting) - len(shown)
    more = link(f"Show {min(rest, SHOWN)} more of {rest}", "triage", show=str(most + SHOWN)) if rest > 0 else None
    sheet(
        "queue",
        div("row gap", el("h2", "", "Waiting"), _keys()),
        div("stack block-s", *cases),
        div("block-s", more) if more else None,
        told=partial(_act, desk, viewer, suggested),
    )


def _keys() -> Node:
    parts: list[Node] = ["Keys on a card:"]
    for key, does in (("j k", "walk"), ("a", "accept"), ("s", "skip"), ("e", "why"), ("r", "correct")):
        parts += [*(el("kbd", "", one) for one in key.split()), f" {does} "]
    return el("p", "small soft push", *parts)


def queue(desk: Desk, viewer: Viewer) -> list[Ticket]:
    """New tickets that nobody has taken or answered our suggestion for, newest first; those answered just now stay."""
    waiting = remembered(desk, viewer, "queue", lambda: desk.waiting(viewer=viewer, most=MOST))
    answered = remembered(desk, viewer, "answered", lambda: {kept.ticket for _, kept in desk.store.corrections()})
    return [ticket for ticket in waiting if ticket.ref not in answered or ticket.ref in _said()]


def to_do(desk: Desk, viewer: Viewer) -> int:
    """How many tickets of the queue are still to be answered."""
    return sum(ticket.ref not in _said() for ticket in queue(desk, viewer))


# --- a text that is no ticket yet ---------------------------------------------------------------------------------


def _paste(desk: Desk, viewer: Viewer) -> None:
    text = str(st.session_state.get("sb-typed", ""))
    box = form(
        "suggest",
        field("text", "First line is the title, the rest what happened", text, kind="area",
              hint="Printer on the 3rd floor prints blank pages\nSince this morning, all users …"),
        div("row", submit("Suggest"), button("Clear", "clear", "bare") if text else None),
        look="paste",
    )  # fmt: skip
    answer: list[Node] = []
    if text:
        suggestion = remembered(desk, viewer, ("typed", text), lambda: desk.triage_text(text, viewer=viewer))
        answer = [div("block-s", case(suggestion, {}, typed=True))]
    sheet(
        "paste",
        fold("Try a text that is no ticket yet", div("block-s", box), name="paste", opened=bool(text)),
        *answer,
        told=_type,
    )


def _type(told: Told) -> None:
    if told.get("name") in ("suggest", "clear"):
        st.session_state["sb-typed"] = told.get("text", "").strip() if told["name"] == "suggest" else ""


# --- one ticket ---------------------------------------------------------------------------------------------------


def case(
    suggestion: Suggestion, values: Mapping[str, list[str]], *, done: str = "", typed: bool = False
) -> dict[str, object]:
    """One ticket with what is suggested, why, and the buttons to answer."""
    ticket = suggestion.ticket
    if done:
        return div("card done", span("number", ticket.number), " ", done, card=str(ticket.ref))
    ref = str(ticket.ref)
    return div(
        "card case",
        None if typed else _title(ticket),
        prose(" ".join(ticket.body.split()), "snippet", name=f"body:{ref}", most=260)
        if ticket.body.strip() and not typed
        else None,
        _guesses(suggestion),
        None if typed else _buttons(suggestion),
        div(
            "folds",
            fold("Why", _evidence(suggestion), name=f"why:{ref}", opened=typed, key="e"),
            None if typed else fold("Correct it", _correcting(suggestion, values), name=f"fix:{ref}", key="r"),
        ),
        card=ref,
    )


def _title(ticket: Ticket) -> Node:
    named = link(ticket.title[:240] or "(no title)", "search", **hits.here(ticket))
    known = (ago(ticket.opened_at, to=now()), ticket.caller, ticket.location, ticket.channel)
    facts = [span("", span("number", ticket.number)), *(span("", text) for text in known if text)]
    return [el("h3", "", named), div("facts", *facts)]


def _guesses(suggestion: Suggestion) -> Node:
    """One field a target and the priority; one sentence where no target has a model."""
    guesses = list(suggestion.predictions.values())
    if guesses and all(guess.code == "missing" for guess in guesses):
        return el("p", "small soft", "No suggestion yet: nothing is learnt from past tickets.")
    return div("guesses", *(_guess(guess, suggestion.ticket) for guess in guesses), _priority(suggestion))


def _guess(guess: Prediction, ticket: Ticket) -> dict[str, object]:
    given = target_of(ticket, guess.target)
    name = span("label", target(guess.target))
    if given:
        return div("guess", name, div("value", value(guess.target, given)), div("sure", "as the ticket says"))
    if guess.value is None:
        return div("guess silent", name, div("value", "Not sure"), div("reason", _silence(guess), title=guess.reason))
    return div("guess", name, div("value", value(guess.target, guess.value)),
               div("sure", meter(guess.confidence), f"{share(guess.confidence)} sure"))  # fmt: skip


def _silence(guess: Prediction) -> str:
    """Why nothing is suggested, with the best guess where it is worth knowing."""
    best = [f"{value(guess.target, name)}, {share(chance)}" for name, chance in guess.alternatives[:2]]
    if guess.code == "promise" and best:
        return f"perhaps {best[0]}"
    if guess.code == "close" and len(best) > 1:
        return f"{best[0]}, or {best[1]}"
    return guess.reason


def _priority(suggestion: Suggestion) -> dict[str, object]:
    name = span("label", "Priority")
    if suggestion.priority is None:
        return div("guess silent", name, div("value", "—"), div("reason", suggestion.priority_why))
    return div("guess", name, div("value", f"P{suggestion.priority}"), div("sure", suggestion.priority_why))


def _buttons(suggestion: Suggestion) -> dict[str, object]:
    ref = suggestion.ticket.ref
    where = {"source": ref.source, "number": ref.number}
    sure = [
        p for p in suggestion.predictions.values() if p.value is not None and not target_of(suggestion.ticket, p.target)
    ]
    accept = (
        button(f"Accept {'all ' if len(sure) > 1 else ''}{len(sure)}", "accept", "strong", key="a", **where)
        if sure
        else None
    )
    seek = link("Seen before?", "search", q=suggestion.ticket.title[:400]) if suggestion.ticket.title else None
    return div("actions", accept, button("Skip", "skip", "bare", key="s", **where), span("push", seek))


def _correcting(suggestion: Suggestion, values: Mapping[str, list[str]]) -> dict[str, object]:
    ref = suggestion.ticket.ref
    fields = [_field(p, values.get(p.target, [])) for p in suggestion.predictions.values()]
    return form("correct", *fields, submit("Save", ""), look="correct", source=ref.source, number=ref.number)


def _field(guess: Prediction, known: list[str]) -> dict[str, object]:
    likely = {name: f" · {share(chance)}" for name, chance in guess.alternatives}
    names = list(dict.fromkeys([*likely, *known]))[:200]
    options = [("", "leave open"), *((name, value(guess.target, name) + likely.get(name, "")) for name in names)]
    return choice(f"to:{guess.target}", target(guess.target), guess.value or "", options)


def _evidence(suggestion: Suggestion) -> dict[str, object]:
    told: list[Node] = []
    for guess in suggestion.predictions.values():
        if guess.telling or len(guess.alternatives) > 1:
            chips = [span("chip", word) for word in guess.telling]
            names = {name: value(guess.target, name) for name, _ in guess.alternatives}
            silence = el("p", "small soft", guess.reason) if guess.value is None and guess.reason else None
            told.append(el("li", "", el("h4", "label", target(guess.target)), silence, div("row tight", *chips),
                           div("block-s", hits.chances(guess.alternatives, names))))  # fmt: skip
    near = [_neighbour(hit) for hit in suggestion.neighbours]
    return div(
        "evidence",
        _evidence_list("Telling words and alternatives", told, "No model spoke."),
        div("", _evidence_list("Nearest past tickets", near, "None is near."), _questions(suggestion)),
    )


def _evidence_list(title: str, rows: list[Node], none: str) -> dict[str, object]:
    return div("", el("h4", "kicker", title), el("ul", "lines", *rows) if rows else el("p", "soft", none))


def _questions(suggestion: Suggestion) -> Node:
    if not suggestion.questions:
        return None
    return [
        el("h4", "kicker block-s", "Ask first"),
        el("ul", "lines", *(el("li", "", q) for q in suggestion.questions)),
    ]


def _neighbour(hit: Hit) -> Node:
    past = hit.record
    if not isinstance(past, Ticket):
        return None
    outcome = [
        past.category,
        past.assignment_group,
        LINES.get(str(past.line or ""), ""),
        f"{share(max(0.0, hit.score))} alike",
    ]
    return el(
        "li", "",
        link(past.title or past.number, "search", **hits.here(past)),
        div("facts", span("", span("number", past.number)), *(span("", text) for text in outcome if text)),
        prose(hit.resolution, "small", most=200, name=f"near:{past.ref}") if hit.resolution.strip() else None,
    )  # fmt: skip


# --- answers ------------------------------------------------------------------------------------------------------


def _act(desk: Desk, viewer: Viewer, suggested: list[Suggestion], told: Told) -> None:
    """Keep what a person did with one suggestion; only tickets that are on the page can be answered."""
    ref = Ref("ticket", told.get("source", ""), told.get("number", ""))
    found = next((one for one in suggested if one.ticket.ref == ref), None)
    if found is None or told.get("name") not in ("accept", "correct", "skip"):
        return
    answers = _answers(found, told)
    try:
        for answer in answers:
            desk.correct(answer, viewer=viewer)
    except SeenBeforeError as error:
        _said()[ref] = str(error)
        return
    _said()[ref] = _told_back(answers)


def _answers(suggestion: Suggestion, told: Told) -> list[Correction]:
    ref, answers = suggestion.ticket.ref, []
    for name, guess in suggestion.predictions.items():
        if told["name"] == "skip":
            chosen, action = "", "skipped"
        elif told["name"] == "accept":
            chosen, action = guess.value or "", "accepted"
        else:
            chosen = told.get(f"to:{name}", "").strip()[:200]
            action = "accepted" if chosen == guess.value else "replaced"
        if chosen or action == "skipped":
            answers.append(Correction(ref, name, guess.value, chosen, cast("Action", action), model=suggestion.model))
    return answers


def _told_back(answers: list[Correction]) -> str:
    if not answers:
        return "left as it is."
    if all(answer.action == "skipped" for answer in answers):
        return "skipped. It stays in the queue of your ticket tool."
    parts = [f"{target(a.target).lower()} {value(a.target, a.chosen)}" for a in answers if a.chosen]
    return f"noted: {', '.join(parts)}. Training learns from it."


def _said() -> dict[Ref, str]:
    said: dict[Ref, str] = st.session_state.setdefault("sb-triaged", {})
    return said


def _values(desk: Desk, viewer: Viewer) -> dict[str, list[str]]:
    """What may be chosen for each target, commonest first."""
    facets = remembered(desk, viewer, "facets", lambda: desk.facets(viewer=viewer))
    known = {"assignment_group" if name == "group" else name: [v for v, _ in pairs] for name, pairs in facets.items()}
    return {**known, "line": list(LINES), "impact": list(LEVELS), "urgency": list(LEVELS)}


def _number(text: str, least: int) -> int:
    return max(least, min(MOST, int(text))) if text.isdigit() and len(text) < 6 else least
