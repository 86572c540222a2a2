"""What desk figures are counted over: tickets a viewer may see as arrays, and what was linked, said and solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.records import DONE, STATES, Viewer
from kb.store import Store

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]

NOT_GIVEN = int(np.iinfo(np.int64).min)
"""Stands for a time that nobody gave, before every other."""
UNKNOWN = -1
"""Stands for a number that nobody gave."""
_TIMES = ("opened_at", "resolved_at", "closed_at")
_NUMBERS = ("priority", "line", "reopen_count", "reassignment_count", "made_sla")
_WORDS = ("state", "category", "assignment_group")
_ASKED = ("id", *_TIMES, *_NUMBERS, *_WORDS, "problem")
_DONE = tuple(STATES.index(state) for state in DONE)
_OPEN = (STATES.index("open"), STATES.index("on hold"))
_CANCELLED = STATES.index("cancelled")


@dataclass(frozen=True, slots=True)
class Odd:
    """What is wrong with the dates, in tickets; each says in which figures it is missing."""

    undated: int = 0
    """Without a time of opening: in no count of what came in."""
    future: int = 0
    """Opened after now: left out altogether."""
    done_later: int = 0
    """Resolved or closed after now: that time is taken as not given."""
    reversed: int = 0
    """Resolved before opened: counted as resolved, and left out of every duration."""
    without_end: int = 0
    """Resolved, closed or cancelled without saying when: in neither backlog nor resolved."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Tickets as parallel arrays of shape (n,), by ascending store id; times in seconds since 1970."""

    ids: Ints
    opened: Ints
    resolved: Ints
    done: Ints
    """When it was resolved, else closed; ``NOT_GIVEN`` where it is not done or does not say."""
    gone: Ints
    """When it left the backlog: done or cancelled."""
    open: Mask
    """Whether it waits for somebody now."""
    ended: Mask
    """Whether it is resolved, closed or cancelled now."""
    priority: Ints
    line: Ints
    reopened: Ints
    bounced: Ints
    made_sla: Ints
    named_problem: Mask
    """Whether it names a problem itself."""
    category: Codes
    group: Codes
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    odd: Odd = field(default_factory=Odd)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ordered(self) -> Mask:
        """Which tickets have a duration: opened, and resolved no earlier."""
        return np.asarray((self.opened != NOT_GIVEN) & (self.resolved != NOT_GIVEN) & (self.resolved >= self.opened))

    def opened_in(self, start: int, end: int) -> Ints:
        """Rows of the tickets opened in [start, end)."""
        return np.flatnonzero((self.opened >= start) & (self.opened < end))

    def done_in(self, start: int, end: int) -> Ints:
        """Rows of the tickets resolved in [start, end)."""
        return np.flatnonzero((self.done >= start) & (self.done < end))

    def waiting_at(self, moment: int) -> Ints:
        """Rows of the tickets that were open just before a moment, as far as the last resolution tells."""
        here = (self.opened != NOT_GIVEN) & (self.opened < moment)
        return np.flatnonzero(here & (self.open | (self.gone >= moment)))

    def rows_of(self, ids: Ints) -> Ints:
        """Rows of these store ids; ids that are not here are left out."""
        if not len(self.ids) or not len(ids):
            return np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.asarray(at[self.ids[at] == ids], np.int64)


@dataclass(frozen=True, slots=True)
class Doings:
    """What people did beside resolving, as parallel arrays; only of records the viewer may see."""

    answered: Ints
    """Store ids of tickets with an article linked that is no boiler-plate, ascending, each once."""
    tied: Ints
    """Store ids of tickets linked to a problem record, ascending, each once."""
    marked_at: Ints
    """When somebody said that an answer helped or did not."""
    marked_helpful: Mask
    judged_at: Ints
    """When somebody accepted or replaced a suggestion."""
    judged_accepted: Mask
    problem_opened: Ints
    problem_resolved: Ints
    problems: int = 0
    """Problem records there are."""
    articles: int = 0
    """Articles there are."""


def read(store: Store, viewer: Viewer, *, now: int) -> Facts:
    """All tickets the viewer may see; what lies after ``now`` (seconds since 1970) is taken out and counted."""
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _ASKED}
    words: dict[str, dict[str, int]] = {name: {} for name in _WORDS}
    for rows in store.each_facts("ticket", _ASKED, viewer):
        for name, values in zip(_ASKED, zip(*rows, strict=True), strict=True):
            columns[name].append(_array(name, values, words))
    got = {name: np.concatenate(parts) if parts else np.zeros(0, np.int64) for name, parts in columns.items()}
    state = _states(got["state"], tuple(words["state"]))
    return _clean(got, state, words, now)


