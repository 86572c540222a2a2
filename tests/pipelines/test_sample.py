"""The sample desk is the same bytes every time and holds what the rest of the product is shown on."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.records import ARTICLE_STATES, PROBLEM_STATES
from pipelines.sample import make_desk
from pipelines.samples import bank, journal, library, wording
from pipelines.samples.people import GROUPS
from pipelines.samples.story import COLUMNS, MATRIX

COMMITTED = Path(__file__).resolve().parents[2] / "data" / "sample"
NAMES = ("tickets.csv.gz", "articles.csv.gz", "problems.csv", "links.csv")
HEAD = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (.+) \(Work notes\)$", re.MULTILINE)
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    data = (COMMITTED / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return list(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))


@pytest.fixture(scope="module")
def tickets() -> list[Row]:
    return rows("tickets.csv.gz")


@pytest.fixture(scope="module")
def articles() -> list[Row]:
    return rows("articles.csv.gz")


@pytest.fixture(scope="module")
def links() -> list[Row]:
    return rows("links.csv")


@pytest.fixture(scope="module")
def problems() -> list[Row]:
    return rows("problems.csv")


def when(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def test_the_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    counts = make_desk(tmp_path)
    assert counts["tickets"] == 2500 and counts["articles"] == 72 and counts["problems"] == 14
    for name in NAMES:
        made, kept = (tmp_path / name).read_bytes(), (COMMITTED / name).read_bytes()
        if name.endswith(".gz"):  # zlib builds differ in how they pack; what is inside must not
            made, kept = gzip.decompress(made), gzip.decompress(kept)
        assert made == kept, f"data/sample/{name} is not what pipelines/sample.py makes: run python -m pipelines.sample"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for folder, seed in (("a", 5), ("b", 5), ("c", 6)):
        make_desk(tmp_path / folder, seed=seed, tickets=450)
    for name in ("tickets.csv.gz", "links.csv"):
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes()
        assert first != (tmp_path / "c" / name).read_bytes()


def test_a_desk_too_small_for_its_outages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 400"):
        make_desk(tmp_path, tickets=100)
    assert not list(tmp_path.iterdir())


def test_every_phrase_of_the_banks_has_only_gaps_that_can_be_filled(tickets: list[Row], articles: list[Row]) -> None:
    known = {"pc", "login", "ext", "site", "sc", "coll", "collfull", "mgr", "since", "day", "ci", "partner", "machine",
             "share", "mbx", "tcode", "room", "ordinal", "n", "n2", "n9", "mins", "time", "printer", "order", "date",
             "grp", "hex", "hexs"}  # fmt: skip
    for scenario in bank.scenarios():
        texts = [t for part in scenario.says.values() for t in part] + list(scenario.asks) + list(scenario.items)
        texts += [t for cause in scenario.causes for t in (*cause.fixes, *cause.hints)]
        gaps = {gap for text in texts for gap in re.findall(r"{(\w*)}", text)}
        assert gaps <= known | set(scenario.slots), scenario.id
    for row in tickets:
        text = row["short_description"] + row["description"] + row["close_notes"] + row["work_notes"]
        assert not re.search(r"{\w+}", text), row["number"]


def test_every_cause_belongs_to_a_known_group() -> None:
    groups = set(GROUPS) | {"On-Site Support"}
    for scenario in bank.scenarios():
        assert {scenario.group, *scenario.wrong} <= groups
        assert {cause.group for cause in scenario.causes} <= groups | {""}


def test_times_follow_each_other(tickets: list[Row]) -> None:
    assert list(tickets[0]) == list(COLUMNS)
    assert tickets == sorted(tickets, key=lambda row: row["opened_at"])
    for row in tickets:
        if row["resolved_at"]:
            assert when(row["opened_at"]) < when(row["resolved_at"]), row["number"]
        if row["closed_at"]:
            assert when(row["resolved_at"]) <= when(row["closed_at"]), row["number"]
    assert tickets[0]["opened_at"] < "2025-05-04" and tickets[-1]["opened_at"].startswith("2026-10-3")


def test_numbers_are_unique_and_priority_is_the_matrix(tickets: list[Row]) -> None:
    assert len({row["number"] for row in tickets}) == len(tickets)
    for row in tickets:
        if row["priority"]:
            assert MATRIX[int(row["impact"]) - 1][int(row["urgency"]) - 1] == int(row["priority"])


def test_the_newest_forty_wait_for_triage_and_only_those(tickets: list[Row]) -> None:
    for row in tickets[-40:]:
        assert row["state"] == "New" and not row["resolved_at"]
        assert not any(row[key] for key in ("category", "impact", "urgency", "priority", "assignment_group", "u_line"))
    assert all(row["state"] != "New" and row["category"] for row in tickets[:-40])
    states = Counter(row["state"] for row in tickets)
    assert min(states[s] for s in ("In Progress", "On Hold", "Canceled", "Resolved")) >= 3


def test_german_and_french_are_spoken_in_about_the_right_share(tickets: list[Row]) -> None:
    german = sum(bool(re.search(r"\b(ich|nicht|bitte|kommt|mein|gibt)\b", row["description"])) for row in tickets)
    french = sum(bool(re.search(r"\b(je|merci|mon|ne|pouvez|ma)\b", row["description"])) for row in tickets)
    assert 0.07 < german / len(tickets) < 0.14
    assert 0.035 < french / len(tickets) < 0.09


def test_the_vpn_outage_brings_38_callers_in_two_hours_under_one_parent(tickets: list[Row]) -> None:
    parent = next(row for row in tickets if row["short_description"].startswith("MAJOR: VPN client 5.1.8"))
    start = when("2026-03-17 06:41:00")
    outage = [r for r in tickets if start <= when(r["opened_at"]) <= start + timedelta(hours=2) and r != parent]
    vpn = [r for r in outage if "vpn" in (r["short_description"] + r["description"]).lower()]
    assert len(vpn) >= 34
    assert sum(row["parent_incident"] == parent["number"] for row in tickets) >= 28


def test_the_print_spooler_is_quiet_for_six_weeks_and_comes_back(tickets: list[Row]) -> None:
    spooler = [row["opened_at"][:10] for row in tickets if row["problem_id"] == "PRB0000402"]
    before = [day for day in spooler if day <= "2026-01-10"]
    quiet = [day for day in spooler if "2026-01-12" < day < "2026-02-21"]
    after = [day for day in spooler if "2026-02-21" <= day <= "2026-04-11"]
    assert len(before) >= 12 and len(after) >= 8 and not quiet
    assert not [day for day in spooler if day > "2026-04-12"]


def test_restricted_tickets_hold_words_that_nothing_else_holds(tickets: list[Row], articles: list[Row]) -> None:
    audiences = Counter(row["u_audience"] for row in tickets)
    assert audiences["HR"] >= 12 and audiences["Security"] >= 10
    assert {row["audience"] for row in articles} == {"", "HR", "Security"}
    public = " ".join(r["short_description"] + r["description"] + r["close_notes"] + r["work_notes"] for r in tickets
                      if not r["u_audience"]).lower()  # fmt: skip
    hidden = " ".join(r["description"] + r["close_notes"] for r in tickets if r["u_audience"]).lower()
    for word in ("maternity", "garnishment", "grievance", "token theft", "forensics", "police report"):
        assert word not in public
    assert sum(word in hidden for word in ("maternity", "garnishment", "grievance", "forensics", "police")) >= 4


def test_the_desk_is_not_clean(tickets: list[Row]) -> None:
    done = [row for row in tickets if row["state"] in ("Closed", "Resolved")]
    assert sum(int(row["reopen_count"]) > 0 for row in done) / len(done) > 0.02
    assert 0.1 < sum(int(row["reassignment_count"]) > 0 for row in done) / len(done) < 0.45
    assert sum(row["close_code"] == "Duplicate" for row in done) > 60
    assert sum(len(row["close_notes"]) < 12 for row in done) / len(done) > 0.08
    assert sum("made_sla" in row and row["made_sla"] == "false" for row in done) > 100
    assert sum(bool(re.search(r"passwor|pwd|Passwort", row["description"])) for row in tickets) > 20
    assert sum("?" in row["close_notes"] for row in done) > 150, "technicians ask before they solve"


def test_every_link_goes_from_an_older_ticket_to_something_that_exists(
    tickets: list[Row], articles: list[Row], problems: list[Row], links: list[Row]
) -> None:
    opened = {row["number"]: when(row["opened_at"]) for row in tickets}
    solved = {row["number"]: row["resolved_at"] for row in tickets}
    known = {"article": {row["number"] for row in articles}, "ticket": set(opened)}
    known["problem"] = {row["number"] for row in problems}
    for link in links:
        assert link["target"] in known[link["target_kind"]]
        assert link["target"] != link["ticket"]
        assert opened[link["ticket"]] <= when(link["linked_at"]) <= when(solved[link["ticket"]])
        if link["target_kind"] == "ticket":
            assert opened[link["target"]] <= when(link["linked_at"])
    assert len({(link["ticket"], link["target"]) for link in links}) == len(links)
    assert sum(link["target_kind"] == "ticket" for link in links) > 150
    assert sum(link["generic"] == "1" for link in links) > 30


def test_some_frequent_failures_have_no_article_and_some_articles_are_stale() -> None:
    written = set(library.numbers())
    gaps = [s.id for s in bank.scenarios() if s.weight >= 1.5 and not any(c.article in written for c in s.causes)]
    assert len(gaps) >= 3
    assert min(row["updated"] for row in bank.read("articles")["a"]) < "2024"


def test_a_good_half_of_what_people_worked_on_has_work_notes_that_ask_and_do(tickets: list[Row]) -> None:
    worked = [r for r in tickets if r["state"] not in ("New", "Canceled") and r["contact_type"] != "monitoring"]
    noted = [r for r in worked if r["work_notes"]]
    assert 0.5 < len(noted) / len(worked) < 0.6
    assert sum("?" in r["work_notes"] for r in noted) > 0.6 * len(noted)
    assert sum(r["state"] in ("In Progress", "On Hold") for r in noted) >= 8, "open tickets have notes, too"
    assert not any(r["work_notes"] for r in tickets if r["state"] in ("New", "Canceled"))
    monitored = [r for r in tickets if r["contact_type"] == "monitoring"]
    assert sum(bool(r["work_notes"]) for r in monitored) < 0.3 * len(monitored)


def test_work_notes_are_written_between_opening_and_resolution_the_newest_first(tickets: list[Row]) -> None:
    staff = {row["assigned_to"] for row in tickets}
    for row in tickets:
        entries = HEAD.findall(row["work_notes"])
        assert bool(entries) == bool(row["work_notes"])
        times = [at for at, _ in entries]
        assert times == sorted(times, reverse=True), row["number"]
        for at, who in entries:
            assert row["opened_at"] <= at <= (row["resolved_at"] or "2026-10-31 18:00:00"), row["number"]
            assert who in staff


def test_work_notes_differ_hand_on_fail_at_first_and_speak_german_at_times(tickets: list[Row]) -> None:
    said = [HEAD.sub("", row["work_notes"]).strip() for row in tickets if row["work_notes"]]
    assert len(set(said)) > 0.93 * len(said)
    assert sum(len(set(who for _, who in HEAD.findall(r["work_notes"]))) > 1 for r in tickets) > 150
    failed = re.compile(
        r"no (?:change|effect|success)|did not help|without success|, same|keine änderung", re.IGNORECASE
    )
    assert sum(bool(failed.search(text)) for text in said) > 80
    assert 40 < sum(bool(re.search(r"\b(nicht|oder|wurde|Wie|Welche\w?|geprüft|getauscht)\b", t)) for t in said) < 200
    assert sum(len(text) < 40 for text in said) > 40, "some people write next to nothing"


def test_every_cause_has_steps_and_every_failure_people_call_about_has_questions() -> None:
    for scenario in bank.scenarios():
        known = wording.bank()[scenario.id]
        assert len(known["do"]) == len(scenario.causes), scenario.id
        assert all(len(steps) >= 3 for steps in known["do"]), scenario.id
        assert scenario.monitor or len({*scenario.asks, *known["ask"]}) >= 3, scenario.id


def test_another_column_does_not_depend_on_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_desk(tmp_path / "a", tickets=420)
    monkeypatch.setattr(journal, "CHANCE", {"terse": 0.0, "normal": 0.0, "full": 0.0})
    make_desk(tmp_path / "b", tickets=420)
    first, second = (
        list(csv.DictReader(io.StringIO(gzip.decompress((tmp_path / at / "tickets.csv.gz").read_bytes()).decode())))
        for at in ("a", "b")
    )
    assert [row["work_notes"] for row in first] != [row["work_notes"] for row in second]
    for row in (*first, *second):
        del row["work_notes"]
    assert first == second
    for name in ("articles.csv.gz", "links.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_every_problem_that_tickets_name_is_written_down_after_the_first_of_them(
    tickets: list[Row], problems: list[Row]
) -> None:
    created = {row["number"]: row["created_at"] for row in problems}
    named = {row["problem_id"] for row in tickets} - {""}
    assert named < set(created)
    for number in named:
        assert created[number] > min(row["opened_at"] for row in tickets if row["problem_id"] == number)
    assert list(created) == sorted(created) and list(created.values()) == sorted(created.values())
    for row in problems:
        assert row["created_at"] <= row["updated_at"] < "2026-10-31"
        assert bool(row["resolved_at"]) == (row["state"] in ("resolved", "closed")), row["number"]
        assert not row["resolved_at"] or row["created_at"] < row["resolved_at"] <= row["updated_at"], row["number"]


def test_problems_stand_in_every_state_some_without_cause_one_restricted_and_one_came_back(
    tickets: list[Row], problems: list[Row]
) -> None:
    assert {row["state"] for row in problems} == set(PROBLEM_STATES)
    assert sum(not row["root_cause"] for row in problems) >= 3
    assert sum(bool(row["workaround"]) for row in problems) >= 10
    assert [row["audience"] for row in problems if row["audience"]] == ["HR"]
    assert {row["owner"] for row in problems} - {""} <= {row["assigned_to"] for row in tickets}
    spooler = next(row for row in problems if row["number"] == "PRB0000402")
    later = [r for r in tickets if r["problem_id"] == "PRB0000402" and r["opened_at"] > spooler["resolved_at"]]
    assert len(later) >= 8, "its fix did not hold"


def test_some_articles_double_or_contradict_others_are_outdated_or_unfinished(articles: list[Row]) -> None:
    assert {row["state"] for row in articles} == set(ARTICLE_STATES)
    assert sum(not row["owner"] for row in articles) >= 2
    assert sum(row["updated_at"] < "2024" for row in articles if row["state"] == "validated") >= 5
    titles = {row["title"]: row for row in articles}
    on = titles["Fast startup: enable it on laptops with a long start"]
    off = titles["Fast startup: switch it off"]
    assert 'Enable "Turn on fast startup"' in on["body"] and 'Disable "Turn on fast startup"' in off["body"]
    for one, other in (
        ("Teams stays white or shows caa70004: clear the cache", "Teams: white window, error caa70004 or 80080300"),
        ("H: and S: missing after start from home", "Network drives H: and S: are missing"),
    ):
        words, others = (set(re.findall(r"\w{4,}", titles[name]["body"].lower())) for name in (one, other))
        assert len(words & others) / len(words | others) > 0.6


def test_links_to_problems_stand_after_all_others(links: list[Row]) -> None:
    kinds = [link["target_kind"] == "problem" for link in links]
    assert 20 <= sum(kinds) <= 60 and kinds == sorted(kinds)


def test_the_sample_stays_small() -> None:
    assert sum((COMMITTED / name).stat().st_size for name in NAMES) < 700_000
