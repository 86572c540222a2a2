"""The newly learnt models against those in service, target by target, on tickets that neither was fitted on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import Damaged, NotBuilt
from kb.records import EVERYONE
from kb.triage import known_at_opening
from models.card import Card
from models.classifier import TextClassifier, Trial, load_targets, predict_targets
from models.contest import Ruling, Said, rule
from pipelines.home import Home
from pipelines.learnable import Learnable
from pipelines.models import cards_of, went_back

LEARNT, MODELS = "learnt.json", "triage.skops"
FEWEST = 60
"""Later tickets that it takes to compare two models."""
LATER = 0.2
"""Share of the tickets, the latest, that a new model is tried on."""
_FURTHEST = 0.4
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Champion:
    """The models in service."""

    name: str = ""
    models: Mapping[str, TextClassifier] = field(default_factory=dict)
    cards: Mapping[str, Card] = field(default_factory=dict)
    learnt: Mapping[str, set[int]] = field(default_factory=dict)
    """Generation that a model was fitted for → store ids of the tickets it was fitted on."""
    seq: int = 0
    """The last change of the store that they knew."""
    rolled_back: Mapping[str, Any] = field(default_factory=dict)
    """The rollback that some of them still serve by: its name, from and at."""
    why_not: str = ""
    """Why none of them can be compared or kept."""

    def fitted_in(self, target: str) -> str:
        """The generation that this target's model was fitted for."""
        return self.cards[target].fitted_in if target in self.cards else self.name

    def seen(self, target: str) -> set[int]:
        """Tickets that this target's model was fitted on."""
        return self.learnt.get(self.fitted_in(target), set())

    def back(self, target: str) -> str:
        """The generation that a person left for this target's model; "" where it serves in its own right."""
        by = self.rolled_back
        return str(by["from"]) if by and self.fitted_in(target) <= by["name"] else ""


