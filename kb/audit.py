"""Who saw, changed, corrected, exported, deleted and configured what: an append-only log chained by hashes.

Each row's hash is the SHA-256 of the hash before it and of the row as canonical JSON, so that one edited, deleted or
moved row breaks every hash after it. The chain is plain, not keyed: a key that lies where this program can read it
stops nobody who can write the store as this program can, and an auditor could not check the log without it. What
stops such a person is a head kept elsewhere (``seenbefore audit head``): a log that was cut short or written anew does
not lead to it. No text of tickets stands here: ids of the store, names of fields, counts.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from kb import schema as s
from kb.database import Database, one_writer
from kb.rows import moment, seconds

Act = Literal[
    "saw", "searched", "said", "corrected", "changed", "imported", "exported", "deleted", "configured", "published",
    "signed in", "signed out", "called", "refused",
]  # fmt: skip
"""What was done. ``said`` is a mark, ``configured`` a setting, a user or a key, ``called`` a program's request."""
ACTS: tuple[str, ...] = get_args(Act)
Detail = Mapping[str, "str | int | float | bool | Sequence[int] | Sequence[str] | None"]
_LONGEST = 80
"""Characters of any one word in a row: room for names of fields and settings, not for what stands in a ticket."""
_BATCH = 5_000
_TRIGGERS = sa.text("SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND tgname LIKE 'audit_no_%' "
                    "AND tgenabled IN ('O', 'A')")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log."""

    id: int
    """1, 2, 3 … without a gap."""
    at: datetime
    by: str
    """Who: a name, or "" for the program itself."""
    via: str
    """How it came in: "command line of NAME", "screens" …"""
    act: str
    subject: str
    """On what, as "ticket:17" (id in the store), "setting:sure", "pattern:PAT00012"; "" where it is on nothing."""
    detail: Mapping[str, Any]
    hash: str

    @property
    def target(self) -> tuple[str, int] | None:
        """Kind and store id, where the act was on a record."""
        kind, _, number = self.subject.partition(":")
        return (kind, int(number)) if kind in ("ticket", "article", "problem") and number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Noted:
    """A row to be written."""

    act: Act
    subject: str
    by: str
    detail: Detail | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log goes, and the hash there; (0, "") for an empty one."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id} {self.hash}".strip()

    @classmethod
    def read(cls, text: str) -> Head:
        """From "id hash", also with more words behind. Raises ``ValueError``."""
        number, _, rest = text.strip().partition(" ")
        digest = rest.split(" ")[0]
        if not number.isdecimal() or (digest and (len(digest) != 64 or set(digest) - set("0123456789abcdef"))):
            raise ValueError(text)
        if bool(int(number)) != bool(digest):
            raise ValueError(text)
        return cls(int(number), digest)


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading the whole chain found."""

    head: Head
    trouble: tuple[str, ...] = ()
    """Sentences; empty where the chain is whole."""

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.trouble


def link(before: str, row: Mapping[str, Any]) -> str:
    """Hex SHA-256 of the hash before and the row's canonical JSON (RFC 8785's order of keys; ASCII only)."""
    plain = {name: row[name] for name in ("id", "at", "by", "via", "act", "subject", "detail")}
    canonical = json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{canonical}".encode("ascii")).hexdigest()


