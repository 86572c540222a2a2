"""How each figure is counted in a period, and the reason where the data does not say it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kb.measures.facts import NOT_GIVEN, UNKNOWN, Facts, Ints
from kb.measures.found import Found, counted, mean, median, missing, share
from kb.measures.scene import Floats, Scene

Mask = NDArray[np.bool_]
Take = Callable[[Scene], Found]

LONG_DAYS = 30
FIRST, SECOND = 1, 2
_DAY = 86_400
_NOTHING = "no ticket was resolved in this period"
_NO_TIMES = "no ticket resolved in this period says when it was opened and when it was resolved"
NO_BOUNCES = "tickets do not say how often they were reassigned"
NO_LINES = "tickets do not say which line solved them, or how often they were reassigned"


# --- volume ------------------------------------------------------------------------------------------------------


def opened(scene: Scene) -> Found:
    """Tickets that came in."""
    if not len(scene.facts) or (scene.facts.opened == NOT_GIVEN).all():
        return missing("no ticket says when it was opened")
    return counted(len(scene.opened))


def resolved(scene: Scene) -> Found:
    """Tickets that were resolved."""
    if not len(scene.facts) or (scene.facts.done == NOT_GIVEN).all():
        return missing("no ticket says when it was resolved")
    return counted(len(scene.done))


def backlog(scene: Scene) -> Found:
    """Tickets open at the end: a state, so it has no interval."""
    facts = scene.facts
    if not (facts.open | facts.ended).any() or (facts.opened == NOT_GIVEN).all():
        return missing("tickets say neither their state nor when they were resolved")
    return Found(float(len(scene.waiting)), len(scene.waiting))


def age(scene: Scene) -> Found:
    """Median age of what is open."""
    return median(scene.ages) if len(scene.ages) else _none_open(scene)


def long_open(scene: Scene) -> Found:
    """Share of what is open that is old."""
    return share(scene.ages > LONG_DAYS) if len(scene.ages) else _none_open(scene)


def untouched(scene: Scene) -> Found:
    """Nobody knows: a ticket has no time of its last update here."""
    return missing("tickets do not bring along when they were last updated")


def _none_open(scene: Scene) -> Found:
    return missing(backlog(scene).why or "nothing was open at the end of this period")


# --- how fast, how well ------------------------------------------------------------------------------------------


def over(values: Callable[[Scene], Floats], by: Callable[[Floats], Found]) -> Take:
    """A figure over one value a resolved ticket."""

    def take(scene: Scene) -> Found:
        taken = values(scene)
        return by(taken) if len(taken) else missing(_NO_TIMES if len(scene.done) else _NOTHING)

    return take


def share_of(needs: Callable[[Facts, Ints], Mask], has: Callable[[Facts, Ints], Mask], without: str) -> Take:
    """Of the tickets resolved in the period that say what it ``needs``, the share that ``has`` it."""

    def take(scene: Scene) -> Found:
        rows = scene.done[needs(scene.facts, scene.done)]
        return share(has(scene.facts, rows)) if len(rows) else missing(without if len(scene.done) else _NOTHING)

    return take


def sla(scene: Scene) -> Found:
    """Targets met."""
    rows, good, _ = scene.kept
    without = "no ticket says whether its target was met, or its priority and times"
    return share(good) if len(rows) else missing(without if len(scene.done) else _NOTHING)


def bounces(scene: Scene) -> Found:
    """Mean reassignments."""
    bounced = scene.facts.bounced[scene.done]
    bounced = bounced[bounced != UNKNOWN]
    return mean(bounced) if len(bounced) else missing(NO_BOUNCES if len(scene.done) else _NOTHING)


def says_line(facts: Facts, rows: Ints) -> Mask:
    """Which tickets say the line that solved them and how often they were reassigned."""
    return np.asarray((facts.line[rows] != UNKNOWN) & (facts.bounced[rows] != UNKNOWN))


def at_first_contact(facts: Facts, rows: Ints) -> Mask:
    """Which the first line resolved, without a reassignment and for good."""
    return np.asarray((facts.line[rows] == FIRST) & (facts.bounced[rows] == 0) & (facts.reopened[rows] <= 0))


def passed_on(facts: Facts, rows: Ints) -> Mask:
    """Which the second line resolved after a reassignment."""
    return np.asarray((facts.line[rows] == SECOND) & (facts.bounced[rows] > 0))


# --- problems and knowledge --------------------------------------------------------------------------------------


def tied(scene: Scene) -> Found:
    """Share that is tied to a problem."""
    facts, doings = scene.facts, scene.doings
    if not doings.problems and not facts.named_problem.any():
        return missing("no ticket names a problem, and there is no problem record")
    if not len(scene.done):
        return missing(_NOTHING)
    return share(facts.named_problem[scene.done] | np.isin(facts.ids[scene.done], doings.tied))


def problem_days(scene: Scene) -> Found:
    """Mean days to resolve a problem."""
    start, end = scene.period.seconds
    begun, ended = scene.doings.problem_opened, scene.doings.problem_resolved
    rows = (ended >= start) & (ended < end) & (begun != NOT_GIVEN) & (ended >= begun)
    return mean((ended[rows] - begun[rows]) / _DAY) if rows.any() else missing(
        "no problem record was resolved in this period"
    )  # fmt: skip


def reuse(scene: Scene) -> Found:
    """Share with an article linked."""
    if not len(scene.doings.answered):
        return missing("no article is linked to any ticket")
    if not len(scene.done):
        return missing(_NOTHING)
    return share(np.isin(scene.facts.ids[scene.done], scene.doings.answered))


def helpful(scene: Scene) -> Found:
    """Share of marks that say it helped."""
    said = _marks(scene)
    return share(said) if len(said) else missing("nobody marked an answer in this period")


def accepted(scene: Scene) -> Found:
    """Share of answered suggestions that were accepted."""
    said = _judged(scene)
    return share(said) if len(said) else missing("nobody accepted or replaced a suggestion in this period")


# --- hours and money ---------------------------------------------------------------------------------------------


def saved(scene: Scene) -> Found:
    """Hours saved, as assumed."""
    took, helped = int(_judged(scene).sum()), int(_marks(scene).sum())
    if not took + helped:
        return missing("nobody accepted a suggestion or marked an answer as helpful in this period")
    minutes = took * scene.assumed.minutes_saved_suggestion + helped * scene.assumed.minutes_saved_answer
    return Found(minutes / 60, took + helped)


def handling(scene: Scene) -> Found:
    """Hours of work, as assumed."""
    if not len(scene.done):
        return missing(resolved(scene).why or _NOTHING)
    return counted(len(scene.done), times=scene.assumed.hours(1))


def cost(scene: Scene) -> Found:
    """What that work cost, as assumed."""
    each = scene.assumed.cost(1)
    if each is None:
        return missing('nobody set what an hour costs: `seenbefore settings cost_per_hour "45 EUR"`')
    if not len(scene.done):
        return missing(resolved(scene).why or _NOTHING)
    return counted(len(scene.done), times=each)


def _marks(scene: Scene) -> Mask:
    return scene.doings.marked_helpful[_within(scene.doings.marked_at, scene)]


def _judged(scene: Scene) -> Mask:
    return scene.doings.judged_accepted[_within(scene.doings.judged_at, scene)]


def _within(times: Ints, scene: Scene) -> Mask:
    start, end = scene.period.seconds
    return np.asarray((times >= start) & (times < end))
