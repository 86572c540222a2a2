"""Redaction in processes beside an import: the same rows as without, whatever happens to the processes."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.guard import Guard, Ready
from kb.merging import Merging, Way
from kb.privacy.kinds import Rules
from kb.records import KEEPER, Record, Ticket
from kb.rows import pack_audience, to_row
from pipelines import ingest, redacting
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

MAIL = "jane.doe@example.com"


def tickets(n: int, first: int = 0) -> list[Ticket]:
    return [
        Ticket("tool", f"INC{i:05d}", f"Printer {i} is out", f"Hello,\nmy password is Rabbit{i}! write to {MAIL}",
                caller="Jane Doe", resolution=f"Told {MAIL} to restart it", state="resolved")
        for i in range(first, first + n)
    ]  # fmt: skip


def desk(tmp_path: Path) -> Home:
    home = Home(Settings(tmp_path / "desk", embedder="hashing"))
    home.create()
    home.store.salted()
    return home


def batches(records: Sequence[Record], size: int = 10) -> Iterator[Sequence[Record]]:
    for at in range(0, len(records), size):
        yield records[at : at + size]


def stored(home: Home) -> list[Record]:
    return [record for batch in home.store.each("ticket", KEEPER) for record in batch]


def test_what_processes_redact_is_what_the_store_would_have_redacted(tmp_path: Path) -> None:
    home = desk(tmp_path)
    guard = home.store.guard()
    for batch, ready in redacting.through(batches(tickets(45)), home.store.guard, processes=2):
        assert ready is not None
        assert ready.guard == guard
        home.store.write("ticket", batch, ready=ready)
    made = stored(home)
    assert [one.number for one in made] == [one.number for one in tickets(45)]
    again = [guard.record(ingest.prepare(one)).record for one in tickets(45)]
    assert [(one.text, one.fix, one.caller) for one in made] == [(one.text, one.fix, one.caller) for one in again]
    assert not any("Rabbit" in one.text or MAIL in one.text + one.fix for one in made)


def test_a_policy_that_is_set_while_batches_wait_is_the_one_in_force(tmp_path: Path) -> None:
    home = desk(tmp_path)
    loose = iter(list(redacting.through(batches(tickets(20)), home.store.guard, processes=2)))
    batch, ready = next(loose)
    home.store.set("privacy.email", "keep")
    home.store.write("ticket", batch, ready=ready)
    assert home.store.rules() == Rules({"email": "keep"})
    assert all(MAIL in one.text and "[password]" in one.text for one in stored(home))


def test_a_row_that_meets_one_already_there_is_merged_and_then_redacted(tmp_path: Path) -> None:
    home = desk(tmp_path)
    home.store.write("ticket", [ingest.prepare(Ticket("tool", "INC00000", "An older title", "Old body", notes="kept"))])
    merge = Merging(("title", "body"))
    for batch, ready in redacting.through(batches(tickets(3)), home.store.guard, processes=2):
        change = home.store.write("ticket", batch, merge=merge, ready=ready)
        assert (change.added, change.updated) == (2, 1)
    first = stored(home)[0]
    assert isinstance(first, Ticket)
    assert first.notes == "kept"
    assert first.title == "Printer 0 is out"
    assert "[password]" in first.text
    assert first.resolution == ""


@given(
    st.fixed_dictionaries({}, optional={
        "title": st.sampled_from(["Printer 0 is out", "Another title", "my password is Tiger77!"]),
        "body": st.sampled_from(["", f"write to {MAIL}", "write to john@example.org"]),
        "notes": st.sampled_from(["kept", "other notes"]), "line": st.sampled_from([None, 1, 2]),
        "caller": st.sampled_from(["Jane Doe", "John Roe"]), "extra": st.sampled_from([{}, {"floor": "3"}, {"floor": "4"}]),
        "state": st.sampled_from(["open", "resolved"]),
    }),
    st.sets(st.sampled_from(["title", "body", "notes", "line", "caller", "state"])),
)  # fmt: skip
@example({"extra": {"floor": "4"}}, set())
@example({"line": 1}, set())
@example({"title": "Another title"}, {"title"})
@settings(max_examples=60, deadline=None)
def test_a_row_changes_what_is_there_just_as_if_it_had_not_been_ready(says: dict[str, Any], columns: set[str]) -> None:
    old = replace(tickets(1)[0], notes="kept", line=2, extra={"floor": "3"})
    new = replace(tickets(1)[0], **says)
    guard = Guard(Rules(), "salt")
    row = {**to_row(guard.record(ingest.prepare(old)).record), "id": 7, "audience_given": pack_audience(())}
    merge = Merging(tuple(sorted(columns)))
    made = Way(guard, merge, frozenset(), Ready.by(guard, [new])).stored(0, new, row)
    plain = Way(guard, merge, frozenset(), None).stored(0, ingest.prepare(new), row)
    assert plain is not None
    if made is None:  # columns that stay may hold a placeholder already: merged anew, another number would be given
        assert _without_numbers(to_row(plain.record)) == _without_numbers(row)
    else:
        assert made.record == plain.record


def _without_numbers(row: dict[str, Any]) -> dict[str, str]:
    made = ("id", "audience_given", "fingerprint", "text_hash")
    return {name: re.sub(r"-\d+\]", "]", str(value)) for name, value in row.items() if name not in made}


def test_the_process_that_writes_redacts_what_lies_ahead_where_it_would_only_wait(tmp_path: Path) -> None:
    home, numbers, here = desk(tmp_path), list[str](), 0
    guard = home.store.guard()
    for batch, ready in redacting.through(batches(tickets(2_000), 130), home.store.guard, processes=1):
        assert ready is not None
        assert [one.record for one in ready.records[::60]] == [
            guard.record(ingest.prepare(b)).record for b in batch[::60]
        ]
        numbers += [one.record.number for one in ready.records]  # type: ignore[union-attr]
        # what comes from elsewhere is a copy
        here += sum(made.record.number is one.number for made, one in zip(ready.records, batch, strict=True))  # type: ignore[union-attr]
    assert numbers == [one.number for one in tickets(2_000)]
    assert 0 < here < 2_000


def test_an_import_goes_on_where_a_process_is_killed(tmp_path: Path) -> None:
    home, unready = desk(tmp_path), 0
    for at, (batch, ready) in enumerate(redacting.through(batches(tickets(200)), home.store.guard, processes=2)):
        if at == 2:
            for process in multiprocessing.active_children():
                os.kill(process.pid or 0, signal.SIGKILL)
        unready += ready is None
        home.store.write("ticket", batch if ready else [ingest.prepare(one) for one in batch], ready=ready)
    assert unready
    assert [one.number for one in stored(home)] == [one.number for one in tickets(200)]
    assert not any("Rabbit" in one.text for one in stored(home))


def test_a_large_export_is_imported_through_processes_and_reports_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redacting, "WORTH", 1)
    monkeypatch.setattr(redacting, "workers", lambda _: 2)
    home = desk(tmp_path)
    rows = ["number,short_description,description,opened_at"]
    rows += [f"INC{i:05d},Printer {i},my password is Rabbit{i}!,{'2026-03-14 10:00:00' if i % 100 else 'never'}"
             for i in range(601)]  # fmt: skip
    file, told = tmp_path / "incidents.csv", list[tuple[int, int]]()
    file.write_text("\n".join(rows) + "\n", "utf-8")
    done = ingest.ingest(home, ingest.look(file, ingest.asked()), say=lambda _, at, of: told.append((at, of)))
    assert done.added + done.rejected == 601
    assert told == sorted(told)
    assert told[-1] == (601, 601)
    again = ingest.ingest(home, ingest.look(file, ingest.asked()))
    assert (again.added, again.updated, again.unchanged) == (0, 0, done.added)
    assert not any("Rabbit" in one.text for one in stored(home))


def test_a_server_imports_by_itself_and_a_command_has_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "WORTH", 1)
    monkeypatch.setattr(redacting, "workers", lambda _: 2)
    home, file, helpers = desk(tmp_path), tmp_path / "incidents.csv", list[int]()
    rows = [f"INC{i:05d},Printer {i},my password is Rabbit{i}!" for i in range(20)]
    file.write_text("\n".join(["number,short_description,description", *rows]) + "\n", "utf-8")

    def say(*_: object) -> None:
        helpers.append(len(multiprocessing.active_children()))

    found = ingest.look(file, ingest.asked())
    assert ingest.ingest(home, found, say=say).added == 20
    assert helpers[0] > 0
    helpers.clear()
    for process in multiprocessing.active_children():
        process.join(20)
    assert desk_of(home, parts=()).import_with(found, say).unchanged == 20
    assert set(helpers) == {0}
    assert not any("Rabbit" in one.text for one in stored(home))


KILLED = """
import os, sys
from pathlib import Path
from pipelines import redacting
from tests.pipelines.test_redacting import batches, desk, tickets

if __name__ == "__main__":
    home = desk(Path(sys.argv[1]))
    for batch, ready in redacting.through(batches(tickets(500)), home.store.guard, processes=2):
        import multiprocessing
        print(*[one.pid for one in multiprocessing.active_children()], flush=True)
        sys.stdin.read()
"""


def test_processes_end_with_the_one_that_asked_even_when_it_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED, "utf-8")
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())}) as asked:  # fmt: skip
        assert asked.stdout is not None
        found = [int(one) for one in asked.stdout.readline().split()]
        assert len(found) == 2
        asked.kill()
        asked.wait()
        until = time.monotonic() + 20
        while any(map(_is_there, found)) and time.monotonic() < until:
            time.sleep(0.1)
    assert not any(map(_is_there, found))


def _is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
