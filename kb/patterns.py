"""Patterns: failures that keep coming back, under ids that outlive every refit, and what people made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import NotFound
from kb.overlay import NOTHING_SAID, Overlay
from kb.records import Pattern

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

UNDATED = np.iinfo(np.int64).min
"""Stands for "not given" among seconds since 1970."""
EXAMPLES = 5
ROWS = ("ticket", "group", "variant", "closeness", "opened")
"""The arrays of :class:`Patterns` that have one row a ticket."""
_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Head:
    """What a pattern is called: its lasting id, the name made for it, and the phrases behind the name with counts."""

    id: str
    name: str
    phrases: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """All patterns of one generation: heads, and one row for each ticket that was looked at."""

    heads: tuple[Head, ...]
    ticket: Ints
    """Store ids, shape (n,), ascending."""
    group: Ints
    """Index into ``heads`` of each ticket, shape (n,); -1 for none."""
    variant: Ints
    """Finer groups, numbered over all patterns, shape (n,); -1 for none."""
    closeness: Floats
    """Cosine to the centre of its pattern, shape (n,)."""
    opened: Ints
    """Seconds since 1970, shape (n,); ``UNDATED`` where not given."""
    centres: Floats
    """Unit rows, shape (len(heads), dim)."""
    reach: Floats
    """Least cosine to the centre that joins, shape (len(heads),)."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """How they were made: resolution, criterion, noise share, seconds."""
    next_number: int = 1
    """Number of the next new pattern; ids are never given twice."""

    _places: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {head.id: at for at, head in enumerate(self.heads)})

    @property
    def noise_share(self) -> float:
        """Share of the tickets looked at that are in no pattern; 0 where there were none."""
        return float(np.mean(self.group < 0)) if len(self.group) else 0.0

    def members(self) -> dict[str, list[int]]:
        """Store ids of each pattern's tickets, as the next refit is matched against them."""
        return {self.heads[at].id: self.ticket[rows].tolist() for at, rows in by_group(self.group)}

    def records(
        self, visible: Sequence[int] | Ints | None = None, *, overlay: Overlay = NOTHING_SAID, dismissed: bool = False
    ) -> list[Pattern]:
        """Patterns as this viewer may see them, largest first; those without a visible ticket are left out.

        ``visible`` are store ids; size, dates, examples and members come from these alone. ``None`` means all of them.
        Dismissed ones are left out unless ``dismissed``.
        """
        ids, group = self.laid(overlay)
        if visible is not None:
            group = np.where(np.isin(self.ticket, np.asarray(visible, dtype=np.int64)), group, -1)
        shown = [self._record(ids[at], rows, overlay) for at, rows in by_group(group)
                 if dismissed or ids[at] not in overlay.dismissed]  # fmt: skip
        return sorted(shown, key=lambda one: (-one.size, one.id))

    def laid(self, overlay: Overlay) -> tuple[list[str], Ints]:
        """Ids of all patterns, and the place among them of each ticket's, -1 for none, after what people said."""
        ids = [head.id for head in self.heads]
        ids += sorted(overlay.splits.difference(ids))
        at = {one: i for i, one in enumerate(ids)}
        group = self.group.copy()
        if overlay.moved:
            rows, targets = self.rows(overlay.moved), np.array([at[one] for one in overlay.moved.values()], np.int64)
            group[rows[rows >= 0]] = targets[rows >= 0]
        to = np.array([at.get(overlay.into(one), i) for i, one in enumerate(ids)] + [-1], dtype=np.int64)
        group = to[group]
        for (_, pattern), row in zip(overlay.removed, self.rows([one for one, _ in overlay.removed]), strict=True):
            if row >= 0 and group[row] == at.get(overlay.into(pattern)):
                group[row] = -1
        return ids, group

    def pattern_of(self, ticket: int, *, overlay: Overlay = NOTHING_SAID) -> str | None:
        """Id of the pattern this ticket is in; ``None`` where it is in none or was never looked at."""
        row = int(self.rows([ticket])[0])
        ids, group = self.laid(overlay)
        return ids[group[row]] if row >= 0 and group[row] >= 0 else None

    def empty(self, pattern: str, *, overlay: Overlay = NOTHING_SAID) -> Pattern:
        """A pattern without its tickets: what stays of one that has none any more. Raises NotFound."""
        return self._record(pattern, np.zeros(0, dtype=np.int64), overlay)

    def rows(self, tickets: Iterable[int]) -> Ints:
        """Row of each ticket, -1 where there is none."""
        wanted = np.fromiter(tickets, np.int64)
        if not len(self.ticket):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.ticket, wanted), len(self.ticket) - 1)
        return np.where(self.ticket[place] == wanted, place, -1)

    def _record(self, pattern: str, rows: Ints, overlay: Overlay) -> Pattern:
        split = next((act for act in overlay.acts if act.what == "split" and act.other == pattern), None)
        try:
            head = self.head(pattern)
        except NotFound:
            if split is None:
                raise
            parent = next((one.name for one in self.heads if one.id == overlay.into(split.pattern)), "a pattern")
            head = Head(pattern, f"Split off from {overlay.names.get(overlay.into(split.pattern), parent)}")
        times = self.opened[rows]
        times = times[times != UNDATED]
        near = rows[np.argsort(-self.closeness[rows], kind="stable")]
        return Pattern(
            id=pattern,
            name=overlay.names.get(pattern, head.name),
            size=len(rows),
            first_seen=_time(times.min()) if len(times) else None,
            last_seen=_time(times.max()) if len(times) else None,
            phrases=tuple(phrase for phrase, _ in head.phrases),
            examples=tuple(self.ticket[near[:EXAMPLES]].tolist()),
            members=tuple(self.ticket[rows].tolist()),
            evidence=head.phrases,
            dismissed=pattern in overlay.dismissed,
        )

    def head(self, pattern: str) -> Head:
        """What the pattern with this id is called.

        Raises NotFound where there is none.
        """
        at = self._places.get(pattern)
        if at is None:
            raise NotFound(f"There is no pattern {pattern}.")
        return self.heads[at]

    def join(self, vectors: Floats, *, overlay: Overlay = NOTHING_SAID) -> list[tuple[str, float] | None]:
        """For each unit row the pattern it joins and its cosine to the centre; ``None`` where it joins none."""
        groups, scores = self._join(vectors)
        return [(overlay.into(self.heads[at].id), score) if at >= 0 else None
                for at, score in zip(groups.tolist(), scores.astype(float).tolist(), strict=True)]  # fmt: skip

    def with_fresh(self, tickets: Ints, vectors: Floats, opened: Ints) -> Patterns:
        """The same with newcomers, each in the pattern it joins: store ids not yet here, unit rows, seconds."""
        if not len(tickets):
            return self
        groups, scores = self._join(vectors)
        order = np.argsort(np.concatenate([self.ticket, tickets]), kind="stable")
        return replace(
            self,
            ticket=np.concatenate([self.ticket, tickets])[order],
            group=np.concatenate([self.group, groups])[order],
            variant=np.concatenate([self.variant, np.full(len(tickets), -1, dtype=np.int64)])[order],
            closeness=np.concatenate([self.closeness, np.where(groups >= 0, scores, 0)]).astype(np.float32)[order],
            opened=np.concatenate([self.opened, opened])[order],
        )

    def part(self, tickets: Ints) -> Patterns:
        """The same with only these tickets, store ids ascending."""
        keep = np.isin(self.ticket, tickets)
        if keep.all():
            return self
        return replace(self, **{name: getattr(self, name)[keep] for name in ROWS})

    def _join(self, vectors: Floats) -> tuple[Ints, Floats]:
        """Place of the head each unit row joins, -1 for none, and its cosine to that centre."""
        best, score = np.full(len(vectors), -1, dtype=np.int64), np.zeros(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors) if len(self.heads) else 0, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            scores = vectors[part] @ self.centres.T
            at = np.argmax(scores, axis=1)
            score[part] = scores[np.arange(len(at)), at]
            best[part] = np.where(score[part] >= self.reach[at], at, -1)
        return best, score


def by_group(group: Ints) -> list[tuple[int, Ints]]:
    """(group, rows ascending) for each group that has rows; -1 left out."""
    order = np.argsort(group, kind="stable")
    order = order[group[order] >= 0]
    if not len(order):
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) > 0])
    return [(int(group[rows[0]]), rows) for rows in np.split(order, starts[1:])]


def _time(seconds: np.int64) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def without_names(patterns: Patterns, withheld: Iterable[str]) -> Patterns:
    """The same patterns, these without the name and the phrases that were made for them."""
    ids = set(withheld)
    if not ids:
        return patterns
    heads = tuple(Head(one.id, f"Pattern {one.id}") if one.id in ids else one for one in patterns.heads)
    return replace(patterns, heads=heads)
