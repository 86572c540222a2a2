"""What a measure looks at: the tickets opened, resolved and open in one period, how long they took, targets met."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kb.assumptions import Assumptions
from kb.measures.facts import UNKNOWN, Doings, Facts, Ints
from kb.measures.periods import Period
from kb.sla import Targets

Floats = NDArray[np.float64]

_DAY, _HOUR = 86_400, 3_600
_MICRO = 1_000_000


@dataclass(frozen=True)
class Scene:
    """What a measure may look at: the viewer's tickets and what was done, in one period."""

    facts: Facts
    doings: Doings
    period: Period
    targets: Targets
    assumed: Assumptions

    @cached_property
    def opened(self) -> Ints:
        """Rows opened in the period."""
        return self.facts.opened_in(*self.period.seconds)

    @cached_property
    def done(self) -> Ints:
        """Rows resolved in the period."""
        return self.facts.done_in(*self.period.seconds)

    @cached_property
    def waiting(self) -> Ints:
        """Rows open at the end of the period."""
        return self.facts.waiting_at(self.period.seconds[1])

    @cached_property
    def timed(self) -> Ints:
        """Rows resolved in the period that have a duration."""
        return self.done[self.facts.ordered[self.done]]

    @cached_property
    def elapsed(self) -> Floats:
        """Hours by the clock on the wall of each of :attr:`timed`."""
        return np.asarray((self.facts.resolved[self.timed] - self.facts.opened[self.timed]) / _HOUR, np.float64)

    @cached_property
    def business(self) -> Floats:
        """The same in hours in which the desk is open."""
        starts, ends = self.facts.opened[self.timed], self.facts.resolved[self.timed]
        return self.targets.hours.minutes_between(starts * _MICRO, ends * _MICRO) / 60

    @cached_property
    def ages(self) -> Floats:
        """Days each of :attr:`waiting` was open at the end of the period."""
        return np.asarray((self.period.seconds[1] - self.facts.opened[self.waiting]) / _DAY, np.float64)

    @cached_property
    def kept(self) -> tuple[Ints, NDArray[np.bool_], int]:
        """Rows resolved in the period with a promise, whether it was met, and how many we worked out ourselves."""
        return met(self)


def met(scene: Scene) -> tuple[Ints, NDArray[np.bool_], int]:
    """Rows resolved in the period with a promise, whether it was met, and how many of them we worked out.

    The ticket's own word counts where it has one; else the time it took against the target of its priority, in the
    hours of that target, pauses not taken out (no export tells them).
    """
    facts, done = scene.facts, scene.done
    said = facts.made_sla[done]
    known = said != UNKNOWN
    rows, good = [done[known]], [said[known] == 1]
    left = done[~known & facts.ordered[done]]
    ours = 0
    for priority, target in scene.targets.by_priority.items():
        mine = left[facts.priority[left] == priority]
        if target.resolution is None or not len(mine):
            continue
        hours = scene.targets.hours_of(priority)
        took = hours.minutes_between(facts.opened[mine] * _MICRO, facts.resolved[mine] * _MICRO)
        rows.append(mine)
        good.append(took <= target.resolution)
        ours += len(mine)
    return np.concatenate(rows), np.concatenate(good), ours
