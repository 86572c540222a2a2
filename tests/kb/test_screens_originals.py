"""What was redacted, on the page of a record: a button for those who may look, a look that is noted, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.desk import Desk
from kb.errors import NotAllowed, NotFound
from kb.privacy.sealing import new_key, read_key
from kb.records import Problem, Ticket, Viewer
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings
from tests.pages import kinds, ran, words

SECRET = "a.b@c.example"
GROUP = frozenset({"Privacy"})
ENTITLED = Viewer("ann", GROUP, roles=frozenset({"desk lead"}))
OTHERS = {
    "not in the group": Viewer("bob", roles=frozenset({"desk lead"})),
    "sees everything but is not in the group": Viewer("root", sees_all=True, roles=frozenset({"admin"})),
    "in the group without the role": Viewer("eve", GROUP, roles=frozenset({"technician"})),
    "looks as somebody who may": Viewer("ann", GROUP, roles=frozenset({"desk lead"}), looking="root"),
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(Settings(tmp_path / "desk", embedder="hashing", privacy_key=new_key()))
    home.create()
    home.store.set("privacy.email", "entitled")
    home.store.set("privacy.groups", "Privacy")
    home.store.write("ticket", [prepare(Ticket("t", "1", f"mail {SECRET}")), prepare(Ticket("t", "2", "no sound")),
                                prepare(Ticket("t", "3", f"to {SECRET}", audience=("HR",)))])  # fmt: skip
    home.store.write("problem", [prepare(Problem("t", "P1", f"mail to {SECRET} bounces"))])
    yield desk_of(home)
    home.store.close()


def _page(desk: object, viewer: object, kind: str, number: str, press: bool) -> None:
    from kb.screens import originals, record

    found = desk.store.find(kind, number, viewer)  # type: ignore[attr-defined]
    if press:
        originals.heard(desk, viewer, found)  # type: ignore[arg-type]
    record.page(desk, viewer, {kind: number})  # type: ignore[arg-type]


def shown(
    desk: Desk, viewer: Viewer, number: str = "1", *, kind: str = "ticket", press: bool = False
) -> tuple[str, bool]:
    """What stands on the page, and whether the button does."""
    test = ran(_page, desk, viewer, kind, number, press, where={})
    return words(test, " "), any(one["name"] == "originals" for one in kinds(test, "act"))


def looks(desk: Desk) -> list[str]:
    return [one.by for one in desk.store.audit_entries(most=200) if (one.detail or {}).get("what") == "originals"]


@pytest.mark.parametrize(("kind", "number"), [("ticket", "1"), ("problem", "P1")])
def test_who_may_look_sees_it_once_and_each_look_is_noted(desk: Desk, kind: str, number: str) -> None:
    said, button = shown(desk, ENTITLED, number, kind=kind)
    assert (SECRET in said, button, looks(desk)) == (False, True, [])
    for n in (1, 2):
        assert SECRET in shown(desk, ENTITLED, number, kind=kind, press=True)[0]
        assert looks(desk) == ["ann"] * n
    assert SECRET not in shown(desk, ENTITLED, number, kind=kind)[0]


@pytest.mark.parametrize("viewer", list(OTHERS.values()), ids=list(OTHERS))
def test_nobody_else_meets_the_button_or_gets_past_it(desk: Desk, viewer: Viewer) -> None:
    for press in (False, True):
        said, button = shown(desk, viewer, press=press)
        assert (SECRET in said, button) == (False, False)
    with pytest.raises((NotAllowed, NotFound)):
        desk.originals(desk.store.find("ticket", "1", viewer), viewer=viewer)
    assert looks(desk) == [], "nothing was seen"


def test_a_record_that_is_hidden_or_holds_nothing_sealed_has_no_originals_for_anybody(desk: Desk) -> None:
    assert not shown(desk, ENTITLED, "2")[1]
    hidden = desk.store.find("ticket", "3", Viewer("hr", frozenset({"HR"})))
    assert not desk.has_originals(hidden, viewer=ENTITLED)
    with pytest.raises(NotFound):
        desk.originals(hidden, viewer=ENTITLED)


def test_a_lost_key_is_one_sentence(desk: Desk) -> None:
    for sealer, told in ((None, "there is no key"), (read_key(new_key(), "KEY"), "do not open with the key")):
        desk.store.sealer = sealer
        said, button = shown(desk, ENTITLED, press=True)
        assert (told in said, button, SECRET in said) == (True, True, False)
