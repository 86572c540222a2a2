"""A home of every earlier schema is brought forward with all that is in it, also where that was interrupted."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from kb.database import MIGRATIONS, _sqlite, _steps
from kb.records import KEEPER
from kb.store import Store

SCHEMAS = sorted(_steps())
ENDS = {"links": "target_ticket_id", "marks": "target_ticket_id"}
"""Tables in which exactly one of several ends is given."""
Rows = dict[str, list[dict[str, object]]]


def old_store(path: Path, schema: str) -> Rows:
    """A store of this schema with three rows in every table that has an id, and what stands in it."""
    engine, config = _sqlite(path), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect().execution_options(writes=True) as db, db.begin():
        config.attributes["connection"] = db
        command.upgrade(config, schema)
    meta = sa.MetaData()
    meta.reflect(engine)
    with engine.connect().execution_options(writes=True) as db, db.begin():
        for table in meta.sorted_tables:
            if table.name not in ("alembic_version", "counter", "audit", "actors"):
                db.execute(sa.insert(table), [_row(table, n) for n in (1, 2, 3)])
        db.exec_driver_sql("UPDATE counter SET value = 7")
    engine.dispose()
    return standing(path)


def _row(table: sa.Table, n: int) -> dict[str, object]:
    row: dict[str, object] = {}
    for column in table.c:
        if column.name.startswith("target_") and column.name.endswith("_id") and table.name in ENDS:
            row[column.name] = n if column.name == ENDS[table.name] else None
        elif column.foreign_keys:
            row[column.name] = n
        elif column.name == "audience":
            row[column.name] = "|HR|" if n == 3 else ""
        elif column.name == "extra":
            row[column.name] = "{}"
        elif isinstance(column.type, sa.LargeBinary):
            row[column.name] = bytes([n]) * 8
        elif isinstance(column.type, sa.Integer | sa.Float | sa.Boolean):
            row[column.name] = n if column.primary_key or not isinstance(column.type, sa.Boolean) else n % 2 == 0
        else:
            row[column.name] = f"{column.name} {n}"
    return row


def standing(path: Path) -> Rows:
    """Every row of every table."""
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: [dict(row) for row in db.execute(f"SELECT * FROM {name}")]
            for name in tables
            if not name.startswith("sqlite")
        }
    db.close()
    return found


def all_of(before: Rows, path: Path) -> None:
    """Every row and every value of before stands there now."""
    now = standing(path)
    for name, rows in before.items():
        if name in ("alembic_version", "audit", "actors"):
            continue
        assert len(now[name]) == len(rows), name
        for row in rows:
            assert any(row.items() <= other.items() for other in now[name]), (name, row)


def opened(path: Path) -> None:
    store = Store.open(path)
    assert store.schema_version == SCHEMAS[-1]
    assert store.check() == []
    assert store.audit_check().whole
    assert store.counts(KEEPER)["tickets"] == 3
    assert len([record for batch in store.each("ticket", KEEPER) for record in batch]) == 3
    assert store.seq() >= 7
    store.note("configured", "home")
    store.close()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_all_that_a_home_of_an_earlier_schema_holds_is_there_afterwards(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    before = old_store(path, schema)
    assert len(before["tickets"]) == 3
    opened(path)
    all_of(before, path)


def dying(path: Path, last: int) -> bool:
    """Open the store in a fork that kills itself at its n-th step; whether it was killed."""
    from tests.crash.killing import Steps, watch

    pid = os.fork()
    if not pid:
        watch(Steps(last))
        try:
            Store.open(path)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("schema", SCHEMAS[:-1])
def test_killed_in_the_middle_nothing_is_lost_and_the_next_opening_finishes(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    before = old_store(path, schema)
    killed = sum(dying(path, last) for last in (9, 17, 25, 33, 47, 61))
    assert killed
    opened(path)
    all_of(before, path)


def test_two_that_open_an_old_home_at_once_both_find_it_of_now(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    before = old_store(path, "0001")
    pids = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                Store.open(path).counts(KEEPER)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    opened(path)
    all_of(before, path)
