"""Suggestions for a file of new tickets: upload a table, look at it, take the suggested table away again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from kb.screens.chrome import head, notes, remembered
from kb.screens.paper import div, el, link, sheet
from kb.screens.wording import count, target, value
from kb.suggested import LARGEST, MOST, Suggested, as_csv, as_xlsx, suggested

_PREVIEW = 25
_KINDS = ["csv", "tsv", "txt", "xlsx", "json", "jsonl"]
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = ("number", "title", "category", "assignment_group", "line", "priority")


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
    left.download_button("Download as CSV", lambda: _taken(desk, viewer, "csv", as_csv(made)),
                         f"{name}-suggested.csv", "text/csv", on_click="ignore", width="stretch")  # fmt: skip
    right.download_button("Download as Excel", lambda: _taken(desk, viewer, "xlsx", as_xlsx(made)),
                          f"{name}-suggested.xlsx", _SHEET, on_click="ignore", width="stretch")  # fmt: skip
    sheet("batch", *_preview(made))


def _taken(desk: Desk, viewer: Viewer, form: str, file: bytes) -> bytes:
    desk.exported("suggestions", viewer=viewer, detail={"form": form})
    return file


def _with_progress(desk: Desk, viewer: Viewer, data: bytes) -> Suggested:
    bar = st.progress(0.0, "Reading the file")

    def say(done: int, of: int) -> None:
        bar.progress(done / max(1, of), f"{done:,} of {count(of, 'ticket')}")

    try:
        return suggested(desk, data, viewer=viewer, say=say, most=MOST)
    finally:
        bar.empty()


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
