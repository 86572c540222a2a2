"""One problem as rows of a database: what people said of it, replayed, and what was tied to it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from kb import schema as s
from kb.audiences import in_force, ruled
from kb.database import next_seq
from kb.errors import BadSetting, NotFound
from kb.given import Value, laid_over
from kb.holdings import TABLES
from kb.records import Kind, ProblemChange, Ref
from kb.rows import moment, seconds

PREFIX = "PRB-SB"
"""What the numbers of problems made here begin with: no desk tool's do."""
How = tuple[int | None, str, str]
"""When (seconds since 1970), by whom and in what way something was linked."""


def row_of(db: sa.Connection, ref: Ref) -> sa.RowMapping:
    t = s.problems.c
    query = sa.select(s.problems).where(t.source == ref.source, t.number == ref.number)
    row = db.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"No problem {ref.number[:80]!r} here that you may see.")
    return row


def write_row(db: sa.Connection, row: Mapping[Any, Any], words: Mapping[str, Value], at: datetime | None) -> None:
    """Lay these words of people over what the export gave, in place of those before."""
    laid = ruled("problem", laid_over(row, words), in_force(db).now)
    new = {**laid, "updated_at": row["updated_at"] if at is None else seconds(at), "seq": next_seq(db)}
    db.execute(sa.update(s.problems).where(s.problems.c.id == row["id"]).values(new))
    if new["merged_into"] != row["merged_into"]:
        links_moved(db, new["seq"])


def replay(db: sa.Connection, row: Mapping[Any, Any], at: datetime | None) -> None:
    """Set every field to the last word on it that was not taken back."""
    words: dict[str, Value] = {}
    for made in standing(db, row["id"], ("set", "merge")):
        if made["what"] == "merge":
            words["merged_into"] = made["target_problem_id"]
        else:
            words |= json.loads(made["after"])
    write_row(db, row, words, at)


def retie(db: sa.Connection, problem: int, end: tuple[Kind, int]) -> None:
    """Tie or untie as the last word on this record says; without one as it was when the problem was made."""
    t, k = s.problem_changes.c, s.problem_ties.c
    words = [
        made for made in standing(db, problem, ("link", "unlink"))
        if made[t[f"target_{end[0]}_id"].name] == end[1]
    ]  # fmt: skip
    here = sa.and_(k.problem_id == problem, k[f"{end[0]}_id"] == end[1])
    old = db.execute(sa.select(s.problem_ties).where(here)).mappings().first()
    first = old is not None and bool(old["first"])
    if words:
        last = words[-1]
        values = {"belongs": last["what"] == "link", "made_by": last["made_by"], "made_at": last["made_at"]}
        if old is None:
            row = {"problem_id": problem, f"{end[0]}_id": end[1], "first": False, **values}
            db.execute(sa.insert(s.problem_ties), row)
        else:
            db.execute(sa.update(s.problem_ties).where(here).values(values))
    elif first:
        db.execute(sa.update(s.problem_ties).where(here).values(belongs=True))
    else:
        db.execute(sa.delete(s.problem_ties).where(here))
    links_moved(db, next_seq(db))


def standing(db: sa.Connection, problem: int, what: Sequence[str]) -> Sequence[sa.RowMapping]:
    t = s.problem_changes.c
    query = sa.select(s.problem_changes).where(t.problem_id == problem, t.undone_at.is_(None), t.what.in_(what))
    return db.execute(query.order_by(t.id)).mappings().all()


