"""The log of a serving process as lines of JSON: what was asked, opened and refused; never words of tickets."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from kb.errors import SeenBeforeError

NAME = "seenbefore"


class Lines(logging.Formatter):
    """One JSON object a line: when, how grave, which part, what is said, and the figures that came with it.

    Errors are named by their type; their messages are left out, because they may quote what was worked on.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told = getattr(record, "told", None)
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(f"{NAME}."),
            "said": record.getMessage(),
            **(told if isinstance(told, dict) else {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def start(stream: TextIO | None = None) -> logging.Handler:
    """Write what our own parts log to ``stream`` (standard error) as JSON; libraries stay as they are."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    ours = logging.getLogger(NAME)
    for one in list(ours.handlers):
        ours.removeHandler(one)
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    return handler


@contextmanager
def outlived(log: logging.Logger, said: str) -> Iterator[None]:
    """What fails in here is logged by its type and gone: for threads, which tell nobody that they died."""
    try:
        yield
    except SeenBeforeError as error:
        log.warning("%s: %s", said, type(error).__name__)
    except Exception as error:  # noqa: BLE001 - see above
        log.error("%s: %s", said, type(error).__name__)
