"""What a question needs beyond its vector, looked up in other threads while that is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kb.columns import Columns
from kb.habits import Habits
from kb.records import Filter, Kind, Viewer
from kb.shelves import KINDS, Snapshot
from kb.words import Where

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
T = TypeVar("T")

WORDS = 100
"""Records that are looked at for the words they share."""
WHOLE_POOL = 1_500
"""A pool of articles up to this size is looked at whole."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Who looks for what: all that decides which records may be found, and by which words."""

    text: str
    viewer: Viewer
    wanted: Filter | None = None
    as_of: int | None = None
    without: tuple[int, ...] = ()
    """Store ids of tickets that are left out."""


@dataclass(frozen=True, slots=True)
class Links:
    """Which tickets this viewer may learn from, by row, and which links of each pool's habits that leaves."""

    seen: Mask
    known: Mapping[Kind, Mask]


class Ahead:
    """Rows, words and links of one question of one viewer over one snapshot; lives as long as the question.

    With threads everything is begun at once; without, it is done when it is asked for.
    """

    def __init__(
        self, snapshot: Snapshot, habits: Mapping[Kind, Habits], sought: Sought, threads: Executor | None = None
    ) -> None:
        self.snapshot, self.sought, self._habits, self._threads = snapshot, sought, habits, threads
        self._words = {kind: self.begin(self._worded, kind) for kind in KINDS if self._is_large(kind)}
        self._rows = {kind: self.begin(self._allowed, kind) for kind in KINDS}
        self.links: Callable[[], Links] = self.begin(self._linked)

    def begin(self, job: Callable[..., T], *given: object) -> Callable[[], T]:
        """Start a job that waits for no other; what comes back waits for it and gives its answer, each time."""
        if self._threads is not None:
            return self._threads.submit(job, *given).result
        kept: list[T] = []

        def answer() -> T:
            if not kept:
                kept.append(job(*given))
            return kept[0]

        return answer

    def alone(self) -> Ahead:
        """The same for a job that is itself in another thread: it begins no more there."""
        other = Ahead.__new__(Ahead)
        other.__dict__.update(self.__dict__, _threads=None)
        return other

    def rows(self, kind: Kind) -> Mask:
        """Which rows of a pool may be answered with, shape (n,); not to be written to."""
        return self._rows[kind]()

    def words(self, kind: Kind) -> Ids:
        """Store ids of the :data:`WORDS` allowed records that share the most words with the question, best first."""
        return self._words[kind]() if kind in self._words else self._worded(kind)

    def where(self, kind: Kind) -> Where:
        """The same as :meth:`rows`, for words."""
        sought = self.sought
        without = sought.without if kind == "ticket" else ()
        columns = self.snapshot.pools[kind].columns
        return columns.where(sought.viewer, sought.wanted, as_of=sought.as_of, without=without)

    # --- inside ------------------------------------------------------------------------------------------------

    def _is_large(self, kind: Kind) -> bool:
        size = len(self.snapshot.pools[kind].columns)
        return size > 0 if kind == "ticket" else size > WHOLE_POOL

    def _worded(self, kind: Kind) -> Ids:
        return self.snapshot.pools[kind].words.search(self.sought.text, WORDS, where=self.where(kind))[0]

    def _allowed(self, kind: Kind) -> Mask:
        sought, columns = self.sought, self.snapshot.pools[kind].columns
        rows = columns.rows_for(sought.viewer, sought.wanted, as_of=sought.as_of)
        if kind == "ticket":
            rows[_places(columns, sought.without)] = False
        rows.flags.writeable = False
        return rows

    def _linked(self) -> Links:
        sought, tickets = self.sought, self.snapshot.pools["ticket"].columns
        seen, hidden = tickets.rows_for(sought.viewer, as_of=sought.as_of), _places(tickets, sought.without)
        known = {to: links.known(seen, as_of=sought.as_of, without=hidden) for to, links in self._habits.items()}
        return Links(seen, known)


def _places(facts: Columns, ids: tuple[int, ...]) -> Ids:
    places = facts.places(np.array(ids, np.int64)) if ids else np.zeros(0, np.int64)
    return places[places >= 0]
