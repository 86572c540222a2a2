"""Which words of a text spoke for a class: what its score over the strongest rival loses when a word is taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.corpus import Views
from models.linear import Linear
from models.stopwords import STOP
from models.views import Grams, tokens


def telling(views: Views, learner: Linear, text: str, c: int, *, most: int = 6) -> list[str]:
    """At most ``most`` words of this very text that spoke for class ``c``, strongest first; no stop words."""
    weight = evidence(views, learner, text, c)
    best = sorted(weight, key=lambda word: -weight[word])
    return [word for word in best if weight[word] > 0 and len(word) > 1 and word.casefold() not in STOP][:most]


def evidence(views: Views, learner: Linear, text: str, c: int) -> dict[str, float]:
    """Word of the text → what it adds to the score of class ``c`` over that of the strongest other class."""
    words = list(dict.fromkeys(tokens(text)))
    out, start = dict.fromkeys(words, 0.0), 0
    rows = [grams.transform([text]) for grams in (views.words, views.chars)]
    rival = learner.decide(views.union(rows[0], rows[1], None))[0]
    rival[c] = -np.inf
    gain = learner.difference(c, int(rival.argmax()))
    for grams, row in zip((views.words, views.chars), rows, strict=True):
        value = dict(zip(row.indices.tolist(), (row.data * gain[start + row.indices]).tolist(), strict=True))
        start += row.shape[1]
        for word, adds in _by_word(grams, words, value, text).items():
            out[word] += adds
    return out


def _by_word(grams: Grams, words: Sequence[str], value: Mapping[int, float], text: str) -> dict[str, float]:
    """What each word of a text adds, from what each n-gram adds; n-grams of two words are shared out."""
    out = dict.fromkeys(words, 0.0)
    if grams.analyzer == "word":
        for gram in set(grams.analyze(text)):
            at = grams.index(gram)
            parts = gram.split(" ")
            for part in parts:
                if at is not None and part in out:
                    out[part] += value.get(at, 0.0) / len(parts)
        return out
    holders: dict[int, list[str]] = {}
    for word in words:
        for gram in set(grams.analyze(word)):
            at = grams.index(gram)
            if at is not None and at in value:
                holders.setdefault(at, []).append(word)
    for at, owners in holders.items():
        for word in owners:
            out[word] += value[at] / len(owners)
    return out
