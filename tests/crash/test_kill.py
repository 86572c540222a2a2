"""Killed at any step, the desk keeps what it acknowledged: the harness, short here and long in the slow run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.harness import Child
from tests.crash.planted import PLANTED, Planted
from tests.crash.small import home_at, small_home

ROOT = Path(__file__).resolve().parents[2]
of_files = pytest.mark.sqlite("what is killed writes to files")


def harness(*words: str, most: float) -> tuple[dict[str, object], str]:
    """The summary of a run, and all it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.harness", *words], cwd=ROOT, capture_output=True, text=True, timeout=most,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr[-3000:]


@of_files
def test_every_act_killed_once_at_a_step_loses_nothing() -> None:
    summary, said = harness("--points", "15", "--seed", "5", most=300)
    assert (summary["points"], summary["violated"]) == (15, 0), said
    assert int(str(summary["killed"])) >= 10, said


def test_what_is_acknowledged_is_committed_a_short_run_of_settings(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=4, made=False)

    def work(ack: Callable[..., None]) -> None:
        mine = home_at(home.folder)
        for n in range(1000):
            mine.store.set("sure", str(n))
            ack("set", str(n))

    child = Child.start(work)
    child.end(after=0.4)
    last = int(child.acks[-1][1])
    assert int(home_at(home.folder).store.settings()["sure"]) in (last, last + 1)


@pytest.mark.parametrize("one", PLANTED, ids=lambda one: one.name)
def test_a_failure_that_is_planted_has_its_one_place(one: Planted) -> None:
    assert (ROOT / one.file).read_text("utf-8").count(one.old) == 1


@of_files
@pytest.mark.slow
def test_every_planted_failure_turns_a_test_red() -> None:
    words = [sys.executable, "-m", "tests.crash.planted"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@of_files
@pytest.mark.slow
def test_two_hundred_and_more_kills_lose_nothing() -> None:
    summary, said = harness("--points", "224", "--seed", "1", most=3_600)
    assert (summary["points"], summary["violated"]) == (224, 0), said
    assert int(str(summary["killed"])) >= 200, said
