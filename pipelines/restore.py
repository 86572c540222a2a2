"""Read a backup: verify all of it, and bring it back as a home, whole or not at all."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from kb.database import LOCKS
from kb.disk import sync, sync_tree
from kb.errors import BadSetting, Damaged, NotAHome, StoreTrouble
from kb.privacy.strongbox import MAGIC, SealedReader
from kb.store import Store
from pipelines.generations import COMMANDS, Generations, said
from pipelines.index import Say, quiet
from pipelines.settings import Settings

FORMAT = 1
MANIFEST, DATABASE, STAGING = "manifest.json", "knowledge.db", ".restore"
_LONGEST = 64 << 20
"""Bytes a manifest may have."""
_PIECE = 1 << 20
_BROKEN = (Damaged, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile, ValueError, KeyError, TypeError,
           AttributeError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup says of itself, all of it verified."""

    made_at: datetime
    sealed: bool
    bytes: int
    """Of all files together, unpacked."""
    facts: Mapping[str, Any]
    """``schema``, ``program``, ``counts``, ``seq``, ``audit_head``, ``erased``, ``originals``, ``pointers``."""
    files: Mapping[str, Mapping[str, Any]]


def verify(file: Path, *, passphrase: str = "", say: Say = quiet) -> Kept:
    """Read all of a backup and write nothing.

    Raises ``Damaged`` where any byte of what it holds is not as it was, ``NotAHome`` where a newer version made it,
    ``BadSetting`` where the passphrase is missing or another.
    """
    with _opened(file, passphrase) as (kept, members):
        for name, member in members:
            _copy(member, None, kept.files[name])
            say("Verifying", member.tell(), member.tell())
    return kept


def restore(file: Path, settings: Settings, *, passphrase: str = "", now: datetime, say: Say = quiet) -> Kept:
    """Bring a backup back into ``settings.home``, which must be empty or not there; all is verified before it is there.

    Stopped in between there is no desk, and the same command does it again. People sign in anew: their sessions are not
    brought back. Raises as :func:`verify`, and ``BadSetting`` where the home is not empty.
    """
    home = settings.home
    if settings.database_url:
        raise BadSetting("SEENBEFORE_DATABASE_URL is set: a backup is brought back into a folder, so unset it first.")
    verify(file, passphrase=passphrase, say=say)  # nothing is touched before all of it is known to be whole
    with said("restored"):
        _look(home)
        home.mkdir(parents=True, exist_ok=True)
    with said("restored"), (home / ".writer.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreTrouble(f"Another process is at work in {home}: wait until it is done.") from error
        _look(home)
        staging = _cleared(home)
        try:
            kept = _unpack(file, staging, passphrase, say)
            _settle(staging, kept, settings, now)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        _put(staging, home)
    return kept


def _look(home: Path) -> None:
    """Raises ``BadSetting`` unless the home is empty, or holds only what a stopped restore left."""
    if not home.exists():
        return
    if not home.is_dir():
        raise BadSetting(f"{home} is a file: name an empty folder.")
    there = {path.name for path in home.iterdir()}
    if (there - set(LOCKS)) and (STAGING not in there or DATABASE in there):
        raise BadSetting(f"{home} is not empty: name an empty folder, or move what is there away first.")


def _cleared(home: Path) -> Path:
    """An empty folder for what is unpacked; what a stopped restore left goes, the mark of it last."""
    staging = home / STAGING
    for path in sorted(home.iterdir()):
        if path.name not in (STAGING, *LOCKS):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    sync(home)
    return staging


def _unpack(file: Path, staging: Path, passphrase: str, say: Say) -> Kept:
    done = 0
    with _opened(file, passphrase) as (kept, members):
        for name, member in members:
            path = staging / name
            with said("restored"):
                path.parent.mkdir(parents=True, exist_ok=True)
                out = path.open("xb")
            with out:
                _copy(member, out, kept.files[name])
                with said("restored"):
                    out.flush()
            done += int(kept.files[name]["bytes"])
            say("Restoring", done, kept.bytes)
    return kept


def _settle(staging: Path, kept: Kept, settings: Settings, now: datetime) -> None:
    """Check the store, bring it to the schema of now, end every session, note the act, and sync all."""
    store = Store.open(staging / DATABASE)
    store.via = settings.via
    try:
        if trouble := store.check():
            raise Damaged(f"The backup is damaged ({trouble[0]}): nothing was restored; use another one.")
        store.end_all_sessions(now=now)
        store.note("configured", "home", detail={"what": "restored", "backup_of": kept.made_at.isoformat()}, at=now)
    finally:
        store.close()
    for name in LOCKS:
        (staging / name).unlink(missing_ok=True)
    made = Generations(staging / "made")
    for part, name in kept.facts["pointers"].items():
        made.verify(part, name)
        made.point(part, name)
    sync_tree(staging)


def _put(staging: Path, home: Path) -> None:
    """Move everything to its place, the store last: with it the folder becomes a home."""
    for path in sorted(staging.iterdir(), key=lambda one: one.name == DATABASE):
        if path.name == DATABASE:
            sync(home)
        path.rename(home / path.name)
    sync(home)
    staging.rmdir()
    sync(home)


# --- the file itself ------------------------------------------------------------------------------------------------


@contextmanager
def _opened(file: Path, passphrase: str) -> Iterator[tuple[Kept, Iterator[tuple[str, IO[bytes]]]]]:
    """The manifest and the files of a backup, in their order; whatever is wrong is told in one sentence."""
    try:
        with file.open("rb") as raw:
            sealed = raw.read(len(MAGIC)) == MAGIC
            raw.seek(0)
            with gzip.GzipFile(fileobj=_plain(raw, sealed, passphrase), mode="rb") as packed:
                with tarfile.open(fileobj=packed, mode="r|") as box:
                    kept = _kept(box, sealed)
                    yield kept, _members(box, kept)
                while packed.read(_PIECE):  # to the end, where the checksum of all stands
                    pass
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile) or error.errno is None:
            raise _damaged(file, error) from error
        raise StoreTrouble(f"{file} cannot be read ({error.strerror}).") from error
    except (BadSetting, NotAHome, StoreTrouble):
        raise
    except _BROKEN as error:
        raise _damaged(file, error) from error


