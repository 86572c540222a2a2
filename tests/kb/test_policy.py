"""Policy: priority is computed by the desk's own matrix; settings that cannot be used are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadSetting
from kb.policy import ITIL_MATRIX, Policy, target_of, write_matrix
from kb.records import Ticket


@pytest.mark.parametrize(("impact", "urgency", "priority"), [(1, 1, 1), (1, 3, 3), (2, 2, 3), (3, 1, 3), (3, 3, 5)])
def test_priority_is_impact_times_urgency(impact: int, urgency: int, priority: int) -> None:
    value, why = Policy().priority(impact, urgency)
    assert value == priority
    assert f"Impact {impact}" in why


def test_without_impact_or_urgency_there_is_no_priority_but_a_reason() -> None:
    assert Policy().priority(None, 2) == (None, "No priority: impact not known.")
    assert Policy().priority(None, None) == (None, "No priority: impact and urgency not known.")
    value, why = Policy().priority(7, 1)
    assert value is None
    assert "no field" in why


@given(st.dictionaries(st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(1, 9), min_size=1))
def test_any_matrix_survives_its_setting(matrix: dict[tuple[int, int], int]) -> None:
    assert Policy.from_settings({"priority_matrix": write_matrix(matrix)}).matrix == matrix


def test_the_default_is_itil() -> None:
    assert Policy.from_settings({}).matrix == ITIL_MATRIX


@pytest.mark.parametrize(
    "settings",
    [
        {"priority_matrix": "x"},
        {"priority_matrix": "[]"},
        {"priority_matrix": '{"0,1": 1}'},
        {"sure": "much"},
        {"sure": "2"},
        {"promise": "-1"},
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(settings: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(settings))):
        Policy.from_settings(settings)


def test_any_column_of_the_export_can_be_a_target() -> None:
    ticket = Ticket("d", "1", line=2, impact=1, category=" Net ", extra={"u_region": "north"})
    found = [target_of(ticket, name) for name in ("category", "impact", "line", "urgency", "u_region", "nothing")]
    assert found == ["Net", "1", "2", "", "north", ""]
