"""What outgoing webhooks tell of: bursts, fixes that did not hold, and promises of suggestions that are broken.

Counted over what everybody may see, so that nothing restricted leaves; without words of tickets unless that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.hooks import TEST, Hook
from kb.live import RECENT
from kb.records import EVERYONE, Ticket

JUDGED = timedelta(days=366)
"""Problems resolved longer ago are no news."""
NEWS = timedelta(days=2)
"""A burst whose flag is older is no news."""
_CITED = 20


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that happened: its event, what it is about, and what is told of it."""

    event: str
    about: str
    told: dict[str, Any]
    words: dict[str, Any] = field(default_factory=dict)
    """What stands in tickets; told only where somebody chose so."""

    def payload(self, hook: Hook, now: datetime) -> dict[str, Any]:
        """The message for one hook."""
        told = {**self.told, **(self.words if hook.with_text else {})}
        return {"type": self.event, "timestamp": now.isoformat(), "data": told}


def alerts(desk: Desk, events: frozenset[str], *, now: datetime) -> Iterator[Alert]:
    """What happened lately of these events; the same thing always has the same ``about``.

    What cannot be judged on this desk is passed over.
    """
    for event, look in (("burst", _bursts), ("relapse", _relapses), ("promise broken", _broken)):
        if event in events:
            try:
                yield from list(look(desk, now))
            except SeenBeforeError:
                continue


def queue_alerts(desk: Desk, *, now: datetime) -> int:
    """Put what happened into the queue of every active hook that wants it, once; returns how many messages."""
    hooks = [one for one in desk.store.hooks("out") if one.active]
    wanted = frozenset(event for hook in hooks for event in hook.events)
    return sum(
        desk.store.queue_message(hook.id, alert.event, alert.about, alert.payload(hook, now), now=now)
        for alert in (alerts(desk, wanted, now=now) if wanted else ())
        for hook in hooks
        if alert.event in hook.events
    )


def trial(now: datetime) -> Alert:
    """A message that only shows that messages arrive."""
    return Alert(TEST, now.isoformat(), {"sentence": "This is a test from Seen Before."})


def _bursts(desk: Desk, now: datetime) -> Iterator[Alert]:
    for one in desk.bursts(viewer=EVERYONE, now=now):
        if one.flagged < now - NEWS:
            continue
        tickets = [t for t in desk.records("ticket", one.tickets, viewer=EVERYONE) if isinstance(t, Ticket)]
        named = {"name": one.name} if one.pattern else {}
        yield Alert(
            "burst", one.id,
            {"burst": one.id, "pattern": one.pattern, **named, "count": one.count, "minutes": one.span,
             "usual": round(one.usual, 3), "started": one.started.isoformat(), "flagged": one.flagged.isoformat(),
             "tickets": [t.number for t in tickets[:_CITED]]},
            {"name": one.name, "titles": [t.title[:200] for t in tickets[:_CITED]]},
        )  # fmt: skip


def _relapses(desk: Desk, now: datetime) -> Iterator[Alert]:
    for one in desk.problems(viewer=EVERYONE):
        if one.resolved_at is None or not now - JUDGED < one.resolved_at <= now:
            continue
        verdict = desk.verdict(one, viewer=EVERYONE, now=now)
        if verdict.state != "relapsed" or verdict.flagged is None or verdict.flagged < now - JUDGED:
            continue
        yield Alert(
            "relapse", f"{one.ref}@{int(one.resolved_at.timestamp())}",
            {"problem": one.number, "source": one.source, "resolved": one.resolved_at.isoformat(),
             "after": verdict.after, "expected": round(verdict.expected, 1), "flagged": verdict.flagged.isoformat()},
            {"title": one.title[:200]},
        )  # fmt: skip


def _broken(desk: Desk, now: datetime) -> Iterator[Alert]:
    """Once a week for as long as it lasts."""
    weeks, broken = desk.live(viewer=EVERYONE, now=now, weeks=RECENT)
    year, week, _ = now.isocalendar()
    for target in sorted({one.target for one in weeks}):
        name = target.replace("_", " ")
        sentence = next((one for one in broken if f"promise for {name} is" in one), None)
        if sentence is not None:
            since = now.date() - timedelta(weeks=RECENT)
            mine = [one for one in weeks if one.target == target and one.monday >= since]
            told = {"target": target, "promise": desk.policy.promise_for(target),
                    "right": sum(one.right for one in mine), "judged": sum(one.judged for one in mine)}  # fmt: skip
            yield Alert("promise broken", f"{target}@{year}-W{week:02}", told)
