"""Redact what an import will write in processes beside it, batch by batch and in order, so that every core helps."""

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

from kb.guard import Guard, Ready
from kb.records import Record

MOST = 8
"""Processes at most."""
WORTH = 400_000
"""Bytes of an export from which on it is worth starting them."""
_WAITING = 3
"""Batches for each process that are read ahead."""


def workers(threads: int = 0) -> int:
    """How many processes this machine is given; 0 where one core has to do everything."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(threads or MOST, there, MOST)
    return cores if cores > 1 else 0


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
        sent: deque[tuple[Sequence[Record], Future[Ready] | None]] = deque()
        for batch in batches:
            sent.append((batch, _sent(pool, guard(), batch)))
            if len(sent) > _WAITING * processes:
                yield _back(*sent.popleft())
        while sent:
            yield _back(*sent.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _sent(pool: ProcessPoolExecutor, guard: Guard, batch: Sequence[Record]) -> Future[Ready] | None:
    try:
        with _left_alone():
            return pool.submit(Ready.by, guard, batch)
    except BrokenProcessPool:
        return None


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


def _back(batch: Sequence[Record], done: Future[Ready] | None) -> tuple[Sequence[Record], Ready | None]:
    try:
        return batch, None if done is None else done.result()
    except BrokenProcessPool:
        return batch, None


def _begin() -> None:
    """A process of the pool ends with the one that asked, however that one ends."""
    asked = multiprocessing.parent_process()
    if asked is not None:
        threading.Thread(target=_end_with, args=(asked,), daemon=True).start()


def _end_with(asked: multiprocessing.process.BaseProcess) -> None:
    asked.join()
    os._exit(1)
