"""One open desk for the whole process, shared by screens and programs, and opened anew when another is published."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kb.desk import Desk
from kb.store import Store
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.logs import outlived
from pipelines.settings import Settings

LOG = logging.getLogger("seenbefore.opened")
_FRESH = 1.0
"""Seconds for which nobody looks again whether something new was published."""
_AGAIN = 30.0
"""Seconds after which a generation that could not be opened is tried once more."""


@dataclass
class Opened:
    """Hands out the desk of a home; while a new one is opened aside, everybody is answered from the one before."""

    settings: Settings
    open: Callable[[Settings], Desk] = open_desk
    _desk: Desk | None = None
    _store: Store | None = None
    _published: str = ""
    _look_at: float = 0.0
    _aside: threading.Thread | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Desk:
        """The desk as it is published now, or a moment ago. Raises ``NotAHome`` and whatever opening it raises."""
        desk = self._desk
        if desk is not None and time.monotonic() < self._look_at:
            return desk
        with self._busy:
            if self._desk is None:
                published = self._newest()
                self._desk, self._published = self.open(self.settings), published
            elif self._aside is None and time.monotonic() >= self._look_at and self._newest() != self._published:
                self._aside = threading.Thread(target=self._turn, name="seenbefore-opening", daemon=True)
                self._aside.start()
            elif self._aside is None:
                self._desk.follow_rules()
            self._look_at = max(self._look_at, time.monotonic() + _FRESH)
            return self._desk

    @property
    def is_open(self) -> bool:
        """Whether there is a desk already."""
        return self._desk is not None

    def store(self) -> Store:
        """The store alone, which is there long before the desk is. Raises ``NotAHome``."""
        if self._desk is not None:
            return self._desk.store
        if self._store is None:
            self._store = Home(self.settings).store
        return self._store

    def _newest(self) -> str:
        return str(sorted(Home(self.settings).made.pointers().items()))

    def _turn(self) -> None:
        """Open what was published, and hand it out from now on; where that fails, what was open stays."""
        again, started = _AGAIN, time.monotonic()
        try:
            with outlived(LOG, "What was published cannot be opened, the one before goes on"):
                published = self._newest()
                self._desk, self._published = self.open(self.settings), published
                again = 0.0
                LOG.info("opened what was published", extra={"told": {"seconds": round(time.monotonic() - started, 1)}})
        finally:
            self._look_at = time.monotonic() + again
            self._aside = None


_ALL: dict[Settings, Opened] = {}
_MAKING = threading.Lock()


def opened(settings: Settings) -> Opened:
    """The one for these settings."""
    with _MAKING:
        return _ALL.setdefault(settings, Opened(settings))
