"""What programs send, as checked shapes: every name known, every text bounded, every number in its range."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from kb.records import State
from kb.text import without_hidden

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_FIRST, _LAST = 1970, 2100


def _moment(value: object) -> object:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return value
    raise ValueError("give a time with its zone, such as 2026-10-05T08:30:00Z")


def _sensible(value: datetime) -> datetime:
    if not _FIRST < value.year < _LAST:
        raise ValueError(f"give a time between {_FIRST} and {_LAST}")
    return value


def _visible(value: str) -> str:
    if not without_hidden(value).strip():
        raise ValueError("give a text that can be read")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment), AfterValidator(_sensible)]
Number = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Source = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_visible)]
Name = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=200_000)]
Question = Annotated[str, Field(min_length=1, max_length=8_000), AfterValidator(_visible)]
Level = Annotated[int, Field(ge=1, le=5)]
Group = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^,;|]+$"), AfterValidator(_visible)]
Groups = Annotated[list[Group], Field(max_length=50)]
Values = Annotated[list[Name], Field(max_length=50)]


class In(BaseModel):
    """Something that is sent: unknown names and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


def example(**given: Any) -> ConfigDict:
    """The settings of a shape that shows an example in the specification."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [given]})


class RefIn(In):
    """The name of a record; without a source, the first of that number."""

    number: Number
    source: Source | None = None


class TargetIn(RefIn):
    """The name of a record of any kind."""

    kind: Literal["ticket", "article", "problem"]


class FilterIn(In):
    """What a search is narrowed down to."""

    kinds: Annotated[list[Literal["ticket", "article", "problem"]], Field(max_length=3)] = []
    categories: Values = []
    services: Values = []
    groups: Values = []
    states: Values = []
    opened_from: Moment | None = None
    opened_before: Moment | None = None


class SearchIn(In):
    """A question: words, and what to narrow down to."""

    model_config = example(text="Outlook keeps asking for the password after the update", limit=5)
    text: Question
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    filter: FilterIn = FilterIn()


class LikeIn(In):
    """What is like this ticket?"""

    model_config = example(number="INC0000042", limit=5)
    number: Number
    source: Source | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    filter: FilterIn = FilterIn()


class NewTicketIn(In):
    """A ticket as it is known when it is opened."""

    model_config = example(title="VPN drops every ten minutes", body="Since this morning, from home, error 809.",
                           service="Remote access", channel="email")  # fmt: skip
    title: Annotated[str, Field(max_length=2_000)] = ""
    body: Text = ""
    opened_at: Moment | None = None
    category: Name = ""
    subcategory: Name = ""
    impact: Level | None = None
    urgency: Level | None = None
    assignment_group: Name = ""
    service: Name = ""
    ci: Name = ""
    location: Name = ""
    department: Name = ""
    channel: Name = ""
    caller: Name = ""
    vip: bool | None = None


class TicketRow(In):
    """A ticket to add or change; fields that are left out stay as they were, ``null`` and "" empty them."""

    number: Number
    title: Annotated[str, Field(max_length=2_000)] | None = None
    body: Text | None = None
    opened_at: Moment | None = None
    resolved_at: Moment | None = None
    closed_at: Moment | None = None
    state: State | None = None
    category: Name | None = None
    subcategory: Name | None = None
    impact: Level | None = None
    urgency: Level | None = None
    priority: Level | None = None
    assignment_group: Name | None = None
    assigned_to: Name | None = None
    line: Literal[1, 2] | None = None
    service: Name | None = None
    ci: Name | None = None
    location: Name | None = None
    department: Name | None = None
    channel: Name | None = None
    caller: Name | None = None
    vip: bool | None = None
    resolution: Text | None = None
    notes: Text | None = None
    close_code: Name | None = None
    reopen_count: Annotated[int, Field(ge=0, le=100_000)] | None = None
    reassignment_count: Annotated[int, Field(ge=0, le=100_000)] | None = None
    made_sla: bool | None = None
    problem: Annotated[str, Field(max_length=200)] | None = None
    parent: Annotated[str, Field(max_length=200)] | None = None
    audience: Groups | None = None


class ArticleRow(In):
    """A knowledge article to add or change; fields that are left out stay as they were."""

    number: Number
    title: Annotated[str, Field(max_length=2_000)] | None = None
    summary: Text | None = None
    body: Text | None = None
    state: Literal["work in progress", "not validated", "validated", "archived"] | None = None
    owner: Name | None = None
    category: Name | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    url: Annotated[str, Field(max_length=2_000)] | None = None
    audience: Groups | None = None


class TicketIn(TicketRow):
    """A ticket to add or change, known by (source, number)."""

    model_config = example(source="servicenow", number="INC0012345", title="VPN drops every ten minutes", state="open",
                           opened_at="2026-10-05T08:30:00Z", body="Since this morning, error 809.")  # fmt: skip
    source: Source


class ArticleIn(ArticleRow):
    """A knowledge article to add or change, known by (source, number)."""

    model_config = example(source="wiki", number="KB0000917", title="VPN: error 809", body="Allow UDP 500 and 4500.",
                           state="validated")  # fmt: skip
    source: Source


class TicketsIn(In):
    """Many tickets of one source: all of them are taken, or none."""

    source: Source
    tickets: Annotated[list[TicketRow], Field(min_length=1, max_length=1_000)]


class ArticlesIn(In):
    """Many articles of one source: all of them are taken, or none."""

    source: Source
    articles: Annotated[list[ArticleRow], Field(min_length=1, max_length=500)]


class LinkIn(In):
    """Somebody said: this target answered that ticket."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [
        {"ticket": {"number": "INC0000042"}, "target": {"kind": "article", "number": "KB0000001"}}]})  # fmt: skip
    ticket: RefIn
    target: TargetIn
    linked_at: Moment | None = None
    generic: bool = False


