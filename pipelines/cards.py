"""The models that go into a generation, new ones and kept ones, each with its card and what it learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.card import Card, card
from models.classifier import Learnt, TextClassifier, Trial
from models.contest import Ruling
from pipelines.challenge import Champion
from pipelines.drift import LATEST, counted, inputs, outputs
from pipelines.learnable import Learnable

FEWEST_LATER = 30
"""Later tickets that a card's figures take; with fewer it shows the held-out ones of training."""


def serving_of(pool: Learnable, learnt: Learnt, champion: Champion, ruled: Mapping[str, Ruling], name: str) -> Champion:
    """The new models where they were ruled in, the kept ones elsewhere, each with its card and what it learnt from."""
    models, cards = {}, {}
    known = {"": {ticket.id for ticket in pool.tickets if ticket.id is not None}}
    for target, fresh in learnt.models.items():
        if ruled[target].publish:
            models[target], cards[target] = fresh, card_of(target, fresh, learnt.trials.get(target), pool, name)
            continue
        models[target] = champion.models[target]
        cards[target] = champion.cards.get(target) or card_of(target, models[target], None, pool, champion.name)
    origins = {card.fitted_in for card in cards.values()}
    sets = {origin: known[""] if origin == name else champion.learnt[origin] for origin in origins}
    return Champion(name, models, cards, sets)


def card_of(target: str, model: TextClassifier, trial: Trial | None, pool: Learnable, name: str) -> Card:
    """The card of a model learnt from this pool, with the histograms of its latest tickets."""
    recent = pool.part(np.arange(max(0, len(pool.tickets) - LATEST), len(pool.tickets)))
    held = model.held
    said = outputs(model.classes, held.said[-LATEST:].astype(np.int64), held.confidence[-LATEST:].astype(np.float64))
    later = (trial.proba, trial.truth, trial.model) if trial is not None and len(trial.rows) >= FEWEST_LATER else None
    return card(
        target, model, fitted_in=name, trained_until=latest(pool), later=later,
        population=counted({**inputs(recent), **said}), population_of=len(recent.tickets),
    )  # fmt: skip


def latest(pool: Learnable) -> str | None:
    """When the latest ticket of the pool was opened, ISO 8601; ``None`` where no ticket has a time."""
    times = [ticket.opened_at for ticket in pool.tickets if ticket.opened_at is not None]
    return max(times).isoformat(timespec="seconds") if times else None


def about(model: TextClassifier, its: Card) -> dict[str, Any]:
    """What a generation's manifest says of one target: the model's own facts and the headline of its card."""
    return {**model.facts(), "judged": its.figures, "judged_on": its.judged_on, "fitted_in": its.fitted_in}
