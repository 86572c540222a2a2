"""The packaged model through its own library with nothing of ours: the baseline that our speed is measured beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.embedder import packaged_folder

Vectors = NDArray[np.float32]


def plain_encoder() -> Callable[[Sequence[str]], Vectors]:
    """``encode`` of a loaded model: texts to float32 of shape (n, dim), unit rows, in the library's own batches."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged_folder()), device="cpu", local_files_only=True, trust_remote_code=False)

    def encode(texts: Sequence[str]) -> Vectors:
        found: Vectors = np.asarray(model.encode(list(texts), show_progress_bar=False), dtype=np.float32)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return found

    return encode
