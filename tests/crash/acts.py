"""What is killed: each act does its work in a home and says ``ack`` only when the shipped code has come back."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from kb.records import Correction, Ref
from kb.store import Store
from pipelines import erase, index, ingest, models, patterns, redacting, restore, train
from pipelines.backup import backup
from pipelines.home import Home
from pipelines.settings import Settings
from tests.crash.small import NOW, home_at, number_of, ticket

Ack = Callable[..., None]
BATCH = 8
ROWS = 40
ERASED, PERSON = 3, "Emma Hartley"


def exports(folder: Path) -> Path:
    """An export of :data:`ROWS` new tickets."""
    file = folder / "export.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = [(number_of(i, "I"), f"modem silent number{i}", f"line dead at hall {i:04d}", "Closed", "2026-10-01 08:00:00")
                for i in range(ROWS)]  # fmt: skip
        csv.writer(out).writerows([("number", "short_description", "description", "state", "opened_at"), *rows])
    return file


def _ingest(home: Home, ack: Ack) -> None:
    ingest._BATCH = BATCH
    kept = Store.write

    def write(self: Store, kind: str, records: list[object], **more: object) -> object:
        change = kept(self, kind, records, **more)  # type: ignore[arg-type]
        ack("wrote", *(one.number for one in records))  # type: ignore[attr-defined]
        return change

    Store.write = write  # type: ignore[method-assign,assignment]
    ingest.ingest(home, ingest.look(home.folder.parent / "export.csv", ingest.asked()))
    ack("imported")


def _ingest_beside(home: Home, ack: Ack) -> None:
    """The same through processes that redact what is written."""
    redacting.WORTH = 0
    redacting.workers = lambda _: 2
    _ingest(home, ack)


def _correct(home: Home, ack: Ack) -> None:
    for n in range(10, 22):
        home.store.correct(Correction(Ref("ticket", "desk", number_of(n)), "category", "a", f"new {n}", "replaced"))
        ack("corrected", f"new {n}")


def _delete(home: Home, ack: Ack) -> None:
    for n in range(20, 32):
        home.store.delete([Ref("ticket", "desk", number_of(n))])
        ack("deleted", number_of(n))


def _index(home: Home, ack: Ack) -> None:
    ack("published", "index", index.build(home, force=True).generation)


def _train(home: Home, ack: Ack) -> None:
    ack("published", "models", train.train(home, force=True).generation)


def _patterns(home: Home, ack: Ack) -> None:
    ack("published", "patterns", patterns.find(home, force=True).generation)


def _rollback(home: Home, ack: Ack) -> None:
    older = home.made.history("models")[-1]
    models.rollback(home, older, at=NOW, by="ann")
    ack("published", "models", older)


def _erase(home: Home, ack: Ack) -> None:
    erase.erase_ticket(home, number_of(ERASED), proving=False)
    ack("erased")


def _forget(home: Home, ack: Ack) -> None:
    erase.erase_person(home, PERSON, proving=False, rebuild=False)
    ack("forgotten")


def _backup(home: Home, ack: Ack) -> None:
    backup(home, home.folder.parent / "desk.backup", now=NOW, made=True, overwrite=True)
    ack("backed up")


def _restore(home: Home, ack: Ack) -> None:
    restore.restore(home.folder.parent / "kept.backup", Settings(home.folder.parent / "again"), now=NOW)
    ack("restored")


def _migrate(home: Home, ack: Ack) -> None:
    Store.open(home.folder.parent / "old" / "knowledge.db")
    ack("migrated")


def _create(home: Home, ack: Ack) -> None:
    home_at(home.folder.parent / "fresh").create()
    ack("created")


def _settings(home: Home, ack: Ack) -> None:
    for n in range(12):
        home.store.set("sure", f"0.{n + 10}", by="ann")
        ack("set", f"0.{n + 10}")


ACTS: dict[str, Callable[[Home, Ack], None]] = {
    "ingest": _ingest, "correct": _correct, "delete": _delete, "index": _index, "train": _train,
    "patterns": _patterns, "rollback": _rollback, "erase": _erase, "forget": _forget, "backup": _backup,
    "restore": _restore, "migrate": _migrate, "create": _create, "settings": _settings, "beside": _ingest_beside,
}  # fmt: skip
ABOUT: dict[str, tuple[int, float]] = {
    "ingest": (69, 0.3), "correct": (111, 0.3), "delete": (231, 0.4), "index": (257, 0.8), "train": (132, 0.8),
    "patterns": (74, 0.4), "rollback": (18, 0.2), "erase": (715, 1.7), "forget": (257, 0.4), "backup": (71, 0.3),
    "restore": (319, 0.5), "migrate": (81, 0.3), "create": (115, 0.3), "settings": (111, 0.3),
    "beside": (90, 2.0),
}  # fmt: skip
"""About how many steps and seconds each takes here."""


def writer(home: Home, ack: Ack) -> None:
    """Somebody who keeps writing, two tickets at a time, until he is killed."""
    for n in _forever():
        both = [ticket(2 * n, "W"), ticket(2 * n + 1, "W")]
        home.store.write("ticket", both)
        ack("wrote", *(one.number for one in both))


def reader(home: Home, ack: Ack) -> None:
    """Somebody who keeps asking; whatever he is told that cannot be true is acked as trouble."""
    from kb.errors import NotBuilt, SeenBeforeError
    from kb.records import EVERYONE
    from pipelines.desk import desk_of

    for n in _forever():
        fresh = home_at(home.folder)
        try:
            generation, note = fresh.made.current("index")
            if note and generation.name == fresh.made.pointers().get("index"):
                ack("trouble", f"a reader was told: {note}")
            found = desk_of(fresh, parts=("search",)).search(ticket(n % 19).text, viewer=EVERYONE)
            if not found.hits and n % 19 != ERASED:
                ack("trouble", f"a reader found nothing like ticket {n % 19}")
        except NotBuilt:
            pass  # an erasure dropped it, and the one made anew is not there yet
        except SeenBeforeError as error:
            if "no generation is whole" not in str(error) and "is damaged" not in str(error):
                ack("trouble", f"a reader was told: {error}")
        finally:
            fresh.store.close()


def _forever() -> Iterator[int]:
    n = 0
    while True:
        yield n
        n += 1


def old_home(folder: Path) -> None:
    """A store of the first schema with tickets, a link and a correction in it."""
    from alembic import command
    from alembic.config import Config

    from kb.database import MIGRATIONS, _sqlite

    folder.mkdir()
    engine, config = _sqlite(folder / "knowledge.db"), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect().execution_options(writes=True) as db, db.begin():
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(folder / "knowledge.db") as db:
        names = [row[1:4] for row in db.execute("PRAGMA table_info(tickets)")]
        for n in range(30):
            values = [_value(name, kind, needed, n) for name, kind, needed in names]
            db.execute(f"INSERT INTO tickets VALUES ({','.join('?' * len(values))})", values)
        db.execute("INSERT INTO links VALUES (1, 1, 2, NULL, 5, 'ann', 'person', 0, 1)")
        db.execute("INSERT INTO corrections VALUES (1, 2, 'category', 'a', 'b', 'replaced', 'ann', 7, '', 'm')")
        db.execute("UPDATE counter SET value = 1")
    db.close()


def _value(name: str, kind: str, needed: int, n: int) -> object:
    fixed = {"id": n + 1, "source": "desk", "number": number_of(n, "O"), "extra": "{}", "audience": "", "seq": 1,
             "opened_at": int((NOW - timedelta(days=n)).timestamp())}  # fmt: skip
    if name in fixed:
        return fixed[name]
    return (0 if kind in ("INTEGER", "BIGINT", "BOOLEAN") else f"{name} {n}") if needed else None
