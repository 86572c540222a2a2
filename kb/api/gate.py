"""The gate before every route: a key or nothing, sizes, rates and turns, and answers that are given again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kb.api.addresses import Addresses
from kb.api.errors import Refusal, refused, went_wrong
from kb.api.errors import of as problem_of
from kb.api.keys import CALLER, Caller
from kb.api.limits import Buckets, Limits, Turns
from kb.api.metrics import Metrics
from kb.errors import BadSetting, Damaged, SeenBeforeError
from kb.hooks import is_signed
from kb.records import Viewer
from kb.roles import of_scopes
from kb.store import Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
HOOK_RATE = 600
_LONGEST_KEY = 200
_REFUSED = "Give a valid key: Authorization: Bearer sb_…"


class Gate:
    """ASGI app around the routes: nothing but the open addresses is reached without a key or a signature."""

    def __init__(
        self, inner: ASGIApp, *, store: Callable[[], Store], clock: Callable[[], datetime], metrics: Metrics,
        limits: Limits, open_to_all: frozenset[str], signed: frozenset[str], asks: frozenset[str],
        addresses: Addresses,
    ) -> None:  # fmt: skip
        self._inner, self._store, self._clock, self._metrics, self._limits = inner, store, clock, metrics, limits
        self._open, self._signed, self._asks, self._addresses = open_to_all, signed, asks, addresses
        self._buckets = Buckets(time.monotonic)
        self.turns = Turns(limits)
        self._aside = ThreadPoolExecutor(2, "seenbefore-gate")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens, and count it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started, told = time.perf_counter(), _Told(send)
        try:
            await self._let_in(scope, receive, told)
        except Refusal as refusal:
            await told.instead(refused(refusal), scope, receive)
        except SeenBeforeError as error:
            await told.instead(problem_of(error), scope, receive)
        except Exception as error:  # noqa: BLE001 - the last word to a program is never a stack trace
            await told.instead(went_wrong(error), scope, receive)
        finally:
            route = self._addresses.template(scope["path"], scope["method"])
            self._metrics.note(scope, route, told.status, time.perf_counter() - started, self._clock())

    async def _let_in(self, scope: Scope, receive: Receive, send: _Told) -> None:
        path, headers = scope["path"], _headers(scope)
        if path in self._open:
            await self._inner(scope, _nothing, send)
            return
        caller = None if path in self._signed else await self._who(headers)
        if caller is not None:
            self._within_rate(caller)
        body = await self._body(path, scope["method"], headers, receive)
        if caller is None:
            caller = await self._sender(headers, body)
            self._within_rate(caller)
        scope[CALLER] = caller
        async with self.turns.turn():
            if body and path not in self._signed:
                await self._aside_run(lambda: checked_json(headers, body))
            name = headers.get("idempotency-key")
            taken = scope["method"] in WRITES and scope["method"] in self._addresses.methods(path)
            if name is not None and taken and caller.key is not None and path not in self._asks:
                await self._once(scope, body, caller, name, send)
            else:
                await self._inner(scope, _given(body, receive), send)

    # --- who ---------------------------------------------------------------------------------------------------

    async def _who(self, headers: Mapping[str, str]) -> Caller:
        """The holder of a key. Raises ``Refusal`` (401), the same for a missing, wrong, expired and revoked one."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.casefold() != "bearer" or not 0 < len(token.strip()) <= _LONGEST_KEY:
            raise _no_key()
        now = self._clock()
        key = await self._aside_run(lambda: self._store().key_of(token.strip(), now=now))
        if key is None:
            raise _no_key()
        self._metrics.used[key.id] = now
        return Caller(f"key:{key.id}", key.name, key.viewer, key.rate, key)

    async def _sender(self, headers: Mapping[str, str], body: bytes) -> Caller:
        """Whoever signed this message. Raises ``Refusal``: 401 for forged and stale, 409 for one that came before."""
        now = self._clock()

        def look() -> Caller:
            store, shut = self._store(), False
            for hook in store.hooks("in"):
                try:
                    mine = hook.active and is_signed(store.secret_of(hook), headers, body, now=now)
                except (BadSetting, Damaged):
                    mine, shut = False, True
                if mine:
                    if not store.take_message(hook.id, headers["webhook-id"], now=now):
                        raise Refusal(409, "This message came before; it was not taken again.")
                    viewer = Viewer(f"hook:{hook.name}", roles=of_scopes(("tickets:write",)))
                    return Caller(f"hook:{hook.id}", hook.name, viewer, HOOK_RATE, hook=hook,
                                  message=headers["webhook-id"])  # fmt: skip
            if shut:  # 401 would tell a tool that its secret is wrong
                raise Refusal(503, "Signatures cannot be checked just now: who runs this desk sees why with "
                              "`seenbefore doctor`.", headers={"Retry-After": "300"})  # fmt: skip
            raise Refusal(401, "Sign the message with the secret of an incoming webhook, within five minutes.",
                          headers={"WWW-Authenticate": "Signature"})  # fmt: skip

        return await self._aside_run(look)

    def _within_rate(self, caller: Caller) -> None:
        wait = self._buckets.take(caller.id, caller.rate)
        if wait:
            raise Refusal(429, "This key is used too often: wait, or have its rate raised.",
                          headers={"Retry-After": str(max(1, round(wait + 0.5)))})  # fmt: skip

    # --- what --------------------------------------------------------------------------------------------------

    async def _body(self, path: str, method: str, headers: Mapping[str, str], receive: Receive) -> bytes:
        """The whole body. Raises ``Refusal``: 413 before it is read where it says its size, 415, 408."""
        most = self._limits.batch if "/batch/" in path else self._limits.body
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdecimal() and (len(declared) > 12 or int(declared) > most):
            raise _too_large(most)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Refusal(400, "The request ended early.")
                    size += len(message.get("body", b""))
                    if size > most:
                        raise _too_large(most)
                    parts.append(message.get("body", b""))
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            raise Refusal(408, "The body took too long to come.", headers={"Connection": "close"}) from error
        body = b"".join(parts)
        media, *more = (part.strip().casefold() for part in headers.get("content-type", "").split(";"))
        charset = next((part.partition("=")[2].strip('"') for part in more if part.startswith("charset=")), "utf-8")
        if method in WRITES and body and (media != "application/json" or charset not in ("utf-8", "utf8", "us-ascii")):
            raise Refusal(415, "Send JSON in UTF-8, with Content-Type: application/json.")
        return body

    async def _once(self, scope: Scope, body: bytes, caller: Caller, name: str, send: _Told) -> None:
        """Work on a request that carries an idempotency key: once, and then give the same answer again."""
        if not 0 < len(name) <= _LONGEST_KEY or not (name.isascii() and name.isprintable()):
            raise Refusal(422, f"An Idempotency-Key is at most {_LONGEST_KEY} printable ASCII characters.")
        asked = f"{scope['method']} {scope['path']}?{scope.get('query_string', b'').decode('latin-1')}\n".encode()
        digest, now = hashlib.sha256(asked + body).hexdigest(), self._clock()
        known = await self._aside_run(lambda: self._store().begin_replay(caller.id, name, digest, now=now))
        if known is not None:
            if known.request_hash != digest:
                raise Refusal(422, "This Idempotency-Key was used for another request: take a new one.")
            if known.status is None:
                raise Refusal(409, "The first request with this Idempotency-Key is still at work.",
                              headers={"Retry-After": "1"})  # fmt: skip
            await send.raw(known.status, known.answer)
            return
        send.keep = True
        done = False
        try:
            await self._inner(scope, _given(body, _nothing), send)
            done = 200 <= send.status < 300
        finally:
            status, answer = (send.status, bytes(send.kept)) if done else (None, b"")
            await self._aside_run(lambda: self._store().end_replay(caller.id, name, status=status, answer=answer))

    async def _aside_run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)


