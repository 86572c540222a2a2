"""Small charts as shapes in points, y downwards: the HTML report writes them as SVG, the PDF draws them itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from kb.digest import Chart
from kb.digest.scale import axis, ticks
from kb.digest.words import told

LOOKS = ("first", "second", "third")
"""How the series are drawn, in order; more of them repeat the last."""
_LEFT, _TOP, _LOW, _RIGHT = 40.0, 8.0, 20.0, 92.0
_APART = 11.0
_LABEL_WIDTH = 34.0


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline."""

    points: tuple[tuple[float, float], ...]
    look: str


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, with words shown on hover."""

    x: float
    y: float
    wide: float
    high: float
    look: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, with words shown on hover."""

    x: float
    y: float
    look: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A text at its baseline."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"]
    look: str = "axis"


Shape: TypeAlias = Line | Box | Dot | Words


def shapes(chart: Chart, wide: float, high: float, *, currency: str = "") -> list[Shape]:
    """A chart within ``wide`` by ``high`` points; series are named at their last value."""
    steps = ticks(chart)
    top = steps[-1]
    right = _RIGHT if chart.form == "lines" else 8.0
    inner, tall = wide - _LEFT - right, high - _TOP - _LOW
    slot = inner / max(1, len(chart.labels))

    def x(at: int) -> float:
        return round(_LEFT + (at + 0.5) * slot, 2)

    def y(value: float) -> float:
        return round(_TOP + tall * (1 - value / top), 2)

    out: list[Shape] = []
    for tick in steps:
        out.append(Line(((_LEFT, y(tick)), (_LEFT + inner, y(tick))), "grid"))
        out.append(Words(_LEFT - 6, y(tick) + 3, axis(tick, chart), "end"))
    every = max(1, math.ceil(_LABEL_WIDTH / slot))
    last = len(chart.labels) - 1
    out += [Words(x(at), high - 5, name, "middle") for at, name in enumerate(chart.labels) if (last - at) % every == 0]
    if chart.form == "columns":
        for at, value in enumerate(chart.series[0][1]):
            if value is not None:
                words = f"{chart.labels[at]}: {told(value, chart.kind, currency)}"
                out.append(Box(x(at) - slot * 0.34, y(value), slot * 0.68, y(0) - y(value), "first", words))
        return out
    ends: list[tuple[float, str, str]] = []
    for at, (name, values) in enumerate(chart.series):
        look = LOOKS[min(at, len(LOOKS) - 1)]
        known = [(x(i), y(v), i, v) for i, v in enumerate(values) if v is not None]
        out += [Line(run, look) for run in _runs(values, x, y)]
        out += [Dot(px, py, look, f"{name}, {chart.labels[i]}: {told(v, chart.kind, currency)}")
                for px, py, i, v in known]  # fmt: skip
        if known:
            ends.append((known[-1][1], name, look))
    out += [Words(_LEFT + inner + 4, height + 3, name, "start", look) for height, name, look in _spread(ends, high)]
    return out


def svg(chart: Chart, wide: float = 440, high: float = 190, *, currency: str = "") -> str:
    """The chart as an inline SVG element; colours come from the page's style."""
    body = "".join(_element(shape) for shape in shapes(chart, wide, high, currency=currency))
    label = escape(f"{chart.title}: {_spoken(chart, currency)}")
    return f'<svg viewBox="0 0 {wide:g} {high:g}" role="img" aria-label="{label}">{body}</svg>'


def _spoken(chart: Chart, currency: str) -> str:
    parts = []
    for name, values in chart.series:
        known = [(label, value) for label, value in zip(chart.labels, values, strict=True) if value is not None]
        if known:
            (first, begun), (last, ended) = known[0], known[-1]
            parts.append(f"{name} from {told(begun, chart.kind, currency)} in {first} to "
                         f"{told(ended, chart.kind, currency)} in {last}")  # fmt: skip
    return "; ".join(parts)


def _element(shape: Shape) -> str:
    if isinstance(shape, Line):
        points = " ".join(f"{x:g},{y:g}" for x, y in shape.points)
        return f'<polyline class="line {shape.look}" points="{points}"/>'
    if isinstance(shape, Words):
        return (f'<text class="{shape.look}" x="{shape.x:g}" y="{shape.y:g}" text-anchor="{shape.anchor}">'
                f"{escape(shape.text)}</text>")  # fmt: skip
    name = f"<title>{escape(shape.words)}</title>"
    if isinstance(shape, Dot):
        return f'<circle class="dot {shape.look}" cx="{shape.x:g}" cy="{shape.y:g}" r="2.4">{name}</circle>'
    return (f'<rect class="box {shape.look}" x="{shape.x:.2f}" y="{shape.y:g}" width="{shape.wide:.2f}" '
            f'height="{max(0.0, shape.high):.2f}">{name}</rect>')  # fmt: skip


# --- laying out --------------------------------------------------------------------------------------------------


def _runs(
    values: Sequence[float | None], x: Callable[[int], float], y: Callable[[float], float]
) -> list[tuple[tuple[float, float], ...]]:
    """The line, broken where a value is not known."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(at), y(value)))
    return [tuple(run) for run in runs if len(run) > 1]


def _spread(ends: list[tuple[float, str, str]], high: float) -> list[tuple[float, str, str]]:
    """Names moved apart where lines end close together."""
    out: list[tuple[float, str, str]] = []
    for height, name, look in sorted(ends):
        least = out[-1][0] + _APART if out else _TOP
        out.append((max(height, least), name, look))
    over = out[-1][0] - (high - _LOW) if out else 0.0
    return [(height - max(0.0, over), name, look) for height, name, look in out]
