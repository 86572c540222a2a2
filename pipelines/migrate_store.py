"""Move a desk's store from its home to a PostgreSQL server or back, whole and compared, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import BadSetting
from kb.moving import Moved, move
from kb.store import Store
from pipelines import show
from pipelines.index import Say, quiet
from pipelines.settings import Settings

VARIABLE = "SEENBEFORE_DATABASE_URL"


def migrate_store(source: str, target: str, *, settings: Settings, say: Say = quiet) -> list[Moved]:
    """Copy the store of ``source`` into the empty ``target``; each is a home or a database URL.

    The variable's own name stands for what it is set to, so that a password needs to stand in no list of processes.
    That it was moved is noted in the target's log. Raises ``BadSetting``, ``NotAHome``, ``StoreTrouble``; both are as
    they were then.
    """
    start, end = place(source, settings), place(target, settings)
    if start == end:
        raise BadSetting("FROM and TO are the same: give the home or URL to move from, then the one to move to.")
    if isinstance(start, Path) and not start.exists():
        raise BadSetting(f"There is no desk in {start.parent}: give its folder, or the URL of its database.")
    made = move(start, end, say=say)
    store = Store.open(end)
    store.via = settings.via
    try:
        rows = sum(one.rows for one in made)
        store.note("configured", "store", detail={"what": "moved here", "rows": rows}, at=datetime.now(UTC))
    finally:
        store.close()
    return made


def place(named: str, settings: Settings) -> Path | str:
    """The file of a home, or a URL. Raises ``BadSetting``."""
    if named == VARIABLE:
        if not settings.database_url:
            raise BadSetting(f"{VARIABLE} is not set: set it, or give the URL itself.")
        return settings.database_url
    if named.startswith("sqlite:///"):
        return Path(named.removeprefix("sqlite:///")).expanduser().absolute()
    return named if "://" in named else Path(named).expanduser().absolute() / "knowledge.db"


def show_moved(made: Sequence[Moved], target: str) -> None:
    """What was moved, table by table, and what to do next."""
    rows = [(one.table, f"{one.rows:,}", one.digest[:16]) for one in made if one.rows]
    show.table("", ("table", "rows", "same in both"), rows)
    show.line(f"{sum(one.rows for one in made):,} rows moved, compared one by one.", style="bold")
    if "://" in target or target == VARIABLE:
        show.line(f"Set {VARIABLE} for every command and server from now on; the home keeps its indexes and models.")
    else:
        show.line(f"Take {VARIABLE} out of the environment of every command and server from now on.")
    show.line("The store it was moved from is as it was: put it away once you have looked.")
