"""The Privacy page: counts by kind, a policy that changes, and what is missing said in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.desk import Desk
from kb.errors import BadSetting
from kb.privacy.kinds import KINDS
from kb.privacy.sealing import new_key, read_key
from kb.records import EVERYONE, Ticket, Viewer
from kb.screens import privacy
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(Settings(tmp_path / "desk", embedder="hashing"))
    home.create()
    home.store.write("ticket", [
        prepare(Ticket("t", "1", "pwd is Summer2024!", "mail a.b@c.example", opened_at=datetime.now(UTC))),
        prepare(Ticket("t", "2", "pwd is Winter2024!", audience=("HR",), opened_at=datetime.now(UTC))),
    ])  # fmt: skip
    yield desk_of(home)
    home.store.close()


def _page(desk: object) -> None:
    from kb.records import EVERYONE
    from kb.screens import privacy

    privacy.page(desk, EVERYONE)  # type: ignore[arg-type]


def words(desk: Desk) -> str:
    """All that went to the browser."""
    test = AppTest.from_function(_page, args=(desk,), default_timeout=60)
    test.run()
    assert not test.exception

    def trees(part: Any) -> Iterator[str]:
        if part.type == "bidi_component":
            yield part.proto.json
        for child in getattr(part, "children", {}).values():
            yield from trees(child)

    return " ".join(tree for part in test.main for tree in trees(part))


def test_the_page_shows_counts_of_what_the_viewer_sees_and_never_a_value(desk: Desk) -> None:
    said = words(desk)
    assert "2 placeholders in the records you see." in said
    assert "Summer2024" not in said and "a.b@c.example" not in said
    assert desk.privacy(viewer=Viewer("a", frozenset({"HR"}))).found["password"] == {f"{datetime.now(UTC):%Y-%m}": 2}
    assert set(privacy.NAMES) == set(KINDS)


def test_a_policy_is_changed_for_the_next_record_and_refused_without_a_key(desk: Desk) -> None:
    desk.set_privacy("email", "keep", viewer=EVERYONE)
    desk.store.write("ticket", [prepare(Ticket("t", "3", "mail x.y@c.example"))])
    assert desk.record("ticket", "3", viewer=EVERYONE).title == "mail x.y@c.example"
    for kind, what in (("email", "entitled"), ("email", "burn"), ("shoes", "keep")):
        with pytest.raises(BadSetting):
            desk.set_privacy(kind, what, viewer=EVERYONE)
    privacy._heard(desk, EVERYONE, {"name": "policy", "kind": "email", "what": "redact"})
    assert desk.store.settings()["privacy.email"] == "redact"
    assert "No key is set" in words(desk)
    desk.store.sealer = read_key(new_key(), "KEY")
    desk.set_privacy("email", "entitled", viewer=EVERYONE)
    assert "A key is set" in words(desk)


def test_months_go_back_a_year() -> None:
    months = privacy._last_months(datetime(2026, 2, 3, tzinfo=UTC))
    assert (months[0], months[-1], len(months)) == ("2025-03", "2026-02", 12)
    assert json.dumps(months)
