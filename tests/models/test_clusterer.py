"""Groups of synthetic failures: vectors around known centres, texts from known words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.clusterer import NOISE, Clusters, Earlier, cluster
from models.graph import nearest
from models.matching import match
from models.scores import bcubed

DIM = 48
WORDS = (
    "printer jam tray",
    "vpn tunnel drops",
    "password expired reset",
    "outlook calendar missing",
    "disk volume full",
)


def failures(
    sizes: Sequence[int], *, spread: float = 0.5, seed: int = 3
) -> tuple[NDArray[np.float32], list[str], list[int]]:
    """Vectors, texts and true groups; each group has a centre and three words of its own."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), DIM))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = [group for group, size in enumerate(sizes) for _ in range(size)]
    noise = rng.normal(size=(len(truth), DIM))
    rows = centres[truth] + spread * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = [f"{WORDS[group % len(WORDS)]} case {i}" for i, group in enumerate(truth)]
    return rows.astype(np.float32), texts, truth


def lone(count: int, *, seed: int = 9) -> tuple[NDArray[np.float32], list[str]]:
    """Vectors and texts that have nothing to do with each other."""
    rows = np.random.default_rng(seed).normal(size=(count, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), [f"alone{i} apart{i}" for i in range(count)]


def as_sets(found: Clusters) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(found.labels == g).tolist()) for g in range(len(found.centres))}


def test_failures_that_differ_are_told_apart() -> None:
    vectors, texts, truth = failures([30, 20, 12, 6, 3])
    found = cluster(vectors, texts)
    assert bcubed(truth, found.labels.tolist())[2] > 0.95
    assert np.bincount(found.labels).tolist() == sorted(np.bincount(found.labels).tolist(), reverse=True)


def test_a_failure_far_larger_than_any_list_of_neighbours_stays_one_group() -> None:
    vectors, texts, _ = failures([600, 20, 20], spread=0.4)
    found = cluster(vectors, texts)
    assert np.bincount(found.labels[found.labels >= 0])[0] >= 590


def test_the_same_input_gives_the_same_groups() -> None:
    vectors, texts, _ = failures([25, 15, 10, 5], spread=0.8)
    one, two = cluster(vectors, texts, seed=4), cluster(vectors.copy(), list(texts), seed=4)
    assert np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.variants, two.variants)
    assert np.array_equal(one.centres, two.centres)


def test_equal_texts_are_always_together_and_in_one_variant() -> None:
    vectors, texts, _ = failures([20, 20], spread=0.9)
    again = ["  Printer JAM tray   case 3 ", texts[3], texts[3]]
    found = cluster(np.vstack([vectors, vectors[[3, 3, 3]]]), texts + again)
    same = [3, 40, 41, 42]
    assert len(set(found.labels[same].tolist())) == 1
    assert len(set(found.variants[same].tolist())) == 1


def test_thousands_of_copies_of_one_mail_are_one_group_and_do_not_drown_the_rest() -> None:
    vectors, texts, truth = failures([20, 12, 8])
    mail, _ = lone(1)
    rows = np.vstack([np.repeat(mail, 5_000, axis=0), vectors])
    found = cluster(rows, ["disk alert on host"] * 5_000 + texts)
    assert set(found.labels[:5_000].tolist()) == {0}
    assert 0 not in found.labels[5_000:]
    alone = cluster(vectors, texts)
    assert bcubed(truth, found.labels[5_000:].tolist())[2] >= bcubed(truth, alone.labels.tolist())[2] - 0.05
    assert found.facts.distinct == 41


def test_texts_that_have_nothing_in_common_are_noise_and_the_share_is_told() -> None:
    vectors, texts, _ = failures([20, 20])
    apart, others = lone(10)
    found = cluster(np.vstack([vectors, apart]), texts + others)
    assert (found.labels[40:] == NOISE).all()
    assert found.facts.noise_share == pytest.approx(np.mean(found.labels == NOISE))
    assert (found.closeness[found.labels == NOISE] == 0).all()


