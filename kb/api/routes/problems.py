"""Problems and known errors: listed, read, begun and changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel

from kb.api import answers
from kb.api.answers import ProblemOut, ProblemPage, RefOut
from kb.api.keys import Asking, needs
from kb.api.paging import Cursor, Limit
from kb.api.routes.tickets import NumberPath, SourceQuery, found, page
from kb.api.shapes import NewProblemIn, ProblemChangeIn
from kb.errors import BadSetting
from kb.records import Problem

router = APIRouter(tags=["problems"])
_MOST = 200


class VerdictOut(BaseModel):
    """Did its fix hold?"""

    state: str
    sentence: str
    before: int
    after: int
    expected: float
    when: date | None
    back_since: datetime | None


class WholeProblem(ProblemOut):
    """A problem with the tickets and articles that belong to it, and whether its fix held."""

    tickets: list[RefOut]
    articles: list[RefOut]
    verdict: VerdictOut | None


@router.get("/problems", summary="List problems")
def listed(
    asking: Annotated[Asking, needs("problems")], limit: Limit = 50, cursor: Cursor = None
) -> ProblemPage:  # fmt: skip
    """Problems this key may see, in the order in which they came here, those merged into others included."""
    records, further = page(asking, "problem", limit, cursor)
    return ProblemPage(items=[answers.problem(cast("Problem", one)) for one in records], next=further)


@router.get("/problems/{number:path}", summary="Read a problem")
def read(
    number: NumberPath, asking: Annotated[Asking, needs("problems")], source: SourceQuery = None,
    verdict: Annotated[bool, Query(description="Also say whether its fix held; that takes longer.")] = False,
) -> WholeProblem:  # fmt: skip
    """One problem with what belongs to it."""
    return _whole(cast("Problem", found(asking, "problem", number, source)), asking, verdict=verdict)


@router.post("/problems", summary="Begin a problem", status_code=201)
def begin(asked: NewProblemIn, asking: Annotated[Asking, needs("problems")]) -> ProblemOut:
    """A problem made here, with the tickets it begins with."""
    given = asked.model_dump(exclude_unset=True, exclude={"title", "tickets", "audience"})
    tickets = [found(asking, "ticket", one.number, one.source).ref for one in asked.tickets]
    made = asking.desk.new_problem(viewer=asking.viewer, title=asked.title, now=asking.now, fields=given,
                                   tickets=tickets, audience=asked.audience)  # fmt: skip
    return answers.problem(made)


@router.patch("/problems/{number:path}", summary="Change a problem")
def change(
    number: NumberPath, asked: ProblemChangeIn, asking: Annotated[Asking, needs("problems")],
    source: SourceQuery = None,
) -> ProblemOut:  # fmt: skip
    """Set fields; what is left out stays. Each change stands in the history of the problem and can be undone there."""
    one = found(asking, "problem", number, source)
    changes = asked.model_dump(exclude_unset=True, exclude={"why"})
    if "state" in changes and changes["state"] is None:
        raise BadSetting("A problem always has a state: leave it out, or name one.")
    asking.desk.change_problem(one.ref, changes, viewer=asking.viewer, now=asking.now, why=asked.why)
    return answers.problem(cast("Problem", found(asking, "problem", one.number, one.source)))


def _whole(one: Problem, asking: Asking, *, verdict: bool) -> WholeProblem:
    tickets = [ticket.ref for _, ticket in asking.desk.linked_from(one, viewer=asking.viewer, most=_MOST)]
    articles = [article.ref for article in asking.desk.problem_articles(one, viewer=asking.viewer)]
    judged = asking.desk.verdict(one, viewer=asking.viewer, now=asking.now) if verdict else None
    told = None if judged is None else VerdictOut(
        state=judged.state, sentence=judged.sentence, before=judged.before, after=judged.after,
        expected=round(judged.expected, 2), when=judged.when, back_since=judged.back_since)  # fmt: skip
    return WholeProblem(**answers.problem(one).model_dump(), tickets=answers.refs(tickets),
                        articles=answers.refs(articles), verdict=told)  # fmt: skip
