"""Open the engine that bulk work is spread over: processes of this machine, or a Dask cluster by its scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kb.errors import BadSetting, StoreTrouble
from models.spread import Backend, spread_over

NAMES = ("processes", "dask")
_WAIT = 10
"""Seconds that a scheduler gets to answer."""


@contextmanager
def spread(name: str, scheduler: str = "") -> Iterator[str]:
    """Send bulk work to this engine while it lasts; yields a sentence about it, "" for none.

    Raises ``BadSetting`` for an engine we do not have and a scheduler that is not named, ``StoreTrouble`` for one
    that does not answer or has no workers.
    """
    if not name:
        if scheduler:
            raise BadSetting("--scheduler says where a cluster is: give --backend dask with it.")
        yield ""
    elif name == "processes":
        with spread_over(Backend("loky")):
            yield "Bulk work goes to processes of this machine."
    elif name == "dask":
        with _dask(scheduler) as said:
            yield said
    else:
        raise BadSetting(f"--backend is {' or '.join(NAMES)}, not {name!r}.")


@contextmanager
def _dask(scheduler: str) -> Iterator[str]:
    if not scheduler:
        raise BadSetting("Say where the cluster is: --scheduler tcp://HOST:8786, as `dask scheduler` prints it.")
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
    except ImportError as error:
        raise BadSetting(
            "Dask is not installed: `pip install distributed`, here and on every worker, beside this program."
        ) from error
    try:
        client = Client(scheduler, timeout=_WAIT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise StoreTrouble(
            f"No scheduler answers at {scheduler} within {_WAIT} seconds: see that `dask scheduler` runs there, or "
            "leave --backend out to work on this machine."
        ) from error
    with client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise StoreTrouble(
                f"The scheduler at {scheduler} has no workers: start some with `dask worker {scheduler}`."
            )
        lost = (KilledWorker, FutureCancelledError, OSError)
        with spread_over(Backend("dask", {"client": client}, lost, scatters=True)):
            yield f"Bulk work goes to {workers} workers of {scheduler}."
