"""What the desk assumes of time and money: minutes a ticket takes or a suggestion saves, and what an hour costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kb.errors import BadSetting

_COST = re.compile(r"(\d{1,6}(?:\.\d{1,2})?)\s*([A-Za-z€$£]{0,5})")
_MOST_MINUTES = 10_000.0
_NAMES = ("handling_minutes", "minutes_saved_suggestion", "minutes_saved_answer", "cost_per_hour")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Nobody measures these, so they stand beside every figure made with them; each is a setting."""

    handling_minutes: float = 20.0
    """Work on one ticket, by whoever touched it."""
    minutes_saved_suggestion: float = 1.0
    """Saved by one suggestion that was accepted."""
    minutes_saved_answer: float = 10.0
    """Saved by one answer that was marked as helpful or as what fixed it."""
    cost_per_hour: float | None = None
    """``None`` until somebody sets it: then hours are told and no money."""
    currency: str = ""

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Assumptions:
        """From the settings that :func:`shown` names. Raises ``BadSetting``."""
        given = {name: _minutes(name, settings[name]) for name in _NAMES[:3] if settings.get(name, "").strip()}
        cost, currency = _cost(settings.get("cost_per_hour", ""))
        return cls(**given, cost_per_hour=cost, currency=currency)

    def cost(self, tickets: float) -> float | None:
        """What handling so many tickets costs; ``None`` where no cost per hour is set."""
        return None if self.cost_per_hour is None else self.hours(tickets) * self.cost_per_hour

    def hours(self, tickets: float) -> float:
        """Hours of work on so many tickets."""
        return tickets * self.handling_minutes / 60

    @property
    def handling(self) -> str:
        """The assumption behind hours and cost, as a sentence."""
        hour = f" and {self.cost_per_hour:g} {self.currency}".rstrip() + " an hour" if self.cost_per_hour else ""
        return f"Assumes {self.handling_minutes:g} minutes of work a ticket{hour}; both are settings."

    @property
    def saving(self) -> str:
        """The assumption behind hours saved, as a sentence."""
        return (
            f"Assumes that an accepted suggestion saves {self.minutes_saved_suggestion:g} minutes and an answer marked "
            f"as helpful {self.minutes_saved_answer:g}; both are settings."
        )


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings as text, with what holds where nobody set them."""
    made = Assumptions.from_settings(settings)
    minutes = {name: f"{getattr(made, name):g}" for name in _NAMES[:3]}
    cost = "" if made.cost_per_hour is None else f"{made.cost_per_hour:g} {made.currency}".strip()
    return {**minutes, "cost_per_hour": cost}


def _minutes(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MOST_MINUTES:
        raise BadSetting(f"{name} is {text[:40]!r}: give minutes as a number, such as 20.")
    return value


def _cost(text: str) -> tuple[float | None, str]:
    if not text.strip():
        return None, ""
    match = _COST.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise BadSetting(f"cost_per_hour is {text[:40]!r}: give an amount and a currency, such as 45 EUR.")
    return float(match[1]), match[2]
