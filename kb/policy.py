"""The desk's own rules for triage: the impact × urgency matrix, how sure is sure, and which targets are suggested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb import assumptions, calendars, escalation, sla
from kb.errors import BadSetting
from kb.privacy import kinds as privacy
from kb.records import Ticket

Mode = Literal["off", "shadow", "recommend", "autofill"]
MODES: tuple[Mode, ...] = ("off", "shadow", "recommend", "autofill")
"""A target is left alone, predicted silently and scored, suggested, or filled in by what calls us."""
TARGETS: tuple[str, ...] = ("category", "subcategory", "assignment_group", "line", "impact", "urgency")
"""Suggested by default; any further column of an export may be named in the setting ``targets``."""
ITIL_MATRIX: Mapping[tuple[int, int], int] = {
    (1, 1): 1, (1, 2): 2, (1, 3): 3,
    (2, 1): 2, (2, 2): 3, (2, 3): 4,
    (3, 1): 3, (3, 2): 4, (3, 3): 5,
}  # fmt: skip
"""(impact, urgency) → priority, 1 = highest: the three-by-three of ITIL as ServiceNow ships it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules people may edit; a change counts from the next suggestion on."""

    matrix: Mapping[tuple[int, int], int] = field(default_factory=lambda: dict(ITIL_MATRIX))
    targets: tuple[str, ...] = TARGETS
    sure: float = 0.6
    """Confidence in [0, 1] under which a target is "not sure", where no promise was made."""
    promise: float | None = None
    """A share of suggestions that must be right: each class then speaks only from where it kept that in training."""
    promises: Mapping[str, float] = field(default_factory=dict)
    """Target → a promise of its own; :attr:`promise` holds for the others."""
    modes: Mapping[str, Mode] = field(default_factory=dict)
    """Target → mode; "recommend" where none is named."""
    escalation: escalation.Rules = field(default_factory=escalation.Rules)
    sla: sla.Targets = field(default_factory=sla.Targets)
    fewest_words: int = 3
    unlike_under: float = 0.2
    """Cosine to the nearest past ticket under which a ticket is like nothing before."""

    def promise_for(self, target: str) -> float | None:
        """The share of this target's suggestions that must be right; ``None`` where nothing was promised."""
        return self.promises.get(target, self.promise)

    def mode(self, target: str) -> Mode:
        """What is done with this target's predictions."""
        return self.modes.get(target, "recommend")

    def priority(self, impact: int | None, urgency: int | None) -> tuple[int | None, str]:
        """Priority and the sentence that says how it came about; ``None`` where either is unknown."""
        if impact is None or urgency is None:
            missing = " and ".join(n for n, v in (("impact", impact), ("urgency", urgency)) if v is None)
            return None, f"No priority: {missing} not known."
        value = self.matrix.get((impact, urgency))
        if value is None:
            return None, f"No priority: the matrix has no field for impact {impact} and urgency {urgency}."
        return value, f"Impact {impact} × urgency {urgency} gives priority {value}."

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Policy:
        """From the settings that :func:`shown` names. Raises ``BadSetting``."""
        policy = cls()
        changes: dict[str, object] = {
            "escalation": escalation.Rules.from_settings(settings), "sla": sla.Targets.from_settings(settings),
        }  # fmt: skip
        if text := settings.get("modes"):
            changes["modes"] = _modes(text)
        if text := settings.get("priority_matrix"):
            changes["matrix"] = _matrix(text)
        if text := settings.get("targets"):
            changes["targets"] = tuple(part.strip() for part in text.split(",") if part.strip())
        if text := settings.get("sure"):
            changes["sure"] = _share("sure", text)
        if text := settings.get("promise"):
            changes["promise"], changes["promises"] = _promises(text)
        return cls(**{**{name: getattr(policy, name) for name in cls.__slots__}, **changes})


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of triage as text, with what holds where nobody set them."""
    policy = Policy.from_settings(settings)
    return {
        "priority_matrix": write_matrix(policy.matrix),
        "targets": ",".join(policy.targets),
        "sure": str(policy.sure),
        "promise": ",".join(
            [
                *([] if policy.promise is None else [str(policy.promise)]),
                *(f"{target}={share}" for target, share in sorted(policy.promises.items())),
            ]
        ),
        "modes": ",".join(f"{target}={mode}" for target, mode in sorted(policy.modes.items())),
        **escalation.shown(settings),
        **sla.shown(settings),
        **calendars.shown(settings),
        **assumptions.shown(settings),
        **privacy.shown(settings),
    }


def check(name: str, value: str, settings: Mapping[str, str]) -> None:
    """Raises ``BadSetting`` where there is no such setting of triage or it cannot have this value."""
    if name not in shown(settings):
        raise BadSetting(f"There is no setting {name!r}: the desk has {', '.join(shown(settings))}.")
    assumptions.shown({**settings, name: value})
    privacy.shown({**settings, name: value})
    Policy.from_settings({**settings, name: value})


def target_of(ticket: Ticket, target: str) -> str:
    """What this ticket says for a target, as text; "" where nothing. Other names are looked up in ``extra``."""
    if target in ("category", "subcategory", "assignment_group", "service"):
        return str(getattr(ticket, target)).strip()
    if target in ("impact", "urgency", "priority", "line"):
        value = getattr(ticket, target)
        return "" if value is None else str(value)
    return str(ticket.extra.get(target, "")).strip()


def write_matrix(matrix: Mapping[tuple[int, int], int]) -> str:
    """The matrix as the setting ``priority_matrix``: JSON of "impact,urgency" → priority."""
    return json.dumps({f"{i},{u}": p for (i, u), p in sorted(matrix.items())})


def _matrix(text: str) -> dict[tuple[int, int], int]:
    try:
        given = json.loads(text)
        matrix = {(int(k.split(",")[0]), int(k.split(",")[1])): int(v) for k, v in given.items()}
    except (ValueError, AttributeError, IndexError, TypeError, OverflowError) as error:
        raise BadSetting('priority_matrix cannot be read: give JSON such as {"1,1": 1, "1,2": 2}.') from error
    if not matrix or min(min(key) for key in matrix) < 1 or min(matrix.values()) < 1:
        raise BadSetting("priority_matrix must count impact, urgency and priority from 1, the highest.")
    return matrix


def _promises(text: str) -> tuple[float | None, dict[str, float]]:
    """``0.95``, ``category=0.95,line=0.9``, or both: one for all and some of their own."""
    every, own = None, dict[str, float]()
    for part in filter(None, (part.strip() for part in text.split(","))):
        target, given, share = (piece.strip() for piece in part.rpartition("="))
        if given and target:
            own[target] = _share("promise", share)
        else:
            every = _share("promise", part)
    return every, own


def _modes(text: str) -> dict[str, Mode]:
    found: dict[str, Mode] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        target, _, given = (piece.strip() for piece in part.partition("="))
        mode = next((mode for mode in MODES if mode == given), None)
        if not target or mode is None:
            raise BadSetting(f"modes cannot be read at {part[:60]!r}: give target=mode, with {', '.join(MODES)}.")
        found[target] = mode
    return found


def _share(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadSetting(f"{name} is {text!r}: give a share between 0 and 1.")
    return value
