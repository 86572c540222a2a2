"""The database underneath: one connection pool, one writer at a time, steps from schema to schema, errors in words."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from kb import postgres
from kb import schema as s
from kb.disk import is_read_only
from kb.errors import NotAHome, StoreTrouble
from kb.privacy.sealing import Sealer
from kb.records import Viewer

MIGRATIONS = Path(__file__).parent / "migrations"
_CHUNK = 400
_PAGES = 2_000
"""Pages of a store copied between two signs of progress."""
T = TypeVar("T")
LOCKS = (".writer.lock", ".train.lock")
"""Files in a home that hold nothing: who has one open and locked is alone at his work."""
ON_A_SERVER = "The store is a database server: back it up with its own tools, such as pg_dump."
"""Why and what instead, where a backup file is asked for."""


class Database:
    """An opened database whose schema is up to date."""

    sealer: Sealer | None = None
    """Opens and closes what is kept sealed; ``None`` where no key was given."""

    def __init__(self, engine: sa.Engine, lock: Path | None) -> None:
        self._engine = engine
        self._reads = postgres.reads(engine) if self.is_shared else engine
        self._lock = lock

    @property
    def is_shared(self) -> bool:
        """Whether it lies on a PostgreSQL server, where other machines may write too; else it is a SQLite file."""
        return self._engine.dialect.name == postgres.NAME

    @classmethod
    def open(cls, place: Path | str, *, create: bool = False) -> Self:
        """Open a file (SQLite) or a database URL, and bring its schema up to date.

        Raises ``NotAHome`` where there is no store and ``create`` is false, or a newer version made it;
        ``StoreTrouble`` where it cannot be read or written.
        """
        store = cls.at(place, create=create)
        try:
            store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def at(cls, place: Path | str, *, create: bool = True) -> Self:
        """The same as it is, of whatever schema, or empty."""
        if isinstance(place, str) and "://" in place and not place.startswith("sqlite:///"):
            return cls(postgres.server(place), None)
        path = Path(str(place).removeprefix("sqlite:///"))
        if not create and not path.exists():
            raise NotAHome(f"There is no desk in {path.parent}: run `seenbefore init` or `seenbefore demo` first.")
        return cls(_sqlite(path), path.with_name(".writer.lock"))

    @property
    def engine_version(self) -> str:
        """Name and version of the database underneath, for ``doctor``."""
        if not self.is_shared:
            return f"SQLite {sqlite3.sqlite_version}"
        with self._reading() as db:
            return postgres.version(db)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def alone(self, what: str, *, waits: Callable[[], None]) -> Iterator[None]:
        """Do a long work that only one process of all servers may do at a time, such as training.

        ``waits`` is called every second while another does it. A process that dies lets the next one in.
        """
        if self.is_shared:
            held = postgres.try_alone(self._engine, what)
            while held is None:
                waits()
                time.sleep(1)
                held = postgres.try_alone(self._engine, what)
            try:
                yield
            finally:
                postgres.let_go(held)
        elif self._lock is None:
            yield
        else:
            with _open_lock(self._lock.with_name(f".{what}.lock")) as file:
                while not _got(file):
                    waits()
                    time.sleep(1)
                yield

    def changes(self, *, every: float) -> Iterator[None]:
        """Come back soon after the store was written by anybody, and at the latest after so many seconds, for ever.

        Raises ``StoreAway`` where the connection is lost; what was written meanwhile is in :meth:`seq` of the store.
        """
        if self.is_shared:
            yield from postgres.listen(self._engine, every=every)
        while True:
            time.sleep(every)
            yield

    def check(self) -> list[str]:
        """Sentences on what is wrong with the store itself; empty when it is whole."""
        trouble = []
        with self._reading() as db:
            if not self.is_shared:
                verdict = [row[0] for row in db.exec_driver_sql("PRAGMA quick_check(5)")]
                trouble += [] if verdict == ["ok"] else [f"The database reports: {line}" for line in verdict]
                broken = db.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                trouble += [f"{len(broken)} rows point at records that are not there."] if broken else []
            else:
                trouble += postgres.check(db)
        return trouble

    def empty_journal(self) -> bool:
        """Move what was written into the database file itself; whether nothing is left in the journal."""
        if self.is_shared:
            return True
        with self._explained(), self._engine.connect() as db:
            raw = db.connection.driver_connection  # outside of any transaction
            busy = None if raw is None else raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return busy is not None and busy[0] == 0

    @property
    def schema_version(self) -> str:
        """The step its schema is at."""
        with self._reading() as db:
            return str(db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

    @classmethod
    def knows(cls, version: str) -> bool:
        """Whether a store of this schema can be opened here; one of a newer program cannot."""
        return version in _steps()

    def snapshot(self, path: Path, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Copy the store as it is at this moment to a new file, while others read and write it.

        ``progress`` is called with pages left and pages in all. Raises ``StoreTrouble`` where it cannot be written, or
        where the store is a server.
        """
        if self.is_shared:
            raise StoreTrouble(ON_A_SERVER)
        with self._explained(), self._engine.connect() as db:
            db.scalar(sa.select(s.counter.c.value).limit(1))  # from here on this reader sees one state
            raw = db.connection.driver_connection
            if raw is None:
                raise StoreTrouble("The store was closed meanwhile: run it again.")
            try:
                with closing(sqlite3.connect(path)) as copy:
                    raw.backup(copy, pages=_PAGES, progress=lambda _, left, total: progress and progress(left, total))
            except sqlite3.Error as error:
                raise StoreTrouble(
                    f"The copy of the store cannot be written ({error}): check free disk and rights on {path.parent}."
                ) from error

    # --- inside ------------------------------------------------------------------------------------------------

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the database in words; those of a server are told first by what it says of itself."""
        try:
            with postgres.explained() if self.is_shared else nullcontext():
                yield
        except sa.exc.DBAPIError as error:
            raise StoreTrouble(
                f"The database could not do that ({error.orig}); nothing of it was saved. "
                "Check free disk and rights on the home, then run `seenbefore doctor`."
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._explained(), self._reads.connect() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One write transaction: nothing of it or all of it."""
        with self._explained(), _locked(self._lock), self._engine.connect() as db:
            db.execution_options(writes=True)
            with db.begin():
                yield db

    @contextmanager
    def _taking(self) -> Iterator[sa.Connection]:
        """A short write to a queue: it locks the rows it takes and not the store, where the database can do that."""
        if self.is_shared:
            with self._explained(), self._engine.begin() as db:
                yield db
        else:
            with self._writing() as db:
                yield db

    @contextmanager
    def held(self) -> Iterator[sa.Connection]:
        """Read one moment of the store while nobody writes to it, for as long as it takes."""
        with self._writing() as lock:
            if self.is_shared:
                lock.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            with self._reading() as db:
                yield db

    @contextmanager
    def filling(self) -> Iterator[sa.Connection]:
        """One write transaction that makes the schema too, where there is none."""
        with self._writing() as db:
            _upgrade(db)
            yield db

    def _migrate(self) -> None:
        script = ScriptDirectory(str(MIGRATIONS))
        head, version = script.get_current_head(), None
        with self._reading() as db:
            if sa.inspect(db).has_table("alembic_version"):
                version = db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if version == head:
            return
        if version is not None and version not in _steps():
            raise NotAHome(
                f"This desk was made by a newer version (schema {version}, we know {head}): update the program."
            )
        with self._writing() as db:
            _upgrade(db)


