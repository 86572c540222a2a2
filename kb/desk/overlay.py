"""What people said about patterns, as it is kept among the settings."""

from __future__ import annotations

import json
from collections.abc import Callable

from kb.audit import Act, Detail
from kb.errors import BadSetting
from kb.overlay import Overlay
from kb.store import Store


def overlay_of(store: Store) -> Overlay:
    """What people said about patterns: names, merges, dismissals. Raises ``BadSetting`` where it cannot be read."""
    return _read(store.settings().get("patterns"))


def change_overlay(store: Store, change: Callable[[Overlay], Overlay], *, by: str = "") -> Overlay:
    """Read what people said, change it and save it as one step: of two who write at once, neither is lost."""
    before: list[Overlay] = []
    said: list[Overlay] = []

    def changed(text: str | None) -> str:
        before.append(_read(text))
        said.append(change(before[-1]))
        return json.dumps(said[-1].to_dict(), ensure_ascii=False, sort_keys=True)

    store.change("patterns", changed, by=by, told=lambda: _told(before[-1], said[-1]))
    return said[-1]


def keep_overlay(store: Store, said: Overlay, *, by: str = "") -> None:
    """Save what people said about patterns, in place of all that was said before."""
    change_overlay(store, lambda _: said, by=by)


def _told(before: Overlay, after: Overlay) -> tuple[Act, str, Detail]:
    """The last act that is new or was taken back, for the log: which pattern, and what was said of it."""
    known = {act.id: act for act in before.acts}
    new = [act for act in after.acts if known.get(act.id) != act]
    if len(new) != 1:
        return "changed", "patterns", {"acts": len(after.acts)}
    act = new[0]
    what = f"{act.what}, taken back" if act.undone else act.what
    return "changed", f"pattern:{act.pattern}", {"what": what, "other": act.other or None, "tickets": len(act.tickets)}


def _read(text: str | None) -> Overlay:
    try:
        return Overlay.from_dict(json.loads(text)) if text else Overlay()
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            "The saved setting `patterns` (the names people gave to patterns) cannot be read: "
            "bring the store back from a backup, or take this row out of its table `settings`."
        ) from error
