"""Bench of search: the right article, and the same ticket again, against words, meaning, and both fused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kb.features import Featurer
from kb.knowledge import Knowledge
from kb.records import EVERYONE, Kind, Ticket
from kb.rows import seconds
from kb.shelves import Shelves
from models.baselines import fuse
from pipelines.bench import OURS, Bench, Row, Task, ranked_rows, timed
from pipelines.home import load_index
from pipelines.ranking import Asked, fit_rankers, knowledge_of, linked_questions, questions_of

DEPTH = 100


def search_task(bench: Bench, task: str, kind: Kind) -> Iterator[Row]:
    """Baselines and ours on the same questions, each asked at the moment its ticket was opened."""
    shelves = shelves_of(bench)
    featurer = knowledge_of(bench.home, shelves, {}).featurer()
    asked = _asked(bench, featurer, kind)
    if not asked:
        return
    at = (bench.name, task, "forward" if bench.test_from is not None else "")
    truth: list[set[int]] = [set(one.answers) for one in asked]
    for system in ("bm25", "dense", "fusion"):
        spent = timed()
        yield from ranked_rows(at, system, [_plain(system, one, featurer, kind) for one in asked], truth, spent())
    spent = timed()
    rankers, verdicts = fit_rankers(bench.home, shelves, until=bench.test_from or 1, say=bench.say)
    bench.notes.append(f"{task}: {verdicts[kind].why}")
    knowledge = knowledge_of(bench.home, shelves, rankers)
    ranked = []
    for n, one in enumerate(asked, 1):
        ranked.append(_ours(knowledge, one, kind, featurer))
        if n % 20 == 0 or n == len(asked):
            bench.say(f"Asking for {kind}s", n, len(asked))
    yield from ranked_rows(at, OURS, ranked, truth, spent())


def shelves_of(bench: Bench) -> Shelves:
    """The pools of the bench's own home, ready to be searched."""
    generation, note = bench.home.index()
    return Shelves(bench.home.store, bench.home.embedder, load_index(generation, note))


def _asked(bench: Bench, featurer: Featurer, kind: Kind) -> list[Asked]:
    """Questions with linked answers; where a folder has no such links, tickets of a recurring failure seen before."""
    linked = linked_questions(bench.home, featurer, kind, since=bench.test_from, say=bench.say)
    links = featurer.snapshot.links
    if kind == "article" or linked or (links.to("ticket") & ~links.generic).any():
        return linked
    return _recurring(bench)


def _recurring(bench: Bench) -> list[Asked]:
    earlier: dict[str, set[int]] = {}
    tickets: list[Ticket] = []
    answers: list[frozenset[int]] = []
    for ticket in bench.tickets:
        cluster = ticket.extra.get("cluster", "")
        if not cluster:
            continue
        before = earlier.setdefault(cluster, set())
        late = bench.test_from is None or (seconds(ticket.opened_at) or 0) >= bench.test_from
        if before and late and ticket.extra.get("split", "test") == "test":
            tickets.append(ticket)
            answers.append(frozenset(before))
        before.add(ticket.id or 0)
    found = questions_of(bench.home, tickets, say=bench.say)
    return [Asked(t, q, a) for t, q, a in zip(tickets, found, answers, strict=True)]


def _plain(system: str, one: Asked, featurer: Featurer, kind: Kind) -> list[int]:
    shelf, question = featurer.snapshot.pools[kind], one.question
    as_of = question.as_of if kind == "ticket" else None
    columns = shelf.columns
    without = question.without if kind == "ticket" else ()
    rows = columns.rows_for(EVERYONE, as_of=as_of)
    rows[columns.places(np.array(without, np.int64))] &= not without
    by_meaning, _ = shelf.vectors.search(question.vector[None, :], DEPTH, allowed=columns.mask(rows))
    where = columns.where(EVERYONE, as_of=as_of, without=without)
    by_words, _ = shelf.words.search(question.text, DEPTH, where=where)
    if system == "bm25":
        return [int(i) for i in by_words[:10]]
    if system == "dense":
        return [int(i) for i in by_meaning[0, :10] if i >= 0]
    return fuse(by_words, by_meaning[0], most=10)


def _ours(knowledge: Knowledge, one: Asked, kind: Kind, featurer: Featurer) -> list[int]:
    return [int(i) for i in knowledge.ranked(one.question, kind, EVERYONE, featurer=featurer).ids[:10]]


def articles(bench: Bench) -> Iterator[Row]:
    """Which knowledge article solves this new ticket?"""
    return search_task(bench, "articles", "article")


def seen_before(bench: Bench) -> Iterator[Row]:
    """Which earlier ticket is this one again?"""
    return search_task(bench, "seen-before", "ticket")


TASKS: dict[str, Task] = {"articles": articles, "seen-before": seen_before}
