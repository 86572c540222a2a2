"""Every question to the desk is asked only where the role may: roles times questions, from the one table."""

from __future__ import annotations

import inspect

import pytest

from kb.desk import Desk, rights
from kb.errors import NotAllowed
from kb.records import Viewer
from kb.roles import PERMISSIONS, ROLES, WRITING
from kb.screens import mirror
from kb.screens.paper import button, div, form, submit

QUESTIONS = sorted({*rights.READS, *rights.WRITES})


def refused(question: str, viewer: Viewer) -> bool:
    """Whether the gate refuses; behind it anything may go wrong, for there is no desk."""
    try:
        getattr(Desk, question)(object(), viewer=viewer)
    except NotAllowed:
        return True
    except Exception:  # noqa: BLE001 - whatever comes after the gate
        return False
    return False


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_the_desk_lets_a_role_ask_what_the_table_says_and_nothing_else(role: str, question: str) -> None:
    viewer = Viewer("x", roles=frozenset({role}))
    assert refused(question, viewer) is (role not in PERMISSIONS[rights.act_of(question)])


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_a_role_nothing_is_answered_and_looking_as_somebody_changes_nothing(question: str) -> None:
    assert refused(question, Viewer("x", roles=frozenset()))
    assert not refused(question, Viewer("local"))
    looking = Viewer("x", roles=frozenset(ROLES), looking="ada")
    assert refused(question, looking) is (rights.act_of(question) in WRITING)


def test_every_public_question_that_names_a_viewer_is_in_a_table() -> None:
    for name, value in inspect.getmembers(Desk, callable):
        if not name.startswith("_") and not isinstance(value, type) and name not in rights.FREE:
            assert name in QUESTIONS, f"{name} is in no table of kb/desk/rights.py, so no role may ask it"
            assert "viewer" in inspect.signature(value).parameters
    assert set(map(rights.act_of, QUESTIONS)) <= set(PERMISSIONS)


def test_a_question_that_somebody_forgot_to_list_is_refused_to_every_role() -> None:
    @rights.guarded
    class Wider(Desk):
        def erase_everything(self, *, viewer: Viewer) -> str:
            """New, and in no table."""
            return "gone"

    with pytest.raises(NotAllowed, match="no role was given yet"):
        Wider.erase_everything(object(), viewer=Viewer("x", roles=frozenset(ROLES)))  # type: ignore[arg-type]
    assert Wider.erase_everything(object(), viewer=Viewer("local")) == "gone"  # type: ignore[arg-type]


def test_screens_switch_off_what_the_role_does_not_let_one_do_and_say_who_may() -> None:
    nodes = [div("", button("Accept", "accept"), form("correct", submit("Save"))), button("Why", "why")]
    viewer = Viewer("x", roles=frozenset({"auditor"}))
    accept, correct = mirror.mirrored("queue", nodes, viewer)[0]["k"]
    assert "ask a technician, somebody in triage or a desk lead" in accept["off"]
    assert correct["off"] == accept["off"]
    assert "off" not in mirror.mirrored("queue", nodes, viewer)[1]
    assert mirror.mirrored("queue", nodes, Viewer("x", roles=frozenset({"technician"}))) == nodes
    assert "off" not in nodes[0]["k"][0], "what was drawn for somebody else stays as it is"


@pytest.mark.parametrize("sheet", ["queue", "pattern-top", "models", "problem-new", "draft", "record", "answer"])
def test_every_act_a_screen_mirrors_is_one_of_the_table(sheet: str) -> None:
    named = {name for _, acts in mirror.ACTS for name in acts}
    assert {mirror.act_of(sheet, name) for name in named} - {None} <= set(PERMISSIONS)