def test_a_text_without_a_vector_is_in_no_group() -> None:
    vectors, texts, _ = failures([10])
    vectors[4] = 0
    found = cluster(vectors, texts)
    assert found.labels[4] == NOISE
    assert found.variants[4] == NOISE


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_texts_give_a_sensible_answer(count: int) -> None:
    vectors, texts = lone(2)
    found = cluster(vectors[:count], texts[:count])
    assert len(found.labels) == count
    assert as_sets(found) == set()


def test_vectors_and_texts_must_belong_together() -> None:
    vectors, texts = lone(2)
    with pytest.raises(ValueError, match="2 vectors for 1 texts"):
        cluster(vectors, texts[:1])


def test_variants_lie_inside_their_group() -> None:
    vectors, texts, _ = failures([60, 30], spread=1.1)
    found = cluster(vectors, texts)
    for variant in range(found.variants.max() + 1):
        assert len(set(found.labels[found.variants == variant].tolist())) == 1
    assert ((found.variants == NOISE) == (found.labels == NOISE)).all()


def test_centres_are_unit_rows_and_closeness_is_the_cosine_to_them() -> None:
    vectors, texts, _ = failures([12, 9])
    found = cluster(vectors, texts)
    assert np.allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-5)
    inside = found.labels >= 0
    expected = (vectors[inside] * found.centres[found.labels[inside]]).sum(axis=1)
    assert np.allclose(found.closeness[inside], expected, atol=1e-5)


def test_links_choose_the_resolution_and_the_facts_say_so() -> None:
    vectors, texts, truth = failures([40, 40, 40], spread=1.0)
    links = [(i, i + 1) for i in range(len(truth) - 1) if truth[i] == truth[i + 1]]
    found = cluster(vectors, texts, links=links)
    assert "links together" in found.facts.criterion
    assert bcubed(truth, found.labels.tolist())[2] >= bcubed(truth, cluster(vectors, texts).labels.tolist())[2] - 1e-9
    assert "shipped default" in cluster(vectors, texts, links=links[:5]).facts.criterion
    assert cluster(vectors, texts, resolution=0.3).facts.criterion == "given"


def test_links_are_never_edges() -> None:
    vectors, texts, _ = failures([20, 20])
    found = cluster(vectors, texts, links=[(0, 30)], resolution=0.25)
    assert found.labels[0] != found.labels[30]


def test_texts_opened_together_are_likelier_to_be_one_group() -> None:
    vectors, _, truth = failures([12] * 8, spread=1.0)
    texts = [f"word{i} other{i}" for i in range(len(truth))]
    together = cluster(vectors, texts, opened=np.zeros(len(truth)), resolution=0.25).labels
    apart = cluster(vectors, texts, opened=np.arange(len(truth)) * 400 * 86_400.0, resolution=0.25).labels
    assert bcubed(truth, together.tolist())[2] > bcubed(truth, apart.tolist())[2] + 0.1


def test_unknown_and_absurd_times_do_no_harm() -> None:
    vectors, texts, truth = failures([15, 15])
    opened = np.full(30, np.nan)
    opened[:3] = [0.0, 1e18, -1e18]
    found = cluster(vectors, texts, opened=opened)
    assert bcubed(truth, found.labels.tolist())[2] > 0.9


def test_exact_neighbours_are_in_order_and_best_first() -> None:
    vectors, _ = lone(50)
    ids, scores = nearest(vectors, 5)
    whole = vectors @ vectors.T
    assert np.array_equal(ids[:, 0], np.arange(50))
    assert np.allclose(scores, np.take_along_axis(whole, ids, axis=1), atol=1e-6)
    assert np.allclose(scores, -np.sort(-whole, axis=1)[:, :5], atol=1e-6)


