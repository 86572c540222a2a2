"""Find what keeps coming back, under ids that last from one run to the next."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from kb.desk.overlay import overlay_of
from kb.errors import Damaged, NotBuilt
from kb.patternmaking import Found, assemble, from_json, to_json
from kb.patterns import Patterns
from kb.records import EVERYONE, Kind, Ticket
from kb.rows import seconds
from kb.text import language
from models.clusterer import Clusters, Earlier, cluster, within
from models.graph import closeness_of
from models.matching import carry_on
from models.naming import name_groups
from pipelines.generations import Generation
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, vectors_of
from pipelines.neighbours import indexed
from pipelines.remembered import Said, remembered

_TOLD = 600
"""Characters of a text that tell its language."""


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
    pool = tickets_of(home, say=say)
    said = Said(overlay_of(store), frozenset(str(row[0]) for row in store.facts("problem", ("pattern",)) if row[0]))
    links = links_between(store.links(), pool.tickets)
    made = group(pool, links=links, old=None if before is None else _seen_by(home, *before), said=said, say=say)
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
    store.note(
        "published", f"patterns:{generation.name}", detail={"tickets": len(made.ticket), "patterns": len(made.heads)}
    )
    return Grouped(generation.name, len(made.ticket), len(made.heads), made.noise_share, time.perf_counter() - started)


def tickets_of(home: Home, *, say: Say = quiet) -> Learnable:
    """Every ticket that all may see, in the order of opening, with only what grouping and naming look at."""
    tickets = [
        Ticket(one.source, one.number, opened_at=one.opened_at, caller=one.caller, assigned_to=one.assigned_to,
               text=one.text, id=one.id)
        for batch in home.store.each("ticket", EVERYONE) for one in batch if isinstance(one, Ticket)
    ]  # fmt: skip
    tickets.sort(key=lambda one: (seconds(one.opened_at) or 0, one.id or 0))
    return Learnable(tickets, vectors_of(home, [one.text for one in tickets], say=say))


def group(
    pool: Learnable, *, links: Sequence[tuple[int, int]] = (), old: Patterns | None = None, said: Said | None = None,
    say: Say = quiet,
) -> Patterns:  # fmt: skip
    """Patterns of these tickets; those that overlap with old ones keep their ids, and what people said is kept."""
    return lay(clusters_of(pool, links=links, old=old, say=say), pool, old=old, said=said)


def lay(clusters: Clusters, pool: Learnable, *, old: Patterns | None = None, said: Said | None = None) -> Patterns:
    """Patterns of these groups: old ids go on where they overlap, and what people said is laid on them."""
    said = said or Said()
    ids = np.array([ticket.id or 0 for ticket in pool.tickets], dtype=np.int64)
    before = remembered(old, said, ids, pool.vectors.shape[1])
    carried = carry_on(clusters.labels, pool.vectors, before.was, before.names, wishes=before.wishes(said, ids),
                       centres=before.centres)  # fmt: skip
    closeness, centres = closeness_of(pool.vectors, carried.labels)
    people = {name for t in pool.tickets for name in (t.caller, t.assigned_to) if name}
    names = name_groups(
        carried.labels, [t.text.partition("\n")[0] for t in pool.tickets], bodies=pool.texts, exclude=people
    )
    found = Found(ids, carried.labels, within(clusters.variants, carried.labels), closeness,
                  [t.opened_at for t in pool.tickets], centres)  # fmt: skip
    return assemble(found, [(name.name, name.phrases) for name in names], carried.names,
                    gone=[before.head(name) for name in carried.gone], next_number=before.next_number,
                    facts=asdict(clusters.facts))  # fmt: skip


def clusters_of(
    pool: Learnable, *, links: Sequence[tuple[int, int]] = (), old: Patterns | None = None, say: Say = quiet
) -> Clusters:
    """Groups of these tickets as arrays, starting from ``old`` ones."""
    return cluster(
        pool.vectors, pool.texts, opened=pool.times, links=links or None, earlier=_earlier(pool, old),
        languages=[language(text[:_TOLD]) for text in pool.texts],
        neighbours=indexed,
        progress=lambda done, total: say("Grouping", done, total),
    )  # fmt: skip


def _earlier(pool: Learnable, old: Patterns | None) -> Earlier | None:
    """Groups to start from; ``None`` where the last run knew fewer than half of these tickets, or nothing of itself."""
    if old is None or "resolution" not in old.facts:
        return None
    rows = old.rows([ticket.id or 0 for ticket in pool.tickets])
    known = rows >= 0
    if 2 * int(known.sum()) < len(rows):
        return None
    facts = old.facts
    return Earlier(np.where(known, old.group[rows], -1), float(facts["resolution"]), str(facts["criterion"]),
                   int(facts.get("links", 0)))  # fmt: skip


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


def _seen_by(home: Home, generation: Generation, old: Patterns) -> Patterns:
    """The old patterns, without centres where another embedder made them."""
    same = generation.facts.get("embedder") == home.embedder.id
    return old if same else replace(old, centres=np.zeros((len(old.heads), home.embedder.dim), dtype=np.float32))


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
