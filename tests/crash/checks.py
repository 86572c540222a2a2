"""What must be true of a home after anything was killed at any moment; sentences on what is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.database import LOCKS
from kb.errors import Damaged, NotBuilt, SeenBeforeError
from kb.records import EVERYONE, KEEPER
from kb.store import Store
from pipelines import erase, index, restore
from pipelines.backup import backup
from pipelines.desk import desk_of
from pipelines.doctor import examine
from pipelines.generations import COMMANDS
from pipelines.home import Home, load_index
from pipelines.prove import prove
from pipelines.settings import Settings
from tests.crash.acts import BATCH, ERASED, ROWS
from tests.crash.small import NOW, home_at, number_of

Acks = Sequence[Sequence[str]]


def violations(folder: Path, act: str, acks: Acks, spare: Sequence[Path] = ()) -> list[str]:
    """Everything that is not as it must be; an empty list where all is."""
    try:
        return [*_violations(home_at(folder), act, acks)]
    except SeenBeforeError as error:
        return [f"it says: {error}"]
    except (OSError, LookupError, TypeError, ValueError, AttributeError, sqlite3.Error) as error:
        return [f"it fell over: {type(error).__name__}: {error}"]


def _violations(home: Home, act: str, acks: Acks) -> Iterable[str]:
    yield from (ack[1] for ack in acks if ack[0] == "trouble")
    yield from _beside(home, act, acks)
    yield from _orphans(home)  # before anything is opened or mended
    store = home.store
    yield from store.check()
    yield from store.audit_check().trouble
    yield from _written(home, act, acks)
    if act in ("erase", "forget"):
        yield from _forgotten(home, act, acks)
    yield from _made(home, act, acks)
    yield from _answers(home, act, acks)
    named = [finding.said for finding in examine(home) if finding.what == "leftovers"]
    litter = home.made.litter()
    if bool(litter) != named[0][0].isdigit():
        yield f"doctor says {named[0]!r} of {litter}"
    index.build(home, force=True)
    yield from (f"still there after the next build: {path}" for path in home.made.litter())


def _orphans(home: Home) -> Iterable[str]:
    """Files that nothing explains."""
    made, known = home.made.root, {home.made.root / name for name in (".lock", "current.json", "models")}
    known |= {made / name for part in COMMANDS for name in home.made.history(part)} | set(home.made.litter())
    known |= {home.folder / name for name in ("knowledge.db", "knowledge.db-wal", "knowledge.db-shm", *LOCKS, "made", "reports")}  # fmt: skip
    there = [*home.folder.iterdir(), *(made.iterdir() if made.exists() else ())]
    yield from (f"an orphan: {path.name}" for path in there if path not in known)


def _written(home: Home, act: str, acks: Acks) -> Iterable[str]:
    with sqlite3.connect(home.folder / "knowledge.db") as db:
        numbers = [row[0] for row in db.execute("SELECT number FROM tickets")]
        chosen = [row[0] for row in db.execute("SELECT chosen FROM corrections")]
        sure = db.execute("SELECT value FROM settings WHERE name = 'sure'").fetchone()
    db.close()
    if len(numbers) != len(set(numbers)):
        yield "a ticket is there twice"
    there = set(numbers)
    for ack in acks:
        if ack[0] == "wrote":
            yield from (f"{number} was acknowledged and is lost" for number in ack[1:] if number not in there)
        if ack[0] == "deleted" and ack[1] in there:
            yield f"{ack[1]} was deleted and is back"
        if ack[0] == "corrected" and chosen.count(ack[1]) != 1:
            yield f"the correction {ack[1]!r} is there {chosen.count(ack[1])} times"
    sets = [ack[1] for ack in acks if ack[0] == "set"]
    if sets and float(sure[0]) < float(sets[-1]):
        yield f"the setting {sets[-1]} was acknowledged, but {sure[0]} is there"
    yield from _batches(there)
    erased = number_of(ERASED)
    whole = {number_of(n) for n in range(48)} - ({erased} if act == "erase" else set())
    gone = whole - there - {number_of(n) for n in range(20, 32) if act == "delete"}
    yield from (f"{number} was there before and is lost" for number in gone)


def _batches(there: set[str]) -> Iterable[str]:
    """Batches that are there in part."""
    for start in range(0, ROWS, BATCH):
        found = sum(number_of(n, "I") in there for n in range(start, start + BATCH))
        if found not in (0, BATCH):
            yield f"{found} of the {BATCH} rows of a batch were written"
    pairs = {number[1:] for number in there if number[0] == "W"}
    yield from (f"half a pair was written: {one}" for one in pairs if f"{int(one) ^ 1:04d}" not in pairs)


def _made(home: Home, act: str, acks: Acks) -> Iterable[str]:
    for part in COMMANDS:
        try:
            generation, note = home.made.current(part)
        except NotBuilt:
            if act not in ("erase", "forget"):
                yield f"no {part} is published any more"
            continue
        except Damaged as error:
            yield f"a published generation is damaged: {error}"
            continue
        yield from [note] if note else []
        mine = [ack[2] for ack in acks if ack[:2] == ["published", part]]
        if mine and generation.name != mine[-1]:
            yield f"{mine[-1]} was published, but {generation.name} serves"
        if part == "index":
            load_index(generation)
            if int(generation.facts["watermark"]) > home.store.records_seq():
                yield "the index knows more than the store"


def _answers(home: Home, act: str, acks: Acks) -> Iterable[str]:
    desk = desk_of(home_at(home.folder))
    deleted = {ack[1] for ack in acks if ack[0] == "deleted"}
    fresh = [ack[-1] for ack in acks if ack[0] == "wrote"][-1:]
    for number in [*sorted(deleted)[:2], *fresh]:
        hits = {hit.record.number for hit in desk.search(number, viewer=EVERYONE).hits}
        if (number in hits) != (number not in deleted):
            yield f"{number} is {'still' if number in deleted else 'not'} found"


def _forgotten(home: Home, act: str, acks: Acks) -> Iterable[str]:
    """An erasure was done, or not begun, or can be taken up."""
    store, texts = home.store, [f"place t-{ERASED:04d}", number_of(ERASED)] if act == "erase" else ["Hartley"]
    with sqlite3.connect(home.folder / "knowledge.db") as db:
        stands = db.execute("SELECT count(*) FROM tickets WHERE number = ?", (texts[-1],)).fetchone()[0] if act == "erase" else (
            db.execute("SELECT count(*) FROM tickets WHERE body LIKE '%Hartley%'").fetchone()[0])  # fmt: skip
    db.close()
    acked, pending = any(ack[0] in ("erased", "forgotten") for ack in acks), store.erasing() is not None
    if acked and stands:
        yield "what was erased is back"
    if pending:
        if not any("erase finish" in finding.said for finding in examine(home)):
            yield "doctor does not name an erasure that was stopped"
        done = erase.finish(home, rebuild=False, proving=False)
        if store.erasing() is not None:
            yield f"an erasure cannot be finished: {done and done.notes}"
    if not stands:
        found = prove(home.folder, texts)
        yield from (
            f"erased (pending {pending}, done {acked}), but {trace.text} stands in {trace.file}"
            for trace in found.found
        )


def _beside(home: Home, act: str, acks: Acks) -> Iterable[str]:
    """What the act made beside the home."""
    place = home.folder.parent
    done = bool([ack for ack in acks if ack[0] in ("backed up", "restored", "migrated", "created")])
    if act == "backup":
        file = place / "desk.backup"
        if file.exists():
            restore.verify(file)
        elif done:
            yield "the backup was acknowledged and is not there"
        backup(home, file, now=NOW, overwrite=True)
        yield from (f"left beside the backup: {path.name}" for path in place.glob(".desk.backup*"))
    if act == "restore":
        if done != home_at(place / "again").exists and done:
            yield "the home was restored and is not there"
        if not home_at(place / "again").exists:
            restore.restore(place / "kept.backup", Settings(place / "again"), now=NOW)
        again = home_at(place / "again")
        yield from again.store.check()
        if again.store.counts(KEEPER)["tickets"] != 48 or again.index()[1]:
            yield "the restored home is not whole"
        index.build(again, force=True)
        if (place / "again" / ".restore").exists():
            yield "a restore left its folder"
    if act in ("migrate", "create"):
        path = place / ("old" if act == "migrate" else "fresh") / "knowledge.db"
        if not path.exists():
            if done:
                yield "the store was acknowledged and is not there"
            return
        store = Store.open(path)
        yield from store.check()
        found = (store.counts(KEEPER)["tickets"], len(store.links()), len(store.corrections()))
        if found != ((30, 1, 1) if act == "migrate" else (0, 0, 0)):
            yield f"after the {act} there are {found} tickets, links, corrections"
        if not Store.knows(store.schema_version):
            yield "the schema is not of now"
