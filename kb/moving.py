"""Moving a store to another database: everything or nothing, each table counted and compared row by row."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kb import postgres
from kb import schema as s
from kb.database import Database
from kb.disk import sync
from kb.errors import BadSetting, NotAHome, StoreTrouble

BATCH = 2_000
_ALL = 1 << 256
_BORN_WITH = frozenset({"counter"})
"""Tables that a new store has a row in."""
Say = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """One table as it stands in both stores."""

    table: str
    rows: int
    digest: str
    """Hex of the sum of the rows' SHA-256: the same for the same rows, in whatever order."""


def move(source: Path | str, target: Path | str, *, say: Say) -> list[Moved]:
    """Copy a store into an empty place; says what stands there now, table by table.

    The source is only read, and nobody can write to it meanwhile. The target is filled in one transaction, read again
    and compared before that is committed; a file appears under its name only then. Whatever goes wrong, both are as
    they were. Raises ``NotAHome`` where there is no store or one of another version, ``BadSetting`` where the target is
    not empty, ``StoreTrouble`` where either cannot be read or written or the two differ.
    """
    old = Database.at(source, create=False)
    try:
        if isinstance(target, Path):
            return _into_file(old, target, say)
        new = Database.at(target)
        try:
            return _copied(old, new, say)
        finally:
            new.close()
    finally:
        old.close()


def _into_file(old: Database, path: Path, say: Say) -> list[Moved]:
    if path.exists():
        raise BadSetting(f"There is a desk in {path.parent} already: give an empty folder to move to.")
    part = path.with_name(f"{path.name}.moving")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop(part)
        new = Database.at(part)
        try:
            made = _copied(old, new, say)
        finally:
            new.close()
        sync(part)
        part.rename(path)
        sync(path.parent)
    except OSError as error:
        raise StoreTrouble(f"The store cannot be written to {path.parent} ({error.strerror}): check disk and rights.") \
            from error  # fmt: skip
    finally:
        with contextlib.suppress(OSError):
            _drop(part)
    return made


def _drop(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _copied(old: Database, new: Database, say: Say) -> list[Moved]:
    made = []
    with old.held() as rows, new.filling() as db:
        _ready(rows, db)
        known = {table.name for table in s.metadata.sorted_tables}
        if strange := set(sa.inspect(rows).get_table_names()) - known - {"alembic_version", "sqlite_sequence"}:
            raise StoreTrouble(
                f"The store has tables that are not ours, such as {sorted(strange)[0]!r}: nothing moved."
            )
        db.execute(sa.delete(s.counter))
        for table in s.metadata.sorted_tables:
            total = int(rows.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
            sent = _read(table, rows, lambda n: say(f"Moving {table.name}", n, total), into=db)  # noqa: B023 - used at once
            there = _read(table, db, lambda n: say(f"Comparing {table.name}", n, total))  # noqa: B023 - likewise
            if sent != there:
                raise StoreTrouble(f"The {table.name} differ after the move ({sent[0]:,} rows, then {there[0]:,}): "
                                   "nothing was moved.")  # fmt: skip
            _counted_on(table, rows, db)
            made.append(Moved(table.name, sent[0], f"{sent[1]:064x}"))
    return made


def _ready(rows: sa.Connection, db: sa.Connection) -> None:
    """Raise where there is nothing to move, or something in its way."""
    if not sa.inspect(rows).has_table("alembic_version"):
        raise NotAHome("There is no desk to be moved: say where it is, a home or a database URL.")
    versions = [one.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() for one in (rows, db)]
    if versions[0] != versions[1]:
        raise NotAHome(f"The desk to be moved has the schema {versions[0]}, this version has {versions[1]}: "
                       "run `seenbefore status` on it with this version of the program first.")  # fmt: skip
    for table in s.metadata.sorted_tables:
        if table.name not in _BORN_WITH and db.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise BadSetting("There is a desk in the database already: give an empty one (or an empty schema of it).")


def _read(
    table: sa.Table, db: sa.Connection, told: Callable[[int], None], *, into: sa.Connection | None = None
) -> tuple[int, int]:
    """How many rows a table has, and the sum of their hashes; ``into`` gets them, ``told`` how many so far."""
    done = digest = 0
    for part in _parts(table, db):
        if into is not None:
            into.execute(sa.insert(table), part)
        done += len(part)
        digest = (digest + sum(map(_hash, part))) % _ALL
        told(done)
    return done, digest


def _parts(table: sa.Table, db: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    floats = [c.name for c in table.c if isinstance(c.type, sa.Float)]
    found = db.execute(sa.select(table), execution_options={"yield_per": BATCH})
    for part in found.mappings().partitions(BATCH):
        yield [_plain(row, floats) for row in part]


def _plain(row: Mapping[Any, Any], floats: Sequence[str]) -> dict[str, Any]:
    """A row as both databases can hold it: PostgreSQL takes no NUL in a text."""
    plain = {name: value.replace("\x00", "") if isinstance(value, str) else value for name, value in row.items()}
    return {**plain, **{name: float(plain[name]) for name in floats if plain[name] is not None}}


def _hash(row: Mapping[str, Any]) -> int:
    told = json.dumps(row, sort_keys=True, ensure_ascii=True, default=lambda blob: f"0x{bytes(blob).hex()}")
    return int.from_bytes(hashlib.sha256(told.encode()).digest(), "big")


def _counted_on(table: sa.Table, rows: sa.Connection, db: sa.Connection) -> None:
    """Let ids go on where they stopped, also behind rows that are gone: an id is never given twice."""
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return
    last = max(_last(table, rows), int(rows.scalar(sa.select(sa.func.max(table.c.id))) or 0))
    if not last:
        return
    if db.dialect.name == postgres.NAME:
        db.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last)))
        return
    sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    db.execute(sa.delete(sequence).where(sequence.c.name == table.name))
    db.execute(sa.insert(sequence), {"name": table.name, "seq": last})


def _last(table: sa.Table, rows: sa.Connection) -> int:
    if rows.dialect.name == postgres.NAME:
        query = sa.select(sa.func.pg_sequence_last_value(
            sa.cast(sa.func.pg_get_serial_sequence(table.name, "id"), sa.dialects.postgresql.REGCLASS)
        ))  # fmt: skip
    else:
        query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name").bindparams(name=table.name)  # type: ignore[assignment]
    return int(rows.scalar(query) or 0)
