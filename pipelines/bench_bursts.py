"""Bench of bursts: outages planted in real streams, replayed ticket by ticket, and what plain rules would have said."""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kb.bursts import AGAIN, Stream, bar_for
from kb.learners import Vectors
from kb.usual import HISTORY, only_days
from models import scores
from models.rates import Rates
from pipelines.bench import OURS, Bench, Row
from pipelines.learnable import vectors_of
from pipelines.patterns import clusters_of
from pipelines.retell import retell

Ints = NDArray[np.int64]

SEED = 29
OUTAGES = 80
"""Planted in each stream."""
CALLS = (5, 16)
"""Tickets of a planted outage, from and below."""
GAPS = (20.0, 300.0)
"""Seconds between its tickets on average; drawn evenly on a logarithmic scale, single gaps are exponential."""
APART = 6 * 3_600
"""Seconds at least between two planted outages of one replay."""
A_WEEK = 0.5
"""Alarms a week on the part before the test for which every system's bar is set."""
LOG = "servicenow_log"
_HOUR = 3_600
_DAY = 86_400
_WEEK = 7 * _DAY
_SURGE = 1.4
_LARGE = 10
_LOG_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Flow:
    """A stream to plant in: seconds, unit vectors, groups (-1 for none), and from which second it is the test."""

    name: str
    times: Ints
    vectors: Vectors
    groups: Ints
    callers: Ints
    """Code of each ticket's caller; -1 where unknown."""
    test_from: int


@dataclass(frozen=True, slots=True)
class Outage:
    """Vectors of its tickets, in the order in which they come, and of what kind it is."""

    kind: str
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Alarm:
    """Row of a replay at which a system raised its voice, and the rows it meant."""

    row: int
    rows: tuple[int, ...]


System = Callable[[Ints, Vectors, Ints, int, int], list[Alarm]]
"""(times, vectors, callers, from row, to row) → alarms of that stretch, each told once."""


def extra_burst(bench: Bench) -> Iterator[Row]:
    """Outages are planted in the newer half of each stream; bars are set on the older half, without planted ones."""
    rng = np.random.default_rng(SEED)
    bench.say("Grouping", 0, 1)
    clusters = clusters_of(bench.pool, say=bench.say)
    groups = np.asarray(clusters.labels, np.int64)
    held_out = _held_out(groups, rng)
    outages = planted(bench, groups, held_out, Random(SEED))
    keep = ~np.isin(groups, held_out) & ~_labelled(bench)
    for flow in flows(bench, groups, keep, rng):
        yield from _measured(bench, flow, outages, clusters.centres, rng)
    bench.notes.append(
        f"burst: {len(outages)} outages of {CALLS[0]} to {CALLS[1] - 1} tickets, seed {SEED}, a ticket every "
        f"{GAPS[0]:.0f} to {GAPS[1]:.0f} seconds on average; bars set for {A_WEEK} alarms a week on the older half. "
        f"Every alarm that is not a planted outage counts as false, also real ones."
    )


# --- what is planted ---------------------------------------------------------------------------------------------


def planted(bench: Bench, groups: Ints, held_out: Ints, rng: Random) -> list[Outage]:
    """Outages of failures the stream knows, of new ones, and, where people marked them, of real reports of one bug.

    New failures are those of held-out groups, whose tickets are left out of the stream. Texts are told anew for every
    ticket (:func:`pipelines.retell.retell`).
    """
    tickets, texts = bench.tickets, []
    known = [i for i in range(len(tickets)) if not np.isin(groups[i], held_out) and len(tickets[i].text) > 40]
    new = [i for i in np.flatnonzero(np.isin(groups, held_out)).tolist() if len(tickets[i].text) > 40]
    kinds, sizes = [], []
    for n in range(OUTAGES):
        kind = ("known", "new")[n % 2] if new else "known"
        base = rng.choice(new if kind == "new" else known)
        calls = rng.randrange(*CALLS)
        texts += [retell(tickets[base].text, rng) for _ in range(calls)]
        kinds.append(kind)
        sizes.append(calls)
    vectors = vectors_of(bench.home, texts, say=bench.say)
    ends = np.cumsum(sizes)
    found = [Outage(k, vectors[e - n : e]) for k, n, e in zip(kinds, sizes, ends.tolist(), strict=True)]
    marked: dict[str, list[int]] = {}
    for i, ticket in enumerate(tickets):
        if ticket.extra.get("cluster"):
            marked.setdefault(ticket.extra["cluster"], []).append(i)
    for name in sorted(marked):
        if len(marked[name]) >= CALLS[0]:
            chosen = rng.sample(marked[name], min(len(marked[name]), CALLS[1] - 1))
            found.append(Outage("reports", bench.pool.vectors[chosen]))
    return found


