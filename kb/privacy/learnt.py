"""Secrets that no rule announces, found by signs whose weights were learnt from made-up tickets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kb.identifiers import Identifier, identifiers
from kb.privacy.looks import CODED
from kb.privacy.scales import Scales
from kb.privacy.signs import Candidate, Sign, places
from kb.privacy.spans import Cover, Span

FILE = "weights.json"
_CODES = frozenset(("D4", "D5", "D6", "D6s", "D7", "D8"))
_LIKE_HOSTS = frozenset(("phrase", "STRONG", "dotN"))
_KEYS = CODED | {"D16", "Dlong"}


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model: the log odds that a candidate is a secret are the bias and the weights of its signs."""

    bias: float
    bars: Mapping[str, float]
    """Log odds from which on a candidate is replaced, by how it looks; "" for all other looks."""
    of: Mapping[Sign, float]

    def over(self, one: Candidate) -> bool:
        """Whether it is replaced."""
        return self.odds(one) >= self.bars.get(one.look, self.bars[""])

    def odds(self, one: Candidate) -> float:
        """Log odds that this is a secret."""
        get = self.of.get
        return round(self.bias + sum([get(sign, 0.0) for sign in one.signs]), 6)


def learnt(text: str) -> Iterator[Span]:
    """Secrets in a text as its reader sees it; where several readings of a word are one, all of them."""
    weights, scales = shipped(), _scales()
    bars, bar = weights.bars, weights.bars[""]
    found = [one for one in places(text) if scales.odds(one) >= bars.get(one.one.look, bar)]
    if not found:
        return
    things = [one for one in identifiers(text) if one.kind != "guid"]  # a GUID may be a key
    sure = Cover((one.start, one.end) for one in things if _is_sure(text, one))
    hosts = Cover((one.start, one.end) for one in things if one.kind == "host")
    for one in found:
        look, (start, end) = one.one.look, one.span
        span = Span(start, end, "code" if look in _CODES else "key" if look in _KEYS else "password")
        if not sure.meets(span) and (look in _LIKE_HOSTS or not hosts.meets(span)):
            yield span


def _is_sure(text: str, thing: Identifier) -> bool:
    """Whether it is just an identifier; a host or a symbol in small and capital letters may be a password."""
    name = text[thing.start : thing.end]
    if thing.kind == "symbol":
        return name == name.upper()
    return thing.kind != "host" or name in (name.lower(), name.upper())


@cache
def shipped() -> Weights:
    """The weights that come with the program; ``python -m pipelines.plants.teach`` writes them."""
    said = json.loads(files("kb.privacy").joinpath(FILE).read_text("utf-8"))
    return Weights(said["bias"], said["bars"], {tuple(sign): weight for *sign, weight in said["weights"]})


@cache
def _scales() -> Scales:
    weights = shipped()
    return Scales(weights.bias, weights.of)
