"""What people said of patterns: acts that can be undone, told anew from their history, and read from old settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import BadSetting, NotFound
from kb.overlay import Act, Overlay, What

AT = datetime(2026, 1, 1, tzinfo=UTC)


def said(*acts: tuple[What, str, dict[str, object]]) -> Overlay:
    overlay = Overlay()
    for what, pattern, more in acts:
        overlay = overlay.with_act(what, pattern, by="ann", at=AT, **more)  # type: ignore[arg-type]
    return overlay


def test_an_act_is_kept_with_who_and_when_and_takes_effect() -> None:
    overlay = said(("rename", "P1", {"name": "Jam"}), ("dismiss", "P2", {}), ("merge", "P3", {"other": "P1"}))
    assert (overlay.names, overlay.dismissed, overlay.into("P3")) == ({"P1": "Jam"}, {"P2"}, "P1")
    assert [(act.id, act.by, act.at) for act in overlay.acts] == [(1, "ann", AT), (2, "ann", AT), (3, "ann", AT)]
    assert [act.what for act in overlay.about("P1")] == ["merge", "rename"]


def test_an_undone_act_no_longer_counts_but_stays_in_the_history() -> None:
    overlay = said(("rename", "P1", {"name": "Jam"}), ("rename", "P1", {"name": "Paper"})).undo(2, by="bob", at=AT)
    assert overlay.names == {"P1": "Jam"}
    assert (overlay.acts[1].undone, overlay.acts[1].undone_by) == (True, "bob")
    with pytest.raises(BadSetting):
        overlay.undo(2, by="bob", at=AT)
    with pytest.raises(NotFound):
        overlay.undo(9, by="bob", at=AT)


def test_an_act_in_the_middle_can_be_undone_and_later_ones_stand() -> None:
    overlay = said(("merge", "A", {"other": "B"}), ("merge", "B", {"other": "C"})).undo(1, by="", at=AT)
    assert (overlay.into("A"), overlay.into("B")) == ("A", "C")


def test_a_split_gets_an_id_that_is_never_given_twice_and_an_undone_one_leads_back() -> None:
    overlay = said(("split", "PAT7", {"tickets": [2, 1]}), ("split", "PAT7-1", {"tickets": [2]}))
    assert overlay.moved == {1: "PAT7-1", 2: "PAT7-2"}
    back = overlay.undo(1, by="", at=AT)
    assert (back.moved, back.splits, back.into("PAT7-1")) == ({2: "PAT7-2"}, {"PAT7-2"}, "PAT7")
    assert back.with_act("split", "PAT7", by="", at=AT, tickets=[5]).acts[-1].other == "PAT7-3"
    assert "PAT7" not in back.undo(2, by="", at=AT).told()


def test_an_empty_name_takes_a_given_one_back() -> None:
    assert said(("rename", "P", {"name": "x"}), ("rename", "P", {"name": ""})).names == {}


def test_settings_written_before_there_was_a_history_are_read() -> None:
    old = {"names": {"P1": "Jam"}, "dismissed": ["P2"], "merged": {"P3": "P1"}, "removed": [[7, "P1"]]}
    overlay = Overlay.from_dict(old)
    assert overlay.names == {"P1": "Jam"}
    assert overlay.removed == {(7, "P1")}
    assert [act.id for act in overlay.acts] == [1, 2, 3, 4]
    assert Overlay.from_dict(json.loads(json.dumps(overlay.to_dict()))) == overlay
    assert overlay.undo(3, by="", at=AT).into("P3") == "P3"


@pytest.mark.parametrize("bad", [{"acts": [{"what": "burn", "id": 1, "pattern": "P"}]}, {"acts": [{}]}, {"names": 3}])
def test_what_is_not_ours_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Overlay.from_dict(bad)


WHATS = st.sampled_from(["rename", "merge", "split", "dismiss", "recall", "not this"])
NAMES = st.sampled_from(["A", "B", "C"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(WHATS, NAMES, NAMES, st.integers(1, 4), st.booleans()), max_size=12))
def test_any_history_goes_through_json_and_all_undone_says_nothing(
    history: list[tuple[What, str, str, int, bool]],
) -> None:
    overlay = Overlay()
    for what, one, other, ticket, undone in history:
        target = other if what == "merge" else ""
        overlay = overlay.with_act(what, one, by="", at=AT, other=target, name="n", tickets=[ticket])
        if undone:
            overlay = overlay.undo(len(overlay.acts), by="", at=AT)
    back = Overlay.from_dict(json.loads(json.dumps(overlay.to_dict())))
    assert back == overlay
    assert back.acts == overlay.acts
    assert {overlay.into(one) for one in "ABC"} <= {"A", "B", "C"}
    for act in overlay.acts:
        if not act.undone:
            overlay = overlay.undo(act.id, by="", at=AT)
    assert overlay.told() == frozenset()
    assert isinstance(overlay.acts, tuple) and all(isinstance(act, Act) for act in overlay.acts)
