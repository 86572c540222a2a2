"""Learners of several targets of the same texts: fitted, asked and kept together; and the plain baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from kb.errors import TooLittle
from models.corpus import Corpus, Looks, Views, folds_of
from models.fitting import learn_all
from models.held import Held
from models.labels import OTHER
from models.learner import TextClassifier, Trial
from models.skopsbox import dump, load
from models.spelling import coded
from models.views import Fields, Progress, Vectors

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

__all__ = [
    "OTHER",
    "Corpus",
    "Held",
    "Learnt",
    "TextClassifier",
    "Trial",
    "dump_targets",
    "fit_targets",
    "folds_of",
    "learn_targets",
    "load_targets",
    "predict_targets",
    "svm_baseline",
]


@dataclass(frozen=True, slots=True)
class Learnt:
    """Classifiers by target, why there is none for the others, and the trials on later rows that were asked for."""

    models: dict[str, TextClassifier]
    skipped: dict[str, str]
    trials: dict[str, Trial]


def fit_targets(
    texts: Sequence[str], vectors: Vectors, targets: Mapping[str, Sequence[str | None]], **how: Any
) -> tuple[dict[str, TextClassifier], dict[str, str]]:
    """As :func:`learn_targets`: the classifiers by target, and for each target without one a sentence why."""
    learnt = learn_targets(texts, vectors, targets, **how)
    return learnt.models, learnt.skipped


def learn_targets(
    texts: Sequence[str], vectors: Vectors, targets: Mapping[str, Sequence[str | None]], *,
    fields: Fields | None = None, opened: Sequence[float] | None = None, groups: Sequence[int] | None = None,
    weights: Mapping[str, Sequence[float]] | None = None, promises: Mapping[str, float] | None = None,
    min_class: int | None = None, seed: int = 0, progress: Progress | None = None,
    later: Mapping[str, Codes] | None = None, workers: int = 2,
) -> Learnt:  # fmt: skip
    """Learn several targets of the same texts, which are looked at once, on ``workers`` threads.

    ``weights`` and ``promises`` by target. ``later``: positions of rows that a target is first learnt without, to
    see what is said of them; vocabularies are of all rows, but no label of a later row is known to a trial. Raises
    TooLittle where no target can be learned.
    """
    skipped: dict[str, str] = {}
    for target, labels in targets.items():
        try:
            coded(labels, min_class)
        except TooLittle as error:
            skipped[target] = str(error)
    todo = [target for target in targets if target not in skipped]
    if not todo:
        raise TooLittle(
            "; ".join(f"{target}: {why}" for target, why in skipped.items()) or "there is no target to learn"
        )
    steps = len(todo) + 1
    corpus = Corpus.build(texts, vectors, fields=fields, opened=opened, groups=groups)

    order = sorted(todo, key=lambda target: -len(set(targets[target])))  # the longest work first
    jobs = {
        target: (targets[target], (later or {}).get(target, np.zeros(0, np.int64)), (weights or {}).get(target),
                 min_class, (promises or {}).get(target, 0.95), seed)
        for target in order
    }  # fmt: skip
    if progress is not None:
        progress(1, steps)
    said = None if progress is None else lambda done: progress(done + 1, steps)
    made = learn_all(corpus, jobs, workers, said)
    found = {target: made[target] for target in todo}
    trials = {target: trial for target, (_, trial) in found.items() if trial is not None}
    return Learnt({target: model for target, (model, _) in found.items()}, skipped, trials)


def predict_targets(
    models: Mapping[str, TextClassifier], texts: Sequence[str], vectors: Vectors, fields: Fields | None = None
) -> dict[str, Floats]:
    """What each classifier of one :func:`fit_targets` says of the same texts, which are looked at once."""
    looks: dict[int, Looks] = {}
    for model in models.values():
        if id(model.views) not in looks:
            looks[id(model.views)] = model.views.look(texts, vectors, fields)
    return {target: model.predict_looks(looks[id(model.views)]) for target, model in models.items()}


def dump_targets(models: Mapping[str, TextClassifier]) -> bytes:
    """The classifiers as bytes; what those of one training share is kept once."""
    views = list({id(model.views): model.views for model in models.values()}.values())
    place = {id(one): at for at, one in enumerate(views)}
    targets = {
        target: {**model.to_state(with_views=False), "views": place[id(model.views)]}
        for target, model in models.items()
    }
    return dump({"views": [one.to_state() for one in views], "targets": targets})


def load_targets(data: bytes) -> dict[str, TextClassifier]:
    """What :func:`dump_targets` was given. Raises Damaged or NotBuilt as :func:`models.skopsbox.load` does."""
    box = load(data)
    kept = box["views"] if isinstance(box["views"], list) else [box["views"]]
    views = [Views.from_state(state) for state in kept if state is not None]
    return {
        target: TextClassifier.from_state(state, views=views[state["views"] or 0])
        for target, state in box["targets"].items()
    }


def svm_baseline(
    train_texts: Sequence[str], labels: Sequence[str], test_texts: Sequence[str]
) -> tuple[list[str], Floats]:
    """Classes and probabilities of the plain baseline: TF-IDF of words and word pairs, linear SVM, sigmoids."""
    counts = Counter(labels)  # calibration needs an example of every class in every fold
    least = 3 if min(counts.values()) < 2 else 1
    kept = [i for i, label in enumerate(labels) if counts[label] >= least]
    train_texts, labels = [train_texts[i] for i in kept], [labels[i] for i in kept]
    model = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    rows, asked = model.fit_transform(train_texts), model.transform(test_texts)
    folds = max(2, min(3, min(Counter(labels).values())))
    svm = CalibratedClassifierCV(LinearSVC(C=0.5, random_state=0), method="sigmoid", cv=folds).fit(rows, list(labels))
    return [str(name) for name in svm.classes_], np.asarray(svm.predict_proba(asked), dtype=np.float64)
