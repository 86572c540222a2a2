"""Bulk work gives the same result wherever it is done, also when a worker dies in the middle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kb.errors import BadSetting, StoreTrouble
from models.classifier import learn_targets, predict_targets
from models.embedder import SentenceEmbedder
from models.hashing import HashingEmbedder
from models.spread import Backend, active, spread_over
from pipelines import bench_spread, neighbours
from pipelines.bench_spread import Cluster
from pipelines.spreading import spread

WORDS = {"mail": "outlook mailbox calendar invite sender", "print": "printer toner paper tray spooler",
         "vpn": "tunnel token gateway certificate remote"}  # fmt: skip


def _texts(n: int) -> tuple[list[str], list[str], list[str]]:
    chance = np.random.default_rng(5)
    kinds = [list(WORDS)[i % 3] for i in range(n)]
    texts = [" ".join(chance.choice(WORDS[kind].split(), 4)) + f" user {i % 17} floor {i % 5}" for i, kind in
             enumerate(kinds)]  # fmt: skip
    return texts, kinds, ["1" if i % 5 < 3 else "2" for i in range(n)]


def _learnt(texts: list[str], **targets: list[str]) -> dict[str, Any]:
    vectors = HashingEmbedder().encode(texts)
    later = {"category": np.arange(len(texts) - 40, len(texts))}
    learnt = learn_targets(texts, vectors, targets, later=later, seed=3)
    assert learnt.trials.keys() == {"category"}
    said = predict_targets(learnt.models, texts[:60], vectors[:60])
    return {**said, "trial": learnt.trials["category"].proba, "views": {id(m.views) for m in learnt.models.values()}}


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Equal but for the last bits, which depend on where in memory an array lies, also on one machine."""
    return all(np.abs(one[name] - two[name]).max() < 1e-12 for name in ("category", "line", "trial"))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    with bench_spread.cluster(2) as made:
        yield made


def test_without_a_backend_nothing_is_sent_anywhere() -> None:
    with spread("") as said:
        assert (said, active()) == ("", None)


def test_a_backend_serves_as_long_as_it_is_asked_for() -> None:
    one = Backend("threading")
    with spread_over(one):
        assert active() is one
        with spread_over(None):
            assert active() is None
    assert active() is None


def test_processes_of_this_machine_learn_the_same_as_its_threads() -> None:
    texts, kinds, lines = _texts(240)
    plain = _learnt(texts, category=kinds, line=lines)
    with spread("processes"):
        spread_out = _learnt(texts, category=kinds, line=lines)
    assert _same(plain, spread_out)
    assert len(spread_out["views"]) == 1, "what was sent back is shared again"


def test_what_workers_lose_is_given_out_again_and_not_without_end() -> None:
    given: list[int] = []

    def fails(shared: None, n: int) -> int:
        given.append(n)
        if len(given) == 3:
            raise ConnectionResetError
        return n * n

    backend = Backend("sequential", lost=(ConnectionResetError,))
    assert list(backend.run(fails, [(n,) for n in range(5)])) == [0, 1, 4, 9, 16]

    def never(shared: None, n: int) -> int:
        raise ConnectionResetError

    with pytest.raises(StoreTrouble, match="lost again and again"):
        list(backend.run(never, [(1,)]))


@pytest.mark.parametrize(
    ("name", "scheduler", "error", "says"),
    [("spark", "", BadSetting, "processes or dask"), ("dask", "", BadSetting, "--scheduler tcp"),
     ("", "tcp://127.0.0.1:9", BadSetting, "--backend dask"),
     ("dask", "tcp://127.0.0.1:9", StoreTrouble, "No scheduler answers")],
)  # fmt: skip
def test_an_engine_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, scheduler: str, error: type[Exception], says: str
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("pipelines.spreading._WAIT", 1)
    with pytest.raises(error, match=says), spread(name, scheduler):
        pass


def test_a_dask_cluster_learns_and_looks_for_neighbours_as_one_machine_does(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, kinds, lines = _texts(240)
    vectors = np.random.default_rng(1).normal(size=(3_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0
    monkeypatch.setattr(neighbours, "_AT_ONCE", 500)
    plain, near = _learnt(texts, category=kinds, line=lines), neighbours.indexed(vectors, 5)
    with spread("dask", cluster.address) as said:
        assert "2 workers" in said
        assert _same(plain, _learnt(texts, category=kinds, line=lines))
        for one, two in zip(near, neighbours.indexed(vectors, 5), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_nothing(cluster: Cluster) -> None:
    vectors = np.random.default_rng(1).normal(size=(60_000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = neighbours.indexed(vectors, 5)
    with spread("dask", cluster.address):
        backend = active()
        assert backend is not None
        jobs = [(n, 0.2) for n in range(40)]
        found = []
        for one in backend.run(_slowly, jobs, shared=_Shared(3)):
            found.append(one)
            if len(found) == 5:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)
        assert found == [3 * n for n in range(40)]
        for one, two in zip(near, neighbours.indexed(vectors, 5), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_a_cluster_embeds_the_same_vectors(cluster: Cluster) -> None:
    chance = np.random.default_rng(2)
    words = np.array(" ".join(WORDS.values()).split())
    texts = [" ".join(chance.choice(words, int(chance.integers(3, 120)))) for _ in range(1_500)]
    plain = SentenceEmbedder(precision="float32").encode(texts)
    with spread("dask", cluster.address):
        np.testing.assert_array_equal(SentenceEmbedder(precision="float32").encode(texts), plain)


@pytest.mark.slow
def test_the_throughput_of_a_cluster_is_measured_and_its_vectors_are_those_of_one_machine() -> None:
    notes: list[str] = []
    rows = bench_spread.run(workers=(2,), texts=300, notes=notes)
    assert [(row.split, row.metric) for row in rows] == [
        ("one process", "texts_per_second"), ("2 workers", "texts_per_second"), ("2 workers", "same_vectors")
    ]  # fmt: skip
    assert all(row.value > 0 for row in rows)
    assert rows[-1].value == 1.0
    assert notes[0].startswith("one process") and "█" in notes[1]


class _Shared:
    def __init__(self, by: int) -> None:
        self.by = by


def _slowly(shared: _Shared, n: int, seconds: float) -> int:
    time.sleep(seconds)
    return shared.by * n
