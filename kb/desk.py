"""The desk as its readers meet it: ask it, triage with it, look at its patterns; every read names its viewer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import numpy as np

from kb import live, sla
from kb.drafts import Draft
from kb.errors import BadSetting, NotFound, WrongEmbedder
from kb.features import Featurer
from kb.judgements import Judged
from kb.library import Librarian, Library, tickets_of
from kb.live import Week
from kb.policy import Policy
from kb.problems import Overlay, Patterns
from kb.records import (
    ARTICLE_STATES,
    Answer,
    Article,
    Correction,
    Filter,
    Kind,
    Link,
    Mark,
    Pattern,
    Record,
    Ref,
    Suggestion,
    Ticket,
    Viewer,
)
from kb.rows import content_hash, moment, seconds
from kb.shelves import Shelves
from kb.store import Store
from kb.text import clean
from kb.triage import Triage
from kb.words import NEVER

_LONGEST_NOTE = 1_000
_USUAL = 500
_LONGEST_QUESTION = 8_000


class Searches(Protocol):
    """Answers questions; :class:`kb.knowledge.Knowledge` does."""

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int | Mapping[Kind, int] = 10,
        ticket: Ticket | None = None,
    ) -> Answer:  # fmt: skip
        """Hits by relevance and what fixed it, or "not seen before"."""
        ...

    def featurer(self) -> Featurer:
        """The freshest snapshot with its links, made ready for ranking."""
        ...


@dataclass
class Desk:
    """Everything a screen, the command line or a program may ask for."""

    store: Store
    shelves: Shelves
    knowledge: Searches
    triage_with: Triage
    policy: Policy
    patterns_made: Patterns | None = None
    notes: tuple[str, ...] = ()
    """Plain sentences about what is missing or stale, each naming the command that mends it."""
    index_note: str = ""
    """The one of them that speaks of the index; it stands beside every answer."""
    refusal: str = ""
    """Why nothing may be asked at all: the vectors here are of another embedder."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known of index, models and patterns: names, times, figures."""

    # --- the technician ----------------------------------------------------------------------------------------

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int | Mapping[Kind, int] = 10,
        ticket: Ticket | None = None,
    ) -> Answer:  # fmt: skip
        """Have we seen this before, and what fixed it? ``limit`` is for all hits or for each kind.

        With ``ticket`` the question is that ticket. Raises ``WrongEmbedder`` where the index is another's.
        """
        self._may_be_asked()
        answer = self.knowledge.search(text, viewer=viewer, wanted=wanted, limit=limit, ticket=ticket)
        return replace(answer, notes=(self.index_note, *answer.notes)) if self.index_note else answer

    def record(self, kind: Kind, number: str, *, viewer: Viewer, source: str | None = None) -> Record:
        """One record by its number. Raises ``NotFound`` in the same words for hidden and absent ones."""
        return self.store.find(kind, number, viewer, source=source)

    def records(self, kind: Kind, ids: Sequence[int], *, viewer: Viewer) -> list[Record]:
        """Records by store id, those the viewer may see, in order."""
        return self.store.records(kind, ids, viewer)

    def links_of(self, ticket: Ticket, *, viewer: Viewer) -> list[tuple[Link, Record]]:
        """What this ticket was linked to."""
        return self.store.links_of(ticket, viewer)

    def like(
        self, number: str, *, viewer: Viewer, source: str | None = None, wanted: Filter | None = None,
        limit: int | Mapping[Kind, int] = 10,
    ) -> Answer:  # fmt: skip
        """What is like this ticket, and how that was fixed. Raises ``NotFound``."""
        found = self.record("ticket", number, viewer=viewer, source=source)
        return self.search(found.text, viewer=viewer, wanted=wanted, limit=limit, ticket=cast("Ticket", found))

    def mark(self, mark: Mark, *, viewer: Viewer) -> Mark:
        """Keep what a person said of a record; the next search counts it. Raises ``NotFound`` for what is hidden.

        "fixed" with a ticket links the two; "flag" needs a note; "state" and "owner" set what the note says.
        """
        for end in (mark.target, mark.ticket):
            if end is not None:
                self.record(end.kind, end.number, viewer=viewer, source=end.source)
        note = " ".join(mark.note.split())[:_LONGEST_NOTE]
        if mark.said == "flag" and not note:
            raise BadSetting("Say in a few words what is wrong, so that the owner can mend it.")
        if mark.said == "state" and note not in ARTICLE_STATES:
            raise BadSetting(f"An article is one of: {', '.join(ARTICLE_STATES)}.")
        question = "" if mark.ticket is not None else clean(mark.question[:_LONGEST_QUESTION])
        if question:
            vectors = self.shelves.embedder.encode([question])
            self.store.keep_vectors([content_hash(question)], self.shelves.embedder.id, vectors)
        return self.store.mark(replace(mark, by=mark.by or viewer.name, question=question, note=note))

    def undo(self, mark_id: int, *, viewer: Viewer) -> Mark:
        """Take a mark back; it stays in the history. Raises ``NotFound`` where it is not the viewer's to see."""
        mark = self.store.find_mark(mark_id)
        self.record(mark.target.kind, mark.target.number, viewer=viewer, source=mark.target.source)
        return self.store.undo(mark_id, by=viewer.name)

    def marks_of(self, record: Record, *, viewer: Viewer) -> list[Mark]:
        """What people said of a record and of others as the answer to it, newest first."""
        return self.store.marks_of(record, viewer)

    def linked_from(self, record: Record, *, viewer: Viewer, most: int = 50) -> list[tuple[Link, Record]]:
        """The tickets this record answered, newest first."""
        return self.store.linked_from(record, viewer, most=most)

    def corrections_of(self, ticket: Ticket, *, viewer: Viewer) -> list[Correction]:
        """What people made of our suggestions for this ticket, newest first. Raises ``NotFound``."""
        self.record("ticket", ticket.number, viewer=viewer, source=ticket.source)
        return [one for _, one in reversed(self.store.corrections(ticket=ticket.ref))]

    def facets(self, *, viewer: Viewer) -> dict[str, list[tuple[str, int]]]:
        """What may be filtered by: name → (value, count) over the tickets this viewer may see."""
        return self.shelves.now().pools["ticket"].columns.facets(viewer)

    # --- the knowledge base ------------------------------------------------------------------------------------

    def library(self, *, viewer: Viewer, now: datetime | None = None) -> Library:
        """Articles with what became of them; what is stale, double, contradicting or missing."""
        return self._librarian(viewer).library(now=now or datetime.now(UTC))

    def draft(self, refs: Sequence[Ref], *, viewer: Viewer, title: str = "") -> Draft:
        """A skeleton of an article from three or more resolved tickets. Raises ``TooLittle``, ``NotFound``."""
        return self._librarian(viewer).draft(tickets_of(refs, self.store, viewer), title=title)

    def draft_for(self, pattern_id: str, *, viewer: Viewer) -> Draft:
        """A skeleton of an article for a failure that keeps coming back. Raises ``TooLittle``, ``NotFound``."""
        return self._librarian(viewer).draft_for(self.pattern(pattern_id, viewer=viewer))

    def keep_draft(self, made: Draft, *, viewer: Viewer, title: str = "") -> Article:
        """Save a draft as work in progress. Raises ``BadSetting`` where nobody may see all it was made from."""
        return self._librarian(viewer).keep(made, title=title, now=datetime.now(UTC))

    def save_article(self, ref: Ref, *, title: str, body: str, viewer: Viewer) -> Article:
        """Change an article written here. Raises ``NotFound``, or ``BadSetting`` for one that came with an export."""
        old = cast("Article", self.record("article", ref.number, viewer=viewer, source=ref.source))
        return self._librarian(viewer).save(old, title=title, body=body, now=datetime.now(UTC))

    def _librarian(self, viewer: Viewer) -> Librarian:
        return Librarian(self.store, self.knowledge.featurer(), viewer, self.patterns_made, overlay_of(self.store))

    # --- triage ------------------------------------------------------------------------------------------------

    def triage(self, tickets: Sequence[Ticket], *, viewer: Viewer) -> list[Suggestion]:
        """One suggestion a ticket, in order. Raises ``WrongEmbedder`` where the index is another embedder's."""
        self._may_be_asked()
        made = self.triage_with.suggest(tickets, viewer=viewer)
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
        self.store.correct(replace(correction, by=correction.by or viewer.name, at=now))

    # --- the problem manager -----------------------------------------------------------------------------------

    def patterns(self, *, viewer: Viewer) -> list[Pattern]:
        """What keeps coming back, biggest first, counted over the tickets this viewer may see."""
        if self.patterns_made is None:
            return []
        columns = self.shelves.now().pools["ticket"].columns
        return self.patterns_made.records(columns.ids[columns.visible(viewer)], overlay=overlay_of(self.store))

    def pattern(self, pattern_id: str, *, viewer: Viewer) -> Pattern:
        """One pattern by its lasting id. Raises ``NotFound``."""
        for pattern in self.patterns(viewer=viewer):
            if pattern.id == pattern_id:
                return pattern
        raise NotFound(f"No pattern {pattern_id[:40]!r} here that you may see.")

    def rename_pattern(self, pattern_id: str, name: str, *, viewer: Viewer) -> None:
        """Give a pattern a name of one's own, or with "" take it back; it lasts through every refit."""
        self.pattern(pattern_id, viewer=viewer)
        said = overlay_of(self.store)
        names = {**said.names, pattern_id: " ".join(name.split())[:120]}
        keep_overlay(self.store, replace(said, names={k: v for k, v in names.items() if v}), by=viewer.name)

    # --- behind them -------------------------------------------------------------------------------------------

    def counts(self, *, viewer: Viewer) -> dict[str, int]:
        """Tickets, articles and links this viewer may see."""
        return self.store.counts(viewer)

    def imports(self, *, viewer: Viewer, most: int = 20) -> list[dict[str, Any]]:
        """The latest imports, newest first: when and what kind; names and counts speak of records not all may see."""
        rows = self.store.imports(most)
        return rows if viewer.sees_all else [{"at": row["at"], "kind": row["kind"]} for row in rows]

    def _may_be_asked(self) -> None:
        if self.refusal:
            raise WrongEmbedder(self.refusal)

    def warnings(self) -> tuple[str, ...]:
        """What is missing or stale right now, each sentence naming the command that mends it."""
        return (*self.notes, *self.shelves.now().notes)


@dataclass(frozen=True, slots=True)
class Clocked:
    """An SLA clock with the chance in [0, 1] that it is missed; ``None`` where too few tickets tell."""

    clock: sla.Clock
    risk: float | None


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


def overlay_of(store: Store) -> Overlay:
    """What people said about patterns: names, merges, dismissals. Raises ``BadSetting`` where it cannot be read."""
    text = store.settings().get("patterns")
    try:
        return Overlay.from_dict(json.loads(text)) if text else Overlay()
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            "The saved setting `patterns` (the names people gave to patterns) cannot be read: "
            "bring the store back from a backup, or take this row out of its table `settings`."
        ) from error


def keep_overlay(store: Store, said: Overlay, *, by: str = "") -> None:
    """Save what people said about patterns."""
    store.set("patterns", json.dumps(said.to_dict(), ensure_ascii=False, sort_keys=True), by=by)
