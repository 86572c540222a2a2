"""Groups that last: which new group goes on under which old name, and what people said of old ones laid on new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.graph import Floats, Ints, closeness_of

LEAST = 0.3
"""Jaccard overlap that makes a new group the old one; half of either side does too."""
AGAIN = 0.8
"""Cosine of centres from which a new group is an old one that had no texts left."""
_NONE = -1


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people said, in terms of names and of places among the texts at hand."""

    spoken: Collection[str] = ()
    """Names that never vanish."""
    held: Collection[str] = ()
    """Names whose texts stay theirs, wherever new groups would put them."""
    moved: Mapping[int, str] = field(default_factory=dict)
    """Text → the name it was split off into; such a name is held too."""


@dataclass(frozen=True, slots=True)
class Carried:
    """New groups under old names."""

    labels: Ints
    """Shape (n,): group of each text, largest first, -1 for none."""
    names: list[str | None]
    """Old name of each group, ``None`` where it is new; no name is there twice."""
    gone: list[str]
    """Spoken names that have no text any more, sorted."""


def match(old: Mapping[str, Sequence[int]], new: Sequence[Sequence[int]], *, least: float = LEAST) -> list[str | None]:
    """The old name each new group goes on under, or ``None`` for a group that is new; no name is given twice.

    ``old`` has the members (ids of any texts) of each named group, ``new`` those of each new group. Pairs are taken by
    falling Jaccard overlap of what both runs could see (members unknown to the old run do not count against it); a pair
    needs ``least`` or half of either side. Ties go to the larger overlap, then to the older name.
    """
    names = sorted(old)
    home = {member: at for at, name in enumerate(names) for member in old[name]}
    labels = np.repeat(np.arange(len(new), dtype=np.int64), [len(members) for members in new])
    was = np.array([home.get(member, _NONE) for members in new for member in members], dtype=np.int64)
    sizes = np.array([len(old[name]) for name in names], dtype=np.int64)
    return [None if at < 0 else names[at] for at in _match(was, labels, sizes, len(new), least)]


def carry_on(
    labels: Ints, vectors: Floats, was: Ints, names: Sequence[str], *,
    wishes: Wishes | None = None, centres: Floats | None = None,
) -> Carried:  # fmt: skip
    """Lay old names, and what people said of them, on new groups of n texts.

    ``labels`` is the new group of each text, shape (n,), -1 for none; ``vectors`` unit rows, shape (n, dim). ``was`` is
    the place in ``names`` of the old group of each text, -1 where it was in none, -2 where it was not there.
    ``centres`` are unit rows of the old groups, shape (len(names), dim), zero where not known.

    A spoken name goes on with the largest part of its texts, and never ends in another: where these came into a larger
    group they are taken out again; where there are none, a new group about the same thing takes it. Texts of a held
    name stay, and what else came into a group that is mostly theirs goes with them. A newcomer goes to the nearer of a
    group and what was taken out of it.
    """
    wishes = wishes or Wishes()
    place = {name: at for at, name in enumerate(names)}
    spoken = sorted(place[name] for name in wishes.spoken if name in place)
    held = _held(labels, was, wishes, place)
    stays, free = np.where(held >= 0, _NONE, was), np.where(held >= 0, _NONE, labels)
    count = int(labels.max(initial=-1)) + 1
    group_of = _match(stays, free, np.bincount(stays[stays >= 0], minlength=len(names)), count, LEAST)
    named = {name: group for group, name in enumerate(group_of.tolist()) if name >= 0}
    out, left = free.copy(), {}
    for at in np.unique(held[held >= 0]).tolist():
        left[at] = set(np.unique(labels[(held == at) & (labels >= 0)]).tolist())
        named[at] = count + len(left)
        out[held == at] = named[at]
    part = {at: _largest(free[(stays == at) & (free >= 0)]) for at in spoken if at not in left}
    named = {at: group for at, group in named.items() if part.get(at, group) == group}
    for at in [one for one in part if one not in named]:
        group = part[at]
        if group in named.values():
            left[at] = {group}
            named[at] = count + len(left)
            out[(stays == at) & (free == group)] = named[at]
        elif group is not None:
            named[at] = group
    _revive(out, vectors, named, spoken, centres)
    for at, sources in sorted(left.items()):
        _draw(out, vectors, was, named[at], sources)
    return _numbered(out, {group: names[at] for at, group in named.items()}, set(wishes.spoken) & set(names))