def keep_change(
    db: sa.Connection, problem: int, what: str, *, by: str, at: datetime, why: str = "",
    before: Mapping[str, Value] | None = None, after: Mapping[str, Value] | None = None,
    target: tuple[Kind, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    row: dict[str, Any] = {
        "problem_id": problem, "what": what, "before": _json(before), "after": _json(after), "why": why, "made_by": by,
        "made_at": seconds(at), "undone_by": "", "undone_at": None,
        **{f"target_{kind}_id": target[1] if target is not None and target[0] == kind else None for kind in TABLES},
    }  # fmt: skip
    made = db.execute(sa.insert(s.problem_changes), row).inserted_primary_key
    return {**row, "id": int(made[0]) if made else 0}


def _json(values: Mapping[str, Value] | None) -> str:
    return json.dumps(dict(values or {}), ensure_ascii=False)


def somebody(by: str, moved: Collection[str]) -> str:
    """The sentence for the second of two who change the same; ``by`` is the first, "" where that is not known."""
    names = " and ".join(name.replace("_", " ") for name in moved)
    return f"{by or 'Somebody'} changed the {names} meanwhile: look at what stands there now, then save yours again."


def first_of_two(changes: Sequence[Mapping[Any, Any]], moved: Collection[str]) -> str:
    """The same, with who it was found among the changes of the problem."""
    last = [made for made in changes if set(moved) & set(json.loads(made["after"]))]
    return somebody(last[-1]["made_by"] or "An import" if last else "", moved)


def only_made(db: sa.Connection, row: Mapping[Any, Any]) -> None:
    t, m = s.problem_changes.c, s.marks.c
    worked = sa.select(t.id).where(sa.or_(t.problem_id == row["id"], t.target_problem_id == row["id"]))
    more = db.scalar(worked.where(t.what != "created").limit(1))
    marked = db.scalar(sa.select(m.id).where(m.target_problem_id == row["id"]).limit(1))
    if more is not None or marked is not None:
        raise BadSetting(f"{row['number']} has been worked on since it was made: close it, or merge it into another.")


def next_number(db: sa.Connection) -> str:
    """A number that was never given before, not even to a problem that is gone."""
    t, p = s.counter.c, s.problems.c
    last = int(db.scalar(sa.select(t.value).where(t.name == "problem")) or 0)
    taken = set(db.scalars(sa.select(p.number).where(p.number.startswith(PREFIX, autoescape=True))))
    last += 1
    while f"{PREFIX}{last:05d}" in taken:
        last += 1
    db.execute(sa.delete(s.counter).where(t.name == "problem"))
    db.execute(sa.insert(s.counter), {"name": "problem", "value": last})
    return f"{PREFIX}{last:05d}"


def links_moved(db: sa.Connection, seq: int) -> None:
    """Let those who read the links know that they are others now."""
    db.execute(sa.delete(s.counter).where(s.counter.c.name == "unlinked"))
    db.execute(sa.insert(s.counter), {"name": "unlinked", "value": seq})


def merges(db: sa.Connection) -> dict[int, int]:
    """Problem → the one it was merged into, where that is still here."""
    p, other = s.problems.c, s.problems.alias("other")
    query = sa.select(p.id, p.merged_into).join(other, other.c.id == p.merged_into)
    return {row[0]: row[1] for row in db.execute(query)}


def final(into: Mapping[int, int], problem: int) -> int:
    """Where a problem ends up; itself where it was merged into none, or where merges went in a circle after all."""
    seen, at = {problem}, problem
    while at in into:
        at = into[at]
        if at in seen:
            return problem
        seen.add(at)
    return at


def family_of(db: sa.Connection, problem: int) -> set[int]:
    """A problem and all that were merged into it, also by way of others."""
    into = merges(db)
    found = {problem}
    while more := {one for one, other in into.items() if other in found} - found:
        found |= more
    return found


def target_of(row: Mapping[Any, Any]) -> tuple[Kind, int] | None:
    return next(((kind, row[f"target_{kind}_id"]) for kind in TABLES if row[f"target_{kind}_id"] is not None), None)


def ends_of(rows: Sequence[Mapping[Any, Any]]) -> dict[Kind, set[int]]:
    found: dict[Kind, set[int]] = {kind: set() for kind in TABLES}
    for row in rows:
        found["problem"].add(row["problem_id"])
        if (end := target_of(row)) is not None:
            found[end[0]].add(end[1])
    return found


def change_of(row: Mapping[Any, Any], problem: Ref, target: Ref | None) -> ProblemChange:
    return ProblemChange(
        row["id"], problem, row["what"], cast("datetime", moment(row["made_at"])), row["made_by"],
        json.loads(row["before"]), json.loads(row["after"]), target, row["why"], moment(row["undone_at"]),
        row["undone_by"],
    )  # fmt: skip
