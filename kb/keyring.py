"""The keys of programs as rows: made, looked up, revoked; their latest calls; answers kept to be given again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.apikeys import (
    RATE,
    ApiKey,
    checked_groups,
    checked_life,
    checked_name,
    checked_rate,
    checked_scopes,
    new_token,
    token_hash,
    visible_part,
)
from kb.audit import Audit
from kb.errors import NotFound
from kb.rows import moment, pack_audience, seconds, unpack_audience

KEPT_CALLS = 500
REPLAYED = timedelta(hours=24)
"""For so long an answer is given again under its idempotency key."""
STUCK = timedelta(minutes=5)
"""After so long without an answer the first request is taken for lost."""
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a program: when, who, which route, and what became of it."""

    at: datetime
    caller: str
    method: str
    route: str
    status: int
    ms: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What is known of an idempotency key: the request it came with, and its answer once there is one."""

    request_hash: str
    status: int | None = None
    answer: bytes = b""


class Keyring(Audit):
    """Keys, calls and replays."""

    def add_key(
        self, name: str, *, scopes: Sequence[str], now: datetime, groups: Sequence[str] = (), days: int = 90,
        rate: int = RATE, by: str = "",
    ) -> tuple[ApiKey, str]:  # fmt: skip
        """Make a key; the second is the key itself, which is shown now and never again. Raises ``BadSetting``."""
        token, prefix = new_token()
        row = {
            "name": checked_name(name), "prefix": prefix, "hash": token_hash(token),
            "scopes": ",".join(checked_scopes(scopes)), "groups": pack_audience(checked_groups(groups)),
            "rate": checked_rate(rate), "made_by": by, "made_at": seconds(now),
            "expires_at": seconds(now + checked_life(days)), "revoked_by": "",
        }  # fmt: skip
        with self._writing() as db:
            made = db.execute(sa.insert(s.api_keys), row).inserted_primary_key
            self._note(
                db, "configured", f"key:{prefix}", by=by, at=now, detail={"what": "made", "scopes": list(scopes)}
            )
        return _key({**row, "id": made[0] if made else 0, "revoked_at": None, "used_at": None}), token

    def keys(self) -> list[ApiKey]:
        """Every key, newest first, also those that open nothing any more."""
        with self._reading() as db:
            return [_key(row) for row in db.execute(sa.select(s.api_keys).order_by(s.api_keys.c.id.desc())).mappings()]

    def key_of(self, token: str, *, now: datetime) -> ApiKey | None:
        """The key that this is, where it is one of ours and good; ``None`` for all others alike."""
        with self._reading() as db:
            query = sa.select(s.api_keys).where(s.api_keys.c.prefix == visible_part(token))
            row = db.execute(query).mappings().first()
        same = compare_digest(token_hash(token), row["hash"] if row is not None else _NOBODY)
        if row is None or not same:
            return None
        found = _key(row)
        return found if found.state(now) == "good" else None

    def revoke_key(self, which: str, *, now: datetime, by: str = "") -> ApiKey:
        """Take a key out of service at once, by its visible part or its name. Raises ``NotFound``.

        Where several keys have the name, those that are good are all revoked; the newest comes back.
        """
        found = [one for one in self.keys() if which in (one.prefix, one.name)]
        if not found:
            raise NotFound(f"There is no key {which[:40]!r}: see them with `seenbefore key list`.")
        good = [one.id for one in found if one.state(now) == "good"]
        values = {"revoked_at": seconds(now), "revoked_by": by}
        with self._writing() as db:
            db.execute(sa.update(s.api_keys).where(s.api_keys.c.id.in_(good)).values(values))
            self._note(db, "configured", f"key:{found[0].prefix}", by=by, at=now, detail={"what": "revoked"})
        return next(one for one in self.keys() if one.id == found[0].id)

    # --- calls -------------------------------------------------------------------------------------------------

    def note_calls(self, calls: Sequence[Call], used: Mapping[int, datetime]) -> None:
        """Keep the latest calls, and when each key (by id) was used last."""
        t = s.api_calls.c
        rows = [{"at": seconds(c.at), "caller": c.caller, "method": c.method, "route": c.route, "status": c.status,
                 "ms": c.ms} for c in calls[-KEPT_CALLS:]]  # fmt: skip
        with self._writing() as db:
            if rows:
                db.execute(sa.insert(s.api_calls), rows)
                last = int(db.scalar(sa.select(sa.func.max(t.id))) or 0)
                db.execute(sa.delete(s.api_calls).where(t.id <= last - KEPT_CALLS))
            for key, at in used.items():
                db.execute(sa.update(s.api_keys).where(s.api_keys.c.id == key).values(used_at=seconds(at)))

    def calls(self, most: int = 50) -> list[Call]:
        """The latest calls, newest first."""
        with self._reading() as db:
            rows = db.execute(sa.select(s.api_calls).order_by(s.api_calls.c.id.desc()).limit(most)).mappings().all()
        return [Call(_at(r["at"]), r["caller"], r["method"], r["route"], r["status"], r["ms"]) for r in rows]

    # --- replays -----------------------------------------------------------------------------------------------

    def begin_replay(self, caller: str, name: str, request_hash: str, *, now: datetime) -> Replay | None:
        """What this idempotency key stood for before; ``None`` where it is new and now stands for this request."""
        t = s.api_replays.c
        mine = sa.and_(t.caller == caller, t.name == name)
        with self._writing() as db:
            db.execute(sa.delete(s.api_replays).where(sa.or_(
                t.made_at <= seconds(now - REPLAYED),
                sa.and_(t.status.is_(None), t.made_at <= seconds(now - STUCK)),
            )))  # fmt: skip
            row = db.execute(sa.select(s.api_replays).where(mine)).mappings().first()
            if row is not None:
                return Replay(row["request_hash"], row["status"], row["answer"] or b"")
            db.execute(sa.insert(s.api_replays), {"caller": caller, "name": name, "request_hash": request_hash,
                                                  "made_at": seconds(now)})  # fmt: skip
        return None

    def end_replay(self, caller: str, name: str, *, status: int | None = None, answer: bytes = b"") -> None:
        """Keep the answer under its idempotency key; without a status the key is free again."""
        t = s.api_replays.c
        mine = sa.and_(t.caller == caller, t.name == name)
        with self._writing() as db:
            if status is None:
                db.execute(sa.delete(s.api_replays).where(mine))
            else:
                db.execute(sa.update(s.api_replays).where(mine).values(status=status, answer=answer))

    def forget_replays(self) -> int:
        """Forget every kept answer, as after a record was erased; returns how many there were."""
        with self._writing() as db:
            return int(db.execute(sa.delete(s.api_replays)).rowcount)


def _key(row: Mapping[Any, Any]) -> ApiKey:
    return ApiKey(row["id"], row["name"], row["prefix"], tuple(row["scopes"].split(",")),
                  unpack_audience(row["groups"]), row["rate"], row["made_by"], _at(row["made_at"]),
                  _at(row["expires_at"]), moment(row["revoked_at"]), row["revoked_by"],
                  moment(row["used_at"]))  # fmt: skip


def _at(value: int) -> datetime:
    found = moment(value)
    if found is None:
        raise ValueError("a time is missing")
    return found
