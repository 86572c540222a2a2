"""Import an export: say what was understood, write what is good, report what is not; twice changes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from kb.errors import BadSetting, NotATable, StoreTrouble
from kb.guard import Ready
from kb.merging import Merging
from kb.records import Kind, Link, Record, Ref, Ticket
from kb.store import Change, Store
from kb.tables import Asked, BadRow, LinkRow, Remark, Understanding, rows, understand
from kb.tables import saved as saved_presets
from kb.tables.imported import Imported
from kb.tables.values import Ranks
from kb.tables.write import write_csv
from kb.text import prepare
from pipelines import redacting, show
from pipelines.home import Home
from pipelines.index import Say, quiet

_BATCH = 500
_SHOWN = 5
_PACKED = (b"\x1f\x8b", b"PK")
"""What gzip and XLSX files begin with."""


def asked(*, preset: str = "", map_file: Path | None = None, source: str = "", encoding: str = "", dates: str = "",
          timezone: str = "", one: Mapping[str, str] | None = None,
          first_line: tuple[str, ...] = ()) -> Asked:  # fmt: skip
    """What a person said on the command line. Raises ``BadSetting`` for a word we do not know."""
    if dates not in ("", "day", "month"):
        raise BadSetting(f"--dates is {dates!r}: give day or month.")
    directions: dict[str, Any] = {}
    for target, means in (one or {}).items():
        if means not in ("", "highest", "lowest"):
            raise BadSetting(f"--{target}-one is {means!r}: give highest or lowest.")
        if means:
            directions[target] = means
    return Asked(preset=preset, map_file=map_file, source=source, encoding=encoding, timezone=timezone,
                 dates=cast("Any", dates or None), directions=directions, first_line=first_line)  # fmt: skip


def with_saved(said: Asked, home: Home) -> Asked:
    """The same answers with the presets that people on this desk made, where there is a desk."""
    return replace(said, saved=saved_presets.read(home.store.settings())) if home.exists else said


def look(file: Path, said: Asked) -> Understanding:
    """Understand a file and write nothing. Raises ``NotATable`` in one sentence where it cannot be imported."""
    try:
        if not file.exists():
            raise NotATable(f"There is no file {file}.")
        if file.is_dir():
            raise NotATable(f"{file} is a folder: give one file.")
        return understand(file, said)
    except OSError as error:
        raise NotATable(f"{file} cannot be read ({error.strerror}).") from error


def ingest(home: Home, found: Understanding, *, say: Say = quiet, by: str = "", beside: bool = True) -> Imported:
    """Write every good row, by (source, number); a run that is stopped keeps the batches it has written.

    Processes help with a large export unless ``beside`` is false: a server that draws pages is no program that another
    process could begin as.
    """
    started = time.perf_counter()
    writer = _Writer(home.store, found)
    name = found.table.name
    home.store.note("imported", by=by, detail={"what": "begun", "kind": found.kind})
    if found.kind == "links":
        for links in writer.batches():
            writer.write_links(links)
            say(f"Importing {name}", writer.count, writer.count)
    else:
        home.store.salted()
        helps = beside and _size(found) >= redacting.WORTH
        processes = redacting.workers(home.settings.threads) if helps else 0
        for batch, ready in redacting.through(writer.batches(), home.store.guard, processes=processes):
            writer.write(batch, ready)
            say(f"Importing {name}", writer.written, writer.written)
    say(f"Importing {name}", writer.count, writer.count)
    report = _report(home, name, writer.refused, writer.remarks)
    change = writer.change
    home.store.note_import(file=name, source=found.source, kind=found.kind, added=change.added, updated=change.updated,
                           unchanged=change.unchanged, rejected=len(writer.refused), by=by)  # fmt: skip
    first = tuple(f"row {bad.row}, {bad.column or 'the row'}: {bad.reason}" for bad in writer.refused[:_SHOWN])
    return Imported(name, found.kind, found.source, change.added, change.updated, change.unchanged, len(writer.refused),
                    len(writer.remarks), time.perf_counter() - started, report, first)  # fmt: skip


class _Writer:
    """Reads rows in batches, each of which becomes one transaction."""

    def __init__(self, store: Store, found: Understanding) -> None:
        self._store, self._found = store, found
        self.refused: list[BadRow] = []
        self.remarks: list[Remark] = []
        self.change = Change()
        self.count = self.written = 0
        """Rows that were read, and that were written."""
        self._merge = Merging(tuple(found.mapping))

    def batches(self) -> Iterator[list[Any]]:
        """Good rows; what is refused or noticed is kept aside."""
        batch: list[Any] = []
        for row in rows(self._found):
            if isinstance(row, Remark):
                self.remarks.append(row)
                continue
            self.count += 1
            if isinstance(row, BadRow):
                self.refused.append(row)
                continue
            batch.append((self.count + 1, row) if isinstance(row, LinkRow) else row)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def write(self, batch: Sequence[Record], ready: Ready | None) -> None:
        kind = cast("Kind", self._found.kind.removesuffix("s"))
        prepared = batch if ready is not None else [prepare(record) for record in batch]
        self.change += self._store.write(kind, prepared, merge=self._merge, ready=ready)
        self.written += len(batch)

    def write_links(self, batch: Sequence[tuple[int, LinkRow]]) -> None:
        own = self._found.source
        sources: dict[Kind, dict[str, list[str]]] = {
            "ticket": self._store.sources("ticket", [n for _, r in batch for n in (r.ticket, r.target)]),
            "article": self._store.sources("article", [r.target for _, r in batch]),
            "problem": self._store.sources("problem", [r.target for _, r in batch]),
        }

        def ref(kind: Kind, number: str) -> Ref:
            known = sources[kind].get(number, [])
            return Ref(kind, own if own in known or not known else known[0], number)

        links = {
            Link(ref("ticket", r.ticket), ref(r.target_kind, r.target), r.linked_at, generic=r.generic): at
            for at, r in batch
        }
        change, missing = self._store.link(list(links))
        self.change += change
        for link in missing:
            gone = link.ticket if link.ticket.number not in sources["ticket"] else link.target
            self.refused.append(BadRow(links[link], "ticket" if gone == link.ticket else "target", gone.number[:80],
                                       f"no such {gone.kind} here: import the {gone.kind}s first"))  # fmt: skip


def _size(found: Understanding) -> int:
    """Bytes of an export, roughly: a packed one holds some ten times as many."""
    try:
        if isinstance(found.path, bytes):
            size, head = len(found.path), found.path[:2]
        elif found.path.is_file():
            with found.path.open("rb") as file:
                size, head = found.path.stat().st_size, file.read(2)
        else:
            return 0
    except OSError:
        return 0
    return size * (10 if head in _PACKED else 1)


def _report(home: Home, name: str, refused: list[BadRow], remarks: list[Remark]) -> str:
    if not refused and not remarks:
        return ""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    path, guard = home.folder / "reports" / f"import-{stamp}.csv", home.store.guard()
    unfinished = path.with_name(f".tmp-import-{os.getpid()}")

    def lines() -> Iterator[tuple[object, ...]]:
        for what, found in (("refused", refused), ("remark", remarks)):
            for row in found:
                yield name, what, row.row, row.column, guard.text(str(row.value)), guard.text(row.reason)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            write_csv(file, ("file", "what", "row", "column", "value", "reason"), lines())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreTrouble(f"The rows are saved, but the report cannot be written ({error.strerror}).") from error
    return str(path)


# --- what the command line shows ----------------------------------------------------------------------------------


def understood_json(found: Understanding) -> dict[str, Any]:
    """What ``ingest --dry-run --json`` prints."""
    return {
        "file": found.table.name if isinstance(found.path, bytes) else str(found.path),
        "kind": found.kind, "preset": found.preset.name, "source": found.source,
        "format": found.format, "encoding": found.encoding, "delimiter": found.delimiter,
        "columns": [{"column": c.name, "field": c.target, "samples": list(c.samples), "note": c.note,
                     "confidence": round(c.confidence, 2)}
                    for c in found.columns],
        "dates": found.dates_why, "levels": {name: _direction(ranks) for name, ranks in found.levels.items()},
        "absent": list(found.absent), "questions": [{"about": q.about, "sentence": q.sentence, "argument": q.argument}
                                                    for q in found.questions],
        "warnings": list(found.warnings),
        "samples": [{"number": getattr(r, "number", getattr(r, "ticket", "")), "title": getattr(r, "title", "")}
                    for r in found.samples],
    }  # fmt: skip


def show_understood(found: Understanding) -> None:
    """What was understood, before anything is written."""
    form = ", ".join(
        part for part in (found.format, found.encoding, f"“{found.delimiter}”" if found.delimiter else "") if part
    )
    name = found.table.name
    show.line(f"{name}: {found.kind} from {found.source} ({form}), read with the preset {found.preset.name}",
              style="bold")  # fmt: skip
    rows_ = [
        (c.name, c.target or "kept as it is", f"{c.confidence:.0%}" if c.target else "", " | ".join(c.samples), c.note)
        for c in found.columns
    ]
    show.table("", ("column", "becomes", "sure", "samples", ""), rows_)
    if found.preset.note:
        show.line(found.preset.note, style="dim")
    show.line(f"Dates: {found.dates_why}.")
    for name, ranks in found.levels.items():
        show.line(f"{name.capitalize()}: {_direction(ranks)}.")
    show.line(f"Not in this file: {', '.join(found.absent) or 'nothing we know of'}.")
    if found.kind == "tickets":
        cells = [
            (t.number, t.title[:60], t.opened_at, t.state, t.priority) for t in found.samples if isinstance(t, Ticket)
        ]
        show.table("The first five, as they would be stored", ("number", "title", "opened", "state", "priority"), cells)
    else:
        firsts = [
            (getattr(r, "number", getattr(r, "ticket", "")), getattr(r, "title", getattr(r, "target", "")))
            for r in found.samples
        ]
        show.table("The first five, as they would be stored", ("number", ""), firsts)
    for warning in found.warnings:
        show.line(warning, style="yellow")
    for question in found.questions:
        show.line(f"To be answered: {question.sentence} ({question.argument})", style="bold yellow")
    show.line("Nothing was written. Run it again without --dry-run to import.", style="dim")


def _direction(ranks: Ranks) -> str:
    if ranks.one is None:
        return "read by its words" if ranks.proof == "words" else "not known whether 1 is the highest or the lowest"
    how = {"preset": "as the preset says", "given": "as you said", "words": "proven by its words"}.get(ranks.proof, "")
    return f"1 is the {ranks.one}{', ' + how if how else ''}"


def done_json(done: Imported) -> dict[str, Any]:
    """What ``ingest --json`` prints."""
    return {name: getattr(done, name) for name in Imported.__slots__}


def show_done(done: Imported) -> None:
    """What the import did."""
    show.line(f"{done.file}: {done.added:,} {done.kind} added, {done.updated:,} updated, {done.unchanged:,} unchanged, "
              f"{done.rejected:,} refused in {done.seconds:.1f} s.", style="bold")  # fmt: skip
    for sentence in done.first_refused:
        show.line(f"  {sentence}", style="yellow")
    if done.report:
        show.line(f"Refused rows and remarks ({done.remarks:,}) are listed in {done.report}")
    if done.added or done.updated:
        show.line("Next: seenbefore index, then seenbefore train and seenbefore patterns", style="dim")