def _held(labels: Ints, was: Ints, wishes: Wishes, place: Mapping[str, int]) -> Ints:
    """Place of the held name each text stays with or came to; -1 for none."""
    off = sorted({place[name] for name in {*wishes.held, *wishes.moved.values()} if name in place})
    held = np.where(np.isin(was, np.array(off, dtype=np.int64)), was, _NONE)
    for text, name in wishes.moved.items():
        held[text] = place[name]
    for at in off:
        for group in np.unique(labels[(held == at) & (labels >= 0)]).tolist():
            mine = labels == group
            if 2 * int((held[mine] == at).sum()) > int(mine.sum()):
                held[mine & (was < 0) & (held < 0)] = at
    return held


def _largest(groups: Ints) -> int | None:
    """The group that most of these are in; the first of equals, ``None`` without any."""
    found, sizes = np.unique(groups, return_counts=True)
    return int(found[np.argmax(sizes)]) if len(found) else None


def _match(was: Ints, labels: Ints, sizes: Ints, count: int, least: float) -> Ints:
    """Place of the old group that each new group is, shape (count,), -1 for none."""
    out = np.full(count, _NONE, dtype=np.int64)
    inside = labels >= 0
    both = inside & (was >= 0)
    if not both.any():
        return out
    pairs, shared = np.unique(labels[both] * len(sizes) + was[both], return_counts=True)
    group, name = pairs // len(sizes), pairs % len(sizes)
    seen, whole = np.bincount(labels[both], minlength=count), np.bincount(labels[inside], minlength=count)
    overlap = shared / (sizes[name] + seen[group] - shared)
    good = (overlap >= least) | (shared * 2 >= sizes[name]) | (shared * 2 >= whole[group])
    used = np.zeros(len(sizes), dtype=bool)
    for at in np.lexsort((group, name, -shared, -overlap)):
        if good[at] and out[group[at]] < 0 and not used[name[at]]:
            out[group[at]], used[name[at]] = name[at], True
    return out


def _revive(out: Ints, vectors: Floats, named: dict[int, int], spoken: Sequence[int], centres: Floats | None) -> None:
    """Give spoken names without a text to new groups about the same thing, nearest first."""
    left = np.array(sorted(set(spoken) - set(named)), dtype=np.int64)
    groups = np.setdiff1d(np.unique(out[out >= 0]), np.array(sorted(named.values()), dtype=np.int64))
    if centres is None or not len(left) or not len(groups):
        return
    made = closeness_of(vectors, out)[1][groups]
    near = centres[left] @ made.T
    for flat in np.argsort(-near, axis=None, kind="stable").tolist():
        one, other = divmod(flat, len(groups))
        if near[one, other] < AGAIN:
            return
        if int(left[one]) not in named and int(groups[other]) not in named.values():
            named[int(left[one])] = int(groups[other])


def _draw(out: Ints, vectors: Floats, was: Ints, group: int, sources: Collection[int]) -> None:
    """Newcomers that are nearer to what was taken out of their group than to the rest of it go there."""
    mine = _centre(vectors[out == group])
    for source in sorted(sources):
        rows = np.flatnonzero(out == source)
        rest = _centre(vectors[rows])
        new = rows[was[rows] == -2]
        out[new[vectors[new] @ mine > vectors[new] @ rest]] = group


def _centre(rows: Floats) -> Floats:
    total = rows.sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _numbered(out: Ints, name_of: Mapping[int, str], spoken: Collection[str]) -> Carried:
    inside = out >= 0
    groups, first, inverse, sizes = np.unique(out[inside], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups))
    labels = np.full(len(out), _NONE, dtype=np.int64)
    labels[inside] = rank[inverse]
    names = [name_of.get(group) for group in groups[order].tolist()]
    return Carried(labels, names, sorted(set(spoken) - {name for name in names if name}))
