"""The Models page: cards, the promise and what it costs, modes, drift, data quality, and the way back."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.errors import NotBuilt
from kb.policy import Policy
from kb.records import EVERYONE, Correction
from kb.screens import models
from kb.screens.chrome import ADMIN, PAGES
from kb.screens.modelcard import held
from kb.screens.plot import Axis
from pipelines.desk import open_desk
from pipelines.drift import Drift
from pipelines.home import Home
from pipelines.models import cards_of
from pipelines.settings import Settings
from tests.pages import kinds, ran, words


@pytest.fixture
def desk(sample_home: Path, tmp_path: Path) -> Desk:
    """A copy of the sample desk that a test may write to, with the cards of its models."""
    shutil.copytree(sample_home, tmp_path / "desk")
    settings = Settings(tmp_path / "desk", threads=1)
    opened = open_desk(settings)
    generation, _ = Home(settings).made.current("models")
    cards = {target: card.to_state() for target, card in cards_of(generation).items()}
    opened.facts = {**opened.facts, "models": {**opened.facts["models"], "cards": cards}}
    return opened


def draw(desk: Desk, told: dict[str, str] | None = None, **where: str) -> AppTest:
    """Run the page, after the browser sent ``told``; anything it raises fails the test."""
    return ran(_page, desk, told, where=where)


def _page(desk: object, told: object) -> None:
    from kb.records import EVERYONE
    from kb.screens import models

    if told is not None:
        models._heard(desk, EVERYONE, told)  # type: ignore[arg-type]
    models.page(desk, EVERYONE)  # type: ignore[arg-type]


def test_the_page_shows_every_target_and_the_card_of_the_one_asked_for(desk: Desk) -> None:
    test = draw(desk, target="line")
    said = words(test)
    for part in ("Category", "Group", "Urgency", "Right, by how much it says", "Does it know how sure it is?",
                 "What it mistakes for what", "Nobody has answered a suggestion yet"):  # fmt: skip
        assert part in said, part
    assert [node["label"] for node in kinds(test, "plot")] == [
        "Share right against share of tickets it speaks on", "Share right against how sure it was"
    ]  # fmt: skip
    tried = {point["where"]["promise"] for plot in kinds(test, "plot") for point in plot["points"] if "where" in point}
    assert tried, "no promise can be pressed in the curve"
    assert all(0 <= point["y"] <= 1 for plot in kinds(test, "plot") for point in plot["points"])
    assert {node["page"] for node in kinds(test, "link")} <= {*PAGES, *ADMIN}


def test_a_promise_is_tried_before_it_is_saved_for_one_target_or_all(desk: Desk) -> None:
    tried = draw(desk, target="line", promise="0.8")
    assert {node["name"] for node in kinds(tried, "act")} >= {"promise", "promise-all"}
    assert desk.policy.promise_for("line") is None, "looking at a promise made it"
    draw(desk, {"name": "promise", "target": "line", "promise": "0.8"})
    assert (desk.policy.promise_for("line"), desk.policy.promise_for("category")) == (0.8, None)
    said = words(draw(desk, {"name": "promise-all", "target": "line", "promise": "0.9"}))
    assert (desk.policy.promise_for("line"), desk.policy.promise_for("category")) == (0.9, 0.9)
    assert "for all targets" in said


def test_a_mode_is_changed_and_the_others_stay(desk: Desk) -> None:
    draw(desk, {"name": "mode", "target": "impact", "mode": "shadow"})
    draw(desk, {"name": "mode", "target": "line", "mode": "autofill"})
    assert (desk.policy.mode("impact"), desk.policy.mode("line")) == ("shadow", "autofill")
    assert desk.policy.mode("category") == "recommend"


@pytest.mark.parametrize("told", [{"name": "mode", "target": "line", "mode": "close it"},
                                  {"name": "promise", "target": "line", "promise": "7"},
                                  {"name": "promise", "target": "line", "promise": "nonsense"},
                                  {"name": "drop", "target": "line"}])  # fmt: skip
def test_nonsense_from_the_browser_changes_no_rule(desk: Desk, told: dict[str, str]) -> None:
    before = dict(desk.store.settings())
    draw(desk, told)
    assert desk.store.settings() == before


def test_what_people_answered_is_counted_by_week(desk: Desk) -> None:
    ticket, other = desk.waiting(viewer=EVERYONE, most=2)
    for one, action in ((ticket, "accepted"), (other, "replaced")):
        said = Correction(one.ref, "line", "1", "1" if action == "accepted" else "2", action)  # type: ignore[arg-type]
        desk.correct(said, viewer=EVERYONE)
    said = words(draw(desk, target="line"))
    assert "1 of 2" in said
    assert "Week of" in said


def test_drift_quality_and_history_are_shown_where_they_are_known(desk: Desk) -> None:
    moved = asdict(Drift("line", "confidence", 0.31, 0.1, 80, {}, {}))
    finding = {"kind": "names", "target": "category", "what": "“Network” and “network ” are two values.",
               "todo": "Make them one.", "count": 3, "tickets": ["INC1"]}  # fmt: skip
    suspect = {"number": "INC2", "title": "<b>x</b>", "target": "line", "given": "1", "alternative": "2",
               "suspicion": 0.9}  # fmt: skip
    past = [{"name": "models-2", "when": "2026-03-02T12:00:00", "figures": {"line": 0.8}, "why": "", "serving": True},
            {"name": "models-1", "when": "2026-03-01T12:00:00", "figures": {"line": {"macro_f1": 0.7}}, "why": "First.",
             "serving": False}]  # fmt: skip
    went: list[str] = []
    desk.rollback_with = lambda name, by: went.append(name) or f"{name} serves again."  # type: ignore[func-returns-value]
    desk.facts = {**desk.facts, "drift": [moved], "history": past,
                  "quality": {"findings": [finding], "suspects": [suspect]}}  # fmt: skip
    test = draw(desk)
    for part in ("moved", "two values", "1 ticket probably mislabelled", "<b>x</b>", "serves", "First.", ".700"):
        assert part in words(test), part
    (back,) = [node["value"] for node in kinds(test, "act") if node["name"] == "rollback"]
    assert "models-1 serves again." in words(draw(desk, {"name": "rollback", **back}))
    assert went == ["models-1"]


def test_a_rollback_that_fails_says_so(desk: Desk) -> None:
    def gone(name: str, by: str) -> str:
        raise NotBuilt(f"The files of {name} are gone.")

    desk.rollback_with = gone
    assert "The files of models-1 are gone." in words(draw(desk, {"name": "rollback", "generation": "models-1"}))


def test_what_is_missing_names_the_command_that_makes_it(desk: Desk) -> None:
    desk.facts = {**desk.facts, "models": {**desk.facts["models"], "cards": {}}, "history": [], "drift": []}
    said = words(draw(desk))
    for command in ("seenbefore train", "seenbefore data-quality", "seenbefore models list"):
        assert command in said, command
    desk.facts = {}
    assert "Nothing is learnt yet." in words(draw(desk))


def test_without_a_promise_a_card_says_what_the_fixed_confidence_brings() -> None:
    curve = [{"threshold": t, "coverage": 1 - t, "precision": t, "low": 0.1, "high": 1.0} for t in (0.9, 0.7, 0.5)]
    card = {"curve": curve, "promises": [{"promise": 0.9, "coverage": 0.1, "precision": 0.95, "low": 0, "high": 1}]}
    assert held(card, None, sure=0.6) == curve[1]
    assert held(card, 0.9, sure=0.6) == card["promises"][0]
    assert held({}, None, sure=0.6) is held({}, 0.9, sure=0.6) is None


def test_settings_are_written_as_the_policy_reads_them() -> None:
    policy = Policy.from_settings({"promise": "0.9,line=0.8", "modes": "line=shadow"})
    again = Policy.from_settings({"promise": models.promise_text(policy, "category", 0.95),
                                  "modes": models.modes_text(policy, "impact", "off")})  # fmt: skip
    assert [again.promise_for(name) for name in ("category", "line", "impact")] == [0.95, 0.8, 0.9]
    assert (again.mode("line"), again.mode("impact")) == ("shadow", "off")
    assert models.promise_text(policy, "", 0) == ""


def test_a_chart_holds_its_points_inside() -> None:
    axis = Axis(0.5, 1.0, (0.5, 1.0))
    assert [axis.at(value) for value in (0.2, 0.5, 0.75, 1.0, 1.2)] == [0.0, 0.0, 0.5, 1.0, 1.0]
