"""A report as a PDF of A4 pages with fonts of its own, made without any program beside this one."""

from __future__ import annotations

import io
from html import escape
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    HRFlowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from kb.digest import Chart, Digest, Figures, Section, Table
from kb.digest.words import NOT_KNOWN, based_on, change, told, value_of
from kb.measures import Figure
from pipelines.report_pdf_chart import Drawing
from pipelines.report_pdf_type import (
    BIG,
    CELL,
    HEAD,
    INK,
    LEAD,
    LINE,
    LOOK,
    NAMES,
    NAMES_RIGHT,
    NONE,
    OVER,
    RIGHT,
    SANS,
    SEMI,
    SMALL,
    SOFT,
    SUB,
    SUMMARY,
    TITLE,
    fit,
    fonts,
    p,
    style,
)

WIDTH = A4[0] - 2 * 50
_GAP = 22.0


def pdf(digest: Digest) -> bytes:
    """The whole file; the same report always gives the same bytes."""
    fonts()
    stream = io.BytesIO()
    name = fit(f"{digest.title} · {digest.period}")
    document = SimpleDocTemplate(
        stream, pagesize=A4, leftMargin=44, rightMargin=44, topMargin=48, bottomMargin=56, title=name,
        author="Seen Before", subject=fit(digest.summary)[:400], invariant=1,
    )  # fmt: skip
    story = _head(digest)
    for section in digest.sections:
        story += _section(digest, section)
    story += _end(digest)
    document.build(story, canvasmaker=_numbered(name))
    return stream.getvalue()


# --- the parts ---------------------------------------------------------------------------------------------------


def _head(digest: Digest) -> list[Flowable]:
    tiles = [_tile(digest, one) for one in digest.headline]
    rows = [tiles[at : at + 4] for at in range(0, len(tiles), 4)]
    rows[-1] += [[] for _ in range(4 - len(rows[-1]))]
    grid = Grid(rows, colWidths=[WIDTH / 4] * 4, style=TableStyle([
        ("GRID", (0, 0), (-1, -1), 0.6, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 9), ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 9)]))  # fmt: skip
    period = digest.period[:1].upper() + digest.period[1:]
    return [p(digest.title, OVER), p(period, TITLE), p(f"Beside {digest.before}. {digest.seen}", LEAD),
            p(digest.summary, SUMMARY), grid, Spacer(1, 22)]  # fmt: skip


def _tile(digest: Digest, one: Figure) -> list[Flowable]:
    if one.value is None:
        below, after = one.why[:1].upper() + one.why[1:] + ".", ""
    elif one.before is None:
        below, after = "no figure before", ""
    else:
        below, after = f"{told(one.before, one.unit, digest.currency)} before", _turned(one, " · ")
    return [p(value_of(one, digest.currency), NONE if one.value is None else BIG),
            p(one.name, CELL, _note(digest, one)), p(below, SMALL, after)]  # fmt: skip


def _turned(one: Figure, before: str = "") -> str:
    if not one.turned:
        return ""
    colour = "#0b6b5d" if one.turned == "better" else "#9a3412"
    return f'{before}<font name="{SEMI}" color="{colour}">{one.turned}</font>'


def _note(digest: Digest, one: Figure) -> str:
    number = digest.number(one.key)
    return f'<super size="6.5"><a href="#d{number}" color="#59616a">{number}</a></super>' if number else ""


def _section(digest: Digest, section: Section) -> list[Flowable]:
    top: list[Flowable] = [HRFlowable(width="100%", thickness=1.4, color=INK, spaceBefore=0, spaceAfter=6),
                           p(section.title, HEAD)]  # fmt: skip
    top += [p(section.lead, LEAD)] if section.lead else []
    parts: list[list[Flowable]] = []
    charts = [part for part in section.parts if isinstance(part, Chart)]
    for at in range(0, len(charts), 2):
        parts.append([Spacer(1, 8), _beside(charts[at : at + 2], digest.currency)])
    for part in section.parts:
        if isinstance(part, Figures):
            parts.append([p(part.title, SUB), _figures(digest, part)])
        elif isinstance(part, Table):
            parts.append([p(part.title, SUB), _table(part), *([p(part.note, SMALL)] if part.note else [])])
    story: list[Flowable] = [CondPageBreak(150)]
    for at, part_flow in enumerate(parts or [[]]):
        whole = [*top, *part_flow] if not at else part_flow
        story.append(KeepTogether(whole))
    return [*story, Spacer(1, 22)]


