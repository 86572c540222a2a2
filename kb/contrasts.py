"""What is different about the tickets of a pattern: values that stand out against neighbours, by an exact test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from kb.identifiers import identifiers
from kb.learners import Rates
from kb.records import Ref, Ticket

SURE = 0.05
"""Chance of even one false find among all that are said of a pattern (family-wise, after Holm's correction)."""
FEWEST = 3
"""Tickets of the pattern that must share a value."""
LIFT = 1.5
"""A value must be so many times as common inside as outside."""
MOST = 12
READ = 4_000
"""Characters of a text, and of its fix, that are looked through for versions, hosts and error codes."""
CITED = 8
WITHIN = 14 * 86_400
"""Neighbours are other tickets from the time of the pattern, so many seconds wider on both sides."""

Values = Callable[[Ticket], Sequence[str]]

_IN_TEXT = {"version": "version", "kb": "patch", "error": "error", "exception": "error", "event": "event",
            "host": "host", "file": "file", "symbol": "error"}  # fmt: skip
_SAID: Mapping[str, str] = {
    "service": "name the service {0}", "ci": "are on {0}", "location": "come from {0}",
    "department": "come from the department {0}", "channel": "came by {0}", "week": "came in the week of {0}",
    "weekday": "came on a {0}", "version": "name version {0}", "patch": "name {0}", "error": "show {0}",
    "event": "show {0}", "host": "name {0}", "file": "name {0}", "close code": "were closed as {0}",
    "group": "were solved by {0}", "since": "came since {0}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contrast:
    """One value that stands out in a pattern."""

    field: str
    """service, ci, location, department, channel, version, patch, error, event, host, file, week, since, close code."""
    value: str
    inside: int
    of_inside: int
    """Tickets of the pattern that say anything here."""
    outside: int
    of_outside: int
    """Neighbours that do."""
    chance: float
    """That any of the values looked at would stand out as much without a reason: exact, corrected for all looks."""
    sentence: str
    cited: tuple[Ref, ...]
    """Tickets of the pattern that have it, newest first."""

    @property
    def lift(self) -> float:
        """How many times as common it is inside as outside (one more counted outside, so that none is no infinity)."""
        return _lift(self)


def contrasts(inside: Sequence[Ticket], others: Sequence[Ticket], *, rates: Rates) -> list[Contrast]:
    """Values that are commoner among a pattern's tickets than among their neighbours, the surest first.

    ``others`` are tickets that are not in the pattern; those from its time are its neighbours, for sites, departments
    and the rest those of its own services where there are enough. Fisher's exact test, one-sided; chances are
    corrected over all values of all fields with Holm's method (1979), so at most :data:`SURE` of the patterns in
    which nothing is different say anything at all. Empty where the pattern has fewer than :data:`FEWEST` tickets.
    """
    if len(inside) < FEWEST:
        return []
    near = neighbours(inside, others)
    own = _own_services(inside)
    same = [ticket for ticket in near if ticket.service in own]
    closer = same if own and len(same) >= max(50, len(inside)) else near
    spoken = {ticket.ref: _spoken(ticket) for ticket in (*inside, *near)}
    fields = {**_FIELDS, **{kind: _named(kind, spoken) for kind in _TEXTS}}
    looks = []
    for field, values in fields.items():
        looks += list(_looks(field, values, inside, near if field in ("service", "ci", *_TEXTS) else closer))
    if not looks:
        return []
    chances = np.concatenate([
        rates.stands_out([look.inside], look.of_inside, [look.outside], look.of_outside) for look in looks
    ])  # fmt: skip
    fair = rates.corrected(chances)
    order = sorted(range(len(looks)), key=lambda i: (fair[i], chances[i], looks[i].field, looks[i].value))
    found = [_contrast(looks[i], float(fair[i])) for i in order if fair[i] <= SURE and _lift(looks[i]) >= LIFT]
    return _without_echoes(found)[:MOST]


def neighbours(inside: Sequence[Ticket], others: Sequence[Ticket]) -> list[Ticket]:
    """Those of ``others`` that were opened in the time of the pattern; all where it has no dates."""
    times = sorted(ticket.opened_at for ticket in inside if ticket.opened_at is not None)
    if not times:
        return list(others)
    first, last = times[0] - timedelta(seconds=WITHIN), times[-1] + timedelta(seconds=WITHIN)
    return [ticket for ticket in others if ticket.opened_at is not None and first <= ticket.opened_at <= last]


# --- inside -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    field: str
    value: str
    inside: int
    of_inside: int
    outside: int
    of_outside: int
    tickets: tuple[Ticket, ...]


def _lift(one: Contrast | _Look) -> float:
    return (one.inside / one.of_inside) / ((one.outside + 1) / (one.of_outside + 1))


def _one(name: str) -> Values:
    def values(ticket: Ticket) -> Sequence[str]:
        value = str(getattr(ticket, name)).strip()
        return (value,) if value else ()

    return values


def _spoken(ticket: Ticket) -> Mapping[str, Sequence[str]]:
    """What its text names, by field."""
    found: dict[str, set[str]] = {}
    for one in identifiers(f"{ticket.text[:READ]}\n{ticket.fix[:READ]}"):
        if one.kind in _IN_TEXT:
            found.setdefault(_IN_TEXT[one.kind], set()).add(one.value)
    return {field: sorted(values) for field, values in found.items()}


def _named(field: str, spoken: Mapping[Ref, Mapping[str, Sequence[str]]]) -> Values:
    return lambda ticket: spoken[ticket.ref].get(field, ("",))


def _week(ticket: Ticket) -> Sequence[str]:
    if ticket.opened_at is None:
        return ()
    day = ticket.opened_at.astimezone(UTC).date()
    return ((day - timedelta(days=day.weekday())).isoformat(),)


_TEXTS = ("version", "patch", "error", "event", "host", "file")
_FIELDS: dict[str, Values] = {
    "service": _one("service"), "ci": _one("ci"), "location": _one("location"), "department": _one("department"),
    "channel": _one("channel"), "close code": _one("close_code"), "week": _week,
}  # fmt: skip


def _looks(field: str, values: Values, inside: Sequence[Ticket], others: Sequence[Ticket]) -> Iterator[_Look]:
    """Every value of one field that at least :data:`FEWEST` tickets of the pattern have."""
    mine = [(ticket, values(ticket)) for ticket in inside]
    told = [(ticket, set(found)) for ticket, found in mine if found]
    if not told:
        return
    counts = Counter(value for _, found in told for value in found if value)
    wanted = {value for value, n in counts.items() if n >= FEWEST}
    if not wanted:
        return
    theirs = [found for ticket in others if (found := values(ticket))]
    outside = Counter(value for found in theirs for value in found if value in wanted)
    for value in sorted(wanted):
        if len(theirs):
            having = tuple(ticket for ticket, found in told if value in found)
            yield _Look(field, value, counts[value], len(told), outside[value], len(theirs), having)


def _own_services(inside: Sequence[Ticket]) -> set[str]:
    """The service or services that most tickets of the pattern name."""
    counts = Counter(ticket.service for ticket in inside if ticket.service)
    whole = sum(counts.values())
    return {name for name, n in counts.items() if n >= 0.2 * whole} if whole else set()


def _contrast(look: _Look, chance: float) -> Contrast:
    value = look.value
    if look.field == "week":
        monday = datetime.fromisoformat(value)
        value = f"{monday.day} {monday:%B %Y}"
    said = _SAID[look.field].format(value)
    sentence = (f"{look.inside} of {look.of_inside} {said}; elsewhere {look.outside} of {look.of_outside:,} "
                f"({_chance(chance)}).")  # fmt: skip
    newest = sorted(look.tickets, key=lambda t: (t.opened_at is None, -(t.opened_at or _EPOCH).timestamp(), t.number))
    return Contrast(look.field, look.value, look.inside, look.of_inside, look.outside, look.of_outside, chance,
                    sentence, tuple(ticket.ref for ticket in newest[:CITED]))  # fmt: skip


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _chance(chance: float) -> str:
    if chance < 0.001:
        return "by chance less than once in a thousand"
    return f"by chance {chance:.1%}"


def _without_echoes(found: Sequence[Contrast]) -> list[Contrast]:
    """The same value said by two fields is said once."""
    kept: list[Contrast] = []
    for one in found:
        if not any(one.value.casefold() == other.value.casefold() for other in kept):
            kept.append(one)
    return kept
