"""What people said about patterns, as it is kept among the settings."""

from __future__ import annotations

import json

from kb.errors import BadSetting
from kb.patterns import Overlay
from kb.store import Store


def overlay_of(store: Store) -> Overlay:
    """What people said about patterns: names, merges, dismissals. Raises ``BadSetting`` where it cannot be read."""
    text = store.settings().get("patterns")
    try:
        return Overlay.from_dict(json.loads(text)) if text else Overlay()
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            "The saved setting `patterns` (the names people gave to patterns) cannot be read: "
            "bring the store back from a backup, or take this row out of its table `settings`."
        ) from error


def keep_overlay(store: Store, said: Overlay, *, by: str = "") -> None:
    """Save what people said about patterns."""
    store.set("patterns", json.dumps(said.to_dict(), ensure_ascii=False, sort_keys=True), by=by)
