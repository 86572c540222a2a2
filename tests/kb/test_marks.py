"""What people say of a record counts at once, stays in its history, and can be taken back."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config

from kb.database import MIGRATIONS
from kb.errors import BadSetting, NotFound
from kb.records import EVERYONE, KEEPER, Article, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.rows import content_hash
from kb.store import Store
from kb.text import prepare

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
TICKET, OTHER = Ref("ticket", "desk", "INC1"), Ref("ticket", "desk", "INC2")
ARTICLE, PROBLEM = Ref("article", "desk", "KB1"), Ref("problem", "desk", "PRB1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    store.write("ticket", [prepare(Ticket("desk", "INC1", title="VPN drops", problem="PRB1", resolved_at=NOW)),
                           prepare(Ticket("desk", "INC2", title="Salary list", audience=("HR",)))])  # fmt: skip
    store.write("article", [prepare(Article("desk", "KB1", title="VPN", state="validated", owner="Ann"))])
    store.write(
        "problem", [prepare(Problem("desk", "PRB1", title="VPN gateway", workaround="Use the second gateway."))]
    )
    return store


def said(store: Store, ref: Ref, viewer: Viewer = KEEPER) -> list[tuple[str, bool]]:
    record = store.find(ref.kind, ref.number, viewer)
    return [(mark.said, mark.undone_at is None) for mark in store.marks_of(record, viewer)]


def test_this_fixed_it_links_the_ticket_and_taking_it_back_unlinks_it(store: Store) -> None:
    made = store.mark(Mark(ARTICLE, "fixed", by="tess", ticket=TICKET, at=NOW))
    links = [row[1:3] for row in store.links() if row[1] == "article"]
    assert links == [("article", store.find("article", "KB1", KEEPER).id)]
    before = store.links_seq()
    assert store.undo(made.id or 0, by="tess").undone_by == "tess"
    assert not [row for row in store.links() if row[1] == "article"]
    assert store.links_seq() > before
    assert said(store, ARTICLE) == [("fixed", False)]


def test_an_undo_leaves_the_links_of_others_alone(store: Store) -> None:
    store.link([Link(TICKET, ARTICLE, NOW, by="import")])
    made = store.mark(Mark(ARTICLE, "fixed", by="tess", ticket=TICKET))
    store.undo(made.id or 0)
    assert [row[1] for row in store.links() if row[1] == "article"] == ["article"]


def test_the_same_word_twice_is_one_and_its_contrary_takes_it_back(store: Store) -> None:
    helpful = Mark(ARTICLE, "helpful", by="tess", question="vpn drops")
    assert store.mark(helpful).id == store.mark(helpful).id
    store.mark(replace(helpful, said="not helpful"))
    assert said(store, ARTICLE) == [("not helpful", True), ("helpful", False)]
    assert [vote.helped for vote in store.votes()] == [False]


def test_two_people_may_disagree_and_both_count(store: Store) -> None:
    store.mark(Mark(ARTICLE, "helpful", by="tess", question="vpn drops"))
    store.mark(Mark(ARTICLE, "not helpful", by="theo", question="vpn drops"))
    assert sorted(vote.helped for vote in store.votes()) == [False, True]
    assert store.tally("article")[store.find("article", "KB1", KEEPER).id or 0].keys() == {"helpful", "not helpful"}


def test_a_state_set_here_stands_over_the_export_and_its_undo_brings_the_export_back(store: Store) -> None:
    made = store.mark(Mark(ARTICLE, "state", by="tess", note="archived"))
    assert store.find("article", "KB1", KEEPER).state == "archived"  # type: ignore[union-attr]
    store.write("article", [prepare(Article("desk", "KB1", title="VPN 2", state="validated"))])
    assert store.find("article", "KB1", KEEPER).state == "archived"  # type: ignore[union-attr]
    assert store.facts("article", ("state",)) == [("archived",)]
    store.undo(made.id or 0)
    assert store.find("article", "KB1", KEEPER).state == "validated"  # type: ignore[union-attr]


def test_only_an_article_has_a_state_to_set(store: Store) -> None:
    with pytest.raises(BadSetting):
        store.mark(Mark(TICKET, "state", note="archived"))
    assert said(store, TICKET) == []


def test_a_mark_on_what_is_not_here_is_refused_whole(store: Store) -> None:
    with pytest.raises(NotFound):
        store.mark(Mark(Ref("article", "desk", "KB9"), "helpful"))
    with pytest.raises(NotFound):
        store.mark(Mark(ARTICLE, "fixed", ticket=Ref("ticket", "desk", "INC9")))
    with pytest.raises(NotFound):
        store.undo(77)
    assert store.votes() == []


def test_the_history_hides_the_ticket_and_the_words_of_what_the_reader_may_not_see(store: Store) -> None:
    store.mark(Mark(ARTICLE, "helpful", by="hanna", ticket=OTHER, question="salary list of Jo"))
    article = store.find("article", "KB1", EVERYONE)
    assert [(m.ticket, m.question) for m in store.marks_of(article, EVERYONE)] == [(None, "")]
    assert store.marks_of(article, KEEPER)[0].ticket == OTHER


def test_what_was_said_goes_with_the_record(store: Store) -> None:
    store.mark(Mark(ARTICLE, "helpful", by="tess", question="vpn"))
    store.delete([ARTICLE])
    assert store.votes() == []


def test_a_ticket_that_names_a_problem_is_linked_to_it(store: Store) -> None:
    ticket, problem = store.find("ticket", "INC1", KEEPER), store.find("problem", "PRB1", KEEPER)
    assert store.links() == [(ticket.id, "problem", problem.id, int(NOW.timestamp()), False)]


def test_questions_of_marks_are_embedded_like_any_text(store: Store) -> None:
    store.mark(Mark(ARTICLE, "helpful", question="vpn drops"))
    assert store.questions() == ["vpn drops"]
    assert [vote.question for vote in store.votes()] == [content_hash("vpn drops")]


def test_a_desk_of_the_first_version_keeps_everything_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    _first_version(path)
    store = Store.open(path)
    ticket = store.find("ticket", "INC1", KEEPER)
    assert (ticket.title, ticket.notes) == ("VPN drops", "")  # type: ignore[union-attr]
    assert [(row[1], row[4]) for row in store.links()] == [("article", False), ("ticket", True)]
    assert store.find("article", "KB1", KEEPER).state == "validated"  # type: ignore[union-attr]
    store.link([Link(TICKET, ARTICLE, NOW, by="x")])
    assert len(store.links()) == 3
    store.delete([TICKET])
    assert store.links() == []
    assert np.array_equal(store.check(), [])


def _first_version(path: Path) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(path) as db:
        texts = {"title": "VPN drops", "number": "INC1"}
        for number in ("INC1", "INC2"):
            _insert(db, "tickets", {**texts, "number": number})
        _insert(db, "articles", {"number": "KB1", "state": "validated"})
        db.execute(
            "INSERT INTO links (ticket_id, target_article_id, made_by, origin, generic, seq) VALUES (1,1,'','',0,1)"
        )
        db.execute(
            "INSERT INTO links (ticket_id, target_ticket_id, made_by, origin, generic, seq) VALUES (1,2,'','',1,2)"
        )


def _insert(db: sqlite3.Connection, table: str, values: dict[str, str]) -> None:
    columns = [row for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    row = {name: values.get(name, 1 if name == "seq" else "") if needed else None for _, name, _, needed, *_ in columns}
    row |= {"source": "desk"}
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
