"""Keys and webhooks on the command line, the worker beside serving, and the desk that all share."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kb.errors import BadSetting
from kb.keyring import Call
from kb.privacy.sealing import new_key
from kb.records import Ticket
from kb.store import Store
from kb.text import prepare
from pipelines import serve as serving
from pipelines.__main__ import app
from pipelines.home import Home
from pipelines.opened import Opened, opened
from pipelines.settings import Settings
from pipelines.worker import Worker


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    key = new_key()
    monkeypatch.setenv("SEENBEFORE_PRIVACY_KEY", key)
    made = Home(Settings(tmp_path / "desk", embedder="hashing", privacy_key=key))
    made.create()
    made.store.set("embedder", "hashing")
    made.store.write("ticket", [prepare(Ticket("t", "T1", "printer is out of paper", state="open"))])
    return made


def run(home: Home, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--home", str(home.folder)])
    return done.exit_code, done.output


def test_a_key_is_made_shown_once_listed_and_revoked(home: Home) -> None:
    code, told = run(home, "key", "add", "servicenow", "--scope", "search", "--group", "HR", "--days", "30")
    token = told.splitlines()[0]
    assert (code, token.startswith("sb_"), "only now" in told) == (0, True, True)
    assert home.store.key_of(token, now=datetime.now(UTC)) is not None
    code, listed = run(home, "key", "list")
    assert token[:11] in listed
    assert token not in listed
    found = json.loads(run(home, "key", "list", "--json")[1])
    assert [(one["name"], one["state"], one["groups"]) for one in found] == [("servicenow", "good", ["HR"])]
    assert "hash" not in found[0]
    assert run(home, "key", "revoke", "servicenow")[0] == 0
    assert home.store.key_of(token, now=datetime.now(UTC)) is None
    assert run(home, "key", "revoke", "nobody")[0] == 1


@pytest.mark.parametrize("words", [
    ("key", "add", "x"), ("key", "add", "x", "--scope", "nothing"), ("key", "add", "x", "--scope", "search", "--days", "400"),
    ("hooks", "out", "x", "ftp://host", "--event", "burst"), ("hooks", "out", "x", "https://host"),
    ("hooks", "in", "x", "--preset", "nothing"), ("hooks", "again", "7"), ("hooks", "remove", "nobody"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_a_sentence(home: Home, words: tuple[str, ...]) -> None:
    code, told = run(home, *words)
    assert code == 1
    assert "Traceback" not in told


def test_webhooks_are_entered_listed_without_secrets_and_removed(home: Home) -> None:
    secret = run(home, "hooks", "in", "zammad")[1].splitlines()[0]
    assert secret.startswith("whsec_")
    assert run(home, "hooks", "out", "oncall", "http://127.0.0.1:9/x", "--event", "burst", "--event", "relapse")[0] == 0
    for form in ((), ("--json",)):
        told = run(home, "hooks", "list", *form)[1]
        assert "oncall" in told
        assert "whsec_" not in told
    assert "0 new, 0 sent" in run(home, "hooks", "send")[1]
    assert run(home, "hooks", "remove", "oncall")[0] == 0
    assert [one.name for one in home.store.hooks()] == ["zammad"]


def test_without_the_key_no_webhook_is_made_and_a_lost_key_is_said_in_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    assert run(home, "hooks", "in", "zammad")[0] == 0
    monkeypatch.delenv("SEENBEFORE_PRIVACY_KEY")
    code, told = run(home, "hooks", "in", "jira")
    assert (code, "seenbefore privacy key FILE" in told, "whsec_" in told) == (1, True, False)
    assert run(home, "hooks", "list")[0] == 0
    code, told = run(home, "doctor")
    assert code == 1
    assert "The secret of the webhook 'zammad' is sealed and there is no key" in " ".join(told.split())


class Taking(BaseHTTPRequestHandler):
    got: list[bytes]

    def do_POST(self) -> None:
        type(self).got.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_worker_notes_calls_sends_what_is_due_and_stops_when_told(home: Home) -> None:
    handler = type("Here", (Taking,), {"got": []})
    kept: list[Store] = []

    def keep(store: Store) -> None:
        kept.append(store)
        store.note_calls([Call(datetime.now(UTC), "key x", "GET", "/api/v1/tickets", 200, 3)], {})

    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        hook = home.store.add_hook("oncall", way="out", url=f"http://127.0.0.1:{server.server_port}/", events=["burst"],
                                   now=datetime.now(UTC))  # fmt: skip
        home.store.queue_message(hook.id, "test", "now", {"hello": "world"}, now=datetime.now(UTC))
        worker = Worker(home.settings, keep, every=0.05)
        worker.start()
        until = time.monotonic() + 20
        while not handler.got and time.monotonic() < until:
            time.sleep(0.02)
        worker.stop()
        server.shutdown()
    assert handler.got == [b'{"hello": "world"}']
    assert home.store.calls()[0].route == "/api/v1/tickets"
    assert not worker._thread.is_alive()


def test_the_desk_is_shared_and_opened_anew_when_something_is_published(home: Home) -> None:
    from pipelines import index as indexing

    assert opened(home.settings) is opened(home.settings)
    one = Opened(home.settings)
    first = one()
    assert one() is first
    assert any("seenbefore index" in note for note in first.warnings())
    indexing.build(home)
    one._look_at = 0.0
    assert one() is first, "nobody waits for it"
    while one() is first:
        time.sleep(0.01)
    assert not any("seenbefore index" in note for note in one().warnings())


def test_something_has_to_be_served() -> None:
    assert serving.faces_of(no_api=False, api_only=False) == ("screens", "api")
    assert serving.faces_of(no_api=True, api_only=False) == ("screens",)
    assert serving.faces_of(no_api=False, api_only=True) == ("api",)
    with pytest.raises(BadSetting, match="nothing"):
        serving.faces_of(no_api=True, api_only=True)
