"""The facts about every record that filters and ranking need, as arrays in memory, one row a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.records import Filter, Kind, Viewer
from kb.rows import seconds, unpack_audience
from kb.words import NEVER, Where

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

_WORDS: dict[Kind, dict[str, str]] = {
    "ticket": {"category": "category", "service": "service", "group": "assignment_group", "state": "state",
               "audience": "audience"},
    "article": {"category": "category", "state": "state", "audience": "audience"},
    "problem": {"category": "category", "service": "service", "state": "state", "audience": "audience"},
}  # fmt: skip
_NUMBERS: dict[Kind, dict[str, str]] = {
    "ticket": {"opened": "opened_at", "resolved": "resolved_at", "reopened": "reopen_count",
               "bounced": "reassignment_count", "line": "line", "priority": "priority"},
    "article": {"opened": "created_at", "resolved": "updated_at"},
    "problem": {"opened": "created_at", "resolved": "updated_at", "known": "known_error"},
}  # fmt: skip
ASKED: dict[Kind, tuple[str, ...]] = {
    kind: ("id", "number", *_WORDS[kind].values(), *_NUMBERS[kind].values()) for kind in _WORDS
}
"""The store's columns one row of :meth:`Columns.build` holds, in this order."""
UNKNOWN = -1
_VIEWS = 16
"""So many sets of groups have their visible rows kept, a byte a record each."""
ARCHIVED = "archived"
"""An article in this state answers nothing any more; it can still be opened."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Immutable arrays sorted by store id. ``codes[name]`` points into ``names[name]``; numbers hold -1 for unknown.

    ``opened`` of a record without a date is 0 (always known), ``resolved`` of an unresolved one is NEVER.
    """

    kind: Kind
    ids: Ids
    codes: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, Ids] = field(default_factory=dict)
    _seen: dict[bytes, Mask] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What :meth:`visible` found for the groups that asked last."""

    @classmethod
    def build(cls, kind: Kind, rows: Sequence[Sequence[Any]]) -> Columns:
        """Rows as :meth:`kb.store.Store.facts` gives them for ``ASKED[kind]`` and any more, by ascending id."""
        picked = list(zip(*rows, strict=True)) if rows else [()] * len(ASKED[kind])
        codes, names, numbers = {}, {}, {}
        at = 2
        for name in _WORDS[kind]:
            names[name] = tuple(sorted({value or "" for value in picked[at]}))
            place = {value: code for code, value in enumerate(names[name])}
            codes[name] = np.fromiter((place[value or ""] for value in picked[at]), np.int32, len(picked[at]))
            at += 1
        for name in _NUMBERS[kind]:
            missing = {"opened": 0, "resolved": NEVER}.get(name, UNKNOWN)
            numbers[name] = np.array([missing if value is None else value for value in picked[at]], np.int64)
            at += 1
        return cls(kind, np.array(picked[0], np.int64), codes, names, numbers)

    def __len__(self) -> int:
        return len(self.ids)

    def with_fresh(self, rows: Sequence[Sequence[Any]], gone: Iterable[int]) -> Columns:
        """A new view with these rows added or replaced and the records ``gone`` left out."""
        fresh = Columns.build(self.kind, rows)
        left_out = self.places(np.concatenate([fresh.ids, np.array(sorted(gone), np.int64)]))
        left_out = left_out[left_out >= 0]
        newer = not len(self.ids) or not len(fresh.ids) or int(fresh.ids[0]) > int(self.ids[-1])
        ids = np.concatenate([np.delete(self.ids, left_out), fresh.ids])
        order = None if newer else np.argsort(ids, kind="stable")

        def merge(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
            both = np.concatenate([np.delete(old, left_out) if len(left_out) else old, new])
            return both if order is None else both[order]

        codes, names = {}, {}
        for name in self.codes:
            merged = {value: i for i, value in enumerate(self.names[name])}
            for value in fresh.names[name]:
                merged.setdefault(value, len(merged))
            moved = np.array([merged[value] for value in fresh.names[name]] or [0], np.int32)
            codes[name], names[name] = merge(self.codes[name], moved[fresh.codes[name]]), tuple(merged)
        numbers = {name: merge(self.numbers[name], fresh.numbers[name]) for name in self.numbers}
        return replace(self, ids=ids if order is None else ids[order], codes=codes, names=names, numbers=numbers)

    # --- asking ------------------------------------------------------------------------------------------------

    def places(self, ids: Ids) -> Ids:
        """Row of each id; -1 where there is none."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, -1)

    def visible(self, viewer: Viewer) -> Mask:
        """Which rows the viewer may see at all, bool of shape (len(self),); not to be written to."""
        if not len(self.ids) or (viewer.sees_all and viewer.reads):
            return np.ones(len(self.ids), bool)
        may = np.array([viewer.may_see(unpack_audience(name)) for name in self.names["audience"]], bool)
        rows = self._seen.get(may.tobytes())
        if rows is None:
            rows = may[self.codes["audience"]]
            rows.flags.writeable = False
            if len(self._seen) >= _VIEWS:
                self._seen.clear()
            self._seen[may.tobytes()] = rows
        return rows

    def rows_for(self, viewer: Viewer, wanted: Filter | None = None, *, as_of: int | None = None) -> Mask:
        """Which rows may be answered with: visible, inside the filter, opened before ``as_of``.

        Of problems only known errors, of articles none that is archived.
        """
        rows = self.visible(viewer).copy()
        if self.kind == "problem":
            rows &= self.numbers["known"] > 0
        if self.kind == "article" and ARCHIVED in self.names["state"]:
            rows &= self.codes["state"] != self.names["state"].index(ARCHIVED)
        wanted = wanted or Filter()
        for name, values in _asked(self.kind, wanted).items():
            if values and name in self.codes:
                may = np.array([value in values for value in self.names[name]], bool)
                rows &= _chosen(self.codes[name], may)
        if wanted.kinds and self.kind not in wanted.kinds:
            rows[:] = False
        if self.kind == "ticket":
            opened = self.numbers["opened"]
            if wanted.opened_from is not None:
                rows &= opened >= (seconds(wanted.opened_from) or 0)
            if wanted.opened_before is not None:
                rows &= opened < (seconds(wanted.opened_before) or 0)
        if as_of is not None:
            rows &= self.numbers["opened"] < as_of
        return rows

    def mask(self, rows: Mask) -> Mask:
        """The same answer indexed by store id, for :meth:`kb.vectors.VectorIndex.search`."""
        answer = np.zeros(int(self.ids[-1]) + 1 if len(self.ids) else 0, bool)
        if len(self.ids) and len(answer) - int(self.ids[0]) == len(self.ids):  # no id is missing between the ends
            answer[int(self.ids[0]) :] = rows
        else:
            answer[self.ids[rows]] = True
        return answer

    def where(self, viewer: Viewer, wanted: Filter | None = None, *, as_of: int | None = None,
              without: Iterable[int] = ()) -> Where:  # fmt: skip
        """The same answer as clauses for :class:`kb.words.WordIndex`."""
        wanted = wanted or Filter()
        facets = {n: tuple(v) for n, v in _asked(self.kind, wanted).items() if v and n in self.codes}
        if not (viewer.sees_all and viewer.reads):
            seen = tuple(a for a in self.names["audience"] if viewer.may_see(unpack_audience(a)))
            facets["audience"] = seen or ("-",)  # no record has that one
        if self.kind == "article" and ARCHIVED in self.names["state"]:
            facets["state"] = tuple(name for name in self.names["state"] if name != ARCHIVED) or ("-",)
        if self.kind != "ticket":
            return Where(facets, as_of=as_of, without=tuple(without))
        return Where(facets, seconds(wanted.opened_from), seconds(wanted.opened_before), as_of, tuple(without))

    def facets(self, viewer: Viewer) -> dict[str, list[tuple[str, int]]]:
        """What a reader may filter by: name → (value, count), commonest first, counted over visible rows only."""
        rows, answer = self.visible(viewer), {}
        for name, code in self.codes.items():
            if name == "audience":
                continue
            counts = np.bincount(code[rows], minlength=len(self.names[name]))
            pairs = [(value, int(n)) for value, n in zip(self.names[name], counts, strict=True) if n and value]
            answer[name] = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
        return answer

    # --- keeping -----------------------------------------------------------------------------------------------

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
        """Arrays and names to keep in a generation."""
        arrays: dict[str, NDArray[Any]] = {"ids": self.ids}
        arrays |= {f"code-{name}": code for name, code in self.codes.items()}
        arrays |= {f"number-{name}": values for name, values in self.numbers.items()}
        return arrays, {name: list(values) for name, values in self.names.items()}

    @classmethod
    def from_arrays(cls, kind: Kind, arrays: Mapping[str, NDArray[Any]], names: Mapping[str, list[str]]) -> Columns:
        """The other way round."""
        codes = {name: arrays[f"code-{name}"] for name in _WORDS[kind]}
        numbers = {name: arrays[f"number-{name}"] for name in _NUMBERS[kind]}
        return cls(kind, arrays["ids"], codes, {name: tuple(values) for name, values in names.items()}, numbers)


def _chosen(codes: NDArray[np.int32], may: Mask) -> Mask:
    """``may[codes]``; a few wanted codes are quicker compared than looked up."""
    wanted = np.flatnonzero(may)
    if len(wanted) > 4:
        return np.asarray(may[codes], bool)
    rows = np.zeros(len(codes), bool)
    for code in wanted:
        rows |= codes == code
    return rows


def _asked(kind: Kind, wanted: Filter) -> dict[str, tuple[str, ...]]:
    asked = {"category": wanted.categories}
    if kind == "problem":
        asked |= {"service": wanted.services}
    if kind == "ticket":
        asked |= {"service": wanted.services, "group": wanted.groups, "state": wanted.states}
    return asked
