"""Learn from the tickets whose outcome is known: the triage classifiers and the ranking of search."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import Damaged, NotBuilt, TooLittle
from kb.policy import Policy, target_of
from kb.seen import gate_for
from kb.store import Store
from kb.text import language
from kb.triage import Models, known_at_opening
from models.classifier import (
    Learnt,
    TextClassifier,
    dump_targets,
    learn_targets,
    load_targets,
    predict_targets,
)
from pipelines.cards import about, latest, serving_of
from pipelines.challenge import (
    LEARNT,
    MODELS,
    champion_of,
    later_rows,
    rulings,
    spans,
    to_json,
)
from pipelines.generations import Generation
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, learnable, retired
from pipelines.models import CARDS, note_training
from pipelines.ranking import FILE, fit_rankers, write
from pipelines.seen import fit_gate

PROMISE = 0.95
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
    rulings: dict[str, str] = field(default_factory=dict)
    """Target → whether the new model serves or the one before was kept, and why, in a sentence."""
    notes: tuple[str, ...] = ()
    """What became of the ranking of search and of an earlier rollback, in sentences."""
    seconds: float = 0.0
    unchanged: bool = False


def train(home: Home, *, say: Say = quiet, force: bool = False) -> Trained:
    """Fit every target of the policy and publish what is not worse than the models in service, target by target.

    A target that is worse keeps its model. One training at a time: it waits for another of this desk, on whatever
    server. Raises ``TooLittle`` where none can be learnt.
    """
    with home.store.alone("train", waits=lambda: say("Waiting for another training of this desk", 0, 1)):
        return _train(home, say=say, force=force)


def _train(home: Home, *, say: Say, force: bool) -> Trained:
    started = time.perf_counter()
    store = home.store
    policy = Policy.from_settings(store.settings())
    mark = f"{store.seq()}/{len(store.corrections())}/{','.join(policy.targets)}/{home.embedder.id}"
    if not force and (kept := _still_good(home, mark)) is not None:
        return kept
    pool = learnable(home, say=say, keep=lambda ticket: ticket.is_done)
    champion = champion_of(home)
    later = {target: later_rows(pool, champion, target) for target in policy.targets}
    learnt = learn(pool, policy, store=store, later={t: rows.withheld for t, rows in later.items()}, say=say)
    shelves = home.shelves()
    rankers, verdicts = fit_rankers(home, shelves, say=say)
    bars = fit_gate(home, shelves, rankers, gate_for(home.embedder.id), say=say)
    ruled = rulings(home, pool, champion, learnt.models, learnt.trials, later, force=force)
    facts = {
        "mark": mark,
        "gate": asdict(bars),
        "ranking": {kind: asdict(verdict) for kind, verdict in verdicts.items()},
        "embedder": home.embedder.id,
        "tickets": len(pool.tickets),
        "languages": languages(pool.texts),
        "missing": learnt.skipped,
        "trained_until": latest(pool),
        "rulings": {target: ruling.to_state() for target, ruling in ruled.items()},
        "rolled_back": dict(champion.rolled_back) if any(map(champion.back, champion.models)) else {},
    }
    with home.made.begin("models") as draft:
        serving = serving_of(pool, learnt, champion, ruled, draft.name)
        facts["targets"] = {target: about(model, serving.cards[target]) for target, model in serving.models.items()}
        draft.write(MODELS, dump_targets(serving.models))
        draft.write(CARDS, to_json({target: card.to_state() for target, card in serving.cards.items()}))
        draft.write(LEARNT, to_json({name: spans(ids) for name, ids in serving.learnt.items()}))
        draft.write(FILE, write(rankers))
        generation = draft.publish(facts)
    note_training(home.made, generation)
    store.note(
        "published",
        f"models:{generation.name}",
        detail={"tickets": len(pool.tickets), "targets": sorted(serving.models)},
    )
    return _told(generation, time.perf_counter() - started)


def fit(
    pool: Learnable, policy: Policy, *, store: Store | None = None, say: Say = quiet
) -> tuple[dict[str, TextClassifier], dict[str, str]]:
    """Classifiers by target, and why there is none for the others."""
    learnt = learn(pool, policy, store=store, say=say)
    return learnt.models, learnt.skipped


def learn(
    pool: Learnable, policy: Policy, *, store: Store | None = None,
    later: Mapping[str, NDArray[np.int64]] | None = None, say: Say = quiet,
) -> Learnt:  # fmt: skip
    """As :func:`fit`, with a trial of each target that did not learn from the rows ``later`` gives it."""
    targets, weights = _labels(pool, policy, store)
    fields = [known_at_opening(ticket) for ticket in pool.tickets]
    opened = pool.opened
    if len(pool.tickets) == 0:
        raise TooLittle("There are no tickets with a known outcome yet: import resolved or closed ones first.")
    return learn_targets(
        pool.words, pool.vectors, targets, fields=fields if any(fields) else None,
        opened=None if opened is None else opened.tolist(), weights=weights, later=later,
        promises={target: promise_of(policy, target) for target in targets},
        progress=lambda done, total: say("Learning", done, total),
    )  # fmt: skip


def promise_of(policy: Policy, target: str) -> float:
    """The share of suggestions for a target that must be right: what the desk promised, else 95 in 100."""
    promise = policy.promise_for(target)
    return PROMISE if promise is None else promise


def load(
    generation: Generation, *, embedder: str, promise: float | None = None, promises: Mapping[str, float] | None = None
) -> Models:
    """The classifiers of a verified generation, ready to suggest. Raises ``Damaged`` or ``NotBuilt``."""
    if generation.facts.get("embedder") != embedder:
        raise NotBuilt("The models were trained with another embedder: run `seenbefore train`.")
    try:
        models = load_targets(generation.read(MODELS))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise Damaged("The models were written by another version of the program: run `seenbefore train`.") from error
    return serve(models, generation.facts, name=generation.name, promise=promise, promises=promises)


def serve(
    models: dict[str, TextClassifier], facts: Any, *, name: str, promise: float | None = None,
    promises: Mapping[str, float] | None = None,
) -> Models:  # fmt: skip
    """Classifiers as triage takes them; with a promise each class has the threshold from which it keeps it.

    ``promises`` are those of single targets, ``promise`` that of all others.
    """
    wanted = {target: (promises or {}).get(target, promise) for target in models}
    return Models(
        name=name,
        by_target=models,
        predict=partial(predict_targets, models),
        thresholds=promised(models, wanted),
        promised=partial(promised, models),
        missing=dict(facts.get("missing", {})),
        languages=tuple(facts.get("languages", ())),
        facts=facts,
    )


def promised(models: Mapping[str, TextClassifier], promises: Mapping[str, float | None]) -> dict[str, dict[str, float]]:
    """Target → class → least confidence at which the promise was kept; targets without a promise are left out."""
    found = {}
    for target, promise in promises.items():
        if promise is not None and target in models:
            limits = models[target].promised(promise).thresholds.tolist()
            found[target] = dict(zip(models[target].classes, limits, strict=True))
    return found


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
    rulings = {target: ruling["why"] for target, ruling in facts.get("rulings", {}).items()}
    notes = tuple(f"Ranking of {kind}s: {verdict['why']}" for kind, verdict in facts["ranking"].items())
    if "gate" in facts:
        notes += (f"Not seen before: {facts['gate']['why']}",)
    if back := facts.get("rolled_back"):
        notes += (f"On {back['at'][:10]} a person went back from {back['from']} to {back['name']}; this training was "
                  "held against the latter.",)  # fmt: skip
    return Trained(generation.name, facts["tickets"], facts["targets"], facts["missing"], rulings, notes, spent)
