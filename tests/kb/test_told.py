"""What a report tells of bursts and of fixes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.desk.told import burst_rows, verdict_rows
from kb.records import EVERYONE
from pipelines.desk import open_desk
from pipelines.settings import Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(sample_home: Path) -> Desk:
    return open_desk(Settings(sample_home, embedder="hashing", threads=1))


def test_the_outage_of_march_is_told_in_its_month_and_in_no_other(desk: Desk) -> None:
    march = burst_rows(desk, desk.period("2026-03"), viewer=EVERYONE, now=NOW)
    assert any(str(began).startswith("17.03.2026") for began, *_ in march)
    may = burst_rows(desk, desk.period("2026-05"), viewer=EVERYONE, now=NOW)
    assert not any(str(began).startswith("17.03.2026") for began, *_ in may)


def test_a_fix_that_did_not_hold_is_told_and_a_problem_not_resolved_is_not(desk: Desk) -> None:
    rows = verdict_rows(desk, desk.period("2026-10"), viewer=EVERYONE, now=NOW)
    told = {str(row[0]).split()[0]: row for row in rows}
    assert told["PRB0000402"][-1] == "relapsed"
    assert "PRB0000366" not in told
    assert not verdict_rows(desk, desk.period("2024-01"), viewer=EVERYONE, now=NOW)


def test_a_desk_that_cannot_judge_counts_tells_nothing(desk: Desk) -> None:
    judge, desk.rates = desk.rates, None
    try:
        assert burst_rows(desk, desk.period("2026-03"), viewer=EVERYONE, now=NOW) == []
        assert verdict_rows(desk, desk.period("2026-10"), viewer=EVERYONE, now=NOW) == []
    finally:
        desk.rates = judge
