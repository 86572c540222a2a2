"""Set the bars from which a question counts as seen by a desk's own answered questions, forward in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.features import Featurer
from kb.knowledge import Knowledge
from kb.records import EVERYONE, Kind
from kb.seen import Gate
from kb.shelves import Shelves
from models.ranker import LinearRanker
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.ranking import Asked, knowledge_of, linked_questions

LOST = 0.08
"""Share of a desk's own answerable questions that may fall below the bars."""
LOOSEST = -0.03
"""Bars are lowered by this much at most: a desk whose calls are vague would else see answers in anything."""
FEWEST = 150
"""Answerable questions it takes to move the bars at all."""
MOST = 600
_POOLS: tuple[Kind, ...] = ("ticket", "article")
_SCORE: Mapping[Kind, str] = {"ticket": "score", "article": "score_passage"}


@dataclass(frozen=True, slots=True)
class Bars:
    """How much stricter than shipped the bars are, and why, in one sentence."""

    stricter: float
    why: str


def fit_gate(
    home: Home, shelves: Shelves, rankers: Mapping[Kind, LinearRanker], gate: Gate, *, until: int | None = None,
    say: Say = quiet,
) -> Bars:  # fmt: skip
    """Bars so strict that about :data:`LOST` of the desk's own answerable questions fall short.

    They stay as shipped where there are too few, and are lowered by :data:`LOOSEST` at most.

    A question is answerable where a right answer stands among the first ten of its pool.
    """
    knowledge = knowledge_of(home, shelves, rankers)
    featurer = knowledge.featurer()
    asked = [(kind, one) for kind in _POOLS for one in
             linked_questions(home, featurer, kind, until=until, say=say)[-MOST // 2 :]]  # fmt: skip
    rooms = []
    for n, (kind, one) in enumerate(asked, 1):
        if answerable(knowledge, featurer, kind, one):
            rooms.append(room(featurer, gate, one))
        if n % 20 == 0 or n == len(asked):
            say('Setting the bar for "not seen before"', n, len(asked))
    if len(rooms) < FEWEST:
        return Bars(0.0, f"{len(rooms)} questions with a known answer; it takes {FEWEST} to move the bars: as shipped.")
    by = max(LOOSEST, float(np.quantile(rooms, LOST)))
    short = float((np.array(rooms) < by).mean())
    return Bars(by, f"Bars moved by {by:+.3f}, so that {short:.0%} of {len(rooms)} answerable questions fall short.")


def answerable(knowledge: Knowledge, featurer: Featurer, kind: Kind, one: Asked) -> bool:
    """Whether a right answer stands among the first ten."""
    found = knowledge.ranked(one.question, kind, EVERYONE, featurer=featurer)
    return bool(np.isin(found.ids[:10], list(one.answers)).any())


def room(featurer: Featurer, gate: Gate, one: Asked) -> float:
    """How far above the bars a question is; below 0 it gets "not seen before"."""
    return gate.room(nearest(featurer, one), len(one.question.text.split()))


def nearest(featurer: Featurer, one: Asked) -> dict[Kind, float]:
    """Best score of each pool that has candidates."""
    found = {kind: featurer.candidates(one.question, kind, EVERYONE) for kind in _POOLS}
    return {kind: float(c.column(_SCORE[kind]).max()) for kind, c in found.items() if len(c.ids)}


def at_loss(scores: Sequence[float] | NDArray[np.float64], lost: float = LOST) -> float:
    """The bar that this share of the scores falls below."""
    return float(np.quantile(scores, lost)) if len(scores) else 0.0
