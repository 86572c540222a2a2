"""A report as a workbook: its summary, every figure, the trend, and one sheet for each of its tables."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from kb.digest import Chart, Digest, Table
from kb.measures import Figure
from kb.tables.write import Sheet, write_book

_FORMATS = {"share": "0.0 %", "hours": "0.0", "days": "0.0", "times": "0.00", "tickets": "0", "money": "0.00"}
_FIGURES = ("Figure", "Value", "Unit", "Before", "Change", "Better or worse", "Counted over", "Counted over, before",
            "Not known because", "Assumption", "Definition")  # fmt: skip
_UNITS = {"share": "share, 1 is all", "times": "times a ticket"}


def workbook(digest: Digest, *, at: datetime) -> bytes:
    """The whole file; the same report and time always give the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        write_book(path, sheets(digest), at=at)
        return path.read_bytes()


def sheets(digest: Digest) -> list[Sheet]:
    """What goes into the workbook, in order."""
    about = (
        ("Report", digest.title), ("Period", digest.period), ("Beside", digest.before), ("Counted on", digest.made),
        ("Tickets", digest.seen), ("Summary", digest.summary), *(("Data", note) for note in digest.notes),
    )  # fmt: skip
    figures = tuple(
        (one.name, one.value, digest.currency if one.unit == "money" else _UNITS.get(one.unit, one.unit), one.before,
         _moved(one), one.turned, one.n, one.before_n, one.why, one.assumes, one.definition)
        for one in digest.figures
    )  # fmt: skip
    found = [Sheet("Summary", ("About", "this report"), about), Sheet("Figures", _FIGURES, figures)]
    charts = [part for section in digest.sections for part in section.parts if isinstance(part, Chart)]
    if charts:
        found.append(_trend(charts))
    return found + [_sheet(table) for table in digest.tables()]


def _trend(charts: list[Chart]) -> Sheet:
    columns = [(f"{chart.title}: {name}", values, chart.kind) for chart in charts for name, values in chart.series]
    rows = tuple((label, *(values[at] for _, values, _ in columns)) for at, label in enumerate(charts[0].labels))
    return Sheet("Trend", ("Period", *(name for name, _, _ in columns)), rows,
                 ("", *(_FORMATS.get(kind, "") for _, _, kind in columns)))  # fmt: skip


def _sheet(table: Table) -> Sheet:
    header = tuple(f"{c.name} ({c.kind})" if c.kind in ("hours", "days") else c.name for c in table.columns)
    return Sheet(table.title, header, table.rows, tuple(_FORMATS.get(c.kind, "") for c in table.columns))


def _moved(one: Figure) -> float | None:
    return None if one.value is None or one.before is None else one.value - one.before
