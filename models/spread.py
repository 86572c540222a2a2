"""Heavy work as many jobs of like size, done wherever joblib is told to: other processes, or the workers of a cluster.

Without a backend everything is done on the threads of this process, by whoever has the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kb.errors import StoreTrouble

if TYPE_CHECKING:
    from joblib import Parallel

TRIES = 4
"""How often what is left is given out again after workers were lost."""


@dataclass(frozen=True)
class Backend:
    """A backend of joblib by name, with its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[type[BaseException], ...] = ()
    """Errors that mean workers or what lay on them were lost: the jobs that have not answered are given out again."""
    scatters: bool = False
    """Whether what all jobs share is sent to every worker once, ahead of them."""

    def run(
        self, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, shared: Any = None
    ) -> Iterator[Any]:
        """``function(shared, *job)`` of every job, in the order of the jobs; each result is handed out as it is there.

        Function, jobs and results must travel between processes. Raises ``StoreTrouble`` where workers are lost again
        and again.
        """
        from joblib import delayed

        done = 0
        for left in reversed(range(TRIES)):
            try:
                for result in self._parallel(shared)(delayed(function)(shared, *job) for job in jobs[done:]):
                    yield result
                    done += 1
                return
            except self.lost as error:
                if not left:
                    raise StoreTrouble(
                        "The workers were lost again and again: see to the cluster and run the same command; "
                        "what was kept until now is not done again."
                    ) from error

    def _parallel(self, shared: Any) -> Parallel:
        from joblib import Parallel, parallel_config

        # Chosen here and not left set: what the caller does between two results is no work for the cluster.
        options = {**self.options, **({"scatter": [shared]} if self.scatters and shared is not None else {})}
        with parallel_config(self.name, **options):
            return Parallel(n_jobs=-1, return_as="generator", batch_size=1)


_NOW: ContextVar[Backend | None] = ContextVar("seenbefore_backend", default=None)


def active() -> Backend | None:
    """Where heavy work goes now; ``None`` for this process."""
    return _NOW.get()


@contextmanager
def spread_over(backend: Backend | None) -> Iterator[None]:
    """Send heavy work there as long as this lasts."""
    token = _NOW.set(backend)
    try:
        yield
    finally:
        _NOW.reset(token)
