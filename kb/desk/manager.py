"""The problem manager's side of the desk: what keeps coming back."""

from __future__ import annotations

from dataclasses import replace

from kb.desk.front import Front
from kb.desk.overlay import keep_overlay, overlay_of
from kb.errors import NotFound
from kb.records import Pattern, Viewer


class Manager(Front):
    """Patterns and the names people give them."""

    def patterns(self, *, viewer: Viewer) -> list[Pattern]:
        """What keeps coming back, biggest first, counted over the tickets this viewer may see."""
        if self.patterns_made is None:
            return []
        columns = self.shelves.now().pools["ticket"].columns
        return self.patterns_made.records(columns.ids[columns.visible(viewer)], overlay=overlay_of(self.store))

    def pattern(self, pattern_id: str, *, viewer: Viewer) -> Pattern:
        """One pattern by its lasting id. Raises ``NotFound``."""
        for pattern in self.patterns(viewer=viewer):
            if pattern.id == pattern_id:
                return pattern
        raise NotFound(f"No pattern {pattern_id[:40]!r} here that you may see.")

    def rename_pattern(self, pattern_id: str, name: str, *, viewer: Viewer) -> None:
        """Give a pattern a name of one's own, or with "" take it back; it lasts through every refit."""
        self.pattern(pattern_id, viewer=viewer)
        said = overlay_of(self.store)
        names = {**said.names, pattern_id: " ".join(name.split())[:120]}
        keep_overlay(self.store, replace(said, names={k: v for k, v in names.items() if v}), by=viewer.name)
