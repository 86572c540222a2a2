"""Webhooks: what one is, how a message is signed and checked, and when one that failed is tried again.

Signatures follow the Standard Webhooks specification: HMAC-SHA256 over ``id.timestamp.body``, base64, behind "v1,".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from kb.errors import BadSetting

Way = Literal["in", "out"]
EVENTS: tuple[str, ...] = ("burst", "relapse", "promise broken")
TEST = "test"
WINDOW = timedelta(minutes=5)
"""A message older or newer than this is refused."""
TRIES = 8
"""So often a message is sent before it is given up."""
_FIRST, _GROWS = 10.0, 4.0
_ID = 200
_URL = 500


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook. One that comes in has a preset and a source; one that goes out has an address and events."""

    id: int
    name: str
    way: Way
    secret: str = field(repr=False)
    """In clear where it was just made; else as it is kept: see :meth:`kb.hookbook.Hookbook.secret_of`."""
    active: bool
    made_by: str
    made_at: datetime
    preset: str = ""
    """Named preset of kb/tables that reads its tickets; "" is told by their fields."""
    source: str = ""
    url: str = ""
    events: tuple[str, ...] = ()
    with_text: bool = False
    """Whether titles of tickets may go out with it."""
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one hook: what it is about, how often it was tried, and what went wrong last."""

    id: int
    hook: int
    event: str
    about: str
    """What it is about, in a form that stays the same: each is sent once."""
    payload: str
    state: Literal["waiting", "sent", "dead"]
    tries: int
    next_at: datetime
    made_at: datetime
    done_at: datetime | None = None
    trouble: str = ""


def new_secret() -> str:
    """A new secret of 256 random bits."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The signature of a message, as it stands in the header ``webhook-signature``."""
    signed = f"{message}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()}"


def signed_headers(secret: str, message: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The headers that go with a message."""
    timestamp = int(now.timestamp())
    return {"webhook-id": message, "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, message, timestamp, body)}  # fmt: skip


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
    """Whether the message is whole, from who knows the secret, and not older or newer than :data:`WINDOW`."""
    message, given, said = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    fresh = given.isascii() and given.isdecimal() and len(given) <= 12
    if not fresh or not 0 < len(message) <= _ID or abs(int(given) - now.timestamp()) > WINDOW.total_seconds():
        return False
    expected = signature(secret, message, int(given), body).encode()
    offered = said.encode("utf-8", "replace").split(b" ")[:10]
    return any([hmac.compare_digest(expected, one) for one in offered])  # a list: each one is compared


def wait(tries: int, chance: float) -> timedelta:
    """How long to wait after so many failures: four times as long each time, a half to the whole of it at random.

    ``chance`` is a random number in [0, 1).
    """
    return timedelta(seconds=_FIRST * _GROWS ** max(0, tries - 1) * (0.5 + 0.5 * chance))


def checked_url(url: str) -> str:
    """An address that messages may go to. Raises ``BadSetting``."""
    told = url.strip()
    try:
        parts = urlsplit(told)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadSetting(f"{told[:80]!r} is no address: give one such as https://tool.example/hook.") from error
    plain = told.isascii() and told.isprintable() and " " not in told and len(told) <= _URL
    if parts.scheme not in ("http", "https") or not host or not plain or port == 0:
        raise BadSetting(f"{told[:80]!r} is no address: give one such as https://tool.example/hook.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadSetting("An address of a webhook carries no user, password or #part: messages are signed instead.")
    if parts.scheme == "http" and not _is_near(host):
        raise BadSetting(f"{host} would be reached without encryption: give an https address.")
    return told


def checked_events(events: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The events in their own order. Raises ``BadSetting``."""
    asked = {" ".join(event.split()) for event in events} - {""}
    unknown = sorted(asked - set(EVENTS))
    if unknown or not asked:
        raise BadSetting(f"Say what it should be told of: {', '.join(EVENTS)}.")
    return tuple(event for event in EVENTS if event in asked)


def _is_near(host: str) -> bool:
    """Whether a host is this machine or in a private network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return address.is_loopback or address.is_private


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return secret.encode("utf-8", "surrogatepass")
