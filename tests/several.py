"""Servers of one desk for tests: real processes with homes of their own on one PostgreSQL, and programs that ask."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_UP = 240
"""Seconds a server gets to be ready: machines of tests may be busy."""
ROOT = Path(__file__).resolve().parents[1]


def environment(url: str) -> dict[str, str]:
    """What a program of ours needs to be one of several servers."""
    return {**os.environ, "SEENBEFORE_DATABASE_URL": url, "SEENBEFORE_EMBEDDER": "hashing", "SEENBEFORE_THREADS": "1"}


@dataclass
class Answer:
    """What a server said; status 0 where none answered."""

    status: int
    told: dict[str, Any] = field(default_factory=dict)
    media: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Machine:
    """One server: a home, a port, and a process that can be killed and started again."""

    home: Path
    url: str
    key: str
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it is ready."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "pipelines", "serve", "--home", str(self.home), "--port", str(self.port),
                   "--api-only"]  # fmt: skip
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment(self.url), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)  # fmt: skip
        if wait:
            self.ready()

    def ready(self) -> None:
        """Wait until it is ready."""
        until = time.monotonic() + _UP
        while time.monotonic() < until:
            assert self.process is not None and self.process.poll() is None, "the server ended by itself"
            if self.ask("GET", "health/ready").status == 200:
                return
            time.sleep(0.1)
        raise AssertionError("the server is not ready")

    def kill(self) -> None:
        """As a power cut does to a process."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> None:
        """End it as an operator does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()

    def ask(self, method: str, route: str, body: Any = None, *, within: float = 30) -> Answer:
        """One request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1/{route}", None if body is None else json.dumps(body), headers)
            said = connection.getresponse()
            text = said.read()
            told = json.loads(text) if text else {}
            return Answer(said.status, told, said.getheader("Content-Type") or "",
                          {name.lower(): value for name, value in said.getheaders()})  # fmt: skip
        except (OSError, http.client.HTTPException):
            return Answer(0)
        finally:
            connection.close()

    def write(self, number: str, title: str) -> Answer:
        """Add a ticket."""
        return self.ask("POST", "tickets", {"source": "desk", "number": number, "title": title, "state": "open"})

    def finds(self, number: str) -> Answer:
        """Ask for a ticket by its number; ``told`` has True under "found" where it is among the hits."""
        said = self.ask("POST", "search", {"text": number})
        hits = [*said.told.get("hits", ()), *said.told.get("nearest", ())]
        said.told["found"] = any(one["number"] == number for one in hits)
        return said
