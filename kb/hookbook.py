"""Webhooks as rows: who may send, who is told, which messages came in, and which wait to go out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kb import postgres
from kb import schema as s
from kb.apikeys import checked_name
from kb.audit import Audit
from kb.errors import BadSetting, NotFound, SeenBeforeError
from kb.hooks import TRIES, WINDOW, Delivery, Hook, Way, checked_events, checked_url, new_secret, wait
from kb.privacy.sealing import NO_KEY_TO_SEAL, is_sealed, open_secret
from kb.rows import moment, seconds

KEPT = timedelta(days=30)
"""Messages that were sent are forgotten after so long; dead ones stay until somebody sends or drops them."""
TAKEN = timedelta(minutes=2)
"""For so long a message belongs to the worker that took it."""
_TROUBLE = 200


class Hookbook(Audit):
    """Hooks of both ways, and their messages."""

    def add_hook(
        self, name: str, *, way: Way, now: datetime, by: str = "", preset: str = "", source: str = "", url: str = "",
        events: Sequence[str] = (), with_text: bool = False,
    ) -> Hook:  # fmt: skip
        """Make a hook with a secret of its own, which is told this once. Raises ``BadSetting``, also without a key."""
        if self.sealer is None:
            raise BadSetting(NO_KEY_TO_SEAL)
        secret, named = new_secret(), checked_name(name)
        row = {
            "name": named, "way": way, "preset": preset.strip(),
            "secret": self.sealer.seal_secret(secret, _about(way, named)),
            "source": " ".join(source.split())[:80], "url": checked_url(url) if way == "out" else "",
            "events": ",".join(checked_events(tuple(events))) if way == "out" else "", "with_text": with_text,
            "active": True, "made_by": by, "made_at": seconds(now),
        }  # fmt: skip
        if any(one.name == row["name"] and one.way == way for one in self.hooks()):
            raise BadSetting(f"There is a hook {row['name']!r} already: give this one another name.")
        with self._writing() as db:
            made = db.execute(sa.insert(s.hooks), row).inserted_primary_key
            self._note(db, "configured", f"hook:{made[0] if made else ''}", by=by, at=now,
                       detail={"what": "made", "way": way})  # fmt: skip
        return _hook({**row, "id": made[0] if made else 0, "used_at": None, "secret": secret})

    def hooks(self, way: Way | None = None) -> list[Hook]:
        """Every hook, or those of one way, oldest first."""
        query = sa.select(s.hooks).order_by(s.hooks.c.id)
        with self._reading() as db:
            rows = db.execute(query if way is None else query.where(s.hooks.c.way == way)).mappings().all()
        return [_hook(row) for row in rows]

    def hook(self, which: int | str, way: Way | None = None) -> Hook:
        """A hook by id or name. Raises ``NotFound``."""
        for one in self.hooks(way):
            if which in (one.id, one.name, str(one.id)):
                return one
        raise NotFound(f"There is no hook {str(which)[:40]!r}: see them with `seenbefore hooks list`.")

    def secret_of(self, hook: Hook) -> str:
        """The secret of a hook. Raises ``BadSetting`` without the key it is sealed with, ``Damaged`` with another."""
        return open_secret(
            hook.secret, _about(hook.way, hook.name), self.sealer, named=f"the webhook {hook.name!r}"
        )  # fmt: skip

    def seal_secrets(self) -> int:
        """Seal what secrets lie open, as earlier versions kept them; how many there were. Nothing without a key."""
        if self.sealer is None or all(is_sealed(one.secret) for one in self.hooks()):
            return 0
        t, done = s.hooks.c, 0
        with self._writing() as db:
            for row in db.execute(sa.select(t.id, t.way, t.name, t.secret)).all():
                if not is_sealed(row.secret):
                    sealed = self.sealer.seal_secret(row.secret, _about(row.way, row.name))
                    db.execute(sa.update(s.hooks).where(t.id == row.id).values(secret=sealed))
                    done += 1
        if self.is_shared:
            postgres.rewrite(self._engine, [s.hooks.name])
        self.empty_journal()
        return done

    def hook_trouble(self) -> list[str]:
        """Sentences on secrets that lie open or do not open, each saying what to do; empty where all is well."""
        told, open_ones = [], [one.name for one in self.hooks() if not is_sealed(one.secret)]
        if open_ones:
            told.append(f"The secrets of {', '.join(open_ones)} are kept as they are. {NO_KEY_TO_SEAL}")
        for one in self.hooks():
            try:
                self.secret_of(one)
            except SeenBeforeError as error:
                told.append(str(error))
        return told

    def pause_hook(self, hook: int, *, active: bool, by: str = "") -> None:
        """Let a hook rest, or wake it again."""
        with self._writing() as db:
            db.execute(sa.update(s.hooks).where(s.hooks.c.id == hook).values(active=active))
            self._note(db, "configured", f"hook:{hook}", by=by, detail={"what": "woken" if active else "paused"})

    def drop_hook(self, hook: int, *, by: str = "") -> None:
        """Take a hook out, with its messages."""
        with self._writing() as db:
            db.execute(sa.delete(s.hooks).where(s.hooks.c.id == hook))
            self._note(db, "configured", f"hook:{hook}", by=by, detail={"what": "removed"})

    # --- what comes in -----------------------------------------------------------------------------------------

    def take_message(self, hook: int, message: str, *, now: datetime) -> bool:
        """Remember a message by its id; false where it was taken before."""
        t = s.hook_ids.c
        with self._writing() as db:
            db.execute(sa.delete(s.hook_ids).where(t.at < seconds(now - 3 * WINDOW)))
            known = db.scalar(sa.select(t.at).where(t.hook_id == hook, t.name == message))
            if known is not None:
                return False
            db.execute(sa.insert(s.hook_ids), {"hook_id": hook, "name": message, "at": seconds(now)})
            db.execute(sa.update(s.hooks).where(s.hooks.c.id == hook).values(used_at=seconds(now)))
        return True

    def give_back_message(self, hook: int, message: str) -> None:
        """Forget a message that could not be worked on, so that it may be sent again."""
        t = s.hook_ids.c
        with self._writing() as db:
            db.execute(sa.delete(s.hook_ids).where(t.hook_id == hook, t.name == message))

    # --- what goes out -----------------------------------------------------------------------------------------

    def queue_message(self, hook: int, event: str, about: str, payload: Mapping[str, Any], *, now: datetime) -> bool:
        """Put a message into the queue, once for each event and what it is about; false where it was there already."""
        t = s.deliveries.c
        row = {"hook_id": hook, "event": event, "about": about, "payload": json.dumps(payload, ensure_ascii=False),
               "state": "waiting", "tries": 0, "next_at": seconds(now), "made_at": seconds(now),
               "trouble": ""}  # fmt: skip
        with self._writing() as db:
            if db.scalar(sa.select(t.id).where(t.hook_id == hook, t.event == event, t.about == about)) is not None:
                return False
            db.execute(sa.insert(s.deliveries), row)
        return True

    def due_messages(self, *, now: datetime, most: int = 50) -> list[Delivery]:
        """Messages whose time has come, of hooks that are active, the longest waiting first."""
        t = s.deliveries.c
        active = sa.select(s.hooks.c.id).where(s.hooks.c.active)
        query = sa.select(s.deliveries).where(t.state == "waiting", t.next_at <= seconds(now), t.hook_id.in_(active))
        with self._reading() as db:
            return [_delivery(row) for row in db.execute(query.order_by(t.next_at, t.id).limit(most)).mappings()]

    def take_due_message(self, *, now: datetime) -> Delivery | None:
        """Of the messages whose time has come the one that waits longest, for this worker alone; ``None`` without any.

        For :data:`TAKEN` no other worker of any server is given it. One that dies with it leaves it to the others then,
        so that a message may arrive twice, with the same id, and is never lost.
        """
        if not self.due_messages(now=now, most=1):
            return None
        t = s.deliveries.c
        active = sa.select(s.hooks.c.id).where(s.hooks.c.active)
        query = sa.select(s.deliveries).where(t.state == "waiting", t.next_at <= seconds(now), t.hook_id.in_(active))
        query = query.order_by(t.next_at, t.id).limit(1).with_for_update(skip_locked=True)
        with self._taking() as db:
            row = db.execute(query).mappings().first()
            if row is None:
                return None
            taken = sa.update(s.deliveries).where(t.id == row["id"]).values(next_at=seconds(now + TAKEN))
            db.execute(taken)
            return _delivery(row)

    def messages(self, *, states: Sequence[str] = ("waiting", "sent", "dead"), most: int = 50) -> list[Delivery]:
        """Messages in these states, newest first."""
        t = s.deliveries.c
        query = sa.select(s.deliveries).where(t.state.in_(list(states))).order_by(t.id.desc()).limit(most)
        with self._reading() as db:
            return [_delivery(row) for row in db.execute(query).mappings()]

    def message_sent(self, message: int, *, now: datetime) -> None:
        """It arrived. What was sent long ago is forgotten."""
        t = s.deliveries.c
        with self._writing() as db:
            done = {"state": "sent", "done_at": seconds(now), "trouble": "", "tries": t.tries + 1}
            db.execute(sa.update(s.deliveries).where(t.id == message).values(done))
            old = sa.and_(t.state == "sent", t.done_at < seconds(now - KEPT))
            db.execute(sa.update(s.deliveries).where(old, t.payload != "").values(payload=""))

    def message_failed(self, message: Delivery, trouble: str, *, now: datetime, chance: float) -> bool:
        """It did not arrive: it waits for its next try, or is dead after the last; true where it is dead."""
        tries = message.tries + 1
        dead = tries >= TRIES
        values = {"tries": tries, "trouble": trouble[:_TROUBLE], "next_at": seconds(now + wait(tries, chance)),
                  **({"state": "dead", "done_at": seconds(now)} if dead else {})}  # fmt: skip
        with self._writing() as db:
            db.execute(sa.update(s.deliveries).where(s.deliveries.c.id == message.id).values(values))
        return dead

    def send_again(self, message: int, *, now: datetime) -> None:
        """Put a dead message back into the queue with all its tries. Raises ``NotFound``."""
        t = s.deliveries.c
        values = {"state": "waiting", "tries": 0, "next_at": seconds(now), "done_at": None}
        with self._writing() as db:
            dead = sa.and_(t.id == message, t.state == "dead")
            if not db.execute(sa.update(s.deliveries).where(dead).values(values)).rowcount:
                raise NotFound(f"There is no dead message {message}: see them with `seenbefore hooks list`.")


def _about(way: str, name: str) -> str:
    """What a secret is sealed for: it opens for no other hook."""
    return f"hook:{way}:{name}"


def _hook(row: Mapping[Any, Any]) -> Hook:
    return Hook(
        id=row["id"], name=row["name"], way=row["way"], secret=row["secret"], active=bool(row["active"]),
        made_by=row["made_by"], made_at=_at(row["made_at"]), preset=row["preset"], source=row["source"],
        url=row["url"], events=tuple(filter(None, row["events"].split(","))), with_text=bool(row["with_text"]),
        used_at=moment(row["used_at"]),
    )  # fmt: skip


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    return Delivery(row["id"], row["hook_id"], row["event"], row["about"], row["payload"], row["state"], row["tries"],
                    _at(row["next_at"]), _at(row["made_at"]), moment(row["done_at"]), row["trouble"])  # fmt: skip


def _at(value: int) -> datetime:
    found = moment(value)
    if found is None:
        raise ValueError("a time is missing")
    return found