def doings(store: Store, viewer: Viewer, tickets: Facts) -> Doings:
    """Links, marks, corrections and problems that the viewer may see both ends of."""
    articles = _ids(store, "article", viewer)
    problem_rows = [row for rows in store.each_facts("problem", ("id", "created_at", "resolved_at"), viewer)
                    for row in rows]  # fmt: skip
    problems = {row[0] for row in problem_rows}
    answered: set[int] = set()
    tied: set[int] = set()
    for ticket, kind, target, _, generic in store.links():
        if kind == "article" and not generic and target in articles:
            answered.add(ticket)
        elif kind == "problem" and target in problems:
            tied.add(ticket)
    seen = set(tickets.ids.tolist())
    ends: dict[str, set[int]] = {"article": articles, "problem": problems, "ticket": seen}
    marks = [
        (at, said != "not helpful")
        for kind, target, said, at in store.said_at(("helpful", "fixed", "not helpful"))
        if target in ends[kind]
    ]
    judged = [
        (int(said.at.timestamp()), said.action == "accepted")
        for ticket, said in store.standing()
        if ticket in seen and said.at is not None and said.action in ("accepted", "replaced")
    ]
    return Doings(
        _sorted(answered & seen), _sorted(tied & seen),
        np.array([at for at, _ in marks], np.int64), np.array([yes for _, yes in marks], bool),
        np.array([at for at, _ in judged], np.int64), np.array([yes for _, yes in judged], bool),
        np.array([NOT_GIVEN if row[1] is None else row[1] for row in problem_rows], np.int64),
        np.array([NOT_GIVEN if row[2] is None else row[2] for row in problem_rows], np.int64),
        len(problems), len(articles),
    )  # fmt: skip


# --- from rows to arrays -----------------------------------------------------------------------------------------


def _array(name: str, values: Sequence[Any], words: dict[str, dict[str, int]]) -> NDArray[Any]:
    if name in words:
        place = words[name]
        return np.fromiter((place.setdefault(value or "", len(place)) for value in values), np.int32, len(values))
    if name == "problem":
        return np.fromiter((bool(value) for value in values), bool, len(values))
    missing = NOT_GIVEN if name in _TIMES else UNKNOWN
    return np.fromiter((missing if value is None else value for value in values), np.int64, len(values))


def _states(codes: NDArray[Any], names: Sequence[str]) -> Ints:
    """Places in ``STATES``; -1 where a ticket has none."""
    places = np.array([STATES.index(name) if name in STATES else UNKNOWN for name in names] or [UNKNOWN], np.int64)
    return np.asarray(places[codes] if len(codes) else codes, np.int64)


def _clean(got: dict[str, NDArray[Any]], state: Ints, words: dict[str, dict[str, int]], now: int) -> Facts:
    future = got["opened_at"] > now
    keep = ~future
    got, state = {name: values[keep] for name, values in got.items()}, state[keep]
    opened, resolved, closed = (got[name] for name in _TIMES)
    later = (resolved > now) | (closed > now)
    resolved, closed = np.where(resolved > now, NOT_GIVEN, resolved), np.where(closed > now, NOT_GIVEN, closed)
    end = np.where(resolved != NOT_GIVEN, resolved, closed)
    # An export without states says by its dates what is done.
    done_now = np.isin(state, _DONE) | ((state == UNKNOWN) & (end != NOT_GIVEN))
    done = np.where(done_now, end, NOT_GIVEN)
    cancelled = state == _CANCELLED
    gone = np.where(cancelled, end, done)
    ended = done_now | cancelled
    odd = Odd(
        undated=int((opened == NOT_GIVEN).sum()), future=int(future.sum()), done_later=int(later.sum()),
        reversed=int(((opened != NOT_GIVEN) & (resolved != NOT_GIVEN) & (resolved < opened) & done_now).sum()),
        without_end=int((ended & (gone == NOT_GIVEN)).sum()),
    )  # fmt: skip
    return Facts(
        got["id"], opened, np.where(done_now, resolved, NOT_GIVEN), done, gone, np.isin(state, _OPEN), ended,
        got["priority"], got["line"], got["reopen_count"], got["reassignment_count"], got["made_sla"],
        got["problem"].astype(bool), got["category"].astype(np.int32), got["assignment_group"].astype(np.int32),
        tuple(words["category"]), tuple(words["assignment_group"]), odd,
    )  # fmt: skip


def _ids(store: Store, kind: Any, viewer: Viewer) -> set[int]:
    return {row[0] for rows in store.each_facts(kind, ("id",), viewer) for row in rows}


def _sorted(ids: set[int]) -> Ints:
    return np.array(sorted(ids), np.int64)
