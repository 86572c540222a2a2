"""Names a person would give to groups of texts: short phrases in their own words that tell a group from the rest.

Candidates are runs of one to four words inside one clause of a title. They are weighed by class-based TF-IDF
(Grootendorst 2022, "BERTopic"): how much of the group says it, against how much of everything does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from models.stopwords import FURNITURE, GLUE, STOP, VAGUE

Ints = NDArray[np.int64]
LONGEST = 4
"""Words in a phrase at most."""
TITLES = 400
"""Titles of one group that are read at most, evenly spread."""
_SMALL = 4
"""Below this many titles a phrase that one of them says may name the group."""
_CODED = 0.25
"""Share of the titles that must say a phrase with a number or code in it, in larger groups."""
_ADDED = 0.1
"""Share of the titles that must say a second phrase before it is put into the name."""
_CLAUSE = re.compile(r"[.,;:!?()\[\]{}<>\"“”„«»|/\\=*•…—–\r\n\t]+|\s-+\s|(?<=\s)'|'(?=\s)")
_WORD = re.compile(r"[^\W_](?:[\w'’.+#&-]*[\w+#])?")
_NOISE = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|<[^>]{1,40}>|\b\d{1,4}[-/.:]\d{1,2}(?:[-/.:]\d{1,4})?(?::\d\d)?\b")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)
_LENGTH = np.array([0.0, 0.55, 1.0, 1.12, 1.05])
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
    rows = _sample(labels)
    group = labels[rows]
    read = np.bincount(group[group >= 0], minlength=count)
    texts = [titles[i] if titles[i].strip() or bodies is None else bodies[i][:200] for i in rows]
    barred = frozenset(word for name in exclude for word in _WORD.findall(name.casefold()) if len(word) > 2)
    forms: dict[str, Counter[str]] = {}
    counter = CountVectorizer(analyzer=lambda text: _candidates(text, barred, forms), binary=True, dtype=np.int32)
    try:
        table = counter.fit_transform(texts).tocsr() if count else None
    except ValueError:  # not one usable word
        table = None
    if table is None:
        return _distinct([Name("", (), int(n)) for n in read])
    phrases: list[str] = counter.get_feature_names_out().tolist()
    said, worth = _weigh(table, group, count, phrases)
    names = []
    for at in range(count):
        part = slice(said.indptr[at], said.indptr[at + 1])
        picked = _pick(phrases, said.indices[part].astype(np.int64), said.data[part], worth[part], most)
        shown = tuple((forms[phrase].most_common(1)[0][0], times) for phrase, times in picked)
        names.append(Name(_compose(shown, int(read[at])), shown, int(read[at])))
    return _distinct(names)


def _sample(labels: Ints) -> Ints:
    """Positions of the titles to read: all of no group and of small groups, ``TITLES`` evenly spread of larger ones."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0][: len(order)])
    keep = []
    for start, end in zip(starts, np.r_[starts[1:], len(order)], strict=False):
        size = int(end - start)
        steps = np.arange(size) if size <= TITLES or labels[order[start]] < 0 else np.arange(TITLES) * size // TITLES
        keep.append(order[start + steps])
    return np.sort(np.concatenate(keep)) if keep else order


def _candidates(text: str, barred: frozenset[str], forms: dict[str, Counter[str]]) -> list[str]:
    """Phrases of one title, lower-cased; ``forms`` counts how each is written."""
    found: dict[str, str] = {}
    for clause in _CLAUSE.split(_NOISE.sub(" ; ", _ELISION.sub(" ", text[:300]))):
        words = _WORD.findall(clause)
        lower = [word.casefold().replace("’", "'") for word in words]
        fit = [_fitness(word, barred) for word in lower]
        for start in range(len(words)):
            if fit[start] != _ENDS:
                continue
            for end in range(start, min(start + LONGEST, len(words))):
                if fit[end] == _NEVER:
                    break
                if fit[end] == _ENDS and _is_phrase(lower[start : end + 1]):
                    found.setdefault(" ".join(lower[start : end + 1]), " ".join(words[start : end + 1]))
    for phrase, form in found.items():
        forms.setdefault(phrase, Counter())[form] += 1
    return list(found)


_NEVER, _INSIDE, _ENDS = 0, 1, 2


