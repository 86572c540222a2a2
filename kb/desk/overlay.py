"""What people said about patterns, as it is kept among the settings."""

from __future__ import annotations

import json
from collections.abc import Callable

from kb.errors import BadSetting
from kb.overlay import Overlay
from kb.store import Store


def overlay_of(store: Store) -> Overlay:
    """What people said about patterns: names, merges, dismissals. Raises ``BadSetting`` where it cannot be read."""
    return _read(store.settings().get("patterns"))


def change_overlay(store: Store, change: Callable[[Overlay], Overlay], *, by: str = "") -> Overlay:
    """Read what people said, change it and save it as one step: of two who write at once, neither is lost."""
    said: list[Overlay] = []

    def changed(text: str | None) -> str:
        said.append(change(_read(text)))
        return json.dumps(said[-1].to_dict(), ensure_ascii=False, sort_keys=True)

    store.change("patterns", changed, by=by)
    return said[-1]


def keep_overlay(store: Store, said: Overlay, *, by: str = "") -> None:
    """Save what people said about patterns, in place of all that was said before."""
    change_overlay(store, lambda _: said, by=by)


def _read(text: str | None) -> Overlay:
    try:
        return Overlay.from_dict(json.loads(text)) if text else Overlay()
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            "The saved setting `patterns` (the names people gave to patterns) cannot be read: "
            "bring the store back from a backup, or take this row out of its table `settings`."
        ) from error
