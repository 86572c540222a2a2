"""One open desk for the whole process, shared by screens and programs, and opened anew when another is published."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from kb.desk import Desk
from kb.store import Store
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.settings import Settings

_FRESH = 1.0
"""Seconds for which nobody looks again whether something new was published."""


@dataclass
class Opened:
    """Hands out the desk of a home."""

    settings: Settings
    _desk: Desk | None = None
    _store: Store | None = None
    _published: str = ""
    _looked: float = -_FRESH
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Desk:
        """The desk as it is published now. Raises ``NotAHome`` and whatever opening it raises."""
        desk = self._desk
        if desk is not None and time.monotonic() - self._looked < _FRESH:
            return desk
        with self._busy:
            published = str(sorted(Home(self.settings).made.pointers().items()))
            if self._desk is None or published != self._published:
                self._desk, self._published = open_desk(self.settings), published
            else:
                self._desk.follow_rules()
            self._looked = time.monotonic()
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


_ALL: dict[Settings, Opened] = {}
_MAKING = threading.Lock()


def opened(settings: Settings) -> Opened:
    """The one for these settings."""
    with _MAKING:
        return _ALL.setdefault(settings, Opened(settings))
