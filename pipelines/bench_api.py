"""Measure the API as programs meet it: many clients at once against a real ``serve`` process on this machine."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipelines.bench import OURS, Row
from pipelines.index import Say, quiet
from pipelines.served import SHED, asked, computed, home_of, questions, served, status_of

CLIENTS = 20
REQUESTS = 600
"""Requests of each kind, after :data:`WARM` that are not counted."""
WARM = 40


@dataclass
class Load:
    """What the clients saw: milliseconds of each good answer, and what else came."""

    ms: list[float] = field(default_factory=list)
    errors: int = 0
    shed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of computing time that the server took."""


def run(
    folder: Path | None, *, work: Path | None = None, say: Say = quiet, notes: list[str] | None = None,
    clients: int = CLIENTS, requests: int = REQUESTS,
) -> list[Row]:  # fmt: skip
    """Latencies of /search and /triage under so many clients, each of which asks again as soon as it is answered.

    ``folder`` is a home, else the sample desk is made. A key is made for the measurement and revoked after it.
    """
    with home_of(folder, work, say) as home:
        tickets = questions(home)
        made, token = home.store.add_key("bench", scopes=["search", "triage"], days=1, rate=100_000,
                                         now=datetime.now(UTC), by="bench")  # fmt: skip
        rows: list[Row] = []
        try:
            with served(home) as (port, server):
                for name, path, sent in asked(tickets):
                    say(f"/{name} with {clients} clients", len(rows), 12)
                    _loaded(port, path, token, sent, clients=clients, requests=WARM)
                    before = computed(server)
                    load = _loaded(port, path, token, sent, clients=clients, requests=requests)
                    load.cpu = computed(server) - before
                    rows += list(_rows(home.folder.name, name, load))
        finally:
            home.store.revoke_key(made.prefix, now=datetime.now(UTC), by="bench")
    if notes is not None:
        notes.append(f"{clients} clients, {requests} requests each route; server and clients share {os.cpu_count()} "
                     f"cores (load before: {os.getloadavg()[0]:.1f}).")  # fmt: skip
    return rows


def _rows(folder: str, name: str, load: Load) -> Iterator[Row]:
    n = len(load.ms)
    figures = {f"p{share}_ms": float(np.percentile(load.ms, share)) if n else float("nan") for share in (50, 95, 99)}
    figures |= {"server_cpu_ms": 1000 * load.cpu / n if n else float("nan")}
    figures |= {"per_second": n / load.seconds if load.seconds else 0.0, "errors": load.errors, "shed": load.shed}
    for metric, value in figures.items():
        yield Row(folder, "api", name, OURS, metric, value, n=n, seconds=load.seconds)


def _loaded(port: int, path: str, token: str, sent: Sequence[bytes], *, clients: int, requests: int) -> Load:
    load, left, busy = Load(), iter(range(requests)), threading.Lock()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with busy:
                at = next(left, None)
            if at is None:
                break
            started = time.perf_counter()
            status = status_of(connection, path, sent[at % len(sent)], headers)
            took = 1000 * (time.perf_counter() - started)
            with busy:
                if status == 200:
                    load.ms.append(took)
                elif status in SHED:
                    load.shed += 1
                else:
                    load.errors += 1
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    return load
