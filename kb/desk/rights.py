"""Which act of the table of roles each question to the desk is, and the gate that asks it before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from kb.access import require

T = TypeVar("T")
READS = frozenset(
    {
         "record", "records", "counts", "imports", "search", "like", "links_of", "linked_from", "marks_of",
         "corrections_of", "facets", "triage", "triage_text", "waiting", "answers_to", "clock", "live", "library",
         "patterns", "retired_patterns", "pattern", "pattern_of", "pattern_acts", "problems", "problem", "linkable",
         "problem_of_pattern", "final_problem", "problem_history", "problem_articles", "problem_uses", "standings",
         "profile", "exported", "bursts", "verdict", "contrasts", "fixes_of", "periods", "scenes", "figures", "digest",
         "has_originals",
    }
)  # fmt: skip
"""What is asked for only; what comes back is filtered by groups."""
WRITES: Mapping[str, str] = {
    "mark": "mark",
    "undo": "mark",
    "correct": "correct",
    "draft": "draft",
    "draft_for": "draft",
    "keep_draft": "draft",
    "save_article": "draft",
    "set_rule": "rules",
    "rollback": "models",
    "report_file": "report",
    **dict.fromkeys(
        ("rename_pattern", "merge_patterns", "split_pattern", "dismiss_pattern", "recall_pattern", "not_this_pattern",
         "undo_pattern"),
        "patterns",
    ),
    **dict.fromkeys(
        ("new_problem", "problem_from_pattern", "change_problem", "merge_problems", "link_problem", "unlink_problem",
         "undo_problem"),
        "problems",
    ),
    **dict.fromkeys(
        ("people", "add_person", "set_person", "sessions", "revoke_session", "access_rules", "preview_rules",
         "set_access_rules", "resume_rules", "claims", "set_claims", "session_limits", "set_session_limits", "groups"),
        "access",
    ),
    "view_as": "view as",
    **dict.fromkeys(("presets", "understood", "take_in", "keep_preset", "forget_preset"), "import"),
    "privacy": "privacy",
    "set_privacy": "privacy",
    "originals": "originals",
    **dict.fromkeys(("audit", "audit_people", "audit_numbers", "audit_state"), "audit"),
}  # fmt: skip
"""What changes something, or is about persons, with the act of :data:`kb.roles.PERMISSIONS` that it is."""
FREE = frozenset({"warnings", "rules", "follow_rules", "period", "month", "patterns_now"})
"""Names no viewer: says nothing of records, or is handed what was counted for a viewer already."""


def act_of(name: str) -> str:
    """The act that a question to the desk is; "unlisted", which no role may, for one that is in no table here."""
    return "read" if name in READS else WRITES.get(name, "unlisted")


def guarded(side: type[T]) -> type[T]:
    """The same class, whose every public question that names a viewer is asked only where he may."""
    for name in dir(side):
        found = getattr(side, name)
        if name.startswith("_") or name in FREE or not callable(found) or isinstance(found, type):
            continue
        setattr(side, name, _asked(found, act_of(name)))
    return side


def _asked(question: Callable[..., Any], act: str) -> Callable[..., Any]:
    @wraps(question)
    def ask(*given: Any, **named: Any) -> Any:
        require(named["viewer"], act)
        return question(*given, **named)

    return ask