def _figures(digest: Digest, part: Figures) -> Grid:
    heads = ("Figure", "Value", "Before", "Change", "", "Counted over")
    rows: list[list[Any]] = [[p(name, NAMES_RIGHT if at in (1, 2, 3, 5) else NAMES) for at, name in enumerate(heads)]]
    spans: list[tuple[Any, ...]] = []
    for at, one in enumerate(part.figures, 1):
        name: list[Flowable] = [p(one.name, CELL, _note(digest, one))]
        if one.value is None:
            spans.append(("SPAN", (1, at), (-1, at)))
            then = "" if one.before is None else f" (before: {told(one.before, one.unit, digest.currency)})"
            rows.append([name, p(f"{NOT_KNOWN}: {one.why}{then}", style("why", SANS, 9, 11.5, SOFT)), "", "", "", ""])
            continue
        name += [p(one.assumes, SMALL)] if one.assumes else []
        value = Paragraph(f'<font name="{SEMI}">{escape(fit(value_of(one, digest.currency)))}</font>', RIGHT)
        rows.append([name, value, p(told(one.before, one.unit, digest.currency), RIGHT), p(change(one), RIGHT),
                     p("", CELL, _turned(one)), p(based_on(one), RIGHT)])  # fmt: skip
    widths = [0.43, 0.12, 0.12, 0.13, 0.09, 0.11]
    return Grid(rows, colWidths=[share * WIDTH for share in widths], repeatRows=1, style=TableStyle([*LOOK, *spans]))


def _table(part: Table) -> Grid:
    right = [column.kind != "text" for column in part.columns]
    rows: list[list[Any]] = [
        [p(c.name, NAMES_RIGHT if far else NAMES) for c, far in zip(part.columns, right, strict=True)]
    ]
    rows += [
        [p(told(cell, c.kind, part.currency), RIGHT if far else CELL)
         for cell, c, far in zip(row, part.columns, right, strict=True)]
        for row in part.rows
    ]  # fmt: skip
    return Grid(rows, colWidths=_widths(part), repeatRows=1, style=TableStyle(list(LOOK)))


def _widths(part: Table) -> list[float]:
    """Columns as wide as their longest word, heads on two lines; the wide one gets the rest."""
    need = []
    for at, column in enumerate(part.columns):
        cells = [told(row[at], column.kind, part.currency) for row in part.rows[:60]]
        longest = max((_wide(fit(text)) for text in cells), default=0.0)
        head = max((_wide(word) for word in column.name.split()), default=0.0)
        need.append(min(140.0, max(longest, head, 26.0)) + 12)
    wide = [column.wide for column in part.columns]
    others = sum(width for width, far in zip(need, wide, strict=True) if not far)
    if not any(wide) or others > WIDTH - 90:
        return [width * WIDTH / sum(need) for width in need]
    left = (WIDTH - others) / sum(wide)
    return [left if far else width for width, far in zip(need, wide, strict=True)]


def _wide(text: str) -> float:
    return float(pdfmetrics.stringWidth(text, SANS, 9))


def _beside(charts: list[Chart], currency: str) -> Grid:
    half = (WIDTH - _GAP) / 2
    cells = [[p(chart.title, SUB), Drawing(chart, half, half * 0.46, currency)] for chart in charts]
    cells += [[] for _ in range(2 - len(cells))]
    return Grid([cells], colWidths=[half + _GAP, half], style=TableStyle([
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP")]))  # fmt: skip


def _end(digest: Digest) -> list[Flowable]:
    story: list[Flowable] = []
    if digest.notes:
        story += _section(digest, Section("data", "About the data", " ".join(digest.notes)))
    story += _section(digest, Section("definitions", "What the figures mean", ""))[:-1]
    for at, one in enumerate(digest.figures, 1):
        name = f'<a name="d{at}"/>{at}. <font name="{SEMI}" color="#1c2126">{escape(fit(one.name))}.</font> '
        story.append(Paragraph(name + escape(fit(one.definition), quote=False), SMALL))
        story.append(Spacer(1, 3))
    return [*story, Spacer(1, 10), p(f"Counted by Seen Before on {digest.made}. {digest.seen}", SMALL)]


def _numbered(name: str) -> type[Canvas]:
    """A canvas that knows at the end how many pages there are, and writes that on each."""

    class Numbered(Canvas):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for at, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(SANS, 8)
                self.setFillColor(SOFT)
                self.drawString(50, 30, name)
                self.drawRightString(A4[0] - 50, 30, f"Page {at} of {len(self._pages)}")
                super().showPage()
            super().save()

    return Numbered
