"""Marks: what people said of a record, kept for good, counted at once, and taken back by one more word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.audit import Act
from kb.database import next_seq, one_writer
from kb.errors import BadSetting, NotFound
from kb.holdings import TABLES, Holdings
from kb.records import Kind, Mark, Record, Ref, Viewer
from kb.rows import content_hash, moment, seconds

_SETS = {"state": "state_here", "owner": "owner_here"}
"""What a mark on an article may set, and where it stands."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A mark as ranking counts it: what it is on, the question it answered, when, and whether it helped."""

    kind: Kind
    target: int
    ticket: int | None
    question: str
    """Content hash of the question's cleaned words; "" where it answered a ticket."""
    at: int
    helped: bool


def targets(table: sa.Table) -> dict[Kind, sa.Column[int | None]]:
    """The column of each kind of record that a link or a mark may point at, in a fixed order."""
    return {kind: table.c[f"target_{kind}_id"] for kind in TABLES}


class Marks(Holdings):
    """Helpful, not helpful, this fixed it, flags, and what was set on an article."""

    def mark(self, mark: Mark) -> Mark:
        """Keep what a person said and do what it means; returns it with its id, its time and what was before.

        "fixed" with a ticket links the two. The same said twice is one; helpful and not helpful of one person on one
        question take each other back. Raises ``NotFound`` where record or ticket is not here.
        """
        mark = replace(mark, at=mark.at or datetime.now(UTC))
        with self._writing() as db:
            one_writer(db)
            guard = self._guard(db)
            said = mark.note if mark.said in _SETS else guard.text(mark.note)
            mark = replace(mark, question=guard.text(mark.question), note=said, before=guard.text(mark.before))
            ends = self._ids(db, {end for end in (mark.target, mark.ticket) if end is not None})
            for end in (mark.target, mark.ticket):
                if end is not None and end not in ends:
                    raise NotFound(f"No {end.kind} {end.number[:80]!r} here that you may see.")
            ticket = None if mark.ticket is None else ends[mark.ticket]
            row = {
                **{column.name: ends[mark.target] if kind == mark.target.kind else None
                   for kind, column in targets(s.marks).items()},
                "ticket_id": ticket, "said": mark.said, "question": mark.question,
                "question_hash": content_hash(mark.question) if mark.question else "", "note": mark.note,
                "made_by": mark.by, "made_at": seconds(mark.at), "undone_by": "", "undone_at": None, "before": "",
            }  # fmt: skip
            if (same := _replaced(db, row)) is not None:
                return replace(mark, id=same)
            seq = next_seq(db)
            if mark.said in _SETS:
                row["before"] = self._set_article(db, mark, ends[mark.target], seq)
            if mark.said == "fixed" and ticket is not None:
                _link(db, row, seq)
            made = db.execute(sa.insert(s.marks), row).inserted_primary_key
            self._note_mark(db, row, mark.said, by=mark.by)
        return replace(mark, id=int(made[0]) if made else None, before=str(row["before"]))

    def undo(self, mark_id: int, *, by: str = "", at: datetime | None = None) -> Mark:
        """Take a mark back, with the link or the setting it made; it stays in the history.

        Raises ``NotFound`` for an unknown mark; one that was taken back already stays as it is.
        """
        with self._writing() as db:
            one_writer(db)
            row = db.execute(sa.select(s.marks).where(s.marks.c.id == mark_id)).mappings().first()
            if row is None:
                raise NotFound(f"There is no mark {mark_id} to take back.")
            if row["undone_at"] is None:
                now = {"undone_by": by, "undone_at": seconds(at or datetime.now(UTC))}
                db.execute(sa.update(s.marks).where(s.marks.c.id == mark_id).values(now))
                seq = next_seq(db)
                if row["said"] == "fixed" and row["ticket_id"] is not None:
                    _unlink(db, row, seq)
                if row["said"] in _SETS and row["target_article_id"] is not None:
                    values = {_SETS[row["said"]]: row["before"], "seq": seq}
                    db.execute(sa.update(s.articles).where(s.articles.c.id == row["target_article_id"]).values(values))
                row = db.execute(sa.select(s.marks).where(s.marks.c.id == mark_id)).mappings().one()
                self._note_mark(db, row, f"{row['said']}, taken back", by=by)
            refs = self._refs(db, [row])
        return _mark(row, refs)

    def find_mark(self, mark_id: int) -> Mark:
        """One mark by its id: for the program only. Raises ``NotFound``."""
        with self._reading() as db:
            rows = db.execute(sa.select(s.marks).where(s.marks.c.id == mark_id)).mappings().all()
            refs = self._refs(db, rows)
        if not rows:
            raise NotFound(f"There is no mark {mark_id} to take back.")
        return _mark(rows[0], refs)

    def marks_of(self, record: Record, viewer: Viewer) -> list[Mark]:
        """What people said of a record, and of others as the answer to it, newest first.

        A mark on another record is left out where the viewer may not see that one; so are the words of a question and
        the number of a ticket that the viewer may not see.
        """
        t = s.marks.c
        mine = targets(s.marks)[record.ref.kind] == record.id
        if record.ref.kind == "ticket":
            mine = sa.or_(mine, t.ticket_id == record.id)
        with self._reading() as db:
            rows = db.execute(sa.select(s.marks).where(mine).order_by(t.id.desc())).mappings().all()
            refs = self._refs(db, rows)
        seen = {
            (kind, one.id)
            for kind in TABLES
            for one in self.records(kind, sorted({i for k, i in refs if k == kind}), viewer)
        }
        found = []
        for row in rows:
            if _target(row) not in seen:
                continue
            mark = _mark(row, refs)
            hidden = row["ticket_id"] is not None and ("ticket", row["ticket_id"]) not in seen
            found.append(replace(mark, ticket=None, question="") if hidden else mark)
        return found

    def votes(self) -> list[Vote]:
        """Every mark that says whether something helped and still stands, oldest first: for ranking.

        "fixed" on a ticket is not among them: it made a link, and links are counted.
        """
        t = s.marks.c
        query = sa.select(s.marks).where(t.undone_at.is_(None), t.said.in_(("helpful", "not helpful", "fixed")))
        with self._reading() as db:
            rows = db.execute(query.order_by(t.id)).mappings().all()
        return [
            Vote(*_target(row), row["ticket_id"], row["question_hash"], row["made_at"] or 0,
                 row["said"] != "not helpful")
            for row in rows
            if (row["question_hash"] or row["ticket_id"]) and not (row["said"] == "fixed" and row["ticket_id"])
        ]  # fmt: skip

    def said_at(self, said: Sequence[str]) -> list[tuple[Kind, int, str, int]]:
        """Each mark of these words that still stands as (kind, store id, word, second), oldest first.

        For the program only: it may be on a record that not everybody sees.
        """
        t = s.marks.c
        query = sa.select(*targets(s.marks).values(), t.said, t.made_at).where(t.undone_at.is_(None), t.said.in_(said))
        with self._reading() as db:
            rows = db.execute(query.order_by(t.id)).mappings().all()
        return [(*_target(row), row["said"], row["made_at"] or 0) for row in rows]

    def questions(self) -> list[str]:
        """The distinct questions that marks answered: their words are embedded like any text."""
        t = s.marks.c
        with self._reading() as db:
            return list(db.scalars(sa.select(t.question).where(t.question != "").distinct().order_by(t.question)))

    def tally(self, kind: Kind) -> dict[int, dict[str, tuple[int, int]]]:
        """Store id of each record of a kind → what was said of it and still stands → (how often, when last)."""
        column, t = targets(s.marks)[kind], s.marks.c
        query = sa.select(column, t.said, sa.func.count(), sa.func.max(t.made_at)).where(column.is_not(None))
        found: dict[int, dict[str, tuple[int, int]]] = {}
        with self._reading() as db:
            for target, said, n, last in db.execute(query.where(t.undone_at.is_(None)).group_by(column, t.said)):
                found.setdefault(target, {})[said] = (n, last or 0)
        return found

    # --- inside ------------------------------------------------------------------------------------------------

    def _note_mark(self, db: sa.Connection, row: Any, what: str, *, by: str) -> None:
        kind, target = _target(row)
        act: Act = "changed" if row["said"] in (*_SETS, "edit") else "said"
        self._note(db, act, f"{kind}:{target}", by=by, detail={"what": what, "ticket": row["ticket_id"]})

    def _set_article(self, db: sa.Connection, mark: Mark, article: int, seq: int) -> str:
        """Set what the mark says; returns what people had set before ("" where the export's word stood)."""
        if mark.target.kind != "article":
            raise BadSetting(f"Only an article has a {mark.said} to set.")
        t, name = s.articles.c, _SETS[mark.said]
        before = db.scalar(sa.select(t[name]).where(t.id == article))
        db.execute(sa.update(s.articles).where(t.id == article).values({name: mark.note, "seq": seq}))
        return str(before or "")

    def _refs(self, db: sa.Connection, rows: Any) -> dict[tuple[Kind, int], Ref]:
        wanted: set[tuple[Kind, int]] = {_target(row) for row in rows}
        wanted |= {("ticket", row["ticket_id"]) for row in rows if row["ticket_id"] is not None}
        found: dict[tuple[Kind, int], Ref] = {}
        for kind, table in TABLES.items():
            ids = sorted(i for k, i in wanted if k == kind)
            for start in range(0, len(ids), 400):
                query = sa.select(table.c.id, table.c.source, table.c.number)
                for row_id, source, number in db.execute(query.where(table.c.id.in_(ids[start : start + 400]))):
                    found[kind, row_id] = Ref(kind, source, number)
        return found


