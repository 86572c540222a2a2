"""Names a person would give to groups of texts: short phrases in their own words that tell a group from the rest.

Candidates are runs of words inside one clause of a title. The phrases behind a name are weighed by class-based TF-IDF
(Grootendorst 2022, "BERTopic"): how much of the group says them, against how much of everything does. The name is the
candidate whose words, weighed one by one in the same way, say most in few words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from models.phrases import WORD, Title, brevity, candidates, is_code, plainness, stem, stems_of, telling, written
from models.stopwords import GLUE, STOP

Ints = NDArray[np.int64]
PHRASE = 4
"""Words in a phrase behind the name at most."""
TITLES = 80
"""Titles of one group that are read at most, evenly spread."""
_READ = 60_000
"""Titles of all groups that are read, about; the more groups, the fewer of each."""
_LEAST = 12
_TRIED = 8
_RARELY = 0.01
"""Worth of a name that only one title says, where others are said by more."""
CONTRAST = 20_000
"""Titles of no group that are read at most."""
_SMALL = 4
"""Below this many titles a phrase that one of them says may name the group."""
_CODED = 0.25
"""Share of the titles that must say a phrase with a number or code in it, in larger groups."""
_RAREST = 50.0
"""How many times as often as elsewhere a word may be said in a group before that makes it no more telling."""
_LENGTH = np.array([0.0, 0.55, 1.0, 1.12, 1.05, 0.95, 0.85])
"""Worth of a phrase by its number of words: one word tells little, two or three read like a name."""


@dataclass(frozen=True, slots=True)
class Name:
    """What to call one group, and the evidence for it."""

    name: str
    """Unique among the groups named together; "Unnamed" where the titles hold no telling word."""
    phrases: tuple[tuple[str, int], ...] = ()
    """Telling phrases and how many of the titles read say them, most telling first."""
    read: int = 0
    """How many of the group's titles were read."""


def name_groups(
    labels: Ints,
    titles: Sequence[str],
    *,
    bodies: Sequence[str] | None = None,
    exclude: Collection[str] = (),
    most: int = 6,
) -> list[Name]:
    """Name groups 0..max(labels), in that order; no two groups get the same name.

    ``labels`` is int (n,), -1 for none; ``titles`` and ``bodies`` are n texts (a body stands in for an empty title).
    Words of ``exclude`` (names of people, say) stand in no phrase. Titles of no group serve as contrast.
    """
    count = int(labels.max(initial=-1)) + 1
    rows = _sample(labels, count)
    group = labels[rows]
    read = np.bincount(group[group >= 0], minlength=count)
    texts = [titles[i] if titles[i].strip() or bodies is None else bodies[i][:200] for i in rows]
    barred = frozenset(word for name in exclude for word in WORD.findall(name.casefold()) if len(word) > 2)
    said = _Said.of(texts, group, count, barred)
    if said is None:  # not one usable word
        return _distinct([Name("", (), int(n)) for n in read])
    own = _rows_of(group, count)
    names: list[Name] = []
    taken: set[str] = set()
    for at in range(count):
        mine = [Title.of(texts[i]) for i in own[at]]
        able, phrases = said.pick(at, most)
        shown = tuple((written(phrase, mine), times) for phrase, times in phrases)
        name = next((one for one in able if one not in taken), able[0] if able else "")
        taken.add(name)
        title = written(name, mine)
        names.append(Name(title[:1].upper() + title[1:], shown, int(read[at])))
    return _distinct(names)


def _rows_of(group: Ints, count: int) -> list[Ints]:
    """Places of each group's titles."""
    order = np.argsort(group, kind="stable")
    cuts = np.searchsorted(group[order], np.arange(count + 1))
    return [order[start:end] for start, end in pairwise(cuts.tolist())]


