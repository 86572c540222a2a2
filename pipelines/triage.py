"""Suggestions for what was given on the command line: a text, a ticket's number, or a file of tickets."""

from __future__ import annotations

from pathlib import Path

from kb.desk import Desk
from kb.errors import BadSetting, NotFound
from kb.records import Suggestion, Ticket, Viewer
from kb.suggested import WAYS, as_file, suggested
from kb.tables import Asked, rows, understand
from kb.text import prepare
from pipelines.index import Say, quiet
from pipelines.whole import whole

_LONGEST_NAME = 500


def suggest(desk: Desk, given: str, *, viewer: Viewer) -> tuple[list[Suggestion], bool]:
    """Suggestions, and whether a file of tickets was given (then there may be any number of them).

    Raises ``BadSetting`` for an empty text and ``NotATable`` for a file that is no table.
    """
    if _is_file(given):
        tickets = [row for row in rows(understand(Path(given), Asked())) if isinstance(row, Ticket)]
        return desk.triage([prepare(ticket) for ticket in tickets], viewer=viewer), True
    text = given.strip()
    if not text:
        raise BadSetting("There is no text to triage: give the ticket's words, its number, or a file.")
    if len(text) < 40 and " " not in text:
        try:
            found = desk.record("ticket", text, viewer=viewer)
        except NotFound:
            return [desk.triage_text(text, viewer=viewer)], False
        if isinstance(found, Ticket):
            return desk.triage([found], viewer=viewer), False
    return [desk.triage_text(text, viewer=viewer)], False


def write_table(desk: Desk, given: str, out: Path, *, viewer: Viewer, say: Say = quiet, overwrite: bool = False) -> int:
    """Suggestions for a file of tickets as a table of its own, CSV or XLSX; returns how many rows.

    Raises ``BadSetting`` where no file was given or ``out`` is there already or no table, ``NotATable``,
    ``StoreTrouble``.
    """
    if not _is_file(given):
        raise BadSetting(f"--out needs a file of tickets, and {given[:80]!r} is none: give the export's name.")
    if out.suffix.lower() not in WAYS:
        raise BadSetting(f"{out} is no table: give a name that ends in {' or '.join(WAYS)}.")
    with whole(out, overwrite=overwrite) as unfinished:
        made = suggested(desk, Path(given), viewer=viewer, say=lambda done, of: say("Suggesting", done, of))
        unfinished.write_bytes(as_file(made, out.name))
        desk.exported("suggestions", viewer=viewer, detail={"rows": len(made.rows), "form": out.suffix.lower()})
    return len(made.rows)


def _is_file(given: str) -> bool:
    if len(given) > _LONGEST_NAME or "\n" in given or "\0" in given:
        return False
    try:
        return Path(given).is_file()
    except OSError:
        return False
