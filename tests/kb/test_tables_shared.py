"""The real sets beside the project go in whole: every row a record, nothing refused."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from kb.records import Ticket
from kb.tables import rows, understand

SHARED = Path(os.environ.get("SEENBEFORE_SHARED") or Path(__file__).parents[3] / "shared") / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not beside the project")


@pytest.mark.parametrize(
    ("file", "preset", "records"),
    [
        ("gl_assignment/tickets.csv.gz", "benchmark", 6_800),
        ("it_service_tickets/tickets.csv.gz", "benchmark", 47_837),
        ("thunderbird/tickets.csv.gz", "benchmark", 29_891),
        ("thunderbird/articles.csv.gz", "articles", 590),
        ("thunderbird/links.csv", "links", 4_448),
    ],
)
def test_a_shared_set_goes_in_whole(file: str, preset: str, records: int) -> None:
    understood = understand(SHARED / file)
    assert understood.preset.name == preset
    counts = Counter(type(one).__name__ for one in rows(understood))
    assert list(counts.values()) == [records]


def test_the_log_is_day_first_and_its_question_marks_are_nothing() -> None:
    understood = understand(SHARED / "servicenow_log" / "incidents.csv.gz")
    assert (understood.preset.name, understood.dates) == ("servicenow", "day")
    made = [one for one in rows(understood) if isinstance(one, Ticket)]
    assert len(made) == 24_918
    assert not any(
        "?" in (one.caller, one.assignment_group, one.problem, one.category, *one.extra.values()) for one in made
    )
    assert {one.priority for one in made} == {1, 2, 3, 4}
    assert all(one.opened_at is not None and one.subcategory != "?" for one in made)


def test_the_two_lines_and_the_split_columns_are_kept() -> None:
    made = [one for one in rows(understand(SHARED / "gl_assignment" / "tickets.csv.gz")) if isinstance(one, Ticket)]
    assert {one.line for one in made} == {1, 2}
    assert all({"split", "duplicate_group"} <= set(one.extra) for one in made)
