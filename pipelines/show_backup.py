"""How backing up and restoring are told on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.restore import Kept
from pipelines.show import bars, line, say_json

if TYPE_CHECKING:
    from pipelines.backup import Done

__all__ = ["bars", "restored", "verified", "written"]


def written(done: Done, as_json: bool) -> None:
    """A backup that was written."""
    if as_json:
        say_json({"file": str(done.file), "bytes": done.size, "notes": list(done.notes), **_plain(done.kept)})
        return
    line(f"Wrote {done.file} ({done.size / 1e6:,.1f} MB) and read it back: {_told(done.kept)}.", style="bold")
    for note in done.notes:
        line(note)


def verified(file: Path, kept: Kept, as_json: bool) -> None:
    """A backup that was read."""
    if as_json:
        say_json({"file": str(file), **_plain(kept)})
        return
    line(f"{file} is whole: {_told(kept)}.", style="bold")


def restored(home: Path, kept: Kept, as_json: bool) -> None:
    """A home that is back."""
    if as_json:
        say_json({"home": str(home), **_plain(kept)})
        return
    line(f"Restored {home}: {_told(kept)}.", style="bold")
    line("What was erased after that is in it again: run `seenbefore erase` for it once more.")
    if kept.facts["originals"]:
        line("Its sealed originals open with the key they were sealed with: set SEENBEFORE_PRIVACY_KEY_FILE.")
    line("People sign in anew." + ("" if "index" in kept.facts["pointers"] else " Next: seenbefore index, then "
         "seenbefore train and seenbefore patterns."))  # fmt: skip


def _told(kept: Kept) -> str:
    counts = ", ".join(f"{n:,} {kind}" for kind, n in kept.facts["counts"].items())
    made = " with what was made of them" if kept.facts["pointers"] else ""
    return f"{counts}{made}, as of {kept.made_at:%Y-%m-%d %H:%M} UTC{', sealed' if kept.sealed else ''}"


def _plain(kept: Kept) -> dict[str, Any]:
    return {"made_at": kept.made_at.isoformat(), "sealed": kept.sealed, "unpacked_bytes": kept.bytes, **kept.facts}
