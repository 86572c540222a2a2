"""What one pattern shows: every figure, article and example of it, counted over the tickets one viewer may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.assumptions import Assumptions
from kb.fixes import is_solved, wilson
from kb.learners import Vectors
from kb.ledger import Ledger
from kb.records import Article, Fix, Pattern, Ticket
from kb.sla import Targets
from kb.trends import Weeks
from kb.words import NEVER

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

READ = 150
"""Tickets nearest the centre that are read for what fixed them."""
FIXED = 60
"""So many of those that the desk solved are compared."""
EXAMPLES, ODD, VARIANTS, ALIKE = 5, 4, 8, 6
FEW = 8
"""A pattern of fewer tickets has no odd ones."""
_MICRO = 1_000_000
_FACETS: tuple[str, ...] = ("service", "place", "group", "category")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of tickets beside the desk's own; both are 0 of 0 where no ticket says."""

    count: int
    of: int
    desk_count: int
    desk_of: int

    @property
    def share(self) -> float | None:
        """In [0, 1]; ``None`` where no ticket says."""
        return self.count / self.of if self.of else None

    @property
    def desk_share(self) -> float | None:
        """The same of all tickets of the desk."""
        return self.desk_count / self.desk_of if self.desk_of else None

    @property
    def stands_out(self) -> bool:
        """Whether even the lower end of its 95 % interval (Wilson 1927) is above the desk's share."""
        desk = self.desk_share
        return desk is not None and bool(self.of) and wilson(self.count, self.of) > desk


@dataclass(frozen=True, slots=True)
class Durations:
    """Time to resolve in business minutes of each ticket's priority; ``None`` where no ticket says."""

    count: int
    median: float | None
    p90: float | None
    desk_median: float | None
    clock_median: float | None
    """By the clock on the wall."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A finer group inside a pattern, with the ticket nearest its middle."""

    size: int
    example: int
    """Store id."""
    members: tuple[int, ...]
    """Store ids, ascending."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What is counted of one pattern."""

    size: int
    weeks: Weeks
    """One row."""
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    """service, place, group, category → (value, tickets), the commonest first."""
    priorities: tuple[tuple[int, int], ...]
    """(Priority, tickets), the highest first."""
    callers: int | None
    """Distinct callers; ``None`` where no ticket names one."""
    named: int
    """Tickets that name their caller."""
    vips: int
    reopened: Rate
    bounced: Rate
    took: Durations
    hours: float
    cost: float | None
    """``None`` where nobody has set what an hour costs."""
    assumed: Assumptions
    still_open: int


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One pattern with everything its page shows."""

    pattern: Pattern
    figures: Figures
    fixes: tuple[Fix, ...]
    """Ways in which its most typical tickets were resolved, best proven first; ``of`` those is :attr:`solved`."""
    solved: int
    articles: tuple[tuple[Article, int], ...]
    """Articles linked on its tickets and on how many, the most often linked first."""
    answered: int
    """Tickets with an article linked on."""
    examples: tuple[Ticket, ...]
    """Nearest the centre first."""
    odd: tuple[tuple[Ticket, float], ...]
    """Those farthest from the centre with their scores, the farthest first."""
    variants: tuple[tuple[Variant, Ticket], ...]
    alike: tuple[tuple[Pattern, float], ...]
    """Patterns whose centres are nearest, with their scores."""


# --- figures -----------------------------------------------------------------------------------------------------


def figures(
    rows: Ids, ledger: Ledger, weeks: Weeks, *, assumed: Assumptions, targets: Targets, desk: Durations
) -> Figures:
    """Everything that is counted of a pattern's rows; ``desk`` are the durations of all tickets, for comparison."""
    caller, all_rows = ledger.caller[rows], ledger.all_rows()
    callers = caller[caller != 0]
    priority = ledger.number("priority")[rows]
    took = durations(rows, ledger, targets)
    return Figures(
        size=len(rows),
        weeks=weeks,
        facets={name: tuple(ledger.names(name, rows)) for name in _FACETS},
        priorities=tuple((int(at), int((priority == at).sum())) for at in np.unique(priority[priority >= 1])),
        callers=len(np.unique(callers)) if len(callers) else None,
        named=len(callers),
        vips=int(ledger.vip[rows].sum()),
        reopened=rate("reopened", rows, ledger, all_rows),
        bounced=rate("bounced", rows, ledger, all_rows),
        took=Durations(took.count, took.median, took.p90, desk.median, took.clock_median),
        hours=assumed.hours(len(rows)),
        cost=assumed.cost(len(rows)),
        assumed=assumed,
        still_open=_open(rows, ledger),
    )


def rate(name: str, rows: Ids, ledger: Ledger, desk: Ids) -> Rate:
    """How many of those tickets that say have a count above 0, here and on the whole desk."""
    column = ledger.number(name)
    own, whole = column[rows], column[desk]
    return Rate(int((own > 0).sum()), int((own >= 0).sum()), int((whole > 0).sum()), int((whole >= 0).sum()))


