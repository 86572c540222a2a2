"""A program that sends a record of a number it may not see learns nothing, and shows it to nobody it was hidden from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.access import Rule
from kb.api.answers import taken
from kb.intake import take
from kb.records import KEEPER, Article, Record, Ticket, Viewer
from kb.roles import of_scopes
from kb.store import Store
from kb.text import prepare

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
FIELDS: dict[str, Any] = {"title": "new words", "category": "Software", "body": "quokka", "audience": [],
                          "state": "open"}  # fmt: skip


def hidden_store(folder: Path) -> Store:
    """Tickets T0-T3 and articles of the same numbers: free, for everybody, for HR as given, for HR by a rule."""
    store = Store.open(folder / "knowledge.db", create=True)
    store.apply_access([Rule("category", ("Payroll",), ("HR",))])
    for kind, made in (("ticket", Ticket), ("article", Article)):
        store.write(kind, [prepare(one) for one in (
            made("desk", "T1", "old words", category="Software"),
            made("desk", "T2", "zanzibar", category="Software", audience=("HR",)),
            made("desk", "T3", "zanzibar", category="Payroll"),
        )])  # fmt: skip
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = hidden_store(tmp_path_factory.mktemp("hidden"))
    return lambda: made


def viewer(*scopes: str) -> Viewer:
    return Viewer("key:test", roles=of_scopes(scopes))


def answer(store: Store, kind: Any, row: dict[str, Any], who: Viewer, **more: bool) -> Any:
    return taken(take(store, kind, [row], source="desk", viewer=who, **more))


@given(
    row=st.dictionaries(st.sampled_from(sorted(FIELDS)), st.none()).map(lambda d: {name: FIELDS[name] for name in d}),
    hidden=st.sampled_from(["T2", "T3"]), kind=st.sampled_from(["ticket", "article"]), reads=st.booleans(),
    word=st.text("abc", max_size=3),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hidden_number_is_answered_like_a_free_one_and_stays_hidden(
    stores: Any, row: dict[str, Any], hidden: str, kind: str, reads: bool, word: str
) -> None:  # fmt: skip
    store = stores()
    who = viewer("tickets:write", "knowledge") if reads else viewer("tickets:write")
    if kind == "article" and not reads:
        who = Viewer("x", roles=frozenset({"key:knowledge"}))
    row = {"title": "new words", **row, "number": hidden}
    if "body" in row:
        row["body"] += word
    free = {**row, "number": "free"}
    store.delete([one.ref for one in (Ticket("desk", "free", ""), Article("desk", "free", ""))])
    assert answer(store, kind, row, who) == answer(store, kind, free, who)
    its = store.find(kind, hidden, KEEPER)
    assert its.audience == ("HR",)
    assert not who.may_see(its.audience)
    assert its.title == row["title"], "what was sent is not lost"


@pytest.mark.parametrize(
    ("number", "told"), [("T0", (1, 0, 0)), ("T1", (0, 1, 0)), ("T2", (1, 0, 0)), ("T3", (1, 0, 0))]
)
@pytest.mark.parametrize("reads", [True, False])
def test_only_who_may_see_a_record_is_told_that_it_was_there(
    tmp_path: Path, number: str, told: tuple[int, int, int], reads: bool
) -> None:  # fmt: skip
    store = hidden_store(tmp_path)
    who = viewer("tickets:write", "tickets:read") if reads else viewer("tickets:write")
    for said in (told, (0, 0, 1) if number in ("T0", "T1") else told):
        made = answer(store, "ticket", {"number": number, "title": "new words"}, who)
        assert made.taken == 1
        assert (made.added, made.updated, made.unchanged) == (said if reads else (None, None, None))


def test_an_erased_number_is_answered_like_a_free_one(tmp_path: Path) -> None:
    store, who = hidden_store(tmp_path), viewer("tickets:write", "tickets:read")
    store.erase_tickets([Ticket("desk", "T1", "").ref])
    erased, free = (answer(store, "ticket", {"number": n, "title": "new words"}, who) for n in ("T1", "T0"))
    assert erased == free


def test_the_tool_that_records_come_from_may_say_that_a_ticket_left_payroll_and_is_told_nothing(
    tmp_path: Path,
) -> None:  # fmt: skip
    store, hook = hidden_store(tmp_path), viewer("tickets:write")
    made = answer(store, "ticket", {"number": "T3", "category": "Software"}, hook, owns=True)
    assert (made.taken, made.added, made.updated) == (1, None, None)
    found: Record = store.find("ticket", "T3", Viewer("anybody"))
    assert (found.title, found.audience) == ("zanzibar", ())
    assert store.records("ticket", [found.id or 0], hook) == []
    assert sum(store.counts(hook).values()) == 0
