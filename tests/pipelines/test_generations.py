"""Generations: published whole or not at all, verified at every opening, never answered from when damaged."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from kb.errors import Damaged, NotBuilt, StoreTrouble
from pipelines.generations import KEPT, Generations


def publish(made: Generations, text: str = "hello") -> str:
    with made.begin("index") as draft:
        draft.write("a.bin", text.encode())
        draft.write("words/b.bin", b"words")
        return draft.publish({"n": len(text)}).name


@pytest.fixture
def made(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "made")


def test_nothing_built_is_said_with_the_command(made: Generations) -> None:
    with pytest.raises(NotBuilt, match="seenbefore index"):
        made.current("index")


def test_what_was_published_is_read_back(made: Generations) -> None:
    publish(made)
    generation, note = made.current("index")
    assert (generation.read("a.bin"), generation.facts["n"], note) == (b"hello", 5, "")
    assert made.litter() == []


def test_bytes_kept_at_verifying_are_given_once_and_then_read_and_checked_anew(made: Generations) -> None:
    name = publish(made)
    generation, _ = made.current("index", keep=lambda file: file == "a.bin")
    (made.root / name / "a.bin").write_bytes(b"jello")
    assert generation.read("a.bin") == b"hello"
    with pytest.raises(Damaged, match="checksum"):
        generation.read("a.bin")
    (made.root / name / "words" / "b.bin").write_bytes(b"wordz")
    with pytest.raises(Damaged, match="checksum"):
        generation.read("words/b.bin")


def test_leaving_before_publishing_changes_nothing(made: Generations) -> None:
    first = publish(made)
    with pytest.raises(KeyboardInterrupt), made.begin("index") as draft:
        draft.write("a.bin", b"half")
        raise KeyboardInterrupt
    assert made.current("index")[0].name == first
    assert made.litter() == []


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "gone", "extra", "manifest"])
def test_any_damage_is_named_and_the_one_before_answers(made: Generations, harm: str) -> None:
    older, newer = publish(made, "older"), publish(made, "newer")
    folder = made.root / newer
    file = folder / "words" / "b.bin"
    if harm == "flip":
        file.write_bytes(b"wordz")
    elif harm == "cut":
        file.write_bytes(b"wor")
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "gone":
        file.unlink()
    elif harm == "extra":
        (folder / "c.bin").write_bytes(b"")
    else:
        (folder / "manifest.json").write_text("{")
    with pytest.raises(Damaged, match="seenbefore index"):
        made.verify("index", newer)
    generation, note = made.current("index")
    assert generation.name == older
    assert "damaged" in note


def test_where_none_is_whole_it_says_so(made: Generations) -> None:
    name = publish(made)
    (made.root / name / "a.bin").write_bytes(b"")
    with pytest.raises(Damaged):
        made.current("index")


def test_a_broken_pointer_falls_back_to_the_newest(made: Generations) -> None:
    publish(made)
    newest = publish(made)
    (made.root / "current.json").write_text('{"index": ')
    assert made.current("index")[0].name == newest


def test_a_file_changed_after_opening_is_refused_on_reading(made: Generations) -> None:
    publish(made)
    generation, _ = made.current("index")
    (generation.folder / "a.bin").write_bytes(b"other")
    with pytest.raises(Damaged):
        generation.read("a.bin")


def test_old_generations_and_dead_leftovers_are_swept_but_not_the_current_one(made: Generations) -> None:
    names = [publish(made, f"{n}") for n in range(KEPT + 3)]
    dead = made.root / ".tmp-index-x-999999999"
    dead.mkdir()
    mine = made.root / f".tmp-index-y-{os.getpid()}"
    mine.mkdir()
    publish(made)
    assert len(made.history("index")) <= KEPT
    assert names[0] not in made.history("index")
    assert not dead.exists()
    assert mine.exists()


def test_models_are_kept_longer_since_people_go_back_to_them(made: Generations) -> None:
    names = []
    for n in range(7):
        with made.begin("models") as draft:
            draft.write("m", str(n).encode())
            named = draft.name
            names.append(draft.publish({}).name)
        assert names[-1] == named
    assert made.history("models") == names[:-6:-1]
    made.point("models", names[2])
    with made.begin("models") as draft:
        draft.write("m", b"8")
    assert names[2] in made.history("models"), "what serves is never swept"


def test_where_what_serves_is_damaged_an_older_one_stands_in_before_a_newer(made: Generations) -> None:
    one, two, three = publish(made, "1"), publish(made, "2"), publish(made, "3")
    made.point("index", two)
    (made.root / two / "a.bin").write_bytes(b"")
    assert made.current("index")[0].name == one
    (made.root / one / "a.bin").write_bytes(b"x")
    assert made.current("index")[0].name == three


def test_parts_do_not_disturb_each_other(made: Generations) -> None:
    index = publish(made)
    with made.begin("models") as draft:
        draft.write("m", b"1")
        models = draft.publish({}).name
    assert made.pointers() == {"index": index, "models": models}


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StoreTrouble, match="Nothing was written"), Generations(file / "made").begin("index"):
        pass


def test_two_that_publish_at_once_lose_no_pointer(made: Generations) -> None:
    publish(made)

    def point(part: str) -> None:
        for n in range(60):
            made.point(part, f"{part}-{n}")

    threads = [threading.Thread(target=point, args=(part,)) for part in ("models", "patterns")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.pointers()["models"] == "models-59"
    assert made.pointers()["patterns"] == "patterns-59"
