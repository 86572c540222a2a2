"""Have what was written on the disk itself, before anybody is told that it is there; and what a disk forbids."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Have everything in a folder, and the folder, on the disk before going on."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def is_read_only(path: Path) -> bool:
    """Whether it lies on a disk that nobody can write to, whoever he is; not what a missing right forbids."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
