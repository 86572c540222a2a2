"""Who may sign in: passwords, failed tries, sessions that end, and what claims stand for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb import passwords, roster
from kb.errors import BadSetting, NotAllowed, NotFound
from kb.roster import Person
from kb.signins import IDLE, WRONG
from kb.store import Store

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRET = "correct-horse-1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing with the least memory, so that the tests are quick."""
    monkeypatch.setattr(passwords, "_HASHER", passwords.PasswordHasher(1, 8, 1))
    passwords._dummy.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "knowledge.db", create=True)
    made.add_person("Ada", SECRET, roles=["technician"], groups=["HR"], by="test", now=NOW)
    yield made
    made.close()


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_who_signs_in_is_known_by_the_token_alone_and_the_store_holds_only_its_hash(
    store: Store, tmp_path: Path
) -> None:
    token = store.sign_in(" aDA ", SECRET, now=NOW)
    found = store.of_session(token, now=later(1))
    assert found is not None
    assert (found.viewer.name, found.viewer.groups, found.viewer.roles) == ("Ada", {"HR"}, {"technician"})
    assert len(token) >= 43
    store.close()
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()
        assert SECRET.encode() not in file.read_bytes()


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", SECRET), ("", ""), ("ada", SECRET + "x")])
def test_a_wrong_name_and_a_wrong_password_are_answered_in_the_same_words(
    store: Store, name: str, password: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        store.sign_in(name, password, now=NOW)
    assert str(refused.value) == WRONG


@pytest.mark.parametrize("name", ["ada", "who is not here"])
def test_after_a_few_failures_a_name_has_to_wait_whether_it_is_known_or_not(store: Store, name: str) -> None:
    for minute in range(20):
        with pytest.raises(NotAllowed):
            store.sign_in(name, "wrong", now=later(minute))
    with pytest.raises(NotAllowed):
        store.sign_in(name, SECRET, now=later(19.1))
    if name == "ada":
        assert store.sign_in("ada", SECRET, now=later(60))
        with pytest.raises(NotAllowed):
            store.sign_in("ada", "wrong", now=later(60))
        assert store.sign_in("ada", SECRET, now=later(60)), "one failure does not make wait"


def test_ten_thousand_tries_a_second_come_to_few_that_count(store: Store) -> None:
    """Who guesses without pause is let try a handful of times in an hour."""
    counted = 0
    for second in range(0, 3_600, 40):
        at = NOW + timedelta(seconds=second)
        with store._reading() as db:
            row = db.exec_driver_sql("SELECT until FROM tries").scalar() or 0
        counted += row <= at.timestamp()
        with pytest.raises(NotAllowed):
            store.sign_in("ada", f"guess {second}", now=at)
    assert counted < 25


def test_a_session_is_over_after_eight_hours_and_after_half_an_hour_without_a_step(store: Store) -> None:
    token = store.sign_in("ada", SECRET, now=NOW)
    for minute in range(0, 480, 20):
        assert store.of_session(token, now=later(minute)) is not None, minute
    assert store.of_session(token, now=later(480)) is None
    token = store.sign_in("ada", SECRET, now=NOW)
    assert store.of_session(token, now=later(29)) is not None
    assert store.of_session(token, now=later(60)) is None
    store.set(IDLE, "5")
    assert store.of_session(store.sign_in("ada", SECRET, now=NOW), now=later(6)) is None


def test_signing_out_revoking_disabling_and_a_new_password_end_sessions_at_once(store: Store) -> None:
    tokens = [store.sign_in("ada", SECRET, now=NOW) for _ in range(3)]
    store.sign_out(tokens[0], now=NOW)
    assert store.of_session(tokens[0], now=NOW) is None
    assert store.of_session(tokens[1], now=NOW) is not None
    newest = store.sessions(now=NOW)[0]
    store.revoke_session(newest.id, by="root", now=NOW)
    assert store.of_session(tokens[2], now=NOW) is None
    ada = store.person("ada")
    store.set_person(ada.id, password="another-secret", by="root", now=NOW)
    assert store.of_session(tokens[1], now=NOW) is None
    token = store.sign_in("ada", "another-secret", now=NOW)
    store.set_person(ada.id, disabled=True, by="root", now=NOW)
    assert store.of_session(token, now=NOW) is None
    with pytest.raises(NotAllowed, match="do not go together"):
        store.sign_in("ada", "another-secret", now=NOW)
    store.set_person(ada.id, disabled=False, by="root", now=NOW)
    assert store.of_session(token, now=NOW) is None, "what ended stays ended"
    assert [one.ended for one in store.sessions(now=NOW)].count("") == 0


def test_new_roles_and_groups_count_at_the_next_look(store: Store) -> None:
    token = store.sign_in("ada", SECRET, now=NOW)
    store.set_person(store.person("ada").id, roles=["desk lead"], groups=["*", "HR"], by="root", now=NOW)
    found = store.of_session(token, now=NOW)
    assert found is not None
    assert found.viewer.roles == {"desk lead"}
    assert found.viewer.sees_all
    assert found.viewer.groups == {"HR"}


@pytest.mark.parametrize(
    ("name", "password", "role", "group", "says"),
    [("ada", SECRET, "technician", "HR", "already"), ("bo", "short", "technician", "", "characters"),
     ("bo", "aaaaaaaaaaaa", "technician", "", "guess"), ("bo", SECRET, "king", "", "no role"),
     ("bo", SECRET, "local", "", "no role"), ("bo", SECRET, "", "nobody", "Nobody can"), ("b|o", SECRET, "", "", "name")],
)  # fmt: skip
def test_accounts_that_cannot_be_are_refused_with_the_reason(
    store: Store, name: str, password: str, role: str, group: str, says: str
) -> None:
    with pytest.raises(BadSetting, match=says):
        store.add_person(name, password, roles=[role], groups=[group], by="test", now=NOW)
    assert len(store.people()) == 1


def test_a_person_that_is_not_here_is_said(store: Store) -> None:
    with pytest.raises(NotFound, match="user list"):
        store.person("zoe")


# --- vouched for elsewhere ----------------------------------------------------------------------------------------


def vouch(
    store: Store, token: str, *, at: datetime = NOW, issued: datetime = NOW, claims: tuple[str, ...] = ("it-hr",)
) -> Person | None:
    return store.vouched("https://id.example", "s-1", "Grace", claims, issued=issued, token=token, now=at)


def test_who_is_vouched_for_may_nothing_until_the_claims_stand_for_something(store: Store) -> None:
    found = vouch(store, "one")
    assert found is not None
    assert (found.roles, found.groups) == (frozenset(), frozenset())
    assert not found.viewer.may("read")
    store.set(roster.CLAIMS, '{"it-hr": {"roles": ["technician"], "groups": ["HR"]}, "other": {"roles": ["admin"]}}')
    found = vouch(store, "one", at=later(1))
    assert found is not None
    assert (found.roles, found.groups) == ({"technician"}, {"HR"})
    assert len(store.people()) == 2


def test_an_old_or_ended_sign_in_is_not_taken_again_although_its_cookie_lives_for_weeks(store: Store) -> None:
    assert vouch(store, "old", issued=later(-481)) is None
    assert vouch(store, "future", issued=later(30)) is None
    assert vouch(store, "one") is not None
    store.sign_out("one", now=NOW)
    assert vouch(store, "one", at=later(1)) is None
    assert vouch(store, "two", at=later(1)) is not None
    assert vouch(store, "two", at=later(40)) is None, "idle"
    assert vouch(store, "two", at=later(41)) is None
    store.set_person(store.person("Grace").id, disabled=True, by="root", now=NOW)
    assert vouch(store, "three", at=later(2)) is None


def test_claims_that_changed_count_from_the_next_sign_in(store: Store) -> None:
    store.set(roster.CLAIMS, '{"a": {"roles": ["triage"]}, "b": {"roles": ["auditor"]}}')
    one = vouch(store, "one", claims=("a",))
    two = vouch(store, "two", claims=("b", "unknown"))
    assert one is not None
    assert two is not None
    assert (one.roles, two.roles) == ({"triage"}, {"auditor"})


@pytest.mark.parametrize("text", ["[1]", '{"a": {"roles": ["king"]}}', '{"a": {"groups": ["nobody"]}}', "{"])
def test_a_meaning_of_claims_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        roster.read_claims(text)
