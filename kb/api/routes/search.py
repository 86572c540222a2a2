"""Have we seen this before, and what fixed it?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from kb.api import answers
from kb.api.answers import AnswerOut
from kb.api.keys import Asking, needs
from kb.api.shapes import FilterIn, LikeIn, SearchIn
from kb.records import Filter

router = APIRouter(tags=["search"])


@router.post("/search", summary="Search by words")
def search(asked: SearchIn, asking: Annotated[Asking, needs("search")]) -> AnswerOut:
    """Tickets, articles and known errors that are like these words, the likeliest to help first."""
    found = asking.desk.search(asked.text, viewer=asking.viewer, wanted=_wanted(asked.filter), limit=asked.limit)
    return answers.answer(found)


@router.post("/search/like", summary="Search by a ticket that is here")
def like(asked: LikeIn, asking: Annotated[Asking, needs("search")]) -> AnswerOut:
    """What is like this ticket, and how that was fixed."""
    found = asking.desk.like(asked.number, viewer=asking.viewer, source=asked.source, wanted=_wanted(asked.filter),
                             limit=asked.limit)  # fmt: skip
    return answers.answer(found)


def _wanted(given: FilterIn) -> Filter | None:
    made = Filter(kinds=tuple(given.kinds), categories=tuple(given.categories), services=tuple(given.services),
                  groups=tuple(given.groups), states=tuple(given.states), opened_from=given.opened_from,
                  opened_before=given.opened_before)  # fmt: skip
    return None if made == Filter() else made
