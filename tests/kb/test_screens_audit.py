"""The Audit page: what was done, by whom, narrowed down; whether the chain is whole; nobody's hidden number."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.records import EVERYONE, Ticket, Viewer
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(Settings(tmp_path / "desk", embedder="hashing", via="command line of ann"))
    home.create()
    home.store.write("ticket", [prepare(Ticket("t", "INC1", title="quokka one")),
                                prepare(Ticket("t", "HR77", title="quokka two", audience=("HR",)))])  # fmt: skip
    yield desk_of(home)
    home.store.close()


def _page(desk: object) -> None:
    from kb.records import EVERYONE
    from kb.screens import audit

    audit.page(desk, EVERYONE)  # type: ignore[arg-type]


def words(desk: Desk, **where: str) -> str:
    test = AppTest.from_function(_page, args=(desk,), default_timeout=60)
    for name, value in where.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return " ".join(_words([json.loads(part.proto.json)["nodes"] for part in _parts(test.main)]))


def _parts(part: Any) -> Iterator[Any]:
    if part.type == "bidi_component":
        yield part
    for child in getattr(part, "children", {}).values():
        yield from _parts(child)


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in node:
            yield from _words(one)
    elif isinstance(node, dict) and node.get("x") != "field":
        yield from _words(node.get("k", []))


def test_what_was_done_is_told_with_who_and_on_what(desk: Desk) -> None:
    desk.record("ticket", "INC1", viewer=Viewer("ann"))
    desk.search("quokka", viewer=Viewer("bob"))
    desk.set_rule("sure", "0.8", viewer=Viewer("cid"))
    shown = words(desk)
    for part in (
        "ann",
        "INC1",
        "saw",
        "bob",
        "searched",
        "cid",
        "configured",
        "setting sure",
        "command line of ann",
        "whole",
    ):
        assert part in shown
    assert "quokka" not in shown


def test_it_is_narrowed_down_by_person_act_and_day(desk: Desk) -> None:
    desk.record("ticket", "INC1", viewer=Viewer("ann"))
    desk.store.note("exported", "tickets", by="bob", at=datetime(2026, 1, 5, tzinfo=UTC))
    assert "all tickets" not in words(desk, by="ann")
    assert "INC1" not in words(desk, act="exported")
    assert "INC1" not in words(desk, since="2026-01-01", until="2026-01-05")
    assert "all tickets" in words(desk, since="2026-01-01", until="2026-01-05")
    assert "Nothing here." in words(desk, by="nobody")


def test_a_number_is_not_told_to_who_may_not_see_the_record(desk: Desk) -> None:
    desk.record("ticket", "HR77", viewer=Viewer("ann", frozenset({"HR"})))
    shown = words(desk)
    assert "HR77" not in shown
    assert "not yours to see" in shown


def test_long_logs_go_on_below(desk: Desk) -> None:
    with desk.store._writing() as db:
        for n in range(120):
            desk.store._note(db, "exported", "tickets", by=f"person{n}")
    first = words(desk)
    assert "person119" in first
    assert "person60" not in first
    assert "Earlier rows" in first
    assert "person60" in words(desk, before="70")


@pytest.mark.parametrize(
    "where", [{"before": "x"}, {"before": "9" * 30}, {"act": "stole"}, {"since": "yesterday"}, {"by": "<b>"}]
)
def test_an_odd_address_is_no_trouble(desk: Desk, where: dict[str, str]) -> None:
    assert "Who saw and did what?" in words(desk, **where)


def test_the_same_read_again_is_one_row_and_a_hidden_one_none(desk: Desk) -> None:
    for _ in range(5):
        desk.record("ticket", "INC1", viewer=EVERYONE)
        desk.search("quokka", viewer=EVERYONE)
    desk.search("quokka two", viewer=EVERYONE)
    with pytest.raises(Exception, match="HR77"):
        desk.record("ticket", "HR77", viewer=EVERYONE)
    assert [(one.act, one.subject) for one in desk.store.audit_entries()][:-1] == [
        ("searched", ""), ("searched", ""), ("saw", "ticket:1")]  # fmt: skip


def test_what_leaves_as_a_file_is_noted_before_it_leaves(desk: Desk) -> None:
    desk.exported("suggestions", viewer=Viewer("ann"), detail={"form": "csv"})
    assert [(one.by, one.act, one.subject) for one in desk.store.audit_entries(most=1)] == [
        ("ann", "exported", "suggestions")
    ]


def test_a_log_that_cannot_be_written_takes_nobodys_reading_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.store._writing() as db:
        if desk.store.is_shared:
            db.exec_driver_sql(
                "CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$"
            )
            db.exec_driver_sql("CREATE TRIGGER stuck BEFORE INSERT ON audit EXECUTE FUNCTION full()")
        else:
            db.exec_driver_sql("CREATE TRIGGER stuck BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    assert desk.record("ticket", "INC1", viewer=EVERYONE).number == "INC1"


def test_many_readers_at_once_are_all_noted_in_a_whole_chain(desk: Desk) -> None:
    def read(n: int) -> None:
        for at in range(5):
            desk.record("ticket", "INC1", viewer=Viewer(f"reader {n} {at}"))

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.by for one in desk.store.audit_entries(act="saw")} == {
        f"reader {n} {at}" for n in range(8) for at in range(5)
    }
    assert desk.store.audit_check().whole
