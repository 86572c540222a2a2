"""What bursts right now, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kb.bursts import Burst
from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from pipelines import show
from pipelines.desk import desk_of
from pipelines.home import Home


def as_json(found: Sequence[Burst]) -> list[dict[str, Any]]:
    """What ``seenbefore bursts --json`` prints."""
    return [
        {"id": one.id, "state": one.state, "pattern": one.pattern, "name": one.name, "sentence": one.sentence,
         "tickets": list(one.tickets), "minutes": one.minutes, "count": one.count, "usual": round(one.usual, 4),
         "started": one.started, "flagged": one.flagged, "last": one.last}
        for one in found
    ]  # fmt: skip


def show_bursts(found: Sequence[Burst]) -> None:
    """The open ones first, each with its sentence."""
    if not found:
        show.line("Nothing bursts: no tickets of one kind came faster than usual.")
    for one in found:
        when = f"{one.started:%Y-%m-%d %H:%M} to {one.last:%H:%M} UTC"
        show.line(
            f"{one.name} ({one.pattern or 'new'}), {one.state}, {when}", style="bold" if one.state == "open" else ""
        )
        show.line(f"  {one.sentence}", style="" if one.state == "open" else "dim")


def bursting(desk: Desk, viewer: Viewer, now: datetime) -> list[Burst]:
    """Those that are open."""
    return [one for one in desk.bursts(viewer=viewer, now=now, days=1) if one.state == "open"]


def after_import(home: Home, viewer: Viewer, now: datetime) -> list[str]:
    """A line for each burst that is open now; none where that cannot be told, or nothing new is of today."""
    opened = [row[0] for row in home.store.facts("ticket", ("opened_at",)) if row[0] is not None]
    if not any(now.timestamp() - 86_400 <= at <= now.timestamp() for at in opened):
        return []
    try:
        home.index()
        found = bursting(desk_of(home, parts=("patterns",)), viewer, now)
    except SeenBeforeError:
        return []
    return [f"{one.name}: {one.sentence}" for one in found]
