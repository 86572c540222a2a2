"""What a refit of patterns remembers: the groups of the last run, and what people said even where that run is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.overlay import NOTHING_SAID, Overlay
from kb.patternmaking import LEAST_REACH, Lasting
from kb.patterns import Head, Patterns
from models.matching import Wishes

Ints = NDArray[np.int64]
ABSENT = -2


@dataclass(frozen=True, slots=True)
class Said:
    """What people said that a refit keeps: of patterns, and the patterns that problems were made from."""

    overlay: Overlay = NOTHING_SAID
    problems: frozenset[str] = frozenset()

    @property
    def spoken(self) -> frozenset[str]:
        """Ids that never vanish."""
        return self.overlay.told() | self.problems | {self.overlay.into(one) for one in self.problems}


@dataclass(frozen=True, slots=True)
class Before:
    """Old patterns, seen from the tickets at hand."""

    names: list[str]
    was: Ints
    """Place in ``names`` of each ticket's old pattern; -1 where it had none, -2 where it was not there."""
    centres: NDArray[np.float32]
    """Shape (len(names), dim); zero where not known."""
    heads: dict[str, Head]
    reach: dict[str, float]
    next_number: int

    def wishes(self, said: Said, ids: Ints) -> Wishes:
        """What people said, in places of ``ids``, which are store ids."""
        place = {one: at for at, one in enumerate(ids.tolist())}
        moved = {place[one]: name for one, name in said.overlay.moved.items() if one in place}
        return Wishes(said.spoken, said.overlay.held(), moved)

    def head(self, name: str) -> Lasting:
        """What is kept of a pattern that has no tickets any more."""
        head = self.heads.get(name, Head(name, f"Pattern {name}"))
        return Lasting(head, self.centres[self.names.index(name)], self.reach.get(name, LEAST_REACH))


def remembered(old: Patterns | None, said: Said, ids: Ints, dim: int) -> Before:
    """The patterns of the last run; those people spoke of that it does not know stand where people left them."""
    heads = {head.id: head for head in old.heads} if old else {}
    names = list(heads)
    was = np.full(len(ids), ABSENT, dtype=np.int64)
    centres = np.zeros((len(names), dim), dtype=np.float32)
    if old is not None:
        rows = old.rows(ids)
        was[rows >= 0] = old.group[rows[rows >= 0]]
        if old.centres.shape[1:] == (dim,):
            centres = old.centres
    place = {one: at for at, one in enumerate(ids.tolist())}
    anchors = said.overlay.anchors()
    lost = sorted((said.spoken | set(anchors)).difference(names))
    for name in lost:
        for ticket in anchors.get(name, ()):
            if ticket in place and was[place[ticket]] < 0:
                was[place[ticket]] = len(names)
        names.append(name)
    centres = np.vstack([centres, np.zeros((len(lost), dim), dtype=np.float32)])
    reach = dict(zip(heads, old.reach.astype(float).tolist(), strict=True)) if old else {}
    given = [int(name[3:8]) for name in names if name[:3] == "PAT" and name[3:8].isdigit()]
    number = max([old.next_number if old else 1, *(one + 1 for one in given)])
    return Before(names, was, centres, heads, reach, number)
