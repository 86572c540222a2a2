"""Models take each other's place only where they are not worse, and people can go back."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kb.errors import Damaged, NotBuilt, NotFound
from kb.records import EVERYONE, Ref, Ticket
from kb.text import prepare
from pipelines import index, models, train
from pipelines.challenge import champion_of, later_rows
from pipelines.desk import desk_of
from pipelines.drift import drift, stale
from pipelines.home import Home
from pipelines.learnable import learnable
from pipelines.settings import Settings

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
KINDS = (
    ("Outlook asks for the password", "Mail"),
    ("VPN drops at home", "Network"),
    ("Printer jams again", "Printing"),
)


def past(first: int, last: int, *, shift: int = 0) -> list[Ticket]:
    """Tickets of three kinds; ``shift`` gives each the category of another kind."""
    return [
        prepare(
            Ticket(
                "desk", f"INC{i}", title=KINDS[i % 3][0], body=f"{'laptop' if i % 2 else 'desktop'} in room {i % 7} since day {i % 11}", state="closed",
                opened_at=START + timedelta(hours=9 * i), resolved_at=START + timedelta(hours=9 * i + 2),
                category=KINDS[(i + shift) % 3][1], line=1 if i % 2 else 2,
            )
        )
        for i in range(first, last)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that has learnt once, from 150 tickets. Copied, never changed."""
    home = Home(Settings(tmp_path_factory.mktemp("desk") / "home", embedder="hashing"))
    home.create()
    home.store.set("targets", "category,line")
    home.store.write("ticket", past(0, 150))
    index.build(home)
    train.train(home)
    return home.folder


@pytest.fixture
def home(first: Path, tmp_path: Path) -> Home:
    shutil.copytree(first, tmp_path / "home")
    return Home(Settings(tmp_path / "home", embedder="hashing"))


def grown(home: Home, tickets: list[Ticket]) -> train.Trained:
    home.store.write("ticket", tickets)
    index.build(home)
    return train.train(home)


def test_the_first_models_are_published_since_there_is_nothing_to_compare_with(home: Home) -> None:
    shown = models.show(home)
    assert shown.entry.serving
    assert "nothing to compare it with" in shown.entry.targets["category"]["why"]
    assert shown.cards["category"].fitted_in == shown.entry.name
    assert shown.cards["category"].tickets == 150


def test_too_few_later_tickets_publish_with_that_reason(home: Home) -> None:
    done = grown(home, past(150, 170))
    assert "only 20 tickets with a known outcome came after" in done.rulings["category"]


def test_models_are_compared_on_later_tickets_that_neither_learnt_from(home: Home) -> None:
    done = grown(home, past(150, 240))
    assert done.rulings["category"].startswith("Published: on 60 later tickets not worse")
    generation, _ = home.made.current("models")
    ruling = generation.facts["rulings"]["category"]
    assert ruling["champion"]["accuracy"] == 1
    assert ruling["challenger"]["accuracy"] == 1


def test_a_worse_model_is_refused_for_its_target_alone_and_the_old_one_goes_on(home: Home) -> None:
    before = models.show(home).entry.name
    mixed = past(150, 160, shift=1) + past(160, 240)
    wrong = [replace(t, number=f"x{t.number}", opened_at=START + timedelta(hours=9 * 149, minutes=i))
             for i, t in enumerate(past(0, 150, shift=1))]  # fmt: skip
    done = grown(home, wrong + mixed)
    assert done.rulings["category"].startswith("Kept the model in service: on ")
    assert done.rulings["line"].startswith("Published")
    shown = models.show(home)
    assert shown.cards["category"].fitted_in == before
    assert shown.cards["line"].fitted_in == shown.entry.name != before
    found = desk_of(home).triage_text("VPN drops at home since day 3", viewer=EVERYONE)
    assert found.predictions["category"].alternatives[0][0] == "Network"
    assert found.model == shown.entry.name
    again = grown(home, past(240, 250))
    assert "Kept" in again.rulings["category"], "one more run with few tickets does not let the refused one in"


def test_a_model_that_learnt_from_a_deleted_or_restricted_ticket_does_not_serve_on(home: Home) -> None:
    home.store.delete([Ref("ticket", "desk", "INC5")])
    assert "deleted or restricted" in grown(home, past(150, 240)).rulings["category"]
    home.store.write("ticket", [replace(past(7, 8)[0], audience=("HR",))])
    assert "deleted or restricted" in train.train(home).rulings["line"]


def test_history_names_every_generation_also_those_whose_files_are_gone(home: Home) -> None:
    oldest = models.show(home).entry.name
    for _ in range(6):
        train.train(home, force=True)
    entries = models.history(home)
    assert len(entries) == 7
    assert [e.serving for e in entries] == [True] + [False] * 6
    assert sum(e.kept for e in entries) == 5
    gone = models.show(home, oldest)
    assert (gone.entry.kept, dict(gone.cards)) == (False, {})
    assert gone.entry.targets["category"]["macro_f1"] >= 0
    with pytest.raises(NotBuilt, match="are gone"):
        models.rollback(home, oldest, at=NOW)