def _held_out(groups: Ints, rng: np.random.Generator) -> Ints:
    """One group in ten."""
    names = np.unique(groups[groups >= 0])
    return np.sort(rng.permutation(names)[: max(1, len(names) // 10)]) if len(names) > 4 else names[:0]


def _labelled(bench: Bench) -> NDArray[np.bool_]:
    return np.array([bool(ticket.extra.get("cluster")) for ticket in bench.tickets], bool)


# --- what it is planted in ---------------------------------------------------------------------------------------


def flows(bench: Bench, groups: Ints, keep: NDArray[np.bool_], rng: np.random.Generator) -> Iterator[Flow]:
    """The folder's own stream where it has times, and its texts at the times of the ServiceNow log beside it."""
    rows = np.flatnonzero(keep & np.array([ticket.opened_at is not None for ticket in bench.tickets], bool))
    times = np.array([int(bench.tickets[i].opened_at.timestamp()) for i in rows.tolist()], np.int64)  # type: ignore[union-attr]
    if len(rows) > 500 and int(np.ptp(times)) > 24 * _WEEK and not only_days(times):
        middle = int(times.min()) + int(np.ptp(times)) // 2
        callers = _coded([bench.tickets[i].caller for i in rows.tolist()])
        yield Flow("own times", times, bench.pool.vectors[rows], groups[rows], callers, middle)
    else:
        bench.notes.append("burst: the folder's tickets have no times of their own that would do.")
    log = bench.folder.parent / LOG / "incidents.csv.gz"
    if log.exists():
        for shuffled in (True, False):
            yield _transplanted(bench, groups, keep, log, rng, shuffled=shuffled)


def _transplanted(
    bench: Bench, groups: Ints, keep: NDArray[np.bool_], log: Path, rng: np.random.Generator, *, shuffled: bool
) -> Flow:  # fmt: skip
    """Real times and real kinds of incidents, by rank of size, with the folder's texts; vectors get some noise.

    ``shuffled`` among tickets of the same hour and weekday: what Monday mornings bring stays, and so does how much the
    desk has to do at any time; incidents entered in bulk and the log's real outages do not.
    """
    with gzip.open(log, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head, rows = rows[0], rows[1:]
    opened, first = head.index("opened_at"), head.index("category")
    stamps = np.array([_read(row[opened]) for row in rows], np.int64)
    kinds = [(row[first], row[first + 1]) for row in rows]
    order = np.argsort(stamps, kind="stable")
    middle = int(np.quantile(stamps, 0.5))
    busy = order[stamps[order] < middle + _LOG_WEEKS * _WEEK]
    if shuffled:
        slot = stamps[busy] // _HOUR % 168
        same, mixed = busy[np.argsort(slot, kind="stable")], busy[np.lexsort((rng.random(len(busy)), slot))]
        moved = [kinds[i] for i in mixed.tolist()]
        for i, kind in zip(same.tolist(), moved, strict=True):
            kinds[i] = kind
    names = sorted(set(kinds), key=lambda kind: (-kinds.count(kind), kind))
    pools = [np.flatnonzero(keep & (groups == g)) for g in np.unique(groups[groups >= 0]).tolist()]
    pools = sorted((pool for pool in pools if len(pool)), key=len, reverse=True)
    rest = np.flatnonzero(keep & (groups < 0))
    rest = rest if len(rest) else np.flatnonzero(keep)
    of_kind = {kind: pools[n] if n < len(pools) else rest for n, kind in enumerate(names)}
    chosen = np.array([int(rng.choice(of_kind[kinds[i]])) for i in busy.tolist()], np.int64)
    vectors = bench.pool.vectors[chosen]
    noise = rng.standard_normal(vectors.shape).astype(np.float32) * (0.35 / np.sqrt(vectors.shape[1]))
    vectors = vectors + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    times = stamps[busy]
    who = head.index("caller_id")
    callers = _coded([rows[i][who].replace("?", "") for i in busy.tolist()])
    name = f"{LOG} times, {'kinds shuffled' if shuffled else 'as they came'}"
    return Flow(name, times, vectors, groups[chosen], callers, middle)


def _coded(names: Sequence[str]) -> Ints:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(name, len(codes)) if name else -1 for name in names], np.int64)


def _read(text: str) -> int:
    return int(datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC).timestamp())


# --- who is asked ------------------------------------------------------------------------------------------------


def _streamed(times: Ints, vectors: Vectors, callers: Ints, start: int, end: int) -> Stream:
    low = int(np.searchsorted(times, times[start] - HISTORY - _WEEK))
    stream = Stream(times[low:end], np.arange(low, end), vectors[low:end], Rates(), callers=callers[low:end])
    stream.replay(start - low)
    return stream


def _ours(bar: float) -> System:
    def system(times: Ints, vectors: Vectors, callers: Ints, start: int, end: int) -> list[Alarm]:
        stream = _streamed(times, vectors, callers, start, end)
        shift = int(stream.ids[0])
        return [Alarm(e.sign.row + shift, tuple(r + shift for r in e.rows)) for e in stream.episodes(bar)]

    return system


def _grouped(
    centres: Vectors, weigh: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]], bar: float
) -> System:
    """A rule over counts of one pattern in the last hour: alarm where ``weigh(counts, usual)`` reaches the bar."""

    def system(times: Ints, vectors: Vectors, callers: Ints, start: int, end: int) -> list[Alarm]:
        near = vectors[:end] @ centres.T
        group = np.where(near.max(1) >= 0.45, near.argmax(1), -1)
        found: list[Alarm] = []
        for name in np.unique(group[start:end]).tolist():
            mine = np.flatnonzero(group == name)
            if name < 0:
                continue
            since = np.searchsorted(times[mine], times[mine] - _HOUR, side="right")
            place = np.arange(len(mine))
            days = np.maximum(1.0, (times[mine] - times[0]) / _HOUR)
            told = weigh((place - since + 1).astype(np.float64), (place + 1.0) / days) >= bar
            last = -AGAIN
            for k in np.flatnonzero(told & (mine >= start)).tolist():
                if times[mine[k]] - last > AGAIN:
                    found.append(Alarm(int(mine[k]), tuple(mine[since[k] : k + 1].tolist())))
                last = int(times[mine[k]])
        return found

    return system


