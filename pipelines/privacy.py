"""Bring what is stored under the desk's policy, and make anew whatever was made from the words of before."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import BadSetting, SeenBeforeError, StoreTrouble
from kb.guard import GUARD_VERSION
from kb.privacy.sealing import new_key
from kb.records import KEEPER
from kb.shelves import KINDS
from pipelines import index as indexing
from pipelines.home import Home
from pipelines.index import Say, quiet

_BATCH = 500
_DONE = "privacy_applied"
"""The setting that remembers how far ``apply`` came, and under which policy."""


@dataclass
class Applied:
    """What one run did."""

    looked: int = 0
    changed: int = 0
    words: int = 0
    """Marks, corrections and changes in which something was replaced."""
    notes: list[str] = field(default_factory=list)


def apply(home: Home, *, say: Say = quiet, rebuild: bool = True) -> Applied:
    """Redact every stored record, mark, correction and change by the policy of now, drop the vectors of old words, and
    make index, models and patterns anew. A run that was stopped goes on where it was.
    """
    store, done = home.store, Applied()
    mark = _mark(home)
    kind_at, last = _reached(store.settings().get(_DONE, ""), mark)
    total = sum(len(store.facts(kind, ("id",))) for kind in KINDS)
    for place, kind in enumerate(KINDS):
        if place < kind_at:
            done.looked += len(store.facts(kind, ("id",)))
            continue
        done.looked += sum(place == kind_at and int(row[0]) <= last for row in store.facts(kind, ("id",)))
        ids = [int(row[0]) for row in store.facts(kind, ("id",)) if place > kind_at or int(row[0]) > last]
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            change = store.write(kind, store.records(kind, part, KEEPER), merge=lambda _, new: new)
            done.changed += change.updated
            done.looked += len(part)
            store.set(_DONE, json.dumps([mark, place, part[-1]]))
            say("Redacting", done.looked, total)
        store.set(_DONE, json.dumps([mark, place, ids[-1] if ids else 0]))
    done.words = store.redact_words()
    done.notes += remake(home, say=say, rebuild=rebuild)
    store.set(_DONE, json.dumps([mark, len(KINDS), 0]))
    if not store.shrink():
        done.notes.append("Another process has the store open: its journal is emptied when that one is done.")
    return done


def waiting(home: Home) -> bool:
    """Whether records stored under another policy wait for ``seenbefore privacy apply``."""
    place, _ = _reached(home.store.settings().get(_DONE, ""), _mark(home))
    return place < len(KINDS) and any(home.store.facts(kind, ("id",)) for kind in KINDS)


def remake(home: Home, *, say: Say = quiet, rebuild: bool = True) -> list[str]:
    """Make index, models and patterns anew where they were there, and delete every older one; sentences on what went.

    Without ``rebuild``, or where one cannot be made, it is dropped and the sentence names the command that makes it.
    """
    from pipelines import patterns as finding
    from pipelines import train as training

    makers = (
        ("index", "seenbefore index", lambda: indexing.build(home, say=say, force=True)),
        ("patterns", "seenbefore patterns", lambda: finding.find(home, say=say, force=True)),
        ("models", "seenbefore train", lambda: training.train(home, say=say, force=True)),
    )
    told = []
    for part, command, make in makers:
        old = home.made.history(part)
        if not old:
            continue
        made = ""
        if rebuild:
            try:
                make()
                made = home.made.pointers().get(part, "")
            except SeenBeforeError as error:
                told.append(str(error))
        keep = {made} if made and made not in old else set[str]()
        _drop(home, part, keep)
        if not keep:
            told.append(f"The {part} held words of before and was dropped: run `{command}`.")
    return told


def drop(home: Home, parts: Sequence[str]) -> None:
    """Delete every generation of these parts."""
    for part in parts:
        _drop(home, part, set())


def _drop(home: Home, part: str, keep: set[str]) -> None:
    gone = [name for name in home.made.history(part) if name not in keep]
    if not keep and gone:
        home.made.forget(part)
    for name in gone:
        home.made.discard(name)
    for path in home.made.litter():
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def write_key(home: Home, file: Path) -> None:
    """Write a fresh key to a new file outside the home, readable by its owner only. Raises ``BadSetting``."""
    place = file.expanduser().absolute()
    if place.resolve().is_relative_to(home.folder.resolve()):
        raise BadSetting(f"{file} is inside the home: keep the key elsewhere, or it guards nothing.")
    try:
        with open(place, "x", encoding="ascii", opener=_private) as out:
            out.write(new_key() + "\n")
    except FileExistsError as error:
        raise BadSetting(
            f"{file} is there already: a key that is in use must not be lost, so choose another name."
        ) from error
    except OSError as error:
        raise StoreTrouble(f"The key cannot be written to {file} ({error.strerror}).") from error


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)


def _mark(home: Home) -> str:
    """What tells one policy from another."""
    rules = home.store.rules()
    said = json.dumps([GUARD_VERSION, sorted(rules.kept), sorted(rules.sealed)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _reached(text: str, mark: str) -> tuple[int, int]:
    try:
        known, place, last = json.loads(text)
        return (int(place), int(last)) if known == mark else (0, 0)
    except (ValueError, TypeError):
        return 0, 0
