"""The problem manager's other side of the desk: problem records, from the first suspicion to the fix that held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import numpy as np

from kb import problems as life
from kb.desk.manager import Manager
from kb.desk.overlay import overlay_of
from kb.errors import BadSetting, NotFound
from kb.problems import ProblemUse
from kb.records import EVERYONE, Article, Problem, ProblemChange, Record, Ref, Ticket, Viewer
from kb.rows import moment

_READ = 400
"""Tickets of a pattern whose words and fields a new problem is made from, the most central ones."""
_KINDS = ("ticket", "article", "problem")


class ProblemDesk(Manager):
    """Problems and what people do with them."""

    # --- reading -----------------------------------------------------------------------------------------------

    def problems(self, *, viewer: Viewer, merged: bool = False) -> list[Problem]:
        """All problems the viewer may see, the latest changed first; with ``merged`` also those merged into others."""
        found = [one for batch in self.store.each("problem", viewer) for one in batch if isinstance(one, Problem)]
        kept = [one for one in found if merged or one.merged_into is None]
        return sorted(kept, key=lambda one: (one.updated_at or _DAWN, one.id or 0), reverse=True)

    def problem(self, number: str, *, viewer: Viewer, source: str | None = None) -> Problem:
        """A problem by its number, also in small letters. Raises ``NotFound``, hidden and absent in the same words."""
        return cast("Problem", self._named("problem", number, viewer, source))

    def linkable(self, number: str, *, viewer: Viewer) -> Ticket | Article:
        """The ticket or article of that number. Raises ``NotFound``."""
        for kind in ("ticket", "article"):
            try:
                return cast("Ticket | Article", self._named(kind, number, viewer, None))
            except NotFound:
                continue
        raise NotFound(f"No ticket or article {number.strip()[:80]!r} here that you may see.")

    def problem_of_pattern(self, pattern_id: str, *, viewer: Viewer) -> Problem | None:
        """The problem behind a pattern, merges followed: the open one, else the latest; ``None`` for none."""
        into = overlay_of(self.store).into
        mine = [
            one for one in self.problems(viewer=viewer, merged=True)
            if one.pattern and into(one.pattern) == into(pattern_id)
        ]  # fmt: skip
        ends = [end for one in mine if (end := self.final_problem(one, viewer=viewer)) is not None]
        return next((one for one in ends if life.is_open(one)), ends[0] if ends else None)

    def final_problem(self, problem: Problem, *, viewer: Viewer) -> Problem | None:
        """The problem this one was merged into in the end, itself where into none; ``None`` where that is hidden."""
        at, seen = problem, {problem.id}
        while at.merged_into is not None and at.merged_into not in seen:
            seen.add(at.merged_into)
            further = self.store.records("problem", [at.merged_into], viewer)
            if not further:
                return None
            at = cast("Problem", further[0])
        return at

    def problem_history(self, problem: Problem, *, viewer: Viewer) -> list[ProblemChange]:
        """Every change with who, when, before and after, newest first; what the viewer may not know of is left out."""
        return self.store.changes_of(problem, viewer)

    def problem_articles(self, problem: Problem, *, viewer: Viewer) -> list[Article]:
        """The articles that belong to a problem."""
        return cast("list[Article]", self.store.articles_of(problem, viewer))

    def problem_uses(self, *, viewer: Viewer, now: datetime) -> dict[int, ProblemUse]:
        """Store id of each problem somebody linked or marked → what became of it, of tickets this viewer sees."""
        snapshot = self.shelves.now()
        columns, links = snapshot.pools["ticket"].columns, snapshot.links
        rows = np.flatnonzero(links.to("problem"))
        places = columns.places(links.ticket[rows])
        rows, places = rows[places >= 0], places[places >= 0]
        seen = columns.visible(viewer)[places]
        rows, places = rows[seen], places[seen]
        opened, resolved = columns.numbers["opened"][places], links.at[rows]
        target, end = links.target[rows], int(now.timestamp())
        since = end - int(life.LATELY.total_seconds())
        helped: dict[int, tuple[int, int]] = {}
        for one, said in self.store.tally("problem").items():
            marks = [said[name] for name in ("helpful", "fixed") if name in said]
            if marks:
                helped[one] = sum(n for n, _ in marks), max(last for _, last in marks)
        found = {}
        for one in sorted({*np.unique(target).tolist(), *helped}):
            mine = target == one
            times = np.concatenate([resolved[mine], [helped.get(one, (0, 0))[1]]])
            last = int(times[times <= end].max(initial=0))
            found[one] = ProblemUse(
                linked=int(mine.sum()),
                lately=int(((opened[mine] > since) & (opened[mine] <= end)).sum()),
                helped=helped.get(one, (0, 0))[0],
                last=moment(last) if last else None,
            )
        return found

    # --- beginning ---------------------------------------------------------------------------------------------

    def new_problem(
        self, *, viewer: Viewer, title: str, now: datetime, fields: Mapping[str, object] | None = None,
        tickets: Sequence[Ref] = (), audience: Sequence[str] = (),
    ) -> Problem:  # fmt: skip
        """A problem made by hand, with ``fields`` of :data:`kb.problems.EDITABLE` and the tickets it begins with.

        Raises ``BadSetting``, ``NotFound``. ``audience`` are groups it is for; nobody in particular means everybody.
        """
        made = life.new({"title": title, **(fields or {})}, now=now, by=viewer.name)
        if not viewer.may_see(tuple(audience)):
            raise BadSetting("You could not see it yourself: name a group that you are in, or leave it for everybody.")
        found = [self.store.find("ticket", ref.number, viewer, source=ref.source) for ref in dict.fromkeys(tickets)]
        made = replace(made, audience=tuple(sorted(set(audience))))
        return self.store.open_problem(made, by=viewer.name, at=now, tickets=[one.id or 0 for one in found])

    def problem_from_pattern(self, pattern_id: str, *, viewer: Viewer, now: datetime) -> Problem:
        """A problem begun from a pattern, with its tickets linked; the open one where the pattern has one already.

        Ask :meth:`problem_of_pattern` first to tell the two apart. Raises ``NotFound``, ``BadSetting``.
        """
        pattern = self.pattern(pattern_id, viewer=viewer)
        there = self.problem_of_pattern(pattern.id, viewer=viewer)
        if there is not None and life.is_open(there):
            return there
        members = np.array(pattern.members, np.int64)
        central = self._central(members, pattern.examples, viewer)
        read = cast("list[Ticket]", self.records("ticket", central, viewer=viewer))
        made = life.from_pattern(pattern, read, now=now, by=viewer.name)
        return self.store.open_problem(made, by=viewer.name, at=now, tickets=members.tolist())

    # --- working on it -----------------------------------------------------------------------------------------

    def change_problem(
        self, ref: Ref, changes: Mapping[str, object], *, viewer: Viewer, now: datetime, why: str = "",
        seen: Mapping[str, str] | None = None,
    ) -> ProblemChange | None:  # fmt: skip
        """Set fields, the state among them; what people say stands over the export. ``None`` where nothing changes.

        ``seen`` are the digests of :func:`kb.problems.shown` as the reader got them. Raises ``BadSetting`` where a
        state asks for more, ``ChangedMeanwhile`` where somebody else was quicker, ``NotFound``.
        """
        problem = self._problem(ref, viewer)
        after = life.checked(problem, changes, now=now, seen=seen)
        if not after:
            return None
        return self.store.set_problem(problem, after, by=viewer.name, at=now, why=_short(why))

    def merge_problems(
        self, ref: Ref, *, into: Ref, viewer: Viewer, now: datetime, why: str = ""
    ) -> ProblemChange:  # fmt: skip
        """Let ``into`` take over the tickets and articles of a problem, which stays readable.

        Raises ``BadSetting`` for a circle, or where some who see the one could not see the other.
        """
        one, other = self._problem(ref, viewer), self._problem(into, viewer)
        if other.audience and not (one.audience and set(one.audience) <= set(other.audience)):
            raise BadSetting(f"Not everybody who sees {one.number} may see {other.number}: merge it the other way.")
        return self.store.merge_problem(one, other, by=viewer.name, at=now, why=_short(why))

    def link_problem(
        self, ref: Ref, target: Ref, *, viewer: Viewer, now: datetime | None = None, why: str = ""
    ) -> ProblemChange:  # fmt: skip
        """Say that a ticket or an article belongs to a problem. Raises ``NotFound``, ``BadSetting``."""
        return self._tie(ref, target, viewer, now, why, belongs=True)

    def unlink_problem(
        self, ref: Ref, target: Ref, *, viewer: Viewer, now: datetime | None = None, why: str = ""
    ) -> ProblemChange:  # fmt: skip
        """Say that a ticket or an article does not belong to a problem, whatever exports say. Raises ``NotFound``."""
        return self._tie(ref, target, viewer, now, why, belongs=False)

    def undo_problem(self, change_id: int, *, viewer: Viewer, now: datetime | None = None) -> ProblemChange:
        """Take one change back, whatever came after it; it stays in the history. Raises ``NotFound``, ``BadSetting``.

        Taking back that a problem was made removes it, as long as nothing else was done with it.
        """
        change = self.store.find_change(change_id, viewer)
        return self.store.undo_change(change, by=viewer.name, at=now or datetime.now(UTC))

    # --- inside ------------------------------------------------------------------------------------------------

    def _problem(self, ref: Ref, viewer: Viewer) -> Problem:
        return cast("Problem", self.record("problem", ref.number, viewer=viewer, source=ref.source))

    def _named(self, kind: str, number: str, viewer: Viewer, source: str | None) -> Record:
        known, typed = next(one for one in _KINDS if one == kind), number.strip()
        try:
            return self.record(known, typed, viewer=viewer, source=source)  # type: ignore[arg-type]
        except NotFound:
            if typed.upper() == typed:
                raise
            return self.record(known, typed.upper(), viewer=viewer, source=source)  # type: ignore[arg-type]

    def _tie(
        self, ref: Ref, target: Ref, viewer: Viewer, now: datetime | None, why: str, *, belongs: bool
    ) -> ProblemChange:  # fmt: skip
        problem = self._problem(ref, viewer)
        end = self.record(target.kind, target.number, viewer=viewer, source=target.source)
        if isinstance(end, Problem):
            raise BadSetting("Two problems are not linked: merge one into the other.")
        if problem.merged_into is not None:
            raise BadSetting(f"{problem.number} was merged into another problem: link to that one.")
        if belongs == self._belongs(problem, end, viewer):
            said = "belongs" if belongs else "does not belong"
            raise BadSetting(f"{end.number} {said} to {problem.number} already.")
        at = now or datetime.now(UTC)
        return self.store.tie(problem, end, belongs=belongs, by=viewer.name, at=at, why=_short(why))

    def _belongs(self, problem: Problem, end: Record, viewer: Viewer) -> bool:
        if isinstance(end, Ticket):
            return any(other.ref == problem.ref for _, other in self.store.links_of(end, viewer))
        return any(other.ref == end.ref for other in self.problem_articles(problem, viewer=viewer))

    def _central(self, members: np.typing.NDArray[np.int64], examples: Sequence[int], viewer: Viewer) -> list[int]:
        """Members nearest the centre first, those everybody may see before the others; at most :data:`_READ`."""
        order = members
        now = self.patterns_now()
        if now is not None and len(members):
            rows = now.rows(members)
            close = np.where(rows >= 0, now.closeness[rows], -1.0)
            order = members[np.argsort(-close, kind="stable")]
        columns = self.shelves.now().pools["ticket"].columns
        public = set(columns.ids[columns.visible(EVERYONE)].tolist())
        ids = list(dict.fromkeys([*(i for i in examples if i in set(order.tolist())), *order.tolist()]))
        return sorted(ids, key=lambda i: i not in public)[:_READ]


_DAWN = datetime(1970, 1, 1, tzinfo=UTC)


def _short(why: str) -> str:
    return " ".join(why.split())[:500]
