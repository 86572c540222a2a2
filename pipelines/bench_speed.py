"""Measure embedding beside the plain library on the same texts, and import with index beside bare embedding."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kb.errors import BadSetting
from kb.fixes import gist, worth
from kb.records import EVERYONE, KEEPER, Ticket
from kb.tables import Asked
from models.embedder import SentenceEmbedder
from models.embedder_plain import plain_encoder
from pipelines import demo, sample
from pipelines import index as indexing
from pipelines import ingest as importing
from pipelines import settings as environment
from pipelines.bench import OURS, Row
from pipelines.home import Home
from pipelines.index import Say, quiet

PLAIN = "SentenceTransformer"
MOST = 1_500
"""Texts that both embed; evenly spread over the file."""
_TASK = "speed"


def run(file: Path | None = None, *, say: Say = quiet, notes: list[str] | None = None) -> list[Row]:
    """Seconds of both on the texts of an export (else of the sample desk), with as many threads as there are cores.

    Raises ``BadSetting`` where the export has no texts.
    """
    with tempfile.TemporaryDirectory(prefix="seenbefore-speed-") as scratch:
        chosen = file if file is not None else _sample(Path(scratch))
        home = Home(environment.Settings(Path(scratch) / "desk"))
        home.create()
        started = time.perf_counter()
        importing.ingest(home, importing.look(chosen, Asked(source="speed")), say=say)
        imported = time.perf_counter() - started
        texts = [one.text for batch in home.store.each("ticket", EVERYONE) for one in batch if isinstance(one, Ticket)]
        texts = [text for text in texts if text.strip()]
        if not texts:
            raise BadSetting(f"{chosen.name} has no texts to embed: give an export of tickets.")
        spread = np.unique(np.linspace(0, len(texts) - 1, min(MOST, len(texts))).astype(int)).tolist()
        say("Embedding on both sides", 0, 3)
        rows = list(_both(chosen.name, [texts[i] for i in spread]))
        say("Embedding on both sides", 2, 3)
        rows += list(_whole(chosen.name, home, imported))
        say("Embedding on both sides", 3, 3)
    if notes is not None:
        notes.append(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}; plain: encode() in float32 with "
                     "its own batches; the model is loaded before the time is taken.")  # fmt: skip
    return rows


def _both(name: str, texts: Sequence[str]) -> Iterator[Row]:
    """The plain library and ours on the same texts."""
    plain = plain_encoder()
    plain(texts[:32])
    started = time.perf_counter()
    theirs = plain(texts)
    slow = time.perf_counter() - started
    del plain
    ours = SentenceEmbedder()
    ours.encode(list(texts[:32]))
    started = time.perf_counter()
    vectors = ours.encode(texts)
    quick = time.perf_counter() - started
    least = float(np.einsum("ij,ij->i", theirs, vectors).min())
    n = len(texts)
    yield Row(name, _TASK, "embedding", PLAIN, "texts_per_second", n / slow, n=n, seconds=slow)
    yield Row(name, _TASK, "embedding", OURS, "texts_per_second", n / quick, n=n, seconds=quick)
    yield Row(name, _TASK, "embedding", OURS, "times_as_fast", slow / quick, n=n, seconds=quick)
    yield Row(name, _TASK, "embedding", OURS, "lowest_cosine", least, n=n, seconds=quick)
    yield Row(name, _TASK, "embedding", OURS, "bfloat16", float(ours.precision == "bfloat16"), n=n, seconds=quick)


def _whole(name: str, home: Home, imported: float) -> Iterator[Row]:
    """Import and index from nothing, beside the bare embedding of what the index embeds, texts and fixes."""
    said = [one for batch in home.store.each("ticket", KEEPER) for one in batch if isinstance(one, Ticket)]
    texts = list(dict.fromkeys([*(one.text for one in said), *(gist(one) for one in said if worth(one))]))
    home.embedder.encode(texts[:32])
    started = time.perf_counter()
    indexing.build(home)
    indexed = time.perf_counter() - started
    fresh = SentenceEmbedder()
    fresh.encode(texts[:32])
    started = time.perf_counter()
    fresh.encode(texts)
    bare = time.perf_counter() - started
    n, whole = len(said), imported + indexed
    yield Row(name, _TASK, "import and index", OURS, "import_seconds", imported, n=n, seconds=whole)
    yield Row(name, _TASK, "import and index", OURS, "index_seconds", indexed, n=n, seconds=whole)
    yield Row(name, _TASK, "import and index", OURS, "bare_embedding_seconds", bare, n=len(texts), seconds=whole)
    yield Row(name, _TASK, "import and index", OURS, "times_bare_embedding", whole / bare, n=n, seconds=whole)


def _sample(scratch: Path) -> Path:
    sample.make_desk(scratch)
    return scratch / demo.FILES[0]
