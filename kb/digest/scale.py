"""The scale of a chart: round steps from 0 to its highest value."""

from __future__ import annotations

import math

from kb.digest.parts import Chart

_STEPS = (1, 2, 2.5, 5, 10)
_MOST_TICKS = 4


def ticks(chart: Chart) -> list[float]:
    """From 0 in round steps to at least the highest value."""
    most = max((value for _, values in chart.series for value in values if value is not None), default=0.0)
    if most <= 0:
        return [0.0, 1.0]
    least = most / _MOST_TICKS
    power = 10.0 ** math.floor(math.log10(least))
    step = next(size * power for size in _STEPS if size * power >= least * 0.999)
    if chart.kind == "tickets":
        step = max(1.0, math.ceil(step))
    count = math.ceil(most / step * 0.9999)
    if chart.kind == "share":
        count = min(count, round(1 / step)) if most <= 1 else count
    return [at * step for at in range(max(1, count) + 1)]


def axis(value: float, chart: Chart) -> str:
    """A value as it stands on the axis."""
    if chart.kind == "share":
        return f"{100 * value:g}\u202f%"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
