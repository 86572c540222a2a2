"""Patterns: failures that keep coming back, under ids that outlive every refit, and what people made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kb.errors import Damaged, NotFound
from kb.records import Pattern

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

UNDATED = np.iinfo(np.int64).min
"""Stands for "not given" among seconds since 1970."""
EXAMPLES = 5
REACH_SHARE = 0.10
"""A newcomer must come as near the centre as all but this share of the members."""
LEAST_REACH = 0.45
"""Cosine to the centre under which nothing joins a pattern, however loose it is."""
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """What a pattern is called: its lasting id, the name made for it, and the phrases behind the name with counts."""

    id: str
    name: str
    phrases: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """What people said about patterns; kept in the store and laid over what was made, so it survives every refit."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Pattern id to the name a person gave."""
    dismissed: frozenset[str] = frozenset()
    merged: Mapping[str, str] = field(default_factory=dict)
    """Pattern id to the one it was merged into."""
    removed: frozenset[tuple[int, str]] = frozenset()
    """(ticket, pattern id): "not this pattern"."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Overlay:
        """Read what :meth:`to_dict` wrote; keys that are absent mean nothing was said."""
        return cls(
            names=dict(data.get("names", {})),
            dismissed=frozenset(data.get("dismissed", ())),
            merged=dict(data.get("merged", {})),
            removed=frozenset((int(ticket), str(pattern)) for ticket, pattern in data.get("removed", ())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in a fixed order."""
        return {
            "names": dict(sorted(self.names.items())),
            "dismissed": sorted(self.dismissed),
            "merged": dict(sorted(self.merged.items())),
            "removed": [list(pair) for pair in sorted(self.removed)],
        }

    def into(self, pattern: str) -> str:
        """The pattern this one was merged into in the end; itself where it was not, or where merges go in a circle."""
        seen = {pattern}
        at = pattern
        while (further := self.merged.get(at)) is not None:
            if further in seen:
                return pattern
            seen.add(further)
            at = further
        return at


