"""What other parts of the desk know of a problem: whether its fix held, and what stands out among its tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kb.desk import Desk
from kb.records import Problem, Viewer
from kb.screens.paper import Node


def verdict_of(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Any | None:
    """Whether the fix held, as ``desk.verdict`` says; ``None`` where nobody can say yet."""
    return None


def verdict_chip(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Node:
    """The verdict in a word, for a card; nothing where there is none."""
    return None


def contrasts_of(desk: Desk, problem: Problem, viewer: Viewer, now: datetime) -> Node:
    """What stands out among the tickets of its pattern, as ``desk.contrasts`` says; nothing where nothing does."""
    return None
