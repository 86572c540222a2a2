"""Make the index: embed what has no vector yet, then write vectors, words and facts as one new generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kb.columns import ASKED, Columns
from kb.errors import Damaged, NotBuilt, WrongEmbedder
from kb.fixes import gist_of
from kb.learners import Embedder
from kb.passages import each as passages_of
from kb.records import Kind
from kb.rows import content_hash
from kb.shelves import KINDS, Shelf, stored_documents
from kb.store import Store
from kb.text import TEXT_VERSION
from kb.vectors import VectorIndex
from kb.words import Document, WordIndex
from pipelines.home import LAYOUT, Home, save_index

Say = Callable[[str, int, int], None]
"""Called with (what, done, total)."""
_EMBED_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one run did."""

    generation: str
    tickets: int
    articles: int
    problems: int
    embedded: int
    cut: int
    """Texts longer than the embedder reads; their end is found by words only."""
    seconds: float
    unchanged: bool = False

    @property
    def told(self) -> str:
        """How many records of each kind, in words."""
        problems = f" and {self.problems:,} problem records" if self.problems else ""
        return f"{self.tickets:,} tickets{',' if problems else ' and'} {self.articles:,} articles{problems}"


def quiet(what: str, done: int, total: int) -> None:
    """Say nothing."""


def build(home: Home, *, say: Say = quiet, force: bool = False) -> Indexed:
    """Bring the index up to date with the store; a run that is interrupted loses nothing it has embedded."""
    started = time.perf_counter()
    store, embedder = home.store, home.embedder
    seq = store.records_seq()
    if not force and (kept := _still_good(home, seq)) is not None:
        return kept
    embedded, cut = _embed_missing(store, embedder, say)
    with ThreadPoolExecutor(1) as aside:
        columns, vectors = _begun(store, embedder, aside)
        embedded += _embed_gists(store, embedder, say, since=0 if force else _embedded_since(home))
        with home.made.begin("index") as draft:
            pools: dict[Kind, Shelf] = {}
            for kind in KINDS:
                folder = draft.folder / "words" / kind
                folder.mkdir(parents=True)
                words = WordIndex.build(_documents(store, kind, columns[kind], say), folder)
                pools[kind] = Shelf(columns[kind], vectors.pop(kind).result(), words)
            save_index(draft, pools)
            sizes = {f"{kind}s": len(pools[kind].columns) for kind in KINDS}
            facts = {"embedder": embedder.id, "dim": embedder.dim, "watermark": seq, "text_version": TEXT_VERSION,
                     "layout": LAYOUT, **sizes, "cut": cut}  # fmt: skip
            say("Publishing", 0, 1)
            generation = draft.publish(facts)
            store.note("published", f"index:{generation.name}", detail=sizes)
            say("Publishing", 1, 1)
    return Indexed(
        generation.name,
        sizes["tickets"],
        sizes["articles"],
        sizes["problems"],
        embedded,
        cut,
        time.perf_counter() - started,
    )


def _begun(
    store: Store, embedder: Embedder, aside: Executor
) -> tuple[dict[Kind, Columns], dict[Kind, Future[VectorIndex]]]:
    """The facts of every kind, and its vectors, which are indexed while texts are read: that takes another core."""
    columns: dict[Kind, Columns] = {}
    vectors: dict[Kind, Future[VectorIndex]] = {}
    for kind in KINDS:
        rows = store.facts(kind, (*ASKED[kind], "text_hash"))  # one read, so that ids and texts belong together
        columns[kind], keys = Columns.build(kind, rows), [row[-1] for row in rows]
        vectors[kind] = aside.submit(_vectors, store, embedder, columns[kind].ids, keys)
        del rows, keys
    return columns, vectors


def _still_good(home: Home, seq: int) -> Indexed | None:
    try:
        generation, note = home.index()
    except (NotBuilt, Damaged, WrongEmbedder):
        return None
    facts = generation.facts
    if note or facts.get("watermark") != seq or facts.get("text_version") != TEXT_VERSION:
        return None
    counts = (facts["tickets"], facts["articles"], facts["problems"])
    return Indexed(generation.name, *counts, 0, facts.get("cut", 0), 0.0, unchanged=True)


