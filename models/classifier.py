"""One target's learner: word, character, meaning, neighbour and field views, blended out-of-fold and calibrated."""

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
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from kb.errors import TooLittle
from models import scores
from models.blend import Blend
from models.calibration import KINDS, Calibration, Contract
from models.corpus import Corpus, Looks, Views, folds_of
from models.labels import OTHER, code_labels
from models.linear import Linear, Softmax
from models.skopsbox import dump, load
from models.stopwords import STOP
from models.views import Fields, Grams, Neighbours, Progress, Vectors, tokens

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

__all__ = [
    "OTHER",
    "Corpus",
    "Held",
    "TextClassifier",
    "dump_targets",
    "fit_targets",
    "folds_of",
    "load_targets",
    "predict_targets",
    "svm_baseline",
]
LEARNERS: dict[str, type[Linear]] = {"words": Linear, "meaning": Softmax}


@dataclass(frozen=True, slots=True)
class Held:
    """Predictions made for training tickets by models that had not seen them: what promises are settled on."""

    said: NDArray[np.int32]
    confidence: NDArray[np.float32]
    truth: NDArray[np.int32]

    @classmethod
    def of(cls, proba: Floats, truth: Codes) -> Held:
        """The best guess and its probability, from probabilities (n, k)."""
        return cls(proba.argmax(axis=1).astype(np.int32), proba.max(axis=1).astype(np.float32), truth.astype(np.int32))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each best guess was right."""
        out: NDArray[np.bool_] = self.said == self.truth
        return out


class TextClassifier:
    """Learns one target from texts and their vectors; predicts calibrated probabilities.

    After :meth:`fit`: ``classes`` (sorted, "(other)" last where rare labels were pooled), ``pooled`` (label to
    count), ``counts`` (examples of each class), ``contract``.
    """

    def __init__(self, *, min_class: int | None = None, promise: float = 0.95, workers: int = 2) -> None:
        self.min_class, self.promise, self.workers = min_class, promise, workers
        self.classes: list[str] = []
        self.counts: list[int] = []
        self.pooled: dict[str, int] = {}
        self.figures: dict[str, float] = {}

    # --- learning -----------------------------------------------------------------------------------------------

    def fit(
        self, texts: Sequence[str], vectors: Vectors, labels: Sequence[str | None], *, fields: Fields | None = None,
        opened: Sequence[float] | None = None, weights: Sequence[float] | None = None,
        groups: Sequence[int] | None = None, seed: int = 0, progress: Progress | None = None,
    ) -> TextClassifier:  # fmt: skip
        """Learn from n texts, their unit vectors (n, dim) and their labels; rows without a label are left out.

        Raises TooLittle where there are fewer than 20 labelled texts or fewer than two classes.
        """
        code_labels(labels, self.min_class)  # refuse before the long work
        corpus = Corpus.build(texts, vectors, fields=fields, opened=opened, groups=groups, progress=progress)
        return self.fit_corpus(corpus, labels, weights=weights, seed=seed)

    def fit_corpus(
        self, corpus: Corpus, labels: Sequence[str | None], *, weights: Sequence[float] | None = None, seed: int = 0
    ) -> TextClassifier:
        """As :meth:`fit`, on texts already looked at."""
        self.classes, self.counts, self.pooled, codes = code_labels(labels, self.min_class)
        self.views = corpus.views
        rows = np.flatnonzero(codes >= 0)
        truth, k = codes[rows], len(self.classes)
        weight = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
        fold = folds_of(truth, corpus.groups[rows], seed=seed)
        self.reference_codes = np.asarray(codes[corpus.rows], dtype=np.int32)
        self.reference_age = None if corpus.age is None else np.asarray(corpus.age[corpus.rows], dtype=np.float32)
        self.linears, held = {}, {}
        for name, matrix in corpus.looks.linear().items():
            model, held[name] = _held_out(name, matrix[rows], truth, k, weight, fold, seed, self.workers)
            self.linears[name] = model.compact()
        near = Neighbours(corpus.looks.near.at[rows], corpus.looks.near.score[rows])
        held["neighbours"] = self._vote(near)
        with threadpool_limits(1, user_api="blas"):  # many small steps: threads only wait for one another
            self.blend, blended = Blend.fit(held, truth, fold, weight)
            self.calibration = Calibration.fit(blended, truth, seed=seed, kinds=KINDS[:2] if self.blend.tilt else KINDS)
        self._settle(Held.of(self.calibration.crossed(blended, truth, seed=seed), truth))
        return self

    def _settle(self, held: Held) -> None:
        """Keep held-out predictions, and the figures and the contract that follow from them."""
        self.held = held
        sure = held.confidence.astype(np.float64)
        self.figures = {
            "accuracy": scores.accuracy(held.truth, held.said),
            "macro_f1": scores.macro_f1(held.truth, held.said),
            "ece": scores.ece(sure, held.right),
            "coverage@0.90": scores.coverage_at(sure, held.right, 0.90),
            "coverage@0.95": scores.coverage_at(sure, held.right, 0.95),
        }
        self.contract = self.promised(self.promise)

    def promised(self, promise: float) -> Contract:
        """The contract for another promise, settled on the held-out predictions of training."""
        silent = [c for c, name in enumerate(self.classes) if name == OTHER]
        return Contract.fit(
            self.held.said.astype(np.int64), self.held.confidence.astype(np.float64), self.held.right,
            len(self.classes), promise=promise, silent=silent,
        )  # fmt: skip

    def settle(self, proba: Floats, labels: Sequence[str], *, promise: float | None = None) -> Contract:
        """Settle the contract on other held-out tickets, given what :meth:`predict` said of them; kept and returned."""
        self.promise = self.promise if promise is None else promise
        at = {name: c for c, name in enumerate(self.classes)}
        truth = np.array([at.get(label.strip(), at.get(OTHER, -1)) for label in labels], dtype=np.int64)
        self._settle(Held.of(proba, truth))
        return self.contract

    # --- answering ----------------------------------------------------------------------------------------------

    def predict(self, texts: Sequence[str], vectors: Vectors, fields: Fields | None = None) -> Floats:
        """Calibrated probabilities, float64 of shape (n, len(classes)), rows sum to 1."""
        return self.predict_looks(self.views.look(texts, vectors, fields))

    def predict_looks(self, looks: Looks) -> Floats:
        """As :meth:`predict`, for texts already looked at by the views of this classifier."""
        said = {name: self.linears[name].decide(matrix) for name, matrix in looks.linear().items()}
        said["neighbours"] = self._vote(looks.near)
        return self.calibration(self.blend(said))

    def _vote(self, near: Neighbours) -> Floats:
        """Log of the smoothed share that each class has of the neighbours, weighted by similarity and age."""
        k = len(self.classes)
        codes = self.reference_codes[near.at]
        weight = np.where(codes >= 0, np.exp((near.score.astype(np.float64) - 1) * 12), 0) * (near.score > 0)
        if self.reference_age is not None:
            weight *= 0.5 + 0.5 * np.exp2(-self.reference_age[near.at].astype(np.float64) / 365)
        flat = np.arange(len(codes))[:, None] * k + np.maximum(codes, 0)
        votes = np.bincount(flat.ravel(), weights=weight.ravel(), minlength=len(codes) * k).reshape(-1, k)
        prior = (np.asarray(self.counts) + 1) / (sum(self.counts) + k)
        share: Floats = np.log((votes + 0.05 * prior) / (votes.sum(axis=1, keepdims=True) + 0.05))
        return share

    @property
    def thresholds(self) -> dict[str, float]:
        """Class to the confidence from which on it may be said under the contract; inf means never."""
        return {name: float(t) for name, t in zip(self.classes, self.contract.thresholds, strict=True)}

    def telling(self, text: str, label: str, *, most: int = 6) -> list[str]:
        """Words of this very text that spoke for ``label``, strongest first.

        The evidence of a word is what the word and character views lose against the strongest other class when the
        word is taken out of the text.
        """
        if label not in self.classes:
            return []
        evidence = self._evidence(text, self.classes.index(label))
        best = sorted(evidence, key=lambda word: -evidence[word])
        return [word for word in best if evidence[word] > 0 and len(word) > 1 and word.casefold() not in STOP][:most]

    def _evidence(self, text: str, c: int) -> dict[str, float]:
        words = list(dict.fromkeys(tokens(text)))
        out = dict.fromkeys(words, 0.0)
        learner, start = self.linears["words"], 0
        rows = [grams.transform([text]) for grams in (self.views.words, self.views.chars)]
        rival = learner.decide(self.views.union(rows[0], rows[1], None))[0]
        rival[c] = -np.inf
        gain = learner.difference(c, int(rival.argmax()))
        for grams, row in zip((self.views.words, self.views.chars), rows, strict=True):
            value = dict(zip(row.indices.tolist(), (row.data * gain[start + row.indices]).tolist(), strict=True))
            start += row.shape[1]
            for word, adds in _by_word(grams, words, value, text).items():
                out[word] += adds
        return out

    def facts(self) -> dict[str, Any]:
        """What a model card shows: classes, counts, pooled labels, view weights, calibration, held-out figures."""
        return {
            "classes": list(self.classes),
            "counts": dict(zip(self.classes, self.counts, strict=True)),
            "pooled": dict(self.pooled),
            "view_weights": self.blend.shares(len(self.classes)),
            "blend": self.blend.kind,
            "tilt": self.blend.tilt,
            "calibration": self.calibration.kind,
            "held_out": dict(self.figures),
            "promise": self.contract.promise,
            "contract": {
                "coverage": self.contract.coverage,
                "precision": self.contract.precision,
                "silent": [name for name, t in self.thresholds.items() if not np.isfinite(t)],
            },
        }

    # --- keeping ------------------------------------------------------------------------------------------------

    def to_state(self, *, with_views: bool = True) -> dict[str, Any]:
        """Plain values and arrays that :meth:`from_state` takes back."""
        return {
            "views": self.views.to_state() if with_views else None,
            "classes": list(self.classes),
            "counts": list(self.counts),
            "pooled": [list(self.pooled), list(self.pooled.values())],
            "settings": [self.min_class, self.promise],
            "reference_codes": self.reference_codes,
            "reference_age": self.reference_age,
            "linears": {name: model.to_state() for name, model in self.linears.items()},
            "blend": self.blend.to_state(),
            "calibration": self.calibration.to_state(),
            "held": [self.held.said, self.held.confidence, self.held.truth],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], *, views: Views | None = None) -> TextClassifier:
        """The classifier that gave this state; ``views`` where they were kept apart."""
        out = cls(min_class=state["settings"][0], promise=state["settings"][1])
        out.views = Views.from_state(state["views"]) if views is None else views
        out.classes, out.counts = list(state["classes"]), list(state["counts"])
        out.pooled = dict(zip(*state["pooled"], strict=True))
        out.reference_codes, out.reference_age = state["reference_codes"], state["reference_age"]
        out.linears = {name: LEARNERS[name].from_state(part) for name, part in state["linears"].items()}
        out.blend = Blend.from_state(state["blend"])
        out.calibration = Calibration.from_state(state["calibration"])
        out._settle(Held(*state["held"]))
        return out


def fit_targets(
    texts: Sequence[str], vectors: Vectors, targets: Mapping[str, Sequence[str | None]], *,
    fields: Fields | None = None, opened: Sequence[float] | None = None, groups: Sequence[int] | None = None,
    weights: Mapping[str, Sequence[float]] | None = None, promises: Mapping[str, float] | None = None,
    min_class: int | None = None, seed: int = 0, progress: Progress | None = None,
) -> tuple[dict[str, TextClassifier], dict[str, str]]:  # fmt: skip
    """Learn several targets of the same texts, which are looked at once.

    Returns the classifiers by target, and for each target that could not be learned the sentence that says why.
    ``weights`` and ``promises`` by target. Raises TooLittle where no target can be learned.
    """
    skipped: dict[str, str] = {}
    for target, labels in targets.items():
        try:
            code_labels(labels, min_class)
        except TooLittle as error:
            skipped[target] = str(error)
    todo = [target for target in targets if target not in skipped]
    if not todo:
        raise TooLittle(
            "; ".join(f"{target}: {why}" for target, why in skipped.items()) or "there is no target to learn"
        )
    steps = len(todo) + 1
    corpus = Corpus.build(texts, vectors, fields=fields, opened=opened, groups=groups)
    done: dict[str, TextClassifier] = {}
    for target in todo:
        if progress is not None:
            progress(len(done) + 1, steps)
        model = TextClassifier(min_class=min_class, promise=(promises or {}).get(target, 0.95))
        done[target] = model.fit_corpus(corpus, targets[target], weights=(weights or {}).get(target), seed=seed)
    if progress is not None:
        progress(steps, steps)
    return done, skipped


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
    """The classifiers of one :func:`fit_targets` as bytes; what they share is kept once."""
    shared = {id(model.views): model.views for model in models.values()}
    if len(shared) > 1:
        raise ValueError("these classifiers do not come from one training")
    views = next((views.to_state() for views in shared.values()), None)
    return dump({"views": views, "targets": {t: m.to_state(with_views=False) for t, m in models.items()}})


def load_targets(data: bytes) -> dict[str, TextClassifier]:
    """What :func:`dump_targets` was given. Raises Damaged or NotBuilt as :func:`models.skopsbox.load` does."""
    box = load(data)
    if box["views"] is None:
        return {}
    views = Views.from_state(box["views"])
    return {target: TextClassifier.from_state(state, views=views) for target, state in box["targets"].items()}


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


# --- the small print ------------------------------------------------------------------------------------------------


def _held_out(
    name: str, rows: Any, truth: Codes, k: int, weight: Floats, fold: NDArray[np.int64], seed: int, workers: int
) -> tuple[Linear, Floats]:
    """A linear learner of one view fitted on all rows, and what learners that had not seen them say of each row."""
    learner, out = LEARNERS[name], np.zeros((len(truth), k))
    for f in np.unique(fold):
        inside = fold != f
        model = learner.fit(rows[inside], truth[inside], k, weight=weight[inside], seed=seed, workers=workers)
        out[~inside] = model.decide(rows[~inside])
    return learner.fit(rows, truth, k, weight=weight, seed=seed, workers=workers), out


def _by_word(grams: Grams, words: Sequence[str], value: Mapping[int, float], text: str) -> dict[str, float]:
    """What each word of a text adds, from what each n-gram adds; n-grams of two words are shared out."""
    out = dict.fromkeys(words, 0.0)
    if grams.analyzer == "word":
        for gram in set(grams.analyze(text)):
            at = grams.index(gram)
            parts = gram.split(" ")
            for part in parts:
                if at is not None and part in out:
                    out[part] += value.get(at, 0.0) / len(parts)
        return out
    holders: dict[int, list[str]] = {}
    for word in words:
        for gram in set(grams.analyze(word)):
            at = grams.index(gram)
            if at is not None and at in value:
                holders.setdefault(at, []).append(word)
    for at, owners in holders.items():
        for word in owners:
            out[word] += value[at] / len(owners)
    return out
