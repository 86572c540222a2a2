"""Learning from little and from odd data: the contract is kept, or one sentence says why nothing was learnt."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kb.errors import TooLittle
from kb.records import EVERYONE, Correction, Ref, Ticket
from kb.tables import Asked
from kb.text import prepare
from pipelines import index, ingest, models, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def young(folder: Path, sample: Path, size: int) -> Home:
    """A desk with the first so many solved tickets of the sample, indexed."""
    with gzip.open(sample / "tickets.csv.gz", "rt", encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        rows = [row for row in table if row["state"] == "Closed" and not row["u_audience"]][:size]
    with (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    home = Home(Settings(folder / "home", embedder="hashing"))
    home.create()
    ingest.ingest(home, ingest.look(folder / "tickets.csv", Asked(source="sample")))
    index.build(home)
    return home


def odd(folder: Path, texts: Sequence[str], categories: Sequence[str]) -> Home:
    """A desk whose tickets have these texts and categories."""
    home = Home(Settings(folder / "home", embedder="hashing"))
    home.create()
    home.store.set("targets", "category")
    home.store.write("ticket", [
        prepare(Ticket("desk", f"T{i}", title=text, state="closed", opened_at=START + timedelta(hours=i), category=name))
        for i, (text, name) in enumerate(zip(texts, categories, strict=True))
    ])  # fmt: skip
    index.build(home)
    return home


@pytest.mark.parametrize("size", [20, 50, 100, 200])
def test_from_twenty_tickets_up_it_learns_and_says_nothing_it_cannot_prove(
    root: Path, tmp_path: Path, size: int
) -> None:
    home = young(tmp_path, root / "data" / "sample", size)
    home.store.set("promise", "0.95")
    done = train.train(home)
    assert done.tickets == size
    assert done.figures
    assert set(done.figures) | set(done.missing) >= {"category", "assignment_group", "line"}
    assert all(card.figures["coverage"] == 0 or card.figures["precision"] >= 0.9
               for card in models.show(home).cards.values())  # fmt: skip
    found = desk_of(home).triage_text("VPN drops every few minutes since the update", viewer=EVERYONE)
    assert all(p.value or p.reason for p in found.predictions.values())


def test_nineteen_tickets_are_too_little_and_counted(root: Path, tmp_path: Path) -> None:
    home = young(tmp_path, root / "data" / "sample", 19)
    with pytest.raises(TooLittle, match="category: there are 19 labelled texts and it takes at least 20"):
        train.train(home)
    assert models.history(home) == []
    found = desk_of(home).triage_text("VPN drops every few minutes since the update", viewer=EVERYONE)
    assert all(p.value is None for p in found.predictions.values())


@pytest.mark.parametrize(
    ("categories", "sentence"),
    [
        (["Mail"] * 60, "only one value, 'Mail'"),
        ([" mail", "MAIL ", "Mail", "Mail"] * 15, "only one value, 'Mail'"),
        ([f"value {i}" for i in range(60)], "none of the 60 different values"),
    ],
)
def test_one_class_or_all_values_different_is_one_sentence(
    tmp_path: Path, categories: list[str], sentence: str
) -> None:
    home = odd(tmp_path, [f"problem {i} with thing {i % 7}" for i in range(60)], categories)
    with pytest.raises(TooLittle, match=sentence):
        train.train(home)


def test_thousands_of_values_are_pooled_and_no_default_is_said(tmp_path: Path) -> None:
    texts = [f"{('vpn tunnel', 'printer jam')[i % 2]} number {i}" for i in range(5_400)]
    names = [("Network", "Printing")[i % 2] if i % 27 < 2 else f"value {i}" for i in range(5_400)]
    home = odd(tmp_path, texts, names)
    train.train(home)
    its = models.show(home).cards["category"]
    assert len(its.pooled) == 5_000
    assert {row["label"] for row in its.classes} == {"Network", "Printing"}
    found = desk_of(home).triage_text("vpn tunnel number 4711 and so on", viewer=EVERYONE).predictions["category"]
    assert found.value is None
    assert found.code == "rare"


def test_copies_with_contradicting_labels_stay_silent(tmp_path: Path) -> None:
    home = odd(tmp_path, ["the printer does not print at all"] * 80, ["Mail", "Printing"] * 40)
    train.train(home)
    desk = desk_of(home)
    for text in ("the printer does not print at all", "", "the printer does not print " * 40_000):
        found = desk.triage_text(text, viewer=EVERYONE).predictions["category"]
        assert found.value is None
        assert found.reason


def test_what_people_said_weighs_more_than_history_and_is_learnt_again(tmp_path: Path) -> None:
    texts = [f"{('badge reader at the door', 'mail box quota')[i % 2]} {i % 5}" for i in range(60)]
    home = odd(tmp_path, texts, [("Network", "Mail")[i % 2] for i in range(60)])
    train.train(home)
    desk = desk_of(home)
    for i in range(0, 60, 2):
        said = Correction(Ref("ticket", "desk", f"T{i}"), "category", "Network", "Facilities", "replaced", by="ann")
        desk.correct(replace(said, at=START), viewer=EVERYONE)
    done = train.train(home)
    assert "Facilities" in done.figures["category"]["classes"]
    found = desk_of(home).triage_text("badge reader at the door 9", viewer=EVERYONE).predictions["category"]
    assert found.alternatives[0][0] == "Facilities"


def test_a_name_on_a_suggestion_leads_to_the_card_of_its_model(root: Path, tmp_path: Path) -> None:
    home = young(tmp_path, root / "data" / "sample", 120)
    train.train(home)
    found = desk_of(home).triage_text("VPN drops every few minutes", viewer=EVERYONE)
    its = models.show(home, found.model).cards["category"]
    assert its.trained_until is not None
    assert its.population["length in words"]
    assert np.isclose(sum(its.population["suggested"].values()), 1)
