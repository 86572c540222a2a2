"""Desk figures of the real ServiceNow log, counted again in another way with pandas."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from kb import measures
from kb.assumptions import Assumptions
from kb.measures import Figure, Scene, read_period
from kb.records import EVERYONE, Ticket
from kb.sla import Targets
from kb.store import Store
from kb.tables import rows, understand

SHARED = Path(os.environ.get("SEENBEFORE_SHARED") or Path(__file__).parents[3] / "shared") / "data"
LOG = SHARED / "servicenow_log" / "incidents.csv.gz"
NOW = datetime(2026, 11, 22, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="the shared data sets are not beside the project")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    opened = Store.open(tmp_path_factory.mktemp("log") / "k.db", create=True)
    opened.write("ticket", [one for one in rows(understand(LOG)) if isinstance(one, Ticket)])
    return opened


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    read = pd.read_csv(LOG, dtype=str, na_values=["?"], keep_default_na=False)
    for name in ("opened_at", "resolved_at", "closed_at"):
        read[name] = pd.to_datetime(read[name], format="%d/%m/%Y %H:%M")
    for name in ("reassignment_count", "reopen_count"):
        read[name] = read[name].astype(int)
    return read


def figures(store: Store, month: str) -> tuple[dict[str, Figure], Scene]:
    facts = measures.read(store, EVERYONE, now=int(NOW.timestamp()))
    here = Scene(facts, measures.doings(store, EVERYONE, facts), read_period(month), Targets(), Assumptions())
    before = Scene(facts, here.doings, here.period.back(), here.targets, here.assumed)
    return {one.key: one for one in measures.count(here, before)}, here


@pytest.mark.parametrize("month", ["2016-03", "2016-04", "2016-05"])
def test_every_figure_of_a_month_comes_out_as_pandas_counts_it(store: Store, table: pd.DataFrame, month: str) -> None:
    got, here = figures(store, month)
    start = pd.Timestamp(f"{month}-01")
    end = start + pd.offsets.MonthBegin()
    state = table["ident_state"].str.casefold()
    done = table[state.isin(["resolved", "closed"])].copy()
    done["done_at"] = done["resolved_at"].fillna(done["closed_at"])
    mine = done[(done["done_at"] >= start) & (done["done_at"] < end)]
    timed = mine[mine["resolved_at"].notna() & (mine["resolved_at"] >= mine["opened_at"])]
    hours = (timed["resolved_at"] - timed["opened_at"]).dt.total_seconds() / 3600
    expected = {
        "opened": ((table["opened_at"] >= start) & (table["opened_at"] < end)).sum(),
        "resolved": len(mine),
        "mttr": hours.median(), "mttr_mean": hours.mean(),
        "sla": (mine["made_sla"].str.casefold() == "true").mean(),
        "first_assignment": (mine["reassignment_count"] == 0).mean(),
        "bounces": mine["reassignment_count"].mean(),
        "reopened": (mine["reopen_count"] > 0).mean(),
        "urgent": mine["priority"].str[0].isin(["1", "2"]).mean(),
        "tied": mine["problem_id"].notna().mean(),
    }  # fmt: skip
    for key, value in expected.items():
        assert got[key].value == pytest.approx(float(value)), key
    assert got["mttr"].n == len(timed)
    waits = table[(table["opened_at"] < end) & ~state.eq("canceled")]
    left = waits[~(state[waits.index].isin(["resolved", "closed"])) | (done["done_at"].reindex(waits.index) >= end)]
    assert got["backlog"].value == len(left)
    assert [one.of for one in measures.by_priority(here, here)] == [
        int(n) for n in mine["priority"].str[0].value_counts().sort_index()
    ]


def test_first_contact_is_not_known_where_no_ticket_says_its_line(store: Store) -> None:
    got, _ = figures(store, "2016-04")
    assert got["fcr"].value is None and "which line" in got["fcr"].why
    assert got["escalated"].value is None


def test_business_hours_of_the_log_agree_with_a_walk_by_the_minute(store: Store) -> None:
    _, here = figures(store, "2016-03")
    opened, resolved = here.facts.opened[here.timed], here.facts.resolved[here.timed]
    for at in range(0, len(opened), max(1, len(opened) // 25)):
        minutes = pd.date_range(pd.Timestamp(opened[at], unit="s").ceil("min"),
                                pd.Timestamp(resolved[at], unit="s"), freq="min", inclusive="left")  # fmt: skip
        walked = ((minutes.day_of_week < 5) & (minutes.hour >= 8) & (minutes.hour < 18)).sum() / 60
        assert here.business[at] == pytest.approx(walked, abs=0.02)
