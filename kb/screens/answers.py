"""An answer on the page: known errors, past tickets and knowledge articles, and what came closest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from kb.records import Answer, Hit, Kind, Record
from kb.screens.hits import card
from kb.screens.paper import Node, div, el, fold
from kb.screens.wording import distant, likely

KINDS: Mapping[Kind, str] = {"problem": "Known errors", "ticket": "Past tickets", "article": "Knowledge articles"}
SHOWN: Mapping[Kind, int] = {"problem": 2, "ticket": 8, "article": 5}
NEAREST = 3
LEAST_OF_BEST = 0.4
"""Hits with less than this share of the best relevance of their kind fold away, unless they likely help."""
Below = Callable[[Record], Node]
"""What stands at the foot of a card."""


def columns(
    answer: Answer, kept: Mapping[str, str], *, today: datetime, near: bool = False, below: Below | None = None
) -> Node:
    """Hits by kind: known errors on top, then tickets and articles side by side where there is room.

    A kind with a likely hit comes before one without. What only resembles the question folds away where something
    better of its kind is there, and a ticket that is not even close in meaning where anything likely is. ``near`` shows
    the nearest misses.
    """
    told = bool(answer.fixes)

    def stack(some: list[Hit]) -> Node:
        cards = (card(hit, kept, today=today, told=told, below=below(hit.record) if below else None) for hit in some)
        return div("stack", *cards) if some else None

    sure = any(map(likely, answer.hits))
    parts: list[tuple[tuple[bool, bool], dict[str, object]]] = []
    for kind, name in KINDS.items():
        hits = [hit for hit in answer.hits if hit.record.ref.kind == kind]
        close = [] if hits else [hit for hit in answer.nearest if hit.record.ref.kind == kind][:NEAREST]
        if not hits and not (close and (near or (answer.hits and kind != "problem"))):
            continue
        least = LEAST_OF_BEST * max((hit.relevance for hit in hits), default=0.0)
        shown = [hit for hit in hits if likely(hit) or (hit.relevance >= least and not (sure and distant(hit)))]
        shown = shown or (close if near else [])
        folded = [hit for hit in hits or close if hit not in shown]
        verb = "resemble" if len(folded) > 1 else "resembles"
        said = f"{len(folded)} {'more ' if shown else ''}that only {verb} it"
        rest = div("block-s", fold(said, stack(folded), name=f"rest:{kind}")) if folded else None
        head = el("h2", "kicker", f"{name} · {len(hits)}" if hits else f"{name} · none close enough")
        wide = "whole" if kind == "problem" else ""
        part = el("section", wide, head, stack(shown), rest, label=name)
        parts.append(((not hits, not any(map(likely, hits))), part))
    if not parts:
        return None
    ordered = [part for _, part in sorted(parts, key=lambda pair: pair[0])]
    beside = sum(part["c"] != "whole" for part in ordered)
    return div("columns" if beside > 1 else "columns one", *ordered)
