"""The door of the served desk: a sign-in page without scripts, a cookie no script can read, a gate before all else."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from kb.errors import BadSetting, SeenBeforeError
from kb.signins import WRONG
from kb.store import Store
from pipelines.home import Home
from pipelines.settings import Settings
from pipelines.signing_page import written

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "seenbefore_session"
"""Holds the token of a local account's session; the store holds its sha256 only."""
FORM = "seenbefore_form"
ENTER = "enter"
"""The page that hands over to the sign-in of the organisation."""
_OPEN = ("/static/", "/_stcore/health", "/_stcore/host-config", "/_stcore/bidi-components/", "/favicon", "/sign-in",
         "/sign-out", "/api/")  # fmt: skip
"""What anybody may fetch: the program's own files, the way in, and what has keys of its own."""
_HANDOVER = ("/auth/", "/oauth2callback", f"/{ENTER}", "/_stcore/stream")
_NEXT = re.compile(r"/[a-z-]{0,20}(\?[\w%&=.+:~-]{0,1000})?")
_MOST = 4_096
_AT_ONCE = 2
"""So many passwords are checked at a time; each takes 64 MB for a moment."""
_LASTS = 24 * 3_600


@dataclass(frozen=True)
class Elsewhere:
    """The sign-in of the organisation (OpenID Connect), from the file that SEENBEFORE_OIDC names."""

    file: Path
    label: str
    """What the button says after "Sign in with"."""
    claims: tuple[str, ...]
    """The claims whose values stand for roles and groups."""

    @classmethod
    def read(cls, file: Path) -> Elsewhere:
        """Raises ``BadSetting`` where the file has not what it takes; never tells what stands in it."""
        try:
            said = tomllib.loads(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadSetting(
                f"SEENBEFORE_OIDC names {file}, which cannot be read as TOML: mend or unset it."
            ) from error
        auth, ours = said.get("auth", {}), said.get("seenbefore", {})
        wanted = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
        missing = [name for name in wanted if not isinstance(auth.get(name), str) or not auth[name]]
        if missing:
            raise BadSetting(
                f"{file} lacks {', '.join(missing)} in its section [auth]: add what your provider gave you."
            )
        if len(auth["cookie_secret"]) < 32:
            raise BadSetting(f"cookie_secret in {file} is shorter than 32 characters: make it longer, at random.")
        named = ours.get("claims", ["groups", "roles"])
        claims = tuple(map(str, named)) if isinstance(named, list) else (str(named),)
        return cls(file, str(ours.get("label", "your organisation"))[:60], claims)


@dataclass(frozen=True)
class Door:
    """Whether people have to sign in, and who has."""

    settings: Settings

    @cached_property
    def store(self) -> Store:
        """The store, opened once."""
        return Home(self.settings).store

    @cached_property
    def elsewhere(self) -> Elsewhere | None:
        """The sign-in of the organisation, where one is set up."""
        return Elsewhere.read(self.settings.oidc) if self.settings.oidc is not None else None

    @property
    def shut(self) -> bool:
        """Whether one has to sign in: as soon as an account exists or the organisation's sign-in is set up."""
        return self.elsewhere is not None or (Home(self.settings).exists and self.store.any_people())

    def knows(self, token: str) -> bool:
        """Whether this token is that of a session that counts."""
        return bool(token) and self.store.of_session(token, now=datetime.now(UTC)) is not None


def ready_for_others(settings: Settings, host: str) -> None:
    """Raise ``BadSetting`` where other machines would be let in and nobody has to sign in."""
    door = Door(settings)
    if not Home(settings).exists or (door.elsewhere is None and not door.store.local_people()):
        raise BadSetting(
            f"--host {host[:80]} would open the desk to other machines, and nobody would have to sign in: "
            "make an account with `seenbefore user add NAME --role admin` first, or set SEENBEFORE_OIDC."
        )
    if not settings.hosts:
        raise BadSetting(
            "Say by which name other machines reach the desk, such as SEENBEFORE_HOSTS=desk.example.com, "
            "so that no other name is answered."
        )


class Gate:
    """ASGI middleware: who has not signed in gets the sign-in page, and nothing else."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass; send people to the sign-in page, and refuse the rest."""
        if scope["type"] not in ("http", "websocket") or await self._passes(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        from starlette.responses import PlainTextResponse, RedirectResponse

        page = scope["method"] in ("GET", "HEAD") and "." not in scope["path"] and scope["path"].count("/") == 1
        asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        where = f"/sign-in?next={quote(asked, safe='')}" if _NEXT.fullmatch(asked) and asked != "/" else "/sign-in"
        answer = (
            RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})
            if page
            else PlainTextResponse("Sign in first.", 403)
        )
        await answer(scope, receive, send)

    async def _passes(self, scope: Scope) -> bool:
        path = scope["path"]
        if path.startswith(_OPEN):
            return True
        cookies = _cookies(scope)
        return await asyncio.to_thread(self._may, path, cookies)

    def _may(self, path: str, cookies: dict[str, str]) -> bool:
        try:
            if not self._door.shut or self._door.knows(cookies.get(COOKIE, "")):
                return True
        except SeenBeforeError:
            return False
        if self._door.elsewhere is None:
            return False
        return path.startswith(_HANDOVER) or "_streamlit_user" in cookies  # the page itself looks who it is


