"""Secrets never reach the disk, whatever way they come; what is stored already is gone over; what is erased is gone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kb.erasing import Person
from kb.errors import BadSetting, NotFound
from kb.privacy.sealing import read_key
from kb.records import EVERYONE, Article, Correction, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines import erase, privacy
from pipelines import index as indexing
from pipelines.__main__ import app
from pipelines.bench_privacy import figures
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.plants.tickets import Half
from pipelines.prove import prove
from pipelines.settings import Settings, read

CANARY = "Canary-Pumpe77!"
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def made(home: Path, **more: str) -> Home:
    opened = Home(Settings(home, embedder="hashing", threads=1, **more))  # type: ignore[arg-type]
    opened.create()
    return opened


def found(home: Path, *texts: str) -> list[str]:
    return sorted({trace.file for trace in prove(home, texts).found})


def tickets() -> list[Ticket]:
    """Sixty plain tickets, and one with somebody in it."""
    rows = [
        Ticket("t", f"INC{1000 + i}", f"Printer {i % 5} jams", f"paper tray {i % 7} of room {i}", opened_at=NOW - timedelta(days=i),
               state="closed", resolved_at=NOW, category="Printing" if i % 2 else "Network", caller=f"Person Number{i % 9}x",
               assignment_group="Desk", resolution=f"cleaned roller {i % 5} and the tray sensor")
        for i in range(60)
    ]  # fmt: skip
    rows.append(Ticket("t", "INC9090", "Zorilla badge reader of Quentin Vandersloot beeps",
                       "The zorilla reader beeps thrice.\nRegards\nQuentin Vandersloot\nquentin.vandersloot@corp.example",
                       opened_at=NOW, caller="Quentin Vandersloot", category="Access", state="closed", resolved_at=NOW,
                       assignment_group="Desk", resolution="told Quentin that the zorilla reader wants a reset"))  # fmt: skip
    return [prepare(row) for row in rows]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small desk with everything built, names kept in texts so that there is something to erase. Do not write to it."""
    home = made(tmp_path_factory.mktemp("privacy") / "desk")
    for kind in ("name", "email", "phone"):
        home.store.set(f"privacy.{kind}", "keep")
    home.store.write("ticket", tickets())
    body = "word " * 300 + "ask Quentin Vandersloot about INC9090 and the zorilla badge"
    home.store.write("article", [prepare(Article("t", "KB1", "Badge readers", body=body))])
    home.store.write(
        "problem", [prepare(Problem("t", "PRB1", "Readers", workaround="see INC9090", owner="Quentin Vandersloot"))]
    )
    home.store.link([Link(Ref("ticket", "t", "INC9090"), Ref("article", "t", "KB1"), NOW)])
    home.store.correct(Correction(Ref("ticket", "t", "INC9090"), "category", "Access", "Network", "replaced", "Quentin Vandersloot",
                                  why="Quentin Vandersloot said so"))  # fmt: skip
    home.store.mark(Mark(Ref("article", "t", "KB1"), "helpful", "Ann", NOW, ticket=Ref("ticket", "t", "INC9090")))
    home.store.mark(Mark(Ref("article", "t", "KB1"), "flag", "Ann", NOW, note="INC9090 says otherwise"))
    said = {"acts": [{"id": 1, "what": "rename", "pattern": "PAT00001", "by": "Ann", "name": "Readers of Quentin Vandersloot",
                      "anchors": {"PAT00001": [61, 2]}}]}  # fmt: skip
    home.store.set("patterns", json.dumps(said))
    runner = CliRunner(env={"SEENBEFORE_EMBEDDER": "hashing"})
    for command in ("index", "train", "patterns"):
        done = runner.invoke(app, [command, "--home", str(home.folder)])
        assert done.exit_code == 0, done.output
    home.store.write(
        "ticket", [prepare(Ticket("t", "INC9091", "Zorilla mail", "mail to quentin.vandersloot@corp.example bounces"))]
    )
    indexing.build(home)
    (home.folder / "reports").mkdir()
    (home.folder / "reports" / "last.csv").write_text("INC9090,Quentin Vandersloot\n")
    (home.folder / "reports" / "other.csv").write_text("nothing of it\n")
    home.store.close()
    return home.folder


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Iterator[Home]:
    home = Home(Settings(Path(shutil.copytree(built, tmp_path / "own")), embedder="hashing", threads=1))
    yield home
    home.store.close()


