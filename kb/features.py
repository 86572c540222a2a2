"""From a question to candidates and their features: the one path that training, benchmark and serving all take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.columns import Columns
from kb.habits import DAY, Habits, Votes
from kb.identifiers import Identifier
from kb.learners import Vectors
from kb.passages import Passages
from kb.records import Filter, Kind, Viewer
from kb.shelves import KINDS, Snapshot
from kb.words import NEVER

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Columned = dict[str, NDArray[Any]]

NAMES: dict[Kind, tuple[str, ...]] = {
    "ticket": (
        "words_title", "words_body", "words_fix", "words_share", "score", "score_title", "score_rank", "score_gap",
        "words_rank", "identifier", "age", "last_week", "last_month", "last_half_year", "votes", "vote_nearest",
        "vote_few", "prototype", "reused", "reused_lately", "linked_on", "same_articles", "articles", "resolved",
        "reopened", "bounced", "same_category", "same_service", "unhelpful",
    ),
    "article": (
        "words_title", "words_body", "score", "score_passage", "score_title", "identifier", "popular", "votes",
        "vote_few", "vote_nearest", "vote_kernel", "prototype", "generic", "validated", "unhelpful",
    ),
}  # fmt: skip
NAMES["problem"] = NAMES["article"]
"""The features of each pool, in the order of the matrix."""
WHOLE_POOL = 1_500
"""A pool of articles up to this size is looked at whole."""
RARE = 20
"""An identifier that more records than this hold says no more than any word does."""
_IDENTIFIERS = 12
_NEAR, _NEAR_LATELY, _WORDS, _VOTED = 150, 80, 100, 40
_LATELY = 45 * DAY
_UNDATED = 365.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, cleaned, with the vectors of the whole and of its first line (both of shape (dim,))."""

    text: str
    vector: Vectors
    title_vector: Vectors
    identifiers: tuple[Identifier, ...] = ()
    category: str = ""
    service: str = ""
    now: int = 0
    """Seconds since 1970 from which ages are counted."""
    as_of: int | None = None
    """Only what was known before this second is looked at; ``None`` looks at everything."""
    without: tuple[int, ...] = ()
    """Store ids of tickets that are left out: the question itself, where it is one."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Records that may answer, and what is known of each."""

    kind: Kind
    ids: Ids
    features: Floats
    """Shape (len(ids), len(NAMES[kind]))."""
    looked_at: int = 0
    """How many records of the pool this viewer's question was held against."""
    places: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    """Row of each in its pool."""
    known: Mask = field(default_factory=lambda: np.zeros(0, bool))
    """Which links to this pool were counted, by row of its habits."""

    def column(self, name: str) -> Floats:
        """One feature of all candidates."""
        return self.features[:, NAMES[self.kind].index(name)]


