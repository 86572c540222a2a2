"""Erasing a ticket or a person for good: every table, every mention, every vector, and the free pages of the file."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from kb import postgres
from kb import schema as s
from kb.casebook import Casebook
from kb.database import chunks, next_seq, one_writer
from kb.errors import BadSetting
from kb.holdings import TABLES, parts
from kb.overlay import Overlay
from kb.privacy.names import names, names_of
from kb.privacy.redactor import WORDS
from kb.records import Kind, Ref, Ticket
from kb.rows import from_row, to_row
from kb.text import prepare

GONE = "[erased]"
_OVERLAY = "patterns"
_ERASING = "erasing"
"""The setting that holds what an erasure has still to do; it goes when that is done."""
_KEYS = frozenset(("number", "source", "text_hash", "fingerprint", "question_hash", "content_hash", "embedder",
                   "kind", "key", "name", "version_num", "sealed", "what", "key_name"))  # fmt: skip
"""Columns in which nothing is replaced: they name things or hold no text."""
_LEFT = frozenset(("alembic_version", "erased", "audit", "people", "sessions", "tries", "api_keys", "hooks"))
"""Tables that are left: the log, which nobody may change and which holds no text, and who may sign in or call."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What one command took out of the store."""

    records: int
    """Records that are gone."""
    changed: int
    """Records in which something was replaced."""
    other: int
    """Other rows in which something was replaced: settings, history, marks."""
    traces: tuple[str, ...]
    """Texts that must not be found anywhere in the home any more."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as texts name them. Make one with :meth:`of`."""

    names: tuple[str, ...]
    pattern: re.Pattern[str]
    traces: tuple[str, ...]

    @classmethod
    def of(cls, who: str) -> Person:
        """From "First Last", "Last, First" or an address. Raises ``BadSetting`` for one word: too many share it."""
        plain = " ".join(who.split())
        parts_ = tuple(part for part in names_of(plain) if len(part) > 1)
        if len(parts_) < 2 and "@" not in plain:
            raise BadSetting(f"{plain[:60]!r} is one word: give first and last name, or the e-mail address.")
        ways = {plain}
        mails = [] if "@" not in plain else [re.escape(plain)]
        if len(parts_) > 1:
            first, last = parts_[0], parts_[-1]
            whole = " ".join(parts_)
            ways |= {whole, f"{last}, {first}", f"{last} {first}", f"{first} {last}"}
            if "," in plain:
                ways |= {f"{parts_[-1]} {parts_[0]}", f"{' '.join(parts_[1:])} {parts_[0]}"}
            for one, two in (
                (first, last),
                (last, first),
                (_ascii(first), _ascii(last)),
                (_ascii(last), _ascii(first)),
            ):
                mails.append(
                    rf"{re.escape(one)}[._-]?{re.escape(two)}\d{{0,3}}@[\w-]{{1,60}}(?:\.[\w-]{{1,30}}){{1,4}}"
                )
        said = "|".join(sorted((re.escape(way).replace(r"\ ", r"\s{1,3}") for way in ways), key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w@.-])(?:{'|'.join([*mails, said])})(?![\w@])", re.IGNORECASE)
        return cls(parts_, pattern, tuple(sorted(ways)))

    def is_caller(self, caller: str) -> bool:
        """Whether this caller field names them."""
        theirs = {name.casefold() for name in names_of(caller)}
        return bool(self.pattern.search(caller)) or (
            len(theirs) > 1 and theirs == {name.casefold() for name in self.names}
        )


