"""What the watch tells a report: bursts that began in a period, and whether fixes held, as rows of tables."""

from __future__ import annotations

from datetime import datetime, timedelta

from kb.desk.watch import Watch
from kb.digest.parts import Cell, Column
from kb.errors import BadSetting
from kb.held import Verdict
from kb.measures import Period
from kb.records import Problem, Viewer

BURSTS = (Column("Began"), Column("What", wide=True), Column("Tickets", "tickets"), Column("Usual", "times"))
"""When it began, the pattern or the words of a knot of tickets, how many came, and how many usually do."""
VERDICTS = (Column("Problem", wide=True), Column("Resolved on"), Column("Before", "times"), Column("After", "times"),
            Column("Verdict"))  # fmt: skip
"""The problem, when it was resolved, tickets a week before and after, and what became of the fix."""
_MOST = 20
_JUDGED = timedelta(days=366)
"""Problems resolved longer before the period's end are no news."""


def burst_rows(desk: Watch, period: Period, *, viewer: Viewer, now: datetime) -> list[tuple[Cell, ...]]:
    """Bursts that began in the period, the latest first, one row of :data:`BURSTS` each."""
    end = min(now, period.end)
    try:
        found = desk.bursts(viewer=viewer, now=end, days=max(1, (end - period.start).days + 1))
    except BadSetting:
        return []
    began = sorted((one for one in found if one.started >= period.start), key=lambda one: one.started, reverse=True)
    return [
        (f"{one.started.astimezone(period.zone):%d.%m.%Y %H:%M}", one.name, len(one.tickets), one.usual)
        for one in began[:_MOST]
    ]


def verdict_rows(desk: Watch, period: Period, *, viewer: Viewer, now: datetime) -> list[tuple[Cell, ...]]:
    """Problems resolved in the year before the period's end, the latest first, one row of :data:`VERDICTS` each."""
    end = min(now, period.end)
    found = [one for batch in desk.store.each("problem", viewer) for one in batch if isinstance(one, Problem)]
    done = [(one.resolved_at, one) for one in found if one.resolved_at is not None and not one.merged_into]
    recent = sorted(((at, one) for at, one in done if end - _JUDGED < at <= end), key=lambda pair: pair[0])
    rows: list[tuple[Cell, ...]] = []
    for at, problem in reversed(recent[-_MOST:]):
        try:
            verdict = desk.verdict(problem, viewer=viewer, now=end)
        except BadSetting:
            return []
        title = f"{problem.number} {problem.title}".strip()
        rows.append((title, f"{at.astimezone(period.zone):%d.%m.%Y}", *_a_week(verdict, end), verdict.state))
    return rows


def _a_week(verdict: Verdict, end: datetime) -> tuple[float | None, float | None]:
    """Tickets a week before the fix and since."""
    before = verdict.before / verdict.before_days * 7 if verdict.before_days > 0 else None
    since = (end - verdict.fixed_at).total_seconds() / 86_400 - verdict.grace_days if verdict.fixed_at else 0.0
    return before, verdict.after / since * 7 if since >= 1 else None
