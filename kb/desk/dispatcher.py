"""Triage's side of the desk: suggestions, the queue, people's answers to them, clocks, and how it all fared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np

from kb import live, policy, sla
from kb.desk.front import Front
from kb.desk.technician import Technician, named
from kb.errors import BadSetting
from kb.judgements import Judged
from kb.live import Week
from kb.policy import Policy
from kb.records import Correction, Suggestion, Ticket, Viewer
from kb.rows import moment, seconds
from kb.triage import TOLD
from kb.words import NEVER

_USUAL = 500


@dataclass(frozen=True, slots=True)
class Clocked:
    """An SLA clock with the chance in [0, 1] that it is missed; ``None`` where too few tickets tell."""

    clock: sla.Clock
    risk: float | None


class Dispatcher(Technician, Front):
    """Triage and the rules it follows."""

    def triage(self, tickets: Sequence[Ticket], *, viewer: Viewer, telling: bool = True) -> list[Suggestion]:
        """One suggestion a ticket, in order; without ``telling`` quicker, and without the words that spoke for it.

        Raises ``WrongEmbedder`` where the index is another embedder's.
        """
        self._may_be_asked()
        guard = self.store.guard()
        tickets = [one if one.id is not None else cast("Ticket", guard.record(one).record) for one in tickets]
        made = self.triage_with.suggest(tickets, viewer=viewer, telling=telling)
        if len(made) <= TOLD:
            known = self.knowledge.known_errors([one.ticket for one in made], viewer=viewer)
            made = [replace(one, known_error=hit) for one, hit in zip(made, known, strict=True)]
        self.store.note_predictions(list(_judged(made, self.triage_with.policy)))
        return made

    def triage_text(self, text: str, *, viewer: Viewer) -> Suggestion:
        """A suggestion for a text that is no ticket yet: first line is the title, the rest the body."""
        title, _, body = text.strip().partition("\n")
        ticket = Ticket("typed", "", title=title[:500], body=body or (text if len(title) > 500 else ""))
        return self.triage([ticket], viewer=viewer)[0]

    def waiting(self, *, viewer: Viewer, most: int = 50) -> list[Ticket]:
        """Open tickets that nobody has classified or assigned yet, newest first."""
        columns = self.shelves.now().pools["ticket"].columns
        rows = columns.visible(viewer)
        for name, empty in (("state", "open"), ("group", "")):
            code = np.array([value == empty for value in columns.names[name]], bool)
            rows = rows & (code[columns.codes[name]] if len(code) else False)
        settled = {ticket for ticket, said in self.store.standing() if said.target == "assignment_group"}
        ids = columns.ids[rows]
        newest = [int(i) for i in ids[np.argsort(-columns.numbers["opened"][rows], kind="stable")]]
        left = [i for i in newest if i not in settled][:most]
        return cast("list[Ticket]", self.store.records("ticket", left, viewer))

    def answers_to(self, ticket: Ticket, *, viewer: Viewer) -> dict[str, Correction]:
        """Target → the last word people said of our suggestion for this ticket. Raises ``NotFound``."""
        said = {one.target: one for one in reversed(self.corrections_of(ticket, viewer=viewer))}
        return {target: one for target, one in said.items() if one.action != "undone"}

    def clock(self, ticket: Ticket, priority: int | None, *, viewer: Viewer, now: datetime) -> Clocked | None:
        """The time left to resolve it, and how likely it is missed going by tickets of its priority this viewer sees.

        ``None`` where the priority has no target or the ticket no opening time.
        """
        rules = self.policy.sla
        found = sla.clock(ticket, priority, now=now, rules=rules)
        if found is None or priority is None:
            return None
        return Clocked(found, sla.breach_risk(found, self._usual(priority, viewer)))

    def live(self, *, viewer: Viewer, now: datetime, weeks: int = 12) -> tuple[list[Week], tuple[str, ...]]:
        """How suggestions fared by target and week, newest first, and a sentence for each promise that is broken."""
        since = int((now - timedelta(weeks=weeks)).timestamp())
        made = self.store.predictions(since=since)
        said = [one for one in self.store.standing() if (seconds(one[1].at) or 0) >= since]
        ids = sorted({one.ticket for one in made} | {ticket for ticket, _ in said})
        tickets = {t.id or 0: t for t in self.store.records("ticket", ids, viewer) if isinstance(t, Ticket)}
        rows = live.weeks(made, said, tickets)
        return rows, tuple(live.broken(rows, self.policy, now=now))

    def _usual(self, priority: int, viewer: Viewer) -> list[float]:
        """Business minutes that the latest resolved tickets of a priority took, of those this viewer may see."""
        columns = self.shelves.now().pools["ticket"].columns
        opened, resolved = columns.numbers["opened"], columns.numbers["resolved"]
        rows = columns.visible(viewer) & (columns.numbers["priority"] == priority) & (opened > 0)
        rows &= (resolved < NEVER) & (resolved >= opened)
        latest = np.flatnonzero(rows)[np.argsort(-opened[rows], kind="stable")][:_USUAL]
        pairs = [(cast("datetime", moment(int(opened[i]))), cast("datetime", moment(int(resolved[i])))) for i in latest]
        return [float(m) for m in self.policy.sla.hours_of(priority).minutes_of(pairs)]

    def correct(self, correction: Correction, *, viewer: Viewer) -> None:
        """Keep what a person did with a suggestion. Raises ``NotFound`` for a ticket the viewer may not see."""
        self.record("ticket", correction.ticket.number, viewer=viewer, source=correction.ticket.source)
        now = correction.at or datetime.now(UTC)
        self.store.correct(replace(correction, by=named(correction.by, viewer), at=now))

    # --- rules -------------------------------------------------------------------------------------------------

    def rules(self) -> dict[str, str]:
        """The settings of triage as text."""
        return policy.shown(self.store.settings())

    def set_rule(self, name: str, value: str, *, viewer: Viewer) -> None:
        """Change one setting of triage; it counts from the next suggestion on. Raises ``BadSetting``."""
        policy.check(name, value, self.store.settings())
        self.store.set(name, value, by=viewer.name)
        self.follow_rules()

    def follow_rules(self) -> None:
        """Go by the settings of triage as they are in the store now, whoever changed them and on whatever server."""
        policy = Policy.from_settings(self.store.settings())
        if policy == self.policy:
            return
        self.policy = policy
        models = self.triage_with.models
        thresholds = models.promised({target: self.policy.promise_for(target) for target in models.by_target})
        self.triage_with = replace(self.triage_with, policy=self.policy, models=replace(models, thresholds=thresholds))

    def rollback(self, name: str, *, viewer: Viewer) -> str:
        """Bring an earlier generation of models back; says what was done. Raises ``BadSetting``, ``NotBuilt``."""
        if self.rollback_with is None:
            raise BadSetting("Models cannot be brought back from here: run `seenbefore models rollback NAME`.")
        told = self.rollback_with(name, viewer.name)
        self.store.set("rolled_back", name, by=viewer.name)
        return told


def _judged(made: Sequence[Suggestion], policy: Policy) -> Iterator[Judged]:
    """Predictions of stored tickets as they are kept; what had no model is none."""
    now = seconds(datetime.now(UTC)) or 0
    for one in made:
        if one.ticket.id is None or not one.model:
            continue
        for target, found in {**one.predictions, **one.shadow}.items():
            if found.alternatives:
                yield Judged(one.ticket.id, target, found.value, found.alternatives[0][0], found.confidence, found.code,
                             policy.mode(target), one.model, now)  # fmt: skip
