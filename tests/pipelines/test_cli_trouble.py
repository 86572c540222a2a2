"""The command line in trouble: typing mistakes, full devices, Ctrl-C at any moment, and homes that are not well."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kb.desk import Desk, overlay_of
from kb.errors import BadSetting
from kb.policy import Policy
from kb.records import EVERYONE, KEEPER, Article, Ticket, Viewer
from kb.store import Store
from kb.text import prepare
from pipelines import doctor
from pipelines.__main__ import app
from pipelines.desk import open_desk
from pipelines.home import Home
from pipelines.settings import Settings, read

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")
KINDS = (("Outlook asks for the password", "Mail", "Collaboration", "Outlook", "cleared the credential cache"),
         ("VPN drops every few minutes", "Network", "Network Team", "VPN", "reinstalled the client"),
         ("Printer jams on floor two", "Printing", "Field Service", "Printers", "replaced the roller"))  # fmt: skip
SECRET = "Garnishment"
runner = CliRunner()


def run(*words: str, home: Path, code: int = 0) -> Result:
    result = runner.invoke(app, [*words, "--home", str(home)])
    assert result.exit_code == code, result.output
    return result


def sentence(*words: str, home: Path) -> str:
    """The one sentence a command ends with."""
    said = run(*words, home=home, code=1).stderr.strip()
    assert len(said.splitlines()) == 1
    assert said.endswith(".")
    return said


def tickets(n: int = 90) -> list[Ticket]:
    made = []
    for i in range(n):
        title, category, group, service, fix = KINDS[i % 3]
        day = datetime(2026, 1 + i // 28, 1 + i % 28, 8, i % 60, tzinfo=UTC)
        made.append(Ticket("t", f"T{i}", f"{title} ({i % 5})", f"room {i % 7}", opened_at=day, resolved_at=day, state="closed",
                           category=category, assignment_group=group, service=service, impact=2, urgency=1 + i % 3, resolution=fix))  # fmt: skip
    made.append(Ticket("t", "S1", f"{SECRET} of wages", "payroll letter", opened_at=datetime(2026, 3, 1, tzinfo=UTC), state="closed",
                       category=SECRET, assignment_group="Payroll", service="Wages", audience=("hr",), resolution="settled"))  # fmt: skip
    return [prepare(one) for one in made]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small desk with one restricted ticket, everything built. Do not write to it."""
    home = tmp_path_factory.mktemp("built") / "desk"
    run("init", "--embedder", "hashing", home=home)
    store = Store.open(home / "knowledge.db")
    store.write("ticket", tickets())
    store.write(
        "article", [prepare(Article("t", "KB1", "Clear the cache", body="Remove the credential.", category="How-to"))]
    )
    store.note_import(
        file=f"{SECRET}-cases.csv", source="t", kind="tickets", added=4711, updated=12, unchanged=0, rejected=0
    )
    store.close()
    for command in ("index", "train", "patterns"):
        run(command, home=home)
    return home


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(built, tmp_path / "own"))


def desk(home: Path) -> Desk:
    return open_desk(Settings(home, threads=1))


def findings(home: Path) -> dict[str, list[str]]:
    """What doctor says is not right, by what it looked at; it never fails itself."""
    result = runner.invoke(app, ["doctor", "--json", "--home", str(home)])
    said = json.loads(result.stdout)
    assert {one["what"] for one in said} >= {"home", "store", "embedder", "index", "models", "patterns", "versions"}
    wrong: dict[str, list[str]] = {}
    for one in said:
        if not one["ok"]:
            wrong.setdefault(one["what"], []).append(one["said"])
    assert result.exit_code == (1 if wrong else 0)
    return wrong


# --- what a viewer may know of imports ------------------------------------------------------------------------------


def test_the_history_of_imports_tells_a_viewer_when_and_what_kind_and_no_more(built: Path) -> None:
    opened = desk(built)
    for viewer in (EVERYONE, Viewer("anna", frozenset({"hr"}))):
        assert [set(row) for row in opened.imports(viewer=viewer)] == [{"at", "kind"}]
    assert opened.imports(viewer=KEEPER)[0]["file"] == f"{SECRET}-cases.csv"
    said = run("status", "--json", home=built).stdout
    assert json.loads(said)["last_imports"][0]["kind"] == "tickets"
    for secret in (SECRET, "4711"):
        assert secret not in said


def test_the_desk_page_shows_when_something_came_in_but_not_its_name(built: Path) -> None:
    from kb.screens.desk import _imports

    shown = json.dumps(_imports(desk(built), EVERYONE))
    assert "tickets" in shown
    assert str(datetime.now(UTC).year) in shown or ":" in shown
    assert SECRET not in shown
    assert "4,711" not in shown
    assert "4,711" in json.dumps(_imports(desk(built), KEEPER))


