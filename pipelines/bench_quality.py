"""Bench of data quality: of labels changed at random, how many are among those found most suspicious."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting
from kb.policy import target_of
from models import quality, scores
from pipelines.bench import OURS, Bench, Row, Task, timed
from pipelines.bench_classify import parts_of

NOISE = 0.05
"""Share of the labels that is changed to another class."""
TOP = 0.1
SEED = 20
Rows = NDArray[np.int64]


def extra_label_noise(bench: Bench) -> Iterator[Row]:
    """Plant errors in the labels of every split's training part and look for them; the test part is not looked at."""
    target = next((name for name in ("category", "assignment_group") if name in bench.facts.get("tasks", ())), "")
    if not target:
        raise BadSetting(f"{bench.name} has neither categories nor assignment groups to plant errors in.")
    for parts in parts_of(bench, target):
        if len(parts.train):
            pool = bench.pool.part(parts.train)
            given = [target_of(ticket, target) for ticket in pool.tickets]
            yield from found_again((bench.name, "label-noise", parts.split), pool.words, pool.vectors, given)


def planted(labels: Sequence[str], *, share: float = NOISE, seed: int = SEED) -> tuple[list[str], NDArray[np.bool_]]:
    """The labels with a share of them changed to another of the labels, each as likely, and which were changed."""
    rng, names = np.random.default_rng(seed), sorted(set(labels))
    changed = np.zeros(len(labels), dtype=np.bool_)
    if len(names) > 1:
        changed[rng.permutation(len(labels))[: round(len(labels) * share)]] = True
    code = {name: i for i, name in enumerate(names)}
    out = list(labels)
    for row in np.flatnonzero(changed).tolist():
        out[row] = names[(code[labels[row]] + int(rng.integers(1, len(names)))) % len(names)]
    return out, changed


def found_again(
    at: tuple[str, str, str], texts: Sequence[str], vectors: NDArray[np.float32], labels: Sequence[str]
) -> Iterator[Row]:
    """Figures of ours, of neighbour disagreement and of chance on labels that are planted with errors here."""
    noisy, wrong = planted(labels)
    spent = timed()
    looked = quality.look(texts, vectors)
    shared = spent()
    rated = quality.rate(looked, noisy)
    yield from _figures(at, OURS, rated.ranked, rated.suspects, wrong, spent())
    spent = timed()
    apart = quality.disagreement(looked, noisy)
    ranked = np.argsort(-apart, kind="stable")
    yield from _figures(at, "neighbours", ranked, ranked[apart[ranked] > 0.5], wrong, shared + spent())
    chance = np.random.default_rng(SEED + 1).permutation(len(labels))
    yield from _figures(at, "random", chance, chance, wrong, 0.0)


def _figures(
    at: tuple[str, str, str], system: str, ranked: Rows, suspects: Rows, wrong: NDArray[np.bool_], spent: float
) -> Iterator[Row]:
    """``planted@top10``: share of the planted errors in the most suspicious tenth of all tickets. ``planted@list10``:
    the same in the first tenth of the list of suspects, and ``precision@list10`` what share of that tenth was planted.
    ``precision@planted``: share of planted errors among as many of the most suspicious as were planted."""
    n = int(wrong.sum())
    top = ranked[: round(len(wrong) * TOP)]
    first = suspects[: max(1, round(len(suspects) * TOP))]
    for metric, rows, of in (
        ("planted@top10", top, n),
        ("precision@planted", ranked[:n], n),
        ("planted@list10", first, n),
        ("precision@list10", first, len(first)),
    ):
        hits = int(wrong[rows].sum())
        low, high = scores.clopper_pearson_interval(hits, of)
        yield Row(*at, system, metric, hits / of if of else 0.0, low, high, of, spent)


TASKS: dict[str, Task] = {"label-noise": extra_label_noise}
