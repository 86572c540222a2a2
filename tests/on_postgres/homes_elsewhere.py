"""For tests on PostgreSQL: what a home keeps in ``knowledge.db`` is kept in a schema of its own, a copy's in a copy.

``knowledge.db`` then holds the name of the schema and the place it was made for, so that a folder that is copied is a
desk of its own. What is no such file is opened as ever: tests may put garbage or a real SQLite database there.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import psycopg

_MARK = "homes-elsewhere"
OPENED: list[Any] = []
"""Every store this process opened, so that their connections can be given back after each test."""
_DONE: list[bool] = []


def redirect() -> None:
    """Open every home's store in PostgreSQL from now on."""
    from kb.database import Database  # which may bring us here by itself

    if _DONE:
        return
    _DONE.append(True)
    real = Database.open.__func__  # type: ignore[attr-defined]

    def opened(cls: Any, place: Path | str, *, create: bool = False) -> Any:
        url = None if isinstance(place, str) and "://" in place else _elsewhere(Path(place), create)
        store = real(cls, place if url is None else url, create=create)
        if url is not None:
            OPENED.append(store)
        return store

    Database.open = classmethod(opened)  # type: ignore[method-assign,assignment]


def _elsewhere(path: Path, create: bool) -> str | None:
    server = os.environ["SB_TEST_SERVER"]
    kept = _read(path)
    if kept is None and (path.exists() or not create or not os.access(path.parent, os.W_OK)):
        return None
    here = str(path.resolve())
    if kept is None or kept[1] != here:
        schema = f"t_{secrets.token_hex(8)}"
        text = Path(os.environ["SB_TEST_DDL"]).read_text("utf-8").replace("template", schema)
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as db:
            db.execute(text)  # type: ignore[call-overload]
            if kept is not None:
                _copy(db, kept[0], schema)
        path.write_text(f"{_MARK}\n{schema}\n{here}\n", "utf-8")
        kept = schema, here
    return f"{server}?options=-csearch_path%3D{kept[0]}"


def _read(path: Path) -> tuple[str, str] | None:
    try:
        lines = path.read_bytes()[:4096].decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return (lines[1], lines[2]) if lines[0] == _MARK and len(lines) > 2 else None


def _copy(db: Any, old: str, new: str) -> None:
    """Every row and counter of one schema into another."""
    with db.transaction():
        if db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [old]).fetchone() is None:
            raise RuntimeError(f"the home that was copied lies in {old}, and this server has no such schema")
        db.execute("SET LOCAL session_replication_role = replica")  # no foreign keys, no triggers
        for (table,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [new]).fetchall():
            db.execute(f"TRUNCATE {new}.{table} CASCADE")
        for (table,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [old]).fetchall():
            db.execute(f"INSERT INTO {new}.{table} SELECT * FROM {old}.{table}")
        rows = db.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s", [old]).fetchall()
        for name, value in rows:
            if value is not None:
                db.execute(f"SELECT setval('{new}.{name}', {value})")
