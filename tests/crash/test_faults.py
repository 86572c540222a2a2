"""A full, read-only or failing disk, damaged files, odd clocks and two writers: one clear sentence, and nothing lost."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from kb.errors import SeenBeforeError, StoreTrouble, WrongEmbedder
from kb.records import EVERYONE, KEEPER
from kb.store import Store
from pipelines import index, restore
from pipelines.backup import backup
from pipelines.desk import desk_of
from pipelines.generations import Generations
from pipelines.home import Home
from pipelines.settings import Settings
from tests.crash.small import NOW, QUESTIONS, answers, home_at, small_home, ticket

ROOT = Path(__file__).resolve().parents[2]
CALLS = ("fsync", "rename", "replace", "mkdir", "ftruncate")
of_a_file = pytest.mark.sqlite("a backup is of a file")


class Failing:
    """Lets the n-th write, sync, rename, new folder or new file fail, and, where it lasts, all after it."""

    def __init__(self, last: int, code: int, *, lasts: bool) -> None:
        self.count, self._last, self._code, self._lasts = 0, last, code, lasts

    def step(self) -> None:
        self.count += 1
        if self.count == self._last or (self._lasts and self.count > self._last):
            raise OSError(self._code, os.strerror(self._code))

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*args: Any, **more: Any) -> Any:
            self.step()
            return call(*args, **more)

        return checked

    @contextmanager
    def at_work(self) -> Iterator[Failing]:
        """Only files that are written count: what is read is there."""
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self.before(getattr(os, name)))
            opened = io.open

            def open_(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
                if "r" in mode or "b" not in mode:
                    return opened(file, mode, *args, **more)
                self.step()
                return _Checked(opened(file, mode, *args, **more), self)

            patch.setattr(io, "open", open_)
            patch.setattr(builtins, "open", open_)
            yield self


class _Checked:
    """A file whose writes may fail."""

    def __init__(self, file: Any, failing: Failing) -> None:
        self._file, self._failing = file, failing

    def write(self, data: Any) -> Any:
        self._failing.step()
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Checked:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def at_every_step(
    work: Callable[[], object], check: Callable[[str], None], *, code: int, lasts: bool, every: int = 1
) -> int:
    """Let each step of the work fail in turn; how many there were. Only sentences of ours may come out."""
    n = 0
    while True:
        n += every
        with Failing(n, code, lasts=lasts).at_work() as failing:
            try:
                work()
                trouble = ""
            except SeenBeforeError as error:
                trouble = str(error)
        assert trouble.count("\n") == 0
        check(trouble)
        if failing.count < n:
            assert trouble == ""
            return n


@pytest.mark.parametrize(
    ("code", "lasts"), [(errno.ENOSPC, True), (errno.ENOSPC, False), (errno.EIO, True), (errno.EROFS, True)]
)
def test_whatever_write_of_a_generation_fails_the_old_one_answers_and_nothing_is_left_over(
    tmp_path: Path, code: int, lasts: bool
) -> None:
    made = Generations(tmp_path / "made")

    def publish(text: str) -> str:
        with made.begin("index") as draft:
            draft.write("a.bin", text.encode())
            draft.write("words/b.bin", b"words")
            return draft.publish({"n": 1}).name

    names = [publish("first")]

    def check(trouble: str) -> None:
        current, note = made.current("index")
        assert note == ""
        if trouble:
            assert "cannot be written" in trouble
        else:
            names.append(current.name)
        assert current.name in made.history("index")
        assert made.litter() == []

    steps = at_every_step(lambda: publish("next"), check, code=code, lasts=lasts)
    assert steps > 12


@of_a_file
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_whatever_write_of_a_backup_or_restore_fails_no_half_file_and_no_half_home_is_left(
    tmp_path: Path, code: int
) -> None:
    home = small_home(tmp_path / "desk", n=6, made=False)
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "b"
    file.write_bytes(b"older")

    def backed(trouble: str) -> None:
        assert [path.name for path in file.parent.iterdir()] == ["b"]
        if trouble:
            assert file.read_bytes() == b"older" or restore.verify(file)
        else:
            restore.verify(file)
        assert home.made.litter() == []
        file.write_bytes(b"older") if trouble else None

    assert (
        at_every_step(lambda: backup(home, file, now=NOW, overwrite=True), backed, code=code, lasts=True, every=2) > 6
    )
    new = tmp_path / "new"

    def brought(trouble: str) -> None:
        there = home_at(new)
        if there.exists:
            assert there.store.counts(KEEPER)["tickets"] == 6
            there.store.close()
        shutil.rmtree(new, ignore_errors=True)

    assert (
        at_every_step(lambda: restore.restore(file, Settings(new), now=NOW), brought, code=code, lasts=True, every=5)
        > 8
    )


@contextmanager
def mounted(place: Path, size: str, skip: str) -> Iterator[Path]:
    """A disk of its own, of this size; skips with this reason where nobody may mount one."""
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], capture_output=True
    ).returncode:
        pytest.skip(skip)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    with mounted(
        tmp_path / "disk", "4m", "only root can mount a tiny disk; the failing writes above stand for it"
    ) as place:
        yield place


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that :func:`remount` makes read-only."""
    with mounted(tmp_path / "disk", "20m", "only root can mount a read-only disk") as place:
        yield place