def champion_of(home: Home) -> Champion:
    """What is published now; without models where that is nothing or cannot be read."""
    try:
        generation, _ = home.made.current("models")
        if generation.facts.get("embedder") != home.embedder.id:
            return Champion(generation.name, why_not="the one before was made with another embedder")
        if LEARNT not in generation.files:
            return Champion(generation.name, why_not="the one before does not say which tickets it learnt from")
        models = load_targets(generation.read(MODELS))
        learnt = {name: set(_spread(spans)) for name, spans in json.loads(generation.read(LEARNT)).items()}
        seq = int(str(generation.facts["mark"]).partition("/")[0])
        back = went_back(home.made) or generation.facts.get("rolled_back", {})
        return Champion(generation.name, models, cards_of(generation), learnt, seq, back)
    except (NotBuilt, Damaged, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return Champion(why_not="there was none before that can be read")


@dataclass(frozen=True)
class Later:
    """Rows of a pool to try models on."""

    withheld: Rows
    """What a trial must not learn from."""
    judged: Rows
    """Those of them that the champion does not know either; empty where they are too few."""
    unseen: int
    """How many tickets the champion does not know."""


def later_rows(pool: Learnable, champion: Champion, target: str) -> Later:
    """Where enough of the latest tickets are unknown to the champion: all from the first of them on.

    Else those it does not know wherever they stand, such as tickets resolved late. Else the latest fifth, for the
    card alone.
    """
    n, unseen = len(pool.tickets), np.zeros(0, np.int64)
    if target in champion.models:
        seen = champion.seen(target)
        unseen = np.flatnonzero([ticket.id not in seen for ticket in pool.tickets])
    most = max(FEWEST, int(n * LATER))
    latest = unseen[unseen >= n - max(FEWEST, int(n * _FURTHEST))][-most:]
    if len(latest) >= FEWEST:
        return Later(np.arange(latest[0], n, dtype=np.int64), latest.astype(np.int64), len(unseen))
    if len(unseen) >= FEWEST:
        return Later(unseen[-most:].astype(np.int64), unseen[-most:].astype(np.int64), len(unseen))
    return Later(np.arange(n - int(n * LATER), n, dtype=np.int64), np.zeros(0, np.int64), len(unseen))


def rulings(
    home: Home, pool: Learnable, champion: Champion, fresh: Mapping[str, TextClassifier], trials: Mapping[str, Trial],
    later: Mapping[str, Later], *, force: bool = False,
) -> dict[str, Ruling]:  # fmt: skip
    """Who serves each target from now on.

    What a person went back to is replaced only by what is shown to be no worse, or with ``force``.
    """
    lost = forgotten(home, pool, champion)
    asked = {t: m for t, m in champion.models.items() if t in trials and t in fresh and len(later[t].judged)}
    rows = np.unique(np.concatenate([later[t].judged for t in asked])) if asked else np.zeros(0, np.int64)
    part = pool.part(rows)
    fields = [known_at_opening(ticket) for ticket in part.tickets]
    said = predict_targets(asked, part.words, part.vectors, fields) if asked else {}
    out: dict[str, Ruling] = {}
    for target, model in fresh.items():
        old = champion.models.get(target)
        if old is None:
            why = champion.why_not or "there was none for this target before"
            out[target] = Ruling(True, f"Published: {why}, so there was nothing to compare it with.")
        elif champion.fitted_in(target) in lost:
            out[target] = Ruling(True, "Published without comparing: the one before had learnt from tickets that have "
                                       "since been deleted or restricted, and must not serve on.")  # fmt: skip
        else:
            here = np.isin(trials[target].rows, later[target].judged) if target in said else np.zeros(0, bool)
            if here.sum() < FEWEST:
                n = int(here.sum()) if target in said else later[target].unseen
                out[target] = _too_few(n, "" if force else champion.back(target))
                continue
            trial = trials[target]
            mine, truth = trial.proba[here], [trial.truth[i] for i in np.flatnonzero(here).tolist()]
            proba = said[target][np.searchsorted(rows, trial.rows[here])]
            before = Said.of(old.classes, proba, old.promised(model.promise).speaks(proba))
            now = Said.of(trial.model.classes, mine, trial.model.contract.speaks(mine))
            out[target] = rule(before, now, truth, promise=model.promise)
    return out


def forgotten(home: Home, pool: Learnable, champion: Champion) -> set[str]:
    """Generations fitted on a ticket that is deleted by now, or that not everyone may see any more."""
    here = {ticket.id for ticket in pool.tickets}
    deleted = {key for kind, key in home.store.deleted_since(champion.seq) if kind == "ticket"}
    out = set()
    for name, ids in champion.learnt.items():
        away = sorted(i for i in ids if i not in here)
        there = {record.id for record in home.store.records("ticket", away, EVERYONE)} if away else set()
        if ids & deleted or len(there) < len(away):
            out.add(name)
    return out


def spans(ids: Iterable[int | None]) -> list[list[int]]:
    """Whole numbers as the runs they form: [first, last] of each."""
    out: list[list[int]] = []
    for i in sorted(i for i in ids if i is not None):
        if out and i == out[-1][1] + 1:
            out[-1][1] = i
        else:
            out.append([i, i])
    return out


def _spread(spans: Sequence[Sequence[int]]) -> Iterable[int]:
    for first, last in spans:
        yield from range(first, last + 1)


def _too_few(n: int, rolled_back: str) -> Ruling:
    few = f"only {n:,} ticket{'' if n == 1 else 's'}" if n else "no ticket"
    if rolled_back:
        return Ruling(False, f"Kept the model in service: a person went back to it from {rolled_back}, and {few} with "
                             f"a known outcome came after it, too few to compare on (it takes {FEWEST}).")  # fmt: skip
    return Ruling(True, f"Published: {few} with a known outcome came after the one before was learnt, too few to "
                        f"compare them on (it takes {FEWEST}).")  # fmt: skip


def to_json(value: Any) -> bytes:
    """Plain values as the bytes of a file."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
