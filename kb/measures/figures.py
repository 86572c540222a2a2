"""Every desk figure by name, with its unit and its definition, beside the same figure of the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kb.assumptions import Assumptions
from kb.measures import takes
from kb.measures.facts import UNKNOWN
from kb.measures.found import differ, mean, median
from kb.measures.scene import Scene
from kb.measures.takes import LONG_DAYS, Take

Unit = Literal["tickets", "share", "hours", "days", "times", "money"]
Better = Literal["more", "less", ""]

FEW = 20
"""Figures over fewer than this are marked: one ticket moves them."""
HIGH = 2
"""The lowest priority that counts as high."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How one figure is counted, and what it means."""

    key: str
    name: str
    unit: Unit
    better: Better
    """Which way is good; "" where neither is."""
    definition: str
    take: Take
    assumes: Callable[[Assumptions], str] | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a period beside the same of the period before."""

    key: str
    name: str
    unit: Unit
    better: Better
    definition: str
    value: float | None
    """Shares in [0, 1]; ``None`` where it is not known."""
    n: int
    """Over how many it was counted."""
    before: float | None
    before_n: int
    why: str = ""
    """Why the value is not known."""
    assumes: str = ""
    """What nobody measured and is only assumed in it."""
    clear: bool | None = None
    """Whether the change is more than chance explains (95 %); ``None`` where that cannot be told."""

    @property
    def turned(self) -> Literal["better", "worse", ""]:
        """Which way a clear change went; "" where it is not clear or neither way is good."""
        if not self.clear or not self.better or self.value is None or self.before is None:
            return ""
        return "better" if (self.value > self.before) == (self.better == "more") else "worse"


def count(scene: Scene, before: Scene) -> tuple[Figure, ...]:
    """Every figure of a period, each beside the period before, in the order they are read."""
    return tuple(_figure(measure, scene, before) for measure in MEASURES)


def _figure(measure: Measure, scene: Scene, before: Scene) -> Figure:
    here, then = measure.take(scene), measure.take(before)
    assumed = measure.assumes(scene.assumed) if measure.assumes is not None else ""
    return Figure(measure.key, measure.name, measure.unit, measure.better, measure.definition, here.value, here.n,
                  then.value, then.n, here.why, assumed, differ(here, then))  # fmt: skip


MEASURES: tuple[Measure, ...] = (
    Measure("opened", "Tickets opened", "tickets", "", "Tickets opened in the period.", takes.opened),
    Measure("resolved", "Tickets resolved", "tickets", "",
            "Tickets whose resolution lies in the period (where none is given, their closing); cancelled ones are "
            "left out.", takes.resolved),
    Measure("backlog", "Open at the end", "tickets", "less",
            "Tickets open or on hold when the period ended; one that was reopened counts as resolved until its last "
            "resolution.", takes.backlog),
    Measure("age", "Age of open tickets, median", "days", "less",
            "Days from opening to the end of the period, of the tickets open then.", takes.age),
    Measure("long", f"Open longer than {LONG_DAYS} days", "share", "less",
            f"Share of the tickets open at the end of the period that were opened more than {LONG_DAYS} days before.",
            takes.long_open),
    Measure("untouched", f"Not updated for {LONG_DAYS} days", "share", "less",
            f"Share of the tickets open at the end of the period that nobody updated for {LONG_DAYS} days.",
            takes.untouched),
    Measure("mttr", "Time to resolve, median", "hours", "less",
            "Hours from opening to resolution by the clock on the wall, of tickets resolved in the period.",
            takes.over(lambda scene: scene.elapsed, median)),
    Measure("mttr_mean", "Time to resolve, mean (MTTR)", "hours", "less",
            "Mean hours from opening to resolution by the clock on the wall, of tickets resolved in the period; a few "
            "very old tickets can move it far.", takes.over(lambda scene: scene.elapsed, mean)),
    Measure("mttr_business", "Time to resolve in business hours, median", "hours", "less",
            "Hours from opening to resolution in which the desk was open (setting business_hours), of tickets resolved "
            "in the period.", takes.over(lambda scene: scene.business, median)),
    Measure("mttr_business_mean", "Time to resolve in business hours, mean", "hours", "less",
            "Mean hours from opening to resolution in which the desk was open, of tickets resolved in the period.",
            takes.over(lambda scene: scene.business, mean)),
    Measure("sla", "Resolved within target (SLA)", "share", "more",
            "Share of tickets resolved in the period within their target: as the ticket says; where it does not, by "
            "the desk's targets, times on hold not taken out.", takes.sla),
    Measure("fcr", "First-contact resolution", "share", "more",
            "Share of tickets resolved in the period that the first line resolved without a reassignment and that did "
            "not come back, as far as they say; exports count no contacts, so this stands in for them.",
            takes.share_of(takes.says_line, takes.at_first_contact, takes.NO_LINES)),
    Measure("first_assignment", "Resolved on first assignment", "share", "more",
            "Share of tickets resolved in the period that were never reassigned (reassignment count 0).",
            takes.share_of(lambda f, rows: f.bounced[rows] != UNKNOWN, lambda f, rows: f.bounced[rows] == 0,
                           takes.NO_BOUNCES)),
    Measure("bounces", "Reassignments a ticket", "times", "less",
            "Mean reassignment count of tickets resolved in the period.", takes.bounces),
    Measure("escalated", "Escalated from first to second line", "share", "less",
            "Share of tickets resolved in the period that the second line resolved after at least one reassignment.",
            takes.share_of(takes.says_line, takes.passed_on, takes.NO_LINES)),
    Measure("reopened", "Reopened", "share", "less",
            "Share of tickets resolved in the period that were reopened at least once.",
            takes.share_of(lambda f, rows: f.reopened[rows] != UNKNOWN, lambda f, rows: f.reopened[rows] > 0,
                   "tickets do not say how often they were reopened")),
    Measure("urgent", "Priority 1 and 2", "share", "less",
            "Share of tickets resolved in the period with priority 1 or 2.",
            takes.share_of(lambda f, rows: f.priority[rows] != UNKNOWN, lambda f, rows: f.priority[rows] <= HIGH,
                   "tickets do not say their priority")),
    Measure("tied", "Tied to a problem", "share", "more",
            "Share of tickets resolved in the period that name a problem record or are linked to one.", takes.tied),
    Measure("problem_days", "Time to resolve a problem, mean", "days", "less",
            "Days from creation to resolution of the problem records resolved in the period.", takes.problem_days),
    Measure("reuse", "Tickets with an article linked", "share", "more",
            "Share of tickets resolved in the period on which a knowledge article is linked (reuse, KCS link rate); "
            "boiler-plate links do not count.", takes.reuse),
    Measure("helpful", "Answers found helpful", "share", "more",
            "Share of the marks made in the period on answers that say helpful or fixed it, not unhelpful.",
            takes.helpful),
    Measure("accepted", "Suggestions accepted", "share", "more",
            "Share of suggestions answered in the period that were accepted, not replaced; skipped ones do not count.",
            takes.accepted),
    Measure("saved", "Hours saved", "hours", "more",
            "Accepted suggestions and helpful answers of the period, each times the minutes it is assumed to save.",
            takes.saved, lambda assumed: assumed.saving),
    Measure("handling", "Hours of work", "hours", "less",
            "Tickets resolved in the period times the minutes of work assumed for one.", takes.handling,
            lambda assumed: assumed.handling),
    Measure("cost", "Cost of handling", "money", "less",
            "Hours of work times the cost of an hour.", takes.cost, lambda assumed: assumed.handling),
)  # fmt: skip
