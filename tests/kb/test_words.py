"""Words: BM25 by field, identifiers whole, filtered before ranking, nothing a question holds is syntax."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import Damaged
from kb.words import Document, Where, WordIndex

DOCUMENTS = [
    Document(1, "Outlook keeps asking for password", "Since Monday", "cleared the credential cache",
             ("0x80070035",), {"category": "mail", "audience": ""}, opened=100, resolved=200),
    Document(2, "VPN drops every few minutes", "at home, error 789", "reinstalled the vpn client",
             ("789",), {"category": "network", "audience": ""}, opened=150, resolved=400),
    Document(3, "Payroll shows the wrong salary", "password of the payroll portal", "",
             (), {"category": "hr", "audience": "|HR|"}, opened=300),
]  # fmt: skip


@pytest.fixture(scope="module")
def words() -> WordIndex:
    return WordIndex.build(DOCUMENTS)


def test_the_right_document_comes_first(words: WordIndex) -> None:
    assert words.search("outlook password", 5)[0].tolist()[0] == 1


def test_inflected_words_meet(words: WordIndex) -> None:
    assert words.search("dropping", 5)[0].tolist() == [2]


def test_an_identifier_is_found_whole_in_any_case(words: WordIndex) -> None:
    assert words.exact(["0X80070035"], 5)[0].tolist() == [1]
    assert words.exact(["0x8007"], 5)[0].tolist() == []


def test_facets_narrow_before_ranking(words: WordIndex) -> None:
    public = Where({"audience": ("",)})
    assert words.search("password", 5, where=public)[0].tolist() == [1]
    assert words.search("password", 5, where=Where({"category": ("hr",)}))[0].tolist() == [3]
    assert words.exact(["789"], 5, where=Where({"category": ("mail",)}))[0].tolist() == []


@given(
    st.lists(st.tuples(st.sampled_from(["", "|A|", "|B|", "|C|"]), st.sampled_from(["", "mail"])), max_size=12),
    st.sets(st.sampled_from(["", "|A|", "|B|", "|X|"])),
)
@settings(max_examples=60, deadline=None)
def test_only_allowed_values_are_found_whether_few_or_most_documents_have_them(
    held: list[tuple[str, str]], allowed: set[str]
) -> None:
    made = [Document(i + 1, "printer", facets={"audience": a, "category": c}) for i, (a, c) in enumerate(held)]
    index = WordIndex.build(made).with_fresh([Document(50, "printer", facets={"audience": "|C|"})], [1])
    where = Where({"audience": tuple(sorted(allowed)) or ("-x",), "category": ("",)})
    wanted = {d.id for d in made[1:] if d.facets["audience"] in allowed and d.facets["category"] == ""}
    assert set(index.search("printer", 50, where=where)[0].tolist()) == wanted


def test_time_travel_knows_only_what_was_known_then(words: WordIndex) -> None:
    assert words.search("vpn", 5, where=Where(as_of=150))[0].tolist() == []
    assert words.search("reinstalled", 5, where=Where(as_of=399))[0].tolist() == []
    assert words.search("reinstalled", 5, where=Where(as_of=401))[0].tolist() == [2]
    assert words.by_field("reinstalled client", np.array([2]), as_of=399)[0, 2] == 0


def test_each_field_is_scored_by_itself(words: WordIndex) -> None:
    scores = words.by_field("password credential", np.array([3, 1]))
    assert scores.shape == (2, 3)
    assert scores[0, 0] == 0 < scores[0, 1]
    assert scores[1, 0] > 0 < scores[1, 2]


def test_fresh_documents_replace_and_the_deleted_are_gone(words: WordIndex) -> None:
    newer = words.with_fresh([Document(2, "Toner empty", "printer"), Document(9, "Outlook crash", "")], [3])
    assert set(newer.search("outlook", 5)[0].tolist()) == {1, 9}
    assert newer.search("vpn", 5)[0].tolist() == []
    assert newer.search("payroll", 5)[0].tolist() == []
    assert words.search("vpn", 5)[0].tolist() == [2], "the published index is as it was"


def test_a_long_log_keeps_only_its_rarest_words(words: WordIndex) -> None:
    log = " ".join(f"frame{n} at module{n % 7}" for n in range(20_000)) + " outlook"
    assert len(words.terms(log)) <= 32


@pytest.mark.parametrize("text", ["", " ", "😀😀", '"unclosed', "'; drop table tickets", "title:( AND", "a" * 100_000])
def test_odd_questions_are_only_words(words: WordIndex, text: str) -> None:
    ids, scores = words.search(text, 5)
    assert len(ids) == len(scores)


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_no_question_is_ever_an_error(text: str) -> None:
    WordIndex.build(DOCUMENTS[:1]).search(text, 3)


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="seenbefore index"):
        WordIndex.open(tmp_path)


def test_an_index_on_disk_answers_like_the_one_that_made_it(tmp_path: Path) -> None:
    made = WordIndex.build(DOCUMENTS, tmp_path)
    assert WordIndex.open(tmp_path).search("password", 3)[0].tolist() == made.search("password", 3)[0].tolist()


def test_an_identifier_of_a_resolution_is_known_only_once_it_was_written() -> None:
    late = Document(5, "vpn", "drops", "see KB5021233", (), {}, 100, 400, ("kb5021233",))
    index = WordIndex.build([late])
    assert index.exact(["KB5021233"], 5)[0].tolist() == [5]
    assert index.exact(["KB5021233"], 5, where=Where(as_of=400))[0].tolist() == []
    assert index.exact(["KB5021233"], 5, where=Where(as_of=401))[0].tolist() == [5]
