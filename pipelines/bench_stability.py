"""Bench of lasting patterns: a tenth more tickets, a refit, and what is left of ids and of everything people said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import numpy as np

from kb.overlay import Overlay, What
from kb.patterns import Patterns
from kb.records import Pattern
from models.scores import interval
from pipelines.bench import OURS, Bench, Row, timed
from pipelines.learnable import Learnable
from pipelines.patterns import clusters_of, lay, links_between
from pipelines.remembered import Said

HELD_BACK = 1 / 11
"""The latest tickets, a tenth of those before them."""
COUNTED = 5
"""Patterns of so many tickets or more are followed."""
SHARE = 0.05
"""Share of the patterns that each kind of act but naming is done to; every one of these patterns gets a name."""
SEED = 2026
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said in this trial, and of which tickets."""

    said: Said
    members: Mapping[str, frozenset[int]]
    """Tickets of each pattern before anything was said."""


def extra_stability(bench: Bench) -> Iterator[Row]:
    """The latest tenth of the tickets is held back, patterns are made and spoken of, and made anew with all tickets.

    An id is kept where one goes on that holds more of the old tickets than any other pattern does. The baseline has no
    memory: groups made from nothing and numbered by size in each run. An act survives where it still holds of the same
    tickets.
    """
    pool, at = bench.pool, (bench.name, "stability", "")
    cut = round(len(pool.tickets) * (1 - HELD_BACK))
    first = pool.part(np.arange(cut))
    links = bench.home.store.links()
    made = lay(clusters_of(first, links=links_between(links, first.tickets), say=bench.say), first)
    spent = timed()
    ties = links_between(links, pool.tickets)
    clusters = clusters_of(pool, links=ties, old=made, say=bench.say)
    plain = lay(clusters, pool, old=made)
    seconds = spent()
    by_size = lay(clusters_of(pool, links=ties, say=bench.say), pool)
    big = {one.id: frozenset(one.members) for one in made.records() if one.size >= COUNTED}
    for system, after in (("numbered by size", by_size), (OURS, plain)):
        yield _row(at, system, "ids_kept", [_is_home(members, one, after) for one, members in big.items()], seconds)
    yield from _arrivals(at, made, plain, pool, cut)
    spoken = speak(made, Random(SEED))
    told = lay(clusters, pool, old=made, said=spoken.said)
    found = survival(spoken, told)
    for what, kept in found.items():
        yield _row(at, OURS, f"{what.replace(' ', '_')}_survive", kept, seconds)
    yield _row(at, OURS, "acts_survive", [one for kept in found.values() for one in kept], seconds)
    bench.notes.append(f"stability: {len(big):,} patterns of {COUNTED} tickets or more, {len(pool.tickets) - cut:,} "
                       f"tickets held back; seed {SEED}.")  # fmt: skip


def speak(made: Patterns, rng: Random) -> Spoken:
    """Name every larger pattern; merge, split, dismiss, link to problems some, take single tickets out of others."""
    records = {one.id: one for one in made.records() if one.size >= COUNTED}
    ids = sorted(records)
    rng.shuffle(ids)
    few = max(1, round(SHARE * len(ids)))
    overlay = Overlay()

    def say(what: What, pattern: str, other: str = "", name: str = "", tickets: Sequence[int] = ()) -> None:
        nonlocal overlay
        overlay = overlay.with_act(what, pattern, by="bench", at=_AT, other=other, name=name, tickets=tickets)

    for one in ids:
        say("rename", one, name=f"Named by a person: {one}")
    parts = [ids[start : start + few] for start in range(0, 6 * few, few)]
    for one, other in zip(parts[0], parts[1], strict=False):
        say("merge", one, other=other)
    for one in parts[2]:
        members = list(records[one].members)
        say("split", one, tickets=rng.sample(members, max(1, len(members) // 3)))
    for one in parts[3]:
        say("dismiss", one)
    for one in parts[4]:
        say("not this", one, tickets=[rng.choice(records[one].members)])
    return Spoken(Said(overlay, frozenset(parts[5])), {one: frozenset(records[one].members) for one in ids})


def survival(spoken: Spoken, after: Patterns) -> dict[str, list[bool]]:
    """For each kind of act whether each one still holds after the refit."""
    overlay = spoken.said.overlay
    records = {one.id: one for one in after.records(overlay=overlay, dismissed=True)}
    shown = {one.id for one in after.records(overlay=overlay)}
    heads = {head.id for head in after.heads}
    home = {ticket: one.id for one in records.values() for ticket in one.members}
    found: dict[str, list[bool]] = {}
    for act in overlay.acts:
        one, members = records.get(overlay.into(act.pattern)), spoken.members[act.pattern]
        if act.what == "rename":
            named = overlay.into(act.pattern) in heads and (one is None or one.name.startswith("Named by a person"))
            holds = named and _goes_on(one, members, overlay, home)
        elif act.what == "merge":
            both = [t for t in members | spoken.members[act.other] if t in home]
            holds = one is not None and one.id == act.other and 2 * len(set(one.members) & set(both)) > len(both)
        elif act.what == "split":
            holds = all(home.get(ticket) == act.other for ticket in act.tickets)
        elif act.what == "dismiss":
            holds = act.pattern not in shown and 2 * sum(home.get(t) in shown for t in members) < len(members)
        else:
            holds = one is None or not set(act.tickets) & set(one.members)
        found.setdefault(act.what, []).append(holds)
    linked = sorted(spoken.said.problems)
    found["problem"] = [
        one in heads and _goes_on(records.get(one), spoken.members[one], overlay, home) for one in linked
    ]
    return found


def _goes_on(one: Pattern | None, members: frozenset[int], overlay: Overlay, home: Mapping[int, str]) -> bool:
    """Whether no other pattern holds more of these tickets; those that people took out do not count."""
    taken = {ticket for ticket, _ in overlay.removed} | set(overlay.moved)
    homes = [home[ticket] for ticket in members - taken if ticket in home]
    if one is None:
        return not homes
    return homes.count(one.id) == max((homes.count(other) for other in set(homes)), default=0)


def _is_home(members: frozenset[int], one: str, after: Patterns) -> bool:
    """Whether this id is that of the pattern which holds the most of these tickets."""
    rows = after.group[after.rows(sorted(members))]
    rows = rows[rows >= 0]
    return bool(len(rows)) and after.heads[int(np.argmax(np.bincount(rows)))].id == one


def _arrivals(at: tuple[str, str, str], made: Patterns, after: Patterns, pool: Learnable, cut: int) -> Iterator[Row]:
    """Of tickets held back, whether each joined on arrival the pattern that the refit put it in."""
    known = {head.id for head in made.heads}
    joined = [one and one[0] for one in made.join(pool.vectors[cut:])]
    ended = [after.pattern_of(ticket.id or 0) for ticket in pool.tickets[cut:]]
    right = [one == other for one, other in zip(joined, ended, strict=True) if other in known]
    true = [one == other for one, other in zip(joined, ended, strict=True) if one is not None]
    yield _row(at, OURS, "arrivals_found", right, 0.0)
    yield _row(at, OURS, "arrivals_right", true, 0.0)


def _row(at: tuple[str, str, str], system: str, metric: str, held: Sequence[bool], spent: float) -> Row:
    values = np.array(held, dtype=np.float64)
    low, high = interval(values) if len(values) else (0.0, 0.0)
    return Row(*at, system, metric, float(values.mean()) if len(values) else 1.0, low, high, len(values), spent)
