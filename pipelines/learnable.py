"""The tickets that learning starts from: what everyone on the desk may see, with vectors from the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.records import EVERYONE, Ticket
from kb.rows import content_hash, seconds
from kb.triage import words_at_opening
from pipelines.home import Home
from pipelines.index import Say

_AT_ONCE = 4_096


@dataclass(frozen=True)
class Learnable:
    """Tickets in the order of their opening (undated first), their texts and unit vectors (n, dim)."""

    tickets: list[Ticket]
    vectors: Vectors

    @property
    def texts(self) -> list[str]:
        """What was known at opening, cleaned."""
        return [ticket.text for ticket in self.tickets]

    @property
    def words(self) -> list[str]:
        """What a classifier reads."""
        return [words_at_opening(ticket) for ticket in self.tickets]

    @property
    def times(self) -> NDArray[np.float64] | None:
        """Seconds since 1970, shape (n,), NaN where not given; ``None`` where the export has no times at all."""
        times = np.array([seconds(ticket.opened_at) or np.nan for ticket in self.tickets], np.float64)
        return None if np.isnan(times).all() else times

    @property
    def opened(self) -> NDArray[np.float64] | None:
        """As :attr:`times`, where an undated ticket counts as old as the oldest."""
        times = self.times
        return None if times is None else np.where(np.isnan(times), np.nanmin(times), times)

    def part(self, rows: NDArray[np.int64]) -> Learnable:
        """The tickets at these positions."""
        return Learnable([self.tickets[i] for i in rows], self.vectors[rows])


RECENT = 0.1
"""Share of the dated tickets, the newest, that tell which labels are still in use."""
EXPECTED = 8.0
"""A label is retired where so many of the newest tickets should carry it, going by the past, and hardly any does."""


def retired(labels: Sequence[str | None], times: NDArray[np.float64] | None) -> set[str]:
    """Labels the desk no longer gives: common before, (almost) absent among its newest tickets.

    Category trees change; a classifier that learns from both would suggest what nobody may choose any more. ``times``
    are seconds, shape (n,), NaN where not given.
    """
    if times is None:
        return set()
    dated = [i for i in np.argsort(times, kind="stable").tolist() if labels[i] and not np.isnan(times[i])]
    cut = int(len(dated) * (1 - RECENT))
    before, after = Counter(labels[i] for i in dated[:cut]), Counter(labels[i] for i in dated[cut:])
    share = (len(dated) - cut) / max(cut, 1)
    return {label for label, count in before.items() if label and count * share >= EXPECTED > 20 * after[label]}


def learnable(home: Home, *, say: Say, keep: Callable[[Ticket], bool]) -> Learnable:
    """Read the tickets that ``keep`` wants and give each its vector, embedding what has none yet."""
    tickets = [
        ticket
        for batch in home.store.each("ticket", EVERYONE)
        for ticket in batch
        if isinstance(ticket, Ticket) and keep(ticket)
    ]
    tickets.sort(key=lambda t: (seconds(t.opened_at) or 0, t.id or 0))
    return Learnable(tickets, vectors_of(home, [ticket.text for ticket in tickets], say=say))


def vectors_of(home: Home, texts: list[str], *, say: Say) -> Vectors:
    """float32 (n, dim) unit rows; made and cached where the store has none."""
    store, embedder = home.store, home.embedder
    keys = [content_hash(text) for text in texts]
    matrix, found = store.known_vectors(keys, embedder.id, embedder.dim)
    missing = np.flatnonzero(~found)
    for start in range(0, len(missing), _AT_ONCE):
        part = missing[start : start + _AT_ONCE]
        made = embedder.encode([texts[i] for i in part])
        store.keep_vectors([keys[i] for i in part], embedder.id, made)
        matrix[part] = made
        say("Embedding", start + len(part), len(missing))
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    np.divide(matrix, norms, out=matrix, where=norms > 0)
    return matrix