# --- on the way in ---------------------------------------------------------------------------------------------------


def test_no_way_into_the_desk_stores_a_password(tmp_path: Path) -> None:
    home = made(tmp_path / "desk")
    export = tmp_path / "export.csv"
    export.write_text(
        "number,short_description,description,close_notes,work_notes,opened_at,priority\n"
        f'INC1,pwd is {CANARY},"password: {CANARY}",reset to {CANARY} and password is {CANARY},"Passwort: {CANARY}",2026-01-01,1\n'
        f"INC2,fine,fine,fine,fine,password: {CANARY},1\n"
    )
    runner = CliRunner(env={"SEENBEFORE_EMBEDDER": "hashing"})
    assert runner.invoke(app, ["ingest", str(export), "--home", str(home.folder)]).exit_code == 0
    home.store.write("article", [prepare(Article("t", "KB1", "Login", body=f"password: {CANARY}"))])
    home.store.write("problem", [prepare(Problem("t", "PRB1", "Login", workaround=f"use password {CANARY}"))])
    home.store.write("ticket", [prepare(Ticket("t", "INC3", extra={"note": f"pwd: {CANARY}"}))])
    home.store.correct(
        Correction(Ref("ticket", "t", "INC3"), "category", None, "x", "replaced", why=f"password is {CANARY}")
    )
    home.store.mark(Mark(Ref("article", "t", "KB1"), "flag", note=f"pw: {CANARY}"))
    indexing.build(home)
    desk = open_desk(home.settings)
    viewer = Viewer("local")
    problem = desk.record("problem", "PRB1", viewer=viewer)
    assert isinstance(problem, Problem)
    home.store.set_problem(problem, {"symptom": f"password is {CANARY}"}, by="Ann", at=NOW, why=f"pwd {CANARY}")
    home.store.open_problem(Problem("", "", f"password: {CANARY}"), by="Ann", at=NOW, why=f"pw: {CANARY}")
    desk.search(f"login fails, my password is {CANARY}", viewer=viewer)
    desk.mark(
        Mark(Ref("article", "t", "KB1"), "helpful", question=f"my password is {CANARY} and it fails"), viewer=viewer
    )
    made_of = desk.triage_text(f"VPN fails\npassword: {CANARY}", viewer=viewer)
    assert CANARY not in made_of.ticket.text + made_of.ticket.body
    assert found(home.folder, CANARY) == []
    assert home.store.found(EVERYONE)["password"]


def test_importing_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    home = made(tmp_path / "desk")
    row = prepare(
        Ticket(
            "t",
            "1",
            "mail a.b@c.example",
            "x.y@c.example and a.b@c.example",
            caller="Emma Hartley",
            notes="Emma Hartley called",
        )
    )
    assert home.store.write("ticket", [row]).added == 1
    assert home.store.write("ticket", [row]).unchanged == 1
    assert home.store.write("ticket", [row], merge=lambda old, new: new).unchanged == 1


def test_counts_are_of_what_a_viewer_may_see_and_by_month(tmp_path: Path) -> None:
    home = made(tmp_path / "desk")
    home.store.write("ticket", [
        prepare(Ticket("t", "1", "mail a.b@c.example", opened_at=NOW)),
        prepare(Ticket("t", "2", "mail a.b@c.example", opened_at=NOW, audience=("HR",))),
    ])  # fmt: skip
    assert home.store.found(EVERYONE) == {"email": {"2026-05": 1}}
    assert home.store.found(Viewer("a", frozenset({"HR"}))) == {"email": {"2026-05": 2}}
    home.store.delete([Ref("ticket", "t", "2")])
    assert home.store.found(Viewer("a", frozenset({"HR"}))) == {"email": {"2026-05": 1}}