def routes(door: Door) -> list[BaseRoute]:
    """The sign-in page, what it sends, and the way out."""
    from starlette.responses import PlainTextResponse, RedirectResponse
    from starlette.routing import Route

    few = asyncio.Semaphore(_AT_ONCE)

    async def show(request: Request) -> Response:
        return await _shown(door, request)

    async def enter(request: Request) -> Response:
        said = await _said(request)
        onward = _next(said.get("next", ""))
        if said is _NOTHING or not _ours(request):
            return PlainTextResponse("This form was not sent from here.", 403)
        token = request.cookies.get(FORM, "")
        if not token or not hmac.compare_digest(token.encode(), said.get("form", "").encode("utf-8", "replace")):
            return _page(door, onward, trouble="The page was open for too long: try again.", status=400)
        name, password = said.get("name", ""), said.get("password", "")
        try:
            async with few:
                session = await asyncio.to_thread(door.store.sign_in, name, password, now=datetime.now(UTC))
        except SeenBeforeError as error:
            wrong = str(error) if str(error) == WRONG else "The desk cannot be read right now: try again later."
            return _page(door, onward, trouble=wrong, name=name, status=401)
        answer = RedirectResponse(onward or "/", 303)
        answer.set_cookie(COOKIE, session, max_age=_LASTS, path="/", httponly=True, samesite="lax",
                          secure=request.url.scheme == "https")  # fmt: skip
        answer.delete_cookie(FORM, path="/sign-in")
        return answer

    async def leave(request: Request) -> Response:
        if not _ours(request):
            return PlainTextResponse("This form was not sent from here.", 403)
        token = request.cookies.get(COOKIE, "")
        if token:
            await asyncio.to_thread(door.store.sign_out, token, now=datetime.now(UTC))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return [
        Route("/sign-in", show, methods=["GET"]),
        Route("/sign-in", enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
    ]


async def _shown(door: Door, request: Request) -> Response:
    """The sign-in page; the desk where nobody has to sign in, and a sentence where it cannot be read."""
    from starlette.responses import PlainTextResponse, RedirectResponse

    try:
        if not await asyncio.to_thread(lambda: door.shut):
            return RedirectResponse("/", 303)
        return _page(door, _next(request.query_params.get("next", "")))
    except SeenBeforeError as error:
        return PlainTextResponse(str(error), 503)


_NOTHING: dict[str, str] = {}


async def _said(request: Request) -> dict[str, str]:
    """The fields of a small form; nothing for anything else."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _NOTHING
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            return _NOTHING
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8)
    except (UnicodeDecodeError, ValueError):
        return _NOTHING
    return {name: values[-1] for name, values in fields.items()}


def _ours(request: Request) -> bool:
    """Whether a page of ours sent this, as far as the browser says.

    Our policy lets no page tell where it came from, so "null" is usual; the cookies' SameSite and the form's own
    token decide then.
    """
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(origin or "").netloc != request.headers.get("host", ""):
        return False
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _next(asked: str) -> str:
    """Where to go after signing in: a page of ours, else the first."""
    return asked if _NEXT.fullmatch(asked) and not asked.startswith("/sign") else ""


def _cookies(scope: Scope) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                continue
    return {name: one.value for name, one in jar.items()}


def _page(door: Door, onward: str, *, trouble: str = "", name: str = "", status: int = 200) -> Response:
    from starlette.responses import HTMLResponse

    token, other = secrets.token_urlsafe(32), door.elsewhere
    page = written(token=token, onward=onward, trouble=trouble, name=name, label=other.label if other else "",
                   local=other is None or door.store.local_people())  # fmt: skip
    answer = HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
    answer.set_cookie(FORM, token, max_age=3_600, path="/sign-in", httponly=True, samesite="strict")
    return answer


__all__ = ["COOKIE", "ENTER", "Door", "Elsewhere", "Gate", "ready_for_others", "routes"]
