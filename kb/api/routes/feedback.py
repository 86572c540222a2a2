"""Feedback: what helped, and what people made of suggestions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from kb.api.keys import Asking, needs
from kb.api.routes.tickets import found
from kb.api.shapes import CorrectionIn, MarkIn
from kb.errors import BadSetting, NotFound
from kb.records import Correction, Mark

router = APIRouter(tags=["feedback"])
_MOST_ID = 2**53


class MarkOut(BaseModel):
    """A mark that was kept; its id takes it back."""

    id: int
    said: str


class Kept(BaseModel):
    """It was kept."""

    kept: bool = True


@router.post("/feedback/marks", summary="Say whether an answer helped")
def mark(asked: MarkIn, asking: Annotated[Asking, needs("feedback")]) -> MarkOut:
    """Kept for good; the next search counts it. "fixed" with a ticket links the two."""
    target = found(asking, asked.target.kind, asked.target.number, asked.target.source).ref
    ticket = None if asked.ticket is None else found(asking, "ticket", asked.ticket.number, asked.ticket.source).ref
    if asked.said == "fixed" and ticket == target:
        raise BadSetting("A ticket cannot be what fixed it: name another target.")
    made = Mark(target, asked.said, by=_by(asked.by, asking), at=asking.now, question=asked.question, ticket=ticket,
                note=asked.note)  # fmt: skip
    kept = asking.desk.mark(made, viewer=asking.viewer)
    return MarkOut(id=kept.id or 0, said=kept.said)


@router.delete("/feedback/marks/{mark}", summary="Take a mark back")
def unmark(
    mark: Annotated[int, Path(ge=1, le=_MOST_ID)], asking: Annotated[Asking, needs("feedback")]
) -> Kept:  # fmt: skip
    """It stays in the history."""
    try:
        asking.desk.undo(mark, viewer=asking.viewer)
    except NotFound as error:
        raise NotFound("There is no such mark here that this key may see.") from error
    return Kept()


@router.post("/feedback/corrections", summary="Say what became of a suggestion")
def correct(asked: CorrectionIn, asking: Annotated[Asking, needs("feedback")]) -> Kept:
    """Accepted, replaced, skipped or undone; kept for good and learnt from."""
    if asked.action in ("accepted", "replaced") and not asked.chosen.strip():
        raise BadSetting("Say in `chosen` what the value is now.")
    ticket = found(asking, "ticket", asked.ticket.number, asked.ticket.source).ref
    said = Correction(ticket, asked.target, asked.suggested, asked.chosen, asked.action, _by(asked.by, asking),
                      asking.now, asked.why, asked.model)  # fmt: skip
    asking.desk.correct(said, viewer=asking.viewer)
    return Kept()


def _by(name: str, asking: Asking) -> str:
    """In whose name: the person the tool says, and always through which key."""
    told = " ".join(name.split())
    return f"{told} ({asking.viewer.name})" if told else asking.viewer.name
