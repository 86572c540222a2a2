"""A sentence-transformers model run on torch: loaded from disk only, called on whole batches. Imported when needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from kb.errors import BadSetting
from models.embedder_bert import Bert, is_bert
from models.spread import active

Vectors = NDArray[np.float32]

BATCH_PIECES = 4096
"""Padded word pieces in one batch: enough to keep the matrix units busy, and an interrupt waits for no more."""
BATCH_TEXTS = 512
SMALL_PIECES = 2048
"""Up to this many word pieces one thread is as quick as several, and does not wait for a busy neighbour."""
_BATCHES_A_JOB = 8
"""Batches in one job for another process; fewer texts than that are computed here."""
SURE = 0.999
"""Cosine that bfloat16 must reach against float32 on every text tried."""


class Runner(Protocol):
    """Runs one batch at a time, so that the caller can be interrupted and can draw a bar."""

    dim: int

    def lengths(self, texts: Sequence[str]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the texts made ready, the word pieces of each, and whether each was cut."""
        ...

    def run(self, ready: Sequence[Any], *, bfloat16: bool) -> Vectors:
        """Return float32 of shape (len(ready), dim), unit rows."""
        ...


def open_runner(folder: Path, *, device: str) -> Runner:
    """Load the model in a folder: straight from its files where it is plain BERT with pooling, else in full."""
    shape = plain_shape(folder)
    return BertRunner(folder, *shape, device=device) if shape else FullRunner(folder, device=device)


def device_of(wanted: str) -> str:
    """The device torch is told; "auto" is a GPU where there is one. Raises BadSetting where one is wanted in vain."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise BadSetting(
            "Texts are to be embedded on a GPU (SEENBEFORE_DEVICE is cuda), but torch finds none here: set cpu or "
            "auto, or install the torch for this GPU."
        )
    return wanted


def plain_shape(folder: Path) -> tuple[int, bool] | None:
    """Return (most word pieces, whether the first piece stands for all) of a folder that is BERT, pooled, unit rows."""
    try:
        parts = _read(folder / "modules.json")
        kinds = [str(part["type"]).rsplit(".", 1)[-1] for part in parts]
        pooling = _read(folder / str(parts[1]["path"]) / "config.json")
        limits = _read(folder / str(parts[0]["path"]) / "sentence_bert_config.json")
        more = _read(folder / "config_sentence_transformers.json")
        known = is_bert(_read(folder / "config.json"))
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    ways = [key for key, on in pooling.items() if key.startswith("pooling_mode_") and on is True]
    plain = (
        known
        and kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and parts[0]["path"] == ""
        and ways in (["pooling_mode_mean_tokens"], ["pooling_mode_cls_token"])
        and isinstance(limits.get("max_seq_length"), int)
        and not limits.get("do_lower_case")
        and not more.get("default_prompt_name")
        and (folder / "tokenizer.json").is_file()
        and (folder / "model.safetensors").is_file()
    )
    return (limits["max_seq_length"], ways == ["pooling_mode_cls_token"]) if plain else None


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


class BertRunner:
    """BERT, pooling and unit length, without the layers of library around them."""

    def __init__(self, folder: Path, most: int, first: bool, *, device: str) -> None:
        from tokenizers import Tokenizer

        self._model = Bert(folder, device=device)
        self._most, self._first, self._device = min(most, self._model.most), first, device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._most)
        self.dim = self._model.dim

    def lengths(self, texts: Sequence[str]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the word pieces of each text, how many, and whether the text was cut to fit."""
        found = self._tokenizer.encode_batch_fast(list(texts))
        ready = [np.asarray(one.ids, dtype=np.int32) for one in found]
        lengths = np.array([len(ids) for ids in ready], dtype=np.int64)
        cut = np.array(
            [len(ids) >= self._most and bool(one.overflowing) for ids, one in zip(ready, found, strict=True)]
        )
        return list(ready), lengths, cut.astype(np.bool_)

    def run(self, ready: Sequence[Any], *, bfloat16: bool) -> Vectors:
        """Return float32 of shape (len(ready), dim), unit rows."""
        lengths = np.array([len(ids) for ids in ready])
        there = np.arange(int(lengths.max()))[None, :] < lengths[:, None]
        ids = np.zeros(there.shape, dtype=np.int64)
        ids[there] = np.concatenate(ready)
        padded = None if bool(there.all()) else torch.from_numpy(there).to(self._device)
        with torch.inference_mode():
            dtype = torch.bfloat16 if bfloat16 else torch.float32
            hidden = self._model(torch.from_numpy(ids).to(self._device), padded, dtype=dtype)
            if self._first:
                pooled = hidden[:, 0]
            elif padded is None:
                pooled = hidden.mean(1)
            else:
                weights = padded.unsqueeze(-1).to(torch.float32)
                pooled = (hidden * weights).sum(1) / weights.sum(1)
            unit: Vectors = F.normalize(pooled, dim=1).cpu().numpy()
        return unit


