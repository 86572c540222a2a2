"""Tickets: read, listed, added and changed one by one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query

from kb.api import answers
from kb.api.answers import TakenOut, TicketOut, TicketPage
from kb.api.keys import Asking, needs
from kb.api.paging import Cursor, Limit, cursor, place
from kb.api.shapes import In, TicketIn, TicketsIn
from kb.errors import NotFound
from kb.intake import Taken, take
from kb.records import Kind, Record, Ticket

router = APIRouter(tags=["tickets"])
NumberPath = Annotated[str, Path(min_length=1, max_length=200, description="The number of the record.")]
SourceQuery = Annotated[str | None, Query(max_length=80, description="Name of the tool it comes from.")]


@router.get("/tickets", summary="List tickets")
def listed(
    asking: Annotated[Asking, needs("tickets:read")], limit: Limit = 50, cursor: Cursor = None
) -> TicketPage:  # fmt: skip
    """Tickets this key may see, in the order in which they came here; new ones come on the last page."""
    found, further = page(asking, "ticket", limit, cursor)
    return TicketPage(items=[answers.ticket(cast("Ticket", one)) for one in found], next=further)


@router.get("/tickets/{number:path}", summary="Read a ticket")
def read(
    number: NumberPath, asking: Annotated[Asking, needs("tickets:read")], source: SourceQuery = None
) -> TicketOut:  # fmt: skip
    """One ticket; one that this key may not see is answered like one that is not here."""
    return answers.ticket(cast("Ticket", found(asking, "ticket", number, source)))


@router.post("/tickets", summary="Add or change a ticket")
def upsert(asked: TicketIn, asking: Annotated[Asking, needs("tickets:write")]) -> TakenOut:
    """Known by (source, number); searched from the next question on."""
    return answers.taken(taken(asking, "ticket", asked.source, [asked]))


@router.post("/batch/tickets", summary="Add or change many tickets")
def batch(asked: TicketsIn, asking: Annotated[Asking, needs("tickets:write")]) -> TakenOut:
    """All are taken, or none and each bad row is named."""
    return answers.taken(taken(asking, "ticket", asked.source, asked.tickets))


def found(asking: Asking, kind: Kind, number: str, source: str | None) -> Record:
    """The record of that number. Raises ``NotFound``, hidden and absent alike."""
    try:
        return asking.desk.record(kind, number, viewer=asking.viewer, source=source or None)
    except NotFound as error:
        raise NotFound(f"There is no {kind} of that number here that this key may see.") from error


def page(asking: Asking, kind: Kind, limit: int, given: str | None) -> tuple[list[Record], str | None]:
    """Records after the cursor, and the cursor for those behind them."""
    at = place(kind, given)
    after = int(at[0]) if at else 0
    records = asking.desk.store.page(kind, asking.viewer, after=after, most=limit + 1)
    further = cursor(kind, records[limit - 1].id) if len(records) > limit else None
    return records[:limit], further


def taken(asking: Asking, kind: Kind, source: str, sent: Sequence[In]) -> Taken:
    """Write what was sent, all of it or nothing. Raises ``RowsRefused``."""
    rows = [one.model_dump(mode="json", exclude_unset=True, exclude={"source"}) for one in sent]
    return take(asking.desk.store, kind, rows, source=" ".join(source.split()), viewer=asking.viewer)
