"""The claims on the page Access: values are given roles and groups, tried out, and never leave the desk without an admin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.errors import BadSetting
from kb.records import Viewer
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings
from tests.pages import kinds, nodes, ran, words

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
EVIL = "![x](http://evil.example/a.png)"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(Settings(tmp_path / "desk", embedder="hashing"))
    home.create()
    for name, claims in (("Grace", ("it-hr", "all-staff")), ("Alan", ("it-hr", EVIL))):
        home.store.vouched("https://id.example", f"s-{name}", name, claims, issued=NOW, token=name, now=NOW)
    yield desk_of(home)
    home.store.close()


def _page(desk: object, acts: object) -> None:
    from kb.records import Viewer
    from kb.screens import accessclaims

    for act in acts:  # type: ignore[attr-defined]
        accessclaims._heard(desk, Viewer("ada"), act)  # type: ignore[arg-type]
    accessclaims.section(desk, Viewer("ada"))  # type: ignore[arg-type]


def shown(desk: Desk, *acts: dict[str, str]) -> str:
    return words(ran(_page, desk, list(acts), where={}), " ")


def test_a_value_is_added_given_roles_and_groups_and_taken_out_again(desk: Desk) -> None:
    said = shown(desk, {"name": "add", "value": "it-hr"}, {"name": "role", "value": "it-hr", "role": "technician"},
                 {"name": "groups", "value": "it-hr", "groups": "HR, Payroll"})  # fmt: skip
    assert "2 people brought it" in said
    assert desk.claims(viewer=Viewer()) == {"it-hr": {"roles": ["technician"], "groups": ["HR", "Payroll"]}}
    grace = desk.store.person("Grace")
    assert (grace.roles, grace.groups) == ({"technician"}, {"HR", "Payroll"})
    shown(desk, {"name": "role", "value": "it-hr", "role": "technician"})
    assert desk.store.person("Grace").roles == frozenset()
    assert "No value gives anything yet" in shown(desk, {"name": "out", "value": "it-hr"})


def test_what_people_bring_without_a_meaning_is_offered_as_text(desk: Desk) -> None:
    test = ran(_page, desk, [{"name": "add", "value": "it-hr"}], where={})
    offered = [one["value"]["value"] for one in kinds(test, "act") if one["name"] == "add"]
    assert offered == [EVIL, "all-staff"]


def test_the_trial_says_what_somebodys_claims_give(desk: Desk) -> None:
    grace = str(desk.store.person("Grace").id)
    acts = ({"name": "add", "value": "it-hr"}, {"name": "role", "value": "it-hr", "role": "triage"},
            {"name": "groups", "value": "it-hr", "groups": "HR"})  # fmt: skip
    said = shown(desk, *acts, {"name": "person", "person": grace})
    assert "Roles: triage. Groups: HR. These give nothing: all-staff." in said
    long = "CN=Desk,OU=Groups,DC=corp"
    assert f"These give nothing: all; {long}." in shown(desk, {"name": "try", "values": f"all\n {long}\n\n"})
    said = shown(desk, {"name": "try", "values": "nothing"})
    assert "Roles: none, so such a person may do nothing. Groups: none. These give nothing: nothing." in said


@pytest.mark.parametrize("act", [
    {"name": "add", "value": " "}, {"name": "add", "value": "x" * 201}, {"name": "role", "value": "gone", "role": "admin"},
    {"name": "role", "value": "it-hr", "role": "king"}, {"name": "groups", "value": "it-hr", "groups": "nobody"},
])  # fmt: skip
def test_what_cannot_be_is_said_in_a_sentence_and_changes_nothing(desk: Desk, act: dict[str, str]) -> None:
    desk.set_claims({"it-hr": {"roles": ["triage"], "groups": []}}, viewer=Viewer())
    test = ran(_page, desk, [act], where={})
    assert any(isinstance(one, dict) and "notes" in one.get("c", "") for one in nodes(test))
    assert desk.claims(viewer=Viewer()) == {"it-hr": {"roles": ["triage"], "groups": []}}


def test_a_change_that_leaves_nobody_to_manage_access_is_refused(desk: Desk) -> None:
    desk.set_claims({"it-hr": {"roles": ["admin"], "groups": []}}, viewer=Viewer())
    for meaning in ({}, {"it-hr": {"roles": ["triage"], "groups": []}}):
        with pytest.raises(BadSetting, match="make somebody else an admin first"):
            desk.set_claims(meaning, viewer=Viewer())
    desk.set_person(desk.store.person("Grace").id, viewer=Viewer(), roles=["admin"])
    desk.set_claims({}, viewer=Viewer())
