"""What the watch knows of a problem: whether its fix held, and what stands out among its tickets."""

from __future__ import annotations

from datetime import datetime

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.held import Verdict
from kb.records import Problem, Viewer
from kb.screens.chrome import remembered
from kb.screens.paper import Node, div, el, fold, span
from kb.screens.patternties import contrast_block, settled
from kb.screens.suggestion import cited
from kb.screens.wording import count

_LOUD = {"held": "good", "relapsed": "warned"}


def judged(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Verdict | None:
    """Whether the fix held; ``None`` where it is not resolved yet or the desk cannot tell."""
    if problem.resolved_at is None:
        return None
    key = ("verdict", problem.ref, problem.resolved_at, problem.pattern, now.strftime("%Y%m%d%H"), settled(desk))
    try:
        return remembered(desk, viewer, key, lambda: desk.verdict(problem, viewer=viewer, now=now))
    except SeenBeforeError:
        return None


def verdict_block(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Node:
    """The verdict in a sentence with its figures, and the tickets since; nothing for a problem that is not resolved."""
    found = judged(desk, problem, viewer, now)
    if found is None:
        return None
    facts = []
    if found.before_days:
        facts.append(f"{count(found.before, 'ticket')} in {found.before_days:.0f} days before the fix")
        facts.append(f"{count(found.after, 'ticket')} since, {found.expected:.1f} would have come at the old rate")
    if found.ratio is not None and found.low is not None and found.high is not None:
        facts.append(f"rate {found.ratio:.2f} of the old one, between {found.low:.2f} and {found.high:.2f}")
    title = f"{count(len(found.tickets), 'ticket')} since the fix"
    since = fold(title, cited(found.tickets), name="since") if found.tickets else None
    return el(
        "section", "block", el("h2", "kicker", "Did the fix hold?"),
        div("row tight", _chip(found), el("span", "", found.sentence)),
        div("facts gap-s", *(span("", fact) for fact in facts)) if facts else None,
        div("gap-s", since) if since else None,
    )  # fmt: skip


def verdict_chip(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Node:
    """The verdict in a word, for a card; nothing where there is none."""
    found = judged(desk, problem, viewer, now)
    return None if found is None else _chip(found)


def contrasts(problem: Problem) -> Node:
    """The way to what sets the tickets of its pattern apart, which takes a while; nothing where it has no pattern."""
    return contrast_block(None, problem.pattern) if problem.pattern else None


def _chip(found: Verdict) -> Node:
    return span(f"chip {_LOUD.get(found.state, '')}".strip(), found.state, title=found.sentence)
