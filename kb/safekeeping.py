"""What was found in stored records and replaced, counted by kind, and originals sealed for those who may read
them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.database import Database, chunks, visible
from kb.errors import BadSetting, NotFound
from kb.guard import Guard
from kb.privacy.kinds import PREFIX, Rules
from kb.privacy.redactor import WORDS, Redacted
from kb.privacy.sealing import LOST_KEY, NO_KEY
from kb.records import Kind, Record, Ref, Viewer
from kb.rows import content_hash, moment

SALT = "privacy_salt"
_OPENED = {"ticket": "opened_at", "article": "created_at", "problem": "created_at"}
_RECORDS: dict[Kind, sa.Table] = {"ticket": s.tickets, "article": s.articles, "problem": s.problems}


class Safekeeping(Database):
    """The part of the store that keeps secrets out of it."""

    def rules(self) -> Rules:
        """The desk's policy as it is set now."""
        with self._reading() as db:
            return _rules(db)

    def guard(self) -> Guard:
        """The policy at work."""
        with self._reading() as db:
            return self._guard(db)

    def salted(self) -> Guard:
        """The policy as it will be at work in a write that follows."""
        with self._writing() as db:
            return self._salted(db)

    def redacted(self, text: str) -> str:
        """A text as it may be stored, embedded or logged."""
        return self.guard().text(text)

    def found(self, viewer: Viewer) -> dict[str, dict[str, int]]:
        """Kind of what was replaced → month it came in ("2026-03", "" where not known) → how many stand there now."""
        counts: dict[str, dict[str, int]] = {}
        with self._reading() as db:
            for kind, table in _RECORDS.items():
                f, day = s.findings.c, table.c[_OPENED[kind]] // sa.literal_column("86400", sa.BigInteger)
                query = sa.select(f.what, day, sa.func.sum(f.n)).join(table, table.c.id == f.record_id)
                for what, on, n in db.execute(
                    query.where(f.kind == kind, visible(table, viewer)).group_by(f.what, day)
                ):
                    at = moment(None if on is None else int(on) * 86_400)
                    month = "" if at is None else f"{at:%Y-%m}"
                    months = counts.setdefault(what, {})
                    months[month] = months.get(month, 0) + int(n)
        return counts

    def originals(self, record: Record, viewer: Viewer) -> dict[str, str]:
        """Placeholder → original of a record, for those who may read it.

        Raises ``NotFound`` in the same words where there is none and where the viewer may not read it, ``BadSetting``
        where there is no key, ``Damaged`` where it is another than theirs.
        """
        t = s.originals.c
        query = sa.select(t.sealed).where(t.kind == record.ref.kind, t.record_id == record.id)
        with self._reading() as db:
            sealed, rules = db.scalar(query), _rules(db)
        if sealed is None or not (viewer.groups & set(rules.groups)):
            raise NotFound(f"There are no originals of {record.number[:80]!r} that you may read.")
        return self._open(sealed, record)

    def has_originals(self, record: Record, viewer: Viewer) -> bool:
        """Whether originals of a record are kept and the viewer may read them, with or without the key at hand."""
        t = s.originals.c
        query = sa.select(t.record_id).where(t.kind == record.ref.kind, t.record_id == record.id)
        with self._reading() as db:
            return bool(viewer.groups & set(_rules(db).groups)) and db.scalar(query) is not None

    def sealed_count(self) -> int:
        """Of how many records originals are kept."""
        with self._reading() as db:
            return int(db.scalar(sa.select(sa.func.count()).select_from(s.originals)) or 0)

    def redact_words(self) -> int:
        """Redact what people said of records: marks, corrections, changes of problems; how many rows changed."""
        words = ((s.marks, ("question", "note", "before")), (s.corrections, ("why",)), (s.problem_changes, ("why",)))
        done = 0
        with self._writing() as db:
            guard = self._guard(db)
            for table, names in words:
                for row in db.execute(sa.select(table)).mappings().all():
                    keep = table is s.marks and row["said"] in ("state", "owner")
                    values = (
                        {} if keep else {name: new for name in names if (new := guard.text(row[name])) != row[name]}
                    )
                    if "question" in values:
                        old, values["question_hash"] = row["question_hash"], content_hash(values["question"])
                        db.execute(sa.delete(s.vectors).where(s.vectors.c.content_hash == old))
                    done += self._changed(db, table, row, values)
            for row in db.execute(sa.select(s.problem_changes)).mappings().all():
                told = {
                    name: json.dumps(guard.fields(json.loads(row[name])), ensure_ascii=False)
                    for name in ("before", "after")
                }
                same = all(json.loads(told[name]) == json.loads(row[name]) for name in told)
                done += self._changed(db, s.problem_changes, row, {} if same else told)
        return done

    # --- inside ------------------------------------------------------------------------------------------------

    def _guard(self, db: sa.Connection) -> Guard:
        c = s.settings.c
        return Guard(_rules(db), db.scalar(sa.select(c.value).where(c.name == SALT)) or "")

    def _salted(self, db: sa.Connection) -> Guard:
        """The policy at work, with a salt where pseudonyms are wanted: made once a desk, inside a write."""
        guard = self._guard(db)
        return guard if guard.salt or guard.rules.of("caller") == "keep" else self._with_salt(db, guard)

    def _with_salt(self, db: sa.Connection, guard: Guard) -> Guard:
        if guard.salt:
            return guard
        salt = secrets.token_hex(16)
        db.execute(sa.insert(s.settings), {"name": SALT, "value": salt, "changed_by": "", "changed_at": None})
        return Guard(guard.rules, salt)

    def _erased(self, db: sa.Connection, refs: Sequence[Ref]) -> set[Ref]:
        """Those of the records that were erased here: no export brings them back."""
        if db.scalar(sa.select(s.erased.c.key).limit(1)) is None:
            return set()
        keys = {self._guard(db).erased(ref): ref for ref in refs}
        found: set[str] = set()
        for part in chunks(list(keys)):
            found.update(db.scalars(sa.select(s.erased.c.key).where(s.erased.c.key.in_(part))))
        return {keys[key] for key in found}

    def _open(self, sealed: bytes, record: Record) -> dict[str, str]:
        if self.sealer is None:
            raise BadSetting(LOST_KEY)
        return self.sealer.open(sealed, str(record.ref))

    def _seal(self, found: Redacted) -> bytes | None:
        """The originals of a record, sealed. Raises ``BadSetting`` where there is no key to do it with."""
        if not found.originals:
            return None
        if self.sealer is None:
            raise BadSetting(NO_KEY)
        return self.sealer.seal(found.originals, str(found.record.ref))

    def _note_found(self, db: sa.Connection, kind: Kind, found: Sequence[Redacted]) -> None:
        """Keep what stands in records that were just written; they must be in the store already."""
        table, ids = _RECORDS[kind], dict[tuple[str, str], int]()
        for source in {one.record.source for one in found}:
            for part in chunks([one.record.number for one in found if one.record.source == source]):
                query = sa.select(table.c.number, table.c.id).where(table.c.source == source, table.c.number.in_(part))
                ids |= {(source, row[0]): row[1] for row in db.execute(query)}
        before = self._sealed_before(db, kind, list(ids.values())) if any(one.originals for one in found) else {}
        self._forget_found(db, kind, ids.values())
        counts, sealed = [], []
        for one in found:
            at = ids[one.record.source, one.record.number]
            counts += [{"kind": kind, "record_id": at, "what": what, "n": n} for what, n in one.counts.items() if n]
            if (blob := self._seal(self._with_kept(one, before.get(at)))) is not None:
                sealed.append(
                    {"kind": kind, "record_id": at, "sealed": blob, "key_name": self.sealer.name if self.sealer else ""}
                )
        if counts:
            db.execute(sa.insert(s.findings), counts)
        if sealed:
            db.execute(sa.insert(s.originals), sealed)

    def _with_kept(self, one: Redacted, sealed: bytes | None) -> Redacted:
        """The same with originals sealed before whose placeholders still stand in the record."""
        if sealed is None:
            return one
        fields = (*WORDS[type(one.record)], "caller")
        stands = " ".join([*map(str, one.record.extra.values()), *(str(getattr(one.record, f, "")) for f in fields)])
        kept = {name: value for name, value in self._open(sealed, one.record).items() if name in stands}
        return Redacted(one.record, one.counts, {**kept, **one.originals})

    def _changed(self, db: sa.Connection, table: sa.Table, row: Mapping[Any, Any], values: Mapping[str, Any]) -> int:
        if values:
            db.execute(sa.update(table).where(table.c.id == row["id"]).values(values))
        return int(bool(values))

    def _sealed_before(self, db: sa.Connection, kind: Kind, ids: list[int]) -> dict[int, bytes]:
        t, found = s.originals.c, dict[int, bytes]()
        for part in chunks(ids):
            query = sa.select(t.record_id, t.sealed).where(t.kind == kind, t.record_id.in_(part))
            found |= {row[0]: row[1] for row in db.execute(query)}
        return found

    def _forget_found(self, db: sa.Connection, kind: Kind, ids: Iterable[int]) -> None:
        """Drop what is kept beside these records."""
        for part in chunks(list(ids)):
            for table in (s.findings, s.originals):
                db.execute(sa.delete(table).where(table.c.kind == kind, table.c.record_id.in_(part)))


def _rules(db: sa.Connection) -> Rules:
    t = s.settings.c
    rows: Mapping[str, Any] = {
        row[0]: row[1] for row in db.execute(sa.select(t.name, t.value).where(t.name.startswith(PREFIX)))
    }
    return Rules.from_settings(rows)
