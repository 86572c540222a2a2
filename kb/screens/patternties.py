"""What the rest of the desk knows of patterns: which burst now, what sets one apart, and the problem made from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kb.bursts import Burst
from kb.contrasts import Contrast
from kb.desk import Desk
from kb.errors import BadSetting
from kb.records import Problem, Viewer
from kb.screens.chrome import remembered
from kb.screens.fixed import cited
from kb.screens.paper import Node, div, el, fold, link, span
from kb.screens.wording import count, moment


def settled(desk: Desk) -> int:
    """Changes whenever somebody says anything of a pattern or changes a setting; for what is remembered of patterns."""
    return hash(frozenset(desk.store.settings().items()))


def bursts_of(desk: Desk, viewer: Viewer, now: datetime) -> list[Burst]:
    """What is bursting or did so lately, of what this viewer may see; nothing where the desk cannot tell."""
    try:
        return remembered(desk, viewer, ("bursts", now.strftime("%d%H%M"), settled(desk)),
                          lambda: desk.bursts(viewer=viewer, now=now))  # fmt: skip
    except BadSetting:
        return []


def contrasts_of(desk: Desk, pattern: str, viewer: Viewer, now: datetime) -> list[Contrast]:
    """What sets this pattern's tickets apart from their neighbours, the surest first; nothing where none is told."""
    try:
        return remembered(desk, viewer, ("apart", pattern, now.date(), settled(desk)),
                          lambda: desk.contrasts(pattern, viewer=viewer, now=now))  # fmt: skip
    except BadSetting:
        return []


# --- drawing ------------------------------------------------------------------------------------------------------


def burst_notes(bursts: Sequence[Burst], *, here: str = "") -> Node:
    """Each burst that goes on as a warning, those that are over on a quiet line; with ``here`` those of one pattern."""
    shown = [one for one in bursts if not here or one.pattern == here]
    going, over = [one for one in shown if one.state == "open"], [one for one in shown if one.state != "open"]
    if not shown:
        return None
    loud = [div("p-burst", el("strong", "", _named(one, here)), " ", one.sentence, role="status") for one in going]
    lines = [
        el("li", "p-like", span("", _named(one, here)), span("small soft", f"{moment(one.started)}: {_plain(one)}"))
        for one in over
    ]
    head = f"{count(len(over), 'burst')} lately, over by now"
    quiet = fold(head, el("ul", "lines tight", *lines), name="bursts-over") if over else None
    return div("p-bursts", *loud, div("block-s" if loud else "", quiet) if quiet else None)


def _named(one: Burst, here: str) -> Node:
    if here:
        return "Bursting now." if one.state == "open" else "A burst"
    named: Node = link(one.name, "patterns", pattern=one.pattern) if one.pattern else f"{one.name} (in no pattern)"
    return [named, ":"]


def _plain(one: Burst) -> str:
    """The same without the alarm."""
    return f"{count(len(one.tickets), 'ticket')}, {one.count} of them within {max(1, one.span)} minutes"


def contrast_block(found: Sequence[Contrast] | None, pattern: str) -> Node:
    """What sets it apart, each line with its tickets; the way to look for it where that was not asked for yet."""
    title = el("h2", "kicker", "What sets it apart")
    if found is None:
        ask = link("Look for its cause", "patterns", pattern=pattern, apart="1")
        said = "Services, versions, sites, weeks that stand out against its neighbours; takes a while on a large desk."
        return el("section", "block", title, el("p", "p-like", ask, span("small soft", said)))
    if not found:
        return el("section", "block", title, el("p", "soft", "Nothing stands out against its neighbours."))
    rows = [
        el("li", "", one.sentence, div("cited", *cited(one.cited, {"of": pattern}, name=f"apart:{one.sentence[:40]}")))
        for one in found
    ]  # fmt: skip
    return el("section", "block", title, el("ul", "lines tight", *rows))


def problem_block(problem: Problem | None, pattern: str) -> Node:
    """The problem of this pattern, or the way to make one."""
    if problem is None:
        inside: Node = [el("p", "small soft", "Nobody works on its cause yet."),
                        div("block-s", link("Make a problem of it", "problems", pattern=pattern))]  # fmt: skip
    else:
        named = link(problem.title or problem.number, "problems", problem=problem.number, source=problem.source)
        inside = [div("", named), div("facts", span("", span("number", problem.number)), span("", problem.state),
                                      span("", problem.owner) if problem.owner else None)]  # fmt: skip
    return el("section", "", el("h2", "kicker", "Problem"), div("", inside))
