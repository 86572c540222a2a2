"""Reports that commands leave in the home, so that the screens can show the last one."""

from __future__ import annotations

import json
import os
from typing import Any

from kb.errors import StoreTrouble
from pipelines.home import Home

QUALITY, DRIFT = "data-quality", "drift"


def keep(home: Home, name: str, value: object) -> None:
    """Replace the last report of this name. Raises ``StoreTrouble`` where it cannot be written."""
    path = home.folder / "reports" / f"{name}.json"
    unfinished = path.with_name(f".tmp-{name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(value, ensure_ascii=False, default=str), "utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreTrouble(f"The report {path} cannot be written ({error.strerror}): check free disk.") from error


def last(home: Home, name: str) -> Any:
    """The last report of this name; ``None`` where there is none that can be read."""
    try:
        return json.loads((home.folder / "reports" / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
