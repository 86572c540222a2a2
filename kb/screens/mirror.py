"""What a viewer's role does not let him do is drawn switched off, with the reason; the desk refuses it all the same."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from kb.access import require
from kb.errors import NotAllowed
from kb.records import Viewer

ACTS: tuple[tuple[str, Mapping[str, str]], ...] = (
    # sheet → what is pressed or sent on it → the act it is; the first that fits counts
    ("queue*", dict.fromkeys(("accept", "fix", "skip", "correct", "undo", "undo-last"), "correct")),
    ("triage*", dict.fromkeys(("undo", "undo-last"), "correct")),
    ("pattern*", {**dict.fromkeys(("rename", "merge", "recall", "dismiss", "not", "split", "undo"), "patterns"),
                  "assume": "rules"}),
    ("models*", {**dict.fromkeys(("mode", "promise", "promise-all"), "rules"), "rollback": "models"}),
    ("problem*", dict.fromkeys(("make", "from"), "problems")),
    ("draft*", {"keep": "draft"}),
    ("*", {"say": "mark", "undo": "mark", "state": "articles", "owner": "articles", "edit": "draft",
           **dict.fromkeys(("set", "merge", "link", "unlink", "undo-change"), "problems")}),
)  # fmt: skip


def act_of(sheet: str, name: str) -> str | None:
    """The act that something pressed on a sheet is; ``None`` for what only looks."""
    return next((acts[name] for pattern, acts in ACTS if fnmatchcase(sheet, pattern) and name in acts), None)


def mirrored(sheet: str, node: Any, viewer: Viewer | None) -> Any:
    """The same nodes, with what this viewer may not do switched off."""
    if viewer is None or isinstance(node, str) or node is None:
        return node
    if isinstance(node, list | tuple):
        return [mirrored(sheet, one, viewer) for one in node]
    if not isinstance(node, dict):
        return node
    changed = {name: mirrored(sheet, node[name], viewer) for name in ("k", "head") if name in node}
    if node.get("x") in ("act", "form") and (act := act_of(sheet, str(node.get("name", "")))) is not None:
        try:
            require(viewer, act)
        except NotAllowed as refused:
            changed["off"] = str(refused)
    return {**node, **changed}
