"""Whoever runs the desk sees how it fares, without words of tickets."""

from __future__ import annotations

import io
import json
from typing import Any


def test_figures_tell_of_memory_promises_and_freshness(world: Any) -> None:
    text = world.client("metrics", "search").get("/metrics").text
    for name in ("process_resident_memory_bytes", "seenbefore_promises_broken", "seenbefore_index_lag_changes",
                 "seenbefore_requests", "seenbefore_built_age_seconds"):  # fmt: skip
        assert name in text


def test_the_log_names_route_status_and_key_and_never_the_question(world: Any, written: io.StringIO) -> None:
    world.client("search").post("/search", json={"text": "quokka of Ms Brown on the plotter"})
    world.client("tickets:read").get("/tickets/quokka-77")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    told = [(one["route"], one["status"]) for one in lines if one["part"] == "request"]
    assert told == [("/api/v1/search", 200), ("/api/v1/tickets/{number}", 404)]
    assert all(one["by"].startswith("key ") for one in lines)
    assert "quokka" not in written.getvalue()
