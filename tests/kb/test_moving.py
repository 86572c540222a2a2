"""Moving a store there and back: the same rows, the next ids, and nothing at all where something goes wrong."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from kb import schema as s
from kb.errors import BadSetting, NotAHome, SeenBeforeError, StoreAway, StoreTrouble
from kb.judgements import Judged
from kb.moving import move
from kb.records import KEEPER, Article, Correction, Link, Mark, Ref, Ticket
from kb.store import Store
from kb.text import prepare
from pipelines.migrate_store import migrate_store
from pipelines.settings import Settings
from tests import pg

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SCHEMAS = itertools.count()
pytestmark = pytest.mark.sqlite("moves from a file")


def quiet(what: str, done: int, of: int) -> None:
    """Nobody watches."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with something of nearly everything, and the newest ticket deleted."""
    folder = tmp_path / "desk"
    folder.mkdir()
    store = Store.open(folder / "knowledge.db", create=True)
    tickets = [Ticket("desk", f"INC{i}", title=f"VPN drops {i} ä “…” 🙂", body="x\ny\\z'\"", vip=bool(i % 2) or None,
                      opened_at=NOW, extra={"a": "b\x00"}, audience=("HR",) if i == 3 else ()) for i in range(60)]  # fmt: skip
    store.write("ticket", [prepare(one) for one in tickets])
    store.write("article", [prepare(Article("desk", "KB1", "Reset the VPN", body="Do so."))])
    first, article = Ref("ticket", "desk", "INC1"), Ref("article", "desk", "KB1")
    store.link([Link(first, article, NOW, by="ann")])
    store.mark(Mark(article, "helpful", "ann", NOW, question="vpn drops"))
    store.correct(Correction(first, "category", "Software", "Network", "replaced", "ann", NOW))
    store.note_predictions([Judged(2, "category", None, "Network", 1.0, "unsure", "live", "models-1", 5),
                            Judged(3, "category", "Network", "Network", 0.1 + 0.2, "", "live", "models-1", 5)])  # fmt: skip
    store.keep_vectors(["a" * 64, "b" * 64], "hashing", np.array([[0.1, 1 / 3], [-1, 0]], np.float32))
    store.delete([Ref("ticket", "desk", "INC59")])
    with store._writing() as db:
        db.execute(
            sa.insert(s.settings), {"name": "odd", "value": "nul \x00 here", "changed_by": "", "changed_at": 1 << 40}
        )
    store.close()
    return folder


@pytest.fixture
def url(postgres: pg.Server) -> str:
    return postgres.schema(f"m{next(_SCHEMAS)}")


def digest(home: Path) -> str:
    """Of the file and of what is beside it, locks left out."""
    files = sorted(path for path in home.iterdir() if not path.name.startswith("."))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def tables(url: str) -> list[str]:
    engine = sa.create_engine(url)
    found = sa.inspect(engine).get_table_names()
    engine.dispose()
    return found


def test_a_store_that_went_there_and_back_is_the_same_row_by_row_and_gives_the_next_ids(
    home: Path, url: str, tmp_path: Path
) -> None:
    before = digest(home)
    there = move(home / "knowledge.db", url, say=quiet)
    assert digest(home) == before
    again = move(url, tmp_path / "back" / "knowledge.db", say=quiet)
    assert there == again
    assert {one.table: one.rows for one in there}["tickets"] == 59
    assert {one.table for one in there} == set(s.metadata.tables)
    stores = [Store.open(place) for place in (home / "knowledge.db", url, tmp_path / "back" / "knowledge.db")]
    assert len({store.audit_head() for store in stores}) == len({store.seq() for store in stores}) == 1
    told = []
    for store in stores:
        assert store.check() == []
        assert store.audit_check().whole
        records = [one for batch in store.each("ticket", KEEPER) for one in batch]
        vectors = store.known_vectors(["b" * 64, "a" * 64], "hashing", 2)[0].tolist()
        told.append((records, store.links(), store.votes(), store.predictions(), vectors))
        store.write("ticket", [prepare(Ticket("desk", "NEW", title="new"))])
        assert store.find("ticket", "NEW", KEEPER).id == 61
        store.set("after", "the move", by="ann")
        assert store.audit_check().whole
        store.close()
    assert told[0] == told[1] == told[2]


def test_a_desk_is_never_moved_over_another(home: Path, url: str, tmp_path: Path) -> None:
    store = Store.open(url)
    store.set("a", "b")
    store.close()
    with pytest.raises(BadSetting, match="There is a desk in the database already"):
        move(home / "knowledge.db", url, say=quiet)
    store = Store.open(url)
    assert store.settings() == {"a": "b"}
    store.close()
    before = digest(home)
    with pytest.raises(BadSetting, match="There is a desk in"):
        move(url, home / "knowledge.db", say=quiet)
    assert digest(home) == before


