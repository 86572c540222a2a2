"""Label errors, twin names, overlaps, conflicts and leaks are found, and ordinary data is left in peace."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import leaks, names, quality

TOPICS = {
    "Network": ["vpn", "wifi", "tunnel", "router", "dns", "gateway", "cable", "switch"],
    "Printing": ["printer", "toner", "paper", "jam", "tray", "driver", "scanner", "spooler"],
    "Mail": ["outlook", "mailbox", "attachment", "calendar", "signature", "spam", "inbox", "quota"],
}
FILLER = ["please", "help", "with", "this", "it", "does", "not", "work", "since", "monday", "thank", "you", "my",
          "colleague", "too", "urgent", "again"]  # fmt: skip


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Words thrown into 32 places: alike texts are alike vectors, and it can be checked by eye."""
    out = np.zeros((len(texts), 32), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            out[row, zlib.crc32(word.encode()) % 32] += 1
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def desk(n: int, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """n texts of three telling words among five others, and their labels."""
    rng = np.random.default_rng(seed)
    labels = [list(TOPICS)[i % 3] for i in range(n)]
    texts = [
        " ".join(rng.permutation([*rng.choice(TOPICS[label], 3, replace=False), *rng.choice(FILLER, 5)]))
        for label in labels
    ]
    return texts, labels


def with_errors(labels: Sequence[str], share: float, *, seed: int = 0) -> tuple[list[str], set[int]]:
    rng = np.random.default_rng(seed)
    wrong = {int(row) for row in rng.permutation(len(labels))[: int(len(labels) * share)]}
    return [str(rng.choice(sorted(set(TOPICS) - {label}))) if row in wrong else label
            for row, label in enumerate(labels)], wrong  # fmt: skip


def rated(texts: Sequence[str], labels: Sequence[str | None]) -> quality.Rated:
    return quality.rate(quality.look(texts, embed(texts)), labels)


# --- likely mislabelled ---------------------------------------------------------------------------------------------


def test_planted_label_errors_are_the_most_suspicious_and_the_right_label_is_proposed() -> None:
    texts, truth = desk(600)
    labels, wrong = with_errors(truth, 0.05)
    found = rated(texts, labels)
    top = {int(row) for row in found.ranked[:60]}
    assert len(top & wrong) >= 0.9 * len(wrong)
    caught = wrong & {int(row) for row in found.suspects}
    assert len(caught) >= 0.8 * len(wrong)
    assert all(found.classes[found.alternative[row]] == truth[row] for row in caught)
    assert len(found.suspects) <= 2 * len(wrong)


def test_clean_labels_give_a_short_list() -> None:
    texts, labels = desk(300)
    assert len(rated(texts, labels).suspects) <= 3


def test_the_same_seed_gives_the_same_ranking() -> None:
    texts, truth = desk(200)
    labels, _ = with_errors(truth, 0.1)
    one, two = rated(texts, labels), rated(texts, labels)
    assert np.array_equal(one.suspicion, two.suspicion)
    assert np.array_equal(one.ranked, two.ranked)
    assert np.array_equal(one.listed, two.listed)


def test_twenty_texts_are_enough_to_find_one_wrong_label() -> None:
    labels = [list(TOPICS)[i % 3] for i in range(20)]
    texts = [f"{' '.join(TOPICS[label][:3])} {FILLER[row % 16]}" for row, label in enumerate(labels)]
    labels[4] = "Mail"
    found = rated(texts, labels)
    assert found.suspects.tolist() == [4]
    assert found.classes[found.alternative[4]] == "Printing"


def test_a_set_in_which_every_ticket_is_a_copy_suspects_the_minority() -> None:
    texts = ["the same words again"] * 40
    labels = ["Mail"] * 37 + ["Network"] * 3
    found = rated(texts, labels)
    assert set(found.ranked[:3].tolist()) == {37, 38, 39}
    assert {found.classes[c] for c in found.alternative[37:]} == {"Mail"}


def test_a_copy_with_another_label_than_its_many_twins_is_suspicious() -> None:
    texts, labels = desk(90)
    texts += ["badge lost at gate seven"] * 12
    labels += ["Network"] * 11 + ["Printing"]
    assert int(rated(texts, labels).ranked[0]) == len(texts) - 1


def test_spellings_of_one_label_are_no_label_errors() -> None:
    texts, labels = desk(150)
    written = [label.upper() + " " if row % 5 == 0 else label for row, label in enumerate(labels)]
    found = rated(texts, written)
    assert found.classes == sorted(TOPICS)
    assert len(found.suspects) <= 2


@pytest.mark.parametrize(
    "labels",
    [["a"] * 60, [f"case {i}" for i in range(60)], [None] * 60, ["", "  "] * 30, ["a", "b", *[None] * 58]],
    ids=["one class", "all different", "none given", "blanks", "two labels"],
)
def test_where_there_is_nothing_to_tell_apart_nothing_is_suspicious(labels: list[str | None]) -> None:
    texts, _ = desk(60)
    looked = quality.look(texts, embed(texts))
    found = quality.rate(looked, labels)
    assert not found.suspicion.any()
    assert len(found.suspects) == 0
    assert quality.overlaps(found) == []
    assert leaks.leaks(leaks.marks(texts), labels) == []


def test_rows_without_a_label_are_neither_ranked_nor_suspicious() -> None:
    texts, truth = desk(120)
    labels: list[str | None] = [None if row % 4 == 0 else label for row, label in enumerate(truth)]
    found = rated(texts, labels)
    assert all(row % 4 for row in found.ranked.tolist())
    assert not found.suspicion[::4].any()


def test_empty_texts_and_texts_without_vectors_are_no_trouble() -> None:
    texts, labels = desk(60)
    texts = ["" if row % 2 else text for row, text in enumerate(texts)]
    looked = quality.look(texts, np.zeros((60, 8), dtype=np.float32))
    found = quality.rate(looked, labels)
    assert np.isfinite(found.suspicion).all()
    assert quality.conflicts(looked, labels) == []
    assert quality.look([], np.zeros((0, 8), dtype=np.float32)).near.at.shape[0] == 0


def test_five_thousand_classes_are_pooled_and_named_as_too_rare() -> None:
    texts, _ = desk(6000)
    labels = [f"class {i % 5000}" if i < 5000 else "big" for i in range(6000)]
    found = rated(texts, labels)
    assert "big" in found.classes
    assert len(found.pooled) == 5000
    assert quality.OTHER not in {found.classes[c] for c in found.alternative[found.alternative >= 0]}
    assert names.twin_names(labels) == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["a", "B ", "b", "", "c", None]), min_size=0, max_size=40))
