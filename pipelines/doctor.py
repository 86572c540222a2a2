"""Is this home well? Every finding says what was looked at, whether it is right, and what to run where it is not."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kb.desk import Desk, overlay_of
from kb.errors import SeenBeforeError
from kb.policy import Policy
from kb.records import KEEPER, Viewer
from pipelines import show
from pipelines.backup import remembered
from pipelines.generations import COMMANDS
from pipelines.home import Home, load_index

_PACKAGES = (
    "seenbefore",
    "faiss-cpu",
    "tantivy",
    "scikit-learn",
    "sentence-transformers",
    "torch",
    "streamlit",
    "SQLAlchemy",
)
_LITTLE = 1 << 30
_IMPORTS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    said: str


def examine(home: Home) -> list[Finding]:
    """Look at everything; one broken part never hides another, and nothing on disk can make a look fail itself."""
    findings: list[Finding] = []
    for what, look in _LOOKS:
        try:
            for ok, said in look(home):
                findings.append(Finding(what, ok, said))
        except SeenBeforeError as error:
            same = next((f.what for f in findings if not f.ok and f.said == str(error)), "")
            said = f"cannot be looked at: see what is said of the {same}." if same else str(error)
            findings.append(Finding(what, False, said))
        except OSError as error:
            findings.append(Finding(what, False, f"cannot be read ({error.strerror or error}): check rights and disk."))
        except (LookupError, TypeError, ValueError, AttributeError):
            mend = f"run `{COMMANDS[what]} --force`" if what in COMMANDS else "bring it back from a backup"
            findings.append(Finding(what, False, f"is not as it was written: {mend}."))
    return findings


def _folder(home: Home) -> Iterator[tuple[bool, str]]:
    place = _nearest(home.folder)
    there = place == home.folder
    yield True, str(home.folder) + ("" if there else " (not there yet)")
    if not place.is_dir():
        yield False, f"{place} is a file: choose another folder with --home."
        return
    free = shutil.disk_usage(place).free
    enough = free > _LITTLE
    yield enough, f"{free / 1e9:.1f} GB of disk free" + ("" if enough else ": make room before the next import.")
    named = "The folder" if there else f"{place}, where it would be made,"
    writable = os.access(place, os.W_OK | os.X_OK)
    yield writable, f"{named} can be written" if writable else f"{named} cannot be written: check its rights."


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    for place in (folder, *folder.parents):
        with suppress(OSError):  # a folder above may not be entered
            if place.exists():
                return place
    return folder


def _store(home: Home) -> Iterator[tuple[bool, str]]:
    trouble = home.store.check()
    yield not trouble, " ".join(trouble) or f"whole ({home.store.engine_version}, change {home.store.seq():,})"
    counts = home.store.counts(KEEPER)
    some = counts["tickets"] > 0
    yield some, ", ".join(f"{n:,} {k}" for k, n in counts.items()) + ("" if some else ": run `seenbefore ingest FILE`.")
    for row in home.store.imports(most=_IMPORTS):
        day = datetime.fromtimestamp(int(row["at"] or 0), UTC).date().isoformat()
        yield True, (f"{day}: {row['kind']} from {row['file']}, {row['added']:,} added, {row['updated']:,} updated, "
                     f"{row['unchanged']:,} unchanged, {row['rejected']:,} refused")  # fmt: skip


def _settings(home: Home) -> Iterator[tuple[bool, str]]:
    Policy.from_settings(home.store.settings())
    overlay_of(home.store)
    yield True, "every saved setting can be read"
    for sentence in home.store.hook_trouble():
        yield False, sentence


def _embedder(home: Home) -> Iterator[tuple[bool, str]]:
    yield True, f"{home.embedder.id} ({home.embedder.dim} numbers a text)"


def _index(home: Home) -> Iterator[tuple[bool, str]]:
    yield from _whole(home, "index")
    load_index(home.index()[0])
    behind = home.store.records_seq() - int(home.index()[0].facts["watermark"])
    if behind:
        yield True, f"{behind:,} newer changes are added while searching; `seenbefore index` takes them in"


def _models(home: Home) -> Iterator[tuple[bool, str]]:
    yield from _whole(home, "models")
    generation, _ = home.made.current("models")
    from pipelines import train as training  # slow to load, so only where there are models

    if not (other := _other(home, "models", str(generation.facts["embedder"]))):
        training.load(generation, embedder=home.embedder.id)
    yield from other


def _patterns(home: Home) -> Iterator[tuple[bool, str]]:
    yield from _whole(home, "patterns")
    generation, _ = home.made.current("patterns")
    made_by = generation.facts.get("embedder") or str(generation.facts["mark"]).partition("/")[2]
    yield from _other(home, "patterns", str(made_by))
    from pipelines import patterns as finding  # likewise

    finding.load(generation)


def _whole(home: Home, part: str) -> Iterator[tuple[bool, str]]:
    generation, note = home.made.current(part)
    if note:
        yield False, note
    yield True, f"{generation.name}: every file matches its checksum"


def _other(home: Home, part: str, made_by: str) -> list[tuple[bool, str]]:
    """A finding where the part was made with another embedder than is set now."""
    if made_by == home.embedder.id:
        return []
    return [(False, f"made with the embedder {made_by!r}, but {home.embedder.id!r} is set: run `{COMMANDS[part]}`, "
                    "or set SEENBEFORE_EMBEDDER back.")]  # fmt: skip


def _litter(home: Home) -> Iterator[tuple[bool, str]]:
    left = home.made.litter()
    yield (
        True,
        f"{len(left)} leftovers of interrupted work; the next build removes them" if left else "nothing left over",
    )


def _erasures(home: Home) -> Iterator[tuple[bool, str]]:
    stopped = home.store.erasing() is not None
    yield not stopped, "an erasure was stopped: run `seenbefore erase finish`" if stopped else "none is unfinished"


def _backups(home: Home) -> Iterator[tuple[bool, str]]:
    known = remembered(home.store)
    yield True, f"the last was written on {known[0][1]:%Y-%m-%d %H:%M} UTC to {known[0][0]}" if known else (
        "none was written from here yet: run `seenbefore backup FILE`")  # fmt: skip


def _versions(home: Home) -> Iterator[tuple[bool, str]]:
    known = []
    for name in _PACKAGES:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    yield True, f"Python {platform.python_version()}, " + ", ".join(known)


_LOOKS: tuple[tuple[str, Callable[[Home], Iterator[tuple[bool, str]]]], ...] = (
    ("home", _folder),
    ("store", _store),
    ("settings", _settings),
    ("embedder", _embedder),
    ("index", _index),
    ("models", _models),
    ("patterns", _patterns),
    ("leftovers", _litter),
    ("erasures", _erasures),
    ("backups", _backups),
    ("versions", _versions),
)


def show_findings(findings: Sequence[Finding]) -> None:
    """The findings as a table, trouble marked."""
    show.table("", ("", "", ""), [("ok" if f.ok else "!!", f.what, f.said) for f in findings])
    if all(finding.ok for finding in findings):
        show.line("All is well.", style="bold")
    else:
        show.line("Something needs doing: see the lines marked !!.", style="bold red")


def status(desk: Desk, *, viewer: Viewer) -> dict[str, Any]:
    """Counts, freshness and what to run next, for this viewer."""
    facts = dict(desk.facts)
    parts = {part: (facts[part]["name"] if part in facts else None) for part in COMMANDS}
    return {"home": facts["home"], "counts": desk.counts(viewer=viewer),
            "waiting": len(desk.waiting(viewer=viewer, most=1000)),
            "patterns": len(desk.patterns(viewer=viewer)), "embedder": facts["embedder"], "built": parts,
            "last_imports": desk.imports(viewer=viewer, most=_IMPORTS), "to_do": list(desk.warnings())}  # fmt: skip


def show_status(facts: dict[str, Any]) -> None:
    """The status as a person reads it."""
    counts = ", ".join(f"{n:,} {kind}" for kind, n in facts["counts"].items())
    show.line(f"{counts}, {facts['patterns']:,} patterns, {facts['waiting']:,} waiting for triage", style="bold")
    show.show_facts(
        "",
        {
            "home": facts["home"],
            "embedder": facts["embedder"],
            **{k: v or "not built" for k, v in facts["built"].items()},
        },
    )
    for sentence in facts["to_do"]:
        show.line(sentence, style="yellow")
    if not facts["to_do"]:
        show.line("Everything is built and fresh.")
