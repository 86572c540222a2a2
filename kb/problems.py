"""The life of a problem: what may be said of it, what its states ask for, and how one begins from a pattern."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.caserows import somebody
from kb.drafts import SECRET, shared_audience
from kb.errors import BadSetting, ChangedMeanwhile
from kb.given import Value
from kb.records import PROBLEM_STATES, Pattern, Problem, Ticket
from kb.rows import content_hash, moment, seconds
from kb.text import without_hidden

TEXTS = ("symptom", "probable_cause", "root_cause", "workaround", "fix")
LINES = ("title", "owner", "category", "service")
EDITABLE = ("title", *TEXTS, "impact", "owner", "state", "category", "service", "resolved_at")
OVER = ("resolved", "closed")
"""States in which nobody works on it any more."""
LATELY = timedelta(days=28)
_LONGEST_LINE, _LONGEST_TEXT, _QUOTED = 200, 20_000, 600
_LEAST_WORDS = 4
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ProblemUse:
    """What became of a problem so far, counted over the tickets and marks a viewer may know of."""

    linked: int = 0
    """Tickets that belong to it."""
    lately: int = 0
    """Those of them that were opened in the last :data:`LATELY`."""
    helped: int = 0
    """How often it was marked as helpful or as what fixed it, and that stands."""
    last: datetime | None = None
    """When it was last linked or marked."""

    @property
    def used(self) -> int:
        """How often it was of use: tickets it was linked on, and marks."""
        return self.linked + self.helped


def is_open(problem: Problem) -> bool:
    """Whether somebody should still work on it."""
    return problem.merged_into is None and problem.state not in OVER


def board(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """State → its problems, in the order of the states; states of an export that we do not know come first."""
    found = list(problems)
    unknown = sorted({one.state for one in found} - set(PROBLEM_STATES))
    return {state: [one for one in found if one.state == state] for state in (*unknown, *PROBLEM_STATES)}


# --- changes ------------------------------------------------------------------------------------------------------


def shown(problem: Problem) -> dict[str, str]:
    """A digest of each field as a reader saw it, to be sent back with what he changed; see :func:`checked`."""
    return {name: _digest(_column(getattr(problem, name))) for name in EDITABLE}


def checked(
    problem: Problem, changes: Mapping[str, object], *, now: datetime, seen: Mapping[str, str] | None = None
) -> dict[str, Value]:
    """The fields that really change, as columns; with ``seen`` those the reader left as he saw them are none.

    Raises ``BadSetting`` in one sentence where a value cannot be or a state asks for more, ``ChangedMeanwhile`` where
    a field is not what the reader saw any more.
    """
    after: dict[str, Value] = {name: _value(name, value, now) for name, value in changes.items()}
    old = {name: _column(getattr(problem, name)) for name in EDITABLE}
    if seen is not None:
        after = {name: value for name, value in after.items() if _digest(value) != seen.get(name)}
        moved = [name for name, value in after.items() if value != old[name] and _digest(old[name]) != seen.get(name)]
        if moved:
            raise ChangedMeanwhile(somebody("", moved))
    after = {name: value for name, value in after.items() if value != old[name]}
    if "state" in after:
        _demanded(str(after["state"]), {**old, **after})
        after |= _settled(str(after["state"]), old, after, now)
    return after


def new(fields: Mapping[str, object], *, now: datetime, by: str) -> Problem:
    """A problem with these fields. Raises ``BadSetting``."""
    made = {name: _value(name, value, now) for name, value in fields.items()}
    if not made.get("title"):
        raise BadSetting("Give the problem a title: a few words that name the failure.")
    state = str(made.setdefault("state", "new"))
    _demanded(state, made)
    made |= _settled(state, {}, made, now)
    made.setdefault("owner", by)
    resolved = made.pop("resolved_at", None)
    at = moment(resolved) if isinstance(resolved, int) else None
    return Problem("", "", **made, resolved_at=at, created_at=now, updated_at=now)  # type: ignore[arg-type]


def _value(name: str, value: object, now: datetime) -> Value:
    if name not in EDITABLE:
        raise BadSetting(f"A problem has no {name[:40]!r} to set: it has {', '.join(EDITABLE)}.")
    if name == "resolved_at":
        if isinstance(value, datetime) and value > now + _SKEW:
            raise BadSetting("It cannot have been resolved in the future: give the day the fix went in.")
        return seconds(value) if isinstance(value, datetime) else None
    text = without_hidden("" if value is None else str(value)).strip()
    if name == "impact":
        if not text:
            return None
        if text not in ("1", "2", "3", "4", "5"):
            raise BadSetting("Impact is a number: 1 is high, 2 medium, 3 low.")
        return int(text)
    if name == "state" and text not in PROBLEM_STATES:
        raise BadSetting(f"A problem is one of: {', '.join(PROBLEM_STATES)}.")
    if name == "title" and not text:
        raise BadSetting("Give the problem a title: a few words that name the failure.")
    return " ".join(text.split())[:_LONGEST_LINE] if name in (*LINES, "state") else text[:_LONGEST_TEXT]


def _demanded(state: str, fields: Mapping[str, Value]) -> None:
    """What a state asks for before a problem may be moved to it."""
    if state == "root cause known" and not fields.get("root_cause"):
        raise BadSetting("Write the root cause down first: what makes it happen?")
    if state == "resolved" and not fields.get("fix"):
        raise BadSetting("Write the fix down first: what was changed so that it does not come back?")


def _settled(
    state: str, old: Mapping[str, Value], after: Mapping[str, Value], now: datetime
) -> dict[str, Value]:  # fmt: skip
    """The time of resolution that goes with a move."""
    if state == "resolved" and after.get("resolved_at") is None:
        return {"resolved_at": seconds(now)}
    if state not in OVER and old.get("resolved_at") is not None:
        return {"resolved_at": None}
    return {}


def _column(value: object) -> Value:
    return seconds(value) if isinstance(value, datetime) else value  # type: ignore[return-value]


def _digest(value: Value) -> str:
    return content_hash("" if value is None else str(value).strip())[:12]


# --- from a pattern -----------------------------------------------------------------------------------------------


def from_pattern(pattern: Pattern, tickets: Sequence[Ticket], *, now: datetime, by: str) -> Problem:
    """The beginning of a problem, in the words of the most central of ``tickets``, those nearest the centre first.

    Only tickets for everybody are read, so that the problem may be for everybody; where there is none, all are, and
    only those may see it who may see every one. Raises ``BadSetting`` where nobody could.
    """
    public = [ticket for ticket in tickets if not ticket.audience]
    read = public or list(tickets)
    audience = shared_audience(ticket.audience for ticket in read)
    if audience is None:
        raise BadSetting("No group may see all the tickets of this pattern, so nobody could be shown the problem: "
                         "make it by hand from the tickets of one group.")  # fmt: skip
    levels = [str(ticket.impact) for ticket in read if ticket.impact is not None]
    return Problem(
        "", "", title=pattern.name[:_LONGEST_LINE], symptom=_symptom(read), owner=by, pattern=pattern.id,
        impact=int(_commonest(sorted(levels))) if levels else None,
        service=_commonest([ticket.service for ticket in read]),
        category=_commonest([ticket.category for ticket in read]),
        created_at=now, updated_at=now, audience=audience,
    )  # fmt: skip


def _symptom(tickets: Sequence[Ticket]) -> str:
    """What the most central ticket says, word for word, and its number; one that names a password is passed over."""
    fit = [t for t in tickets if len(t.text.split()) >= _LEAST_WORDS and not SECRET.search(t.text)]
    said = next(iter(fit or [t for t in tickets if t.text.strip() and not SECRET.search(t.text)]), None)
    if said is None:
        return ""
    text = said.text.strip()
    if len(text) > _QUOTED:
        text = text[:_QUOTED].rpartition(" ")[0] + " …"
    return f"{text}\n({said.number})"


def _commonest(values: Sequence[str]) -> str:
    """The most frequent that is given, the first of equals; "" where none is."""
    counts = Counter(value for value in values if value)
    return counts.most_common(1)[0][0] if counts else ""
