"""Who is calling: what a key lets its holder do, as a dependency that every route names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException

from kb.apikeys import ApiKey
from kb.desk import Desk
from kb.hooks import Hook
from kb.records import Viewer

CALLER = "seenbefore.caller"
"""Where the gate leaves who calls, in the scope of the request."""
BEARER = HTTPBearer(scheme_name="key", auto_error=False, description="A key from `seenbefore key add`.")
SIGNED = APIKeyHeader(name="webhook-signature", scheme_name="signature", auto_error=False,
                      description="HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks).")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a good key, or signed the message."""

    id: str
    name: str
    viewer: Viewer
    rate: int
    key: ApiKey | None = None
    hook: Hook | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a route works with: the desk, who reads, and the time."""

    desk: Desk
    viewer: Viewer
    now: datetime
    request: Request
    caller: Caller


def needs(scope: str) -> Any:
    """A dependency that lets only keys with this scope in and gives the route its :class:`Asking`."""

    def asking(request: Request, _: object = Security(BEARER, scopes=[scope])) -> Asking:
        caller = _caller(request)
        if caller.key is None or not caller.key.may(scope):
            raise HTTPException(403, f"This key is not for that: it needs the scope {scope}.")
        return _asking(request, caller)

    asking.scope = scope  # type: ignore[attr-defined]
    return Depends(asking)


def any_key() -> Any:
    """A dependency that lets every good key in."""

    def asking(request: Request, _: object = Security(BEARER)) -> Asking:
        caller = _caller(request)
        if caller.key is None:
            raise HTTPException(403, "This address is for keys.")
        return _asking(request, caller)

    asking.scope = "any"  # type: ignore[attr-defined]
    return Depends(asking)


def signed() -> Any:
    """A dependency that lets signed messages in; the gate has checked the signature."""

    def asking(request: Request, _: object = Security(SIGNED)) -> Asking:
        caller = _caller(request)
        if caller.hook is None:
            raise HTTPException(403, "This address is for signed messages.")
        return _asking(request, caller)

    asking.scope = "signed"  # type: ignore[attr-defined]
    return Depends(asking)


def _caller(request: Request) -> Caller:
    found = request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise HTTPException(401, "Give a valid key.", headers={"WWW-Authenticate": "Bearer"})
    return found


def _asking(request: Request, caller: Caller) -> Asking:
    desks = cast("Callable[[], Desk]", request.app.state.desks)
    clock = cast("Callable[[], datetime]", request.app.state.clock)
    return Asking(desks(), caller.viewer, clock(), request, caller)
