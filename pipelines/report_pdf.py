"""A report as a PDF of A4 pages with fonts of its own, made without any program beside this one."""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
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
from pipelines.report_charts import Box, Dot, Line, shapes

FONTS = Path(__file__).with_name("fonts")
SANS, SEMI, SERIF = "SeenBeforeSans", "SeenBeforeSans-SemiBold", "SeenBeforeSerif-SemiBold"
_FILES = {SANS: "Sans-Regular.ttf", SEMI: "Sans-SemiBold.ttf", SERIF: "Serif-SemiBold.ttf"}
INK, SOFT, LINE, FAINT = HexColor(0x1C2126), HexColor(0x59616A), HexColor(0xD9D4C8), HexColor(0xECE8DF)
ACCENT, BAD, WELL = HexColor(0x0B6B5D), HexColor(0x9A3412), HexColor(0xF6F4EE)
_COLOURS: dict[str, Color] = {"first": ACCENT, "second": HexColor(0xB06A00), "third": HexColor(0x5A5F9E)}
_DASHES = {"second": (5, 3), "third": (1.5, 3)}
WIDTH = A4[0] - 2 * 50
_GAP = 22.0
_NO_GLYPH = "\ufffd"


def pdf(digest: Digest) -> bytes:
    """The whole file; the same report always gives the same bytes."""
    _fonts()
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


def fit(text: str) -> str:
    """A text in which every character has a glyph: what has none loses its accent, or becomes a replacement sign."""
    known = _glyphs()
    if all(ord(char) in known for char in text):
        return text
    out = []
    for char in unicodedata.normalize("NFC", text.replace("\n", " ").replace("\t", " ")):
        if ord(char) in known:
            out.append(char)
        elif unicodedata.category(char)[0] == "C" or unicodedata.combining(char):
            continue
        else:
            plain = [one for one in unicodedata.normalize("NFKD", char) if ord(one) in known]
            out.append("".join(plain) or _NO_GLYPH)
    return "".join(out)


@cache
def _glyphs() -> frozenset[int]:
    """Characters that all three fonts can draw."""
    _fonts()
    fonts: list[Any] = [pdfmetrics.getFont(name) for name in _FILES]
    sets = [set(font.face.charToGlyph) for font in fonts]
    return frozenset(set.intersection(*sets) | {ord(_NO_GLYPH)})


@cache
def _fonts() -> None:
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    pdfmetrics.registerFontFamily(SANS, normal=SANS, bold=SEMI, italic=SANS, boldItalic=SEMI)


def _style(name: str, font: str, size: float, lead: float, colour: Color = INK, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=lead, textColor=colour, **more)


OVER = _style("over", SEMI, 10.5, 14, ACCENT)
TITLE = _style("title", SERIF, 30, 34, spaceAfter=6)
HEAD = _style("head", SERIF, 17, 21, spaceBefore=4)
SUB = _style("sub", SEMI, 10.5, 14, spaceBefore=12, spaceAfter=3)
BODY = _style("body", SANS, 9.5, 13)
LEAD = _style("lead", SANS, 9.5, 13, SOFT, spaceBefore=3)
SUMMARY = _style("summary", SANS, 12, 17.5, spaceBefore=14, spaceAfter=16)
CELL = _style("cell", SANS, 9, 11.5)
RIGHT = _style("right", SANS, 9, 11.5, alignment=TA_RIGHT)
SMALL = _style("small", SANS, 8, 10.5, SOFT)
NAMES = _style("names", SANS, 8, 10, SOFT)
NAMES_RIGHT = _style("names-right", SANS, 8, 10, SOFT, alignment=TA_RIGHT)
BIG = _style("big", SERIF, 18, 22)
NONE = _style("none", SERIF, 12, 22, SOFT)
_LOOK = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 10),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 3.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.6), ("LINEBELOW", (0, 0), (-1, 0), 0.7, LINE),
    ("LINEBELOW", (0, 1), (-1, -1), 0.5, FAINT),
)  # fmt: skip


def _p(text: str, style: ParagraphStyle = BODY, after: str = "") -> Paragraph:
    """A paragraph of plain text; ``after`` is markup of ours behind it."""
    return Paragraph(escape(fit(text.replace("`", "")), quote=False) + after, style)


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
    return [_p(digest.title, OVER), _p(period, TITLE), _p(f"Beside {digest.before}. {digest.seen}", LEAD),
            _p(digest.summary, SUMMARY), grid, Spacer(1, 22)]  # fmt: skip


def _tile(digest: Digest, one: Figure) -> list[Flowable]:
    if one.value is None:
        below, after = one.why[:1].upper() + one.why[1:] + ".", ""
    elif one.before is None:
        below, after = "no figure before", ""
    else:
        below, after = f"{told(one.before, one.unit, digest.currency)} before", _turned(one, " · ")
    return [_p(value_of(one, digest.currency), NONE if one.value is None else BIG),
            _p(one.name, CELL, _note(digest, one)), _p(below, SMALL, after)]  # fmt: skip


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
                           _p(section.title, HEAD)]  # fmt: skip
    top += [_p(section.lead, LEAD)] if section.lead else []
    parts: list[list[Flowable]] = []
    charts = [part for part in section.parts if isinstance(part, Chart)]
    for at in range(0, len(charts), 2):
        parts.append([Spacer(1, 8), _beside(charts[at : at + 2], digest.currency)])
    for part in section.parts:
        if isinstance(part, Figures):
            parts.append([_p(part.title, SUB), _figures(digest, part)])
        elif isinstance(part, Table):
            parts.append([_p(part.title, SUB), _table(part), *([_p(part.note, SMALL)] if part.note else [])])
    story: list[Flowable] = [CondPageBreak(150)]
    for at, part_flow in enumerate(parts or [[]]):
        whole = [*top, *part_flow] if not at else part_flow
        story.append(KeepTogether(whole))
    return [*story, Spacer(1, 22)]


