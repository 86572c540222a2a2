"""The report on the tickets that would be learnt from, on a small real desk; and the bench of planted errors."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kb.errors import BadSetting, StoreTrouble, TooLittle
from kb.records import Correction, Ref, Ticket
from kb.text import prepare
from pipelines import bench_quality, quality, quality_findings
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
KINDS = (
    ("Outlook asks for the password", "mail box prompt keeps coming back", "Mail", 1),
    ("VPN drops every few minutes", "tunnel breaks at home", "Network", 2),
    ("Printer jams", "paper stuck in tray and toner streaks", "Printing", 2),
)
WORDS = ["since", "monday", "again", "today", "floor", "laptop", "office", "home", "urgent", "please"]


def past(n: int) -> list[Ticket]:
    rng = np.random.default_rng(4)
    return [
        Ticket(
            "desk", f"INC{i}", title=KINDS[i % 3][0], body=f"{KINDS[i % 3][1]} {' '.join(rng.choice(WORDS, 4))} {i}",
            state="closed", opened_at=START + timedelta(hours=9 * i), category=KINDS[i % 3][2], line=KINDS[i % 3][3],
            service=f"s{i % 4}",
        )
        for i in range(n)
    ]  # fmt: skip


def desk(folder: Path, tickets: list[Ticket]) -> Home:
    home = Home(Settings(folder / "home", embedder="hashing"))
    home.create()
    home.store.write("ticket", [prepare(ticket) for ticket in tickets])
    return home


def spoiled() -> list[Ticket]:
    """150 tickets of three kinds: two wrong, some misspelt, two that contradict, a leak, an empty one, a hidden one."""
    tickets = past(150)
    for i, label in ((30, "Printing"), (61, "Mail")):
        tickets[i] = replace(tickets[i], category=label)
    for i in (4, 7, 10):
        tickets[i] = replace(tickets[i], category="network")
    for i in range(63, 150, 3):
        tickets[i] = replace(tickets[i], body=f"{tickets[i].body} issue resolved")
    twin = replace(tickets[20], number="TWIN", category="Mail", body=tickets[20].body)
    empty = replace(tickets[2], number="EMPTY", title="", body="")
    waiting = replace(tickets[2], number="OPEN", title="", body="", state="open")
    secret = replace(tickets[30], number="SECRET", category="Payroll", audience=("HR",))
    return [*tickets, twin, empty, waiting, secret]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return desk(tmp_path_factory.mktemp("quality"), spoiled())


@pytest.fixture(scope="module")
def report(home: Home) -> quality.Report:
    quality.examine(home)  # vectors made now are a little finer than those kept
    return quality.examine(home)


def of_kind(report: quality.Report, kind: str, target: str = "category") -> list[quality_findings.Finding]:
    return [finding for finding in report.findings if (finding.kind, finding.target) == (kind, target)]


def test_planted_errors_are_named_with_what_they_look_like(report: quality.Report) -> None:
    found = {suspect.number: (suspect.given, suspect.alternative) for suspect in report.suspects}
    assert found["INC30"] == ("Printing", "Mail")
    assert found["INC61"] == ("Mail", "Network")
    assert len(found) <= 5
    (finding,) = of_kind(report, "mislabelled")
    assert {"INC30", "INC61"} <= set(finding.tickets)


def test_names_that_differ_in_case_only_are_named_with_the_common_one(report: quality.Report) -> None:
    (finding,) = of_kind(report, "names")
    assert "'Network' (46) and 'network' (3)" in finding.what
    assert finding.tickets == ("INC4", "INC7", "INC10")
    assert finding.todo == "If they are one, give 'Network' everywhere."


def test_a_text_with_two_values_is_a_conflict(report: quality.Report) -> None:
    (finding,) = of_kind(report, "conflict")
    assert set(finding.tickets) == {"INC20", "TWIN"}
    assert "'Mail' (1)" in finding.what


def test_a_phrase_of_closing_is_a_leak_for_every_target_that_it_settles(report: quality.Report) -> None:
    for target in ("category", "line"):
        (finding,) = of_kind(report, "leak", target)
        assert finding.what.startswith("'issue resolved' stands in 29 tickets")


def test_empty_texts_are_counted_and_open_or_restricted_tickets_are_not_looked_at(report: quality.Report) -> None:
    assert report.tickets == 152
    (finding,) = of_kind(report, "empty", "")
    assert finding.tickets == ("EMPTY",)
    told = json.dumps(quality.as_json(report))
    assert "SECRET" not in told
    assert "Payroll" not in told
    assert "OPEN" not in told


def test_a_target_without_values_is_not_spoken_of(report: quality.Report) -> None:
    assert {finding.target for finding in report.findings} == {"", "category", "line"}


def test_the_same_desk_gives_the_same_report(home: Home, report: quality.Report) -> None:
    assert quality.examine(home) == report


def test_the_report_can_be_read_and_written(
    report: quality.Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quality.show_report(report)
    shown = capsys.readouterr().out
    assert "152 tickets" in shown
    assert "INC30" in shown
    value = json.loads(json.dumps(quality.as_json(report)))
    assert {row["number"] for row in value["suspects"]} >= {"INC30", "INC61"}
    assert "ranked" not in value
    file = tmp_path / "suspects.csv"
    count = quality.write_csv(report, file)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == count == len(report.ranked)
    mine = [row for row in rows if row["target"] == "category"]
    assert {row["number"] for row in mine[:2]} == {"INC30", "INC61"}
    assert [row["likely"] for row in mine[:2]] == ["True", "True"]
    shares = [float(row["suspicion"]) for row in mine]
    assert shares == sorted(shares, reverse=True)
    with pytest.raises(BadSetting, match="is there already"):
        quality.write_csv(report, file)
    with pytest.raises(StoreTrouble, match="cannot be written"):
        quality.write_csv(report, tmp_path / "nowhere" / "suspects.csv")


def test_what_a_person_confirmed_is_not_doubted_again(tmp_path: Path) -> None:
    home = desk(tmp_path, spoiled())
    home.store.correct(Correction(Ref("ticket", "desk", "INC30"), "category", "Mail", "Printing", "replaced"))
    found = quality.examine(home)
    assert "INC30" not in {suspect.number for suspect in found.ranked if suspect.target == "category"}
    assert "INC61" in {suspect.number for suspect in found.suspects}


def test_one_value_and_values_that_are_all_different_are_said_to_teach_nothing(tmp_path: Path) -> None:
    tickets = [replace(ticket, category="Mail", subcategory=f"case {i}") for i, ticket in enumerate(past(60))]
    found = quality.examine(desk(tmp_path, tickets))
    (one,) = of_kind(found, "nothing-to-learn", "category")
    assert "1 different values in 60 tickets" in one.what
    (all_different,) = of_kind(found, "nothing-to-learn", "subcategory")
    assert "60 different values" in all_different.what


def test_a_clean_desk_is_left_in_peace(tmp_path: Path) -> None:
    found = quality.examine(desk(tmp_path, past(150)))
    assert [finding for finding in found.findings if finding.target] == []
    assert found.suspects == ()


def test_values_no_longer_given_are_left_out_and_named(tmp_path: Path) -> None:
    tickets = past(600)
    tickets = [replace(ticket, category="Groupware") if i < 500 and ticket.category == "Mail" else ticket
               for i, ticket in enumerate(tickets)]  # fmt: skip
    found = quality.examine(desk(tmp_path, tickets))
    (finding,) = of_kind(found, "retired")
    assert "'Groupware'" in finding.what
    assert "Groupware" not in {suspect.given for suspect in found.ranked}


def test_a_desk_without_finished_tickets_says_what_to_import(tmp_path: Path) -> None:
    with pytest.raises(TooLittle, match="import resolved or closed ones"):
        quality.examine(desk(tmp_path, [replace(ticket, state="open") for ticket in past(5)]))


def test_planting_changes_the_share_asked_for_and_always_to_another_label() -> None:
    labels = [KINDS[i % 3][2] for i in range(200)]
    noisy, wrong = bench_quality.planted(labels)
    assert wrong.sum() == 10
    assert [one != other for one, other in zip(labels, noisy, strict=True)] == wrong.tolist()
    assert bench_quality.planted(labels)[0] == noisy
    assert not bench_quality.planted(["one"] * 50)[1].any()


def test_the_bench_finds_planted_errors_better_than_chance(home: Home) -> None:
    tickets = [prepare(ticket) for ticket in past(300)]
    texts = [f"{ticket.title} {ticket.body}" for ticket in tickets]
    rows = list(bench_quality.found_again(("tiny", "label-noise", "all"), texts, home.embedder.encode(texts),
                                          [ticket.category for ticket in tickets]))  # fmt: skip
    values = {(row.system, row.metric): row for row in rows}
    assert {row.system for row in rows} == {"seenbefore", "neighbours", "random"}
    assert values["seenbefore", "planted@top10"].value >= 0.9
    assert values["seenbefore", "planted@top10"].n == 15
    assert values["random", "planted@top10"].value < 0.5
    assert all(0 <= row.value <= 1 for row in rows)
