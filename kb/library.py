"""The knowledge base as its keepers see it: what is used, stale, double, contradicting or missing, and drafts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kb.contradictions import conflicts
from kb.drafting import draft
from kb.drafts import Draft, is_written
from kb.errors import BadSetting, TooLittle
from kb.features import Featurer
from kb.overlay import NOTHING_SAID, Overlay
from kb.patterns import Patterns
from kb.records import Article, Mark, Pattern, Record, Ref, Ticket, Viewer
from kb.rows import moment
from kb.store import Store
from kb.text import prepare
from kb.upkeep import Conflict, Gap, Pair, Stale, Use, doubles, gaps, near, stale

Ids = NDArray[np.int64]
OURS = "seenbefore"
"""Source of the articles written here; only those are edited here."""
_DAY = 86_400
_LATELY = 180
_WINDOW = 365
_LEAST = 5
_LOOKED_AT = 40
"""Patterns without an article whose tickets are read, the biggest."""
_TYPICAL = 15
"""Tickets of a pattern that a draft is made from, those nearest its centre."""
_READ = 200
"""Tickets of one pattern that are read, the latest."""


@dataclass(frozen=True, slots=True)
class Library:
    """The articles one viewer may see with what became of them, and what wants doing."""

    articles: tuple[tuple[Article, Use], ...]
    stale: tuple[Stale, ...] = ()
    doubles: tuple[Pair, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Librarian:
    """Looks after the articles for one viewer."""

    store: Store
    featurer: Featurer
    viewer: Viewer
    patterns: Patterns | None = None
    overlay: Overlay = NOTHING_SAID

    def library(self, *, now: datetime) -> Library:
        """Everything at once; seconds for tens of thousands of tickets."""
        articles = [
            one for batch in self.store.each("article", self.viewer) for one in batch if isinstance(one, Article)
        ]
        uses = self.uses(now=now)
        shelf = self.featurer.snapshot.pools["article"]
        vectors = shelf.vectors.rows(np.array([a.id or 0 for a in articles], np.int64))
        pairs = near(articles, vectors)
        return Library(
            tuple((article, uses.get(article.id or 0, Use())) for article in articles),
            tuple(stale(articles, uses, now=now)),
            tuple(doubles(articles, vectors)),
            tuple(conflicts(pairs)),
            tuple(self.gaps(now=now)),
        )

    def uses(self, *, now: datetime) -> dict[int, Use]:
        """Store id of each article that somebody linked or marked → what became of it, of tickets this viewer sees."""
        snapshot = self.featurer.snapshot
        tickets, links = snapshot.pools["ticket"].columns, self.featurer.habits["article"]
        seen = tickets.visible(self.viewer)
        rows = np.flatnonzero(links.by_ticket)
        rows = rows[seen[links.ticket[rows]]]
        ids = snapshot.pools["article"].columns.ids[links.target[rows]]
        end, reopened = int(now.timestamp()), tickets.numbers["reopened"][links.ticket[rows]] > 0
        said = self.store.tally("article")
        found = {}
        for article in sorted({*np.unique(ids).tolist(), *said}):
            mine = rows[ids == article]
            at = links.at[mine]
            dated = at[(at > 0) & (at <= end)]
            marks = said.get(article, {})
            found[article] = Use(
                linked=len(np.unique(links.ticket[mine])),
                last=moment(int(dated.max())) if len(dated) else None,
                lately=int((dated > end - _LATELY * _DAY).sum()),
                reopened=len(np.unique(links.ticket[rows[(ids == article) & reopened]])),
                flags=marks.get("flag", (0, 0))[0],
                helpful=marks.get("helpful", (0, 0))[0],
                unhelpful=marks.get("not helpful", (0, 0))[0],
                flagged=moment(marks["flag"][1]) if "flag" in marks else None,
            )
        return found

    def gaps(self, *, now: datetime) -> list[Gap]:
        """Failures that keep coming back and that no article answers."""
        if self.patterns is None:
            return []
        columns, links = self.featurer.snapshot.pools["ticket"].columns, self.featurer.habits["article"]
        visible = columns.ids[columns.visible(self.viewer)]
        found = self.patterns.records(visible, overlay=self.overlay)
        opened = columns.numbers["opened"]
        since = int(now.timestamp()) - _WINDOW * _DAY
        linked: dict[int, list[int]] = {}
        for row in np.flatnonzero(links.by_ticket & ~links.generic).tolist():
            linked.setdefault(int(columns.ids[links.ticket[row]]), []).append(int(links.target[row]))
        nearest = self._nearest(found)
        wanted, tickets = [], dict[int, Ticket]()
        for pattern in found:
            members = np.array(pattern.members, np.int64)
            recent = members[opened[columns.places(members)] > since]
            if len(recent) >= _LEAST:
                wanted.append((pattern, recent))
        for _, recent in wanted[:_LOOKED_AT]:
            latest = recent[np.argsort(-opened[columns.places(recent)], kind="stable")][:_READ]
            for one in self.store.records("ticket", latest.tolist(), self.viewer):
                if isinstance(one, Ticket):
                    tickets[one.id or 0] = one
        return gaps([p for p, _ in wanted[:_LOOKED_AT]], tickets, linked, nearest, now=now, days=_WINDOW)

    def _nearest(self, patterns: Sequence[Pattern]) -> dict[str, float]:
        """Best score of a passage of any article this viewer may use to each pattern's centre."""
        passages, shelf = self.featurer.passages, self.featurer.snapshot.pools["article"]
        may = shelf.columns.ids[shelf.columns.rows_for(self.viewer)]
        if self.patterns is None or not len(may):
            return {}
        rows = shelf.vectors.rows(may)
        if passages is not None and len(passages.owner):
            rows = np.concatenate([rows, passages.vectors[np.isin(passages.owner, may)]])
        place = {head.id: at for at, head in enumerate(self.patterns.heads)}
        here = [pattern.id for pattern in patterns if pattern.id in place]
        if not here:
            return {}
        best = (self.patterns.centres[[place[name] for name in here]] @ rows.T).max(axis=1)
        return dict(zip(here, best.astype(float).tolist(), strict=True))

    # --- writing -----------------------------------------------------------------------------------------------

    def draft(self, tickets: Sequence[Ticket], *, title: str = "") -> Draft:
        """A skeleton of an article from these tickets. Raises ``TooLittle`` under three with a written resolution."""
        return draft(tickets, title=title)

    def draft_for(self, pattern: Pattern) -> Draft:
        """A skeleton for a failure that keeps coming back, from its most typical tickets. Raises ``TooLittle``."""
        members = np.array(pattern.members, np.int64)
        if self.patterns is not None:
            close = self.patterns.closeness[np.searchsorted(self.patterns.ticket, members)]
            members = members[np.argsort(-close, kind="stable")]
        records = self.store.records("ticket", members[:_READ].tolist(), self.viewer)
        written = [one for one in records if isinstance(one, Ticket) and is_written(one)]
        return draft(written[:_TYPICAL], title=pattern.name)

    def keep(self, made: Draft, *, title: str, now: datetime) -> Article:
        """Save a draft as work in progress, owned by the viewer. Raises ``BadSetting`` where nobody may see it all."""
        article = made.as_article(self._next_number(), OURS, now=now)
        named = " ".join(title.split())[:200] or article.title
        article = prepare(replace(article, title=named, owner=self.viewer.name))
        self.store.write("article", [article], by=self.viewer.name)
        self.store.mark(Mark(article.ref, "edit", by=self.viewer.name, at=now,
                             note=f"drafted from {len(made.tickets)} tickets"))  # fmt: skip
        found = self.store.find("article", article.number, self.viewer, source=OURS)
        return found if isinstance(found, Article) else article

    def save(self, old: Article, *, title: str, body: str, now: datetime) -> Article:
        """Change the words of an article written here; the history keeps what they were.

        Raises ``BadSetting`` for one that came with an export: the next export would undo the change.
        """
        if old.source != OURS:
            raise BadSetting(f"{old.number} came with an export: change it in the tool it came from.")
        if not title.strip() or not body.strip():
            raise BadSetting("An article needs a title and a text.")
        new = prepare(replace(old, title=" ".join(title.split())[:200], body=body, summary="", updated_at=now, id=None))
        if self.store.write("article", [new], merge=_as_it_was_for, by=self.viewer.name).updated:
            self.store.mark(Mark(old.ref, "edit", by=self.viewer.name, at=now, before=f"{old.title}\n{old.body}"))
        found = self.store.find("article", new.number, self.viewer, source=OURS)
        return found if isinstance(found, Article) else new

    def _next_number(self) -> str:
        taken = [str(row[1]) for row in self.store.facts("article", ("source", "number")) if row[0] == OURS]
        return f"SB{1 + max((int(n[2:]) for n in taken if n[2:].isdigit()), default=0):05d}"


def _as_it_was_for(old: Record, new: Record) -> Record:
    """The new words for whom the article was given to; the rules of access narrow that anew."""
    return replace(new, audience=old.audience)


def tickets_of(refs: Sequence[Ref], store: Store, viewer: Viewer) -> list[Ticket]:
    """The tickets of these names. Raises ``NotFound`` for one that is not the viewer's to see."""
    found = [store.find("ticket", ref.number, viewer, source=ref.source or None) for ref in dict.fromkeys(refs)]
    tickets = [one for one in found if isinstance(one, Ticket)]
    if not tickets:
        raise TooLittle("Name three or more resolved tickets to draft an article from.")
    return tickets