class Audit(Database):
    """The log beside the records."""

    via: str = ""
    """How acts of this process come in; set once, when the store is opened."""

    # --- writing -----------------------------------------------------------------------------------------------

    def note(
        self, act: Act, subject: str = "", *, by: str = "", detail: Detail | None = None, at: datetime | None = None
    ) -> None:
        """Write one row for an act that changes nothing in the store, such as reading or exporting.

        Raises ``StoreTrouble`` where it cannot be written, ``ValueError`` for an act nobody knows.
        """
        with self._writing() as db:
            self._note(db, act, subject, by=by, detail=detail, at=at)

    def note_all(self, rows: Sequence[Noted]) -> None:
        """Write several rows at once, in their order."""
        with self._writing() as db:
            for one in rows:
                self._note(db, one.act, one.subject, by=one.by, detail=one.detail, at=one.at)

    def _note(
        self, db: sa.Connection, act: Act, subject: str = "", *, by: str = "", detail: Detail | None = None,
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Write one row within the transaction of the act itself: both are kept or neither."""
        if act not in ACTS:
            raise ValueError(f"no act is called {act!r}")
        one_writer(db)
        before = self._head(db)
        row = {"id": before.id + 1, "at": seconds(at or datetime.now(UTC)), "by": _actor(db, _short(by)),
               "via": _short(self.via), "act": act, "subject": _short(subject), "detail": _plain(detail)}  # fmt: skip
        db.execute(sa.insert(s.audit), {**row, "hash": link(before.hash, row)})

    # --- reading -----------------------------------------------------------------------------------------------

    def audit_head(self) -> Head:
        """The head to keep elsewhere: with it a log that is cut short or written anew is found out."""
        with self._reading() as db:
            return self._head(db)

    def audit_entries(
        self, *, since: datetime | None = None, until: datetime | None = None, by: str = "", act: str = "",
        subject: str = "", before: int | None = None, most: int = 100,
    ) -> list[Entry]:  # fmt: skip
        """Rows of the log, newest first: for those who may read it. ``before`` is the id to go on from."""
        t = s.audit.c
        named = sa.select(s.audit, s.actors.c.who).outerjoin(s.actors, s.actors.c.token == t.by)
        query = named.order_by(t.id.desc()).limit(most)
        query = query.where(
            *(column == value for column, value in ((s.actors.c.who, by), (t.act, act), (t.subject, subject)) if value)
        )
        query = query if since is None else query.where(t.at >= seconds(since))
        query = query if until is None else query.where(t.at < seconds(until))
        query = query if before is None else query.where(t.id < before)
        with self._reading() as db:
            return [_entry(row) for row in db.execute(query).mappings()]

    def audit_names(self) -> list[str]:
        """Everybody who did anything, in order."""
        with self._reading() as db:
            return list(db.scalars(sa.select(s.actors.c.who).distinct().order_by(s.actors.c.who)))

    def audit_check(self, heads: Iterable[Head] = ()) -> Checked:
        """Read the whole chain; ``heads`` are what was kept elsewhere, each of which it must lead through."""
        kept = {head.id: head for head in heads}
        trouble: list[str] = []
        at = Head(0, "")
        with self._reading() as db:
            query = sa.select(s.audit).order_by(s.audit.c.id)
            for row in db.execution_options(yield_per=_BATCH).execute(query).mappings():
                wrong = _wrong(at, row)
                trouble += [wrong] if wrong and len(trouble) < 5 else []
                at = Head(row["id"], row["hash"])
                if at.id in kept and kept.pop(at.id).hash != at.hash:
                    trouble.append(f"Row {at.id} is not the one whose hash was kept: the log was written anew.")
            trouble += [
                f"The log ends at row {at.id}, but row {one} was there: rows were cut off." for one in kept if one
            ]
            trouble += [
                f"A name in the log was changed: {row['who'][:40]!r} is not who did it."
                for row in db.execute(sa.select(s.actors).where(s.actors.c.salt != "")).mappings()
                if _token(row["salt"], row["who"]) != row["token"]
            ][:5]
            trouble += self._guards(db, at)
        return Checked(at, tuple(trouble))

    # --- inside ------------------------------------------------------------------------------------------------

    def _head(self, db: sa.Connection) -> Head:
        row = db.execute(sa.select(s.audit.c.id, s.audit.c.hash).order_by(s.audit.c.id.desc()).limit(1)).first()
        return Head(0, "") if row is None else Head(row[0], row[1])

    def _guards(self, db: sa.Connection, last: Head) -> list[str]:
        """The triggers that forbid changes, and what SQLite itself remembers: the highest id there ever was."""
        if db.dialect.name != "sqlite":
            on = db.execute(_TRIGGERS).scalars().all()
            return [] if len(on) == 3 else ["The triggers that forbid changes to the log are gone."]
        found = []
        there = set(db.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
                    .scalars())  # fmt: skip
        if {"audit_no_update", "audit_no_delete"} - there:
            found.append("The triggers that forbid changes to the log are gone.")
        ever = db.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").scalar() or 0
        if ever != last.id:
            found.append(f"The log ends at row {last.id}, but its counter stands at {ever}: rows were cut off.")
        return found


def _actor(db: sa.Connection, who: str) -> str:
    """The token this name stands under in the log; "" for nobody."""
    if not who:
        return ""
    known = db.scalar(sa.select(s.actors.c.token).where(s.actors.c.who == who, s.actors.c.salt != "").limit(1))
    if known is None:
        salt = secrets.token_hex(16)
        known = _token(salt, who)
        db.execute(sa.insert(s.actors), {"token": known, "who": who, "salt": salt})
    return str(known)


def _token(salt: str, who: str) -> str:
    return hashlib.sha256(f"{salt}\n{who}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _wrong(before: Head, row: Mapping[Any, Any]) -> str:
    if row["id"] != before.id + 1:
        return f"After row {before.id} comes row {row['id']}: rows are missing."
    if row["hash"] != link(before.hash, row):
        return f"Row {row['id']} is not as it was written, or not in its place."
    return ""


def _entry(row: Mapping[Any, Any]) -> Entry:
    try:
        detail = json.loads(row["detail"])
    except ValueError:
        detail = {}
    return Entry(row["id"], moment(row["at"]) or datetime.fromtimestamp(0, UTC), row["who"] or "", row["via"],
                 row["act"], row["subject"], detail if isinstance(detail, dict) else {}, row["hash"])  # fmt: skip


def _plain(detail: Detail | None) -> str:
    """As JSON: numbers, and words cut short; what is not given is left out."""
    plain: dict[str, Any] = {}
    for name, value in (detail or {}).items():
        if isinstance(value, str):
            plain[name] = _short(value)
        elif isinstance(value, Sequence):
            plain[name] = [_short(one) if isinstance(one, str) else int(one) for one in value]
        elif value is not None:
            plain[name] = value
    return json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _short(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "").split())[:_LONGEST]
