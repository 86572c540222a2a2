"""What a hostile or clumsy program sends: it is turned away early, in words, and never breaks anything."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from kb.api import Limits
from kb.api.limits import Buckets

JSON = {"Content-Type": "application/json"}
NASTY = (
    "a\x00b", "\u202egnp.exe\u202c", "z\u200bero\u200d\ufeff", "<img src=x onerror=alert(1)><script>x</script>",
    "![x](http://evil.example/a.png)", "=HYPERLINK(\"http://evil.example\")", "' OR 1=1 --", "\" OR * NEAR(",
    "{{7*7}} ${7*7}", "../../../etc/passwd", "e\u0301" * 50, "\U0001f4a9" * 50, "A" * 1_900,
)  # fmt: skip


async def asked(api: Any, scope: dict[str, Any], parts: AsyncIterator[bytes]) -> tuple[int, int]:
    """The status of the answer, and how many parts of the body were read for it."""
    read, status = 0, 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": await anext(parts), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    await api({"type": "http", "method": "POST", "query_string": b"", "root_path": "", **scope}, receive, send)
    return status, read


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65536


@pytest.mark.parametrize(("path", "most"), [("/api/v1/tickets", 1), ("/api/v1/batch/tickets", 16)])
def test_a_gigabyte_is_refused_before_it_is_read_and_an_endless_body_soon_after(
    world: Any, path: str, most: int
) -> None:  # fmt: skip
    api, token = world.api(), world.key("admin").encode()
    headers = [(b"authorization", b"Bearer " + token), (b"content-type", b"application/json")]
    said = {"path": path, "headers": [*headers, (b"content-length", b"1073741824")]}
    assert asyncio.run(asked(api, said, endless())) == (413, 0)
    status, read = asyncio.run(asked(api, {"path": path, "headers": headers}, endless()))
    assert status == 413
    assert read == most * 16 + 1
    assert asyncio.run(asked(api, {"path": path, "headers": []}, endless())) == (401, 0)


def test_a_body_that_does_not_come_is_given_up(world: Any) -> None:
    world.limits = Limits(body_seconds=0.05)
    api, token = world.api(), world.key("admin").encode()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    headers = [(b"authorization", b"Bearer " + token), (b"content-type", b"application/json")]
    assert asyncio.run(asked(api, {"path": "/api/v1/tickets", "headers": headers}, slow()))[0] == 408


@pytest.mark.parametrize(("body", "status"), [
    (b"[" * 100_000, 400), (b'{"a":' * 50_000, 400), (b'{"text": NaN}', 400), (b'{"text": 1' + b"0" * 6_000 + b"}", 400),
    (b'{"text": "a", "text": "b"}', 400), (b"\xff\xfe{}", 400), (b"", 422), (b"null", 422), (b"[]", 422),
    (b'{"text": "\\ud800"}', 422), (b'{"text": 7}', 422), (b'{"text": "a", "limit": 99999999999999999999}', 422),
    (b'{"text": "a", "limit": true}', 422), (b'{"text": "\\u200b"}', 422), (b"{", 400),
])  # fmt: skip
def test_what_is_no_question_is_refused_with_a_problem(shared_world: Any, body: bytes, status: int) -> None:
    answer = shared_world.client("search").post("/search", content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], bool(told["title"]), bool(told["detail"])) == (status, True, True)
    assert "\\ud800" not in answer.text


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "",
                                   "application/x-www-form-urlencoded", "application/json; charset=utf-16"])  # fmt: skip
def test_only_json_in_utf_8_is_read(shared_world: Any, media: str) -> None:
    headers = {"Content-Type": media} if media else {}
    answer = shared_world.client("search").post("/search", content=b'{"text": "printer"}', headers=headers)
    assert answer.status_code == 415


def test_a_method_that_is_not_taken_is_told_which_are(shared_world: Any) -> None:
    client = shared_world.client("admin")
    answer = client.put("/tickets", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert client.delete("/problems/x").headers["allow"] == "GET, PATCH"
    assert client.get("/tickets/").status_code == 422


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_stands_in_a_text_is_kept_and_found_without_harm(shared_world: Any, nasty: str) -> None:
    client = shared_world.client("admin")
    number = f"N{abs(hash(nasty))}"
    sent = {"source": "nasty", "number": number, "title": f"quokka {nasty}", "body": nasty, "category": nasty[:400],
            "department": nasty[:300], "resolution": nasty, "service": nasty[:400]}  # fmt: skip
    assert client.post("/tickets", json=sent).status_code == 200
    read = client.get(f"/tickets/{number}").json()
    assert "\x00" not in json.dumps(read)
    assert read["title"] == f"quokka {nasty}".replace("\x00", "")
    for path, asked in (("/search", {"text": f"quokka {nasty}"}), ("/triage", {"title": nasty, "body": nasty})):
        assert client.post(path, json=asked).status_code == 200
    address = f"/tickets/{nasty[:150]}".replace("\x00", "%00").replace("?", "%3F").replace("#", "%23")
    assert client.get(address).status_code in (404, 422)


def test_a_key_used_too_often_is_told_when_to_come_back_and_others_are_not_hindered(world: Any) -> None:
    busy, other = world.client("tickets:read", rate=30), world.client("tickets:read", rate=30)
    answers = [busy.get("/tickets?limit=1") for _ in range(24)]
    assert [one.status_code for one in answers].count(200) == 20
    last = answers[-1]
    assert (last.status_code, int(last.headers["retry-after"]) >= 1) == (429, True)
    assert other.get("/tickets?limit=1").status_code == 200


def test_a_bucket_fills_as_fast_as_its_rate() -> None:
    now = 0.0
    buckets = Buckets(lambda: now)
    assert [buckets.take("a", 60) for _ in range(20)] == [0.0] * 20
    assert buckets.take("a", 60) == pytest.approx(1.0)
    now = 1.0
    assert buckets.take("a", 60) == 0.0
    assert buckets.take("a", 60) > 0
    now = 1e6
    assert sum(buckets.take("a", 60) == 0 for _ in range(100)) == 20


def test_where_too_many_wait_the_next_is_turned_away_and_health_still_answers(world: Any) -> None:
    world.limits = Limits(workers=1, queue=1, wait_seconds=0.4)
    api = world.api()
    held, entered = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        entered.set()
        held.wait(10)
        return []

    world.desk.patterns = slow
    token = world.key("patterns")
    told: list[tuple[int, str]] = []

    def ask() -> None:
        with TestClient(api, base_url="http://desk/api/v1", headers={"Authorization": f"Bearer {token}"}) as client:
            answer = client.get("/patterns")
            told.append((answer.status_code, answer.headers.get("retry-after", "")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    until = time.monotonic() + 10
    while len(told) < 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert TestClient(api, base_url="http://desk/api/v1").get("/health/live").status_code == 200
    time.sleep(0.5)
    held.set()
    for thread in threads:
        thread.join(10)
    assert sorted(told) == [(200, ""), (503, "2"), (503, "2")]
