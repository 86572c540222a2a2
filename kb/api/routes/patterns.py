"""What keeps coming back, and what bursts right now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from kb.api import answers
from kb.api.answers import Page as _Page
from kb.api.answers import RefOut
from kb.api.keys import Asking, needs
from kb.api.paging import Cursor, Limit, cursor, place
from kb.bursts import Burst
from kb.errors import BadSetting, NotFound
from kb.records import Pattern

router = APIRouter(tags=["patterns"])


class PatternOut(BaseModel):
    """A failure that keeps coming back, counted over the tickets this key may see."""

    id: str
    name: str
    size: int
    first_seen: datetime | None
    last_seen: datetime | None
    phrases: list[str]
    dismissed: bool


class PatternTickets(PatternOut):
    """A pattern with the tickets that show it best."""

    examples: list[RefOut]


class PatternPage(_Page):
    """Patterns, biggest first."""

    items: list[PatternOut]


class BurstOut(BaseModel):
    """Tickets alike that came much faster than usual."""

    id: str
    name: str
    pattern: str
    state: str
    tickets: list[RefOut]
    count: int
    usual: float
    minutes: int
    started: datetime
    flagged: datetime
    sentence: str


class BurstsOut(BaseModel):
    """Bursts of the last two weeks, open ones first."""

    items: list[BurstOut]


@router.get("/patterns", summary="List patterns")
def listed(
    asking: Annotated[Asking, needs("patterns")], limit: Limit = 50, cursor: Cursor = None
) -> PatternPage:  # fmt: skip
    """What keeps coming back, biggest first; what people dismissed is left out."""
    found = sorted(asking.desk.patterns(viewer=asking.viewer), key=_order)
    at = place("pattern", cursor)
    if at is not None:
        if len(at) != 2 or not isinstance(at[0], int) or not isinstance(at[1], str):
            raise BadSetting("This cursor is not one of ours: begin again without it.")
        found = [one for one in found if _order(one) > (at[0], at[1])]
    return PatternPage(items=[PatternOut(**_fields(one)) for one in found[:limit]],
                       next=_further(found, limit))  # fmt: skip


@router.get("/patterns/{pattern}", summary="Read a pattern")
def read(
    pattern: Annotated[str, Path(min_length=1, max_length=80)], asking: Annotated[Asking, needs("patterns")]
) -> PatternTickets:  # fmt: skip
    """One pattern by its lasting id, also one that was dismissed or merged."""
    try:
        one = asking.desk.pattern(pattern, viewer=asking.viewer)
    except NotFound as error:
        raise NotFound("There is no such pattern here that this key may see.") from error
    tickets = asking.desk.records("ticket", list(one.examples), viewer=asking.viewer)
    return PatternTickets(**_fields(one), examples=answers.refs(t.ref for t in tickets))


@router.get("/bursts", summary="What bursts right now?")
def bursts(asking: Annotated[Asking, needs("patterns")]) -> BurstsOut:
    """Tickets of one kind that come much faster than this hour and weekday explain."""
    found = asking.desk.bursts(viewer=asking.viewer, now=asking.now)
    return BurstsOut(items=[_burst(one, asking) for one in found])


def _burst(one: Burst, asking: Asking) -> BurstOut:
    tickets = asking.desk.records("ticket", list(one.tickets), viewer=asking.viewer)
    return BurstOut(
        id=one.id, name=one.name, pattern=one.pattern, state=one.state, tickets=answers.refs(t.ref for t in tickets),
        count=one.count, usual=round(one.usual, 3), minutes=one.minutes, started=one.started, flagged=one.flagged,
        sentence=one.sentence,
    )  # fmt: skip


def _order(one: Pattern) -> tuple[int, str]:
    return -one.size, one.id


def _further(found: list[Pattern], limit: int) -> str | None:
    return cursor("pattern", *_order(found[limit - 1])) if len(found) > limit else None


def _fields(one: Pattern) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "size": one.size, "first_seen": one.first_seen,
            "last_seen": one.last_seen, "phrases": list(one.phrases), "dismissed": one.dismissed}  # fmt: skip
