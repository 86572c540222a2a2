"""The Reports page: a period is chosen, read and taken away as a file; what cannot be shown is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.records import EVERYONE, Correction, Ticket
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings
from tests.pages import ran


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(Settings(tmp_path / "desk", embedder="hashing"))
    made.create()
    yield made
    made.store.close()


@pytest.fixture
def desk(home: Home) -> Desk:
    begin = datetime(2026, 8, 3, 9, tzinfo=UTC)
    home.store.write("ticket", [
        prepare(Ticket("t", f"I{i}", title="printer **jam**", opened_at=begin + timedelta(days=i), state="closed",
                       resolved_at=begin + timedelta(days=i, hours=3), category="<b>Print</b>"))
        for i in range(75)
    ])  # fmt: skip
    return desk_of(home)


def _page(desk: object) -> None:
    from kb.records import EVERYONE
    from kb.screens import reports

    reports.page(desk, EVERYONE)  # type: ignore[arg-type]


def draw(desk: Desk, **where: str) -> AppTest:
    return ran(_page, desk, where=where)


def _trees(part: Any) -> Iterator[Any]:
    if part.type == "bidi_component":
        yield json.loads(part.proto.json)["nodes"]
    for child in getattr(part, "children", {}).values():
        yield from _trees(child)


def words(test: AppTest) -> str:
    """All text that went to the browser."""

    def of(node: Any) -> str:
        if isinstance(node, list):
            return " ".join(map(of, node))
        if isinstance(node, dict):
            return f"{of(node.get('head'))} {of(node.get('k', []))} {node.get('label', '')}"
        return node or ""

    return " ".join(of(tree) for part in test.main for tree in _trees(part))


def test_the_page_opens_at_the_last_whole_month_and_reads_like_the_report(desk: Desk) -> None:
    said = words(draw(desk))
    assert "October 2026, beside September 2026." in said
    assert "In October 2026, 16 tickets were opened" in said and "15 fewer" not in said.split("opened", 1)[0]
    assert "Tickets opened in the period." in said  # the definition, folded
    assert "<b>Print</b>" in said  # a ticket's words stay words


def test_the_address_names_the_period(desk: Desk) -> None:
    assert "The week from 12 October 2026" in words(draw(desk, period="2026-W42"))
    assert "is no period" in words(draw(desk, period="yesterday"))
    assert "they run from 2026-08 to 2026-10" in words(draw(desk, period="2026-05"))


def test_an_empty_desk_says_what_to_do(home: Home) -> None:
    assert "seenbefore ingest FILE" in words(draw(desk_of(home)))


def test_a_desk_that_can_make_no_files_offers_none(desk: Desk) -> None:
    assert len(draw(desk).get("download_button")) == 3
    desk.report_with = None
    assert not draw(desk).get("download_button")


def test_what_is_said_or_written_after_figures_were_read_counts_at_once(desk: Desk) -> None:
    period, now = desk.period("2026-10"), datetime(2026, 11, 22, tzinfo=UTC)

    def figure(key: str) -> float | None:
        return {one.key: one.value for one in desk.figures(period, viewer=EVERYONE, now=now)}[key]

    assert (figure("accepted"), figure("opened")) == (None, 16)
    kept = desk._counted[EVERYONE].facts
    ref = Ticket("t", "I70").ref
    desk.store.correct(Correction(ref, "category", "A", "A", "accepted", by="x", at=datetime(2026, 10, 3, tzinfo=UTC)))
    assert figure("accepted") == 1.0
    assert desk._counted[EVERYONE].facts is kept  # nothing but what was said is read again
    desk.store.write("ticket", [Ticket("t", "new", opened_at=datetime(2026, 10, 9, tzinfo=UTC), state="open")])
    assert figure("opened") == 17
