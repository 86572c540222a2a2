"""What a long measurement says of memory, errors and lost writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import bench_soak
from pipelines.bench_soak import Seen


def test_memory_that_grows_shows_as_a_slope_and_the_beginning_does_not_count() -> None:
    seen = Seen(memory=[(float(at), 500.0 if at < 900 else 800.0 + at / 36, 40.0) for at in range(0, 3600, 60)])
    found = {row.metric: row.value for row in bench_soak._rows("desk", seen, 3600.0, 0) if row.split == "whole"}
    assert found["mb_per_hour"] == pytest.approx(100.0)
    assert found["files_per_hour"] == pytest.approx(0.0, abs=1e-6)


def test_the_step_where_the_index_is_made_anew_is_no_slope_of_the_time_after_it() -> None:
    seen = Seen(memory=[(float(at), 500.0 if at < 1_900 else 800.0, 40.0) for at in range(0, 3600, 60)])
    found = {row.metric: row.value for row in bench_soak._rows("desk", seen, 3600.0, 0) if row.split == "whole"}
    assert found["mb_per_hour"] > 100
    assert abs(found["mb_per_hour_first_index"]) + abs(found["mb_per_hour_new_index"]) < 1e-6


def test_a_write_that_was_acknowledged_and_is_not_there_is_counted() -> None:
    found = {row.metric: row.value for row in bench_soak._rows("desk", Seen(errors=2, shed=5), 60.0, 3)}
    assert (found["errors"], found["shed"], found["writes_lost"]) == (2, 5, 3)


@pytest.mark.slow
def test_half_a_minute_of_many_clients_loses_nothing(sample_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(sample_home, tmp_path / "desk"))
    rows = bench_soak.run(home, minutes=0.5, clients=8)
    found = {row.metric: row.value for row in rows if row.split == "whole"}
    assert (found["errors"], found["writes_lost"]) == (0, 0)
    assert found["per_second"] > 0