def test_whatever_the_labels_suspicion_is_a_probability(labels: list[str | None]) -> None:
    texts = [f"word{i % 7} thing{i % 3}" for i in range(len(labels))]
    found = rated(texts, labels)
    assert ((found.suspicion >= 0) & (found.suspicion <= 1)).all()
    assert len(found.ranked) == int((found.given >= 0).sum())
    assert (found.alternative[found.listed] != found.given[found.listed]).all()


# --- labels among themselves ----------------------------------------------------------------------------------------


def test_labels_with_trailing_blanks_and_mixed_case_are_one_name() -> None:
    labels = ["Network"] * 20 + ["network "] * 3 + ["NET-WORK"] * 2 + ["Mail"] * 5
    (twins,) = names.twin_names(labels)
    assert twins.names == {"Network": 20, "network ": 3, "NET-WORK": 2}
    assert twins.exact


def test_a_rare_name_one_letter_from_a_common_one_is_found_and_two_common_ones_are_not() -> None:
    labels = ["Hardware"] * 50 + ["Hardwrae"] * 2 + ["Cabling"] * 30 + ["Calling"] * 30
    (twins,) = names.twin_names(labels)
    assert list(twins.names) == ["Hardware", "Hardwrae"]
    assert not twins.exact


def test_a_plural_is_a_twin_and_another_number_is_not() -> None:
    labels = ["Printer"] * 30 + ["Printers"] * 25 + ["Server 1"] * 50 + ["Server 2"] * 2 + ["GRP_10"] * 90 + ["GRP_1"]
    (twins,) = names.twin_names(labels)
    assert twins.names == {"Printer": 30, "Printers": 25}


def test_classes_that_share_their_texts_overlap_and_the_third_does_not() -> None:
    texts, truth = desk(600)
    rng = np.random.default_rng(1)
    labels = [str(rng.choice(["Mail", "Groupware"])) if label == "Mail" else label for label in truth]
    (pair,) = quality.overlaps(rated(texts, labels))
    assert {pair.one, pair.other} == {"Groupware", "Mail"}
    assert min(pair.one_as_other, pair.other_as_one) > 1 / 3
    assert {labels[row] for row in pair.rows} <= {"Groupware", "Mail"}