def _embed_missing(store: Store, embedder: Embedder, say: Say) -> tuple[int, int]:
    """Embed every text, passage and question that has no vector yet; how many they were, and how many were cut."""
    keys = {row[0] for kind in KINDS for row in store.facts(kind, ("text_hash",))}
    keys |= {content_hash(text) for _, text in passages_of(store)}
    others = {content_hash(text): text for text in store.questions()}
    missing = store.missing_vectors(keys | others.keys(), embedder.id)
    done, cut, total = 0, 0, len(missing)
    for texts in _texts(store, missing, others):
        matrix = embedder.encode(texts, progress=lambda n, _, at=done: say("Embedding", at + n, total))  # type: ignore[misc]
        store.keep_vectors([content_hash(text) for text in texts], embedder.id, matrix)
        cut += int(getattr(embedder, "last_cut", 0))
        done += len(texts)
        say("Embedding", done, total)
    return done, cut


def _embed_gists(store: Store, embedder: Embedder, say: Say, *, since: int) -> int:
    """Embed what fixed each ticket that changed after ``since``, a batch at a time; how many were embedded.

    They are compared when past solutions are grouped.
    """
    waiting: dict[str, str] = {}
    done = looked = 0

    def embed() -> int:
        store.keep_vectors(list(waiting), embedder.id, embedder.encode(list(waiting.values())))
        return len(waiting)

    for rows in store.batches("ticket", ("state", "close_code", "fix"), since=since):
        told = (gist_of(state, close_code, fix) for _, state, close_code, fix in rows)
        gists = {content_hash(text): text for text in told if text}
        missing = store.missing_vectors(gists, embedder.id)
        waiting |= {key: text for key, text in gists.items() if key in missing}
        looked += len(rows)
        say("Reading what fixed tickets", looked, looked)
        if len(waiting) >= _EMBED_AT_ONCE:
            done += embed()
            waiting.clear()
            say("Embedding what fixed tickets", looked, looked)
    return done + (embed() if waiting else 0)


def _embedded_since(home: Home) -> int:
    """The change up to which everything has a vector of this embedder: what the published index was made at."""
    try:
        facts = home.made.current("index")[0].facts
    except (NotBuilt, Damaged):
        return 0
    same = facts.get("embedder") == home.embedder.id and facts.get("text_version") == TEXT_VERSION
    return int(facts["watermark"]) if same and facts.get("layout") == LAYOUT else 0


def _texts(store: Store, wanted: set[str], others: Mapping[str, str]) -> Iterator[list[str]]:
    """Texts with these hashes, each once, in large batches."""
    more = [text for key, text in others.items() if key in wanted]
    for start in range(0, len(more), _EMBED_AT_ONCE):
        yield more[start : start + _EMBED_AT_ONCE]
    left, batch = wanted - others.keys(), []
    of_records = (text for kind in KINDS for rows in store.batches(kind, ("text",)) for _, text in rows)
    for text in chain(of_records, (text for _, text in passages_of(store))) if left else ():
        if (key := content_hash(text)) in left:
            left.discard(key)
            batch.append(text)
            if len(batch) == _EMBED_AT_ONCE:
                yield batch
                batch = []
            if not left:
                break
    if batch:
        yield batch


def _vectors(store: Store, embedder: Embedder, ids: NDArray[np.int64], keys: Sequence[str]) -> VectorIndex:
    """The vectors under these keys, made unit rows, as an index; a key without a vector is left out."""
    matrix = store.known_vectors(keys, embedder.id, embedder.dim)[0]
    for start in range(0, len(matrix), 20_000):
        rows = matrix[start : start + 20_000]
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, norms, out=rows, where=norms > 0)
    return VectorIndex.build(ids, matrix)


def _documents(store: Store, kind: Kind, columns: Columns, say: Say) -> Iterator[Document]:
    """Documents of the records in ``columns``; what another process adds meanwhile is found as fresh."""
    done, total = 0, len(columns)
    for batch in stored_documents(store, kind):
        known = columns.places(np.array([document.id for document in batch])) >= 0
        yield from (document for document, here in zip(batch, known.tolist(), strict=True) if here)
        done += len(batch)
        say(f"Indexing words of {kind}s", min(done, total), total)
