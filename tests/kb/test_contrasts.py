"""Contrasts: a planted site is found, permuted labels find next to nothing, and what is found is cited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.contrasts import Contrast, contrasts
from kb.records import Ticket
from models.rates import Rates

SITES = ("Aldersby", "Wiesenrode", "Saint-Aubrac", "Home")
FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)


def tickets(count: int, *, seed: int, start: int = 0) -> list[Ticket]:
    """Tickets of one service over eight weeks, everything else drawn by chance."""
    rng = np.random.default_rng(seed)
    return [
        Ticket("test", f"T{start + i}", title="VPN drops", text="VPN drops", opened_at=FIRST + timedelta(hours=float(h)),
               service="Remote Access", location=str(rng.choice(SITES)), department=f"D{rng.integers(6)}",
               channel=str(rng.choice(["phone", "email"])), id=start + i)
        for i, h in enumerate(np.sort(rng.uniform(0, 8 * 168, count)))
    ]  # fmt: skip


def found(inside: list[Ticket], others: list[Ticket]) -> list[Contrast]:
    return contrasts(inside, others, rates=Rates())


def test_a_planted_site_is_found_with_its_counts_and_its_tickets() -> None:
    others, inside = tickets(300, seed=1), tickets(30, seed=2, start=1000)
    inside = [replace(t, location="Wiesenrode") if i % 5 else t for i, t in enumerate(inside)]
    best = found(inside, others)[0]
    assert (best.field, best.value) == ("location", "Wiesenrode")
    assert best.inside == sum(t.location == "Wiesenrode" for t in inside) and best.of_inside == 30
    assert best.outside == sum(t.location == "Wiesenrode" for t in others)
    assert best.chance < 0.001
    assert {ref.number for ref in best.cited} <= {t.number for t in inside if t.location == "Wiesenrode"}
    assert f"{best.inside} of 30 come from Wiesenrode" in best.sentence


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("version", lambda t: replace(t, text="VPN client 5.1.8 drops")),
        ("patch", lambda t: replace(t, text="VPN drops since KB5068861")),
        ("service", lambda t: replace(t, service="Campus Network")),
        ("department", lambda t: replace(t, department="Sales")),
        ("ci", lambda t: replace(t, ci="ALD-VPN01")),
        ("close code", lambda t: replace(t, close_code="Config error")),
        ("week", lambda t: replace(t, opened_at=FIRST + timedelta(days=8))),
    ],
)
def test_what_is_planted_is_found(field: str, change: Callable[[Ticket], Ticket]) -> None:
    others = [replace(t, ci=f"HOST{i % 9}", close_code=f"C{i % 4}") for i, t in enumerate(tickets(300, seed=3))]
    inside = [change(t) if i % 3 else t for i, t in enumerate(tickets(36, seed=4, start=1000))]
    assert field in {one.field for one in found(inside, others)}


def test_permuted_labels_find_next_to_nothing() -> None:
    rng, said = np.random.default_rng(5), 0
    everything = tickets(300, seed=6)
    for _ in range(60):
        mixed = [everything[i] for i in rng.permutation(len(everything)).tolist()]
        said += bool(found(mixed[:30], mixed[30:]))
    assert said <= 6


def test_a_rare_value_of_two_tickets_is_not_worth_a_word() -> None:
    inside = tickets(20, seed=7)
    inside = [replace(t, ci="ODD") if i < 2 else replace(t, ci=f"H{i}") for i, t in enumerate(inside)]
    others = [replace(t, ci=f"K{i}") for i, t in enumerate(tickets(300, seed=8, start=1000))]
    assert "ci" not in {one.field for one in found(inside, others)}


def test_no_dates_no_neighbours_and_tiny_patterns_are_no_trouble() -> None:
    undated = [replace(t, opened_at=None) for t in tickets(20, seed=9)]
    assert found(undated, []) == []
    assert found([], undated) == []
    assert found(undated[:2], undated[2:]) == []
