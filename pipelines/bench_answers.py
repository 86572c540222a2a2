"""Bench of honesty and of feedback: questions of another desk, honest chances, and what a week of marks is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kb.features import Featurer
from kb.knowledge import Knowledge
from kb.marks import Vote
from kb.records import EVERYONE, Kind, Ticket
from kb.rows import content_hash, moment, seconds
from kb.seen import gate_for
from kb.shelves import Said
from kb.tables import Asked as AskedFor
from kb.tables import rows, understand
from kb.text import prepare
from models import scores
from pipelines.bench import OURS, Bench, Row, Task, ranked_rows, timed
from pipelines.bench_search import shelves_of
from pipelines.ranking import Asked, fit_rankers, helped_questions, knowledge_of, linked_questions, questions_of
from pipelines.sample import FOLDER as SAMPLE
from pipelines.seen import answerable, at_loss, fit_gate, nearest, room

MOST = 400
SEED = 11
WEEK = 200
"""Answered questions of one week: forty a working day."""
_POOLS: tuple[Kind, ...] = ("ticket", "article")
Floats = NDArray[np.float64]


def extra_not_seen(bench: Bench) -> Iterator[Row]:
    """How often a question of another desk gets an answer, and how often a right answer is withheld.

    Everything is fitted before the test; ``dense`` is one bar on the best score, set to withhold as many.
    """
    spent = timed()
    shelves = shelves_of(bench)
    rankers, _ = fit_rankers(bench.home, shelves, until=bench.test_from or 1, say=bench.say)
    shipped = gate_for(bench.home.embedder.id)
    bars = fit_gate(bench.home, shelves, rankers, shipped, until=bench.test_from or 1, say=bench.say)
    bench.notes.append(f"not-seen: {bars.why}")
    gate = shipped.stricter(bars.stricter)
    knowledge = replace(knowledge_of(bench.home, shelves, rankers), gate=gate)
    featurer = knowledge.featurer()
    own = [(kind, one) for kind in _POOLS for one in _linked(bench, featurer, kind, MOST)]
    right = [one for kind, one in own if answerable(knowledge, featurer, kind, one)]
    foreign, whose = _foreign(bench)
    bench.notes.append(f"not-seen: {len(foreign)} foreign questions from {whose}.")
    at = (bench.name, "not-seen", "forward" if bench.test_from is not None else "")
    ours = [np.array([room(featurer, gate, one) >= 0 for one in part], float) for part in (right, foreign)]
    yield from _shares(at, OURS, ours, spent())
    best = [np.array([max(nearest(featurer, one).values(), default=0.0) for one in part]) for part in (right, foreign)]
    before = [one for kind in _POOLS for one in _linked(bench, featurer, kind, MOST // 2, before=True)]
    known = [max(nearest(featurer, one).values(), default=0.0) for one in before]
    bar = at_loss(known)
    yield from _shares(at, "dense", [(part >= bar).astype(float) for part in best], 0.0)
    for kind in _POOLS:
        asked = (helped_questions(bench.home, featurer, since=bench.test_from) if kind == "ticket"
                 else linked_questions(bench.home, featurer, kind, since=bench.test_from))  # fmt: skip
        chance, helps = _shown(knowledge, featurer, kind, _some(asked, MOST))
        if len(chance):
            yield Row(*at, OURS, f"ece_{kind}s", scores.ece(chance, helps), None, None, len(chance), spent())


def _shares(at: tuple[str, str, str], system: str, answered: Sequence[Floats], spent: float) -> Iterator[Row]:
    own, foreign = answered
    for metric, values in (("lost_answers", 1 - own), ("false_answers", foreign)):
        if len(values):
            yield Row(*at, system, metric, float(values.mean()), *scores.interval(values), len(values), spent)


def _shown(
    knowledge: Knowledge, featurer: Featurer, kind: Kind, asked: Sequence[Asked]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Chance and truth of the ten hits a reader is shown, for the questions that get an answer."""
    chances, helps = [], []
    for one in asked:
        near = nearest(featurer, one)
        words = len(one.question.text.split())
        above = knowledge.gate.room(near, words)
        if above < 0 or kind not in near:
            continue
        found = knowledge.ranked(one.question, kind, EVERYONE, featurer=featurer)
        chances.append(found.relevance[:10] * knowledge.gate.damp(above, kind, near[kind], words))
        helps.append(np.isin(found.ids[:10], list(one.answers)))
    if not chances:
        return np.zeros(0), np.zeros(0, bool)
    return np.concatenate(chances), np.concatenate(helps)


def _linked(bench: Bench, featurer: Featurer, kind: Kind, most: int, *, before: bool = False) -> list[Asked]:
    """Linked questions of the test, or from before it."""
    since, until = (None, bench.test_from or 1) if before else (bench.test_from, None)
    return _some(linked_questions(bench.home, featurer, kind, since=since, until=until), most)


