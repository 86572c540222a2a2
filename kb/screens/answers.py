"""An answer on the page: past tickets beside knowledge articles, each the best of its kind, and what came closest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kb.desk import Desk
from kb.records import Answer, Filter, Hit, Kind, Viewer
from kb.screens.hits import card
from kb.screens.paper import Node, div, el, fold
from kb.screens.wording import distant, likely

KINDS: Mapping[Kind, str] = {"ticket": "Past tickets", "article": "Knowledge articles"}
SHOWN: Mapping[Kind, int] = {"ticket": 8, "article": 5}
NEAREST = 3
LEAST_OF_BEST = 0.4
"""Hits with less than this share of the best relevance of their kind fold away, unless they likely help."""


def ask(desk: Desk, viewer: Viewer, asked: str, narrowed: Filter) -> Answer:
    """Tickets and articles, each the best of its kind, as one answer: neither may crowd out the other."""
    kinds = [kind for kind in SHOWN if not narrowed.kinds or kind in narrowed.kinds]
    parts = [
        desk.search(asked, viewer=viewer, wanted=replace(narrowed, kinds=(kind,)), limit=SHOWN[kind]) for kind in kinds
    ]
    return Answer(
        asked,
        any(part.seen for part in parts),
        hits=tuple(hit for part in parts for hit in part.hits),
        nearest=tuple(hit for part in parts for hit in part.nearest[:NEAREST]),
        looked_at={
            name: max(part.looked_at.get(name, 0) for part in parts) for part in parts for name in part.looked_at
        },
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        seconds=sum(part.seconds for part in parts),
    )


def columns(
    answer: Answer, kept: Mapping[str, str], *, today: datetime, near: bool = False, solves: bool = False
) -> Node:
    """Hits by kind, side by side where there is room; a kind with a likely hit comes before one without.

    What only resembles the question folds away where something better of its kind is there, and a ticket that is not
    even close in meaning where anything likely is. ``near`` shows the nearest misses.
    """

    def stack(some: list[Hit]) -> Node:
        return div("stack", *(card(hit, kept, today=today, solves=solves) for hit in some)) if some else None

    sure = any(map(likely, answer.hits))
    parts: list[tuple[tuple[bool, bool], Node]] = []
    for kind, name in KINDS.items():
        hits = [hit for hit in answer.hits if hit.record.ref.kind == kind]
        close = [] if hits else [hit for hit in answer.nearest if hit.record.ref.kind == kind]
        if not hits and not (close and (near or answer.hits)):
            continue
        least = LEAST_OF_BEST * max((hit.relevance for hit in hits), default=0.0)
        shown = [hit for hit in hits if likely(hit) or (hit.relevance >= least and not (sure and distant(hit)))]
        shown = shown or (close if near else [])
        folded = [hit for hit in hits or close if hit not in shown]
        verb = "resemble" if len(folded) > 1 else "resembles"
        said = f"{len(folded)} {'more ' if shown else ''}that only {verb} it"
        rest = div("block-s", fold(said, stack(folded), name=f"rest:{kind}")) if folded else None
        head = el("h2", "kicker", f"{name} · {len(hits)}" if hits else f"{name} · none close enough")
        parts.append(((not hits, not any(map(likely, hits))), el("section", "", head, stack(shown), rest, label=name)))
    ordered = [part for _, part in sorted(parts, key=lambda pair: pair[0])]
    return div("columns" if len(parts) > 1 else "columns one", *ordered) if parts else None
