"""What the rest of the desk knows of patterns: which burst now, what sets one apart, and the problem made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.desk import Desk
from kb.records import Problem, Ref, Viewer
from kb.screens.fixed import cited
from kb.screens.paper import Node, button, div, el, link, span


@dataclass(frozen=True, slots=True)
class Burst:
    """Something that comes in far more often than usual, in a sentence; ``pattern`` is "" for a new knot of tickets."""

    pattern: str
    sentence: str
    tickets: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class Contrast:
    """What sets a pattern's tickets apart, in a sentence, with the tickets that say so."""

    sentence: str
    cited: tuple[Ref, ...] = ()


def bursts_of(desk: Desk, viewer: Viewer, now: datetime) -> list[Burst]:
    """What is bursting now, of what this viewer may see; nothing where the desk does not look."""
    return [
        Burst(str(getattr(one, "pattern", "") or ""), str(getattr(one, "sentence", "")),
              tuple(getattr(one, "tickets", ()) or ()))
        for one in _asked(desk, "bursts", viewer=viewer, now=now)
    ]  # fmt: skip


def contrasts_of(desk: Desk, pattern: str, viewer: Viewer, now: datetime) -> list[Contrast]:
    """What sets this pattern's tickets apart from their neighbours, the surest first; nothing where none is told."""
    found = _asked(desk, "contrasts", pattern, viewer=viewer, now=now)
    return [Contrast(str(getattr(one, "sentence", "")), tuple(getattr(one, "cited", ()) or ())) for one in found]


def problem_of(desk: Desk, pattern: str, viewer: Viewer) -> Problem | None:
    """The problem made from this pattern, if the viewer may see one."""
    ask = getattr(desk, "problem_of_pattern", None)
    found = ask(pattern, viewer=viewer) if ask is not None else None
    return found if isinstance(found, Problem) else None


def may_make_problem(desk: Desk) -> bool:
    """Whether this desk makes problems of patterns."""
    return hasattr(desk, "problem_from_pattern")


def make_problem(desk: Desk, pattern: str, viewer: Viewer) -> Problem | None:
    """Make a problem of a pattern. Raises what the desk raises."""
    ask = getattr(desk, "problem_from_pattern", None)
    made = ask(pattern, viewer=viewer) if ask is not None else None
    return made if isinstance(made, Problem) else None


def _asked(desk: Desk, name: str, *given: Any, **more: Any) -> Sequence[Any]:
    ask = getattr(desk, name, None)
    return list(ask(*given, **more) or ()) if ask is not None else []


# --- drawing ------------------------------------------------------------------------------------------------------


def burst_notes(bursts: Sequence[Burst], *, here: str = "") -> Node:
    """Each burst as a warning; with ``here`` only those of that pattern, and no link to it."""
    shown = [one for one in bursts if not here or one.pattern == here]
    if not shown:
        return None
    rows = []
    for one in shown:
        to = None if here or not one.pattern else div("small", link("Look at the pattern", "patterns",
                                                                    pattern=one.pattern))  # fmt: skip
        numbers = cited(one.tickets, {}, name=f"burst:{one.pattern}:{one.sentence[:30]}") if one.tickets else []
        rows.append(div("p-burst", one.sentence, div("cited", *numbers) if numbers else None, to, role="status"))
    return div("p-bursts", *rows)


def contrast_block(found: Sequence[Contrast], pattern: str) -> Node:
    """What sets it apart, each line with its tickets."""
    if not found:
        return None
    rows = [
        el("li", "", one.sentence, div("cited", *cited(one.cited, {"of": pattern}, name=f"apart:{one.sentence[:40]}")))
        for one in found
    ]  # fmt: skip
    return el("section", "block", el("h2", "kicker", "What sets it apart"), el("ul", "lines tight", *rows))


def problem_block(problem: Problem | None, *, may: bool) -> Node:
    """The problem of this pattern, or the button that makes one."""
    if problem is None and not may:
        return None
    if problem is None:
        inside: Node = [el("p", "small soft", "Nobody works on its cause yet."),
                        div("block-s", button("Make a problem of it", "problem", ""))]  # fmt: skip
    else:
        named = link(problem.title or problem.number, "search", problem=problem.number, source=problem.source)
        inside = [div("", named), div("facts", span("", span("number", problem.number)), span("", problem.state),
                                      span("", problem.owner) if problem.owner else None)]  # fmt: skip
    return el("section", "", el("h2", "kicker", "Problem"), inside)
