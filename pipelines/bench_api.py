"""Measure the API as programs meet it: many clients at once against a real ``serve`` process on this machine."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import StoreTrouble
from kb.records import EVERYONE, Ticket
from pipelines import settings as environment
from pipelines.bench import OURS, Row
from pipelines.home import Home
from pipelines.index import Say, quiet

CLIENTS = 20
REQUESTS = 600
"""Requests of each kind, after :data:`WARM` that are not counted."""
WARM = 40
_QUESTIONS = 300
_UP = 180
_SHED = (429, 503)


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
    with _home(folder, work, say) as home:
        tickets = _questions(home)
        made, token = home.store.add_key("bench", scopes=["search", "triage"], days=1, rate=100_000,
                                         now=datetime.now(UTC), by="bench")  # fmt: skip
        rows: list[Row] = []
        try:
            with _served(home) as (port, server):
                for name, path, sent in _asked(tickets):
                    say(f"/{name} with {clients} clients", len(rows), 12)
                    _loaded(port, path, token, sent, clients=clients, requests=WARM)
                    before = _computed(server)
                    load = _loaded(port, path, token, sent, clients=clients, requests=requests)
                    load.cpu = _computed(server) - before
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


def _asked(tickets: Sequence[Ticket]) -> list[tuple[str, str, list[bytes]]]:
    search = [json.dumps({"text": one.text[:2_000] or one.title, "limit": 10}).encode() for one in tickets]
    triage = [json.dumps({"title": one.title[:500], "body": one.body[:5_000]}).encode() for one in tickets]
    return [("search", "/api/v1/search", search), ("triage", "/api/v1/triage", triage)]


def _questions(home: Home) -> list[Ticket]:
    """The newest tickets with words, evenly spread; always the same ones of one desk."""
    found = [one for batch in home.store.each("ticket", EVERYONE) for one in batch if isinstance(one, Ticket)]
    worded = [one for one in found if len(one.text.split()) > 2]
    if not worded:
        raise StoreTrouble("There is no ticket with words in this desk: import some with `seenbefore ingest FILE`.")
    newest = sorted(worded, key=lambda one: (one.opened_at or datetime.min.replace(tzinfo=UTC), one.id or 0))
    return newest[-_QUESTIONS:]


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
            status = _status(connection, path, sent[at % len(sent)], headers)
            took = 1000 * (time.perf_counter() - started)
            with busy:
                if status == 200:
                    load.ms.append(took)
                elif status in _SHED:
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


def _status(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> int:
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return answer.status


@contextmanager
def _home(folder: Path | None, work: Path | None, say: Say) -> Iterator[Home]:
    if folder is not None:
        home = Home(environment.read(folder))
        _ = home.store
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="seenbefore-api-") as scratch:
        from pipelines import demo

        home = Home(environment.read((work or Path(scratch)) / "sample"))
        for _ in demo.prepare(home, say=say):
            pass
        yield home


@contextmanager
def _served(home: Home) -> Iterator[tuple[int, int]]:
    """The port of a process that serves this home, once its desk is open, and its number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "pipelines", "serve", "--home", str(home.folder), "--port", str(port)]
    root = str(Path(__file__).resolve().parents[1])
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    try:
        _until_ready(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _until_ready(port: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + _UP
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/api/v1/health/ready")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.25)
    raise StoreTrouble("The desk could not be served: try `seenbefore serve` and see what it says.")


def _computed(process: int) -> float:
    """Seconds of computing time that a process took so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
