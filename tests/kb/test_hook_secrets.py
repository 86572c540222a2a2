"""Secrets of webhooks: sealed with the key outside the home, whatever version kept them, and opened for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from kb import schema as s
from kb.errors import BadSetting, Damaged
from kb.privacy.sealing import new_key, read_key
from kb.store import Store
from pipelines.deliver import send_due
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def opened(folder: Path, key: str = "") -> Store:
    """The store of a home as a program opens it."""
    home = Home(Settings(folder, embedder="hashing", privacy_key=key))
    home.create()
    return home.store


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def with_open_secret(folder: Path) -> str:
    """A hook as an earlier version kept it; returns its secret."""
    store = opened(folder, new_key())
    made = store.add_hook("tool", way="in", now=NOW)
    with store._writing() as db:
        db.execute(sa.update(s.hooks).values(secret=made.secret))
    store.close()
    return made.secret


def test_no_byte_of_the_home_holds_the_secret_and_the_key_opens_it(tmp_path: Path) -> None:
    key = new_key()
    store = opened(tmp_path, key)
    made = store.add_hook("tool", way="in", now=NOW)
    assert made.secret.encode() not in bytes_of(tmp_path)
    assert made.secret not in store.hook("tool").secret
    assert made.secret not in repr(made)
    store.close()
    again = opened(tmp_path, key)
    assert again.secret_of(again.hook("tool")) == made.secret
    assert again.hook_trouble() == []


def test_an_open_secret_is_sealed_when_the_desk_is_opened_with_a_key(tmp_path: Path) -> None:
    secret = with_open_secret(tmp_path)
    store = opened(tmp_path)
    assert store.secret_of(store.hook("tool")) == secret, "without a key it works as before"
    assert ["are kept as they are" in one for one in store.hook_trouble()] == [True]
    assert store.hook("tool").secret == secret
    store = opened(tmp_path, new_key())
    assert secret not in store.hook("tool").secret
    assert store.secret_of(store.hook("tool")) == secret
    assert store.seal_secrets() == 0


@pytest.mark.sqlite("reads the file")
def test_no_byte_of_the_home_holds_an_open_secret_any_more_once_it_is_sealed(tmp_path: Path) -> None:
    secret = with_open_secret(tmp_path).encode()
    opened(tmp_path).close()
    assert secret in bytes_of(tmp_path)
    opened(tmp_path, new_key())
    assert secret not in bytes_of(tmp_path)


def test_a_lost_key_and_another_key_are_one_sentence_and_hooks_are_still_listed(tmp_path: Path) -> None:
    opened(tmp_path, new_key()).add_hook("tool", way="in", now=NOW)
    for key, error in (("", BadSetting), (new_key(), Damaged)):
        store = opened(tmp_path, key)
        with pytest.raises(error, match=r"secret of the webhook 'tool'.*SEENBEFORE_PRIVACY_KEY_FILE") as said:
            store.secret_of(store.hook("tool"))
        assert store.hook_trouble() == [str(said.value)]
    with pytest.raises(BadSetting, match="seenbefore privacy key FILE"):
        opened(tmp_path).add_hook("other", way="in", now=NOW)


def test_a_sealed_secret_opens_for_no_other_hook(tmp_path: Path) -> None:
    store = opened(tmp_path, new_key())
    store.add_hook("one", way="in", now=NOW)
    store.add_hook("two", way="in", now=NOW)
    with store._writing() as db:
        db.execute(sa.update(s.hooks).values(secret=store.hook("one").secret))
    assert store.secret_of(store.hook("one")).startswith("whsec_")
    with pytest.raises(Damaged):
        store.secret_of(store.hook("two"))


def test_a_message_whose_secret_does_not_open_waits_and_says_why(tmp_path: Path) -> None:
    store = opened(tmp_path, new_key())
    hook = store.add_hook("oncall", way="out", url="http://127.0.0.1:9/", events=["burst"], now=NOW)
    store.queue_message(hook.id, "burst", "b1", {}, now=NOW)
    store.sealer = read_key(new_key(), "KEY")
    assert send_due(store, now=lambda: NOW).failed == 1
    assert "does not open with the key" in store.messages()[0].trouble
