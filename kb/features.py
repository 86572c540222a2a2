"""From a question to candidates and their features: the one path that training, benchmark and serving all take."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.ahead import WHOLE_POOL, Ahead, Sought
from kb.columns import Columns
from kb.habits import DAY, Habits, Votes, highest
from kb.identifiers import Identifier
from kb.learners import Vectors
from kb.passages import Passages
from kb.records import Filter, Kind, Viewer
from kb.shelves import KINDS, Snapshot
from kb.words import FIELDS, NEVER

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
RARE = 20
"""An identifier that more records than this hold says no more than any word does."""
_IDENTIFIERS = 12
_NEAR, _NEAR_LATELY, _VOTED = 150, 80, 40
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

    def ahead(self, sought: Sought, threads: Executor | None = None) -> Ahead:
        """Begin in other threads what needs no vector; for :meth:`candidates` of the same question."""
        return Ahead(self.snapshot, self.habits, sought, threads)

    def candidates(
        self, question: Question, kind: Kind, viewer: Viewer, wanted: Filter | None = None, *,
        ahead: Ahead | None = None,
    ) -> Candidates:  # fmt: skip
        """Candidates of one pool, filtered for this viewer before anything is compared; ids ascending.

        ``ahead`` is what was begun for the very same question, viewer and filter; of any other nothing is taken.
        """
        sought = Sought(question.text, viewer, wanted, question.as_of, question.without)
        if ahead is None or ahead.sought != sought or ahead.snapshot is not self.snapshot:
            ahead = self.ahead(sought)
        shelf = self.snapshot.pools[kind]
        rows = ahead.rows(kind)
        looked_at = int(np.count_nonzero(rows))
        if not looked_at:
            return Candidates(kind, np.zeros(0, np.int64), np.zeros((0, len(NAMES[kind]))))
        near = ahead.begin(self._near, question, kind, rows) if self._is_searched(kind, looked_at) else None
        known, seen = ahead.links().known, ahead.links().seen
        links, mine, n = self.habits[kind], known[kind], len(shelf.columns)
        votes = links.votes(question.vector, mine, now=question.now)
        holds = self._holders(question, kind, ahead)
        places = np.flatnonzero(rows) if near is None else self._union(kind, rows, near(), votes, holds, ahead)
        if kind == "ticket":
            columns = self._tickets(question, places, votes.at(places), holds, known, ahead)
        else:
            columns = self._texts(kind, question, places, votes.at(places), holds)
        columns["unhelpful"] = np.log1p(links.denied(question.vector, seen, n, as_of=question.as_of)[places])
        features = np.column_stack([columns[name] for name in NAMES[kind]]).astype(np.float64)
        return Candidates(kind, shelf.columns.ids[places], features, looked_at, places, mine)

    @staticmethod
    def _is_searched(kind: Kind, looked_at: int) -> bool:
        """Whether a pool is too large to look at every record."""
        return kind == "ticket" or looked_at > WHOLE_POOL

    # --- articles and known errors -----------------------------------------------------------------------------

    def _texts(self, kind: Kind, question: Question, places: Ids, votes: Votes, holds: dict[int, int]) -> Columned:
        shelf = self.snapshot.pools[kind]
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
        return {
            "words_title": np.log1p(words[:, 0]),
            "words_body": np.log1p(words[:, 1]),
            "score": score,
            "score_passage": passage,
            "score_title": (matrix @ question.title_vector).astype(np.float64),
            "identifier": _shared(ids, holds),
            "popular": np.log1p(votes.recent),
            "votes": np.log1p(votes.weighted),
            "vote_few": np.log1p(votes.few),
            "vote_nearest": votes.nearest,
            "vote_kernel": votes.kernel,
            "prototype": votes.prototype,
            "generic": votes.generic,
            "validated": validated,
        }

    # --- tickets -----------------------------------------------------------------------------------------------

    def _tickets(self, question: Question, places: Ids, votes: Votes, holds: dict[int, int],
                 known: Mapping[Kind, Mask], ahead: Ahead) -> Columned:  # fmt: skip
        shelf = self.snapshot.pools["ticket"]
        facts = shelf.columns
        ids = facts.ids[places]
        found = [ahead.begin(shelf.words.in_field, question.text, ids, name, question.as_of) for name in FIELDS]
        same, articles = self._article_habits(question, known["article"], places)
        matrix = shelf.vectors.rows(ids)
        score = (matrix @ question.vector).astype(np.float64)
        opened = facts.numbers["opened"][places]
        age = np.where(opened > 0, np.maximum(question.now - opened, 0) / DAY, _UNDATED)
        limit = NEVER if question.as_of is None else question.as_of
        done = facts.numbers["resolved"][places] < limit
        mine = self.habits["ticket"]
        rows, at = mine.on(places)
        linked_on = np.bincount(at[known["ticket"][rows]], minlength=len(places)).astype(np.float64)
        words = np.column_stack([scores() for scores in found])
        both = words[:, 0] + words[:, 1]
        return {
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
            "votes": np.log1p(votes.weighted),
            "vote_nearest": votes.nearest,
            "vote_few": np.log1p(votes.few),
            "prototype": np.where(votes.count > 0, votes.prototype, score),
            "reused": np.log1p(votes.count),
            "reused_lately": np.log1p(votes.fresh),
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
        links, n = self.habits["article"], len(places)
        votes = links.shared(question.vector, known, len(self.snapshot.pools["article"].columns) + 1)
        share = votes / max(float(votes.sum()), 1e-9)
        rows, at = links.on(places)
        told = known[rows]
        rows, at = rows[told], at[told]
        clear = ~links.generic[rows]
        same = np.bincount(at[clear], share[links.target[rows[clear]]], minlength=n)
        return same.astype(np.float64), np.bincount(at, minlength=n).astype(np.float64)

    # --- both --------------------------------------------------------------------------------------------------

    def _holders(self, question: Question, kind: Kind, ahead: Ahead) -> dict[int, int]:
        """Id of each record that holds a rare identifier of the question → how many of them it holds."""
        values = dict.fromkeys(identifier.value for identifier in question.identifiers[:_IDENTIFIERS])
        holds: dict[int, int] = {}
        where = ahead.where(kind) if values else None
        for value in values:
            ids = self.snapshot.pools[kind].words.exact([value], RARE + 1, where=where)[0]
            if len(ids) <= RARE:
                for record_id in ids.tolist():
                    holds[record_id] = holds.get(record_id, 0) + 1
        return holds

    def _near(self, question: Question, kind: Kind, rows: Mask) -> Ids:
        """Ids of those near in meaning, and of those near and recent."""
        shelf = self.snapshot.pools[kind]
        facts, query = shelf.columns, question.vector[None, :]
        found = [shelf.vectors.search(query, _NEAR, allowed=facts.mask(rows))[0][0]]
        if kind == "ticket":
            late = rows & (facts.numbers["opened"] >= question.now - _LATELY)
            if late.any():
                found.append(shelf.vectors.search(query, _NEAR_LATELY, allowed=facts.mask(late))[0][0])
        return np.concatenate(found)

    def _union(self, kind: Kind, rows: Mask, near: Ids, votes: Votes, holds: dict[int, int], ahead: Ahead) -> Ids:
        """Rows worth looking at: near in meaning, near and recent, sharing words, voted for, holding an identifier."""
        facts = self.snapshot.pools[kind].columns
        places = facts.places(np.concatenate([near, ahead.words(kind), np.array(list(holds), np.int64)]))
        for vote in (votes.weighted, votes.fresh):
            best = highest(vote, _VOTED)
            places = np.concatenate([places, votes.targets[best[vote[best] > 0]]])
        places = np.unique(places[places >= 0])
        return places[rows[places]]


def _shared(ids: Ids, holds: dict[int, int]) -> Floats:
    """How many rare identifiers each record shares with the question."""
    return np.array([holds.get(i, 0) for i in ids.tolist()], np.float64) if holds else np.zeros(len(ids))


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
