"""What a promise brings: how much a model would say under it, and how much of that is right, as its card reckons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Card = Mapping[str, Any]
"""A card as plain values, see ``models/card.py``."""


def offer(card: Card, promise: float | None) -> Mapping[str, float] | None:
    """What a promise would bring, by the nearest that was reckoned; ``None`` where none was."""
    offers: Sequence[Mapping[str, float]] = card.get("promises") or ()
    if promise is None or not offers:
        return None
    return min(offers, key=lambda one: abs(one["promise"] - promise))


def held(card: Card, promise: float | None, *, sure: float) -> Mapping[str, float] | None:
    """Coverage and precision under this promise; without one, under the fixed confidence ``sure``."""
    if promise:
        return offer(card, promise)
    spoken = [row for row in card.get("curve") or () if row["threshold"] >= sure]
    return spoken[-1] if spoken else None
