"""What people said of old groups, laid on new ones that can be checked by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.matching import Carried, Wishes, carry_on

AXES = np.eye(6, dtype=np.float32)


def carried(
    new: Sequence[int], was: Sequence[int], names: Sequence[str] = ("A", "B", "C"), *, about: Sequence[int] = (),
    centres: Mapping[int, int] | None = None, **wishes: object,
) -> Carried:  # fmt: skip
    """``about`` is the axis each text points along, its new group where not given."""
    vectors = AXES[np.array([max(one, 0) for one in (about or new)], np.int64)]
    known = np.zeros((len(names), 6), dtype=np.float32)
    for at, axis in (centres or {}).items():
        known[at] = AXES[axis]
    return carry_on(
        np.array(new, np.int64), vectors, np.array(was, np.int64), names, wishes=Wishes(**wishes), centres=known
    )  # type: ignore[arg-type]


def as_dict(found: Carried) -> dict[str | None, list[int]]:
    return {name: np.flatnonzero(found.labels == at).tolist() for at, name in enumerate(found.names)}


def test_without_wishes_groups_go_on_by_overlap_and_the_rest_are_new() -> None:
    found = carried([0, 0, 0, 1, 1, -1], [1, 1, 1, -2, -2, 0])
    assert as_dict(found) == {"B": [0, 1, 2], None: [3, 4]}
    assert found.gone == []


def test_a_spoken_pattern_that_was_absorbed_is_taken_out_again() -> None:
    new, was = [0] * 9, [0] * 6 + [1] * 3
    assert as_dict(carried(new, was)) == {"A": list(range(9))}
    assert as_dict(carried(new, was, spoken={"B"})) == {"A": list(range(6)), "B": [6, 7, 8]}


def test_a_newcomer_goes_to_the_nearer_of_a_group_and_what_was_taken_out_of_it() -> None:
    found = carried([0] * 8, [0, 0, 0, 0, 1, 1, -2, -2], about=[0, 0, 0, 0, 1, 1, 1, 0], spoken={"B"})
    assert as_dict(found) == {"A": [0, 1, 2, 3, 7], "B": [4, 5, 6]}


def test_a_spoken_pattern_that_fell_apart_goes_on_with_its_largest_part() -> None:
    new, was = [0, 1, 2, 3, 3, 4, 4, 4, 4], [0, 0, 0, 0, 0, -2, -2, -2, -2]
    assert as_dict(carried(new, was, spoken={"A"}))["A"] == [3, 4]


def test_what_people_dismissed_or_merged_is_not_taken_apart() -> None:
    new, was = [0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 0, -2, -2]
    assert as_dict(carried(new, was, spoken={"A"}))["A"] == [0, 1, 2]
    found = as_dict(carried(new, was, spoken={"A"}, held={"A"}))
    assert found == {"A": [0, 1, 2, 3, 4], None: [5, 6]}


def test_a_split_stays_split_also_for_what_joined_it_later() -> None:
    wishes = {"spoken": {"A", "B"}, "held": {"B"}, "moved": {0: "B"}}
    found = carried([0] * 6, [0, 1, 0, 0, 0, -2], about=[1, 1, 0, 0, 0, 1], **wishes)
    assert as_dict(found) == {"A": [2, 3, 4], "B": [0, 1, 5]}


def test_a_split_ticket_without_a_group_is_in_its_split() -> None:
    found = carried([-1, 0, 0], [-2, 0, 0], about=[1, 0, 0], moved={0: "B"}, spoken={"B"})
    assert as_dict(found) == {"A": [1, 2], "B": [0]}


def test_a_spoken_pattern_without_tickets_is_gone_until_the_same_comes_back() -> None:
    assert carried([0, 0], [-2, -2], about=[0, 0], spoken={"A"}).gone == ["A"]
    found = carried([0, 0], [-2, -2], about=[3, 3], spoken={"A"}, centres={0: 3})
    assert (as_dict(found), found.gone) == ({"A": [0, 1]}, [])
    assert carried([0, 0], [-2, -2], about=[3, 3], spoken={"A"}, centres={0: 4}).gone == ["A"]
    assert carried([-1, -1], [0, 0], spoken={"A"}).gone == ["A"]


def test_a_spoken_pattern_follows_the_largest_part_even_where_that_has_another_name() -> None:
    new, was = [0] * 9 + [1, 1], [0] * 6 + [1] * 5
    assert as_dict(carried(new, was, spoken={"A", "B"})) == {"A": list(range(6)), "B": [6, 7, 8], None: [9, 10]}


def test_what_people_dismissed_is_not_drawn_into_others_and_takes_what_is_like_it() -> None:
    new, was = [0] * 8 + [1] * 3, [0] * 5 + [1] * 3 + [1, 1, -2]
    found = as_dict(carried(new, was, spoken={"B"}, held={"B"}))
    assert found == {"A": [0, 1, 2, 3, 4], "B": [5, 6, 7, 8, 9, 10]}


GROUPS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-2, 2), st.integers(0, 5)), max_size=25)


@settings(max_examples=200, deadline=None)
@given(
    GROUPS,
    st.sets(st.sampled_from("ABC")),
    st.sets(st.sampled_from("ABC")),
    st.dictionaries(st.integers(0, 24), st.just("C"), max_size=3),
)
def test_no_spoken_name_is_lost_none_is_given_twice_and_no_text_loses_its_group(
    rows: list[tuple[int, int, int]], spoken: set[str], held: set[str], moved: dict[int, str]
) -> None:
    moved = {text: name for text, name in moved.items() if text < len(rows)}
    new, was, about = ([row[i] for row in rows] for i in range(3))
    found = carried(new, was, about=about, spoken=spoken, held=held, moved=moved, centres={0: 1})
    names = [name for name in found.names if name]
    assert len(names) == len(set(names))
    assert spoken <= {*names, *found.gone}
    assert not set(found.gone) & set(names)
    assert (found.labels[np.array(new, dtype=int) >= 0] >= 0).all()
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=len(found.names))
    assert (sizes > 0).all() and sizes.tolist() == sorted(sizes.tolist(), reverse=True)
    for text, name in moved.items():
        assert found.names[found.labels[text]] == name
