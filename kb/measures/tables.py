"""Figures in rows: by priority, by category, by age of what is open, month by month, and what is open longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kb.measures.facts import NOT_GIVEN, UNKNOWN, Codes
from kb.measures.figures import MEASURES
from kb.measures.found import Found
from kb.measures.periods import Period
from kb.measures.scene import Scene

AGES: tuple[tuple[str, float], ...] = (
    ("up to 1 day", 1), ("1 to 5 days", 5), ("5 to 30 days", 30), ("30 to 90 days", 90), ("over 90 days", np.inf),
)  # fmt: skip
TRENDED = ("opened", "resolved", "backlog", "mttr", "mttr_business", "sla", "fcr", "first_assignment", "reopened",
           "reuse", "accepted")  # fmt: skip
"""Figures that are told for each period of a trend."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How one priority kept its target."""

    priority: int
    met: int
    of: int
    before: float | None
    """Share met in the period before; ``None`` where nothing was resolved then."""


@dataclass(frozen=True, slots=True)
class Part:
    """One category or group in a period."""

    name: str
    opened: int
    before: int
    resolved: int
    hours: float | None
    """Median hours to resolve."""
    reopened: float | None
    """Share reopened."""


def by_priority(scene: Scene, before: Scene) -> list[Kept]:
    """Targets met for each priority that was resolved, the highest first."""
    found = []
    rows, good, _ = scene.kept
    then, good_then, _ = before.kept
    for priority in np.unique(scene.facts.priority[rows]).tolist():
        if priority == UNKNOWN:
            continue
        mine = scene.facts.priority[rows] == priority
        earlier = good_then[before.facts.priority[then] == priority]
        share = float(earlier.mean()) if len(earlier) else None
        found.append(Kept(int(priority), int(good[mine].sum()), int(mine.sum()), share))
    return found


def by_age(scene: Scene) -> list[tuple[str, int]]:
    """How many tickets open at the end of the period were how old."""
    places = np.searchsorted(np.array([most for _, most in AGES]), scene.ages)
    counts = np.bincount(places, minlength=len(AGES))
    return [(name, int(n)) for (name, _), n in zip(AGES, counts, strict=True)]


def by_category(scene: Scene, before: Scene, most: int = 12) -> list[Part]:
    """What came in by category, the commonest first; tickets without one under ""."""
    return _parts(scene, before, scene.facts.category, scene.facts.categories, most)


def by_group(scene: Scene, before: Scene, most: int = 12) -> list[Part]:
    """The same by assignment group."""
    return _parts(scene, before, scene.facts.group, scene.facts.groups, most)


def _parts(scene: Scene, before: Scene, codes: Codes, names: Sequence[str], most: int) -> list[Part]:
    size = len(names)
    opened = np.bincount(codes[scene.opened], minlength=size)
    earlier = np.bincount(codes[before.opened], minlength=size)
    done = np.bincount(codes[scene.done], minlength=size)
    order = sorted(np.flatnonzero(opened + done).tolist(), key=lambda at: (-opened[at], -done[at], names[at]))
    timed, reopened = codes[scene.timed], scene.facts.reopened[scene.done]
    found = []
    for at in order[:most]:
        hours = scene.elapsed[timed == at]
        came = reopened[(codes[scene.done] == at) & (reopened != UNKNOWN)]
        found.append(Part(names[at], int(opened[at]), int(earlier[at]), int(done[at]),
                          float(np.median(hours)) if len(hours) else None,
                          float((came > 0).mean()) if len(came) else None))  # fmt: skip
    return found


def longest_open(scene: Scene, most: int = 10) -> list[tuple[int, float]]:
    """Store ids of the tickets that were open longest at the end of the period, and for how many days."""
    order = np.argsort(-scene.ages, kind="stable")[:most]
    ids = scene.facts.ids[scene.waiting]
    return [(int(ids[at]), float(scene.ages[at])) for at in order]


def trend(scene: Scene, periods: Sequence[Period]) -> dict[str, list[Found]]:
    """Each figure of :data:`TRENDED` for each of the periods, in their order."""
    scenes = [replace(scene, period=period) for period in periods]
    return {one.key: [one.take(at) for at in scenes] for one in MEASURES if one.key in TRENDED}


def begins(scene: Scene) -> int | None:
    """The second in which the first ticket that has a date was opened."""
    dated = scene.facts.opened[scene.facts.opened != NOT_GIVEN]
    return int(dated.min()) if len(dated) else None
