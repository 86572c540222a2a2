"""Made things on disk: written beside, verified by checksum, published by one atomic replace, never half there."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kb.disk import sync, sync_tree
from kb.errors import Damaged, NotBuilt, StoreTrouble

FORMAT = 1
_STAMP = "%Y%m%dT%H%M%S%f"
KEPT = 3
"""Generations kept of each part, the published one among them."""
KEPT_OF = {"models": 5}
"""The same for parts that people go back to."""
COMMANDS = {"index": "seenbefore index", "models": "seenbefore train", "patterns": "seenbefore patterns"}
_LIBRARIES = ("faiss-cpu", "tantivy", "scikit-learn", "numpy", "skops", "igraph", "sentence-transformers")


Keep = Callable[[str], bool]
"""Whether the bytes of a file are wanted right after it was verified."""


def _nothing(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Generation:
    """A verified, immutable folder and what its manifest says."""

    part: str
    folder: Path
    facts: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    _kept: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Files whose bytes were kept when they were verified, until they are read."""

    @property
    def name(self) -> str:
        """The stamped name of the folder."""
        return self.folder.name

    def read(self, name: str) -> bytes:
        """The bytes of one file, checked against the manifest as they are read. Raises ``Damaged``."""
        if (kept := self._kept.pop(name, None)) is not None:
            return kept
        promised = self.files.get(name)
        try:
            blob = (self.folder / name).read_bytes()
        except OSError as error:
            raise _damaged(self.part, f"{name} cannot be read") from error
        if promised is None or len(blob) != promised["bytes"] or hashlib.sha256(blob).hexdigest() != promised["sha256"]:
            raise _damaged(self.part, f"{name} does not match its checksum")
        return blob


