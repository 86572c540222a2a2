"""What is learnt from: labels a desk no longer gives are left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.learnable import retired


def test_a_label_that_was_common_and_is_not_given_any_more_is_retired() -> None:
    labels = ["old", "kept"] * 450 + ["new", "kept"] * 50
    assert retired(labels, np.arange(1000.0)) == {"old"}


def test_a_rare_label_is_not_retired_for_being_absent_lately() -> None:
    labels = ["rare" if i % 100 == 0 else "kept" for i in range(900)] + ["kept"] * 100
    assert retired(labels, np.arange(1000.0)) == set()


def test_without_times_nothing_is_retired() -> None:
    labels = ["old"] * 900 + ["new"] * 100
    assert retired(labels, None) == set()
    assert retired(labels, np.full(1000, np.nan)) == set()


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=300))
def test_order_of_the_rows_does_not_matter(labels: list[str | None]) -> None:
    times = np.arange(float(len(labels)))
    order = np.random.default_rng(1).permutation(len(labels))
    assert retired([labels[i] for i in order], times[order]) == retired(labels, times)
