"""How good would the suggestions have been on a desk's own past tickets? Learn on the older, test on the newer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.errors import TooLittle
from kb.policy import Policy, target_of
from kb.records import EVERYONE
from kb.shelves import KINDS
from kb.triage import known_at_opening
from models import scores
from models.classifier import TextClassifier, predict_targets
from pipelines import show
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, learnable
from pipelines.ranking import fit_rankers, knowledge_of, linked_questions
from pipelines.train import fit

FEWEST = 40
ROUTED = ("line", "assignment_group")
"""On tickets that people passed on: how often the first guess is who solved them in the end."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure on the newer tickets, with the bounds it has with 95 % confidence."""

    what: str
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int


def evaluate(home: Home, *, share: float = 0.2, say: Say = quiet) -> list[Figure]:
    """Triage and search as they would have been: learnt before a day, tested on what came after it.

    Raises ``TooLittle`` where there are too few tickets with a known outcome.
    """
    pool = learnable(home, say=say, keep=lambda ticket: ticket.is_done)
    if len(pool.tickets) < FEWEST:
        raise TooLittle(
            f"There are {len(pool.tickets)} tickets with a known outcome; it takes {FEWEST} to test on some of them."
        )
    cut = int(len(pool.tickets) * (1 - share))
    early, late = pool.part(np.arange(cut)), pool.part(np.arange(cut, len(pool.tickets)))
    policy = Policy.from_settings(home.store.settings())
    models, _ = fit(early, policy, say=say)
    proba = predict_targets(models, late.words, late.vectors, [known_at_opening(t) for t in late.tickets])
    figures = [one for target in models for one in _triage(target, models[target], proba[target], late, policy)]
    opened = pool.opened
    if opened is not None:
        figures += _search(home, int(opened[cut]), say)
    return figures


def _triage(
    target: str, model: TextClassifier, proba: NDArray[np.float64], late: Learnable, policy: Policy
) -> Iterator[Figure]:
    truth = np.array([target_of(ticket, target) for ticket in late.tickets], dtype=object)
    bounced = np.array([(ticket.reassignment_count or 0) > 0 for ticket in late.tickets])
    given = truth != ""
    truth, proba, bounced = truth[given], proba[given], bounced[given]
    if not len(truth):
        return
    guess = np.array(model.classes, dtype=object)[proba.argmax(axis=1)]
    right, sure, n = guess == truth, proba.max(axis=1), len(truth)
    yield Figure(target, "accuracy", float(right.mean()), *scores.interval(right.astype(np.float64)), n)
    low, high = scores.macro_f1_interval(truth.tolist(), guess.tolist())
    yield Figure(target, "macro_f1", scores.macro_f1(truth.tolist(), guess.tolist()), low, high, n)
    yield Figure(target, "ece", scores.ece(sure, right), None, None, n)
    promise = policy.promise_for(target)
    speaks = sure >= policy.sure if promise is None else model.promised(promise).speaks(proba)
    low, high = scores.clopper_pearson_interval(int(right[speaks].sum()), int(speaks.sum()))
    kept = float(right[speaks].mean()) if speaks.any() else 1.0
    yield Figure(target, "precision where it speaks", kept, low, high, int(speaks.sum()))
    if target in ROUTED and bounced.any():
        low, high = scores.clopper_pearson_interval(int(right[bounced].sum()), int(bounced.sum()))
        yield Figure(target, "first pick right on bounced", float(right[bounced].mean()), low, high, int(bounced.sum()))
    yield Figure(target, "share where it speaks", float(speaks.mean()), *scores.interval(speaks.astype(np.float64)), n)


def _search(home: Home, since: int, say: Say) -> Iterator[Figure]:
    shelves = home.shelves()
    rankers, _ = fit_rankers(home, shelves, until=since, say=say)
    knowledge = knowledge_of(home, shelves, rankers)
    featurer = knowledge.featurer()
    for kind in KINDS:
        asked = linked_questions(home, featurer, kind, since=since, say=say)
        if not asked:
            continue
        ranked = [knowledge.ranked(one.question, kind, EVERYONE, featurer=featurer).ids[:10].tolist() for one in asked]
        truth = [set(one.answers) for one in asked]
        name = f"search for {kind}s"
        for metric, values in (
            ("mrr@10", scores.reciprocal_ranks(ranked, truth)),
            ("success@10", scores.successes(ranked, truth)),
        ):
            yield Figure(name, metric, float(values.mean()), *scores.interval(values), len(asked))


def show_figures(figures: Sequence[Figure]) -> None:
    """The figures as a table."""
    rows = [
        (f.what, f.metric, f"{f.value:.3f}", "" if f.low is None else f"{f.low:.3f} – {f.high:.3f}", f"{f.n:,}")
        for f in figures
    ]
    show.table(
        "On your newer tickets, learnt from the older ones", ("", "", "value", "95 %", "n"), rows, right=(2, 3, 4)
    )
