"""Keys: nothing opens without one, each opens only what it is for, and what is hidden looks like what is absent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from kb.api.app import OPEN, SIGNED, specification
from kb.apikeys import SCOPES, token_hash
from kb.desk import rights
from kb.errors import BadSetting, NotAllowed, NotFound
from kb.records import Viewer
from kb.roles import ACTS, of_scopes
from kb.roles import SCOPES as OF_SCOPES

SECRET = "zanzibar"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, methods in specification()["paths"].items()
            for method, told in methods.items()]  # fmt: skip


def bare(api: Any) -> TestClient:
    return TestClient(api, base_url="http://desk")


def test_every_route_but_the_health_checks_asks_for_a_key_or_a_signature(world: Any) -> None:
    api = world.api()
    client = bare(api)
    assert len(operations()) > 20
    for path, method, told in operations():
        answer = client.request(method, path.replace("{", "").replace("}", ""))
        if path in OPEN:
            assert answer.status_code == 200
            assert "security" not in told
        else:
            assert answer.status_code == 401, (method, path)
            assert told["security"] == [{"signature": []}] if path in SIGNED else "key" in told["security"][0]


def test_an_address_that_is_not_there_is_no_news_to_those_without_a_key(world: Any) -> None:
    client = bare(world.api())
    assert client.get("/api/v1/nothing").status_code == client.get("/api/v1/tickets").status_code == 401
    assert client.get("/docs").status_code == client.get("/api/v1/docs").status_code == 401


def test_each_route_names_a_scope_and_a_key_without_it_is_refused(world: Any) -> None:
    api = world.api()
    clients = {scope: TestClient(api, base_url="http://desk", headers={"Authorization": f"Bearer {world.key(scope)}"})
               for scope in SCOPES}  # fmt: skip
    for path, method, told in operations():
        scopes = told.get("security", [{}])[0].get("key")
        if not scopes:
            continue
        (needed,) = scopes
        assert needed in SCOPES
        for scope, client in clients.items():
            content = {"json": {}} if method in ("post", "patch") else {}
            status = client.request(method, path.replace("{number}", "x").replace("{pattern}", "x")
                                    .replace("{mark}", "1"), **content).status_code  # fmt: skip
            if scope in (needed, "admin"):
                assert status not in (401, 403), (scope, method, path)
            elif method in ("get", "delete"):
                assert status == 403, (scope, method, path)
            else:
                assert status in (403, 422), (scope, method, path)


@pytest.mark.parametrize("header", [
    "", "Bearer", "Bearer ", "Basic abc", "Bearer sb_00000000_x", "Bearer " + "x" * 5_000, "Bearer sb_\x00", "bearer",
])  # fmt: skip
def test_wrong_keys_all_get_the_same_answer(world: Any, header: str) -> None:
    client = bare(world.api())
    plain = client.get("/api/v1/tickets")
    answer = client.get("/api/v1/tickets", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (401, plain.content)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_expired_and_a_revoked_key_open_nothing_at_once(world: Any) -> None:
    api, plain = world.api(), bare(world.api()).get("/api/v1/tickets").content
    short, gone = world.key("tickets:read", days=1), world.key("tickets:read")
    client = bare(api)

    def ask(token: str) -> tuple[int, bytes]:
        answer = client.get("/api/v1/tickets", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.content

    assert ask(short)[0] == ask(gone)[0] == 200
    for other in (short[:11] + gone[11:], short[:-1] + ("A" if short[-1] != "A" else "B"), short[:11], short + "x"):
        assert ask(other) == (401, plain), "the visible part of a key is no key"
    world.desk.store.revoke_key(gone[:11], now=world.now)
    assert ask(gone) == (401, plain)
    world.now += timedelta(days=1)
    assert ask(short) == (401, plain)


def test_only_the_hash_of_a_key_is_kept_and_its_use_is_noted(world: Any) -> None:
    api, token = world.api(), world.key("tickets:read", groups=("HR",))
    client = TestClient(api, base_url="http://desk", headers={"Authorization": f"Bearer {token}"})
    client.get("/api/v1/tickets")
    api.metrics.keep(world.desk.store)
    (found,) = world.desk.store.keys()
    assert (found.prefix, found.used_at, found.groups) == (token[:11], world.now, ("HR",))
    with world.desk.store._reading() as db:
        rows = str(db.exec_driver_sql("SELECT * FROM api_keys").fetchall())
    assert token not in rows
    assert token_hash(token) in rows
    assert len(token) - len("sb_00000000_") >= 43, "256 bits"
    assert [(one.route, one.status) for one in world.desk.store.calls()] == [("/api/v1/tickets", 200)]


def test_a_key_cannot_be_made_for_ever_for_nothing_or_without_a_name(world: Any) -> None:
    store = world.desk.store
    for given in ({"days": 366}, {"days": 0}, {"scopes": []}, {"scopes": ["everything"]}, {"name": " "}, {"rate": 0}):
        with pytest.raises(BadSetting):
            store.add_key(**{"name": "x", "scopes": ["search"], "now": world.now, **given})
    with pytest.raises(NotFound, match="seenbefore key list"):
        store.revoke_key("nobody", now=world.now)


def test_what_a_key_may_not_see_is_answered_like_what_is_not_there(world: Any) -> None:
    client = world.client("admin")
    for address in ("/tickets/{}", "/links?ticket={}"):
        hidden, absent = client.get(address.format("HR0001")), client.get(address.format("HR9999"))
        assert (hidden.status_code, hidden.content) == (404, absent.content)
    for address, sent in (("/search/like", {"number": "{}"}), ("/triage/stored", {"number": "{}"}),
                          ("/feedback/marks", {"target": {"kind": "ticket", "number": "{}"}, "said": "helpful"}),
                          ("/feedback/corrections", {"ticket": {"number": "{}"}, "target": "category",
                                                     "action": "skipped"})):  # fmt: skip
        answers = [client.post(address, content=str(sent).replace("'", '"').replace("{}", number),
                               headers={"Content-Type": "application/json"})
                   for number in ("HR0001", "HR9999")]  # fmt: skip
        told = [(one.status_code, one.text.replace("HR0001", "").replace("HR9999", "")) for one in answers]
        assert told[0] == told[1]
        assert told[0][0] == 404


def test_no_answer_to_a_key_without_the_group_holds_a_word_of_the_groups_tickets(world: Any) -> None:
    plain, hr = world.client("admin"), world.client("admin", groups=("HR",))
    asked = {"text": f"payroll {SECRET}", "limit": 50}
    told = [plain.post("/search", json=asked), plain.get("/tickets?limit=200"), plain.get("/measures"),
            plain.get("/patterns"), plain.post("/triage", json={"title": f"payroll {SECRET} of room 1"}),
            plain.get("/bursts"), plain.get("/problems")]  # fmt: skip
    for answer in told:
        assert answer.status_code == 200
        assert SECRET not in answer.text.replace(f"payroll {SECRET} of room 1", "").replace(asked["text"], "")
        assert "HR0" not in answer.text
    assert plain.post("/search", json=asked).json()["looked_at"]["tickets"] == 36
    assert 'seenbefore_records{kind="tickets"} 36.0' in plain.get("/metrics").text
    assert 'seenbefore_records{kind="tickets"} 40.0' in hr.get("/metrics").text
    assert {hit["number"] for hit in hr.post("/search", json=asked).json()["hits"]} >= {"HR0001"}


READING = ["search", "triage", "tickets:read", "patterns", "measures", "metrics"]


def test_what_a_key_may_do_is_its_scopes_acts_whatever_it_asks_the_desk() -> None:
    def acts(*scopes: str) -> set[str]:
        viewer = Viewer("key:x", roles=of_scopes(scopes))
        return {act for act in ACTS if viewer.may(act)}

    assert set(SCOPES) == set(OF_SCOPES)
    assert all(acts(scope) == {"read"} for scope in READING)
    assert acts("tickets:write") == {"send tickets"}
    assert acts("knowledge") == {"read", "send articles", "link"}
    assert acts("feedback") == {"read", "mark", "correct", "speak"}
    assert acts("problems") == {"read", "problems"}
    assert acts("admin") == set().union(*map(acts, SCOPES))
    assert not acts("admin") & {
        "settings",
        "rules",
        "models",
        "delete",
        "access",
        "privacy",
        "originals",
        "integrations",
        "export",
        "import",
        "audit",
        "patterns",
        "articles",
        "unlisted",
    }
    assert acts("king") == set()


@pytest.mark.parametrize("scope", READING)
def test_a_key_for_reading_can_do_nothing_at_the_desk_that_changes_anything(world: Any, scope: str) -> None:
    key = world.desk.store.add_key("x", scopes=[scope], now=world.now)[0]
    for question in sorted(rights.WRITES):
        with pytest.raises(NotAllowed, match="needs another scope"):
            getattr(world.desk, question)(viewer=key.viewer)


def test_a_key_or_hook_that_only_sends_tickets_reads_nothing_by_any_way(world: Any) -> None:
    viewer = Viewer("key:x", frozenset({"HR"}), roles=of_scopes(["tickets:write"]))
    store, shelf = world.desk.store, world.desk.shelves.now().pools["ticket"]
    assert sum(store.counts(viewer).values()) == 0
    assert store.page("ticket", viewer) == []
    assert not shelf.columns.visible(viewer).any()
    assert shelf.columns.where(viewer).facets["audience"] == ("-",)
    with pytest.raises(NotAllowed, match="needs another scope"):
        world.desk.search("printer", viewer=viewer)


def test_a_key_may_link_tickets_to_problems_only_where_it_is_for_problems_too(world: Any) -> None:
    sent = {"ticket": {"number": "INC0001"}, "target": {"kind": "problem", "number": "PRB0001"}}
    assert world.client("knowledge").post("/links", json=sent).status_code == 403
    assert world.client("knowledge", "problems").post("/links", json=sent).status_code == 200
