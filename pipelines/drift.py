"""Do recent tickets still look like those that were learnt from? Histograms of what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kb.errors import TooLittle
from kb.text import language
from kb.triage import Models, known_at_opening
from models.card import WIDE, Card, chance, histogram, psi, rebinned
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, learnable
from pipelines.models import cards_of

LATEST = 2_000
"""The latest so many tickets learnt from are counted in a card."""
FEWEST = 50
"""Recent tickets that it takes to speak of drift."""
OLD = 180
"""Days of tickets that models may not know before they count as stale."""
_EDGES = (0, 5, 10, 20, 40, 80, 160, 320)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one histogram has moved since training."""

    target: str
    """The target whose suggestions are counted; "" for what goes in."""
    what: str
    psi: float
    by_chance: float
    """What it stays below in 95 of 100 samples of this size where nothing has moved."""
    n: int
    """Recent tickets counted."""
    then: Mapping[str, float]
    now: Mapping[str, float]

    @property
    def moved(self) -> bool:
        """Whether it is another population than the one learnt from, and not by chance."""
        return self.psi >= max(WIDE, self.by_chance)


def stale(trained_until: str | None, newest: datetime | None, newer: int) -> str:
    """Why models hold no more, in a sentence; "" where they do.

    ``newest``: when the latest ticket was opened; ``newer``: how many were opened after ``trained_until``.
    """
    if not trained_until or newest is None or newer < FEWEST:
        return ""
    days = (newest - datetime.fromisoformat(trained_until)).days
    if days < OLD:
        return ""
    return f"The models know nothing of the last {days} days and {newer:,} tickets: run `seenbefore train`."


def inputs(pool: Learnable) -> dict[str, list[str]]:
    """Name of each input → its value for every ticket: length in words, language, and the fields known at opening."""
    lengths = np.searchsorted(_EDGES, [len(text.split()) for text in pool.words], side="right") - 1
    out = {"length in words": [f"from {_EDGES[at]}" for at in lengths.tolist()]}
    out["language"] = [language(text) for text in pool.texts]
    fields = [known_at_opening(ticket) for ticket in pool.tickets]
    for name in dict.fromkeys(name for row in fields for name in row):
        if name != "hour":
            out[name] = [row.get(name, "") for row in fields]
    return out


def outputs(classes: Sequence[str], best: NDArray[np.int64], confidence: NDArray[np.float64]) -> dict[str, list[str]]:
    """What was suggested and how sure it was, for every ticket."""
    tenths = np.minimum((confidence * 10).astype(np.int64), 9)
    return {"suggested": [classes[c] for c in best.tolist()], "confidence": [f"from .{t}" for t in tenths.tolist()]}


def counted(columns: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """The histogram of each column."""
    return {name: histogram(values) for name, values in columns.items()}


def since(home: Home, *, say: Say = quiet) -> list[Drift]:
    """How far the tickets opened after the models in service were trained have moved from those learnt from.

    Raises ``NotBuilt`` where nothing serves, ``TooLittle`` where fewer than :data:`FEWEST` tickets have come since.
    """
    from pipelines import train as training

    generation, _ = home.made.current("models")
    cards = cards_of(generation)
    until = generation.facts.get("trained_until")
    after = datetime.fromisoformat(until) if until else None
    pool = learnable(home, say=say, keep=lambda t: after is None or (t.opened_at is not None and t.opened_at > after))
    n = len(pool.tickets)
    if n < FEWEST:
        raise TooLittle(f"{n} tickets have come since the last training; it takes {FEWEST} to speak of drift.")
    recent = pool.part(np.arange(max(0, n - LATEST), n))
    return drift(recent, training.load(generation, embedder=home.embedder.id), cards)


def drift(recent: Learnable, models: Models, cards: Mapping[str, Card]) -> list[Drift]:
    """The stability of every histogram of the cards in service, the most moved first; empty for too few tickets."""
    n = len(recent.tickets)
    if n < FEWEST or not cards:
        return []
    now = {("", name): values for name, values in inputs(recent).items()}
    fields = [known_at_opening(ticket) for ticket in recent.tickets]
    for target, proba in models.predict(recent.words, recent.vectors, fields).items():
        said = outputs(models.by_target[target].classes, proba.argmax(axis=1), proba.max(axis=1))
        now.update({(target, name): values for name, values in said.items()})
    found = []
    for (target, name), values in now.items():
        its = [card for card in cards.values() if not target or card.target == target]
        known = next((card for card in its if name in card.population), None)
        if known is not None:
            then = known.population[name]
            share = rebinned(values, then)
            bound = chance(len(share), n, known.population_of)
            found.append(Drift(target, name, psi(then, share), bound, n, then, share))
    return sorted(found, key=lambda one: -one.psi)
