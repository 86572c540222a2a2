"""Write a backup of a home while the desk works: one file, consistent, checksummed, sealed where wanted."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, cast

from kb.database import LOCKS, ON_A_SERVER
from kb.disk import sync
from kb.errors import BadSetting, Damaged, NotBuilt, StoreTrouble
from kb.privacy.strongbox import SealedWriter
from kb.records import KEEPER
from kb.store import Store
from pipelines.generations import COMMANDS, Generation, said
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.restore import DATABASE, FORMAT, MANIFEST, STAGING, Kept, verify

MEMORY = "backups"
"""The setting that remembers where backups were written: they still hold what is erased later."""
_REMEMBERED = 50
_HISTORY = Path("models") / "history.jsonl"
"""Under ``made``: which models people went back to; it is nowhere else."""
_NOT_COPIED = (DATABASE, "made", STAGING, *LOCKS)
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Done:
    """What one backup holds."""

    file: Path
    size: int
    """Bytes of the file itself."""
    kept: Kept
    notes: tuple[str, ...]


def backup(
    home: Home, file: Path, *, now: datetime, passphrase: str = "", made: bool = False, overwrite: bool = False,
    by: str = "", say: Say = quiet,
) -> Done:  # fmt: skip
    """Write everything that cannot be made again, and with ``made`` also index, models and patterns, to a new file.

    It is read back before it takes its name. Raises ``BadSetting`` for a place that will not do, ``StoreTrouble`` where
    it cannot be written; then nothing is left behind, and an older file of that name stays as it was.
    """
    place = file.expanduser().absolute()
    if place.parent.resolve().is_relative_to(home.folder.resolve()):
        raise BadSetting(f"{file} is inside the home: what breaks the home would take the backup along.")
    if home.store.is_shared:
        raise BadSetting(ON_A_SERVER)
    with ExitStack() as stack:
        unfinished, out = stack.enter_context(_unfinished(place, overwrite=overwrite))
        home.store.note("exported", "backup", by=by, detail={"made": made, "sealed": bool(passphrase)}, at=now)
        draft = stack.enter_context(home.made.begin("backup"))
        generations, notes = _generations(home) if made else ([], [])  # before the store: none may know more than it
        with said("backed up"):
            sources = _copies(home, draft.folder, generations, say)
        manifest = _manifest(draft.folder / DATABASE, sources, generations, now)
        _write(out, manifest, sources, passphrase, say)
        kept = verify(unfinished, passphrase=passphrase, say=say)
    _remember(home, place, now, by)
    sealed = int(kept.facts["originals"])
    notes += [] if passphrase else ["It is not sealed: whoever can read the file can read the desk."]
    if sealed:
        notes.append(f"Originals of {sealed:,} records are sealed with a key that lies outside the home and is not in "
                     "the backup: keep a copy of that key too.")  # fmt: skip
    return Done(place, place.stat().st_size, kept, tuple(notes))


def remembered(store: Store) -> list[tuple[str, datetime]]:
    """Where backups were written and when, newest first, as far back as is remembered."""
    try:
        found = json.loads(store.settings().get(MEMORY, "[]"))
        return [(str(file), datetime.fromisoformat(at)) for file, at in found]
    except (ValueError, TypeError):
        return []


def _remember(home: Home, place: Path, now: datetime, by: str) -> None:
    rows = [[file, at.isoformat()] for file, at in remembered(home.store) if file != str(place)]
    home.store.set(MEMORY, json.dumps([[str(place), now.isoformat()], *rows][:_REMEMBERED]), by=by)


@contextmanager
def _unfinished(place: Path, *, overwrite: bool) -> Iterator[tuple[Path, IO[bytes]]]:
    """Where to write, readable by its owner only and for one writer at a time; it takes its name when it is whole."""
    if place.exists() and not overwrite:
        raise BadSetting(f"{place} is there already: choose another name or add --overwrite.")
    path = place.with_name(f".{place.name}.part")
    try:
        with open(path, "ab", opener=_private) as out:
            try:
                fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = os.fstat(out.fileno()).st_ino == path.stat().st_ino
            except (BlockingIOError, FileNotFoundError):
                mine = False
            if not mine:
                raise StoreTrouble(f"Another backup to {place} is being written: wait until it is done.")
            try:
                out.truncate(0)
                yield path, out
                out.flush()
                os.fsync(out.fileno())
                path.replace(place)
                sync(place.parent)
            finally:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreTrouble(
            f"{place} cannot be written ({error.strerror or error}): check the folder and the free disk."
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _generations(home: Home) -> tuple[list[Generation], list[str]]:
    found, notes = list[Generation](), list[str]()
    for part in COMMANDS:
        try:
            generation, note = home.made.current(part)
        except (NotBuilt, Damaged) as error:
            notes.append(f"There are no {part} in it. {error}")
            continue
        found.append(generation)
        notes += [note] if note else []
    return found, notes


def _copies(home: Home, folder: Path, generations: list[Generation], say: Say) -> dict[str, Path]:
    """Name in the backup → the file to read: what may change is copied first, the store by its own backup."""
    home.store.snapshot(folder / DATABASE, progress=lambda left, total: say("Copying the store", total - left, total))
    sources = {DATABASE: folder / DATABASE}
    others = [p for p in home.folder.rglob("*") if p.is_file() and not p.is_symlink()
              and not p.relative_to(home.folder).parts[0].startswith(_NOT_COPIED)]  # fmt: skip
    history = home.made.root / _HISTORY
    for path in [*sorted(others), *([history] if history.is_file() else [])]:
        name = path.relative_to(home.folder).as_posix()
        copy = folder / "files" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, copy)
        except FileNotFoundError:  # a report that was replaced just now
            continue
        sources[name] = copy
    for generation in generations:
        for name in ("manifest.json", *generation.files):
            sources[f"made/{generation.name}/{name}"] = generation.folder / name
    return sources


def _manifest(database: Path, sources: Mapping[str, Path], generations: list[Generation], now: datetime) -> bytes:
    store = Store.open(database)
    try:
        if trouble := store.check():
            raise Damaged(f"{trouble[0]} Nothing was backed up: run `seenbefore doctor`.")
        facts: dict[str, Any] = {
            "schema": store.schema_version, "program": version("seenbefore"), "counts": store.counts(KEEPER),
            "seq": store.seq(), "audit_head": str(store.audit_head()), "originals": store.sealed_count(),
            "embedder": store.settings().get("embedder", ""),
            "pointers": {one.part: one.name for one in generations},
        }  # fmt: skip
    finally:
        store.close()
    with said("backed up"):
        files = {name: _sum(path) for name, path in sources.items()}
    plain = {"format": FORMAT, "made_at": now.astimezone(UTC).isoformat(), "facts": facts, "files": files}
    return json.dumps(plain, indent=1, sort_keys=True).encode()


def _sum(path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _write(out: IO[bytes], manifest: bytes, sources: Mapping[str, Path], passphrase: str, say: Say) -> None:
    sealing = SealedWriter(out, passphrase) if passphrase else None
    try:
        target = out if sealing is None else cast("IO[bytes]", sealing)
        with (
            gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=1, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|") as box,
        ):
            _add(box, MANIFEST, io.BytesIO(manifest), len(manifest))
            for done, (name, path) in enumerate(sources.items()):
                with path.open("rb") as file:
                    _add(box, name, file, path.stat().st_size)
                say("Backing up files", done + 1, len(sources))
        if sealing is not None:
            sealing.close()
    except FileNotFoundError as error:
        raise StoreTrouble("Something was made anew or erased while the backup ran: run it again.") from error
    finally:
        if sealing is not None and not sealing.closed:
            sealing.abandon()
    out.flush()


def _add(box: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    box.addfile(member, file)
