"""How did the desk do? One period's figures beside the one before, its charts and tables, and the report as a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from kb.desk import Desk
from kb.digest import Chart, Column, Digest, Figures, Part, Section, Table
from kb.digest.scale import axis, ticks
from kb.digest.words import NOT_KNOWN, based_on, change, told, value_of
from kb.errors import SeenBeforeError
from kb.measures import Figure, Period
from kb.records import Viewer
from kb.screens.chrome import address, empty, go, head, notes, remembered, with_commands
from kb.screens.paper import Node, Told, choice, div, el, field, fold, form, sheet, span, submit
from kb.screens.wording import now

ASKED = "How did the desk do?"
_FILES = (("html", "Download web page", "text/html"), ("pdf", "Download PDF", "application/pdf"),
          ("xlsx", "Download Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))  # fmt: skip
_LOOKS = ("curve", "other", "third")


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the period that the address names; without one, the last whole month that has tickets."""
    today = now()
    months = desk.periods(viewer=viewer, now=today)
    if not months:
        nothing = empty("There is nothing to count yet.", "Import tickets that say when they were opened: `seenbefore "
                        "ingest FILE`")  # fmt: skip
        sheet("reports", head(ASKED), nothing)
        return
    asked = address().get("period", "")
    try:
        chosen = desk.period(asked) if asked else _latest(months)
        key = ("report", chosen.key, today.date(), desk.store.corrections_seq(), repr(desk.store.settings()))
        made = remembered(desk, viewer, key,
                          lambda: desk.digest(chosen, viewer=viewer, now=today))  # fmt: skip
    except SeenBeforeError as error:
        sheet("reports-head", head(ASKED), _chooser(months, asked), notes((str(error),)), told=_heard)
        return
    sheet("reports-head", head(ASKED, _lead(made)), _chooser(months, chosen.key), told=_heard)
    _downloads(desk, viewer, made)
    sheet("reports", div("report", el("p", "summary", made.summary), _tiles(made),
                         *(_section(made, one) for one in made.sections), _notes(made)))  # fmt: skip


def _latest(months: Sequence[Period]) -> Period:
    """The newest month that is over; the newest of all where none is."""
    return next((one for one in months if one.until is None), months[0])


def _lead(made: Digest) -> str:
    return f"{made.period[:1].upper()}{made.period[1:]}, beside {made.before}."


def _chooser(months: Sequence[Period], at: str) -> Node:
    options = [(one.key, one.name[:1].upper() + one.name[1:] + (" (so far)" if one.until else "")) for one in months]
    if at not in dict(options):
        options.insert(0, (at, at or "Choose a month"))
    hint = "2026-W42, 2026-Q4 or 2026-10-01..2026-10-15"
    typed = field("period", "A week, quarter, year or days", hint=hint, most=40)
    other = form("period", typed, submit("Show", ""), look="row r-asked")
    month = form("period", choice("period", "Month", at, options, sends=True))
    return div("row r-choose", month, fold("Another period", other, look="small", name="other-period"))


def _heard(sent: Told) -> None:
    if sent.get("name") == "period":
        go({"period": sent.get("period", "").strip()[:40]})


def _downloads(desk: Desk, viewer: Viewer, made: Digest) -> None:
    if desk.report_with is None or not viewer.may("report"):
        return
    for place, (form_, words, kind) in zip(st.columns(len(_FILES), width=640), _FILES, strict=True):
        place.download_button(words, partial(desk.report_file, made, form_, viewer=viewer),
                              f"seenbefore-{made.key.replace('..', '--')}.{form_}", kind, key=f"report-{form_}",
                              on_click="ignore", width="stretch")  # fmt: skip


# --- figures -----------------------------------------------------------------------------------------------------


def _tiles(made: Digest) -> Node:
    return div("figures r-tiles", *(_tile(made, one) for one in made.headline))


def _tile(made: Digest, one: Figure) -> Node:
    if one.value is None:
        below: list[Node] = [*with_commands(one.why[:1].upper() + one.why[1:] + ".")]
    else:
        before = "no figure before" if one.before is None else f"{told(one.before, one.unit, made.currency)} before"
        below = [before, " · " if one.turned else None, _turned(one)]
    big = el("strong", "r-none" if one.value is None else "", value_of(one, made.currency))
    return div("figure", big, span("", one.name, title=one.definition), span("soft", *below))


def _turned(one: Figure) -> Node:
    return span(f"r-{one.turned}", one.turned) if one.turned else None


