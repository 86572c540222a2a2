"""What fixed it: resolved tickets like the question, grouped by the way they were resolved.

Nothing is written here: every text returned stands word for word in a record that is cited with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from kb.actions import vocabulary
from kb.learners import Vectors
from kb.records import DONE, Fix, Ref, Ticket
from kb.sentences import Sentence, sentences

Floats = NDArray[np.float64]

MOST = 60
"""Tickets looked at, the most alike first."""
GIST = 400
"""Characters of a fix that are compared."""
SHORT = 160
"""Characters of a fix's text, where one sentence is not longer."""
READ = 6_000
"""Characters of a fix, of notes and of an article that are read."""
_VECTOR, _ARTICLE = 0.4, 0.1
"""Part of the cosine in the likeness of two fixes, beside the words they share; and what a shared article adds."""
_SHORTER = 0.8
"""How much the shorter of two fixes decides which share of words is shared: 0.5 is a cosine, 1 a containment."""
_SAME_WAY, _SAME_WORDS = 0.38, 0.29
"""From this average likeness on, two groups were resolved in the same way: with vectors, and with words alone."""
_OPPOSITE = 0.5
"""What opposite turns ("enabled", "disabled") take away."""
_KEPT = 2048
"""Texts whose reading is kept in memory: the same tickets come up again and again."""
_READABLE = 8
"""So many of the most central tickets of a group are asked for a text that reads well."""
_SURE = 1.96

_UNSOLVED = re.compile(
    r"not solved|unsolved|nicht gelöst|ungelöst|by (?:the )?(?:caller|user|customer)|durch (?:den )?(?:anrufer|anwender"
    r"|melder|kunden)|cancel|storn|abgebrochen|withdrawn|zurückgezogen|duplicate|duplikat|doppelt|reproduc|reproduzier"
    r"|rejected|declined|abgelehnt|won'?t ?(?:fix|do)|invalid|incomplete|works ?for ?me|expired|no (?:response|answer"
    r"|reply)|keine (?:antwort|rückmeldung)",
    re.IGNORECASE,
)
"""Close codes of ServiceNow, Jira and Bugzilla that are no solution of the desk."""
_WORD = re.compile(r"[^\W_]+(?:[-_.:'/\\][^\W_]+)*")
_DIGIT = re.compile(r"\d")
_STOPS = vocabulary(
    "the and was were with for from his her their user users that this has had have been are not but into onto over"
    " then also again after before now via per all out off its it's who did does will can could der die das und ein"
    " eine mit von auf für den dem des ist war wurde wurden nach bei zum zur als im am user's usr caller customer kunde"
    " anwender benutzer ok okay tested test confirmed works fine"
)
_SAYS_NOTHING = vocabulary(
    "fixed done solved resolved closed close closing ok okay works working again now issue ticket problem it is was has"
    " been by phone via teams mail user the a an caller customer confirmed see parent with as discussed everything fine"
    " all good erledigt behoben gelöst geschlossen fehler ist wurde telefonisch jetzt alles in ordnung danke thanks"
    " anwender kunde hat bestätigt und and to for remotely remote n/a none keine nothing test x yes no call"
    " successfully permanently temporarily workaround solution resolution fix completed complete handled wie besprochen"
    " durch per fertig gefixt case incident request"
)
_OPPOSITES = (
    (("enabl", "activat", "re-enab", "reactiv", "aktivier", "eingeschalt", "turned on", "switched on"),
     ("disabl", "deactiv", "deaktiv", "ausgeschalt", "turned off", "switched off")),
    (("grant", "erteil"), ("revok", "entzog")),
    (("increas", "erhöh"), ("reduc", "decreas", "reduzier", "verringer")),
    (("added", "add", "hinzugef", "re-add"), ("remov", "entfern")),
    (("install", "reinstall"), ("uninstall", "deinstall")),
)  # fmt: skip


# --- which tickets count, and what of them ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """What a fix says was done, as it is compared; nothing where it says nothing."""

    told: tuple[Sentence, ...] = ()
    """The sentences of its gist, without questions, idle talk and failed attempts."""
    words: tuple[frozenset[str], ...] = ()
    """What may tell it apart from others, by sentence."""
    turns: tuple[int, ...] = (0,) * len(_OPPOSITES)
    """For each pair of opposites: 1 the first, -1 the second, 0 neither or both."""
    bag: frozenset[str] = frozenset()
    """The words of all sentences."""


def worth(ticket: Ticket) -> bool:
    """Whether its resolution counts as a past solution: done by the desk, and it says how."""
    return is_solved(ticket) and bool(_told(ticket.fix[:READ]).told)


def gist(ticket: Ticket) -> str:
    """The sentences of a fix that say what was done, :data:`GIST` characters at most; "" where none does.

    Callers embed it, kept under its content hash.
    """
    return _joined(_told(ticket.fix[:READ]).told)