def _fitness(word: str, barred: frozenset[str]) -> int:
    """Whether a word may stand in no phrase, only inside one, or at its ends too."""
    if word in FURNITURE or word in barred or sum(ch.isdigit() for ch in word) > len(word) / 2:
        return _NEVER
    if word in STOP:
        return _INSIDE if word in GLUE else _NEVER
    return _ENDS if len(word) > 1 else _NEVER


def _is_phrase(words: Sequence[str]) -> bool:
    """Whether these words could name something: no word of one stem twice, and no vague word alone."""
    telling = [word for word in words if word not in GLUE]
    if len({stem(word) for word in telling}) < len(telling):
        return False
    return len(telling) > 1 or (bool(telling) and telling[0] not in VAGUE)


def stem(word: str) -> str:
    """What printer, printers, print and printing share; rough on purpose, for comparing words, never for showing."""
    for ending in ("ations", "ation", "ings", "ing", "ers", "er", "ies", "ied", "ed", "es", "en", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def _weigh(
    table: sparse.csr_matrix, group: Ints, count: int, phrases: Sequence[str]
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """How many titles of each group say each phrase, (count, phrases), and the worth of each stored entry."""
    inside = np.flatnonzero(group >= 0)
    ones = np.ones(len(inside), dtype=np.int32)
    members = sparse.csr_matrix((ones, (group[inside], inside)), shape=(count, table.shape[0]))
    said = (members @ table).tocsr()
    said.sort_indices()
    size = np.asarray(members.sum(axis=1)).ravel()
    at = np.repeat(np.arange(count), np.diff(said.indptr))
    total = np.asarray(table.sum(axis=0)).ravel()[said.indices]
    share = said.data / size[at]
    rest = (total - said.data + 1.0) / (len(group) - size[at] + 1.0)
    length = np.array([_LENGTH[sum(word not in GLUE for word in phrase.split())] for phrase in phrases])
    plain = np.array([_plainness(phrase) for phrase in phrases])
    coded = np.array([any(map(_is_code, phrase.split())) for phrase in phrases])[said.indices]
    often = ((said.data > 1) & (~coded | (share >= _CODED))) | (size[at] < _SMALL)
    worth = np.sqrt(share) * np.log1p(share / rest) * (length * plain)[said.indices] * often
    return said, worth


def _plainness(phrase: str) -> float:
    """Less than 1 for phrases of vague words, and less again for numbers and codes, which differ from case to case."""
    words = [word for word in phrase.split() if word not in GLUE]
    vague = sum(word in VAGUE for word in words)
    return float(0.9**vague * 0.5 ** (sum(map(_is_code, words)) + (vague == len(words))))


def _is_code(word: str) -> bool:
    return any(ch.isdigit() for ch in word)


def _pick(
    phrases: Sequence[str], which: Ints, times: Ints, worth: NDArray[np.float64], most: int
) -> list[tuple[str, int]]:
    """Up to ``most`` phrases by falling worth, no two sharing a stem; ties go to what is said more, then to A."""
    able = [i for i in range(len(which)) if worth[i] > 0]
    best = sorted(able, key=lambda i: (-worth[i], -int(times[i]), phrases[int(which[i])]))[: most * 10]
    picked: list[tuple[str, int]] = []
    used: set[str] = set()
    for i in best:
        stems = {stem(word) for word in phrases[int(which[i])].split() if word not in GLUE}
        if used.isdisjoint(stems) and len(picked) < most:
            picked.append((phrases[int(which[i])], int(times[i])))
            used |= stems
    return picked


def _compose(phrases: Sequence[tuple[str, int]], read: int) -> str:
    """A name of one phrase, or of two where the first is one word, said by few, or the second is said by half."""
    if not phrases:
        return ""
    (name, times), *others = phrases
    room = [one for one in others if len(f"{name} {one[0]}".split()) <= 5 and one[1] >= _ADDED * read]
    more, again = room[0] if room else ("", 0)
    if again >= 0.4 * read and name.split()[0].casefold() in VAGUE:
        name = f"{more} {name}"  # "job" and "failed in scheduler"
    elif again > 1 or (again and read < _SMALL):
        alone = len(name.split()) > 1 and times >= 0.3 * read
        if not alone or again >= 0.5 * read:
            name = f"{name}, {more}"
    return name[0].upper() + name[1:]


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
