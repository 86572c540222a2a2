"""Refits on a real small desk: ids last, what people said holds, and bad input gives sensible patterns."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.records import EVERYONE, Pattern, Problem, Ref, Ticket
from kb.text import prepare
from pipelines import index, patterns
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
SAID = {
    "jam": "Paper jam in tray two of the printer",
    "vpn": "VPN tunnel drops after login from home",
    "disk": "Disk volume full on the file server",
    "mail": "Outlook asks for the password again",
}


def ticket(kind: str, i: int, *, at: datetime | None = START, body: str = "") -> Ticket:
    opened = at + timedelta(days=i) if at is not None else None
    return prepare(Ticket("t", f"{kind}{i}", SAID[kind], body or f"{SAID[kind]}, case {i}", opened_at=opened))


def some(kind: str, numbers: range) -> list[Ticket]:
    return [ticket(kind, i) for i in numbers]


def fresh_home(place: Path, tickets: Sequence[Ticket]) -> Home:
    home = Home(Settings(place / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write("ticket", list(tickets))
    index.build(home)
    return home


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = fresh_home(
        tmp_path_factory.mktemp("desk"), some("jam", range(12)) + some("vpn", range(9)) + some("disk", range(6))
    )
    patterns.find(home)
    home.store.close()
    return home.folder


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Desk:
    """A copy that a test may write to."""
    return desk_of(Home(Settings(Path(shutil.copytree(built, tmp_path / "home")), embedder="hashing", threads=1)))


def refit(desk: Desk, *, forget: bool = False) -> Desk:
    """Find patterns anew, without the last generation where ``forget``."""
    home = Home(Settings(Path(desk.facts["home"]), embedder="hashing", threads=1))
    if forget:
        shutil.rmtree(home.folder / "made" / "patterns", ignore_errors=True)
        for left in (home.folder / "made").rglob("*pattern*"):
            shutil.rmtree(left, ignore_errors=True)
    index.build(home)
    patterns.find(home, force=True)
    return desk_of(home)


def by_word(desk: Desk, word: str) -> Pattern:
    (found,) = [one for one in desk.patterns(viewer=EVERYONE) if word in one.name.casefold()]
    return found


def test_patterns_keep_their_ids_when_tickets_come_and_a_new_failure_gets_a_new_one(desk: Desk) -> None:
    old = {one.id: one.name for one in desk.patterns(viewer=EVERYONE)}
    desk.store.write("ticket", [ticket("jam", 40), *some("mail", range(30))])
    after = refit(desk)
    assert {one.id: one.name for one in after.patterns(viewer=EVERYONE) if one.id in old} == old
    assert by_word(after, "outlook").id == "PAT00004"


def test_every_human_act_holds_after_a_refit(desk: Desk) -> None:
    jam, vpn, disk = (by_word(desk, word) for word in ("paper", "vpn", "disk"))
    desk.rename_pattern(jam.id, "Tray two", viewer=EVERYONE)
    off = desk.split_pattern(jam.id, jam.members[:3], name="Floor 3", viewer=EVERYONE)
    desk.merge_patterns(disk.id, into=vpn.id, viewer=EVERYONE)
    desk.not_this_pattern(vpn.id, Ref("ticket", "t", "vpn2"), viewer=EVERYONE)
    desk.dismiss_pattern(jam.id, viewer=EVERYONE)
    before = {one.id: one for one in desk.patterns(viewer=EVERYONE, dismissed=True)}
    desk.store.write("ticket", [*some("mail", range(20)), ticket("disk", 30)])
    after = {one.id: one for one in refit(desk).patterns(viewer=EVERYONE, dismissed=True)}
    assert (after[jam.id].name, after[jam.id].dismissed) == ("Tray two", True)
    assert (after[off].name, after[off].members) == ("Floor 3", before[off].members)
    assert set(after[vpn.id].members) > set(before[vpn.id].members)
    assert disk.id not in after


def test_what_people_said_is_found_again_when_everything_made_is_lost(desk: Desk) -> None:
    disk, jam = by_word(desk, "disk"), by_word(desk, "paper")
    desk.rename_pattern(disk.id, "Full disks", viewer=EVERYONE)
    off = desk.split_pattern(jam.id, jam.members[:3], viewer=EVERYONE)
    desk.store.write("ticket", some("mail", range(40)))
    after = refit(desk, forget=True)
    assert after.pattern(disk.id, viewer=EVERYONE).members == disk.members
    assert after.pattern(disk.id, viewer=EVERYONE).name == "Full disks"
    assert after.pattern(off, viewer=EVERYONE).members == jam.members[:3]
    ids = [one.id for one in after.patterns(viewer=EVERYONE)]
    assert len(ids) == len(set(ids)) == 5


def test_a_named_pattern_whose_tickets_are_gone_is_kept_and_takes_the_same_failure_when_it_returns(desk: Desk) -> None:
    jam, vpn = by_word(desk, "paper"), by_word(desk, "vpn")
    desk.rename_pattern(jam.id, "Tray two", viewer=EVERYONE)
    desk.store.write("problem", [prepare(Problem("t", "PRB1", "Tunnels", pattern=vpn.id))])
    desk.store.delete([Ref("ticket", "t", f"{kind}{i}") for kind in ("jam", "vpn") for i in range(12)])
    after = refit(desk)
    assert [one.id for one in after.retired_patterns(viewer=EVERYONE)] == [jam.id, vpn.id]
    after.store.write("ticket", some("jam", range(50, 58)))
    back = refit(after).pattern(jam.id, viewer=EVERYONE)
    assert (back.name, back.size) == ("Tray two", 8)


def test_nothing_changed_means_nothing_is_made_anew(desk: Desk) -> None:
    home = Home(Settings(Path(desk.facts["home"]), embedder="hashing", threads=1))
    assert patterns.find(home).unchanged


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_desk_and_one_ticket_make_no_pattern(tmp_path: Path, count: int) -> None:
    home = fresh_home(tmp_path, some("jam", range(count)))
    found = patterns.find(home)
    assert (found.patterns, found.tickets) == (0, count)
    assert desk_of(home).patterns(viewer=EVERYONE) == []


@pytest.mark.parametrize(
    "at", [None, START, datetime(2190, 1, 1, tzinfo=UTC)], ids=["no dates", "one second", "future"]
)
def test_absurd_times_do_not_hinder_patterns(tmp_path: Path, at: datetime | None) -> None:
    many = [
        prepare(Ticket("t", f"{kind}{i}", SAID[kind], f"{SAID[kind]}, case {i}", opened_at=at))
        for kind in ("jam", "vpn")
        for i in range(8)
    ]
    home = fresh_home(tmp_path, many)
    patterns.find(home)
    found = desk_of(home).patterns(viewer=EVERYONE)
    assert sorted(one.size for one in found) == [8, 8]
    assert {one.first_seen for one in found} == {at}


@pytest.mark.slow
def test_thirty_thousand_copies_of_one_mail_are_one_pattern_and_do_not_drown_the_rest(tmp_path: Path) -> None:
    flood = [prepare(Ticket("t", f"mon{i}", "Disk alert on host db1", "volume above 90 percent", opened_at=START))
             for i in range(30_000)]  # fmt: skip
    home = fresh_home(tmp_path, [*flood, *some("jam", range(12)), *some("vpn", range(9))])
    patterns.find(home)
    assert [one.size for one in desk_of(home).patterns(viewer=EVERYONE)] == [30_000, 12, 9]
