"""Where the caller's name stands as words of its own: what one pattern of all its parts would find, without making one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.privacy.names import _called, names_of

CALLERS = (
    "Emma Hartley",
    "Hartley, Emma (Sales)",
    "Ann-Emma Anne",
    "Anne Ann",
    "Jean-Luc O'Brien",
    "Müller Émile",
    "Strauß İnce",
)
PIECES = (
    "Emma", "emma", "EMMA", "Hartley", "hartley", "Anne", "Ann", "Jean-Luc", "O'Brien", "Müller", "MÜLLER", "émile", "Strauß",
    "İnce", " ", "  ", ", ", ". ", "J. ", ".", "-", "_", "s", "'s", "/", "://", "\\", "@", "x", "9", "\n", "ß",
)  # fmt: skip


def by_one_pattern(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    """What :func:`_called` says, written as the pattern of one caller."""
    one = "|".join(sorted(map(re.escape, parts), key=len, reverse=True))
    pattern = re.compile(
        rf"(?<![\w\\])(?<![\w.\\][/@.-])(?<!://)(?:{one})(?:(?:,? {{1,2}}(?:[A-Z]\. )?|[._-])(?:{one}))?"
        r"(?!(?!s\b)[\w@\\]|[-.]\w)",
        re.IGNORECASE,
    )
    return [match.span() for match in pattern.finditer(text)]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.sampled_from(CALLERS))
def test_names_stand_where_a_pattern_of_all_of_them_would_find_them(text: str, caller: str) -> None:
    assert list(_called(text, names_of(caller))) == by_one_pattern(text, names_of(caller))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Emma Hartley called", ["Emma Hartley"]),
        ("Hartley, Emma: and Emma J. Hartley", ["Hartley, Emma", "Emma J. Hartley"]),
        ("Emma's PC, Emmas PC, EMMA-PC01, C:\\Users\\emma, emma@corp", ["Emma", "Emma"]),
        ("Emmanuel, gemma and https://emma.example", []),
    ],
)
def test_a_name_is_a_word_of_its_own_and_two_beside_each_other_are_one(text: str, said: list[str]) -> None:
    assert [text[start:end] for start, end in _called(text, names_of("Emma Hartley"))] == said
