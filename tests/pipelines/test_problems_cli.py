"""Problems on the command line: what is listed, changed and taken back, and what goes wrong in one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kb.records import Problem, Ticket
from kb.text import prepare
from pipelines.__main__ import app
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = Home(Settings(tmp_path / "desk", embedder="hashing", threads=1))
    made.create()
    made.store.write("ticket", [prepare(Ticket("snow", "INC1", title="VPN drops", problem="PRB1", opened_at=NOW))])
    made.store.write("problem", [
        prepare(Problem("snow", "PRB1", title="VPN gateway", owner="Ann", workaround="Use gateway 2.")),
        prepare(Problem("snow", "PRB2", title="Payroll", audience=("HR",))),
    ])  # fmt: skip
    return tmp_path / "desk"


def run(home: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["problems", *words, "--home", str(home)])
    assert done.exit_code == 0, done.output
    return done.output


def test_problems_are_listed_for_who_may_see_them(home: Path) -> None:
    assert [one["number"] for one in json.loads(run(home, "list", "--json"))] == ["PRB1"]
    assert len(json.loads(run(home, "list", "--json", "--group", "HR"))) == 2
    assert "PRB1" in run(home, "list", "--known") and "PRB1" not in run(home, "list", "--state", "closed")


def test_a_change_stands_in_the_history_until_it_is_taken_back(home: Path) -> None:
    assert "owner: Ann -> Ben" in run(home, "set", "prb1", "owner=Ben", "state=assessing")
    found = json.loads(run(home, "show", "PRB1", "--json"))
    assert (found["owner"], found["state"], found["tickets"]) == ("Ben", "assessing", ["INC1"])
    assert "taken back" in run(home, "undo", str(found["history"][0]["id"]))
    assert json.loads(run(home, "show", "PRB1", "--json"))["owner"] == "Ann"
    assert "nothing was changed" in run(home, "set", "PRB1", "owner=Ann")
    assert "taken back" in run(home, "show", "PRB1")


def test_a_new_problem_gets_a_number_of_its_own(home: Path) -> None:
    told = run(home, "new", "Badge readers", "--set", "symptom=Doors stay shut", "--ticket", "INC1")
    assert "PRB-SB00001 is made" in told
    assert json.loads(run(home, "show", "PRB-SB00001", "--json"))["tickets"] == ["INC1"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("set", "PRB1", "state"), "no FIELD=VALUE"), (("set", "PRB1", "state=resolved"), "fix down first"),
     (("show", "PRB2"), "No problem 'PRB2' here that you may see"), (("show", "PRB9"), "No problem 'PRB9' here that"),
     (("new",), "either a title or"), (("undo", "7"), "no change 7"),
     (("set", "PRB1", "resolved_at=soon"), "give a day")],
)  # fmt: skip
def test_what_goes_wrong_is_one_sentence(home: Path, words: tuple[str, ...], sentence: str) -> None:
    done = CliRunner().invoke(app, ["problems", *words, "--home", str(home)])
    assert done.exit_code == 1
    assert sentence in " ".join(done.output.split())
