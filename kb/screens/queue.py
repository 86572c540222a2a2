"""The queue of new tickets as rows: what it is, who takes it, how urgent, the time left, and one key to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kb.desk import Clocked
from kb.policy import target_of
from kb.records import Correction, Prediction, Suggestion, Ticket
from kb.screens import hits
from kb.screens.answering import open_to
from kb.screens.paper import Node, button, choice, div, el, form, link, span, submit
from kb.screens.paper import field as typed
from kb.screens.suggestion import doubt, evidence, known_line
from kb.screens.wording import ago, moment, share, target, took, value

WHAT, WHO, HOW = ("category", "subcategory"), ("assignment_group", "line"), ("impact", "urgency")
LIKELY_LATE = 0.5
"""Breach risk from which the row says so."""
_OPTIONS, _TITLE, _SNIPPET = 200, 200, 180
_SHORT = {"impact": ("high", "medium", "low"), "urgency": ("high", "medium", "low")}


@dataclass(frozen=True)
class Row:
    """One ticket of the queue and all that its row shows."""

    suggestion: Suggestion
    clocked: Clocked | None = None
    filled: frozenset[str] = frozenset()
    """Targets that are filled in without asking."""
    opened: str = ""
    """What stands open below it: "why", "fix" or nothing."""
    answered: bool = False
    """Answered in this session; the row stays in its place."""
    stands: Mapping[str, Correction] = field(default_factory=dict)
    trouble: str = ""


def rows(shown: Sequence[Row], values: Mapping[str, list[str]], *, now: datetime) -> dict[str, object]:
    """The queue, one row a ticket, in the order given."""
    names = ("Ticket", "Category", "Group and line", "Priority", "Time left", "")
    heads = div("q-row q-heads", *(span("label", name) for name in names), hidden="true")
    return div("queue", heads, *(_done(row) if row.answered else _row(row, values, now=now) for row in shown))


def _row(row: Row, values: Mapping[str, list[str]], *, now: datetime) -> dict[str, object]:
    suggestion, ticket = row.suggestion, row.suggestion.ticket
    below: Node = None
    if row.opened == "why":
        below = div("q-open", evidence(suggestion))
    elif row.opened == "fix":
        below = div("q-open", _correcting(row, values))
    return div(
        f"case q-row{f' opened q-{row.opened}' if row.opened else ''}",
        div("q-ticket", _title(ticket), _facts(ticket, now=now), known_line(suggestion.known_error)),
        *_suggested(row),
        div("q-how", _priority(row)),
        div("q-time", *_clock(row.clocked)),
        div("q-do", *_buttons(row)),
        below,
        card=str(ticket.ref),
    )


# --- the ticket ---------------------------------------------------------------------------------------------------


def _title(ticket: Ticket) -> Node:
    named = link(ticket.title[:_TITLE] or "(no title)", "search", **hits.here(ticket))
    body = " ".join(ticket.body[: 4 * _SNIPPET].split())[:_SNIPPET]
    return el("h3", "q-title", named, span("q-snippet", f"  {body}") if body else None)


def _facts(ticket: Ticket, *, now: datetime) -> Node:
    caller: list[Node] = [ticket.caller, span("chip warned vip", "VIP") if ticket.vip else None]
    known: list[Node] = [span("", span("number", ticket.number)),
                         span("", age(ticket.opened_at, to=now), title=moment(ticket.opened_at))]  # fmt: skip
    if ticket.caller or ticket.vip:
        known.append(span("", *caller))
    return div("facts", *known)


def age(when: datetime | None, *, to: datetime) -> str:
    """How long ago, in hours within the first day."""
    if when is None:
        return "no date"
    minutes = (to - when).total_seconds() / 60
    return f"{took(minutes)} ago" if 0 <= minutes < 24 * 60 else ago(when, to=to)


# --- what is suggested --------------------------------------------------------------------------------------------


def _suggested(row: Row) -> list[Node]:
    """The cells of what it is and who takes it; one sentence where all are silent for the same reason."""
    guesses = [guess for guess in row.suggestion.predictions.values() if guess.target not in HOW]
    alike = {(guess.code, guess.reason) for guess in guesses if not target_of(row.suggestion.ticket, guess.target)}
    if len(guesses) > 1 and len(alike) == 1 and all(guess.value is None for guess in guesses):
        code, reason = alike.pop()
        return [div("q-what q-whole q-silent", "No suggestion yet" if code == "missing" else reason, title=reason)]
    return [div("q-what", *_cells(row, WHAT), *_others(row)), div("q-who", *_cells(row, WHO))]


def _cells(row: Row, names: Sequence[str]) -> list[Node]:
    guesses = row.suggestion.predictions
    found = [_cell(row, guesses[name], at) for at, name in enumerate(n for n in names if n in guesses)]
    return found or [span("q-none", "—", title="No suggestions for this: it has no model, or its mode is off.")]


def _others(row: Row) -> list[Node]:
    """Targets that an admin named, each with its name before it."""
    known = {*WHAT, *WHO, *HOW}
    return [
        div("q-other", span("q-of", target(name)), _cell(row, guess, 1))
        for name, guess in row.suggestion.predictions.items()
        if name not in known
    ]


def _cell(row: Row, guess: Prediction, at: int) -> Node:
    look = "q-main" if at == 0 else "q-sub"
    given = target_of(row.suggestion.ticket, guess.target)
    if given:
        return div(look, span("", value(guess.target, given)), span("q-sure", "given"), title="As the ticket says")
    if guess.code == "missing":
        return div(f"{look} q-none", "No suggestion yet", title=guess.reason)
    if guess.value is None:
        return div(f"{look} q-silent", f"not sure: {doubt(guess)}", title=guess.reason)
    words = span("", value(guess.target, guess.value))
    if guess.target in row.filled:
        sure = f"Filled in; {share(guess.confidence)} sure"
        return div(look, words, span("q-filled", "filled in"), title=sure)
    return div(look, words, span("q-sure", share(guess.confidence)), title=f"{target(guess.target)}: "
               f"{share(guess.confidence)} sure")  # fmt: skip


def _priority(row: Row) -> Node:
    suggestion = row.suggestion
    levels = [_level(row, name) for name in HOW]
    below = div("q-sub", " × ".join(levels), title="Impact × urgency") if any(one != "?" for one in levels) else None
    if suggestion.priority is None:
        return [div("q-main q-none", "—", title=suggestion.priority_why), below]
    raised = span("chip warned", "raised", title=" ".join(suggestion.raised)) if suggestion.raised else None
    return [div(f"q-main q-p{suggestion.priority}", f"P{suggestion.priority}", raised,
                title=" ".join((suggestion.priority_why, *suggestion.raised))), below]  # fmt: skip


def _level(row: Row, name: str) -> str:
    guess = row.suggestion.predictions.get(name)
    given = target_of(row.suggestion.ticket, name) or (guess.value if guess is not None else None) or ""
    at = int(given) - 1 if given.isdigit() else -1
    return _SHORT[name][at] if 0 <= at < len(_SHORT[name]) else given or "?"


def _clock(clocked: Clocked | None) -> list[Node]:
    if clocked is None:
        return [div("q-sub q-none", "no target", title="Its priority is not known or has no target.")]
    clock = clocked.clock
    head, _, rest = clock.sentence.partition(" of business time")
    over = clock.state == "breached"
    risk = clocked.risk
    late: Node = None
    if risk is not None and risk >= LIKELY_LATE and not over:
        late = div("q-sub warned", "likely late", title=f"{share(risk)} chance, going by tickets of its priority")
    words = head if rest == "" else clock.sentence
    spare = "" if late or head == clock.sentence else "business time"
    return [
        div(f"q-main {'warned' if over else ''}", words, title=f"Due {moment(clock.due)}"),
        late or (div("q-sub", spare) if spare else None),
    ]


# --- what can be done ---------------------------------------------------------------------------------------------


def _buttons(row: Row) -> list[Node]:
    ref = row.suggestion.ticket.ref
    where = {"source": ref.source, "number": ref.number}
    sure = open_to(row.suggestion)
    label = f"Accept all {len(sure)}" if len(sure) > 1 else "Accept"
    onwards = {"next": True}
    accept = {**button(label, "accept", "first", key="a", **where), **onwards} if sure else None
    quiet = (
        button("Why", "why", "quiet", key="e", title="Evidence (e or Enter)", **where),
        button("Correct", "fix", "quiet", key="c", **where),
        {**button("Skip", "skip", "quiet", key="s", **where), **onwards},
    )
    return [accept, div("q-quiet", *quiet)]


def _correcting(row: Row, values: Mapping[str, list[str]]) -> dict[str, object]:
    ref = row.suggestion.ticket.ref
    guesses = list(row.suggestion.predictions.values())
    fields = [_field(guess, values.get(guess.target, []), grab=at == 0) for at, guess in enumerate(guesses)]
    why = typed("why", "Why (kept with it)", most=200)
    return form("correct", *fields, why, submit("Save"), look="correct", source=ref.source, number=ref.number)


def _field(guess: Prediction, known: Sequence[str], *, grab: bool) -> dict[str, object]:
    likely = {name: f" · {share(chance)}" for name, chance in guess.alternatives}
    names = list(dict.fromkeys([*likely, *known]))[:_OPTIONS]
    options = [("", "leave open"), *((name, value(guess.target, name) + likely.get(name, "")) for name in names)]
    return choice(f"to:{guess.target}", target(guess.target), guess.value or "", options, grab=grab)


def _done(row: Row) -> dict[str, object]:
    """An answered ticket: what stands, and the way back."""
    ticket = row.suggestion.ticket
    where = {"source": ticket.ref.source, "number": ticket.ref.number}
    undo = button("Undo", "undo", "quiet", **where) if row.stands else None
    told = row.trouble or stands(row.stands)
    return div(
        "done q-done",
        span("number", ticket.number),
        span("q-done-title", ticket.title[:_TITLE]),
        span("q-stands", told),
        span("push", undo),
        card=str(ticket.ref),
    )


def stands(answers: Mapping[str, Correction]) -> str:
    """What was said of a ticket, in words."""
    if not answers:
        return "nothing stands"
    if all(one.action == "skipped" for one in answers.values()):
        return "skipped: left to your ticket tool"
    said = {"accepted": [], "replaced": []}  # type: dict[str, list[str]]
    for name, one in answers.items():
        if one.chosen and one.action in said:
            words = value(name, one.chosen)
            said[one.action].append(words if name in (*WHAT, *WHO) else f"{target(name).lower()} {words}")
    parts = [f"{'corrected' if how == 'replaced' else how}: {', '.join(found)}" for how, found in said.items() if found]
    return " · ".join(parts)
