"""What is stored comes back bit by bit; what is damaged, foreign or from elsewhere is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import skops.io
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from kb.errors import Damaged, NotBuilt
from models import skopsbox
from models.skopsbox import dump, load, same


class Foreign:
    """A type that is not in the allow-list."""


def test_plain_state_comes_back_bit_by_bit(tmp_path: Path) -> None:
    state = {
        "text": "Drücker\nnew", "none": None, "yes": True, "number": 0.1, "list": [1, "two", (3.0,)],
        "half": np.array([[0.1, -2]], dtype=np.float16), "inf": np.array([np.inf, np.nan]),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "sparse": sparse.csr_matrix(np.eye(3, dtype=np.float32)),
    }  # fmt: skip
    data = dump(state, tmp_path / "box.skops")
    assert (tmp_path / "box.skops").read_bytes() == data
    assert same(load(data), state)


def test_estimators_come_back_with_the_same_answers() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((200, 4)), rng.integers(0, 3, 200)
    for model in (LogisticRegression(), HistGradientBoostingClassifier(max_iter=5)):
        back = load(dump({"model": model.fit(x, y)}))["model"]
        assert np.array_equal(back.predict_proba(x), model.predict_proba(x))


def test_a_type_outside_the_list_is_neither_stored_nor_loaded() -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        dump({"it": Foreign()})
    with pytest.raises(Damaged, match="not ours"):
        load(skops.io.dumps({"format": 1, "value": Foreign()}))


@pytest.mark.parametrize("data", [b"", b"not a box", pickle.dumps({"value": 1}), dump([1])[:200]])
def test_bytes_that_are_no_box_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(Damaged, match="train again") as caught:
        load(data)
    assert "\n" not in str(caught.value)


def test_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dump({"a": 1})
    monkeypatch.setattr(skopsbox.sklearn, "__version__", "0.1")
    with pytest.raises(NotBuilt, match="another version"):
        load(data)


def test_sameness_sees_types_values_and_depth() -> None:
    assert same({"a": [np.arange(3)]}, {"a": [np.arange(3)]})
    assert not same({"a": [np.arange(3)]}, {"a": [np.arange(3.0)]})
    assert not same([1], (1,))
    assert not same(np.array([1.0]), np.array([2.0]))
    assert same(float("nan"), float("nan"))