def gist_of(state: str | None, close_code: str, fix: str) -> str:
    """The :func:`gist` of a ticket that is :func:`worth` it, from these columns of the store; "" of any other."""
    solved = (state is None or state in DONE) and not _UNSOLVED.search(close_code)
    return _joined(_done(fix[:READ])) if solved else ""


def is_solved(ticket: Ticket) -> bool:
    """Whether the desk itself ended it."""
    return ticket.is_done and not _UNSOLVED.search(ticket.close_code)


def _joined(told: Sequence[Sentence]) -> str:
    return " ".join(sentence.text for sentence in told)[:GIST].rstrip()


def _done(fix: str) -> tuple[Sentence, ...]:
    """The sentences of a fix that say what was done; none where all of them together say nothing."""
    told = tuple(s for s in sentences(fix, enough=GIST) if s.sort in ("step", "rest") and not s.failed)
    enough = 1 if any(s.sort == "step" for s in told) else 2
    said: set[str] = set()
    for sentence in told:
        said.update(word for word in _words(sentence) if word not in _SAYS_NOTHING)
        if len(said) >= enough:
            return told
    return ()


def _words(sentence: Sentence) -> list[str]:
    return _WORD.findall(sentence.text[:GIST].casefold())


@lru_cache(maxsize=_KEPT)
def _told(fix: str) -> _Told:
    told = _done(fix)
    if not told:
        return _Told()
    pieces = [_words(sentence) for sentence in told]
    said = " " + " ".join(word for piece in pieces for word in piece)
    turns = tuple(
        any(f" {head}" in said for head in one) - any(f" {head}" in said for head in other) for one, other in _OPPOSITES
    )
    words = tuple(map(_telling, pieces))
    return _Told(told, words, turns, frozenset[str]().union(*words))


def _telling(words: Sequence[str]) -> frozenset[str]:
    """Beginnings of the words that may tell two fixes apart; names with digits (hosts, numbers, versions) do not."""
    return frozenset(w[:6] for w in words if len(w) > 2 and w not in _STOPS and not _DIGIT.search(w))


# --- ways in which they were resolved --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Solved:
    """One past solution."""

    ticket: Ticket
    said: _Told
    articles: frozenset[Ref]


def resolved_alike(
    tickets: Sequence[Ticket],
    vectors: Vectors | None,
    articles: Mapping[int, tuple[Ref, ...]],
    *,
    of: int | None = None,
) -> tuple[Fix, ...]:
    """Ways in which tickets like the question were resolved: best proven first, then fastest, then most often.

    ``tickets`` are the most alike first; :data:`MOST` are looked at, and those not :func:`worth` it left out.
    ``vectors`` is float32 of shape (len(tickets), dim), a unit row of each ticket's :func:`gist`, a zero row where it
    is unknown. ``articles`` are what was linked on a ticket, by store id, without boiler-plate. ``of`` is how many
    resolved tickets like the question there are, where the caller knows; else those given that the desk itself
    solved.

    Groups are made by average linkage (Sokal and Michener 1958). ``Fix.proven`` is the lower end of Wilson's interval
    (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927).
    """
    tickets = tickets[:MOST]
    solved = [
        (place, _Solved(ticket, said, frozenset(articles.get(ticket.id or -1, ()))))
        for place, ticket in enumerate(tickets)
        if is_solved(ticket) and (said := _told(ticket.fix[:READ])).told
    ]
    if not solved:
        return ()
    of = sum(map(is_solved, tickets)) if of is None else of
    rows = None if vectors is None else np.asarray(vectors, np.float64)[[place for place, _ in solved]]
    ways = [one for _, one in solved]
    alike, lift = likeness(ways, rows)
    fixes = [_fix([ways[i] for i in group], alike[np.ix_(group, group)], of) for group in linked(alike - lift)]
    order = sorted(
        range(len(fixes)),
        key=lambda i: (-fixes[i].proven, fixes[i].minutes is None, fixes[i].minutes or 0.0, -len(fixes[i].cited), i),
    )
    return tuple(fixes[i] for i in order)


def wilson(held: int, n: int) -> float:
    """Lower end of the 95 % Wilson interval of a share; 0 where nothing was counted."""
    if not n:
        return 0.0
    share, z2 = held / n, _SURE**2
    middle = share + z2 / (2 * n)
    spread = _SURE * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, (middle - spread) / (1 + z2 / n))


