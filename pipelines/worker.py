"""What goes on beside serving: the desk is opened before anybody asks, calls are noted, and messages go out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kb.alerts import queue_alerts
from kb.store import Store
from pipelines.deliver import send_due
from pipelines.logs import outlived
from pipelines.opened import opened
from pipelines.settings import Settings

LOG = logging.getLogger("seenbefore.worker")
EVERY = 5.0
"""Seconds between two rounds."""
LOOKS = 12
"""At every so many rounds it looks for what happened."""


class Worker:
    """One thread that works in rounds until it is stopped; nothing that goes wrong in a round ends it."""

    def __init__(self, settings: Settings, keep: Callable[[Store], None], *, every: float = EVERY) -> None:
        self._opened, self._keep, self._every = opened(settings), keep, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seenbefore-worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round at hand, and note the last calls."""
        self._stop.set()
        self._thread.join(timeout=3)
        self._try(lambda: self._keep(self._opened.store()))

    def _run(self) -> None:
        self._try(self._opened)
        rounds = 0
        while not self._stop.wait(self._every):
            self._try(lambda: self.round(look=rounds % LOOKS == 0))  # noqa: B023 - called at once
            rounds += 1

    def round(self, *, look: bool) -> None:
        """Note calls, look for what happened where some hook wants to know, and send what is due."""
        store = self._opened.store()
        self._keep(store)
        if not any(hook.active for hook in store.hooks("out")):
            return
        if look:
            queue_alerts(self._opened(), now=datetime.now(UTC))
        send_due(store, now=lambda: datetime.now(UTC), stop=self._stop.is_set)

    def _try(self, work: Callable[[], object]) -> None:
        with outlived(LOG, "A round of the worker was left out"):
            work()
