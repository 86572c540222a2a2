"""Find what keeps coming back, under ids that last from one run to the next."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from kb.errors import Damaged, NotBuilt
from kb.learners import Vectors
from kb.patternmaking import Found, assemble, from_json, to_json
from kb.patterns import Patterns
from kb.records import Kind, Ticket
from kb.vectors import VectorIndex
from models.clusterer import Clusters, cluster, match
from models.naming import name_groups
from pipelines.generations import Generation
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, learnable

_EXACT = 50_000


@dataclass(frozen=True, slots=True)
class Grouped:
    """What one run did."""

    generation: str
    tickets: int
    patterns: int
    noise_share: float
    seconds: float
    unchanged: bool = False


def find(home: Home, *, say: Say = quiet, force: bool = False) -> Grouped:
    """Group all tickets that everyone may see, match the groups to those of the last run, and publish them."""
    started = time.perf_counter()
    before, store = _before(home), home.store
    mark = f"{store.records_seq()}+{store.links_seq()}/{home.embedder.id}"
    if not force and before is not None and before[0].facts.get("mark") == mark:
        generation, old = before
        return Grouped(generation.name, len(old.ticket), len(old.heads), old.noise_share, 0.0, unchanged=True)
    pool = learnable(home, say=say, keep=lambda ticket: True)
    made = group(
        pool, links=links_between(home.store.links(), pool.tickets), old=None if before is None else before[1], say=say
    )
    text, arrays = to_json(made)
    with home.made.begin("patterns") as draft:
        draft.write("patterns.json", text.encode())
        for name, array in arrays.items():
            out = io.BytesIO()
            np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)
            draft.write(f"{name}.npy", out.getvalue())
        facts = {
            "mark": mark,
            "embedder": home.embedder.id,
            "tickets": len(made.ticket),
            "patterns": len(made.heads),
            "noise_share": made.noise_share,
        }
        generation = draft.publish(facts)
    return Grouped(generation.name, len(made.ticket), len(made.heads), made.noise_share, time.perf_counter() - started)


def group(
    pool: Learnable, *, links: Sequence[tuple[int, int]] = (), old: Patterns | None = None, say: Say = quiet
) -> Patterns:
    """Patterns of these tickets; those that overlap with old ones keep their ids."""
    clusters = clusters_of(pool, links=links, say=say)
    ids = [ticket.id or 0 for ticket in pool.tickets]
    order = np.argsort(clusters.labels, kind="stable")
    cuts = np.searchsorted(clusters.labels[order], np.arange(len(clusters.centres) + 1))
    members = [[ids[i] for i in order[start:end]] for start, end in pairwise(cuts)]
    people = {name for t in pool.tickets for name in (t.caller, t.assigned_to) if name}
    names = name_groups(
        clusters.labels, [t.text.partition("\n")[0] for t in pool.tickets], bodies=pool.texts, exclude=people
    )
    kept = match(old.members() if old else {}, members)
    found = Found(ids, clusters.labels, clusters.variants, clusters.closeness, [t.opened_at for t in pool.tickets],
                  clusters.centres)  # fmt: skip
    return assemble(found, [(name.name, name.phrases) for name in names], kept,
                    next_number=old.next_number if old else 1, facts=asdict(clusters.facts))  # fmt: skip


def clusters_of(pool: Learnable, *, links: Sequence[tuple[int, int]] = (), say: Say = quiet) -> Clusters:
    """Groups of these tickets as arrays."""
    return cluster(
        pool.vectors, pool.texts, opened=pool.times, links=links or None,
        neighbours=_indexed if len(pool.tickets) > _EXACT else None,
        progress=lambda done, total: say("Grouping", done, total),
    )  # fmt: skip


def load(generation: Generation) -> Patterns:
    """The patterns of a verified generation. Raises ``Damaged``."""
    arrays: dict[str, Any] = {}
    for name in generation.files:
        if name.endswith(".npy"):
            try:
                array = np.lib.format.read_array(io.BytesIO(generation.read(name)), allow_pickle=False)
            except ValueError as error:
                raise Damaged(f"The patterns on disk are damaged ({name}): run `seenbefore patterns`.") from error
            arrays[name.removesuffix(".npy")] = array
    return from_json(generation.read("patterns.json").decode(), arrays)


def _before(home: Home) -> tuple[Generation, Patterns] | None:
    try:
        generation, _ = home.made.current("patterns")
        return generation, load(generation)
    except (NotBuilt, Damaged):
        return None


def links_between(
    links: Sequence[tuple[int, Kind, int, int | None, bool]], tickets: Sequence[Ticket], *, before: int | None = None
) -> list[tuple[int, int]]:
    """Links from ticket to ticket as pairs of positions; boiler-plate and those made from ``before`` on left out."""
    place = {ticket.id: i for i, ticket in enumerate(tickets)}
    return [
        (place[ticket], place[target])
        for ticket, kind, target, made_at, generic in links
        if kind == "ticket" and not generic and ticket in place and target in place
        and (before is None or (made_at is not None and made_at < before))
    ]  # fmt: skip


def _indexed(vectors: Vectors, k: int) -> tuple[Any, Any]:
    """Nearest rows by an index instead of comparing all with all."""
    index = VectorIndex.build(np.arange(len(vectors)), vectors, exact_up_to=_EXACT)
    places, scores = index.search(vectors, k)
    return places, np.where(places >= 0, scores, 0.0).astype(np.float32)
