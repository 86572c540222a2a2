"""A file that a person asked for is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.disk import sync
from kb.errors import BadSetting, StoreTrouble


@contextmanager
def whole(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Where to write; what was written takes its name when all of it is there.

    Raises ``BadSetting`` where the file is there already, ``StoreTrouble`` where it cannot be written.
    """
    if path.exists() and not overwrite:
        raise BadSetting(f"{path} is there already: choose another name or add --overwrite.")
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        sync(unfinished)
        unfinished.replace(path)
        sync(path.parent)
    except OSError as error:
        raise StoreTrouble(
            f"{path} cannot be written ({error.strerror}): check the folder and the free disk."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
