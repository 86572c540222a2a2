"""Honesty and feedback are measured on questions nobody fitted to, and what people say is worth what it is."""

from __future__ import annotations

import csv
import gzip
import shutil
from pathlib import Path

import pytest

from kb.seen import Gate, gate_for
from kb.shelves import KINDS
from models.shipped import shipped
from pipelines import bench
from pipelines.bench import Row
from pipelines.bench_answers import WEEK
from pipelines.home import Home
from pipelines.ranking import fit_rankers, helped_questions, knowledge_of, linked_questions
from pipelines.seen import FEWEST, LOOSEST, LOST, at_loss, fit_gate, room
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The latest tickets of the sample desk as a benchmark folder of its own, with nothing beside it."""
    place = tmp_path_factory.mktemp("bench") / "sample"
    place.mkdir()
    sample = root / "data" / "sample"
    for name in ("articles.csv.gz", "links.csv"):
        shutil.copy(sample / name, place / name)
    with gzip.open(sample / "tickets.csv.gz", "rt", encoding="utf-8", newline="") as file:
        head, *tickets = list(csv.reader(file))
    with gzip.open(place / "tickets.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *tickets[-700:]])
    facts = 'name = "sample"\ntasks = ["articles"]\ntest_from = "2026-08-15T00:00:00Z"\n'
    (place / "bench.toml").write_text(facts, "utf-8")
    return place


@pytest.fixture(scope="module")
def rows(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEENBEFORE_EMBEDDER", "hashing")
        work = tmp_path_factory.mktemp("work")
        return {task: bench.run(folder, tasks=(task,), work=work) for task in ("not-seen", "feedback")}


def test_both_shares_and_both_calibrations_are_told_with_their_baseline(rows: dict[str, list[Row]]) -> None:
    told = {(row.system, row.metric) for row in rows["not-seen"]}
    assert {("seenbefore", "lost_answers"), ("seenbefore", "false_answers"), ("dense", "lost_answers"),
            ("dense", "false_answers"), ("seenbefore", "ece_articles"), ("seenbefore", "ece_tickets")} <= told  # fmt: skip
    assert all(0 <= row.value <= 1 for row in rows["not-seen"])


def test_a_week_of_marks_lifts_a_desk_that_brought_no_links(rows: dict[str, list[Row]]) -> None:
    found = {(row.split, row.system): row.value for row in rows["feedback"] if row.metric == "mrr@10"}
    assert found["no links before", "seenbefore"] > found["no links before", "without"]


def test_a_task_the_folder_does_not_name_is_run_only_when_asked_for(folder: Path) -> None:
    assert "not-seen" not in (folder / "bench.toml").read_text("utf-8")
    assert WEEK == 200


@pytest.fixture(scope="module")
def home(sample_home: Path) -> Home:
    return Home(Settings(sample_home, embedder="hashing"))


def test_bars_move_so_that_few_of_the_own_questions_fall_short(home: Home) -> None:
    shelves, gate = home.shelves(), gate_for("hashing")
    rankers = {kind: shipped(kind) for kind in KINDS}
    bars = fit_gate(home, shelves, rankers, gate)
    featurer = knowledge_of(home, shelves, rankers).featurer()
    moved = gate.stricter(bars.stricter)
    asked = linked_questions(home, featurer, "article")[-100:]
    short = sum(room(featurer, moved, one) < 0 for one in asked) / len(asked)
    assert bars.stricter >= LOOSEST
    assert short < 2 * LOST or bars.stricter == LOOSEST
    assert f"{bars.stricter:+.3f}" in bars.why


def test_with_too_few_answered_questions_the_bars_stay_as_shipped(home: Home) -> None:
    shelves = home.shelves()
    rankers, _ = fit_rankers(home, shelves, until=1)
    bars = fit_gate(home, shelves, rankers, gate_for("hashing"), until=1)
    assert bars.stricter == 0.0 and str(FEWEST) in bars.why


def test_a_ticket_answered_by_the_same_article_helps(home: Home) -> None:
    featurer = knowledge_of(home, home.shelves(), {}).featurer()
    helped = helped_questions(home, featurer)
    direct = {one.ticket.id: one.answers for one in linked_questions(home, featurer, "ticket")}
    assert len(helped) > len(direct)
    assert all(direct[one.ticket.id] <= one.answers for one in helped if one.ticket.id in direct)
    opened = {one.ticket.id: one.question.now for one in helped}
    assert all(opened[other] < one.question.now for one in helped for other in one.answers if other in opened)


def test_stricter_bars_are_higher_everywhere() -> None:
    near = {"ticket": 0.66, "article": 0.4}
    assert Gate().stricter(0.1).room(near, 20) == pytest.approx(Gate().room(near, 20) - 0.1)  # type: ignore[arg-type]
    assert Gate().stricter(0.1).least("problem", 20) == pytest.approx(Gate().least("problem", 20) + 0.1)


def test_a_bar_at_a_loss_has_that_share_below_it() -> None:
    assert at_loss([float(n) for n in range(101)], 0.08) == pytest.approx(8.0)
    assert at_loss([], 0.08) == 0.0
