"""How suggestions fared in a period: how often they were made, right in the end, and accepted; beside the promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kb.digest.parts import Cell, Column, Table
from kb.fixes import wilson
from kb.judgements import Judged
from kb.offers import held
from kb.policy import Policy, target_of
from kb.records import Correction, Ticket
from kb.rows import seconds

FEWEST = 20
"""Suggestions it takes to say whether a promise was kept."""
_COLUMNS = (
    Column("Suggestion of", wide=True), Column("Promised right", "share"), Column("Made on", "share"),
    Column("Right in the end", "share"), Column("Of so many", "tickets"), Column("Accepted", "share"),
    Column("Of so many", "tickets"), Column("Promise"),
)  # fmt: skip
_TRAINED = (
    Column("Suggestion of", wide=True), Column("Learnt from", "tickets"), Column("Promised right", "share"),
    Column("Right when it speaks", "share"), Column("Speaks on", "share"), Column("Right if it always spoke", "share"),
)  # fmt: skip
_MEASURED = "Measured on later tickets the model had not learnt from; where a promise cannot be kept it keeps silent."


@dataclass(slots=True)
class _Fared:
    said: int = 0
    silent: int = 0
    right: int = 0
    judged: int = 0
    accepted: int = 0
    replaced: int = 0


def fared(
    made: Iterable[Judged], said: Iterable[tuple[int, Correction]], tickets: Mapping[int, Ticket], policy: Policy, *,
    within: tuple[int, int],
) -> Table | None:  # fmt: skip
    """One row a target; ``None`` where nothing was suggested. Only ``tickets`` (by store id) count."""
    start, end = within
    found: dict[str, _Fared] = {}
    for one in made:
        ticket = tickets.get(one.ticket)
        if ticket is None or not start <= one.at < end:
            continue
        row = found.setdefault(one.target, _Fared())
        if one.value is None:
            row.silent += 1
            continue
        row.said += 1
        truth = target_of(ticket, one.target) if ticket.is_done else ""
        if truth:
            row.judged += 1
            row.right += truth.casefold() == one.value.casefold()
    for ticket_id, word in said:
        if ticket_id in tickets and start <= (seconds(word.at) or 0) < end:
            row = found.setdefault(word.target, _Fared())
            row.accepted += word.action == "accepted"
            row.replaced += word.action == "replaced"
    rows = [_row(target, found[target], policy) for target in sorted(found)]
    note = "Right in the end: the value suggested is the one the resolved ticket has."
    return Table("In use", _COLUMNS, tuple(rows), note) if rows else None


def _row(target: str, one: _Fared, policy: Policy) -> tuple[Cell, ...]:
    promise, answered = policy.promise_for(target), one.accepted + one.replaced
    return (
        called(target), promise, _share(one.said, one.said + one.silent), _share(one.right, one.judged), one.judged,
        _share(one.accepted, answered), answered, _verdict(one.right, one.judged, promise),
    )  # fmt: skip


def _verdict(right: int, judged: int, promise: float | None) -> str:
    if promise is None:
        return "none made"
    if judged < FEWEST:
        return "too few to say"
    if 1 - wilson(judged - right, judged) < promise:
        return "broken"
    return "kept" if wilson(right, judged) >= promise else "not shown either way"


def trained(models: Any, policy: Policy) -> Table | None:
    """What each model was worth when it was trained, on tickets it had not learnt from; from the desk's facts."""
    cards = models.get("cards") if isinstance(models, Mapping) else None
    if not isinstance(cards, Mapping) or not cards:
        return None
    rows: list[tuple[Cell, ...]] = []
    for target, card in sorted(cards.items()):
        promise = policy.promise_for(target)
        kept = held(card, promise, sure=policy.sure) or {}
        speaks = kept.get("coverage") or 0.0
        rows.append((called(str(target)), card.get("tickets"), promise, kept.get("precision") if speaks else None,
                     speaks, card.get("figures", {}).get("accuracy")))  # fmt: skip
    return Table("When trained", _TRAINED, tuple(rows), _MEASURED)


def called(target: str) -> str:
    """A target as a person says it."""
    return {"assignment_group": "Group"}.get(target, target.replace("_", " ").capitalize())


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
