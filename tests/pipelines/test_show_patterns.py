"""Patterns on the command line: listed by what the reader chooses, and one with everything known of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kb.records import Ticket
from kb.text import prepare
from pipelines import patterns as finding
from pipelines.__main__ import app
from pipelines.home import Home
from pipelines.index import build
from pipelines.settings import Settings

START = datetime(2026, 5, 25, 9, tzinfo=UTC)
SORTS = {"Paper jam in tray of printer": 8, "VPN tunnel breaks off": 6}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with two failures that keep coming back."""
    folder = tmp_path_factory.mktemp("shown") / "desk"
    opened = Home(Settings(folder, embedder="hashing", threads=1))
    opened.create()
    opened.store.set("embedder", "hashing")
    tickets = [
        Ticket("t", f"{place}{at}", text, f"{text} again", opened_at=START - timedelta(days=at), state="closed",
               caller=f"Ann {at}", audience=("hr",) if at == 4 and not place else (), resolution="Replaced the roller.")
        for place, (text, n) in enumerate(SORTS.items()) for at in range(n)
    ]  # fmt: skip
    opened.store.write("ticket", [prepare(one) for one in tickets])
    build(opened)
    finding.find(opened)
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["patterns", *words])


def test_patterns_are_listed_and_one_is_shown_as_plain_values(home: Path) -> None:
    listed = json.loads(run("list", "--json", "--home", str(home)).stdout)
    assert [one["size"] for one in listed] == [7, 6]
    assert listed[0]["hours"] == pytest.approx(7 * 20 / 60, abs=0.01)
    shown = json.loads(run("show", listed[0]["id"], "--json", "--home", str(home)).stdout)
    assert (shown["size"], shown["callers"], shown["with_article"]) == (7, 7, 0)
    assert sum(week["tickets"] for week in shown["weeks"]) == 7
    assert shown["fixes"][0]["text"] == "Replaced the roller."
    assert "Ann" not in json.dumps(shown)
    told = run("show", listed[0]["id"], "--home", str(home)).stdout
    assert "no article yet" in told
    assert "pain" in run("list", "--by", "pain", "--home", str(home)).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(("list", "--by", "beauty"), "ranked by cost, growth, pain"), (("show", "PAT99"), "No pattern 'PAT99' here")],
)  # fmt: skip
def test_what_is_not_there_is_told_in_one_sentence(home: Path, words: tuple[str, ...], said: str) -> None:
    result = run(*words, "--home", str(home))
    assert result.exit_code == 1
    assert said in result.output


def test_options_before_the_word_are_not_lost_without_a_word(home: Path) -> None:
    result = run("--home", str(home), "list")
    assert result.exit_code == 1
    assert "Options stand after the word" in result.output
