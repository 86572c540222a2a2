"""What weighs a place without writing its signs down comes to the same as its signs do."""

from __future__ import annotations

from itertools import chain
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.privacy.learnt import shipped
from kb.privacy.scales import Scales
from kb.privacy.signs import Place, Sign, places, signs
from pipelines.plants.tickets import harmless, planted

WORDS = st.sampled_from(
    ["password", "pwd", "is:", "=", "code", "PIN", "wifi", "key", "user", "admin", "my", "old", "new", "not", "tried", "Summer2024!", "hunter2", '"Rabbit-77"', "(884213)", "123", "456", "dragon", "lHUWofQ", "the", "on", "laptop", "VPN", "error", "0x80070005", "Orange-Tiger-Lamp", "20", "SAP,", "login:", "jsmith42", "[password]", "a=b;c=Winter23", "sent", "text", "open", "door", "4711#", "ticket", "INC0012345", "Passwort", "lautet", "été", "ключ", "9f86d081884c7d659a2feaa0c55ad015"]
)  # fmt: skip
TEXTS = st.lists(st.lists(WORDS, max_size=22).map(" ".join), max_size=4).map("\n".join)


def summed(place: Place, bias: float, of: dict[Sign, float]) -> float:
    return bias + sum(of.get(sign, 0.0) for sign in signs(place))


def made_up() -> list[Place]:
    texts = [one.text for one in chain(planted("ours", 150, seed=5), harmless("ours", 50, seed=5))]
    return [place for text in texts for place in places(text)]


@given(TEXTS)
def test_with_the_weights_that_are_shipped(text: str) -> None:
    weights = shipped()
    scales = Scales(weights.bias, weights.of)
    for place in places(text):
        assert scales.odds(place) == pytest.approx(summed(place, weights.bias, dict(weights.of)), abs=2e-6)


@given(TEXTS, st.integers(0, 99))
def test_with_weights_for_every_sign_there_is(text: str, seed: int) -> None:
    random, there = Random(seed), list(places(text))
    of = {sign: random.uniform(-2, 2) for place in there for sign in signs(place)}
    scales = Scales(0.5, of)
    for place in there:
        assert scales.odds(place) == pytest.approx(summed(place, 0.5, of), abs=2e-6)


def test_with_weights_for_every_sign_of_made_up_tickets() -> None:
    random, there = Random(7), made_up()
    of = {sign: random.uniform(-2, 2) for place in there for sign in signs(place)}
    names = {sign[0] for sign in of}
    assert names > {"look", "l1", "s123t", "about", "far", "left", "above", "spoken", "unspoken", "fame", "fleft", "of"}
    scales = Scales(-1.0, of)
    assert [scales.odds(place) for place in there] == pytest.approx(
        [summed(place, -1.0, of) for place in there], abs=2e-6
    )
