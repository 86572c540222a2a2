"""The SLA clock: targets per priority, when a ticket is due in business time, pauses, and the risk of a breach."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from kb.calendars import ALWAYS, Hours, duration
from kb.errors import BadSetting
from kb.records import Ticket

Goal = Literal["response", "resolution"]
State = Literal["running", "paused", "met", "breached"]
Held = Sequence[tuple[datetime, datetime | None]]
"""Times on hold as (from, until), in any order; until ``None`` where it still is."""

FEWEST = 20
"""So many past tickets it takes to tell the risk of a breach."""
LONGEST = 366 * 24 * 60
_DURATION = re.compile(r"\s*(?:(\d{1,6})\s*h)?\s*(?:(\d{1,6})\s*min)?\s*", re.IGNORECASE)
_HOURS = {"business": False, "round the clock": True}
_EXAMPLE = '{"1": {"response": "15 min", "resolution": "2 h", "hours": "round the clock"}}'


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised for one priority, in minutes; ``None`` where nothing is."""

    response: float | None
    resolution: float | None
    round_the_clock: bool = False
    """Minutes of the clock on the wall; else business minutes."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The promises of the desk: by priority, and when it works. A priority that is not named has no target."""

    by_priority: Mapping[int, Target] = field(
        default_factory=lambda: {
            1: Target(15, 120, round_the_clock=True),
            2: Target(60, 4 * 60),
            3: Target(2 * 60, 10 * 60),
            4: Target(4 * 60, 30 * 60),
            5: Target(10 * 60, 50 * 60),
        }
    )
    """By default 15 min / 2 h, then in business hours 1 h / 4 h, 2 h / 1 day, 4 h / 3 days and 1 day / 5 days."""
    hours: Hours = field(default_factory=Hours)

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Targets:
        """From the settings ``sla`` and ``business_hours``. Raises ``BadSetting``."""
        hours, text = Hours.from_settings(settings), settings.get("sla")
        return cls(_read(text), hours) if text else cls(hours=hours)

    def to_text(self) -> str:
        """As the setting ``sla``: JSON."""
        words = {on: name for name, on in _HOURS.items()}
        return json.dumps(
            {
                str(priority): {
                    "response": _written(target.response),
                    "resolution": _written(target.resolution),
                    "hours": words[target.round_the_clock],
                }
                for priority, target in sorted(self.by_priority.items())
            }
        )

    def hours_of(self, priority: int) -> Hours:
        """By which hours the clock of this priority runs."""
        target = self.by_priority.get(priority)
        return ALWAYS if target is not None and target.round_the_clock else self.hours


