"""Which tickets belong to which problem: those that name it, were linked, tied or taken off, merges followed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from kb import schema as s
from kb.caserows import How, family_of, final, merges
from kb.database import chunks, visible
from kb.records import Problem, Viewer


def members(db: sa.Connection, problem: Problem, viewer: Viewer) -> dict[int, How]:
    """Tickets of a problem the viewer may see: store id → when (seconds), by whom and how it was linked.

    Those that name it, those linked to it, and those of problems merged into it; without those taken off.
    """
    family = family_of(db, problem.id or 0)
    l, t, k, p = s.links.c, s.tickets.c, s.problem_ties.c, s.problems.c  # noqa: E741
    named = sa.select(t.id, p.id).join(s.problems, sa.and_(p.number == t.problem, t.problem != ""))
    linked = sa.select(l.ticket_id, l.target_problem_id, l.linked_at, l.made_by, l.origin).order_by(l.id)
    tied = sa.select(k.ticket_id, k.problem_id, k.belongs, k.made_at, k.made_by).order_by(k.id)
    ties = db.execute(tied.where(k.problem_id.in_(family), k.ticket_id.is_not(None))).all()
    off = {(row[0], row[1]) for row in ties if not row[2]}
    found: dict[int, How] = {}
    for ticket, owner, *how in (
        *((row[0], row[1], None, "", "import") for row in db.execute(named.where(p.id.in_(family)))),
        *db.execute(linked.where(l.target_problem_id.in_(family))),
        *((row[0], row[1], row[3], row[4], "person") for row in ties if row[2]),
    ):
        if (ticket, owner) not in off and (ticket, problem.id) not in off:
            found[ticket] = (how[0], how[1], how[2])
    kept = list(found)
    may = {
        i for part in chunks(kept)
        for i in db.scalars(sa.select(t.id).where(t.id.in_(part), visible(s.tickets, viewer)))
    }  # fmt: skip
    return {i: found[i] for i in kept if i in may}


def problems_of(db: sa.Connection, ticket: int) -> dict[int, How]:
    """Problems of a ticket, merges followed: store id → when (seconds), by whom and how it was linked."""
    l, t, k, p = s.links.c, s.tickets.c, s.problem_ties.c, s.problems.c  # noqa: E741
    named = sa.select(p.id).join(s.tickets, sa.and_(p.number == t.problem, t.problem != ""))
    linked = sa.select(l.target_problem_id, l.linked_at, l.made_by, l.origin).where(l.ticket_id == ticket)
    tied = sa.select(k.problem_id, k.belongs, k.made_at, k.made_by).where(k.ticket_id == ticket)
    found: dict[int, How] = {row[0]: (None, "", "import") for row in db.execute(named.where(t.id == ticket))}
    found |= {row[0]: (row[1], row[2], row[3]) for row in db.execute(linked.where(l.target_problem_id.is_not(None)))}
    ties = db.execute(tied).all()
    found |= {row[0]: (row[2], row[3], "person") for row in ties if row[1]}
    off, into = {row[0] for row in ties if not row[1]}, merges(db)
    homes: dict[int, How] = {}
    for problem, how in found.items():
        end = final(into, problem)
        if problem not in off and end not in off:
            homes.setdefault(end, how)
    return homes


def rehomed(db: sa.Connection, pairs: Sequence[tuple[int, int, int | None]]) -> list[tuple[int, int, int | None]]:
    """Links (ticket, problem, seconds) with what people tied added, what they took off left out, merges followed.

    One for each ticket and problem, the first.
    """
    k = s.problem_ties.c
    ties = db.execute(
        sa.select(k.ticket_id, k.problem_id, k.belongs, k.made_at).where(k.ticket_id.is_not(None)).order_by(k.id)
    ).all()
    off = {(row[0], row[1]) for row in ties if not row[2]}
    into = merges(db)
    whole = [*pairs, *((row[0], row[1], row[3]) for row in ties if row[2])]
    found: dict[tuple[int, int], tuple[int, int, int | None]] = {}
    for ticket, problem, at in whole:
        end = final(into, problem)
        if (ticket, problem) not in off and (ticket, end) not in off:
            found.setdefault((ticket, end), (ticket, end, at))
    return list(found.values())
