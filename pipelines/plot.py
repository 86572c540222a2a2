"""One chart of measured figures as an SVG file: curves named at their end, on even or on logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from kb.errors import StoreTrouble

Curve = Sequence[tuple[float, float]]
"""(x, y) of each measured point."""
_WIDE, _HIGH = 760, 420
_LEFT, _TOP, _RIGHT, _LOW = 64, 48, 190, 52
_INKS = ("#1f4e79", "#b3541e", "#2f7d57", "#7a4a8c", "#8a7a1c", "#4a4a4a", "#a8326a")
_APART = 15.0
"""Least distance between two names."""


def draw(file: Path, curves: Mapping[str, Curve], *, title: str, across: str, up: str, logarithmic: bool) -> None:
    """Write the chart. Raises ``StoreTrouble`` where the file cannot be written."""
    try:
        file.write_text(svg(curves, title=title, across=across, up=up, logarithmic=logarithmic), "utf-8")
    except OSError as error:
        raise StoreTrouble(f"The chart cannot be written to {file} ({error.strerror}).") from error


def svg(curves: Mapping[str, Curve], *, title: str, across: str, up: str, logarithmic: bool) -> str:
    """The chart as an SVG document; curves without a point above zero are left out."""
    kept = {name: [(x, y) for x, y in curve if y > 0 and x > 0] for name, curve in curves.items()}
    kept = {name: curve for name, curve in kept.items() if curve}
    xs, ys = ({one[at] for curve in kept.values() for one in curve} for at in (0, 1))
    rows, columns = _ticks(ys, logarithmic=logarithmic), sorted(xs)
    inner, tall = _WIDE - _LEFT - _RIGHT, _HIGH - _TOP - _LOW

    def place(value: float, low: float, high: float) -> float:
        if logarithmic:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return (value - low) / (high - low) if high > low else 0.5

    def x(value: float) -> float:
        return _LEFT + inner * place(value, columns[0] if logarithmic else 0, columns[-1])

    def y(value: float) -> float:
        return _TOP + tall * (1 - place(value, rows[0], rows[-1]))

    out = [
        _text(_LEFT - 44, 24, title, size=16),
        _text(_LEFT - 44, _HIGH - 10, f"across: {across} · up: {up}", ink="#666"),
    ]
    for tick in rows:
        out.append(f'<path d="M{_LEFT} {y(tick):.1f}H{_LEFT + inner}" stroke="#ddd"/>')
        out.append(_text(_LEFT - 8, y(tick) + 4, _told(tick), anchor="end", ink="#666"))
    out += [_text(x(tick), _HIGH - _LOW + 20, _told(tick), anchor="middle", ink="#666") for tick in columns]
    heights = _apart([y(curve[-1][1]) for curve in kept.values()])
    for at, (name, curve) in enumerate(kept.items()):
        ink, found = _INKS[at % len(_INKS)], [(x(a), y(b)) for a, b in sorted(curve)]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in found)
        out.append(f'<path d="{path}" fill="none" stroke="{ink}" stroke-width="2"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{ink}"/>' for a, b in found]
        out.append(_text(_LEFT + inner + 12, heights[at] + 4, name, ink=ink))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
            f'aria-label="{escape(title)}" font-family="Helvetica, Arial, sans-serif">'
            f'<rect width="{_WIDE}" height="{_HIGH}" fill="#fff"/>{"".join(out)}</svg>\n')  # fmt: skip


def _ticks(values: set[float], *, logarithmic: bool) -> list[float]:
    """Powers of ten around the values, or even steps from zero on."""
    high = max(values, default=1.0)
    if logarithmic:
        low = min(values, default=1.0)
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0**at for at in range(first, max(last, first + 1) + 1)]
    step = 10.0 ** math.floor(math.log10(high))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if high / (step * part) <= 6)
    return [step * at for at in range(math.ceil(high / step) + 1)]


def _apart(heights: Sequence[float]) -> list[float]:
    """The heights moved down where two names would touch."""
    placed = [0.0] * len(heights)
    last = -_APART
    for at in sorted(range(len(heights)), key=heights.__getitem__):
        last = placed[at] = max(heights[at], last + _APART)
    return placed


def _text(x: float, y: float, said: str, *, anchor: str = "start", ink: str = "#222", size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{ink}" text-anchor="{anchor}">'
            f"{escape(said)}</text>")  # fmt: skip


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
