"""The bench of lasting patterns: it finds everything kept where it is, and tells where something was lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest

from kb.records import Ticket
from kb.text import prepare
from pipelines import index
from pipelines.bench import Bench, Row
from pipelines.bench_stability import extra_stability, speak, survival
from pipelines.home import Home
from pipelines.patterns import clusters_of, lay
from pipelines.settings import Settings

SAID = ("Paper jam in tray two", "VPN tunnel drops after login", "Disk volume full on server", "Outlook asks password",
        "Badge reader offline at gate", "Screen stays black", "Headset crackles in calls", "Scanner loses network",
        "Invoice cannot be posted", "Calendar shows wrong hours", "Keyboard keys missing", "Backup job failed")  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Twelve failures told of 96 times."""
    folder = tmp_path_factory.mktemp("bench")
    home = Home(Settings(folder / "home", embedder="hashing", threads=1))
    home.create()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    home.store.write("ticket", [
        prepare(Ticket("t", f"T{i}", SAID[i % 12], f"{SAID[i % 12]}, case {i}", opened_at=start + timedelta(hours=i)))
        for i in range(96)
    ])  # fmt: skip
    index.build(home)
    return Bench(folder, {"name": "tiny"}, home)


@pytest.fixture(scope="module")
def rows(bench: Bench) -> dict[tuple[str, str], Row]:
    return {(row.system, row.metric): row for row in extra_stability(bench)}


def test_ids_and_every_act_are_followed_and_kept(rows: dict[tuple[str, str], Row]) -> None:
    kept = rows["seenbefore", "ids_kept"]
    assert kept.value >= 0.9 and kept.n >= 10
    assert rows["seenbefore", "acts_survive"].value == 1
    for act in ("rename", "merge", "split", "dismiss", "not_this", "problem"):
        assert rows["seenbefore", f"{act}_survive"].n > 0
    assert 0 <= rows["numbered by size", "ids_kept"].value <= 1


def test_a_refit_that_forgets_what_was_said_is_found_out(bench: Bench) -> None:
    clusters = clusters_of(bench.pool)
    made = lay(clusters, bench.pool)
    spoken = speak(made, Random(1))
    held = survival(spoken, lay(clusters, bench.pool, old=made, said=spoken.said))
    assert all(one for kept in held.values() for one in kept)
    part = bench.pool.part(np.arange(43, 96))
    lost = survival(spoken, lay(clusters_of(part), part))
    assert not all(lost["rename"])
    assert not all(lost["problem"])
