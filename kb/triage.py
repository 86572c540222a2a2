"""What a new ticket is, how urgent, and who takes it: suggestions with evidence, or silence with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.learners import Embedder, Vectors
from kb.policy import Policy, target_of
from kb.records import DONE, EVERYONE, Hit, Prediction, Suggestion, Ticket, Viewer
from kb.rows import content_hash
from kb.shelves import Shelves
from kb.text import LONGEST, language, prepare

POOLED = "(other)"
"""The class that rare values are pooled into while learning; never suggested."""
REASONS: Mapping[str, str] = {
    "too-short": "The ticket says too little: ask what happens, where, and since when.",
    "language": "The past tickets learnt from are in another language.",
    "unlike": "Nothing like it among the past tickets.",
    "close": "Too close between {first} and {second}.",
    "rare": "It looks like one of the rare values that have too few past tickets to suggest.",
    "promise": "{first} is the best guess, but not sure enough to say.",
    "missing": "No model for this target yet: {why}",
}


class TargetModel(Protocol):
    """What triage needs of one target's classifier."""

    classes: list[str]

    def telling(self, text: str, label: str, *, most: int = 6) -> list[str]:
        """Words of this very text that spoke for the label, strongest first."""
        ...


Predicts = Callable[[Sequence[str], Vectors, Sequence[Mapping[str, str]]], Mapping[str, NDArray[np.float64]]]
"""Texts, vectors and opening fields of n tickets → target → calibrated probabilities of shape (n, classes)."""


@dataclass(frozen=True)
class Models:
    """The trained classifiers in service and what is known about them."""

    name: str = ""
    by_target: Mapping[str, TargetModel] = field(default_factory=dict)
    predict: Predicts = lambda texts, vectors, fields: {}
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Target → class → least confidence at which it may be suggested; a class not named is never suggested."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Target → why there is no model for it."""
    languages: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def words_at_opening(ticket: Ticket) -> str:
    """The words a classifier reads: title and body as they came.

    Mail headers and greetings are noise to search, but they tell who writes and by which way, and so who takes it.
    """
    return f"{ticket.title}\n{ticket.body}".strip()[:LONGEST]


def known_at_opening(ticket: Ticket) -> dict[str, str]:
    """The fields a classifier may look at: only what exists when a ticket is opened."""
    known = {"service": ticket.service, "ci": ticket.ci, "location": ticket.location, "department": ticket.department,
             "channel": ticket.channel}  # fmt: skip
    if ticket.opened_at is not None:
        known["hour"] = str(ticket.opened_at.hour)
    return {name: value for name, value in known.items() if value}


@dataclass(frozen=True)
class Triage:
    """Suggests for tickets what the desk's own past says of their like."""

    shelves: Shelves
    embedder: Embedder
    models: Models
    policy: Policy

    def suggest(self, tickets: Sequence[Ticket], *, viewer: Viewer = EVERYONE, neighbours: int = 3) -> list[Suggestion]:
        """One suggestion a ticket, in order. A target we are not sure of has ``value`` None and a reason."""
        tickets = [ticket if ticket.text else prepare(ticket) for ticket in tickets]
        if not tickets:
            return []
        texts = [ticket.text for ticket in tickets]
        vectors = self._vectors(texts)
        fields = [known_at_opening(ticket) for ticket in tickets]
        near = self._neighbours(tickets, vectors, viewer, neighbours)
        proba = self.models.predict([words_at_opening(ticket) for ticket in tickets], vectors, fields)
        answers = []
        for i, ticket in enumerate(tickets):
            silent = self._silent(ticket, near[i])
            found = {name: self._predict(name, proba[name][i], ticket, silent) for name in proba}
            for name in self.policy.targets:
                if name not in found and name in self.models.missing:
                    why = self.models.missing[name]
                    found[name] = Prediction(name, None, 0.0, reason=REASONS["missing"].format(why=why), code="missing")
            answers.append(
                self._with_priority(Suggestion(ticket, found, neighbours=tuple(near[i]), model=self.models.name))
            )
        return answers

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        matrix, found = self.shelves.store.known_vectors(
            [content_hash(text) for text in texts], self.embedder.id, self.embedder.dim
        )
        missing = np.flatnonzero(~found)
        if len(missing):
            matrix[missing] = self.embedder.encode([texts[i] for i in missing.tolist()])
        return matrix

    def _silent(self, ticket: Ticket, near: Sequence[Hit]) -> str:
        """The reason code why nothing at all can be said of this ticket, or ""."""
        if len(ticket.text.split()) < self.policy.fewest_words:
            return "too-short"
        spoken = language(ticket.text)
        if spoken and self.models.languages and spoken not in self.models.languages:
            return "language"
        if not near or near[0].score < self.policy.unlike_under:
            return "unlike"
        return ""

    def _predict(self, target: str, row: NDArray[np.float64], ticket: Ticket, silent: str) -> Prediction:
        model = self.models.by_target[target]
        order = np.argsort(-row, kind="stable")[:3]
        best = [(model.classes[k], float(row[k])) for k in order]
        label, confidence = best[0]
        code = silent or self._doubt(target, best)
        telling = () if code in ("too-short", "language") else tuple(model.telling(words_at_opening(ticket), label))
        if not code:
            return Prediction(target, label, confidence, tuple(best), telling=telling)
        second = best[1][0] if len(best) > 1 else ""
        reason = REASONS[code].format(first=label, second=second)
        return Prediction(target, None, confidence, tuple(best), reason, code, telling)

    def _doubt(self, target: str, best: Sequence[tuple[str, float]]) -> str:
        label, confidence = best[0]
        if label == POOLED:
            return "rare"
        limits = self.models.thresholds.get(target)
        least = self.policy.sure if limits is None else limits.get(label, np.inf)
        if confidence >= least:
            return ""
        close = len(best) > 1 and best[1][1] > 0.5 * confidence and best[1][0] != POOLED
        return "close" if close else "promise"

    def _with_priority(self, suggestion: Suggestion) -> Suggestion:
        ticket, found = suggestion.ticket, suggestion.predictions
        level = {}
        for name in ("impact", "urgency"):
            given = target_of(ticket, name)
            value = given or (found[name].value if name in found else None)
            level[name] = int(value) if value and value.isdigit() else None
        priority, why = self.policy.priority(level["impact"], level["urgency"])
        return replace(suggestion, priority=priority, priority_why=why)

    def _neighbours(self, tickets: Sequence[Ticket], vectors: Vectors, viewer: Viewer, most: int) -> list[list[Hit]]:
        """The nearest past tickets whose outcome is known and the viewer may see; never the ticket itself."""
        pool = self.shelves.now().pools["ticket"]
        rows = pool.columns.visible(viewer)
        done = np.array([name in DONE or not name for name in pool.columns.names["state"]], bool)
        if len(done):
            rows = rows & done[pool.columns.codes["state"]]
        ids, scores = pool.vectors.search(vectors, most + 1, allowed=pool.columns.mask(rows))
        wanted = sorted({int(i) for i in ids.ravel() if i >= 0})
        records = {record.id: record for record in self.shelves.store.records("ticket", wanted, viewer)}
        answers = []
        for ticket, its_ids, its_scores in zip(tickets, ids, scores, strict=True):
            hits = [
                Hit(records[int(i)], relevance=max(0.0, float(score)), score=float(score))
                for i, score in zip(its_ids, its_scores, strict=True)
                if int(i) in records and records[int(i)].ref != ticket.ref
            ]
            answers.append(hits[:most])
        return answers
