"""Many programs at once on one desk: nobody gets another's answer, and nothing breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import uvicorn

from kb.assumptions import Assumptions
from kb.records import Viewer

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def test_figures_asked_for_by_many_at_once_are_each_viewers_own(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, period = world.desk, world.desk.period("2026-11")
    viewers = [Viewer("a"), Viewer("b", frozenset({"HR"})), Viewer("c", frozenset({"Security"}))]
    alone = {one: desk.figures(period, viewer=one, now=NOW) for one in viewers}
    assert alone[viewers[0]] != alone[viewers[1]]
    plain = Assumptions.from_settings

    def slowly(settings: Any) -> Any:
        time.sleep(0.01)  # others get their turn in between
        return plain(settings)

    monkeypatch.setattr(Assumptions, "from_settings", slowly)

    def ask(turn: int) -> bool:
        one = viewers[turn % 3]
        desk.bursts(viewer=one, now=NOW, days=1 + turn % 14)
        return bool(desk.figures(period, viewer=one, now=NOW) == alone[one])

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(30)))


@pytest.fixture
def base(world: Any) -> Iterator[str]:
    """The address of the API as it is really served."""
    server = uvicorn.Server(uvicorn.Config(world.api(), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/v1"
    server.should_exit = True
    thread.join(10)


def test_search_triage_and_writing_at_once_all_answer(world: Any, base: str) -> None:
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {world.key('admin')}"}, timeout=60) as call:
        _asked_together(call)


def _asked_together(call: httpx2.Client) -> None:

    def ask(turn: int) -> int:
        if turn % 3 == 0:
            sent = {"source": "many", "number": f"M{turn}", "title": f"quokka {turn} on the plotter", "state": "open"}
            return int(call.post("/tickets", json=sent).status_code)
        if turn % 3 == 1:
            return int(call.post("/search", json={"text": "quokka on the plotter"}).status_code)
        return int(call.post("/triage", json={"title": "Outlook asks for the password"}).status_code)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(48))) == {200}
    found = call.post("/search", json={"text": "quokka on the plotter", "limit": 50}).json()
    assert sum(one["source"] == "many" for one in found["hits"] + found["nearest"]) >= 3
    assert call.get("/tickets/M45").status_code == 200
