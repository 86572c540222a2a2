"""Indexing while others write: ids and texts never part, what comes meanwhile is fresh, and a mismatch is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kb.errors import WrongEmbedder
from kb.records import EVERYONE, KEEPER, Link, Ref, Ticket
from kb.store import Store
from kb.text import prepare
from pipelines import index, patterns, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

WORDS = ["vpn tunnel", "printer toner", "outlook password", "laptop battery", "phone queue"]


def tickets(n: int, start: int = 0) -> list[Ticket]:
    return [
        prepare(Ticket("desk", f"T{i}", title=f"{WORDS[i % 5]} number{i}", body="it does not work", category=WORDS[i % 5],
                       state="closed", opened_at=datetime(2026, 1, 1 + i % 28, tzinfo=UTC)))
        for i in range(start, start + n)
    ]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(Settings(tmp_path / "home", embedder="hashing"))
    home.create()
    home.store.write("ticket", tickets(60))
    return home


def test_records_written_and_deleted_while_indexing_never_get_another_ones_vector(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Store.open(home.folder / "knowledge.db")
    facts, done = Store.facts, []

    def meddled(self: Store, *args: Any, **more: Any) -> Any:
        rows = facts(self, *args, **more)
        if self is home.store and "audience" in args[1] and not done:
            done.append(True)
            other.write("ticket", tickets(1, start=100))
            other.delete([Ref("ticket", "desk", "T3")])
        return rows

    monkeypatch.setattr(Store, "facts", meddled)
    index.build(home)
    assert done
    snapshot = home.shelves().now()
    pool = snapshot.pools["ticket"]
    records = home.store.records("ticket", pool.columns.ids.tolist(), KEEPER)
    assert {record.number for record in records} == {f"T{i}" for i in range(60) if i != 3} | {"T100"}
    expected = home.embedder.encode([record.text for record in records])
    assert (abs((pool.vectors.rows(pool.columns.ids) * expected).sum(axis=1) - 1) < 0.01).all()


def test_another_embedder_is_refused_with_the_command_wherever_something_is_asked(home: Home) -> None:
    index.build(home)
    home.store.set("embedder", "")
    desk = desk_of(Home(Settings(home.folder)))
    for ask in (
        lambda: desk.search("vpn", viewer=EVERYONE),
        lambda: desk.triage_text("vpn tunnel is down", viewer=EVERYONE),
    ):
        with pytest.raises(WrongEmbedder, match="seenbefore index"):
            ask()
    assert any("seenbefore index" in sentence for sentence in desk.warnings())


def test_a_missing_index_is_said_beside_every_answer_and_never_taken_for_not_seen(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.shelves.MOST_FRESH", 5)
    answer = desk_of(home).search("vpn tunnel number5", viewer=EVERYONE)
    assert answer.seen
    assert any("seenbefore index" in note for note in answer.notes)


def test_damaged_models_are_made_anew_by_train(home: Home) -> None:
    index.build(home)
    first = train.train(home)
    (home.folder / "made" / first.generation / "triage.skops").write_bytes(b"x")
    second = train.train(home)
    assert not second.unchanged
    assert second.generation != first.generation


def test_new_links_make_patterns_anew(home: Home) -> None:
    index.build(home)
    patterns.find(home)
    assert patterns.find(home).unchanged
    home.store.link([Link(Ref("ticket", "desk", "T1"), Ref("ticket", "desk", "T6"))])
    assert not patterns.find(home).unchanged


def test_an_open_desk_sees_what_another_process_writes(home: Home) -> None:
    index.build(home)
    desk = desk_of(home)
    assert "T70" not in [hit.record.number for hit in desk.search("number70", viewer=EVERYONE).hits]
    other = Store.open(home.folder / "knowledge.db")
    other.write("ticket", tickets(1, start=70))
    asked = "vpn tunnel number70 it does not work"
    assert desk.search(asked, viewer=EVERYONE).hits[0].record.number == "T70"
    other.write("ticket", [replace(tickets(1, start=70)[0], audience=("HR",))])
    assert "T70" not in [hit.record.number for hit in desk.search(asked, viewer=EVERYONE).hits]
