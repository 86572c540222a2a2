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
"""Batches for each process that are sent ahead, and as many for the one that writes are read."""


def workers(threads: int = 0) -> int:
    """How many processes beside the one that writes this machine is given; 0 where one core has to do everything."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(threads or MOST, there, MOST)
    return cores - 1


def through(
    batches: Iterable[Sequence[Record]], guard: Callable[[], Guard], *, processes: int
) -> Iterator[tuple[Sequence[Record], Ready | None]]:
    """The same batches in the same order, each with its records prepared and redacted; ``None`` where they are not.

    ``guard`` tells the policy when a batch is sent; what is written under another one is redacted anew by the store.
    Where a process is lost the rest comes back as it is: slower, and nothing is lost.
    """
    if not processes:
        yield from ((batch, None) for batch in batches)
        return
    spawned = multiprocessing.get_context("spawn")  # a fork of a program with threads may hang
    pool = ProcessPoolExecutor(processes, mp_context=spawned, initializer=_begin)
    try:
        ahead = _Ahead(pool, guard, _WAITING * processes)
        for batch in batches:
            ahead.add(batch)
            if len(ahead) > _WAITING * (processes + 1):
                yield ahead.first()
        while len(ahead):
            yield ahead.first()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Batch:
    """Some records, and what comes of them; ``None`` while nobody has begun with them."""

    records: Sequence[Record]
    made: Future[Ready] | None = None


class _Ahead:
    """Batches that were read ahead: the first ones go to the processes, the last ones are left to this one."""

    def __init__(self, pool: ProcessPoolExecutor, guard: Callable[[], Guard], most: int) -> None:
        self._pool, self._guard, self._most = pool, guard, most
        self._batches: deque[_Batch] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, records: Sequence[Record]) -> None:
        """One more."""
        self._batches.append(_Batch(records))
        self._send()

    def first(self) -> tuple[Sequence[Record], Ready | None]:
        """The one that is next; until it is ready, others are redacted here."""
        self._send()
        first = self._batches[0]
        while first.made is not None and not first.made.done():
            last = next((one for one in reversed(self._batches) if one.made is None), None)
            if last is None:
                break
            last.made = Future()
            last.made.set_result(Ready.by(self._guard(), last.records))
            self._send()
        self._batches.popleft()
        try:
            return first.records, None if first.made is None else first.made.result()
        except BrokenProcessPool:
            return first.records, None

    def _send(self) -> None:
        """Give the processes what they can take, the first ones first; a pool's own queue gives nothing back."""
        busy = sum(one.made is not None and not one.made.done() for one in self._batches)
        for one in self._batches:
            if busy >= self._most:
                return
            if one.made is None:
                one.made = self._submit(one.records)
                busy += 1

    def _submit(self, records: Sequence[Record]) -> Future[Ready]:
        try:
            with _left_alone():
                return self._pool.submit(Ready.by, self._guard(), records)
        except BrokenProcessPool as error:
            lost = Future[Ready]()
            lost.set_exception(error)
            return lost


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
