"""The type of the PDF: its fonts, its styles, its colours, and text made of letters that the fonts have."""

from __future__ import annotations

import unicodedata
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

FONTS = Path(__file__).with_name("fonts")
SANS, SEMI, SERIF = "SeenBeforeSans", "SeenBeforeSans-SemiBold", "SeenBeforeSerif-SemiBold"
_FILES = {SANS: "Sans-Regular.ttf", SEMI: "Sans-SemiBold.ttf", SERIF: "Serif-SemiBold.ttf"}
INK, SOFT, LINE, FAINT = HexColor(0x1C2126), HexColor(0x59616A), HexColor(0xD9D4C8), HexColor(0xECE8DF)
ACCENT, BAD, WELL = HexColor(0x0B6B5D), HexColor(0x9A3412), HexColor(0xF6F4EE)
COLOURS: dict[str, Color] = {"first": ACCENT, "second": HexColor(0xB06A00), "third": HexColor(0x5A5F9E)}
DASHES = {"second": (5, 3), "third": (1.5, 3)}
_NO_GLYPH = "\ufffd"


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
    fonts()
    known: list[Any] = [pdfmetrics.getFont(name) for name in _FILES]
    sets = [set(font.face.charToGlyph) for font in known]
    return frozenset(set.intersection(*sets) | {ord(_NO_GLYPH)})


@cache
def fonts() -> None:
    """Make the fonts known; harmless a second time."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    pdfmetrics.registerFontFamily(SANS, normal=SANS, bold=SEMI, italic=SANS, boldItalic=SEMI)


def style(name: str, font: str, size: float, lead: float, colour: Color = INK, **more: Any) -> ParagraphStyle:
    """A style of paragraphs."""
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=lead, textColor=colour, **more)


OVER = style("over", SEMI, 10.5, 14, ACCENT)
TITLE = style("title", SERIF, 30, 34, spaceAfter=6)
HEAD = style("head", SERIF, 17, 21, spaceBefore=4)
SUB = style("sub", SEMI, 10.5, 14, spaceBefore=12, spaceAfter=3)
BODY = style("body", SANS, 9.5, 13)
LEAD = style("lead", SANS, 9.5, 13, SOFT, spaceBefore=3)
SUMMARY = style("summary", SANS, 12, 17.5, spaceBefore=14, spaceAfter=16)
CELL = style("cell", SANS, 9, 11.5)
RIGHT = style("right", SANS, 9, 11.5, alignment=TA_RIGHT)
SMALL = style("small", SANS, 8, 10.5, SOFT)
NAMES = style("names", SANS, 8, 10, SOFT)
NAMES_RIGHT = style("names-right", SANS, 8, 10, SOFT, alignment=TA_RIGHT)
BIG = style("big", SERIF, 18, 22)
NONE = style("none", SERIF, 12, 22, SOFT)
LOOK = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 10),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 3.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.6), ("LINEBELOW", (0, 0), (-1, 0), 0.7, LINE),
    ("LINEBELOW", (0, 1), (-1, -1), 0.5, FAINT),
)  # fmt: skip


def p(text: str, style: ParagraphStyle = BODY, after: str = "") -> Paragraph:
    """A paragraph of plain text; ``after`` is markup of ours behind it."""
    return Paragraph(escape(fit(text.replace("`", "")), quote=False) + after, style)
