"""What figures of tickets are counted from, one row a ticket: the columns of search, and who called from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.columns import Columns
from kb.records import Viewer
from kb.words import NEVER

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

ASKED: tuple[str, ...] = ("id", "caller", "location", "vip")
"""The store's columns that :meth:`People.build` takes, in this order."""
URGENT = 2
"""Priorities up to this one are urgent."""


@dataclass(frozen=True, slots=True)
class People:
    """Who called and where, by store id, ascending; names of callers are not kept, only whether two are the same."""

    ids: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    caller: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    """Equal for the same caller; 0 where not given."""
    place: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """Points into :attr:`places`."""
    vip: Mask = field(default_factory=lambda: np.zeros(0, bool))
    places: tuple[str, ...] = ("",)

    @classmethod
    def build(cls, rows: Sequence[Sequence[Any]], places: tuple[str, ...] = ("",)) -> People:
        """Rows as :meth:`kb.store.Store.facts` gives them for :data:`ASKED`, by ascending id."""
        code = {name: at for at, name in enumerate(places)}
        place = np.array([code.setdefault(" ".join((row[2] or "").split()), len(code)) for row in rows], np.int32)
        caller = np.array([hash(key) if (key := (row[1] or "").strip().casefold()) else 0 for row in rows], np.int64)
        vip = np.array([bool(row[3]) for row in rows], bool)
        return cls(np.array([row[0] for row in rows], np.int64), caller, place, vip, tuple(code))

    def with_fresh(self, rows: Sequence[Sequence[Any]]) -> People:
        """The same with these rows added or put in the place of older ones."""
        fresh = People.build(rows, self.places)
        old = ~np.isin(self.ids, fresh.ids)
        ids = np.concatenate([self.ids[old], fresh.ids])
        order = np.argsort(ids, kind="stable")
        return People(
            ids[order],
            np.concatenate([self.caller[old], fresh.caller])[order],
            np.concatenate([self.place[old], fresh.place])[order],
            np.concatenate([self.vip[old], fresh.vip])[order],
            fresh.places,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """One viewer's tickets as arrays: every figure counts these rows and no others."""

    columns: Columns
    seen: Mask
    """Rows the viewer may see, bool of shape (len(columns),)."""
    caller: Ids
    place: NDArray[np.int32]
    vip: Mask
    places: tuple[str, ...]

    @classmethod
    def of(cls, columns: Columns, people: People, viewer: Viewer) -> Ledger:
        """The tickets this viewer may see; what is not known of one in ``people`` is not given."""
        at = np.zeros(len(columns), np.int64)
        known = np.zeros(len(columns), bool)
        if len(people.ids) and len(columns):
            at = np.minimum(np.searchsorted(people.ids, columns.ids), len(people.ids) - 1)
            known = people.ids[at] == columns.ids
        caller, place, vip = np.zeros(len(columns), np.int64), np.zeros(len(columns), np.int32), known.copy()
        if known.any():
            caller, place = np.where(known, people.caller[at], 0), np.where(known, people.place[at], 0)
            vip = known & people.vip[at]
        return cls(columns, columns.visible(viewer), caller, place.astype(np.int32), vip, people.places)

    def rows(self, members: Sequence[int] | Ids) -> Ids:
        """Rows of these store ids that the viewer may see, in their order; others are left out."""
        at = self.columns.places(np.asarray(members, np.int64))
        at = at[at >= 0]
        return at[self.seen[at]]

    def all_rows(self) -> Ids:
        """Rows of every ticket the viewer may see."""
        return np.flatnonzero(self.seen)

    def number(self, name: str) -> Ids:
        """A column of numbers by its name in :class:`kb.columns.Columns`, all rows."""
        return self.columns.numbers[name]

    def urgent(self) -> Mask:
        """Which tickets were of priority 1 or 2, or a VIP's; all rows."""
        priority = self.number("priority")
        return self.vip | ((priority >= 1) & (priority <= URGENT))

    def timed(self, rows: Ids) -> Ids:
        """Those of these rows that say when they were opened and resolved, and not in the wrong order."""
        opened, resolved = self.number("opened")[rows], self.number("resolved")[rows]
        return rows[(opened > 0) & (resolved < NEVER) & (resolved >= opened)]

    def names(self, name: str, rows: Ids) -> list[tuple[str, int]]:
        """Values of a column of words on these rows, the commonest first; "place" is the location. "" is left out."""
        codes, words = (self.place, self.places) if name == "place" else (
            self.columns.codes[name], self.columns.names[name])  # fmt: skip
        counts = np.bincount(codes[rows], minlength=len(words))
        found = [(words[at], int(counts[at])) for at in np.flatnonzero(counts).tolist() if words[at]]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))
