"""Who may sign in, with which roles and groups: rows of the store, read anew at every look."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kb import passwords
from kb import schema as s
from kb.access import NOBODY
from kb.audit import Audit
from kb.database import one_writer
from kb.errors import BadSetting, NotFound
from kb.records import Viewer
from kb.roles import ROLES
from kb.rows import moment, pack_audience, seconds, unpack_audience

EVERYTHING = "*"
"""The group of those who see every record, whatever its audience."""
CLAIMS = "access_claims"
"""The setting that says what a claim's value means: value → {"roles": […], "groups": […]}."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in; ``roles`` and ``groups`` are those given here and those their claims stand for."""

    id: int
    name: str
    issuer: str
    """"" for a local account, else who vouches for them."""
    roles: frozenset[str]
    groups: frozenset[str]
    given_roles: frozenset[str]
    given_groups: frozenset[str]
    claims: tuple[str, ...]
    disabled: bool
    made_by: str
    made_at: datetime | None

    @property
    def viewer(self) -> Viewer:
        """What this person may see and do."""
        if self.disabled:
            return Viewer(self.name, roles=frozenset())
        groups = self.groups - {EVERYTHING}
        return Viewer(self.name, groups, sees_all=EVERYTHING in self.groups, roles=self.roles)


class Roster(Audit):
    """Persons."""

    # --- persons -----------------------------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody who may sign in or was kept from it, by name."""
        with self._reading() as db:
            meaning = meaning_of(db)
            rows = db.execute(sa.select(s.people).order_by(sa.func.lower(s.people.c.name), s.people.c.id)).mappings()
            return [person_of(row, meaning) for row in rows]

    def any_people(self) -> bool:
        """Whether there is an account at all, also one that was disabled: then one has to sign in."""
        with self._reading() as db:
            return db.scalar(sa.select(s.people.c.id).limit(1)) is not None

    def local_people(self) -> bool:
        """Whether anybody may sign in with a name and a password of this desk."""
        t = s.people.c
        with self._reading() as db:
            return db.scalar(sa.select(t.id).where(t.disabled.is_(False), t.issuer == "").limit(1)) is not None

    def add_person(
        self, name: str, password: str, *, roles: Iterable[str] = (), groups: Iterable[str] = (), by: str,
        now: datetime,
    ) -> Person:  # fmt: skip
        """A local account. Raises ``BadSetting`` for a name that is taken, a role we do not know, a weak password."""
        name = person_name(name)
        row = {"name": name, "issuer": "", "subject": name.casefold(), "secret": passwords.hashed(password, name=name),
               "roles": _packed_roles(roles), "groups": _packed_groups(groups), "claims": "[]", "disabled": False,
               "made_by": by, "made_at": seconds(now)}  # fmt: skip
        with self._writing() as db:
            one_writer(db)
            if row_of(db, "", name.casefold()) is not None:
                raise BadSetting(f"There is an account {name!r} already: change it, or choose another name.")
            db.execute(sa.insert(s.people), row)
            found = row_of(db, "", name.casefold())
            self._note(db, "configured", f"person:{found['id'] if found is not None else ''}", by=by, at=now,
                       detail={"what": "added", "roles": str(row["roles"]), "groups": str(row["groups"])})  # fmt: skip
            return person_of(found or {}, meaning_of(db))

    def person(self, name: str) -> Person:
        """The person of that name, a local account first. Raises ``NotFound``."""
        found = [one for one in self.people() if one.name.casefold() == name.strip().casefold()]
        if not found:
            raise NotFound(f"There is nobody called {name.strip()[:80]!r} here: `seenbefore user list` names all.")
        return min(found, key=lambda one: bool(one.issuer))

    def set_person(
        self, person: int, *, roles: Iterable[str] | None = None, groups: Iterable[str] | None = None,
        disabled: bool | None = None, password: str | None = None, by: str, now: datetime,
    ) -> Person:  # fmt: skip
        """Change what is given; a new password and being disabled end all sessions.

        Raises ``BadSetting``, ``NotFound``.
        """
        change: dict[str, Any] = {}
        with self._writing() as db:
            one_writer(db)
            row = db.execute(sa.select(s.people).where(s.people.c.id == person)).mappings().first()
            if row is None:
                raise NotFound("There is no such person here.")
            if password is not None:
                if row["issuer"]:
                    raise BadSetting(f"{row['name']} signs in elsewhere and has no password here.")
                change["secret"] = passwords.hashed(password, name=row["name"])
            change |= {} if roles is None else {"roles": _packed_roles(roles)}
            change |= {} if groups is None else {"groups": _packed_groups(groups)}
            change |= {} if disabled is None else {"disabled": disabled}
            if change:
                db.execute(sa.update(s.people).where(s.people.c.id == person).values(change))
                told = {name: value for name, value in change.items() if name != "secret"}
                self._note(db, "configured", f"person:{person}", by=by, at=now,
                           detail={"what": "changed", **told, "password": password is not None})  # fmt: skip
            if disabled or password is not None:
                end_sessions(db, s.sessions.c.person_id == person, by, now)
            if password is not None:
                db.execute(sa.delete(s.tries).where(s.tries.c.name_hash == digest_of(row["subject"])))
            row = db.execute(sa.select(s.people).where(s.people.c.id == person)).mappings().one()
            return person_of(row, meaning_of(db))