def test_a_lost_log_is_made_again_from_what_is_kept(home: Home) -> None:
    train.train(home, force=True)
    before = models.history(home)
    log = home.made.root / "models" / "history.jsonl"
    log.unlink()
    assert models.history(home) == before
    assert len(log.read_text().splitlines()) == 2
    log.write_text("half a li\n" + log.read_text())
    assert models.history(home) == before


def test_going_back_is_said_kept_and_not_undone_by_the_next_training(home: Home) -> None:
    old = models.show(home).entry.name
    grown(home, past(150, 160))
    new = models.show(home).entry.name
    sentence = models.rollback(home, old, at=NOW, by="ann")
    assert old in sentence and new in sentence
    assert desk_of(home).triage_text("VPN drops at home", viewer=EVERYONE).model == old
    notes = {e.name: e.note for e in models.history(home)}
    assert notes[new] == f"Left for {old} on 2026-06-01 by ann."
    assert notes[old] == "Gone back to on 2026-06-01 by ann."
    assert "nothing was changed" in models.rollback(home, old, at=NOW)
    for last in (170, 180):
        done = grown(home, past(160, last))
        assert done.rulings["category"].startswith(f"Kept the model in service: a person went back to it from {new}")
        assert models.show(home).cards["category"].fitted_in == old
        assert any("a person went back" in note for note in done.notes)
    assert grown(home, past(180, 300)).rulings["category"].startswith("Published: on ")
    assert not any("a person went back" in note for note in grown(home, past(300, 305)).notes)


def test_nothing_damaged_unknown_or_ambiguous_is_gone_back_to(home: Home) -> None:
    old = models.show(home).entry.name
    train.train(home, force=True)
    serving = home.made.pointers()["models"]
    (home.made.root / old / "triage.skops").write_bytes(b"broken")
    with pytest.raises(Damaged):
        models.rollback(home, old, at=NOW)
    for name, said in (("models-1999", "There is no generation"), ("models-", "Several generations")):
        with pytest.raises(NotFound, match=said):
            models.rollback(home, name, at=NOW)
    assert home.made.pointers()["models"] == serving


def test_nothing_learnt_yet_is_said(tmp_path: Path) -> None:
    home = Home(Settings(tmp_path / "home", embedder="hashing"))
    home.create()
    assert models.history(home) == []
    with pytest.raises(NotBuilt, match="seenbefore train"):
        models.show(home)


def test_the_trial_learns_only_from_what_came_before_the_judged_tickets(home: Home) -> None:
    home.store.write("ticket", past(150, 240))
    pool = learnable(home, say=lambda *_: None, keep=lambda t: t.is_done)
    later = later_rows(pool, champion_of(home), "category")
    assert later.judged.tolist() == later.withheld.tolist() == list(range(180, 240))
    late = [replace(t, number=f"late{t.number}") for t in past(0, 80)]
    home.store.write("ticket", late)
    pool = learnable(home, say=lambda *_: None, keep=lambda t: t.is_done)
    later = later_rows(pool, champion_of(home), "category")
    assert later.withheld.tolist() == list(range(int(later.judged[0]), len(pool.tickets)))


def test_drift_is_seen_in_what_goes_in_and_what_comes_out(home: Home) -> None:
    cards, desk = models.show(home).cards, desk_of(home)
    same = learnable(home, say=lambda *_: None, keep=lambda t: t.is_done).part(np.arange(60, 150))
    calm = drift(same, desk.triage_with.models, cards)
    assert {(d.target, d.what) for d in calm} >= {("", "language"), ("category", "suggested"), ("line", "confidence")}
    assert not any(d.moved for d in calm if d.what in ("suggested", "length in words"))
    longer = same.part(np.arange(90))
    longer.tickets[:] = [replace(t, title="VPN drops at home", body="again and again " * 20) for t in longer.tickets]
    moved = {(d.target, d.what) for d in drift(longer, desk.triage_with.models, cards) if d.moved}
    assert ("", "length in words") in moved
    assert drift(same.part(np.arange(10)), desk.triage_with.models, cards) == []


def test_models_that_know_nothing_of_half_a_year_of_tickets_are_stale() -> None:
    until = "2026-01-05T08:00:00+00:00"
    assert stale(until, START + timedelta(days=179), 5_000) == ""
    assert stale(until, START + timedelta(days=400), 49) == ""
    assert "last 400 days and 50 tickets" in stale(until, START + timedelta(days=400), 50)
    assert stale(None, START, 500) == stale(until, None, 500) == ""


def test_a_shown_generation_is_plain_values(home: Home) -> None:
    said = json.loads(json.dumps(models.as_json(models.show(home))))
    assert said["cards"]["category"]["classes"]
    assert said["serving"] is True
