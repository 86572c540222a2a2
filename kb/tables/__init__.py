"""Other tools' exports to records and back: reading, presets, dates, directions, and the report of what was refused."""

from __future__ import annotations

from kb.tables.importing import Column, Question, Understanding, rows, understand
from kb.tables.mapping import Preset, presets
from kb.tables.records import BadRow, LinkRow, Remark
from kb.tables.settings import Asked

__all__ = [
    "Asked",
    "BadRow",
    "Column",
    "LinkRow",
    "Preset",
    "Question",
    "Remark",
    "Understanding",
    "presets",
    "rows",
    "understand",
]
