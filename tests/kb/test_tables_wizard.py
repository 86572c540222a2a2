"""What a person says of an export becomes a preset that reads it, and every file like it, the same way again."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import BadSetting
from kb.records import Ticket
from kb.store import Store
from kb.tables import Asked, Understanding, presets, rows, saved, understand
from kb.tables.mapping import preset_of
from kb.tables.wizard import Said, asked_with, preset_from, renamed

DATA = (
    b"Job #;Wer;Worum;Wann;Stufe;Lage;Trupp;Ende gut\n"
    b"00017;Anna Berg;Drucker druckt nicht;03/04/2026 10:00;4;geparkt;Hotline;Neu gestartet und getestet\n"
    b"00018;Tom Weiss;VPN bricht ab;05/06/2026 11:00;1;durch;Netz;Profil getauscht und beobachtet\n"
)
SAID = Said(
    columns={"Job #": "number", "Wer": "caller", "Worum": "title", "Wann": "opened_at", "Stufe": "priority", "Lage": "state",
             "Trupp": "assignment_group", "Ende gut": "resolution"},
    states={"geparkt": "on hold", "durch": "resolved"}, lines={"Hotline": "1", "Netz": "2"}, ones={"priority": "lowest"},
    dates="day", timezone="Europe/Berlin", source="hotline",
)  # fmt: skip


def tickets(found: Understanding) -> list[Ticket]:
    return [one for one in rows(found) if isinstance(one, Ticket)]


def test_what_was_said_is_how_the_file_is_read() -> None:
    preset = preset_from(understand(DATA), SAID)
    first, second = tickets(understand(DATA, asked_with(preset)))
    assert (first.number, first.caller, first.title, first.source) == (
        "00017",
        "Anna Berg",
        "Drucker druckt nicht",
        "hotline",
    )
    assert (first.state, second.state) == ("on hold", "resolved")
    assert (first.line, second.line) == (1, 2)
    assert (first.priority, second.priority) == (1, 4)
    assert first.opened_at is not None and first.opened_at.isoformat() == "2026-04-03T08:00:00+00:00"
    assert first.extra == {}


def test_nothing_is_asked_twice_and_nothing_more_is_guessed() -> None:
    kept = Said(columns={**SAID.columns, "Trupp": ""}, states=SAID.states, ones=SAID.ones, dates="day")
    found = understand(DATA, asked_with(preset_from(understand(DATA), kept)))
    assert [question.about for question in found.questions] == []
    assert tickets(found)[0].extra == {"Trupp": "Hotline"}


def test_a_preset_survives_being_written_down() -> None:
    preset = renamed(preset_from(understand(DATA), SAID), "Our Hotline")
    assert preset.name == "our-hotline"
    again = preset_of(saved.to_dict(preset), "x")
    assert tickets(understand(DATA, asked_with(again))) == tickets(understand(DATA, asked_with(preset)))


@pytest.mark.parametrize("name", [preset.name for preset in presets()])
def test_every_preset_of_ours_survives_being_written_down(name: str) -> None:
    preset = next(one for one in presets() if one.name == name)
    again = preset_of(saved.to_dict(preset), "x")
    assert (again.columns, again.states, again.words, again.one, again.scales) == (
        preset.columns, preset.states, preset.words, preset.one, preset.scales)  # fmt: skip


def test_two_columns_cannot_be_one_field_and_a_number_is_needed() -> None:
    found = understand(DATA)
    with pytest.raises(BadSetting, match="cannot both be the title"):
        preset_from(found, Said(columns={"Wer": "title", "Worum": "title"}))
    with pytest.raises(BadSetting, match="number"):
        preset_from(found, Said(columns={"Job #": ""}))
    with pytest.raises(BadSetting, match="no field"):
        preset_from(found, Said(columns={"Wer": "password"}))
    with pytest.raises(BadSetting, match="cannot be the state"):
        preset_from(found, Said(states={"durch": "fertig"}))


def test_a_kept_preset_is_found_by_name_and_by_its_columns(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    saved.keep(store, renamed(preset_from(understand(DATA), SAID), "hotline-2"), by="kim")
    known = saved.read(store.settings())
    assert [preset.name for preset in known] == ["hotline-2"]
    assert understand(DATA, Asked(saved=known)).preset.name == "hotline-2"
    assert understand(DATA, Asked(saved=known, preset="hotline-2")).preset.name == "hotline-2"
    with pytest.raises(BadSetting, match="hotline-2"):
        understand(DATA, Asked(saved=known, preset="hotline-3"))
    saved.forget(store, "hotline-2", by="kim")
    assert saved.read(store.settings()) == ()


@pytest.mark.parametrize("name", ["", "../x", "ServiceNow", "servicenow", "a" * 60, "drop table", "ä"])
def test_a_preset_needs_a_plain_name_of_its_own(tmp_path: Path, name: str) -> None:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    from dataclasses import replace

    with pytest.raises(BadSetting):
        saved.keep(store, replace(preset_from(understand(DATA), SAID), name=name), by="kim")
    assert saved.SETTING not in store.settings()


def test_a_damaged_setting_is_said_and_not_overwritten(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "knowledge.db", create=True)
    store.set(saved.SETTING, "{broken")
    with pytest.raises(BadSetting, match="cannot be read"):
        saved.read(store.settings())
    with pytest.raises(BadSetting, match="cannot be read"):
        saved.keep(store, renamed(preset_from(understand(DATA), SAID), "mine"), by="kim")
    assert store.settings()[saved.SETTING] == "{broken"
