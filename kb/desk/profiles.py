"""What patterns show, as the desk answers it: all of them side by side, and one with everything known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kb.assumptions import Assumptions
from kb.desk.manager import Manager
from kb.fixes import gist, resolved_alike
from kb.learners import Vectors
from kb.ledger import ASKED, Ledger, People
from kb.profiles import (
    ALIKE,
    EXAMPLES,
    READ,
    VARIANTS,
    Profile,
    centre_of,
    closeness,
    durations,
    figures,
    most_linked,
    nearest_first,
    odd_ones,
    solved_of,
    unlike,
    variants,
)
from kb.records import Article, Fix, Pattern, Ref, Ticket, Viewer
from kb.rows import content_hash
from kb.standings import Standings, standings
from kb.trends import last_moment, weeks_of

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Profiler(Manager):
    """The problem manager's figures."""

    _people: tuple[int, People] | None = field(default=None, init=False, repr=False)
    """Who called and where, and the change number of the store it was read at."""

    def standings(self, *, viewer: Viewer, now: datetime | None = None) -> Standings:
        """All patterns with what they cost, how they grow and how much they hurt, of the tickets this viewer sees.

        Those that were dismissed are among them, and say so.
        """
        ledger, found = self._ledger(viewer), self.patterns(viewer=viewer, dismissed=True)
        linked = {ticket for ticket, _ in self._articles_on(ledger.columns.ids[ledger.seen], viewer)}
        answered = ledger.rows(np.array(sorted(linked), np.int64))
        return standings(found, ledger, assumed=self._assumed(), answered=answered, now=now or datetime.now(UTC))

    def profile(self, pattern_id: str, *, viewer: Viewer, now: datetime | None = None) -> Profile:
        """One pattern with everything its page shows, of the tickets this viewer sees. Raises ``NotFound``.

        The id of one that was merged into another gives that other one.
        """
        one = self.pattern(pattern_id, viewer=viewer)
        ledger, ids = self._ledger(viewer), np.array(one.members, np.int64)
        rows = ledger.rows(ids)
        opened, desk = ledger.number("opened"), ledger.all_rows()
        end = last_moment(opened[desk], now or datetime.now(UTC))
        weeks = weeks_of(opened[rows], np.zeros(len(rows), np.int64), 1, opened[desk], end=end)
        targets = self.policy.sla
        vectors = self.shelves.now().pools["ticket"].vectors.rows(ids)
        close = closeness(vectors, self._kept(ids))
        near = nearest_first(ids, close)
        typical = self._tickets(near[:READ], viewer)
        linked = self._articles_on(ids, viewer)
        articles = self._read_articles(most_linked(linked), viewer)
        fixes, solved = self._fixes(typical, linked, {article.id or 0: article.ref for article, _ in articles})
        finer, odd = variants(ids, self._variant(ids), vectors)[:VARIANTS], odd_ones(ids, close)
        read = {t.id: t for t in self._tickets([*(v.example for v in finer), *(at for at, _ in odd)], viewer)}
        return Profile(
            pattern=one,
            figures=figures(rows, ledger, weeks, assumed=self._assumed(), targets=targets,
                            desk=durations(desk, ledger, targets)),
            fixes=fixes,
            solved=solved,
            articles=tuple(articles),
            answered=len({ticket for ticket, _ in linked}),
            examples=tuple(unlike(typical, EXAMPLES)),
            odd=tuple((read[at], score) for at, score in odd if at in read),
            variants=tuple((v, read[v.example]) for v in finer if v.example in read),
            alike=tuple(self._alike(one.id, centre_of(vectors), self.patterns(viewer=viewer))),
        )  # fmt: skip

    # --- inside ------------------------------------------------------------------------------------------------

    def _ledger(self, viewer: Viewer) -> Ledger:
        columns = self.shelves.now().pools["ticket"].columns
        seq = self.store.records_seq()
        kept = self._people
        if kept is None:
            kept = seq, People.build(self.store.facts("ticket", ASKED))
        elif kept[0] != seq:
            kept = seq, kept[1].with_fresh(self.store.facts("ticket", ASKED, since=kept[0]))
        self._people = kept
        return Ledger.of(columns, kept[1], viewer)

    def _assumed(self) -> Assumptions:
        return Assumptions.from_settings(self.store.settings())

    def _articles_on(self, tickets: Ids, viewer: Viewer) -> list[tuple[int, int]]:
        """(Ticket, article) store ids of the links on these tickets, boiler-plate and hidden articles left out."""
        snapshot = self.shelves.now()
        links, articles = snapshot.links, snapshot.pools["article"].columns
        at = articles.places(links.target)
        rows = links.to("article") & ~links.generic & (at >= 0) & np.isin(links.ticket, tickets)
        rows[rows] &= articles.visible(viewer)[at[rows]]
        return list(zip(links.ticket[rows].tolist(), links.target[rows].tolist(), strict=True))

    def _read_articles(self, counts: Sequence[tuple[int, int]], viewer: Viewer) -> list[tuple[Article, int]]:
        found = {one.id: one for one in self.records("article", [at for at, _ in counts], viewer=viewer)}
        return [(cast("Article", found[at]), n) for at, n in counts if at in found]

    def _tickets(self, ids: Sequence[int], viewer: Viewer) -> list[Ticket]:
        return cast("list[Ticket]", self.records("ticket", ids, viewer=viewer))

    def _fixes(
        self, near: Sequence[Ticket], linked: Sequence[tuple[int, int]], named: Mapping[int, Ref]
    ) -> tuple[tuple[Fix, ...], int]:
        """Ways in which they were resolved, as search groups them, and how many of them the desk solved."""
        solved = solved_of(near)
        if not solved:
            return (), 0
        embedder = self.shelves.embedder
        keys = [content_hash(gist(ticket)) for ticket in solved]
        vectors, _ = self.store.known_vectors(keys, embedder.id, embedder.dim)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        articles: dict[int, tuple[Ref, ...]] = {}
        for ticket, target in linked:
            if target in named:
                articles[ticket] = (*articles.get(ticket, ()), named[target])
        return resolved_alike(solved, vectors, articles), len(solved)

    def _variant(self, ids: Ids) -> Ids:
        """The finer group of each ticket; -1 for those that came after the last grouping."""
        return self._of_grouping("variant", ids, -1).astype(np.int64)

    def _kept(self, ids: Ids) -> Floats:
        """Closeness as the last grouping found it, for tickets that have no vector now; 0 where it knew none."""
        return self._of_grouping("closeness", ids, 0.0).astype(np.float64)

    def _of_grouping(self, name: str, ids: Ids, missing: float) -> NDArray[Any]:
        made = self.patterns_now()
        if made is None or not len(made.ticket):
            return np.full(len(ids), missing)
        rows = made.rows(ids.tolist())
        return np.where(rows >= 0, getattr(made, name)[rows], missing)

    def _alike(self, pattern: str, centre: Vectors, patterns: Sequence[Pattern]) -> list[tuple[Pattern, float]]:
        """Other patterns this viewer may see whose centres are nearest, with their scores."""
        made = self.patterns_now()
        place = {head.id: at for at, head in enumerate(made.heads)} if made is not None else {}
        others = [other for other in patterns if other.id in place and other.id != pattern]
        if made is None or not others or made.centres.shape[1] != len(centre) or not centre.any():
            return []
        scores = made.centres[[place[other.id] for other in others]] @ centre
        order = np.argsort(-scores, kind="stable")[:ALIKE].tolist()
        return [(others[at], float(scores[at])) for at in order]
