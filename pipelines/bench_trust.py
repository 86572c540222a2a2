"""Bench of what triage promises: precision kept where it speaks, learning from little, and words that really told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting, TooLittle
from kb.policy import target_of
from kb.records import Ticket
from kb.text import prepare
from kb.triage import words_at_opening
from models import scores
from models.card import by_class, worst_tenth
from models.classifier import OTHER, TextClassifier, svm_baseline
from models.views import tokens
from pipelines.bench import OURS, Bench, Row, Task, timed
from pipelines.bench_classify import Parts, fitted, parts_of, pooled, said_of
from pipelines.learnable import Learnable, vectors_of

PROMISES = (0.95, 0.90)
SIZES = (20, 50, 100, 200, 500, 1000, 2000)
DRAWS = 3
"""Desks drawn of each size up to 500; their figures are averaged."""
TESTED = 2_000
"""At most so many test tickets, drawn at random, are asked in ``cold-start``."""
ASKED = 400
"""Test tickets asked in ``evidence``, of a model learnt from at most ``LEARNT`` tickets."""
LEARNT = 12_000
SEED = 7
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Setup:
    """The first split of a folder and the target that is measured on it."""

    target: str
    parts: Parts
    labels: list[str]

    def at(self, rows: Rows) -> list[str]:
        """The labels of these rows."""
        return [self.labels[i] for i in rows.tolist()]


def setup(bench: Bench) -> Setup:
    """Category or else assignment group, on the first split. Raises ``BadSetting`` where the folder has neither."""
    target = next((name for name in ("category", "assignment_group") if name in bench.facts.get("tasks", ())), "")
    if not target:
        raise BadSetting(f"{bench.name} has neither categories nor assignment groups to learn.")
    parts = next((p for p in parts_of(bench, target) if len(p.train) and len(p.test)), None)
    if parts is None:
        raise BadSetting(f"{bench.name} has no split with tickets to learn from and to test on.")
    given = [target_of(ticket, target) for ticket in bench.tickets]
    return Setup(target, parts, pooled(given, parts.train, target))


def extra_contract(bench: Bench) -> Iterator[Row]:
    """Is the promise kept on the test part? Thresholds per class against one for all and against speaking from .5."""
    one, spent = setup(bench), timed()
    parts = one.parts
    model = fitted(bench.pool.part(parts.train), one.at(parts.train), one.target, bench)
    if len(parts.held):
        model.settle(said_of(model, bench.pool.part(parts.held), one.target), one.at(parts.held))
    proba = said_of(model, bench.pool.part(parts.test), one.target)
    best, sure = proba.argmax(axis=1), proba.max(axis=1)
    guess, truth = [model.classes[c] for c in best.tolist()], one.at(parts.test)
    right = np.array(guess) == np.array(truth)
    named = np.array(guess) != OTHER
    for promise in PROMISES:
        at = (bench.name, "contract", f"{parts.split}, promise {promise:.2f}")
        single = _single(model.held.confidence.astype(np.float64), model.held.right, promise)
        for system, speaks in (
            (OURS, model.promised(promise).speaks(proba)),
            ("global-threshold", named & (sure >= single)),
            ("always", named & (sure >= 0.5)),
        ):
            yield from _kept(at, system, guess, right, speaks, promise, spent())


def _single(confidence: NDArray[np.float64], right: Mask, promise: float) -> float:
    """The lowest threshold for all classes at and above which the share right reached the promise; inf where none."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((share >= promise) & last)
    return float(confidence[order][good[-1]]) if len(good) else float(np.inf)


