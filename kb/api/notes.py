"""What is written back to a ticketing tool: a private note in plain words, and the fields it may set by itself."""

from __future__ import annotations

from kb.policy import Policy
from kb.records import Hit, Suggestion
from kb.text import without_hidden

_NEAR = 3
_LINE = 200


def note(made: Suggestion) -> str:
    """The note: what is suggested and how sure, what is like it, what to ask; only records for everybody are named."""
    lines = [_value(one.target, one.value, one.confidence) for one in made.predictions.values() if one.value]
    unsure = [one.target.replace("_", " ") for one in made.predictions.values() if not one.value]
    parts = ["Seen Before suggests:" if lines else "Seen Before is not sure what this is.", *lines]
    if made.priority is not None:
        parts.append(f"- priority: {made.priority} ({_short(made.priority_why)})")
    if lines and unsure:
        parts.append(f"Not sure of: {', '.join(unsure)}.")
    if made.line is not None and made.line.sentence and not made.line.cited:
        parts.append(_short(made.line.sentence))
    if made.known_error is not None and not made.known_error.record.audience:
        parts += ["", f"Known error {_named(made.known_error)}", f"What helps: {_short(made.known_error.resolution)}"]
    near = [one for one in made.neighbours if not one.record.audience][:_NEAR]
    if near:
        parts += ["", "Like it:", *(f"- {_named(one)}{_fixed(one)}" for one in near)]
    if made.questions:
        parts += ["", "Ask the caller:", *(f"- {_short(one.text)}" for one in made.questions if not one.cited)]
    return "\n".join(parts)


def autofill(made: Suggestion, policy: Policy) -> dict[str, str]:
    """Target → value that may be set without asking: in the mode autofill, promised, and sure enough to be said."""
    return {
        one.target: one.value
        for one in made.predictions.values()
        if one.value is not None
        and policy.mode(one.target) == "autofill"
        and policy.promise_for(one.target) is not None
    }


def _value(target: str, value: str | None, confidence: float) -> str:
    return f"- {target.replace('_', ' ')}: {_short(value or '')} ({confidence:.0%})"


def _named(hit: Hit) -> str:
    return f"{hit.record.number}: {_short(hit.record.title)}"


def _fixed(hit: Hit) -> str:
    return f" - fixed by: {_short(hit.resolution)}" if hit.resolution else ""


def _short(text: str) -> str:
    line = " ".join(without_hidden(text).split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"