def _by_number(counts: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts


def _by_poisson(counts: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        np.where(counts >= 3, -np.log10(np.maximum(Rates().tail(counts, usual), 1e-300)), 0.0), np.float64
    )


def _set(make: Callable[[float], System], bars: Sequence[float], flow: Flow, start: int, end: int) -> float:
    """The lowest bar with at most :data:`A_WEEK` alarms a week on the part before the test."""
    weeks = (flow.times[end - 1] - flow.times[start]) / _WEEK
    for bar in bars:
        if len(make(bar)(flow.times, flow.vectors, flow.callers, start, end)) <= A_WEEK * weeks:
            return bar
    return bars[-1]


# --- how it went -------------------------------------------------------------------------------------------------


def _measured(
    bench: Bench, flow: Flow, outages: Sequence[Outage], centres: Vectors, rng: np.random.Generator
) -> Iterator[Row]:
    n, split = len(flow.times), int(np.searchsorted(flow.times, flow.test_from))
    quarter = int(np.searchsorted(flow.times, flow.times[0] + (flow.test_from - flow.times[0]) // 2))
    before = _streamed(flow.times, flow.vectors, flow.callers, quarter, split)
    bar = bar_for([(before, (flow.times[split - 1] - flow.times[quarter]) / _WEEK)], a_week=A_WEEK)
    rounds = _rounds(flow, outages, rng)
    systems: dict[str, System] = {OURS: _ours(bar)}
    for name, weigh, bars in (("n-in-an-hour", _by_number, np.arange(3.0, 40.0)),
                              ("poisson", _by_poisson, np.arange(2.0, 40.0, 0.5))):  # fmt: skip
        at = _set(lambda b, w=weigh: _grouped(centres, w, b), bars.tolist(), flow, quarter, split)  # type: ignore[misc]
        systems[name] = _grouped(centres, weigh, at)
        bench.notes.append(f"burst, {flow.name}: {name} tells from {at:g} on.")
    bench.notes.append(f"burst, {flow.name}: {OURS} tells from a chance of 1 in 10^{bar:.1f} on.")
    for name, system in systems.items():
        started = time.perf_counter()
        clean = system(flow.times, flow.vectors, flow.callers, split, n)
        spent = time.perf_counter() - started
        where = (bench.name, "burst", flow.name, name)
        yield from _false(where, [int(flow.times[one.row]) for one in clean], flow.times[split:])
        if name == OURS:
            large = sum(len(one.rows) >= _LARGE for one in clean)
            bench.notes.append(
                f"burst, {flow.name}: {large} of the {len(clean)} alarms without a planted outage came to {_LARGE} "
                f"tickets or more."
            )
            yield Row(*where, "milliseconds_an_arrival", 1_000 * spent / max(1, n - split), n=n - split, seconds=spent)
        told = [_tickets_till(system, flow, outages, one) for one in rounds]
        yield from _caught(where, [t for round_ in told for t in round_], outages, time.perf_counter() - started)


def _rounds(flow: Flow, outages: Sequence[Outage], rng: np.random.Generator) -> list[list[tuple[int, int, Ints]]]:
    """Replays: (outage, its first second, the seconds of its tickets); those of one replay are well apart.

    An outage begins beside a ticket of the test part, so mostly when the desk is busy.
    """
    last = int(flow.times[-1]) - _DAY
    rounds: list[list[tuple[int, int, Ints]]] = []
    tested = flow.times[(flow.times >= flow.test_from) & (flow.times < last)]
    for number, outage in enumerate(outages):
        gap = float(np.exp(rng.uniform(np.log(GAPS[0]), np.log(GAPS[1]))))
        gaps = np.maximum(1, rng.exponential(gap, len(outage.vectors) - 1)).astype(np.int64)
        for _ in range(50):
            start = int(rng.choice(tested)) + int(rng.integers(-600, 600))
            home = next((r for r in rounds if all(abs(start - at) >= APART for _, at, _ in r)), None)
            if home is not None:
                break
        if home is None:
            home = []
            rounds.append(home)
        home.append((number, start, start + np.r_[0, np.cumsum(gaps)]))
    return rounds


def _tickets_till(
    system: System, flow: Flow, outages: Sequence[Outage], planted_in: Sequence[tuple[int, int, Ints]]
) -> list[tuple[int, int | None]]:
    """For each outage of one replay its number and by which of its tickets it was told; ``None`` where never."""
    times = np.concatenate([flow.times, *(stamps for _, _, stamps in planted_in)])
    vectors = np.concatenate([flow.vectors, *(outages[number].vectors for number, _, _ in planted_in)])
    owner = np.concatenate([np.full(len(flow.times), -1), *(np.full(len(s), number) for number, _, s in planted_in)])
    order = np.argsort(times, kind="stable")
    callers = np.concatenate([flow.callers, np.full(len(times) - len(flow.times), -1)])[order]
    times, vectors, owner = times[order], vectors[order], owner[order]
    start = int(np.searchsorted(times, flow.test_from))
    alarms = system(times, vectors, callers, start, len(times))
    found: list[tuple[int, int | None]] = []
    for number, _, _ in planted_in:
        mine = np.flatnonzero(owner == number)
        told = [a.row for a in alarms if owner[a.row] == number and int(np.isin(a.rows, mine).sum()) >= 2]
        found.append((number, int((mine <= min(told)).sum()) if told else None))
    return found


def _caught(
    where: tuple[str, str, str, str], told: Sequence[tuple[int, int | None]], outages: Sequence[Outage], spent: float
) -> Iterator[Row]:
    kinds = list(dict.fromkeys(outage.kind for outage in outages))
    for kind in ("", *kinds):
        mine = [n for number, n in told if not kind or outages[number].kind == kind]
        tail = f"@{kind}" if kind else ""
        fifth = [n is not None and n <= 5 for n in mine]
        low, high = scores.clopper_pearson_interval(sum(fifth), len(fifth))
        yield Row(*where, f"flagged_by_fifth{tail}", float(np.mean(fifth)), low, high, len(mine), spent)
        if not kind:
            got = [n for n in mine if n is not None]
            yield Row(*where, "flagged_ever", len(got) / max(1, len(mine)), n=len(mine))
            yield Row(*where, "median_ticket_of_flag", float(np.median(got)) if got else 0.0, n=len(got))


def _false(where: tuple[str, str, str, str], alarms: Sequence[int], times: Ints) -> Iterator[Row]:
    """Alarms a week in the stream without planted outages: all, on Monday mornings, and on days with a surge."""
    weeks = float(times[-1] - times[0]) / _WEEK
    days = times // _DAY
    first = int(days[0])
    counts = np.bincount(days - first)
    weekday = (np.arange(len(counts)) + first + 3) % 7
    usual = np.array([np.median(counts[weekday == day]) if (weekday == day).any() else 0.0 for day in range(7)])
    surging = counts >= _SURGE * usual[weekday] + 2
    on = {
        "": list(alarms),
        "@monday_mornings": [a for a in alarms if (a // _DAY + 3) % 7 == 0 and a % _DAY < 13 * _HOUR],
        "@surge_days": [a for a in alarms if surging[a // _DAY - first]],
    }
    for kind, mine in on.items():
        low, high = Rates().interval(len(mine))
        size = int(surging.sum()) if kind == "@surge_days" else round(weeks)
        yield Row(*where, f"false_a_week{kind}", len(mine) / weeks, low / weeks, high / weeks, size)


TASKS = {"burst": extra_burst}
