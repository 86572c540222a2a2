"""Exports of nine tools and of none are understood: at least 95 in 100 columns, no priority ever the wrong way round."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from kb.records import Record, Ticket
from kb.tables import BadRow, Remark, Understanding, rows, understand
from kb.text import prepare
from pipelines.bench_imports import direction, judge, run, truth_of

EXPORTS = Path(__file__).resolve().parents[1] / "data" / "exports"
TRUTH = truth_of(EXPORTS)


@cache
def understood(name: str) -> Understanding:
    return understand(EXPORTS / name)


def records(name: str) -> dict[str, Record]:
    made = [one for one in rows(understood(name)) if not isinstance(one, (BadRow, Remark))]
    return {one.number: one for one in made if hasattr(one, "number")}


RANK = {
    word: place
    for place, words in enumerate((
        "critical urgent highest emergency kritisch höchste crítica critique",
        "high hoch haute alta",
        "medium normal moderate mittel moyenne media média",
        "low niedrig basse baja baixa bassa",
        "planning lowest",
    ))
    for word in words.split()
}  # fmt: skip
"""What the words of the exports mean, written here by hand and not taken from the program."""


def test_there_are_enough_exports_and_each_file_has_its_truth() -> None:
    assert len(TRUTH) >= 40
    assert {file.name for file in EXPORTS.iterdir()} - {"truth.json", "README.md"} == set(TRUTH)
    tools = {truth["tool"] for truth in TRUTH.values()}
    assert tools == {
        "servicenow",
        "jira",
        "zendesk",
        "freshservice",
        "glpi",
        "zammad",
        "otrs",
        "manageengine",
        "itop",
        "unknown",
    }


def test_at_least_95_in_100_columns_are_told_rightly_over_all_exports() -> None:
    judged = [one for name in TRUTH for one in judge(name, TRUTH[name], understood(name))]
    wrong = [one for one in judged if not one.is_right]
    assert len(judged) > 1_000
    assert 1 - len(wrong) / len(judged) >= 0.95, wrong


@pytest.mark.parametrize("tool", sorted({truth["tool"] for truth in TRUTH.values()}))
def test_no_tool_is_left_behind(tool: str) -> None:
    judged = [
        one for name in TRUTH if TRUTH[name]["tool"] == tool for one in judge(name, TRUTH[name], understood(name))
    ]
    wrong = [one for one in judged if not one.is_right]
    assert 1 - len(wrong) / len(judged) >= 0.9, wrong


def test_the_bench_says_the_same_and_names_what_is_wrong() -> None:
    figures, notes = run(EXPORTS)
    all_ = {row.metric: row.value for row in figures if row.system == "all"}
    assert all_["columns"] >= 0.95 and all_["priority"] == 1.0 and all_["files"] == len(TRUTH)
    assert len(notes) == round((1 - all_["columns"]) * figures[0].n)


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_the_direction_of_priority_is_right_or_asked(name: str) -> None:
    truth = TRUTH[name]["priority"]
    wanted = {*(truth if isinstance(truth, list) else [truth])}
    found = understood(name)
    assert direction(TRUTH[name], found) in wanted
    if "words" in wanted:
        column = next(one for one in found.columns if one.name == found.mapping["priority"])
        known = [value for value in column.samples if value.casefold() in RANK]
        assert known, "a word of this export is known here"
        for one in known:
            for other in known:
                if RANK[one.casefold()] < RANK[other.casefold()]:
                    ranks = found.levels["priority"]
                    assert ranks.read(one) < ranks.read(other)


@pytest.mark.parametrize("name", sorted(name for name, truth in TRUTH.items() if truth.get("check")))
def test_a_record_of_it_says_what_the_tool_said(name: str) -> None:
    made = records(name)
    for number, wanted in TRUTH[name]["check"].items():
        record = made[number]
        for field, value in wanted.items():
            found = getattr(record, field)
            found = found.isoformat() if isinstance(found, datetime) else found
            assert found == value, (number, field)


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_row_of_it_goes_in(name: str) -> None:
    found = understood(name)
    assert found.kind == TRUTH[name]["kind"]
    refused = [one for one in rows(found) if isinstance(one, BadRow)]
    assert not refused


FIXES = (
    "Removed the stored entry", "Restarted the print spooler", "Moved the caller to the new gateway", "Added the account back",
    "Rolled back the update", "Deployed the package", "Gespeicherte Anmeldung", "Druckwarteschlange auf", "Gateway-Profil",
    "Suppression de l'identifiant", "Redémarrage du spouleur", "Se borró la credencial", "Credencial removida",
)  # fmt: skip
"""How what fixed it begins in these exports."""


@pytest.mark.parametrize("name", sorted(name for name, truth in TRUTH.items() if truth["kind"] == "tickets"))
def test_what_fixed_it_is_never_in_what_was_known_at_opening(name: str) -> None:
    for record in records(name).values():
        assert isinstance(record, Ticket)
        asked = prepare(record).text
        assert not [fix for fix in FIXES if fix in asked], record.number


THREADS = (
    "zendesk_export.json",
    "zammad_expand.json",
    "otrs_rest.json",
    "freshservice_conversations.json",
    "jira_rest.json",
    "jira_cloud.csv",
)


@pytest.mark.parametrize("name", THREADS)
def test_a_thread_answers_a_done_ticket_publicly_and_an_open_one_not_at_all(name: str) -> None:
    made = [record for record in records(name).values() if isinstance(record, Ticket)]
    done = [one for one in made if one.is_done]
    assert done and all(one.resolution.startswith(FIXES) for one in done)
    assert all(one.resolution == "" for one in made if not one.is_done)
    assert not any("nternal" in one.resolution or "Thanks" in one.resolution for one in made)