def _kept(
    at: tuple[str, str, str], system: str, guess: Sequence[str], right: Mask, speaks: Mask, promise: float, spent: float
) -> Iterator[Row]:
    """``classes_kept``: share of the speaking classes whose exact precision interval does not lie below the promise."""
    said, n = int(speaks.sum()), len(right)
    hits = int(right[speaks].sum())
    low, high = scores.clopper_pearson_interval(hits, said)
    yield Row(*at, system, "precision@contract", hits / said if said else 1.0, low, high, said, spent)
    low, high = scores.interval(speaks.astype(np.float64))
    yield Row(*at, system, "coverage@contract", float(speaks.mean()), low, high, n, spent)
    spoken = by_class(guess, right, speaks)
    kept = sum(scores.clopper_pearson_interval(ok, count)[1] >= promise for count, ok in spoken.values())
    low, high = scores.clopper_pearson_interval(kept, len(spoken))
    yield Row(*at, system, "classes_kept", kept / len(spoken) if spoken else 1.0, low, high, len(spoken), spent)
    worst = worst_tenth([{"label": label, "said": count, "right": ok, "precision": ok / count}
                         for label, (count, ok) in spoken.items()])  # fmt: skip
    yield Row(
        *at, system, "precision_worst_tenth", worst["precision"], worst["low"], worst["high"], worst["said"], spent
    )


def extra_cold_start(bench: Bench) -> Iterator[Row]:
    """The learning curve of a young desk: tickets drawn at random, not by class; one test for all sizes."""
    one = setup(bench)
    rng = np.random.default_rng(SEED)
    test = np.sort(rng.permutation(one.parts.test)[:TESTED])
    at = (bench.name, "cold-start", one.parts.split)
    sizes = [*(n for n in SIZES if n < len(one.parts.train)), len(one.parts.train)]
    draws = {n: [np.sort(rng.permutation(one.parts.train)[:n]) for _ in range(DRAWS if n <= 500 else 1)] for n in sizes}
    bench.notes.append(
        f"cold-start: {len(test):,} test tickets; up to 500 tickets the mean of {DRAWS} desks drawn at random."
    )
    texts, truth = bench.pool.words, one.at(test)
    asked = bench.pool.part(test)
    found: dict[str, dict[int, list[Curve]]] = {OURS: {}, "tfidf-svm": {}}
    for n, chosen in draws.items():
        for rows in chosen:
            spent = timed()
            try:
                model = fitted(bench.pool.part(rows), one.at(rows), one.target, bench)
            except TooLittle:
                point = Curve([""] * len(truth), 0.0, 1.0, spent())
            else:
                proba = said_of(model, asked, one.target)
                speaks = model.contract.speaks(proba)
                guess = [model.classes[c] for c in proba.argmax(axis=1).tolist()]
                right = np.array(guess) == np.array(truth)
                kept = float(right[speaks].mean()) if speaks.any() else 1.0
                point = Curve(guess, float(speaks.mean()), kept, spent())
            found[OURS].setdefault(n, []).append(point)
            spent = timed()
            guess = _plain([texts[i] for i in rows.tolist()], one.at(rows), [texts[i] for i in test.tolist()])
            found["tfidf-svm"].setdefault(n, []).append(Curve(guess, None, None, spent()))
    for system, points in found.items():
        yield from _curve(at, system, points, truth)


@dataclass(frozen=True)
class Curve:
    """One point of a learning curve."""

    guess: list[str]
    coverage: float | None
    precision: float | None
    seconds: float


