"""What a report is made of, whoever draws it: sections of paragraphs, figures, tables and charts, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kb.measures import Figure

Kind = Literal["text", "tickets", "share", "hours", "days", "times", "money"]
"""How a cell is told; the last six as the unit of a figure."""
Cell: TypeAlias = str | float | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: what it is called, and how its cells are told."""

    name: str
    kind: Kind = "text"
    wide: bool = False
    """Whether it gets what room is left."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; a cell that is ``None`` is not known."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One value a period for each of a few series; ``None`` where it is not known."""

    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    kind: Kind
    form: Literal["lines", "columns"] = "lines"


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures in a list, each beside the period before."""

    title: str
    figures: tuple[Figure, ...]


Part: TypeAlias = Table | Chart | Figures


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence or two on what follows, and its parts."""

    key: str
    title: str
    lead: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything that is told of one period."""

    title: str
    key: str
    """Of the period: "2026-10"."""
    period: str
    before: str
    """What the period is compared with, to read."""
    made: str
    """When it was counted, to read."""
    seen: str
    """Whose tickets are in it."""
    summary: str
    headline: tuple[Figure, ...]
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...]
    """All of them, in the order of their definitions."""
    notes: tuple[str, ...] = ()
    """What is wrong with the data, in sentences."""
    currency: str = ""

    def number(self, key: str) -> int:
        """Under which number a figure is defined; 0 where it is not."""
        return next((at for at, one in enumerate(self.figures, 1) if one.key == key), 0)

    def tables(self) -> list[Table]:
        """Every table of every section, in order."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Table)]


def charts(parts: Sequence[Part]) -> list[Chart]:
    """The charts among some parts."""
    return [part for part in parts if isinstance(part, Chart)]
