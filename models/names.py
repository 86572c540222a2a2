"""Labels among themselves: those that differ in writing only, or by a letter, and the spelling they are given."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Twins:
    """Labels that look like one, most frequent first, with their counts; ``exact`` where only the writing differs."""

    names: dict[str, int]
    exact: bool


def folded(label: str) -> str:
    """What is left of a label without case, blanks, accents' forms and punctuation; the label itself if nothing is."""
    plain = unicodedata.normalize("NFKC", label).casefold().replace("&", "and")
    return "".join(c for c in plain if c.isalnum()) or label.strip()


def one_spelling(labels: Labels) -> list[str | None]:
    """The labels, each in the most frequent of the spellings that fold to the same."""
    counts = Counter(label for label in labels if label and label.strip())
    best: dict[str, str] = {}
    for label in sorted(counts, key=lambda name: (-counts[name], name)):
        best.setdefault(folded(label), " ".join(label.split()))
    return [best[folded(label)] if label and label.strip() else None for label in labels]


def twin_names(labels: Labels) -> list[Twins]:
    """Labels that are probably one: the same but for case, blanks and punctuation, or a rare one a letter away from
    a common one (ten times as frequent), or from its plural. Labels that differ in a digit are never twins."""
    counts = Counter(label for label in labels if label and label.strip())
    names: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts, key=lambda name: (-counts[name], name)):
        names[folded(label)].append(label)
    size = {key: sum(counts[label] for label in found) for key, found in names.items()}
    out = [Twins({label: counts[label] for label in found}, True) for found in names.values() if len(found) > 1]
    for one, other in sorted(_letter_away(names)):
        large, small = sorted((one, other), key=lambda key: (-size[key], key))
        if size[large] >= 10 * size[small] or large + "s" == small or small + "s" == large:
            out.append(Twins({names[key][0]: size[key] for key in (large, small)}, False))
    return sorted(out, key=lambda twins: (-min(twins.names.values()), list(twins.names)))


def _letter_away(keys: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Pairs of keys of five letters and more that differ by a letter changed, missing, added or moved next door."""
    without: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        if 5 <= len(key) <= 60:
            for short in {key, *(key[:i] + key[i + 1 :] for i in range(len(key)))}:
                without[short].append(key)
    digits = {key: re.sub(r"\D", "", key) for key in keys}
    near = (
        (a, b) for found in without.values() if len(found) <= 50 for i, a in enumerate(found) for b in found[i + 1 :]
    )
    return {(min(a, b), max(a, b)) for a, b in near if digits[a] == digits[b]}
