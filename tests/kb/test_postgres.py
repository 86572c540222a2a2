"""What only shows on a real PostgreSQL: its locks, its moments, its word of changes, and what it does when it goes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kb import schema as s
from kb.errors import BadSetting, NotAHome, NotFound, StoreAway, StoreTrouble
from kb.hookbook import TAKEN
from kb.privacy.sealing import Sealer
from kb.records import EVERYONE, KEEPER, Ref, Ticket
from kb.store import Store
from kb.text import prepare
from tests import pg

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_SCHEMAS = itertools.count()


@pytest.fixture
def url(postgres: pg.Server) -> str:
    return postgres.schema(f"s{next(_SCHEMAS)}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = Store.open(url, create=True)
    made.sealer = Sealer(b"k" * 32)
    yield made
    made.close()


@pytest.fixture
def other(store: Store, url: str) -> Iterator[Store]:
    made = Store.open(url)
    yield made
    made.close()


def ticket(number: str, title: str = "VPN drops", **more: object) -> Ticket:
    return prepare(Ticket("desk", number, title=title, **more))  # type: ignore[arg-type,return-value]


def test_the_migrations_make_exactly_the_schema_there_too(store: Store) -> None:
    with store._engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, s.metadata) == []
    assert store.check() == []
    assert store.engine_version.startswith("PostgreSQL 1")


def test_two_servers_that_start_on_an_empty_database_at_once_make_one_schema(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(Store.open, [url] * 4))
    assert [one.seq() for one in made] == [0] * 4
    assert made[0].check() == []
    for one in made:
        one.close()


def test_two_desks_in_one_database_know_nothing_of_each_other(store: Store, postgres: pg.Server) -> None:
    second = Store.open(postgres.schema(f"s{next(_SCHEMAS)}"), create=True)
    store.write("ticket", [ticket("1")])
    assert second.counts(KEEPER)["tickets"] == second.seq() == 0
    with store.alone("train", waits=lambda: None), second.alone("train", waits=lambda: pytest.fail("waits")):
        pass
    with store.held():
        assert second.write("ticket", [ticket("2")]).added == 1
    second.close()


def test_what_it_takes_no_text_of_is_dropped_on_the_way(store: Store) -> None:
    store.write("ticket", [ticket("1", "a\x00b\ud800c", extra={"note": "nul \x00"})])
    store.set("x\x00y", "nul \x00 and \udc00")
    found = store.find("ticket", "1\x00", EVERYONE)
    assert found.title == "ab?c"
    assert store.settings()["xy"] == "nul  and ?"


@pytest.mark.parametrize("statement", ["UPDATE audit SET detail = ''", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_server_itself_refuses_to_change_the_log(store: Store, statement: str) -> None:
    store.set("sure", "0.9", by="ann")
    with pytest.raises(sa.exc.DBAPIError, match="only ever added to"), store._engine.begin() as db:
        db.exec_driver_sql(statement)
    assert store.audit_check().whole
    assert store.audit_head().id == 1


def test_a_log_without_its_guards_is_found_out(store: Store) -> None:
    store.set("sure", "0.9", by="ann")
    with store._engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_no_update")
    assert "triggers" in " ".join(store.audit_check().trouble)


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(store: Store, other: Store) -> None:
    store.write("ticket", [ticket(str(i)) for i in range(3)])
    with store._reading() as db:
        count = sa.select(sa.func.count()).select_from(s.tickets)
        before = db.scalar(count)
        other.write("ticket", [ticket("9")])
        assert db.scalar(count) == before == 3
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            db.execute(sa.delete(s.tickets))


def test_writers_take_turns_and_every_change_has_a_number_of_its_own(store: Store, other: Store) -> None:
    def write(job: tuple[Store, int]) -> int:
        job[0].write("ticket", [ticket(f"{job[1]}-{n}") for n in range(3)])
        job[0].change("count", lambda old: str(int(old or 0) + 1))
        return job[0].seq()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [((store, other)[n % 2], n) for n in range(24)]))
    assert store.seq() == 24
    assert store.settings()["count"] == "24"
    assert store.counts(KEEPER)["tickets"] == 72
    with store._reading() as db:
        assert sorted(db.scalars(sa.select(s.tickets.c.seq).distinct())) == list(range(1, 25))
    assert store.audit_check().whole


def test_a_change_is_told_to_who_listens_at_once(store: Store, other: Store) -> None:
    words = other.changes(every=30.0)
    threading.Timer(0.5, lambda: store.write("ticket", [ticket("1")])).start()
    started = time.monotonic()
    next(words)
    assert time.monotonic() - started < 10
    assert other.seq() == 1
    words.close()  # type: ignore[attr-defined]


def test_one_trains_and_the_others_wait_until_it_is_done_or_dead(store: Store, url: str) -> None:
    code = (
        "import sys, time; from kb.store import Store\n"
        "with Store.open(sys.argv[1]).alone('train', waits=lambda: None): print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, cwd=Path.cwd()) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"in\n"
        waited = []

        def waits() -> None:
            waited.append(1)
            first.kill()

        with store.alone("train", waits=waits):
            assert waited


def test_on_sqlite_too_one_trains_at_a_time(tmp_path: Path) -> None:
    store, waited = Store.open(tmp_path / "knowledge.db", create=True), threading.Event()
    done: list[int] = []

    def second() -> None:
        with store.alone("train", waits=waited.set):
            done.append(2)

    with store.alone("train", waits=lambda: pytest.fail("waits for nobody")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        done.append(1)
    thread.join(10)
    assert done == [1, 2]


def test_each_message_goes_to_one_worker_though_many_ask_and_comes_back_where_that_one_died(
    store: Store, other: Store
) -> None:
    hook = store.add_hook("chat", way="out", now=NOW, url="https://chat.example/x", events=["burst"])
    for n in range(40):
        store.queue_message(hook.id, "burst", str(n), {"n": n}, now=NOW)

    def work(at: Store) -> list[int]:
        taken = []
        while (message := at.take_due_message(now=NOW)) is not None:
            taken.append(message.id)
        return taken

    with ThreadPoolExecutor(6) as pool:
        taken = list(itertools.chain(*pool.map(work, [store, other] * 3)))
    assert sorted(taken) == list(range(1, 41))
    assert other.take_due_message(now=NOW + TAKEN - timedelta(seconds=1)) is None
    assert other.take_due_message(now=NOW + TAKEN) is not None


def test_a_message_can_be_taken_while_somebody_writes_for_long(store: Store, other: Store) -> None:
    hook = store.add_hook("chat", way="out", now=NOW, url="https://chat.example/x", events=["burst"])
    store.queue_message(hook.id, "burst", "1", {}, now=NOW)
    with store._writing():
        assert other.take_due_message(now=NOW) is not None


def test_a_server_that_goes_is_one_sentence_and_comes_back_by_itself(postgres: pg.Server, store: Store) -> None:
    store.write("ticket", [ticket("1")])
    words = store.changes(every=0.2)
    next(words)
    postgres.stop(hard=True)
    try:
        for ask in (store.seq, lambda: store.write("ticket", [ticket("2")]), lambda: next(words)):
            with pytest.raises(StoreAway, match="cannot be reached just now") as error:
                ask()
            assert "127.0.0.1" not in str(error.value)
    finally:
        postgres.start()
    assert store.seq() == 1
    store.write("ticket", [ticket("2")])
    assert store.counts(KEEPER)["tickets"] == 2
    assert store.check() == []


def test_a_transaction_that_loses_its_server_leaves_nothing(store: Store, other: Store) -> None:
    with pytest.raises(StoreAway), store._writing() as db:
        db.execute(sa.insert(s.settings), {"name": "a", "value": "b", "changed_by": ""})
        with other._engine.begin() as second:
            second.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%'")
            )
        db.execute(sa.insert(s.settings), {"name": "c", "value": "d", "changed_by": ""})
    assert store.settings() == {}


@pytest.mark.slow
def test_a_writer_that_waits_too_long_is_told_so(store: Store, other: Store) -> None:
    with store._writing(), pytest.raises(StoreTrouble, match="Others have been writing"), other._writing():
        pytest.fail("two write at once")


def test_a_number_no_record_can_have_is_no_trouble_of_the_store(store: Store) -> None:
    assert store.records("ticket", [1], EVERYONE) == []
    with pytest.raises(NotFound):
        store.undo(1 << 40, by="ann")


def test_numbers_are_compared_as_sqlite_does_and_deleted_ones_are_not_given_again(store: Store) -> None:
    store.write("ticket", [ticket("a"), ticket("B"), ticket("ä")])
    store.delete([Ref("ticket", "desk", "ä")])
    store.write("ticket", [ticket("ö")])
    assert [one.id for one in store.page("ticket", KEEPER)] == [1, 2, 4]


def file_of(store: Store, postgres: pg.Server, table: str) -> bytes:
    """What of a table lies on the server's disk."""
    with store._engine.connect() as db:
        name = db.exec_driver_sql(f"SELECT pg_relation_filepath('{table}')").scalar()
        db.commit()
        db.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CHECKPOINT")
    return (postgres.folder / "data" / str(name)).read_bytes()


