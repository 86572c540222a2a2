"""Whether a known error is the one: how many of the tickets that say the same as the question belonged to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.features import Featurer, Question
from kb.problems import OVER
from kb.records import Problem, Viewer
from kb.rows import seconds
from kb.words import NEVER

Ids = NDArray[np.int64]
MOST = 20
"""So many tickets like the question are looked at, the nearest."""
RECENT = 180 * 86_400
"""Seconds; what people called it longer ago is not counted."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Tickets of the last half year that say the same and are done: rows of the pool of tickets."""

    rows: Ids

    @classmethod
    def of(cls, featurer: Featurer, question: Question, viewer: Viewer, *, least: float) -> Alike:
        """Those this viewer may see with a score of ``least`` or more, at most :data:`MOST`."""
        pool = featurer.snapshot.pools["ticket"]
        columns = pool.columns
        rows = columns.rows_for(viewer, as_of=question.as_of)
        end = question.now if question.as_of is None else question.as_of
        rows &= columns.numbers["resolved"] < min(end, NEVER)
        rows &= columns.numbers["opened"] > end - RECENT
        hidden = columns.places(np.array(question.without, np.int64))
        rows[hidden[hidden >= 0]] = False
        if not rows.any():
            return cls(np.zeros(0, np.int64))
        ids, scores = pool.vectors.search(question.vector[None, :], MOST, allowed=columns.mask(rows))
        near = ids[0][(ids[0] >= 0) & (scores[0] >= least)]
        return cls(columns.places(near))

    def belonging(self, featurer: Featurer, problem: int, known: NDArray[np.bool_]) -> int:
        """How many of them were linked to that row of the problems by one of the links in ``known``."""
        links = featurer.habits["problem"]
        mine = known & links.by_ticket & (links.target == problem)
        return int(np.isin(self.rows, links.ticket[mine]).sum())

    def passed_over(self, featurer: Featurer, problem: Problem, known: NDArray[np.bool_], belonging: int) -> int:
        """How many of them could have been linked to it and were not: none where nobody links tickets to problems."""
        if not (known & featurer.habits["problem"].by_ticket).any():
            return 0
        opened = featurer.snapshot.pools["ticket"].columns.numbers["opened"][self.rows]
        return max(0, int((opened > (seconds(problem.created_at) or 0)).sum()) - belonging)


def is_over(problem: Problem, question: Question) -> bool:
    """Whether its fix was in when the question was asked."""
    if problem.resolved_at is not None:
        return (seconds(problem.resolved_at) or 0) <= question.now
    return problem.state in OVER
