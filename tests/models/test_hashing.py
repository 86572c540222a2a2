"""The hashing embedder can be checked by eye: shared words score, nothing shared scores about nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadSetting
from models.hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]


def score(one: str, other: str, dim: int = 256) -> float:
    """Return the cosine of two texts."""
    rows = HashingEmbedder(dim).encode([one, other])
    return float(rows[0] @ rows[1])


def test_the_more_words_are_shared_the_higher_the_score() -> None:
    asked = "outlook asks for password again"
    assert score(asked, "outlook asks for password again and again") > 0.8
    assert score(asked, "outlook forgets my password") > score(asked, "printer prints empty pages") + 0.2
    assert abs(score(asked, "zzz qqq 12345")) < 0.25


def test_endings_and_slips_of_the_pen_still_score() -> None:
    assert score("printers", "printer") > 0.3
    assert score("passwort zurücksetzen", "passwort zuruecksetzen") > 0.5


def test_case_spaces_and_order_of_words_do_not_matter() -> None:
    assert score("VPN  drops\nDaily", "daily vpn drops") == pytest.approx(1, abs=1e-6)


def test_identifiers_stay_whole() -> None:
    assert score("0x80070035", "0x80070035") == pytest.approx(1, abs=1e-6)
    assert score("ORA-12154", "ORA-12154 again") > score("ORA-12154", "ORA-01017 again") + 0.1


def test_vectors_are_the_same_in_another_process() -> None:
    here = HashingEmbedder(16).encode(["vpn drops daily"])[0]
    code = "from models.hashing import HashingEmbedder as H; print(H(16).encode(['vpn drops daily'])[0].tolist())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert np.allclose(here, np.array(eval(told.stdout)), atol=1e-7)  # noqa: S307 - our own list of numbers


def test_another_seed_or_size_is_another_embedder() -> None:
    assert len({HashingEmbedder().id, HashingEmbedder(seed=1).id, HashingEmbedder(64).id}) == 3
    assert not np.allclose(HashingEmbedder().encode(["vpn"]), HashingEmbedder(seed=1).encode(["vpn"]))
    with pytest.raises(BadSetting, match="dim"):
        HashingEmbedder(4)


def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    HashingEmbedder().encode(["a"] * 2500, progress=lambda done, total: told.append((done, total)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


@given(st.lists(st.text(max_size=60), max_size=6))
def test_rows_are_unit_or_zero_and_in_order(texts: list[str]) -> None:
    rows = HashingEmbedder().encode(texts)
    assert rows.shape == (len(texts), 256) and rows.dtype == np.float32 and np.isfinite(rows).all()
    lengths = np.linalg.norm(rows, axis=1)
    assert all(np.isclose(length, 1, atol=1e-5) or length == 0 for length in lengths)
    for n, text in enumerate(texts):
        assert np.array_equal(rows[n], HashingEmbedder().encode([text])[0])
