"""Who may sign in, with which roles and groups, and who is signed in: rows of the store, read anew at every look."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kb import passwords
from kb import schema as s
from kb.access import NOBODY
from kb.database import Database, one_writer
from kb.errors import BadSetting, NotAllowed, NotFound
from kb.records import Viewer
from kb.roles import ROLES
from kb.rows import moment, pack_audience, seconds, unpack_audience

EVERYTHING = "*"
"""The group of those who see every record, whatever its audience."""
CLAIMS = "access_claims"
"""The setting that says what a claim's value means: value → {"roles": […], "groups": […]}."""
HOURS, IDLE = "session_hours", "session_idle_minutes"
LIMITS: Mapping[str, tuple[int, int, int]] = {HOURS: (8, 1, 24), IDLE: (30, 1, 480)}
"""Setting → default, least and most: how long a sign-in lasts in all, and without a sign of life."""
WRONG = "That name and password do not go together, or there were too many tries: wait a little and try again."
"""The one answer to every sign-in that fails."""
_FREE_TRIES, _LONGEST_WAIT = 4, 900
_SEEN_EVERY = 30
_KEPT = 40 * 86_400


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


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    id: int
    person: str
    issued: datetime
    last_seen: datetime
    ended: str
    """Why it does not count any more; "" while it does."""


class Roster(Database):
    """Persons, their sessions, and failed tries."""

    # --- persons -----------------------------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody who may sign in or was kept from it, by name."""
        with self._reading() as db:
            meaning = _meaning(db)
            rows = db.execute(sa.select(s.people).order_by(sa.func.lower(s.people.c.name), s.people.c.id)).mappings()
            return [_person(row, meaning) for row in rows]

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
            if _row_of(db, "", name.casefold()) is not None:
                raise BadSetting(f"There is an account {name!r} already: change it, or choose another name.")
            db.execute(sa.insert(s.people), row)
            found = _row_of(db, "", name.casefold())
            return _person(found or {}, _meaning(db))

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
            if disabled or password is not None:
                _end(db, s.sessions.c.person_id == person, by, now)
            if password is not None:
                db.execute(sa.delete(s.tries).where(s.tries.c.name_hash == _hash(row["subject"])))
            row = db.execute(sa.select(s.people).where(s.people.c.id == person)).mappings().one()
            return _person(row, _meaning(db))

    # --- signing in --------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, *, now: datetime) -> str:
        """A new session's token for a name and its password. Raises ``NotAllowed``, always in the same words.

        After a few failures a name has to wait, longer each time, whether there is such a person or not.
        """
        at, folded = seconds(now) or 0, name.strip().casefold()[:200]
        key = _hash(folded)
        with self._reading() as db:
            tried = db.execute(sa.select(s.tries).where(s.tries.c.name_hash == key)).mappings().first()
            row = _row_of(db, "", folded)
        waits = tried is not None and tried["until"] > at
        known = row is not None and not row["disabled"]
        fits = passwords.right(row["secret"] if row is not None and known else "", password)
        with self._writing() as db:
            one_writer(db)
            tried = db.execute(sa.select(s.tries).where(s.tries.c.name_hash == key)).mappings().first()
            waits = waits or (tried is not None and tried["until"] > at)
            if waits:  # such a try counts for nothing, or others could keep somebody out for good
                raise NotAllowed(WRONG)
            db.execute(sa.delete(s.tries).where(s.tries.c.name_hash == key))
            if row is None or not fits:
                failures = min(40, 1 + (tried["failures"] if tried is not None else 0))
                wait = 0 if failures < _FREE_TRIES else min(_LONGEST_WAIT, 2 ** min(20, failures - _FREE_TRIES))
                db.execute(sa.insert(s.tries), {"name_hash": key, "failures": failures, "until": at + wait})
            else:
                db.execute(sa.delete(s.tries).where(s.tries.c.until < at - 86_400))
                return _session(db, row["id"], at)
        raise NotAllowed(WRONG)

    def vouched(
        self, issuer: str, subject: str, name: str, claims: Sequence[str], *, issued: datetime, token: str,
        now: datetime,
    ) -> Person | None:  # fmt: skip
        """The person somebody else vouches for, under the session that this token stands for.

        The first look makes both; roles and groups are what the claims stand for, and none by default. ``None`` where
        the session was revoked or is over.
        """
        found = self.of_session(token, now=now)
        if found is not None:
            return found
        hours, _ = self.session_limits()
        if issued + timedelta(hours=hours) <= now or issued > now + timedelta(minutes=5):
            return None
        kept = json.dumps(sorted(set(claims)), ensure_ascii=False)
        with self._writing() as db:
            one_writer(db)
            if db.scalar(sa.select(s.sessions.c.id).where(s.sessions.c.token_hash == _hash(token))) is not None:
                return None
            row = _row_of(db, issuer, subject)
            if row is None:
                new = {"name": _shown(name or subject), "issuer": issuer, "subject": subject, "secret": "", "roles": "",
                       "groups": "", "claims": kept, "disabled": False, "made_by": "sign-in",
                       "made_at": seconds(now)}  # fmt: skip
                db.execute(sa.insert(s.people), new)
                row = _row_of(db, issuer, subject)
            elif row["claims"] != kept:
                db.execute(sa.update(s.people).where(s.people.c.id == row["id"]).values(claims=kept))
            if row is None or row["disabled"]:
                return None
            _session(db, row["id"], min(seconds(issued) or 0, seconds(now) or 0), token=token, seen=seconds(now) or 0)
        return self.of_session(token, now=now)

    def of_session(self, token: str, *, now: datetime) -> Person | None:
        """Whose session this token is, if it still counts; a look at it is a sign of life."""
        at, (hours, idle) = seconds(now) or 0, self.session_limits()
        joined = sa.select(s.people, s.sessions.c.id.label("session"), s.sessions.c.last_seen).join(
            s.sessions, s.sessions.c.person_id == s.people.c.id
        )
        counts = sa.and_(
            s.sessions.c.token_hash == _hash(token), s.sessions.c.revoked.is_(None), s.people.c.disabled.is_(False),
            s.sessions.c.issued > at - hours * 3_600, s.sessions.c.last_seen > at - idle * 60,
        )  # fmt: skip
        with self._reading() as db:
            row = db.execute(joined.where(counts)).mappings().first()
            if row is None:
                return None
            found = _person(row, _meaning(db))
        if at - row["last_seen"] >= _SEEN_EVERY:
            with self._writing() as db:
                alive = sa.and_(s.sessions.c.id == row["session"], s.sessions.c.revoked.is_(None))
                db.execute(sa.update(s.sessions).where(alive).values(last_seen=at))
        return found

    # --- sessions ----------------------------------------------------------------------------------------------

    def sessions(self, *, now: datetime) -> list[Session]:
        """Sign-ins of the last weeks, the newest first."""
        at, (hours, idle) = seconds(now) or 0, self.session_limits()
        query = sa.select(s.sessions, s.people.c.name, s.people.c.disabled).join(s.people)
        with self._reading() as db:
            rows = db.execute(query.order_by(s.sessions.c.id.desc()).limit(200)).mappings().all()
        found = []
        for row in rows:
            ended = ""
            if row["revoked"] is not None:
                ended = f"ended by {row['revoked_by'] or 'signing out'}"
            elif row["issued"] <= at - hours * 3_600 or row["last_seen"] <= at - idle * 60:
                ended = "over"
            elif row["disabled"]:
                ended = "disabled"
            first, last = moment(row["issued"]), moment(row["last_seen"])
            if first is not None and last is not None:
                found.append(Session(row["id"], row["name"], first, last, ended))
        return found

    def revoke_session(self, session: int, *, by: str, now: datetime) -> None:
        """End one session; it counts from the next look on."""
        with self._writing() as db:
            _end(db, s.sessions.c.id == session, by, now)

    def sign_out(self, token: str, *, now: datetime) -> None:
        """End the session of a token."""
        with self._writing() as db:
            _end(db, s.sessions.c.token_hash == _hash(token), "", now)

    def session_limits(self) -> tuple[int, int]:
        """Hours in all and minutes without a sign of life that a session lasts."""
        t = s.settings.c
        with self._reading() as db:
            said = {row[0]: row[1] for row in db.execute(sa.select(t.name, t.value).where(t.name.in_(LIMITS)))}
        return _limit(HOURS, said), _limit(IDLE, said)


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