def _some(asked: list[Asked], most: int) -> list[Asked]:
    """At most so many, drawn once and for all, in the order they were asked."""
    if len(asked) <= most:
        return asked
    return [asked[i] for i in sorted(Random(SEED).sample(range(len(asked)), most))]


def _foreign(bench: Bench) -> tuple[list[Asked], str]:
    """Tickets of the folders beside this one, asked today; of the sample desk where there are none."""
    here, needed = bench.folder.resolve(), ("bench.toml", "tickets.csv.gz")
    beside = [f for f in sorted(here.parent.iterdir()) if f != here and all((f / name).exists() for name in needed)]
    files = [folder / "tickets.csv.gz" for folder in beside] or [Path(SAMPLE) / "tickets.csv.gz"]
    tickets: list[Ticket] = []
    for file in files:
        found = [prepare(row) for row in rows(understand(file, AskedFor(source="foreign"))) if isinstance(row, Ticket)]
        found = [ticket for ticket in found if ticket.text]
        tickets += Random(SEED).sample(found, min(len(found), MOST // len(files)))
    latest = max((seconds(t.opened_at) or 0 for t in bench.tickets), default=0) + 86_400
    asked = [Asked(t, replace(q, now=latest, as_of=None), frozenset())
             for t, q in zip(tickets, questions_of(bench.home, tickets, say=bench.say), strict=True)]  # fmt: skip
    return asked, " and ".join(file.parent.name for file in files)


def extra_feedback(bench: Bench) -> Iterator[Row]:
    """What a week of marks lifts later questions by: on a desk that brought no links, and on one that brought all.

    The week is the last :data:`WEEK` answered questions before the test, each asked when its ticket was opened. Where
    a right article stands among the ten shown it is marked as what fixed it, and up to two wrong ones above it as not
    helpful; where none does, nothing is said. Nothing is refitted.
    """
    shelves = shelves_of(bench)
    knowledge = knowledge_of(bench.home, shelves, {})
    snapshot = knowledge.featurer().snapshot
    passages = knowledge.featurer().passages
    full = knowledge.featurer()
    week = linked_questions(bench.home, full, "article", until=bench.test_from or 1, say=bench.say)[-WEEK:]
    later = linked_questions(bench.home, full, "article", since=bench.test_from, say=bench.say)
    if not week or not later:
        bench.notes.append("feedback: no linked articles before and after the test begins.")
        return
    start = week[0].question.now
    links = snapshot.links
    known = {"no links before": np.zeros(len(links), bool), "links before": (links.at > 0) & (links.at < start)}
    truth: list[set[int]] = [set(one.answers) for one in later]
    for split, kept in known.items():
        spent = timed()
        bare = replace(snapshot, links=links.part(kept))
        featurer = Featurer.of(bare, passages)
        yield from ranked_rows((bench.name, "feedback", split), "without", _ranked(knowledge, featurer, later), truth,
                               spent())  # fmt: skip
        spent = timed()
        said, right, wrong = _week(knowledge, featurer, week)
        taught = Featurer.of(replace(bare, said=said), passages)
        yield from ranked_rows((bench.name, "feedback", split), OURS, _ranked(knowledge, taught, later), truth,
                               spent())  # fmt: skip
        bench.notes.append(f"feedback, {split}: {len(week)} questions from {moment(start):%Y-%m-%d} on, "
                           f"{right} marked as what fixed it, {wrong} as not helpful.")  # fmt: skip


def _ranked(knowledge: Knowledge, featurer: Featurer, asked: Sequence[Asked]) -> list[list[int]]:
    return [[int(i) for i in knowledge.ranked(one.question, "article", EVERYONE, featurer=featurer).ids[:10]]
            for one in asked]  # fmt: skip


def _week(knowledge: Knowledge, featurer: Featurer, week: Sequence[Asked]) -> tuple[Said, int, int]:
    """The marks of a week, with how many said "this fixed it" and "not helpful"."""
    votes: list[Vote] = []
    vectors = []
    for one, shown in zip(week, _ranked(knowledge, featurer, week), strict=True):
        place = next((n for n, article in enumerate(shown) if article in one.answers), None)
        if place is None:
            continue
        key = content_hash(one.question.text)
        said = [(shown[place], True), *((article, False) for article in shown[: min(place, 2)])]
        votes += [Vote("article", article, None, key, one.question.now, helped) for article, helped in said]
        vectors += [one.question.vector] * len(said)
    right = sum(vote.helped for vote in votes)
    dim = featurer.snapshot.pools["ticket"].vectors.dim
    matrix = np.array(vectors, np.float32).reshape(len(vectors), dim)
    return Said(tuple(votes), matrix), right, len(votes) - right


TASKS: dict[str, Task] = {"not-seen": extra_not_seen, "feedback": extra_feedback}
