"""Whether a question is of this desk's world at all, before anything is called an answer to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kb.records import Kind

ALONE: Mapping[Kind, float] = {"ticket": 0.655, "article": 0.46, "problem": 0.6}
_SLACK = 0.05
_SAME = 0.095
"""How much higher than the bar of tickets one stands that reports the same and not just something alike."""
_LIKELY = 0.7


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

    def is_known(self, score: float, voted: float, relevance: float) -> bool:
        """Whether a known error is what the question is about: it reads like it, or a ticket that named it does.

        ``voted`` is the highest score of a ticket of that known error. On sample tickets 95 in 100 shown were
        right, and 80 in 100 of those there were found.
        """
        bars = self.alone or ALONE
        return score >= bars["problem"] or (voted >= bars["ticket"] + _SAME and relevance >= _LIKELY)

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
