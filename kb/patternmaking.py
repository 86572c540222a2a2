"""How patterns come to be from a clustering run, and how they are written down and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import Damaged
from kb.patterns import ROWS, UNDATED, Floats, Head, Ints, Patterns, by_group

REACH_SHARE = 0.02
"""A newcomer must come as near the centre as all but this share of the members."""
LEAST_REACH = 0.40
"""Cosine to the centre under which nothing joins a pattern, however loose it is."""
MOST_REACH = 0.60
"""Cosine to the centre that always lets in, however alike the members are."""
_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a clustering run says of n tickets, in any order; see :mod:`models.clusterer` for the arrays."""

    ticket: Sequence[int] | Ints
    group: Ints
    variant: Ints
    closeness: Floats
    opened: Sequence[datetime | None]
    centres: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Lasting:
    """A pattern that people spoke of and that has no tickets any more; newcomers may still join it."""

    head: Head
    centre: Floats
    """A unit row, or zeros where it is not known."""
    reach: float


def assemble(
    found: Found,
    names: Sequence[tuple[str, Sequence[tuple[str, int]]]],
    kept: Sequence[str | None],
    *,
    gone: Sequence[Lasting] = (),
    next_number: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> Patterns:
    """Patterns from a run: for each group a (name, phrases with counts) and the old id it keeps, ``None`` if it is new.

    Groups that are new get the next free numbers, in the order of the groups. Pass the ``next_number`` of the
    generation before, so that no id is ever given twice. Patterns that are ``gone`` stay, without a ticket.
    """
    heads = []
    for (name, phrases), old in zip(names, kept, strict=True):
        if old is None:
            old, next_number = f"PAT{next_number:05d}", next_number + 1
        heads.append(Head(old, name, tuple((phrase, times) for phrase, times in phrases)))
    heads += [one.head for one in gone]
    centres = np.vstack([found.centres, *(one.centre[None] for one in gone)])
    reach = _reach(found.group, found.closeness, len(found.centres))
    order = np.argsort(np.asarray(found.ticket, dtype=np.int64), kind="stable")
    opened = [UNDATED if time is None else int(time.timestamp()) for time in found.opened]
    return Patterns(
        heads=tuple(heads),
        ticket=np.asarray(found.ticket, dtype=np.int64)[order],
        group=found.group[order],
        variant=found.variant[order],
        closeness=found.closeness[order],
        opened=np.asarray(opened, dtype=np.int64)[order],
        centres=centres.astype(np.float32),
        reach=np.concatenate([reach, np.array([one.reach for one in gone], dtype=np.float32)]),
        facts=dict(facts or {}),
        next_number=next_number,
    )


_ARRAYS = (*ROWS, "centres", "reach")


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


def _reach(group: Ints, closeness: Floats, count: int) -> Floats:
    """Least cosine to its centre that lets a newcomer in, for each group."""
    out = np.full(count, LEAST_REACH, dtype=np.float32)
    for at, rows in by_group(group):
        out[at] = np.clip(np.quantile(closeness[rows], REACH_SHARE), LEAST_REACH, MOST_REACH)
    return out
