"""Who is signed in: tries that failed, sessions that end by themselves, and those that are vouched for elsewhere."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from kb import passwords
from kb import schema as s
from kb.audit import Audit
from kb.database import one_writer
from kb.errors import NotAllowed
from kb.roster import Person, digest_of, end_sessions, meaning_of, person_of, row_of, shown_name
from kb.rows import moment, seconds

HOURS, IDLE = "session_hours", "session_idle_minutes"
LIMITS: Mapping[str, tuple[int, int, int]] = {HOURS: (8, 1, 24), IDLE: (30, 1, 480)}
"""Setting → default, least and most: how long a sign-in lasts in all, and without a sign of life."""
WRONG = "That name and password do not go together, or there were too many tries: wait a little and try again."
"""The one answer to every sign-in that fails."""
_FREE_TRIES, _LONGEST_WAIT = 4, 900
_SEEN_EVERY = 30
_KEPT = 40 * 86_400


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    id: int
    person: str
    issued: datetime
    last_seen: datetime
    ended: str
    """Why it does not count any more; "" while it does."""


class SignIns(Audit):
    """Sessions, and failed tries."""

    # --- signing in --------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, *, now: datetime) -> str:
        """A new session's token for a name and its password. Raises ``NotAllowed``, always in the same words.

        After a few failures a name has to wait, longer each time, whether there is such a person or not.
        """
        at, folded = seconds(now) or 0, name.strip().casefold()[:200]
        key = digest_of(folded)
        with self._reading() as db:
            tried = db.execute(sa.select(s.tries).where(s.tries.c.name_hash == key)).mappings().first()
            row = row_of(db, "", folded)
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
                subject = f"person:{row['id']}" if row is not None else ""
                self._note(db, "refused", subject, at=now, detail={"what": "sign-in", "tries": failures})
            else:
                db.execute(sa.delete(s.tries).where(s.tries.c.until < at - 86_400))
                self._note(db, "signed in", f"person:{row['id']}", by=row["name"], at=now)
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
            if db.scalar(sa.select(s.sessions.c.id).where(s.sessions.c.token_hash == digest_of(token))) is not None:
                return None
            row = row_of(db, issuer, subject)
            if row is None:
                new = {"name": shown_name(name or subject), "issuer": issuer, "subject": subject, "secret": "",
                       "roles": "", "groups": "", "claims": kept, "disabled": False, "made_by": "sign-in",
                       "made_at": seconds(now)}  # fmt: skip
                db.execute(sa.insert(s.people), new)
                row = row_of(db, issuer, subject)
            elif row["claims"] != kept:
                db.execute(sa.update(s.people).where(s.people.c.id == row["id"]).values(claims=kept))
            if row is None or row["disabled"]:
                return None
            self._note(db, "signed in", f"person:{row['id']}", by=row["name"], at=now)
            _session(db, row["id"], min(seconds(issued) or 0, seconds(now) or 0), token=token, seen=seconds(now) or 0)
        return self.of_session(token, now=now)

    def of_session(self, token: str, *, now: datetime) -> Person | None:
        """Whose session this token is, if it still counts; a look at it is a sign of life."""
        at, (hours, idle) = seconds(now) or 0, self.session_limits()
        joined = sa.select(s.people, s.sessions.c.id.label("session"), s.sessions.c.last_seen).join(
            s.sessions, s.sessions.c.person_id == s.people.c.id
        )
        counts = sa.and_(
            s.sessions.c.token_hash == digest_of(token), s.sessions.c.revoked.is_(None), s.people.c.disabled.is_(False),
            s.sessions.c.issued > at - hours * 3_600, s.sessions.c.last_seen > at - idle * 60,
        )  # fmt: skip
        with self._reading() as db:
            row = db.execute(joined.where(counts)).mappings().first()
            if row is None:
                return None
            found = person_of(row, meaning_of(db))
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
            end_sessions(db, s.sessions.c.id == session, by, now)
            self._note(db, "configured", f"session:{session}", by=by, at=now, detail={"what": "ended"})

    def sign_out(self, token: str, *, now: datetime) -> None:
        """End the session of a token."""
        with self._writing() as db:
            mine = s.sessions.c.token_hash == digest_of(token)
            who = db.scalar(sa.select(s.sessions.c.person_id).where(mine))
            end_sessions(db, mine, "", now)
            if who is not None:
                self._note(db, "signed out", f"person:{who}", at=now)

    def end_all_sessions(self, *, now: datetime, by: str = "") -> None:
        """Let everybody sign in anew, as after a backup was brought back."""
        with self._writing() as db:
            end_sessions(db, sa.true(), by, now)

    def session_limits(self) -> tuple[int, int]:
        """Hours in all and minutes without a sign of life that a session lasts."""
        t = s.settings.c
        with self._reading() as db:
            said = {row[0]: row[1] for row in db.execute(sa.select(t.name, t.value).where(t.name.in_(LIMITS)))}
        return _limit(HOURS, said), _limit(IDLE, said)


def _session(db: sa.Connection, person: int, issued: int, *, token: str = "", seen: int | None = None) -> str:
    token = token or secrets.token_urlsafe(32)
    db.execute(sa.delete(s.sessions).where(s.sessions.c.issued < issued - _KEPT))
    row = {"token_hash": digest_of(token), "person_id": person, "issued": issued,
           "last_seen": issued if seen is None else seen, "revoked_by": ""}  # fmt: skip
    db.execute(sa.insert(s.sessions), row)
    return token


def _limit(name: str, said: Mapping[str, str]) -> int:
    default, least, most = LIMITS[name]
    text = said.get(name, "")
    return min(most, max(least, int(text))) if text.isascii() and text.isdigit() else default
