"""Suggestions for what was given on the command line: a text, a ticket's number, or a file of tickets."""

from __future__ import annotations

from pathlib import Path

from kb.desk import Desk
from kb.errors import BadSetting, NotFound
from kb.records import Suggestion, Ticket, Viewer
from kb.tables import Asked, rows, understand
from kb.text import prepare

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


def _is_file(given: str) -> bool:
    if len(given) > _LONGEST_NAME or "\n" in given or "\0" in given:
        return False
    try:
        return Path(given).is_file()
    except OSError:
        return False
