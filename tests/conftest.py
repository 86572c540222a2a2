"""What every test gets: a home of its own, no network, and the paths of things that may be absent."""

from __future__ import annotations

import fcntl
import io
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import browsing, pg

ROOT = Path(__file__).resolve().parent.parent

# Set before anything imports a library that reads them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# How long an example takes is no property of the program: a busy machine would turn a test red.
settings.register_profile("seenbefore", deadline=None)
settings.load_profile("seenbefore")


ON_POSTGRES = os.environ.get(pg.SWITCH, "") == "postgres"


def pytest_configure(config: pytest.Config) -> None:
    """With the switch, every home of this session lies in a PostgreSQL of its own; its workers share it."""
    if ON_POSTGRES and hasattr(config, "workerinput"):
        pg.redirected()
    elif ON_POSTGRES:
        if pg.programs() is None:
            raise pytest.UsageError(f"{pg.SWITCH}=postgres, but no PostgreSQL is installed here: apt-get install it.")
        server = pg.Server.made()
        config.add_cleanup(server.remove)
        pg.every_home(server)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of what only SQLite has are left out on PostgreSQL."""
    for item in items if ON_POSTGRES else ():
        if (mark := item.get_closest_marker("sqlite")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"only on SQLite: {mark.args[0]}"))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What our own parts log while the test runs, as lines of JSON."""
    from pipelines import logs

    stream = io.StringIO()
    handler = logs.start(stream)
    yield stream
    ours = logging.getLogger(logs.NAME)
    ours.removeHandler(handler)
    ours.setLevel(logging.NOTSET)
    ours.propagate = True


@pytest.fixture(autouse=True)
def connections_given_back() -> Iterator[None]:
    """On PostgreSQL, no test keeps a connection."""
    yield
    if ON_POSTGRES:
        import homes_elsewhere

        for store in homes_elsewhere.OPENED:
            store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[pg.Server]:
    """A real PostgreSQL for tests that need one; they are skipped where none is installed."""
    if pg.programs() is None:
        pytest.skip("no PostgreSQL found: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: pip install 'psycopg[binary]'")
    server = pg.Server.made()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the person's own home, settings or proxies, and none can reach a hub."""
    for name in list(os.environ):
        if (name.startswith("SEENBEFORE_") and name != "SEENBEFORE_SHARED") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SEENBEFORE_HOME", str(tmp_path_factory.mktemp("home") / "desk"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the shared benchmark data; the test is skipped where it is not beside the repository."""
    folder = Path(os.environ.get("SEENBEFORE_SHARED") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no benchmark data here: ../shared/data is absent and SEENBEFORE_SHARED is not set")
    return folder


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample desk, loaded and built once for all tests that need it; without torch. Do not write to it.

    Workers that run side by side build it once: the first to come builds, and each takes a copy of its own.
    """
    beside = tmp_path_factory.getbasetemp()
    built = (beside.parent if "PYTEST_XDIST_WORKER" in os.environ else beside) / "sample-built"
    with (built.parent / "sample-built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / "whole").exists():
            shutil.rmtree(built, ignore_errors=True)
            subprocess.run(
                [sys.executable, "-m", "pipelines", "demo", "--no-serve", "--home", str(built / "desk")],
                cwd=ROOT, env={**os.environ, "SEENBEFORE_EMBEDDER": "hashing"}, check=True, capture_output=True, timeout=900,
            )  # fmt: skip
            (built / "whole").touch()
    return Path(shutil.copytree(built / "desk", tmp_path_factory.mktemp("sample") / "desk"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for the browser tests; they are skipped where there is none."""
    named = os.environ.get("CHROMIUM", "")
    for candidate in (named, "chromium", "chromium-browser", "google-chrome"):
        if candidate and (found := shutil.which(candidate)):
            return found
    pytest.skip("no Chromium found: install one or name it in the environment variable CHROMIUM")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """One Chromium for all tests of a file."""
    with browsing.chromium_of(chromium) as opened:
        yield opened
