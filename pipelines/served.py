"""A desk that a process of its own serves, and the questions of programs to it: what measuring the API stands on."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.errors import StoreTrouble
from kb.records import EVERYONE, Ticket
from pipelines import settings as environment
from pipelines.home import Home
from pipelines.index import Say

SHED = (429, 503)
"""Statuses of requests that were turned away with the advice to come back."""
_QUESTIONS = 300
_UP = 180


def asked(tickets: Sequence[Ticket]) -> list[tuple[str, str, list[bytes]]]:
    """Name, path and bodies of what programs ask with these tickets."""
    search = [json.dumps({"text": one.text[:2_000] or one.title, "limit": 10}).encode() for one in tickets]
    triage = [json.dumps({"title": one.title[:500], "body": one.body[:5_000]}).encode() for one in tickets]
    return [("search", "/api/v1/search", search), ("triage", "/api/v1/triage", triage)]


def questions(home: Home) -> list[Ticket]:
    """The newest tickets with words, evenly spread; always the same ones of one desk."""
    found = [one for batch in home.store.each("ticket", EVERYONE) for one in batch if isinstance(one, Ticket)]
    worded = [one for one in found if len(one.text.split()) > 2]
    if not worded:
        raise StoreTrouble("There is no ticket with words in this desk: import some with `seenbefore ingest FILE`.")
    newest = sorted(worded, key=lambda one: (one.opened_at or datetime.min.replace(tzinfo=UTC), one.id or 0))
    return newest[-_QUESTIONS:]


def status_of(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer to a POST; 0 where there was none."""
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return answer.status


@contextmanager
def home_of(folder: Path | None, work: Path | None, say: Say) -> Iterator[Home]:
    """The home at ``folder``, else the sample desk, made in ``work`` or for the while."""
    if folder is not None:
        home = Home(environment.read(folder))
        _ = home.store
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="seenbefore-api-") as scratch:
        from pipelines import demo

        home = Home(environment.read((work or Path(scratch)) / "sample"))
        for _ in demo.prepare(home, say=say):
            pass
        yield home


@contextmanager
def served(home: Home) -> Iterator[tuple[int, int]]:
    """The port of a process that serves this home, once its desk is open, and its number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "pipelines", "serve", "--home", str(home.folder), "--port", str(port)]
    root = str(Path(__file__).resolve().parents[1])
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    try:
        _until_ready(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _until_ready(port: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + _UP
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/api/v1/health/ready")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.25)
    raise StoreTrouble("The desk could not be served: try `seenbefore serve` and see what it says.")


def computed(process: int) -> float:
    """Seconds of computing time that a process took so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
