"""What other parts of the desk will tell a report: bursts of tickets, and whether fixes held; nothing until they do."""

from __future__ import annotations

from datetime import datetime

from kb.desk.front import Front
from kb.digest.parts import Cell, Column
from kb.measures import Period
from kb.records import Viewer

BURSTS = (Column("Began"), Column("What", wide=True), Column("Tickets", "tickets"), Column("Usual", "times"))
"""When it was flagged, the pattern or the words of a knot of tickets, how many came, and how many usually do."""
VERDICTS = (Column("Problem", wide=True), Column("Resolved on"), Column("Before", "times"), Column("After", "times"),
            Column("Verdict"))  # fmt: skip
"""The problem, when it was resolved, tickets a week before and after, and "held", "relapsed" or "too early to say"."""


def burst_rows(desk: Front, period: Period, *, viewer: Viewer, now: datetime) -> list[tuple[Cell, ...]]:
    """TO BE WIRED: bursts that began in the period, the latest first, one row of :data:`BURSTS` each."""
    return []


def verdict_rows(desk: Front, period: Period, *, viewer: Viewer, now: datetime) -> list[tuple[Cell, ...]]:
    """TO BE WIRED: problems resolved up to the period's end, the latest first, one row of :data:`VERDICTS` each."""
    return []
