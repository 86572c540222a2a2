"""Records and their vectors as rows of a database: read for a viewer, written by (source, number), deleted for
good."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.audiences import Audiences, in_force, ruled
from kb.audit import Audit
from kb.cache import Cache
from kb.database import chunks, next_seq, one_writer, visible
from kb.errors import NotFound
from kb.fixes import gist
from kb.given import differing, kept
from kb.guard import Ready
from kb.merging import Merge, Way
from kb.passages import passages
from kb.privacy.redactor import Redacted
from kb.records import Article, Kind, Record, Ref, Ticket, Viewer
from kb.rows import content_hash, from_row, seconds, to_row, unpack_audience
from kb.safekeeping import Safekeeping

TABLES: dict[Kind, sa.Table] = {"ticket": s.tickets, "article": s.articles, "problem": s.problems}


@dataclass(frozen=True, slots=True)
class Change:
    """What one write did, in records."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(self.added + other.added, self.updated + other.updated, self.unchanged + other.unchanged)


class Holdings(Safekeeping, Audiences, Audit, Cache):
    """Tickets, articles and problems with their cached vectors, by store id and by (source, number)."""

    # --- reading -----------------------------------------------------------------------------------------------

    def seq(self) -> int:
        """The number of the last committed change; grows by one with every write."""
        with self._reading() as db:
            return int(db.scalar(sa.select(s.counter.c.value).where(s.counter.c.name == "seq")) or 0)

    def records_seq(self) -> int:
        """The number of the last change to a record; links, corrections and marks do not count."""
        columns = (*(table.c.seq for table in TABLES.values()), s.deletions.c.seq)
        with self._reading() as db:
            return max(int(db.scalar(sa.select(sa.func.max(column))) or 0) for column in columns)

    def records(self, kind: Kind, ids: Sequence[int], viewer: Viewer) -> list[Record]:
        """The records with these store ids that the viewer may see, in the order asked for."""
        table, found = TABLES[kind], {}
        if not len(ids):
            return []
        with self._reading() as db:
            for part in chunks(list(ids)):
                query = sa.select(table).where(table.c.id.in_(part), visible(table, viewer))
                for row in db.execute(query).mappings():
                    found[row["id"]] = from_row(kind, row)
        return [found[i] for i in ids if i in found]

    def find(self, kind: Kind, number: str, viewer: Viewer, *, source: str | None = None) -> Record:
        """The record of that number. Raises ``NotFound``, in the same words for hidden and absent ones."""
        table = TABLES[kind]
        query = sa.select(table).where(table.c.number == number, visible(table, viewer)).order_by(table.c.id)
        if source is not None:
            query = query.where(table.c.source == source)
        with self._reading() as db:
            row = db.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"No {kind} {number[:80]!r} here that you may see.")
        return from_row(kind, row)

    def sources(self, kind: Kind, numbers: Sequence[str]) -> dict[str, list[str]]:
        """Number → sources that have a record of it, oldest record first; numbers that nobody has are left out."""
        t, found = TABLES[kind].c, {}  # type: tuple[Any, dict[str, list[str]]]
        with self._reading() as db:
            for part in chunks(sorted(set(numbers))):
                for number, source in db.execute(
                    sa.select(t.number, t.source).where(t.number.in_(part)).order_by(t.id)
                ):
                    found.setdefault(number, []).append(source)
        return found

    def each(self, kind: Kind, viewer: Viewer, *, since: int = 0, batch: int = 1000) -> Iterator[list[Record]]:
        """All records changed after ``since``, by ascending id, a list of at most ``batch`` at a time."""
        table, last = TABLES[kind], 0
        while True:
            query = sa.select(table).where(table.c.id > last, visible(table, viewer))
            if since:
                query = query.where(table.c.id.in_(sa.select(table.c.id).where(table.c.seq > since)))
            with self._reading() as db:
                rows = db.execute(query.order_by(table.c.id).limit(batch)).mappings().all()
            if not rows:
                return
            last = rows[-1]["id"]
            yield [from_row(kind, row) for row in rows]

    def page(self, kind: Kind, viewer: Viewer, *, after: int = 0, most: int = 50) -> list[Record]:
        """The first records behind store id ``after`` that the viewer may see, by ascending id."""
        table = TABLES[kind]
        query = sa.select(table).where(table.c.id > after, visible(table, viewer)).order_by(table.c.id).limit(most)
        with self._reading() as db:
            return [from_row(kind, row) for row in db.execute(query).mappings()]

    def facts(self, kind: Kind, names: Sequence[str], *, since: int = 0) -> list[Sequence[Any]]:
        """The named columns of all records changed after ``since``, by ascending id: for the program only."""
        table = TABLES[kind]
        query = sa.select(*(_here(table, name) for name in names)).order_by(table.c.id)
        with self._reading() as db:
            changed = sa.select(table.c.id).where(table.c.seq > since)
            return list(db.execute(query.where(table.c.id.in_(changed)) if since else query).all())

    def each_facts(
        self, kind: Kind, names: Sequence[str], viewer: Viewer, *, batch: int = 50_000
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """The named columns of all records the viewer may see, by ascending id, at most ``batch`` rows at a time."""
        table = TABLES[kind]
        query = sa.select(*(_here(table, name) for name in names)).where(visible(table, viewer)).order_by(table.c.id)
        with self._reading() as db:
            yield from db.execution_options(yield_per=batch).execute(query).partitions(batch)

    def batches(
        self, kind: Kind, names: Sequence[str], *, since: int = 0, batch: int = 2_000
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Store id and named columns of all records changed after ``since``, by ascending id: for the program only.

        At most ``batch`` rows at a time, each read on its own, so that the store can be written to in between.
        """
        table, last = TABLES[kind], 0
        query = sa.select(table.c.id, *(_here(table, name) for name in names)).order_by(table.c.id).limit(batch)
        if since:
            query = query.where(table.c.id.in_(sa.select(table.c.id).where(table.c.seq > since)))
        while True:
            with self._reading() as db:
                rows = db.execute(query.where(table.c.id > last)).all()
            if not rows:
                return
            last = rows[-1][0]
            yield rows

    def counts(self, viewer: Viewer) -> dict[str, int]:
        """How many tickets, articles and links this viewer may see; a link counts where both its ends do."""
        with self._reading() as db:
            answer = {
                f"{kind}s": int(db.scalar(sa.select(sa.func.count(table.c.id)).where(visible(table, viewer))) or 0)
                for kind, table in TABLES.items()
            }
            other = s.tickets.alias("other")
            joined = s.links.join(s.tickets, s.tickets.c.id == s.links.c.ticket_id)
            joined = joined.outerjoin(other, other.c.id == s.links.c.target_ticket_id)
            joined = joined.outerjoin(s.articles, s.articles.c.id == s.links.c.target_article_id)
            joined = joined.outerjoin(s.problems, s.problems.c.id == s.links.c.target_problem_id)
            query = (
                sa.select(sa.func.count(s.links.c.id))
                .select_from(joined)
                .where(
                    visible(s.tickets, viewer),
                    sa.or_(other.c.id.is_(None), visible(other, viewer)),
                    sa.or_(s.articles.c.id.is_(None), visible(s.articles, viewer)),
                    sa.or_(s.problems.c.id.is_(None), visible(s.problems, viewer)),
                )
            )
            answer["links"] = int(db.scalar(query) or 0)
        return answer

    def deleted_since(self, seq: int) -> list[tuple[Kind, int]]:
        """Records deleted after that change, as (kind, id)."""
        query = sa.select(s.deletions.c.kind, s.deletions.c.record_id).where(s.deletions.c.seq > seq)
        with self._reading() as db:
            return [(row[0], row[1]) for row in db.execute(query)]

    # --- writing -----------------------------------------------------------------------------------------------

    def write(
        self, kind: Kind, records: Sequence[Record], *, merge: Merge | None = None, by: str = "",
        viewer: Viewer | None = None, ready: Ready | None = None,
    ) -> Change:  # fmt: skip
        """Add or update records by (source, number) in one transaction; ``merge(old, new)`` decides what is kept.

        Secrets and personal data are replaced first, as the desk's policy says. Equal content changes nothing. Numbers
        must not repeat within one call. With ``by`` the act is noted as that person's; an import notes itself as a
        whole. With ``viewer`` the records come from somebody who may not see all of them: whoever may see one that is
        hidden from him stays as it is, and what comes back is as he sees it, where it counts as added.
        """
        table, new, changed = TABLES[kind], [], []
        found: dict[tuple[str, str], Redacted] = {}
        with self._writing() as db:
            one_writer(db)
            rules = in_force(db).now
            whole = merge is not None or kind == "problem" or viewer is not None
            known = self._known(db, table, records, whole=whole)
            hidden = _hidden(known, viewer)
            told: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
            gone, stale = self._erased(db, [record.ref for record in records]), set[str]()
            guard = self._salted(db)
            way = Way(guard, merge, hidden, ready)
            for place, record in enumerate(records):
                if record.ref in gone:
                    continue
                old = known.get((record.source, record.number))
                made = way.stored(place, record, old)
                if made is None:
                    continue
                found[record.source, record.number] = made
                row = to_row(made.record)
                if old is None:
                    new.append(ruled(kind, row, rules))
                elif old["fingerprint"] != row["fingerprint"]:
                    if kind == "problem":
                        told.append((old["id"], *differing(old, row)))
                        row = kept(old, row)
                    changed.append({**ruled(kind, row, rules), "row_id": old["id"]})
                    stale |= {old["text_hash"], *(parts(from_row(kind, old)) if merge is not None else ())}
            stamp = {"seq": next_seq(db)} if new or changed else {}
            if new:
                db.execute(sa.insert(table), [{**row, **stamp} for row in new])
            if changed:
                changed = [{**row, **stamp} for row in changed]
                values: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0] if name != "row_id"}
                db.execute(sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values), changed)
            written = [found[row["source"], row["number"]] for row in (*new, *changed)]
            self._note_found(db, kind, [one for one in written if one.counts or changed])
            self._drop_vectors(db, stale)
            _note_import(db, told)
            if by and stamp:
                ids = sorted(self._ids(db, {record.ref for record in records}).values())
                subject = f"{kind}:{ids[0]}" if len(ids) == 1 else ""
                self._note(db, "changed", subject, by=by,
                           detail={"kind": kind, "added": len(new), "updated": len(changed)})  # fmt: skip
        added = len(new) + len(hidden) + (0 if viewer is None else len(gone))
        updated = sum((row["source"], row["number"]) not in hidden for row in changed)
        return Change(added, updated, len(records) - added - updated)

    def delete(self, refs: Sequence[Ref], *, by: str = "") -> int:
        """Remove records for good, with their links and corrections; returns how many there were.

        Vectors that no remaining record uses go too, and those of an article's passages and of a ticket's fix.
        """
        with self._writing() as db:
            return self._delete(db, refs, by=by)

    # --- inside ------------------------------------------------------------------------------------------------

    def _delete(self, db: sa.Connection, refs: Sequence[Ref], *, by: str = "") -> int:
        """As :meth:`delete`, within a transaction."""
        gone: dict[str, list[int]] = {}
        seq = next_seq(db)
        for ref, record_id in self._ids(db, set(refs)).items():
            table = TABLES[ref.kind]
            row = db.execute(sa.select(table).where(table.c.id == record_id)).mappings().one()
            db.execute(sa.delete(table).where(table.c.id == record_id))
            self._forget_found(db, ref.kind, [record_id])
            db.execute(sa.insert(s.deletions), {"kind": ref.kind, "record_id": record_id, "seq": seq})
            self._drop_vectors(db, {row["text_hash"], *parts(from_row(ref.kind, row))})
            gone.setdefault(f"{ref.kind}s", []).append(record_id)
        if gone:
            self._note(db, "deleted", by=by, detail=gone)
        return sum(map(len, gone.values()))

    def _known(self, db: sa.Connection, table: sa.Table, records: Sequence[Record], *, whole: bool) -> dict[Any, Any]:
        columns = (
            [table] if whole else [table.c.id, table.c.source, table.c.number, table.c.fingerprint, table.c.text_hash]
        )
        known = {}
        for source in {record.source for record in records}:
            for part in chunks([record.number for record in records if record.source == source]):
                query = sa.select(*columns).where(table.c.source == source, table.c.number.in_(part))
                known.update({(r["source"], r["number"]): r for r in db.execute(query).mappings()})
        return known

    def _drop_vectors(self, db: sa.Connection, keys: set[str]) -> None:
        """Remove cached vectors of texts that no record has any more; one that an article's passage shares
        comes anew."""
        for part in chunks(sorted(keys)):
            for table in TABLES.values():
                keys = keys - set(db.scalars(sa.select(table.c.text_hash).where(table.c.text_hash.in_(part))))
        for part in chunks(sorted(keys)):
            db.execute(sa.delete(s.vectors).where(s.vectors.c.content_hash.in_(part)))

    def _ids(self, db: sa.Connection, refs: Iterable[Ref]) -> dict[Ref, int]:
        wanted: dict[tuple[Kind, str], list[str]] = {}
        for ref in sorted(refs, key=str):
            wanted.setdefault((ref.kind, ref.source), []).append(ref.number)
        found = {}
        for (kind, source), numbers in wanted.items():
            t = TABLES[kind].c
            for part in chunks(numbers):
                query = sa.select(t.number, t.id).where(t.source == source, t.number.in_(part))
                found.update({Ref(kind, source, row[0]): row[1] for row in db.execute(query)})
        return found


def parts(record: Record) -> set[str]:
    """Content hashes of what is embedded of a record beside its text: the passages of an article, a ticket's fix."""
    if isinstance(record, Article):
        return {content_hash(text) for text in passages(record)}
    return {content_hash(gist(record))} if isinstance(record, Ticket) else set()


def _hidden(known: Mapping[tuple[str, str], Mapping[Any, Any]], viewer: Viewer | None) -> frozenset[tuple[str, str]]:
    """Those of the rows that the viewer may not see; none where nobody in particular writes."""
    if viewer is None:
        return frozenset()
    return frozenset(key for key, row in known.items() if not viewer.may_see(unpack_audience(row["audience"])))


def _here(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    """A column, or what people set here where they did."""
    ours = table.c.get(f"{name}_here")
    return table.c[name] if ours is None else sa.func.coalesce(sa.func.nullif(ours, ""), table.c[name])


def _note_import(db: sa.Connection, told: Sequence[tuple[int, dict[str, Any], dict[str, Any]]]) -> None:
    """Keep in the history of problems what an export says otherwise than before: (store id, before, after) each."""
    rows = [
        {"problem_id": at, "what": "import", "before": json.dumps(before), "after": json.dumps(after), "why": "",
         "made_by": "", "made_at": seconds(datetime.now(UTC)), "undone_by": ""}
        for at, before, after in told if after
    ]  # fmt: skip
    if rows:
        db.execute(sa.insert(s.problem_changes), rows)
