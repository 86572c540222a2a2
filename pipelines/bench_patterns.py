"""Bench of patterns: recurring failures found against those that people marked, and plain baselines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models import scores
from models.baselines import hdbscan
from pipelines.bench import OURS, Bench, Row, Task, timed
from pipelines.bench_stability import extra_stability
from pipelines.patterns import clusters_of, links_between


def patterns(bench: Bench) -> Iterator[Row]:
    """All tickets are grouped; only those whose recurring failure is known are scored.

    As in ``seenbefore patterns``, links that people made choose the resolution where there are enough of them; here
    only those made before the test begins. They are never edges, so no group is made of them.
    """
    tickets = bench.tickets
    known = np.flatnonzero([bool(ticket.extra.get("cluster")) for ticket in tickets])
    truth = [tickets[i].extra["cluster"] for i in known]
    if not truth:
        return
    at = (bench.name, "patterns", "")
    yield from _figures(at, "singletons", truth, np.arange(len(known)), 0.0)
    spent = timed()
    yield from _figures(at, "hdbscan", truth, _apart(hdbscan(bench.pool.vectors[known])), spent())
    spent = timed()
    links = links_between(bench.home.store.links(), tickets, before=bench.test_from)
    clusters = clusters_of(bench.pool, links=links, say=bench.say)
    bench.notes.append(f"patterns: resolution {clusters.facts.resolution}, {clusters.facts.criterion}")
    yield from _figures(at, OURS, truth, _apart(clusters.labels[known]), spent())


def _apart(labels: np.ndarray) -> np.ndarray:
    """Tickets in no group are groups of their own."""
    return np.where(labels < 0, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)


def _figures(at: tuple[str, str, str], system: str, truth: list[str], guess: np.ndarray, spent: float) -> Iterator[Row]:
    precision, recall, f1 = scores.bcubed(truth, guess.tolist())
    values = {"bcubed_precision": precision, "bcubed_recall": recall, "bcubed_f1": f1,
              "adjusted_rand": scores.adjusted_rand(truth, guess.tolist())}  # fmt: skip
    for metric, value in values.items():
        yield Row(*at, system, metric, value, None, None, len(truth), spent)


TASKS: dict[str, Task] = {"patterns": patterns, "stability": extra_stability}
