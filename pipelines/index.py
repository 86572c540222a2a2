"""Make the index: embed what has no vector yet, then write vectors, words and facts as one new generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from kb.columns import ASKED, Columns
from kb.errors import Damaged, NotBuilt, WrongEmbedder
from kb.fixes import gist, worth
from kb.learners import Embedder, Vectors
from kb.passages import each as passages_of
from kb.records import KEEPER, Kind, Ticket
from kb.rows import content_hash
from kb.shelves import KINDS, Shelf, documents
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
    embedded += _embed_gists(store, embedder, say, since=0 if force else _embedded_since(home))
    with home.made.begin("index") as draft, ThreadPoolExecutor(1) as aside:
        pools: dict[Kind, Shelf] = {}
        for kind in KINDS:
            rows = store.facts(kind, (*ASKED[kind], "text_hash"))  # one read, so that ids and texts belong together
            columns, keys = Columns.build(kind, rows), [row[-1] for row in rows]
            del rows
            vectors = aside.submit(VectorIndex.build, columns.ids, _gather(store, embedder, keys))
            (draft.folder / "words" / kind).mkdir(parents=True)
            documents_of = _documents(store, kind, columns, say)
            words = WordIndex.build(documents_of, draft.folder / "words" / kind)
            pools[kind] = Shelf(columns, vectors.result(), words)
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

    for records in store.each("ticket", KEEPER, since=since):
        gists = {content_hash(text): text for text in (gist(r) for r in records if isinstance(r, Ticket) and worth(r))}
        _, there = store.known_vectors(list(gists), embedder.id, embedder.dim)
        waiting |= {key: text for (key, text), known in zip(gists.items(), there, strict=True) if not known}
        looked += len(records)
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
    for kind in KINDS:
        for records in store.each(kind, KEEPER):
            for record in records:
                key = content_hash(record.text)
                if key in left:
                    left.discard(key)
                    batch.append(record.text)
            if len(batch) >= _EMBED_AT_ONCE:
                yield batch
                batch = []
    for _, text in passages_of(store) if left else ():
        if (key := content_hash(text)) in left:
            left.discard(key)
            batch.append(text)
    if batch:
        yield batch


def _gather(store: Store, embedder: Embedder, keys: list[str]) -> Vectors:
    """Unit rows in the order of the keys, zero where there is no vector."""
    matrix = np.zeros((len(keys), embedder.dim), np.float32)
    for start in range(0, len(keys), 20_000):
        part = keys[start : start + 20_000]
        rows = store.known_vectors(part, embedder.id, embedder.dim)[0]
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, norms, out=matrix[start : start + len(part)], where=norms > 0)
    return matrix


def _documents(store: Store, kind: Kind, columns: Columns, say: Say) -> Iterator[Document]:
    """Documents of the records in ``columns``; what another process adds meanwhile is found as fresh."""
    done, total, known = 0, len(columns), set(columns.ids.tolist())
    for records in store.each(kind, KEEPER):
        yield from documents(record for record in records if record.id in known)
        done += len(records)
        say(f"Indexing words of {kind}s", min(done, total), total)
