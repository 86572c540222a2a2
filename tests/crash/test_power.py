"""After a power cut at any step the disk holds something whole: a model of what an unsynced write may become."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kb import disk
from kb.errors import NotBuilt, SeenBeforeError
from kb.store import Store
from pipelines import generations as made_of
from pipelines import index, models, restore
from pipelines.backup import _unfinished, backup
from pipelines.generations import Generations
from pipelines.settings import Settings
from tests.crash.power import Recorder, states
from tests.crash.small import NOW, home_at, small_home


def publish(made: Generations, text: str) -> str:
    with made.begin("index") as draft:
        draft.write("a.bin", text.encode() * 50)
        draft.write("words/b.bin", b"words")
        return draft.publish({"text": text}).name


def publishing(tmp_path: Path, *, seed: int = 1) -> list[str]:
    """Cuts while a second generation is published over a first: what is then not as it must be."""
    root = tmp_path / "home" / "made"
    made = Generations(root)
    publish(made, "older")
    recorder = Recorder(root)
    with recorder.watching():
        publish(made, "newer")
        recorder.ack("newer")
    place = tmp_path / "states"
    place.mkdir()
    found = []
    for where, said, folder in states(recorder, place, seed=seed):
        try:
            generation, note = Generations(folder).current("index")
            text = str(generation.facts["text"])
            if note or (said and text != "newer"):
                found.append(f"{where}: {text} answers {note}")
        except SeenBeforeError as error:
            found.append(f"{where}: {error}")
        shutil.rmtree(folder)
    assert len(recorder.moments) > 15
    return found


def test_a_cut_while_publishing_leaves_the_old_or_the_new_generation_whole_and_the_new_once_said(
    tmp_path: Path,
) -> None:
    assert publishing(tmp_path) == []


def no_sync_of(folders: bool) -> Callable[[Path], None]:
    kept = disk.sync

    def sync(path: Path) -> None:
        if path.is_dir() != folders:
            kept(path)

    return sync


def test_the_model_finds_a_missing_sync_of_files_of_folders_and_a_pointer_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, folders in (("files", False), ("folders", True)):
        with monkeypatch.context() as patch:
            half = no_sync_of(folders)
            patch.setattr(disk, "sync", half)
            patch.setattr(made_of, "sync", half)
            (tmp_path / name).mkdir()
            assert publishing(tmp_path / name)

    assert pointing(tmp_path / "right") == []
    monkeypatch.setattr(Generations, "point", in_place)
    assert pointing(tmp_path / "wrong")


def pointing(tmp_path: Path) -> list[str]:
    """Cuts while models are published on a desk whose people went back to an older index: does it still serve?"""
    made = Generations(tmp_path / "made")
    older = publish(made, "older")
    publish(made, "left")
    made.point("index", older)
    recorder = Recorder(made.root)
    with recorder.watching():
        made.point("models", "models-1")
    (tmp_path / "states").mkdir()
    found = states(recorder, tmp_path / "states", seed=5)
    return [where for where, _, folder in found if Generations(folder).current("index")[0].name != older]


def in_place(self: Generations, part: str, name: str) -> None:
    """What must not be: the pointer written over itself."""
    text = json.dumps({**self.pointers(), part: name})
    with (self.root / "current.json").open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def test_every_file_of_a_real_index_is_synced_after_it_was_written_and_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_home(tmp_path / "desk", made=False)
    synced: dict[int, tuple[int, int]] = {}
    renamed = os.rename
    at_rename: list[dict[str, bool]] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        fsync(handle)
        about = os.fstat(handle)
        synced[about.st_ino] = (about.st_size, about.st_mtime_ns)

    def moved(a: str, b: str) -> None:
        if Path(b).name.startswith("index-"):
            there = [Path(a), *Path(a).rglob("*")]
            at_rename.append({
                path.name: (path.is_dir() and path.stat().st_ino in synced)
                or synced.get(path.stat().st_ino) == (path.stat().st_size, path.stat().st_mtime_ns) for path in there
            })  # fmt: skip
        renamed(a, b)

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(os, "rename", moved)
    index.build(home)
    assert len(at_rename) == 1
    assert len(at_rename[0]) > 30
    assert [name for name, was in at_rename[0].items() if not was] == []


def test_a_cut_while_a_backup_takes_its_name_leaves_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "b").write_bytes(b"older")
    recorder = Recorder(folder)
    with recorder.watching():
        with _unfinished(folder / "b", overwrite=True) as (_, out):
            out.write(b"newer and longer")
        recorder.ack("newer")
    (tmp_path / "states").mkdir()
    for where, said, state in states(recorder, tmp_path / "states", seed=2):
        assert (state / "b").read_bytes() in ((b"newer and longer",) if said else (b"older", b"newer and longer")), (
            where
        )


@pytest.mark.sqlite("a backup is of a file")
def test_a_cut_while_restoring_leaves_no_desk_or_a_whole_one(tmp_path: Path) -> None:
    home = small_home(tmp_path / "desk", n=8, made=False)
    with home.made.begin("patterns") as draft:
        draft.write("x", b"some")
        draft.publish({"mark": "m", "embedder": home.embedder.id})
    backup(home, tmp_path / "b", now=NOW, made=True)
    new = tmp_path / "root" / "new"
    new.mkdir(parents=True)
    recorder = Recorder(tmp_path / "root")
    with recorder.watching():
        restore.restore(tmp_path / "b", Settings(new), now=NOW)
        recorder.ack("restored")
    (tmp_path / "states").mkdir()
    seen = set()
    for where, said, state in states(recorder, tmp_path / "states", seed=3, chances=1):
        there = home_at(state / "new")
        seen.add(there.exists)
        assert there.exists or not said, where
        if there.exists:
            assert there.store.check() == [], where
            assert there.made.current("patterns")[1] == "", where
            there.store.close()
        shutil.rmtree(state)
    assert seen == {True, False}


def test_the_history_of_models_goes_on_after_a_line_that_was_cut(tmp_path: Path) -> None:
    made = Generations(tmp_path / "made")
    models.log(made, {"event": "trained", "name": "models-1", "at": "a"})
    file = tmp_path / "made" / "models" / "history.jsonl"
    file.write_bytes(file.read_bytes() + b'{"event": "rolled ba')
    models.log(made, {"event": "trained", "name": "models-2", "at": "b"})
    assert [event["name"] for event in models._events(made)] == ["models-1", "models-2"]


def test_a_cut_while_the_history_of_models_is_written_loses_no_line_that_was_said(tmp_path: Path) -> None:
    made = Generations(tmp_path / "home" / "made")
    with pytest.raises(NotBuilt):
        made.current("models")
    made.root.mkdir(parents=True)
    recorder = Recorder(tmp_path / "home")
    with recorder.watching():
        for n in range(2):
            models.log(made, {"event": "trained", "name": f"models-{n}", "at": "a"})
            recorder.ack(f"models-{n}")
    (tmp_path / "states").mkdir()
    for where, said, state in states(recorder, tmp_path / "states", seed=4):
        names = [event["name"] for event in models._events(Generations(state / "made"))]
        assert names[: len(said)] == list(said), where


@pytest.mark.sqlite("asks the file")
def test_the_store_asks_for_everything_to_be_on_the_disk_before_it_says_so(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    with store._writing() as db:
        asked = {name: db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode", "foreign_keys", "secure_delete", "fullfsync")}  # fmt: skip
    assert (asked["synchronous"], asked["journal_mode"], asked["foreign_keys"]) == (2, "wal", 1)
    assert asked["secure_delete"] == 1
