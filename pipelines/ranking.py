"""Learn the ranking of search from what technicians linked, forward in time, and publish it only where it is better."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.errors import Damaged, NotBuilt
from kb.features import NAMES, Featurer, Question
from kb.knowledge import Knowledge
from kb.records import EVERYONE, Kind, Ticket
from kb.rows import seconds
from kb.seen import Gate, gate_for
from kb.shelves import KINDS, Shelves
from kb.text import identifiers
from models.ranker import FEW, LinearRanker, Verdict, contest
from models.shipped import shipped
from pipelines.generations import Generation
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import vectors_of

FILE = "ranker.json"
MOST = 2_500
"""The latest so many questions of each pool are learnt from."""
HONEST = 1_000
"""The latest so many questions the probabilities of tickets are fitted to."""
GIVEN = ("unhelpful",)
"""Features whose weight is set by hand: what a person says outright is not unlearnt."""
_TITLE = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A past ticket as a question, and the store ids of what answered it."""

    ticket: Ticket
    question: Question
    answers: frozenset[int]


def fit_rankers(
    home: Home, shelves: Shelves, *, until: int | None = None, say: Say = quiet
) -> tuple[dict[Kind, LinearRanker], dict[Kind, Verdict]]:
    """Rankers of both pools and why each serves: learnt from links of tickets opened before ``until``, or shipped."""
    rankers: dict[Kind, LinearRanker] = {}
    verdicts: dict[Kind, Verdict] = {}
    featurer = knowledge_of(home, shelves, {}).featurer()
    for kind in KINDS:
        asked = linked_questions(home, featurer, kind, until=until, say=say)[-MOST:]
        features, labels, questions = matrix_of(asked, featurer, kind, say=say)
        origin = f"learnt from {len(asked)} linked tickets"
        rankers[kind], verdicts[kind] = contest(shipped(kind), features, labels, questions, origin=origin, given=GIVEN)
    rankers["ticket"] = _honest(home, featurer, rankers["ticket"], until, say)
    return rankers, verdicts


def _honest(home: Home, featurer: Featurer, ranker: LinearRanker, until: int | None, say: Say) -> LinearRanker:
    """The ranker of tickets with probabilities that a ticket helps: that it, or what answered it, is the answer."""
    asked = helped_questions(home, featurer, until=until, say=say)[-HONEST:]
    if len(asked) < FEW:
        return ranker
    return ranker.calibrated(*matrix_of(asked, featurer, "ticket", say=say))


def helped_questions(
    home: Home, featurer: Featurer, *, since: int | None = None, until: int | None = None, say: Say = quiet
) -> list[Asked]:
    """Tickets with a known answer, in the order of their opening; ``answers`` are the earlier tickets that help.

    Those are the ones linked, and those that were answered by the same article.
    """
    links, columns = featurer.snapshot.links, featurer.snapshot.pools["ticket"].columns
    opened = dict(zip(columns.ids.tolist(), columns.numbers["opened"].tolist(), strict=True))
    rows = np.flatnonzero(links.to("article") & ~links.generic)
    on: dict[int, list[int]] = {}
    for row in rows.tolist():
        on.setdefault(int(links.target[row]), []).append(int(links.ticket[row]))
    helped: dict[int, set[int]] = {}
    for tickets in on.values():
        for ticket in tickets:
            helped.setdefault(ticket, set()).update(t for t in tickets if 0 < opened.get(t, 0) < opened.get(ticket, 0))
    direct = {
        one.ticket.id: one for one in linked_questions(home, featurer, "ticket", since=since, until=until, say=say)
    }
    by_article = linked_questions(home, featurer, "article", since=since, until=until, say=say)
    both = {one.ticket.id: one for one in by_article} | direct
    found = [
        Asked(
            one.ticket,
            one.question,
            frozenset({*helped.get(key or 0, ()), *(direct[key].answers if key in direct else ())}),
        )
        for key, one in both.items()
    ]
    return sorted(found, key=lambda one: (one.question.now, one.ticket.id or 0))


