"""Send the messages of outgoing webhooks: only to the host an admin entered, and without following anybody elsewhere.

The one place of the program that reaches out, and only where a webhook was entered.
"""

from __future__ import annotations

import http.client
import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from kb.errors import BadSetting, Damaged
from kb.hooks import Delivery, Hook, signed_headers
from kb.store import Store

WITHIN = 10
"""Seconds a host gets to answer."""
MOST = 50
"""Messages of one round; what is left waits for the next."""
_READ = 4_096
Chance = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round did."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


def send_due(
    store: Store, *, now: Callable[[], datetime], chance: Chance = random.random, stop: Callable[[], bool] = bool
) -> Sent:  # fmt: skip
    """Send messages whose time has come and that no other worker has taken.

    What fails is tried again later, and is dead after its last try.
    """
    hooks = {hook.id: hook for hook in store.hooks("out")}
    sent = failed = dead = 0
    while not stop() and sent + failed + dead < MOST and (message := store.take_due_message(now=now())) is not None:
        hook = hooks.get(message.hook) or store.hook(message.hook)
        try:
            trouble = send(message, hook, secret=store.secret_of(hook), now=now())
        except (BadSetting, Damaged) as error:
            trouble = str(error)
        if not trouble:
            store.message_sent(message.id, now=now())
            sent += 1
        elif store.message_failed(message, trouble, now=now(), chance=chance()):
            dead += 1
        else:
            failed += 1
    return Sent(sent, failed, dead)


def send(message: Delivery, hook: Hook, *, secret: str, now: datetime) -> str:
    """Send one message; what went wrong in a few words, or "" where the host took it.

    Any answer but 2xx is a failure, a redirect too: it might lead to a host that nobody entered.
    """
    body = message.payload.encode("utf-8", "replace")
    headers = {"Content-Type": "application/json", "User-Agent": "seenbefore", "Connection": "close",
               **signed_headers(secret, f"msg_{message.id}", body, now=now)}  # fmt: skip
    parts = urlsplit(hook.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read(_READ)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _why(error)
    finally:
        connection.close()
    if 300 <= answer.status < 400:
        return f"answered {answer.status}: redirects are not followed"
    return "" if 200 <= answer.status < 300 else f"answered {answer.status}"


def _why(error: Exception) -> str:
    """Why there was no answer, in words; what it says of itself might hold anything."""
    known = {socket.gaierror: "nobody knows that host", TimeoutError: f"no answer within {WITHIN} seconds",
             ConnectionRefusedError: "the host refused the connection",
             ssl.SSLError: "its certificate or encryption cannot be trusted"}  # fmt: skip
    return next(
        (told for kind, told in known.items() if isinstance(error, kind)), f"no answer ({type(error).__name__})"
    )


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=WITHIN, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=WITHIN)