def _steps() -> set[str]:
    return {step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _upgrade(db: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")


_PRAGMAS = ("foreign_keys=ON", "busy_timeout=30000", "synchronous=FULL", "secure_delete=ON")


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS if record.info["only read"] else ("journal_mode=WAL", *_PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")

    been_there: list[int] = []

    @sa.event.listens_for(engine, "do_connect")
    def _connecting(_: Any, record: Any, where: list[Any], how: dict[str, Any]) -> None:
        if been_there:
            _there(path)  # or SQLite would make an empty one
        # SQLite would want to write its journal beside it, even to read.
        how["uri"] = record.info["only read"] = _cannot_change(path)
        where[0] = f"{path.absolute().as_uri()}?immutable=1" if how["uri"] else str(path.absolute())

    @sa.event.listens_for(engine, "checkout")
    def _still_there(_: Any, record: Any, __: Any) -> None:
        file = _there(path)
        been_there[:] = [file]
        another = record.info.setdefault("file", file) != file  # was put in its place: what is open leads nowhere
        if another or (record.info["only read"] and not _cannot_change(path)):
            raise sa.exc.DisconnectionError

    @sa.event.listens_for(engine, "begin")
    def _begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("writes") else "BEGIN")

    return engine


def _there(path: Path) -> int:
    """Which file it is now."""
    try:
        return path.stat().st_ino
    except OSError as error:
        raise StoreTrouble(
            f"The store {path} is gone ({error.strerror}): nothing was saved; bring it back with `seenbefore restore`."
        ) from error


def _cannot_change(path: Path) -> bool:
    """Whether the file lies on a disk that nobody can write to, with all of the store in the file itself."""
    journal = path.with_name(f"{path.name}-wal")
    return is_read_only(path) and not (journal.exists() and journal.stat().st_size)


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    """One writer across processes (SQLite before 3.51.3 can lose commits when two write and checkpoint at once)."""
    if path is None:
        yield
        return
    with _open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _got(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_lock(path: Path) -> IO[str]:
    try:
        return path.open("a")
    except OSError as error:
        raise StoreTrouble(
            f"The desk in {path.parent} cannot be written ({error.strerror}): check rights and disk."
        ) from error


def one_writer(db: sa.Connection) -> None:
    """Keep other writers out until this transaction is done, where the database does not do so by itself."""
    if db.dialect.name == postgres.NAME:
        db.execute(sa.select(s.counter.c.value).where(s.counter.c.name == "seq").with_for_update())


def next_seq(db: sa.Connection) -> int:
    """The number of this change; taking it also keeps other writers out until this one is done."""
    t = s.counter.c
    db.execute(sa.update(s.counter).where(t.name == "seq").values(value=t.value + 1))
    seq = int(db.scalar(sa.select(t.value).where(t.name == "seq")) or 0)
    if db.dialect.name == postgres.NAME:
        postgres.tell(db, seq)
    return seq


def visible(table: sa.FromClause, viewer: Viewer) -> sa.ColumnElement[bool]:
    if not viewer.reads:
        return sa.false()
    if viewer.sees_all:
        return sa.true()
    # Not LIKE: that of SQLite takes "hr" for "HR".
    mine = [sa.func.replace(table.c.audience, f"|{group}|", "") != table.c.audience for group in sorted(viewer.groups)]
    return sa.or_(table.c.audience == "", *mine)


def chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
