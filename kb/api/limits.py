"""How much a program may ask for at once: sizes, rates, and how many requests wait for their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from kb.api.errors import Refusal

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the API."""

    body: int = MB
    batch: int = 16 * MB
    """Bytes of a body where many records are sent at once."""
    body_seconds: float = 30.0
    """A body that has not come by then is given up."""
    workers: int = 4
    """Requests worked on at the same time."""
    queue: int = 64
    """Requests that may wait; more are turned away."""
    wait_seconds: float = 10.0
    """A request that has waited so long is turned away."""


class Buckets:
    """A bucket of tokens for each caller: it fills at so many a minute, and holds those of ten seconds, at least 20."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, rate: int) -> float:
        """Take a token; 0 where there was one, else the seconds until there is."""
        now, holds, each = self._clock(), max(20.0, rate / 6), 60.0 / rate
        tokens, since = self._left.get(caller, (holds, now))
        tokens = min(holds, tokens + (now - since) / each)
        if tokens < 1:
            self._left[caller] = tokens, now
            return (1 - tokens) * each
        self._left[caller] = tokens - 1, now
        return 0.0


class Turns:
    """So many at work, so many in the queue, the rest turned away with the advice to come back."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.workers)
        self.waiting = 0
        self.working = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises ``Refusal`` (503) where the queue is full or the wait is too long."""
        if self._free.locked() and self.waiting >= self._limits.queue:
            raise _busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise _busy() from error
        finally:
            self.waiting -= 1
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1
            with suppress(RuntimeError):
                self._free.release()


def _busy() -> Refusal:
    return Refusal(503, "Too many requests are waiting: try again in a moment.", headers={"Retry-After": "2"})
