"""A real server process, asked by other hosts' names, other sites' pages and with bodies too large: it does not open."""

from __future__ import annotations

import asyncio
import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.doors import Doors

ROOT = Path(__file__).resolve().parents[2]
HEADERS = {"content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options",
           "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy"}  # fmt: skip


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server whose home is empty: what is asked here never reaches a page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    home = tmp_path_factory.mktemp("doors")
    process = subprocess.Popen([sys.executable, "-m", "pipelines", "serve", "--home", str(home), "--port", str(free)],
                               cwd=ROOT, stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(240):
            assert process.poll() is None, "serving ended at once"
            try:
                socket.create_connection(("127.0.0.1", free), 1).close()
                break
            except OSError:
                time.sleep(0.25)
        yield free
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def asked(port: int, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; a ``Host`` given takes the place of the usual one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"127.0.0.1:{port}", **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, told


def shaken(port: int, host: str, origin: str | None) -> str:
    """The status line of a websocket handshake."""
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        lines = ["GET /_stcore/stream HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Protocol: streamlit", *([f"Origin: {origin}"] if origin is not None else [])]  # fmt: skip
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return wire.recv(4096).split(b"\r\n")[0].decode()


PATHS = ("/", "/search", "/_stcore/health", "/static/js/none.js", "/nowhere", "/media/x", "/_stcore/upload_file/a/b",
         "/component/x/y", "/%2e%2e/%2e%2e/etc/passwd", "/app/static/x")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(port: int, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        status, told = asked(port, path, method=method, Content_Length="0")
        assert told.keys() >= HEADERS, (method, path, status)
        assert "server" not in told


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:80",
                                  "127.0.0.1@evil.example", "[::1].evil.example", "", "a b", "xn--lcalhost-7za"])  # fmt: skip
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(port: int, host: str) -> None:
    for path in PATHS[:6]:
        status, told = asked(port, path, Host=host)
        assert status in (400, 421), (host, path)
        assert status == 400 or told.keys() >= HEADERS
    for origin in (None, f"http://{host}", f"http://127.0.0.1:{port}"):
        assert "101" not in shaken(port, host, origin)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "localhost."])
def test_this_machines_own_names_are_answered(port: int, name: str) -> None:
    assert asked(port, "/", Host=f"{name}:{port}")[0] == 200


def test_only_our_own_pages_may_open_the_stream(port: int) -> None:
    ours = f"127.0.0.1:{port}"
    assert "101" in shaken(port, ours, f"http://{ours}")
    assert "101" in shaken(port, ours, None)
    for origin in ("http://evil.example", f"http://evil.example:{port}", "null", "", "http://localhost:9999",
                   f"http://127.0.0.1:{port + 1}", "https://desk.streamlit.app", f"http://127.0.0.1:{port}@evil.example",
                   f"http://127.0.0.1:{port}.evil.example", f"file://127.0.0.1:{port}", "http://[", "http://127.0.0.1"):  # fmt: skip
        assert "101" not in shaken(port, ours, origin), origin


def test_another_sites_page_may_write_nothing(port: int) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for origin in ("http://evil.example", "null", "http://localhost:9999"):
            assert asked(port, "/_stcore/upload_file/a/b", method=method, Origin=origin, Content_Length="0")[0] == 403
        assert (
            asked(port, "/_stcore/upload_file/a/b", method=method, Sec_Fetch_Site="cross-site", Content_Length="0")[0]
            == 403
        )


def test_an_upload_without_the_token_is_refused(port: int) -> None:
    assert asked(port, "/_stcore/upload_file/a/b", method="PUT", Content_Length="0")[0] == 403


def test_a_gigabyte_is_refused_before_a_byte_of_it_is_read(port: int) -> None:
    started = time.monotonic()
    status, told = asked(port, "/_stcore/upload_file/a/b", method="PUT", Content_Length=str(1024**3))
    assert status == 413
    assert told.keys() >= HEADERS
    assert time.monotonic() - started < 5


def test_figures_of_sessions_are_not_told_to_anybody(port: int) -> None:
    assert asked(port, "/_stcore/metrics")[0] == asked(port, "/_stcore/metrics/")[0] == 404


def test_what_lies_outside_is_not_served(port: int) -> None:
    for path in ("/static/../../../../../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
                 "/component/seenbefore.paper/../../../../etc/passwd", "/_stcore/bidi-components/x/..%2f..%2fetc%2fpasswd"):  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path)
        assert b"root:" not in connection.getresponse().read(), path
        connection.close()


# --- without a server ----------------------------------------------------------------------------------------------


def through(
    scope: dict[str, Any], parts: list[bytes], *, hosts: tuple[str, ...] = ("127.0.0.1",)
) -> tuple[list[int], int]:
    """Statuses sent, and bytes of the body that the app was given."""
    sent: list[int] = []
    read = 0

    async def app(_: Any, receive: Any, send: Any) -> None:
        nonlocal read
        while (message := await receive())["type"] == "http.request":
            read += len(message["body"])
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    left = list(parts)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    doors = Doors(app, hosts=hosts, most=1_000)
    asyncio.run(doors(scope, receive, send))  # type: ignore[arg-type]
    return sent, read


def scope(*headers: tuple[str, str], method: str = "POST") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": "/x", "headers": [(k.encode(), v.encode()) for k, v in headers]}


def test_a_body_that_goes_on_is_cut_off_whatever_it_said_of_its_length() -> None:
    assert through(scope(("host", "127.0.0.1")), [b"x" * 400, b"x" * 400]) == ([200], 800)
    assert through(scope(("host", "127.0.0.1")), [b"x" * 600] * 50) == ([413], 600)
    assert through(scope(("host", "127.0.0.1"), ("content-length", "-1")), [b""]) == ([413], 0)


def test_behind_a_proxy_its_public_name_may_be_the_origin() -> None:
    both = ("127.0.0.1", "kb.example.com")
    proxied = scope(("host", "127.0.0.1:8501"), ("origin", "https://kb.example.com"))
    assert through(proxied, [b""], hosts=both)[0] == [200]
    assert through(proxied, [b""])[0] == [403]
    public = scope(("host", "kb.example.com"), ("origin", "https://kb.example.com"))
    assert through(public, [b""], hosts=both)[0] == [200]
    assert through(scope(("host", "kb.example.com"), ("origin", "http://127.0.0.1")), [b""], hosts=both)[0] == [403]
