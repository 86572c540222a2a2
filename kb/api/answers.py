"""What programs get back, as shapes, and how records and answers become them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from kb.intake import Taken
from kb.records import Answer, Article, Hit, Problem, Record, Ref, Ticket
from kb.tables import Remark

LONGEST = 20_000
"""Characters of one text in an answer."""


class RefOut(BaseModel):
    """The name of a record."""

    kind: str
    source: str
    number: str


class TicketOut(BaseModel):
    """A ticket. 1 is the highest impact, urgency and priority; times are UTC."""

    source: str
    number: str
    title: str
    body: str
    opened_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    state: str | None
    category: str
    subcategory: str
    impact: int | None
    urgency: int | None
    priority: int | None
    assignment_group: str
    assigned_to: str
    line: int | None
    service: str
    ci: str
    location: str
    department: str
    channel: str
    caller: str
    vip: bool | None
    resolution: str
    close_code: str
    reopen_count: int | None
    reassignment_count: int | None
    made_sla: bool | None
    problem: str
    parent: str
    audience: list[str]


class ArticleOut(BaseModel):
    """A knowledge article."""

    source: str
    number: str
    title: str
    summary: str
    body: str
    state: str
    owner: str
    category: str
    created_at: datetime | None
    updated_at: datetime | None
    url: str
    audience: list[str]


class ProblemOut(BaseModel):
    """A problem record."""

    source: str
    number: str
    title: str
    symptom: str
    impact: int | None
    probable_cause: str
    root_cause: str
    workaround: str
    fix: str
    owner: str
    state: str
    category: str
    service: str
    pattern: str
    known_error: bool
    created_at: datetime | None
    updated_at: datetime | None
    resolved_at: datetime | None
    audience: list[str]


class Page(BaseModel):
    """One page of a list."""

    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class TicketPage(Page):
    """Tickets, in the order in which they came here."""

    items: list[TicketOut]


class ArticlePage(Page):
    """Articles, in the order in which they came here."""

    items: list[ArticleOut]


class ProblemPage(Page):
    """Problems, in the order in which they came here."""

    items: list[ProblemOut]


class HitOut(BaseModel):
    """One answer: the record, how likely it helps (in [0, 1]), and why."""

    kind: str
    source: str
    number: str
    title: str
    state: str | None
    relevance: float
    score: float
    exact: bool
    why: list[str]
    snippet: str
    resolution: str


class FixOut(BaseModel):
    """One way in which tickets like this were resolved, word for word, with the tickets it is from."""

    text: str
    cited: list[RefOut]
    of: int
    minutes: float | None
    reopened: int
    proven: float
    articles: list[RefOut]


class StepOut(BaseModel):
    """A question to ask or a step to take, word for word."""

    text: str
    asks: bool
    cited: list[RefOut]


class AnswerOut(BaseModel):
    """Have we seen this before, and what fixed it?"""

    seen: bool
    hits: list[HitOut]
    nearest: list[HitOut]
    fixes: list[FixOut]
    steps: list[StepOut]
    looked_at: dict[str, int]
    notes: list[str]
    seconds: float


class RemarkOut(BaseModel):
    """Something about a row that was taken: a cell was cut, cleaned, or nobody could read it."""

    row: int
    field: str
    reason: str


class TakenOut(BaseModel):
    """What became of what was sent, as this key sees it: a record that it may not see counts like one that is new."""

    taken: int = Field(description="How many were taken: all of them.")
    added: int | None = Field(description="Null where the sender reads nothing, as a webhook.")
    updated: int | None
    unchanged: int | None
    remarks: list[RemarkOut]


class ErrorOut(BaseModel):
    """Where a value cannot be used."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class RowOut(BaseModel):
    """A row that cannot be taken; the first is 1."""

    row: int
    field: str
    value: str
    reason: str


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorOut] | None = None
    rows: list[RowOut] | None = None


def ref(one: Ref) -> RefOut:
    """The name of a record."""
    return RefOut(kind=one.kind, source=one.source, number=one.number)


def _fields(shape: type[BaseModel], one: Record) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in shape.model_fields if hasattr(one, name)}
    cut = {name: value[:LONGEST] for name, value in found.items() if isinstance(value, str)}
    return {**found, **cut, "audience": list(one.audience)}


def ticket(one: Ticket) -> TicketOut:
    """A ticket as programs get it."""
    return TicketOut(**_fields(TicketOut, one))


def article(one: Article) -> ArticleOut:
    """An article as programs get it."""
    return ArticleOut(**_fields(ArticleOut, one))


def problem(one: Problem) -> ProblemOut:
    """A problem as programs get it."""
    return ProblemOut(**_fields(ProblemOut, one), known_error=one.is_known_error)


def hit(one: Hit) -> HitOut:
    """A hit as programs get it."""
    its = one.record
    return HitOut(
        kind=its.ref.kind, source=its.source, number=its.number, title=its.title[:2_000], state=its.state,
        relevance=round(float(one.relevance), 4), score=round(float(one.score), 4), exact=one.exact,
        why=list(one.why), snippet=one.snippet[:2_000], resolution=one.resolution[:LONGEST],
    )  # fmt: skip


def answer(one: Answer) -> AnswerOut:
    """An answer as programs get it."""
    return AnswerOut(
        seen=one.seen, hits=[hit(h) for h in one.hits], nearest=[hit(h) for h in one.nearest],
        fixes=[FixOut(text=f.text, cited=refs(f.cited), of=f.of, minutes=f.minutes, reopened=f.reopened,
                      proven=f.proven, articles=refs(f.articles)) for f in one.fixes],
        steps=[StepOut(text=s.text, asks=s.asks, cited=refs(s.cited)) for s in one.steps],
        looked_at=dict(one.looked_at), notes=list(one.notes), seconds=round(one.seconds, 4),
    )  # fmt: skip


def refs(found: Iterable[Ref]) -> list[RefOut]:
    """Names of records."""
    return [ref(one) for one in found]


def taken(done: Taken) -> TakenOut:
    """What became of rows."""
    told = done.change
    return TakenOut(
        taken=len(done.refs), added=told.added if told else None, updated=told.updated if told else None,
        unchanged=told.unchanged if told else None, remarks=[_remark(one) for one in done.remarks],
    )  # fmt: skip


def _remark(one: Remark) -> RemarkOut:
    return RemarkOut(row=one.row, field=one.column, reason=one.reason)
