"""Bench of triage: category, line and assignment group, against a linear SVM and published figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.policy import target_of
from kb.rows import seconds
from kb.triage import known_at_opening
from models import scores
from models.classifier import OTHER, TextClassifier, fit_targets, predict_targets, svm_baseline
from pipelines.bench import OURS, Bench, Row, Task, timed
from pipelines.learnable import Learnable, retired

MIN_GROUP = 10
"""In ``assignment_group``, values with fewer training tickets are pooled into one."""
PROMISE = 0.95
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """Positions of the tickets to fit on, to settle thresholds on (may be empty), and to test on."""

    split: str
    train: Rows
    held: Rows
    test: Rows


def parts_of(bench: Bench, target: str) -> Iterator[Parts]:
    """The folder's own splits, or one forward in time; only tickets that have the target."""
    tickets = bench.tickets
    given = np.array([bool(target_of(ticket, target)) for ticket in tickets])
    if bench.test_from is not None:
        late = np.array([(seconds(t.opened_at) or 0) >= bench.test_from for t in tickets])
        yield Parts("forward", np.flatnonzero(given & ~late), np.zeros(0, np.int64), np.flatnonzero(given & late))
    for name in bench.facts.get("splits", ()):
        part = np.array([ticket.extra.get(name, "") for ticket in tickets])
        held = np.flatnonzero(given & np.isin(part, ("tune", "calibration")))
        yield Parts(name, np.flatnonzero(given & (part == "train")), held, np.flatnonzero(given & (part == "test")))


def classify(bench: Bench, target: str) -> Iterator[Row]:
    """Every split of one target: the baseline, the published figures, and ours."""
    for parts in parts_of(bench, target):
        if not len(parts.test) or not len(parts.train):
            continue
        at = (bench.name, target, parts.split)
        for system, figures in bench.facts.get("published", {}).get(parts.split, {}).items():
            for metric, value in figures.items():
                yield Row(*at, f"published: {system}", metric, float(value), n=len(parts.test))
        labels = pooled([target_of(ticket, target) for ticket in bench.tickets], parts.train, target)
        yield from _baseline(bench, at, parts, labels)
        yield from _ours(bench, at, parts, labels, target)


def _baseline(bench: Bench, at: tuple[str, str, str], parts: Parts, labels: list[str]) -> Iterator[Row]:
    spent = timed()
    texts = bench.pool.words
    bench.say("Baseline", 0, 1)
    classes, proba = svm_baseline([texts[i] for i in parts.train], [labels[i] for i in parts.train],
                                  [texts[i] for i in parts.test])  # fmt: skip
    bench.say("Baseline", 1, 1)
    yield from _figures(at, "tfidf-svm", classes, proba, [labels[i] for i in parts.test], spent())


def _ours(bench: Bench, at: tuple[str, str, str], parts: Parts, labels: list[str], target: str) -> Iterator[Row]:
    spent = timed()
    model = fitted(bench.pool.part(parts.train), [labels[i] for i in parts.train], target, bench)
    if len(parts.held):
        model.settle(
            said_of(model, bench.pool.part(parts.held), target), [labels[i] for i in parts.held], promise=PROMISE
        )
    proba = said_of(model, bench.pool.part(parts.test), target)
    truth = [labels[i] for i in parts.test]
    yield from _figures(at, OURS, model.classes, proba, truth, spent())
    speaks = model.contract.speaks(proba)
    guess = np.array(model.classes)[proba.argmax(axis=1)]
    right = int((guess[speaks] == np.array(truth)[speaks]).sum())
    low, high = scores.clopper_pearson_interval(right, int(speaks.sum()))
    said = int(speaks.sum())
    yield Row(*at, OURS, "precision@contract", right / said if said else 1.0, low, high, said, spent())
    low, high = scores.interval(speaks.astype(np.float64))
    yield Row(*at, OURS, "coverage@contract", float(speaks.mean()), low, high, len(truth), spent())


def fitted(pool: Learnable, labels: Sequence[str], target: str, bench: Bench) -> TextClassifier:
    """One classifier, learnt the way ``seenbefore train`` does."""
    fields = [known_at_opening(ticket) for ticket in pool.tickets]
    opened = pool.opened
    gone = retired(labels, pool.times)
    kept = [None if label in gone else label for label in labels]
    models, _ = fit_targets(
        pool.words, pool.vectors, {target: kept}, fields=fields if any(fields) else None,
        opened=None if opened is None else opened.tolist(), groups=_duplicates(pool), promises={target: PROMISE},
        progress=lambda done, total: bench.say(f"Learning {target}", done, total),
    )  # fmt: skip
    return models[target]


def said_of(model: TextClassifier, pool: Learnable, target: str) -> NDArray[np.float64]:
    """Calibrated probabilities (n, classes) for the tickets of a pool."""
    fields = [known_at_opening(ticket) for ticket in pool.tickets]
    return predict_targets({target: model}, pool.words, pool.vectors, fields)[target]


def _figures(
    at: tuple[str, str, str], system: str, classes: Sequence[str], proba: NDArray[np.float64], truth: Sequence[str],
    spent: float,
) -> Iterator[Row]:  # fmt: skip
    guess = np.array(classes)[proba.argmax(axis=1)]
    sure, right = proba.max(axis=1), guess == np.array(truth)
    n = len(truth)
    yield Row(*at, system, "accuracy", float(right.mean()), *scores.interval(right.astype(np.float64)), n, spent)
    low, high = scores.macro_f1_interval(list(truth), guess.tolist())
    yield Row(*at, system, "macro_f1", scores.macro_f1(list(truth), guess.tolist()), low, high, n, spent)
    yield Row(*at, system, "ece", scores.ece(sure, right), None, None, n, spent)
    for precision in (0.90, 0.95):
        yield Row(
            *at, system, f"coverage@{precision:.2f}", scores.coverage_at(sure, right, precision), None, None, n, spent
        )


def pooled(labels: list[str], train: Rows, target: str) -> list[str]:
    """The labels, those too rare among the rows to train on as one where the task says so."""
    if target != "assignment_group":
        return labels
    counts = Counter(labels[i] for i in train)
    return [label if counts[label] >= MIN_GROUP else OTHER for label in labels]


def _duplicates(pool: Learnable) -> list[int] | None:
    given = [ticket.extra.get("duplicate_group", "") for ticket in pool.tickets]
    if not all(given):
        return None
    code = {value: i for i, value in enumerate(dict.fromkeys(given))}
    return [code[value] for value in given]


def category(bench: Bench) -> Iterator[Row]:
    """Which category?"""
    return classify(bench, "category")


def line(bench: Bench) -> Iterator[Row]:
    """First or second line?"""
    return classify(bench, "line")


def assignment_group(bench: Bench) -> Iterator[Row]:
    """Which group takes it?"""
    return classify(bench, "assignment_group")


TASKS: dict[str, Task] = {"category": category, "line": line, "assignment_group": assignment_group}
