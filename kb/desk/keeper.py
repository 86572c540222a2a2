"""The knowledge keeper's side of the desk: what the articles need, drafts of new ones, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from kb.desk.front import Front
from kb.desk.manager import Manager
from kb.desk.overlay import overlay_of
from kb.drafts import Draft
from kb.library import Librarian, Library, tickets_of
from kb.records import Article, Ref, Viewer


class Keeper(Manager, Front):
    """The library and what is written for it."""

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
        return Librarian(self.store, self.knowledge.featurer(), viewer, self.patterns_now(), overlay_of(self.store))
