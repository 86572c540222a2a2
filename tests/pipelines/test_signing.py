"""The door of the served desk: who has not signed in gets the sign-in page and nothing else, and no form from elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from kb import passwords
from kb.errors import BadSetting
from kb.store import Store
from pipelines.__main__ import app as cli
from pipelines.serve import serve
from pipelines.settings import Settings
from pipelines.signing import COOKIE, FORM, Door, Elsewhere, Gate, routes

SECRET = "correct-horse-1"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing with the least memory, so that the tests are quick."""
    monkeypatch.setattr(passwords, "_HASHER", passwords.PasswordHasher(1, 8, 1))
    passwords._dummy.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    Store.open(tmp_path / "knowledge.db", create=True).close()
    return Settings(tmp_path, embedder="hashing")


@pytest.fixture
def door(settings: Settings) -> Iterator[Door]:
    made = Door(settings)
    yield made
    made.store.close()


class Asked:
    """One request to the gate with the desk behind it, as a browser sends it."""

    def __init__(self, door: Door) -> None:
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route, WebSocketRoute

        async def behind(request: Any) -> Any:
            return PlainTextResponse("behind the door")

        async def stream(socket: Any) -> None:
            await socket.accept()
            await socket.close()

        inside = Starlette(
            routes=[*routes(door), WebSocketRoute("/_stcore/stream", stream), Route("/{rest:path}", behind)]
        )
        self.app = Gate(inside, door)
        self.cookies: dict[str, str] = {}

    def __call__(self, path: str, *, form: dict[str, str] | None = None, kind: str = "http", **headers: str) -> Any:
        where, _, query = path.partition("?")
        body = urlencode(form or {}).encode()
        named = {"host": "desk", "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
                 "content-type": "application/x-www-form-urlencoded", **{k.replace("_", "-"): v for k, v in headers.items()}}  # fmt: skip
        scope = {"type": kind, "method": "GET" if form is None else "POST", "path": where, "raw_path": where.encode(),
                 "query_string": query.encode(), "scheme": "http" if kind == "http" else "ws", "server": ("desk", 80), "root_path": "",
                 "headers": [(k.encode(), v.encode()) for k, v in named.items() if v], "subprotocols": []}  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        if kind == "websocket":
            return sent[0]["type"]
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"] if k != b"set-cookie"}
        self.set = [v.decode() for k, v in sent[0]["headers"] if k == b"set-cookie"]
        for one in self.set:
            name, value = one.split(";")[0].split("=", 1)
            self.cookies[name] = value.strip('"')
        text = b"".join(message.get("body", b"") for message in sent).decode()
        return sent[0]["status"], found.get("location", ""), text

    def token(self) -> str:
        return re.search(r'name="form" value="([^"]+)"', self("/sign-in")[2])[1]  # type: ignore[index]


def account(door: Door, name: str = "ada", **more: Any) -> None:
    door.store.add_person(name, SECRET, by="test", now=NOW, **more)


def test_a_desk_without_accounts_is_open_on_this_machine_and_shut_from_the_first_account_on(door: Door) -> None:
    asked = Asked(door)
    assert asked("/triage")[2] == "behind the door"
    assert asked("/sign-in")[:2] == (303, "/")
    account(door)
    assert asked("/triage")[:2] == (303, "/sign-in?next=%2Ftriage")
    door.store.set_person(door.store.person("ada").id, disabled=True, by="test", now=NOW)
    assert asked("/triage")[0] == 303, "nobody left is no reason to let everybody in"


def test_without_a_desk_the_screens_say_so_and_a_broken_store_lets_nobody_in(tmp_path: Path) -> None:
    nowhere = Door(Settings(tmp_path / "nowhere", embedder="hashing"))
    assert Asked(nowhere)("/triage")[2] == "behind the door"
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "knowledge.db").write_bytes(b"no database " * 400)
    asked = Asked(Door(Settings(tmp_path / "broken", embedder="hashing")))
    assert asked("/triage")[0] == 303
    status, _, sentence = asked("/sign-in")
    assert status == 503
    assert "seenbefore doctor" in sentence


@pytest.mark.parametrize(
    "path", ["/media/a.pdf", "/_stcore/upload_file/x/y", "/_stcore/metrics", "/a/b", "/enter", "/_stcore/stream"]
)
def test_what_is_no_page_is_refused(door: Door, path: str) -> None:
    account(door)
    assert Asked(door)(path)[0] in (303, 403)
    assert "behind" not in Asked(door)(path)[2]
    assert Asked(door)("/_stcore/stream", kind="websocket") == "websocket.close"


@pytest.mark.parametrize("path", ["/static/a.js", "/_stcore/health", "/api/v1/health"])
def test_the_programs_own_files_and_what_has_keys_of_its_own_are_passed_on(door: Door, path: str) -> None:
    account(door)
    assert Asked(door)(path)[2] == "behind the door"


