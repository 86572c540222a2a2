"""One target's learner: word, character, meaning, neighbour and field views, blended out-of-fold and calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models import scores
from models.blend import Blend
from models.calibration import KINDS, Calibration
from models.contract import Contract
from models.corpus import Corpus, Looks, Views, folds_of
from models.held import LEARNERS, Held, held_out
from models.labels import OTHER
from models.linear import Linear
from models.spelling import coded, folded
from models.telling import telling
from models.views import Fields, Neighbours, Progress, Vectors

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """A classifier learnt without the later cases, and what it says of them."""

    model: TextClassifier
    rows: Codes
    """Positions of the later cases that have a label, shape (m,)."""
    proba: Floats
    """Calibrated probabilities of shape (m, classes of the model)."""
    truth: list[str]

    @property
    def held(self) -> Held:
        """Predictions for all cases by models that had not seen them: held out in training, and later ones."""
        one, two = self.model.held, Held.of(self.proba, self.model.codes(self.truth))
        return Held(*(np.concatenate(pair) for pair in zip(one, two, strict=True)))


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
        coded(labels, self.min_class)  # refuse before the long work
        corpus = Corpus.build(texts, vectors, fields=fields, opened=opened, groups=groups, progress=progress)
        return self.fit_corpus(corpus, labels, weights=weights, seed=seed)

    def fit_corpus(
        self, corpus: Corpus, labels: Sequence[str | None], *, weights: Sequence[float] | None = None, seed: int = 0,
        trial: Trial | None = None,
    ) -> TextClassifier:  # fmt: skip
        """As :meth:`fit`, on texts already looked at.

        ``trial``: the same learnt without the later rows. Where it tells the same classes apart, its blend and its
        calibration are taken over, the promise is settled on its held-out predictions and on what it said of the
        later rows, and only the views' learners are fitted again: a fifth of the work.
        """
        self.classes, self.counts, self.pooled, codes = coded(labels, self.min_class)
        self.views = corpus.views
        rows = np.flatnonzero(codes >= 0)
        truth, k = codes[rows], len(self.classes)
        weight = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
        self.reference_codes = np.asarray(codes[corpus.rows], dtype=np.int32)
        self.reference_age = None if corpus.age is None else np.asarray(corpus.age[corpus.rows], dtype=np.float32)
        if trial is not None and trial.model.classes == self.classes:
            return self._again(corpus, rows, truth, weight, trial, seed)
        fold = corpus.folds(rows, truth, seed=seed)
        self.linears, held = {}, {}
        for name, matrix in corpus.linear().items():
            model, held[name] = held_out(name, matrix[rows], truth, k, weight, fold, seed, self.workers)
            self.linears[name] = model.compact()
        out = fold >= 0
        rows, truth, weight, fold = rows[out], truth[out], weight[out], fold[out]
        held["neighbours"] = self._vote(corpus.near(rows))
        if not fold.any():  # one part was held out: it is parted again, to choose a blend by
            fold = folds_of(truth, corpus.groups[rows], seed=seed, folds=3)
        with threadpool_limits(1, user_api="blas"):  # many small steps: threads only wait for one another
            self.blend, blended = Blend.fit(held, truth, fold, weight)
            self.calibration = Calibration.fit(blended, truth, seed=seed, kinds=KINDS[:2] if self.blend.tilt else KINDS)
        self.linears = {name: model for name, model in self.linears.items() if name in (*self.blend.views, "words")}
        self._settle(Held.of(self.calibration.crossed(blended, truth, seed=seed), truth))
        return self

    def _again(
        self, corpus: Corpus, rows: Codes, truth: Codes, weight: Floats, trial: Trial, seed: int
    ) -> TextClassifier:
        looks, k = corpus.linear(), len(self.classes)
        self.linears = {
            name: LEARNERS[name].fit(matrix[rows], truth, k, weight=weight, seed=seed, workers=self.workers).compact()
            for name, matrix in looks.items()
            if name in (*trial.model.blend.views, "words")
        }
        self.blend, self.calibration = trial.model.blend, trial.model.calibration
        self._settle(trial.held)
        return self

    def tried(self, corpus: Corpus, labels: Sequence[str | None], rows: Codes) -> Trial:
        """What this classifier, fitted without these rows of the corpus, says of those of them that have a label."""
        rows = rows[[bool(folded(labels[row])) for row in rows.tolist()]]
        return Trial(self, rows, self.predict_looks(corpus.look(rows)), [str(labels[row]) for row in rows.tolist()])

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
        self._settle(Held.of(proba, self.codes(labels)))
        return self.contract

    def codes(self, labels: Sequence[str | None]) -> Codes:
        """Class code of each label, however it is spelled: of "(other)" for one not told apart, -1 without that."""
        at = {folded(name): c for c, name in enumerate(self.classes)}
        rest = at.get(folded(OTHER), -1)
        return np.array([at.get(folded(label), rest) for label in labels], dtype=np.int64)

    # --- answering ----------------------------------------------------------------------------------------------

    def predict(self, texts: Sequence[str], vectors: Vectors, fields: Fields | None = None) -> Floats:
        """Calibrated probabilities, float64 of shape (n, len(classes)), rows sum to 1."""
        return self.predict_looks(self.views.look(texts, vectors, fields))

    def predict_looks(self, looks: Looks) -> Floats:
        """As :meth:`predict`, for texts already looked at by the views of this classifier."""
        views = looks.linear()
        said = {name: model.decide(views[name]) for name, model in self.linears.items()}
        said["neighbours"] = self._vote(looks.near)
        proba = self.calibration(self.blend(said))
        empty = (looks.words.getnnz(axis=1) == 0) & ~np.any(looks.meaning, axis=1)
        proba[empty] = np.asarray(self.counts) / max(1, sum(self.counts))  # nothing was said: nothing is known of it
        return proba

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
        words = cast("Linear", self.linears["words"])
        return telling(self.views, words, text, self.classes.index(label), most=most)

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
            "held": list(self.held),
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
