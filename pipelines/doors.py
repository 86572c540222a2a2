"""What never reaches the app: other hosts' names, other sites' pages, bodies without end, and doors that stay shut."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHUT = ("/_stcore/metrics",)
"""Streamlit's own figures of its sessions, which it shows to anybody."""
_READS = frozenset(("GET", "HEAD", "OPTIONS"))
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Doors:
    """ASGI middleware around everything; what it refuses nobody else sees."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], most: int, shut: Collection[str] = SHUT) -> None:
        """``hosts`` are the names we answer to, ``most`` the bytes of a body."""
        self._app = app
        self._hosts = frozenset(host.strip("[]").lower().rstrip(".") for host in hosts)
        self._most, self._shut = most, frozenset(shut)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in; answer 421, 403, 413 or 404 to the rest."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        told = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refused(scope, told)
        if refused is None:
            body = _Body(receive, send, self._most)
            await self._app(scope, body.receive if scope["type"] == "http" else receive, body.send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _say(send, *refused)

    def _refused(self, scope: Scope, told: dict[bytes, str]) -> tuple[int, str] | None:
        host = _name(told.get(b"host", ""))
        if host is None or host[0] not in self._hosts:
            return 421, "This desk does not answer to that name."
        asks = scope["type"] == "websocket" or scope["method"] not in _READS
        if asks and not self._same_site(told, host):
            return 403, "Another site's page may not do that."
        if scope["path"].rstrip("/") in self._shut:
            return 404, "Not Found"
        length = told.get(b"content-length", "0")
        if scope["type"] == "http" and (not length.isdecimal() or int(length) > self._most):
            return 413, f"More than {self._most // 1024**2} MB are not taken."
        return None

    def _same_site(self, told: dict[bytes, str], host: tuple[str, int | None]) -> bool:
        """Whether the page that asks is ours: same name and port, or, behind a proxy, a name we were told of.

        A page of another port of this machine is another site. Programs send no origin.
        """
        given = told.get(b"origin")
        if given is None:
            return told.get(b"sec-fetch-site", "same-origin") in ("same-origin", "none")
        if given == "null":  # a form on a page that sends no referrer, as ours: the browser says whose page it was
            return told.get(b"sec-fetch-site") == "same-origin"
        parts = urlsplit(given)
        origin = _name(parts.netloc)
        if origin is None or parts.scheme not in _PORTS:
            return False
        port = origin[1] or _PORTS[parts.scheme]
        if origin[0] == host[0] and port == (host[1] or _PORTS[parts.scheme]):
            return True
        return origin[0] in self._hosts and not _loopback(origin[0]) and _loopback(host[0])


class _Body:
    """A request's body, counted; where it goes on beyond the limit the app hears that the caller has gone."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self._left = receive, send, most
        self._begun = self._over = False

    async def receive(self) -> Message:
        """The next part, as long as there is room."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0 and not self._over:
                self._over = True
                if not self._begun:
                    await _say(self._send, 413, "That is more than is taken.")
            if self._over:
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Pass on the app's answer, unless it was given already."""
        if not self._over:
            self._begun = self._begun or message["type"] == "http.response.start"
            await self._send(message)


def _name(text: str) -> tuple[str, int | None] | None:
    """Host and port of a Host header or an origin; ``None`` where it is none."""
    try:
        parts = urlsplit(f"//{text}")
        if parts.hostname is None or parts.path or parts.username is not None:
            return None
        return parts.hostname.rstrip("."), parts.port
    except ValueError:
        return None


def _loopback(name: str) -> bool:
    return name in ("localhost", "::1") or name.startswith("127.")


async def _say(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()),
               (b"connection", b"close")]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
