"""The banks of work notes, and how technicians word a step: terse, in German, or as a list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

from pipelines.samples.bank import BOOKS, read
from pipelines.samples.people import Technician


@cache
def bank() -> dict[str, dict[str, Any]]:
    """Questions, attempts, words for handing on, and steps of every failure, by its id."""
    return {name: row for book in BOOKS if book != "burst" for name, row in read(f"notes_{book}").items()}


@cache
def generic() -> dict[str, Any]:
    """The words around them, by language."""
    return read("notes_generic")


def worded(step: str, lang: str, rng: Random, *, short: bool) -> str:
    """One wording of a step: the shortest, or mostly the first; German where there is one and it is wanted."""
    ways = [way.strip() for way in step.split(" | ")]
    german = [way.removeprefix("de:") for way in ways if way.startswith("de:")]
    plain = [way for way in ways if not way.startswith("de:")]
    if lang == "de" and german:
        return rng.choice(german)
    if short:
        return min(plain, key=len)
    return plain[0] if rng.random() < 0.88 else rng.choice(plain)


def listed(steps: Sequence[str], solver: Technician, rng: Random) -> str:
    """The steps as one entry, by thorough people as a list."""
    if len(steps) > 1 and solver.style == "full" and rng.random() < 0.4:
        mark = rng.choice(("{}. ", "- ", "{}) "))
        return "\n".join(mark.format(at) + step for at, step in enumerate(steps, 1))
    return rng.choice((" ", " ", "\n")).join(steps)


def stopped(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith((".", "!", "?")) or not text else text + "."