def remount(place: Path, how: str) -> None:
    """Make it read-only ("ro") or not ("rw")."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


@pytest.mark.sqlite("fills the disk of the file")
def test_on_a_disk_that_fills_up_what_was_acknowledged_is_there_and_the_desk_can_still_be_read(tiny_disk: Path) -> None:
    home = small_home(tiny_disk / "desk", n=8, made=False)
    index.build(home)
    acked, trouble = 8, ""
    for n in range(100, 40_000, 50):
        try:
            home.store.write("ticket", [ticket(i, words="x" * 200) for i in range(n, n + 50)])
        except StoreTrouble as error:
            trouble = str(error)
            break
        acked += 50
    assert "nothing of it was saved" in trouble
    assert "disk" in trouble
    with pytest.raises(StoreTrouble):
        index.build(home, force=True)
    with pytest.raises(StoreTrouble):
        backup(home, tiny_disk / "b", now=NOW)
    assert not list(tiny_disk.glob("*b*part"))
    again = home_at(tiny_disk / "desk")
    assert again.store.counts(KEEPER)["tickets"] == acked
    assert again.store.check() == []
    assert again.made.current("index")[1] == ""
    assert desk_of(again).search(ticket(1).text, viewer=EVERYONE).hits
    assert again.made.litter() == []


@pytest.mark.sqlite("the file cannot be written")
def test_a_home_on_a_read_only_disk_refuses_in_one_sentence_and_is_whole_afterwards(tmp_path: Path, disk: Path) -> None:
    home = small_home(disk / "desk", n=8, made=False)
    index.build(home)
    home.store.close()
    remount(disk, "ro")
    command = [sys.executable, "-m", "pipelines", "ingest", str(tmp_path / "x.csv"), "--home", str(disk / "desk")]
    (tmp_path / "x.csv").write_text("number,short_description\nX1,vpn\nX2,vpn again\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SEENBEFORE_EMBEDDER": "hashing"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    with pytest.raises(StoreTrouble):
        index.build(home_at(disk / "desk"), force=True)
    with pytest.raises(StoreTrouble):
        home_at(disk / "desk").store.set("sure", "0.5")
    remount(disk, "rw")
    again = home_at(disk / "desk")
    assert again.store.counts(KEEPER)["tickets"] == 8
    assert again.made.current("index")[1] == ""
    again.store.close()


@pytest.mark.sqlite("the file cannot be written")
def test_a_desk_on_a_read_only_disk_answers_and_takes_writes_again_when_the_disk_does(disk: Path) -> None:
    home = small_home(disk / "desk", n=8, made=False)
    index.build(home)
    before = [hit.record.ref for hit in desk_of(home).search(ticket(1).text, viewer=EVERYONE).hits]
    home.store.close()  # what was in the journal goes to the file, and the journal goes
    assert not list((disk / "desk").glob("knowledge.db-*"))
    remount(disk, "ro")
    still = home_at(disk / "desk")
    desk = desk_of(still)
    assert [hit.record.ref for hit in desk.search(ticket(1).text, viewer=EVERYONE).hits] == before != []
    with pytest.raises(StoreTrouble):
        still.store.set("sure", "0.5")
    remount(disk, "rw")
    still.store.write("ticket", [ticket(99)])
    assert still.store.counts(KEEPER)["tickets"] == home_at(disk / "desk").store.counts(KEEPER)["tickets"] == 9
    assert ticket(99).ref in {hit.record.ref for hit in desk.search(ticket(99).text, viewer=EVERYONE).hits}
    still.store.close()


def harms(blob: bytes) -> dict[str, bytes]:
    """A file cut in half, with one bit flipped, and emptied."""
    at = len(blob) // 2
    return {
        "cut": blob[:at],
        "flipped": blob[:at] + bytes([blob[at] ^ 8]) + blob[at + 1 :] if blob else b"x",
        "emptied": b"",
    }


def test_every_file_of_every_generation_harmed_in_turn_is_named_and_the_one_before_answers(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=24)
    from pipelines import patterns, train

    older = home.made.pointers()
    index.build(home, force=True)
    train.train(home, force=True)
    patterns.find(home, force=True)
    tried = 0
    for part, name in home.made.pointers().items():
        folder = home.made.root / name
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            blob = path.read_bytes()
            for harmed in set(harms(blob).values()) - {blob}:
                path.write_bytes(harmed)
                generation, note = home.made.current(part)
                assert (generation.name, "damaged" in note) == (older[part], True), path
                assert path.name in note or path.name == "manifest.json"
                tried += 1
            path.write_bytes(blob)
        assert home.made.current(part) == (home.made.verify(part, name), "")
    assert tried > 150


def test_where_every_generation_is_harmed_the_desk_opens_says_so_and_finds_what_is_fresh(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=24)
    for pattern in ("index-*/tickets.faiss", "models-*/triage.skops", "patterns-*/patterns.json"):
        for path in home.made.root.glob(pattern):
            path.write_bytes(path.read_bytes()[:50])
    desk = desk_of(home_at(home.folder))
    said = " ".join(desk.warnings())
    assert all(f"seenbefore {command}" in said for command in ("index", "train", "patterns"))
    answer = desk.search(ticket(5).text, viewer=EVERYONE)
    assert answer.hits[0].record.number == ticket(5).number  # from the store, without an index
    assert any("seenbefore index" in note for note in answer.notes)
    index.build(home)
    assert home_at(home.folder).made.current("index")[1] == ""


@pytest.mark.slow
@pytest.mark.parametrize("words", [("ingest", "big.csv"), ("index", "--force"), ("train", "--force"),
                                   pytest.param(("backup", "b"), marks=of_a_file)])  # fmt: skip
def test_asked_to_end_a_command_ends_within_ten_seconds_and_the_desk_is_whole(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    home = small_home(tmp_path / "desk", n=24)
    home.store.close()
    rows = "".join(f"B{n},vpn number{n},it is slow\n" for n in range(30_000))
    (tmp_path / "big.csv").write_text("number,short_description,description\n" + rows)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": path, "SEENBEFORE_EMBEDDER": "hashing", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-m", "pipelines", *words, "--home", str(home.folder)], cwd=tmp_path, env=env,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    begun = time.monotonic()
    while not _at_work(home) and child.poll() is None and time.monotonic() - begun < 60:
        time.sleep(0.02)
    spent = psutil.Process(child.pid).cpu_times() if child.poll() is None else None
    child.send_signal(signal.SIGTERM)
    if spent is not None:  # its own time: on a busy machine the clock on the wall says nothing
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert used.ru_utime + used.ru_stime - spent.user - spent.system < 10
    assert child.returncode in (0, 1)
    again = home_at(home.folder)
    assert again.store.check() == []
    assert (again.store.counts(KEEPER)["tickets"] - 24) % 500 == 0 or child.returncode == 0
    assert all(again.made.current(part)[1] == "" for part in ("index", "models", "patterns"))
    assert not (tmp_path / ".b.part").exists()


def _at_work(home: Home) -> bool:
    """Whether the command has begun to write: the last row of the log is not ours."""
    many = home.store.counts(KEEPER)["tickets"] > 24
    return bool(many or home.store.audit_entries(most=1)[0].act == "exported" or home.made.litter())


def test_a_clock_that_jumps_back_or_forward_loses_no_generation_and_no_row_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_home(tmp_path / "desk", n=24)
    years = iter((2026, 2001, 2090, 2030, 1999))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(year, 1, 1, 12, tzinfo=tz or UTC)

    before = answers(home_at(home.folder))
    for year in years:
        for module in ("pipelines.generations", "kb.audit", "kb.holdings", "kb.store"):
            monkeypatch.setattr(f"{module}.datetime", Clock)
        made = index.build(home, force=True)
        assert home_at(home.folder).made.current("index")[0].name == made.generation, year
        home.store.write("ticket", [ticket(1000 + year)])
        if not home.store.is_shared:
            backup(home, tmp_path / f"{year}", now=datetime(year, 1, 1, tzinfo=UTC))
        home.store.delete([ticket(1000 + year).ref])
    assert home.store.audit_check().whole
    assert home.store.check() == []
    index.build(home, force=True)
    hits = [(q, [number for number, _ in found]) for q, found in answers(home_at(home.folder))]
    assert [q for q, _ in hits] == list(QUESTIONS)
    assert [found for _, found in hits] == [[number for number, _ in found] for _, found in before]


def test_writers_in_several_processes_lose_nothing_and_never_hear_that_it_is_locked(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=4, made=False)
    home.store.close()
    pids = []
    for who in "ABC":
        pid = os.fork()
        if not pid:
            code = 1
            try:
                store = Store.open(home.folder / "knowledge.db")
                for n in range(15):
                    store.write("ticket", [ticket(n, who)])
                    store.set("count", str(n))
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert home_at(home.folder).store.counts(KEEPER)["tickets"] == 4 + 45
    assert home_at(home.folder).store.audit_check().whole


@pytest.mark.sqlite("opens the file")
def test_a_write_holds_the_lock_from_its_first_moment(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    other = sqlite3.connect(tmp_path / "knowledge.db", timeout=0, isolation_level=None)
    with store._writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.sqlite("deletes the file")
def test_a_store_that_vanishes_under_an_open_desk_is_one_sentence_and_is_taken_up_when_it_is_back(
    tmp_path: Path,
) -> None:
    home = small_home(tmp_path / "desk", n=8, made=False)
    backup(home, tmp_path / "b", now=NOW)
    for path in home.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for do in (lambda: home.store.counts(KEEPER), lambda: home.store.write("ticket", [ticket(90)])):
        with pytest.raises(StoreTrouble, match=r"is gone .*`seenbefore restore`\.$"):
            do()
    assert not home_at(home.folder).exists  # nothing empty was put in its place
    for path in home.folder.iterdir():
        path.unlink()
    restore.restore(tmp_path / "b", Settings(home.folder), now=NOW)
    assert home.store.counts(KEEPER)["tickets"] == 8
    home.store.write("ticket", [ticket(91)])
    assert home_at(home.folder).store.counts(KEEPER)["tickets"] == 9


def test_an_index_of_another_embedder_of_the_same_length_is_refused(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=4, made=False)
    index.build(home)

    class Other:
        id, dim = "another@1", home.embedder.dim

    again = home_at(home.folder)
    again.__dict__["embedder"] = Other()
    with pytest.raises(WrongEmbedder, match="seenbefore index"):
        again.index()
