"""A script for maintainers: learn from made-up tickets which words are secrets, and write the weights to be shipped.

``python -m pipelines.plants.teach`` writes them; ``--trial`` learns from all authors but one and measures on that one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from math import log
from pathlib import Path
from random import Random

import pandas as pd

from kb.privacy.learnt import FILE, Weights
from kb.privacy.looks import ORDINARY, fame
from kb.privacy.meanings import CUES, meaning
from kb.privacy.redactor import by_rules
from kb.privacy.signs import Candidate, candidates
from kb.privacy.spans import Span, apart, seen
from models.signs import fit_signs
from pipelines.plants import others
from pipelines.plants.tickets import SECRETS, WEIGHTS, Half, Makers, Planted, filled, phrasings

TEACHERS: tuple[Half, ...] = (
    "ours", "held", "independent", "second", "third", "fourth", "taught_callers", "taught_systems", "taught_words",
    "taught_harmless", "taught_long", "taught_own",
)  # fmt: skip
"""Phrasings that are learnt from. Those that are measured with and not read are not among them."""
FILLS = 4
"""Tickets made of each phrasing with a secret."""
_SURE = "mixN WordN wordN woRd WN D16 D6 D6s D8 phrase STRONG B64"
BARS = {"": 0.05, **dict.fromkeys(_SURE.split(), 0.02), "GUID": 0.6, "HEX": 0.3, "word": 0.1, "Word": 0.25}
"""Probability from which on a candidate is replaced, by how it looks: a secret that stays does more harm than a number
that goes; what hardly anything else looks like goes sooner, words of every day later."""
DISTURBED, SHARE = 2, 0.12
"""Tickets made of each innocent one by changing this share of its words."""
_ANNOUNCES = CUES | {"is", "entered", "handed", "changed", "opened"}
SEEN = 3
"""So often in tickets without a secret, and a word is an ordinary one."""
SAMPLE_COUNTS = 2.0
"""How much an ordinary word of the sample desk counts."""
SEED = 2026
_AROUND = "\"'`.,;:!?()[]{}<>*|"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One made-up ticket: what may be a secret in it, and whether it is."""

    planted: Planted
    text: str
    """As its reader sees it."""
    place: tuple[int, int]
    """Where the secret stands; (0, 0) where there is none."""
    candidates: Sequence[tuple[Candidate, bool]]
    counts: float


def lessons(half: Half, around: Sequence[str]) -> Iterator[Lesson]:
    """Tickets of every phrasing of one author, between lines of the sample desk."""
    rng = Random(f"{half}-{SEED}")
    by = Makers(
        others.person, others.login, others.password, others.strong, others.code, others.wifi, others.keyed,
        around, around,
    )  # fmt: skip
    for kind, lands in phrasings(half).items():
        for line in (line for lines in lands.values() for line in lines):
            for _ in range(1 if kind == "harmless" else FILLS):
                made = filled(rng, kind, line, by)
                yield _lesson(made, FILLS if kind == "harmless" else 1.0)
            for _ in range(DISTURBED if kind == "harmless" else 0):
                yield _lesson(disturbed(rng, made), 1.0)


def ordinary() -> Iterator[Lesson]:
    """Tickets of the sample desk, without what the rules find in them."""
    rng = Random(SEED)
    for text in _sample():
        plain = seen(text).text
        for one in reversed(apart(by_rules(plain))):
            plain = plain[: one.start] + f"[{one.kind}]" + plain[one.end :]
        made = Planted("harmless", plain, "", "", plain[:30])
        yield _lesson(made, SAMPLE_COUNTS)
        yield _lesson(disturbed(rng, made), 1.0)


def disturbed(rng: Random, made: Planted) -> Planted:
    """The same without a secret, some words changed for names and numbers of things.

    Words next to one that may announce a secret stay: what comes there would be one.
    """
    lines = []
    for line in made.text.split("\n"):
        words = line.split(" ")
        for at, word in enumerate(words):
            before = [_bare(one) for one in words[max(0, at - 3) : at + 2]]
            if word and rng.random() < SHARE and not any(meaning(one) in _ANNOUNCES for one in before):
                words[at] = others.thing(rng)
        lines.append(" ".join(words))
    return replace(made, text="\n".join(lines))


def _sample() -> Iterator[str]:
    path = Path(__file__).resolve().parents[2] / "data" / "sample" / "tickets.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    texts = [name for name in ("short_description", "description", "close_notes", "work_notes") if name in rows]
    yield from map("\n".join, rows[texts].itertuples(index=False, name=None))


def _ordinary_words() -> list[str]:
    """Words that people choose for passwords and that often stand in tickets without one."""
    counts = Counter(_bare(word) for text in _sample() for word in set(text.split()))
    return sorted(word for word, n in counts.items() if n >= SEEN and fame(word)[0] == "p")


