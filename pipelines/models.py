"""The models that served and serve: their history, one generation's cards, and going back to an earlier one."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kb.disk import sync
from kb.errors import Damaged, NotBuilt, NotFound, StoreTrouble
from models.card import Card
from pipelines.generations import KEPT_OF, Generation, Generations
from pipelines.home import Home

CARDS = "cards.json"
TRAINED, ROLLED_BACK = "trained", "rolled back"
_FIGURES = ("macro_f1", "ece", "coverage", "precision")


@dataclass(frozen=True, slots=True)
class Entry:
    """One generation of models."""

    name: str
    made_at: str
    """ISO 8601, UTC."""
    tickets: int = 0
    trained_until: str | None = None
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Target → macro_f1, ece, coverage, precision, judged_on, fitted_in (the generation its model comes from), why."""
    serving: bool = False
    kept: bool = True
    """Whether its files are still here: a generation can be gone back to only then."""
    note: str = ""
    """What people did with it, in a sentence."""


def history(home: Home) -> list[Entry]:
    """Every generation of models there was, newest first; those whose files are gone come from the log."""
    made = home.made
    events = _events(made)
    names = set(made.history("models"))
    serving = made.pointers().get("models", "")
    rows = {event["name"]: event for event in events if event.get("event") == TRAINED}
    for name in names - set(rows):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            rows[name] = _row(made.root / name)
    notes: dict[str, str] = {}
    for event in events:
        if event.get("event") == ROLLED_BACK:
            notes[event["from"]] = f"Left for {event['name']} on {event['at'][:10]}{_by(event)}."
            notes[event["name"]] = f"Gone back to on {event['at'][:10]}{_by(event)}."
    return [
        Entry(name, row.get("at", ""), int(row.get("tickets", 0)), row.get("trained_until"), row.get("targets", {}),
              name == serving, name in names, notes.get(name, ""))
        for name, row in sorted(rows.items(), reverse=True)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One generation: its line in the history and, where its files are kept, its cards by target."""

    entry: Entry
    cards: Mapping[str, Card] = field(default_factory=dict)


def show(home: Home, name: str = "") -> Shown:
    """A generation by its name (a unique beginning is enough), or the one that serves.

    Raises ``NotFound`` where there never was one of that name, ``NotBuilt`` where none serves, ``Damaged`` where its
    files are not as they were written.
    """
    entry = _named(home, name)
    if not entry.kept:
        return Shown(entry)
    return Shown(entry, cards_of(home.made.verify("models", entry.name)))


def rollback(home: Home, name: str, *, at: datetime, by: str = "") -> str:
    """Let an earlier generation serve again, verified first; returns the sentence that says what was done.

    The ranking of search and its bars go back with it, since they lie in the same generation. Raises ``NotFound``,
    ``NotBuilt`` where its files are gone or were made with another embedder, ``Damaged`` where they are not whole.
    """
    from pipelines import train as training

    entry = _named(home, name)
    serving = home.made.pointers().get("models", "")
    if not entry.kept:
        raise NotBuilt(f"The files of {entry.name} are gone: the last {KEPT_OF['models']} generations are kept.")
    if entry.name == serving:
        return f"{entry.name} serves already: nothing was changed."
    generation = home.made.verify("models", entry.name)
    training.load(generation, embedder=home.embedder.id)  # what cannot be opened is not put into service
    stamp = at.isoformat(timespec="seconds")
    log(home.made, {"event": ROLLED_BACK, "name": entry.name, "from": serving, "at": stamp, "by": by})
    home.made.point("models", entry.name)
    home.store.note("published", f"models:{entry.name}", by=by, detail={"what": "rollback", "from": serving}, at=at)
    return (f"{entry.name}, learnt from {entry.tickets:,} tickets, serves again instead of {serving}. The next "
            "training replaces it only by what is shown to be no worse on later tickets.")  # fmt: skip


def went_back(made: Generations) -> Mapping[str, Any]:
    """The rollback that still holds: its name, from, at and by; empty where the newest generation serves."""
    serving = made.pointers().get("models", "")
    for event in reversed(_events(made)):
        if event.get("event") == ROLLED_BACK:
            return event if event["name"] == serving else {}
        if event.get("event") == TRAINED and event["name"] == serving:
            return {}
    return {}


def note_training(made: Generations, generation: Generation) -> None:
    """Keep one line of a published generation, for when its files are gone."""
    _events(made)  # a lost log is made again before it goes on
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        row = _row(generation.folder)
        if row["name"] not in {e["name"] for e in _events(made) if e.get("event") == TRAINED}:
            log(made, row)


def cards_of(generation: Generation) -> dict[str, Card]:
    """The cards of a generation by target; empty where it has none. Raises ``Damaged``."""
    if CARDS not in generation.files:
        return {}
    try:
        found = json.loads(generation.read(CARDS))
        return {target: Card.from_state(state) for target, state in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise Damaged("The model cards were written by another version: run `seenbefore train`.") from error


def log(made: Generations, event: Mapping[str, Any]) -> None:
    """Add one line to the log, synced; lines are never changed. Raises ``StoreTrouble`` where it cannot be written."""
    try:
        path = _log(made)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            cut = size > 0 and file.read(1) != b"\n"  # the power went while the last line was written
            file.write((b"\n" if cut else b"") + json.dumps(event, ensure_ascii=False, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        for folder in (path.parent, made.root, made.root.parent):
            sync(folder)
    except OSError as error:
        raise StoreTrouble(f"The history of models cannot be written ({error.strerror}): check free disk and rights.") \
            from error  # fmt: skip


def as_json(shown: Shown) -> dict[str, Any]:
    """One generation as plain values."""
    return {**asdict(shown.entry), "cards": {target: card.to_state() for target, card in shown.cards.items()}}


def _log(made: Generations) -> Path:
    return made.root / "models" / "history.jsonl"


def _events(made: Generations) -> list[dict[str, Any]]:
    """The lines of the log, oldest first; unreadable ones are left out. A missing log is made from what is kept."""
    try:
        lines = _log(made).read_text("utf-8", "replace").splitlines()
    except OSError:
        return _rebuilt(made)
    found = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"event", "name", "at"} <= set(event):
            found.append(event)
    return found


def _rebuilt(made: Generations) -> list[dict[str, Any]]:
    found = []
    for name in sorted(made.history("models")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_row(made.root / name))
    with contextlib.suppress(StoreTrouble):
        for row in found:
            log(made, row)
    return found


def _row(folder: Path) -> dict[str, Any]:
    """The line of one generation, from its manifest."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    facts = manifest["facts"]
    targets = {}
    for target, about in facts["targets"].items():
        ruling, figures = facts.get("rulings", {}).get(target, {}), about.get("judged", about.get("held_out", {}))
        targets[target] = {
            **{name: round(figures[name], 4) for name in _FIGURES if name in figures},
            "judged_on": about.get("judged_on", "held out"),
            "fitted_in": about.get("fitted_in", folder.name),
            "why": ruling.get("why", ""),
        }
    return {"event": TRAINED, "name": folder.name, "at": manifest["made_at"], "tickets": facts["tickets"],
            "trained_until": facts.get("trained_until"), "embedder": facts.get("embedder", ""),
            "targets": targets}  # fmt: skip


def _named(home: Home, name: str) -> Entry:
    entries = history(home)
    if not name:
        serving = next((entry for entry in entries if entry.serving), None)
        if serving is None:
            raise NotBuilt("Nothing is learnt yet: run `seenbefore train`.")
        return serving
    found = [entry for entry in entries if entry.name == name] or [e for e in entries if e.name.startswith(name)]
    if len(found) != 1:
        many = "Several generations of models begin" if found else "There is no generation of models that begins"
        raise NotFound(f"{many} with {name[:80]!r}: `seenbefore models list` shows them.")
    return found[0]


def _by(event: Mapping[str, Any]) -> str:
    return f" by {event['by']}" if event.get("by") else ""
