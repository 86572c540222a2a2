"""A small model of a power cut: records what a piece of work asks of the file system, and makes the states that a cut
may leave behind, as a disk that promises no more than POSIX does would.

What was written to a file is only there after a sync of that file, a name only after a sync of its folder; what was not
synced may be there whole, in part or not at all, each for itself.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
Names = dict[int, dict[str, int]]


@dataclass
class Moment:
    """The folder at one step: what programs see, and what is certain to be on the disk."""

    what: str
    names: Names
    texts: dict[int, bytes]
    sure_names: Names
    sure_texts: dict[int, bytes]
    said: tuple[str, ...]


@dataclass
class Recorder:
    """Watches one folder while work is done in it."""

    root: Path
    moments: list[Moment] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _sure_names: Names = field(default_factory=dict)
    _sure_texts: dict[int, bytes] = field(default_factory=dict)

    def ack(self, word: str) -> None:
        """From here on somebody relies on it."""
        self.said.append(word)
        self._look("ack")

    @contextmanager
    def watching(self) -> Iterator[Recorder]:
        """Everything that is there now is on the disk; from here on each call is a step."""
        self._sure_names, self._sure_texts = _seen(self.root)
        kept = {name: getattr(os, name) for name in CALLS}
        for name, call in kept.items():
            setattr(os, name, self._around(name, call))
        try:
            yield self
        finally:
            for name, call in kept.items():
                setattr(os, name, call)

    def _around(self, name: str, call: Any) -> Any:
        def watched(*args: Any, **more: Any) -> Any:
            self._look(f"before {name}")  # what was written since stands here, unsynced
            answer = call(*args, **more)
            if name == "fsync":
                self._synced(args[0])
            self._look(name)
            return answer

        return watched

    def _synced(self, handle: int) -> None:
        names, texts = _seen(self.root)
        about = os.fstat(handle)
        if stat.S_ISDIR(about.st_mode):
            self._sure_names[about.st_ino] = dict(names.get(about.st_ino, {}))
        elif about.st_ino in texts:
            self._sure_texts[about.st_ino] = texts[about.st_ino]

    def _look(self, what: str) -> None:
        names, texts = _seen(self.root)
        sure = {at: dict(kept) for at, kept in self._sure_names.items()}
        self.moments.append(Moment(what, names, texts, sure, dict(self._sure_texts), tuple(self.said)))


def states(
    recorder: Recorder, place: Path, *, seed: int, chances: int = 6
) -> Iterator[tuple[str, tuple[str, ...], Path]]:
    """Folders that a cut could leave: where it was cut, what was acknowledged until then, and the folder."""
    chance, top = random.Random(seed), recorder.root.stat().st_ino
    for at, moment in enumerate(recorder.moments):
        ways: list[tuple[str, Any, Any]] = [
            ("nothing unsynced", lambda _: False, lambda _: 0.0),
            ("only names", lambda _: True, lambda _: 0.0),
            ("only texts", lambda _: False, lambda _: 1.0),
            ("everything", lambda _: True, lambda _: 1.0),
        ]
        for n in range(chances):
            picked: dict[int, bool] = {}
            parts: dict[int, float] = {}
            ways.append((f"some, {n}", lambda i, p=picked: p.setdefault(i, chance.random() < 0.5),
                         lambda i, p=parts: p.setdefault(i, chance.choice((0.0, 0.5, 1.0)))))  # fmt: skip
        for way, keeps_names, keeps_text in ways:
            folder = place / f"{at}-{way.replace(' ', '-').replace(',', '')}"
            _lay(moment, top, folder, keeps_names, keeps_text)
            yield f"{at} after {moment.what}, {way}", moment.said, folder


def _lay(moment: Moment, ino: int, folder: Path, keeps_names: Any, keeps_text: Any) -> None:
    folder.mkdir()
    seen, sure = moment.names.get(ino, {}), moment.sure_names.get(ino, {})
    for name, child in (seen if keeps_names(ino) else sure).items():
        if child in moment.names or child in moment.sure_names:
            _lay(moment, child, folder / name, keeps_names, keeps_text)
            continue
        now, before = moment.texts.get(child), moment.sure_texts.get(child, b"")
        share = keeps_text(child)
        if now is None or now == before or share == 0:
            text = before
        else:
            text = (
                now[: max(len(before), int(len(now) * share))]
                if now.startswith(before)
                else now[: int(len(now) * share)]
            )
        (folder / name).write_bytes(text)


def _seen(root: Path) -> tuple[Names, dict[int, bytes]]:
    names: Names = {}
    texts: dict[int, bytes] = {}

    def walk(folder: Path) -> None:
        entries = {}
        for one in os.scandir(folder):
            at = one.inode()
            entries[one.name] = at
            if one.is_dir():
                walk(Path(one.path))
            else:
                texts[at] = Path(one.path).read_bytes()
        names[folder.stat().st_ino] = entries

    walk(root)
    return names, texts
