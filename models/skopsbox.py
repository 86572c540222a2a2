"""Learned state to bytes and back with skops: a closed list of types, checked at saving, never pickle.

skops guards against code in a file, not against every damaged byte: read only bytes whose checksum stands in a
manifest and was verified first.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import skops.io
from scipy import sparse
from sklearn.exceptions import InconsistentVersionWarning

from kb.errors import Damaged, NotBuilt

FORMAT = 1
ALLOWED: tuple[str, ...] = (
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""Types beyond those skops trusts by itself. Extend by hand; never by what a file asks for."""


def dump(value: Any, path: str | os.PathLike[str] | None = None) -> bytes:
    """Return ``value`` as bytes that :func:`load` takes back, and write them to ``path`` where one is given.

    The bytes are read back and compared before they are handed out. Raises ValueError where ``value`` holds a type
    outside the allow-list or does not come back the same: that is a mistake in the caller, not in a file.
    """
    boxed = {"format": FORMAT, "scikit-learn": sklearn.__version__, "value": value}
    data: bytes = skops.io.dumps(boxed, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    try:
        back = load(data)
    except Damaged as error:
        raise ValueError(f"this cannot be stored: {error}") from error
    if not same(value, back):
        raise ValueError("this cannot be stored: it does not come back from its bytes as it was")
    if path is not None:
        Path(path).write_bytes(data)
    return data


def load(data: bytes | bytearray | memoryview) -> Any:
    """Return what :func:`dump` was given.

    Raises Damaged where the bytes are not whole or hold a type outside the allow-list, NotBuilt where another version
    of scikit-learn or of this file made them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            boxed = skops.io.loads(bytes(data), trusted=list(ALLOWED))
    except skops.io.exceptions.UntrustedTypesFoundException as error:
        raise Damaged(
            f"the model file holds types that are not ours and was not loaded: {error}; train again"
        ) from error
    except InconsistentVersionWarning as error:
        raise NotBuilt(
            f"the model was made by another version of scikit-learn than {sklearn.__version__}: train again"
        ) from error
    except Exception as error:  # a damaged file can fail anywhere inside skops
        raise Damaged(
            f"the model file cannot be read ({type(error).__name__}) and was not loaded; train again"
        ) from error
    if not isinstance(boxed, Mapping) or "value" not in boxed:
        raise Damaged("the model file is not one of ours and was not loaded; train again")
    if boxed.get("format") != FORMAT or boxed.get("scikit-learn") != sklearn.__version__:
        made_by = f"format {boxed.get('format')}, scikit-learn {boxed.get('scikit-learn')}"
        raise NotBuilt(
            f"the model was made by another version ({made_by}; here {FORMAT}, {sklearn.__version__}): train again"
        )
    return boxed["value"]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal all the way down: types, arrays bit by bit, attributes of objects."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if one.dtype == object:
            return all(same(a, b) for a, b in zip(one.ravel(), other.ravel(), strict=True))
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if sparse.issparse(one):
        return all(same(getattr(one, name), getattr(other, name)) for name in ("_shape", "data", "indices", "indptr"))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return _object_same(one, other)


def _object_same(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return one == other or (one != one and other != other)
    if getattr(one, "__dict__", None):
        return same(vars(one), vars(other))
    if hasattr(one, "__getstate__") and type(one).__module__ != "builtins":
        return _state_same(one, other)
    return bool(one == other)


def _state_same(one: Any, other: Any) -> bool:
    try:
        return same(one.__reduce__()[1:], other.__reduce__()[1:])
    except TypeError:
        return bool(one == other)
