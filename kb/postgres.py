"""PostgreSQL underneath: its connections, its locks, what it says of changes, and its errors in words."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from kb.errors import BadSetting, NotFound, StoreAway, StoreTrouble

NAME = "postgresql"
CONNECT_WITHIN = 5
"""Seconds a server gets to answer."""
WAIT_WITHIN = 30
"""Seconds a writer waits for its turn."""
AWAY = "The database cannot be reached just now: what was not confirmed is not saved. Try again in a few seconds."
_BUSY = f"Others have been writing for more than {WAIT_WITHIN} seconds: nothing was saved. Try again in a moment."
_WRONG = (
    "SEENBEFORE_DATABASE_URL cannot be used: give a SQLAlchemy URL such as postgresql+psycopg://user@host/desk "
    "and install its driver (`pip install 'seenbefore[postgres]'`)."
)
_GONE = ("08", "57P", "53300", "25P03", "25006")
"""SQLSTATEs of a server that went, goes, is not there yet, has no room for one more, or is only a copy."""
_LOCK_NOT_AVAILABLE = "55P03"
_OUT_OF_RANGE = "22003"
_KEY = sa.func.hashtextextended
_LOSES = "what was confirmed may be lost in a power cut, set it to on"
_SAFE = {
    "server_encoding": (("UTF8",), "texts cannot be kept in it, make a database with ENCODING 'UTF8'"),
    "synchronous_commit": (("on", "remote_apply", "remote_write", "local"), _LOSES),
    "fsync": (("on",), _LOSES),
    "full_page_writes": (("on",), _LOSES),
}
_UNCHECKED = sa.text("SELECT conname FROM pg_constraint WHERE NOT convalidated AND connamespace = "
                     "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY 1")  # fmt: skip
_SESSION = (
    f"SET lock_timeout = '{WAIT_WITHIN}s'; SET idle_in_transaction_session_timeout = '10min'; "
    "SET client_min_messages = warning; SET bytea_output = hex; SET standard_conforming_strings = on"
)


def server(url: str) -> sa.Engine:
    """An engine for a PostgreSQL server; nothing is connected yet. Raises ``BadSetting``."""
    try:
        made = sa.make_url(url)
        if made.drivername == NAME:
            made = made.set(drivername=f"{NAME}+psycopg")
        if made.drivername != f"{NAME}+psycopg":
            raise BadSetting(_WRONG)
        within = {"connect_timeout": CONNECT_WITHIN, "application_name": "seenbefore", "keepalives_idle": 10,
                  "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}  # fmt: skip
        engine = sa.create_engine(made, pool_pre_ping=True, pool_size=10, max_overflow=30, pool_timeout=10,
                                  connect_args={k: v for k, v in within.items() if k not in made.query})  # fmt: skip
    except (sa.exc.ArgumentError, ImportError) as error:
        raise BadSetting(_WRONG) from error

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.autocommit = True
        connection.execute(_SESSION)
        connection.autocommit = False
        connection.adapters.register_dumper(str, _storable_text())

    @sa.event.listens_for(engine, "begin")
    def _begin(db: sa.Connection) -> None:
        if db.get_execution_options().get("writes"):
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(key("writer"))))

    return engine


def reads(engine: sa.Engine) -> sa.Engine:
    """The same connections for reading: every transaction sees one moment of the store, and cannot write."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def key(what: str) -> sa.Function[int]:
    """The number of an advisory lock of this desk: two desks in one database have different ones."""
    return _KEY(sa.literal(f"seenbefore {what} ") + sa.func.coalesce(sa.func.current_schema(), ""), 0)


def tell(db: sa.Connection, seq: int) -> None:
    """Tell every server that listens, once this transaction is committed, that the store is at this change."""
    db.execute(sa.select(sa.func.pg_notify(_channel(), str(seq))))


def _channel() -> sa.ColumnElement[str]:
    return sa.literal("seenbefore_") + sa.func.left(
        sa.func.md5(sa.func.coalesce(sa.func.current_schema(), "")), 16
    )  # fmt: skip


def listen(engine: sa.Engine, *, every: float) -> Iterator[None]:
    """Come back whenever the store was written, or at the latest after so many seconds, until the iterator is closed.

    Raises ``StoreAway`` where the connection is lost.
    """
    with explained(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        name = db.scalar(sa.select(_channel()))
        raw: Any = db.connection.driver_connection
        raw.execute(f'LISTEN "{name}"')
        try:
            while True:
                _told(raw, every)
                yield
        finally:
            db.invalidate()  # a connection that listens is not for others


def _told(connection: Any, every: float) -> None:
    """Wait for word of a change, at most so many seconds; several at once are one."""
    from psycopg import Error

    try:
        for wait in (every, 0):
            list(connection.notifies(timeout=wait, stop_after=1 if wait else None))
    except Error as error:
        raise StoreAway(AWAY) from error


def try_alone(engine: sa.Engine, what: str) -> sa.Connection | None:
    """A connection that holds the lock of this name until it is closed; ``None`` where somebody else does."""
    with explained():
        db = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if db.scalar(sa.select(sa.func.pg_try_advisory_lock(key(what)))):
            return db
        db.close()
    return None


def let_go(db: sa.Connection) -> None:
    """Give the lock of :func:`try_alone` back; a connection that is lost has given it back already."""
    db.invalidate()
    db.close()


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the server as ours, in a sentence that says what to do and not where the server is."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise StoreAway(AWAY) from error
    except sa.exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        lost = error.connection_invalidated or (state is None and isinstance(error, sa.exc.OperationalError))
        if lost or (state or "").startswith(_GONE):
            raise StoreAway(AWAY) from error
        if state == _OUT_OF_RANGE:
            raise NotFound("There is nothing here under a number that large.") from error
        if state == _LOCK_NOT_AVAILABLE:
            raise StoreTrouble(_BUSY) from error
        raise


def _storable_text() -> Any:
    """How texts go to the server: NUL is dropped and lone surrogates are replaced, since it takes neither."""
    from psycopg.types.string import StrDumper

    class Storable(StrDumper):
        def dump(self, obj: Any) -> Any:
            plain = obj.replace("\x00", "") if "\x00" in obj else obj
            try:
                return super().dump(plain)
            except UnicodeEncodeError:
                return super().dump(plain.encode("utf-8", "replace").decode("utf-8"))

    return Storable


def rewrite(engine: sa.Engine, tables: Sequence[str]) -> bool:
    """Write tables anew without what was deleted from them; false where others would not let go of one."""
    with explained(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        try:
            for name in tables:
                db.exec_driver_sql(f'VACUUM (FULL) "{name}"')
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            return False
    return True


def check(db: sa.Connection) -> list[str]:
    """Sentences on what is wrong with the server for keeping a desk; empty when nothing is."""
    said = {name: str(db.exec_driver_sql(f"SHOW {name}").scalar()) for name in _SAFE}
    trouble = [f"The server's {name} is {said[name]!r}: {why}." for name, (good, why) in _SAFE.items()
               if said[name] not in good]  # fmt: skip
    broken = db.execute(_UNCHECKED).scalars().all()
    return trouble + [f"The constraint {name} was never checked: its rows may be wrong." for name in broken]


def version(db: sa.Connection) -> str:
    """Name and version of the server, and of the driver that speaks with it."""
    driver = importlib.import_module("psycopg").__version__
    return f"PostgreSQL {'.'.join(map(str, db.dialect.server_version_info or ()))}, psycopg {driver}"
