"""Patterns of a handful of tickets that can be checked by eye."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.errors import Damaged, NotFound
from kb.overlay import Overlay
from kb.patternmaking import Found, assemble, from_json, to_json
from kb.patterns import Patterns

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [("Paper jam", (("paper jam", 3),)), ("VPN drops", (("vpn drops", 2),))]


def found() -> Found:
    """Seven tickets out of order: 10..13 in group 0, 20 and 21 in group 1, 30 in none; 13 has no date."""
    return Found(
        ticket=[21, 10, 11, 12, 13, 20, 30],
        group=np.array([1, 0, 0, 0, 0, 1, -1]),
        variant=np.array([2, 0, 0, 1, 1, 2, -1]),
        closeness=np.array([0.7, 0.9, 0.8, 0.95, 0.6, 0.9, 0.0], dtype=np.float32),
        opened=[START + timedelta(days=d) for d in (40, 0, 1, 2)] + [None, START + timedelta(days=39), START],
        centres=np.eye(2, 4, dtype=np.float32),
    )


def made() -> Patterns:
    return assemble(found(), NAMES, [None, None], facts={"resolution": 0.28})


def test_a_pattern_has_its_size_dates_and_nearest_examples() -> None:
    jam, vpn = made().records()
    assert (jam.id, jam.name, jam.size) == ("PAT00001", "Paper jam", 4)
    assert (jam.first_seen, jam.last_seen) == (START, START + timedelta(days=2))
    assert jam.members == (10, 11, 12, 13)
    assert jam.examples == (12, 10, 11, 13)
    assert vpn.members == (20, 21)
    assert made().noise_share == pytest.approx(1 / 7)


def test_a_viewer_counts_only_tickets_they_may_see() -> None:
    (jam,) = made().records([11, 13, 30])
    assert (jam.size, jam.members, jam.examples) == (2, (11, 13), (11, 13))
    assert jam.first_seen == jam.last_seen == START + timedelta(days=1)
    assert made().records([]) == []


def test_old_patterns_keep_their_id_and_no_id_is_given_twice() -> None:
    first = made()
    second = assemble(found(), NAMES, ["PAT00002", None], next_number=first.next_number)
    assert [head.id for head in second.heads] == ["PAT00002", "PAT00003"]
    assert second.next_number == 4


def test_what_people_said_is_laid_over_and_survives_a_refit() -> None:
    said = Overlay(names={"PAT00001": "Tray 2 jams"}, dismissed=frozenset({"PAT00002"}))
    again = assemble(found(), [("Other", ()), ("Words", ())], ["PAT00001", "PAT00002"], next_number=3)
    assert [one.name for one in again.records(overlay=said)] == ["Tray 2 jams"]
    assert [one.id for one in again.records(overlay=said, dismissed=True)] == ["PAT00001", "PAT00002"]


def test_merged_patterns_are_one_and_a_removed_ticket_is_left_out() -> None:
    said = Overlay(merged={"PAT00002": "PAT00001"}, removed=frozenset({(12, "PAT00001"), (99, "PAT00001")}))
    (one,) = made().records(overlay=said)
    assert one.members == (10, 11, 13, 20, 21)


def test_a_merge_into_a_pattern_that_is_gone_or_in_a_circle_loses_nothing() -> None:
    for merged in ({"PAT00002": "PAT00077"}, {"PAT00001": "PAT00002", "PAT00002": "PAT00001"}):
        assert sum(one.size for one in made().records(overlay=Overlay(merged=merged))) == 6


def test_an_overlay_goes_through_json_unchanged() -> None:
    said = Overlay({"PAT1": "ä"}, frozenset({"b", "a"}), {"x": "y"}, frozenset({(3, "x"), (1, "x")}))
    assert Overlay.from_dict(json.loads(json.dumps(said.to_dict()))) == said
    assert Overlay.from_dict({}) == Overlay()


def test_patterns_go_through_json_and_arrays_unchanged() -> None:
    text, arrays = to_json(made())
    back = from_json(text, arrays)
    assert back.records() == made().records()
    assert back.heads == made().heads
    assert back.facts == {"resolution": 0.28}
    assert to_json(back)[0] == text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"patterns": 3}', "null"])
def test_a_text_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(Damaged, match="seenbefore patterns"):
        from_json(text, to_json(made())[1])


def test_arrays_that_do_not_fit_the_text_are_refused() -> None:
    text, arrays = to_json(made())
    for key in arrays:
        with pytest.raises(Damaged, match="seenbefore patterns"):
            from_json(text, {**arrays, key: arrays[key][:-1]})
        with pytest.raises(Damaged, match="seenbefore patterns"):
            from_json(text, {other: array for other, array in arrays.items() if other != key})
    with pytest.raises(Damaged, match="do not belong together"):
        from_json(text, {**arrays, "group": arrays["group"] + 5})


def test_a_newcomer_joins_the_nearest_pattern_or_none() -> None:
    rows = np.array([[0.9, 0.1, 0, 0.42], [0, 0.99, 0.1, 0], [0.2, 0.2, 0.9, 0.3]], dtype=np.float32)
    said = Overlay(merged={"PAT00002": "PAT00001"})
    near, other, none = made().join(rows)
    assert near is not None and near[0] == "PAT00001" and near[1] == pytest.approx(0.9)
    assert other is not None and other[0] == "PAT00002"
    assert none is None
    assert [one and one[0] for one in made().join(rows, overlay=said)] == ["PAT00001", "PAT00001", None]
    assert made().join(np.zeros((0, 4), dtype=np.float32)) == []


def test_a_pattern_is_found_by_id_or_refused_by_name() -> None:
    assert made().head("PAT00002").name == "VPN drops"
    with pytest.raises(NotFound, match="PAT9"):
        made().head("PAT9")


def test_no_tickets_make_no_patterns() -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = assemble(Found([], none, none, none.astype(np.float32), [], np.zeros((0, 4), dtype=np.float32)), [], [])
    assert empty.records() == []
    assert empty.noise_share == 0.0
    assert empty.members() == {}
    assert empty.join(np.eye(4, dtype=np.float32)) == [None] * 4
    assert from_json(*to_json(empty)).heads == ()
