"""What people said about patterns, act by act: laid over what was made, it survives every refit and can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args

from kb.errors import BadSetting, NotFound

What = Literal["rename", "merge", "split", "dismiss", "recall", "not this"]
_KINDS: tuple[str, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person said about a pattern."""

    id: int
    """From 1 in the order they were said; never given twice."""
    what: What
    pattern: str
    """The pattern it was said of."""
    by: str = ""
    at: datetime | None = None
    undone: bool = False
    other: str = ""
    """The pattern it was merged into, or the one that was split off."""
    name: str = ""
    """The name that was given; "" takes a given name back."""
    tickets: tuple[int, ...] = ()
    """Store ids: those split off, or the one that is "not this pattern"."""
    anchors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Typical tickets of each pattern it speaks of, as they were then: they tell which it is if all is made anew."""
    undone_by: str = ""
    undone_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is empty is left out."""
        plain = {"id": self.id, "what": self.what, "pattern": self.pattern, "by": self.by, "at": _said(self.at),
                 "undone": self.undone, "other": self.other, "name": self.name, "tickets": list(self.tickets),
                 "anchors": {one: list(ids) for one, ids in sorted(self.anchors.items())},
                 "undone_by": self.undone_by, "undone_at": _said(self.undone_at)}  # fmt: skip
        return {key: value for key, value in plain.items() if value or key in ("id", "what", "pattern")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Act:
        """Read what :meth:`to_dict` wrote. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
        if data["what"] not in _KINDS:
            raise ValueError(f"no act is called {data['what']!r}")
        return cls(int(data["id"]), data["what"], str(data["pattern"]), str(data.get("by", "")),
                   _read(data.get("at")), bool(data.get("undone", False)), str(data.get("other", "")),
                   str(data.get("name", "")), tuple(int(one) for one in data.get("tickets", ())),
                   {str(one): tuple(map(int, ids)) for one, ids in data.get("anchors", {}).items()},
                   str(data.get("undone_by", "")), _read(data.get("undone_at")))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overlay:
    """What holds of all that people said, and the acts it came from, oldest first."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Pattern id to the name a person gave."""
    dismissed: frozenset[str] = frozenset()
    merged: Mapping[str, str] = field(default_factory=dict)
    """Pattern id to the one it was merged into; a split that was undone is merged into what it was split from."""
    removed: frozenset[tuple[int, str]] = frozenset()
    """(ticket, pattern id): "not this pattern"."""
    moved: Mapping[int, str] = field(default_factory=dict)
    """Ticket to the id of the pattern it was split off into."""
    acts: tuple[Act, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, acts: Sequence[Act]) -> Overlay:
        """What holds after these acts, those undone left out."""
        names: dict[str, str] = {}
        dismissed: set[str] = set()
        merged: dict[str, str] = {}
        removed: set[tuple[int, str]] = set()
        moved: dict[int, str] = {}
        for act in acts:
            if act.undone:
                if act.what == "split":
                    merged[act.other] = act.pattern
            elif act.what == "rename":
                names[act.pattern] = act.name
            elif act.what == "dismiss":
                dismissed.add(act.pattern)
            elif act.what == "recall":
                dismissed.discard(act.pattern)
            elif act.what == "merge":
                merged[act.pattern] = act.other
            elif act.what == "not this":
                removed |= {(ticket, act.pattern) for ticket in act.tickets}
            else:
                moved |= dict.fromkeys(act.tickets, act.other)
                names.setdefault(act.other, act.name)
        given = {key: name for key, name in names.items() if name}
        return cls(given, frozenset(dismissed), merged, frozenset(removed), moved, tuple(acts))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Overlay:
        """Read what :meth:`to_dict` wrote, or what was written before acts were kept; absent keys say nothing.

        Raises ``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError`` for anything else.
        """
        return cls.of([*_acts_of(data), *(Act.from_dict(one) for one in data.get("acts", ()))])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in a fixed order."""
        state = {
            "names": self.names, "dismissed": self.dismissed, "merged": self.merged, "removed": self.removed
        }  # fmt: skip
        acts = self.acts or tuple(_acts_of(state))
        return {"acts": [act.to_dict() for act in acts]}

    # --- asking ------------------------------------------------------------------------------------------------

    def into(self, pattern: str) -> str:
        """The pattern this one was merged into in the end; itself where it was not, or where merges go in a circle."""
        seen = {pattern}
        at = pattern
        while (further := self.merged.get(at)) is not None:
            if further in seen:
                return pattern
            seen.add(further)
            at = further
        return at

    @property
    def splits(self) -> frozenset[str]:
        """Ids of the patterns that people split off and that still stand."""
        return frozenset(act.other for act in self.acts if act.what == "split" and not act.undone)

    def told(self) -> frozenset[str]:
        """Ids of the patterns a person said anything of that still holds: these never vanish."""
        said = {*self.names, *self.dismissed, *self.moved.values(), *(pattern for _, pattern in self.removed)}
        return frozenset(said | self._joined)

    def held(self) -> frozenset[str]:
        """Patterns whose tickets stay theirs whatever a refit makes of them: those dismissed, merged or split off."""
        return frozenset(self.dismissed | self._joined | self.splits)

    @property
    def _joined(self) -> frozenset[str]:
        """Both sides of every merge that a person made."""
        gone = {act.other for act in self.acts if act.what == "split" and act.undone}
        return frozenset(end for pair in self.merged.items() if pair[0] not in gone for end in pair)

    def anchors(self) -> dict[str, set[int]]:
        """Tickets that stand for each pattern people spoke of, as they were when they spoke."""
        found: dict[str, set[int]] = {}
        for act in self.acts:
            for pattern, tickets in act.anchors.items():
                found.setdefault(pattern, set()).update(tickets)
        return found

    def about(self, pattern: str) -> list[Act]:
        """The acts that speak of a pattern or of one merged into it, newest first."""
        mine = {pattern} | {one for one in self.merged if self.into(one) == pattern}
        return [act for act in reversed(self.acts) if act.pattern in mine or act.other in mine]

    # --- saying ------------------------------------------------------------------------------------------------

    def with_act(
        self, what: What, pattern: str, *, by: str, at: datetime, other: str = "", name: str = "",
        tickets: Sequence[int] = (), anchors: Mapping[str, tuple[int, ...]] | None = None,
    ) -> Overlay:  # fmt: skip
        """One act more; a split is given its lasting id where ``other`` is ""."""
        if what == "split" and not other:
            root = pattern.partition("-")[0]
            other = f"{root}-{1 + sum(act.what == 'split' and act.other.startswith(root + '-') for act in self.acts)}"
        number = 1 + max((act.id for act in self.acts), default=0)
        made = Act(number, what, pattern, by, at, False, other, name, tuple(sorted(set(tickets))),
                   anchors or {})  # fmt: skip
        return Overlay.of([*self.acts, made])

    def undo(self, act: int, *, by: str, at: datetime) -> Overlay:
        """The same without this act, which stays in the history. Raises ``NotFound``, or ``BadSetting`` if undone."""
        found = self.act(act)
        if found.undone:
            raise BadSetting("That was taken back already.")
        gone = replace(found, undone=True, undone_by=by, undone_at=at)
        return Overlay.of([gone if one.id == act else one for one in self.acts])

    def act(self, act: int) -> Act:
        """One act by its number. Raises ``NotFound``."""
        for one in self.acts:
            if one.id == act:
                return one
        raise NotFound(f"Nothing was said of a pattern under the number {act}.")


NOTHING_SAID = Overlay()


def _acts_of(data: Mapping[str, Any]) -> list[Act]:
    """Acts for a state without a history, as it was kept before; who and when are not known."""
    acts: list[Act] = []

    def add(what: What, pattern: str, **more: Any) -> None:
        acts.append(Act(len(acts) + 1, what, pattern, **more))

    for pattern, name in sorted(data.get("names", {}).items()):
        add("rename", str(pattern), name=str(name))
    for pattern in sorted(data.get("dismissed", ())):
        add("dismiss", str(pattern))
    for pattern, other in sorted(data.get("merged", {}).items()):
        add("merge", str(pattern), other=str(other))
    for ticket, pattern in sorted((int(one), str(two)) for one, two in data.get("removed", ())):
        add("not this", pattern, tickets=(ticket,))
    return acts


def _said(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""


def _read(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