def person_name(name: str) -> str:
    """A name as it is kept. Raises ``BadSetting`` for one that is empty, too long or not printable."""
    made = " ".join(name.split())
    if not 1 <= len(made) <= 80 or not made.isprintable() or "|" in made:
        raise BadSetting("A name has 1 to 80 printable characters and no |: choose another.")
    return made


def read_claims(text: str | None) -> dict[str, dict[str, list[str]]]:
    """What values of claims stand for. Raises ``BadSetting`` for what is not value → roles and groups."""
    try:
        found = {str(value): {"roles": list(map(str, means.get("roles", []))),
                              "groups": list(map(str, means.get("groups", [])))}
                 for value, means in json.loads(text or "{}").items()}  # fmt: skip
    except (ValueError, AttributeError, TypeError) as error:
        raise BadSetting("The saved meaning of claims cannot be read: set it anew on the page Access.") from error
    for means in found.values():
        _packed_roles(means["roles"])
        _packed_groups(means["groups"])
    return found


def meaning_of(db: sa.Connection) -> dict[str, dict[str, list[str]]]:
    """What values of claims stand for, as this transaction sees it."""
    return read_claims(db.scalar(sa.select(s.settings.c.value).where(s.settings.c.name == CLAIMS)))


def person_of(row: Mapping[Any, Any], meaning: Mapping[str, Mapping[str, Sequence[str]]]) -> Person:
    """A row as a person; claims without a meaning stand for nothing."""
    claims = tuple(json.loads(row["claims"]))
    roles, groups = frozenset(unpack_audience(row["roles"])), frozenset(unpack_audience(row["groups"]))
    meant = granted(claims, meaning)
    return Person(
        row["id"], row["name"], row["issuer"], (roles | meant[0]) & frozenset(ROLES), groups | meant[1],
        roles, groups, claims, bool(row["disabled"]), row["made_by"], moment(row["made_at"]),
    )  # fmt: skip


def granted(
    claims: Iterable[str], meaning: Mapping[str, Mapping[str, Sequence[str]]]
) -> tuple[frozenset[str], frozenset[str]]:  # fmt: skip
    """The roles and the groups that these values of claims stand for; a value without a meaning stands for nothing."""
    means = [meaning[value] for value in claims if value in meaning]
    roles, groups = (frozenset(named for one in means for named in one[what]) for what in ("roles", "groups"))
    return roles, groups


def row_of(db: sa.Connection, issuer: str, subject: str) -> sa.RowMapping | None:
    """The row of who is known to an issuer by this subject."""
    t = s.people.c
    return db.execute(sa.select(s.people).where(t.issuer == issuer, t.subject == subject)).mappings().first()


def _packed_roles(roles: Iterable[str]) -> str:
    named = sorted({role.strip().casefold() for role in roles if role.strip()})
    for role in named:
        if role not in ROLES:
            raise BadSetting(f"There is no role {role[:40]!r}: give {', '.join(ROLES)}.")
    return pack_audience(named)


def _packed_groups(groups: Iterable[str]) -> str:
    named = [" ".join(group.split()) for group in groups]
    if any(name.casefold() == NOBODY for name in named):
        raise BadSetting(f"Nobody can be in the group {NOBODY!r}: it stands for records that are for no group.")
    return pack_audience(named)


def shown_name(name: str) -> str:
    """A name given elsewhere, made fit to be shown."""
    return "".join(sign for sign in " ".join(name.split()) if sign.isprintable() and sign != "|")[:80] or "somebody"


def digest_of(text: str) -> str:
    """Hex sha256: what is kept of a token, and of a name that was tried."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def end_sessions(db: sa.Connection, which: sa.ColumnElement[bool], by: str, now: datetime) -> None:
    """End those of these sessions that still count."""
    alive = sa.and_(which, s.sessions.c.revoked.is_(None))
    db.execute(sa.update(s.sessions).where(alive).values(revoked=seconds(now), revoked_by=by))
