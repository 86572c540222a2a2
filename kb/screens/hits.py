"""One answer as a card: what fixed it first, then where it stands and why we think so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kb.records import Hit, Kind, Record, Ticket
from kb.screens.paper import Node, button, copier, div, el, link, marked, meter, prose, span
from kb.screens.wording import ago, chance, helps, share, took

CHANCE: Mapping[Kind, str] = {
    "ticket": "Learnt from what technicians linked. Tickets that say the same share it, so it is low where many do.",
    "article": "Learnt from what technicians linked.",
}


def card(hit: Hit, kept: Mapping[str, str], *, today: datetime, solves: bool = False) -> dict[str, object]:
    """A hit with the fix on top; ``kept`` stays in the address of the record, so that one finds back.

    ``solves`` adds the button that says this one answered the ticket being looked at.
    """
    record = hit.record
    said, loud = helps(hit)
    named = record.title[:240] or f"{record.ref.kind.capitalize()} {record.number}"
    return div(
        "card",
        div(
            "row tight",
            span(f"chip {loud}", said),
            span("small soft", chance(hit), title=CHANCE[record.ref.kind]),
        ),
        el("h3", "", link(named, "search", **here(record, kept))),
        fix(record, hit.resolution, name=str(record.ref)),
        _snippet(hit),
        _why(hit, said),
        facts(record, today=today),
        _solves(record) if solves else None,
        card=str(record.ref),
    )  # fmt: skip


def _solves(record: Record) -> Node:
    """The button that links this record as the answer; an open ticket has answered nothing yet."""
    if isinstance(record, Ticket) and record.state in ("open", "on hold"):
        return None
    ref = record.ref
    pressed = button("This fixed it", "solved", "little", key="f", kind=ref.kind, number=ref.number, source=ref.source)
    return div("actions", pressed)


def here(record: Record, kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """The query string that leads to a record."""
    return {**(kept or {}), record.ref.kind: record.number, "source": record.source}


def fix(record: Record, text: str, *, name: str = "") -> dict[str, object]:
    """What fixed it, ready to copy; a plain sentence where nobody wrote it down."""
    title = "What fixed it" if isinstance(record, Ticket) else "In short"
    if not text.strip():
        missing = "Nobody wrote down what fixed it." if isinstance(record, Ticket) else "This article has no summary."
        return div("fix none small", missing)
    top = div("fix-head", el("span", "kicker", title), copier("Copy", text.strip(), key="c"))
    return div("fix", top, prose(text, name=f"fix:{name}", most=420))


def facts(record: Record, *, today: datetime) -> dict[str, object]:
    """Number, age, group and category on one quiet line."""
    if isinstance(record, Ticket):
        shown = [record.state or "", ago(record.resolved_at or record.opened_at, to=today), record.assignment_group,
                 record.category, _solved_in(record), "reopened" if record.reopen_count else ""]  # fmt: skip
    else:
        updated = ago(record.updated_at or record.created_at, to=today)
        shown = [record.state, f"updated {updated}" if updated else "", record.category, record.owner]
    return div("facts", span("", span("number", record.number)), *(span("", text) for text in shown if text))


def _solved_in(ticket: Ticket) -> str:
    minutes = ticket.minutes_to_resolve
    return f"solved in {took(minutes)}" if minutes is not None else ""


def _snippet(hit: Hit) -> Node:
    text = hit.snippet.strip()
    if not text or text == hit.record.title.strip():
        return None
    return div("snippet", div("prose", *marked(hit.snippet, hit.spans)))


def _why(hit: Hit, said: str) -> Node:
    """The two strongest reasons; what the chip above says already is not said again."""
    told = [reason for reason in hit.why if reason.casefold() != said.casefold()][:2]
    return el("p", "why", el("strong", "", "Why: "), " · ".join(told)) if told else None


def chances(pairs: tuple[tuple[str, float], ...], words: Mapping[str, str] | None = None) -> dict[str, object]:
    """Values with their probabilities as small bars."""
    rows = [div("share", span("", (words or {}).get(v, v)), span("soft", share(p)), meter(p)) for v, p in pairs]
    return div("shares", *rows)
