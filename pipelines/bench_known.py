"""Bench of known errors: how often the one shown on top of a new ticket is the right one, and how many are found."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kb.features import Featurer
from kb.knowledge import Knowledge
from kb.records import EVERYONE, Link, Problem, Ticket
from kb.rows import seconds
from kb.seen import gate_for
from kb.text import prepare
from models import scores
from pipelines import index as indexing
from pipelines.bench import OURS, Bench, Row, Task, timed
from pipelines.bench_search import shelves_of
from pipelines.home import Home
from pipelines.ranking import Asked, fit_rankers, knowledge_of, questions_of

PROMISED = 0.9
"""Share of those shown that is promised to be right."""
FIRST = 3
"""So many tickets of a recurring failure, and a known error is written of it."""
OTHERS = 1_500
"""Tickets of no known error that are asked at most, in each part."""
SEED = 11
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Top:
    """What one system has to say of one question: the known error it likes best, by store id, and how well."""

    problem: int | None
    score: float


def extra_known_error(bench: Bench) -> Iterator[Row]:
    """Forward in time: each ticket of the test is asked when it was opened, of known errors written before.

    ``dense`` and ``bm25`` are one bar on the best score, set on the tickets before the test so that as many as can be
    are found with :data:`PROMISED` of those shown right. Where a folder has no problems, they are made of its recurring
    failures: the words and the resolution of its first tickets.
    """
    with _with_problems(bench) as (ready, how):
        if ready is None:
            bench.notes.append("known-error: the folder has neither problems nor recurring failures.")
            return
        spent = timed()
        shelves = shelves_of(ready)
        rankers, verdicts = fit_rankers(ready.home, shelves, until=bench.test_from or 1, say=bench.say)
        knowledge = replace(knowledge_of(ready.home, shelves, rankers), gate=gate_for(ready.home.embedder.id))
        featurer = knowledge.featurer()
        before, after = _questions(ready, featurer)
        bench.notes.append(f"known-error: {how}; {_counted(after)} asked, {verdicts['problem'].why}")
        at = (bench.name, "known-error", "forward")
        shown = [_ours(knowledge, featurer, one) for one in after]
        yield from _rows(at, OURS, shown, after, spent())
        for system in ("dense", "bm25"):
            spent = timed()
            bar = _bar([_plain(system, one, featurer) for one in before], before)
            found = [_plain(system, one, featurer) for one in after]
            kept = [one.problem if one.score >= bar else None for one in found]
            bench.notes.append(f"known-error: {system} shows from {bar:.3f}, set on {_counted(before)} before.")
            yield from _rows(at, system, kept, after, spent())


# --- questions ----------------------------------------------------------------------------------------------------


def _questions(bench: Bench, featurer: Featurer) -> tuple[list[Asked], list[Asked]]:
    """Tickets before and in the test with the known error they belong to, if it was written before they came in.

    A ticket belongs to it that was linked to it, or on which technicians named its number: links are often forgotten.
    """
    columns, links = featurer.snapshot.pools["problem"].columns, featurer.snapshot.links
    known = {
        int(i): int(at)
        for i, at, is_known in zip(columns.ids, columns.numbers["opened"], columns.numbers["known"], strict=True)
        if is_known
    }
    belongs: dict[int, set[int]] = {}
    for row in np.flatnonzero(links.to("problem")).tolist():
        belongs.setdefault(int(links.ticket[row]), set()).add(int(links.target[row]))
    numbers = {one.number: one.id or 0 for one in _all_problems(bench.home) if one.id in known}
    for ticket in bench.tickets:
        text = f"{ticket.resolution} {ticket.notes}"
        belongs.setdefault(ticket.id or 0, set()).update(i for number, i in numbers.items() if number in text)
    since = min(known.values(), default=0)
    cut = bench.test_from or 0
    parts: tuple[list[Ticket], list[Ticket]] = ([], [])
    for ticket in bench.tickets:
        opened = seconds(ticket.opened_at) or 0
        if opened > since:
            parts[opened >= cut].append(ticket)
    found = []
    for part in parts:
        mine = [t for t in part if belongs.get(t.id or 0)]
        others = [t for t in part if not belongs.get(t.id or 0)]
        others = Random(SEED).sample(others, min(OTHERS, len(others)))
        tickets = sorted([*mine, *others], key=lambda t: (seconds(t.opened_at) or 0, t.id or 0))
        found.append([
            Asked(t, q, frozenset(p for p in belongs.get(t.id or 0, ()) if known.get(p, q.now) < q.now))
            for t, q in zip(tickets, questions_of(bench.home, tickets, say=bench.say), strict=True)
        ])  # fmt: skip
    return found[0], found[1]


def _all_problems(home: Home) -> Iterator[Problem]:
    for batch in home.store.each("problem", EVERYONE):
        yield from (one for one in batch if isinstance(one, Problem))


def _counted(asked: Sequence[Asked]) -> str:
    return f"{sum(bool(one.answers) for one in asked):,} tickets of a known error and " \
           f"{sum(not one.answers for one in asked):,} of none"  # fmt: skip


# --- systems ------------------------------------------------------------------------------------------------------


def _ours(knowledge: Knowledge, featurer: Featurer, one: Asked) -> int | None:
    hit = knowledge.known_error(one.question, viewer=EVERYONE, featurer=featurer)
    return None if hit is None else hit.record.id


def _plain(system: str, one: Asked, featurer: Featurer) -> Top:
    """The known error whose text is nearest by meaning, or shares most words."""
    shelf = featurer.snapshot.pools["problem"]
    rows = shelf.columns.rows_for(EVERYONE, as_of=one.question.as_of)
    if not rows.any():
        return Top(None, 0.0)
    if system == "bm25":
        by_words, worth = shelf.words.search(one.question.text, 1, where=shelf.columns.where(
            EVERYONE, as_of=one.question.as_of))  # fmt: skip
        may = [(int(i), float(w)) for i, w in zip(by_words, worth, strict=True)]
        return Top(*may[0]) if may else Top(None, 0.0)
    ids, near = shelf.vectors.search(one.question.vector[None, :], 1, allowed=shelf.columns.mask(rows))
    return Top(int(ids[0, 0]), float(near[0, 0])) if ids[0, 0] >= 0 else Top(None, 0.0)


def _bar(found: Sequence[Top], asked: Sequence[Asked]) -> float:
    """The lowest score from which :data:`PROMISED` of those shown are right; above all where there is none."""
    order = sorted(range(len(found)), key=lambda i: -found[i].score)
    right = np.cumsum([found[i].problem in asked[i].answers for i in order]) if order else np.zeros(0)
    share = right / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= PROMISED)
    return found[order[int(good[-1])]].score if len(good) else float("inf")


def _rows(
    at: tuple[str, str, str], system: str, shown: Sequence[int | None], asked: Sequence[Asked], spent: float
) -> Iterator[Row]:
    """Right of those shown; found of those there are; false alarms among tickets of no known error."""
    right = np.array([s in one.answers for s, one in zip(shown, asked, strict=True) if s is not None], float)
    found = np.array([s in one.answers for s, one in zip(shown, asked, strict=True) if one.answers], float)
    alarms = np.array([s is not None for s, one in zip(shown, asked, strict=True) if not one.answers], float)
    named: Mapping[str, Floats] = {"right_of_shown": right, "found": found, "false_alarms": alarms}
    for metric, values in named.items():
        if len(values):
            yield Row(*at, system, metric, float(values.mean()), *scores.interval(values), len(values), spent)


# --- a folder without problems ------------------------------------------------------------------------------------


@contextmanager
def _with_problems(bench: Bench) -> Iterator[tuple[Bench | None, str]]:
    """The bench with problems in its home: its own, or in a copy those made of recurring failures."""
    there = bench.home.store.counts(EVERYONE)["problems"]
    if there:
        yield bench, f"{there} problems of the folder"
        return
    made, links = _of_failures(bench)
    if not made:
        yield None, ""
        return
    with tempfile.TemporaryDirectory(prefix="seenbefore-known-") as scratch:
        place = Path(scratch) / "home"
        shutil.copytree(bench.home.folder, place)
        home = Home(replace(bench.home.settings, home=place))
        home.store.write("problem", made)
        home.store.link(links)
        indexing.build(home, say=bench.say)
        yield Bench(bench.folder, bench.facts, home, bench.say), f"{len(made)} known errors made of recurring failures"


def _of_failures(bench: Bench) -> tuple[list[Problem], list[Link]]:
    """A known error of each recurring failure, written when its :data:`FIRST` tickets are in and one has a resolution.

    The first ticket lends title and symptom, the first written resolution is the workaround.
    """
    groups: dict[str, list[Ticket]] = {}
    for ticket in bench.tickets:
        if ticket.extra.get("cluster"):
            groups.setdefault(ticket.extra["cluster"], []).append(ticket)
    problems, links = [], []
    for name, tickets in sorted(groups.items()):
        first = tickets[:FIRST]
        solved = [one for one in first if one.fix and one.resolved_at is not None]
        if len(first) < FIRST or not solved:
            continue
        at = max([one.resolved_at or first[-1].opened_at for one in solved[:1]] + [first[-1].opened_at], key=seconds0)
        made = Problem("benchmark", f"KE-{name}", title=first[0].title, symptom=first[0].body[:2_000],
                       workaround=solved[0].fix[:2_000], created_at=at, updated_at=at, state="assessing")  # fmt: skip
        problems.append(prepare(made))
        links += [Link(one.ref, made.ref, one.resolved_at or one.opened_at) for one in tickets]
    return problems, links


def seconds0(at: object) -> int:
    """Seconds of a time, 0 where there is none."""
    return seconds(at) or 0  # type: ignore[arg-type]


TASKS: dict[str, Task] = {"known-error": extra_known_error}
