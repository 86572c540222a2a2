"""Serving: on this machine only, on a port that is free, under a policy that lets nothing else in."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import pytest
import streamlit

from kb.errors import BadSetting
from kb.screens.chrome import ADMIN, PAGES
from pipelines import serve as serving
from pipelines.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_may_be_named_in_several_ways(host: str) -> None:
    serving.only_this_machine(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "desk.example.com", ""])  # noqa: S104 - refused
def test_other_machines_are_not_let_in(host: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="sign"):
        serving.serve(Settings(tmp_path), host=host, port=0)


def test_a_port_that_is_taken_is_said_with_the_option_to_change_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(BadSetting, match="--port"):
            serving.serve(Settings(tmp_path), port=other.getsockname()[1])


def test_the_pages_served_are_those_of_the_frame() -> None:
    assert sorted(PAGES) == sorted(serving.PAGES)
    assert serving.PAGES[0] == "search"
    assert set(ADMIN) < set(PAGES)


def test_streamlits_own_page_gets_our_name_and_knows_its_server() -> None:
    given = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    page = serving.shell(given)
    assert "<title>Seen Before</title>" in page
    assert "BACKEND_BASE_URL" in page
    assert "<!--" not in page
    assert len(re.findall("<script", page)) == len(re.findall("<script", given)) + 1


def test_the_policy_names_this_server_and_the_scripts_of_the_page_only() -> None:
    policy = serving.policy("<head><script>one</script></head><script src='x'></script>")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == "'self'"
    assert re.fullmatch(r"'self' 'sha256-[\w+/=]{44}'", rules["script-src"])
    assert rules["object-src"] == rules["frame-ancestors"] == "'none'"
    assert "http" not in policy
    assert "*" not in policy


def test_every_answer_carries_the_headers_and_none_twice() -> None:
    sent: list[dict[str, object]] = []

    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Frame-Options", b"SAMEORIGIN")]})  # type: ignore[operator]

    async def keep(message: dict[str, object]) -> None:
        sent.append(message)

    guarded = serving.Guarded(app, {"X-Frame-Options": "DENY"})  # type: ignore[arg-type]
    asyncio.run(guarded({"type": "http"}, None, keep))  # type: ignore[arg-type]
    assert sent[0]["headers"] == [(b"x-frame-options", b"DENY")]


def test_the_looks_are_flat_names_that_streamlit_knows() -> None:
    from streamlit import config

    known = set(config._config_options_template)
    assert set(serving.looks()) <= known
