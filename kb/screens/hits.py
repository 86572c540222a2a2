"""One answer as a card: what fixed it first, then where it stands and why we think so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kb.records import Hit, Kind, Problem, Record, Ticket
from kb.screens.paper import Node, copier, div, el, link, marked, meter, prose, span
from kb.screens.wording import ago, chance, helps, share, took

CHANCE: Mapping[Kind, str] = {
    "ticket": "Learnt from what technicians linked: how often a ticket like this one had the same answer.",
    "article": "Learnt from what technicians linked.",
    "problem": "Learnt from what technicians linked to articles, which known errors are like.",
}
_FIX: Mapping[Kind, tuple[str, str]] = {
    "ticket": ("What fixed it", "Nobody wrote down what fixed it."),
    "article": ("In short", "This article has no summary."),
    "problem": ("Do this", "No workaround is written down."),
}
"""What a kind of record gives as its answer, and the sentence where it gives none."""


def card(
    hit: Hit, kept: Mapping[str, str], *, today: datetime, told: bool = False, below: Node = None
) -> dict[str, object]:
    """A hit with the fix on top; ``kept`` stays in the address of the record, so that one finds back.

    ``told``: what fixed it stands above all cards already, so that a ticket says its own quietly. ``below`` is drawn at
    the foot.
    """
    record = hit.record
    said, loud = helps(hit)
    named = record.title[:240] or f"{record.ref.kind.capitalize()} {record.number}"
    still = "still" if told and not isinstance(record, Problem) else ""
    return div(
        "card",
        div(
            "row tight",
            span(f"chip {loud}", said),
            span("small soft", chance(hit), title=CHANCE[record.ref.kind]),
        ),
        el("h3", "", link(named, "search", **here(record, kept))),
        fix(record, hit.resolution, name=str(record.ref), look=still),
        _cause(record),
        _snippet(hit),
        _why(hit, said),
        facts(record, today=today),
        below,
        card=str(record.ref),
    )  # fmt: skip


def here(record: Record, kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """The query string that leads to a record."""
    return {**(kept or {}), record.ref.kind: record.number, "source": record.source}


def fix(record: Record, text: str, *, name: str = "", look: str = "") -> dict[str, object]:
    """What fixed it, ready to copy; a plain sentence where nobody wrote it down."""
    title, missing = _FIX[record.ref.kind]
    if not text.strip():
        return div("fix none small", missing)
    if isinstance(record, Problem) and not record.workaround:
        title = "The fix" if record.fix else "Root cause"
    top = div("fix-head", el("span", "kicker", title), copier("Copy", text.strip(), key="c"))
    return div(f"fix {look}", top, prose(text, name=f"fix:{name}", most=420))


def _cause(record: Record) -> Node:
    """Why it happens, of a known error whose workaround stands above."""
    if not isinstance(record, Problem) or not record.root_cause or record.root_cause == record.remedy:
        return None
    words = " ".join(record.root_cause.split())
    cut = words if len(words) <= 300 else words[:300].rpartition(" ")[0] + " …"
    return el("p", "why", el("strong", "", "Root cause: "), cut)


def facts(record: Record, *, today: datetime) -> dict[str, object]:
    """Number, age, group and category on one quiet line."""
    if isinstance(record, Ticket):
        shown = [record.state or "", ago(record.resolved_at or record.opened_at, to=today), record.assignment_group,
                 record.category, _solved_in(record), "reopened" if record.reopen_count else ""]  # fmt: skip
    else:
        updated = ago(record.updated_at or record.created_at, to=today)
        shown = [record.state, f"updated {updated}" if updated else "", record.category, record.owner]
        shown[3:3] = [record.service] if isinstance(record, Problem) else []
    return div("facts", span("", span("number", record.number)), *(span("", text) for text in shown if text))


def _solved_in(ticket: Ticket) -> str:
    minutes = ticket.minutes_to_resolve
    return f"solved in {took(minutes)}" if minutes is not None else ""


def _snippet(hit: Hit) -> Node:
    """The stretch that meets the question, with "…" where the record goes on."""
    record = hit.record
    shown = hit.snippet[: _own(record, hit.snippet)] if isinstance(record, Problem) else hit.snippet
    text = shown.strip()
    if not text or text == record.title.strip():
        return None
    before, after = _goes_on(record, text)
    return div("snippet", div("prose", "… " if before else "", *marked(shown, hit.spans), " …" if after else ""))


def _own(problem: Problem, text: str) -> int:
    """Where a stretch of a problem comes to what the card says already: its cause and what to do."""
    parts = (problem.probable_cause, problem.root_cause, problem.workaround, problem.fix)
    found = [text.find(" ".join(part.split())[:40]) for part in parts if part.strip()]
    return min((at for at in found if at >= 0), default=len(text))


def _goes_on(record: Record, text: str) -> tuple[bool, bool]:
    """Whether the record says more before and after this stretch of it."""
    title, _, body = record.text.partition("\n")
    for whole in (body or title, record.fix if isinstance(record, Ticket) else "", record.text):
        folded = " ".join(whole.split())
        at = folded.find(text)
        if at >= 0:
            return at > 0, at + len(text) < len(folded)
    return False, False


def _why(hit: Hit, said: str) -> Node:
    """The two strongest reasons; what the chip above says already is not said again."""
    told = [reason for reason in hit.why if reason.casefold() != said.casefold()][:2]
    return el("p", "why", el("strong", "", "Why: "), " · ".join(told)) if told else None


def chances(pairs: tuple[tuple[str, float], ...], words: Mapping[str, str] | None = None) -> dict[str, object]:
    """Values with their probabilities as small bars."""
    rows = [div("share", span("", (words or {}).get(v, v)), span("soft", share(p)), meter(p)) for v, p in pairs]
    return div("shares", *rows)
