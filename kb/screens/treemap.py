"""A treemap: areas in a unit square that are near to squares, the largest first (Bruls, Huizing and van Wijk 2000)."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]
"""x, y, width and height in [0, 1]."""
RATIO = 1.9
"""The picture is drawn so many times as wide as high: what looks square there is laid out as square."""


def layout(sizes: Sequence[float], *, ratio: float = RATIO) -> list[Box]:
    """A box for each size, in order, its area its share of the sum. Looks best with the largest first."""
    total = sum(size for size in sizes if size > 0)
    if total <= 0:
        return [(0.0, 0.0, 0.0, 0.0)] * len(sizes)
    left, top, wide, high = 0.0, 0.0, ratio, 1.0
    areas, out, at = [max(0.0, size) / total * ratio for size in sizes], list[Box](), 0
    while at < len(areas):
        side = min(wide, high)
        end = at + 1
        while end < len(areas) and _worst(areas[at : end + 1], side) <= _worst(areas[at:end], side):
            end += 1
        row, deep = areas[at:end], sum(areas[at:end]) / side if side > 0 else 0.0
        along = top if wide >= high else left
        for area in row:
            length = area / deep if deep > 0 else 0.0
            box = (left, along, deep, length) if wide >= high else (along, top, length, deep)
            out.append((box[0] / ratio, box[1], box[2] / ratio, box[3]))
            along += length
        if wide >= high:
            left, wide = left + deep, wide - deep
        else:
            top, high = top + deep, high - deep
        at = end
    return out


def _worst(row: Sequence[float], side: float) -> float:
    """The least square-like of a row of areas along a side: the longer edge over the shorter."""
    whole, least, most = sum(row), min(row), max(row)
    if least <= 0 or side <= 0:
        return float("inf") if whole > 0 else 1.0
    return max(side * side * most / (whole * whole), whole * whole / (side * side * least))
