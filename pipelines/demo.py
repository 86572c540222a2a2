"""The sample desk, loaded and built; a second time only what changed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from kb.errors import BadSetting
from kb.tables import Asked
from pipelines import index as indexing
from pipelines import ingest as importing
from pipelines import patterns as finding
from pipelines import sample
from pipelines import train as training
from pipelines.home import Home
from pipelines.index import Say

SOURCE = "sample"
FILES = ("tickets.csv.gz", "articles.csv.gz", "problems.csv", "links.csv")
_BESIDE = Path(__file__).resolve().parents[1] / "data" / "sample"


def prepare(home: Home, *, say: Say) -> Iterator[str]:
    """Import, index, learn and group the sample desk; yields a sentence after each step."""
    home.create()
    if any(row["source"] != SOURCE for row in home.store.imports(most=1000)):
        raise BadSetting(f"{home.folder} holds your own tickets: give the demo a folder of its own with --home.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = _BESIDE
        if not all((folder / name).exists() for name in FILES):
            folder = Path(scratch)
            sample.make_desk(folder)
        for name in FILES:
            done = importing.ingest(home, importing.look(folder / name, Asked(source=SOURCE)), say=say)
            yield f"{name}: {done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged."
    made = indexing.build(home, say=say)
    yield f"Index: {made.tickets:,} tickets, {made.articles:,} articles."
    learnt = training.train(home, say=say)
    yield f"Learnt from {learnt.tickets:,} tickets: {', '.join(learnt.figures)}."
    grouped = finding.find(home, say=say)
    yield f"Patterns: {grouped.patterns:,} found, {grouped.noise_share:.0%} of the tickets in none."
