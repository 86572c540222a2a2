"""Serve the screens: one process on this machine, with a Content-Security-Policy, until it is told to stop."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import signal
import socket
import threading
import tomllib
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import BadSetting
from pipelines import settings as environment
from pipelines import signing
from pipelines.doors import Doors
from pipelines.follow import following
from pipelines.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app.py"
PAGES = ("search", "triage", "patterns", "problems", "knowledge", "reports", "models", "desk",
         "import", "access", "privacy", "integrations", "audit")  # fmt: skip
"""Paths of the pages that app.py names; the first is also the way in."""
LOOKS = ROOT / "kb" / "screens" / "assets" / "streamlit.toml"
STOP_WITHIN = 3
"""Seconds that open pages get before the process ends all the same."""
_WHERE = 'window.__streamlit={BACKEND_BASE_URL:location.origin+"/"}'
_GIVEN: list[Settings] = []
FACES = ("screens", "api")


def serve(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    open_browser: bool = False,
    faces: Sequence[str] = FACES,
    say: Callable[[str], None] = lambda sentence: None,
) -> int:
    """Serve the desk of ``settings`` until Ctrl-C or SIGTERM; returns 0 then.

    Raises ``BadSetting`` where ``host`` would let other machines in and nobody has to sign in, or the port is taken.
    """
    if not only_this_machine(host):
        signing.ready_for_others(settings, host)
    free(host, port)
    environment.be_offline()
    _GIVEN[:] = [replace(settings, via="serving")]
    settings = in_use()
    api = _api(settings) if "api" in faces else None
    server = _server(host, port, settings, api, screens="screens" in faces)
    address = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    say(f"Seen Before is at {address} (Ctrl-C stops it).")
    if open_browser:
        threading.Timer(1.0, webbrowser.open, (address,)).start()
    with _stopped_quietly(), following(settings), _working(settings, api):
        server.run()
    return 0


def faces_of(*, no_api: bool, api_only: bool) -> tuple[str, ...]:
    """What to serve. Raises ``BadSetting`` where nothing would be left."""
    if no_api and api_only:
        raise BadSetting("--no-api and --api-only leave nothing to serve: give one of them.")
    return ("screens",) if no_api else ("api",) if api_only else FACES


def in_use() -> Settings:
    """The settings this process serves with, for ``app.py``; the environment's where it was started otherwise."""
    return _GIVEN[0] if _GIVEN else environment.read()


def only_this_machine(host: str) -> bool:
    """Whether the address is a loopback one, which no other machine can reach."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def free(host: str, port: int) -> None:
    """Raise ``BadSetting`` where something else listens on the port, or we may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadSetting(f"Port {port} cannot be used ({error.strerror}): choose another with --port.") from error


def looks() -> dict[str, Any]:
    """Streamlit's options as "section.name" → value, from the file beside the screens."""
    return dict(_flat(tomllib.loads(LOOKS.read_text("utf-8"))))


def policy(page: str) -> str:
    """The Content-Security-Policy: this server only; of inline scripts just those that ``page`` came with."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    known = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *known],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


class Guarded:
    """ASGI middleware that puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the headers where an answer starts."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in self._headers}
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in ours]
                message = {**message, "headers": [*kept, *self._headers]}
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def shell(page: str) -> str:
    """Streamlit's own page with our title, told where its server is instead of searching for it path by path."""
    page = re.sub(r"<title>.*?</title>", "<title>Seen Before</title>", page, count=1)
    page = re.sub(
        r"<noscript>.*?</noscript>", "<noscript>Seen Before needs JavaScript.</noscript>", page, flags=re.DOTALL
    )
    page = re.sub(r"<!--.*?-->\s*|<link rel=\"service-desc\"[^>]*>\s*", "", page, flags=re.DOTALL)
    return page.replace("<head>", f"<head><script>{_WHERE}</script>", 1)


def _headers(page: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy(page),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


class Beside:
    """ASGI middleware that hands what is under /api to the API, and everything else on."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app, self._api = app, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the one or the other."""
        to_api = scope["type"] == "http" and (scope["path"] == "/api" or scope["path"].startswith("/api/"))
        await (self._api if to_api else self._app)(scope, receive, send)


def _server(host: str, port: int, settings: Settings, api: Any, *, screens: bool) -> Any:
    import uvicorn

    door = signing.Door(settings)
    options = {**looks(), **_reached(settings, door, host, port)}
    app, page = _screens(door, options, api) if screens else (api, "")
    most = (options["server.maxUploadSize"] + 1) * 1024**2
    doors = Doors(app, hosts=options["server.allowedHosts"], most=most)
    config = uvicorn.Config(
        Guarded(doors, headers=_headers(page)),  # outermost: what is refused or breaks carries the headers too
        host=host, port=port, log_level="error", access_log=False, server_header=False,
        ws="websockets-sansio", timeout_graceful_shutdown=STOP_WITHIN, lifespan="auto" if screens else "off",
    )  # fmt: skip
    return uvicorn.Server(config)


def _screens(door: signing.Door, options: dict[str, Any], api: ASGIApp | None) -> tuple[Any, str]:
    """The app of the screens, with the API beside it where there is one, and the text of its first page."""
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.responses import HTMLResponse, RedirectResponse
    from starlette.routing import Route
    from streamlit.web.bootstrap import load_config_options

    page = shell((Path(st.__file__).parent / "static" / "index.html").read_text("utf-8"))

    async def begin(request: Request) -> HTMLResponse:
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    async def first(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")

    others = [Route(path, begin) for path in ("/", *(f"/{name}" for name in (*PAGES[1:], signing.ENTER)))]
    routes = [Route(f"/{PAGES[0]}", first), *others]  # Streamlit knows its first page by no other name than "/"
    load_config_options(options)
    beside = [] if api is None else [Middleware(Beside, api=api)]  # programs have keys and do not sign in
    guards = [*beside, Middleware(signing.Gate, door=door)]
    return st.App(APP, routes=[*routes, *signing.routes(door)], middleware=guards), page


def _api(settings: Settings) -> Any:
    from kb.api import make
    from pipelines.opened import opened

    desk = opened(settings)
    return make(desk, desk.store, is_open=lambda: desk.is_open)


@contextmanager
def _working(settings: Settings, api: Any) -> Iterator[None]:
    """What goes on beside serving the API: the desk is opened, calls are noted, messages go out."""
    if api is None:
        yield
        return
    from pipelines.worker import Worker

    worker = Worker(settings, api.metrics.keep)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def _reached(settings: Settings, door: signing.Door, host: str, port: int) -> dict[str, Any]:
    """By which names the desk is reached, and how people sign in elsewhere."""
    said: dict[str, Any] = {
        "server.address": host,
        "server.port": port,
        "browser.serverPort": port,
        "server.allowedHosts": [*looks()["server.allowedHosts"], host, *settings.hosts],
    }
    if door.elsewhere is not None:
        said["secrets.files"] = [str(door.elsewhere.file)]
    return said


@contextmanager
def _stopped_quietly() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the serving and nothing else; uvicorn hands both on once it has stopped."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, lambda *_: None) if main else None
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _flat(table: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{under}{name}.")
        else:
            yield f"{under}{name}", value
