"""The sections of a report, each made from what was counted; one that has nothing to tell says so or is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kb.digest.parts import Cell, Chart, Column, Figures, Section, Table
from kb.digest.words import count
from kb.measures import Figure, Found, Odd, Period, Scene, by_age, by_category, by_group, by_priority
from kb.measures.facts import UNKNOWN
from kb.records import Pattern, Ticket
from kb.upkeep import Gap

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Volume and backlog", ("opened", "resolved", "backlog", "age", "long", "untouched")),
    ("Speed", ("mttr", "mttr_mean", "mttr_business", "mttr_business_mean", "sla")),
    ("First line and quality", ("fcr", "first_assignment", "bounces", "escalated", "reopened", "urgent")),
    ("Problems and knowledge", ("tied", "problem_days", "reuse", "helpful", "accepted")),
    ("Hours and money", ("saved", "handling", "cost")),
)
HEADLINE = ("opened", "resolved", "backlog", "mttr", "sla", "first_assignment", "reopened", "reuse")
_MOST = 10


def figures(found: Sequence[Figure], before: Period) -> Section:
    """Every figure in its group."""
    by = {one.key: one for one in found}
    lead = (
        f"Beside {before.told}. A change is called better or worse only where it is more than chance explains (95 %)."
    )
    return Section("figures", "The figures", lead,
                   tuple(Figures(title, tuple(by[key] for key in keys)) for title, keys in GROUPS))  # fmt: skip


def trends(found: Mapping[str, Sequence[Found]], periods: Sequence[Period]) -> Section:
    """How the main figures moved over the periods before."""
    labels = tuple(period.short for period in periods)

    def line(key: str) -> tuple[float | None, ...]:
        return tuple(one.value for one in found[key])

    charts = (
        Chart("Tickets opened and resolved", labels, (("opened", line("opened")), ("resolved", line("resolved"))),
              "tickets"),
        Chart("Open at the end", labels, (("open", line("backlog")),), "tickets", "columns"),
        Chart("Time to resolve, median hours", labels,
              (("clock", line("mttr")), ("business hours", line("mttr_business"))), "hours"),
        Chart("Within target, first assignment, reopened", labels,
              (("in target", line("sla")), ("first assigned", line("first_assignment")),
               ("reopened", line("reopened"))), "share"),
    )  # fmt: skip
    last = periods[-1]
    unit = "stretch" if last.unit == "days" else last.unit
    over = "" if last.until is None else f" The last {unit} is not over."
    return Section("trend", f"The last {count(len(periods), unit)}", f"Each point is one {unit}.{over}",
                   tuple(chart for chart in charts if _known(chart)))  # fmt: skip


def _known(chart: Chart) -> bool:
    return any(value is not None for _, values in chart.series for value in values)


def targets(scene: Scene, before: Scene) -> Section | None:
    """How each priority kept its target."""
    rows = [(f"Priority {one.priority}", one.met, one.of, one.met / one.of, one.before)
            for one in by_priority(scene, before)]  # fmt: skip
    if not rows:
        return None
    ours = scene.kept[2]
    lead = "As the tickets say."
    if ours:
        lead = (f"For {count(ours, 'ticket')} that {'does' if ours == 1 else 'do'} not say, by the targets set here "
                "(`seenbefore settings sla`); times on hold are not known and not taken out.")  # fmt: skip
    columns = (Column("Priority", wide=True), Column("Within target", "tickets"), Column("Resolved", "tickets"),
               Column("Share", "share"), Column("Before", "share"))  # fmt: skip
    return Section("sla", "Targets by priority", lead, (Table("Targets met by priority", columns, tuple(rows)),))


def backlog(scene: Scene, oldest: Sequence[tuple[Ticket, float]]) -> Section | None:
    """How old what is open is, and what is open longest."""
    if not len(scene.ages):
        return None
    total = len(scene.ages)
    ages = tuple((name, n, n / total) for name, n in by_age(scene))
    parts = [Table("Open tickets by age", (Column("Open for", wide=True), Column("Tickets", "tickets"),
                                           Column("Share", "share")), ages)]  # fmt: skip
    rows = [(t.number, _short(t.title), t.assignment_group or "–", "–" if t.priority is None else str(t.priority), days)
            for t, days in oldest]  # fmt: skip
    columns = (
        Column("Number"),
        Column("Title", wide=True),
        Column("Group"),
        Column("Priority"),
        Column("Open", "days"),
    )
    if rows:
        parts.append(Table("Open longest", columns, tuple(rows)))
    return Section("backlog", "What is open", "As it stood when the period ended.", tuple(parts))


def work(scene: Scene, before: Scene) -> Section | None:
    """What came in, by category and by group."""
    parts = []
    for title, name, found in (("By category", "Category", by_category(scene, before)),
                               ("By assignment group", "Group", by_group(scene, before))):  # fmt: skip
        if not found or all(not one.name for one in found):
            continue
        rows = [(one.name or "(none)", one.opened, one.before, one.resolved, one.hours, one.reopened) for one in found]
        columns = (Column(name, wide=True), Column("Opened", "tickets"), Column("Before", "tickets"),
                   Column("Resolved", "tickets"), Column("Median time", "hours"),
                   Column("Reopened", "share"))  # fmt: skip
        parts.append(Table(title, columns, tuple(rows)))
    lead = "The largest, by tickets opened."
    return Section("work", "Where the work comes from", lead, tuple(parts)) if parts else None


def patterns(scene: Scene, before: Scene, found: Sequence[Pattern]) -> tuple[Section | None, tuple[str, int] | None]:
    """Failures that came back in the period by what they cost, and the first of them with its tickets."""
    facts, counted = scene.facts, []
    (start, end), (then, until) = scene.period.seconds, before.period.seconds
    for one in found:
        rows = facts.rows_of(np.asarray(one.members, np.int64))
        opened = facts.opened[rows]
        here = rows[(opened >= start) & (opened < end)]
        if len(here):
            counted.append((len(here), int(((opened >= then) & (opened < until)).sum()), one, here))
    counted.sort(key=lambda row: (-row[0], row[2].id))
    if not counted:
        return None, None
    paid = scene.assumed.cost_per_hour is not None
    told = tuple(_pattern(scene, *row, paid=paid) for row in counted[:_MOST])
    cost = (Column("Cost", "money"),) if paid else ()
    columns = (Column("Failure", wide=True), Column("Tickets", "tickets"), Column("Before", "tickets"),
               Column("Work", "hours"), *cost, Column("Median time", "hours"), Column("Reopened", "share"))  # fmt: skip
    table = Table("What came back, by cost", columns, told, scene.assumed.handling, scene.assumed.currency)
    inside, total = sum(row[0] for row in counted), len(scene.opened)
    belong = "belongs" if inside == 1 else "belong"
    lead = f"{inside:,} of {count(total, 'ticket')} opened {belong} to {count(len(counted), 'failure')} seen before."
    return Section("patterns", "What keeps coming back", lead, (table,)), (counted[0][2].name, counted[0][0])


def _pattern(
    scene: Scene, n: int, before: int, one: Pattern, rows: np.ndarray[tuple[int], np.dtype[np.int64]], *, paid: bool
) -> tuple[Cell, ...]:
    facts = scene.facts
    timed = rows[facts.ordered[rows]]
    hours = (facts.resolved[timed] - facts.opened[timed]) / 3600
    reopened = facts.reopened[rows]
    reopened = reopened[reopened != UNKNOWN]
    cost = (scene.assumed.cost(n),) if paid else ()
    return (one.name, n, before, scene.assumed.hours(n), *cost, float(np.median(hours)) if len(hours) else None,
            float((reopened > 0).mean()) if len(reopened) else None)  # fmt: skip


def gaps(found: Sequence[Gap]) -> Section | None:
    """Failures that keep coming back and have no article, as of the end of the period."""
    if not found:
        return None
    rows = tuple((gap.pattern.name, gap.count, gap.linked_share, gap.hours, "yes" if gap.can_draft else "no")
                 for gap in found[:_MOST])  # fmt: skip
    columns = (Column("Failure", wide=True), Column("Tickets, a year", "tickets"), Column("Have an article", "share"),
               Column("Hours open in all", "hours"), Column("Draft possible"))  # fmt: skip
    lead = f"{count(len(found), 'failure')} that keep coming back and that no article answers."
    return Section("gaps", "Knowledge that is missing", lead, (Table("Failures without an article", columns, rows),))


def honesty(parts: Sequence[Table | None]) -> Section | None:
    """Whether the models kept their word."""
    made = tuple(part for part in parts if part is not None)
    lead = "What was promised of suggestions, and what came true."
    return Section("honesty", "Do the models keep their word?", lead, made) if made else None


def listed(
    key: str, title: str, lead: str, columns: tuple[Column, ...], rows: Sequence[tuple[Cell, ...]]
) -> Section | None:
    """One table under a heading; nothing where it has no rows."""
    return Section(key, title, lead, (Table(title, columns, tuple(rows)),)) if rows else None


def odd(found: Odd) -> tuple[str, ...]:
    """What is wrong with the dates, in sentences."""
    said = (
        (found.undated, "say not when they were opened: they are in no count of what came in."),
        (found.future, "are dated after today and left out."),
        (found.done_later, "say that they will be resolved after today: that time is taken as not given."),
        (found.reversed, "were resolved before they were opened: they count as resolved and are in no duration."),
        (found.without_end, "are done without saying when: they are in neither what was resolved nor what is open."),
    )  # fmt: skip
    return tuple(f"{count(n, 'ticket')} of the whole desk {words}" for n, words in said if n)


def _short(title: str, most: int = 90) -> str:
    title = " ".join(title.split())
    return title if len(title) <= most else title[: most - 1].rstrip() + "…"


__all__ = ["GROUPS", "HEADLINE", "backlog", "figures", "gaps", "honesty", "listed", "odd", "patterns", "targets",
           "trends", "work"]  # fmt: skip