@dataclass(frozen=True, slots=True)
class Featurer:
    """Makes candidates over one snapshot; immutable."""

    snapshot: Snapshot
    habits: Mapping[Kind, Habits]
    passages: Passages | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, passages: Passages | None = None) -> Featurer:
        """Prepare the links of a snapshot."""
        return cls(snapshot, {kind: Habits.of(snapshot, kind) for kind in KINDS}, passages)

    def candidates(self, question: Question, kind: Kind, viewer: Viewer, wanted: Filter | None = None) -> Candidates:
        """Candidates of one pool, filtered for this viewer before anything is compared; ids ascending."""
        shelf = self.snapshot.pools[kind]
        rows = shelf.columns.rows_for(viewer, wanted, as_of=question.as_of)
        without = _places(shelf.columns, question.without) if kind == "ticket" else np.zeros(0, np.int64)
        rows[without] = False
        looked_at = int(rows.sum())
        if not looked_at:
            return Candidates(kind, np.zeros(0, np.int64), np.zeros((0, len(NAMES[kind]))))
        tickets = self.snapshot.pools["ticket"].columns
        seen = tickets.rows_for(viewer, as_of=question.as_of)
        hidden = _places(tickets, question.without)
        known = {to: links.known(seen, as_of=question.as_of, without=hidden) for to, links in self.habits.items()}
        links, mine, n = self.habits[kind], known[kind], len(shelf.columns)
        votes = links.votes(question.vector, mine, n, now=question.now)
        holds = self._holders(question, kind, viewer, wanted)
        if kind == "ticket":
            places, columns = self._tickets(question, rows, votes, holds, known, (viewer, wanted))
        else:
            places, columns = self._texts(kind, question, rows, votes, holds, (viewer, wanted))
        columns["unhelpful"] = np.log1p(links.denied(question.vector, seen, n, as_of=question.as_of)[places])
        features = np.column_stack([columns[name] for name in NAMES[kind]]).astype(np.float64)
        return Candidates(kind, shelf.columns.ids[places], features, looked_at, places, mine)

    # --- articles and known errors -----------------------------------------------------------------------------

    def _texts(self, kind: Kind, question: Question, rows: Mask, votes: Votes, holds: dict[int, int],
               asked: tuple[Viewer, Filter | None]) -> tuple[Ids, Columned]:  # fmt: skip
        shelf = self.snapshot.pools[kind]
        places = np.flatnonzero(rows)
        if len(places) > WHOLE_POOL:
            places = self._union(question, kind, rows, votes, holds, asked)
        ids = shelf.columns.ids[places]
        words = shelf.words.by_field(question.text, ids, as_of=None)
        matrix = shelf.vectors.rows(ids)
        score = (matrix @ question.vector).astype(np.float64)
        passage = score
        if kind == "article" and self.passages is not None:
            passage = self.passages.best(question.vector, ids, score)
        names = shelf.columns.names["state"]
        proven = np.array([kind == "problem" or name in ("validated", "") for name in names], bool)
        validated = proven[shelf.columns.codes["state"][places]]
        return places, {
            "words_title": np.log1p(words[:, 0]),
            "words_body": np.log1p(words[:, 1]),
            "score": score,
            "score_passage": passage,
            "score_title": (matrix @ question.title_vector).astype(np.float64),
            "identifier": _shared(ids, holds),
            "popular": np.log1p(votes.recent[places]),
            "votes": np.log1p(votes.weighted[places]),
            "vote_few": np.log1p(votes.few[places]),
            "vote_nearest": votes.nearest[places],
            "vote_kernel": votes.kernel[places],
            "prototype": votes.prototype[places],
            "generic": votes.generic[places],
            "validated": validated,
        }

    # --- tickets -----------------------------------------------------------------------------------------------

    def _tickets(self, question: Question, rows: Mask, votes: Votes, holds: dict[int, int], known: Mapping[Kind, Mask],
                 asked: tuple[Viewer, Filter | None]) -> tuple[Ids, Columned]:  # fmt: skip
        shelf = self.snapshot.pools["ticket"]
        facts = shelf.columns
        places = self._union(question, "ticket", rows, votes, holds, asked)
        ids = facts.ids[places]
        words = shelf.words.by_field(question.text, ids, as_of=question.as_of)
        both = words[:, 0] + words[:, 1]
        matrix = shelf.vectors.rows(ids)
        score = (matrix @ question.vector).astype(np.float64)
        opened = facts.numbers["opened"][places]
        age = np.where(opened > 0, np.maximum(question.now - opened, 0) / DAY, _UNDATED)
        limit = NEVER if question.as_of is None else question.as_of
        done = facts.numbers["resolved"][places] < limit
        same, articles = self._article_habits(question, known["article"], places)
        mine = self.habits["ticket"]
        linked_on = _counted(mine.ticket[known["ticket"] & mine.by_ticket], places)
        return places, {
            "words_title": np.log1p(words[:, 0]),
            "words_body": np.log1p(words[:, 1]),
            "words_fix": np.log1p(words[:, 2]),
            "words_share": both / max(float(both.max(initial=0.0)), 1e-9),
            "score": score,
            "score_title": (matrix @ question.title_vector).astype(np.float64),
            "score_rank": np.log1p(_ranks(score)),
            "score_gap": score - score.max(initial=-1.0),
            "words_rank": np.log1p(_ranks(both)),
            "identifier": _shared(ids, holds),
            "age": np.log1p(age),
            "last_week": 0.5 ** (age / 7),
            "last_month": 0.5 ** (age / 30),
            "last_half_year": 0.5 ** (age / 180),
            "votes": np.log1p(votes.weighted[places]),
            "vote_nearest": votes.nearest[places],
            "vote_few": np.log1p(votes.few[places]),
            "prototype": np.where(votes.count[places] > 0, votes.prototype[places], score),
            "reused": np.log1p(votes.count[places]),
            "reused_lately": np.log1p(votes.fresh[places]),
            "linked_on": np.log1p(linked_on),
            "same_articles": same,
            "articles": np.log1p(articles),
            "resolved": done,
            "reopened": (facts.numbers["reopened"][places] > 0) & done,
            "bounced": (facts.numbers["bounced"][places] > 1) & done,
            "same_category": _same(facts, "category", question.category, places),
            "same_service": _same(facts, "service", question.service, places),
        }

    def _article_habits(self, question: Question, known: Mask, places: Ids) -> tuple[Floats, Floats]:
        """How far the articles linked on each ticket are those linked on the question's like, and how many they are."""
        links = self.habits["article"]
        known = known & links.by_ticket
        rows = np.flatnonzero(known & ~links.generic)
        score = np.maximum(links.scores(question.vector)[rows], 0).astype(np.float64) ** 8
        votes = np.bincount(links.target[rows], score, minlength=len(self.snapshot.pools["article"].columns) + 1)
        share = votes / max(float(votes.sum()), 1e-9)
        same = _counted(links.ticket[rows], places, share[links.target[rows]])
        return same, _counted(links.ticket[known], places)

    # --- both --------------------------------------------------------------------------------------------------

    def _holders(self, question: Question, kind: Kind, viewer: Viewer, wanted: Filter | None) -> dict[int, int]:
        """Id of each record that holds a rare identifier of the question → how many of them it holds."""
        shelf = self.snapshot.pools[kind]
        without = question.without if kind == "ticket" else ()
        where = shelf.columns.where(viewer, wanted, as_of=question.as_of, without=without)
        holds: dict[int, int] = {}
        for value in dict.fromkeys(identifier.value for identifier in question.identifiers[:_IDENTIFIERS]):
            ids = shelf.words.exact([value], RARE + 1, where=where)[0]
            if len(ids) <= RARE:
                for record_id in ids.tolist():
                    holds[record_id] = holds.get(record_id, 0) + 1
        return holds

    def _union(self, question: Question, kind: Kind, rows: Mask, votes: Votes, holds: dict[int, int],
               asked: tuple[Viewer, Filter | None]) -> Ids:  # fmt: skip
        """Rows worth looking at: near in meaning, near and recent, sharing words, voted for, holding an identifier."""
        shelf = self.snapshot.pools[kind]
        facts = shelf.columns
        without = question.without if kind == "ticket" else ()
        where = facts.where(asked[0], asked[1], as_of=question.as_of, without=without)
        query = question.vector[None, :]
        found = [shelf.vectors.search(query, _NEAR, allowed=facts.mask(rows))[0][0]]
        late = rows & (facts.numbers["opened"] >= question.now - _LATELY)
        if kind == "ticket" and late.any():
            found.append(shelf.vectors.search(query, _NEAR_LATELY, allowed=facts.mask(late))[0][0])
        found.append(shelf.words.search(question.text, _WORDS, where=where)[0])
        places = facts.places(np.concatenate([*found, np.array(list(holds), np.int64)]))
        for vote in (votes.weighted, votes.fresh):
            held = np.flatnonzero(vote > 0)
            places = np.concatenate([places, held[np.argsort(-vote[held], kind="stable")[:_VOTED]]])
        places = np.unique(places[places >= 0])
        return places[rows[places]]


