"""Answers, suggestions and patterns as plain values: the same for the command line and for programs."""

from __future__ import annotations

from typing import Any

from kb.records import Answer, Fix, Hit, Pattern, Prediction, Ref, Step, Suggestion


def answer(found: Answer, *, nearest: bool = False) -> dict[str, Any]:
    """An answer; with ``nearest`` the misses that came closest too."""
    value: dict[str, Any] = {
        "query": found.query,
        "answer": "seen" if found.seen else "not seen",
        "fixes": [fix(one) for one in found.fixes],
        "steps": [step(one) for one in found.steps],
        "hits": [hit(one) for one in found.hits],
    }
    if nearest:
        value["nearest"] = [hit(one) for one in found.nearest]
    return {**value, "looked_at": dict(found.looked_at), "notes": list(found.notes)}


def hit(one: Hit) -> dict[str, Any]:
    """One record that may help, and why."""
    record = one.record
    return {"kind": record.ref.kind, "id": record.number, "source": record.source, "title": record.title,
            "relevance": round(one.relevance, 4), "resolution": one.resolution, "why": list(one.why)}  # fmt: skip


def fix(one: Fix) -> dict[str, Any]:
    """One way in which it was resolved, with the tickets that say so."""
    return {"text": one.text, "tickets": len(one.cited), "of": one.of, "minutes": one.minutes,
            "reopened": one.reopened, "proven": round(one.proven, 4), "cited": [ref(r) for r in one.cited],
            "articles": [ref(r) for r in one.articles]}  # fmt: skip


def step(one: Step) -> dict[str, Any]:
    """A question to ask or a step to take, with where it stands."""
    return {"text": one.text, "asks": one.asks, "cited": [ref(r) for r in one.cited]}


def ref(one: Ref) -> dict[str, str]:
    """The name of a record."""
    return {"kind": one.kind, "id": one.number, "source": one.source}


def suggestion(made: Suggestion) -> dict[str, Any]:
    """What a ticket seems to be."""
    return {
        "number": made.ticket.number,
        "targets": {name: prediction(found) for name, found in made.predictions.items()},
        "priority": {"value": made.priority, "reason": made.priority_why, "raised": list(made.raised)},
        "line_reason": None if made.line is None else {"sentence": made.line.sentence,
                                                       "cited": [ref(r) for r in made.line.cited]},
        "questions": [{"text": ask.text, "why": ask.why, "cited": [ref(r) for r in ask.cited]}
                      for ask in made.questions],
        "neighbours": [hit(one) | {"score": round(one.score, 4)} for one in made.neighbours],
        "known_error": None if made.known_error is None else hit(made.known_error),
        "model": made.model,
    }  # fmt: skip


def prediction(found: Prediction) -> dict[str, Any]:
    """One target; ``value`` is null where we are not sure, with the reason."""
    return {"value": found.value, "confidence": round(found.confidence, 4), "reason": found.reason, "code": found.code,
            "alternatives": [{"value": v, "confidence": round(p, 4)} for v, p in found.alternatives],
            "telling": list(found.telling)}  # fmt: skip


def pattern(one: Pattern) -> dict[str, Any]:
    """One failure that keeps coming back."""
    return {"id": one.id, "name": one.name, "size": one.size, "first_seen": one.first_seen,
            "last_seen": one.last_seen, "phrases": list(one.phrases)}  # fmt: skip
