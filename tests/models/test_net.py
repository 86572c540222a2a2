"""What dense rows and the learners over them must do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from models import latent
from models.corpus import Corpus
from models.latent import Latent
from models.linear import Rates
from models.net import Net

RNG = np.random.default_rng(3)
SUBJECTS = (
    "printer tray paper jam",
    "vpn tunnel drops client",
    "mailbox quota full outlook",
    "password expired locked",
)


@pytest.fixture(autouse=True)
def _a_few_hundred_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "LEAST", 300)


def texts(n: int) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(n)
    labels = np.arange(n) % len(SUBJECTS)
    return [" ".join([*rng.permutation(SUBJECTS[c].split()), f"w{rng.integers(50)}"]) for c in labels], labels


def corpus(n: int) -> tuple[Corpus, np.ndarray]:
    said, labels = texts(n)
    vectors = np.random.default_rng(1).normal(size=(n, 8)).astype(np.float32)
    return Corpus.build(said, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)), labels


def test_a_net_learns_what_no_line_parts() -> None:
    rows = RNG.normal(size=(1200, 2)).astype(np.float32)
    truth = ((rows[:, 0] > 0) ^ (rows[:, 1] > 0)).astype(np.int64)
    net = Net.fit(rows, truth, 2, weight=np.ones(1200))
    assert (net.decide(rows).argmax(axis=1) == truth).mean() > 0.9
    assert np.exp(net.decide(rows)).sum(axis=1) == pytest.approx(1, abs=1e-3)


def test_a_class_without_an_example_is_never_said() -> None:
    rows, truth = RNG.normal(size=(90, 4)).astype(np.float32), np.arange(90) % 2
    counts = sparse.csr_matrix(np.abs(rows))
    for learnt, asked in ((Net.fit(rows, truth, 3, weight=np.ones(90)), rows),
                          (Rates.fit(counts, truth, 3, weight=np.ones(90)), counts)):  # fmt: skip
        assert set(learnt.decide(asked).argmax(axis=1)) <= {0, 1}


def test_one_class_alone_is_said_without_an_error() -> None:
    rows = RNG.normal(size=(30, 4)).astype(np.float32)
    assert (Net.fit(rows, np.ones(30, np.int64), 3, weight=np.ones(30)).decide(rows).argmax(axis=1) == 1).all()
    one = Rates.fit(sparse.csr_matrix(np.abs(rows)), np.ones(30, np.int64), 3, weight=np.ones(30))
    assert (one.decide(sparse.csr_matrix(np.abs(rows))).argmax(axis=1) == 1).all()


def test_a_net_is_the_same_for_the_same_rows_and_comes_back_as_it_was_kept() -> None:
    rows, truth = RNG.normal(size=(200, 5)).astype(np.float32), np.arange(200) % 3
    one, two = (Net.fit(rows, truth, 3, weight=np.ones(200), seed=4).compact() for _ in range(2))
    assert np.array_equal(one.decide(rows), two.decide(rows))
    assert np.array_equal(Net.from_state(one.to_state()).decide(rows), one.decide(rows))


def test_few_texts_have_nothing_in_common_worth_learning() -> None:
    few, _ = corpus(296)
    assert set(few.linear()) == {"words", "meaning"}
    many, _ = corpus(304)
    assert set(many.linear()) == {"words", "meaning", "rates", "net"}


def test_texts_of_one_subject_lie_together_in_few_dimensions() -> None:
    made, labels = corpus(400)
    dense = made.linear()["net"][:, : len(made.views.latent.axes)]
    alike = dense @ dense.T
    same = labels[:, None] == labels[None, :]
    assert alike[same].mean() > alike[~same].mean() + 0.25


def test_new_texts_are_turned_the_way_the_old_ones_were_also_after_keeping() -> None:
    said, _ = texts(400)
    made, _ = corpus(400)
    again = Latent.from_state(made.views.latent.to_state())
    look = made.views.look(said[:5], made.meaning[:5])
    assert look.linear()["net"] == pytest.approx(made.linear()["net"][:5], abs=1e-5)
    assert np.array_equal(again.dense(again.common(made.words), made.meaning), made.linear()["net"])