def test_what_was_deleted_is_in_no_file_of_the_table_any_more(store: Store, postgres: pg.Server) -> None:
    store.write("ticket", [ticket(str(n), f"zorilla {n}") for n in range(50)])
    store.delete([Ref("ticket", "desk", str(n)) for n in range(50)])
    assert store.shrink()
    assert file_of(store, postgres, "tickets") == b""


def test_an_open_secret_that_was_sealed_is_in_no_file_of_the_table_any_more(store: Store, postgres: pg.Server) -> None:
    secret = store.add_hook("tool", way="in", now=NOW).secret
    with store._writing() as db:
        db.execute(sa.update(s.hooks).values(secret=secret))
    assert secret.encode() in file_of(store, postgres, "hooks")
    assert store.seal_secrets() == 1
    assert secret.encode() not in file_of(store, postgres, "hooks")


def test_a_desk_that_is_refused_keeps_no_connection(store: Store, url: str) -> None:
    def connected() -> int:
        with store._engine.connect() as db:
            return int(db.exec_driver_sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'desk'").scalar_one())

    with store._writing() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = connected()
    with pytest.raises(NotAHome, match="newer version") as refused:
        Store.open(url)
    assert connected() == before, refused.value  # it is held here, and with it the store


def test_a_server_that_may_lose_what_was_confirmed_is_a_finding(store: Store) -> None:
    with store._engine.begin() as db:
        db.exec_driver_sql("SET synchronous_commit = off")
    assert any("synchronous_commit" in line and "power cut" in line for line in store.check())


@pytest.mark.parametrize("url", ["mysql://u:secret@h/db", "postgresql+psycopg2://u:secret@h/db"])
def test_another_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="SEENBEFORE_DATABASE_URL") as error:
        Store.open(url)
    assert "secret" not in str(error.value)


@pytest.mark.slow  # `make test-postgres` runs all of them there
def test_the_tests_of_the_store_pass_on_postgresql_too(postgres: pg.Server) -> None:
    """The same tests as on SQLite, every home in a schema of its own, in a session of their own."""
    if pg.SERVER in os.environ:
        pytest.skip("they all run so here")
    files = ["tests/kb/test_store.py", "tests/kb/test_marks.py"]
    flow = "tests/pipelines/test_index.py"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files, flow],
        env={**os.environ, pg.SWITCH: "postgres"}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-3000:]