def durations(rows: Ids, ledger: Ledger, targets: Targets) -> Durations:
    """Time to resolve of these rows, each by the hours that the clock of its priority runs by."""
    timed = ledger.timed(rows)
    if not len(timed):
        return Durations(0, None, None, None, None)
    opened, resolved = ledger.number("opened")[timed], ledger.number("resolved")[timed]
    priority = ledger.number("priority")[timed]
    minutes = np.zeros(len(timed))
    for one in np.unique(priority):
        mine = priority == one
        hours = targets.hours_of(int(one))
        minutes[mine] = hours.minutes_between(opened[mine] * _MICRO, resolved[mine] * _MICRO)
    clock = float(np.median(resolved - opened)) / 60
    median, p90 = (float(value) for value in np.quantile(minutes, (0.5, 0.9)))
    return Durations(len(timed), median, p90, None, clock)


def _open(rows: Ids, ledger: Ledger) -> int:
    names = ledger.columns.names["state"]
    waits = np.array([name in ("open", "on hold") for name in names], bool)
    unresolved = ledger.number("resolved")[rows] >= NEVER
    return int((waits[ledger.columns.codes["state"][rows]] & unresolved).sum()) if len(names) else 0


# --- nearness ----------------------------------------------------------------------------------------------------


def centre_of(vectors: Vectors) -> Vectors:
    """The middle of all as a unit row of shape (dim,); zeros where no vector is known. Missing ones are zero rows."""
    middle = vectors.sum(0)
    norm = float(np.linalg.norm(middle))
    return np.asarray(middle / norm if norm > 0 else middle, np.float32)


def closeness(vectors: Vectors, spare: Floats | None = None) -> Floats:
    """Score of each ticket to the middle of all, float64 of shape (n,); where a vector is missing, ``spare`` or 0."""
    known = np.abs(vectors).sum(1) > 0
    out = np.zeros(len(vectors)) if spare is None else np.array(spare, np.float64)
    out[known] = vectors[known] @ centre_of(vectors)
    return out


def nearest_first(ids: Ids, close: Floats) -> list[int]:
    """Store ids from the centre outwards; equally near ones by id."""
    return [int(one) for one in ids[np.lexsort((ids, -np.round(close, 6)))]]


def odd_ones(ids: Ids, close: Floats) -> list[tuple[int, float]]:
    """(Store id, score) of the few farthest from the centre, the farthest first; none of a small or tight group."""
    if len(ids) < FEW:
        return []
    usual, spread = float(np.median(close)), float(np.median(np.abs(close - np.median(close))))
    order = np.lexsort((ids, np.round(close, 6)))[:ODD]
    return [(int(ids[at]), float(close[at])) for at in order if close[at] < usual - 2 * spread - 0.02]


def variants(ids: Ids, variant: Ids, vectors: Vectors) -> list[Variant]:
    """The finer groups of two tickets and more, the largest first; none where all are of one. -1 is no group."""
    found = []
    for one in np.unique(variant[variant >= 0]):
        mine = np.flatnonzero(variant == one)
        if 1 < len(mine) < len(ids):
            best = nearest_first(ids[mine], closeness(vectors[mine]))[0]
            found.append(Variant(len(mine), best, tuple(sorted(ids[mine].tolist()))))
    return sorted(found, key=lambda one: (-one.size, one.example))


def unlike(tickets: Sequence[Ticket], most: int) -> list[Ticket]:
    """The first of these that say different things: the same title again shows nothing new."""
    found: dict[str, Ticket] = {}
    for ticket in tickets:
        found.setdefault(" ".join((ticket.title or ticket.body[:200]).casefold().split()), ticket)
        if len(found) == most:
            break
    return list(found.values())


# --- what fixed it -----------------------------------------------------------------------------------------------


def solved_of(tickets: Sequence[Ticket]) -> list[Ticket]:
    """Those that the desk itself solved, as many as are compared, in their order."""
    return [ticket for ticket in tickets if is_solved(ticket)][:FIXED]


def most_linked(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(Article, tickets it is linked on), the most often linked first, from (ticket, article) pairs."""
    counts = Counter(article for _, article in set(pairs))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


# --- in words ----------------------------------------------------------------------------------------------------


def sentence(found: Figures) -> str:
    """What it is, in one sentence of our own: how often, on what, where and for whom."""
    size = found.size
    said = [f"{size:,} ticket{'' if size == 1 else 's'}"]
    for name, words in (("service", "on"), ("place", "from"), ("group", "handled by")):
        values = found.facets[name]
        told = sum(n for _, n in values)
        if values and 2 * told >= size:
            value, n = values[0]
            share = n / size
            how = "all" if n == size else "nearly all" if share >= 0.9 else "mostly" if share >= 0.5 else ""
            if how:
                said.append(f"{how} {words} {value}")
    return ", ".join(said) + "."
