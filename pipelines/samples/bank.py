"""The content banks of the sample desk: recurring failures with their causes, phrases, single cases and articles.

A failure (``[[s]]``) has an id, category, subcategory, service, configuration items, the group that usually solves it,
a weight, [impact, urgency], typical working hours to solve, ways to say it (``titles``, ``says``, ``more``, ``phone``
for technician shorthand, ``de_*`` and ``fr_*``), questions technicians ask, and causes. A cause goes only with phrases
that hold one of its ``about`` words, may leave a hint in the caller's words, has fixes (the first one terse), and may
name an article (``kb``), another group, a problem record, and the days between which it occurs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

BOOKS = ("access", "devices", "software", "plant", "burst")


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a failure, and what ended it."""

    weight: float
    fixes: tuple[str, ...]
    hints: tuple[str, ...]
    about: tuple[str, ...]
    article: str
    group: str
    problem: str
    start: date
    end: date

    def fitting(self, phrases: Sequence[str]) -> list[str]:
        """The phrases that go with this cause; all of them where none speaks of it."""
        return [p for p in phrases if any(word in p for word in self.about)] or list(phrases)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recurring failure of the desk."""

    id: str
    category: str
    subcategory: str
    service: str
    items: tuple[str, ...]
    group: str
    wrong: tuple[str, ...]
    weight: float
    impact: int
    urgency: int
    hours: float
    profile: str
    start: date
    end: date
    monitor: bool
    request: bool
    """Somebody wants something, nothing is broken: it cannot fail to be reproduced or come back."""
    audience: str
    says: Mapping[str, tuple[str, ...]]
    """By language and part: "en.titles", "en.says", "en.more", "en.phone", "de.titles", …"""
    asks: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    causes: tuple[Cause, ...]

    def causes_on(self, day: date) -> list[Cause]:
        """The causes that occur on a day; all of them where none is dated so."""
        return [cause for cause in self.causes if cause.start <= day <= cause.end] or list(self.causes)


def read(name: str) -> dict[str, Any]:
    """One TOML bank by its name."""
    return tomllib.loads(files("pipelines.samples").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def scenarios() -> list[Scenario]:
    """All failures of all books, in a fixed order."""
    return [_scenario(row) for book in BOOKS for row in read(book)["s"]]


def _scenario(row: Mapping[str, Any]) -> Scenario:
    parts = {f"en.{key}": tuple(row.get(key, ())) for key in ("titles", "says", "more", "phone")}
    for lang in ("de", "fr"):
        parts[f"{lang}.titles"] = tuple(row.get(f"{lang}_t", ()))
        parts[f"{lang}.says"] = tuple(row.get(f"{lang}_s", ()))
    start, end = _span(row)
    return Scenario(
        id=row["id"], category=row["cat"], subcategory=row["sub"], service=row["svc"], items=tuple(row["ci"]),
        group=row["group"], wrong=tuple(row.get("wrong", ())), weight=float(row["w"]), impact=row["iu"][0],
        urgency=row["iu"][1], hours=float(row["hrs"]), profile=row.get("profile", "steady"), start=start, end=end,
        monitor=bool(row.get("monitor", False)), request=bool(row.get("request", False)),
        audience=row.get("audience", ""), says=parts,
        asks=tuple(row.get("ask", ())), slots={k: tuple(v) for k, v in row.get("slots", {}).items()},
        causes=tuple(_cause(cause) for cause in row["cause"]),
    )  # fmt: skip


def _cause(row: Mapping[str, Any]) -> Cause:
    start, end = _span(row)
    return Cause(
        weight=float(row["w"]), fixes=tuple(row["fix"]), hints=tuple(row.get("hint", ())),
        about=tuple(row.get("about", ())), article=row.get("kb", ""),
        group=row.get("group", ""), problem=row.get("prb", ""), start=start, end=end,
    )  # fmt: skip


def _span(row: Mapping[str, Any]) -> tuple[date, date]:
    start = date.fromisoformat(row.get("from", "2000-01-01"))
    return start, date.fromisoformat(row.get("until", "2099-12-31"))
