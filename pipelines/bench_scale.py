"""Measure what a desk costs as it grows: tickets made by seeded perturbation, every step in a process of its own."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting, StoreTrouble
from kb.fixes import gist, worth
from kb.learners import Vectors
from kb.passages import passages
from kb.records import KEEPER, Article, Filter, Kind, Link, Ref, State, Ticket, Viewer
from kb.rows import content_hash
from kb.text import prepare
from pipelines import index as indexing
from pipelines import sample, show
from pipelines.bench import Row, opened
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.settings import Settings, read

ARTICLES = 600
SEED = 2026
SOURCE = "scale"
STEPS = ("import", "vectors", "index", "serve", "recall", "add")
GROWS = ("import_seconds", "import_peak_mb", "index_seconds", "index_cpu_seconds", "index_peak_mb", "database_mb",
         "index_mb", "search_cpu_ms",
         "cold_start_seconds", "resident_mb", "title_p50_ms", "title_p95_ms", "ticket_p50_ms", "ticket_p95_ms",
         "filtered_title_p50_ms", "filtered_title_p95_ms", "filtered_ticket_p50_ms", "filtered_ticket_p95_ms",
         "add_seconds")  # fmt: skip
"""Costs whose growth with the number of tickets is told; an exponent of 1 is "in proportion"."""
PERTURBED = "Vectors of tickets were perturbed, not embedded: each is its parent's with noise (cosine .80 to .95)."
_BATCH = 500
_ASKED = 200
_SAMPLED = 100
_AGENT = Viewer("agent", frozenset({"HR", "Security"}))
_AUDIENCES = ("HR", "Security", "Board", "Finance")
_NUMBER = re.compile(r"\d{2,}")
_HOST = re.compile(r"\b[\w-]+(?=(?:\.[\w-]+){1,4}\b)")
_FIRST = datetime(2018, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=8 * 365)


def run(sizes: Sequence[int], *, folder: Path | None, work: Path, say: Say = quiet, embed: bool = False) -> list[Row]:
    """Cost figures for each size, ascending, then the growth of each cost; from ``folder``, else from the sample desk.

    The split is the size, or "growth": the slope of the straight line through log cost against log size. What is
    imported stays under ``work``; a run that was interrupted goes on with the step it was at.
    Raises ``BadSetting`` for a size below 1,000, ``StoreTrouble`` where a step ends in an error.
    """
    if not sizes or min(sizes) < 1000:
        raise BadSetting("Give sizes of 1,000 tickets or more, such as --scale 30000,100000,1000000.")
    base, name = _base(folder, work, say)
    rows: list[Row] = []
    for size in sorted(set(sizes)):
        place = work / f"{name}-{size}{'-embedded' if embed else ''}"
        figures: dict[str, float] = {}
        for step in STEPS:
            kept = place / f"{step}.json"
            if not kept.exists():
                say(f"{size:,} tickets: {step}", STEPS.index(step), len(STEPS))
                _in_a_process(step, {"base": str(base), "place": str(place), "size": size, "embed": embed}, say)
            found = cast("dict[str, float]", json.loads(kept.read_text("utf-8")))
            rows += [Row(name, "scale", str(size), "seenbefore", metric, value, n=size, seconds=found["seconds"])
                     for metric, value in found.items() if metric != "seconds"]  # fmt: skip
            figures |= found
        for step in STEPS[2:]:
            (place / f"{step}.json").unlink()
    return rows + list(growth(rows))


def growth(rows: Sequence[Row]) -> Iterator[Row]:
    """The exponent of each cost in the number of tickets, by least squares over the logarithms of two sizes or more."""
    for metric in GROWS:
        found = [(row.n, row.value) for row in rows if row.metric == metric and row.value > 0]
        if len({n for n, _ in found}) >= 2:
            n, value = np.log(np.array(found, np.float64)).T
            yield Row(rows[0].folder, "scale", "growth", "seenbefore", metric, float(np.polyfit(n, value, 1)[0]),
                      n=len(found))  # fmt: skip


def show_scale(rows: Sequence[Row], *, embed: bool = False) -> None:
    """One table: costs down, sizes across, the exponent last."""
    splits = list(dict.fromkeys(row.split for row in rows))
    values = {(row.metric, row.split): row.value for row in rows}
    lines = [(metric.replace("_", " "), *(_cell(values.get((metric, split)), split) for split in splits))
             for metric in dict.fromkeys(row.metric for row in rows)]  # fmt: skip
    heads = [split if split == "growth" else f"{int(split):,}" for split in splits]
    show.table(f"{rows[0].folder} · scale", ("cost", *heads), lines, right=tuple(range(1, len(heads) + 1)))
    if not embed:
        show.line(PERTURBED, style="dim")
    show.line("growth is the exponent of the number of tickets (1 is in proportion; n log n is 1.08 between 30,000 and "
              "1,000,000). The cold start is from starting Python to the first answer, files in the page cache.",
              style="dim")  # fmt: skip


def _cell(value: float | None, split: str) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if split == "growth" else f"{value:,.3f}" if value < 10 else f"{value:,.0f}"


# --- making tickets ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parents:
    """The records that all others are made of, and how many tickets shall be made; immutable."""

    tickets: Sequence[Ticket]
    articles: Sequence[Article]
    links: Mapping[str, Sequence[tuple[Kind, str, bool]]]
    """Ticket number → what it was linked to: kind, number, and whether it was boiler-plate."""
    size: int

    @classmethod
    def of(cls, home: Home, size: int) -> Parents:
        """Everything in the base home, in an order that the seed decides."""
        tickets = [t for batch in home.store.each("ticket", KEEPER) for t in batch if isinstance(t, Ticket) and t.text]
        articles = [a for batch in home.store.each("article", KEEPER) for a in batch if isinstance(a, Article)]
        names: dict[tuple[str, int], str] = {("ticket", t.id or 0): t.number for t in tickets}
        names |= {("article", a.id or 0): a.number for a in articles}
        links: dict[str, list[tuple[Kind, str, bool]]] = {}
        for ticket, kind, target, _, generic in home.store.links():
            ends = names.get(("ticket", ticket)), names.get((kind, target))
            if ends[0] and ends[1]:
                links.setdefault(ends[0], []).append((kind, ends[1], generic))
        Random(SEED).shuffle(tickets)
        return cls(tickets, articles, links, size)

    def parent(self, i: int) -> Ticket:
        """What ticket i was made from."""
        return self.tickets[i % len(self.tickets)]

    def ticket(self, i: int) -> Ticket:
        """Ticket i of ``size``, not yet prepared, the same whenever it is asked for; later ones are opened later."""
        rng, parent = Random(SEED * 1_000_003 + i), self.parent(i)
        other = self.tickets[rng.randrange(len(self.tickets))]
        opened_at = _FIRST + _SPAN * (i / self.size) + timedelta(seconds=rng.randrange(3600))
        took = timedelta(hours=rng.randint(1, 90))
        if parent.resolved_at is not None and parent.opened_at is not None:
            took = min(max(timedelta(minutes=5), parent.resolved_at - parent.opened_at), timedelta(days=60))
        state: State | None = parent.state if rng.random() > 0.05 else "open"
        done = state in ("resolved", "closed")
        resolved_at = opened_at + took if done else None
        body = vary(parent.body, rng)
        if rng.random() < 0.1:
            body = f"{body}\n{vary(other.body[: len(other.body) // 2], rng)}"
        category = parent.category if rng.random() > 0.1 else other.category
        audience = (rng.choice(_AUDIENCES),) if rng.random() < 0.04 else parent.audience
        return replace(
            parent, id=None, source=SOURCE, number=f"S{i:08d}", title=vary(parent.title, rng), body=body,
            opened_at=opened_at, resolved_at=resolved_at, closed_at=None, state=state, category=category,
            service=parent.service or f"Service {len(category) * 7 % 20:02d}",
            assignment_group=parent.assignment_group or f"Team {rng.randrange(12):02d}", audience=audience,
            resolution=vary(parent.resolution, rng) if done else "", problem="", parent="", text="", fix="",
        )  # fmt: skip

    def links_of(self, i: int) -> Iterator[Link]:
        """Links of ticket i: those of its parent, to articles, and to the ticket made of the other parent before it."""
        at = _FIRST + _SPAN * (i / self.size) + timedelta(hours=2)
        for kind, number, generic in self.links.get(self.parent(i).number, ()):
            target = Ref(kind, SOURCE, number)
            if kind == "ticket":
                place = self._place(number) + i // len(self.tickets) * len(self.tickets)
                place -= len(self.tickets) if place >= i else 0
                if place < 0:
                    continue
                target = Ref("ticket", SOURCE, f"S{place:08d}")
            yield Link(Ref("ticket", SOURCE, f"S{i:08d}"), target, at, generic=generic)

    def made_articles(self) -> list[Article]:
        """:data:`ARTICLES` of them: the parents', then variations of these."""
        made = [prepare(replace(a, id=None, source=SOURCE)) for a in self.articles[:ARTICLES]]
        for i in range(ARTICLES - len(made) if made else 0):
            rng, parent = Random(SEED + i), self.articles[i % len(self.articles)]
            body = vary(parent.body, rng)
            made.append(prepare(replace(parent, id=None, source=SOURCE, number=f"KB-S{i:06d}", body=body, text="")))
        return made

    def _place(self, number: str) -> int:
        if not hasattr(self, "_places"):
            object.__setattr__(self, "_places", {t.number: place for place, t in enumerate(self.tickets)})
        return int(self._places[number])  # type: ignore[attr-defined]