def test_the_command_line_sets_the_policy_and_shows_counts_only(tmp_path: Path) -> None:
    home = made(tmp_path / "desk")
    home.store.write("ticket", [prepare(Ticket("t", "1", f"pwd is {CANARY}", opened_at=NOW))])
    runner = CliRunner(env={"SEENBEFORE_EMBEDDER": "hashing", "SEENBEFORE_HOME": str(home.folder)})
    said = json.loads(runner.invoke(app, ["privacy", "--json"]).stdout)
    assert said["kinds"]["password"] == {"policy": "redact", "replaced": 1, "months": {"2026-05": 1}}
    assert CANARY not in runner.invoke(app, ["privacy"]).stdout
    assert runner.invoke(app, ["settings", "privacy.phone", "keep"]).exit_code == 0
    assert home.store.rules().of("phone") == "keep"
    for wrong in (["privacy.phone", "maybe"], ["privacy.shoes", "keep"]):
        assert runner.invoke(app, ["settings", *wrong]).exit_code == 1


@pytest.mark.parametrize("half", ["ours", "held", "independent", "fifth"])
def test_planted_secrets_are_found_and_identifiers_stay(half: Half) -> None:
    found_ = {(row.system, row.metric): row.value for row in figures(half, n=400, lines=140)}
    assert found_["all secrets", "recall"] > 0.97
    assert found_["all personal data", "recall"] > 0.97
    assert found_["identifiers", "harm"] <= 0.01
    assert found_["harmless lines", "harm"] <= 0.05


# --- kept for entitled readers ----------------------------------------------------------------------------------------


def test_originals_are_for_entitled_readers_only_and_sealed_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "privacy.key"
    home = made(tmp_path / "desk")
    privacy.write_key(home, key)
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(BadSetting, match="inside the home"):
        privacy.write_key(home, home.folder / "k")
    home.store.set("privacy.email", "entitled")
    home.store.set("privacy.groups", "Privacy")
    ticket = prepare(Ticket("t", "1", "mail a.b@c.example"))
    with pytest.raises(BadSetting, match="there is no key"):
        home.store.write("ticket", [ticket])
    assert home.store.counts(EVERYONE)["tickets"] == 0
    monkeypatch.setenv("SEENBEFORE_PRIVACY_KEY_FILE", str(key))
    keyed = Home(read(home.folder))
    keyed.store.write("ticket", [ticket])
    keyed.store.write("ticket", [prepare(Ticket("t", "1", notes="x"))], merge=lambda old, new: prepare(old))
    record = keyed.store.find("ticket", "1", EVERYONE)
    assert keyed.store.originals(record, Viewer("ann", frozenset({"Privacy"}))) == {"[email-1]": "a.b@c.example"}
    with pytest.raises(NotFound):
        keyed.store.originals(record, EVERYONE)
    assert found(home.folder, "a.b@c.example") == []
    keyed.store.sealer = read_key(privacy.new_key(), "other")
    with pytest.raises(Exception, match="do not open"):
        keyed.store.originals(record, Viewer("ann", frozenset({"Privacy"})))
    monkeypatch.setenv("SEENBEFORE_PRIVACY_KEY_FILE", str(home.folder / "key"))
    with pytest.raises(BadSetting, match="inside the home"):
        read(home.folder)


# --- what is stored already -------------------------------------------------------------------------------------------