def _figures(made: Digest, part: Figures) -> Node:
    heads = [el("th", "r-name", part.title), el("th", "right", "Value"), el("th", "right", "Before"),
             el("th", "right", "Change"), el("th", ""), el("th", "right r-over", "Counted over")]  # fmt: skip
    rows = [_figure(made, one) for one in part.figures]
    return div("scroll block-s", el("table", "table r-table", el("thead", "", el("tr", "", *heads)),
                                    el("tbody", "", *rows)))  # fmt: skip


def _figure(made: Digest, one: Figure) -> Node:
    means = el("p", "small soft r-means", one.definition)
    beside = el("p", "small soft r-means", one.assumes) if one.assumes and one.value is not None else None
    name = [fold(one.name, means, look="r-fold", name=f"means:{one.key}"), beside]
    before = told(one.before, one.unit, made.currency)
    if one.value is None:
        then = "" if one.before is None else f" (before: {before})"
        return el("tr", "", el("td", "r-name", *name),
                  el("td", "soft", f"{NOT_KNOWN}: ", *with_commands(one.why), then, colspan=5))  # fmt: skip
    return el("tr", "", el("td", "r-name", *name), el("td", "right strongly", value_of(one, made.currency)),
              el("td", "right", before), el("td", "right", change(one)), el("td", "", _turned(one)),
              el("td", "right soft r-over", based_on(one)))  # fmt: skip


# --- sections ----------------------------------------------------------------------------------------------------


def _section(made: Digest, section: Section) -> Node:
    charts = [part for part in section.parts if isinstance(part, Chart)]
    drawn = div("r-charts", *(_chart(one, made.currency) for one in charts)) if charts else None
    return el(
        "section", "gap", el("h2", "", section.title), el("p", "soft lead", *with_commands(section.lead)), drawn,
        *(_part(made, part) for part in section.parts if not isinstance(part, Chart)),
    )  # fmt: skip


def _part(made: Digest, part: Part) -> Node:
    if isinstance(part, Figures):
        return _figures(made, part)
    return _table(part) if isinstance(part, Table) else None


def _table(part: Table) -> Node:
    def cell(column: Column) -> str:
        return "r-wide" if column.wide else "" if column.kind == "text" else "right"

    heads = [el("th", cell(column), column.name) for column in part.columns]
    rows = [
        el("tr", "", *(el("td", cell(column), told(value, column.kind, part.currency))
                       for value, column in zip(row, part.columns, strict=True)))
        for row in part.rows
    ]  # fmt: skip
    return div("block", el("h3", "r-sub", part.title),
               div("scroll", el("table", "table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows))),
               el("p", "small soft block-s", *with_commands(part.note)) if part.note else None)  # fmt: skip


def _notes(made: Digest) -> Node:
    said = (*made.notes, f"Counted on {made.made}. {made.seen}")
    return el("section", "gap", *(el("p", "small soft", note) for note in said))


def _chart(chart: Chart, currency: str) -> Node:
    """Lines over a unit square, with a key below; every point says its value on hover."""
    steps = ticks(chart)
    most = steps[-1]
    last = max(1, len(chart.labels) - 1)
    lines, points = [], []
    for at, (name, values) in enumerate(chart.series):
        look = _LOOKS[min(at, len(_LOOKS) - 1)]
        known = [(i / last, v / most, chart.labels[i], v) for i, v in enumerate(values) if v is not None]
        lines.append([look, [[round(x, 4), round(y, 4)] for x, y, _, _ in known]])
        points += [{"x": round(x, 4), "y": round(y, 4), "look": look, "size": 3,
                    "words": f"{name}, {label}: {told(v, chart.kind, currency)}"}
                   for x, y, label, v in known]  # fmt: skip
    every = 1 + last // 6
    xs = [[i / last, label] for i, label in enumerate(chart.labels) if (last - i) % every == 0]
    ys = [[step / most, axis(step, chart)] for step in steps]
    drawn = {"x": "plot", "c": "plot", "label": chart.title, "xs": xs, "ys": ys, "lines": lines, "bands": [],
             "points": points}  # fmt: skip
    names = (span(f"r-{_LOOKS[min(at, 2)]}", name) for at, (name, _) in enumerate(chart.series))
    key = div("row tight small r-key", *names) if len(chart.series) > 1 else None
    return div("r-chart", el("h3", "r-sub", chart.title), drawn, key)