def _figures(digest: Digest, part: Figures) -> Grid:
    heads = ("Figure", "Value", "Before", "Change", "", "Counted over")
    rows: list[list[Any]] = [[_p(name, NAMES_RIGHT if at in (1, 2, 3, 5) else NAMES) for at, name in enumerate(heads)]]
    spans: list[tuple[Any, ...]] = []
    for at, one in enumerate(part.figures, 1):
        name: list[Flowable] = [_p(one.name, CELL, _note(digest, one))]
        if one.value is None:
            spans.append(("SPAN", (1, at), (-1, at)))
            then = "" if one.before is None else f" (before: {told(one.before, one.unit, digest.currency)})"
            rows.append([name, _p(f"{NOT_KNOWN}: {one.why}{then}", _style("why", SANS, 9, 11.5, SOFT)), "", "", "", ""])
            continue
        name += [_p(one.assumes, SMALL)] if one.assumes else []
        value = Paragraph(f'<font name="{SEMI}">{escape(fit(value_of(one, digest.currency)))}</font>', RIGHT)
        rows.append([name, value, _p(told(one.before, one.unit, digest.currency), RIGHT), _p(change(one), RIGHT),
                     _p("", CELL, _turned(one)), _p(based_on(one), RIGHT)])  # fmt: skip
    widths = [0.43, 0.12, 0.12, 0.13, 0.09, 0.11]
    return Grid(rows, colWidths=[share * WIDTH for share in widths], repeatRows=1, style=TableStyle([*_LOOK, *spans]))


def _table(part: Table) -> Grid:
    right = [column.kind != "text" for column in part.columns]
    rows: list[list[Any]] = [
        [_p(c.name, NAMES_RIGHT if far else NAMES) for c, far in zip(part.columns, right, strict=True)]
    ]
    rows += [
        [_p(told(cell, c.kind, part.currency), RIGHT if far else CELL)
         for cell, c, far in zip(row, part.columns, right, strict=True)]
        for row in part.rows
    ]  # fmt: skip
    return Grid(rows, colWidths=_widths(part), repeatRows=1, style=TableStyle(list(_LOOK)))


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
    cells = [[_p(chart.title, SUB), _Drawing(chart, half, half * 0.46, currency)] for chart in charts]
    cells += [[] for _ in range(2 - len(cells))]
    return Grid([cells], colWidths=[half + _GAP, half], style=TableStyle([
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP")]))  # fmt: skip


class _Drawing(Flowable):  # type: ignore[misc, unused-ignore]
    """A chart on the page."""

    def __init__(self, chart: Chart, wide: float, high: float, currency: str) -> None:
        super().__init__()
        self.width, self.height = wide, high
        self._scale = wide / 340
        self._shapes = shapes(chart, 340, high / self._scale, currency=currency)

    def draw(self) -> None:
        """Draw it; shapes count y downwards, a page upwards."""
        canvas = self.canv
        canvas.saveState()
        canvas.translate(0, self.height)
        canvas.scale(self._scale, -self._scale)
        for shape in self._shapes:
            if isinstance(shape, Line):
                self._line(canvas, shape)
            elif isinstance(shape, Box):
                canvas.setFillColor(_COLOURS[shape.look])
                canvas.rect(shape.x, shape.y, shape.wide, max(0.0, shape.high), stroke=0, fill=1)
            elif isinstance(shape, Dot):
                canvas.setFillColor(_COLOURS[shape.look])
                canvas.circle(shape.x, shape.y, 2.1, stroke=0, fill=1)
            else:
                canvas.saveState()
                canvas.translate(shape.x, shape.y)
                canvas.scale(1, -1)
                canvas.setFillColor(_COLOURS.get(shape.look, SOFT))
                canvas.setFont(SEMI if shape.look in _COLOURS else SANS, 9.5)
                write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
                write[shape.anchor](0, 0, fit(shape.text))
                canvas.restoreState()
        canvas.restoreState()

    def _line(self, canvas: Any, shape: Line) -> None:
        canvas.saveState()
        canvas.setStrokeColor(_COLOURS.get(shape.look, FAINT))
        canvas.setLineWidth(1.6 if shape.look in _COLOURS else 0.8)
        if shape.look in _DASHES:
            canvas.setDash(*_DASHES[shape.look])
        path = canvas.beginPath()
        path.moveTo(*shape.points[0])
        for point in shape.points[1:]:
            path.lineTo(*point)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()


def _end(digest: Digest) -> list[Flowable]:
    story: list[Flowable] = []
    if digest.notes:
        story += _section(digest, Section("data", "About the data", " ".join(digest.notes)))
    story += _section(digest, Section("definitions", "What the figures mean", ""))[:-1]
    for at, one in enumerate(digest.figures, 1):
        name = f'<a name="d{at}"/>{at}. <font name="{SEMI}" color="#1c2126">{escape(fit(one.name))}.</font> '
        story.append(Paragraph(name + escape(fit(one.definition), quote=False), SMALL))
        story.append(Spacer(1, 3))
    return [*story, Spacer(1, 10), _p(f"Counted by Seen Before on {digest.made}. {digest.seen}", SMALL)]


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
