"""Names of groups whose titles can be read here."""

from __future__ import annotations

import numpy as np
import pytest

from models.naming import name_groups
from models.phrases import stem
from models.stopwords import FURNITURE

TITLES = {
    0: ["Paper jam in tray 2", "printer: paper jam", "Paper jam again, please help", "paper jam on floor 3"],
    1: [
        "VPN tunnel drops after login",
        "vpn tunnel drops",
        "Re: VPN tunnel drops every hour",
        "hello, vpn tunnel drops",
    ],
    2: ["printer printing prints nothing", "printers print nothing", "printing on printer prints blank"],
}


def grouped(titles: dict[int, list[str]]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], list[str]]:
    labels = [group for group, texts in titles.items() for _ in texts]
    return np.array(labels, dtype=np.int64), [text for texts in titles.values() for text in texts]


def test_a_name_is_the_phrase_that_most_titles_share() -> None:
    names = name_groups(*grouped(TITLES))
    assert names[0].name == "Paper jam"
    assert names[1].name == "VPN tunnel drops"
    assert names[0].phrases[0] == ("Paper jam", 4) or names[0].phrases[0] == ("paper jam", 4)
    assert names[0].read == 4


def test_no_word_comes_twice_in_any_of_its_forms() -> None:
    for found in name_groups(*grouped(TITLES)):
        stems = [stem(word.strip(",").casefold()) for word in found.name.split()]
        assert len(stems) == len(set(stems)), found.name


@pytest.mark.parametrize(
    "words", [("printer", "printers", "print", "printing"), ("account", "accounts"), ("locked", "lock", "locking")]
)
def test_forms_of_one_word_share_a_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


def test_names_of_people_stand_in_no_phrase() -> None:
    titles = ["Miller laptop battery dead", "laptop battery dead for Miller", "laptop battery dead"]
    (found,) = name_groups(np.zeros(3, dtype=np.int64), titles, exclude=["Jane Miller"])
    assert "miller" not in " ".join([found.name, *(phrase for phrase, _ in found.phrases)]).casefold()
    assert found.name == "Laptop battery dead"


def test_mail_furniture_and_addresses_stand_in_no_phrase() -> None:
    titles = ["FW: received from: a.b@example.com hello team please help, badge reader offline, kind regards"] * 3
    (found,) = name_groups(np.zeros(3, dtype=np.int64), titles)
    assert found.name == "Badge reader offline"
    said = {word for phrase, _ in found.phrases for word in phrase.casefold().split()}
    assert not said & FURNITURE
    assert not any("example" in word for word in said)


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (["Der Drucker druckt nicht", "drucker offline seit heute", "Bitte Drucker prüfen"], "drucker"),
        (["Imprimante hors service", "l'imprimante hors service depuis hier"], "imprimante"),
    ],
)
def test_german_and_french_grammar_does_not_make_a_name(titles: list[str], name: str) -> None:
    (found,) = name_groups(np.zeros(len(titles), dtype=np.int64), titles)
    assert name in found.name.casefold()
    assert not {"der", "seit", "heute", "bitte", "depuis", "hier"} & set(found.name.casefold().split())


def test_what_every_group_says_names_none() -> None:
    titles = {
        g: [f"mail client {word}" for _ in range(4)] for g, word in enumerate(["crash", "spam filter", "calendar"])
    }
    names = [found.name.casefold() for found in name_groups(*grouped(titles))]
    assert [word in name for word, name in zip(["crash", "spam filter", "calendar"], names, strict=True)] == [True] * 3


def test_no_two_groups_get_the_same_name() -> None:
    names = name_groups(*grouped({g: ["account locked"] * 3 for g in range(4)}))
    assert len({found.name.casefold() for found in names}) == 4


def test_an_empty_title_is_replaced_by_the_beginning_of_the_body() -> None:
    (found,) = name_groups(np.zeros(2, dtype=np.int64), ["", " "], bodies=["Scanner feeder stuck. Please help"] * 2)
    assert found.name == "Scanner feeder stuck"


def test_texts_without_a_word_are_called_unnamed() -> None:
    assert [found.name for found in name_groups(np.array([0, 0, 1]), ["???", "", "42"])] == ["Unnamed", "Unnamed (2)"]


def test_no_groups_have_no_names() -> None:
    assert name_groups(np.full(3, -1), ["a printer", "b", "c"]) == []
    assert name_groups(np.zeros(0, dtype=np.int64), []) == []


def test_codes_that_differ_from_case_to_case_do_not_name_a_group() -> None:
    titles = [f"job Job_{number} failed in scheduler" for number in range(1000, 1020)]
    (found,) = name_groups(np.zeros(20, dtype=np.int64), titles)
    assert "10" not in found.name
    assert "scheduler" in found.name
