"""Records on disk, the only truth: SQLite in the home, or any database URL; nothing else here knows which."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from numpy.typing import NDArray

from kb import schema as s
from kb.errors import BadSetting, NotAHome, NotFound, StoreTrouble
from kb.learners import Vectors
from kb.records import Correction, Kind, Link, Record, Ref, Viewer
from kb.rows import from_row, moment, seconds, to_row

MIGRATIONS = Path(__file__).parent / "migrations"
_CHUNK = 400
_TABLES: dict[Kind, sa.Table] = {"ticket": s.tickets, "article": s.articles}
T = TypeVar("T")
Merge = Callable[[Record, Record], Record]


@dataclass(frozen=True, slots=True)
class Change:
    """What one write did, in records."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(self.added + other.added, self.updated + other.updated, self.unchanged + other.unchanged)


class Store:
    """Everything people gave. One writer at a time across processes; readers never wait for it."""

    def __init__(self, engine: sa.Engine, lock: Path | None) -> None:
        self._engine = engine
        self._lock = lock

    @classmethod
    def open(cls, place: Path | str, *, create: bool = False) -> Store:
        """Open a file (SQLite) or a database URL, and bring its schema up to date.

        Raises ``NotAHome`` where there is no store and ``create`` is false, or a newer version made it;
        ``StoreTrouble`` where it cannot be read or written.
        """
        if isinstance(place, str) and "://" in place and not place.startswith("sqlite:///"):
            store = cls(_server(place), None)
        else:
            path = Path(str(place).removeprefix("sqlite:///"))
            if not create and not path.exists():
                raise NotAHome(f"There is no desk in {path.parent}: run `seenbefore init` or `seenbefore demo` first.")
            store = cls(_sqlite(path), path.with_name(".writer.lock"))
        store._migrate()
        return store

    @property
    def engine_version(self) -> str:
        """Name and version of the database underneath, for ``doctor``."""
        if self._engine.dialect.name == "sqlite":
            return f"SQLite {sqlite3.sqlite_version}"
        with self._reading() as db:
            return f"{self._engine.dialect.name} {'.'.join(map(str, db.dialect.server_version_info or ()))}"

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    # --- reading -----------------------------------------------------------------------------------------------

    def seq(self) -> int:
        """The number of the last committed change; grows by one with every write."""
        with self._reading() as db:
            return int(db.scalar(sa.select(s.counter.c.value).where(s.counter.c.name == "seq")) or 0)

    def links_seq(self) -> int:
        """The number of the last change to a link."""
        with self._reading() as db:
            return int(db.scalar(sa.select(sa.func.max(s.links.c.seq))) or 0)

    def records_seq(self) -> int:
        """The number of the last change to a ticket or an article; links and corrections do not count."""
        columns = (s.tickets.c.seq, s.articles.c.seq, s.deletions.c.seq)
        with self._reading() as db:
            return max(int(db.scalar(sa.select(sa.func.max(column))) or 0) for column in columns)

    def records(self, kind: Kind, ids: Sequence[int], viewer: Viewer) -> list[Record]:
        """The records with these store ids that the viewer may see, in the order asked for."""
        table, found = _TABLES[kind], {}
        with self._reading() as db:
            for part in _chunks(list(ids)):
                query = sa.select(table).where(table.c.id.in_(part), _visible(table, viewer))
                for row in db.execute(query).mappings():
                    found[row["id"]] = from_row(kind, row)
        return [found[i] for i in ids if i in found]

    def find(self, kind: Kind, number: str, viewer: Viewer, *, source: str | None = None) -> Record:
        """The record of that number. Raises ``NotFound``, in the same words for hidden and absent ones."""
        table = _TABLES[kind]
        query = sa.select(table).where(table.c.number == number, _visible(table, viewer)).order_by(table.c.id)
        if source is not None:
            query = query.where(table.c.source == source)
        with self._reading() as db:
            row = db.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"No {kind} {number[:80]!r} here that you may see.")
        return from_row(kind, row)

    def sources(self, kind: Kind, numbers: Sequence[str]) -> dict[str, list[str]]:
        """Number → sources that have a record of it, oldest record first; numbers that nobody has are left out."""
        t, found = _TABLES[kind].c, {}  # type: tuple[Any, dict[str, list[str]]]
        with self._reading() as db:
            for part in _chunks(sorted(set(numbers))):
                for number, source in db.execute(
                    sa.select(t.number, t.source).where(t.number.in_(part)).order_by(t.id)
                ):
                    found.setdefault(number, []).append(source)
        return found

    def each(self, kind: Kind, viewer: Viewer, *, since: int = 0, batch: int = 1000) -> Iterator[list[Record]]:
        """All records changed after ``since``, by ascending id, a list of at most ``batch`` at a time."""
        table, last = _TABLES[kind], 0
        while True:
            query = sa.select(table).where(table.c.id > last, _visible(table, viewer))
            if since:
                query = query.where(table.c.seq > since)
            with self._reading() as db:
                rows = db.execute(query.order_by(table.c.id).limit(batch)).mappings().all()
            if not rows:
                return
            last = rows[-1]["id"]
            yield [from_row(kind, row) for row in rows]

    def facts(self, kind: Kind, names: Sequence[str], *, since: int = 0) -> list[Sequence[Any]]:
        """The named columns of all records changed after ``since``, by ascending id: for the program only."""
        table = _TABLES[kind]
        query = sa.select(*(table.c[name] for name in names)).order_by(table.c.id)
        with self._reading() as db:
            return list(db.execute(query.where(table.c.seq > since) if since else query).all())

    def links(self, *, since: int = 0) -> list[tuple[int, Kind, int, int | None, bool]]:
        """Every link as (ticket id, target kind, target id, seconds when made, generic), oldest first."""
        t = s.links.c
        query = sa.select(t.ticket_id, t.target_ticket_id, t.target_article_id, t.linked_at, t.generic)
        with self._reading() as db:
            rows = db.execute(query.where(t.seq > since).order_by(t.id)).all()
        return [
            (row[0], "ticket", row[1], row[3], row[4])
            if row[1] is not None
            else (row[0], "article", row[2], row[3], row[4])
            for row in rows
        ]

    def links_of(self, ticket: Record, viewer: Viewer) -> list[tuple[Link, Record]]:
        """What this ticket was linked to, with the targets the viewer may see, oldest first."""
        t = s.links.c
        with self._reading() as db:
            rows = db.execute(sa.select(s.links).where(t.ticket_id == ticket.id).order_by(t.id)).mappings().all()
        answer = []
        for row in rows:
            kind: Kind = "ticket" if row["target_ticket_id"] is not None else "article"
            target = self.records(kind, [row[f"target_{kind}_id"]], viewer)
            if target:
                made = Link(
                    ticket.ref,
                    target[0].ref,
                    moment(row["linked_at"]),
                    row["made_by"],
                    row["origin"],
                    bool(row["generic"]),
                    row["id"],
                )
                answer.append((made, target[0]))
        return answer

    def counts(self, viewer: Viewer) -> dict[str, int]:
        """How many tickets, articles and links this viewer may see; a link counts where both its ends do."""
        with self._reading() as db:
            answer = {
                f"{kind}s": int(db.scalar(sa.select(sa.func.count(table.c.id)).where(_visible(table, viewer))) or 0)
                for kind, table in _TABLES.items()
            }
            other = s.tickets.alias("other")
            joined = s.links.join(s.tickets, s.tickets.c.id == s.links.c.ticket_id)
            joined = joined.outerjoin(other, other.c.id == s.links.c.target_ticket_id)
            joined = joined.outerjoin(s.articles, s.articles.c.id == s.links.c.target_article_id)
            query = (
                sa.select(sa.func.count(s.links.c.id))
                .select_from(joined)
                .where(
                    _visible(s.tickets, viewer),
                    sa.or_(other.c.id.is_(None), _visible(other, viewer)),
                    sa.or_(s.articles.c.id.is_(None), _visible(s.articles, viewer)),
                )
            )
            answer["links"] = int(db.scalar(query) or 0)
        return answer

    def deleted_since(self, seq: int) -> list[tuple[Kind, int]]:
        """Records deleted after that change, as (kind, id)."""
        query = sa.select(s.deletions.c.kind, s.deletions.c.record_id).where(s.deletions.c.seq > seq)
        with self._reading() as db:
            return [(row[0], row[1]) for row in db.execute(query)]

    def settings(self) -> dict[str, str]:
        """Every saved setting, as text."""
        with self._reading() as db:
            return {row[0]: row[1] for row in db.execute(sa.select(s.settings.c.name, s.settings.c.value))}

    def corrections(self, *, target: str | None = None) -> list[tuple[int, Correction]]:
        """Every correction as (ticket id, correction), oldest first: for training and the record's history."""
        query = sa.select(s.corrections, s.tickets.c.source, s.tickets.c.number).join(s.tickets)
        if target is not None:
            query = query.where(s.corrections.c.target == target)
        with self._reading() as db:
            rows = db.execute(query.order_by(s.corrections.c.id)).mappings().all()
        return [
            (
                r["ticket_id"],
                Correction(
                    Ref("ticket", r["source"], r["number"]),
                    r["target"],
                    r["suggested"],
                    r["chosen"],
                    r["action"],
                    r["made_by"],
                    moment(r["made_at"]),
                    r["why"],
                    r["model"],
                ),
            )
            for r in rows
        ]

    def imports(self, most: int = 20) -> list[dict[str, Any]]:
        """The latest imports, newest first."""
        with self._reading() as db:
            rows = db.execute(sa.select(s.imports).order_by(s.imports.c.id.desc()).limit(most)).mappings()
            return [dict(row) for row in rows]

    def known_vectors(self, hashes: Sequence[str], embedder: str, dim: int) -> tuple[Vectors, NDArray[np.bool_]]:
        """Cached vectors: float32 of shape (len(hashes), dim) and which rows were found (others are zero)."""
        place: dict[str, list[int]] = {}
        for i, key in enumerate(hashes):
            place.setdefault(key, []).append(i)
        matrix, found = np.zeros((len(hashes), dim), np.float32), np.zeros(len(hashes), bool)
        t = s.vectors.c
        with self._reading() as db:
            for part in _chunks(list(place)):
                query = sa.select(t.content_hash, t.vector).where(t.embedder == embedder, t.content_hash.in_(part))
                for key, blob in db.execute(query):
                    vector = np.frombuffer(blob, np.float16)
                    if len(vector) == dim:
                        matrix[place[key]] = vector
                        found[place[key]] = True
        return matrix, found

    def missing_vectors(self, hashes: Iterable[str], embedder: str) -> set[str]:
        """Those of the hashes that have no cached vector of this embedder."""
        missing = set(hashes)
        query = sa.select(s.vectors.c.content_hash).where(s.vectors.c.embedder == embedder)
        with self._reading() as db:
            for part in db.execution_options(yield_per=10_000).scalars(query).partitions():
                missing.difference_update(part)
        return missing

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, kind: Kind, records: Sequence[Record], *, merge: Merge | None = None) -> Change:
        """Add or update records by (source, number) in one transaction; ``merge(old, new)`` decides what is kept.

        Equal content changes nothing. Numbers must not repeat within one call.
        """
        table, new, changed = _TABLES[kind], [], []
        with self._writing() as db:
            _one_writer(db)
            known = self._known(db, table, records, whole=merge is not None)
            for record in records:
                old = known.get((record.source, record.number))
                if old is not None and merge is not None:
                    record = merge(from_row(kind, old), record)
                row = to_row(record)
                if old is None:
                    new.append(row)
                elif old["fingerprint"] != row["fingerprint"]:
                    changed.append({**row, "row_id": old["id"]})
            stamp = {"seq": _next_seq(db)} if new or changed else {}
            if new:
                db.execute(sa.insert(table), [{**row, **stamp} for row in new])
            if changed:
                changed = [{**row, **stamp} for row in changed]
                values: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0] if name != "row_id"}
                db.execute(sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values), changed)
        return Change(len(new), len(changed), len(records) - len(new) - len(changed))

    def link(self, links: Sequence[Link]) -> tuple[Change, list[Link]]:
        """Save links, each once per (ticket, target, origin, by); also returns those whose ends are not here."""
        rows, moved, missing = [], [], []
        with self._writing() as db:
            _one_writer(db)
            ends = self._ids(db, {end for link in links for end in (link.ticket, link.target)})
            owners = [ends[link.ticket] for link in links if link.ticket in ends]
            known: dict[tuple[Any, ...], tuple[int, int | None, bool]] = {}
            t = s.links.c
            for part in _chunks(owners):
                query = sa.select(t.ticket_id, t.target_ticket_id, t.target_article_id, t.origin, t.made_by,
                                  t.id, t.linked_at, t.generic)  # fmt: skip
                known |= {
                    tuple(row[:5]): (row[5], row[6], row[7]) for row in db.execute(query.where(t.ticket_id.in_(part)))
                }
            for link in links:
                if link.ticket not in ends or link.target not in ends:
                    missing.append(link)
                    continue
                target = (ends[link.target], None) if link.target.kind == "ticket" else (None, ends[link.target])
                key = (ends[link.ticket], *target, link.origin, link.by)
                at = seconds(link.linked_at)
                old = known.get(key)
                if old is None:
                    known[key] = (0, at, link.generic)
                    rows.append({"ticket_id": key[0], "target_ticket_id": key[1], "target_article_id": key[2],
                                 "linked_at": at, "made_by": link.by, "origin": link.origin,
                                 "generic": link.generic})  # fmt: skip
                elif old[0] and (old[1], bool(old[2])) != (at, link.generic):
                    known[key] = (0, at, link.generic)
                    moved.append({"row_id": old[0], "linked_at": at, "generic": link.generic})
            stamp = {"seq": _next_seq(db)} if rows or moved else {}
            if rows:
                db.execute(sa.insert(s.links), [{**row, **stamp} for row in rows])
            if moved:
                names = ("linked_at", "generic", "seq")
                update = sa.update(s.links).where(t.id == sa.bindparam("row_id"))
                db.execute(
                    update.values({name: sa.bindparam(name) for name in names}), [{**row, **stamp} for row in moved]
                )
        return Change(len(rows), len(moved), len(links) - len(rows) - len(moved) - len(missing)), missing

    def delete(self, refs: Sequence[Ref]) -> int:
        """Remove records for good, with their links and corrections; returns how many there were.

        Vectors that no remaining record uses go too.
        """
        gone = 0
        with self._writing() as db:
            seq = _next_seq(db)
            for ref, record_id in self._ids(db, set(refs)).items():
                table = _TABLES[ref.kind]
                key = db.scalar(sa.select(table.c.text_hash).where(table.c.id == record_id))
                db.execute(sa.delete(table).where(table.c.id == record_id))
                db.execute(sa.insert(s.deletions), {"kind": ref.kind, "record_id": record_id, "seq": seq})
                used = any(db.scalar(sa.select(t.c.id).where(t.c.text_hash == key).limit(1)) for t in _TABLES.values())
                if not used:
                    db.execute(sa.delete(s.vectors).where(s.vectors.c.content_hash == key))
                gone += 1
        return gone

    def correct(self, correction: Correction) -> None:
        """Keep what a person said of a suggestion, for good. Raises ``NotFound`` where the ticket is not here."""
        with self._writing() as db:
            ids = self._ids(db, {correction.ticket})
            if not ids:
                raise NotFound(f"No ticket {correction.ticket.number!r} here that you may see.")
            db.execute(sa.insert(s.corrections), {
                "ticket_id": ids[correction.ticket], "target": correction.target, "suggested": correction.suggested,
                "chosen": correction.chosen, "action": correction.action, "made_by": correction.by,
                "made_at": seconds(correction.at or datetime.now(UTC)), "why": correction.why,
                "model": correction.model,
            })  # fmt: skip

    def set(self, name: str, value: str, *, by: str = "") -> None:
        """Save one setting."""
        with self._writing() as db:
            db.execute(sa.delete(s.settings).where(s.settings.c.name == name))
            row = {"name": name, "value": value, "changed_by": by, "changed_at": seconds(datetime.now(UTC))}
            db.execute(sa.insert(s.settings), row)

    def note_import(self, **row: Any) -> None:
        """Remember one import: file, source, kind, added, updated, unchanged, rejected."""
        with self._writing() as db:
            db.execute(sa.insert(s.imports), {**row, "at": seconds(datetime.now(UTC))})

    def keep_vectors(self, hashes: Sequence[str], embedder: str, matrix: Vectors) -> None:
        """Cache vectors under (content hash, embedder); those already there stay as they are."""
        rows = {key: matrix[i].astype(np.float16).tobytes() for i, key in enumerate(hashes)}
        t = s.vectors.c
        with self._writing() as db:
            for part in _chunks(list(rows)):
                query = sa.select(t.content_hash).where(t.embedder == embedder, t.content_hash.in_(part))
                known = set(db.scalars(query))
                new = [{"content_hash": k, "embedder": embedder, "vector": rows[k]} for k in part if k not in known]
                if new:
                    db.execute(sa.insert(s.vectors), new)

    def check(self) -> list[str]:
        """Sentences on what is wrong with the store itself; empty when it is whole."""
        trouble = []
        with self._reading() as db:
            if self._engine.dialect.name == "sqlite":
                verdict = [row[0] for row in db.exec_driver_sql("PRAGMA quick_check(5)")]
                trouble += [] if verdict == ["ok"] else [f"The database reports: {line}" for line in verdict]
                broken = db.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                trouble += [f"{len(broken)} rows point at records that are not there."] if broken else []
        return trouble

    # --- inside ------------------------------------------------------------------------------------------------

    def _known(self, db: sa.Connection, table: sa.Table, records: Sequence[Record], *, whole: bool) -> dict[Any, Any]:
        columns = [table] if whole else [table.c.id, table.c.source, table.c.number, table.c.fingerprint]
        known = {}
        for source in {record.source for record in records}:
            for part in _chunks([record.number for record in records if record.source == source]):
                query = sa.select(*columns).where(table.c.source == source, table.c.number.in_(part))
                known.update({(r["source"], r["number"]): r for r in db.execute(query).mappings()})
        return known

    def _ids(self, db: sa.Connection, refs: Iterable[Ref]) -> dict[Ref, int]:
        wanted: dict[tuple[Kind, str], list[str]] = {}
        for ref in sorted(refs, key=str):
            wanted.setdefault((ref.kind, ref.source), []).append(ref.number)
        found = {}
        for (kind, source), numbers in wanted.items():
            t = _TABLES[kind].c
            for part in _chunks(numbers):
                query = sa.select(t.number, t.id).where(t.source == source, t.number.in_(part))
                found.update({Ref(kind, source, row[0]): row[1] for row in db.execute(query)})
        return found

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _explained(), self._engine.connect() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One write transaction: nothing of it or all of it."""
        with _explained(), _locked(self._lock), self._engine.connect().execution_options(writes=True) as db, db.begin():
            yield db

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        script = ScriptDirectory(str(MIGRATIONS))
        head, version = script.get_current_head(), None
        with self._reading() as db:
            if sa.inspect(db).has_table("alembic_version"):
                version = db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if version == head:
            return
        if version is not None and version not in {step.revision for step in script.walk_revisions()}:
            raise NotAHome(
                f"This desk was made by a newer version (schema {version}, we know {head}): update the program."
            )
        with _explained(), _locked(self._lock), self._engine.connect().execution_options(writes=True) as db, db.begin():
            config.attributes["connection"] = db
            command.upgrade(config, "head")


def _server(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise BadSetting(
            "SEENBEFORE_DATABASE_URL cannot be used: give a SQLAlchemy URL such as postgresql+psycopg://user@host/desk "
            "and install its driver."
        ) from error


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "synchronous=FULL",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("writes") else "BEGIN")

    return engine


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    """One writer across processes (SQLite before 3.51.3 can lose commits when two write and checkpoint at once)."""
    if path is None:
        yield
        return
    with _open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _open_lock(path: Path) -> IO[str]:
    try:
        return path.open("a")
    except OSError as error:
        raise StoreTrouble(
            f"The desk in {path.parent} cannot be written ({error.strerror}): check rights and disk."
        ) from error


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise StoreTrouble(
            f"The database could not do that ({error.orig}); nothing of it was saved. "
            "Check free disk and rights on the home, then run `seenbefore doctor`."
        ) from error


def _one_writer(db: sa.Connection) -> None:
    """Keep other writers out until this transaction is done, where the database does not do so by itself."""
    if db.dialect.name != "sqlite":
        db.execute(sa.select(s.counter.c.value).where(s.counter.c.name == "seq").with_for_update())


def _next_seq(db: sa.Connection) -> int:
    """The number of this change; taking it also keeps other writers out until this one is done."""
    t = s.counter.c
    db.execute(sa.update(s.counter).where(t.name == "seq").values(value=t.value + 1))
    return int(db.scalar(sa.select(t.value).where(t.name == "seq")) or 0)


def _visible(table: sa.FromClause, viewer: Viewer) -> sa.ColumnElement[bool]:
    if viewer.sees_all:
        return sa.true()
    mine = [table.c.audience.contains(f"|{group}|", autoescape=True) for group in sorted(viewer.groups)]
    return sa.or_(table.c.audience == "", *mine)


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
