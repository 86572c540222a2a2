"""All patterns side by side: what each costs, how it grows, how much it hurts; over the tickets one viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.assumptions import Assumptions
from kb.ledger import Ledger
from kb.records import Pattern
from kb.trends import Weeks, last_moment, weeks_of

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Order = Literal["cost", "growth", "pain"]
ORDERS: tuple[Order, ...] = ("cost", "growth", "pain")

ANSWERED = 0.2
"""From this share of tickets with an article linked on, a pattern has an article."""
AT_HOME = 0.2
"""A service or group that has this share of a pattern's tickets is one of the pattern's."""
NOTABLE = 2.0
"""Standard deviations from which more or fewer tickets lately are called growing or falling."""
GROWTH_SAID = (
    "Growth compares the last 4 weeks with what was to be expected of them, in standard deviations. "
    "What is expected takes the desk's busy and quiet weeks into account."
)
PAIN_SAID = (
    "Pain counts two points for every reopened ticket, one for each that changed groups, "
    "and one for each of priority 1 or 2 or from a VIP."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One pattern among all."""

    pattern: Pattern
    hours: float
    cost: float | None
    """``None`` where nobody has set what an hour costs."""
    pain: int
    lately: int
    """Tickets of the last 4 weeks."""
    expected: float | None
    """How many those weeks should have had; ``None`` where there is too little past."""
    surprise: float
    """(lately - expected) in standard deviations; 0 where nothing is expected."""
    reopened: int
    bounced: int
    urgent: int
    answered: float
    """Share of its tickets on which an article is linked."""
    services: tuple[str, ...] = ()
    """Those with a fifth or more of its tickets, the commonest first."""
    groups: tuple[str, ...] = ()

    @property
    def has_article(self) -> bool:
        """Whether an article is linked on a fifth of its tickets or more."""
        return self.answered >= ANSWERED

    @property
    def moves(self) -> Literal["growing", "falling", "steady"]:
        """Whether it lately had notably more or fewer tickets than expected."""
        if self.surprise >= NOTABLE:
            return "growing"
        return "falling" if self.surprise <= -NOTABLE else "steady"


@dataclass(frozen=True, slots=True, eq=False)
class Standings:
    """All patterns of one viewer; ``weeks`` has a row for each, in the same order."""

    rows: tuple[Standing, ...]
    weeks: Weeks
    tickets: int
    """Tickets this viewer may see."""
    assumed: Assumptions

    def place(self, pattern_id: str) -> int:
        """The row of this pattern; -1 where it has none."""
        return next((at for at, one in enumerate(self.rows) if one.pattern.id == pattern_id), -1)

    def ranked(self, by: Order) -> list[int]:
        """Places in reading order: highest cost, strongest growth or most pain first."""
        return sorted(range(len(self.rows)), key=lambda at: (*_key(self.rows[at], by), self.rows[at].pattern.id))


def _key(one: Standing, by: Order) -> tuple[float, float]:
    first = {"cost": one.hours, "growth": one.surprise, "pain": one.pain}
    return -float(first[by]), -float(one.pattern.size)


def standings(
    patterns: Sequence[Pattern], ledger: Ledger, *, assumed: Assumptions, answered: Ids, now: datetime
) -> Standings:  # fmt: skip
    """Figures of every pattern in one pass; ``answered`` are rows of tickets on which an article is linked."""
    parts = [ledger.rows(one.members) for one in patterns]
    rows = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    group = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    desk = ledger.all_rows()
    opened = ledger.number("opened")
    weeks = weeks_of(opened[rows], group, len(parts), opened[desk], end=last_moment(opened[desk], now))

    def count(marked: NDArray[np.bool_]) -> Ids:
        return np.bincount(group[marked[rows]], minlength=len(parts))

    reopened, bounced = count(ledger.number("reopened") > 0), count(ledger.number("bounced") > 0)
    urgent, linked = count(ledger.urgent()), np.zeros(len(ledger.columns), bool)
    linked[answered] = True
    with_article = count(linked)
    services, groups = (_at_home(ledger, name, rows, group, len(parts)) for name in ("service", "group"))
    found = []
    for at, one in enumerate(patterns):
        size, pain = len(parts[at]), int(2 * reopened[at] + bounced[at] + urgent[at])
        wanted = float(weeks.lately_expected[at])
        found.append(Standing(
            one, assumed.hours(size), assumed.cost(size), pain, int(weeks.lately[at]),
            wanted if np.isfinite(wanted) else None, float(np.nan_to_num(weeks.surprise[at])), int(reopened[at]),
            int(bounced[at]), int(urgent[at]), float(with_article[at]) / max(1, size), services[at],
            groups[at],
        ))  # fmt: skip
    return Standings(tuple(found), weeks, len(desk), assumed)


def _at_home(ledger: Ledger, name: str, rows: Ids, group: Ids, count: int) -> list[tuple[str, ...]]:
    """For each pattern the values that a fifth or more of its tickets have, the commonest first."""
    names = ledger.columns.names[name]
    table = np.bincount(group * len(names) + ledger.columns.codes[name][rows], minlength=count * len(names))
    table = table.reshape(count, len(names))
    least = AT_HOME * np.maximum(1, table.sum(1, keepdims=True))
    out: list[tuple[str, ...]] = []
    for own, enough in zip(table, table >= least, strict=True):
        places = sorted(np.flatnonzero(enough).tolist(), key=lambda at: (-own[at], names[at]))
        out.append(tuple(names[at] for at in places if names[at]))
    return out
