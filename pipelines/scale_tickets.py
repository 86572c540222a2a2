"""Tickets made by seeded perturbation of real ones: as many as wanted, the same whenever they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray

from kb.learners import Vectors
from kb.records import KEEPER, Article, Kind, Link, Ref, State, Ticket
from kb.text import prepare
from pipelines.home import Home

ARTICLES = 600
SEED = 2026
SOURCE = "scale"
FIRST = datetime(2018, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=8 * 365)
_AUDIENCES = ("HR", "Security", "Board", "Finance")
_NUMBER = re.compile(r"\d{2,}")
_HOST = re.compile(r"\b[\w-]+(?=(?:\.[\w-]+){1,4}\b)")


@dataclass(frozen=True)
class Parents:
    """The records that all others are made of, and how many tickets shall be made; immutable."""

    tickets: Sequence[Ticket]
    articles: Sequence[Article]
    links: Mapping[str, Sequence[tuple[Kind, str, bool]]]
    """Ticket number → what it was linked to: kind, number, and whether it was boiler-plate."""
    size: int

    @classmethod
    def of(cls, home: Home, size: int) -> Parents:
        """Everything in the base home, in an order that the seed decides."""
        tickets = [t for batch in home.store.each("ticket", KEEPER) for t in batch if isinstance(t, Ticket) and t.text]
        articles = [a for batch in home.store.each("article", KEEPER) for a in batch if isinstance(a, Article)]
        names: dict[tuple[str, int], str] = {("ticket", t.id or 0): t.number for t in tickets}
        names |= {("article", a.id or 0): a.number for a in articles}
        links: dict[str, list[tuple[Kind, str, bool]]] = {}
        for ticket, kind, target, _, generic in home.store.links():
            ends = names.get(("ticket", ticket)), names.get((kind, target))
            if ends[0] and ends[1]:
                links.setdefault(ends[0], []).append((kind, ends[1], generic))
        Random(SEED).shuffle(tickets)
        return cls(tickets, articles, links, size)

    def parent(self, i: int) -> Ticket:
        """What ticket i was made from."""
        return self.tickets[i % len(self.tickets)]

    def ticket(self, i: int) -> Ticket:
        """Ticket i of ``size``, not yet prepared, the same whenever it is asked for; later ones are opened later."""
        rng, parent = Random(SEED * 1_000_003 + i), self.parent(i)
        other = self.tickets[rng.randrange(len(self.tickets))]
        opened_at = FIRST + SPAN * (i / self.size) + timedelta(seconds=rng.randrange(3600))
        took = timedelta(hours=rng.randint(1, 90))
        if parent.resolved_at is not None and parent.opened_at is not None:
            took = min(max(timedelta(minutes=5), parent.resolved_at - parent.opened_at), timedelta(days=60))
        state: State | None = parent.state if rng.random() > 0.05 else "open"
        done = state in ("resolved", "closed")
        resolved_at = opened_at + took if done else None
        body = vary(parent.body, rng)
        if rng.random() < 0.1:
            body = f"{body}\n{vary(other.body[: len(other.body) // 2], rng)}"
        category = parent.category if rng.random() > 0.1 else other.category
        audience = (rng.choice(_AUDIENCES),) if rng.random() < 0.04 else parent.audience
        return replace(
            parent, id=None, source=SOURCE, number=f"S{i:08d}", title=vary(parent.title, rng), body=body,
            opened_at=opened_at, resolved_at=resolved_at, closed_at=None, state=state, category=category,
            service=parent.service or f"Service {len(category) * 7 % 20:02d}",
            assignment_group=parent.assignment_group or f"Team {rng.randrange(12):02d}", audience=audience,
            resolution=vary(parent.resolution, rng) if done else "", problem="", parent="", text="", fix="",
        )  # fmt: skip

    def links_of(self, i: int) -> Iterator[Link]:
        """Links of ticket i: those of its parent, to articles, and to the ticket made of the other parent before it."""
        at = FIRST + SPAN * (i / self.size) + timedelta(hours=2)
        for kind, number, generic in self.links.get(self.parent(i).number, ()):
            target = Ref(kind, SOURCE, number)
            if kind == "ticket":
                place = self._place(number) + i // len(self.tickets) * len(self.tickets)
                place -= len(self.tickets) if place >= i else 0
                if place < 0:
                    continue
                target = Ref("ticket", SOURCE, f"S{place:08d}")
            yield Link(Ref("ticket", SOURCE, f"S{i:08d}"), target, at, generic=generic)

    def made_articles(self) -> list[Article]:
        """:data:`ARTICLES` of them: the parents', then variations of these."""
        made = [prepare(replace(a, id=None, source=SOURCE)) for a in self.articles[:ARTICLES]]
        for i in range(ARTICLES - len(made) if made else 0):
            rng, parent = Random(SEED + i), self.articles[i % len(self.articles)]
            body = vary(parent.body, rng)
            made.append(prepare(replace(parent, id=None, source=SOURCE, number=f"KB-S{i:06d}", body=body, text="")))
        return made

    def _place(self, number: str) -> int:
        if not hasattr(self, "_places"):
            object.__setattr__(self, "_places", {t.number: place for place, t in enumerate(self.tickets)})
        return int(self._places[number])  # type: ignore[attr-defined]


def vary(text: str, rng: Random) -> str:
    """The text with a few words dropped, doubled or swapped, other numbers and hosts, two sentences exchanged."""
    if not text:
        return text

    def digits(found: re.Match[str]) -> str:
        n = len(found[0])
        return str(rng.randrange(10 ** (n - 1), 10**n)) if n < 12 and rng.random() < 0.3 else found[0]

    text = _NUMBER.sub(digits, text)
    text = _HOST.sub(lambda found: f"{found[0]}{rng.randrange(100)}" if rng.random() < 0.1 else found[0], text)
    words = text.split(" ")
    for _ in range(max(1, min(len(words) // 12, 60)) if len(words) > 2 else 0):
        at, how = rng.randrange(len(words) - 1), rng.random()
        if how < 0.4:
            words[at] = ""
        elif how < 0.6:
            words[at] = f"{words[at]} {words[at]}"
        else:
            words[at], words[at + 1] = words[at + 1], words[at]
    text = " ".join(word for word in words if word)
    parts = text.split(". ")
    if len(parts) > 2 and rng.random() < 0.3:
        one = rng.randrange(len(parts) - 1)
        parts[one], parts[one + 1] = parts[one + 1], parts[one]
        text = ". ".join(parts)
    return text


def perturbed(vectors: Vectors, places: NDArray[np.int64], rng: np.random.Generator) -> Vectors:
    """Unit vectors at a cosine of .80 to .95 from those at ``places``; the noise is the difference of two others."""
    own = vectors[places]
    noise = vectors[rng.integers(len(vectors), size=len(own))] - vectors[rng.integers(len(vectors), size=len(own))]
    noise += rng.normal(scale=0.3 / np.sqrt(own.shape[1]), size=own.shape).astype(np.float32)
    noise -= (noise * own).sum(axis=1, keepdims=True) * own
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-9)
    cosine = rng.uniform(0.8, 0.95, size=(len(own), 1)).astype(np.float32)
    return np.asarray(cosine * own + np.sqrt(1 - cosine**2) * noise, np.float32)
