"""One failure in the words of many callers: a text told anew, shorter, sloppier, in another order; seeded."""

from __future__ import annotations

import re
from random import Random

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_HELLO = ("Hi,", "Hello,", "hi team", "Good morning,", "Hello service desk,", "", "", "", "URGENT", "please help")
_TAIL = ("Thanks", "Please call me back.", "Colleagues have it too.", "Can you check?", "", "", "",
         "since this morning", "It worked yesterday.", "Several people here have the same.", "very urgent")  # fmt: skip
LONGEST = 1_500
"""Characters of the text that are told."""


def retell(text: str, rng: Random) -> str:
    """The text as another caller might tell it: some of its sentences, words left out and mistyped, a greeting.

    The first line, the title, is kept in most and is all there is in some. The same generator state gives the same
    text.
    """
    title, _, body = text[:LONGEST].partition("\n")
    parts = [part.strip() for part in _SENTENCE.split(body) if part.strip()]
    how = rng.random()
    if how < 0.2 or not parts:
        kept: list[str] = []
    elif how < 0.5:
        kept = parts[: rng.randint(1, min(3, len(parts)))]
    else:
        share = rng.uniform(0.4, 1.0)
        kept = [part for part in parts if rng.random() < share] or parts[:1]
        if rng.random() < 0.3:
            rng.shuffle(kept)
    head = sloppy(title, rng) if not kept or rng.random() < 0.8 else ""
    said = " ".join(sloppy(part, rng) for part in kept)
    return "\n".join(part for part in (head, rng.choice(_HELLO), said, rng.choice(_TAIL)) if part)


def sloppy(text: str, rng: Random) -> str:
    """The text with one word in seven left out, some mistyped or swapped, at times in lower case."""
    words = [word for word in text.split() if rng.random() > 0.14] or text.split()
    for at in range(len(words)):
        chance = rng.random()
        if chance < 0.05 and len(words[at]) > 4:
            cut = rng.randrange(1, len(words[at]) - 2)
            word = words[at]
            words[at] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
        elif chance < 0.08 and at + 1 < len(words):
            words[at], words[at + 1] = words[at + 1], words[at]
    told = " ".join(words)
    return told.lower() if rng.random() < 0.3 else told
