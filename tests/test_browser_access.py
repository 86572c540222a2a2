"""Signing in, in a real browser: local accounts, the sign-in of an organisation, roles, sessions, and looking as others."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kb import passwords
from kb.records import Ticket
from kb.roster import CLAIMS
from kb.store import Store
from kb.text import prepare
from pipelines import index
from pipelines.home import Home
from pipelines.settings import Settings
from tests.browsing import ROOT, STICKS_OUT, free_port, running, serving

pytestmark = pytest.mark.browser
WAIT = 60_000
SECRET = "correct-horse-1"


def made_home(folder: Path) -> Path:
    """A small desk with something for HR only, and three accounts."""
    home = Home(Settings(folder, embedder="hashing", threads=1))
    home.create()
    said = "Outlook keeps asking for the password"
    opened = datetime(2026, 3, 2, 12, tzinfo=UTC)
    past = [Ticket("t", f"T{i}", said, said, opened_at=opened, state="closed", resolution="Cleared the cache.",
                   audience=("HR",) if i == 7 else ()) for i in range(8)]  # fmt: skip
    home.store.write("ticket", [prepare(one) for one in past])
    index.build(home)
    now = datetime.now(UTC)
    for name, roles, groups in (("ada", ["admin"], ["HR"]), ("bob", ["technician"], []), ("eve", [], [])):
        home.store.add_person(name, SECRET, roles=roles, groups=groups, by="test", now=now)
    home.store.close()
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_home(tmp_path_factory.mktemp("signed") / "desk")


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    with serving(home, SEENBEFORE_EMBEDDER="hashing") as base:
        yield base


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    yield opened
    context.close()


def sign_in(page: Any, base: str, name: str, password: str = SECRET, where: str = "/") -> None:
    page.goto(base + where)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def status(base: str, path: str) -> int:
    try:
        with urllib.request.urlopen(base + path, timeout=10) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def test_nobody_gets_past_the_sign_in_page_without_an_account(page: Any, served: str) -> None:
    page.goto(f"{served}/knowledge?sort=used")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert "/sign-in?next=" in page.url
    for path in ("/media/x.pdf", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/anything/else"):
        assert status(served, path) in (403, 404)
    for name, password in (("ada", "not it at all"), ("who is that", SECRET)):
        sign_in(page, served, name, password)
        assert "do not go together" in page.get_by_role("alert").inner_text()


def test_a_session_lives_through_a_reload_leads_where_one_wanted_to_and_ends_at_sign_out(
    page: Any, served: str
) -> None:
    sign_in(page, served, "bob", where="/knowledge?show=stale")
    page.locator(".sb-who", has_text="bob").wait_for()
    assert page.url == f"{served}/knowledge?show=stale"
    cookie = next(one for one in page.context.cookies() if one["name"] == "seenbefore_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert len(cookie["value"]) >= 43
    page.reload()
    page.locator(".sb-who", has_text="bob").wait_for()
    other = page.context.new_page()
    other.goto(served)
    other.locator(".sb-who", has_text="bob").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    other.get_by_role("link", name="Patterns").click()
    other.get_by_text("You are not signed in.").wait_for()
    page.context.add_cookies([cookie])
    page.goto(served)
    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_technician_sees_no_administration_and_a_person_without_a_role_sees_nothing(page: Any, served: str) -> None:
    sign_in(page, served, "bob", where="/access")
    page.get_by_text("Your role does not let you manage users, groups and who may see what: ask an admin.").wait_for()
    assert page.get_by_role("link", name="Access").count() == 0
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, served, "eve")
    page.get_by_text("nobody has given you a role yet").wait_for()
    assert page.locator(".sb-top nav").count() == 0


def test_an_admin_gives_roles_hides_records_looks_as_somebody_and_ends_a_session(
    page: Any, browser: Any, served: str, home: Path
) -> None:
    sign_in(page, served, "ada", where="/access")
    card = page.locator(".sb-card", has=page.get_by_role("heading", name="bob"))
    theirs = browser.new_context().new_page()
    theirs.set_default_timeout(WAIT)
    sign_in(theirs, served, "bob")
    theirs.get_by_text("7 past tickets").wait_for()
    card.get_by_label("Groups").fill("HR")
    card.get_by_role("button", name="Save").click()
    theirs.get_by_role("link", name="Patterns").click()
    theirs.get_by_role("link", name="Search", exact=True).click()
    theirs.get_by_text("8 past tickets").wait_for()
    card.get_by_role("button", name="See their desk").click()
    page.get_by_text("You see the desk as bob does.").wait_for()
    assert page.get_by_role("link", name="Access").count() == 0
    page.get_by_role("button", name="Back to yourself").click()
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Access").click()
    page.get_by_role("link", name="Rules").click()
    page.get_by_label("Records whose").select_option("words")
    page.get_by_label("is one of").fill("outlook")
    page.get_by_label("are for these groups only").fill("Mail team")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Count what they would change").click()
    page.get_by_text("Of 8 records 8 would be seen by fewer than now").wait_for()
    page.get_by_role("button", name="Let these rules hold").click()
    page.get_by_role("button", name="Let these rules hold").wait_for(state="detached")
    theirs.get_by_role("link", name="Patterns").click()
    theirs.get_by_role("link", name="Search", exact=True).click()
    theirs.get_by_text("8 past tickets").wait_for(state="detached")
    page.get_by_role("link", name="Sessions").click()
    page.locator("tr", has_text="bob").get_by_role("button", name="End").first.click()
    page.get_by_text("ended by ada").first.wait_for()
    theirs.get_by_role("link", name="Triage").click()
    theirs.get_by_text("You are not signed in.").wait_for()
    theirs.context.close()


def test_an_admin_says_what_a_claim_gives_and_tries_it_out(page: Any, served: str) -> None:
    sign_in(page, served, "ada", where="/access?show=claims")
    page.get_by_label("Value of a claim").fill("desk-technicians")
    page.get_by_role("button", name="Add").click()
    card = page.locator(".sb-card", has=page.get_by_role("heading", name="desk-technicians"))
    card.get_by_role("button", name="technician").click()
    card.get_by_label("Groups it gives").fill("HR")
    card.get_by_role("button", name="Save").click()
    page.get_by_label("Values of their claims").fill("desk-technicians\nall-staff")
    page.get_by_role("button", name="Try").click()
    page.get_by_text("Roles: technician. Groups: HR. These give nothing: all-staff.").wait_for()
    card.get_by_role("button", name="Take out").click()
    page.get_by_text("No value gives anything yet").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (800, "dark")])
def test_the_page_fits_its_window(browser: Any, served: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    sign_in(page, served, "ada", where="/access")
    for view in ("", "claims", "rules", "sessions", "roles"):
        page.goto(f"{served}/access?show={view}")
        page.locator(".sb-switch [aria-current]").first.wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate(STICKS_OUT) <= 0, view
    context.close()


# --- the sign-in of an organisation -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a desk whose people sign in with a provider that runs beside it, and its home."""
    folder = tmp_path_factory.mktemp("oidc")
    home, port, other = made_home(folder / "desk"), free_port(), free_port()
    file = folder / "sign-in.toml"
    file.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"c" * 40}"\n'
        f'client_id = "seenbefore"\nclient_secret = "a-client-secret-of-the-tests"\n'
        f'server_metadata_url = "http://127.0.0.1:{other}/.well-known/openid-configuration"\n'
        '[seenbefore]\nlabel = "Example Ltd."\nclaims = ["groups"]\n'
    )  # fmt: skip
    store = Store.open(home / "knowledge.db")
    store.set(CLAIMS, json.dumps({"desk-technicians": {"roles": ["technician"]}, "hr": {"groups": ["HR"]}}))
    store.close()
    provider = [sys.executable, str(ROOT / "tests" / "oidc_provider.py"), str(other)]
    with (
        running(provider, f"http://127.0.0.1:{other}/jwks"),
        serving(home, port=port, SEENBEFORE_OIDC=str(file), SEENBEFORE_EMBEDDER="hashing"),
    ):
        yield f"http://127.0.0.1:{port}", home


