"""What programs get: fresh at once, all or nothing, pages that miss nothing, answers that are given again."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kb.api import make


def test_a_ticket_is_found_by_the_next_question(call: Any) -> None:
    sent = {"source": "tool", "number": "A 1/2", "title": "the quokka sits on the plotter", "state": "open",
            "opened_at": "2026-11-01T08:00:00+02:00", "impact": 1, "vip": True}  # fmt: skip
    assert call.post("/tickets", json=sent).json() == {
        "taken": 1,
        "added": 1,
        "updated": 0,
        "unchanged": 0,
        "remarks": [],
    }
    found = call.post("/search", json={"text": "quokka plotter"}).json()
    assert "A 1/2" in {one["number"] for one in found["hits"] + found["nearest"]}
    read = call.get("/tickets/A%201%2F2?source=tool").json()
    assert (read["opened_at"], read["impact"], read["vip"]) == ("2026-11-01T06:00:00Z", 1, True)
    assert call.post("/tickets", json=sent).json()["unchanged"] == 1


def test_fields_that_are_left_out_stay_and_null_empties_them(call: Any) -> None:
    name = {"source": "desk", "number": "INC0003"}
    before = call.get("/tickets/INC0003").json()
    call.post("/tickets", json={**name, "title": "changed"})
    after = call.get("/tickets/INC0003").json()
    assert after == {**before, "title": "changed"}
    call.post("/batch/tickets", json={"source": "desk", "tickets": [
        {"number": "INC0003", "category": None}, {"number": "INC0004", "resolution": ""}]})  # fmt: skip
    assert call.get("/tickets/INC0003").json() == {**after, "category": ""}
    assert call.get("/tickets/INC0004").json()["category"] == "Software"


@pytest.mark.parametrize("bad", [
    {"number": "B2", "title": "same number"}, {"number": " "}, {"number": "B3", "impact": 7},
    {"number": "B3", "audience": ["HR"]}, {"number": "B3", "state": "exploded"}, {"number": "B3", "nonsense": 1},
    {"title": "no number"}, {"number": "B3", "opened_at": "yesterday"}, {"number": "B" * 201},
])  # fmt: skip
def test_of_a_batch_with_a_bad_row_nothing_is_taken_and_the_row_is_named(call: Any, bad: dict[str, Any]) -> None:
    before = call.get("/tickets?limit=200").json()
    answer = call.post("/batch/tickets", json={"source": "desk", "tickets": [
        {"number": "B1", "title": "good"}, {"number": "B2", "title": "good too"}, bad]})  # fmt: skip
    assert answer.status_code == 422
    told = answer.json()
    assert [one["row"] for one in told.get("rows", [])] == [3] or told["errors"][0]["pointer"].startswith("#/tickets/2")
    assert call.get("/tickets?limit=200").json() == before


def test_a_key_cannot_open_up_a_record_it_may_not_see_and_does_not_learn_of_it(world: Any) -> None:
    plain, hr = world.client("admin"), world.client("admin", groups=("HR",))
    sent = {"source": "desk", "tickets": [{"number": "N1"}, {"number": "HR0001", "audience": []}]}
    answer = plain.post("/batch/tickets", json=sent)
    assert (answer.status_code, answer.json()["added"]) == (200, 2)
    assert plain.get("/tickets/HR0001").status_code == 404
    assert hr.get("/tickets/HR0001").json()["audience"] == ["HR"]
    assert hr.post("/batch/tickets", json=sent).status_code == 200


def test_pages_miss_nothing_and_give_nothing_twice_while_tickets_come_in(call: Any) -> None:
    seen: list[str] = []
    cursor, added = "", 0
    while True:
        page = call.get(f"/tickets?limit=7{'&cursor=' + cursor if cursor else ''}").json()
        seen += [one["number"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor, added = page["next"], added + 1
        call.post("/tickets", json={"source": "new", "number": f"N{added}", "title": "fresh"})
    assert len(seen) == len(set(seen)) == 36 + added
    assert call.get(f"/articles?cursor={cursor}").status_code == 422
    assert call.get(f"/tickets?cursor={cursor[:-4]}AAAA").status_code == 422


def test_the_same_request_under_an_idempotency_key_is_done_once(call: Any) -> None:
    sent = {"title": "made once"}
    first, again = (call.post("/problems", json=sent, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert "idempotent-replayed" in again.headers
    other = call.post("/problems", json={"title": "another"}, headers={"Idempotency-Key": "k1"})
    assert other.status_code == 422
    assert sum(one["title"] == "made once" for one in call.get("/problems").json()["items"]) == 1


def test_a_request_that_is_still_at_work_is_not_begun_again_and_a_lost_one_is_forgotten(world: Any) -> None:
    call, store = world.client("problems"), world.desk.store
    named = {"Idempotency-Key": "k1"}
    sent = b'{"title": "slow"}'
    digest = hashlib.sha256(b"POST /api/v1/problems?\n" + sent).hexdigest()
    caller = f"key:{store.keys()[0].id}"
    assert store.begin_replay(caller, "k1", digest, now=world.now) is None
    answer = call.post("/problems", content=sent, headers={**named, "Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    world.now += timedelta(minutes=6)
    answer = call.post("/problems", content=sent, headers={**named, "Content-Type": "application/json"})
    assert answer.status_code == 201
    assert store.forget_replays() == 1


def test_a_refused_request_leaves_its_idempotency_key_free_and_keys_of_others_are_their_own(world: Any) -> None:
    one, other = world.client("problems"), world.client("problems")
    named = {"Idempotency-Key": "k1"}
    assert one.post("/problems", json={"title": ""}, headers=named).status_code == 422
    assert one.post("/problems", json={"title": "mine"}, headers=named).status_code == 201
    assert other.post("/problems", json={"title": "yours"}, headers=named).status_code == 201


def test_what_helped_is_kept_counted_and_taken_back(call: Any) -> None:
    sent = {"target": {"kind": "article", "number": "KB0001"}, "said": "fixed", "ticket": {"number": "INC0006"},
            "by": "Ada"}  # fmt: skip
    mark = call.post("/feedback/marks", json=sent).json()["id"]
    (link,) = call.get("/links?ticket=INC0006").json()["items"]
    assert (link["target"]["number"], link["by"]) == ("KB0001", "Ada (key:test)")
    assert call.delete(f"/feedback/marks/{mark}").status_code == 200
    assert call.get("/links?ticket=INC0006").json()["items"] == []
    assert call.delete("/feedback/marks/99999").status_code == 404


def test_a_correction_is_kept_in_the_name_of_who_made_it(world: Any, call: Any) -> None:
    sent = {"ticket": {"number": "INC0006"}, "target": "category", "suggested": "A", "chosen": "B",
            "action": "replaced", "by": "Ada"}  # fmt: skip
    assert call.post("/feedback/corrections", json=sent).json() == {"kept": True}
    ((_, kept),) = world.desk.store.corrections()
    assert (kept.chosen, kept.by) == ("B", "Ada (key:test)")
    assert call.post("/feedback/corrections", json={**sent, "chosen": " "}).status_code == 422


def test_links_articles_and_problems_are_made_and_read(call: Any) -> None:
    sent = {"ticket": {"number": "INC0007"}, "target": {"kind": "article", "number": "KB0001"}}
    assert call.post("/links", json=sent).json() == {"added": 1}
    assert call.post("/links", json=sent).json() == {"added": 0}
    new = {"source": "wiki", "number": "K2", "title": "Feeding quokkas", "body": "Leaves.", "state": "validated"}
    assert call.post("/articles", json=new).json()["added"] == 1
    assert call.get("/articles/K2").json()["body"] == "Leaves."
    made = call.post("/problems", json={"title": "It rains in", "tickets": [{"number": "INC0008"}]}).json()
    address = f"/problems/{made['number']}"
    assert call.patch(address, json={"state": "root cause known"}).status_code == 422
    told = call.patch(address, json={"state": "root cause known", "root_cause": "The roof."}).json()
    assert (told["state"], told["known_error"]) == ("root cause known", True)
    whole = call.get(f"{address}?verdict=true").json()
    assert [one["number"] for one in whole["tickets"]] == ["INC0008"]
    assert whole["verdict"]["state"] == "cannot say"


def test_without_autofill_set_nothing_may_be_filled_in_and_the_note_says_what_is_like_it(call: Any) -> None:
    told = call.post("/triage", json={"title": "Outlook asks for the password again"}).json()
    assert told["autofill"] == {}
    assert "INC00" in told["note"]
    assert "credentials" in told["note"]


def test_the_figures_of_a_month_and_what_is_wrong_with_a_period(call: Any) -> None:
    told = call.get("/measures?period=2026-11").json()
    assert next(one for one in told["figures"] if one["key"] == "opened")["value"] > 0
    assert call.get("/measures?period=soon").status_code == 422


def test_health_says_that_it_lives_and_whether_it_is_ready(world: Any) -> None:
    api = world.api()
    client = TestClient(api, base_url="http://desk/api/v1")
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    world.desk.refusal = "another embedder"
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
    world.desk.refusal = ""
    shut = make(lambda: world.desk, lambda: world.desk.store, is_open=lambda: False)
    assert TestClient(shut, base_url="http://desk/api/v1").get("/health/ready").status_code == 503
    world.desk.refusal = "another embedder"
    refused = world.client("search").post("/search", json={"text": "anything"})
    assert refused.status_code == 503
    assert "embedder" not in refused.text


def test_a_failure_of_ours_says_nothing_of_what_failed(world: Any, call: Any, caplog: Any) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the ticket said: my password is Summer2024!")

    world.desk.knowledge = type("Broken", (), {"search": fail})()
    answer = call.post("/search", json={"text": "anything"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Summer2024" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=20), st.integers(1, 5)), min_size=1, max_size=6))
def test_rows_are_taken_all_or_none_and_twice_changes_nothing(
    shared_world: Any, rows: list[tuple[str, str, int]]
) -> None:  # fmt: skip
    call = shared_world.client("admin")
    sent = {"source": f"s{hash(str(rows))}", "tickets": [{"number": n, "title": t, "impact": i} for n, t, i in rows]}
    before = shared_world.desk.store.seq()
    body = json.dumps(sent)
    first, again = (call.post("/batch/tickets", content=body, headers={"Content-Type": "application/json"})
                    for _ in range(2))  # fmt: skip
    if first.status_code == 200:
        assert first.json()["added"] == len({n for n, _, _ in rows}) == len(rows)
        assert again.json()["unchanged"] == len(rows)
    else:
        assert first.status_code == 422
        assert shared_world.desk.store.seq() == before