def linked_questions(
    home: Home, featurer: Featurer, kind: Kind, *, since: int | None = None, until: int | None = None, say: Say = quiet
) -> list[Asked]:
    """Tickets opened in [since, until) that people linked to a target of this kind, in the order of their opening.

    With ``until``, only links made before it are known.
    Boiler-plate links do not count; a ticket answers only questions opened after it.
    """
    links = featurer.snapshot.links
    columns = featurer.snapshot.pools["ticket"].columns
    rows = np.flatnonzero(links.to(kind) & ~links.generic)
    answers: dict[int, set[int]] = {}
    opened = dict(zip(columns.ids.tolist(), columns.numbers["opened"].tolist(), strict=True))
    for row in rows.tolist():
        if until is not None and not 0 < links.at[row] < until:
            continue
        ticket, target = int(links.ticket[row]), int(links.target[row])
        if kind != "ticket" or 0 < opened.get(target, 0) < opened.get(ticket, 0):
            answers.setdefault(ticket, set()).add(target)
    wanted = [i for i in answers if (since or 1) <= opened.get(i, 0) < (until or 1 << 60)]
    tickets = [t for t in home.store.records("ticket", sorted(wanted, key=lambda i: (opened[i], i)), EVERYONE)
               if isinstance(t, Ticket)]  # fmt: skip
    found = questions_of(home, tickets, say=say)
    return [Asked(t, q, frozenset(answers[t.id or 0])) for t, q in zip(tickets, found, strict=True)]


def questions_of(home: Home, tickets: Sequence[Ticket], *, say: Say = quiet) -> list[Question]:
    """Tickets as the questions they were when they were opened, words only; an undated one is asked now."""
    texts = [ticket.text for ticket in tickets]
    titles = [text.partition("\n")[0][:_TITLE] for text in texts]
    whole, firsts = vectors_of(home, texts, say=say), vectors_of(home, titles, say=say)
    questions = []
    for i, ticket in enumerate(tickets):
        at = seconds(ticket.opened_at)
        questions.append(Question(
            texts[i], whole[i], firsts[i], tuple(identifiers(texts[i])),
            now=at or 0, as_of=at, without=(ticket.id,) if ticket.id is not None else (),
        ))  # fmt: skip
    return questions


def matrix_of(
    asked: Sequence[Asked], featurer: Featurer, kind: Kind, *, say: Say = quiet
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Features (n, k), labels (n,) and question numbers (n,) of all candidates of all questions."""
    features, labels, numbers = [], [], []
    for number, one in enumerate(asked):
        found = featurer.candidates(one.question, kind, EVERYONE)
        features.append(found.features)
        labels.append(np.isin(found.ids, list(one.answers)).astype(np.float64))
        numbers.append(np.full(len(found.ids), number, np.int64))
        if number % 20 == 0 or number + 1 == len(asked):
            say(f"Reading linked {kind}s", number + 1, len(asked))
    if not features:
        return np.zeros((0, len(NAMES[kind]))), np.zeros(0), np.zeros(0, np.int64)
    return np.vstack(features), np.concatenate(labels), np.concatenate(numbers)


def knowledge_of(home: Home, shelves: Shelves, rankers: Mapping[Kind, LinearRanker]) -> Knowledge:
    """Search over these shelves, with these rankers or the shipped ones."""
    return Knowledge(shelves, home.embedder, {kind: rankers.get(kind) or shipped(kind) for kind in KINDS})


def write(rankers: Mapping[Kind, LinearRanker]) -> bytes:
    """The rankers as the file of a generation."""
    return json.dumps({kind: ranker.to_state() for kind, ranker in rankers.items()}, indent=1).encode()


def load_rankers(home: Home) -> tuple[dict[Kind, LinearRanker], str]:
    """The home's own rankers, the shipped ones where it has none; and a sentence where its own cannot be used."""
    default = {kind: shipped(kind) for kind in KINDS}
    try:
        generation, _ = home.made.current("models")
        return {**default, **_read(generation)}, ""
    except NotBuilt:
        return default, ""
    except Damaged as error:
        return default, f"{error} Until then the weights the program came with rank."


def load_gate(home: Home) -> tuple[Gate, tuple[str, ...]]:
    """The bars from which a question counts as seen, and the languages of this desk's tickets where they are known."""
    gate = gate_for(home.embedder.id)
    try:
        facts = home.made.current("models")[0].facts
        if facts.get("embedder") != home.embedder.id:
            return gate, ()
        return gate.stricter(float(facts.get("gate", {}).get("stricter", 0.0))), tuple(facts.get("languages", ()))
    except (NotBuilt, Damaged, TypeError, ValueError, AttributeError):
        return gate, ()


def _read(generation: Generation) -> dict[Kind, LinearRanker]:
    if FILE not in generation.files:
        return {}
    try:
        states = json.loads(generation.read(FILE))
    except ValueError as error:
        raise Damaged("The ranker's file is damaged: run `seenbefore train`.") from error
    return {kind: LinearRanker.from_state(states[kind], names=NAMES[kind]) for kind in KINDS if kind in states}