def _shared(ids: Ids, holds: dict[int, int]) -> Floats:
    """How many rare identifiers each record shares with the question."""
    return np.array([holds.get(i, 0) for i in ids.tolist()], np.float64) if holds else np.zeros(len(ids))


def _places(facts: Columns, ids: tuple[int, ...]) -> Ids:
    places = facts.places(np.array(ids, np.int64)) if ids else np.zeros(0, np.int64)
    return places[places >= 0]


def _counted(found: Ids, places: Ids, weight: Floats | None = None) -> Floats:
    """How often (or with what weight together) each of these ascending places is found, shape (len(places),)."""
    at = np.minimum(np.searchsorted(places, found), max(0, len(places) - 1))
    mine = places[at] == found if len(places) else np.zeros(len(found), bool)
    return np.bincount(at[mine], None if weight is None else weight[mine], minlength=len(places)).astype(np.float64)


def _ranks(values: Floats) -> Floats:
    """0 for the highest, ties in order."""
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return ranks


def _same(facts: Columns, name: str, value: str, places: Ids) -> Mask:
    """Which rows share the question's value, where it is known at all."""
    names = facts.names.get(name, ())
    if not value or value not in names:
        return np.zeros(len(places), bool)
    return np.asarray(facts.codes[name][places] == names.index(value), bool)
