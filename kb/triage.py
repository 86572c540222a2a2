"""What a new ticket is, how urgent, and who takes it: suggestions with evidence, or silence with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb import diagnose, escalation, lines
from kb.learners import Embedder, Vectors
from kb.policy import Policy, target_of
from kb.records import DONE, EVERYONE, Ask, Hit, Prediction, Ref, Suggestion, Ticket, Viewer
from kb.rows import content_hash, seconds
from kb.seen import Gate
from kb.shelves import Shelves, Snapshot
from kb.text import LONGEST, language, prepare

TOLD = 60
"""So many tickets at a time get a reason for their line and questions to ask."""
LIKE = 40
NEARLY = 0.85
"""Score from which two tickets say nearly the same."""
_FEW, _DIVIDED = 4, 0.6
ASKABLE = ("too-short", "unlike", "close", "promise", "contradicting", "rare")
"""Reasons for silence that a better told ticket could end."""
POOLED = "(other)"
"""The class that rare values are pooled into while learning; never suggested."""
REASONS: Mapping[str, str] = {
    "too-short": "The ticket says too little: ask what happens, where, and since when.",
    "language": "The past tickets learnt from are in another language.",
    "unlike": "Nothing like it among the past tickets.",
    "close": "Too close between {first} and {second}.",
    "contradicting": "The past contradicts itself: tickets that say nearly the same went to {first} and elsewhere.",
    "rare": "It looks like one of the rare values that have too few past tickets to suggest.",
    "promise": "{first} is the best guess, but not sure enough to say.",
    "cannot": "{first} is the best guess, but it has not yet proven that it keeps the promise.",
    "stale": "{why}",
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
    promised: Callable[[Mapping[str, float | None]], Mapping[str, Mapping[str, float]]] = lambda promises: {}
    """Target → what is promised, to thresholds."""
    stale: str = ""
    """Why nothing they say holds any more, in a sentence; "" where it does."""
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


@dataclass(frozen=True, slots=True)
class _Like:
    """What resolved tickets like one ticket say, most alike first."""

    hits: tuple[Hit, ...] = ()
    articles: Mapping[int, tuple[Ref, ...]] = field(default_factory=dict)
    lately: int = 0
    """Tickets like it in the minutes before it that the rule for many asks about."""

    @property
    def tickets(self) -> list[Ticket]:
        return [hit.record for hit in self.hits if isinstance(hit.record, Ticket)]


@dataclass(frozen=True)
class Triage:
    """Suggests for tickets what the desk's own past says of their like."""

    shelves: Shelves
    embedder: Embedder
    models: Models
    policy: Policy
    gate: Gate = field(default_factory=Gate)
    """From which score on a past ticket reports the same."""

    def suggest(
        self, tickets: Sequence[Ticket], *, viewer: Viewer = EVERYONE, neighbours: int = 3, telling: bool = True
    ) -> list[Suggestion]:
        """One suggestion a ticket, in order. A target we are not sure of has ``value`` None and a reason.

        Without ``telling`` the words that spoke for a value are left out: they take most of the time. Line reasons and
        questions to the caller are made for up to :data:`TOLD` tickets at a time, not for bulk work.
        """
        tickets = [ticket if ticket.text else prepare(ticket) for ticket in tickets]
        if not tickets:
            return []
        texts = [ticket.text for ticket in tickets]
        vectors = self._vectors(texts)
        fields = [known_at_opening(ticket) for ticket in tickets]
        told = len(tickets) <= TOLD
        like = self._like(tickets, vectors, viewer, LIKE if told else neighbours)
        proba = self.models.predict([words_at_opening(ticket) for ticket in tickets], vectors, fields)
        answers = []
        for i, ticket in enumerate(tickets):
            silent = self._silent(ticket, like[i].hits)
            found = {name: self._predict(name, proba[name][i], ticket, silent, like[i]) for name in proba}
            if telling:
                found = {name: self._told(one, ticket) for name, one in found.items()}
            for name in self.policy.targets:
                if name not in found and name in self.models.missing:
                    why = self.models.missing[name]
                    found[name] = Prediction(name, None, 0.0, reason=REASONS["missing"].format(why=why), code="missing")
            shown = {name: one for name, one in found.items() if self.policy.mode(name) in ("recommend", "autofill")}
            shadow = {name: one for name, one in found.items() if self.policy.mode(name) == "shadow"}
            made = Suggestion(
                ticket, shown, neighbours=like[i].hits[:neighbours], model=self.models.name, shadow=shadow
            )
            made = self._with_priority(made, like[i].lately)
            answers.append(self._reasoned(made, like[i]) if told else made)
        return answers

    def _reasoned(self, made: Suggestion, like: _Like) -> Suggestion:
        """With what the past says of the line, and what to ask where the ticket is vague."""
        same = [
            h.record for h in like.hits if h.score >= self.gate.least("ticket", 12) and isinstance(h.record, Ticket)
        ]
        line, group = made.predictions.get("line"), made.predictions.get("assignment_group")
        given = line.value if line is not None and line.value in ("1", "2") else None
        reason = None
        if line is not None:
            reason = lines.reason(same, like.articles, line=int(given) if given else None,
                                  group=group.value if group is not None else None)  # fmt: skip
        asks: tuple[Ask, ...] = ()
        unsure = [one for one in made.predictions.values() if one.value is None and one.code in ASKABLE]
        first = {name: place for place, name in enumerate(("category", "assignment_group"))}
        main = min(unsure, key=lambda one: first.get(one.target, len(first)), default=None)
        if main is not None:
            candidates = [pair for pair in main.alternatives if pair[0] != POOLED]
            if main.code == "too-short" or diagnose.is_vague(made.ticket, candidates):
                asks = diagnose.questions(
                    made.ticket, like.tickets, candidates, target_of=lambda t: target_of(t, main.target) or None
                )
        return replace(made, line=reason, questions=asks)

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
        if self.models.stale:
            return "stale"
        if len(ticket.text.split()) < self.policy.fewest_words:
            return "too-short"
        spoken = language(ticket.text)
        if spoken and self.models.languages and spoken not in self.models.languages:
            return "language"
        if not near or near[0].score < self.policy.unlike_under:
            return "unlike"
        return ""

    def _predict(self, target: str, row: NDArray[np.float64], ticket: Ticket, silent: str, like: _Like) -> Prediction:
        model = self.models.by_target[target]
        order = np.argsort(-row, kind="stable")[:3]
        best = [(model.classes[k], float(row[k])) for k in order]
        label, confidence = best[0]
        code = silent or self._doubt(target, best)
        if code in ("close", "promise", "cannot") and self._contradicted(target, like):
            code = "contradicting"
        if not code:
            return Prediction(target, label, confidence, tuple(best))
        second = best[1][0] if len(best) > 1 else ""
        reason = REASONS[code].format(first=label, second=second, why=self.models.stale)
        return Prediction(target, None, confidence, tuple(best), reason, "promise" if code == "cannot" else code)

    def _told(self, found: Prediction, ticket: Ticket) -> Prediction:
        """With the words of the ticket's own text that spoke for the best guess."""
        if found.code in ("too-short", "language") or not found.alternatives:
            return found
        spoke = self.models.by_target[found.target].telling(words_at_opening(ticket), found.alternatives[0][0])
        return replace(found, telling=tuple(spoke))

    def _contradicted(self, target: str, like: _Like) -> bool:
        """Whether past tickets that say nearly the same were given different values."""
        said = [target_of(h.record, target) for h in like.hits if h.score >= NEARLY and isinstance(h.record, Ticket)]
        values = Counter(value for value in said if value)
        return sum(values.values()) >= _FEW and max(values.values()) <= _DIVIDED * sum(values.values())

    def _doubt(self, target: str, best: Sequence[tuple[str, float]]) -> str:
        label, confidence = best[0]
        if label == POOLED:
            return "rare"
        limits = self.models.thresholds.get(target)
        least = self.policy.sure if limits is None else limits.get(label, np.inf)
        if confidence >= least:
            return ""
        if least == np.inf:
            return "cannot"
        close = len(best) > 1 and best[1][1] > 0.5 * confidence and best[1][0] != POOLED
        return "close" if close else "promise"

    def _with_priority(self, suggestion: Suggestion, lately: int) -> Suggestion:
        """With the priority that impact and urgency give, raised where a rule of the desk says so."""
        ticket, found = suggestion.ticket, suggestion.predictions
        level = {}
        for name in ("impact", "urgency"):
            given = target_of(ticket, name)
            value = given or (found[name].value if name in found else None)
            level[name] = int(value) if value and value.isdigit() else None
        priority, why = self.policy.priority(level["impact"], level["urgency"])
        if priority is None and not any(name in found for name in ("impact", "urgency")):
            priority = ticket.priority
        raised = escalation.raised(priority, ticket, similar_lately=lately, rules=self.policy.escalation)
        return replace(suggestion, priority=raised.priority, priority_why=why, raised=raised.why)

    def _like(self, tickets: Sequence[Ticket], vectors: Vectors, viewer: Viewer, most: int) -> list[_Like]:
        """The nearest past tickets whose outcome is known and the viewer may see; never the ticket itself."""
        snapshot = self.shelves.now()
        pool = snapshot.pools["ticket"]
        seen = rows = pool.columns.visible(viewer)
        done = np.array([name in DONE or not name for name in pool.columns.names["state"]], bool)
        if len(done):
            rows = rows & done[pool.columns.codes["state"]]
        ids, scores = pool.vectors.search(vectors, most + 1, allowed=pool.columns.mask(rows))
        wanted = sorted({int(i) for i in ids.ravel() if i >= 0})
        records = {record.id: record for record in self.shelves.store.records("ticket", wanted, viewer)}
        articles = self._articles(snapshot, wanted, viewer) if most > _FEW else {}
        answers = []
        for ticket, vector, its_ids, its_scores in zip(tickets, vectors, ids, scores, strict=True):
            hits = [
                Hit(records[int(i)], relevance=max(0.0, float(score)), score=float(score))
                for i, score in zip(its_ids, its_scores, strict=True)
                if int(i) in records and records[int(i)].ref != ticket.ref
            ]
            lately = self._lately(snapshot, ticket, vector, seen)
            answers.append(_Like(tuple(hits[:most]), articles, lately))
        return answers

    def _lately(self, snapshot: Snapshot, ticket: Ticket, vector: Vectors, seen: NDArray[np.bool_]) -> int:
        """How many other tickets like it were opened in the minutes before it that the rule for many asks about."""
        many, at = self.policy.escalation.many, seconds(ticket.opened_at)
        if many is None or at is None:
            return 0
        pool = snapshot.pools["ticket"]
        opened = pool.columns.numbers["opened"]
        recent = seen & (opened > at - 60 * many.minutes) & (opened <= at)
        if ticket.id is not None:
            recent &= pool.columns.ids != ticket.id
        if int(recent.sum()) <= many.more_than:
            return 0
        scores = pool.vectors.rows(pool.columns.ids[recent]) @ vector
        return int((scores >= self.gate.least("ticket", 12)).sum())

    def _articles(self, snapshot: Snapshot, tickets: Sequence[int], viewer: Viewer) -> dict[int, tuple[Ref, ...]]:
        """Ticket → the articles linked on it that the viewer may see, boiler-plate left out."""
        links = snapshot.links
        mine = np.flatnonzero(links.to("article") & ~links.generic & np.isin(links.ticket, tickets))
        wanted = sorted(set(links.target[mine].tolist()))
        refs = {one.id: one.ref for one in self.shelves.store.records("article", wanted, viewer)}
        found: dict[int, tuple[Ref, ...]] = {}
        for row in mine.tolist():
            ticket, ref = int(links.ticket[row]), refs.get(int(links.target[row]))
            if ref is not None and ref not in found.get(ticket, ()):
                found[ticket] = (*found.get(ticket, ()), ref)
        return found