@pytest.mark.sqlite("reads the file")
def test_apply_goes_over_what_is_stored_and_can_be_stopped_in_between(own: Home) -> None:
    assert found(own.folder, "quentin.vandersloot@corp.example")
    own.store.set("privacy.email", "redact")
    assert privacy.waiting(own)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        privacy.apply(own, say=stop)
    assert privacy.waiting(own)
    done = privacy.apply(own)
    assert done.looked == 64
    assert not privacy.waiting(own)
    assert found(own.folder, "quentin.vandersloot@corp.example") == []
    assert len(own.made.history("index")) == len(own.made.history("models")) == 1
    assert open_desk(own.settings).warnings() == ()


# --- erasing ----------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite("reads the file")
def test_deleting_an_article_takes_the_vectors_of_its_passages_with_it(own: Home) -> None:
    with sqlite3.connect(own.folder / "knowledge.db") as db:
        before = db.execute("select count(*) from vectors").fetchone()[0]
    own.store.delete([Ref("article", "t", "KB1")])
    with sqlite3.connect(own.folder / "knowledge.db") as db:
        assert db.execute("select count(*) from vectors").fetchone()[0] <= before - 3


@pytest.mark.sqlite("reads the file")
def test_an_erased_ticket_is_in_no_byte_of_the_home_and_no_export_brings_it_back(own: Home) -> None:
    words = ["INC9090", "zorilla reader beeps thrice", "zorilla reader wants a reset"]
    assert {name.split("/")[0].removesuffix("-wal") for name in found(own.folder, *words)} >= {
        "knowledge.db",
        "reports",
    }
    done = erase.erase_ticket(own, "INC9090")
    assert done.is_proved, done
    assert found(own.folder, *words) == []
    assert done.dropped == ("reports/last.csv",)
    assert own.store.write("ticket", [one for one in tickets() if one.number == "INC9090"]).added == 0
    assert "[erased]" in own.store.find("article", "KB1", EVERYONE).text
    assert own.store.check() == []
    assert open_desk(own.settings).warnings() == ()
    with pytest.raises(NotFound):
        erase.erase_ticket(own, "INC9090")


def test_an_erased_person_is_in_no_byte_of_the_home_and_the_tickets_stay(own: Home) -> None:
    before = own.store.counts(EVERYONE)
    done = erase.erase_person(own, "Quentin Vandersloot")
    assert done.is_proved, done
    assert found(own.folder, "Quentin Vandersloot", "vandersloot", "quentin.vandersloot@corp.example") == []
    assert own.store.counts(EVERYONE) == before
    ticket = own.store.find("ticket", "INC9090", EVERYONE)
    assert isinstance(ticket, Ticket)
    assert (ticket.caller, "zorilla" in ticket.text) == ("", True)
    with pytest.raises(BadSetting, match="one word"):
        erase.erase_person(own, "Quentin")


def test_the_proof_finds_what_is_packed_and_what_is_written_otherwise(tmp_path: Path) -> None:
    import gzip
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.skops", "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("schema.json", "Vandersloot" * 50)
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"VANDERSLOOT" * 50))
    (tmp_path / "c.bin").write_bytes("xVandersloot".encode("utf-16-le")[1:])
    (tmp_path / "d.json").write_text(json.dumps("Yıldız"))
    (tmp_path / "e.bin").write_bytes(b"a" * ((8 << 20) - 4) + b"Vandersloot")
    (tmp_path / "f.gz").write_bytes(b"\x1f\x8bbroken")
    assert found(tmp_path, "Vandersloot", "Yıldız") == ["a.skops", "b.gz", "c.bin", "d.json", "e.bin"]
    assert prove(tmp_path, ["x"]).unread == ("f.gz",)


def test_a_person_is_met_by_name_turned_round_and_by_address() -> None:
    emma = Person.of("Emma Hartley")
    for text in ("Emma Hartley", "HARTLEY, Emma", "emma.hartley@x.example", "Emma  Hartley"):
        assert emma.pattern.search(text), text
    for text in ("Emma Hart", "Emma", "xEmma Hartleyx"):
        assert not emma.pattern.search(text), text
    assert Person.of("Jürgen Kühnel").pattern.search("juergen.kuehnel@corp.example")
