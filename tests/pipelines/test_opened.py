"""While a new generation is opened, everybody goes on being answered from the one before."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.errors import Damaged
from kb.records import Ticket
from pipelines import index, opened
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.opened import Opened
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(opened, "_FRESH", 0.0)
    made = Settings(tmp_path / "desk", embedder="hashing")
    home = Home(made)
    home.create()
    _publish(home, 1)
    return made


def _publish(home: Home, n: int) -> str:
    home.store.write("ticket", [Ticket(source="t", number=f"N{n}", title=f"printer {n}")])
    return index.build(home).generation


def _name(desk: Desk) -> str:
    return str(desk.facts["index"]["name"])


def _until(desks: Opened, name: str) -> None:
    for _ in range(500):
        if _name(desks()) == name:
            return
        time.sleep(0.01)
    pytest.fail(f"{name} was never handed out")


def test_nobody_waits_for_a_new_generation_to_be_opened(settings: Settings) -> None:
    go, opening = threading.Event(), threading.Event()

    def slowly(given: Settings) -> Desk:
        if desks.is_open:
            opening.set()
            assert go.wait(20)
        return open_desk(given)

    desks = Opened(settings, slowly)
    before = desks()
    newer = _publish(Home(settings), 2)
    assert desks() is before
    assert opening.wait(20)
    assert desks() is before, "the one before answers while the new one is opened"
    go.set()
    _until(desks, newer)
    assert before.store.seq() == desks().store.seq(), "the one before can still finish what it was asked"


def test_a_generation_that_cannot_be_opened_leaves_the_one_before_in_service(settings: Settings) -> None:
    tried = []

    def fails(given: Settings) -> Desk:
        tried.append(1)
        if len(tried) == 2:
            raise Damaged("The index is damaged: run `seenbefore index`.")
        return open_desk(given)

    desks = Opened(settings, fails)
    before = desks()
    newer = _publish(Home(settings), 2)
    for _ in range(50):
        assert desks() is before
        time.sleep(0.01)
    assert len(tried) == 2, "not again and again"
    desks._look_at = 0.0
    _until(desks, newer)
