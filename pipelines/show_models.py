"""How models and their history look in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.card import Card
from pipelines.models import Entry, Shown
from pipelines.show import line, table

_WORST = 5


def show_history(entries: Sequence[Entry]) -> None:
    """Generations, newest first."""
    rows = [(("* " if e.serving else "  ") + e.name, e.made_at[:16].replace("T", " "), f"{e.tickets:,}",
             ", ".join(e.targets), e.note or ("" if e.kept else "its files are gone")) for e in entries]  # fmt: skip
    table("* serves", ("generation", "made", "tickets", "targets", ""), rows, right=(2,))


def show_cards(shown: Shown) -> None:
    """One generation with its cards."""
    entry = shown.entry
    line(f"{entry.name}{', in service' if entry.serving else ''}: learnt from {entry.tickets:,} tickets", style="bold")
    for card in shown.cards.values():
        _show_card(card)
    if not shown.cards:
        line("Its files are gone; `--json` prints what its line in the history says.", style="dim")


def _show_card(card: Card) -> None:
    figures = card.figures
    line(f"\n{card.target}: {card.tickets:,} tickets, {len(card.classes)} values; judged on {card.judged:,} "
         f"{card.judged_on} ones", style="bold")  # fmt: skip
    line(f"  macro-F1 {figures['macro_f1']:.3f}, accuracy {figures['accuracy']:.3f}, calibration error "
         f"{figures['ece']:.3f}")  # fmt: skip
    low, high = figures["low"], figures["high"]
    kept = f"kept {figures['precision']:.1%} [{low:.1%}, {high:.1%}] on {figures['coverage']:.0%} of the tickets"
    line(f"  promised {card.promise:.0%}: {kept if figures['coverage'] else 'too little to prove it, so silent'}")
    for pair in card.confused[:_WORST]:
        line(f"  {pair['cases']} × {pair['truth']} taken for {pair['said']}", style="dim")
    if card.pooled:
        line(f"  too rare to be said: {', '.join(f'{label} ({n})' for label, n in card.pooled.items())}", style="dim")


def show_drift(found: Sequence[Mapping[str, Any]]) -> None:
    """Population stability, the most moved first."""
    rows = [(one["what"], one["target"] or "what comes in", f"{one['psi']:.2f}", f"{one['by_chance']:.2f}",
             "moved" if one["moved"] else "") for one in found]  # fmt: skip
    table("Population stability since the last training", ("", "of", "moved", "by chance", ""), rows, right=(2, 3))
