"""Open the desk: what is built is loaded, what is missing is said in one sentence with the command that makes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from kb.columns import Columns
from kb.desk import Desk
from kb.desk.front import Say
from kb.digest import Digest
from kb.errors import Damaged, NotAHome, NotBuilt, WrongEmbedder
from kb.knowledge import Knowledge
from kb.patterns import Patterns
from kb.policy import Policy
from kb.records import EVERYONE
from kb.rows import moment, seconds
from kb.shelves import KINDS, Published, Shelf, Shelves
from kb.tables import Understanding
from kb.tables.imported import Imported
from kb.triage import Models, Triage
from kb.vectors import VectorIndex
from kb.words import WordIndex
from models.rates import Rates
from pipelines.home import Home, load_index
from pipelines.settings import Settings

PARTS = ("search", "triage", "patterns")


def open_desk(settings: Settings, *, parts: Collection[str] = PARTS) -> Desk:
    """The desk of a home, ready to be asked; parts left out are not loaded and answer with nothing.

    Raises ``NotAHome`` where there is none. A missing or damaged index, model or pattern file is no error: the desk
    answers with what it has, and ``desk.warnings()`` says what to run.
    """
    home = Home(settings)
    if not home.exists:
        raise NotAHome(f"There is no desk in {home.folder} yet: run `seenbefore demo`, or `seenbefore ingest FILE`.")
    return desk_of(home, parts=parts)


def desk_of(home: Home, *, parts: Collection[str] = PARTS) -> Desk:
    """The desk of an opened home."""
    notes: list[str] = []
    facts: dict[str, Any] = {"home": str(home.folder), "embedder": home.embedder.id, "store": home.store.engine_version}
    policy = Policy.from_settings(home.store.settings())
    published, refusal = _index(home, notes, facts)
    index_note = notes[0] if notes else ""
    shelves = Shelves(home.store, home.embedder, published)
    models = _models(home, shelves, notes, facts, policy) if "triage" in parts else Models()
    knowledge = _knowledge(home, shelves, notes)
    return Desk(
        store=home.store,
        shelves=shelves,
        knowledge=knowledge,
        triage_with=Triage(shelves, home.embedder, models, policy, knowledge.gate),
        policy=policy,
        patterns_made=_patterns(home, notes, facts) if "patterns" in parts else None,
        notes=tuple(notes),
        index_note=index_note,
        refusal=refusal,
        rollback_with=partial(_rollback, home),
        report_with=_report,
        import_with=partial(_import, home),
        facts=facts,
        rates=Rates(),
    )


def _rollback(home: Home, name: str, by: str) -> str:
    from pipelines import models as history

    return history.rollback(home, name, at=datetime.now(UTC), by=by)


def _report(digest: Digest, form: str) -> bytes:
    from pipelines import report

    return report.make(digest, form, at=datetime.now(UTC))


def _import(home: Home, found: Understanding, say: Say) -> Imported:
    from pipelines import ingest

    return ingest.ingest(home, found, say=say, beside=False)


def nothing_published(dim: int) -> Published:
    """An index that holds nothing, so that a desk can open before anything is built."""
    pools = {}
    for kind in KINDS:
        vectors = VectorIndex.build(np.zeros(0, np.int64), np.zeros((0, dim), np.float32))
        pools[kind] = Shelf(Columns.build(kind, []), vectors, WordIndex.build([]))
    return Published(0, pools)


def _index(home: Home, notes: list[str], facts: dict[str, Any]) -> tuple[Published, str]:
    """The published index, or nothing and why; the second is why nothing may be asked at all."""
    try:
        generation, note = home.index(to_load=True)
        published = load_index(generation, note)
    except (NotBuilt, Damaged, WrongEmbedder) as error:
        notes.append(str(error))
        return nothing_published(home.embedder.dim), str(error) if isinstance(error, WrongEmbedder) else ""
    except (KeyError, TypeError, ValueError):
        notes.append("The index on disk is not as it was written: run `seenbefore index` to make it anew.")
        return nothing_published(home.embedder.dim), ""
    facts["index"] = {"name": generation.name, **generation.facts}
    return published, ""


def _knowledge(home: Home, shelves: Shelves, notes: list[str]) -> Knowledge:
    from pipelines.ranking import load_gate, load_rankers

    rankers, told = load_rankers(home)
    notes += [told] if told else []
    gate, languages = load_gate(home)
    return Knowledge(shelves, home.embedder, rankers, gate, languages)


def _models(home: Home, shelves: Shelves, notes: list[str], facts: dict[str, Any], policy: Policy) -> Models:
    from pipelines import models as history
    from pipelines import reports
    from pipelines import train as training

    try:
        generation, note = home.made.current("models")
        models = training.load(generation, embedder=home.embedder.id, promise=policy.promise, promises=policy.promises)
    except (NotBuilt, Damaged) as error:
        sentence = "Nothing is learnt yet: run `seenbefore train`." if "Nothing is built" in str(error) else str(error)
        notes.append(sentence)
        return Models(missing=dict.fromkeys(policy.targets, sentence))
    notes += [note] if note else []
    cards = {target: card.to_state() for target, card in history.cards_of(generation).items()}
    facts["models"] = {"name": generation.name, **generation.facts, "cards": cards}
    facts["history"] = [asdict(entry) for entry in history.history(home)]
    facts["quality"], facts["drift"] = reports.last(home, reports.QUALITY), reports.last(home, reports.DRIFT)
    return replace(models, stale=_stale(shelves, generation.facts))


def _stale(shelves: Shelves, facts: Mapping[str, Any]) -> str:
    columns = shelves.now().pools["ticket"].columns
    opened = columns.numbers["opened"][columns.visible(EVERYONE)]  # what it says is told to everybody
    until = facts.get("trained_until")
    last = seconds(datetime.fromisoformat(until)) if until else None
    newer = 0 if last is None else int((opened > last).sum())
    from pipelines.drift import stale

    return stale(until, moment(int(opened.max(initial=0)) or None), newer)


def _patterns(home: Home, notes: list[str], facts: dict[str, Any]) -> Patterns | None:
    from pipelines import patterns as finding

    try:
        generation, note = home.made.current("patterns")
        if generation.facts.get("embedder") not in (None, home.embedder.id):
            notes.append("The patterns were found with another embedder: run `seenbefore patterns`.")
            return None
        made = finding.load(generation)
    except (NotBuilt, Damaged) as error:
        notes.append("No patterns yet: run `seenbefore patterns`." if "Nothing is built" in str(error) else str(error))
        return None
    notes += [note] if note else []
    facts["patterns"] = {"name": generation.name, **generation.facts, **made.facts}
    return made
