"""Knowledge: articles, and which of them answered which ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel

from kb.access import require
from kb.api import answers
from kb.api.answers import ArticleOut, ArticlePage, RefOut, TakenOut
from kb.api.keys import Asking, needs
from kb.api.paging import Cursor, Limit
from kb.api.routes.tickets import NumberPath, SourceQuery, found, page, taken
from kb.api.shapes import ArticleIn, ArticlesIn, LinkIn
from kb.errors import BadSetting
from kb.records import Article, Link, Ticket

router = APIRouter(tags=["knowledge"])


class LinkOut(BaseModel):
    """What a ticket was linked to, by whom and when."""

    ticket: RefOut
    target: RefOut
    title: str
    linked_at: datetime | None
    by: str
    origin: str
    generic: bool


class LinksOut(BaseModel):
    """The links of one ticket."""

    items: list[LinkOut]


class LinkedOut(BaseModel):
    """Whether the link is new."""

    added: int


@router.get("/articles", summary="List articles")
def listed(
    asking: Annotated[Asking, needs("knowledge")], limit: Limit = 50, cursor: Cursor = None
) -> ArticlePage:  # fmt: skip
    """Articles this key may see, in the order in which they came here."""
    records, further = page(asking, "article", limit, cursor)
    return ArticlePage(items=[answers.article(cast("Article", one)) for one in records], next=further)


@router.get("/articles/{number:path}", summary="Read an article")
def read(
    number: NumberPath, asking: Annotated[Asking, needs("knowledge")], source: SourceQuery = None
) -> ArticleOut:  # fmt: skip
    """One article."""
    return answers.article(cast("Article", found(asking, "article", number, source)))


@router.post("/articles", summary="Add or change an article")
def upsert(asked: ArticleIn, asking: Annotated[Asking, needs("knowledge")]) -> TakenOut:
    """Known by (source, number); searched from the next question on."""
    return answers.taken(taken(asking, "article", asked.source, [asked]))


@router.post("/batch/articles", summary="Add or change many articles")
def batch(asked: ArticlesIn, asking: Annotated[Asking, needs("knowledge")]) -> TakenOut:
    """All are taken, or none and each bad row is named."""
    return answers.taken(taken(asking, "article", asked.source, asked.articles))


@router.get("/links", summary="List the links of a ticket")
def links(
    asking: Annotated[Asking, needs("knowledge")],
    ticket: Annotated[str, Query(min_length=1, max_length=200, description="Number of the ticket.")],
    source: SourceQuery = None,
) -> LinksOut:
    """What this ticket was linked to, of what this key may see."""
    its = cast("Ticket", found(asking, "ticket", ticket, source))
    rows = asking.desk.links_of(its, viewer=asking.viewer)
    return LinksOut(items=[
        LinkOut(ticket=answers.ref(link.ticket), target=answers.ref(link.target), title=target.title[:2_000],
                linked_at=link.linked_at, by=link.by, origin=link.origin, generic=link.generic)
        for link, target in rows
    ])  # fmt: skip


@router.post("/links", summary="Link a ticket to what answered it")
def link(asked: LinkIn, asking: Annotated[Asking, needs("knowledge")]) -> LinkedOut:
    """Say that an article, a problem or another ticket answered a ticket; the next search counts it."""
    require(asking.viewer, "link")
    ticket = found(asking, "ticket", asked.ticket.number, asked.ticket.source)
    target = found(asking, asked.target.kind, asked.target.number, asked.target.source)
    if ticket.ref == target.ref:
        raise BadSetting("A ticket cannot answer itself: name another target.")
    if target.ref.kind == "problem":
        asking.desk.link_problem(target.ref, ticket.ref, viewer=asking.viewer, now=asking.now)
        return LinkedOut(added=1)
    made = Link(ticket.ref, target.ref, asked.linked_at or asking.now, asking.viewer.name, "api", asked.generic)
    change, _ = asking.desk.store.link([made])
    return LinkedOut(added=change.added)
