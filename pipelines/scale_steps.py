"""The steps that are measured as a desk grows, each in a process of its own: ``python -m pipelines.scale_steps``."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from kb.errors import NotBuilt, StoreTrouble, TooLittle
from kb.fixes import gist, worth
from kb.learners import Vectors
from kb.passages import passages
from kb.records import KEEPER, Article, Filter, Ref, Ticket, Viewer
from kb.rows import content_hash
from kb.text import prepare
from pipelines import export as exporting
from pipelines import index as indexing
from pipelines import train as training
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.scale_tickets import FIRST, SEED, SOURCE, Parents, perturbed
from pipelines.settings import Settings, read

_MADE, _LOOKS = 20_000, 5.0
"""Tickets whose links are written at once, and seconds between two looks at how far an import is."""
_ASKED = 200
_SAMPLED = 100
_AGENT = Viewer("agent", frozenset({"HR", "Security"}))


@dataclass(frozen=True, slots=True)
class Job:
    """One step at one size."""

    base: Home
    home: Home
    size: int
    embed: bool
    started: float
    """Seconds since 1970 when the process was asked for."""
    learnt: Home
    """The smallest home of the run: what it learnt serves the others too."""

    def say(self, what: str, done: int, total: int) -> None:
        """Tell the process that asked, through a file beside the home."""
        (self.home.folder / "progress.json").write_text(json.dumps([what, done, total]), "utf-8")


def _import(job: Job) -> dict[str, float]:
    """Invent tickets, write them as an export, and import that as anybody would; the time is that of the command."""
    parents, store, place = Parents.of(job.base, job.size), job.home.store, job.home.folder
    store.write("article", parents.made_articles())
    exported = place.with_name(f"{place.name}.csv")
    if not exported.exists():
        exporting.write_records(exported, "tickets", _invented(job, parents))
    began = time.perf_counter()
    done = _ingested(job, exported)
    spent = time.perf_counter() - began
    for start in range(0, job.size, _MADE):
        store.link([link for i in range(start, min(start + _MADE, job.size)) for link in parents.links_of(i)])
    exported.unlink()
    rate, used = (done["added"] or job.size) / spent, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"import_seconds": job.size / rate, "import_rate": rate, "exported_mb": done["mb"],
            "import_peak_mb": used.ru_maxrss / 1024, "import_cpu_seconds": used.ru_utime + used.ru_stime,
            "links": float(store.counts(KEEPER)["links"])}  # fmt: skip


def _invented(job: Job, parents: Parents) -> Iterator[Ticket]:
    for i in range(job.size):
        yield parents.ticket(i)
        if i % _MADE == 0:
            job.say("invented", i, job.size)


def _ingested(job: Job, exported: Path) -> dict[str, float]:
    """What ``seenbefore ingest`` says of it, run as a program of its own; how far it is, is read from the store."""
    asked = [str(exported), "--home", str(job.home.folder), "--source", SOURCE, "--json"]
    command = [sys.executable, "-m", "pipelines", "ingest", *asked]
    size = exported.stat().st_size
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  # this very program
        while not _ended(process):
            job.say("imported", job.home.store.counts(KEEPER)["tickets"], job.size)
        said = process.stdout.read() if process.stdout else b""
    if process.returncode:
        raise StoreTrouble(f"Importing {exported.name} ended with code {process.returncode}: see what it says above.")
    return {"added": float(json.loads(said)["added"]), "mb": size / 2**20}


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOKS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _vectors(job: Job) -> dict[str, float]:
    """Keep a vector for every text of the made tickets, as the embedder would have; articles are embedded."""
    parents, store, embedder = Parents.of(job.base, job.size), job.home.store, job.home.embedder
    articles = [a for batch in store.each("article", KEEPER) for a in batch if isinstance(a, Article)]
    texts = list(dict.fromkeys(text for a in articles for text in (a.text, *passages(a))))
    keys = [content_hash(text) for text in texts]
    vectors, known = job.base.store.known_vectors(keys, embedder.id, embedder.dim)
    vectors[~known] = embedder.encode([text for text, there in zip(texts, known, strict=True) if not there])
    store.keep_vectors(keys, embedder.id, vectors)
    if job.embed:
        return {}
    of_texts = _kept(job.base, [t.text for t in parents.tickets])
    of_gists = _kept(job.base, [gist(t) for t in parents.tickets])
    bare = np.abs(of_gists).sum(axis=1) == 0
    of_gists[bare] = of_texts[bare]
    done = 0
    for batch in store.each("ticket", KEEPER, batch=5000):
        rng = np.random.default_rng((SEED, done))
        tickets = cast("list[Ticket]", batch)
        places = np.array([int(t.number[1:]) % len(parents.tickets) for t in tickets])
        made = perturbed(of_texts, places, rng)
        store.keep_vectors([content_hash(t.text) for t in tickets], embedder.id, made)
        fixed = [i for i, t in enumerate(tickets) if worth(t)]
        gists = perturbed(of_gists, places[fixed], rng)
        store.keep_vectors([content_hash(gist(tickets[i])) for i in fixed], embedder.id, gists)
        done += len(batch)
        job.say("vectors kept", done, job.size)
    return {}


def _kept(home: Home, texts: Sequence[str]) -> Vectors:
    vectors = home.store.known_vectors([content_hash(text) for text in texts], home.embedder.id, home.embedder.dim)[0]
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def _index(job: Job) -> dict[str, float]:
    done = indexing.build(job.home, say=job.say, force=True)
    folder = job.home.folder
    database = sum(path.stat().st_size for path in folder.glob("knowledge.db*"))
    made = sum(p.stat().st_size for p in (folder / "made" / done.generation).rglob("*") if p.is_file())
    return {"index_seconds": done.seconds, "index_embedded": float(done.embedded), "database_mb": database / 2**20,
            "index_mb": made / 2**20}  # fmt: skip


def _serve(job: Job) -> dict[str, float]:
    """What a server does: open all there is, answer a first question, then many searches and suggestions."""
    desk = desk_of(job.home)
    opened_at = time.time()
    desk.search("Mail cannot be sent since the update", viewer=_AGENT)
    figures = {"cold_start_seconds": time.time() - job.started, "open_seconds": opened_at - job.started}
    asked, begun = _questions(job, _ASKED), time.process_time()
    for name, filtered in (("", False), ("filtered_", True)):
        for what in ("title", "ticket"):
            texts = [t.title if what == "title" else t.text for t in asked]
            spent = [_timed(partial(desk.search, text, viewer=_AGENT, wanted=_filter(t) if filtered else None))
                     for text, t in zip(texts, asked, strict=True)]  # fmt: skip
            figures[f"{name}{what}_p50_ms"], figures[f"{name}{what}_p95_ms"] = np.quantile(spent, (0.5, 0.95)) * 1000
            job.say(f"asked, {name}{what}", len(asked), len(asked))
    figures["search_cpu_ms"] = (time.process_time() - begun) * 1000 / (4 * max(1, len(asked)))
    for what in ("title", "ticket"):
        texts = [t.title if what == "title" else f"{t.title}\n{t.body}" for t in asked]
        spent = [_timed(partial(desk.triage_text, text, viewer=_AGENT)) for text in texts]
        figures[f"triage_{what}_p50_ms"], figures[f"triage_{what}_p95_ms"] = np.quantile(spent, (0.5, 0.95)) * 1000
        job.say(f"triage asked, {what}", len(asked), len(asked))
    spent = [_timed(partial(job.home.embedder.encode, [t.text[:4000]])) for t in asked]
    figures["embed_ticket_p50_ms"] = float(np.quantile(spent, 0.5)) * 1000
    return figures | {"resident_mb": _memory("VmRSS"), "resident_own_mb": _memory("RssAnon")}


def _learn(job: Job) -> dict[str, float]:
    """Learn at the smallest desk, or take over what was learnt there."""
    try:
        there, _ = job.learnt.made.current("models", keep=lambda _: True)
    except NotBuilt:
        try:
            done = training.train(job.learnt, say=job.say)
        except TooLittle:
            return {}
        return {"train_seconds": done.seconds, "trained_on": float(done.tickets)}
    if job.learnt.folder != job.home.folder:
        with job.home.made.begin("models") as draft:
            for name in there.files:
                draft.write(name, there.read(name))
            draft.publish(there.facts)
    return {}


def _recall(job: Job) -> dict[str, float]:
    """Share of the ten truly nearest that the vector search finds, all under the viewer's permissions."""
    desk = desk_of(job.home, parts=("search",))
    shelf = desk.shelves.now().pools["ticket"]
    asked = _questions(job, _SAMPLED)
    queries = job.home.embedder.encode([t.text[:4000] for t in asked])
    ids, embedder = shelf.columns.ids, job.home.embedder
    masks = [shelf.columns.rows_for(_AGENT, wanted) for t in asked for wanted in (None, _filter(t))]
    best = np.full((2 * len(asked), 10), -np.inf, np.float32)
    hashes = job.home.store.facts("ticket", ("text_hash",))
    for start in range(0, len(ids), 20_000):
        part = slice(start, start + 20_000)
        matrix = job.home.store.known_vectors([row[0] for row in hashes[part]], embedder.id, embedder.dim)[0]
        matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
        scores = queries @ matrix.T
        for row, mask in enumerate(masks):
            mine = scores[row // 2][mask[part]]
            best[row] = np.sort(np.concatenate([best[row], mine]))[-10:]
        job.say("compared exactly", min(start + 20_000, len(ids)), len(ids))
    found: tuple[list[float], list[float]] = ([], [])
    for row, mask in enumerate(masks):
        near = shelf.vectors.search(queries[row // 2][None, :], 10, allowed=shelf.columns.mask(mask))[0][0]
        keys = [hashes[place][0] for place in shelf.columns.places(near[near >= 0])]
        true = job.home.store.known_vectors(keys, embedder.id, embedder.dim)[0]
        true /= np.maximum(np.linalg.norm(true, axis=1, keepdims=True), 1e-9)
        there = int(np.isfinite(best[row]).sum())
        if there:
            right = int((true @ queries[row // 2] >= best[row][10 - there] - 1e-5).sum())
            found[row % 2].append(min(right, there) / there)
    spent = [_timed(partial(shelf.vectors.search, queries[row // 2][None, :], 150, allowed=shelf.columns.mask(mask)))
             for row, mask in enumerate(masks)]  # fmt: skip
    return {"recall@10": float(np.mean(found[0])), "filtered_recall@10": float(np.mean(found[1])),
            "vectors_p95_ms": float(np.quantile(spent, 0.95)) * 1000,
            "filter_share": float(np.mean([mask.mean() for mask in masks[1::2]]))}  # fmt: skip


def _add(job: Job) -> dict[str, float]:
    """From the call that writes one ticket to the answer that holds it, five times; they are taken out again."""
    desk, store, spent = desk_of(job.home, parts=("search",)), job.home.store, []
    desk.search("Mail cannot be sent since the update", viewer=_AGENT)
    refs = [Ref("ticket", SOURCE, f"FRESH-{i}") for i in range(5)]
    try:
        for i, ref in enumerate(refs):
            said = f"Turbine console {i} shows QX-77{i}31"
            fresh = prepare(Ticket(SOURCE, ref.number, said, f"Code QX-77{i}31 since this morning.", state="open"))
            begun = time.perf_counter()
            store.write("ticket", [fresh])
            answer = desk.search(said, viewer=_AGENT)
            spent.append(time.perf_counter() - begun)
            if ref not in {hit.record.ref for hit in (*answer.hits, *answer.nearest)}:
                raise StoreTrouble(f"A ticket just written ({ref.number}) was not found.")
    finally:
        store.delete(refs)
    return {"add_seconds": float(np.median(spent)), "add_worst_seconds": max(spent)}


def _questions(job: Job, n: int) -> list[Ticket]:
    """Parents with a title and a text, spread over all; the desk holds their children and not them."""
    tickets = [t for t in Parents.of(job.base, job.size).tickets if len(t.title.split()) > 2]
    return tickets[:: max(1, len(tickets) // n)][:n]


def _filter(ticket: Ticket) -> Filter:
    """Category, states and two of the eight years."""
    first = FIRST + timedelta(days=365 * 3)
    return Filter(categories=(ticket.category,), states=("resolved", "closed"), opened_from=first,
                  opened_before=first + timedelta(days=730))  # fmt: skip


def _home(place: Path) -> Home:
    environment = read(place)
    home = Home(Settings(place, embedder=environment.embedder, threads=environment.threads))
    home.create()
    return home


def _timed(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def _memory(name: str) -> float:
    """MiB of this process by its own account (VmHWM is its highest); the highest of all where there is no such file."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Iterable[str]) -> int:
    """``python -m pipelines.scale_steps STEP JOB``: one step, its figures written beside the home."""
    step, text = arguments
    said = json.loads(text)
    place = Path(said["place"])
    learnt = _home(Path(said.get("learnt", place)))
    job = Job(_home(Path(said["base"])), _home(place), said["size"], said["embed"], said["started"], learnt)
    steps: dict[str, Callable[[Job], dict[str, float]]] = {
        "import": _import, "vectors": _vectors, "index": _index, "serve": _serve, "recall": _recall, "add": _add,
        "learn": _learn,
    }  # fmt: skip
    begun = time.perf_counter()
    figures = {name: float(value) for name, value in steps[step](job).items()}
    figures = {f"{step}_peak_mb": _memory("VmHWM"), f"{step}_cpu_seconds": time.process_time(),
               f"{step}_load": os.getloadavg()[0], "seconds": time.perf_counter() - begun} | figures  # fmt: skip
    fresh = place / f".{step}.json"
    fresh.write_text(json.dumps(figures), "utf-8")
    fresh.replace(place / f"{step}.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