@dataclass(frozen=True, slots=True)
class Clock:
    """How one ticket stands against its target."""

    due: datetime
    """UTC; where it is paused, when it would be due if it went on now."""
    left_minutes: float
    """Minutes of the target's hours that are left; below 0 by how much it is over."""
    share_used: float
    """Of the target's time; above 1 where it is over."""
    state: State
    sentence: str
    used_minutes: float = 0.0
    target_minutes: float = 0.0


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The setting of targets as text, with what holds where nobody set it."""
    return {"sla": Targets.from_settings(settings).to_text()}


def clock(
    ticket: Ticket, priority: int | None, *, now: datetime, rules: Targets, held: Held = (),
    goal: Goal = "resolution", done_at: datetime | None = None,
) -> Clock | None:  # fmt: skip
    """How a ticket stands at ``now``; ``None`` where its priority has no target, or its times do not tell.

    ``done_at`` is when the goal was reached; for a resolution that is known from the ticket. The clock stands still in
    the times ``held`` and while the state is "on hold"; a hold whose beginning nobody wrote down counts from now on.
    """
    target = None if priority is None else rules.by_priority.get(priority)
    wanted = None if target is None else target.resolution if goal == "resolution" else target.response
    if priority is None or wanted is None or ticket.opened_at is None or ticket.state == "cancelled":
        return None
    if done_at is None and ticket.state not in ("open", "on hold"):
        done_at = (ticket.resolved_at or ticket.closed_at) if goal == "resolution" else None
        if done_at is None and ticket.state is not None:
            return None
    hours, end = rules.hours_of(priority), now if done_at is None else done_at
    spans = _active(ticket.opened_at, max(end, ticket.opened_at), held)
    paused = done_at is None and (
        ticket.state == "on hold" or any(a <= now and (b is None or b > now) for a, b in held)
    )
    each = hours.minutes_of(spans)
    used, due = float(each.sum()), None
    for (start, _), before, minutes in zip(spans, each.cumsum() - each, each, strict=True):
        if before + minutes >= wanted:
            due = hours.due(start, wanted - before)
            break
    if due is None:
        due = hours.due(max(end, ticket.opened_at), wanted - used)
    left = wanted - used
    if done_at is not None:
        state: State = "met" if left >= 0 else "breached"
    else:
        state = "breached" if left < 0 else "paused" if paused else "running"
    sentence = _sentence(state, due, left, wanted, now=now, done=done_at is not None)
    return Clock(due, left, used / wanted, state, sentence, used, wanted)


def breach_risk(running: Clock, usual_minutes: Sequence[float]) -> float | None:
    """Probability in [0, 1] that the target will be breached; 0 or 1 where that is decided.

    ``usual_minutes`` are those that such tickets took by the same hours, see :func:`usual`. Of those that took longer
    than this one already has, the share that took longer than the target, with half an example added on either side
    (Jeffreys' prior). ``None`` below :data:`FEWEST` examples, and where none took so long: then nobody can know.
    """
    if running.state in ("met", "breached"):
        return float(running.state == "breached")
    took = np.asarray(usual_minutes, np.float64)
    longer = int((took > running.used_minutes).sum())
    if len(took) < FEWEST or not longer:
        return None
    return (int((took > running.target_minutes).sum()) + 0.5) / (longer + 1)


def usual(tickets: Sequence[Ticket], priority: int, *, rules: Targets) -> list[float]:
    """The minutes, by the hours of this priority, that resolved tickets took; those without times are left out."""
    spans = [(t.opened_at, t.resolved_at) for t in tickets if t.is_done and t.opened_at and t.resolved_at]
    return [float(m) for m in rules.hours_of(priority).minutes_of([(a, b) for a, b in spans if b >= a])]


def _active(start: datetime, end: datetime, held: Held) -> list[tuple[datetime, datetime]]:
    """What is left of [start, end] without the times on hold, ascending."""
    spans, at = [], start
    for begin, until in sorted((a, max(a, end if b is None else b)) for a, b in held):
        if begin > at:
            spans.append((at, min(begin, end)))
        at = max(at, until)
        if at >= end:
            break
    return [*spans, (at, end)] if at < end else spans or [(start, start)]


def _sentence(state: State, due: datetime, left: float, wanted: float, *, now: datetime, done: bool) -> str:
    if done:
        over = f"breached: took {duration(wanted - left, days=False)}, {duration(wanted, days=False)} were promised"
        return over if state == "breached" else f"met in {duration(wanted - left, days=False)}"
    if state == "breached":
        return f"breached {duration((now.astimezone(UTC) - due).total_seconds() / 60)} ago"
    if state == "paused":
        return f"paused while on hold, {duration(left, days=False)} left" if left >= 1 else "paused while on hold"
    if left < 1:
        return "due now"
    by_the_wall = abs((due - now.astimezone(UTC)).total_seconds() / 60 - left) < 1
    return f"due in {duration(left, days=False)}{'' if by_the_wall else ' of business time'}"


# --- the setting -------------------------------------------------------------------------------------------------


def _read(text: str) -> dict[int, Target]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"sla cannot be read: give JSON such as {_EXAMPLE}.") from error
    if not isinstance(given, dict):
        raise BadSetting(f"sla must name targets by priority: give JSON such as {_EXAMPLE}.")
    targets = {}
    for name, one in given.items():
        if not re.fullmatch(r"[1-9]", name):
            raise BadSetting(f"sla: {name[:20]!r} is no priority: they count from 1, the highest, to 9.")
        if not isinstance(one, dict) or one.keys() - {"response", "resolution", "hours"}:
            raise BadSetting(f"sla: priority {name} may have response, resolution and hours: {_EXAMPLE}.")
        if str(hours := one.get("hours", "business")) not in _HOURS:
            raise BadSetting(f"sla: hours of priority {name} must be business or round the clock.")
        response, resolution = (_minutes(name, goal, one.get(goal)) for goal in ("response", "resolution"))
        targets[int(name)] = Target(response, resolution, _HOURS[str(hours)])
    return targets


def _minutes(priority: str, goal: str, given: Any) -> float | None:
    if given is None or given == "":
        return None
    minutes = float(given) if isinstance(given, int) and not isinstance(given, bool) else -1.0
    if isinstance(given, str) and (match := _DURATION.fullmatch(given)) is not None:
        minutes = 60.0 * int(match[1] or 0) + int(match[2] or 0)
    if not 1 <= minutes <= LONGEST:
        raise BadSetting(
            f"sla: {goal} of priority {priority} is {str(given)[:40]!r}: give a time such as 15 min, 2 h or 1 h 30 min."
        )
    return minutes


def _written(minutes: float | None) -> str | None:
    if minutes is None:
        return None
    hours, rest = divmod(round(minutes), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