def test_classes_that_differ_do_not_overlap() -> None:
    texts, labels = desk(300)
    assert quality.overlaps(rated(texts, labels)) == []


def test_the_same_text_with_two_labels_is_a_conflict_and_two_spellings_are_not() -> None:
    texts, labels = desk(60)
    texts += ["Door is stuck", "door is stuck!", "window is open", "window is open", "", ""]
    labels += ["Mail", "Network", "Mail", "mail ", "Mail", "Network"]
    found = quality.conflicts(quality.look(texts, embed(texts)), labels)
    assert [(one.rows, one.labels, one.identical) for one in found] == [((60, 61), {"Mail": 1, "Network": 1}, True)]


def test_nearly_the_same_text_with_two_labels_is_a_conflict() -> None:
    texts, labels = desk(60)
    long = " ".join(f"word{i}" for i in range(40))
    texts += [f"{long} monday", f"{long} tuesday"]
    labels += ["Mail", "Network"]
    found = quality.conflicts(quality.look(texts, embed(texts)), labels)
    assert [(one.rows, one.identical) for one in found] == [((60, 61), False)]


# --- answers given away ---------------------------------------------------------------------------------------------


def test_a_closing_phrase_that_only_one_class_has_is_a_leak_and_ordinary_words_are_not() -> None:
    texts, labels = desk(300)
    rows = [row for row, label in enumerate(labels) if label == "Mail"][:40]
    for row in rows:
        texts[row] += ". Caller confirmed that all is well"
    (leak,) = leaks.leaks(leaks.marks(texts), labels)
    assert (leak.kind, leak.what, leak.label, leak.count) == ("closing", "caller confirmed", "Mail", 40)
    assert set(leak.rows) == set(rows)


def test_ordinary_telling_words_are_no_leak() -> None:
    texts, labels = desk(600)
    assert leaks.leaks(leaks.marks(texts), labels) == []


def test_a_closing_phrase_that_all_classes_have_is_no_leak() -> None:
    texts, labels = desk(300)
    texts = [f"{text} issue resolved" for text in texts]
    assert leaks.leaks(leaks.marks(texts), labels) == []


def test_words_that_end_every_text_of_one_class_and_no_other_are_a_leak() -> None:
    texts, labels = desk(300)
    texts = [f"{text} routed zx" if label == "Network" else text for text, label in zip(texts, labels, strict=True)]
    (leak,) = leaks.leaks(leaks.marks(texts), labels)
    assert (leak.kind, leak.what, leak.label, leak.precision) == ("last words", "routed zx", "Network", 1.0)


def test_a_label_that_is_a_code_and_stands_in_the_text_is_a_leak() -> None:
    texts, labels = desk(300)
    labels = [{"Mail": "grp_1", "Network": "grp_2", "Printing": "grp_3"}[label] for label in labels]
    texts = [f"to GRP_1: {text}" if label == "grp_1" and row % 2 else text
             for row, (text, label) in enumerate(zip(texts, labels, strict=True))]  # fmt: skip
    (leak,) = leaks.leaks(leaks.marks(texts), labels)
    assert (leak.kind, leak.what, leak.label) == ("label", "grp_1", "grp_1")


def test_a_field_that_settles_the_class_is_a_leak_and_one_of_chance_or_of_single_values_is_not() -> None:
    texts, labels = desk(300)
    chance = np.random.default_rng(3).choice(["north", "south"], 300).tolist()
    fields = {"queue": [f"q-{label}" for label in labels], "site": chance, "id": [f"i{i}" for i in range(300)]}
    (leak,) = leaks.leaks(leaks.marks(texts), labels, fields)
    assert (leak.kind, leak.what, leak.count) == ("field", "queue", 300)


# --- texts ----------------------------------------------------------------------------------------------------------


def test_empty_short_repeated_and_boilerplate_texts_are_told_apart() -> None:
    texts, _ = desk(40)
    footer = "this mail is confidential and private"
    texts = [f"{text}\n{footer}" for text in texts]
    texts += ["", "...", "help", f"{footer}", texts[0]]
    found = quality.shares(texts)
    assert found.empty.tolist() == [40, 41]
    assert found.short.tolist() == [42]
    assert found.boilerplate.tolist() == [43]
    assert found.copies.tolist() == [44]
    assert list(found.lines) == [footer]


def test_a_line_that_only_copies_repeat_is_no_boilerplate() -> None:
    found = quality.shares(["the backup of server nine failed"] * 30 + ["something else happened here today"])
    assert found.lines == {}
    assert len(found.copies) == 29
