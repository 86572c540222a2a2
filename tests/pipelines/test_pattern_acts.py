"""Patterns on a real small desk: what people say of them lasts, newcomers join, and nobody acts on what he cannot see."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.desk.overlay import change_overlay, overlay_of
from kb.errors import BadSetting, NotFound
from kb.records import EVERYONE, Pattern, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines import index, patterns
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
HR = Viewer("hera", frozenset({"HR"}))
SAID = {
    "jam": "Paper jam in tray two of the printer",
    "vpn": "VPN tunnel drops after login from home",
    "disk": "Disk volume full on the file server",
}


def ticket(kind: str, i: int, *, audience: tuple[str, ...] = ()) -> Ticket:
    return prepare(Ticket("t", f"{kind}{i}", SAID[kind], f"{SAID[kind]}, case {i}", opened_at=START + timedelta(days=i),
                          audience=audience))  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(Settings(tmp_path_factory.mktemp("desk") / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write(
        "ticket", [ticket(kind, i) for kind, size in (("jam", 12), ("vpn", 9), ("disk", 6)) for i in range(size)]
    )
    index.build(home)
    patterns.find(home)
    home.store.close()
    return home.folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Home:
    """A copy that a test may write to."""
    return Home(Settings(Path(shutil.copytree(built, tmp_path / "home")), embedder="hashing", threads=1))


@pytest.fixture
def desk(home: Home) -> Desk:
    return desk_of(home)


def by_word(desk: Desk, word: str, viewer: Viewer = EVERYONE) -> Pattern:
    (found,) = [one for one in desk.patterns(viewer=viewer) if word in one.name.casefold()]
    return found


def test_a_ticket_joins_its_pattern_the_moment_it_arrives(desk: Desk) -> None:
    jam = by_word(desk, "paper")
    desk.store.write("ticket", [ticket("jam", 50)])
    found = desk.pattern_of(Ref("ticket", "t", "jam50"), viewer=EVERYONE)
    assert found is not None
    assert (found.id, found.size, found.last_seen) == (jam.id, jam.size + 1, START + timedelta(days=50))
    desk.store.write("ticket", [ticket("vpn", 51), prepare(Ticket("t", "odd", "Cafeteria opening hours", "menu"))])
    assert desk.pattern_of(Ref("ticket", "t", "jam50"), viewer=EVERYONE) == found
    assert by_word(desk, "vpn").size == 10
    assert desk.pattern_of(Ref("ticket", "t", "odd"), viewer=EVERYONE) is None
    assert desk.pattern_of(Ref("ticket", "t", "jam1"), viewer=EVERYONE) == found


def test_a_ticket_not_all_may_see_counts_only_for_those_who_may(desk: Desk) -> None:
    desk.store.write("ticket", [ticket("jam", 60, audience=("HR",))])
    assert by_word(desk, "paper", HR).size == 13
    assert by_word(desk, "paper").size == 12
    with pytest.raises(NotFound):
        desk.pattern_of(Ref("ticket", "t", "jam60"), viewer=EVERYONE)
    with pytest.raises(NotFound):
        desk.not_this_pattern(by_word(desk, "paper").id, Ref("ticket", "t", "jam60"), viewer=EVERYONE)


def test_a_merge_is_one_pattern_and_undone_it_is_two(desk: Desk) -> None:
    jam, vpn = by_word(desk, "paper"), by_word(desk, "vpn")
    desk.merge_patterns(vpn.id, into=jam.id, viewer=EVERYONE)
    assert desk.pattern(vpn.id, viewer=EVERYONE).size == 21
    with pytest.raises(BadSetting, match="one pattern already"):
        desk.merge_patterns(vpn.id, into=jam.id, viewer=EVERYONE)
    (act,) = desk.pattern_acts(jam.id, viewer=EVERYONE)
    assert (act.what, act.by, act.undone) == ("merge", EVERYONE.name, False)
    desk.undo_pattern(act.id, viewer=EVERYONE)
    assert desk.pattern(vpn.id, viewer=EVERYONE) == vpn
    assert desk.pattern_acts(vpn.id, viewer=EVERYONE)[0].undone


def test_a_split_has_a_name_and_an_id_of_its_own_and_can_be_undone(desk: Desk) -> None:
    jam = by_word(desk, "paper")
    made = desk.split_pattern(jam.id, jam.members[:3], name="Jam on floor 3", viewer=EVERYONE)
    assert desk.pattern(made, viewer=EVERYONE).members == jam.members[:3]
    assert desk.pattern(made, viewer=EVERYONE).name == "Jam on floor 3"
    assert desk.pattern(jam.id, viewer=EVERYONE).members == jam.members[3:]
    desk.undo_pattern(desk.pattern_acts(made, viewer=EVERYONE)[0].id, viewer=EVERYONE)
    assert desk.pattern(made, viewer=EVERYONE) == desk.pattern(jam.id, viewer=EVERYONE) == jam


@pytest.mark.parametrize("chosen", [[], [999], "all"])
def test_a_split_of_nothing_of_strangers_or_of_all_is_refused(desk: Desk, chosen: list[int] | str) -> None:
    jam = by_word(desk, "paper")
    with pytest.raises(BadSetting):
        desk.split_pattern(jam.id, list(jam.members) if chosen == "all" else [int(i) for i in chosen], viewer=EVERYONE)


def test_a_dismissed_pattern_is_out_of_the_list_until_it_is_brought_back(desk: Desk) -> None:
    jam = by_word(desk, "paper")
    desk.dismiss_pattern(jam.id, viewer=EVERYONE)
    assert jam.id not in [one.id for one in desk.patterns(viewer=EVERYONE)]
    assert jam.id in [one.id for one in desk.patterns(viewer=EVERYONE, dismissed=True) if one.dismissed]
    desk.recall_pattern(jam.id, viewer=EVERYONE)
    assert by_word(desk, "paper") == jam


def test_a_ticket_that_is_none_of_it_is_left_out_and_comes_back_when_undone(desk: Desk) -> None:
    jam = by_word(desk, "paper")
    desk.not_this_pattern(jam.id, Ref("ticket", "t", "jam1"), viewer=EVERYONE)
    assert by_word(desk, "paper").size == 11
    assert desk.pattern_of(Ref("ticket", "t", "jam1"), viewer=EVERYONE) is None
    with pytest.raises(BadSetting):
        desk.not_this_pattern(jam.id, Ref("ticket", "t", "jam1"), viewer=EVERYONE)
    desk.undo_pattern(desk.pattern_acts(jam.id, viewer=EVERYONE)[0].id, viewer=EVERYONE)
    assert by_word(desk, "paper") == jam


def test_nobody_acts_on_a_pattern_he_sees_nothing_of(home: Home) -> None:
    home.store.write("ticket", [ticket("jam", i, audience=("HR",)) for i in range(12)])
    desk = desk_of(home)
    jam = by_word(desk, "paper", HR)
    with pytest.raises(NotFound):
        desk.rename_pattern(jam.id, "x", viewer=EVERYONE)
    with pytest.raises(NotFound):
        desk.merge_patterns(by_word(desk, "vpn").id, into=jam.id, viewer=EVERYONE)
    desk.dismiss_pattern(jam.id, viewer=HR)
    with pytest.raises(NotFound):
        desk.undo_pattern(1, viewer=EVERYONE)


def test_a_pattern_people_named_whose_tickets_are_all_deleted_is_still_listed_as_empty(desk: Desk) -> None:
    jam, vpn = by_word(desk, "paper"), by_word(desk, "vpn")
    desk.rename_pattern(jam.id, "Tray two", viewer=EVERYONE)
    desk.store.delete([Ref("ticket", "t", f"jam{i}") for i in range(12)])
    desk.store.delete([Ref("ticket", "t", f"vpn{i}") for i in range(9)])
    assert [(one.id, one.name, one.size) for one in desk.retired_patterns(viewer=EVERYONE)] == [(jam.id, "Tray two", 0)]
    assert desk.pattern(jam.id, viewer=EVERYONE).first_seen is None
    with pytest.raises(NotFound):
        desk.pattern(vpn.id, viewer=EVERYONE)


def test_of_two_who_speak_at_once_neither_is_lost(desk: Desk) -> None:
    jam = by_word(desk, "paper")
    crowd = [threading.Thread(target=desk.rename_pattern, args=(jam.id, f"name {i}"), kwargs={"viewer": EVERYONE})
             for i in range(8)]  # fmt: skip
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    said = overlay_of(desk.store)
    assert sorted(act.name for act in said.acts) == [f"name {i}" for i in range(8)]
    assert [act.id for act in said.acts] == list(range(1, 9))


def test_a_change_that_fails_leaves_what_was_said(desk: Desk) -> None:
    desk.rename_pattern(by_word(desk, "paper").id, "Kept", viewer=EVERYONE)
    with pytest.raises(BadSetting):
        change_overlay(desk.store, lambda said: said.undo(1, by="", at=START).undo(1, by="", at=START))
    assert list(overlay_of(desk.store).names.values()) == ["Kept"]


def test_a_desk_without_patterns_answers_with_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home(Settings(tmp_path_factory.mktemp("none") / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write("ticket", [ticket("jam", 1)])
    desk = desk_of(home)
    assert desk.patterns(viewer=EVERYONE) == desk.retired_patterns(viewer=EVERYONE) == []
    assert desk.pattern_of(Ref("ticket", "t", "jam1"), viewer=EVERYONE) is None
