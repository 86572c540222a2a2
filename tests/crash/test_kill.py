"""Killed at any step, the desk keeps what it acknowledged: the harness, short here and long in the slow run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def harness(*words: str, most: float) -> tuple[dict[str, object], str]:
    """The summary of a run, and all it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.harness", *words], cwd=ROOT, capture_output=True, text=True, timeout=most,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr[-3000:]


def test_every_act_killed_once_at_a_step_loses_nothing() -> None:
    summary, said = harness("--points", "14", "--seed", "5", most=300)
    assert (summary["points"], summary["violated"]) == (14, 0), said
    assert int(str(summary["killed"])) >= 10, said


@pytest.mark.slow
def test_two_hundred_and_more_kills_lose_nothing() -> None:
    summary, said = harness("--points", "224", "--seed", "1", most=3_600)
    assert (summary["points"], summary["violated"]) == (224, 0), said
    assert int(str(summary["killed"])) >= 200, said
