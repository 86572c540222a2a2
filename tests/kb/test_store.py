"""The store keeps what people gave: once, whole, and only for those who may see it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import schema
from kb.errors import BadSetting, NotAHome, NotFound, StoreTrouble
from kb.records import EVERYONE, KEEPER, Article, Correction, Link, Ref, Ticket, Viewer
from kb.rows import from_row, moment, pack_audience, seconds, to_row, unpack_audience
from kb.store import Change, Store

HR = Viewer("hanna", frozenset({"HR"}))


def ticket(number: str, **more: object) -> Ticket:
    return Ticket("desk", number, title=f"Title {number}", text=f"text {number}", **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "knowledge.db", create=True)


def test_the_same_tickets_twice_change_nothing(store: Store) -> None:
    batch = [ticket("1"), ticket("2")]
    assert store.write("ticket", batch) == Change(added=2)
    before = store.seq()
    assert store.write("ticket", batch) == Change(unchanged=2)
    assert store.seq() == before


def test_a_changed_ticket_is_updated_and_keeps_its_id(store: Store) -> None:
    store.write("ticket", [ticket("1")])
    old = store.find("ticket", "1", EVERYONE)
    assert store.write("ticket", [ticket("1", category="network")]) == Change(updated=1)
    new = store.find("ticket", "1", EVERYONE)
    assert (new.id, new.category) == (old.id, "network")


def test_two_tools_may_use_the_same_number(store: Store) -> None:
    store.write("ticket", [ticket("1"), replace(ticket("1"), source="other")])
    assert store.counts(EVERYONE)["tickets"] == 2
    assert store.find("ticket", "1", EVERYONE, source="other").source == "other"
    assert store.sources("ticket", ["1", "9"]) == {"1": ["desk", "other"]}


def test_a_restricted_record_is_absent_for_others_in_every_read(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2", audience=("HR",))])
    hidden = store.find("ticket", "2", HR)
    assert store.counts(EVERYONE)["tickets"] == 1
    assert store.counts(HR)["tickets"] == 2
    assert store.records("ticket", [hidden.id or 0], EVERYONE) == []
    assert [r.number for batch in store.each("ticket", EVERYONE) for r in batch] == ["1"]
    with pytest.raises(NotFound) as hidden_error:
        store.find("ticket", "2", EVERYONE)
    with pytest.raises(NotFound) as absent_error:
        store.find("ticket", "3", EVERYONE)
    assert str(hidden_error.value).replace("2", "3") == str(absent_error.value)


def test_a_group_is_its_name_to_the_letter(store: Store) -> None:
    store.write("ticket", [ticket("T1", audience=frozenset({"HR"})), ticket("T2", audience=frozenset({"hr", "IT"}))])
    for groups, seen in (({"HR"}, {"T1"}), ({"hr"}, {"T2"}), ({"Hr"}, set()), ({"IT", "HR"}, {"T1", "T2"})):
        viewer = Viewer("x", frozenset(groups))
        found = {one.number for batch in store.each("ticket", viewer) for one in batch}
        assert found == seen
        assert store.counts(viewer)["tickets"] == len(seen)


def test_a_group_name_with_wildcards_opens_nothing_else(store: Store) -> None:
    store.write("ticket", [ticket("1", audience=("HR",))])
    assert store.counts(Viewer("x", frozenset({"%", "_R", "H"})))["tickets"] == 0


def test_links_are_kept_once_and_unknown_ends_are_returned(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2")])
    store.write("article", [Article("desk", "KB1", title="How", text="How")])
    good = Link(Ref("ticket", "desk", "1"), Ref("article", "desk", "KB1"), datetime(2026, 1, 1, tzinfo=UTC))
    bad = Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "99"))
    assert store.link([good, bad]) == (Change(added=1), [bad])
    assert store.link([good]) == (Change(unchanged=1), [])
    assert [
        (link.target.number, target.title)
        for link, target in store.links_of(store.find("ticket", "1", EVERYONE), EVERYONE)
    ] == [("KB1", "How")]


def test_a_link_to_a_hidden_target_is_not_shown(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2", audience=("HR",))])
    store.link([Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))])
    one = store.find("ticket", "1", EVERYONE)
    assert store.links_of(one, EVERYONE) == []
    assert len(store.links_of(one, HR)) == 1


def test_deleting_takes_links_corrections_and_unshared_vectors_along(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2")])
    store.link([Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))])
    store.correct(Correction(Ref("ticket", "desk", "2"), "category", "a", "b", "replaced"))
    keys = [str(row[0]) for row in store.facts("ticket", ("text_hash",))]
    store.keep_vectors(keys, "e", np.eye(2, dtype=np.float32))
    mark = store.seq()
    gone = store.find("ticket", "2", KEEPER)
    assert store.delete([gone.ref]) == 1
    assert (store.links(), store.corrections()) == ([], [])
    assert store.deleted_since(mark) == [("ticket", gone.id)]
    assert store.known_vectors(keys, "e", 2)[1].tolist() == [True, False]
    assert store.check() == []


def test_a_correction_of_a_ticket_that_is_not_here_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        store.correct(Correction(Ref("ticket", "desk", "9"), "category", None, "b", "replaced"))


def test_vectors_come_back_in_the_order_asked_for(store: Store) -> None:
    store.keep_vectors(["a", "b"], "e", np.eye(2, 4, dtype=np.float32))
    matrix, found = store.known_vectors(["b", "x", "a", "b"], "e", 4)
    assert found.tolist() == [True, False, True, True]
    assert matrix.argmax(axis=1).tolist() == [1, 0, 0, 1]
    assert store.missing_vectors({"a", "x"}, "e") == {"x"}
    assert store.missing_vectors({"a"}, "another") == {"a"}


def test_only_records_move_the_watermark(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2")])
    mark = store.records_seq()
    store.link([Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))])
    store.set("x", "y")
    assert store.records_seq() == mark
    assert store.seq() > mark


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    Store.open(path, create=True).close()

    def write(who: str) -> None:
        mine = Store.open(path)
        for n in range(20):
            mine.write("ticket", [ticket(f"{who}{n}")])
        mine.close()

    threads = [threading.Thread(target=write, args=(who,)) for who in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Store.open(path).counts(KEEPER)["tickets"] == 60


def test_a_failing_batch_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(StoreTrouble):
        store.write("ticket", [ticket("1"), ticket("1")])
    assert store.counts(KEEPER)["tickets"] == 0


@pytest.mark.sqlite("opens the file")
def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    Store.open(path, create=True).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(NotAHome, match="newer version"):
        Store.open(path)


def test_no_store_is_said_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(NotAHome, match="seenbefore init"):
        Store.open(tmp_path / "knowledge.db")


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    path.write_bytes(b"not a database at all, just some bytes" * 100)
    with pytest.raises(StoreTrouble, match="seenbefore doctor"):
        Store.open(path)


@pytest.mark.sqlite("opens the file")
def test_the_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    Store.open(path, create=True).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), schema.metadata) == []
    engine.dispose()


TEXT = st.text(max_size=40)
TICKETS = st.builds(
    Ticket,
    source=st.just("desk"),
    number=st.just("1"),
    title=TEXT,
    body=TEXT,
    opened_at=st.none()
    | st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    impact=st.none() | st.integers(1, 5),
    vip=st.none() | st.booleans(),
    audience=st.lists(st.sampled_from(["HR", "Security", "Legal"]), unique=True).map(
        lambda names: tuple(sorted(names))
    ),
    extra=st.dictionaries(TEXT, TEXT, max_size=3),
)


@given(TICKETS)
@settings(max_examples=60)
def test_a_record_survives_the_way_through_a_row(one: Ticket) -> None:
    row = to_row(one)
    again = from_row("ticket", {**row, "id": 7})
    stored = {name: value.replace("\x00", "") for name, value in (("title", one.title), ("body", one.body))}
    assert again == replace(one, id=7, opened_at=moment(seconds(one.opened_at)), **stored)  # type: ignore[arg-type]
    assert to_row(replace(one))["fingerprint"] == row["fingerprint"]


@given(st.lists(st.text(alphabet="ab|c ", min_size=1, max_size=5)))
def test_an_audience_survives_packing(names: list[str]) -> None:
    packed = pack_audience(names)
    assert pack_audience(unpack_audience(packed)) == packed


def test_a_link_counts_only_where_both_its_ends_may_be_seen(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2", audience=("HR",))])
    store.link([Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))])
    assert store.counts(EVERYONE)["links"] == 0
    assert store.counts(HR)["links"] == 1


def test_a_changed_link_is_updated(store: Store) -> None:
    store.write("ticket", [ticket("1"), ticket("2")])
    link = Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))
    store.link([link])
    assert store.link([replace(link, generic=True, linked_at=datetime(2026, 1, 1, tzinfo=UTC))])[0] == Change(updated=1)
    assert [row[4] for row in store.links()] == [True]


@pytest.mark.sqlite("opens the file")
def test_a_sqlite_url_is_as_safe_as_a_file(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'knowledge.db'}", create=True)
    store.write("ticket", [ticket("1"), ticket("2")])
    store.link([Link(Ref("ticket", "desk", "1"), Ref("ticket", "desk", "2"))])
    store.delete([Ref("ticket", "desk", "2")])
    assert store.links() == []
    assert (tmp_path / ".writer.lock").exists()


@pytest.mark.parametrize("url", ["foo://x", "postgresql+nothing://u:secret@h/db", "://"])
def test_a_database_url_that_cannot_be_used_is_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="SEENBEFORE_DATABASE_URL") as error:
        Store.open(url)
    assert "secret" not in str(error.value)
