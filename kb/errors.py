"""What can go wrong on purpose. Every message says what happened, where, and what to run or change.

SeenBeforeError
├── NotBuilt            something under made/ is missing or was made for other data; the message names the command
├── Damaged             a file does not match its manifest; never loaded
├── WrongEmbedder       vectors here were made by another embedder
├── NotATable           the file given to import is not a table we can read; nothing was written
├── NotAHome            the folder is not a home, or is from a newer version
├── StoreTrouble        the database could not be read or written (full, read-only, locked, gone)
│   └── StoreAway       the database cannot be reached just now; the same may be asked again
├── TooLittle           there are too few examples to learn from; says how many there are and how many it takes
├── NotFound            no such record for this viewer (the same words whether it is hidden or absent)
├── NotAllowed          this viewer's roles do not let him do that; names the roles that may
├── RowsRefused         rows that a program sent cannot be taken; none of them was saved
├── ChangedMeanwhile    somebody else changed the same thing since it was read; nothing was saved
└── BadSetting          a setting or argument has a value we cannot use; names key and value
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SeenBeforeError(Exception):
    """Anything we raise on purpose. ``str(error)`` is one sentence for the person at the screen."""


class NotBuilt(SeenBeforeError):
    """Something under made/ is missing or was made for other data; the message names the command that makes it."""


class Damaged(SeenBeforeError):
    """A file does not match its manifest; it is never loaded."""


class WrongEmbedder(SeenBeforeError):
    """The vectors here were made by another embedder than the one configured."""


class NotATable(SeenBeforeError):
    """The file given to import is not a table we can read; nothing was written."""


class NotAHome(SeenBeforeError):
    """The folder is not a home of ours, or was made by a newer version."""


class StoreTrouble(SeenBeforeError):
    """The database could not be read or written: full, read-only, locked or gone."""


class StoreAway(StoreTrouble):
    """The database cannot be reached just now, or the connection to it was lost; the same may be asked again."""


class TooLittle(SeenBeforeError):
    """There are too few examples to learn from; says how many there are and how many it takes."""


class NotFound(SeenBeforeError):
    """No such record for this viewer; the same words whether it is hidden or absent."""


class BadSetting(SeenBeforeError):
    """A setting or an argument has a value we cannot use; names key and value."""


class ChangedMeanwhile(SeenBeforeError):
    """Somebody else changed the same thing since it was read; nothing was saved, and nothing of theirs was lost."""


class NotAllowed(SeenBeforeError):
    """The viewer's roles do not let him do that; the sentence names the roles that may."""


class RowsRefused(SeenBeforeError):
    """Rows that a program sent cannot be taken; ``rows`` says of each which and why, and none of them was saved."""

    def __init__(self, rows: Sequence[Any]) -> None:
        """``rows`` are refused rows of an import, :class:`kb.tables.BadRow` each."""
        super().__init__(f"{len(rows):,} of the rows cannot be taken, so nothing was saved.")
        self.rows = tuple(rows)