def _plain(raw: IO[bytes], sealed: bool, passphrase: str) -> IO[bytes]:
    if not sealed:
        return raw
    if not passphrase:
        raise BadSetting("This backup is sealed: give its passphrase in SEENBEFORE_BACKUP_PASSPHRASE_FILE.")
    return cast("IO[bytes]", io.BufferedReader(SealedReader(raw, passphrase), _PIECE))


def _kept(box: tarfile.TarFile, sealed: bool) -> Kept:
    member = box.next()
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > _LONGEST:
        raise Damaged("it does not begin with a manifest")
    said_of_it = json.loads(_read(box, member).read())
    if said_of_it["format"] > FORMAT or not Store.knows(str(said_of_it["facts"]["schema"])):
        raise NotAHome("This backup was made by a newer version of the program: update the program first.")
    files: dict[str, dict[str, Any]] = {
        str(name): {"bytes": int(one["bytes"]), "sha256": str(one["sha256"])}
        for name, one in said_of_it["files"].items()
    }
    facts = dict(said_of_it["facts"])
    facts["pointers"] = {str(part): str(name) for part, name in facts["pointers"].items()}
    facts["counts"] = {str(kind): int(n) for kind, n in facts["counts"].items()}
    facts["originals"] = int(facts["originals"])
    if DATABASE not in files or not all(map(_is_safe, files)):
        raise Damaged("its manifest names no store, or a file outside the home")
    if any(
        part not in COMMANDS or f"made/{name}/manifest.json" not in files for part, name in facts["pointers"].items()
    ):
        raise Damaged("its manifest points at something that is not in it")
    made_at = datetime.fromisoformat(said_of_it["made_at"]).astimezone(UTC)
    return Kept(made_at, sealed, sum(int(one["bytes"]) for one in files.values()), facts, files)


def _members(box: tarfile.TarFile, kept: Kept) -> Iterator[tuple[str, IO[bytes]]]:
    left = set(kept.files)
    while (member := box.next()) is not None:
        if member.name not in left or not member.isreg():
            raise Damaged("it holds something that its manifest does not name")
        left.discard(member.name)
        yield member.name, _read(box, member)
    if left:
        raise Damaged(f"{sorted(left)[0]} is missing")


def _read(box: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = box.extractfile(member)
    if found is None:
        raise Damaged(f"{member.name} cannot be read")
    return found


def _copy(member: IO[bytes], out: IO[bytes] | None, promised: Mapping[str, Any]) -> None:
    digest, size = hashlib.sha256(), 0
    while piece := member.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if out is not None:
            with said("restored"):
                out.write(piece)
    if size != promised["bytes"] or digest.hexdigest() != promised["sha256"]:
        raise Damaged("a file in it does not match its checksum")


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and name != MANIFEST


def _damaged(file: Path, error: BaseException) -> Damaged:
    what = str(error) if isinstance(error, Damaged) else "it is cut short or was changed"
    return Damaged(f"The backup {file} is damaged ({what}): nothing was restored; use another one.")