class Draft:
    """A generation being written. Leave the ``with`` block without :meth:`publish` and nothing has happened."""

    def __init__(self, shelf: Generations, part: str) -> None:
        self._shelf, self._part = shelf, part
        stamp = _after(shelf.history(part), part)
        self.folder = shelf.root / f".tmp-{part}-{stamp}-{os.getpid()}"
        self._final = shelf.root / f"{part}-{stamp}"

    @property
    def name(self) -> str:
        """The name that the generation will have."""
        return self._final.name

    def __enter__(self) -> Draft:
        with said("written"):
            self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name: str, blob: bytes) -> None:
        """Write one file whole."""
        with said("written"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(blob)

    def publish(self, facts: Mapping[str, Any]) -> Generation:
        """Write the manifest, sync everything, and make this the current generation of its part."""
        with said("published"):
            files = {}
            for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
                blob = path.read_bytes()
                files[path.relative_to(self.folder).as_posix()] = {
                    "bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest(),
                }  # fmt: skip
            made_at = datetime.now(UTC).isoformat(timespec="seconds")
            manifest = {"format": FORMAT, "part": self._part, "made_at": made_at,
                        "libraries": _versions(), "facts": dict(facts), "files": files}  # fmt: skip
            self.write("manifest.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
            sync_tree(self.folder)
            self.folder.rename(self._final)
            sync(self._shelf.root)
            self._shelf.point(self._part, self._final.name)
        return Generation(self._part, self._final, dict(facts), files)


class Generations:
    """The folder ``made`` of a home: everything in it can be deleted and made again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def begin(self, part: str) -> Draft:
        """Start a new generation of a part ("index", "models", "patterns")."""
        with said("written"):
            self.root.mkdir(parents=True, exist_ok=True)
        self._sweep(part)
        return Draft(self, part)

    def pointers(self) -> dict[str, str]:
        """What ``current.json`` says: part → folder name; empty where nothing is published."""
        try:
            known = json.loads((self.root / "current.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return {part: found[0] for part in COMMANDS if (found := self.history(part))}
        return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}

    def current(self, part: str, *, keep: Keep = _nothing) -> tuple[Generation, str]:
        """The published generation, verified, and "" or a sentence where an older one had to stand in.

        Files that ``keep`` names stay in memory, as they were verified, until each is read once.

        Raises ``NotBuilt`` where there is none, ``Damaged`` where none is whole.
        """
        pointed = self.pointers().get(part)
        if pointed is None:
            raise NotBuilt(f"Nothing is built here yet: run `{COMMANDS.get(part, 'seenbefore index')}`.")
        trouble: Damaged | None = None
        before = [name for name in self.history(part) if name < pointed]
        for name in dict.fromkeys([pointed, *before, *self.history(part)]):
            try:
                generation = self.verify(part, name, keep=keep)
            except Damaged as error:
                trouble = trouble or error
                continue
            return generation, "" if trouble is None else f"{trouble} Until then the one before it answers."
        raise trouble or _damaged(part, "no generation is whole")

    def verify(self, part: str, name: str, *, keep: Keep = _nothing) -> Generation:
        """Check one generation file by file. Raises ``Damaged`` naming the first file that is not as promised."""
        folder = self.root / name
        try:
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
            files, facts = dict(manifest["files"]), dict(manifest["facts"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(part, "its manifest cannot be read") from error
        if manifest.get("format") != FORMAT or manifest.get("part") != part:
            raise _damaged(part, "it was made by another version")
        generation = Generation(part, folder, facts, files)
        there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
        if odd := there ^ set(files):
            raise _damaged(part, f"{sorted(odd)[0]} is missing or was added")

        def checked(file: str) -> bytes | None:
            blob = generation.read(file)
            return blob if keep(file) else None

        with ThreadPoolExecutor(2) as two:
            read = dict(zip(files, two.map(checked, files), strict=True))
        generation._kept.update({file: blob for file, blob in read.items() if blob is not None})
        return generation

    def point(self, part: str, name: str) -> None:
        """Make one generation current, by one atomic replace; two publishers take turns."""
        self._pointed(lambda pointers: {**pointers, part: name})

    def _pointed(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with (self.root / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            pointers = change(self.pointers())
            fresh = self.root / f".current-{os.getpid()}.json"
            try:
                with fresh.open("w", encoding="utf-8") as file:
                    json.dump(pointers, file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(self.root / "current.json")
            finally:
                fresh.unlink(missing_ok=True)
            sync(self.root)

    def forget(self, part: str) -> None:
        """Let nothing be current of a part any more."""
        self._pointed(lambda pointers: {name: at for name, at in pointers.items() if name != part})

    def history(self, part: str) -> list[str]:
        """Published folders of a part, newest first."""
        found = (p.name for p in self.root.glob(f"{part}-*") if (p / "manifest.json").exists())
        return sorted(found, reverse=True)

    def litter(self) -> list[Path]:
        """Leftovers of interrupted work in the home: safe to delete."""
        home = self.root.parent
        half = [p for part in COMMANDS for p in self.root.glob(f"{part}-*") if not (p / "manifest.json").exists()]
        restored = [home / ".restore"] if (home / "knowledge.db").exists() and (home / ".restore").exists() else []
        found = [*self.root.glob(".tmp-*"), *self.root.glob(".current-*.json"), *home.glob("reports/.tmp-*")]
        return sorted([*found, *half, *restored])

    def discard(self, name: str) -> None:
        """Delete a generation; stopped in between, what is left of it is a leftover and no generation any more."""
        gone = self.root / f".tmp-gone-{name}-{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            (self.root / name).rename(gone)
            shutil.rmtree(gone)

    def _sweep(self, part: str) -> None:
        current = self.pointers().get(part)
        for name in self.history(part)[KEPT_OF.get(part, KEPT) - 1 :]:
            if name != current:
                with contextlib.suppress(OSError):
                    self.discard(name)
        for path in self.litter():
            pid = path.name.removesuffix(".json").rsplit("-", 1)[-1]
            if not _alive(pid):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _after(history: list[str], part: str) -> str:
    """The time of now as a name, or, where the clock went back, the next after the newest: names tell what is newer."""
    now = datetime.now(UTC)
    with contextlib.suppress(IndexError, ValueError, OverflowError):
        newest = datetime.strptime(history[0].removeprefix(f"{part}-"), _STAMP).replace(tzinfo=UTC)
        now = max(now, newest + timedelta(microseconds=1))
    return now.strftime(_STAMP)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _damaged(part: str, what: str) -> Damaged:
    return Damaged(
        f"The {part} on disk is damaged ({what}): run `{COMMANDS.get(part, 'seenbefore index')}` to make it anew."
    )


@contextlib.contextmanager
def said(verb: str) -> Iterator[None]:
    """An ``OSError`` inside becomes one sentence."""
    try:
        yield
    except OSError as error:
        raise StoreTrouble(
            f"Nothing was {verb}: the home cannot be written ({error.strerror}). "
            "Check free disk and rights, then run it again."
        ) from error


def _versions() -> dict[str, str]:
    known = {}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            known[name] = version(name)
    return known
