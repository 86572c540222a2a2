"""A small desk behind the API: everybody's tickets, some of HR's, articles, a problem; and keys to it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from kb.api import Api, Limits, make
from kb.desk import Desk
from kb.privacy.sealing import new_key
from kb.records import Article, Link, Problem, Ticket
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "zanzibar"
KEY = new_key()


@dataclass
class World:
    """The desk, the API over it, and a clock that a test may move."""

    desk: Desk
    now: datetime = NOW
    limits: Limits = field(default_factory=Limits)
    _api: Api | None = None

    def api(self) -> Api:
        """The API as it is served."""
        if self._api is None:
            self._api = make(lambda: self.desk, lambda: self.desk.store, limits=self.limits, clock=lambda: self.now)
        return self._api

    def key(self, *scopes: str, groups: tuple[str, ...] = (), rate: int = 100_000, days: int = 90) -> str:
        """A new key."""
        found = self.desk.store.add_key("test", scopes=scopes or ("admin",), groups=groups, now=self.now, rate=rate,
                                        days=days)  # fmt: skip
        return found[1]

    def client(self, *scopes: str, groups: tuple[str, ...] = (), rate: int = 100_000) -> TestClient:
        """A program with a key."""
        return client_of(self.api(), self.key(*scopes, groups=groups, rate=rate))


def client_of(api: Api, token: str = "") -> TestClient:
    """A program that calls this API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(api, base_url="http://desk/api/v1", headers=headers)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's folder as each test finds it; never written to."""
    folder = tmp_path_factory.mktemp("template") / "desk"
    _fill(folder)
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    """A desk of 40 tickets without models, for tests that write."""
    return _copy(template, tmp_path / "desk")


@pytest.fixture(scope="module")
def shared_world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same for a whole file."""
    return _copy(template, tmp_path_factory.mktemp("api") / "desk")


def _copy(template: Path, folder: Path) -> World:
    shutil.copytree(template, folder)
    return World(desk_of(Home(Settings(folder, embedder="hashing", privacy_key=KEY))))


def _fill(folder: Path) -> None:
    home = Home(Settings(folder, embedder="hashing"))
    home.create()
    said = ("Outlook asks for the password again", "printer on floor two prints blank pages", "VPN drops, error 809",
            "SAP is slow since the update")  # fmt: skip
    tickets = [
        Ticket("desk", f"INC{i:04}", said[i % 4], f"{said[i % 4]}, room {i}", opened_at=NOW - timedelta(hours=i + 1),
               resolved_at=NOW - timedelta(minutes=i), state="closed" if i % 5 else "open", category="Software",
               resolution="Cleared the saved credentials and signed in again.")
        for i in range(36)
    ]  # fmt: skip
    tickets += [
        Ticket("desk", f"HR{i:04}", f"payroll case {SECRET} {i}", f"{SECRET} of room {i}", audience=("HR",),
               opened_at=NOW - timedelta(hours=i), state="open") for i in range(4)
    ]  # fmt: skip
    store = home.store
    store.write("ticket", [prepare(one) for one in tickets])
    store.write("article", [prepare(Article("desk", "KB0001", "VPN: error 809", body="Open UDP 500 and 4500."))])
    store.write("problem", [prepare(Problem("desk", "PRB0001", "Certificates expire unseen", workaround="Renew it."))])
    store.link([Link(tickets[0].ref, Article("desk", "KB0001").ref)])
    _ = desk_of(home).shelves.now()
    store.close()


@pytest.fixture
def call(world: World) -> TestClient:
    """A program that may do everything and sees what is for everybody."""
    return world.client()