def test_doctor_lists_every_import_in_full(built: Path) -> None:
    assert f"tickets from {SECRET}-cases.csv, 4,711 added" in run("doctor", "--json", home=built).stdout


# --- doctor ---------------------------------------------------------------------------------------------------------


def test_a_desk_that_is_well_has_no_finding(built: Path) -> None:
    assert findings(built) == {}


def test_doctor_looks_at_disk_and_rights_even_where_the_store_cannot_be_opened(own: Path) -> None:
    for side in own.glob("knowledge.db-*"):
        side.unlink()
    (own / "knowledge.db").write_bytes(b"this is no database at all " * 500)
    said = doctor.examine(Home(Settings(own, embedder="hashing")))
    assert any("disk free" in one.said and one.what == "home" for one in said)
    assert any(one.what == "home" and "can be written" in one.said for one in said)
    assert [one.ok for one in said if one.what == "store"] == [False]
    assert any(one.what == "models" and "matches its checksum" in one.said for one in said)


def test_without_a_desk_doctor_looks_at_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    said = doctor.examine(Home(Settings(tmp_path / "a" / "b", embedder="hashing")))
    assert any("disk free" in one.said for one in said)
    assert any(str(tmp_path) in one.said and "where it would be made, can be written" in one.said for one in said)
    assert "seenbefore init" in next(one.said for one in said if one.what == "store" and not one.ok)


def test_a_home_below_a_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is a file" in " ".join(findings(tmp_path / "file" / "desk")["home"])


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may enter any folder, so one without rights cannot be tried as root"
)
def test_a_folder_without_rights_is_a_finding(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    try:
        assert "check its rights" in " ".join(findings(locked / "desk")["home"])
    finally:
        locked.chmod(0o700)


def test_a_database_elsewhere_and_no_home_folder_yet_is_no_trouble_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    Store.open(url, create=True).close()
    monkeypatch.setenv("SEENBEFORE_DATABASE_URL", url)
    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")
    wrong = findings(tmp_path / "none")
    assert "home" not in wrong
    assert "seenbefore ingest" in wrong["store"][0]


def test_models_and_patterns_of_another_embedder_are_findings_with_the_command(own: Path) -> None:
    for part, command in (("models", "seenbefore train"), ("patterns", "seenbefore patterns")):
        change(own, part, lambda facts: facts.update(embedder="other@1234"))
        said = " ".join(findings(own)[part])
        assert "other@1234" in said
        assert f"`{command}`" in said


def test_patterns_made_before_they_named_their_embedder_are_known_by_their_mark(own: Path) -> None:
    change(own, "patterns", lambda facts: facts.pop("embedder", None))
    assert findings(own) == {}

    def other(facts: dict[str, Any]) -> None:
        facts["mark"] = "12/other@1234"

    change(own, "patterns", other)
    assert "seenbefore patterns" in " ".join(findings(own)["patterns"])


@pytest.mark.parametrize(("part", "command"), [("models", "train"), ("patterns", "patterns")])
def test_a_part_that_is_not_as_it_was_written_is_a_finding_and_hides_no_other(
    own: Path, part: str, command: str
) -> None:
    change(own, part, lambda facts: facts.clear())
    wrong = findings(own)
    assert set(wrong) == {part}
    assert "is not as it was written" in wrong[part][0]
    assert f"seenbefore {command} --force" in wrong[part][0]


def test_a_manifest_with_files_of_the_wrong_form_is_a_finding(own: Path) -> None:
    path = current(own, "index") / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "files": dict.fromkeys(manifest["files"], 7)}))
    wrong = findings(own)
    assert set(wrong) == {"index"}
    assert "seenbefore index" in wrong["index"][0]


def test_a_saved_setting_that_cannot_be_read_is_named(own: Path) -> None:
    store = Store.open(own / "knowledge.db")
    for text in ("{not json", "[1, 2]", '{"removed": [7]}', '{"names": 3}'):
        store.set("patterns", text)
        with pytest.raises(BadSetting, match="`patterns`"):
            overlay_of(store)
    assert "`patterns`" in sentence("status", home=own)
    assert "`patterns`" in " ".join(findings(own)["settings"])


def test_a_matrix_with_an_endless_number_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting, match="priority_matrix"):
        Policy.from_settings({"priority_matrix": '{"1,1": Infinity}'})


def current(home: Path, part: str) -> Path:
    pointers = json.loads((home / "made" / "current.json").read_text())
    return home / "made" / str(pointers[part])


