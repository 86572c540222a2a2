"""Suggestions for a file of new tickets, as a table that goes back to the ticketing tool."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from kb.errors import NotATable
from kb.policy import target_of
from kb.records import Suggestion, Ticket, Viewer
from kb.tables import Asked, BadRow, Understanding, rows, understand
from kb.tables.mapping import plainly
from kb.tables.write import write_csv, write_xlsx

LARGEST = 20 * 1024**2
"""Bytes of a file that a page takes; the same limit as the server has."""
MOST = 5_000
"""Tickets of a file that a page answers; more is work for the command line."""
_AT_ONCE, _TELLING = 100, 2
Said = Callable[[int, int], None]
"""Told how many of how many are done."""


class Triages(Protocol):
    """Suggests for tickets; :class:`kb.desk.Desk` does."""

    def triage(self, tickets: Sequence[Ticket], *, viewer: Viewer) -> list[Suggestion]:
        """One suggestion a ticket, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Suggested:
    """A table of suggestions, ready to be written, and what was left out of it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    refused: int = 0
    notes: tuple[str, ...] = ()


def suggested(
    desk: Triages, given: bytes | Path, *, viewer: Viewer, say: Said = lambda done, of: None, most: int | None = None
) -> Suggested:
    """One row a ticket of the file, in its order; ``most`` tickets at most.

    Raises ``NotATable`` for what is too large or no list of tickets.
    """
    if isinstance(given, bytes) and len(given) > LARGEST:
        raise NotATable(f"The file is larger than {LARGEST // 1024**2} MB: run `seenbefore triage FILE --out TABLE`.")
    understood = _understood(given)
    found = list(islice(rows(understood), 0, None if most is None else 3 * most))
    tickets = [row for row in found if isinstance(row, Ticket)]
    refused = sum(isinstance(row, BadRow) for row in found)
    if most is not None and len(tickets) > most:
        raise NotATable(
            f"The file has more than {most:,} tickets: split it, or run `seenbefore triage FILE --out TABLE`."
        )
    made: list[Suggestion] = []
    for start in range(0, len(tickets), _AT_ONCE):
        say(start, len(tickets))
        made += desk.triage(tickets[start : start + _AT_ONCE], viewer=viewer)
    names = list(dict.fromkeys(name for one in made for name in one.predictions))
    header = ["number", "title", *(f"{name}{what}" for name in names for what in ("", " sure", " why"))]
    header += ["priority", "priority why"]
    return Suggested(tuple(header), tuple(_line(one, names) for one in made), refused, understood.table.notes)


def _understood(data: bytes | Path) -> Understanding:
    """What the file is: tickets, unless two columns say that it is a list of something else."""
    found = understand(data, Asked())
    if found.kind == "tickets":
        return found
    telling = sum(plainly(column) in found.preset.telling for column in found.table.header)
    if telling >= _TELLING or found.kind == "links":
        raise NotATable(f"The file is a list of {found.kind}, not of tickets: export the new tickets.")
    return understand(data, Asked(preset="generic"))


def _line(suggestion: Suggestion, names: Sequence[str]) -> tuple[str, ...]:
    ticket = suggestion.ticket
    cells = [ticket.number, ticket.title]
    for name in names:
        guess, given = suggestion.predictions.get(name), target_of(ticket, name)
        if given:
            cells += [given, "", "as the ticket says"]
        elif guess is None:
            cells += ["", "", ""]
        else:
            sure = f"{guess.confidence:.2f}" if guess.alternatives else ""
            because = f"because of: {', '.join(guess.telling)}" if guess.telling else ""
            cells += [guess.value or "", sure, guess.reason or because]
    priority = "" if suggestion.priority is None else str(suggestion.priority)
    return (*cells, priority, " ".join((suggestion.priority_why, *suggestion.raised)))


def as_file(made: Suggested, name: str) -> bytes:
    """The table as the kind of file its name asks for, one of :data:`WAYS`."""
    return WAYS[Path(name).suffix.lower()](made)


def as_csv(made: Suggested) -> bytes:
    """The table as CSV that Excel opens in the right encoding; no cell can become a formula."""
    stream = io.StringIO(newline="")
    write_csv(stream, made.header, made.rows)
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(made: Suggested) -> bytes:
    """The table as a workbook of plain strings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suggested.xlsx"
        write_xlsx(path, made.header, made.rows)
        return path.read_bytes()


WAYS: Mapping[str, Callable[[Suggested], bytes]] = {".csv": as_csv, ".xlsx": as_xlsx}
"""How a name ends → the table as such a file."""
