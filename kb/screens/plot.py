"""A small chart of our own figures: lines, bands and points over a unit square, drawn by paper.js as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Points = Sequence[tuple[float, float]]
"""(x, y), each in [0, 1] once the axes are laid."""


@dataclass(frozen=True)
class Axis:
    """One axis: where it begins and ends, and the values written on it, as percent."""

    low: float = 0.0
    high: float = 1.0
    marks: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)

    def at(self, value: float) -> float:
        """A value as a share of the axis, held inside it."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def ticks(self) -> list[list[Any]]:
        """Where each mark stands, and its words."""
        return [[self.at(mark), f"{100 * mark:g}\u202f%"] for mark in self.marks if self.low <= mark <= self.high]


@dataclass(frozen=True)
class Plot:
    """What is drawn: ``lines`` are (look, points), ``bands`` are outlines to fill."""

    label: str
    x: Axis = field(default_factory=Axis)
    y: Axis = field(default_factory=Axis)
    lines: Sequence[tuple[str, Points]] = ()
    bands: Sequence[Points] = ()
    points: Sequence[dict[str, Any]] = ()

    def node(self, look: str = "plot") -> dict[str, Any]:
        """The node that paper.js draws."""
        return {
            "x": "plot", "c": look, "label": self.label, "xs": self.x.ticks(), "ys": self.y.ticks(),
            "lines": [[name, self._laid(points)] for name, points in self.lines],
            "bands": [self._laid(points) for points in self.bands],
            "points": [{**one, "x": self.x.at(one["x"]), "y": self.y.at(one["y"])} for one in self.points],
        }  # fmt: skip

    def _laid(self, points: Points) -> list[list[float]]:
        return [[round(self.x.at(x), 4), round(self.y.at(y), 4)] for x, y in points]


def point(x: float, y: float, words: str, *, look: str = "plain", size: float = 4.0, **where: str) -> dict[str, Any]:
    """A point with the words shown on hover; with ``where`` it leads to the Models page with that query string."""
    return {"x": x, "y": y, "words": words, "look": look, "size": size,
            **({"page": "models", "where": where} if where else {})}  # fmt: skip
