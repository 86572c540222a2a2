"""Keys of programs: how one is made, what it may do, what it may see, and how long it holds."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kb.errors import BadSetting
from kb.records import Viewer
from kb.roles import SCOPES as ACTS_OF
from kb.roles import of_scopes

SCOPES: tuple[str, ...] = tuple(ACTS_OF)
"""What a key may be for; "admin" is all of them."""
LONGEST = timedelta(days=365)
RATE = 600
"""Calls a minute that a key gets where nobody says otherwise."""
_BYTES = 32
_VISIBLE = 11
_NAME = 80
_MOST_GROUPS = 50


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key; the key itself is not."""

    id: int
    name: str
    prefix: str
    """Its first characters, by which people tell keys apart."""
    scopes: tuple[str, ...]
    groups: tuple[str, ...]
    """Groups whose restricted records it may see."""
    rate: int
    """Calls a minute."""
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""
    used_at: datetime | None = None

    @property
    def viewer(self) -> Viewer:
        """Who reads and writes with it: what its scopes are for, and nothing else."""
        return Viewer(f"key:{self.name}", frozenset(self.groups), roles=of_scopes(self.scopes))

    def may(self, scope: str) -> bool:
        """Whether it is for this."""
        return scope in self.scopes or "admin" in self.scopes

    def state(self, now: datetime) -> Literal["good", "expired", "revoked"]:
        """Whether it still opens anything."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now >= self.expires_at else "good"


def new_token() -> tuple[str, str]:
    """A new key of 256 random bits, and the part of it that stays visible."""
    token = f"sb_{secrets.token_hex(4)}_{secrets.token_urlsafe(_BYTES)}"
    return token, token[:_VISIBLE]


def visible_part(token: str) -> str:
    """The part of a key that it is looked up by."""
    return token[:_VISIBLE]


def token_hash(token: str) -> str:
    """Hex sha256 of a key: all that is kept of it. A random key of 256 bits needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def checked_name(name: str) -> str:
    """A name in one line. Raises ``BadSetting`` where it is empty or too long."""
    told = " ".join(name.split())
    if not told or len(told) > _NAME or not told.isprintable():
        raise BadSetting(f"Give it a name of at most {_NAME} characters that says who uses it, such as servicenow.")
    return told


def checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes in their own order. Raises ``BadSetting`` for an unknown one and for none."""
    asked = {scope.strip() for scope in scopes if scope.strip()}
    unknown = sorted(asked - set(SCOPES))
    if unknown or not asked:
        what = f"There is no scope {unknown[0][:40]!r}" if unknown else "Say what the key is for"
        raise BadSetting(f"{what}: scopes are {', '.join(SCOPES)}.")
    return tuple(scope for scope in SCOPES if scope in asked)


def checked_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """Groups, sorted. Raises ``BadSetting`` where there are too many."""
    asked = sorted({" ".join(group.replace("|", "/").split()) for group in groups} - {""})
    if len(asked) > _MOST_GROUPS:
        raise BadSetting(f"A key can be in at most {_MOST_GROUPS} groups.")
    return tuple(asked)


def checked_life(days: int) -> timedelta:
    """How long a key holds. Raises ``BadSetting`` beyond a year."""
    if not 1 <= days <= LONGEST.days:
        raise BadSetting(f"A key holds from 1 to {LONGEST.days} days: make a new one before it expires.")
    return timedelta(days=days)


def checked_rate(rate: int) -> int:
    """Calls a minute. Raises ``BadSetting`` where nobody could work with it."""
    if not 1 <= rate <= 100_000:
        raise BadSetting("The rate is calls a minute: give a number from 1 to 100000.")
    return rate