def _meaning(db: sa.Connection) -> dict[str, dict[str, list[str]]]:
    return read_claims(db.scalar(sa.select(s.settings.c.value).where(s.settings.c.name == CLAIMS)))


def _person(row: Mapping[Any, Any], meaning: Mapping[str, Mapping[str, Sequence[str]]]) -> Person:
    claims = tuple(json.loads(row["claims"]))
    roles, groups = frozenset(unpack_audience(row["roles"])), frozenset(unpack_audience(row["groups"]))
    means = [meaning[value] for value in claims if value in meaning]
    return Person(
        row["id"], row["name"], row["issuer"],
        (roles | {role for one in means for role in one["roles"]}) & frozenset(ROLES),
        groups | {group for one in means for group in one["groups"]},
        roles, groups, claims, bool(row["disabled"]), row["made_by"], moment(row["made_at"]),
    )  # fmt: skip


def _row_of(db: sa.Connection, issuer: str, subject: str) -> sa.RowMapping | None:
    t = s.people.c
    return db.execute(sa.select(s.people).where(t.issuer == issuer, t.subject == subject)).mappings().first()


def _session(db: sa.Connection, person: int, issued: int, *, token: str = "", seen: int | None = None) -> str:
    token = token or secrets.token_urlsafe(32)
    db.execute(sa.delete(s.sessions).where(s.sessions.c.issued < issued - _KEPT))
    row = {"token_hash": _hash(token), "person_id": person, "issued": issued,
           "last_seen": issued if seen is None else seen, "revoked_by": ""}  # fmt: skip
    db.execute(sa.insert(s.sessions), row)
    return token


def _end(db: sa.Connection, which: sa.ColumnElement[bool], by: str, now: datetime) -> None:
    alive = sa.and_(which, s.sessions.c.revoked.is_(None))
    db.execute(sa.update(s.sessions).where(alive).values(revoked=seconds(now), revoked_by=by))


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


def _shown(name: str) -> str:
    return "".join(sign for sign in " ".join(name.split()) if sign.isprintable() and sign != "|")[:80] or "somebody"


def _limit(name: str, said: Mapping[str, str]) -> int:
    default, least, most = LIMITS[name]
    text = said.get(name, "")
    return min(most, max(least, int(text))) if text.isascii() and text.isdigit() else default


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
