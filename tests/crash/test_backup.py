"""A backup is whole, of one moment, and brings the same desk back; a broken one brings nothing."""

from __future__ import annotations

import gzip
import io
import json
import random
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kb.errors import BadSetting, Damaged, NotAHome, SeenBeforeError, StoreTrouble
from kb.privacy.strongbox import PIECE, SealedReader, SealedWriter
from kb.records import KEEPER, Ref
from kb.store import Store
from pipelines import backup as backing
from pipelines import doctor, erase, restore
from pipelines.backup import backup
from pipelines.home import Home
from pipelines.settings import Settings, read
from tests import pg
from tests.crash.small import NOW, answers, home_at, rows_of, small_home, ticket

WORD = "correct horse battery staple"
of_a_file = pytest.mark.sqlite("a backup is of a file")


@pytest.fixture(autouse=True, scope="module")
def cheap_keys() -> Iterator[None]:
    """Keys are made hundreds of times here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.privacy.strongbox._COST", 1 << 8)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small home, built; tests only read it and back it up."""
    home = small_home(tmp_path_factory.mktemp("backup") / "desk")
    (home.folder / "reports").mkdir()
    (home.folder / "reports" / "drift.json").write_text("[]")
    return home


@pytest.fixture(scope="module")
def plain(built: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "desk.backup"
    backup(built, file, now=NOW)
    return file


@pytest.fixture(scope="module")
def sealed(built: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "desk.sealed"
    backup(built, file, now=NOW, passphrase=WORD, made=True)
    return file


def bring_back(file: Path, folder: Path, *, passphrase: str = "") -> Home:
    restore.restore(file, Settings(folder), passphrase=passphrase, now=NOW)
    return home_at(folder)


@of_a_file
def test_a_restored_home_answers_the_same_questions_with_the_same_hits(
    built: Home, sealed: Path, tmp_path: Path
) -> None:
    again = bring_back(sealed, tmp_path / "new", passphrase=WORD)
    assert answers(again) == answers(home_at(built.folder))
    assert sorted(again.made.pointers()) == ["index", "models", "patterns"]
    assert again.store.audit_check().whole
    assert (again.folder / "reports" / "drift.json").read_text() == "[]"
    findings = {finding.what: finding for finding in doctor.examine(again) if not finding.ok}
    assert findings == {}


@of_a_file
def test_without_what_was_made_every_row_is_back_and_an_index_brings_the_same_answers(
    built: Home, plain: Path, tmp_path: Path
) -> None:
    from pipelines import index, patterns, train

    again = bring_back(plain, tmp_path / "new")
    mine, theirs = rows_of(again), rows_of(built)
    theirs["settings"] = [row for row in theirs["settings"] if row[0] != backing.MEMORY]
    mine["settings"] = [row for row in mine["settings"] if row[0] != backing.MEMORY]
    assert mine == theirs
    index.build(again)
    train.train(again)
    patterns.find(again)
    hits = [(q, [number for number, _ in found]) for q, found in answers(again)]
    assert hits == [(q, [number for number, _ in found]) for q, found in answers(home_at(built.folder))]


@of_a_file
def test_a_backup_taken_while_others_write_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.database._PAGES", 5)  # many steps, so that writers come in between
    home = small_home(tmp_path / "desk", made=False)
    done = threading.Event()
    wrote: list[int] = []

    def write() -> None:
        mine = Store.open(home.database)
        while not done.is_set():
            n = len(wrote)
            mine.write("ticket", [ticket(2 * n, "W"), ticket(2 * n + 1, "W")])  # always two at once
            wrote.append(n)
        mine.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(4):
            backup(home, tmp_path / f"{n}.backup", now=NOW)
    finally:
        done.set()
        writer.join()
    assert len(wrote) > 4
    seen = []
    for n in range(4):
        again = bring_back(tmp_path / f"{n}.backup", tmp_path / f"new{n}")
        found = [row[0] for row in again.store.facts("ticket", ("number",)) if str(row[0]).startswith("W")]
        assert len(found) % 2 == 0
        assert again.store.check() == []
        seen.append(len(found))
        again.store.close()
    assert seen == sorted(seen)


@of_a_file
def test_an_index_made_after_the_copy_of_the_store_is_never_in_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import index

    home = small_home(tmp_path / "desk")
    snapshot = Store.snapshot

    def meddled(self: Store, *args: object, **more: object) -> None:
        snapshot(self, *args, **more)  # type: ignore[arg-type]
        self.write("ticket", [ticket(900)])
        index.build(home)

    monkeypatch.setattr(Store, "snapshot", meddled)
    backup(home, tmp_path / "b", now=NOW, made=True)
    again = bring_back(tmp_path / "b", tmp_path / "new")
    assert int(again.index()[0].facts["watermark"]) <= again.store.records_seq()


def cut(blob: bytes) -> bytes:
    return blob[: len(blob) // 2]


def flip(blob: bytes) -> bytes:
    at = len(blob) // 2
    return blob[:at] + bytes([blob[at] ^ 16]) + blob[at + 1 :]


@of_a_file
@pytest.mark.parametrize(
    "harm",
    [cut, flip, lambda blob: blob[:-1], lambda blob: b"", lambda blob: blob + b"more", lambda _: b"PK\x03\x04 no"],
)
@pytest.mark.parametrize("which", ["plain", "sealed"])
def test_a_backup_that_was_harmed_is_one_sentence_and_nothing_is_written(
    harm: Callable[[bytes], bytes], which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    file = tmp_path / "harmed"
    file.write_bytes(harm(request.getfixturevalue(which).read_bytes()))
    with pytest.raises(Damaged, match=r"is damaged \(.*\): nothing was restored; use another one\.$"):
        bring_back(file, tmp_path / "new", passphrase=WORD)
    assert not (tmp_path / "new").exists()


@of_a_file
def test_a_flip_anywhere_is_refused_or_changes_nothing(plain: Path, sealed: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    for file in (plain, sealed):
        blob, kept = file.read_bytes(), restore.verify(file, passphrase=WORD)
        harmed = tmp_path / "harmed"
        for _ in range(12 if file is sealed else 60):
            at = chance.randrange(len(blob))
            harmed.write_bytes(blob[:at] + bytes([blob[at] ^ (1 << chance.randrange(8))]) + blob[at + 1 :])
            try:
                found = restore.verify(harmed, passphrase=WORD)
            except SeenBeforeError:
                continue
            assert found.files == kept.files, at  # such as the time stamp in the head of gzip


def edited(file: Path, to: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """The same backup with another manifest."""
    with (
        tarfile.open(file, "r:gz") as box,
        gzip.open(to, "wb") as packed,
        tarfile.open(fileobj=packed, mode="w") as out,
    ):
        for member in box:
            blob = box.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json":
                manifest = json.loads(blob)
                change(manifest)
                blob = json.dumps(manifest).encode()
            member.size = len(blob)
            out.addfile(member, io.BytesIO(blob))
    return to


@of_a_file
@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda m: m.update(format=2), NotAHome, "newer version"),
        (lambda m: m["facts"].update(schema="9999"), NotAHome, "newer version"),
        (lambda m: m["files"].pop("knowledge.db"), Damaged, "names no store"),
        (lambda m: m["files"].update({"../evil": {"bytes": 0, "sha256": ""}}), Damaged, "outside the home"),
        (lambda m: m["files"].update({"/evil": {"bytes": 0, "sha256": ""}}), Damaged, "outside the home"),
        (lambda m: m["files"].update({"reports/x": {"bytes": 0, "sha256": ""}}), Damaged, "is missing"),
        (lambda m: m["files"].pop("reports/drift.json"), Damaged, "does not name"),
        (lambda m: m["facts"]["pointers"].update(index="../.."), Damaged, "not in it"),
        (lambda m: m.pop("facts"), Damaged, "was changed"),
        (lambda m: m["facts"].pop("pointers"), Damaged, "was changed"),
        (lambda m: m.update(files=[1]), Damaged, "was changed"),
        (lambda m: m.update(made_at="x"), Damaged, "was changed"),
        (lambda m: m["files"]["knowledge.db"].update(bytes=1), Damaged, "checksum"),
    ],
)  # fmt: skip
def test_a_manifest_edited_by_hand_or_newer_is_one_sentence(
    plain: Path, tmp_path: Path, change: Callable[[dict[str, object]], object], error: type[Exception], said: str
) -> None:
    file = edited(plain, tmp_path / "edited", change)
    with pytest.raises(error, match=said):
        bring_back(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@of_a_file
def test_a_missing_or_wrong_passphrase_is_one_sentence(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SEENBEFORE_BACKUP_PASSPHRASE_FILE"):
        restore.verify(sealed)
    with pytest.raises(BadSetting, match="does not open this backup"):
        bring_back(sealed, tmp_path / "new", passphrase="another")
    assert not (tmp_path / "new").exists()
    blob = sealed.read_bytes()
    assert b"tunnel" not in blob
    assert sealed.stat().st_mode & 0o077 == 0


@of_a_file
def test_a_home_that_is_not_empty_is_left_alone(plain: Path, tmp_path: Path) -> None:
    home = tmp_path / "new"
    home.mkdir()
    (home / "mine.txt").write_text("mine")
    with pytest.raises(BadSetting, match="is not empty"):
        bring_back(plain, home)
    assert [path.name for path in home.iterdir()] == ["mine.txt"]
    with pytest.raises(BadSetting, match="is a file"):
        bring_back(plain, home / "mine.txt")


@of_a_file
def test_a_restore_that_was_stopped_is_done_again_and_before_that_there_is_no_desk(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(restore, "_put", stopped)
        bring_back(plain, tmp_path / "new")
    assert not home_at(tmp_path / "new").exists
    assert bring_back(plain, tmp_path / "new").store.counts(KEEPER)["tickets"] == 48
    assert not (tmp_path / "new" / ".restore").exists()


@of_a_file
def test_backing_up_leaves_nothing_where_it_fails_and_an_older_file_as_it_was(
    built: Home, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadSetting, match="--overwrite"):
        backup(built, plain, now=NOW)
    with pytest.raises(BadSetting, match="inside the home"):
        backup(built, built.folder / "reports" / "b", now=NOW)
    with pytest.raises(StoreTrouble, match="cannot be written"):
        backup(built, tmp_path / "none" / "b", now=NOW)
    before = plain.read_bytes()

    def stop(what: str, *_: object) -> None:
        if what == "Verifying":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(built, plain, now=NOW, overwrite=True, say=stop)
    assert plain.read_bytes() == before
    assert sorted(path.name for path in plain.parent.iterdir()) == [plain.name]
    assert built.made.litter() == []
    with backing._unfinished(tmp_path / "b", overwrite=False) as (_, out):
        out.write(b"first")
        with pytest.raises(StoreTrouble, match="wait until it is done"):
            backup(built, tmp_path / "b", now=NOW)
    assert (tmp_path / "b").read_bytes() == b"first"


@of_a_file
def test_sessions_end_with_a_restore_and_the_log_says_who_did_it(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", made=False)
    home.store.add_person("ann", password="long enough to be one", roles=("admin",), by="", now=NOW)
    token = home.store.sign_in("ann", "long enough to be one", now=NOW)
    backup(home, tmp_path / "b", now=NOW)
    restore.restore(tmp_path / "b", Settings(tmp_path / "new", via="command line of ann"), now=NOW)
    again = home_at(tmp_path / "new")
    assert home.store.of_session(token, now=NOW) is not None
    assert again.store.of_session(token, now=NOW) is None
    last = again.store.audit_entries(most=1)[0]
    assert (last.subject, last.via, last.detail["what"]) == ("home", "command line of ann", "restored")


@of_a_file
def test_what_was_erased_before_a_backup_is_not_in_it_and_erasing_names_older_backups(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", made=False)
    backup(home, tmp_path / "old", now=NOW)
    done = erase.erase_ticket(home, "T0003", rebuild=False)
    assert any(str(tmp_path / "old") in note for note in done.notes)
    backup(home, tmp_path / "new", now=NOW + timedelta(days=1))
    again = bring_back(tmp_path / "new", tmp_path / "back")
    assert b"place t-0003" not in (again.folder / "knowledge.db").read_bytes()
    assert again.store.write("ticket", [ticket(3)]).added == 0  # nor does an export bring it back
    older = bring_back(tmp_path / "old", tmp_path / "older")
    assert older.store.sources("ticket", ["T0003"])
    assert [Path(file).name for file, _ in backing.remembered(home.store)] == ["new", "old"]


@of_a_file
def test_a_backup_of_an_older_schema_is_brought_to_this_one(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", made=False)
    backup(home, tmp_path / "b", now=NOW)
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as db:
        sqlite3.connect(home.folder / "knowledge.db").backup(db)
        for table in ("audit", "actors"):
            db.execute(f"DROP TABLE {table}")
        db.execute("UPDATE alembic_version SET version_num = '0007'")
    db.close()
    from pipelines.backup import _sum

    blob, summed = old.read_bytes(), _sum(old)
    file = edited(
        tmp_path / "b",
        tmp_path / "edited",
        lambda m: (m["files"].update({"knowledge.db": summed}), m["facts"].update(schema="0007")),
    )  # type: ignore[attr-defined,index]
    swapped = tmp_path / "swapped"
    with (
        tarfile.open(file, "r:gz") as box,
        gzip.open(swapped, "wb") as packed,
        tarfile.open(fileobj=packed, mode="w") as out,
    ):
        for member in box:
            content = blob if member.name == "knowledge.db" else box.extractfile(member).read()  # type: ignore[union-attr]
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    again = bring_back(swapped, tmp_path / "new")
    assert again.store.counts(KEEPER)["tickets"] == 48
    assert again.store.audit_check().whole


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 2 * PIECE])
def test_a_sealed_stream_of_any_length_comes_back_and_cannot_be_shortened_or_reordered(size: int) -> None:
    plain, out = random.Random(size).randbytes(size), io.BytesIO()
    with SealedWriter(out, WORD) as box:
        for start in range(0, size, 300_001):
            box.write(plain[start : start + 300_001])
    blob = out.getvalue()
    assert SealedReader(io.BytesIO(blob), WORD).read() == plain
    head, piece = 59, PIECE + 16
    assert len(blob) >= head + 16
    whole = [blob[head:][at : at + piece] for at in range(0, len(blob) - head, piece)]
    bad = [blob[:head] + b"".join(whole[:-1]), blob[:-1], blob + b"x"]
    bad += [blob[:head] + b"".join([whole[1], whole[0], *whole[2:]])] if len(whole) > 1 else []
    for one in bad:
        with pytest.raises(Damaged):
            SealedReader(io.BytesIO(one), WORD).read()


def test_the_passphrase_comes_from_the_environment_or_a_file_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "word"
    file.write_text("from a file\nsecond line\n")
    monkeypatch.setenv("SEENBEFORE_BACKUP_PASSPHRASE_FILE", str(file))
    settings = read(tmp_path)
    assert settings.backup_passphrase == "from a file"
    assert "from a file" not in repr(settings)
    monkeypatch.setenv("SEENBEFORE_BACKUP_PASSPHRASE", "given")
    assert read(tmp_path).backup_passphrase == "given"
    monkeypatch.delenv("SEENBEFORE_BACKUP_PASSPHRASE")
    file.write_text("\n")
    with pytest.raises(BadSetting, match="first line is empty"):
        read(tmp_path)


@of_a_file
def test_the_commands_back_up_verify_and_restore(built: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from pipelines.__main__ import app

    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")
    run, file = CliRunner(), tmp_path / "b"

    def said(*words: str, code: int = 0) -> str:
        result = run.invoke(app, list(words))
        assert result.exit_code == code, result.output
        return result.output

    assert "It is not sealed" in said("backup", str(file), "--home", str(built.folder), "--with-made")
    assert "is whole: 1 articles, 1 links, 0 problems, 48 tickets" in said("backup", "--verify", str(file))
    assert json.loads(said("backup", "--verify", str(file), "--json"))["counts"]["tickets"] == 48
    assert "Restored" in said("restore", str(file), str(tmp_path / "new"))
    assert "All is well" in said("doctor", "--home", str(tmp_path / "new"))
    assert "is not empty" in said("restore", str(file), str(tmp_path / "new"), code=1)
    monkeypatch.setenv("SEENBEFORE_DATABASE_URL", "postgresql+psycopg://x@y/z")
    assert "SEENBEFORE_DATABASE_URL" in said("restore", str(file), str(tmp_path / "n"), code=1)


def test_a_backup_of_a_database_server_is_refused_and_its_own_tools_are_named(
    postgres: pg.Server, tmp_path: Path
) -> None:
    home = Home(Settings(tmp_path / "desk", embedder="hashing", database_url=postgres.schema("backup")))
    home.create()
    before = home.store.audit_head()
    with pytest.raises(BadSetting, match=r"^The store is a database server: .* its own tools, such as pg_dump\.$"):
        backup(home, tmp_path / "b", now=NOW)
    assert home.store.audit_head() == before
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]
    assert home.made.litter() == []
    home.store.close()


def test_erasing_that_was_stopped_is_named_and_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = small_home(tmp_path / "desk")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(erase, "remake", stopped)
        erase.erase_ticket(home, "T0003")
    assert "see [erased]" in home.store.records("ticket", [5], KEEPER)[0].text  # its mention went with it
    named = {finding.what: finding.said for finding in doctor.examine(home) if not finding.ok}
    assert "erase finish" in named["erasures"]
    done = erase.erase_ticket(home_at(home.folder), "T0003")  # the same command again is one way
    assert done.is_proved
    assert home.store.erasing() is None
    assert erase.finish(home) is None
    assert Ref("ticket", "desk", "T0003") not in {
        one.ref for batch in home.store.each("ticket", KEEPER) for one in batch
    }


@of_a_file
def test_the_checksum_of_each_file_is_looked_at_though_the_file_has_its_length(plain: Path, tmp_path: Path) -> None:
    file = edited(plain, tmp_path / "edited", lambda m: m["files"]["knowledge.db"].update(sha256="0" * 64))  # type: ignore[index]
    with pytest.raises(Damaged, match="checksum"):
        restore.verify(file)
