"""Building the index: what lacks a vector is found wherever it stands, and nothing embedded is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from kb import schema
from kb.errors import NotBuilt, StoreTrouble
from kb.fixes import gist, gist_of, worth
from kb.passages import each as passages_of
from kb.records import KEEPER, Article, Problem, Ticket
from kb.rows import content_hash
from kb.shelves import KINDS, documents, stored_documents
from kb.text import prepare
from kb.words import WordIndex
from pipelines import index
from pipelines.home import Home
from pipelines.settings import Settings

DAY = datetime(2026, 3, 1, tzinfo=UTC)
FIXES = ("Cleared the print queue of printer-07.", "Reset the password in the portal.", "Replaced the toner.", "done")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(Settings(tmp_path / "home", embedder="hashing"))
    home.create()
    home.store.write("ticket", [
        prepare(Ticket("desk", f"INC{i}", title=f"Printer srv-{i} jams", body=f"Error 0x8007{i:04} since today",
                       opened_at=DAY, resolved_at=DAY if i % 2 else None, state=("closed", "open", None)[i % 3],
                       category="Print", service="Printing", assignment_group="Desk", audience=("HR",) * (i % 4 == 0),
                       resolution=f"{FIXES[i % 4]} Host db-{i} was restarted."))
        for i in range(40)
    ])  # fmt: skip
    home.store.write("article", [prepare(Article("desk", "KB1", title="Printers", body=" ".join(f"toner{i}" for i in range(500)),
                                                 category="Print", created_at=DAY))])  # fmt: skip
    home.store.write(
        "problem",
        [
            prepare(
                Problem(
                    "desk",
                    "PRB1",
                    title="Jams",
                    symptom="Paper jams at print-01",
                    workaround="Use KB1",
                    fix="Firmware 1.2.3",
                    service="Printing",
                )
            )
        ],
    )
    return home


def gists(home: Home) -> set[str]:
    tickets = [t for batch in home.store.each("ticket", KEEPER) for t in batch if isinstance(t, Ticket)]
    return {content_hash(gist(t)) for t in tickets if worth(t)}


def lose(home: Home, key: str) -> None:
    with home.store._writing() as db:
        db.execute(sa.delete(schema.vectors).where(schema.vectors.c.content_hash == key))


@pytest.mark.parametrize("what", ["text", "gist", "passage"])
def test_whatever_lost_its_vector_gets_it_back_and_nothing_else_is_embedded(home: Home, what: str) -> None:
    first = index.build(home)
    assert first.embedded
    passages = {content_hash(text) for _, text in passages_of(home.store)}
    texts = {str(row[0]) for kind in KINDS for row in home.store.facts(kind, ("text_hash",))}
    every = {"text": texts, "gist": gists(home), "passage": passages}
    assert len(passages) > 3
    assert home.store.missing_vectors(texts | passages | gists(home), home.embedder.id) == set()
    key = max(every[what] - set().union(*(keys for name, keys in every.items() if name != what)))
    lose(home, key)
    assert home.store.missing_vectors([key], home.embedder.id) == {key}
    assert index.build(home, force=True).embedded == 1
    assert home.store.missing_vectors([key], home.embedder.id) == set()


def test_a_build_that_breaks_off_while_words_are_read_has_kept_every_vector(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> WordIndex:
        raise StoreTrouble("The disk is full.")

    with monkeypatch.context() as patched, pytest.raises(StoreTrouble):
        patched.setattr(WordIndex, "build", broken)
        index.build(home)
    with pytest.raises(NotBuilt):
        home.index()
    assert not list((home.folder / "made").glob(".tmp-*"))
    done = index.build(home)
    assert (done.embedded, done.tickets) == (0, 40)


def test_gists_embedded_before_a_build_breaks_off_among_them_are_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = type(home.store).batches

    def broken(self: Any, kind: Any, names: Any, **more: Any) -> Iterator[Any]:
        yield from batches(self, kind, names, **more | {"batch": 10})
        if "close_code" in names:
            raise StoreTrouble("The store is gone.")

    with monkeypatch.context() as patched, pytest.raises(StoreTrouble):
        patched.setattr(index, "_EMBED_AT_ONCE", 4)
        patched.setattr(type(home.store), "batches", broken)
        index.build(home)
    left = home.store.missing_vectors(gists(home), home.embedder.id)
    assert len(left) < 4
    assert index.build(home).embedded == len(left)


def test_documents_of_the_store_are_those_of_its_records(home: Home) -> None:
    for kind in KINDS:
        records = [record for batch in home.store.each(kind, KEEPER) for record in batch]
        stored = [document for batch in stored_documents(home.store, kind) for document in batch]
        assert stored == documents(records)
        assert stored


def test_what_people_set_on_an_article_stands_in_its_document_too(home: Home) -> None:
    with home.store._writing() as db:
        db.execute(sa.update(schema.articles).values(state_here="archived"))
    assert [d.facets["state"] for batch in stored_documents(home.store, "article") for d in batch] == ["archived"]


def test_records_come_in_batches_by_id_while_others_write_in_between(home: Home) -> None:
    seen: list[int] = []
    for rows in home.store.batches("ticket", ("number",), batch=7):
        assert len(rows) <= 7
        seen += [row[0] for row in rows]
        if len(seen) == 14:
            home.store.write("ticket", [prepare(Ticket("desk", "LATE", title="late"))])
    assert seen == sorted(set(seen))
    assert len(seen) == 41
    mark = home.store.seq()
    changed = home.store.find("ticket", "INC3", KEEPER)
    home.store.write("ticket", [replace(changed, title="other", id=None)])  # type: ignore[arg-type]
    assert [list(row) for rows in home.store.batches("ticket", ("number",), since=mark) for row in rows] == [
        [changed.id, "INC3"]
    ]


@pytest.mark.parametrize("state", ["closed", "resolved", "open", "cancelled", None])
@pytest.mark.parametrize("close_code", ["", "Solved (Permanently)", "Cancelled by user"])
@pytest.mark.parametrize("fix", [*FIXES, "", "Restarted the server. Then it worked again. " * 30])
def test_the_gist_from_columns_is_that_of_a_ticket_worth_it(state: Any, close_code: str, fix: str) -> None:
    ticket = Ticket("desk", "1", state=state, close_code=close_code, fix=fix)
    assert gist_of(state, close_code, fix) == (gist(ticket) if worth(ticket) else "")


def test_very_many_vectors_come_in_one_pass_and_are_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    home.store.keep_vectors([f"k{i}" for i in range(9)], "e", rows)
    home.store.keep_vectors(["odd"], "e", rows[:1, :3])
    home.store.keep_vectors(["other"], "another", rows[:1])
    asked = ["k3", "no", "k1", "odd", "k3", "other", "k8", "no", "k3"]
    one_by_one = home.store.known_vectors(asked, "e", 4), home.store.missing_vectors(asked, "e")
    monkeypatch.setattr("kb.cache.MANY", 2)
    in_one = home.store.known_vectors(asked, "e", 4), home.store.missing_vectors(asked, "e")
    for (matrix, found), missing in (one_by_one, in_one):
        assert found.tolist() == [True, False, True, False, True, False, True, False, True]
        assert (matrix[found] == rows[[3, 1, 3, 8, 3]].astype(np.float16)).all()
        assert not matrix[~found].any()
        assert missing == {"no", "other"}
