"""Measure a desk that is used for long: clients that search, triage and write, and what becomes of memory and tails."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.records import EVERYONE, Ticket
from pipelines import settings as environment
from pipelines.bench import OURS, Row
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.served import SHED, asked, home_of, questions, served, status_of

CLIENTS = 20
MIX = {"search": 0.6, "triage": 0.3, "write": 0.1}
THINK = 1.0
"""Mean seconds between an answer and the next question of a client."""
STALE = 3.0
"""Seconds after which a client opens its connection anew: the server closes idle ones soon after."""
EVERY = 5.0
"""Seconds between two looks at the server's memory."""
SETTLED = 0.25
"""The share of the time at the beginning that does not count for the slope: caches fill."""
PARTS = (("first_index", SETTLED, 0.5), ("new_index", 0.6, 1.01))
"""Parts of the time whose slopes are told alone."""
_TASK = "soak"


@dataclass
class Seen:
    """What the clients and the watcher saw."""

    ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    errors: int = 0
    shed: int = 0
    written: set[str] = field(default_factory=set)
    """Numbers of the tickets whose writing was acknowledged."""
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    """(seconds since the beginning, resident MB, open files) of the server."""
    busy: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, status: int, took: float, written: str) -> None:
        """Count one answer; ``written`` is the number of the ticket it acknowledged, where it did."""
        with self.busy:
            if status == 200:
                self.ms[name].append(took)
                self.written |= {written} if written else set()
            elif status in SHED:
                self.shed += 1
            else:
                self.errors += 1


def run(
    folder: Path | None, *, minutes: float, work: Path | None = None, say: Say = quiet, notes: list[str] | None = None,
    clients: int = CLIENTS, seed: int = 0,
) -> list[Row]:  # fmt: skip
    """Serve a copy of the home (else of the sample desk) for so long under so many clients, and count what they saw.

    Half-way through, the index is made anew by another process, as it is every night: no request may be lost by it.
    """
    with home_of(folder, work, say) as given, tempfile.TemporaryDirectory(prefix="seenbefore-soak-") as scratch:
        home = _copy(given, Path(scratch) / "desk")
        token = home.store.add_key("soak", scopes=["search", "triage", "tickets:write"], days=1, rate=100_000,
                                   now=datetime.now(UTC), by="bench")[1]  # fmt: skip
        seen = Seen()
        with served(home) as (port, server):
            _used(seen, port, server, token, questions(home), 60 * minutes, clients, seed, home, say)
        lost = seen.written - _kept(home)
    if notes is not None:
        mix = ", ".join(f"{share:.0%} {name}" for name, share in MIX.items())
        notes.append(f"{clients} clients, {minutes:g} minutes, {THINK:g} s between answer and question on average; "
                     f"{mix}; a new index half-way.")  # fmt: skip
    return list(_rows(given.folder.name, seen, 60 * minutes, len(lost)))


def _used(seen: Seen, port: int, server: int, token: str, tickets: Sequence[Ticket], lasts: float, clients: int,
          seed: int, home: Home, say: Say) -> None:  # fmt: skip
    """Let the clients work until the time is over."""
    begun = time.monotonic()
    over = threading.Event()
    sent = {name: (path, bodies) for name, path, bodies in asked(tickets)}

    def client(number: int) -> None:
        chance = random.Random(f"{seed}-{number}")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        turn = 0
        while not over.is_set():
            turn += 1
            name = chance.choices(list(MIX), list(MIX.values()))[0]
            path, body, written = _what(name, sent, chance, f"soak-{number}-{turn}", tickets)
            at = time.perf_counter()
            status = status_of(connection, path, body, headers)
            took = 1000 * (time.perf_counter() - at)
            seen.note(name, status, took, written)
            rests = chance.expovariate(1 / THINK)
            if rests > STALE:
                connection.close()
            over.wait(rests)
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    anew: subprocess.Popen[bytes] | None = None
    try:
        while (now := time.monotonic() - begun) < lasts:
            seen.memory.append((now, *_size(server)))
            say("Minutes under load", int(now / 60), max(1, int(lasts / 60)))
            if anew is None and now > lasts / 2:
                command = [sys.executable, "-m", "pipelines", "index", "--force", "--home", str(home.folder)]
                anew = subprocess.Popen(command, cwd=str(Path(__file__).resolve().parents[1]),  # noqa: S603
                                        stdout=subprocess.DEVNULL)  # fmt: skip
            time.sleep(min(EVERY, max(0.05, lasts - now)))
    finally:
        over.set()
        for thread in threads:
            thread.join()
        if anew is not None:
            anew.wait(timeout=600)


def _what(name: str, sent: dict[str, tuple[str, list[bytes]]], chance: random.Random, number: str,
          tickets: Sequence[Ticket]) -> tuple[str, bytes, str]:  # fmt: skip
    """Path, body, and the number of the ticket where one is written."""
    if name != "write":
        path, bodies = sent[name]
        return path, chance.choice(bodies), ""
    like = chance.choice(tickets)
    ticket = {"source": "soak", "number": number, "title": like.title[:500], "body": like.body[:5_000], "state": "open"}
    return "/api/v1/tickets", json.dumps(ticket).encode(), number


def _kept(home: Home) -> set[str]:
    """Numbers of the tickets of this measurement that the store holds, read by a new opening."""
    store = Home(environment.read(home.folder)).store
    return {one.number for batch in store.each("ticket", EVERYONE) for one in batch
            if isinstance(one, Ticket) and one.source == "soak"}  # fmt: skip


def _copy(home: Home, to: Path) -> Home:
    """A home of its own, because the clients write."""
    home.store.close()
    shutil.copytree(home.folder, to)
    return Home(environment.read(to))


def _size(process: int) -> tuple[float, float]:
    """Resident memory in MB and open files of a process; zeros where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
        return pages * 4096 / 1024**2, float(len(list(Path(f"/proc/{process}/fd").iterdir())))
    except (OSError, ValueError, IndexError):
        return 0.0, 0.0


def _rows(folder: str, seen: Seen, lasts: float, lost: int) -> Iterator[Row]:
    for name, ms in seen.ms.items():
        for share in (50, 95, 99):
            value = float(np.percentile(ms, share)) if ms else float("nan")
            yield Row(folder, _TASK, name, OURS, f"p{share}_ms", value, n=len(ms), seconds=lasts)
    whole = sum(map(len, seen.ms.values()))
    looks: NDArray[np.float64] = np.array(seen.memory, np.float64).reshape(-1, 3)
    late = looks[looks[:, 0] >= SETTLED * lasts]
    figures = {"per_second": whole / lasts, "errors": float(seen.errors), "shed": float(seen.shed),
               "writes_lost": float(lost), "memory_mb": float(looks[-1, 1]) if len(looks) else 0.0}  # fmt: skip
    figures |= {f"{what}_per_hour": _slope(late[:, 0], late[:, at]) for what, at in (("mb", 1), ("files", 2))}
    for name, first, last in PARTS:  # memory steps up once, where the new index is opened beside the old one
        part = looks[(looks[:, 0] >= first * lasts) & (looks[:, 0] < last * lasts)]
        figures[f"mb_per_hour_{name}"] = _slope(part[:, 0], part[:, 1])
    for metric, value in figures.items():
        yield Row(folder, _TASK, "whole", OURS, metric, value, n=whole, seconds=lasts)


def _slope(seconds: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Growth an hour, by least squares; not a number under three looks."""
    return float(np.polyfit(seconds / 3600, values, 1)[0]) if len(seconds) > 2 else float("nan")
