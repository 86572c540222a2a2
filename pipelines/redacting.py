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
"""Batches for each process, that which writes among them, that are read ahead."""


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
        sent: deque[_Sent] = deque()
        for batch in batches:
            sent.append(_Sent(batch, _sent(pool, guard(), batch)))
            if len(sent) > _WAITING * (processes + 1):
                yield _first(sent, guard)
        while sent:
            yield _first(sent, guard)
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


@dataclass(slots=True)
class _Sent:
    """A batch, and what will come of it: ``None`` where the processes were lost."""

    batch: Sequence[Record]
    done: Future[Ready] | Ready | None


def _first(sent: deque[_Sent], guard: Callable[[], Guard]) -> tuple[Sequence[Record], Ready | None]:
    """The batch that is next; until it is ready, others that no process has begun with are redacted here."""
    first = sent.popleft()
    try:
        while isinstance(first.done, Future) and not first.done.done():
            left = next((one for one in reversed(sent) if isinstance(one.done, Future) and one.done.cancel()), None)
            if left is None:
                break
            left.done = Ready.by(guard(), left.batch)
        return first.batch, first.done.result() if isinstance(first.done, Future) else first.done
    except BrokenProcessPool:
        return first.batch, None


def _begin() -> None:
    """A process of the pool ends with the one that asked, however that one ends."""
    asked = multiprocessing.parent_process()
    if asked is not None:
        threading.Thread(target=_end_with, args=(asked,), daemon=True).start()


def _end_with(asked: multiprocessing.process.BaseProcess) -> None:
    asked.join()
    os._exit(1)
