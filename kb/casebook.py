"""Problems that people work on: made, changed, merged and linked, each act kept with who and when and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from kb import schema as s
from kb.audiences import in_force, ruled
from kb.caserows import (
    change_of,
    ends_of,
    family_of,
    first_of_two,
    keep_change,
    links_moved,
    merges,
    next_number,
    only_made,
    replay,
    retie,
    row_of,
    standing,
    target_of,
    write_row,
)
from kb.database import next_seq, one_writer
from kb.errors import BadSetting, ChangedMeanwhile, NotFound
from kb.given import Value, said
from kb.holdings import TABLES
from kb.judgements import Judgements
from kb.records import Problem, ProblemChange, Record, Ref, Viewer
from kb.rows import from_row, seconds, to_row
from kb.text import prepare

OURS = "seenbefore"
"""Source of the problems made here."""


class Casebook(Judgements):
    """The life of problems."""

    # --- reading -----------------------------------------------------------------------------------------------

    def changes_of(self, problem: Problem, viewer: Viewer) -> list[ProblemChange]:
        """All that was done to a problem, and what was merged into it, newest first.

        An act on a record that the viewer may not see is left out.
        """
        t = s.problem_changes.c
        mine = sa.or_(t.problem_id == problem.id, t.target_problem_id == problem.id)
        with self._reading() as db:
            rows = db.execute(sa.select(s.problem_changes).where(mine).order_by(t.id.desc())).mappings().all()
        ends = ends_of(rows)
        refs = {
            (kind, one.id): one.ref
            for kind, ids in ends.items()
            for one in self.records(kind, sorted(ids), viewer)
        }  # fmt: skip
        found = []
        for row in rows:
            target, owner = target_of(row), refs.get(("problem", row["problem_id"]))
            if owner is not None and (target is None or target in refs):
                found.append(change_of(row, owner, None if target is None else refs[target]))
        return found

    def find_change(self, change: int, viewer: Viewer) -> ProblemChange:
        """One change by its id. Raises ``NotFound`` where it, or its problem, is hidden or not here."""
        with self._reading() as db:
            row = db.scalar(sa.select(s.problem_changes.c.problem_id).where(s.problem_changes.c.id == change))
        for one in self.records("problem", [] if row is None else [row], viewer):
            for made in self.changes_of(cast("Problem", one), viewer):
                if made.id == change:
                    return made
        raise NotFound(f"There is no change {change} to take back.")

    def articles_of(self, problem: Problem, viewer: Viewer) -> list[Record]:
        """The articles that belong to a problem and to those merged into it, newest tie first."""
        t = s.problem_ties.c
        with self._reading() as db:
            family = family_of(db, problem.id or 0)
            query = sa.select(t.problem_id, t.article_id, t.belongs, t.id).where(t.problem_id.in_(family))
            rows = db.execute(query.where(t.article_id.is_not(None)).order_by(t.id.desc())).all()
        gone = {article for owner, article, belongs, _ in rows if not belongs and owner == problem.id}
        ids = [article for _, article, belongs, _ in rows if belongs and article not in gone]
        return self.records("article", list(dict.fromkeys(ids)), viewer)

    # --- writing -----------------------------------------------------------------------------------------------

    def open_problem(
        self, problem: Problem, *, by: str, at: datetime, tickets: Sequence[int] = (), articles: Sequence[int] = (),
        why: str = "",
    ) -> Problem:  # fmt: skip
        """Keep a new problem of ours under the next free number, with its tickets and articles by store id."""
        with self._writing() as db:
            one_writer(db)
            guard = self._salted(db)
            found = guard.record(prepare(replace(problem, source=OURS, number=next_number(db), id=None)))
            row, why = to_row(found.record), guard.text(why)
            row = ruled("problem", row, in_force(db).now)
            seq = next_seq(db)
            made = db.execute(sa.insert(s.problems), {**row, "seq": seq}).inserted_primary_key
            place = int(made[0]) if made else 0
            after = {"title": row["title"], "state": row["state"], "pattern": row["pattern"], "tickets": len(tickets)}
            self._note_found(db, "problem", [found])
            keep_change(db, place, "created", by=by, at=at, why=why, after={k: v for k, v in after.items() if v})
            ties = [{"ticket_id": i, "article_id": None} for i in tickets]
            ties += [{"ticket_id": None, "article_id": i} for i in articles]
            same = {"problem_id": place, "belongs": True, "first": True, "made_by": by, "made_at": seconds(at)}
            if ties:
                db.execute(sa.insert(s.problem_ties), [{**same, **tie} for tie in ties])
                links_moved(db, seq)
            self._note(db, "changed", f"problem:{place}", by=by, at=at,
                       detail={"what": "created", "tickets": len(tickets), "articles": len(articles)})  # fmt: skip
            stored = db.execute(sa.select(s.problems).where(s.problems.c.id == place)).mappings().one()
        return cast("Problem", from_row("problem", stored))

    def delete(self, refs: Sequence[Ref], *, by: str = "") -> int:
        """As for any record; problems that were merged into one that goes stand for themselves again."""
        with self._reading() as db:
            gone = set(self._ids(db, {ref for ref in refs if ref.kind == "problem"}).values())
            orphans = [one for one, other in merges(db).items() if other in gone and one not in gone]
        count = super().delete(refs, by=by)
        if orphans:
            with self._writing() as db:
                for row in db.execute(sa.select(s.problems).where(s.problems.c.id.in_(orphans))).mappings().all():
                    replay(db, row, None)
                links_moved(db, next_seq(db))
        return count

    def set_problem(
        self, problem: Problem, after: Mapping[str, Value], *, by: str, at: datetime, why: str = ""
    ) -> ProblemChange:  # fmt: skip
        """Set fields of a problem over what its export says; ``problem`` is what the change was worked out from.

        Raises ``ChangedMeanwhile`` where one of the fields is not as in ``problem`` any more.
        """
        with self._writing() as db:
            one_writer(db)
            row = row_of(db, problem.ref)
            read, guard = to_row(problem), self._guard(db)
            after, why = guard.fields(after), guard.text(why)
            before = {name: row[name] for name in after}
            moved = [name for name in after if row[name] != read[name]]
            if moved:
                raise ChangedMeanwhile(first_of_two(standing(db, row["id"], ("set", "import")), moved))
            write_row(db, row, {**said(row), **after}, at)
            made = keep_change(db, row["id"], "set", by=by, at=at, why=why, before=before, after=after)
            self._note(db, "changed", f"problem:{row['id']}", by=by, at=at,
                       detail={"what": "set", "fields": sorted(after)})  # fmt: skip
        return change_of(made, problem.ref, None)

    def merge_problem(self, problem: Problem, into: Problem, *, by: str, at: datetime, why: str = "") -> ProblemChange:
        """Let one problem stand for another from now on. Raises ``BadSetting`` where that would go in a circle."""
        with self._writing() as db:
            one_writer(db)
            row, other = row_of(db, problem.ref), row_of(db, into.ref)
            if row["id"] == other["id"] or other["id"] in family_of(db, row["id"]):
                raise BadSetting(f"{into.number} is {problem.number} itself or was merged into it: choose another.")
            if row["merged_into"] is not None:
                raise BadSetting(f"{problem.number} was merged already: take that back first.")
            if other["merged_into"] is not None:
                raise BadSetting(f"{into.number} was merged into another problem: choose that one.")
            why = self._guard(db).text(why)
            made = keep_change(db, row["id"], "merge", by=by, at=at, why=why, target=("problem", other["id"]))
            replay(db, row, at)
            self._note(db, "changed", f"problem:{row['id']}", by=by, at=at,
                       detail={"what": "merge", "into": other["id"]})  # fmt: skip
        return change_of(made, problem.ref, into.ref)

    def tie(
        self, problem: Problem, target: Record, *, belongs: bool, by: str, at: datetime, why: str = ""
    ) -> ProblemChange:
        """Say that a ticket or an article belongs to a problem, or that it does not, whatever exports say."""
        with self._writing() as db:
            one_writer(db)
            row, end = row_of(db, problem.ref), (target.ref.kind, target.id or 0)
            if db.scalar(sa.select(TABLES[end[0]].c.id).where(TABLES[end[0]].c.id == end[1])) is None:
                raise NotFound(f"No {end[0]} {target.number[:80]!r} here that you may see.")
            what = "link" if belongs else "unlink"
            made = keep_change(db, row["id"], what, by=by, at=at, why=self._guard(db).text(why), target=end)
            retie(db, row["id"], end)
            self._note(db, "changed", f"problem:{row['id']}", by=by, at=at, detail={"what": what, end[0]: end[1]})
        return change_of(made, problem.ref, target.ref)

    def undo_change(self, change: ProblemChange, *, by: str, at: datetime) -> ProblemChange:
        """Take one act back, whatever came after it: each field goes to the last word that stands, else the export's.

        One that was taken back already stays as it is. Raises ``BadSetting`` for what an export said, and for a
        problem that was made and then worked on; one that was only made is removed.
        """
        if change.what == "import":
            raise BadSetting("That came with an export: set the field here, and your word stands over it.")
        with self._writing() as db:
            one_writer(db)
            t = s.problem_changes.c
            row = row_of(db, change.problem)
            made = db.execute(sa.select(s.problem_changes).where(t.id == change.id)).mappings().first()
            if made is None:
                raise NotFound(f"There is no change {change.id} to take back.")
            if made["undone_at"] is not None:
                return change_of(made, change.problem, change.target)
            self._note(db, "changed", f"problem:{row['id']}", by=by, at=at,
                       detail={"what": f"{made['what']}, taken back", "change": made["id"]})  # fmt: skip
            if made["what"] == "created":
                only_made(db, row)
                db.execute(sa.delete(s.problems).where(s.problems.c.id == row["id"]))
                seq = next_seq(db)
                db.execute(sa.insert(s.deletions), {"kind": "problem", "record_id": row["id"], "seq": seq})
                links_moved(db, seq)
                return change_of({**made, "undone_by": by, "undone_at": seconds(at)}, change.problem, None)
            now = {"undone_by": by, "undone_at": seconds(at)}
            db.execute(sa.update(s.problem_changes).where(t.id == change.id).values(now))
            end = target_of(made)
            if made["what"] in ("link", "unlink") and end is not None:
                retie(db, row["id"], end)
            else:
                replay(db, row, at)
        return change_of({**made, **now}, change.problem, change.target)
