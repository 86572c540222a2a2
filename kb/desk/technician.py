"""The technician's side of the desk: ask, open a record, say what helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from kb.access import require
from kb.desk.front import Front
from kb.errors import BadSetting, NotFound
from kb.records import ARTICLE_STATES, Answer, Correction, Filter, Kind, Link, Mark, Record, Ticket, Viewer
from kb.rows import content_hash
from kb.text import clean

_LONGEST_NOTE = 1_000
_LONGEST_QUESTION = 8_000


class Technician(Front):
    """Search, records, links and marks."""

    def search(
        self, text: str, *, viewer: Viewer, wanted: Filter | None = None, limit: int | Mapping[Kind, int] = 10,
        ticket: Ticket | None = None,
    ) -> Answer:  # fmt: skip
        """Have we seen this before, and what fixed it? ``limit`` is for all hits or for each kind.

        With ``ticket`` the question is that ticket. Raises ``WrongEmbedder`` where the index is another's.
        """
        self._may_be_asked()
        text = text if ticket is not None else self.store.redacted(text)
        answer = self.knowledge.search(text, viewer=viewer, wanted=wanted, limit=limit, ticket=ticket)
        subject = f"ticket:{ticket.id}" if ticket is not None and ticket.id else ""
        self._noted(viewer, "searched", subject, {"hits": len(answer.hits)}, of=content_hash(text))
        return replace(answer, notes=(self.index_note, *answer.notes)) if self.index_note else answer

    def links_of(self, ticket: Ticket, *, viewer: Viewer) -> list[tuple[Link, Record]]:
        """What this ticket was linked to. Raises ``NotFound``."""
        self._seen(ticket, viewer)
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
        if mark.said in ("state", "owner"):
            require(viewer, "articles")
        question = "" if mark.ticket is not None else clean(self.store.redacted(mark.question[:_LONGEST_QUESTION]))
        if question:
            vectors = self.shelves.embedder.encode([question])
            self.store.keep_vectors([content_hash(question)], self.shelves.embedder.id, vectors)
        return self.store.mark(replace(mark, by=named(mark.by, viewer), question=question, note=note))

    def undo(self, mark_id: int, *, viewer: Viewer) -> Mark:
        """Take a mark back; it stays in the history. Raises ``NotFound`` where it is not the viewer's to see."""
        mark = self.store.find_mark(mark_id)
        self.record(mark.target.kind, mark.target.number, viewer=viewer, source=mark.target.source)
        return self.store.undo(mark_id, by=viewer.name)

    def marks_of(self, record: Record, *, viewer: Viewer) -> list[Mark]:
        """What people said of a record and of others as the answer to it, newest first. Raises ``NotFound``."""
        self._seen(record, viewer)
        return self.store.marks_of(record, viewer)

    def linked_from(self, record: Record, *, viewer: Viewer, most: int = 50) -> list[tuple[Link, Record]]:
        """The tickets this record answered, newest first. Raises ``NotFound``."""
        self._seen(record, viewer)
        return self.store.linked_from(record, viewer, most=most)

    def corrections_of(self, ticket: Ticket, *, viewer: Viewer) -> list[Correction]:
        """What people made of our suggestions for this ticket, newest first. Raises ``NotFound``."""
        self.record("ticket", ticket.number, viewer=viewer, source=ticket.source)
        return [one for _, one in reversed(self.store.corrections(ticket=ticket.ref))]

    def facets(self, *, viewer: Viewer) -> dict[str, list[tuple[str, int]]]:
        """What may be filtered by: name → (value, count) over the tickets this viewer may see."""
        return self.shelves.now().pools["ticket"].columns.facets(viewer)

    def _seen(self, record: Record, viewer: Viewer) -> None:
        """Raise ``NotFound`` for a record the viewer may not see any more, however he came by it."""
        if record.id is not None and not self.store.records(record.ref.kind, [record.id], viewer):
            raise NotFound(f"No {record.ref.kind} {record.number[:80]!r} here that you may see.")


def named(said: str, viewer: Viewer) -> str:
    """Who is named as having said it: only the person at the machine and tools may speak for others."""
    return said if said and viewer.may("speak") else viewer.name