def test_a_store_of_another_version_or_none_is_not_moved(home: Path, url: str, tmp_path: Path) -> None:
    with pytest.raises(NotAHome):
        move(tmp_path / "nowhere" / "knowledge.db", url, say=quiet)
    with pytest.raises(NotAHome, match="no desk to be moved"):
        move(url, tmp_path / "new" / "knowledge.db", say=quiet)
    assert list((tmp_path / "new").glob("knowledge*")) == []
    engine = sa.create_engine(f"sqlite:///{home / 'knowledge.db'}")
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    with pytest.raises(NotAHome, match="schema 0001"):
        move(home / "knowledge.db", url, say=quiet)
    assert tables(url) == []


def test_rows_that_came_otherwise_are_found_and_nothing_is_moved(home: Path, url: str) -> None:
    Store.open(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql("CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
                           "$$BEGIN NEW.title = replace(NEW.title, '7', '8'); RETURN NEW; END$$")  # fmt: skip
        db.exec_driver_sql("CREATE TRIGGER odd BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION odd()")
    engine.dispose()
    before = digest(home)
    with pytest.raises(StoreTrouble, match="tickets differ"):
        move(home / "knowledge.db", url, say=quiet)
    assert digest(home) == before
    store = Store.open(url)
    assert (store.seq(), store.counts(KEEPER)["tickets"], store.settings()) == (0, 0, {})
    store.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a cursor nobody can close any more
def test_a_server_that_goes_in_the_middle_leaves_both_as_they_were(home: Path, url: str, postgres: pg.Server) -> None:
    before = digest(home)

    def say(what: str, done: int, of: int) -> None:
        if what == "Moving tickets":
            postgres.stop(hard=True)

    try:
        with pytest.raises(StoreAway):
            move(home / "knowledge.db", url, say=say)
    finally:
        postgres.start()
    assert digest(home) == before
    assert tables(url) == []
    assert sum(one.rows for one in move(home / "knowledge.db", url, say=quiet)) > 60


def test_a_move_that_is_killed_leaves_no_desk_and_can_be_done_again(home: Path, url: str, tmp_path: Path) -> None:
    move(home / "knowledge.db", url, say=quiet)
    end = tmp_path / "end" / "knowledge.db"
    code = (
        "import os, sys; from pathlib import Path; from kb.moving import move\n"
        "move(sys.argv[1], Path(sys.argv[2]), say=lambda what, *_: what == 'Comparing links' and os.kill(os.getpid(), 9))"
    )
    killed = subprocess.run([sys.executable, "-c", code, url, str(end)], check=False)
    assert killed.returncode == -9
    assert not end.exists()
    assert move(url, end, say=quiet)
    assert [path.name for path in end.parent.iterdir() if not path.name.startswith(".")] == ["knowledge.db"]


def test_nobody_writes_while_a_store_is_moved(home: Path, url: str) -> None:
    code = "import sys; from kb.store import Store; Store.open(sys.argv[1]).set('late', '1')"
    late: list[subprocess.Popen[bytes]] = []

    def say(what: str, done: int, of: int) -> None:
        if what == "Moving settings" and not late:
            late.append(subprocess.Popen([sys.executable, "-c", code, str(home / "knowledge.db")]))
        if what.startswith("Comparing") and late:
            assert late[0].poll() is None

    move(home / "knowledge.db", url, say=say)
    assert late[0].wait(60) == 0
    store = Store.open(url)
    assert "late" not in store.settings()
    store.close()


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [("{home}", "{home}", "the same"), ("/nowhere", "{url}", "no desk in /nowhere"),
     ("{home}", "SEENBEFORE_DATABASE_URL", "is not set"), ("{home}", "mysql://u:secret@h/x", "cannot be used")],
)  # fmt: skip
def test_what_cannot_be_moved_is_one_sentence(home: Path, url: str, start: str, end: str, sentence: str) -> None:
    places = (text.format(home=home, url=url) for text in (start, end))
    with pytest.raises(SeenBeforeError, match=sentence) as error:
        migrate_store(*places, settings=Settings(home))
    assert "secret" not in str(error.value)


def test_the_command_moves_a_desk_and_notes_it_in_the_log(
    home: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = migrate_store(str(home), "SEENBEFORE_DATABASE_URL", settings=Settings(home, database_url=url, via="a test"))
    assert sum(one.rows for one in made) > 60
    store = Store.open(url)
    last = store.audit_entries(most=1)[0]
    assert (last.act, last.subject, last.detail["what"], last.via) == ("configured", "store", "moved here", "a test")
    store.close()
