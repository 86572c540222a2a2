"""Where everything lies in the home, and opening it: gives what is asked for, or says which command makes it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.columns import Columns
from kb.errors import Damaged, NotBuilt, StoreTrouble, WrongEmbedder
from kb.learners import Embedder
from kb.privacy.sealing import read_key
from kb.records import Kind
from kb.shelves import KINDS, Published, Shelf, Shelves
from kb.store import Store
from kb.vectors import VectorIndex
from kb.words import WordIndex
from models.embedder import open_embedder
from pipelines.generations import Draft, Generation, Generations
from pipelines.settings import Settings

LAYOUT = 3
"""Goes up whenever an index made before cannot be read any more."""


@dataclass
class Home:
    """One folder: ``knowledge.db`` is the truth, everything under ``made`` can be made again."""

    settings: Settings

    @property
    def folder(self) -> Path:
        """The home itself."""
        return self.settings.home

    @property
    def database(self) -> Path | str:
        """The store: a file in the home, or the database URL that was set."""
        return self.settings.database_url or self.folder / "knowledge.db"

    @property
    def exists(self) -> bool:
        """Whether there is a desk here already."""
        return bool(self.settings.database_url) or (self.folder / "knowledge.db").exists()

    @cached_property
    def made(self) -> Generations:
        """Indexes, models and patterns."""
        return Generations(self.folder / "made")

    @cached_property
    def store(self) -> Store:
        """The store, opened once. Raises ``NotAHome`` where there is none."""
        return self._ready(Store.open(self.database))

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder this home is set to: the environment's choice, else the home's own, else the packaged one."""
        named = self.settings.embedder
        if not named and self.exists:
            named = self.store.settings().get("embedder", "")
        return open_embedder(named, threads=self.settings.threads or None, device=self.settings.device)

    def create(self) -> None:
        """Make the folder and the store. Harmless where they are there already."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreTrouble(
                f"The folder {self.folder} cannot be made ({error.strerror}): choose another with --home."
            ) from error
        store = self._ready(Store.open(self.database, create=True))
        self.__dict__["store"] = store
        if self.settings.embedder and not store.settings().get("embedder"):
            store.set("embedder", self.settings.embedder)

    def _ready(self, store: Store) -> Store:
        """The store, told who asks and with the key that seals originals, where one was given."""
        store.via = self.settings.via
        if self.settings.privacy_key:
            store.sealer = read_key(self.settings.privacy_key, "SEENBEFORE_PRIVACY_KEY_FILE or SEENBEFORE_PRIVACY_KEY")
            store.seal_secrets()
        return store

    def index(self, *, to_load: bool = False) -> tuple[Generation, str]:
        """The published index, verified. Raises ``NotBuilt``, ``Damaged`` or ``WrongEmbedder``.

        With ``to_load`` what :func:`load_index` reads is kept in memory for it, so that it is read and hashed once.
        """
        generation, note = self.made.current("index", keep=lambda name: to_load and not name.startswith("words/"))
        if generation.facts.get("layout") != LAYOUT:
            raise NotBuilt("The index was made by another version of the program: run `seenbefore index`.")
        made_by = generation.facts.get("embedder")
        if made_by != self.embedder.id:
            raise WrongEmbedder(
                f"This index was made by the embedder {made_by!r}, but {self.embedder.id!r} is set: "
                "run `seenbefore index` to make it anew, or set SEENBEFORE_EMBEDDER back."
            )
        return generation, note

    def shelves(self) -> Shelves:
        """The pools ready to be searched, fresh tickets included."""
        generation, note = self.index(to_load=True)
        return Shelves(self.store, self.embedder, load_index(generation, note))


def save_index(draft: Draft, pools: dict[Kind, Shelf]) -> None:
    """Write vectors and facts of all pools into a draft (the words are there already)."""
    for kind, shelf in pools.items():
        blob, ids = shelf.vectors.to_bytes()
        draft.write(f"{kind}s.faiss", blob)
        draft.write(f"{kind}s.vector-ids.npy", _npy(ids))
        arrays, names = shelf.columns.to_arrays()
        for name, array in arrays.items():
            draft.write(f"{kind}s.{name}.npy", _npy(array))
        draft.write(f"{kind}s.names.json", json.dumps(names, ensure_ascii=False).encode())


def load_index(generation: Generation, note: str = "") -> Published:
    """Read a verified index generation. Raises ``Damaged`` where a file is not what the manifest says."""
    pools: dict[Kind, Shelf] = {}
    for kind in KINDS:
        arrays = {
            name.removeprefix(f"{kind}s.").removesuffix(".npy"): _array(generation, name)
            for name in generation.files
            if name.startswith(f"{kind}s.") and name.endswith(".npy")
        }
        ids = arrays.pop("vector-ids")
        names: dict[str, list[str]] = json.loads(generation.read(f"{kind}s.names.json"))
        pools[kind] = Shelf(
            Columns.from_arrays(kind, arrays, names),
            VectorIndex.from_bytes(generation.read(f"{kind}s.faiss"), ids, dim=int(generation.facts["dim"])),
            WordIndex.open(generation.folder / "words" / kind),
        )
    return Published(int(generation.facts["watermark"]), pools, (note,) if note else ())


def _npy(array: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()


def _array(generation: Generation, name: str) -> NDArray[Any]:
    try:
        return np.lib.format.read_array(io.BytesIO(generation.read(name)), allow_pickle=False)
    except ValueError as error:
        raise Damaged(f"The index on disk is damaged ({name}): run `seenbefore index` to make it anew.") from error


__all__ = ["Home", "NotBuilt", "load_index", "save_index"]
