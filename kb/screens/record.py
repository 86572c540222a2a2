"""One record in full: what fixed it, what was reported, everything known of it, its history, and what is like it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import cast

import streamlit as st

from kb.desk import Desk
from kb.errors import NotFound, SeenBeforeError
from kb.library import OURS
from kb.records import ARTICLE_STATES, Article, Link, Mark, Problem, Record, Said, Ticket, Viewer
from kb.screens import feedback, fixed, history, hits, originals, problem
from kb.screens.answers import KINDS, SHOWN, columns
from kb.screens.chrome import empty, notes, remembered
from kb.screens.feedback import About
from kb.screens.paper import Node, Told, button, choice, div, el, field, fold, form, link, prose, sheet, span, submit
from kb.screens.wording import LEVELS, LINES, count, day, moment, now, took

MOST = 500
"""Links of one record that are read."""
Linked = list[tuple[Link, Record]]


def page(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    """Draw the record that the address names; an unknown number is said in one sentence."""
    kind = next(kind for kind in KINDS if where.get(kind))
    top = _back(where)
    try:
        found = desk.record(kind, where[kind], viewer=viewer, source=where.get("source") or None)
    except NotFound as error:
        sheet("record", top, empty("Not here.", str(error)))
        return
    about = About(where.get("q", ""))
    if isinstance(found, Problem):
        problem.draw(desk, viewer, found, top=top, about=about)
        return
    linked = remembered(desk, viewer, ("linked", found.ref), lambda: _linked(desk, viewer, found))
    body = {"ticket": _ticket, "article": _article}[kind](desk, viewer, found, about, linked)
    sheet("record", top, *body, told=partial(_heard, desk, viewer, found, about))
    if isinstance(found, Ticket):
        _alike(desk, viewer, found)


def like(desk: Desk, viewer: Viewer, where: Mapping[str, str]) -> None:
    """Draw what is like the ticket that the address names, and how that was fixed."""
    top = div("over", link("← Search", "search"))
    try:
        found = desk.record("ticket", where["like"], viewer=viewer, source=where.get("source") or None)
    except NotFound as error:
        sheet("record", top, empty("Not here.", str(error)))
        return
    ticket = cast("Ticket", found)
    named = link(f"Open {ticket.number}", "search", **hits.here(ticket))
    sheet("record", top, el("header", "head", el("h1", "long", ticket.title[:300] or "(no title)"),
                            div("row tight small block-s", named)))  # fmt: skip
    _alike(desk, viewer, ticket)


def _back(where: Mapping[str, str]) -> dict[str, object]:
    if where.get("of"):
        return div("over", link("← The pattern", "patterns", pattern=where["of"]))
    if where.get("back"):
        return div("over", link("← Knowledge", "knowledge", show=where["back"]))
    kept = {name: text for name, text in where.items() if name not in (*KINDS, "source")}
    return div("over", link("← Back to the answers" if kept.get("q") else "← Search", "search", **kept))


def _linked(desk: Desk, viewer: Viewer, found: Record) -> tuple[Linked, Linked]:
    """What it was linked to, and the tickets it was linked on."""
    to = desk.links_of(found, viewer=viewer) if isinstance(found, Ticket) else []
    return to, desk.linked_from(found, viewer=viewer, most=MOST)


# --- three kinds --------------------------------------------------------------------------------------------------


def _ticket(desk: Desk, viewer: Viewer, found: Record, about: About, linked: tuple[Linked, Linked]) -> list[Node]:
    ticket, (to, of) = cast("Ticket", found), linked
    told = ticket.state != "open" or ticket.fix or ticket.resolution
    return [
        _title(ticket, [ticket.state or "", ticket.category, ticket.assignment_group]),
        _row_of_buttons(desk, viewer, ticket, about),
        div(
            "record",
            div(
                "",
                hits.fix(ticket, ticket.fix or ticket.resolution, name="record") if told else None,
                el("section", "block", el("h2", "kicker", "What was reported"), _text(ticket.body)),
                _notes(ticket.notes),
                history.answered(to, "Linked as the answer"),
                history.answered(of, "Linked from"),
                history.section(desk, viewer, ticket, to),
            ),
            el("aside", "side block", el("h2", "kicker", "Details"), _list(_details(ticket)), _more(ticket.extra)),
        ),
    ]


def _notes(text: str) -> Node:
    if not text.strip():
        return None
    return div("block", fold("Technicians' notes", prose(text, "body", name="notes-all", most=4000), name="notes"))


def _article(desk: Desk, viewer: Viewer, found: Record, about: About, linked: tuple[Linked, Linked]) -> list[Node]:
    article, (_, of) = cast("Article", found), linked
    details = {
        "Used on": count(len(of), "ticket") + (" or more" if len(of) == MOST else ""),
        "Last used": day(max((made.linked_at for made, _ in of if made.linked_at), default=None)),
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
        _row_of_buttons(desk, viewer, article, about),
        _flags(desk, viewer, article),
        div(
            "record",
            div("", hits.fix(article, article.summary, name="record") if article.summary else None,
                el("section", "block", el("h2", "kicker", "The article"), _text(article.body)),
                _edit(article), history.answered(of, "Tickets it answered"), history.section(desk, viewer, article)),
            el("aside", "side block", el("h2", "kicker", "Details"), _list(details), _set(article),
               _more(article.extra)),
        ),
    ]  # fmt: skip


# --- what a reader does with it -----------------------------------------------------------------------------------


def _row_of_buttons(desk: Desk, viewer: Viewer, record: Record, about: About) -> Node:
    mine = feedback.standing(desk, viewer, [record], about)
    told = st.session_state.get("sb-record", {}).get(record.ref, ())
    return [
        feedback.buttons(record, about, mine.get(record.ref, {})),
        notes(told),
        originals.block(desk, viewer, record),
    ]


def _flags(desk: Desk, viewer: Viewer, record: Record) -> Node:
    """What people said is wrong with it, until somebody settles it."""
    marks = remembered(desk, viewer, ("flags", record.ref), lambda: desk.marks_of(record, viewer=viewer))
    rows = []
    for mark in marks:
        if mark.said == "flag" and mark.undone_at is None and mark.target == record.ref:
            ref = record.ref
            settle = button("Settled", "undo", "quiet", title="Take the flag away", id=str(mark.id), kind=ref.kind,
                            source=ref.source, number=ref.number)  # fmt: skip
            by = " · ".join(text for text in (mark.by and f"by {mark.by}", day(mark.at)) if text)
            rows.append(div("note row tight", el("strong", "", "Flagged: "), mark.note, span("small", by),
                            span("push", settle)))  # fmt: skip
    return div("notes", *rows) if rows else None


def _set(article: Article) -> Node:
    states = [(state, state.capitalize()) for state in ARTICLE_STATES]
    if article.state not in ARTICLE_STATES:
        states.insert(0, (article.state, article.state))
    state = form("state", choice("note", "State", article.state, states, sends=True), look="set")
    owner = form("owner", field("note", "Owner", article.owner, most=120), submit("Save", "little"), look="inline")
    return div("block-s sets", state, fold("Change the owner", owner, name="owner"))


def _edit(article: Article) -> Node:
    """A form for an article that was written here; one from an export is changed where it came from."""
    if article.source != OURS:
        return None
    asks = form("edit", field("title", "Title", article.title, most=200),
                field("body", "Text", article.body, kind="area"), div("row", submit("Save")), look="edit")  # fmt: skip
    return div("block", fold("Edit", asks, name="edit", opened=article.state == "work in progress"))


def _heard(desk: Desk, viewer: Viewer, found: Record, about: About, told: Told) -> None:
    """Keep what the browser sent of this record."""
    name, said = told.get("name"), st.session_state.setdefault("sb-record", {})
    said.pop(found.ref, None)
    if name in ("say", "undo"):
        # The history and the flags below the buttons take back the marks of others too.
        feedback.heard(desk, viewer, about, told)
        return
    try:
        if name == originals.SHOW:
            originals.heard(desk, viewer, found)
        elif name in ("state", "owner"):
            mark = Mark(found.ref, cast("Said", name), note=told.get("note", ""))
            desk.mark(mark, viewer=viewer)
            said[found.ref] = (f"The {name} is now {mark.note.strip() or 'nobody'}. The history takes it back.",)
        elif name == "edit":
            desk.save_article(found.ref, title=told.get("title", ""), body=told.get("body", ""), viewer=viewer)
            said[found.ref] = ("Saved. The next search reads it.",)
    except SeenBeforeError as error:
        said[found.ref] = (str(error),)


# --- the record itself --------------------------------------------------------------------------------------------


def _title(record: Record, chips: list[str]) -> dict[str, object]:
    named = record.title or "(no title)"
    worn = [span("chip", text[:60]) for text in chips if text]
    return el(
        "header",
        "head",
        el("h1", "long" if len(named) > 90 else "", named[:300]),
        div("row tight small block-s", span("number", record.number), *worn),
    )


def _text(text: str) -> dict[str, object]:
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


# --- what is like it ----------------------------------------------------------------------------------------------


def _alike(desk: Desk, viewer: Viewer, ticket: Ticket) -> None:
    """How tickets like this one were fixed, and the answers to it."""
    if not (ticket.title or ticket.body).strip():
        return
    ref, about = ticket.ref, About(ticket=ticket.ref)
    answer = remembered(
        desk, viewer, ("like", ref), lambda: desk.like(ref.number, viewer=viewer, source=ref.source, limit=SHOWN)
    )
    mine = feedback.standing(desk, viewer, [hit.record for hit in (*answer.hits, *answer.nearest)], about)
    body = columns(answer, {}, today=now(), near=not answer.hits,
                   below=lambda one: feedback.buttons(one, about, mine.get(one.ref, {})))  # fmt: skip
    sheet(
        "alike",
        div("gap title-row", el("h2", "", "Like this one" if answer.seen else "Nothing quite like it; closest")),
        notes(answer.notes),
        fixed.block(answer, {}),
        body or el("p", "soft", "Nothing here is like this one."),
        told=partial(feedback.heard, desk, viewer, about),
    )
