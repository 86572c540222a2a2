"""Facts as arrays: what a viewer may see, narrowed by a filter, as of a time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from kb.columns import ASKED, Columns
from kb.records import EVERYONE, KEEPER, Filter, Viewer
from kb.words import NEVER

ROWS = [
    # id, number, category, service, group, state, audience, opened, resolved, reopened, bounced, line, priority
    (1, "a", "net", "vpn", "Network", "open", "", 100, None, 0, 1, 1, 3),
    (4, "b", "mail", "", "Desk", "closed", "|HR|", None, 200, None, 0, 2, 1),
    (9, "c", "net", "wifi", "Network", "resolved", "", 300, 400, 1, 0, 2, 2),
]


@pytest.fixture
def columns() -> Columns:
    return Columns.build("ticket", ROWS)


def test_only_what_the_viewer_may_see_is_counted(columns: Columns) -> None:
    assert columns.visible(EVERYONE).tolist() == [True, False, True]
    assert columns.visible(Viewer("h", frozenset({"HR"}))).all()
    assert ("mail", 1) not in columns.facets(EVERYONE)["category"]
    assert columns.facets(KEEPER)["category"] == [("net", 2), ("mail", 1)]


def test_filters_narrow(columns: Columns) -> None:
    def ids(wanted: Filter) -> list[int]:
        return columns.ids[columns.rows_for(KEEPER, wanted)].tolist()

    assert ids(Filter(categories=("net",), services=("wifi",))) == [9]
    assert ids(Filter(states=("closed", "resolved"))) == [4, 9]
    assert ids(Filter(kinds=("article",))) == []
    assert ids(Filter(opened_from=datetime.fromtimestamp(200, UTC))) == [9]
    assert ids(Filter(categories=("nothing",))) == []


def test_time_travel_hides_what_was_opened_later_but_not_the_undated(columns: Columns) -> None:
    assert columns.ids[columns.rows_for(KEEPER, as_of=300)].tolist() == [1, 4]


def test_the_mask_is_indexed_by_id(columns: Columns) -> None:
    mask = columns.mask(columns.rows_for(EVERYONE))
    assert np.flatnonzero(mask).tolist() == [1, 9]


def test_the_clauses_for_words_name_only_audiences_the_viewer_may_see(columns: Columns) -> None:
    assert columns.where(EVERYONE).facets["audience"] == ("",)
    assert "audience" not in columns.where(KEEPER).facets


def test_unknown_is_marked(columns: Columns) -> None:
    assert columns.numbers["resolved"].tolist() == [NEVER, 200, 400]
    assert columns.numbers["reopened"].tolist() == [0, -1, 1]


def test_fresh_rows_replace_and_deleted_ones_go(columns: Columns) -> None:
    fresh = [(9, "c", "printer", "wifi", "Network", "resolved", "|HR|", 300, 400, 1, 0, 2, 2),
             (2, "d", "net", "vpn", "Field", "open", "", 50, None, 0, 0, 1, 5)]  # fmt: skip
    fresh.sort()
    newer = columns.with_fresh(fresh, [4])
    assert newer.ids.tolist() == [1, 2, 9]
    at = {name: newer.names["category"][newer.codes["category"][i]] for i, name in enumerate("adc")}
    assert at == {"a": "net", "d": "net", "c": "printer"}
    assert newer.visible(EVERYONE).tolist() == [True, True, False]
    assert newer.places(np.array([9, 4])).tolist() == [2, -1]


def test_arrays_survive_keeping(columns: Columns) -> None:
    again = Columns.from_arrays("ticket", *columns.to_arrays())
    assert again.facets(KEEPER) == columns.facets(KEEPER)
    assert again.ids.tolist() == columns.ids.tolist()


def test_an_empty_pool_answers_with_nothing() -> None:
    empty = Columns.build("article", [])
    assert len(empty) == 0
    assert empty.facets(EVERYONE) == {"category": [], "state": []}
    assert empty.mask(empty.rows_for(EVERYONE)).tolist() == []
    assert len(ASKED["article"]) == 7
