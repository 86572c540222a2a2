"""A watched folder: finished files go in once and are moved, unfinished ones wait, broken ones are named."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.errors import BadSetting, StoreTrouble
from kb.tables import Asked, saved, understand
from kb.tables.wizard import Said, preset_from, renamed
from pipelines import watch as watching
from pipelines.home import Home
from pipelines.opened import Opened
from pipelines.settings import Settings

GOOD = b"number,short_description,sys_id\nINC1,No sound,a\nINC2,No mail,b\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(watching, "SETTLE", 0.05)
    opened = Home(Settings(tmp_path / "desk", embedder="hashing"))
    opened.create()
    yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    return made


def look(home: Home, folder: Path, asked: Asked | None = None, *, keep: bool = False) -> dict[str, watching.Met]:
    met: list[watching.Met] = []
    watching.watch(home, folder, asked or Asked(), once=True, keep=keep, tell=met.append)
    return {one.file: one for one in met}


def test_a_finished_file_goes_in_and_is_moved_with_a_report(home: Home, folder: Path) -> None:
    (folder / "night.csv").write_bytes(GOOD)
    met = look(home, folder)
    assert (
        met["night.csv"].outcome == "done"
        and met["night.csv"].imported is not None
        and met["night.csv"].imported.added == 2
    )
    assert sorted(file.name for file in (folder / "done").iterdir()) == ["night.csv", "night.csv.report.json"]
    report = json.loads((folder / "done" / "night.csv.report.json").read_text("utf-8"))
    assert report["outcome"] == "done" and report["imported"]["added"] == 2
    assert look(home, folder) == {}


def test_the_same_content_again_is_known_and_not_taken_in(home: Home, folder: Path) -> None:
    (folder / "night.csv").write_bytes(GOOD)
    look(home, folder)
    (folder / "night-copy.csv").write_bytes(GOOD)
    assert look(home, folder)["night-copy.csv"].outcome == "known"
    assert len(home.store.imports()) == 1
    (folder / "night.csv").write_bytes(GOOD.replace(b"No mail", b"No mail at all"))
    assert look(home, folder)["night.csv"].imported is not None
    assert {file.name for file in (folder / "done").glob("*.csv")} >= {"night.csv", "night-copy.csv"}
    assert len(list((folder / "done").glob("*.csv"))) == 3, "a file of the same name is never written over"


def test_a_file_that_still_grows_waits(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "night.csv"
    file.write_bytes(GOOD[:40])
    monkeypatch.setattr(watching.time, "sleep", lambda _: file.write_bytes(GOOD))
    assert look(home, folder)["night.csv"].outcome == "unfinished"
    assert home.store.imports() == []
    monkeypatch.setattr(watching.time, "sleep", lambda _: None)
    assert look(home, folder)["night.csv"].outcome == "done"


def test_what_cannot_be_read_goes_to_failed_and_may_be_tried_again(home: Home, folder: Path) -> None:
    (folder / "night.csv").write_bytes(b"just prose\nand more\n")
    (folder / "good.csv").write_bytes(GOOD)
    met = look(home, folder)
    assert met["night.csv"].outcome == "failed" and met["good.csv"].outcome == "done"
    (folder / "failed" / "night.csv").rename(folder / "night.csv")
    assert look(home, folder)["night.csv"].outcome == "failed"


def test_with_keep_files_stay_and_each_goes_in_once(home: Home, folder: Path) -> None:
    (folder / "night.csv").write_bytes(GOOD)
    assert look(home, folder, keep=True)["night.csv"].outcome == "done"
    assert look(home, folder, keep=True) == {}
    assert (folder / "night.csv").exists() and len(home.store.imports()) == 1


def test_hidden_partial_and_linked_files_are_left_alone(home: Home, folder: Path, tmp_path: Path) -> None:
    for name in (".night.csv", "night.csv.part", "night.tmp", "~$night.xlsx"):
        (folder / name).write_bytes(GOOD)
    (tmp_path / "elsewhere.csv").write_bytes(GOOD)
    (folder / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    (folder / "sub").mkdir()
    (folder / "sub" / "night.csv").write_bytes(GOOD)
    assert look(home, folder) == {}


def test_a_preset_of_the_desk_reads_them(home: Home, folder: Path) -> None:
    data = b"Ref;Was;Stufe\n7;Kein Ton;1\n8;Keine Mail;4\n"
    found = understand(data)
    preset = preset_from(
        found, Said({"Ref": "number", "Was": "title", "Stufe": "priority"}, ones={"priority": "lowest"})
    )
    saved.keep(home.store, renamed(preset, "ours"), by="kim")
    (folder / "a.csv").write_bytes(data)
    assert look(home, folder, Asked(preset="ours"))["a.csv"].outcome == "done"
    assert [row[0] for row in home.store.facts("ticket", ("priority",))] == [4, 1]


def test_ctrl_c_between_files_loses_nothing(home: Home, folder: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(GOOD.replace(b"INC", name[:1].upper().encode()))

    def stop(_: watching.Met) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watching.watch(home, folder, Asked(), once=True, tell=stop)
    assert (folder / "done" / "a.csv").exists() and (folder / "b.csv").exists()
    assert look(home, folder)["b.csv"].outcome == "done"


def test_no_folder_is_said(home: Home, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no folder"):
        watching.watch(home, tmp_path / "nowhere", Asked(), once=True, tell=lambda met: None)


def followed(home: Home, folder: Path, **more: Any) -> list[tuple[str, str]]:
    """What followed from the files: (outcome, sentence) each."""
    met: list[watching.Met] = []
    watching.watch(home, folder, Asked(), once=True, tell=met.append, **more)
    return [(one.outcome, one.sentence) for one in met if not one.file]


def test_after_files_the_index_is_up_to_date_and_a_served_desk_takes_it_up(home: Home, folder: Path) -> None:
    desk = Opened(home.settings)
    assert any("seenbefore index" in note for note in desk().warnings())
    (folder / "a.csv").write_bytes(GOOD)
    (folder / "b.csv").write_bytes(GOOD.replace(b"INC", b"REQ"))
    assert followed(home, folder) == [("done", "The index holds 4 tickets and 0 articles.")]
    assert home.index()[0].facts["watermark"] == home.store.records_seq()
    first, desk._look_at = desk(), 0.0
    while desk() is first:
        time.sleep(0.01)
    assert not any("seenbefore index" in note for note in desk().warnings())
    assert followed(home, folder) == [], "nothing went in"
    (folder / "c.csv").write_bytes(GOOD + b"\n")
    assert followed(home, folder) == [], "nothing changed"


def test_what_follows_is_chosen_and_too_little_is_no_failure(home: Home, folder: Path) -> None:
    (folder / "a.csv").write_bytes(GOOD)
    assert followed(home, folder, index=False) == []
    (folder / "b.csv").write_bytes(GOOD.replace(b"INC", b"REQ"))
    assert [outcome for outcome, _ in followed(home, folder, then=["patterns", "train"])] == ["done", "done", "waits"]
    with pytest.raises(BadSetting, match="patterns or train"):
        followed(home, folder, then=["launch"])


def test_an_index_that_cannot_be_made_is_said_and_counts_as_failed(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreTrouble("The disk is full: make room.")

    monkeypatch.setattr(watching.indexing, "build", full)
    (folder / "a.csv").write_bytes(GOOD)
    met: list[watching.Met] = []
    assert watching.watch(home, folder, Asked(), once=True, tell=met.append) == 1
    assert [one.outcome for one in met] == ["done", "failed"]
    assert "is stored, but the index could not follow: The disk is full" in met[1].sentence
