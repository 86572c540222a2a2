"""Everything people gave, the only truth: SQLite in the home, or any database URL; nothing else here knows which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.audit import Act, Detail
from kb.caselinks import members, problems_of, rehomed
from kb.database import chunks, next_seq, one_writer
from kb.erasing import Erasing
from kb.holdings import Change
from kb.hookbook import Hookbook
from kb.keyring import Keyring
from kb.marks import targets
from kb.records import Kind, Link, Problem, Record, Viewer
from kb.roster import Roster
from kb.rows import moment, seconds
from kb.signins import SignIns

__all__ = ["Change", "Store"]

LinkRow = tuple[int, Kind, int, int | None, bool]


class Store(Erasing, Roster, SignIns, Keyring, Hookbook):
    """Records, and what people said of them. One writer at a time across processes; readers never wait for it."""

    # --- links -------------------------------------------------------------------------------------------------

    def links_seq(self) -> int:
        """The number of the last change to a link, whether made or taken back."""
        with self._reading() as db:
            taken = db.scalar(sa.select(s.counter.c.value).where(s.counter.c.name == "unlinked"))
            return max(int(db.scalar(sa.select(sa.func.max(s.links.c.seq))) or 0), int(taken or 0))

    def links(self) -> list[LinkRow]:
        """Every link as (ticket id, target kind, target id, seconds when made, generic), oldest first.

        A ticket that names a problem is linked to it from the time of its resolution.
        """
        t = s.links.c
        query = sa.select(t.ticket_id, *targets(s.links).values(), t.linked_at, t.generic).order_by(t.id)
        of_problem = sa.select(s.tickets.c.id, s.problems.c.id, s.tickets.c.resolved_at).join(
            s.problems, s.problems.c.number == s.tickets.c.problem
        )
        with self._reading() as db:
            rows = db.execute(query).all()
            numbers = db.scalars(sa.select(s.problems.c.number).where(s.problems.c.number != "").distinct()).all()
            parts = [of_problem.where(s.tickets.c.problem.in_(part)) for part in chunks(sorted(numbers))]
            named = sorted((row for part in parts for row in db.execute(part).all()), key=lambda row: (row[0], row[1]))
            to_problem = [(row[0], row[3], row[-2]) for row in rows if row[3] is not None]
            homes = rehomed(db, [*to_problem, *((row[0], row[1], row[2]) for row in named)])
        kinds = tuple(targets(s.links))
        found: list[LinkRow] = []
        for ticket, *ends, at, generic in rows:
            for kind, end in zip(kinds, ends, strict=True):
                if end is not None:
                    if kind != "problem":
                        found.append((ticket, kind, end, at, generic))
                    break
        return found + [(ticket, "problem", problem, at, False) for ticket, problem, at in homes]

    def links_of(self, ticket: Record, viewer: Viewer) -> list[tuple[Link, Record]]:
        """What this ticket was linked to, with the targets the viewer may see, oldest first; its problems last."""
        t = s.links.c
        with self._reading() as db:
            rows = db.execute(sa.select(s.links).where(t.ticket_id == ticket.id).order_by(t.id)).mappings().all()
            problems = problems_of(db, ticket.id or 0)
        answer = []
        for row in rows:
            kind, target_id = _end(row)
            for target in self.records(kind, [target_id], viewer) if kind != "problem" else []:
                made = Link(ticket.ref, target.ref, moment(row["linked_at"]), row["made_by"], row["origin"],
                            bool(row["generic"]), row["id"])  # fmt: skip
                answer.append((made, target))
        for problem in self.records("problem", list(problems), viewer):
            at, by, origin = problems[problem.id or 0]
            answer.append((Link(ticket.ref, problem.ref, moment(at), by, origin), problem))
        return answer

    def linked_from(self, target: Record, viewer: Viewer, *, most: int = 50) -> list[tuple[Link, Record]]:
        """The tickets this record was linked on that the viewer may see, newest link first."""
        return self._of_problem(target, viewer, most) if isinstance(target, Problem) else self._linked_to(
            target, viewer, most)  # fmt: skip

    def _of_problem(self, problem: Problem, viewer: Viewer, most: int) -> list[tuple[Link, Record]]:
        """Tickets of a problem: those somebody linked first, by when, then those that name it, newest first."""
        with self._reading() as db:
            found = members(db, problem, viewer)
            opened = dict[int, int]()
            for part in chunks(list(found)):
                query = sa.select(s.tickets.c.id, s.tickets.c.opened_at).where(s.tickets.c.id.in_(part))
                opened |= {row[0]: row[1] or 0 for row in db.execute(query)}
        ids = sorted(found, key=lambda i: (-(found[i][0] or 0), -opened[i], -i))[:most]
        links = {i: (moment(found[i][0]), *found[i][1:]) for i in ids}
        return [
            (Link(one.ref, problem.ref, *links[one.id or 0]), one) for one in self.records("ticket", ids, viewer)
        ]  # fmt: skip

    def _linked_to(self, target: Record, viewer: Viewer, most: int) -> list[tuple[Link, Record]]:
        column = targets(s.links)[target.ref.kind]
        query = sa.select(s.links).where(column == target.id).order_by(s.links.c.id.desc()).limit(10 * most)
        with self._reading() as db:
            rows = db.execute(query).mappings().all()
        tickets = {t.id: t for t in self.records("ticket", [row["ticket_id"] for row in rows], viewer)}
        return [
            (Link(tickets[row["ticket_id"]].ref, target.ref, moment(row["linked_at"]), row["made_by"], row["origin"],
                  bool(row["generic"]), row["id"]), tickets[row["ticket_id"]])
            for row in rows if row["ticket_id"] in tickets
        ][:most]  # fmt: skip

    def settings(self) -> dict[str, str]:
        """Every saved setting, as text."""
        with self._reading() as db:
            return {row[0]: row[1] for row in db.execute(sa.select(s.settings.c.name, s.settings.c.value))}

    def imports(self, most: int = 20) -> list[dict[str, Any]]:
        """The latest imports, newest first."""
        with self._reading() as db:
            rows = db.execute(sa.select(s.imports).order_by(s.imports.c.id.desc()).limit(most)).mappings()
            return [dict(row) for row in rows]

    def link(self, links: Sequence[Link]) -> tuple[Change, list[Link]]:
        """Save links, each once per (ticket, target, origin, by); also returns those whose ends are not here."""
        rows, moved, missing = [], [], []
        with self._writing() as db:
            one_writer(db)
            ends = self._ids(db, {end for link in links for end in (link.ticket, link.target)})
            owners = [ends[link.ticket] for link in links if link.ticket in ends]
            known: dict[tuple[Any, ...], tuple[int, int | None, bool]] = {}
            t = s.links.c
            for part in chunks(owners):
                query = sa.select(t.ticket_id, *targets(s.links).values(), t.origin, t.made_by,
                                  t.id, t.linked_at, t.generic)  # fmt: skip
                known |= {
                    tuple(row[:6]): (row[6], row[7], row[8]) for row in db.execute(query.where(t.ticket_id.in_(part)))
                }
            for link in links:
                if link.ticket not in ends or link.target not in ends:
                    missing.append(link)
                    continue
                target = tuple(ends[link.target] if link.target.kind == kind else None for kind in targets(s.links))
                key = (ends[link.ticket], *target, link.origin, link.by)
                at = seconds(link.linked_at)
                old = known.get(key)
                if old is None:
                    known[key] = (0, at, link.generic)
                    rows.append({"ticket_id": key[0], "target_ticket_id": key[1], "target_article_id": key[2],
                                 "target_problem_id": key[3], "linked_at": at, "made_by": link.by,
                                 "origin": link.origin, "generic": link.generic})  # fmt: skip
                elif old[0] and (old[1], bool(old[2])) != (at, link.generic):
                    known[key] = (0, at, link.generic)
                    moved.append({"row_id": old[0], "linked_at": at, "generic": link.generic})
            stamp = {"seq": next_seq(db)} if rows or moved else {}
            if rows:
                db.execute(sa.insert(s.links), [{**row, **stamp} for row in rows])
            if moved:
                names = ("linked_at", "generic", "seq")
                update = sa.update(s.links).where(t.id == sa.bindparam("row_id"))
                db.execute(
                    update.values({name: sa.bindparam(name) for name in names}), [{**row, **stamp} for row in moved]
                )
        return Change(len(rows), len(moved), len(links) - len(rows) - len(moved) - len(missing)), missing

    def set(self, name: str, value: str, *, by: str = "") -> None:
        """Save one setting."""
        self.change(name, lambda _: value, by=by)

    def change(
        self, name: str, change: Callable[[str | None], str], *, by: str = "",
        told: Callable[[], tuple[Act, str, Detail]] | None = None,
    ) -> None:  # fmt: skip
        """Read one setting and save what ``change`` makes of it, with every other writer kept out meanwhile.

        ``told`` says, once ``change`` was called, what was done where it is more than a setting: act, subject, detail.
        """
        with self._writing() as db:
            one_writer(db)
            value = change(db.scalar(sa.select(s.settings.c.value).where(s.settings.c.name == name)))
            db.execute(sa.delete(s.settings).where(s.settings.c.name == name))
            row = {"name": name, "value": value, "changed_by": by, "changed_at": seconds(datetime.now(UTC))}
            db.execute(sa.insert(s.settings), row)
            act, subject, detail = told() if told is not None else ("configured", f"setting:{name}", {})
            self._note(db, act, subject, by=by, detail=detail)

    def note_import(self, *, by: str = "", **row: Any) -> None:
        """Remember one import: file, source, kind, added, updated, unchanged, rejected."""
        with self._writing() as db:
            made = db.execute(sa.insert(s.imports), {**row, "at": seconds(datetime.now(UTC))}).inserted_primary_key
            detail: dict[str, Any] = {
                name: row[name] for name in ("kind", "added", "updated", "unchanged", "rejected") if name in row
            }
            self._note(db, "imported", f"import:{made[0] if made else ''}", by=by, detail=detail)


def _end(row: Any) -> tuple[Kind, int]:
    """What a row of links or marks points at."""
    return next((kind, row[column.name]) for kind, column in targets(s.links).items() if row[column.name] is not None)
