"""The bench of trust: promises, learning curves and evidence are measured on tickets that nothing was fitted on."""

from __future__ import annotations

import csv
import gzip
import random

import pytest

from kb.errors import BadSetting
from pipelines import bench, bench_trust
from pipelines.bench import Row
from pipelines.index import quiet

KINDS = {"mail": ["outlook", "mailbox", "quota", "inbox"], "vpn": ["tunnel", "wifi", "dns", "gateway"]}
WORDS = ["since", "monday", "again", "today", "room", "floor", "laptop", "caller", "says", "urgent", "please", "office"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    place = tmp_path_factory.mktemp("bench") / "tiny"
    place.mkdir()
    chance = random.Random(5)
    with gzip.open(place / "tickets.csv.gz", "wt", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["number", "short_description", "description", "category", "state", "split"])
        for i in range(700):
            kind = chance.choice(sorted(KINDS))
            body = " ".join([*chance.sample(KINDS[kind], 2), *chance.sample(WORDS, 6)])
            split = ("train", "train", "test", "calibration")[i % 4]
            out.writerow([f"T{i}", f"ticket about {chance.choice(WORDS)}", body, kind, "closed", split])
    (place / "bench.toml").write_text('name = "tiny"\ntasks = ["category"]\nsplits = ["split"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEENBEFORE_EMBEDDER", "hashing")
        with bench.opened(place, bench._facts(place), None, quiet) as opened:
            found = {name: list(task(opened)) for name, task in bench_trust.TASKS.items()}
            opened.facts = {**opened.facts, "tasks": ["patterns"]}  # type: ignore[misc]
            with pytest.raises(BadSetting, match="neither categories nor assignment groups"):
                next(bench_trust.TASKS["contract"](opened))
    return found


def value(rows: list[Row], metric: str, system: str = "seenbefore", split: str | None = None) -> float:
    found = [r.value for r in rows if (r.metric, r.system) == (metric, system) and split in (None, r.split)]
    assert len(found) == 1, (metric, system, found)
    return found[0]


def test_all_tasks_can_be_asked_of_any_folder() -> None:
    assert set(bench_trust.TASKS) == {"contract", "cold-start", "evidence"}
    assert all(task.__name__.startswith("extra_") for task in bench_trust.TASKS.values())


def test_the_contract_is_measured_for_both_promises_beside_plain_thresholds(rows: dict[str, list[Row]]) -> None:
    mine = rows["contract"]
    for promise in ("0.95", "0.90"):
        for system in ("seenbefore", "global-threshold", "always"):
            split = f"split, promise {promise}"
            assert value(mine, "precision@contract", system, split) >= 0.9
            assert 0 <= value(mine, "coverage@contract", system, split) <= 1
            assert 0 <= value(mine, "classes_kept", system, split) <= 1
            assert 0 <= value(mine, "precision_worst_tenth", system, split) <= 1
    assert all(r.low is not None and r.low <= r.value <= (r.high or 0) for r in mine)


def test_the_learning_curve_has_a_point_a_size_and_ends_with_all(rows: dict[str, list[Row]]) -> None:
    mine = rows["cold-start"]
    for system in ("seenbefore", "tfidf-svm"):
        assert value(mine, "macro_f1@all", system) > 0.9
        assert value(mine, "share_of_full@200", system) > 0.8
    assert value(mine, "coverage@contract@20") == 0
    assert {r.metric for r in mine} >= {f"macro_f1@{n}" for n in (20, 50, 100, 200)}


def test_deleting_the_cited_words_costs_more_than_deleting_random_ones(rows: dict[str, list[Row]]) -> None:
    mine = rows["evidence"]
    assert value(mine, "deletion_wins") >= 0.8
    assert value(mine, "drop_cited") > value(mine, "drop_random")
    assert value(mine, "cited") > 0.9
