"""Desk figures with their definitions: counted over the tickets a viewer may see, in a period and the one before."""

from __future__ import annotations

from kb.measures.facts import Doings, Facts, Odd, doings, read
from kb.measures.figures import FEW, MEASURES, Figure, Measure, Unit, count
from kb.measures.found import Found, differ
from kb.measures.periods import Period, month_of
from kb.measures.periods import read as read_period
from kb.measures.scene import Scene
from kb.measures.tables import TRENDED, by_age, by_category, by_group, by_priority, longest_open, trend

__all__ = [
    "FEW",
    "MEASURES",
    "TRENDED",
    "Doings",
    "Facts",
    "Figure",
    "Found",
    "Measure",
    "Odd",
    "Period",
    "Scene",
    "Unit",
    "by_age",
    "by_category",
    "by_group",
    "by_priority",
    "count",
    "differ",
    "doings",
    "longest_open",
    "month_of",
    "read",
    "read_period",
    "trend",
]
