"""What is this new ticket, how urgent is it, and who takes it? With a note to write back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kb.api import answers
from kb.api.answers import HitOut, RefOut
from kb.api.keys import Asking, needs
from kb.api.notes import autofill, note
from kb.api.shapes import NewTicketIn, RefIn
from kb.records import Prediction, Suggestion, Ticket
from kb.text import prepare

router = APIRouter(tags=["triage"])


class Guess(BaseModel):
    """One value and its probability in [0, 1]."""

    value: str
    probability: float


class PredictionOut(BaseModel):
    """One target; where we are not sure the value is null and the reason says why."""

    target: str
    value: str | None
    confidence: float
    alternatives: list[Guess]
    reason: str
    code: str
    telling: list[str]


class LineOut(BaseModel):
    """The line, and what the past says for or against it."""

    line: int | None
    sentence: str
    cited: list[RefOut]


class AskOut(BaseModel):
    """A question to the caller."""

    text: str
    why: str


class SuggestionOut(BaseModel):
    """What the ticket seems to be, why, and what may be written back."""

    predictions: list[PredictionOut]
    priority: int | None
    priority_why: str
    raised: list[str]
    line: LineOut | None
    neighbours: list[HitOut]
    questions: list[AskOut]
    known_error: HitOut | None
    model: str
    note: str = Field(description="Plain text for a private note on the ticket; names only records for everybody.")
    autofill: dict[str, str] = Field(
        description="Fields that may be set without asking: only targets in the mode autofill that have a promise, and "
        "only where it is kept. Empty unless the desk chose so."
    )


@router.post("/triage", summary="Suggest for a new ticket")
def triage(asked: NewTicketIn, asking: Annotated[Asking, needs("triage")]) -> SuggestionOut:
    """A suggestion for a ticket that need not be stored here."""
    given = {name: value for name in NewTicketIn.model_fields if (value := getattr(asked, name)) is not None}
    return _suggested(asking, prepare(Ticket("api", "", **given)))


@router.post("/triage/stored", summary="Suggest for a ticket that is here")
def stored(asked: RefIn, asking: Annotated[Asking, needs("triage")]) -> SuggestionOut:
    """A suggestion for a stored ticket; it is remembered, so that it can be judged by what came true."""
    found = asking.desk.record("ticket", asked.number, viewer=asking.viewer, source=asked.source)
    return _suggested(asking, found)  # type: ignore[arg-type]


def _suggested(asking: Asking, ticket: Ticket) -> SuggestionOut:
    made = asking.desk.triage([ticket], viewer=asking.viewer)[0]
    return _out(made, note=note(made), filled=autofill(made, asking.desk.policy))


def _out(one: Suggestion, *, note: str, filled: dict[str, str]) -> SuggestionOut:
    line = one.line
    return SuggestionOut(
        predictions=[_prediction(p) for p in one.predictions.values()], priority=one.priority,
        priority_why=one.priority_why, raised=list(one.raised),
        line=None if line is None else LineOut(line=line.line, sentence=line.sentence, cited=answers.refs(line.cited)),
        neighbours=[answers.hit(h) for h in one.neighbours],
        questions=[AskOut(text=q.text, why=q.why) for q in one.questions],
        known_error=None if one.known_error is None else answers.hit(one.known_error), model=one.model, note=note,
        autofill=filled,
    )  # fmt: skip


def _prediction(one: Prediction) -> PredictionOut:
    return PredictionOut(
        target=one.target, value=one.value, confidence=round(float(one.confidence), 4), reason=one.reason,
        code=one.code, telling=list(one.telling),
        alternatives=[Guess(value=v, probability=round(float(p), 4)) for v, p in one.alternatives],
    )  # fmt: skip
