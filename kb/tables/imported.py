"""What one import did, for its report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did; added + updated + unchanged + rejected are the rows of the file."""

    file: str
    kind: str
    source: str
    added: int
    updated: int
    unchanged: int
    rejected: int
    remarks: int
    seconds: float
    report: str = ""
    """The file that lists refused rows and remarks; "" where there are none."""
    first_refused: tuple[str, ...] = ()