def likeness(solved: Sequence[_Solved], rows: Floats | None) -> tuple[Floats, Floats]:
    """How alike every two fixes are and from which likeness on they are the same way, both of shape (n, n).

    The words they share weigh by how few fixes of this set hold them (inverse document frequency, Sparck Jones 1972).
    """
    n = len(solved)
    bags = [one.said.bag for one in solved]
    names = {word: place for place, word in enumerate(sorted(frozenset[str]().union(*bags)))}
    held = np.zeros((n, len(names)))
    for place, bag in enumerate(bags):
        held[place, [names[word] for word in bag]] = 1.0
    shared = (held * np.log1p(n / np.maximum(held.sum(0), 1.0))) @ held.T
    own = np.maximum(np.diag(shared), 1e-9)
    less, more = np.minimum.outer(own, own), np.maximum.outer(own, own)
    words = shared / (less**_SHORTER * more ** (1 - _SHORTER))
    alike, lift = words, np.full((n, n), _SAME_WORDS)
    if rows is not None:
        known = np.abs(rows).sum(1) > 0
        both = np.outer(known, known)
        alike = np.where(both, _VECTOR * np.clip(rows @ rows.T, 0.0, 1.0) + (1 - _VECTOR) * words, words)
        lift = np.where(both, _SAME_WAY, _SAME_WORDS)
    alike = alike + _ARTICLE * np.array([[not a.articles.isdisjoint(b.articles) for b in solved] for a in solved])
    turns = np.array([one.said.turns for one in solved], np.int64).reshape(n, len(_OPPOSITES))
    against = (turns[:, None, :] * turns[None, :, :] < 0).any(2)
    return np.where(against, alike - _OPPOSITE, alike), lift


def linked(closeness: Floats) -> list[list[int]]:
    """Groups by average linkage while the mean closeness of two groups is above 0; each ascending, by first member."""
    sums = np.array(closeness, np.float64)
    np.fill_diagonal(sums, 0.0)
    groups: dict[int, list[int]] = {i: [i] for i in range(len(sums))}
    sizes = np.ones(len(sums))
    means = sums.copy()
    np.fill_diagonal(means, -np.inf)
    while len(groups) > 1:
        best = int(means.argmax())
        keep, gone = sorted(divmod(best, len(sums)))
        if not means[keep, gone] > 0:
            break
        groups[keep] = sorted(groups[keep] + groups.pop(gone))
        sums[keep] += sums[gone]
        sums[:, keep] = sums[keep]
        sizes[keep] += sizes[gone]
        means[gone], means[:, gone], sizes[gone] = -np.inf, -np.inf, 1.0
        alive = np.isfinite(means[keep]) | (np.arange(len(sums)) == keep)
        fresh = np.where(alive, sums[keep] / (sizes[keep] * sizes), -np.inf)
        fresh[keep] = -np.inf
        means[keep], means[:, keep] = fresh, fresh
    return [groups[i] for i in sorted(groups)]


def _fix(group: Sequence[_Solved], alike: Floats, of: int) -> Fix:
    """One way, told in the words of the most central ticket that says it well."""
    counts = Counter(word for one in group for word in one.said.bag)
    central = (alike.sum(1) - np.diag(alike)) / max(1, len(group) - 1)
    first = sorted(range(len(group)), key=lambda i: (-round(float(central[i]), 9), i))[:_READABLE]
    texts = {i: _stretch(group[i], counts) for i in first}
    best = max(first, key=lambda i: (round(float(central[i]) + _clear(texts[i]), 9), -i))
    tickets = [group[best].ticket, *(one.ticket for at, one in enumerate(group) if at != best)]
    minutes = [m for ticket in tickets if (m := ticket.minutes_to_resolve) is not None]
    reopened = sum((ticket.reopen_count or 0) > 0 for ticket in tickets)
    seen = Counter(ref for one in group for ref in one.articles)
    return Fix(
        texts[best], tuple(ticket.ref for ticket in tickets), of, median(minutes) if minutes else None, reopened,
        wilson(len(tickets) - reopened, len(tickets)), tuple(sorted(seen, key=lambda ref: (-seen[ref], str(ref)))),
    )  # fmt: skip


def _clear(text: str) -> float:
    """How well a stretch reads by its length: a lone word and a long story less well."""
    words = text.count(" ") + 1
    return -0.3 if words < 3 else -0.2 if len(text) > SHORT else 0.0


def _stretch(one: _Solved, counts: Mapping[str, int]) -> str:
    """Sentences side by side, :data:`SHORT` characters at most, that say what was done in the words of the group."""
    fix, best, best_weight = one.ticket.fix, "", -1.0
    for at, first in enumerate(one.said.told):
        end, does, words = first.start, False, frozenset[str]()
        for last, more in zip(one.said.told[at : at + 3], one.said.words[at : at + 3], strict=True):
            if last is not first and (last.end - first.start > SHORT or fix[end : last.start].strip(" ")):
                break
            end, does, words = last.end, does or last.sort == "step", words | more
            weight = (1.0 if does else 0.3) * sum(map(counts.__getitem__, words)) / (1 + (end - first.start) / SHORT)
            if weight > best_weight:
                best, best_weight = fix[first.start : end], weight
    return best if len(best) <= GIST else best[:GIST].rsplit(None, 1)[0]
