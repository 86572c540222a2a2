"""Desk figures with their definitions, and how suggestions fared."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from kb.api.keys import Asking, needs

router = APIRouter(tags=["measures"])


class FigureOut(BaseModel):
    """One figure of a period beside the one before."""

    key: str
    name: str
    unit: str
    better: str
    definition: str
    value: float | None
    n: int
    before: float | None
    before_n: int
    why: str
    assumes: str
    clear: bool | None


class FiguresOut(BaseModel):
    """Every figure of a period."""

    period: str
    name: str
    figures: list[FigureOut]


class WeekOut(BaseModel):
    """How the suggestions for one target fared in one week."""

    target: str
    monday: date
    accepted: int
    replaced: int
    skipped: int
    silent: int
    right: int
    judged: int


class LiveOut(BaseModel):
    """How suggestions fared, newest week first, and the promises that are broken."""

    weeks: list[WeekOut]
    broken: list[str]


@router.get("/measures", summary="Figures of a period")
def figures(
    asking: Annotated[Asking, needs("measures")],
    period: Annotated[str | None, Query(max_length=40, description="2026-10, 2026-W42, 2026-Q4, 2026, or "
                                        "2026-10-01..2026-10-15; else this month.")] = None,
) -> FiguresOut:  # fmt: skip
    """Counted over the tickets this key may see."""
    chosen = asking.desk.period(period) if period is not None else asking.desk.month(asking.now)
    found = asking.desk.figures(chosen, viewer=asking.viewer, now=asking.now)
    names = FigureOut.model_fields
    return FiguresOut(period=chosen.key, name=chosen.name,
                      figures=[FigureOut(**{name: getattr(one, name) for name in names}) for one in found])  # fmt: skip


@router.get("/measures/suggestions", summary="How suggestions fared")
def live(asking: Annotated[Asking, needs("measures")]) -> LiveOut:
    """Accepted, replaced, skipped and right in the end, by target and week; and whether promises are kept."""
    weeks, broken = asking.desk.live(viewer=asking.viewer, now=asking.now)
    names = WeekOut.model_fields
    return LiveOut(weeks=[WeekOut(**{name: getattr(one, name) for name in names}) for one in weeks],
                   broken=list(broken))  # fmt: skip
