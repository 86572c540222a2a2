"""The real app, served and met by a real browser: shared by the browser tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
STICKS_OUT = "Math.max(...[...document.querySelectorAll('.sb')].map(e => e.scrollWidth - e.clientWidth))"
"""How many pixels of a page stick out of its window."""
_ENDS = 60
"""Seconds in which a program must end once it was told to."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(program: list[str], address: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program beside the test, from when its address answers until it was told to end."""
    process = subprocess.Popen(program, cwd=ROOT, env={**os.environ, **environ})
    try:
        _until_up(address, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_ENDS)


@contextmanager
def serving(home: Path, *, port: int = 0, ready: str = "/_stcore/health", **environ: str) -> Iterator[str]:
    """The address of a desk that is served; it must end cleanly."""
    port = port or free_port()
    base = f"http://127.0.0.1:{port}"
    program = [sys.executable, "-m", "pipelines", "serve", "--home", str(home), "--port", str(port)]
    with running(program, base + ready, **environ) as process:
        yield base
    assert process.returncode == 0, "serving did not end cleanly"


@contextmanager
def chromium_of(path: str) -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def _until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert process.poll() is None, "it ended at once"
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"{address} did not answer within a minute")
