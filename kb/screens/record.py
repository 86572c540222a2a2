"""One record in full: what fixed it, what was reported, everything known of it, and what is like it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import cast

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound, SeenBeforeError
from kb.records import Article, Filter, Kind, Link, Mark, Record, Ref, Ticket, Viewer
from kb.screens import hits
from kb.screens.answers import ask, columns
from kb.screens.chrome import empty, remembered
from kb.screens.paper import Node, Told, div, el, fold, link, prose, sheet, span
from kb.screens.wording import LEVELS, LINES, count, day, moment, now, took


def page(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    """Draw the record that the address names; an unknown number is said in one sentence."""
    kind: Kind = "ticket" if where.get("ticket") else "article"
    back = {name: text for name, text in where.items() if name not in ("ticket", "article", "source")}
    top = div("over", link("← Back to the answers" if back.get("q") else "← Search", "search", **back))
    try:
        found = desk.record(kind, where[kind], viewer=viewer, source=where.get("source") or None)
    except NotFound as error:
        sheet("record", top, empty("Not here.", str(error)))
        return
    body = _ticket(desk, viewer, found) if isinstance(found, Ticket) else _article(found)
    sheet("record", top, *body)
    if isinstance(found, Ticket):
        _alike(desk, viewer, found)


def _ticket(desk: Desk, viewer: Viewer, ticket: Ticket) -> list[Node]:
    linked = desk.links_of(ticket, viewer=viewer)
    return [
        _title(ticket, [ticket.state or "", ticket.category, ticket.assignment_group]),
        div(
            "record",
            div(
                "",
                hits.fix(ticket, ticket.fix or ticket.resolution, name="record") if ticket.state != "open" else None,
                el("section", "block", el("h2", "kicker", "What was reported"), _reported(ticket.body)),
                _links(linked),
                _history(desk, viewer, ticket),
            ),
            el("aside", "side block", el("h2", "kicker", "Details"), _list(_details(ticket)), _more(ticket.extra)),
        ),
    ]


def _article(article: Article) -> list[Node]:
    details = {
        "State": article.state,
        "Owner": article.owner,
        "Category": article.category,
        "Written": day(article.created_at),
        "Updated": day(article.updated_at),
        "Source": article.source,
        "Address": article.url,
        "Only for": ", ".join(article.audience),
    }
    return [
        _title(article, [article.state, article.category]),
        div(
            "record",
            div("", hits.fix(article, article.summary, name="record") if article.summary else None,
                el("section", "block", el("h2", "kicker", "The article"), _reported(article.body))),
            el("aside", "side block", el("h2", "kicker", "Details"), _list(details), _more(article.extra)),
        ),
    ]  # fmt: skip


def _title(record: Record, chips: list[str]) -> dict[str, object]:
    named = record.title or "(no title)"
    worn = [span("chip", text[:60]) for text in chips if text]
    return el(
        "header",
        "head",
        el("h1", "long" if len(named) > 90 else "", named[:300]),
        div("row tight small block-s", span("number", record.number), *worn),
    )


def _reported(text: str) -> dict[str, object]:
    return prose(text, "body", name="body", most=4000) if text.strip() else el("p", "soft", "Nothing was written here.")


def _details(ticket: Ticket) -> dict[str, str]:
    level = {name: "" if value is None else str(value) for name, value in
             (("impact", ticket.impact), ("urgency", ticket.urgency), ("line", ticket.line))}  # fmt: skip
    return {
        "Opened": moment(ticket.opened_at),
        "Resolved": moment(ticket.resolved_at),
        "Took": took(ticket.minutes_to_resolve),
        "Closed": moment(ticket.closed_at) if ticket.closed_at != ticket.resolved_at else "",
        "Priority": "" if ticket.priority is None else f"P{ticket.priority}",
        "Impact": LEVELS.get(level["impact"], level["impact"]),
        "Urgency": LEVELS.get(level["urgency"], level["urgency"]),
        "Line": LINES.get(level["line"], level["line"]),
        "Category": " › ".join(text for text in (ticket.category, ticket.subcategory) if text),
        "Service": ticket.service,
        "Item": ticket.ci,
        "Group": ticket.assignment_group,
        "Assigned to": ticket.assigned_to,
        "Caller": ticket.caller + (" (VIP)" if ticket.vip else ""),
        "Department": ticket.department,
        "Location": ticket.location,
        "Came by": ticket.channel,
        "Close code": ticket.close_code,
        "Reopened": count(ticket.reopen_count, "time") if ticket.reopen_count else "",
        "Passed on": count(ticket.reassignment_count, "time") if ticket.reassignment_count else "",
        "Problem": ticket.problem,
        "Parent": ticket.parent,
        "Source": ticket.source,
        "Only for": ", ".join(ticket.audience),
    }


def _list(pairs: Mapping[str, str]) -> dict[str, object]:
    rows: list[Node] = []
    for name, text in pairs.items():
        if text:
            rows += [el("dt", "", name), el("dd", "", text[:300])]
    return el("dl", "list", *rows)


def _more(extra: Mapping[str, str]) -> Node:
    given = {name[:60]: text for name, text in extra.items() if text}
    return div("block", fold(f"{len(given)} more fields", _list(given), name="extra")) if given else None


def _links(linked: list[tuple[Link, Record]]) -> Node:
    if not linked:
        return None
    rows = []
    for made, target in linked:
        by = " · ".join(text for text in (made.by and f"by {made.by}", day(made.linked_at)) if text)
        named = link(target.title or target.number, "search", **hits.here(target))
        rows.append(el("li", "", div("", named), div("facts", span("", span("number", target.number)),
                    span("", target.ref.kind), span("", by) if by else None)))  # fmt: skip
    return el("section", "block", el("h2", "kicker", "Linked as the answer"), el("ul", "lines", *rows))


def _history(desk: Desk, viewer: Viewer, ticket: Ticket) -> Node:
    """What people said of our suggestions for this ticket, where the desk can tell."""
    rows = [
        el("li", "small", f"{c.target}: {c.action} {c.chosen}".strip(), span("soft", f" · {c.by} · {day(c.at)}"))
        for c in desk.corrections_of(ticket, viewer=viewer)
    ]
    return el("section", "block", el("h2", "kicker", "Triage"), el("ul", "lines", *rows)) if rows else None


def _alike(desk: Desk, viewer: Viewer, ticket: Ticket) -> None:
    text = "\n".join(part for part in (ticket.title, ticket.body) if part).strip()
    if not text:
        return
    without = Filter(exclude=(ticket.ref,))
    answer = remembered(desk, viewer, ("like", ticket.ref), lambda: ask(desk, viewer, text, without))
    said = st.session_state.get("sb-solved", {}).get(ticket.ref, "")
    body = columns(answer, {}, today=now(), near=not answer.hits, solves=ticket.state in ("open", "on hold"))
    sheet(
        "alike",
        div("gap title-row", el("h2", "", "Like this one" if answer.seen else "Nothing quite like it; closest")),
        div("note", said, role="status") if said else None,
        body or el("p", "soft", "Nothing here is like this one."),
        told=partial(_solved, desk, viewer, ticket.ref),
    )


def _solved(desk: Desk, viewer: Viewer, ticket: Ref, told: Told) -> None:
    """Remember which record answered this ticket."""
    if told.get("name") != "solved" or told.get("kind") not in ("ticket", "article"):
        return
    said = st.session_state.setdefault("sb-solved", {})
    target = Ref(cast("Kind", told["kind"]), told.get("source", ""), told.get("number", ""))
    try:
        desk.mark(Mark(target, "fixed", ticket=ticket), viewer=viewer)
    except SeenBeforeError as error:
        said[ticket] = str(error)
    else:
        said[ticket] = f"Noted: {target.number} answered {ticket.number}. The next search counts it."