def _target(row: Any) -> tuple[Kind, int]:
    return next((kind, row[column.name]) for kind, column in targets(s.marks).items() if row[column.name] is not None)


def _mark(row: Any, refs: dict[tuple[Kind, int], Ref]) -> Mark:
    ticket = None if row["ticket_id"] is None else refs.get(("ticket", row["ticket_id"]))
    return Mark(refs[_target(row)], row["said"], row["made_by"], moment(row["made_at"]), row["question"], ticket,
                row["note"], row["before"], moment(row["undone_at"]), row["undone_by"], row["id"])  # fmt: skip


def _replaced(db: sa.Connection, row: dict[str, Any]) -> int | None:
    """The id of the same mark where it stands already; what it contradicts is taken back."""
    t = s.marks.c
    if row["said"] not in ("helpful", "not helpful", "fixed"):
        return None
    about = [column == row[column.name] for column in targets(s.marks).values() if row[column.name] is not None]
    query = sa.select(t.id, t.said).where(
        *about, t.undone_at.is_(None), t.made_by == row["made_by"], t.question_hash == row["question_hash"],
        t.ticket_id.is_(None) if row["ticket_id"] is None else t.ticket_id == row["ticket_id"],
        t.said.in_(("helpful", "not helpful", "fixed")),
    )  # fmt: skip
    standing = db.execute(query).all()
    for mark_id, said in standing:
        if said == row["said"]:
            return int(mark_id)
    against = [mark_id for mark_id, said in standing if "not helpful" in (said, row["said"]) and said != "fixed"]
    if against:
        now = {"undone_by": row["made_by"], "undone_at": row["made_at"]}
        db.execute(sa.update(s.marks).where(t.id.in_(against)).values(now))
    return None


def _ends(row: Any) -> list[sa.ColumnElement[bool]]:
    """The links a "fixed" mark stands for: of this ticket, to this target, said by this person here."""
    t = s.links.c
    return [t.ticket_id == row["ticket_id"], t.origin == "person", t.made_by == row["made_by"],
            *(t[c.name] == row[c.name] for c in targets(s.marks).values() if row[c.name] is not None)]  # fmt: skip


def _link(db: sa.Connection, row: dict[str, Any], seq: int) -> None:
    if db.scalar(sa.select(s.links.c.id).where(*_ends(row)).limit(1)) is None:
        ends = {column.name: row[column.name] for column in targets(s.marks).values()}
        db.execute(sa.insert(s.links), {**ends, "ticket_id": row["ticket_id"], "linked_at": row["made_at"],
                                        "made_by": row["made_by"], "origin": "person", "generic": False,
                                        "seq": seq})  # fmt: skip


def _unlink(db: sa.Connection, row: Any, seq: int) -> None:
    db.execute(sa.delete(s.links).where(*_ends(row)))
    db.execute(sa.delete(s.counter).where(s.counter.c.name == "unlinked"))
    db.execute(sa.insert(s.counter), {"name": "unlinked", "value": seq})
