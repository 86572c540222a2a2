"""Phrases of titles: runs of words inside one clause that could name something, and how they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.stopwords import FURNITURE, GLUE, LAST, STOP, VAGUE

READ = 160
"""Characters of a title that are looked at."""
LONGEST = 6
"""Words in a name at most."""
_CLAUSE = re.compile(r"[.,;:!?()\[\]{}<>\"“”„«»|/\\=*•…—–\r\n\t]+|\s-+\s|(?<=\s)'|'(?=\s)")
WORD = re.compile(r"[^\W_](?:[\w'’.+#&-]*[\w+#])?")
_NOISE = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|<[^>]{1,40}>|\b\d{1,4}[-/.:]\d{1,2}(?:[-/.:]\d{1,4})?(?::\d\d)?\b")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)


def candidates(text: str, barred: frozenset[str]) -> list[str]:
    """Runs of words of one title that could name something, lower-cased, each once."""
    found: dict[str, None] = {}
    for words, fit in _clauses(text, barred):
        for start in range(len(words)):
            if fit[start] != _ENDS:
                continue
            for end in range(start, min(start + LONGEST, len(words))):
                if fit[end] == _NEVER:
                    break
                if fit[end] in (_LAST, _ENDS) and _is_phrase(words[start : end + 1]):
                    found.setdefault(" ".join(words[start : end + 1]))
    return list(found)


def stems_of(text: str, barred: frozenset[str]) -> list[str]:
    """Stems of the telling words of one title, each once."""
    found = {stem(word) for words, fit in _clauses(text, barred)
             for word, way in zip(words, fit, strict=True) if way == _ENDS}  # fmt: skip
    return sorted(found)


def _clauses(text: str, barred: frozenset[str]) -> Iterator[tuple[list[str], list[int]]]:
    """Lower-cased words of each clause, and whether each may be in a phrase."""
    for clause in _CLAUSE.split(_NOISE.sub(" ; ", _ELISION.sub(" ", text[:READ]))):
        words = [word.casefold().replace("’", "'") for word in WORD.findall(clause)]
        if words:
            yield words, [_fitness(word, barred) for word in words]


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart: its words in lower case, and where each begins and ends in it."""

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> Title:
        """Without the article or pronoun that is written together with a word, as in "d'accueil"."""
        places = [(_ELISION.sub("", place[0]), place.end()) for place in WORD.finditer(text[:READ])]
        words = [word.casefold().replace("’", "'") for word, _ in places]
        return cls(text, words, [end - len(word) for word, end in places], [end for _, end in places])


def written(phrase: str, titles: Sequence[Title]) -> str:
    """A phrase as it is written most often, calm before shouted; ties go to what comes first."""
    wanted = phrase.split()
    forms: Counter[str] = Counter()
    for title in titles if wanted else ():
        for at in [i for i, word in enumerate(title.words) if word == wanted[0]]:
            if title.words[at : at + len(wanted)] == wanted:
                form = title.text[title.starts[at] : title.ends[at + len(wanted) - 1]]
                forms[" ".join(form.split())] += 1
                break
    calm = Counter({form: times for form, times in forms.items() if not form.isupper() or len(form) < 6})
    return (calm or forms).most_common(1)[0][0] if forms else phrase


_NEVER, _INSIDE, _LAST, _ENDS = 0, 1, 2, 3


def _fitness(word: str, barred: frozenset[str]) -> int:
    """Whether a word may stand in no phrase, only inside one, or at its ends too."""
    if word in FURNITURE or word in barred or sum(ch.isdigit() for ch in word) > len(word) / 2:
        return _NEVER
    if word in LAST:
        return _LAST
    if word in STOP:
        return _INSIDE
    return _ENDS if len(word) > 1 else _NEVER


def _is_phrase(words: Sequence[str]) -> bool:
    """Whether these words could name something: no word of one stem twice, and no vague word alone."""
    told = [word for word in words if word not in STOP and word not in GLUE and word not in LAST]
    if len({stem(word) for word in told}) < len(told):
        return False
    return len(told) > 1 or (bool(told) and told[0] not in VAGUE)


def stem(word: str) -> str:
    """What printer, printers, print and printing share; rough on purpose, for comparing words, never for showing."""
    for ending in ("ations", "ation", "ings", "ing", "ers", "er", "ies", "ied", "ed", "es", "en", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def telling(phrase: str) -> list[str]:
    return [word for word in phrase.split() if word not in STOP and word not in GLUE and word not in LAST]


def brevity(phrase: str) -> float:
    """In (0, 1]: two or three telling words without small ones between them read like a name."""
    words, told = phrase.split(), len(telling(phrase))
    small, last = len(words) - told, words[-1] in LAST
    return float((0.5 if told < 2 else 1.0) * (1.06 if last else 1.0)
                 / (1.0 + 0.25 * max(told - 2, 0) + 0.1 * (small - last)))  # fmt: skip


def plainness(phrase: str) -> float:
    """Less than 1 for phrases of vague words, and less again for numbers and codes, which differ from case to case."""
    words = telling(phrase)
    vague = sum(word in VAGUE for word in words)
    return float(0.9**vague * 0.5 ** (sum(map(is_code, words)) + (vague == len(words))))


def is_code(word: str) -> bool:
    return any(ch.isdigit() for ch in word)
