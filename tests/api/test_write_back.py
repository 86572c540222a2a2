"""The worked example for three ticketing tools, run as a person runs it: a private note first, fields only if told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from kb.records import Prediction

SCRIPT = Path(__file__).resolve().parents[2] / "notebooks" / "write_back.py"
READS = {
    "/api/now/table/incident": {"result": [{"sys_id": "s1", "number": "INC1", "short_description": "VPN drops",
                                            "description": "error 809"}]},
    "/rest/api/2/issue/IT-17": {"key": "IT-17", "fields": {"summary": "VPN drops", "description": None}},
    "/api/v1/tickets/42": {"id": 42, "title": "VPN drops"},
    "/api/v1/ticket_articles/by_ticket/42": [{"body": "error 809"}],
}  # fmt: skip


class Tool(BaseHTTPRequestHandler):
    """Answers as the three tools do, and keeps what is written."""

    written: list[tuple[str, str, Any]]

    def do_GET(self) -> None:
        self._answer(READS[self.path.partition("?")[0]])

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        type(self).written.append((self.command, self.path, sent))
        self._answer({})

    do_PATCH = do_PUT = do_POST

    def _answer(self, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def tool() -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    handler = type("Here", (Tool,), {"written": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler.written
        server.shutdown()


@contextmanager
def served(api: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(("name", "ticket", "noted", "filled"), [
    ("servicenow", "INC1", ("PATCH", "/api/now/table/incident/s1", "work_notes", {}), "/api/now/table/incident/s1"),
    ("jira", "IT-17", ("POST", "/rest/servicedeskapi/request/IT-17/comment", "body", {"public": False}),
     "/rest/api/2/issue/IT-17"),
    ("zammad", "42", ("POST", "/api/v1/ticket_articles", "body", {"internal": True, "ticket_id": 42}),
     "/api/v1/tickets/42"),
])  # fmt: skip
def test_a_private_note_is_written_and_a_field_only_where_the_desk_says_so(
    world: Any, name: str, ticket: str, noted: tuple[str, str, str, dict[str, Any]], filled: str
) -> None:  # fmt: skip
    desk, key = world.desk, world.key("triage")
    plain = desk.triage

    def sure(tickets: Any, **more: Any) -> Any:
        said = {"category": Prediction("category", "Network", 0.97)}
        return [replace(one, predictions=said) for one in plain(tickets, **more)]

    with tool() as (address, written), served(world.api()) as base:

        def run() -> None:
            given = {"SEENBEFORE_URL": base, "SEENBEFORE_KEY": key, "TOOL_URL": address, "TOOL_AUTH": "Basic x",
                     "FIELDS": "category=category"}  # fmt: skip
            subprocess.run([sys.executable, str(SCRIPT), name, ticket], env={**os.environ, **given}, check=True)

        run()
        method, path, field, more = noted
        ((at, where, sent),) = written
        assert (at, where) == (method, path)
        assert "INC00" in sent[field]
        assert more.items() <= sent.items()
        desk.triage = sure
        for policy, fields in (({}, 0), ({"modes": {"category": "autofill"}}, 0), ({"promise": 0.9}, 1)):
            desk.policy = replace(desk.policy, **policy)
            written.clear()
            run()
            assert len(written) == 1 + fields
        assert written[-1][1] == filled
        assert "Network" in json.dumps(written[-1][2])
