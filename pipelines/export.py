"""Write what the viewer may see to a file that any tool reads; cells can start no formula in a spreadsheet."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from kb.errors import BadSetting
from kb.records import Kind, Record, Viewer
from kb.tables.own import KINDS, columns_of
from kb.tables.write import write_csv, write_xlsx
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.whole import whole


def export(home: Home, file: Path, *, kind: str, viewer: Viewer, overwrite: bool = False, say: Say = quiet) -> int:
    """Write all tickets, articles, problems or links; returns how many. Nothing is left behind where it fails.

    Raises ``BadSetting`` for a kind or ending we do not know or a file that is there, ``StoreTrouble`` on a full disk.
    """
    if kind not in KINDS:
        raise BadSetting(f"--kind is {kind!r}: give {', '.join(KINDS)}.")
    form = next((ending for ending in _WRITERS if file.name.endswith(ending)), None)
    if form is None:
        raise BadSetting(f"{file.name} has no ending we write: use {', '.join(_WRITERS)}.")
    total = home.store.counts(viewer)[kind]
    rows = _counted(_rows(home, kind, viewer), kind, total, say)
    with whole(file, overwrite=overwrite) as unfinished:
        written = _WRITERS[form](unfinished, columns_of(kind), rows)
        home.store.note("exported", kind, by=viewer.name, detail={"rows": written, "form": form})
    return written


def write_records(file: Path, kind: str, records: Iterator[Record]) -> int:
    """Write records that no home holds as a CSV of ours; returns how many. The file is there whole or not at all."""
    names = columns_of(kind)
    with whole(file) as unfinished:
        return _write_csv(unfinished, names, (_plain(record, names) for record in records))


def _rows(home: Home, kind: str, viewer: Viewer) -> Iterator[dict[str, Any]]:
    if kind == "links":
        for batch in home.store.each("ticket", viewer):
            for ticket in batch:
                for link, target in home.store.links_of(ticket, viewer):
                    yield {"ticket": ticket.number, "target_kind": target.ref.kind, "target": target.number,
                           "linked_at": link.linked_at, "by": link.by, "generic": int(link.generic)}  # fmt: skip
        return
    for batch in home.store.each(cast("Kind", kind.removesuffix("s")), viewer):
        yield from (_plain(record, columns_of(kind)) for record in batch)


def _plain(record: Record, names: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in names:
        value = getattr(record, name)
        if name == "audience":
            value = "; ".join(value)
        elif name == "extra":
            value = json.dumps(dict(value), ensure_ascii=False) if value else ""
        row[name] = value
    return row


def _counted(rows: Iterator[dict[str, Any]], kind: str, total: int, say: Say) -> Iterator[dict[str, Any]]:
    done = 0
    for done, row in enumerate(rows, 1):
        yield row
        if done % 500 == 0:
            say(f"Writing {kind}", done, max(total, done))
    say(f"Writing {kind}", done, max(total, done))


def _write_csv(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_csv(file, names, _cells(names, rows))


def _write_csv_gz(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> int:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        return write_csv(cast("TextIO", file), names, _cells(names, rows))


def _write_xlsx(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> int:
    return write_xlsx(path, names, _cells(names, rows))


def _cells(names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    return ([row[name] for name in names] for row in rows)


def _write_jsonl(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=_iso) + "\n")
            count += 1
    return count


def _write_json(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for count, row in enumerate(rows, 1):
            file.write(("," if count > 1 else "") + "\n" + json.dumps(row, ensure_ascii=False, default=_iso))
        file.write("\n]\n")
    return count


def _iso(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


_WRITERS = {
    ".csv.gz": _write_csv_gz,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".json": _write_json,
    ".xlsx": _write_xlsx,
}
