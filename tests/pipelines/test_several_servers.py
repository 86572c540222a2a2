"""Several servers on one PostgreSQL: fresh within two seconds, and any of them may be killed at any moment."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.records import KEEPER
from kb.store import Store
from tests import pg
from tests.several import ROOT, Answer, Machine, environment

FRESH = 2.0
"""Seconds after which what one server confirmed is found on the other."""
_SCHEMAS = itertools.count()


@pytest.fixture
def servers(postgres: pg.Server, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """Two, with homes of their own, on one database."""
    url = postgres.schema(f"several{next(_SCHEMAS)}")
    store = Store.open(url, create=True)
    store.set("embedder", "hashing")
    _, key = store.add_key(
        "program", scopes=["search", "tickets:write", "tickets:read"], now=datetime.now(UTC), rate=90_000
    )
    store.close()
    made = tuple(Machine(tmp_path / name, url, key) for name in ("a", "b"))
    for one in made:
        one.home.mkdir()
        one.start(wait=False)
    try:
        for one in made:
            one.ready()
        yield made  # type: ignore[misc]
    finally:
        for one in made:
            one.stop()


def until_found(at: Machine, number: str, *, within: float = 30) -> float:
    """Seconds until a server finds a ticket."""
    started = time.monotonic()
    while time.monotonic() - started < within:
        if at.finds(number).told["found"]:
            return time.monotonic() - started
        time.sleep(0.02)
    raise AssertionError(f"{number} is not found after {within} seconds")


def is_sentence(said: Answer) -> bool:
    """Whether a refusal is a problem of one sentence that says when to come again."""
    return (said.status == 503 and said.media == "application/problem+json" and "retry-after" in said.headers
            and "cannot be reached just now" in said.told["detail"])  # fmt: skip


def test_what_one_server_writes_the_other_finds_and_both_outlive_a_restart_of_the_database(
    servers: tuple[Machine, Machine], postgres: pg.Server
) -> None:
    a, b = servers
    assert {a.finds("nothing yet").status, b.finds("nothing yet").status} == {200}
    waits = []
    for n, (writes, reads) in enumerate([(a, b), (b, a)] * 3):
        assert writes.write(f"SRV{n:05d}", "Printer on floor two is jammed").status == 200
        waits.append(until_found(reads, f"SRV{n:05d}"))
    assert min(waits) <= FRESH
    postgres.stop()
    try:
        said = [a.write("SRV90000", "x"), b.finds("SRV00001"), a.ask("GET", "tickets/SRV00001")]
        assert all(map(is_sentence, said)), said
        assert a.ask("GET", "health/ready").status == 503
        assert a.ask("GET", "health/live").status == 200
    finally:
        postgres.start()
    assert a.write("SRV90001", "Printer is jammed again").status == 200
    until_found(b, "SRV90001")
    assert a.finds("SRV00003").told["found"]


@pytest.mark.slow
def test_nothing_confirmed_is_lost_while_servers_and_the_database_are_killed_in_turn(
    servers: tuple[Machine, Machine], postgres: pg.Server, record_property: pytest.RecordProperty
) -> None:
    load = Load(servers)
    load.start()
    try:
        for event in ("a", "b", "database", "index", "a", "crash", "b"):
            load.run(6)
            if event in ("a", "b"):
                machine = servers["ab".index(event)]
                machine.kill()
                time.sleep(1)
                machine.start()
            elif event == "index":
                index(servers[0])
            else:
                postgres.stop(hard=event == "crash")
                time.sleep(2)
                postgres.start()
            load.run(2)
        load.run(4)
    finally:
        load.stop()
    waits = [until_found(b, number) for n in range(20) for a, b in [random.Random(n).sample(servers, 2)]
             for number in [f"END{n:04d}"] if a.write(number, "the last one").status == 200]  # fmt: skip
    told = f"{load.told()} freshness {sorted(waits)[len(waits) // 2]:.3f} s median, {max(waits):.3f} s at most"
    record_property("told", told)
    sys.stderr.write(f"\n{told}\n")
    assert load.wrong == []
    assert len(waits) == 20
    assert sorted(waits)[len(waits) // 2] <= FRESH
    store = Store.open(servers[0].url)
    there = [one.number for batch in store.each("ticket", KEEPER) for one in batch]
    assert len(there) == len(set(there))
    assert set(load.confirmed) <= set(there)
    assert set(there) - {f"END{n:04d}" for n in range(20)} <= set(load.sent)
    assert store.audit_check().whole
    assert store.check() == []
    store.close()
    for machine in servers:
        assert all(machine.finds(number).told["found"] for number in sorted(load.confirmed)[::17])


def index(machine: Machine) -> None:
    """Build the index of one server while it serves."""
    subprocess.run(
        [sys.executable, "-m", "pipelines", "index", "--home", str(machine.home)],
        cwd=ROOT, env=environment(machine.url), check=True, capture_output=True, timeout=120,
    )  # fmt: skip


class Load:
    """Programs that write to and ask of both servers without a pause, and remember what was confirmed."""

    def __init__(self, servers: tuple[Machine, Machine]) -> None:
        self._servers = servers
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, args=(at, seed)) for seed, at in enumerate(servers)
                         for work in (self._write, self._ask)]  # fmt: skip
        self.sent: list[str] = []
        self.confirmed: dict[str, float] = {}
        self.wrong: list[str] = []
        self.refused = self.unanswered = self.asked = 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def run(self, seconds: float) -> None:
        time.sleep(seconds)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def told(self) -> str:
        return (f"{len(self.sent)} sent, {len(self.confirmed)} confirmed, {self.asked} questions, "
                f"{self.refused} refused with a sentence, {self.unanswered} not answered;")  # fmt: skip

    def _write(self, at: Machine, seed: int) -> None:
        for n in itertools.count():
            if self._stop.wait(0.15):
                return
            number = f"LOAD{seed}{n:05d}"
            self.sent.append(number)
            said = at.write(number, f"The scanner number {n} of building {seed} is stuck")
            if said.status == 200:
                self.confirmed[number] = time.monotonic()
            else:
                self._no(said)

    def _ask(self, at: Machine, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stop.wait(0.1):
            known = [number for number, at_ in list(self.confirmed.items()) if time.monotonic() - at_ > FRESH]
            if not known:
                continue
            number = chance.choice(known)
            said = at.finds(number)
            self.asked += 1
            if said.status == 200 and not said.told["found"]:
                self.wrong.append(f"{number} is not found on {at.home.name}")
            elif said.status != 200:
                self._no(said)

    def _no(self, said: Answer) -> None:
        if said.status == 0:
            self.unanswered += 1
        elif said.status == 503 and said.media == "application/problem+json":
            self.refused += 1
        else:
            self.wrong.append(f"{said.status}: {said.told}")