class FullRunner:
    """Any other sentence-transformers model, through its own library."""

    def __init__(self, folder: Path, *, device: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(
            str(folder), device=device, local_files_only=True, trust_remote_code=False
        ).eval()
        self._device = device
        self._most = self._model.max_seq_length
        self.dim = len(self._model.encode("dimension", show_progress_bar=False))

    def lengths(self, texts: Sequence[str]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the texts, their word pieces (guessed from the letters without a tokenizer), and which are cut."""
        tokenizer = self._model.tokenizer
        if callable(tokenizer):
            found = tokenizer(list(texts), truncation=False, padding=False, verbose=False)["input_ids"]
            lengths = np.array([len(ids) for ids in found], dtype=np.int64)
        else:
            lengths = np.array([len(text) // 4 + 3 for text in texts], dtype=np.int64)
        most = self._most or int(lengths.max(initial=1))
        return list(texts), np.minimum(lengths, most), lengths > most

    def run(self, ready: Sequence[Any], *, bfloat16: bool) -> Vectors:
        """Return float32 of shape (len(ready), dim), unit rows."""
        half = torch.autocast(self._device.split(":")[0], dtype=torch.bfloat16) if bfloat16 else nullcontext()
        with torch.inference_mode(), half:
            found = self._model.encode(list(ready), batch_size=len(ready), show_progress_bar=False)
        vectors: Vectors = np.asarray(found, dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors


def has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware (AMX or AVX-512 BF16)."""
    checks: list[Callable[[], bool]] = [
        check
        for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        if (check := getattr(torch.cpu, name, None)) is not None
    ]
    return any(check() for check in checks)


def bfloat16_pays(runner: Runner, ready: Sequence[Any]) -> bool:
    """Return whether bfloat16 gives the same vectors as float32 on these texts, and sooner; tried on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fast, first = _timed(runner, ready, bfloat16=True)
        fast, second = _timed(runner, ready, bfloat16=True)
        exact, plain = _timed(runner, ready, bfloat16=False)
    finally:
        torch.set_num_threads(before)
    return bool((exact * fast).sum(axis=1).min() >= SURE) and min(first, second) < plain


def _timed(runner: Runner, ready: Sequence[Any], *, bfloat16: bool) -> tuple[Vectors, float]:
    start = time.perf_counter()
    return runner.run(ready, bfloat16=bfloat16), time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Weights:
    """Which model other processes have to open for the same vectors."""

    name: str
    """A name or folder; "" is the packaged one, wherever it lies there."""
    device: str
    identity: str
    """Hash of all files that decide a vector."""


def run_all(
    runner: Runner, ready: Sequence[Any], lengths: NDArray[np.int64], *, bfloat16: bool, threads: int | None,
    weights: Weights | None = None,
) -> Generator[tuple[NDArray[np.int64], Vectors]]:  # fmt: skip
    """Yield (places, their vectors) batch by batch, longest texts first, in any order among those that are computing.

    Each batch runs on one thread and several batches run at once: there is no waiting inside a batch. An interrupt
    ends after the batches that are already running. With ``weights`` the batches go where bulk work goes now; they
    are cut as they are here, so that the vectors are the same.
    """
    backend = active() if weights is not None else None
    if backend is not None and int(lengths.sum()) > _BATCHES_A_JOB * BATCH_PIECES:
        parts = list(_parted(list(_batches(lengths, BATCH_PIECES))))
        jobs = [(bfloat16, [[ready[n] for n in batch] for batch in part]) for part in parts]
        for part, made in zip(parts, backend.run(_run_there, jobs, shared=weights), strict=True):
            yield from zip(part, made, strict=True)
        return
    before = torch.get_num_threads()
    workers = max(1, threads or before)
    total = int(lengths.sum())
    workers = 1 if total <= SMALL_PIECES else workers
    batches = _batches(lengths, min(BATCH_PIECES, max(SMALL_PIECES, total // workers)))

    def work(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
        return places, runner.run([ready[n] for n in places], bfloat16=bfloat16)

    try:
        if workers == 1:
            torch.set_num_threads(1)
            yield from map(work, batches)
            return
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                running = {pool.submit(work, places) for places in islice(batches, 2 * workers)}
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {pool.submit(work, places) for places in islice(batches, len(done))}
                    for one in done:
                        yield one.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    finally:
        torch.set_num_threads(before)


def _parted(batches: Sequence[NDArray[np.int64]]) -> Iterator[Sequence[NDArray[np.int64]]]:
    """Batches by the job: enough of them that the way to another process is worth it."""
    for start in range(0, len(batches), _BATCHES_A_JOB):
        yield batches[start : start + _BATCHES_A_JOB]


def _run_there(weights: Weights, bfloat16: bool, batches: Sequence[Sequence[Any]]) -> list[Vectors]:
    """The vectors of these batches, computed on one thread of whatever process this is."""
    torch.set_num_threads(1)
    runner = _runner_there(weights)
    return [runner.run(batch, bfloat16=bfloat16) for batch in batches]


@lru_cache(maxsize=2)
def _runner_there(weights: Weights) -> Runner:
    """The model, opened once a process. Raises ``BadSetting`` where this machine has another one of that name."""
    from models.embedder import find_folder, fingerprint, packaged_folder

    folder = find_folder(weights.name) if weights.name else packaged_folder()
    if not fingerprint(folder).startswith(weights.identity):
        raise BadSetting(f"A worker has another embedding model than this machine at {folder}: install the same one.")
    return open_runner(folder, device=weights.device)


def _batches(lengths: NDArray[np.int64], limit: int) -> Iterator[NDArray[np.int64]]:
    """Yield places in batches of about equal work: texts of like length together, at most ``limit`` padded pieces."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, min(BATCH_TEXTS, limit // int(lengths[order[start]])))
        yield order[start : start + size]
        start += size
