"""Watch a folder for exports: each finished file goes in once, with a report beside it, and the index follows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import BadSetting, SeenBeforeError, TooLittle
from kb.tables import Asked
from kb.tables.imported import Imported
from pipelines import index as indexing
from pipelines import ingest
from pipelines.home import Home
from pipelines.index import Say, quiet

SETTING = "watched files"
REMEMBERED = 5_000
"""Files that are known by their content; older ones are forgotten, and taking one in twice changes nothing."""
SETTLE = 2.0
"""Seconds a file must keep its size and time before it counts as finished."""
THEN = ("patterns", "train")
"""What may be made anew after the index."""
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".swp", ".lock")
DONE, FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class Met:
    """One file and what became of it; without a file what followed from those that went in."""

    file: str
    outcome: str
    """done, failed, known (it went in before), or waits (there is too little yet)."""
    sentence: str
    imported: Imported | None = None


def watch(home: Home, folder: Path, asked: Asked, *, once: bool = False, every: float = 30.0, keep: bool = False,
          index: bool = True, then: Sequence[str] = (), tell: Callable[[Met], None],
          say: Say = quiet) -> int:  # fmt: skip
    """Take in what is finished in ``folder``, until stopped or, with ``once``, a single time; returns how many failed.

    After files that changed something the index is brought up to date (unless ``index`` is false), and what ``then``
    names of :data:`THEN` is made anew; a desk that is served meanwhile takes it up by itself. With ``keep`` files stay
    where they are and are known again by their content. Ctrl-C between two files loses nothing; within one, the batches
    written stay and the next run takes the file in again. Raises ``BadSetting`` where there is no such folder.
    """
    _check(folder, every, then)
    failed, due, after = 0, False, [*(["index"] if index else []), *dict.fromkeys(then)]
    seen = _sizes(folder)
    while True:
        time.sleep(SETTLE if seen else 0)
        now = _sizes(folder)
        for file in sorted(file for file, size in now.items() if seen.get(file) == size):
            met = _meet(home, folder, file, asked, keep=keep, say=say)
            failed += met.outcome == FAILED
            due = due or (met.imported is not None and met.imported.added + met.imported.updated > 0)
            if met.outcome != "known" or not keep:
                tell(met)
        if due:
            followed = [_follow(home, part, say=say) for part in after]
            due = any(met.outcome == FAILED for met in followed)
            failed += due
            for met in followed:
                tell(met)
        if once:
            for file in sorted(set(now) - {file for file, size in now.items() if seen.get(file) == size}):
                tell(Met(file.name, "unfinished", f"{file.name} is still being written; it is left for the next time."))
            return failed
        time.sleep(max(0.0, every - SETTLE))
        seen = _sizes(folder)


def _check(folder: Path, every: float, then: Sequence[str]) -> None:
    if not folder.is_dir():
        raise BadSetting(f"There is no folder {folder}: make it, or name the one your exports arrive in.")
    if every < 1:
        raise BadSetting("--every takes seconds, at least 1.")
    if unknown := [one for one in then if one not in THEN]:
        raise BadSetting(f"--then takes {' or '.join(THEN)}, not {unknown[0][:40]!r}.")


def _follow(home: Home, part: str, *, say: Say) -> Met:
    """Make one part anew from what is stored now; a desk too small for it is no failure."""
    try:
        if part == "index":
            done = indexing.build(home, say=say)
            return Met("", DONE, f"The index holds {done.told}.")
        if part == "patterns":
            from pipelines import patterns  # slow to load

            patterns.find(home, say=say)
            return Met("", DONE, "The patterns are up to date.")
        from pipelines import train  # likewise

        train.train(home, say=say)
        return Met("", DONE, "The models were trained anew; a target that got worse keeps its model.")
    except TooLittle as error:
        return Met("", "waits", str(error))
    except SeenBeforeError as error:
        return Met("", FAILED, f"What went in is stored, but the {part} could not follow: {error}")


def _sizes(folder: Path) -> dict[Path, tuple[int, int]]:
    """Files that may be exports, with size and time of change; nothing hidden, unfinished, or outside the folder."""
    found = {}
    for file in folder.iterdir():
        if file.name.startswith((".", "~$")) or file.name.lower().endswith((*_UNFINISHED, ".report.json")):
            continue
        try:
            if file.is_file() and not file.is_symlink():
                facts = file.stat()
                found[file] = (facts.st_size, facts.st_mtime_ns)
        except OSError:
            continue
    return found


def _meet(home: Home, folder: Path, file: Path, asked: Asked, *, keep: bool, say: Say) -> Met:
    try:
        mark = _mark(file)
    except OSError as error:
        return Met(file.name, FAILED, f"{file.name} cannot be read ({error.strerror}).")
    known = _known(home).get(mark)
    if known is not None and (keep or known[0] == DONE):
        when = f"{known[1][:16].replace('T', ' ')} UTC"
        met = Met(file.name, "known", f"{file.name} was met before ({known[0]}, {when}); it is not taken in again.")
    else:
        met = _taken(home, file, asked, say=say)
        _remember(home, mark, met.outcome)
    return met if keep else _moved(folder, file, met)


def _taken(home: Home, file: Path, asked: Asked, *, say: Say) -> Met:
    try:
        found = ingest.look(file, ingest.with_saved(asked, home))
        done = ingest.ingest(home, found, say=say)
    except SeenBeforeError as error:
        return Met(file.name, FAILED, str(error))
    said = f"{done.file}: {done.added:,} {done.kind} new, {done.updated:,} changed, {done.rejected:,} refused."
    asks = " ".join(f"To be answered: {question.sentence} ({question.argument})" for question in found.questions)
    return Met(file.name, DONE, f"{said} {asks}".strip(), done)


def _moved(folder: Path, file: Path, met: Met) -> Met:
    """Put a file that was met beside its report; where it cannot be moved it stays, and is known again."""
    place = folder / (FAILED if met.outcome == FAILED else DONE)
    try:
        place.mkdir(exist_ok=True)
        goal = next(goal for goal in _names(place, file) if not goal.exists())
        file.replace(goal)
        told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "outcome": met.outcome, "sentence": met.sentence,
                "imported": asdict(met.imported) if met.imported else None}  # fmt: skip
        goal.with_name(goal.name + ".report.json").write_text(
            json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
    except OSError as error:
        why = f"it cannot be moved to {place.name} ({error.strerror}) and is known by its content instead"
        return Met(met.file, met.outcome, f"{met.sentence} But {why}.", met.imported)
    return met


def _names(place: Path, file: Path) -> Iterator[Path]:
    yield place / file.name
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for count in range(1, 1_000_000):
        yield place / f"{file.stem}-{stamp}-{count}{file.suffix}"


def _mark(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _known(home: Home) -> dict[str, list[str]]:
    return _read(home.store.settings().get(SETTING))


def _read(text: str | None) -> dict[str, list[str]]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return (
        {str(mark): [str(part) for part in facts] for mark, facts in found.items()} if isinstance(found, dict) else {}
    )


def _remember(home: Home, mark: str, outcome: str) -> None:
    """Know a file by its content, among the desk's settings; the oldest beyond :data:`REMEMBERED` are forgotten."""

    def changed(text: str | None) -> str:
        known = {**_read(text), mark: [outcome, datetime.now(UTC).isoformat(timespec="seconds")]}
        newest = sorted(known.items(), key=lambda pair: pair[1][1])[-REMEMBERED:]
        return json.dumps(dict(newest), sort_keys=True)

    home.store.change(SETTING, changed, by="watch")