def change(home: Path, part: str, how: Any) -> None:
    """Change the facts in a manifest; nothing vouches for them."""
    path = current(home, part) / "manifest.json"
    manifest = json.loads(path.read_text())
    how(manifest["facts"])
    path.write_text(json.dumps(manifest))


# --- settings and options -------------------------------------------------------------------------------------------


def test_init_refuses_an_unknown_embedder_before_it_saves_anything(tmp_path: Path) -> None:
    home = tmp_path / "desk"
    assert "no-such-model" in sentence("init", "--embedder", "no-such-model", home=home)
    assert not home.exists()
    run("init", "--embedder", "hashing", home=home)
    sentence("init", "--embedder", "no-such-model", home=home)
    assert Store.open(home / "knowledge.db").settings()["embedder"] == "hashing"


@pytest.mark.parametrize("threads", ["²", "٣", "two", "-1", "1.5", "9" * 5000])
def test_a_number_of_threads_that_is_none_is_a_bad_setting(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("SEENBEFORE_THREADS", threads)
    with pytest.raises(BadSetting, match="SEENBEFORE_THREADS"):
        read()


def test_a_state_is_known_in_any_case_and_an_unknown_one_is_said(built: Path) -> None:
    found = json.loads(run("search", "vpn drops", "--state", "Closed", "--kind", "ticket", "--json", home=built).stdout)
    assert found["answer"] == "seen"
    assert "--state is 'done': give open, on hold" in sentence("search", "vpn drops", "--state", "done", home=built)
    run("search", "vpn drops", "--state", "validated", home=built)


@pytest.mark.parametrize(
    ("option", "name", "there", "hidden"),
    [
        ("--category", "category", "Network", SECRET),
        ("--service", "service", "VPN", "Wages"),
        ("--assignment-group", "assignment group", "Network Team", "Payroll"),
    ],
)
def test_a_value_nobody_has_is_said_in_the_same_words_as_a_hidden_one(
    built: Path, option: str, name: str, there: str, hidden: str
) -> None:
    for spelt in (there, there.upper()):
        found = json.loads(run("search", "vpn drops", option, spelt, "--kind", "ticket", "--json", home=built).stdout)
        assert found["answer"] == "seen"
    absent = sentence("search", "vpn drops", option, "Zebra", home=built)
    assert f"No {name} 'Zebra' here" in absent
    assert there in absent
    assert hidden not in absent
    assert sentence("search", "vpn drops", option, hidden, home=built) == absent.replace("Zebra", hidden)
    run("search", "garnishment", option, hidden, "--group", "hr", home=built)


def test_a_category_only_articles_have_is_known(built: Path) -> None:
    run("search", "credential", "--category", "how-to", home=built)


# --- the terminal ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("words", [("status",), ("--help",)])
def test_a_full_device_is_one_sentence(built: Path, words: Sequence[str]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines", *words, *(["--home", str(built)] if words != ("--help",) else [])],
            cwd=ROOT, text=True, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


INTERRUPTED = """
import sys
class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == WHEN:
            raise KeyboardInterrupt
WHEN = sys.argv.pop(1)
sys.meta_path.insert(0, Stops())
from pipelines.__main__ import main
main()
"""


@pytest.mark.parametrize("when", ["typer", "kb.records", "pipelines.settings", "pipelines.ingest", "rich.console",
                                  "pipelines.home", "numpy"])  # fmt: skip
def test_ctrl_c_while_the_program_is_still_being_loaded_is_one_sentence(tmp_path: Path, when: str) -> None:
    rows = tmp_path / "a.csv"
    rows.write_text("number,short_description\nINC1,words\n")
    words = [sys.executable, "-c", INTERRUPTED, when, "ingest", str(rows), "--home", str(tmp_path / "desk")]
    done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip() == "Stopped. What was finished is kept; run the same command again to go on."


@pytest.mark.parametrize("after", [0.7, 1.5])
def test_ctrl_c_at_any_later_moment_is_one_sentence(tmp_path: Path, after: float) -> None:
    rows = tmp_path / "a.csv"
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["number", "short_description"], *([f"INC{i}", f"words {i}"] for i in range(30_000))]
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "ingest", str(rows), "--home", str(tmp_path / "desk")],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the import was quicker than the signal")
    if process.returncode == -signal.SIGINT:
        pytest.skip("the machine was so slow that not even Python had started")
    assert process.returncode == 1
    assert said.strip().splitlines()[-1] == "Stopped. What was finished is kept; run the same command again to go on."
    assert "Traceback" not in said
