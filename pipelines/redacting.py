"""Redact what an import will write in processes beside it, batch by batch and in order, so that every core helps.

The process that writes redacts too where it would only wait, so there is one less beside it than there are cores.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from kb.guard import Guard, Ready
from kb.records import Record

MOST = 8
"""Processes at most."""
WORTH = 400_000
"""Bytes of an export from which on it is worth starting them."""
_WAITING = 3
"""Batches that are read ahead for each process and the one that writes."""
_PART, _SENT = 50, 10
"""Records that are redacted at once, and how often as many are sent to a process ahead of what it is at: fewer where
little is left, so that the last one is not waited for long."""


def workers(threads: int = 0) -> int:
    """How many processes beside the one that writes this machine is given; 0 where one core has to do everything."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(threads or MOST, there, MOST)
    return cores - 1


def through(
    batches: Iterable[Sequence[Record]], guard: Callable[[], Guard], *, processes: int
) -> Iterator[tuple[Sequence[Record], Ready | None]]:
    """The same batches in the same order, each with its records prepared and redacted; ``None`` where they are not.

    ``guard`` tells the policy when a batch is read; what is written under another one is redacted anew by the store.
    Where a process is lost the rest comes back as it is: slower, and nothing is lost.
    """
    if not processes:
        yield from ((batch, None) for batch in batches)
        return
    spawned = multiprocessing.get_context("spawn")  # a fork of a program with threads may hang
    pool = ProcessPoolExecutor(processes, mp_context=spawned, initializer=_begin)
    try:
        ahead = _Ahead(pool, processes)
        for batch in batches:
            ahead.add(batch, guard())
            if len(ahead) > _WAITING * (processes + 1):
                yield ahead.first()
        while len(ahead):
            yield ahead.first()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Part:
    """Some records of a batch, and what comes of them; ``None`` while nobody has begun with them."""

    guard: Guard
    records: Sequence[Record]
    made: Future[Ready] | None = None

    @property
    def pending(self) -> bool:
        """Whether a process has it and is not done."""
        return self.made is not None and not self.made.done()


class _Ahead:
    """Batches that were read ahead: their first parts go to the processes, the last ones are left to this one."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int) -> None:
        self._pool, self._processes = pool, processes
        self._batches: deque[tuple[Sequence[Record], Guard, Sequence[_Part]]] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, records: Sequence[Record], guard: Guard) -> None:
        """One more batch, to be redacted by this policy."""
        parts = [_Part(guard, records[at : at + _PART]) for at in range(0, len(records), _PART)]
        self._batches.append((records, guard, parts))
        self._send()

    def first(self) -> tuple[Sequence[Record], Ready | None]:
        """The one that is next; until it is ready, parts of others are redacted here."""
        self._send()
        records, guard, parts = self._batches[0]
        while any(part.made is None or part.pending for part in parts):
            last = next((part for part in reversed(self._parts()) if part.made is None), None)
            if last is None:
                break
            last.made = Future()
            last.made.set_result(Ready.by(last.guard, last.records))
            self._send()
        self._batches.popleft()
        try:
            made = [part.made.result() for part in parts if part.made is not None]
        except BrokenProcessPool:
            return records, None
        return records, Ready(guard, [one for ready in made for one in ready.records])

    def _send(self) -> None:
        """Give the processes what they can take, the first ones first; a pool's own queue gives nothing back."""
        parts = self._parts()
        free = [part for part in parts if part.made is None]
        most = self._processes * min(_SENT, max(2, len(free) // (2 * self._processes + 1)))
        busy = sum(part.pending for part in parts)
        for part in free[: max(0, most - busy)]:
            part.made = self._submit(part)

    def _submit(self, part: _Part) -> Future[Ready]:
        try:
            with _left_alone():
                return self._pool.submit(Ready.by, part.guard, part.records)
        except BrokenProcessPool as error:
            lost = Future[Ready]()
            lost.set_exception(error)
            return lost

    def _parts(self) -> list[_Part]:
        """All that were read ahead, in their order."""
        return [part for _, _, parts in self._batches for part in parts]


@contextmanager
def _left_alone() -> Iterator[None]:
    """Processes that are started here never hear an interrupt, not even while they begin."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin() -> None:
    """A process of the pool ends with the one that asked, however that one ends."""
    asked = multiprocessing.parent_process()
    if asked is not None:
        threading.Thread(target=_end_with, args=(asked,), daemon=True).start()


def _end_with(asked: multiprocessing.process.BaseProcess) -> None:
    asked.join()
    os._exit(1)
