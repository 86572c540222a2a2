"""Learn from the tickets whose outcome is known: the triage classifiers and the ranking of search."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from kb.errors import Damaged, NotBuilt, TooLittle
from kb.policy import Policy, target_of
from kb.seen import gate_for
from kb.store import Store
from kb.text import language
from kb.triage import Models, known_at_opening
from models.classifier import TextClassifier, dump_targets, fit_targets, load_targets, predict_targets
from pipelines.generations import Generation
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, learnable, retired
from pipelines.ranking import FILE, fit_rankers, write
from pipelines.seen import fit_gate

CORRECTED = 3.0
"""How many past tickets one correction by a person weighs as much as."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What one run did."""

    generation: str
    tickets: int
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Target → what its classifier says of itself: classes, held-out macro-F1, calibration, coverage."""
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What became of the ranking of search, in sentences."""
    seconds: float = 0.0
    unchanged: bool = False


def train(home: Home, *, say: Say = quiet, force: bool = False) -> Trained:
    """Fit every target of the policy and publish the models. Raises ``TooLittle`` where none can be learnt."""
    started = time.perf_counter()
    store = home.store
    policy = Policy.from_settings(store.settings())
    mark = f"{store.seq()}/{len(store.corrections())}/{','.join(policy.targets)}/{home.embedder.id}"
    if not force and (kept := _still_good(home, mark)) is not None:
        return kept
    pool = learnable(home, say=say, keep=lambda ticket: ticket.is_done)
    models, missing = fit(pool, policy, store=store, say=say)
    shelves = home.shelves()
    rankers, verdicts = fit_rankers(home, shelves, say=say)
    bars = fit_gate(home, shelves, rankers, gate_for(home.embedder.id), say=say)
    facts = {
        "mark": mark,
        "gate": asdict(bars),
        "ranking": {kind: asdict(verdict) for kind, verdict in verdicts.items()},
        "embedder": home.embedder.id,
        "tickets": len(pool.tickets),
        "languages": languages(pool.texts),
        "missing": missing,
        "targets": {name: model.facts() for name, model in models.items()},
    }
    with home.made.begin("models") as draft:
        draft.write("triage.skops", dump_targets(models))
        draft.write(FILE, write(rankers))
        generation = draft.publish(facts)
    return _told(generation, time.perf_counter() - started)


def fit(
    pool: Learnable, policy: Policy, *, store: Store | None = None, say: Say = quiet
) -> tuple[dict[str, TextClassifier], dict[str, str]]:
    """Classifiers by target, and why there is none for the others."""
    targets, weights = _labels(pool, policy, store)
    fields = [known_at_opening(ticket) for ticket in pool.tickets]
    opened = pool.opened
    if len(pool.tickets) == 0:
        raise TooLittle("There are no tickets with a known outcome yet: import resolved or closed ones first.")
    return fit_targets(
        pool.words, pool.vectors, targets, fields=fields if any(fields) else None,
        opened=None if opened is None else opened.tolist(), weights=weights,
        progress=lambda done, total: say("Learning", done, total),
    )  # fmt: skip


def load(generation: Generation, *, embedder: str, promise: float | None = None) -> Models:
    """The classifiers of a verified generation, ready to suggest. Raises ``Damaged`` or ``NotBuilt``."""
    if generation.facts.get("embedder") != embedder:
        raise NotBuilt("The models were trained with another embedder: run `seenbefore train`.")
    try:
        models = load_targets(generation.read("triage.skops"))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise Damaged("The models were written by another version of the program: run `seenbefore train`.") from error
    return serve(models, generation.facts, name=generation.name, promise=promise)


def serve(models: dict[str, TextClassifier], facts: Any, *, name: str, promise: float | None = None) -> Models:
    """Classifiers as triage takes them; with a promise each class has the threshold from which it keeps it."""
    thresholds = {}
    if promise is not None:
        contracts = {target: model.promised(promise) for target, model in models.items()}
        thresholds = {
            target: dict(zip(models[target].classes, contract.thresholds.tolist(), strict=True))
            for target, contract in contracts.items()
        }
    return Models(
        name=name,
        by_target=models,
        predict=partial(predict_targets, models),
        thresholds=thresholds,
        missing=dict(facts.get("missing", {})),
        languages=tuple(facts.get("languages", ())),
        facts=facts,
    )


def languages(texts: Sequence[str]) -> list[str]:
    """Languages that at least 1 in 200 of the texts is written in; empty where none is certain."""
    step = max(1, len(texts) // 4000)
    spoken = Counter(language(text) for text in texts[::step])
    least = max(3, sum(spoken.values()) // 200)
    return sorted(name for name, count in spoken.items() if name and count >= least)


def _labels(
    pool: Learnable, policy: Policy, store: Store | None
) -> tuple[dict[str, list[str | None]], dict[str, list[float]]]:
    place = {ticket.id: i for i, ticket in enumerate(pool.tickets)}
    targets: dict[str, list[str | None]] = {}
    weights: dict[str, list[float]] = {}
    for target in policy.targets:
        labels: list[str | None] = [target_of(ticket, target) or None for ticket in pool.tickets]
        gone = retired(labels, pool.times)
        labels = [None if label in gone else label for label in labels]
        weight = np.ones(len(labels))
        for ticket_id, correction in store.corrections(target=target) if store is not None else ():
            if ticket_id in place and correction.action != "skipped":
                labels[place[ticket_id]] = correction.chosen
                weight[place[ticket_id]] = CORRECTED
        targets[target], weights[target] = labels, weight.tolist()
    return targets, weights


def _still_good(home: Home, mark: str) -> Trained | None:
    try:
        generation, note = home.made.current("models")
    except (NotBuilt, Damaged):
        return None
    if note or generation.facts.get("mark") != mark:
        return None
    return replace(_told(generation, 0.0), unchanged=True)


def _told(generation: Generation, spent: float) -> Trained:
    facts = generation.facts
    notes = tuple(f"Ranking of {kind}s: {verdict['why']}" for kind, verdict in facts["ranking"].items())
    if "gate" in facts:
        notes += (f"Not seen before: {facts['gate']['why']}",)
    return Trained(generation.name, facts["tickets"], facts["targets"], facts["missing"], notes, spent)
