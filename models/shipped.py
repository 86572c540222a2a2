"""Weights the program comes with, so that the first search of a new desk is already a good one.

Fitted once, by :meth:`models.ranker.LinearRanker.fit` (l2 0.02) over the candidates of :mod:`kb.features`, on the
linked questions that a public support desk got from April 2023 to December 2024: 1207 for articles, 755 for tickets.
Probabilities were calibrated on the first ten answers to the questions of the last six months; for tickets, a right
answer is one that was linked or that the same article had answered. Features that this desk could not
teach (reopened, bounced, service, validated) or taught in a way of its own (resolved; age, where there are no links
yet) carry small weights set by hand. ``seenbefore train`` replaces all of them as soon as a desk's own links do better.
"""

from __future__ import annotations

from models.ranker import LinearRanker, Plain

Row = tuple[str, float, float, float]
"""Feature, weight, centre, scale."""
_UNHELPFUL: Row = ("unhelpful", -3.0, 0.0, 1.0)
"""Set by hand: what somebody called not helpful for the very same question falls to a tenth of its share."""
ORIGIN = "shipped: fitted on a public support desk, 2023-04 to 2024-12"

_TICKET: tuple[Row, ...] = (
    ("words_title", -0.016, 1.321, 0.9988),
    ("words_body", -0.223, 2.09, 0.9186),
    ("words_fix", 0.343, 1.192, 1.093),
    ("words_share", 0.711, 0.3168, 0.2211),
    ("score", 0.184, 0.4904, 0.157),
    ("score_title", 0.279, 0.3922, 0.1804),
    ("score_rank", -0.103, 4.821, 0.9714),
    ("score_gap", 0.187, -0.2713, 0.1538),
    ("words_rank", -0.111, 4.821, 0.9714),
    ("identifier", 0.300, 0.004806, 0.0746),
    ("age", -0.457, 4.457, 1.329),
    ("last_week", 0.530, 0.07792, 0.1856),
    ("last_month", -0.015, 0.2444, 0.2997),
    ("last_half_year", 0.040, 0.6182, 0.2733),
    ("votes", 0.069, 0.001331, 0.01501),
    ("vote_nearest", 0.474, 0.0766, 0.1688),
    ("vote_few", 0.202, 0.02119, 0.1215),
    ("prototype", 0.811, 0.5004, 0.1485),
    ("reused", 0.230, 0.2186, 0.5402),
    ("reused_lately", 0.411, 0.08834, 0.2686),
    ("linked_on", 0.007, 0.0416, 0.1716),
    ("same_articles", 0.080, 0.01176, 0.07327),
    ("articles", -0.108, 0.07984, 0.2373),
    ("resolved", 0.150, 0.7847, 0.411),
    ("reopened", -0.150, 0, 1),
    ("bounced", -0.050, 0, 1),
    ("same_category", 0.104, 0.31, 0.4625),
    ("same_service", 0.100, 0, 1),
    _UNHELPFUL,
)
_TICKET_PLAIN: tuple[Row, ...] = (
    ("words_title", 0.479, 1.321, 0.9988),
    ("words_body", 0.483, 2.09, 0.9186),
    ("words_fix", 0.246, 1.192, 1.093),
    ("words_share", 0.000, 0, 1),
    ("score", 0.892, 0.4904, 0.157),
    ("score_title", 0.338, 0.3922, 0.1804),
    ("score_rank", 0.000, 0, 1),
    ("score_gap", 0.000, 0, 1),
    ("words_rank", 0.000, 0, 1),
    ("identifier", 0.400, 0.004806, 0.0746),
    ("age", -0.300, 4.457, 1.329),
    ("last_week", 0.120, 0.07792, 0.1856),
    ("last_month", 0.000, 0, 1),
    ("last_half_year", 0.000, 0, 1),
    ("votes", 0.000, 0, 1),
    ("vote_nearest", 0.000, 0, 1),
    ("vote_few", 0.000, 0, 1),
    ("prototype", 0.000, 0, 1),
    ("reused", 0.000, 0, 1),
    ("reused_lately", 0.000, 0, 1),
    ("linked_on", 0.000, 0, 1),
    ("same_articles", 0.000, 0, 1),
    ("articles", 0.000, 0, 1),
    ("resolved", 0.100, 0, 1),
    ("reopened", -0.150, 0, 1),
    ("bounced", -0.050, 0, 1),
    ("same_category", 0.100, 0, 1),
    ("same_service", 0.100, 0, 1),
    _UNHELPFUL,
)
_ARTICLE: tuple[Row, ...] = (
    ("words_title", 0.128, 0.3581, 0.6527),
    ("words_body", 0.340, 1.667, 0.8874),
    ("score", 0.350, 0.1478, 0.1357),
    ("score_passage", 1.093, 0.1935, 0.1386),
    ("score_title", 0.174, 0.11, 0.1341),
    ("identifier", 0.300, 0.0002401, 0.01638),
    ("popular", 0.274, 0.2328, 0.6291),
    ("votes", 0.142, 0.001888, 0.02207),
    ("vote_few", 0.154, 0.01112, 0.1018),
    ("vote_nearest", 0.343, 0.07262, 0.1597),
    ("vote_kernel", -0.152, -24.54, 6.287),
    ("prototype", 0.359, 0.06988, 0.1549),
    ("generic", -0.764, 0.01342, 0.1151),
    ("validated", 0.100, 0, 1),
    _UNHELPFUL,
)
_ARTICLE_PLAIN: tuple[Row, ...] = (
    ("words_title", 0.136, 0.3581, 0.6527),
    ("words_body", 0.644, 1.667, 0.8874),
    ("score", 0.427, 0.1478, 0.1357),
    ("score_passage", 1.969, 0.1935, 0.1386),
    ("score_title", 0.175, 0.11, 0.1341),
    ("identifier", 0.400, 0.0002401, 0.01638),
    ("popular", 0.000, 0, 1),
    ("votes", 0.000, 0, 1),
    ("vote_few", 0.000, 0, 1),
    ("vote_nearest", 0.000, 0, 1),
    ("vote_kernel", 0.000, 0, 1),
    ("prototype", 0.000, 0, 1),
    ("generic", 0.000, 0, 1),
    ("validated", 0.100, 0, 1),
    _UNHELPFUL,
)
_HABITS: dict[str, tuple[str, ...]] = {
    "ticket": (
        "votes",
        "vote_nearest",
        "vote_few",
        "reused",
        "reused_lately",
        "linked_on",
        "same_articles",
        "articles",
    ),
    "article": (
        "popular",
        "votes",
        "vote_few",
        "vote_nearest",
        "vote_kernel",
        "prototype",
        "generic",
    ),
}
_PLATT: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "ticket": ((0.3900, -1.0624), (0.6688, 0.2726)),
    "article": ((1.2744, 1.1675), (1.2748, 1.1443)),
}
_ROWS: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {
    "ticket": (_TICKET, _TICKET_PLAIN),
    "article": (_ARTICLE, _ARTICLE_PLAIN),
}
_LIKE = {"problem": "article"}
"""A pool without weights of its own takes those of another with the same features."""


def shipped(pool: str) -> LinearRanker:
    """The ranker of a pool ("ticket", "article", "problem") with a plain one inside for desks without links yet."""
    pool = _LIKE.get(pool, pool)
    (rows, plain_rows), (platt, plain_platt) = _ROWS[pool], _PLATT[pool]
    return _ranker(rows, platt, Plain(_HABITS[pool], _ranker(plain_rows, plain_platt, None)))


def _ranker(rows: tuple[Row, ...], platt: tuple[float, float], plain: Plain | None) -> LinearRanker:
    names, weights, centre, scale = zip(*rows, strict=True)
    return LinearRanker(names, weights, centre=centre, scale=scale, platt=platt, origin=ORIGIN, plain=plain)
