"""The bench: rows in the agreed form, baselines beside ours, and nothing known before its time."""

from __future__ import annotations

import csv
import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app

KINDS = {
    "mail": ("mail box", "outlook asks for the password", "KB-mail"),
    "vpn": ("tunnel", "vpn drops every few minutes", "KB-vpn"),
    "print": ("paper", "printer jams on tray two", "KB-print"),
}
WORDS = [
    "since",
    "monday",
    "again",
    "today",
    "room",
    "floor",
    "laptop",
    "caller",
    "says",
    "urgent",
    "please",
    "office",
    "home",
]
KEYS = {"folder", "task", "split", "system", "metric", "value", "low", "high", "n", "seconds"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred tickets of three failures over ten months, each linked to its article and every third to the first of its kind."""
    place = tmp_path_factory.mktemp("bench") / "tiny"
    place.mkdir()
    chance, start = random.Random(3), datetime(2025, 1, 1, 8, tzinfo=UTC)
    tickets, links, last = [], [], {}
    for i in range(200):
        kind = chance.choice(sorted(KINDS))
        body, title, article = KINDS[kind]
        opened = start + timedelta(hours=36 * i)
        done = opened + timedelta(hours=5)
        noise = " ".join(chance.sample(WORDS, 4))
        split = "test" if i % 4 == 0 else "train"
        tickets.append(
            [
                f"T{i}",
                opened.isoformat(),
                done.isoformat(),
                title,
                f"{body} {noise}",
                kind,
                f"fixed {kind}",
                "closed",
                kind,
                split,
            ]
        )
        links.append([f"T{i}", "article", article, done.isoformat(), 0])
        if kind in last and i % 3 == 0:
            links.append([f"T{i}", "ticket", last[kind], done.isoformat(), 0])
        last.setdefault(kind, f"T{i}")
    head = [
        "number",
        "opened_at",
        "resolved_at",
        "short_description",
        "description",
        "category",
        "close_notes",
        "state",
        "cluster",
        "split",
    ]
    with gzip.open(place / "tickets.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *tickets])
    with gzip.open(place / "articles.csv.gz", "wt", encoding="utf-8", newline="") as file:
        rows = [[name, title, "", f"{body}: how to"] for body, title, name in KINDS.values()]
        csv.writer(file).writerows([["number", "title", "summary", "body"], *rows])
    with (place / "links.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["ticket", "target_kind", "target", "linked_at", "generic"], *links])
    (place / "bench.toml").write_text(
        'name = "tiny"\ntasks = ["articles", "seen-before", "category", "patterns"]\ntest_from = "2025-08-01T00:00:00Z"\n'
        'splits = ["split"]\n[published.split]\n"A paper" = { accuracy = 0.5 }\n'
    )
    return place


@pytest.fixture(scope="module")
def rows(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    out = tmp_path_factory.mktemp("rows") / "rows.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEENBEFORE_EMBEDDER", "hashing")
        result = CliRunner().invoke(app, ["bench", str(folder), "--json", str(out)])
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(out.read_text("utf-8"))
    return found


def value(rows: list[dict[str, object]], task: str, system: str, metric: str, split: str | None = None) -> float:
    mine = [
        r["value"]
        for r in rows
        if (r["task"], r["system"], r["metric"]) == (task, system, metric) and split in (None, r["split"])
    ]
    assert len(mine) == 1, (task, system, metric, mine)
    assert isinstance(mine[0], float)
    return mine[0]


def test_every_row_has_the_agreed_form(rows: list[dict[str, object]]) -> None:
    assert all(set(row) == KEYS for row in rows)
    assert {row["folder"] for row in rows} == {"tiny"}


@pytest.mark.parametrize("task", ["articles", "seen-before"])
def test_search_is_measured_beside_its_baselines(rows: list[dict[str, object]], task: str) -> None:
    for system in ("bm25", "dense", "fusion", "seenbefore"):
        for metric in ("mrr@10", "success@1", "success@5", "success@10", "ndcg@10"):
            assert 0 <= value(rows, task, system, metric) <= 1
    assert value(rows, task, "seenbefore", "success@10") > 0.6


def test_triage_is_measured_beside_its_baseline_and_what_others_published(rows: list[dict[str, object]]) -> None:
    for split in ("forward", "split"):
        for metric in ("accuracy", "macro_f1", "ece", "coverage@0.90", "coverage@0.95"):
            value(rows, "category", "tfidf-svm", metric, split)
            value(rows, "category", "seenbefore", metric, split)
        for metric in ("precision@contract", "coverage@contract"):
            value(rows, "category", "seenbefore", metric, split)
        assert value(rows, "category", "seenbefore", "accuracy", split) > 0.9
    assert value(rows, "category", "published: A paper", "accuracy", "split") == 0.5


def test_patterns_are_measured_beside_their_baselines(rows: list[dict[str, object]]) -> None:
    for system in ("singletons", "hdbscan", "seenbefore"):
        for metric in ("bcubed_precision", "bcubed_recall", "bcubed_f1", "adjusted_rand"):
            value(rows, "patterns", system, metric)
    assert value(rows, "patterns", "singletons", "bcubed_precision") == 1


def test_a_task_or_folder_that_is_not_there_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    for words in ([str(folder), "--task", "juggling"], [str(tmp_path)]):
        result = CliRunner().invoke(app, ["bench", *words])
        assert result.exit_code == 1
        assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_desk_can_be_judged_on_its_own_past(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")
    result = CliRunner().invoke(app, ["evaluate", "--home", str(sample_home), "--json"])
    assert result.exit_code == 0, result.output
    figures = {(f["what"], f["metric"]): f for f in json.loads(result.stdout)}
    accuracy = figures["category", "accuracy"]
    assert 0.6 < accuracy["value"] < 1, "the sample desk is not so clean that a model gets everything right"
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert figures["search for articles", "mrr@10"]["n"] > 50