def hand_over(page: Any, base: str, person: str) -> None:
    page.goto(base)
    page.get_by_role("link", name="Sign in with Example Ltd.").click()
    page.get_by_role("heading", name="Who are you?").wait_for()
    page.get_by_role("link", name=person).click()


def test_a_person_of_the_organisation_has_the_roles_and_groups_that_their_claims_stand_for(
    page: Any, elsewhere: tuple[str, Path]
) -> None:
    base, home = elsewhere
    hand_over(page, base, "grace")
    page.locator(".sb-who", has_text="Grace").wait_for(timeout=4 * WAIT)  # the desk is opened for the first time
    page.get_by_text("8 past tickets").wait_for()
    page.reload()
    page.locator(".sb-who", has_text="Grace").wait_for()
    store = Store.open(home / "knowledge.db")
    grace = store.person("Grace")
    assert (grace.roles, grace.groups) == ({"technician"}, {"HR"})
    store.set(CLAIMS, json.dumps({"desk-technicians": {"roles": ["technician"]}}))
    page.get_by_role("link", name="Patterns").click()
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_text("7 past tickets").wait_for()
    live = [one for one in store.sessions(now=datetime.now(UTC)) if one.person == "Grace" and not one.ended]
    for one in live:
        store.revoke_session(one.id, by="root", now=datetime.now(UTC))
    page.get_by_role("link", name="Patterns").click()
    page.get_by_text("You are not signed in.").wait_for()
    page.goto(base)
    page.get_by_text("You are not signed in.").wait_for()
    store.close()
    page.get_by_role("button", name="Sign in again").click()
    page.get_by_text("You are signed out there too").wait_for()
    hand_over(page, base, "grace")
    page.locator(".sb-who", has_text="Grace").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out there too").wait_for()
    page.goto(base)
    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_person_whose_claims_stand_for_nothing_may_do_nothing(page: Any, elsewhere: tuple[str, Path]) -> None:
    hand_over(page, elsewhere[0], "mallory")
    page.get_by_text("nobody has given you a role yet").wait_for()
    assert page.locator(".sb-top nav").count() == 0


def test_a_made_up_cookie_of_the_organisation_lets_nobody_in(page: Any, elsewhere: tuple[str, Path]) -> None:
    base = elsewhere[0]
    forged = "eyJzdWIiOiAiaWQtb2YtZ3JhY2UifQ|1|0000"
    page.context.add_cookies([{"name": "_streamlit_user", "value": forged, "url": base}])
    page.goto(base)
    page.get_by_text("You are not signed in.").wait_for()
    assert page.locator(".sb-top nav").count() == 0
    assert passwords.right("", "x") is False
