"""What a knowledge base needs done: articles gone stale or said twice, and failures that have none."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.drafts import FEWEST, is_written
from kb.errors import BadSetting
from kb.fixes import wilson
from kb.learners import Vectors
from kb.records import Article, Pattern, Ticket

SAME = 0.88
"""Score from which two articles that also share words are called doubles."""
SAME_WORDS = 0.6
"""Share of their weighted words from which two articles are doubles, whatever their vectors say."""
NEAR = 0.75
"""Score from which two articles are about the same thing, so that what they say may clash."""
OFTEN = 5
"""Uses from which an article counts as used often."""
_TWICE = 2
"""So many reopened tickets speak against an article; one may be chance."""
_YEAR, _MONTH = timedelta(days=365), timedelta(days=30)
_SOME_WORDS = 0.2
_PARTNERS = 10
"""Doubles kept of one article at most: of a thousand equal ones a person merges a few at a time."""
_ALIKE = 5
"""Decimals of a score: what processors make of the others decides nothing."""
_ROWS = 512
_SKETCH = 256
_SLACK = 0.15
_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Use:
    """What became of one article."""

    linked: int = 0
    """Tickets it was linked on: its reuse."""
    last: datetime | None = None
    lately: int = 0
    """Links of the last 180 days."""
    reopened: int = 0
    """Of the tickets it was linked on, those reopened after."""
    flags: int = 0
    """Flags that were not taken back."""
    helpful: int = 0
    unhelpful: int = 0
    flagged: datetime | None = None
    """When it was flagged last; flags from before its last change are settled. ``None``: they still stand."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An article somebody should look at, why in words (strongest first), and how much that matters."""

    article: Article
    reasons: tuple[str, ...]
    weight: float
    kind: Literal["stale", "ready to validate"] = "stale"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles that are close, the lower number first."""

    left: Article
    right: Article
    score: float
    """Cosine of their vectors."""
    overlap: float = 0.0
    """Shared words as a share of all their words, rare ones weighing more, in [0, 1]."""
    shared: tuple[str, ...] = ()
    """Words that stand in both titles, as the left one writes them."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two articles that say opposite things of one matter, each sentence word for word."""

    left: Article
    right: Article
    left_says: str
    right_says: str
    kind: Literal["negation", "opposite", "value"]
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A failure that keeps coming back and has no article."""

    pattern: Pattern
    count: int
    """Tickets in the window."""
    last: datetime | None
    linked_share: float
    """Share of those tickets that have an article linked, in [0, 1]."""
    nearest: float | None
    """Best score of any article; ``None`` where there was none to compare with."""
    hours: float
    """From opening to resolution, summed over those that say."""
    can_draft: bool
    """Whether three or more of all its tickets are resolved with a fix written down."""
    why: tuple[str, ...]


# --- stale -----------------------------------------------------------------------------------------------------


def stale(articles: Sequence[Article], uses: Mapping[int, Use], *, now: datetime) -> list[Stale]:
    """Articles to look at, the most pressing first; archived ones left out. ``uses`` is keyed by store id.

    Whether fixes failed is judged by the lower end of the 95 % Wilson interval (1927) against the desk's average. An
    article that is only waiting for its validation has a kind of its own.
    """
    linked = sum(use.linked for use in uses.values())
    average = sum(min(use.reopened, use.linked) for use in uses.values()) / linked if linked else 0.0
    found = []
    for article in articles:
        if article.state == "archived":
            continue
        use = uses.get(article.id, Use()) if article.id is not None else Use()
        said = sorted((*_complaints(article, use, average), *_idle(article, use, now)), key=lambda pair: -pair[0])
        if said:
            found.append(Stale(article, tuple(text for _, text in said), sum(weight for weight, _ in said)))
        elif article.state == "not validated" and use.linked >= OFTEN:
            text = f"used on {use.linked} tickets without a complaint and still not validated"
            found.append(Stale(article, (text,), 0.5, "ready to validate"))
    return sorted(found, key=lambda one: (-one.weight, -_linked(one, uses), one.article.number, one.article.source))


def _linked(one: Stale, uses: Mapping[int, Use]) -> int:
    return uses.get(one.article.id or 0, Use()).linked


def _complaints(article: Article, use: Use, average: float) -> Iterator[tuple[float, str]]:
    """What people and tickets said against it: (weight, words)."""
    settled = use.flagged is not None and article.updated_at is not None and article.updated_at > use.flagged
    if use.flags and not settled:
        yield 5.0 + 0.5 * min(use.flags, 6), f"flagged {_times(use.flags)} and not changed since"
    reopened = min(use.reopened, use.linked)
    if reopened >= _TWICE and wilson(reopened, use.linked) > average:
        against = f"; on average {average:.0%} are" if average else ""
        yield (
            4.0 + 3.0 * (reopened / use.linked - average),
            f"{reopened} of the {use.linked} tickets solved with it were reopened{against}",
        )
    if use.unhelpful > use.helpful:
        over = min(use.unhelpful - use.helpful, 10)
        yield 1.5 + 0.3 * over, f"marked not helpful {_times(use.unhelpful)}, helpful {_times(use.helpful)}"


def _idle(article: Article, use: Use, now: datetime) -> Iterator[tuple[float, str]]:
    """What says that nobody needs or finishes it: (weight, words)."""
    begun = article.created_at or article.updated_at
    touched = max((at for at in (article.created_at, article.updated_at) if at), default=None)
    if article.state == "work in progress" and begun and now - begun > _MONTH:
        yield 1.8, f"work in progress for {(now - begun).days} days"
    if use.linked >= OFTEN and not use.lately:
        when = f"; last in {use.last:%B %Y}" if use.last else ""
        yield 1.4, f"used on {use.linked} tickets before, on none in the last 180 days{when}"
    if not use.linked and touched and now - touched > _YEAR:
        yield 1.0, f"never used, and untouched since {touched:%B %Y}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


# --- doubles ---------------------------------------------------------------------------------------------------


def doubles(articles: Sequence[Article], vectors: Vectors, *, at_least: float = SAME) -> list[Pair]:
    """Pairs that say the same thing, the surest first: by vectors (``at_least``) or, failing that, by their words.

    ``vectors`` are float32 of shape (len(articles), dim), unit rows, zero rows where there is none. Archived articles
    are left out; of one article the ten nearest partners are kept. Memory grows with n, not with its square. Raises
    BadSetting where vectors and articles are not as many.
    """
    kept, rows = _living(articles, vectors)
    bags = [Counter(_WORD.findall(whole_text(article).casefold()[:8_000])) for article in kept]
    spread = Counter(word for bag in bags for word in bag)
    weigh = {word: math.log(1 + len(kept) / count) for word, count in spread.items()}
    by_words = _close(_sketches(bags, weigh), SAME_WORDS - _SLACK)
    found = defaultdict[int, list[Pair]](list)
    for a, b in sorted({*_close(rows, at_least), *by_words}):
        score, overlap = float(rows[a] @ rows[b]), _overlap(bags[a], bags[b], weigh)
        if (score >= at_least and overlap >= _SOME_WORDS) or overlap >= SAME_WORDS:
            found[a].append(_pair(kept[a], kept[b], score, overlap))
    best = (pair for pairs in found.values() for pair in sorted(pairs, key=_nearest)[:_PARTNERS])
    return sorted(best, key=lambda pair: (_nearest(pair), *_numbers(pair)))


def _nearest(pair: Pair) -> float:
    return -round(max(pair.score, pair.overlap), _ALIKE)


def near(articles: Sequence[Article], vectors: Vectors, *, at_least: float = NEAR) -> list[Pair]:
    """Pairs about the same thing by their vectors alone, nearest first: where :mod:`kb.contradictions` looks."""
    kept, rows = _living(articles, vectors)
    found = [_pair(kept[a], kept[b], float(rows[a] @ rows[b]), 0.0) for a, b in _close(rows, at_least)]
    return sorted(found, key=lambda pair: (-pair.score, *_numbers(pair)))


def _living(articles: Sequence[Article], vectors: Vectors) -> tuple[list[Article], Vectors]:
    if len(articles) != len(vectors):
        raise BadSetting(f"vectors has {len(vectors)} rows for {len(articles)} articles; give one row an article.")
    at = [n for n, article in enumerate(articles) if article.state != "archived"]
    return [articles[n] for n in at], np.ascontiguousarray(vectors[at], dtype=np.float32)


def whole_text(article: Article) -> str:
    """What is compared of an article: its cleaned text, or its parts where it was not cleaned yet."""
    return article.text or "\n".join(part for part in (article.title, article.summary, article.body) if part)


def _close(rows: Vectors, at_least: float) -> Iterator[tuple[int, int]]:
    """(a, b), a < b, of rows whose product is at least this, the best few for each a; block by block."""
    for start in range(0, len(rows), _ROWS):
        scores = rows[start : start + _ROWS] @ rows[start:].T
        for a, row in enumerate(scores):
            partners = np.flatnonzero(row[a + 1 :] >= at_least) + a + 1
            if len(partners) > _PARTNERS:
                order = np.argsort(-row[partners].round(_ALIKE), kind="stable")
                partners = partners[order[:_PARTNERS]]
            for b in partners.tolist():
                yield start + a, start + b


def _sketches(bags: Sequence[Counter[str]], weigh: Mapping[str, float]) -> Vectors:
    """Weighted words hashed into a few signed buckets (Weinberger et al. 2009), unit rows: near words, near rows."""
    out: NDArray[np.float32] = np.zeros((len(bags), _SKETCH), np.float32)
    place = {word: zlib.crc32(word.encode("utf-8", "replace")) for word in weigh}
    for row, bag in zip(out, bags, strict=True):
        for word in bag:
            row[place[word] % _SKETCH] += weigh[word] * (1 if place[word] >> 31 else -1)
    norms = np.linalg.norm(out, axis=1, keepdims=True)
    np.divide(out, norms, out=out, where=norms > 0)
    return out


def _overlap(a: Counter[str], b: Counter[str], weigh: Mapping[str, float]) -> float:
    whole = sum(weigh[word] for word in a.keys() | b.keys())
    return sum(weigh[word] for word in a.keys() & b.keys()) / whole if whole else 0.0


def _pair(a: Article, b: Article, score: float, overlap: float) -> Pair:
    left, right = (a, b) if (a.number, a.source) <= (b.number, b.source) else (b, a)
    theirs = {word.casefold() for word in _WORD.findall(right.title)}
    shared = dict.fromkeys(word for word in _WORD.findall(left.title) if len(word) > 2 and word.casefold() in theirs)
    return Pair(left, right, round(score, 4), round(overlap, 4), tuple(shared))


def _numbers(pair: Pair) -> tuple[str, str, str, str]:
    return pair.left.number, pair.right.number, pair.left.source, pair.right.source


# --- gaps ------------------------------------------------------------------------------------------------------


def gaps(
    patterns: Sequence[Pattern], tickets: Mapping[int, Ticket], linked: Mapping[int, Sequence[int]],
    nearest: Mapping[str, float], *, now: datetime, days: int = 365, at_least: int = 5, close: float = 0.6,
    share: float = 0.2,
) -> list[Gap]:  # fmt: skip
    """Recurring failures that no article answers, by hours spent, then by count.

    A pattern counts where ``at_least`` of its tickets were opened in the ``days`` before ``now``, under ``share`` of
    those have an article linked, and no article scores ``close`` or more. ``tickets`` (by store id) are those the
    viewer may see: others are not counted; cancelled and undated ones neither. ``linked`` has the store ids of
    articles linked on a ticket, boiler-plate left out; ``nearest`` the best score of a passage to a pattern's centre.
    """
    since = now - timedelta(days=days)
    found = []
    for pattern in patterns:
        members = [tickets[one] for one in pattern.members if one in tickets]
        recent = [t for t in members if t.opened_at and since < t.opened_at <= now and t.state != "cancelled"]
        answered = sum(1 for ticket in recent if ticket.id is not None and linked.get(ticket.id))
        score = nearest.get(pattern.id)
        if len(recent) < at_least or answered >= share * len(recent) or (score is not None and score >= close):
            continue
        hours = sum(ticket.minutes_to_resolve or 0.0 for ticket in recent) / 60
        can = sum(map(is_written, members)) >= FEWEST
        why = tuple(_why(len(recent), days, answered, score, hours, can))
        last = max(t.opened_at for t in recent if t.opened_at)
        found.append(Gap(pattern, len(recent), last, answered / len(recent), score, hours, can, why))
    return sorted(found, key=lambda gap: (-gap.hours, -gap.count, gap.pattern.id))


def _why(count: int, days: int, answered: int, score: float | None, hours: float, can: bool) -> Iterator[str]:
    yield f"{count} tickets in the last {days} days"
    yield f"an article linked on {answered} of them" if answered else "no article linked on any of them"
    yield "there is no article to compare with" if score is None else f"no article comes near (best score {score:.2f})"
    if hours:
        yield f"{hours:,.0f} hours from opening to resolution in all"
    yield "enough written fixes to draft one" if can else "too few written fixes to draft one"
