"""Is this home well? Every finding says what was looked at, whether it is right, and what to run where it is not."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from kb.desk import Desk
from kb.errors import NotBuilt, SeenBeforeError
from kb.records import KEEPER, Viewer
from pipelines import show
from pipelines.generations import COMMANDS
from pipelines.home import Home

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    said: str


def examine(home: Home) -> list[Finding]:
    """Look at everything; one broken part never hides another."""
    findings: list[Finding] = []
    for what, look in _LOOKS:
        try:
            findings += [Finding(what, ok, said) for ok, said in look(home)]
        except SeenBeforeError as error:
            findings.append(Finding(what, False, str(error)))
            if what == "home":
                break
    return findings


def _folder(home: Home) -> Iterator[tuple[bool, str]]:
    _ = home.store
    yield True, str(home.folder)
    free = shutil.disk_usage(home.folder).free
    enough = free > _LITTLE
    yield enough, f"{free / 1e9:.1f} GB of disk free" + ("" if enough else ": make room before the next import.")
    writable = os.access(home.folder, os.W_OK)
    yield writable, "The folder can be written" if writable else "The folder cannot be written: check its rights."


def _store(home: Home) -> Iterator[tuple[bool, str]]:
    trouble = home.store.check()
    yield not trouble, " ".join(trouble) or f"whole ({home.store.engine_version}, change {home.store.seq():,})"
    counts = home.store.counts(KEEPER)
    some = counts["tickets"] > 0
    yield some, ", ".join(f"{n:,} {k}" for k, n in counts.items()) + ("" if some else ": run `seenbefore ingest FILE`.")


def _embedder(home: Home) -> Iterator[tuple[bool, str]]:
    yield True, f"{home.embedder.id} ({home.embedder.dim} numbers a text)"


def _index(home: Home) -> Iterator[tuple[bool, str]]:
    generation, note = home.index()
    if note:
        yield False, note
    behind = home.store.records_seq() - int(generation.facts["watermark"])
    yield (
        True,
        f"{generation.name}: every file matches its checksum"
        + (
            f"; {behind:,} changes newer than it are added while searching, `seenbefore index` takes them in"
            if behind
            else ""
        ),
    )


def _part(part: str) -> Callable[[Home], Iterator[tuple[bool, str]]]:
    def look(home: Home) -> Iterator[tuple[bool, str]]:
        try:
            generation, note = home.made.current(part)
        except NotBuilt:
            yield False, f"not built yet: run `{COMMANDS[part]}`."
            return
        if note:
            yield False, note
        yield True, f"{generation.name}: every file matches its checksum"

    return look


def _litter(home: Home) -> Iterator[tuple[bool, str]]:
    left = home.made.litter()
    yield (
        True,
        f"{len(left)} leftovers of interrupted work; the next build removes them" if left else "nothing left over",
    )


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
    ("embedder", _embedder),
    ("index", _index),
    ("models", _part("models")),
    ("patterns", _part("patterns")),
    ("leftovers", _litter),
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
    imports = desk.store.imports(most=5)
    return {"home": facts["home"], "counts": desk.counts(viewer=viewer),
            "waiting": len(desk.waiting(viewer=viewer, most=1000)),
            "patterns": len(desk.patterns(viewer=viewer)), "embedder": facts["embedder"], "built": parts,
            "last_imports": imports, "to_do": list(desk.warnings())}  # fmt: skip


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
