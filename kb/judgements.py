"""What was suggested for tickets and what people made of it: predictions to be traced, corrections kept for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from kb import schema as s
from kb.database import chunks
from kb.errors import NotFound
from kb.marks import Marks
from kb.records import Correction, Ref
from kb.rows import moment, seconds


@dataclass(frozen=True, slots=True)
class Judged:
    """One prediction as it was made, by store id of its ticket."""

    ticket: int
    target: str
    value: str | None
    """What was suggested; ``None`` where silent."""
    best: str
    """The best guess, also where it was not said."""
    confidence: float
    code: str
    mode: str
    model: str
    at: int
    """Seconds since 1970."""


class Judgements(Marks):
    """Predictions and corrections."""

    def corrections(self, *, target: str | None = None, ticket: Ref | None = None) -> list[tuple[int, Correction]]:
        """Every correction as (ticket id, correction), oldest first: for training and the record's history."""
        query = sa.select(s.corrections, s.tickets.c.source, s.tickets.c.number).join(s.tickets)
        if target is not None:
            query = query.where(s.corrections.c.target == target)
        if ticket is not None:
            query = query.where(s.tickets.c.source == ticket.source, s.tickets.c.number == ticket.number)
        with self._reading() as db:
            rows = db.execute(query.order_by(s.corrections.c.id)).mappings().all()
        return [
            (
                r["ticket_id"],
                Correction(
                    Ref("ticket", r["source"], r["number"]),
                    r["target"],
                    r["suggested"],
                    r["chosen"],
                    r["action"],
                    r["made_by"],
                    moment(r["made_at"]),
                    r["why"],
                    r["model"],
                ),
            )
            for r in rows
        ]

    def corrections_seq(self) -> int:
        """The number of the last correction; 0 where there is none. They do not count among the store's changes."""
        with self._reading() as db:
            return int(db.scalar(sa.select(sa.func.max(s.corrections.c.id))) or 0)

    def standing(self, *, target: str | None = None) -> list[tuple[int, Correction]]:
        """The last word on each (ticket, target), oldest first; one that was taken back is none."""
        last = {(ticket, said.target): (ticket, said) for ticket, said in self.corrections(target=target)}
        return [(ticket, said) for ticket, said in last.values() if said.action != "undone"]

    def correct(self, correction: Correction) -> None:
        """Keep what a person said of a suggestion, for good. Raises ``NotFound`` where the ticket is not here."""
        with self._writing() as db:
            ids = self._ids(db, {correction.ticket})
            if not ids:
                raise NotFound(f"No ticket {correction.ticket.number!r} here that you may see.")
            db.execute(sa.insert(s.corrections), {
                "ticket_id": ids[correction.ticket], "target": correction.target, "suggested": correction.suggested,
                "chosen": correction.chosen, "action": correction.action, "made_by": correction.by,
                "made_at": seconds(correction.at or datetime.now(UTC)),
                "why": self._guard(db).text(correction.why),
                "model": correction.model,
            })  # fmt: skip
            self._note(db, "corrected", f"ticket:{ids[correction.ticket]}", by=correction.by,
                       detail={"what": correction.target, "how": correction.action})  # fmt: skip

    def note_predictions(self, rows: Sequence[Judged]) -> int:
        """Keep predictions that were shown, or made in the shadow; each once per (ticket, target, model). How
        many."""
        t, fresh = s.predictions.c, list(rows)
        if not fresh:
            return 0
        with self._reading() as db:
            known = self._known_predictions(db, fresh)
        fresh = [row for row in fresh if (row.ticket, row.target, row.model) not in known]
        if not fresh:
            return 0
        with self._writing() as db:
            known = self._known_predictions(db, fresh)
            there = {
                found
                for part in chunks(sorted({row.ticket for row in fresh}))
                for found in db.scalars(sa.select(s.tickets.c.id).where(s.tickets.c.id.in_(part)))
            }
            new = [
                {t.ticket_id.name: row.ticket, "target": row.target, "value": row.value, "best": row.best,
                 "confidence": row.confidence, "code": row.code, "mode": row.mode, "model": row.model,
                 "made_at": row.at}
                for row in fresh if (row.ticket, row.target, row.model) not in known and row.ticket in there
            ]  # fmt: skip
            if new:
                db.execute(sa.insert(s.predictions), new)
        return len(new)

    def predictions(self, *, since: int = 0, ticket: int | None = None) -> list[Judged]:
        """Predictions made since that second, oldest first; of one ticket where given: for the program only."""
        t = s.predictions.c
        query = sa.select(t.ticket_id, t.target, t.value, t.best, t.confidence, t.code, t.mode, t.model, t.made_at)
        query = query.where(t.made_at >= since).order_by(t.id)
        if ticket is not None:
            query = query.where(t.ticket_id == ticket)
        with self._reading() as db:
            return [Judged(*row) for row in db.execute(query)]

    def _known_predictions(self, db: sa.Connection, rows: Sequence[Judged]) -> set[tuple[int, str, str]]:
        t, found = s.predictions.c, set[tuple[int, str, str]]()
        for part in chunks(sorted({row.ticket for row in rows})):
            query = sa.select(t.ticket_id, t.target, t.model).where(t.ticket_id.in_(part))
            found |= {(row[0], row[1], row[2]) for row in db.execute(query)}
        return found
