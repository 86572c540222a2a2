"""Several servers on one database: what another one writes is made ready here before anybody asks for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.logs import outlived
from pipelines.opened import Opened, opened
from pipelines.settings import Settings

LOG = logging.getLogger("seenbefore.follow")
EVERY = 1.0
"""Seconds after which it looks by itself, should no word of a change have come."""
REST = 4.0
"""Rests for so many times as long as the last look took, so that a long import elsewhere does not keep it busy."""


class Follower:
    """One thread that keeps the open desk at the store's last change until it is stopped; nothing ends it before."""

    def __init__(self, desks: Opened) -> None:
        self._desks = desks
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seenbefore-follower", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End within about :data:`EVERY` seconds."""
        self._stop.set()
        self._thread.join(timeout=3)

    def _run(self) -> None:
        while not self._stop.is_set():
            with outlived(LOG, "The store is not followed for a moment"):
                self._follow()
            self._stop.wait(EVERY)

    def _follow(self) -> None:
        for _ in self._desks.store().changes(every=EVERY):
            if self._stop.is_set():
                return
            if self._desks.is_open:
                started = time.monotonic()
                self._desks().shelves.now()
                self._stop.wait(REST * (time.monotonic() - started))


@contextmanager
def following(settings: Settings) -> Iterator[None]:
    """Follow what other servers write, where the store is one that they can write to."""
    if not settings.database_url.startswith("postgresql"):
        yield
        return
    follower = Follower(opened(settings))
    follower.start()
    try:
        yield
    finally:
        follower.stop()
