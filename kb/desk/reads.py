"""Reads on their way into the audit log: the same again soon is one, and nobody waits while another's is written."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kb.audit import Act, Detail, Noted
from kb.errors import StoreTrouble
from kb.store import Store

LOG = logging.getLogger("seenbefore.audit")
AGAIN = 600
"""Seconds within which the same reader's reading of the same record is noted once."""
_REMEMBERED = 10_000


@dataclass
class Reads:
    """What was read lately, and what of it is still to be written."""

    _lately: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    _waiting: deque[Noted] = field(default_factory=deque)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def note(
        self, store: Store, act: Act, subject: str, *, by: str, detail: Detail | None = None, of: str = ""
    ) -> None:
        """Note a read; ``of`` tells reads of one subject apart.

        Of several readers at once the first writes what the others read too, so that a second read costs no wait. A
        log that cannot be written takes nobody's reading away: it is said in the program's own log.
        """
        key, now = (by, act, subject, of), int(time.time())
        if now - self._lately.get(key, 0) < AGAIN:
            return
        if len(self._lately) >= _REMEMBERED:
            self._lately.clear()
        self._lately[key] = now
        self._waiting.append(Noted(act, subject, by, detail, datetime.now(UTC)))
        while self._waiting and self._busy.acquire(blocking=False):
            try:
                self._write(store)
            finally:
                self._busy.release()

    def _write(self, store: Store) -> None:
        rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            store.note_all(rows)
        except StoreTrouble:
            LOG.error("%d reads could not be noted in the audit log: the store cannot be written.", len(rows))