NOTHING_SAID = Overlay()


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

    @property
    def noise_share(self) -> float:
        """Share of the tickets looked at that are in no pattern; 0 where there were none."""
        return float(np.mean(self.group < 0)) if len(self.group) else 0.0

    def members(self) -> dict[str, list[int]]:
        """Store ids of each pattern's tickets, as the next refit is matched against them."""
        return {self.heads[at].id: self.ticket[rows].tolist() for at, rows in _by_group(self.group)}

    def records(
        self, visible: Sequence[int] | Ints | None = None, *, overlay: Overlay = NOTHING_SAID, dismissed: bool = False
    ) -> list[Pattern]:
        """Patterns as this viewer may see them, largest first; those without a visible ticket are left out.

        ``visible`` are store ids; size, dates, examples and members come from these alone. ``None`` means all of them.
        Dismissed ones are left out unless ``dismissed``.
        """
        group = self._merged(overlay)
        if visible is not None:
            group = np.where(np.isin(self.ticket, np.asarray(visible, dtype=np.int64)), group, -1)
        if overlay.removed:
            at = {head.id: i for i, head in enumerate(self.heads)}
            for ticket, pattern in overlay.removed:
                row = int(np.searchsorted(self.ticket, ticket))
                if row < len(group) and self.ticket[row] == ticket and group[row] == at.get(overlay.into(pattern)):
                    group[row] = -1
        found = [self._record(at, rows, overlay) for at, rows in _by_group(group)]
        shown = [one for one in found if dismissed or one.id not in overlay.dismissed]
        return sorted(shown, key=lambda one: (-one.size, one.id))

    def _merged(self, overlay: Overlay) -> Ints:
        at = {head.id: i for i, head in enumerate(self.heads)}
        to = np.array([at.get(overlay.into(head.id), i) for i, head in enumerate(self.heads)] + [-1], dtype=np.int64)
        return to[self.group]

    def _record(self, at: int, rows: Ints, overlay: Overlay) -> Pattern:
        head = self.heads[at]
        times = self.opened[rows]
        times = times[times != UNDATED]
        near = rows[np.argsort(-self.closeness[rows], kind="stable")]
        return Pattern(
            id=head.id,
            name=overlay.names.get(head.id, head.name),
            size=len(rows),
            first_seen=_time(times.min()) if len(times) else None,
            last_seen=_time(times.max()) if len(times) else None,
            phrases=tuple(phrase for phrase, _ in head.phrases),
            examples=tuple(self.ticket[near[:EXAMPLES]].tolist()),
            members=tuple(self.ticket[rows].tolist()),
        )

    def head(self, pattern: str) -> Head:
        """What the pattern with this id is called.

        Raises NotFound where there is none.
        """
        for head in self.heads:
            if head.id == pattern:
                return head
        raise NotFound(f"There is no pattern {pattern}.")

    def join(self, vectors: Floats, *, overlay: Overlay = NOTHING_SAID) -> list[tuple[str, float] | None]:
        """For each unit row the pattern it joins and its cosine to the centre; ``None`` where it joins none."""
        if not len(self.heads) or not len(vectors):
            return [None] * len(vectors)
        scores = vectors @ self.centres.T
        best = np.argmax(scores, axis=1)
        score = scores[np.arange(len(best)), best]
        return [
            (overlay.into(self.heads[at].id), float(value)) if value >= self.reach[at] else None
            for at, value in zip(best.tolist(), score.tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a clustering run says of n tickets, in any order; see :mod:`models.clusterer` for the arrays."""

    ticket: Sequence[int]
    group: Ints
    variant: Ints
    closeness: Floats
    opened: Sequence[datetime | None]
    centres: Floats


def assemble(
    found: Found,
    names: Sequence[tuple[str, Sequence[tuple[str, int]]]],
    kept: Sequence[str | None],
    *,
    next_number: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> Patterns:
    """Patterns from a run: for each group a (name, phrases with counts) and the old id it keeps, ``None`` if it is new.

    Groups that are new get the next free numbers, in the order of the groups. Pass the ``next_number`` of the
    generation before, so that no id is ever given twice.
    """
    heads = []
    for (name, phrases), old in zip(names, kept, strict=True):
        if old is None:
            old, next_number = f"PAT{next_number:05d}", next_number + 1
        heads.append(Head(old, name, tuple((phrase, times) for phrase, times in phrases)))
    order = np.argsort(np.asarray(found.ticket, dtype=np.int64), kind="stable")
    opened = [UNDATED if time is None else int(time.timestamp()) for time in found.opened]
    return Patterns(
        heads=tuple(heads),
        ticket=np.asarray(found.ticket, dtype=np.int64)[order],
        group=found.group[order],
        variant=found.variant[order],
        closeness=found.closeness[order],
        opened=np.asarray(opened, dtype=np.int64)[order],
        centres=found.centres,
        reach=_reach(found.group, found.closeness, len(heads)),
        facts=dict(facts or {}),
        next_number=next_number,
    )


def rank(
    patterns: Sequence[Pattern], recent: Mapping[str, tuple[int, int]], *, by: Literal["size", "growth"] = "size"
) -> list[Pattern]:
    """The patterns in reading order; ``recent`` has (in the last window, in the one before) as :func:`growth` counts.

    Growth is (last + 1) / (before + 1), times the root of the last count, so that one ticket after none is no news.
    """
    if by == "size":
        return sorted(patterns, key=lambda one: (-one.size, one.id))

    def pace(one: Pattern) -> float:
        last, before = recent.get(one.id, (0, 0))
        return float((last + 1) / (before + 1) * last**0.5)

    return sorted(patterns, key=lambda one: (-pace(one), -one.size, one.id))


def growth(made: Patterns, patterns: Sequence[Pattern], *, now: datetime, days: int = 28) -> dict[str, tuple[int, int]]:
    """Tickets of each pattern in the last ``days`` before ``now`` and in as many days before those."""
    end, span = int(now.timestamp()), days * 86_400
    out = {}
    for one in patterns:
        times = made.opened[np.searchsorted(made.ticket, np.asarray(one.members, dtype=np.int64))]
        last = int(((times > end - span) & (times <= end)).sum())
        before = int(((times > end - 2 * span) & (times <= end - span)).sum())
        out[one.id] = (last, before)
    return out


_ARRAYS = ("ticket", "group", "variant", "closeness", "opened", "centres", "reach")


def to_json(made: Patterns) -> tuple[str, dict[str, NDArray[Any]]]:
    """The text of ``patterns.json`` and the arrays that lie beside it; :func:`from_json` takes both back."""
    heads = [{"id": one.id, "name": one.name, "phrases": [list(pair) for pair in one.phrases]} for one in made.heads]
    data = {"format": _FORMAT, "next_number": made.next_number, "facts": dict(made.facts), "patterns": heads}
    return json.dumps(data, ensure_ascii=False, indent=1), {key: getattr(made, key) for key in _ARRAYS}


def from_json(text: str, arrays: Mapping[str, NDArray[Any]]) -> Patterns:
    """Patterns as :func:`to_json` wrote them.

    Raises Damaged where the text is not ours or text and arrays do not belong together.
    """
    try:
        data = json.loads(text)
        heads = tuple(
            Head(str(one["id"]), str(one["name"]), tuple((str(p), int(n)) for p, n in one["phrases"]))
            for one in data["patterns"]
        )
        kept = {key: arrays[key] for key in _ARRAYS}
        made = Patterns(heads=heads, **kept, facts=data["facts"], next_number=int(data["next_number"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged("patterns.json is not what we wrote; run `seenbefore patterns` to make it again.") from error
    rows = {len(made.ticket), len(made.group), len(made.variant), len(made.closeness), len(made.opened)}
    groups = {len(heads), len(made.centres), len(made.reach)}
    fits = len(rows) == 1 and len(groups) == 1 and made.group.max(initial=-1) < len(heads)
    if data.get("format") != _FORMAT or not fits:
        raise Damaged(
            "patterns.json and its arrays do not belong together; run `seenbefore patterns` to make them anew."
        )
    return made


def _by_group(group: Ints) -> list[tuple[int, Ints]]:
    """(group, rows ascending) for each group that has rows; -1 left out."""
    order = np.argsort(group, kind="stable")
    order = order[group[order] >= 0]
    if not len(order):
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) > 0])
    return [(int(group[rows[0]]), rows) for rows in np.split(order, starts[1:])]


def _reach(group: Ints, closeness: Floats, count: int) -> Floats:
    """Least cosine to its centre that lets a newcomer in, for each group."""
    out = np.full(count, LEAST_REACH, dtype=np.float32)
    for at, rows in _by_group(group):
        out[at] = max(LEAST_REACH, float(np.quantile(closeness[rows], REACH_SHARE)))
    return out


def _time(seconds: np.int64) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
