"""The audit log: every act once, in the act's own transaction, in a chain that shows any tampering."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb import audit
from kb.audit import ACTS, Head
from kb.desk.overlay import change_overlay
from kb.errors import ChangedMeanwhile, NotFound, StoreTrouble
from kb.records import Article, Correction, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.store import Store
from kb.text import prepare

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SECRET = "quokkaflange"
ANN = Viewer("ann")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with two tickets, an article and a problem whose texts hold a word found nowhere else."""
    opened = Store.open(tmp_path / "knowledge.db", create=True)
    opened.write("ticket", [prepare(Ticket("desk", f"INC{i}", title=f"{SECRET} {i}", body=SECRET)) for i in (1, 2)])
    opened.write("article", [prepare(Article("desk", "KB1", title=SECRET, body=SECRET))])
    opened.write("problem", [prepare(Problem("desk", "PRB1", title=SECRET))])
    yield opened
    opened.close()


def told(store: Store) -> list[tuple[str, str, str]]:
    return [(one.by, one.act, one.subject) for one in reversed(store.audit_entries(most=10_000))]


def changed(store: Store, *statements: str) -> None:
    """Tamper with the file as somebody would who may write it: without the triggers, which are put back."""
    with sqlite3.connect(store._engine.url.database or "") as db:
        kept = [row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'")]
        for name in ("audit_no_update", "audit_no_delete"):
            db.execute(f"DROP TRIGGER {name}")
        for statement in (*statements, *kept):
            db.execute(statement)
    db.close()


def filled(store: Store, rows: int) -> None:
    with store._writing() as db:
        for at in range(rows):
            store._note(db, ACTS[at % len(ACTS)], f"ticket:{at}", by=f"p{at % 5}", detail={"n": at},  # type: ignore[arg-type]
                        at=AT + timedelta(minutes=at))  # fmt: skip


@pytest.mark.sqlite("opens the file")
def test_every_kind_of_act_is_noted_once_with_who_and_on_what(store: Store) -> None:
    problem = store.find("problem", "PRB1", Viewer("x"))
    assert isinstance(problem, Problem)
    mark = store.mark(Mark(Ref("article", "desk", "KB1"), "flag", "ann", AT, note=SECRET))
    store.undo(mark.id or 0, by="bob")
    store.mark(Mark(Ref("article", "desk", "KB1"), "state", "ann", AT, note="Validated"))
    store.correct(
        Correction(Ref("ticket", "desk", "INC1"), "category", None, SECRET, "replaced", "ann", AT, why=SECRET)
    )
    change = store.set_problem(problem, {"title": f"{SECRET} again"}, by="ann", at=AT, why=SECRET)
    store.undo_change(change, by="bob", at=AT)
    store.open_problem(Problem("", "", title=SECRET), by="ann", at=AT, tickets=[1, 2])
    store.tie(problem, store.find("ticket", "INC2", ANN), belongs=True, by="ann", at=AT)
    store.set("sure", "0.7", by="ann")
    change_overlay(store, lambda said: said.with_act("rename", "PAT00001", by="ann", at=AT, name=SECRET), by="ann")
    store.write("article", [prepare(Article("seenbefore", "KB2", title=SECRET))], by="ann")
    store.note_import(
        file="a.csv", source="desk", kind="tickets", added=2, updated=0, unchanged=0, rejected=0, by="ann"
    )
    store.delete([Ref("ticket", "desk", "INC1"), Ref("ticket", "desk", "INC2")], by="ann")
    assert told(store) == [
        ("ann", "said", "article:1"), ("bob", "said", "article:1"), ("ann", "changed", "article:1"),
        ("ann", "corrected", "ticket:1"), ("ann", "changed", "problem:1"), ("bob", "changed", "problem:1"),
        ("ann", "changed", "problem:2"), ("ann", "changed", "problem:1"), ("ann", "configured", "setting:sure"),
        ("ann", "changed", "pattern:PAT00001"), ("ann", "changed", "article:2"), ("ann", "imported", "import:1"),
        ("ann", "deleted", ""),
    ]  # fmt: skip
    assert store.audit_entries(most=1)[0].detail == {"tickets": [1, 2]}
    assert store.audit_check().whole
    with sqlite3.connect(store._engine.url.database or "") as db:
        rows = [" ".join(map(str, row)) for row in db.execute("SELECT * FROM audit")]
    db.close()
    assert not [row for row in rows if SECRET in row]


def test_many_rows_written_at_once_are_one_row_of_the_log(store: Store) -> None:
    store.write("ticket", [prepare(Ticket("desk", f"N{i}", title="x")) for i in range(300)], by="ann")
    assert told(store) == [("ann", "changed", "")]
    assert store.audit_entries()[0].detail == {"kind": "ticket", "added": 300, "updated": 0}


@pytest.mark.sqlite("opens the file")
def test_an_act_that_fails_is_not_noted_and_one_that_cannot_be_noted_is_not_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = store.find("problem", "PRB1", ANN)
    assert isinstance(problem, Problem)
    store.set_problem(problem, {"title": "one"}, by="ann", at=AT)
    before = told(store)
    with pytest.raises(ChangedMeanwhile):
        store.set_problem(problem, {"title": "two"}, by="bob", at=AT)
    with pytest.raises(NotFound):
        store.mark(Mark(Ref("article", "desk", "KB9"), "helpful", "ann", AT, question="q"))
    assert told(store) == before
    changed(store, "CREATE TRIGGER stuck BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StoreTrouble):
        store.set("sure", "0.9", by="ann")
    assert "sure" not in store.settings()
    with pytest.raises(StoreTrouble):
        store.delete([Ref("ticket", "desk", "INC1")])
    assert store.find("ticket", "INC1", ANN)


def test_links_of_an_import_are_part_of_it(store: Store) -> None:
    store.link([Link(Ref("ticket", "desk", "INC1"), Ref("article", "desk", "KB1"), AT)])
    assert told(store) == []


@pytest.mark.sqlite("opens the file")
@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET by = 'eve'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 3"]
)
def test_the_database_itself_refuses_to_change_the_log(store: Store, statement: str) -> None:
    filled(store, 3)
    with (
        sqlite3.connect(store._engine.url.database or "") as db,
        pytest.raises(sqlite3.IntegrityError, match="added to"),
    ):
        db.execute(statement)
    db.close()
    assert store.audit_check().whole


@pytest.mark.sqlite("opens the file")
def test_a_thousand_random_tamperings_are_all_found(store: Store) -> None:
    """Edits, deletions, swaps, insertions and cuts, without a word of the head that was kept."""
    filled(store, 20)
    whole = store.audit_head()
    path = store._engine.url.database or ""
    with sqlite3.connect(path) as db:
        for name in ("audit_no_update", "audit_no_delete"):
            db.execute(f"DROP TRIGGER {name}")
        rows = db.execute("SELECT * FROM audit ORDER BY id").fetchall()
    chance, missed = random.Random(7), []
    links = {row[0]: row for row in rows}
    for trial in range(1_000):
        made = dict(links)
        what = _tampered(made, chance)
        if not _found_out(list(made.values()), whole):
            missed.append((trial, what))
    db.close()
    assert missed == []
    assert not _trouble(rows, whole)


def _tampered(rows: dict[int, tuple[object, ...]], chance: random.Random) -> str:
    what = chance.choice(("edit", "delete", "swap", "cut", "insert", "rewrite", "cut and forget"))
    one, other = chance.sample(sorted(rows), 2)
    if what == "edit":
        row, place = list(rows[one]), chance.randrange(1, 8)
        row[place] = row[place] + 1 if isinstance(row[place], int) else f"{row[place]}x" if place < 7 else "0" * 64
        rows[one] = tuple(row)
    elif what == "delete":
        del rows[one]
    elif what == "swap":
        rows[one], rows[other] = (one, *rows[other][1:]), (other, *rows[one][1:])
    elif what in ("cut", "cut and forget"):
        for gone in [at for at in rows if at >= one]:
            del rows[gone]
    elif what == "insert":
        rows[max(rows) + 1] = (max(rows) + 1, *rows[one][1:])
    else:  # an edit with every later hash made anew: only the head kept elsewhere tells
        _rewritten(rows, one)
    return what


def _rewritten(rows: dict[int, tuple[object, ...]], one: int) -> None:
    names = ("id", "at", "by", "via", "act", "subject", "detail")
    before = "" if one == 1 else str(rows[one - 1][7])
    for at in range(one, max(rows) + 1):
        row = list(rows[at])
        if at == one:
            row[2] = "somebody else"
        row[7] = before = audit.link(before, dict(zip(names, row[:7], strict=True)))
        rows[at] = tuple(row)


def _found_out(rows: list[tuple[object, ...]], head: Head) -> bool:
    return bool(_trouble(rows, head))


_KEPT: list[Store] = []


def _trouble(rows: list[tuple[object, ...]], head: Head) -> tuple[str, ...]:
    """What the real check says of a log with these rows, in a database in memory."""
    import sqlalchemy as sa

    if not _KEPT:
        _KEPT.append(Store(sa.create_engine("sqlite://", poolclass=sa.StaticPool), None))
        with _KEPT[0]._engine.begin() as db:
            audit.s.audit.create(db)
            audit.s.actors.create(db)
            for name in ("audit_no_update", "audit_no_delete"):
                db.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE INSERT ON audit WHEN 0 BEGIN SELECT 1; END")
    store = _KEPT[0]
    with store._engine.begin() as db:
        db.exec_driver_sql("DELETE FROM audit")
        db.exec_driver_sql("DELETE FROM sqlite_sequence")
        if rows:
            db.exec_driver_sql(
                "INSERT INTO audit VALUES (?,?,?,?,?,?,?,?)", sorted(rows, key=lambda row: int(str(row[0])))
            )
    return store.audit_check([head]).trouble


@pytest.mark.sqlite("opens the file")
def test_a_log_that_was_cut_short_is_found_out_even_without_a_kept_head(store: Store) -> None:
    filled(store, 10)
    changed(store, "DELETE FROM audit WHERE id > 7")
    assert "cut off" in " ".join(store.audit_check().trouble)


@pytest.mark.sqlite("opens the file")
def test_a_log_whose_counter_was_cut_too_is_found_out_by_the_kept_head(store: Store) -> None:
    filled(store, 10)
    head = store.audit_head()
    changed(store, "DELETE FROM audit WHERE id > 7", "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit'")
    assert store.audit_check().whole
    assert "row 10 was there" in " ".join(store.audit_check([head]).trouble)


@pytest.mark.sqlite("opens the file")
def test_triggers_that_were_taken_away_are_missed(store: Store) -> None:
    with sqlite3.connect(store._engine.url.database or "") as db:
        db.execute("DROP TRIGGER audit_no_update")
    db.close()
    assert "triggers" in " ".join(store.audit_check().trouble)


def test_old_heads_stay_good_as_the_log_grows(store: Store) -> None:
    heads = [store.audit_head()]
    for _ in range(5):
        filled(store, 7)
        heads.append(Head.read(str(store.audit_head())))
    assert store.audit_check(heads).whole
    assert store.audit_check(heads).head == heads[-1]


@pytest.mark.parametrize("text", ["", "x", "1", "1 abc", "-1 " + "0" * 64, "0 " + "0" * 64, "5 " + "G" * 64])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Head.read(text)


def test_an_act_nobody_knows_is_a_mistake_of_ours(store: Store) -> None:
    with pytest.raises(ValueError, match="no act"):
        store.note("borrowed")  # type: ignore[arg-type]


def test_rows_are_found_by_person_act_subject_and_time(store: Store) -> None:
    filled(store, 100)
    assert {one.by for one in store.audit_entries(by="p3")} == {"p3"}
    assert {one.act for one in store.audit_entries(act="deleted")} == {"deleted"}
    assert [one.subject for one in store.audit_entries(subject="ticket:42")] == ["ticket:42"]
    since = store.audit_entries(since=AT + timedelta(minutes=90), until=AT + timedelta(minutes=95))
    assert [one.detail["n"] for one in since] == [94, 93, 92, 91, 90]
    assert [one.id for one in store.audit_entries(before=4)] == [3, 2, 1]
    assert store.audit_names() == ["p0", "p1", "p2", "p3", "p4"]


def test_words_are_cut_and_odd_characters_kept_out(store: Store) -> None:
    store.note("saw", "x" * 500, by="a\x00b\ud800\nc", detail={"what": "y" * 500, "n": None, "ids": [3, 4]})
    one = store.audit_entries()[0]
    assert (len(one.subject), one.by, len(one.detail["what"])) == (80, "ab? c", 80)
    assert one.detail["ids"] == [3, 4]
    assert "n" not in one.detail
    assert store.audit_check().whole
    assert json.loads(json.dumps(dict(one.detail))) == one.detail