def vary(text: str, rng: Random) -> str:
    """The text with a few words dropped, doubled or swapped, other numbers and hosts, two sentences exchanged."""
    if not text:
        return text

    def digits(found: re.Match[str]) -> str:
        n = len(found[0])
        return str(rng.randrange(10 ** (n - 1), 10**n)) if n < 12 and rng.random() < 0.3 else found[0]

    text = _NUMBER.sub(digits, text)
    text = _HOST.sub(lambda found: f"{found[0]}{rng.randrange(100)}" if rng.random() < 0.1 else found[0], text)
    words = text.split(" ")
    for _ in range(max(1, min(len(words) // 12, 60)) if len(words) > 2 else 0):
        at, how = rng.randrange(len(words) - 1), rng.random()
        if how < 0.4:
            words[at] = ""
        elif how < 0.6:
            words[at] = f"{words[at]} {words[at]}"
        else:
            words[at], words[at + 1] = words[at + 1], words[at]
    text = " ".join(word for word in words if word)
    parts = text.split(". ")
    if len(parts) > 2 and rng.random() < 0.3:
        one = rng.randrange(len(parts) - 1)
        parts[one], parts[one + 1] = parts[one + 1], parts[one]
        text = ". ".join(parts)
    return text


# --- the steps, each in a process of its own --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """One step at one size."""

    base: Home
    home: Home
    size: int
    embed: bool
    started: float
    """Seconds since 1970 when the process was asked for."""

    def say(self, what: str, done: int, total: int) -> None:
        """Tell the process that asked, through a file beside the home."""
        (self.home.folder / "progress.json").write_text(json.dumps([what, done, total]), "utf-8")


def _import(job: Job) -> dict[str, float]:
    """Write articles, tickets and links in batches; the time is that of cleaning and writing, not of inventing."""
    parents, store, clock = Parents.of(job.base, job.size), job.home.store, time.perf_counter
    store.write("article", parents.made_articles())
    done = store.counts(KEEPER)["tickets"] // _BATCH * _BATCH
    notes = job.home.folder / "import-spent.json"
    spent, timed = json.loads(notes.read_text("utf-8")) if notes.exists() else (0.0, 0)
    for start in range(done, job.size, _BATCH):
        numbers = range(start, min(start + _BATCH, job.size))
        made = [parents.ticket(i) for i in numbers]
        links = [link for i in numbers for link in parents.links_of(i)]
        begun = clock()
        store.write("ticket", [prepare(ticket) for ticket in made])
        if links:
            store.link(links)
        spent, timed = spent + clock() - begun, timed + len(made)
        notes.write_text(json.dumps([spent, timed]), "utf-8")
        job.say("written", start + len(made), job.size)
    rate = timed / max(spent, 1e-9)
    return {"import_seconds": job.size / max(rate, 1e-9), "import_rate": rate,
            "links": float(store.counts(KEEPER)["links"])}  # fmt: skip


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
        made = _perturbed(of_texts, places, rng)
        store.keep_vectors([content_hash(t.text) for t in tickets], embedder.id, made)
        fixed = [i for i, t in enumerate(tickets) if worth(t)]
        gists = _perturbed(of_gists, places[fixed], rng)
        store.keep_vectors([content_hash(gist(tickets[i])) for i in fixed], embedder.id, gists)
        done += len(batch)
        job.say("vectors kept", done, job.size)
    return {}


def _perturbed(vectors: Vectors, places: NDArray[np.int64], rng: np.random.Generator) -> Vectors:
    """Unit vectors at a cosine of .80 to .95 from those at ``places``; the noise is the difference of two others."""
    own = vectors[places]
    noise = vectors[rng.integers(len(vectors), size=len(own))] - vectors[rng.integers(len(vectors), size=len(own))]
    noise += rng.normal(scale=0.3 / np.sqrt(own.shape[1]), size=own.shape).astype(np.float32)
    noise -= (noise * own).sum(axis=1, keepdims=True) * own
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-9)
    cosine = rng.uniform(0.8, 0.95, size=(len(own), 1)).astype(np.float32)
    return np.asarray(cosine * own + np.sqrt(1 - cosine**2) * noise, np.float32)


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
    desk = desk_of(job.home, parts=("search",))
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
    spent = [_timed(partial(job.home.embedder.encode, [t.text[:4000]])) for t in asked]
    figures["embed_ticket_p50_ms"] = float(np.quantile(spent, 0.5)) * 1000
    return figures | {"resident_mb": _memory("VmRSS"), "resident_own_mb": _memory("RssAnon")}


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
    first = _FIRST + timedelta(days=365 * 3)
    return Filter(categories=(ticket.category,), states=("resolved", "closed"), opened_from=first,
                  opened_before=first + timedelta(days=730))  # fmt: skip


# --- around them ------------------------------------------------------------------------------------------------


def _base(folder: Path | None, work: Path, say: Say) -> tuple[Path, str]:
    """The home with the parents and their vectors, under ``work``."""
    if folder is None:
        folder = work / "sample-files"
        if not (folder / "links.csv").exists():
            sample.make_desk(folder)
    try:
        facts = tomllib.loads((folder / "bench.toml").read_text("utf-8"))
    except FileNotFoundError:
        facts = {"name": folder.name.removesuffix("-files")}
    with opened(folder, facts, work, say) as bench:
        if not bench.home.store.counts(KEEPER)["tickets"]:
            raise BadSetting(f"{folder} has no tickets to make others of.")
        return bench.home.folder, bench.name


def _in_a_process(step: str, said: Mapping[str, Any], say: Say) -> None:
    """Run one step and pass on how far it is."""
    command = [sys.executable, "-m", "pipelines.bench_scale", step, json.dumps({**said, "started": time.time()})]
    told = Path(said["place"]) / "progress.json"
    with subprocess.Popen(command) as process:  # noqa: S603  # this very program
        while process.poll() is None:
            time.sleep(0.2)
            try:
                what, done, total = json.loads(told.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            say(f"{said['size']:,} tickets: {what}", done, total)
    told.unlink(missing_ok=True)
    if process.returncode:
        raise StoreTrouble(f"The step {step} at {said['size']:,} tickets ended with code {process.returncode}; "
                           "what was written stays: run it again to go on.")  # fmt: skip


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
    """``python -m pipelines.bench_scale STEP JOB``: one step, its figures written beside the home."""
    step, text = arguments
    said = json.loads(text)
    place = Path(said["place"])
    job = Job(_home(Path(said["base"])), _home(place), said["size"], said["embed"], said["started"])
    steps: dict[str, Callable[[Job], dict[str, float]]] = {
        "import": _import, "vectors": _vectors, "index": _index, "serve": _serve, "recall": _recall, "add": _add,
    }  # fmt: skip
    begun = time.perf_counter()
    figures = {name: float(value) for name, value in steps[step](job).items()}
    figures |= {f"{step}_peak_mb": _memory("VmHWM"), f"{step}_cpu_seconds": time.process_time(),
                f"{step}_load": os.getloadavg()[0], "seconds": time.perf_counter() - begun}  # fmt: skip
    fresh = place / f".{step}.json"
    fresh.write_text(json.dumps(figures), "utf-8")
    fresh.replace(place / f"{step}.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
