"""Ends this very process with SIGKILL at its n-th step, without a hook in what is shipped: steps are what it asks of
the system and of the database."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "truncate")


class Steps:
    """Counts steps; dies at the n-th."""

    def __init__(self, last: int = 0) -> None:
        self.count, self._last = 0, last

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def around(call: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    """The same call with a step before and one behind it."""

    def stepped(*args: Any, **more: Any) -> Any:
        step()
        answer = call(*args, **more)
        step()
        return answer

    return stepped


def watch(step: Callable[[], None]) -> None:
    """From now on every sync, rename, removal, new folder, statement and commit of this process is a step."""
    for name in CALLS:
        setattr(os, name, around(getattr(os, name), step))
    shutil._use_fd_functions = False  # type: ignore[attr-defined]  # so that rmtree goes through the above
    DefaultDialect.do_commit = around(DefaultDialect.do_commit, step)  # type: ignore[method-assign]

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def _(*_: object) -> None:
        step()
