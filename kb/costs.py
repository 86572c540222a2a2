"""What tickets cost: minutes of work a ticket and the price of an hour, both assumptions that people may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting

SETTINGS: tuple[str, ...] = ("handling_minutes", "cost_per_hour", "currency")
_DEFAULTS = {"handling_minutes": "30", "cost_per_hour": "50", "currency": "€"}
_LINES = {"first": 1, "second": 2}
_MOST = {"handling_minutes": 100_000.0, "cost_per_hour": 1_000_000.0}


@dataclass(frozen=True, slots=True)
class Costs:
    """Minutes of work a ticket takes and what an hour of it costs; no export says either, so both are assumptions."""

    minutes: float = 30.0
    by_line: tuple[tuple[int, float], ...] = ()
    """(Line, minutes) where a line has minutes of its own."""
    per_hour: float = 50.0
    currency: str = "€"
    set_here: bool = False
    """Whether somebody on this desk set any of it; else these are our defaults and say so."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Costs:
        """From ``handling_minutes``, ``cost_per_hour`` and ``currency``. Raises ``BadSetting``."""
        text = {name: settings.get(name) or _DEFAULTS[name] for name in SETTINGS}
        minutes, by_line = _minutes(text["handling_minutes"])
        currency = " ".join(text["currency"].split())
        if len(currency) > 8:
            raise BadSetting(
                f"currency is {currency[:20]!r}: give a sign or a code of up to 8 characters, such as EUR."
            )
        per_hour = _number("cost_per_hour", text["cost_per_hour"])
        return cls(minutes, by_line, per_hour, currency, any(settings.get(name) for name in SETTINGS))

    def minutes_of(self, line: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minutes of work of each ticket by its line (1, 2; below 1 where not given), float64 of the same shape."""
        found = np.full(len(line), self.minutes)
        for one, minutes in self.by_line:
            found[line == one] = minutes
        return found

    def money(self, hours: float) -> float:
        """What so many hours cost."""
        return hours * self.per_hour

    def shown(self, amount: float) -> str:
        """An amount as people write it: "€ 1,250"; cents only below ten."""
        return f"{self.currency}\u00a0{amount:,.2f}" if 0 < amount < 10 else f"{self.currency}\u00a0{amount:,.0f}"

    def assumption(self) -> str:
        """The sentence that stands beside every figure of hours and cost."""
        own = "".join(f", {minutes:g} on the {name} line" for name, line in _LINES.items()
                      for at, minutes in self.by_line if at == line)  # fmt: skip
        said = f"{self.minutes:g} minutes of work a ticket{own}, at {self.currency}\u00a0{self.per_hour:,g} an hour"
        return f"Counted with {said}, as set here." if self.set_here else f"Assumes {said}: nobody has set either yet."


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of cost as text, with what holds where nobody set them. Raises ``BadSetting``."""
    Costs.from_settings(settings)
    return {name: settings.get(name) or _DEFAULTS[name] for name in SETTINGS}


def _minutes(text: str) -> tuple[float, tuple[tuple[int, float], ...]]:
    """``30``, ``first=15,second=60``, or both: one for all and some of their own."""
    every, own = float(_DEFAULTS["handling_minutes"]), dict[int, float]()
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, given, value = (piece.strip() for piece in part.partition("="))
        if not given:
            every = _number("handling_minutes", name)
        elif name in _LINES:
            own[_LINES[name]] = _number("handling_minutes", value)
        else:
            raise BadSetting(f"handling_minutes cannot be read at {part[:40]!r}: give 30, or 20,second=60.")
    return every, tuple(sorted(own.items()))


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MOST[name]:
        raise BadSetting(f"{name} is {text[:40]!r}: give a number from 0 to {_MOST[name]:,.0f}.")
    return value
