"""Suggestions for a file of new tickets: upload a table, look at it, take the suggested table away again."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import streamlit as st

from kb.desk import Desk
from kb.errors import NotATable, SeenBeforeError
from kb.policy import target_of
from kb.records import Suggestion, Ticket, Viewer
from kb.screens.chrome import head, notes, remembered
from kb.screens.paper import div, el, link, sheet
from kb.screens.wording import count, target, value
from kb.tables import Asked, BadRow, Understanding, rows, understand
from kb.tables.mapping import plainly
from kb.tables.write import write_csv, write_xlsx

LARGEST = 20 * 1024**2
"""Bytes of a file; the same limit as the server has."""
MOST = 5_000
"""Tickets of a file that a page answers; more is work for the command line."""
_AT_ONCE, _PREVIEW, _TELLING = 100, 25, 2
_KINDS = ["csv", "tsv", "txt", "xlsx", "json", "jsonl"]
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = ("number", "title", "category", "assignment_group", "line", "priority")
Said = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A table of suggestions, ready to be written, and what was left out of it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    refused: int = 0
    notes: tuple[str, ...] = ()


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the page for a file of tickets."""
    lead = "One row a ticket, as your ticket tool exports it: CSV, Excel or JSON. Nothing is stored, nothing leaves."
    back = link("← The queue", "triage")
    sheet("batch-head", div("over", back), head("What are they, and who takes them?", lead), notes(desk.warnings()))
    given = st.file_uploader(f"A table of new tickets, up to {LARGEST // 1024**2} MB and {MOST:,} rows", type=_KINDS)
    if given is None:
        return
    data = given.getvalue()
    key = ("batch", hashlib.sha256(data).hexdigest(), desk.triage_with.models.name, repr(desk.policy))
    try:
        made = remembered(desk, viewer, key, lambda: _with_progress(desk, viewer, data))
    except SeenBeforeError as error:
        sheet("batch", div("block", notes((str(error),))))
        return
    name = Path(given.name).stem[:80] or "tickets"
    left, right = st.columns(2, width=520)
    left.download_button("Download as CSV", lambda: as_csv(made), f"{name}-suggested.csv", "text/csv",
                         on_click="ignore", width="stretch")  # fmt: skip
    right.download_button("Download as Excel", lambda: as_xlsx(made), f"{name}-suggested.xlsx", _SHEET,
                          on_click="ignore", width="stretch")  # fmt: skip
    sheet("batch", *_preview(made))


def _with_progress(desk: Desk, viewer: Viewer, data: bytes) -> Suggested:
    bar = st.progress(0.0, "Reading the file")

    def say(done: int, of: int) -> None:
        bar.progress(done / max(1, of), f"{done:,} of {count(of, 'ticket')}")

    try:
        return suggested(desk, data, viewer=viewer, say=say)
    finally:
        bar.empty()


def suggested(desk: Desk, data: bytes, *, viewer: Viewer, say: Said = lambda done, of: None) -> Suggested:
    """One row a ticket of the file, in its order. Raises ``NotATable`` for what is too large or no list of tickets."""
    if len(data) > LARGEST:
        raise NotATable(f"The file is larger than {LARGEST // 1024**2} MB: run `seenbefore triage FILE`.")
    understood = _understood(data)
    found = list(islice(rows(understood), 0, 3 * MOST))
    tickets = [row for row in found if isinstance(row, Ticket)]
    refused = sum(isinstance(row, BadRow) for row in found)
    if len(tickets) > MOST:
        raise NotATable(f"The file has more than {MOST:,} tickets: split it, or run `seenbefore triage FILE`.")
    made: list[Suggestion] = []
    for start in range(0, len(tickets), _AT_ONCE):
        say(start, len(tickets))
        made += desk.triage(tickets[start : start + _AT_ONCE], viewer=viewer)
    names = list(dict.fromkeys(name for one in made for name in one.predictions))
    header = ["number", "title", *(f"{name}{what}" for name in names for what in ("", " sure", " why"))]
    header += ["priority", "priority why"]
    return Suggested(tuple(header), tuple(_line(one, names) for one in made), refused, understood.table.notes)


def _understood(data: bytes) -> Understanding:
    """What the file is: tickets, unless two columns say that it is a list of something else."""
    found = understand(data, Asked())
    if found.kind == "tickets":
        return found
    telling = sum(plainly(column) in found.preset.telling for column in found.table.header)
    if telling >= _TELLING or found.kind == "links":
        raise NotATable(f"The file is a list of {found.kind}, not of tickets: export the new tickets.")
    return understand(data, Asked(preset="generic"))


def _line(suggestion: Suggestion, names: Sequence[str]) -> tuple[str, ...]:
    ticket = suggestion.ticket
    cells = [ticket.number, ticket.title]
    for name in names:
        guess, given = suggestion.predictions.get(name), target_of(ticket, name)
        if given:
            cells += [given, "", "as the ticket says"]
        elif guess is None:
            cells += ["", "", ""]
        else:
            sure = f"{guess.confidence:.2f}" if guess.alternatives else ""
            because = f"because of: {', '.join(guess.telling)}" if guess.telling else ""
            cells += [guess.value or "", sure, guess.reason or because]
    priority = "" if suggestion.priority is None else str(suggestion.priority)
    return (*cells, priority, " ".join((suggestion.priority_why, *suggestion.raised)))


def as_csv(made: Suggested) -> bytes:
    """The table as CSV that Excel opens in the right encoding; no cell can become a formula."""
    stream = io.StringIO(newline="")
    write_csv(stream, made.header, made.rows)
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(made: Suggested) -> bytes:
    """The table as a workbook of plain strings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suggested.xlsx"
        write_xlsx(path, made.header, made.rows)
        return path.read_bytes()


def _preview(made: Suggested) -> list[dict[str, object]]:
    places = [(name, made.header.index(name)) for name in _SHOWN if name in made.header]
    names = [el("th", "", "Title" if name == "title" else target(name)) for name, _ in places]
    body = [
        el("tr", "", *(el("td", "", value(name, row[at])[:160] or "not sure") for name, at in places))
        for row in made.rows[:_PREVIEW]
    ]
    first = f"The first {_PREVIEW} of " if len(made.rows) > _PREVIEW else ""
    title = f"{first}{count(len(made.rows), 'ticket')}"
    refused = (
        [f"{count(made.refused, 'row')} of the file could not be read: they are left out."] if made.refused else []
    )
    table = el("table", "table", el("thead", "", el("tr", "", *names)), el("tbody", "", *body))
    return [
        div("block", notes((*refused, *made.notes))),
        div("gap-s", el("h2", "kicker", title), div("card scroll", table)),
    ]
