"""What is looked up in other threads while a question is embedded: the same answers, for this viewer and now only."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kb.ahead import Sought
from kb.columns import Columns
from kb.errors import BadSetting
from kb.features import Candidates, Question
from kb.knowledge import Knowledge
from kb.learners import Progress, Vectors
from kb.records import Article, Filter, Ref, Ticket, Viewer
from kb.seen import gate_for
from kb.shelves import KINDS, Published, Shelf, Shelves, documents
from kb.store import Store
from kb.text import prepare
from kb.vectors import VectorIndex
from kb.words import WordIndex
from models.hashing import HashingEmbedder
from models.shipped import shipped

TECH, HR = Viewer("tess"), Viewer("hanna", frozenset({"HR"}))
EMBEDDER = HashingEmbedder()
START = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = "VPN drops after login"


def ticket(number: str, title: str, **more: object) -> Ticket:
    at = START + timedelta(days=int(number[3:]))
    return prepare(Ticket("desk", number, title=title, opened_at=at, **more))  # type: ignore[arg-type]


TICKETS = [
    ticket("INC1", "VPN drops after login", category="network"),
    ticket("INC2", "VPN drops after login of the payroll team", audience=("HR",), category="network"),
    ticket("INC3", "VPN drops in the train", category="mobile"),
    ticket("INC4", "Printer jams", category="hardware"),
]


def empty() -> Published:
    none = np.zeros(0, np.int64), np.zeros((0, EMBEDDER.dim), np.float32)
    pools = {kind: Shelf(Columns.build(kind, []), VectorIndex.build(*none), WordIndex.build([])) for kind in KINDS}
    return Published(0, pools)  # type: ignore[arg-type]


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    store.write("ticket", TICKETS)
    store.write("article", [prepare(Article("desk", "KB1", title="VPN", body="Renew the certificate."))])
    rankers = {kind: shipped(kind) for kind in KINDS}
    clock = (START + timedelta(days=10)).timestamp
    return Knowledge(Shelves(store, EMBEDDER, empty()), EMBEDDER, rankers, gate_for(EMBEDDER.id), clock=clock)  # type: ignore[arg-type]


def sought(question: Question, viewer: Viewer, wanted: Filter | None = None) -> Sought:
    return Sought(question.text, viewer, wanted, question.as_of, question.without)


def asked(knowledge: Knowledge) -> Question:
    question, _ = knowledge.question(ASKED)
    assert question is not None
    return question


def same(one: Candidates, other: Candidates) -> bool:
    return np.array_equal(one.ids, other.ids) and np.array_equal(one.features, other.features)


def found(knowledge: Knowledge, viewer: Viewer) -> set[str]:
    answer = knowledge.search(ASKED, viewer=viewer)
    return {hit.record.number for hit in (*answer.hits, *answer.nearest)}


@pytest.mark.parametrize("viewer", [TECH, HR])
@pytest.mark.parametrize("wanted", [None, Filter(categories=("network",))])
def test_with_threads_the_candidates_are_those_without(
    knowledge: Knowledge, viewer: Viewer, wanted: Filter | None
) -> None:
    question, featurer = asked(knowledge), knowledge.featurer()
    with ThreadPoolExecutor(2) as threads:
        for kind in KINDS:
            ahead = featurer.ahead(sought(question, viewer, wanted), threads)
            plain = featurer.candidates(question, kind, viewer, wanted)
            assert same(featurer.candidates(question, kind, viewer, wanted, ahead=ahead), plain)
            assert same(featurer.candidates(question, kind, viewer, wanted, ahead=ahead.alone()), plain)


def test_what_was_begun_for_one_viewer_is_not_taken_for_another(knowledge: Knowledge) -> None:
    question, featurer = asked(knowledge), knowledge.featurer()
    of_hr = featurer.ahead(sought(question, HR))
    assert len(featurer.candidates(question, "ticket", HR, ahead=of_hr).ids) == 4
    mine = featurer.candidates(question, "ticket", TECH, ahead=of_hr)
    assert same(mine, featurer.candidates(question, "ticket", TECH))
    assert len(mine.ids) == mine.looked_at == 3


def test_what_was_begun_for_another_filter_time_or_question_is_not_taken(knowledge: Knowledge) -> None:
    question, featurer = asked(knowledge), knowledge.featurer()
    narrow, early = Filter(categories=("hardware",)), int((START + timedelta(days=1.5)).timestamp())
    everything = featurer.ahead(sought(question, TECH))
    assert len(featurer.candidates(question, "ticket", TECH, narrow, ahead=everything).ids) == 1
    then = replace(question, as_of=early)
    assert len(featurer.candidates(then, "ticket", TECH, ahead=everything).ids) == 1
    without = replace(question, without=(1,))
    assert 1 not in featurer.candidates(without, "ticket", TECH, ahead=everything).ids


def test_nothing_begun_before_a_change_outlives_it(knowledge: Knowledge) -> None:
    store, question = knowledge.shelves.store, asked(knowledge)
    before = knowledge.featurer().ahead(sought(question, TECH))
    assert len(knowledge.featurer().candidates(question, "ticket", TECH, ahead=before).ids) == 3
    store.write("ticket", [replace(TICKETS[0], audience=("HR",))])
    hidden = knowledge.featurer().candidates(question, "ticket", TECH, ahead=before)
    assert hidden.looked_at == len(hidden.ids) == 2
    before = knowledge.featurer().ahead(sought(question, TECH))
    store.delete([TICKETS[2].ref])
    gone = knowledge.featurer().candidates(question, "ticket", TECH, ahead=before)
    assert gone.looked_at == len(gone.ids) == 1


def test_a_change_of_audience_a_deletion_and_a_new_generation_show_in_the_next_answer(knowledge: Knowledge) -> None:
    store = knowledge.shelves.store
    for viewer, numbers in ((TECH, {"INC1", "INC3"}), (HR, {"INC1", "INC2", "INC3"})):
        assert numbers <= found(knowledge, viewer)
    assert "INC2" not in found(knowledge, TECH)
    store.write("ticket", [replace(TICKETS[1], audience=()), replace(TICKETS[0], audience=("HR",))])
    assert "INC2" in found(knowledge, TECH)
    assert "INC1" not in found(knowledge, TECH)
    assert "INC1" in found(knowledge, HR)
    store.delete([Ref("ticket", "desk", "INC2")])
    assert "INC2" not in found(knowledge, TECH) | found(knowledge, HR)
    knowledge.shelves.swap(published(store))
    assert "INC1" not in found(knowledge, TECH)
    store.write("ticket", [TICKETS[0]])
    assert "INC1" in found(knowledge, TECH)


def published(store: Store) -> Published:
    """All tickets as they are now, as a generation of their own."""
    from kb.columns import ASKED as NAMES
    from kb.records import KEEPER

    records = [r for batch in store.each("ticket", KEEPER) for r in batch]
    ids = np.array([r.id for r in records], np.int64)
    vectors = VectorIndex.build(ids, EMBEDDER.encode([r.text for r in records]))
    shelf = Shelf(Columns.build("ticket", store.facts("ticket", NAMES["ticket"])), vectors,
                  WordIndex.build(documents(records)))  # fmt: skip
    return Published(store.seq(), {**empty().pools, "ticket": shelf})


def test_many_who_ask_at_once_each_get_their_own_answer(knowledge: Knowledge) -> None:
    alone = {viewer.name: found(knowledge, viewer) for viewer in (TECH, HR)}
    with ThreadPoolExecutor(12) as people:
        told = list(people.map(lambda viewer: (viewer.name, found(knowledge, viewer)), [TECH, HR] * 24))
    assert all(numbers == alone[name] for name, numbers in told)


def test_what_goes_wrong_in_another_thread_is_told_to_the_one_who_asked(knowledge: Knowledge) -> None:
    class Broken(HashingEmbedder):
        def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
            raise BadSetting("No such model.")

    broken = replace(knowledge, embedder=Broken())
    with pytest.raises(BadSetting, match="No such model"):
        broken.search(ASKED, viewer=TECH)
