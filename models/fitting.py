"""The learning of targets as jobs of their own: on threads of this process, or wherever bulk work goes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from kb.errors import TooLittle
from models.corpus import Corpus
from models.learner import TextClassifier, Trial
from models.spread import Backend, active

Codes = NDArray[np.int64]
Job = tuple[Sequence[str | None], Codes, Sequence[float] | None, int | None, float, int]
"""Labels, positions of later rows, weights, least examples of a class, promise, seed."""
Made = dict[str, tuple[TextClassifier, Trial | None]]
MANY = 1_000
"""From so many texts on a trial's blend and calibration serve the model learnt from all, to save its time."""


def learn_all(corpus: Corpus, jobs: Mapping[str, Job], workers: int, said: Callable[[int], None] | None = None) -> Made:
    """The classifier of each target, and its trial on later rows; the same wherever they are learnt.

    ``said`` hears how many are done.
    """
    labelled = {row for job in jobs.values() for row, label in enumerate(job[0]) if label is not None}
    corpus.near(np.array(sorted(labelled), np.int64))  # once for all of them, and the same whoever asks first
    backend = active()
    if backend is None:
        return _here(corpus, jobs, workers, said)
    return _elsewhere(backend, corpus, jobs, said)


def _here(corpus: Corpus, jobs: Mapping[str, Job], workers: int, said: Callable[[int], None] | None) -> Made:
    """Each target learnt on a thread of this process."""
    # Warnings and the threads of BLAS are settings of the whole process: set once here, not by each thread.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        asked = {target: pool.submit(_one, corpus, *job, workers=workers) for target, job in jobs.items()}
        for done, future in enumerate(as_completed(asked.values()), 1):
            if said is not None:
                said(done)
            if future.exception() is not None:
                pool.shutdown(cancel_futures=True)
        return {target: future.result() for target, future in asked.items()}


def _elsewhere(backend: Backend, corpus: Corpus, jobs: Mapping[str, Job], said: Callable[[int], None] | None) -> Made:
    """Each target learnt by other processes; what comes back shares the views of this one again."""
    found: Made = {}
    for target, (model, trial) in zip(jobs, backend.run(_alone, list(jobs.values()), shared=corpus), strict=True):
        model.views = corpus.views
        if trial is not None:
            trial.model.views = corpus.views
        found[target] = model, trial
        if said is not None:
            said(len(found))
    return found


def _alone(corpus: Corpus, *job: Any) -> tuple[TextClassifier, Trial | None]:
    """As :func:`_one`, in a process that does nothing else meanwhile."""
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _one(corpus, *job, workers=1)


def _one(
    corpus: Corpus, labels: Sequence[str | None], later: Codes, weights: Sequence[float] | None, min_class: int | None,
    promise: float, seed: int, *, workers: int,
) -> tuple[TextClassifier, Trial | None]:  # fmt: skip
    """The classifier of one target, and the trial on its later rows where there are any."""
    trial = _tried(corpus, labels, later, min_class, promise, weights, seed) if len(later) else None
    model = TextClassifier(min_class=min_class, promise=promise, workers=workers)
    like = trial if len(labels) >= MANY else None
    return model.fit_corpus(corpus, labels, weights=weights, seed=seed, trial=like), trial


def _tried(
    corpus: Corpus, labels: Sequence[str | None], later: Codes, min_class: int | None, promise: float,
    weights: Sequence[float] | None, seed: int,
) -> Trial | None:  # fmt: skip
    """A trial of one target; ``None`` where too little comes before the later rows to learn from."""
    early = list(labels)
    for row in later.tolist():
        early[row] = None
    try:
        model = TextClassifier(min_class=min_class, promise=promise).fit_corpus(
            corpus, early, weights=weights, seed=seed
        )
    except TooLittle:
        return None
    trial = model.tried(corpus, labels, later)
    return trial if len(trial.rows) else None