def _sample(labels: Ints, count: int) -> Ints:
    """Positions of the titles to read, evenly spread over each group, and over those of no group."""
    most = min(TITLES, max(_LEAST, _READ // max(count, 1)))
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0][: len(order)])
    keep = []
    for start, end in zip(starts, np.r_[starts[1:], len(order)], strict=False):
        size, room = int(end - start), CONTRAST if labels[order[start]] < 0 else most
        keep.append(order[start + (np.arange(size) if size <= room else np.arange(room) * size // room)])
    return np.sort(np.concatenate(keep)) if keep else order


@dataclass(frozen=True, slots=True)
class _Said:
    """What the titles of each group say: phrases with their worth, and words with their weight."""

    phrases: list[str]
    times: sparse.csr_matrix
    """How many titles of each group say each phrase, (count, phrases)."""
    worth: NDArray[np.float64]
    """How well each stored entry of ``times`` tells the group from the rest."""
    weights: sparse.csr_matrix
    """How telling each word is for each group, (count, stems)."""
    holds: sparse.csr_matrix
    """Which stems each phrase holds, (phrases, stems)."""
    brief: NDArray[np.float64]
    """How briefly each phrase says it, in (0, 1]; 0 for what may not be a name."""
    read: Ints

    @classmethod
    def of(cls, texts: Sequence[str], group: Ints, count: int, barred: frozenset[str]) -> _Said | None:
        """Read all titles; ``None`` where they hold no usable word."""
        counter = CountVectorizer(analyzer=lambda text: candidates(text, barred), binary=True, dtype=np.int32)
        words = CountVectorizer(analyzer=lambda text: stems_of(text, barred), binary=True, dtype=np.int32)
        try:
            table, stems = counter.fit_transform(texts).tocsr(), words.fit_transform(texts).tocsr()
        except ValueError:
            return None
        if not count:
            return None
        phrases: list[str] = counter.get_feature_names_out().tolist()
        times, share, rest, size = _shares(table, group, count)
        often = (times.data > 1) | (size < _SMALL)
        coded = np.array([any(map(is_code, phrase.split())) for phrase in phrases])[times.indices]
        length = np.array([_LENGTH[len(telling(phrase))] for phrase in phrases])
        plain = np.array([plainness(phrase) for phrase in phrases])
        often &= ~coded | (share >= _CODED) | (size < _SMALL)
        worth = np.sqrt(share) * np.log1p(share / rest) * (length * plain)[times.indices] * often
        weights, share, rest, _ = _shares(stems, group, count)
        weights = weights.astype(np.float64)
        weights.data = share * np.log1p(np.minimum(share / rest, _RAREST))
        held = CountVectorizer(vocabulary=words.vocabulary_, analyzer=lambda phrase: map(stem, telling(phrase)))
        brief = np.array([brevity(phrase) for phrase in phrases]) * plain
        return cls(phrases, times, worth, weights, held.transform(phrases).tocsr(), brief, _sizes(group, count))

    def pick(self, at: int, most: int) -> tuple[list[str], list[tuple[str, int]]]:
        """Names for one group, best first, and up to ``most`` phrases with how many of its titles say them."""
        part = slice(self.times.indptr[at], self.times.indptr[at + 1])
        which, times, worth = self.times.indices[part], self.times.data[part], self.worth[part]
        picked = _pick(self.phrases, which.astype(np.int64), times, worth, most)
        told = np.asarray(self.holds[which] @ self.weights[at].T.toarray()).ravel()
        backed = 0.4 + 0.6 * np.sqrt(times / max(int(self.read[at]), 1))
        value = told * self.brief[which] * backed * np.where(worth > 0, 1.0, _RARELY)
        order = np.lexsort((which, -times, -value))[:_TRIED]
        return [self.phrases[which[i]] for i in order if value[i] > 0], picked


def _sizes(group: Ints, count: int) -> Ints:
    """Titles read of each group."""
    return np.bincount(group[group >= 0], minlength=count)


def _shares(
    table: sparse.csr_matrix, group: Ints, count: int
) -> tuple[sparse.csr_matrix, NDArray[np.float64], NDArray[np.float64], Ints]:
    """How many titles of each group say each column; for each stored entry its share of the group and of the rest."""
    inside = np.flatnonzero(group >= 0)
    ones = np.ones(len(inside), dtype=np.int32)
    members = sparse.csr_matrix((ones, (group[inside], inside)), shape=(count, table.shape[0]))
    said = (members @ table).tocsr()
    said.sort_indices()
    size = _sizes(group, count)[np.repeat(np.arange(count), np.diff(said.indptr))]
    total = np.asarray(table.sum(axis=0)).ravel()[said.indices]
    return said, said.data / size, (total - said.data + 1.0) / (len(group) - size + 1.0), size


def _pick(
    phrases: Sequence[str], which: Ints, times: Ints, worth: NDArray[np.float64], most: int
) -> list[tuple[str, int]]:
    """Up to ``most`` phrases by falling worth, no two sharing a stem; ties go to what is said more, then to A."""
    able = [i for i in np.argsort(-worth, kind="stable")[: most * 20].tolist() if worth[i] > 0]
    best = sorted(able, key=lambda i: (-worth[i], -int(times[i]), phrases[int(which[i])]))
    picked: list[tuple[str, int]] = []
    used: set[str] = set()
    for i in best:
        words = phrases[int(which[i])].split()
        stems = {stem(word) for word in words if word not in GLUE}
        if len(words) > PHRASE or any(word in STOP and word not in GLUE for word in words):
            continue
        if used.isdisjoint(stems) and len(picked) < most:
            picked.append((phrases[int(which[i])], int(times[i])))
            used |= stems
    return picked


def _distinct(names: Sequence[Name]) -> list[Name]:
    """The same names, with a further phrase, or else a number, added where an earlier group has the name already."""
    taken: set[str] = set()
    out = []
    for found in names:
        base = found.name or "Unnamed"
        more = [phrase for phrase, _ in found.phrases if phrase.casefold() not in base.casefold()]
        tries = [base, *(f"{base}, {phrase}" for phrase in more)]
        name = next((one for one in tries if one.casefold() not in taken), "")
        number = 2
        while not name or name.casefold() in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name.casefold())
        out.append(Name(name, found.phrases, found.read))
    return out
