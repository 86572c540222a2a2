"""Webhooks: what comes in is whole, fresh and taken once; what goes out is signed, tried again, and never led astray."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kb.alerts import Alert, queue_alerts, trial
from kb.errors import BadSetting, NotFound
from kb.hooks import TRIES, checked_url, is_signed, new_secret, signed_headers, wait
from pipelines.deliver import send_due

PATH = "/api/v1/webhooks/tickets"


@pytest.fixture
def sender(world: Any) -> Any:
    """Sends a message as a tool does; ``changed`` headers and an earlier ``at`` make it a forgery or stale."""
    client = TestClient(world.api(), base_url="http://desk")
    hook = world.desk.store.add_hook("tool", way="in", now=world.now, source="tool")

    def send(payload: Any, *, message: str = "m1", at: float = 0.0, secret: str = "", **changed: str) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signed = signed_headers(secret or hook.secret, message, body, now=world.now + timedelta(seconds=at))
        headers = {"Content-Type": "application/json", **signed,
                   **{f"webhook-{k}": v for k, v in changed.items()}}  # fmt: skip
        return client.post(PATH, content=body, headers=headers)

    send.hook = hook  # type: ignore[attr-defined]
    return send


NEW = {"number": "T1", "short_description": "the quokka sits on the plotter", "state": "New"}


def test_a_signed_ticket_is_taken_once_and_found_at_once(world: Any, sender: Any) -> None:
    told = {"taken": 1, "added": None, "updated": None, "unchanged": None, "remarks": []}
    assert sender(NEW).json() == told
    again = sender(NEW)
    assert again.status_code == 409
    assert sender({**NEW, "state": "Closed"}, message="m2").json() == told, "the sender reads nothing"
    found = world.client("search").post("/search", json={"text": "quokka plotter"}).json()
    assert "T1" in {one["number"] for one in found["hits"] + found["nearest"]}


@pytest.mark.parametrize("how", [
    {"secret": new_secret()}, {"at": -301.0}, {"at": 301.0}, {"signature": "v1,AAAA"}, {"signature": ""},
    {"id": "other"}, {"timestamp": "1"}, {"timestamp": "now"}, {"timestamp": "9" * 40}, {"signature": "v2,x " * 2_000},
])  # fmt: skip
def test_forged_and_stale_messages_all_get_the_same_answer(world: Any, sender: Any, how: dict[str, Any]) -> None:
    plain = TestClient(world.api(), base_url="http://desk").post(PATH, json=NEW)
    answer = sender(NEW, **how)
    assert (answer.status_code, answer.content) == (401, plain.content)
    assert world.client("tickets:read").get("/tickets/T1").status_code == 404


def test_a_message_that_could_not_be_taken_may_be_sent_again(world: Any, sender: Any) -> None:
    assert sender({"short_description": "no number"}).status_code == 422
    assert sender(b"[" * 5_000, message="m9").status_code == 422
    assert sender(b"\xff", message="m9").status_code == 422
    assert sender(NEW).status_code == 200


def test_a_hook_that_rests_or_is_gone_lets_nothing_in_and_a_key_does_not_stand_in_for_a_signature(
    world: Any, sender: Any
) -> None:  # fmt: skip
    world.desk.store.pause_hook(sender.hook.id, active=False)
    assert sender(NEW).status_code == 401
    world.desk.store.pause_hook(sender.hook.id, active=True)
    assert sender(NEW).status_code == 200
    world.desk.store.drop_hook(sender.hook.id)
    assert sender(NEW, message="m3").status_code == 401
    assert world.client("admin").post("/webhooks/tickets", json=NEW).status_code == 401


@pytest.mark.parametrize(("payload", "number", "title"), [
    ({"number": "INC1", "short_description": "VPN drops", "state": "2", "caller_id": {
        "display_value": "Ada", "value": "0a1"}}, "INC1", "VPN drops"),
    ({"result": [{"number": "INC2", "short_description": "VPN drops"}]}, "INC2", "VPN drops"),
    ({"webhookEvent": "jira:issue_created", "issue": {"key": "IT-17", "fields": {
        "summary": "VPN drops", "status": {"name": "In Progress"}, "reporter": {"displayName": "Ada"}}}},
     "IT-17", "VPN drops"),
    ({"ticket": {"number": "31001", "title": "VPN drops", "state": {"name": "open"}, "article_count": 1},
      "article": {"body": "Since this morning."}}, "31001", "VPN drops"),
])  # fmt: skip
def test_the_shapes_of_three_tools_are_understood(
    world: Any, sender: Any, payload: Any, number: str, title: str
) -> None:  # fmt: skip
    assert sender(payload).json()["taken"] == 1
    read = world.client("tickets:read").get(f"/tickets/{number}?source=tool").json()
    assert (read["title"], read["state"] in ("open", None)) == (title, True)
    if "issue" in payload or "caller_id" in payload:
        assert read["caller"] == "Ada"
    if "article" in payload:
        assert read["body"] == "Since this morning."


@given(st.binary(max_size=200), st.integers(0, 7), st.integers(0, 255))
def test_one_other_byte_breaks_the_signature(body: bytes, place: int, byte: int) -> None:
    from datetime import UTC, datetime

    now, secret = datetime(2026, 11, 2, tzinfo=UTC), new_secret()
    headers = signed_headers(secret, "m", body, now=now)
    assert is_signed(secret, headers, body, now=now)
    at = place % (len(body) + 1)
    other = body[:at] + bytes([byte]) + body[at + 1 :]
    assert is_signed(secret, headers, other, now=now) == (other == body)


@pytest.mark.parametrize("url", [
    "ftp://host/x", "http://example.com/x", "https://user:pass@host/x", "https://host/#x", "//host", "https://", "x",
    "file:///etc/passwd", "https://ho st/", "https://host:0/", "https://host:99999/", "javascript:alert(1)",
    "https://höst/", "https://[::1", "https://host/" + "x" * 500,
])  # fmt: skip
def test_messages_go_to_whole_addresses_only(url: str) -> None:
    with pytest.raises(BadSetting):
        checked_url(url)


def test_the_waits_grow_and_are_never_the_same_for_all() -> None:
    waits = [wait(tries, 0.0) for tries in range(1, TRIES)]
    assert waits == sorted(set(waits))
    assert wait(1, 0.0) == timedelta(seconds=5)
    assert wait(1, 0.999) < timedelta(seconds=10)
    assert timedelta(hours=5) < sum(waits, timedelta()) < timedelta(days=2)


class Host(BaseHTTPRequestHandler):
    """Keeps what it gets and answers what a test wants."""

    got: list[tuple[str, dict[str, str], bytes]]
    answer: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(type(self).answer)
        if 300 <= type(self).answer < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(answer: int) -> Iterator[tuple[str, Any]]:
    handler = type("Here", (Host,), {"got": [], "answer": answer})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?x=1", handler
        server.shutdown()
        thread.join(5)


def queued(world: Any, url: str, **more: Any) -> Any:
    hook = world.desk.store.add_hook("oncall", way="out", url=url, events=["burst"], now=world.now, **more)
    alert = Alert("burst", "b1", {"tickets": ["INC1"], "count": 3}, {"titles": ["secret words"]})
    for _ in range(2):
        world.desk.store.queue_message(hook.id, alert.event, alert.about, alert.payload(hook, world.now), now=world.now)
    return hook


def test_a_message_goes_out_once_signed_and_without_words_of_tickets(world: Any) -> None:
    with listening(204) as (url, host):
        hook = queued(world, url)
        assert send_due(world.desk.store, now=lambda: world.now).sent == 1
        assert send_due(world.desk.store, now=lambda: world.now).sent == 0
    ((path, headers, body),) = host.got
    assert path == "/hook?x=1"
    assert is_signed(hook.secret, headers, body, now=world.now)
    assert json.loads(body)["data"] == {"tickets": ["INC1"], "count": 3}


def test_titles_go_out_only_where_somebody_chose_so(world: Any) -> None:
    with listening(200) as (url, host):
        queued(world, url, with_text=True)
        send_due(world.desk.store, now=lambda: world.now)
    assert json.loads(host.got[0][2])["data"]["titles"] == ["secret words"]


@pytest.mark.parametrize(("answer", "trouble"), [(302, "redirects"), (307, "redirects"), (500, "500"), (404, "404")])
def test_a_redirect_is_not_followed_and_a_failure_is_tried_again(world: Any, answer: int, trouble: str) -> None:
    with listening(answer) as (url, host):
        queued(world, url)
        assert send_due(world.desk.store, now=lambda: world.now, chance=lambda: 0.5).failed == 1
    assert len(host.got) == 1
    (message,) = world.desk.store.messages(states=("waiting",))
    assert trouble in message.trouble
    assert message.next_at > world.now


def test_after_its_last_try_a_message_is_dead_until_somebody_sends_it_again(world: Any) -> None:
    store = world.desk.store
    queued(world, "http://127.0.0.1:9/nobody")
    for turn in range(TRIES):
        done = send_due(store, now=lambda: world.now, chance=lambda: 0.0)
        assert (done.failed, done.dead) == ((1, 0) if turn < TRIES - 1 else (0, 1))
        world.now += timedelta(days=2)
    assert send_due(store, now=lambda: world.now).failed == 0
    (dead,) = store.messages(states=("dead",))
    assert dead.tries == TRIES
    store.send_again(dead.id, now=world.now)
    assert send_due(store, now=lambda: world.now).failed == 1
    with pytest.raises(NotFound):
        store.send_again(dead.id, now=world.now)


def test_nothing_is_queued_and_nothing_sent_unless_a_hook_was_entered(world: Any) -> None:
    assert queue_alerts(world.desk, now=world.now) == 0
    hook = queued(world, "http://127.0.0.1:9/nobody")
    world.desk.store.pause_hook(hook.id, active=False)
    assert queue_alerts(world.desk, now=world.now) == 0
    assert send_due(world.desk.store, now=lambda: world.now).failed == 0


def test_what_happened_is_told_once_and_only_of_what_everybody_may_see(world: Any) -> None:
    from kb.records import Ticket
    from kb.text import prepare

    store = world.desk.store
    past = [Ticket("b", f"P{i}", "the printer is out of paper", f"tray {i}", opened_at=world.now - timedelta(hours=7 * i),
                   state="closed") for i in range(1, 120)]  # fmt: skip
    alike = [Ticket("b", f"Q{i}", "the lift on floor two is stuck", "people are inside", state="open",
                    opened_at=world.now - timedelta(minutes=10 - i)) for i in range(8)]  # fmt: skip
    hidden = [Ticket("b", f"H{i}", "salaries were sent to everybody", "the wrong list", state="open", audience=("HR",),
                     opened_at=world.now - timedelta(minutes=10 - i)) for i in range(8)]  # fmt: skip
    store.write("ticket", [prepare(one) for one in past + alike + hidden])
    store.add_hook("oncall", way="out", url="http://127.0.0.1:9/", events=["burst"], now=world.now)
    assert queue_alerts(world.desk, now=world.now) >= 1
    assert queue_alerts(world.desk, now=world.now) == 0
    told = " ".join(one.payload for one in store.messages())
    assert '"Q1"' in told
    assert '"H1"' not in told
    assert "lift" not in told
    assert trial(world.now).event == "test"


def test_without_the_key_a_sender_is_told_to_come_again_and_not_that_its_secret_is_wrong(
    world: Any, sender: Any
) -> None:  # fmt: skip
    sealer, world.desk.store.sealer = world.desk.store.sealer, None
    answer = sender(NEW)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    world.desk.store.sealer = sealer
    assert sender(NEW).status_code == 200