class MarkIn(In):
    """What a person said of a record as an answer."""

    target: TargetIn
    said: Literal["helpful", "not helpful", "fixed", "flag"]
    question: Annotated[str, Field(max_length=8_000)] = ""
    ticket: RefIn | None = None
    note: Annotated[str, Field(max_length=1_000)] = ""
    by: Annotated[str, Field(max_length=80)] = ""


class CorrectionIn(In):
    """What a person did with a suggestion."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [
        {"ticket": {"number": "INC0000042"}, "target": "category", "suggested": "Network", "chosen": "Software",
         "action": "replaced"}]})  # fmt: skip
    ticket: RefIn
    target: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_visible)]
    suggested: Name | None = None
    chosen: Name = ""
    action: Literal["accepted", "replaced", "skipped", "undone"]
    by: Annotated[str, Field(max_length=80)] = ""
    why: Annotated[str, Field(max_length=1_000)] = ""
    model: Annotated[str, Field(max_length=200)] = ""


class ProblemFields(In):
    """What may be said of a problem."""

    symptom: Annotated[str, Field(max_length=20_000)] | None = None
    probable_cause: Annotated[str, Field(max_length=20_000)] | None = None
    root_cause: Annotated[str, Field(max_length=20_000)] | None = None
    workaround: Annotated[str, Field(max_length=20_000)] | None = None
    fix: Annotated[str, Field(max_length=20_000)] | None = None
    impact: Level | None = None
    owner: Annotated[str, Field(max_length=200)] | None = None
    category: Annotated[str, Field(max_length=200)] | None = None
    service: Annotated[str, Field(max_length=200)] | None = None
    state: Literal["new", "assessing", "root cause known", "fix in progress", "resolved", "closed"] | None = None


class NewProblemIn(ProblemFields):
    """A problem to begin, by hand or from a pattern."""

    model_config = example(title="Certificates of the print servers expire unseen", impact=2)
    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
    tickets: Annotated[list[RefIn], Field(max_length=200)] = []
    audience: Groups = []


class ProblemChangeIn(ProblemFields):
    """Fields of a problem to set; ``why`` stands in its history."""

    model_config = example(state="root cause known", root_cause="The renewal job runs under a locked account.")
    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)] | None = None
    why: Annotated[str, Field(max_length=300)] = ""
