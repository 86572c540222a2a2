"""The problem manager's side of the desk: what keeps coming back, and what people say about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from kb.desk.front import Front
from kb.desk.overlay import change_overlay, overlay_of
from kb.errors import BadSetting, NotFound
from kb.newcomers import Live
from kb.overlay import Act, Overlay, What
from kb.patterns import Patterns, without_names
from kb.records import EVERYONE, KEEPER, Pattern, Ref, Viewer

_LONGEST = 120
_READ = 1_000
"""So many tickets of a pattern are read for the words of its name."""
WITHHELD = ("Some records became restricted since the patterns were found, so that the names made with them are "
            "withheld: run `seenbefore patterns` and `seenbefore train`.")  # fmt: skip
ANCHORS = 20
"""So many typical tickets are kept with what was said of a pattern, so that it is known again whatever is rebuilt."""


class Manager(Front):
    """Patterns, and the acts of people on them: each lasts through every refit and can be undone."""

    _live: tuple[Live, Patterns, frozenset[str]] | None = None
    """Patterns as of a moment; the same without names that nobody may read any more; and which those are."""

    def patterns_now(self) -> Patterns | None:
        """What was made, and every ticket since in the pattern it joins; ``None`` where nothing was made."""
        made, kept = self.patterns_made, self._live
        if made is None:
            return None
        snapshot = self.shelves.now()
        if kept is None or kept[0].made is not made or kept[0].snapshot is not snapshot:
            live, withheld = Live.of(made, snapshot, kept[0] if kept else None), self._withheld(made)
            self._live = kept = live, without_names(live.patterns, withheld), withheld
        return kept[1]

    def patterns(self, *, viewer: Viewer, dismissed: bool = False) -> list[Pattern]:
        """What keeps coming back, biggest first, counted over the tickets this viewer may see.

        Those that people dismissed are left out unless ``dismissed``.
        """
        now = self.patterns_now()
        if now is None:
            return []
        visible, said = self._visible(viewer), overlay_of(self.store)
        found, live = now.records(visible, overlay=said, dismissed=dismissed), self._live
        if live is None or not live[2] or now is not live[1]:
            return found
        kept = self._may_name(live[0].made, live[2], visible)
        named = {one.id: one for one in live[0].patterns.records(visible, overlay=said, dismissed=dismissed)}
        return [named[one.id] if one.id in kept else one for one in found]

    def retired_patterns(self, *, viewer: Viewer) -> list[Pattern]:
        """Patterns people said something of that have no tickets any more, by id; size 0 and no dates."""
        now = self.patterns_now()
        if now is None:
            return []
        said = overlay_of(self.store)
        return [now.empty(one, overlay=said) for one in self._retired(now, said)]

    def pattern(self, pattern_id: str, *, viewer: Viewer) -> Pattern:
        """One pattern by its lasting id, also one that was dismissed, merged into another or has no tickets any more.

        Raises ``NotFound``.
        """
        said = overlay_of(self.store)
        wanted = said.into(pattern_id)
        for pattern in self.patterns(viewer=viewer, dismissed=True):
            if pattern.id == wanted:
                return pattern
        now = self.patterns_now()
        if now is not None and wanted in self._retired(now, said):
            return now.empty(wanted, overlay=said)
        raise NotFound(f"No pattern {pattern_id[:40]!r} here that you may see.")

    def pattern_of(self, ticket: Ref, *, viewer: Viewer) -> Pattern | None:
        """The pattern of a ticket, also one that came a second ago; ``None`` for none. Raises ``NotFound``."""
        found, now = self.record("ticket", ticket.number, viewer=viewer, source=ticket.source), self.patterns_now()
        if now is None or found.id is None:
            return None
        pattern = now.pattern_of(found.id, overlay=overlay_of(self.store))
        return None if pattern is None else self.pattern(pattern, viewer=viewer)

    def warnings(self) -> tuple[str, ...]:
        """What is missing or stale right now, each sentence naming the command that mends it."""
        told = super().warnings()
        return (*told, WITHHELD) if self.patterns_now() is not None and self._live and self._live[2] else told

    # --- what people say ---------------------------------------------------------------------------------------

    def rename_pattern(self, pattern_id: str, name: str, *, viewer: Viewer) -> None:
        """Give a pattern a name of one's own, or with "" take it back."""
        self._say("rename", self.pattern(pattern_id, viewer=viewer), viewer, name=_name(name))

    def merge_patterns(self, pattern_id: str, *, into: str, viewer: Viewer) -> None:
        """Make one pattern part of another. Raises ``NotFound``, ``BadSetting`` where both are the same."""
        one, other = self.pattern(pattern_id, viewer=viewer), self.pattern(into, viewer=viewer)
        if one.id == other.id:
            raise BadSetting("These two are one pattern already: choose another one to merge it into.")
        self._say("merge", one, viewer, other=other)

    def split_pattern(self, pattern_id: str, tickets: Sequence[int], *, name: str = "", viewer: Viewer) -> str:
        """Take these tickets (store ids) out of a pattern into one of their own; its lasting id comes back.

        Raises ``NotFound``, and ``BadSetting`` for tickets that are not in it, for none and for all of them.
        """
        one, chosen = self.pattern(pattern_id, viewer=viewer), set(tickets)
        if not chosen:
            raise BadSetting("Choose the tickets that belong to a pattern of their own.")
        if not chosen <= set(one.members):
            raise BadSetting("Some of these tickets are not in this pattern: look at it again.")
        if len(chosen) == one.size:
            raise BadSetting("These are all of its tickets: leave one, or give the pattern another name.")
        made = self._say("split", one, viewer, name=_name(name), tickets=sorted(chosen))
        return made.acts[-1].other

    def dismiss_pattern(self, pattern_id: str, *, viewer: Viewer) -> None:
        """Show this pattern no more."""
        self._say("dismiss", self.pattern(pattern_id, viewer=viewer), viewer)

    def recall_pattern(self, pattern_id: str, *, viewer: Viewer) -> None:
        """Bring a dismissed pattern back."""
        self._say("recall", self.pattern(pattern_id, viewer=viewer), viewer)

    def not_this_pattern(self, pattern_id: str, ticket: Ref, *, viewer: Viewer) -> None:
        """Say that a ticket is none of this pattern. Raises ``NotFound``, ``BadSetting`` where it is not in it."""
        one = self.pattern(pattern_id, viewer=viewer)
        found = self.record("ticket", ticket.number, viewer=viewer, source=ticket.source)
        if found.id is None or found.id not in one.members:
            raise BadSetting(f"{ticket.number} is not in this pattern.")
        self._say("not this", one, viewer, tickets=[found.id])

    def undo_pattern(self, act: int, *, viewer: Viewer) -> None:
        """Take back one thing that was said. Raises ``NotFound``, ``BadSetting`` where it was taken back already."""
        for end in self._ends(overlay_of(self.store).act(act)):
            self.pattern(end, viewer=viewer)
        at = datetime.now(UTC)
        change_overlay(self.store, lambda said: said.undo(act, by=viewer.name, at=at), by=viewer.name)

    def pattern_acts(self, pattern_id: str, *, viewer: Viewer) -> list[Act]:
        """What people said of a pattern and of those merged into it, newest first, also what was undone."""
        one = self.pattern(pattern_id, viewer=viewer)
        return overlay_of(self.store).about(one.id)

    # --- inside ------------------------------------------------------------------------------------------------

    def _say(
        self, what: What, one: Pattern, viewer: Viewer, *, other: Pattern | None = None, name: str = "",
        tickets: Sequence[int] = (),
    ) -> Overlay:  # fmt: skip
        anchors = {end.id: _typical(end) for end in (one, other) if end is not None}
        at = datetime.now(UTC)

        def change(said: Overlay) -> Overlay:
            return said.with_act(what, one.id, by=viewer.name, at=at, other=other.id if other else "", name=name,
                                 tickets=tickets, anchors=anchors)  # fmt: skip

        return change_overlay(self.store, change, by=viewer.name)

    def _withheld(self, made: Patterns) -> frozenset[str]:
        """Patterns named with words of tickets that became restricted, and that none of their others has."""
        columns = self.shelves.now().pools["ticket"].columns
        public = columns.visible(EVERYONE)
        hidden = np.isin(made.ticket, columns.ids[~public]) & (made.group >= 0)
        if not hidden.any():
            return frozenset()
        found = set()
        for at in np.unique(made.group[hidden]).tolist():
            left = made.ticket[(made.group == at) & np.isin(made.ticket, columns.ids[public])]
            read = self.store.records("ticket", left[:_READ].tolist(), EVERYONE)
            said = " ".join((made.heads[at].name, *(phrase for phrase, _ in made.heads[at].phrases)))
            if not _words(said) <= _words(" ".join(one.text for one in read)):
                found.add(made.heads[at].id)
        return frozenset(found)

    def _may_name(self, made: Patterns, withheld: frozenset[str], visible: np.ndarray) -> frozenset[str]:
        """Of the patterns whose names are withheld, those of which this viewer sees every ticket that is there."""
        here = np.isin(made.ticket, self.shelves.now().pools["ticket"].columns.ids)
        unseen = here & ~np.isin(made.ticket, visible) & (made.group >= 0)
        return withheld - {made.heads[at].id for at in np.unique(made.group[unseen]).tolist()}

    def _ends(self, act: Act) -> list[str]:
        return [act.pattern, act.other] if act.other else [act.pattern]

    def _visible(self, viewer: Viewer) -> np.ndarray:
        columns = self.shelves.now().pools["ticket"].columns
        return columns.ids[columns.visible(viewer)]

    def _retired(self, now: Patterns, said: Overlay) -> list[str]:
        """Ids that people spoke of, or that a problem was made from, without any ticket left."""
        spoken = {one for one in said.told() if said.into(one) == one}
        spoken |= {said.into(str(row[0])) for row in self.store.facts("problem", ("pattern",)) if row[0]}
        full = {one.id for one in now.records(self._visible(KEEPER), overlay=said, dismissed=True)}
        known = {head.id for head in now.heads} | said.splits
        return sorted((spoken & known) - full)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _name(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _typical(one: Pattern) -> tuple[int, ...]:
    """Store ids of tickets that stand for a pattern: its examples, then others evenly spread over it."""
    step = max(1, len(one.members) // ANCHORS)
    return tuple(dict.fromkeys([*one.examples, *one.members[::step]]))[:ANCHORS]