def test_signing_in_sets_a_cookie_no_script_can_read_and_opens_the_door_until_signing_out(door: Door) -> None:
    account(door)
    asked = Asked(door)
    form = {"form": asked.token(), "name": "ada", "password": SECRET, "next": "/patterns?view=map"}
    assert asked("/sign-in", form=form, origin="null", sec_fetch_site="same-origin")[:2] == (303, "/patterns?view=map")
    mine = next(one for one in asked.set if one.startswith(COOKIE))
    assert "HttpOnly" in mine
    assert "SameSite=lax" in mine
    assert asked("/triage")[2] == "behind the door"
    assert asked("/_stcore/stream", kind="websocket") == "websocket.accept"
    kept = asked.cookies[COOKIE]
    assert asked("/sign-out", form={}, origin="http://evil.example")[0] == 403
    assert asked("/sign-out", form={})[:2] == (303, "/sign-in")
    asked.cookies[COOKIE] = kept
    assert asked("/triage")[0] == 303


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [({"form": "made up"}, {}, 400), ({"form": ""}, {}, 400), ({}, {"origin": "http://evil.example"}, 403),
     ({}, {"sec_fetch_site": "cross-site"}, 403), ({}, {"content_type": "text/plain"}, 403),
     ({"name": "x" * 9_000}, {}, 403), ({"password": "wrong"}, {}, 401), ({"name": "zoe"}, {}, 401)],
)  # fmt: skip
def test_a_form_from_elsewhere_or_with_a_wrong_word_lets_nobody_in(
    door: Door, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    account(door)
    asked = Asked(door)
    whole = {"form": asked.token(), "name": "ada", "password": SECRET, "next": ""} | form
    assert asked("/sign-in", form=whole, **headers)[0] == status
    assert COOKIE not in asked.cookies


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil", "/sign-out", "javascript:alert(1)", "/a\r\nb"]
)
def test_after_signing_in_one_comes_to_a_page_of_ours_only(door: Door, where: str) -> None:
    account(door)
    asked = Asked(door)
    form = {"form": asked.token(), "name": "ada", "password": SECRET, "next": where}
    assert asked("/sign-in", form=form)[:2] == (303, "/")


def test_what_was_typed_is_written_as_text(door: Door) -> None:
    account(door)
    asked = Asked(door)
    page = asked("/sign-in", form={"form": asked.token(), "name": '"><script>alert(1)</script>', "password": "x"})[2]
    assert "<script" not in page
    assert FORM in asked.cookies


def test_other_machines_are_let_in_only_where_people_sign_in_under_a_known_name(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match="user add"):
        serve(settings, host="0.0.0.0", port=0)  # noqa: S104 - refused
    store = Store.open(tmp_path / "knowledge.db")
    store.add_person("ada", SECRET, roles=["admin"], by="test", now=NOW)
    store.close()
    with pytest.raises(BadSetting, match="SEENBEFORE_HOSTS"):
        serve(settings, host="0.0.0.0", port=0)  # noqa: S104 - refused


@pytest.mark.parametrize(
    ("text", "says"),
    [("[auth", "TOML"), ('[auth]\nclient_id = "x"', "lacks"), (None, "cannot be read"),
     ('[auth]\nredirect_uri="r"\ncookie_secret="short"\nclient_id="c"\nclient_secret="s"\nserver_metadata_url="u"', "32")],
)  # fmt: skip
def test_a_sign_in_of_an_organisation_that_is_not_set_up_right_is_said(
    tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "sign-in.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadSetting, match=says) as refused:
        Elsewhere.read(file)
    assert "short" not in str(refused.value) or "shorter" in str(refused.value)


# --- the command line ---------------------------------------------------------------------------------------------


def test_accounts_are_made_listed_changed_and_kept_out_on_the_command_line(settings: Settings, tmp_path: Path) -> None:
    run, here = CliRunner(), ["--home", str(settings.home)]

    def said(*words: str, typed: str = "") -> str:
        done = run.invoke(cli, [*words, *here], input=typed)
        assert done.exit_code == 0, done.output
        return done.output

    said("user", "add", "ada", "--role", "admin", "--password-stdin", typed=f"{SECRET}\n")
    said("user", "roles", "ada", "admin", "auditor")
    said("user", "groups", "ada", "HR", "Security")
    assert "ada" in said("user", "list")
    store = Store.open(tmp_path / "knowledge.db")
    assert store.person("ada").roles == {"admin", "auditor"}
    assert store.person("ada").groups == {"HR", "Security"}
    token = store.sign_in("ada", SECRET, now=NOW)
    said("user", "passwd", "ada", "--password-stdin", typed="another-secret\n")
    assert store.of_session(token, now=NOW) is None
    said("user", "disable", "ada")
    assert store.person("ada").disabled
    said("user", "enable", "ada")
    listed = said("user", "list", "--json")
    assert SECRET not in listed
    assert "argon2" not in listed
    store.close()


def test_a_password_is_never_an_argument_and_a_bad_one_is_refused(settings: Settings) -> None:
    run, here = CliRunner(), ["--home", str(settings.home)]
    assert run.invoke(cli, ["user", "add", "bo", *here]).exit_code == 1
    assert run.invoke(cli, ["user", "add", "bo", "--password", SECRET, *here]).exit_code == 2
    assert run.invoke(cli, ["user", "add", "bo", "--password-stdin", *here], input="short\n").exit_code == 1
    assert (
        run.invoke(cli, ["user", "add", "bo", "--role", "king", "--password-stdin", *here], input=SECRET).exit_code == 1
    )


def test_rules_come_from_a_file_are_counted_first_and_then_hold(settings: Settings, tmp_path: Path) -> None:
    run, here, file = CliRunner(), ["--home", str(settings.home)], tmp_path / "rules.toml"
    file.write_text('[[rule]]\nby = "category"\nvalues = ["Payroll"]\ngroups = "HR"\n')
    counted = run.invoke(cli, ["access", "apply", str(file), "--dry-run", *here])
    assert "Nothing is written" in counted.output
    assert "No rules" in run.invoke(cli, ["access", "rules", *here]).output
    assert run.invoke(cli, ["access", "apply", str(file), *here]).exit_code == 0
    assert "are for HR only" in run.invoke(cli, ["access", "rules", *here]).output
    assert run.invoke(cli, ["access", "resume", *here]).exit_code == 0
    file.write_text('[[rule]]\nby = "colour"\nvalues = ["red"]\n')
    assert run.invoke(cli, ["access", "apply", str(file), *here]).exit_code == 1
