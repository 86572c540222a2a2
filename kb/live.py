"""How suggestions fared in use: accepted, replaced, skipped, and right in the end, by target and week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kb.fixes import wilson
from kb.judgements import Judged
from kb.policy import Policy, target_of
from kb.records import Correction, Ticket
from kb.rows import moment

RECENT = 4
"""Weeks over which a promise is held against what came true."""
FEWEST = 20
"""Suggestions it takes to say that a promise is broken."""


@dataclass(frozen=True, slots=True)
class Week:
    """One target in one week."""

    target: str
    monday: date
    accepted: int = 0
    replaced: int = 0
    skipped: int = 0
    silent: int = 0
    """Predictions that were not said."""
    right: int = 0
    """Of those said (or made in the shadow) whose ticket is done, how many had the value the ticket has in the end."""
    judged: int = 0
    """Of how many."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share that was right; (0, 1) where none could be judged."""
        if not self.judged:
            return 0.0, 1.0
        return wilson(self.right, self.judged), 1 - wilson(self.judged - self.right, self.judged)


def weeks(
    predictions: Sequence[Judged], corrections: Sequence[tuple[int, Correction]], tickets: Mapping[int, Ticket]
) -> list[Week]:
    """Newest week first, then by target; only tickets in ``tickets`` (store id → what the viewer may see) count."""
    found: dict[tuple[date, str], dict[str, int]] = {}

    def add(at: datetime | None, target: str, what: str, n: int = 1) -> None:
        if at is not None:
            day = at.date()
            counts = found.setdefault((day - timedelta(days=day.weekday()), target), {})
            counts[what] = counts.get(what, 0) + n

    for one in predictions:
        ticket = tickets.get(one.ticket)
        if ticket is None:
            continue
        at = moment(one.at)
        if one.value is None:
            add(at, one.target, "silent")
        elif ticket.is_done and (truth := target_of(ticket, one.target)):
            add(at, one.target, "judged")
            add(at, one.target, "right", int(truth.casefold() == one.value.casefold()))
        else:
            add(at, one.target, "judged", 0)
    for ticket_id, said in corrections:
        if ticket_id in tickets and said.action != "undone":
            add(said.at, said.target, said.action)
    rows = [Week(target, monday, **counts) for (monday, target), counts in found.items()]
    return sorted(rows, key=lambda row: (-row.monday.toordinal(), row.target))


def broken(rows: Sequence[Week], policy: Policy, *, now: datetime) -> Iterator[str]:
    """A sentence for each target whose promise did not come true in the last :data:`RECENT` weeks."""
    since = now.date() - timedelta(weeks=RECENT)
    for target in sorted({row.target for row in rows}):
        promise = policy.promise_for(target)
        if promise is None:
            continue
        mine = [row for row in rows if row.target == target and row.monday >= since]
        right, judged = sum(row.right for row in mine), sum(row.judged for row in mine)
        if judged >= FEWEST and 1 - wilson(judged - right, judged) < promise:
            name = target.replace("_", " ")
            yield (f"The promise for {name} is being broken: {right} of {judged} suggestions of the last {RECENT} "
                   f"weeks were right, {promise:.0%} are promised. Run `seenbefore train`, or "
                   f"`seenbefore settings modes {target}=shadow` until it is mended.")  # fmt: skip
