"""What a disk lets a program do."""

from __future__ import annotations

import os
from pathlib import Path


def is_read_only(path: Path) -> bool:
    """Whether it lies on a disk that nobody can write to, whoever he is; not what a missing right forbids."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
