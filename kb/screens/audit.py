"""Who saw and did what? The audit log, narrowed down by person, act and time, and whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kb.audit import ACTS, Entry
from kb.desk import Desk
from kb.records import Viewer
from kb.screens.chrome import address, empty, go, head, with_commands
from kb.screens.paper import Node, Told, choice, div, el, field, form, link, sheet, span, submit
from kb.screens.wording import count, moment

MOST = 50
_NAMED = {"index": "the search index", "models": "models", "patterns": "patterns", "import": "an import",
          "audit": "the audit log", "tickets": "all tickets", "articles": "all articles", "problems": "all problems",
          "links": "all links", "report": "a report", "suggestions": "suggestions for a file"}  # fmt: skip


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the state of the chain, the filter and the rows."""
    where = address()
    first, last = _day(where.get("since", "")), _day(where.get("until", ""))
    before = int(where["before"]) if where.get("before", "").isdecimal() and len(where["before"]) < 12 else None
    act = where.get("act", "") if where.get("act", "") in ACTS else ""
    found = desk.audit(
        viewer=viewer, since=first, until=None if last is None else last + timedelta(days=1), by=where.get("by", ""),
        act=act, before=before, most=MOST + 1,
    )  # fmt: skip
    shown, numbers = found[:MOST], desk.audit_numbers(found[:MOST], viewer=viewer)
    lead = "Every act and every opened record, by number and never by its words. Rows are only ever added."
    sheet(
        "audit",
        head("Who saw and did what?", lead),
        _state(desk, viewer),
        _filter(desk, viewer, where, act),
        _table(shown, numbers) if shown else div("gap", empty("Nothing here.", "No row of the log is of that kind.")),
        _more(where, shown) if len(found) > MOST else None,
        told=_heard,
    )


def _state(desk: Desk, viewer: Viewer) -> Node:
    found = desk.audit_state(viewer=viewer)
    if found is None:
        sentence = "The log is too long to be checked while you wait: `seenbefore audit verify`"
        return div("notes", div("note", *with_commands(sentence), role="status"))
    if not found.whole:
        rows = (div("note", sentence, role="status") for sentence in found.trouble)
        return div("notes", *rows)
    hint = "Keep its head elsewhere, and a log that was cut short or written anew is found out: `seenbefore audit head`"
    words = f"The chain is whole: {count(found.head.id, 'row')}."
    mark = span("mono small soft", f"head {found.head.hash[:12]}") if found.head.id else None
    return div("card", div("row", el("strong", "", words), mark),
               el("p", "small soft block-s", *with_commands(hint)))  # fmt: skip


def _filter(desk: Desk, viewer: Viewer, where: Mapping[str, str], act: str) -> Node:
    people = [("", "Everybody"), *((name, name) for name in desk.audit_people(viewer=viewer))]
    by = where.get("by", "")
    if by not in dict(people):
        people.append((by, by))
    acts = [("", "Everything"), *((one, one[:1].upper() + one[1:]) for one in sorted(ACTS))]
    fields = (
        choice("by", "Who", by, people, sends=True), choice("act", "Did what", act, acts, sends=True),
        field("since", "From", where.get("since", ""), kind="date"),
        field("until", "To", where.get("until", ""), kind="date"),
        submit("Show", ""),
    )  # fmt: skip
    return div("gap", form("narrow", *fields, look="correct"))


def _table(rows: Sequence[Entry], numbers: Mapping[str, str]) -> Node:
    heads = (el("th", "", name) for name in ("When", "Who", "Did", "On", "More"))
    body = (
        el("tr", "", el("td", "small", f"{moment(one.at)}"), el("td", "", one.by or "the program", _via(one)),
           el("td", "nowrap", one.act), el("td", "", _subject(one, numbers)), el("td", "small soft", _detail(one)))
        for one in rows
    )  # fmt: skip
    table = el("table", "table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *body))
    return div("card scroll gap", table)


def _via(one: Entry) -> Node:
    return div("small soft", one.via) if one.via else None


def _subject(one: Entry, numbers: Mapping[str, str]) -> Node:
    kind, _, rest = one.subject.partition(":")
    if one.target is not None:
        number = numbers.get(one.subject)
        if number is None:
            return span("soft", f"{kind} {rest}, gone or not yours to see")
        return (
            link(number, "problems", problem=number) if kind == "problem" else link(number, "search", **{kind: number})
        )
    if kind == "pattern":
        return link(rest, "patterns", pattern=rest)
    return " ".join((_NAMED.get(kind, kind), rest)).strip()


def _detail(one: Entry) -> str:
    parts = []
    for name, value in one.detail.items():
        shown = ", ".join(map(str, value[:8])) + (" …" if len(value) > 8 else "") if isinstance(value, list) else value
        parts.append(str(shown) if name == "what" else f"{name.replace('_', ' ')} {shown}")
    return " · ".join(parts)


def _more(where: Mapping[str, str], rows: Sequence[Entry]) -> Node:
    kept = {name: where.get(name, "") for name in ("by", "act", "since", "until")}
    return div("gap", link("Earlier rows →", "audit", **kept, before=str(rows[-1].id)))


def _heard(sent: Told) -> None:
    if sent.get("name") == "narrow":
        go({name: sent.get(name, "").strip()[:80] for name in ("by", "act", "since", "until")})


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