def test_missing_neighbours_marked_minus_one_are_left_out() -> None:
    vectors, texts, _ = failures([10, 10])

    def padded(rows: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        ids, scores = nearest(rows, k)
        more = np.full((len(rows), 4), -1, dtype=np.int64)
        return np.hstack([ids, more]), np.hstack([scores, np.full((len(rows), 4), 0.99, dtype=np.float32)])

    assert np.array_equal(cluster(vectors, texts, neighbours=padded).labels, cluster(vectors, texts).labels)


def test_nine_in_ten_patterns_keep_their_id_when_a_tenth_more_tickets_arrive() -> None:
    vectors, texts, _ = failures([25, 22, 20, 18, 15, 14, 12, 10, 9, 8, 7, 6, 6, 5, 5, 4, 4, 3, 3, 3], spread=0.8)
    order = np.random.default_rng(0).permutation(len(texts))
    first = np.sort(order[: int(len(order) / 1.1)])
    before = cluster(vectors[first], [texts[i] for i in first])
    after = cluster(vectors, texts)
    old = {f"P{g}": first[before.labels == g].tolist() for g in range(len(before.centres))}
    kept = match(old, [np.flatnonzero(after.labels == g).tolist() for g in range(len(after.centres))])
    assert len({name for name in kept if name}) >= 0.9 * len(old)


def test_matching_gives_each_name_once_and_prefers_the_larger_overlap() -> None:
    old = {"A": [1, 2, 3, 4, 5, 6], "B": [7, 8, 9]}
    assert match(old, [[1, 2], [3, 4, 5, 6, 20], [7, 8, 9, 10, 11, 12, 13]]) == [None, "A", "B"]
    assert match(old, [[30, 31]]) == [None]
    assert match({}, [[1]]) == [None]


def test_a_pattern_that_swallows_another_keeps_the_name_of_the_larger() -> None:
    assert match({"A": [1, 2], "B": [3, 4, 5, 6]}, [[1, 2, 3, 4, 5, 6]]) == ["B"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_matching_never_gives_a_name_twice_and_unchanged_groups_keep_theirs(one: list[int], two: list[int]) -> None:
    old = {f"P{g}": [i for i, at in enumerate(one) if at == g] for g in sorted(set(one))}
    new = [[i for i, at in enumerate(two) if at == g] for g in sorted(set(two))]
    names = [name for name in match(old, new) if name]
    assert len(names) == len(set(names))
    assert match(old, list(old.values())) == list(old)


def test_a_refit_that_starts_from_the_last_run_keeps_its_groups_where_one_from_nothing_would_not() -> None:
    rows = np.random.default_rng(5).normal(size=(440, 4))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    texts, cut = [f"something is wrong with {i}" for i in range(440)], 400
    first = cluster(vectors[:cut], texts[:cut])
    known = np.r_[first.labels, np.full(len(texts) - cut, NOISE)]
    again = cluster(vectors, texts, earlier=Earlier(known, first.facts.resolution))

    def together(found: Clusters) -> float:
        """Share of the pairs of the first run that are still in one group."""
        pairs = [(a, b) for one in as_sets(first) for a in one for b in one if a < b]
        return float(np.mean([found.labels[a] == found.labels[b] >= 0 for a, b in pairs]))

    assert together(again) > 0.98
    assert together(cluster(vectors, texts, resolution=first.facts.resolution)) < 0.98
    joined = again.labels[cut:][again.labels[cut:] >= 0]
    assert len(joined) > 0.5 * (len(texts) - cut), "what is new joins what is there"


def test_a_group_whose_members_agree_no_more_is_let_go() -> None:
    vectors, texts, _ = failures([20, 20])
    all_in_one = Earlier(np.zeros(len(texts), np.int64), resolution=0.14)
    assert as_sets(cluster(vectors, texts, earlier=all_in_one)) == as_sets(cluster(vectors, texts))


def test_the_resolution_of_the_last_run_stays_until_there_are_twice_as_many_links() -> None:
    vectors, texts, truth = failures([30, 30, 30])
    groups = [[i for i, one in enumerate(truth) if one == group] for group in range(3)]
    links = [(one[i], one[i + 1]) for one in groups for i in range(20)]
    assert len(links) == 60
    for known, stays in ((0, False), (30, False), (31, True), (60, True)):
        earlier = Earlier(np.array(truth), resolution=0.2, criterion="as it was", links=known)
        facts = cluster(vectors, texts, earlier=earlier, links=links).facts
        assert (facts.criterion == "as it was") is stays
        assert facts.links == (known if stays else 60)
