"""Alternatives of a pattern told apart by their first signs: the same finds, in less time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.privacy.spans import branched

PATTERN = r"pass|pw|p[a@]ss ?word|pin(?<![a-z]pin)|pin|ww|wi-?fi|w[lp]an|(?:a|b)c|net\|work|network"


@given(st.text(alphabet="paswindfort-k|l@bc ", max_size=40))
def test_the_finds_are_the_same(text: str) -> None:
    for pattern in (PATTERN, PATTERN.replace("(?:a|b)c|", "")):
        assert [m.span() for m in re.finditer(branched(pattern), text)] == [
            m.span() for m in re.finditer(pattern, text)
        ]


@pytest.mark.parametrize(
    ("pattern", "made"),
    [("ab|ac|b", "a(?:b|c)|b"), ("ab?|ac", "a(?:b?|c)"), ("a?b|ac", "a?b|ac"), ("a", "a"), ("a[|]|b", "a[|]|b")],
)
def test_alternatives_share_their_first_sign(pattern: str, made: str) -> None:
    assert branched(pattern) == made
