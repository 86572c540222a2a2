"""Which column is which of our fields, told by its header in many languages and by what stands in it; never certain."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from kb.tables.looks import Looks, fit, looks_of
from kb.tables.mapping import Preset, plainly, preset_named

SURE = 0.9
"""Confidence from which nobody needs to look twice."""
ENOUGH = 0.5
"""Confidence under which a column is rather kept as it is."""
_BY_VALUES = 0.45
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+|#")
_CUSTOM = re.compile(r"custom ?field \((.{1,120})\)", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL = _words(
    "the of de la le les du des der die das zur zum del di den dem el em il lo los las que se y et und and to in d l a"
    " am an our cf u x full current fields field custom customfield info friendlyname display name text ticket tickets"
    " incident incidents request requests is was we ihre ihr your timeline data datum"
)
"""Words that say little in a header."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be: our field ("" for none), confidence in [0, 1], and why in a few words."""

    target: str
    confidence: float
    why: str = ""


def words_of(header: str) -> tuple[str, ...]:
    """The words of a header: camel case split, custom-field wrappers and accents taken off."""
    wrapped = _CUSTOM.fullmatch(header.strip())
    text = _CAMEL.sub(" ", wrapped[1] if wrapped else header)
    text = unicodedata.normalize("NFKD", text.casefold().replace("№", "no").replace("n°", "no").replace("º", "o"))
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return tuple("no" if word == "#" else word for word in _WORD.findall(text))


@cache
def _phrases() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """For each of our fields, and "" for none of them, the phrases that name it."""
    text = resources.files("kb.tables").joinpath("headers.toml").read_text("utf-8")
    found = {target: list(map(words_of, phrases)) for target, phrases in tomllib.loads(text).items()}
    found[""] = found.pop("kept")
    for target, names in _generic().columns.items():
        found.setdefault(target, [])
        found[target] += map(words_of, names)
    return {target: tuple(dict.fromkeys(filter(None, phrases))) for target, phrases in found.items()}


@cache
def _exact() -> Mapping[str, frozenset[str]]:
    """Names that are taken at their word, whatever stands below them."""
    return {target: frozenset(map(plainly, names)) for target, names in _generic().columns.items()}


def _generic() -> Preset:
    return preset_named("generic")


def _meets(wanted: str, word: str) -> float:
    """How well a word of a header is a word of a phrase: 1 the same, less inside a longer one, 0 not at all."""
    if wanted == word:
        return 1.0
    if len(wanted) < 4 or len(word) <= len(wanted):
        return 0.0
    if word.endswith(wanted) or word.startswith(wanted):
        return 0.86
    return 0.75 if len(wanted) > 5 and wanted in word else 0.0


def _phrase_score(phrase: tuple[str, ...], words: tuple[str, ...]) -> float:
    left = list(words)
    quality = 1.0
    used = 0
    for wanted in phrase:
        found = max(((_meets(wanted, word), word) for word in left), default=(0.0, ""))
        if not found[0]:
            return 0.0
        quality = min(quality, found[0])
        left.remove(found[1])
        used += len(found[1])
    rest = sum(len(word) for word in left if word not in _SMALL and not word.isdigit())
    small = sum(len(word) for word in left if word in _SMALL or word.isdigit())
    return quality * (0.5 + 0.5 * used / (used + rest + 0.15 * small))


@lru_cache(maxsize=4096)
def named(header: str) -> Mapping[str, float]:
    """How well each field's names fit a header, in [0, 1]; fields that do not fit are left out; "" is none of ours."""
    words = words_of(header)
    if not words:
        return {}
    text = " ".join(words)  # a phrase fits only where its first word stands, alone or in a longer one: cheap to ask
    scores: dict[str, float] = {}
    for target, phrases in _phrases().items():
        best = max((_phrase_score(phrase, words) for phrase in phrases if phrase[0] in text), default=0.0)
        if best > 0:
            scores[target] = best
    if words[-1] == "id" and len(words) > 1:
        for target in set(scores) & {"caller", "assigned_to", "assignment_group", "department", "category", "service"}:
            scores[target] *= 0.6
    return scores


def guess(header: Sequence[str], seen: Mapping[str, Sequence[str]], *, targets: Sequence[str],
          taken: Mapping[str, str] | None = None, least: float = ENOUGH) -> dict[str, Guess]:  # fmt: skip
    """For each column of the header what it seems to be, no field twice.

    ``seen`` has values of each column, ``targets`` our fields, ``taken`` what is known already (field → column).
    Under the confidence ``least`` a column is kept as it is.
    """
    known = dict(taken or {})
    looks = {column: looks_of(seen.get(column, ())) for column in header}
    found: dict[str, Guess] = {}
    free = [column for column in header if column not in known.values()]
    wanted = [target for target in targets if target not in known]
    pairs: list[tuple[float, float, int, str, str]] = []
    for place, column in enumerate(free):
        scores = named(column)
        for target in wanted:
            if (name := scores.get(target, 0.0)) > 0 and column not in found:
                suits = fit(target, looks[column])
                kept = scores.get("", 0.0)
                confidence = name * (0.4 + 0.6 * suits) * (0.45 if kept >= name else 1.0) if suits else 0.0
                if plainly(column) in _exact().get(target, ()):
                    confidence = max(confidence, ENOUGH)
                pairs.append((round(min(confidence, 0.97), 3), name, -place, column, target))
    for confidence, _, _, column, target in sorted(pairs, reverse=True):
        if confidence >= least and column not in found and target in wanted:
            found[column] = Guess(target, confidence, "header and values" if looks[column].given else "header")
            wanted.remove(target)
    if least <= ENOUGH:
        _by_values(found, [one for one in free if one not in found], wanted, looks)
    for column in free:
        found.setdefault(column, Guess("", named(column).get("", 0.0), ""))
    return found


def _by_values(found: dict[str, Guess], free: list[str], wanted: list[str], looks: Mapping[str, Looks]) -> None:
    """Fill the fields nobody can do without from columns whose header says nothing, by what stands in them.

    A text is taken for title or description only where neither is known: one more may well be what fixed it.
    """
    has = {guess.target: column for column, guess in found.items()}
    if (
        {"notes", "resolution"} <= set(has)
        and "body" in wanted
        and not looks[has["notes"]].journal
        and looks[has["notes"]].length > 20
    ):
        found[has["notes"]] = Guess("body", 0.6, "the only long text from the caller")
        wanted.remove("body")
    needed = ["number", "opened_at", "state"]
    if "title" in wanted and "body" in wanted:
        needed[2:2] = ["body", "title"]
    silent = [column for column in free if named(column).get("", 0.0) < ENOUGH]
    for target in needed:
        if target not in wanted:
            continue
        scored = [(score, -place, column) for place, column in enumerate(silent)
                  if (score := looks[column].alone(target)) > 0]  # fmt: skip
        if scored:
            best = max(scored)[2]
            found[best] = Guess(target, _BY_VALUES, "values only")
            silent.remove(best)
            wanted.remove(target)