class Erasing(Casebook):
    """The part of the store that forgets."""

    def erase_tickets(self, refs: Sequence[Ref]) -> Erased:
        """Remove tickets with all that was said of them, and their numbers from every other text; exports that bring
        them again are not listened to. Raises ``BadSetting`` where one is not here.
        """
        with self._reading() as db:
            ids = self._ids(db, set(refs))
        missing = [ref.number for ref in refs if ref not in ids]
        if missing:
            raise BadSetting(f"There is no ticket {missing[0][:80]!r} here: nothing was erased.")
        tickets = [one for one in self._by_id("ticket", list(ids.values())) if isinstance(one, Ticket)]
        traces = {text for one in tickets for text in _traces(one)}
        numbers = {one.number for one in tickets if len(one.number) > 3}
        with self._writing() as db:  # all of it or nothing: half an erasure could not be taken up again
            one_writer(db)
            questions = set(db.scalars(sa.select(s.marks.c.question_hash).where(s.marks.c.ticket_id.in_(ids.values()))))
            guard = self._with_salt(db, self._guard(db))
            known = set(db.scalars(sa.select(s.erased.c.key)))
            fresh = sorted({guard.erased(ref) for ref in refs} - known)
            if fresh:
                db.execute(sa.insert(s.erased), [{"key": key} for key in fresh])
            self._drop_vectors(db, questions - {""})
            _forget_acts(db, frozenset(ids.values()))
            gone = self._delete(db, list(refs))
            changed = other = 0
            if numbers:
                pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(numbers)))})(?!\w)")
                changed, other = self._replace_all(db, lambda text: pattern.sub(GONE, text), sorted(numbers))
            found = tuple(sorted(_not_here(db, traces | numbers)))
            _begin(db, found)
        return Erased(gone, changed, other, found)

    def erase_person(self, who: str) -> Erased:
        """Take somebody out of every text and field: tickets stay, without a caller and without their name.

        Raises ``BadSetting`` for a name of one word.
        """
        person = Person.of(who)
        hints = sorted({*(max(person.names, key=len, default=who),), *((who,) if "@" in who else ())})
        guard = self.guard()
        pseudonyms = {guard.pseudonym(way) for way in person.traces} if guard.salt else set()
        changed = 0
        found = tuple(sorted({*person.traces, *pseudonyms}))
        with self._writing() as db:
            one_writer(db)
            t = s.tickets.c
            theirs = sa.or_(
                *(t.caller.icontains(name, autoescape=True) for name in person.names), t.caller.in_(pseudonyms)
            )
            for row in db.execute(sa.select(s.tickets).where(theirs)).mappings().all():
                if row["caller"] in pseudonyms or person.is_caller(row["caller"]):
                    changed += self._without_caller(db, row, person)
            more, other = self._replace_all(db, lambda text: person.pattern.sub(GONE, text), hints)
            db.execute(sa.update(s.actors).where(s.actors.c.who.contains(GONE, autoescape=True)).values(salt=""))
            _begin(db, found)
        return Erased(0, changed + more, other, found)

    def erasing(self) -> tuple[str, ...] | None:
        """Texts that an erasure which was stopped still has to take out of everything made; ``None`` where none was."""
        with self._reading() as db:
            text = db.scalar(sa.select(s.settings.c.value).where(s.settings.c.name == _ERASING))
        return None if text is None else tuple(json.loads(text))

    def end_erasing(self, *, shrunk: bool) -> None:
        """Nothing made before holds the words any more: forget which they were, and, once no free page does, all."""
        t = s.settings.c
        with self._writing() as db:
            mine = t.name == _ERASING
            db.execute(
                sa.delete(s.settings).where(mine) if shrunk else sa.update(s.settings).where(mine).values(value="[]")
            )

    def shrink(self) -> bool:
        """Give back the pages of what was deleted, overwritten; whether nothing is left in the journal either.

        False where another process reads the store right now: the journal is emptied when it is done. A PostgreSQL
        server keeps its own journal and archives, which are not ours to empty.
        """
        if self.is_shared:
            return postgres.rewrite(self._engine, [table.name for table in s.metadata.sorted_tables])
        with self._engine.connect() as db:
            raw = db.connection.driver_connection
            if raw is None:
                return False
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("VACUUM")
        return self.empty_journal()

    # --- inside ------------------------------------------------------------------------------------------------

    def _by_id(self, kind: Kind, ids: list[int]) -> list[Any]:
        table, found = TABLES[kind], []
        with self._reading() as db:
            for part in chunks(ids):
                found += [
                    from_row(kind, row) for row in db.execute(sa.select(table).where(table.c.id.in_(part))).mappings()
                ]
        return found

    def _without_caller(self, db: sa.Connection, row: Mapping[Any, Any], person: Person) -> int:
        full = " ".join(person.names)

        def without(text: str) -> str:
            for one in sorted(names(text, full), key=lambda span: -span.start):
                text = text[: one.start] + GONE + text[one.end :]
            return text

        values = {name: without(row[name]) for name in WORDS[Ticket]}
        self._rewrite(db, "ticket", row, {**values, "caller": ""})
        db.execute(sa.delete(s.originals).where(s.originals.c.kind == "ticket", s.originals.c.record_id == row["id"]))
        return 1

    def _rewrite(self, db: sa.Connection, kind: Kind, row: Mapping[Any, Any], values: Mapping[str, Any]) -> None:
        """Change columns of a stored record; what follows from them is made anew, and its old vectors go."""
        new = {**row, **values}
        record = prepare(from_row(kind, new))
        made = to_row(replace(record, id=None))
        derived = {
            name: made[name] for name in ("text", "text_hash", "fingerprint", *(("fix",) if kind == "ticket" else ()))
        }
        told = {**values, **derived, "seq": next_seq(db)}
        db.execute(sa.update(TABLES[kind]).where(TABLES[kind].c.id == row["id"]).values(told))
        old = from_row(kind, row)
        self._drop_vectors(db, {row["text_hash"], *parts(old)} - {made["text_hash"], *parts(record)})

    def _replace_all(self, db: sa.Connection, change: Callable[[str], str], hints: Sequence[str]) -> tuple[int, int]:
        """Change the words of every table in which one of the hints stands: (records, other rows) that changed."""
        records = other = 0
        kinds = {table.name: kind for kind, table in TABLES.items()}
        for table in s.metadata.sorted_tables:
            columns = [c for c in table.c if isinstance(c.type, sa.String) and c.name not in _KEYS]
            if not columns or table.name in _LEFT:
                continue
            here = sa.or_(*(c.icontains(hint, autoescape=True) for c in columns for hint in hints))
            for row in db.execute(sa.select(table).where(here)).mappings().all():
                values = {c.name: change(row[c.name]) for c in columns if isinstance(row[c.name], str)}
                values = {name: text for name, text in values.items() if text != row[name]}
                if not values:
                    continue
                if table.name in kinds:
                    self._rewrite(db, kinds[table.name], row, values)
                    records += 1
                    continue
                if table.name == "marks" and "question" in values:
                    self._drop_vectors(db, {row["question_hash"]})
                    values |= {"question": "", "question_hash": ""}
                same = sa.and_(*(c == row[c.name] for c in table.primary_key))
                db.execute(sa.update(table).where(same).values(values))
                other += 1
        return records, other


