"""Figures for Prometheus: latencies by route, what the desk holds, how fresh it is, what was promised; and calls."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

from kb.api.keys import CALLER, Caller
from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.keyring import KEPT_CALLS, Call
from kb.live import RECENT
from kb.records import EVERYONE, Viewer
from kb.store import Store

LOG = logging.getLogger("seenbefore.request")
PROMISES_EVERY = timedelta(minutes=5)
"""Whether promises are kept is counted over whole tickets: not at every look."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counted in memory; the latest calls and the last use of keys go to the store when somebody says so."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.used: dict[int, datetime] = {}
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._busy = threading.Lock()
        self._seconds = Histogram("seenbefore_request_seconds", "Seconds from request to answer.",
                                  ("method", "route", "status"), registry=self.registry, buckets=BUCKETS)  # fmt: skip
        self._refused = Counter("seenbefore_refused", "Requests turned away, by status.", ("status",),
                                registry=self.registry)  # fmt: skip
        self._records = Gauge("seenbefore_records", "Records that this key may see.", ("kind",),
                              registry=self.registry)  # fmt: skip
        self._age = Gauge("seenbefore_built_age_seconds", "Seconds since this was built.", ("part",),
                          registry=self.registry)  # fmt: skip
        self._lag = Gauge("seenbefore_index_lag_changes", "Changes to the store since the index was built; they are "
                          "searched all the same.", registry=self.registry)  # fmt: skip
        self._waiting = Gauge("seenbefore_texts_without_vector", "New texts that are found by their words only.",
                              registry=self.registry)  # fmt: skip
        self._queue = Gauge("seenbefore_requests", "Requests at work and waiting.", ("state",), registry=self.registry)
        self._hooks = Gauge("seenbefore_messages", "Messages of outgoing webhooks, by state.", ("state",),
                            registry=self.registry)  # fmt: skip
        self._judged = Gauge("seenbefore_suggestions_recent", f"Suggestions of the last {RECENT} weeks, by target: "
                             "those that can be judged, and those right.", ("target", "what"),
                             registry=self.registry)  # fmt: skip
        self._broken = Gauge("seenbefore_promises_broken", "Promises of suggestions that are broken.",
                             registry=self.registry)  # fmt: skip
        self._promises_at: datetime | None = None
        ProcessCollector(registry=self.registry)  # memory, computing time and open files of the process
        self._made = Info("seenbefore_made", "Names of the index, models and patterns in service.",
                          registry=self.registry)  # fmt: skip

    def note(self, scope: Mapping[str, Any], route: str, status: int, seconds: float, now: datetime) -> None:
        """Count one request under its route; addresses we do not have are counted together."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._seconds.labels(method, route, str(status)).observe(seconds)
        if status in (401, 413, 429, 503):
            self._refused.labels(str(status)).inc()
        caller = scope.get(CALLER)
        name = f"{'hook' if caller.hook else 'key'} {caller.name}" if isinstance(caller, Caller) else ""
        told = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1), "by": name}
        LOG.info("answered", extra={"told": told})
        if name:
            with self._busy:
                self._calls.append(Call(now, name, method, route, status, round(seconds * 1000)))

    def keep(self, store: Store) -> None:
        """Write the calls since the last time, and when each key was used, to the store."""
        with self._busy:
            calls, used = list(self._calls), dict(self.used)
            self._calls.clear()
            self.used.clear()
        if calls or used:
            store.note_calls(calls, used)

    def text(self, desk: Desk, viewer: Viewer, now: datetime, turns: Mapping[str, int]) -> bytes:
        """All figures in the format Prometheus reads."""
        for kind, count in desk.counts(viewer=viewer).items():
            self._records.labels(kind).set(count)
        snapshot = desk.shelves.now()
        self._lag.set(max(0, snapshot.seq - desk.shelves.published.watermark))
        self._waiting.set(snapshot.waiting)
        names: dict[str, str] = {"embedder": str(desk.facts.get("embedder", ""))}
        for part in ("index", "models", "patterns"):
            facts = desk.facts.get(part)
            names[part] = str(facts.get("name", "")) if isinstance(facts, Mapping) else ""
            made = made_at(names[part])
            if made is not None:
                self._age.labels(part).set((now - made).total_seconds())
        self._made.info(names)
        for state, count in turns.items():
            self._queue.labels(state).set(count)
        for state in ("waiting", "dead"):
            self._hooks.labels(state).set(len(desk.store.messages(states=(state,), most=10_000)))
        self._promises(desk, now)
        return generate_latest(self.registry)

    def _promises(self, desk: Desk, now: datetime) -> None:
        """How suggestions fared on what everybody may see; nothing where they cannot be judged."""
        if self._promises_at is not None and now - self._promises_at < PROMISES_EVERY:
            return
        self._promises_at = now
        try:
            weeks, broken = desk.live(viewer=EVERYONE, now=now, weeks=RECENT)
        except SeenBeforeError:
            return
        for target in {one.target for one in weeks}:
            mine = [one for one in weeks if one.target == target]
            self._judged.labels(target, "judged").set(sum(one.judged for one in mine))
            self._judged.labels(target, "right").set(sum(one.right for one in mine))
        self._broken.set(len(broken))


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def made_at(name: str) -> datetime | None:
    """When a generation was made, from the stamp in its name."""
    stamp = name.rsplit("-", 1)[-1][:15]
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