def _plain(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> list[str]:
    """What the baseline says; nothing where it cannot learn from so little."""
    try:
        classes, proba = svm_baseline(texts, labels, asked)
    except ValueError:
        return [""] * len(asked)
    return [classes[c] for c in proba.argmax(axis=1).tolist()]


def _curve(
    at: tuple[str, str, str], system: str, points: dict[int, list[Curve]], truth: Sequence[str]
) -> Iterator[Row]:
    """``share_of_full@n``: macro-F1 from n tickets as a share of that from all."""
    most = max(points)
    full = float(np.mean([scores.macro_f1(list(truth), p.guess) for p in points[most]]))
    for n, drawn in points.items():
        name, spent, tested = ("all" if n == most else str(n)), sum(p.seconds for p in drawn), len(truth)
        f1 = float(np.mean([scores.macro_f1(list(truth), p.guess) for p in drawn]))
        bounds = [scores.macro_f1_interval(list(truth), p.guess, resamples=300) for p in drawn]
        low, high = np.mean(bounds, axis=0).tolist()
        yield Row(*at, system, f"macro_f1@{name}", f1, low, high, tested, spent)
        if n != most and full:
            yield Row(*at, system, f"share_of_full@{name}", f1 / full, low / full, high / full, tested, spent)
        covered = [p.coverage for p in drawn if p.coverage is not None]
        if covered:
            yield Row(*at, system, f"coverage@contract@{name}", float(np.mean(covered)), None, None, tested, spent)
            kept = float(np.mean([p.precision for p in drawn if p.precision is not None]))
            yield Row(*at, system, f"precision@contract@{name}", kept, None, None, tested, spent)


def extra_evidence(bench: Bench) -> Iterator[Row]:
    """Does deleting the cited words lower the confidence more than deleting as many random words of the ticket?"""
    one, spent = setup(bench), timed()
    rng = np.random.default_rng(SEED)
    train = np.sort(rng.permutation(one.parts.train)[:LEARNT])
    model = fitted(bench.pool.part(train), one.at(train), one.target, bench)
    rows = np.sort(rng.permutation(one.parts.test)[:ASKED])
    asked = bench.pool.part(rows)
    before = said_of(model, asked, one.target)
    best = before.argmax(axis=1)
    cited = [model.telling(words_at_opening(t), model.classes[c])
             for t, c in zip(asked.tickets, best.tolist(), strict=True)]  # fmt: skip
    others = [_chance(ticket, len(words), rng) for ticket, words in zip(asked.tickets, cited, strict=True)]
    counted = np.array([bool(words) and len(other) == len(words) for words, other in zip(cited, others, strict=True)])
    place = np.arange(len(rows))
    drop = [before[place, best] - _without(bench, model, asked.tickets, words, one.target)[place, best]
            for words in (cited, others)]  # fmt: skip
    wins = (drop[0] > drop[1])[counted]
    at, n = (bench.name, "evidence", one.parts.split), int(counted.sum())
    low, high = scores.clopper_pearson_interval(int(wins.sum()), n)
    yield Row(*at, OURS, "deletion_wins", float(wins.mean()) if n else 0.0, low, high, n, spent())
    for name, values in (("drop_cited", drop[0][counted]), ("drop_random", drop[1][counted])):
        yield Row(*at, OURS, name, float(values.mean()) if n else 0.0, *scores.interval(values), n, spent())
    some = np.array([bool(words) for words in cited])
    yield Row(*at, OURS, "cited", float(some.mean()), None, None, len(some), spent())
    bench.notes.append(f"evidence: learnt from {len(train):,} tickets drawn at random; {n} of {len(rows)} test tickets "
                       "had words cited and enough others to delete instead.")  # fmt: skip


def _chance(ticket: Ticket, n: int, rng: np.random.Generator) -> list[str]:
    """So many distinct words of the ticket drawn at random; empty where there are no more than that."""
    words = [word for word in dict.fromkeys(tokens(words_at_opening(ticket))) if len(word) > 1]
    return [words[i] for i in rng.permutation(len(words))[:n].tolist()] if len(words) > n else []


def _without(
    bench: Bench, model: TextClassifier, tickets: Sequence[Ticket], gone: Sequence[Sequence[str]], target: str
) -> NDArray[np.float64]:
    """Probabilities for the tickets with these words taken out wherever they stand."""
    cut = [prepare(replace(t, title=_less(t.title, words), body=_less(t.body, words)))
           for t, words in zip(tickets, gone, strict=True)]  # fmt: skip
    return said_of(model, Learnable(cut, vectors_of(bench.home, [t.text for t in cut], say=bench.say)), target)


def _less(text: str, words: Sequence[str]) -> str:
    lost = set(words)
    return " ".join(part for part in text.split() if not lost & set(tokens(part)))


TASKS: dict[str, Task] = {
    "contract": extra_contract,
    "cold-start": extra_cold_start,
    "evidence": extra_evidence,
}
