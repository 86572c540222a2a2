"""What a person may say about an export, when it cannot be told from the file or was told wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kb.tables.mapping import Preset

DateOrder = Literal["day", "month"]
Direction = Literal["highest", "lowest"]
"""What the number 1 means: the highest (ServiceNow) or the lowest (Freshservice, GLPI)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers given; everything left empty is told from the file and its preset."""

    preset: str = ""
    map_file: Path | None = None
    """A TOML file like a preset; ``base = "servicenow"`` in it starts from that preset."""
    source: str = ""
    """Name of the tool the records come from: with the number it is their key."""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    dates: DateOrder | None = None
    timezone: str = ""
    """For times that carry none, as in "Europe/Berlin"; UTC where nothing is said."""
    directions: Mapping[str, Direction] = field(default_factory=dict)
    """For "priority", "impact" and "urgency": what 1 means."""
    first_line: tuple[str, ...] = ()
    """Assignment groups that are the first line; all others are the second."""
    saved: tuple[Preset, ...] = ()
    """Presets that people on this desk made; :attr:`preset` may name one, and one that fits is found by itself."""
    name: str = ""
    """What the person knows the file as, where it comes as bytes."""
