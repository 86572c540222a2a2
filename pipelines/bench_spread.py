"""Measure bulk embedding on a cluster of one machine: Dask workers as processes of their own, one more each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.errors import BadSetting, StoreTrouble
from kb.learners import Vectors
from kb.records import Ticket
from kb.tables import Asked
from kb.tables import rows as rows_of
from kb.text import prepare
from models.embedder import SentenceEmbedder
from pipelines import demo, plot, sample
from pipelines import ingest as importing
from pipelines import settings as environment
from pipelines.bench import OURS, Row
from pipelines.index import Say, quiet
from pipelines.spreading import spread

MOST = 4_000
"""Texts that are embedded each time."""
_TASK = "spread"
_WAIT, _END = 120, 30
"""Seconds that the cluster gets to begin, and to end."""


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers, each a process of its own with one thread."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: Sequence[subprocess.Popen[bytes]]


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """So many workers on this machine while it lasts. Raises ``BadSetting`` where Dask is not installed."""
    try:
        from distributed import Client
    except ImportError as error:
        raise BadSetting("Dask is not installed: `pip install distributed`.") from error
    with tempfile.TemporaryDirectory(prefix="seenbefore-cluster-") as scratch:
        folder, processes = Path(scratch), list[subprocess.Popen[bytes]]()
        said = folder / "scheduler.json"

        def start(what: str, *more: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", f"distributed.cli.{what}", "--scheduler-file", str(said), *more]
            place, of_one = Path(__file__).resolve().parents[1], environment.of_one_thread()
            made = subprocess.Popen(command, stdout=log, stderr=log, cwd=place, env=of_one)  # noqa: S603  # our own
            processes.append(made)
            return made

        with (folder / "log").open("w") as log:
            try:
                scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
                address = _address(said)
                alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder))
                made = [start("dask_worker", *alone) for _ in range(workers)]
                with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
                    client.wait_for_workers(workers, timeout=_WAIT)
                yield Cluster(address, scheduler, made)
            finally:
                _end(processes)


def run(
    file: Path | None = None, *, workers: Sequence[int] = (1, 2, 4), texts: int = MOST, say: Say = quiet,
    notes: list[str] | None = None,
) -> list[Row]:  # fmt: skip
    """Texts a second without a cluster and with so many workers, on the texts of an export, else of the sample desk.

    Each worker has one thread, so that one more can help as long as a core is idle. The vectors are compared with those
    of one machine. Raises ``BadSetting`` where the export has no texts, ``StoreTrouble`` where the cluster fails.
    """
    with tempfile.TemporaryDirectory(prefix="seenbefore-spread-") as scratch:
        said = _texts(file, Path(scratch), texts)
    name, rows = file.name if file is not None else "sample", list[Row]()
    alone, spent = _embedded(said)
    rows.append(
        Row(name, _TASK, "one process", OURS, "texts_per_second", len(said) / spent, n=len(said), seconds=spent)
    )
    for at, n in enumerate(workers):
        say("Embedding on a cluster", at, len(workers))
        with cluster(n) as made, spread("dask", made.address):
            _embedded(said[: 200 * n])
            there, spent = _embedded(said)
        split = f"{n} worker{'s' if n > 1 else ''}"
        rows += [
            Row(name, _TASK, split, OURS, "texts_per_second", len(said) / spent, n=len(said), seconds=spent),
            Row(name, _TASK, split, OURS, "same_vectors", float(np.mean((there == alone).all(axis=1))), n=len(said)),
        ]
        say("Embedding on a cluster", at + 1, len(workers))
    if notes is not None:
        notes += _drawn(rows)
        notes.append(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}; a worker has one thread, the one "
                     "process as many as there are cores; the model is loaded before the time is taken.")  # fmt: skip
    return rows


def draw(file: Path, rows: Sequence[Row]) -> None:
    """Throughput against workers. Raises ``StoreTrouble``."""
    found = [(row.split, row.value) for row in rows if row.metric == "texts_per_second"]
    plain, most = dict(found)["one process"], max(int(split.split()[0]) for split, _ in found[1:])
    curves = {"on a cluster": [(int(split.split()[0]), value) for split, value in found[1:]],
              "in one process": [(1, plain), (most, plain)]}  # fmt: skip
    plot.draw(file, curves, title="Embedding against workers of one thread", across="Dask workers", up="texts a second",
              logarithmic=False)  # fmt: skip


def _embedded(texts: Sequence[str]) -> tuple[Vectors, float]:
    embedder = SentenceEmbedder(precision="float32")
    embedder.encode(list(texts[:16]))
    started = time.perf_counter()
    vectors = embedder.encode(list(texts))
    return vectors, time.perf_counter() - started


def _texts(file: Path | None, scratch: Path, most: int) -> list[str]:
    if file is None:
        sample.make_desk(scratch)
        file = scratch / demo.FILES[0]
    rows = rows_of(importing.look(file, Asked(source=_TASK)))
    texts = list(dict.fromkeys(text for row in rows if isinstance(row, Ticket) and (text := prepare(row).text)))
    if not texts:
        raise BadSetting(f"{file.name} has no texts to embed: give an export of tickets.")
    return texts[:most]


def _drawn(rows: Sequence[Row]) -> Iterator[str]:
    """Throughput as bars."""
    found = [(row.split, row.value) for row in rows if row.metric == "texts_per_second"]
    longest, most = max(len(split) for split, _ in found), max(value for _, value in found)
    for split, value in found:
        yield f"{split:<{longest}}  {'█' * round(40 * value / most)} {value:.0f}"


def _address(said: Path) -> str:
    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        try:
            return str(json.loads(said.read_text("utf-8"))["address"])
        except (OSError, ValueError):
            time.sleep(0.1)
    raise StoreTrouble(f"No scheduler began within {_WAIT} seconds.")


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        process.terminate()
    for process in reversed(processes):
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