def _begin(db: sa.Connection, traces: Sequence[str]) -> None:
    """Remember, together with the erasure itself, what is still to be taken out of everything that was made."""
    t = s.settings.c
    before = db.scalar(sa.select(t.value).where(t.name == _ERASING))
    value = json.dumps(sorted({*traces, *(json.loads(before) if before else ())}))
    db.execute(sa.delete(s.settings).where(t.name == _ERASING))
    db.execute(sa.insert(s.settings), {"name": _ERASING, "value": value, "changed_by": "", "changed_at": None})


def _not_here(db: sa.Connection, traces: set[str]) -> set[str]:
    """Those that stand in no record that stays: what two tickets say word for word is still said by the other."""
    return {
        text for text in traces
        if not any(
            db.scalar(sa.select(table.c.id).where(_said(kind, table, text)).limit(1)) for kind, table in TABLES.items()
        )
    }  # fmt: skip


def _said(kind: Kind, table: sa.Table, text: str) -> sa.ColumnElement[bool]:
    """Whether a text stands in a record of this kind."""
    return sa.or_(*(table.c[name].contains(text, autoescape=True) for name in (*_fields(kind), "text", "extra")))


def _fields(kind: Kind) -> tuple[str, ...]:
    return next(names_ for made, names_ in WORDS.items() if made.__name__.casefold() == kind)


def _traces(ticket: Ticket) -> list[str]:
    """Lines of a ticket long enough to be its own."""
    texts = (ticket.title, ticket.body, ticket.resolution, ticket.notes, ticket.text, ticket.fix)
    return [line.strip()[:200] for text in texts for line in text.split("\n") if len(line.strip()) > 24]


def _forget_acts(db: sa.Connection, ids: frozenset[int]) -> None:
    """Take tickets out of what people said about patterns; an act that spoke of nothing else goes."""
    t = s.settings.c
    text = db.scalar(sa.select(t.value).where(t.name == _OVERLAY))
    if not text:
        return
    kept = []
    for act in Overlay.from_dict(json.loads(text)).acts:
        tickets = tuple(one for one in act.tickets if one not in ids)
        anchors = {name: tuple(one for one in held if one not in ids) for name, held in act.anchors.items()}
        if tickets or not act.tickets or act.what != "not this":
            kept.append(replace(act, tickets=tickets, anchors=anchors))
    value = json.dumps(Overlay.of(kept).to_dict(), ensure_ascii=False, sort_keys=True)
    db.execute(sa.update(s.settings).where(t.name == _OVERLAY).values(value=value))


def _ascii(name: str) -> str:
    swaps = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ı": "i"}
    plain = "".join(swaps.get(sign, sign) for sign in name.casefold())
    return "".join(sign for sign in unicodedata.normalize("NFKD", plain) if sign.isascii())