def _bare(word: str) -> str:
    return word.strip(_AROUND).lower()


def learn(said: Sequence[Lesson]) -> Weights:
    """The weights that these lessons teach."""
    rows = [(one, *answer) for one in said for answer in one.candidates]
    bias, weights = fit_signs(
        [candidate.signs for _, candidate, _ in rows], [yes for _, _, yes in rows], [one.counts for one, _, _ in rows],
        [one.planted.phrase for one, _, _ in rows], seed=SEED,
    )  # fmt: skip
    bars = {seen: round(log(bar / (1 - bar)), 3) for seen, bar in BARS.items()}
    return Weights(round(bias, 3), bars, weights)  # type: ignore[arg-type]


def write(weights: Weights, path: Path) -> None:
    """Write them as they are shipped: one sign a line, so that two versions can be compared."""
    rows = ",\n".join(json.dumps([*sign, weight], ensure_ascii=False) for sign, weight in sorted(weights.of.items()))
    head = json.dumps({"bias": weights.bias, "bars": weights.bars, "taught_by": taught_by()})
    path.write_text(f'{head[:-1]}, "weights": [\n{rows}\n]}}\n', "utf-8")


def taught_by() -> str:
    """A hash of all that was learnt from."""
    found = hashlib.sha256()
    for half in TEACHERS:
        found.update(files("pipelines.plants").joinpath(f"{half}.toml").read_bytes())
    return found.hexdigest()[:16]


def trial(half: Half, known: dict[str, list[Lesson]]) -> str:
    """Learn from all but one author, and say what rules and weights find together of his."""
    weights = learn([one for name, some in known.items() if name != half for one in some])
    found, all_, harmed, lines = dict.fromkeys(WEIGHTS, 0), dict.fromkeys(WEIGHTS, 0), 0, 0
    for one in known[half]:
        good = [c for c, _ in one.candidates if weights.over(c)]
        spans = [*by_rules(one.text), *(Span(c.start, c.end, "password") for c in good)]
        if one.planted.kind == "harmless":
            lines += 1
            harmed += bool(spans)
        elif one.planted.kind in SECRETS:
            all_[one.planted.kind] += 1
            start, end = one.place
            found[one.planted.kind] += any(span.start <= start + 1 and span.end >= end - 1 for span in spans)
    kinds = [kind for kind in SECRETS if all_[kind]]
    recall = sum(WEIGHTS[k] * found[k] / all_[k] for k in kinds) / max(1, sum(WEIGHTS[k] for k in kinds))
    each = ", ".join(f"{kind} {found[kind] / all_[kind]:.3f}" for kind in kinds)
    return f"{half}: secrets {recall:.3f} ({each}); innocent lines touched {harmed / max(1, lines):.3f}"


def _lesson(planted: Planted, counts: float) -> Lesson:
    text, value = seen(planted.text).text, seen(planted.value).text
    start = text.find(value) if value else -1
    place = (start, start + len(value)) if start >= 0 else (0, 0)
    return Lesson(planted, text, place, list(_answers(text, planted.kind, place)), counts)


def _answers(text: str, kind: str, place: tuple[int, int]) -> Iterator[tuple[Candidate, bool]]:
    """Candidates and whether each is the secret; a part of one, or what else the rules look for, teaches nothing."""
    start, end = place
    for one in candidates(text):
        if one.end <= start or end <= one.start:
            yield one, False
        elif kind in SECRETS and kind != "private":
            inside = min(one.end, end) - max(one.start, start)
            if inside >= end - start - 1 and one.end - one.start - inside <= 2:
                yield one, True


def all_lessons() -> list[Lesson]:
    """Everything that is learnt from."""
    return [one for some in _known().values() for one in some]


def _known() -> dict[str, list[Lesson]]:
    """The lessons of each author, and of the sample desk."""
    plain = list(ordinary())
    around = sorted({line for one in plain for line in one.text.split("\n") if 3 < len(line) < 120})
    return {**{str(half): list(lessons(half, around)) for half in TEACHERS}, "ordinary": plain}


def _main(args: Sequence[str]) -> None:
    path = Path(str(files("kb.privacy")))
    (path / ORDINARY).write_text("\n".join(_ordinary_words()) + "\n", "utf-8")
    known = _known()
    if "--trial" in args:
        for half in TEACHERS:
            print(trial(half, known), flush=True)
        return
    weights = learn([one for some in known.values() for one in some])
    write(weights, path / FILE)
    print(f"{len(weights.of)} weights from {sum(map(len, known.values())):,} tickets")


if __name__ == "__main__":
    _main(sys.argv[1:])