class _Told:
    """What was sent so far: the status, and the body where it is to be kept."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status, self.started, self.keep = 0, False, False
        self.kept = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*headers, (b"cache-control", b"no-store")]}
        elif message["type"] == "http.response.body" and self.keep:
            self.kept += message.get("body", b"")
        await self._send(message)

    async def instead(self, response: ASGIApp, scope: Scope, receive: Receive) -> None:
        """Send this answer, if none was begun."""
        if not self.started:
            await response(scope, receive, self)

    async def raw(self, status: int, body: bytes) -> None:
        """Send an answer that was kept."""
        headers = [(b"content-type", b"application/json"), (b"idempotent-replayed", b"true"),
                   (b"content-length", str(len(body)).encode())]  # fmt: skip
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def checked_json(headers: Mapping[str, str], body: bytes) -> None:
    """Raise ``Refusal`` (400) for what JSON cannot mean: broken, nested too deep, a name twice, NaN, endless digits."""
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except RecursionError as error:
        raise Refusal(400, "The body is nested too deep.") from error
    except ValueError as error:
        raise Refusal(400, "The body cannot be read: send JSON in UTF-8, each name once, and no NaN.") from error


def _pairs(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")


def _constant(word: str) -> None:
    raise ValueError(word)


def _no_key() -> Refusal:
    return Refusal(401, _REFUSED, headers={"WWW-Authenticate": "Bearer"})


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"A body here is at most {most // 1024:,} KB; send less at a time.",
                   headers={"Connection": "close"})  # fmt: skip


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _given(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, once; then whatever else comes, such as the end of the connection."""
    left = [body]

    async def give() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return give
