"""A report of one period as plain values: sections of figures, tables and charts, and the paragraph on top."""

from __future__ import annotations

from kb.digest.parts import Cell, Chart, Column, Digest, Figures, Part, Section, Table

__all__ = ["Cell", "Chart", "Column", "Digest", "Figures", "Part", "Section", "Table"]
