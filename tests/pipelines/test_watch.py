"""The watchman's side of a small real desk: bursts, verdicts and contrasts of what each viewer may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from kb.desk import Desk
from kb.errors import BadSetting, NotFound
from kb.records import KEEPER, Problem, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines import bursts, index, patterns
from pipelines.__main__ import app
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
FIXED = NOW - timedelta(days=90)
HR = Viewer("hr", frozenset({"HR"}))
ANYBODY = Viewer("anybody")
KINDS = (
    ("Outlook asks for the password", "mail box prompt keeps coming back", "Mail"),
    ("VPN drops every few minutes", "tunnel breaks at home", "Network"),
    ("Printer jams", "paper stuck in tray and toner streaks", "Printing"),
    ("SAP login locked", "user account locked in client", "ERP"),
)


def past() -> list[Ticket]:
    """A year of four failures, by day and in office hours; printers jam no more once that was fixed."""
    rng, made = Random(3), []
    for day in range(300, 0, -1):
        for kind in range(4):
            if rng.random() > 0.4:
                continue
            at = NOW - timedelta(days=day) + timedelta(hours=rng.uniform(-3, 5))
            if kind == 2 and at > FIXED:
                continue
            title, body, category = KINDS[kind]
            made.append(Ticket(
                "desk", f"INC{len(made):05d}", title=title, body=f"{body} in room {rng.randrange(30)}", state="closed",
                opened_at=at, resolved_at=at + timedelta(hours=3), resolution="Restarted the service and it works.",
                category=category, service=category, caller=f"person {rng.randrange(200)}",
                location="Wiesenrode" if kind == 1 and rng.random() < 0.8 else rng.choice(["Aldersby", "Home"]),
            ))  # fmt: skip
    return [prepare(one) for one in made]


def outage(number: int, *, audience: tuple[str, ...] = (), minutes: int = 20) -> Ticket:
    """One call about a failure that was never seen before."""
    return prepare(Ticket(
        "desk", f"NEW{number}", title="Badge reader door closed", body="door does not open with badge at gate",
        state="open", opened_at=NOW - timedelta(minutes=minutes - 3 * number), caller=f"caller {number}",
        audience=audience,
    ))  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(Settings(tmp_path / "home", embedder="hashing"))
    home.create()
    home.store.write("ticket", past())
    index.build(home)
    patterns.find(home)
    return home


@pytest.fixture
def desk(home: Home) -> Desk:
    return desk_of(home, parts=("patterns",))


def test_nothing_bursts_until_calls_come_in_and_then_at_once_without_a_new_index(desk: Desk) -> None:
    assert desk.bursts(viewer=ANYBODY, now=NOW) == []
    for n in range(5):
        desk.store.write("ticket", [outage(n)])
    found = desk.bursts(viewer=ANYBODY, now=NOW)
    assert len(found) == 1
    assert found[0].state == "open"
    assert found[0].pattern == "" and found[0].name.startswith("Badge reader")
    assert len(found[0].tickets) == 5
    assert "tickets like this in" in found[0].sentence and "usually less than 0.1" in found[0].sentence


def test_a_burst_keeps_its_id_while_it_grows_and_is_over_when_it_stays_quiet(desk: Desk) -> None:
    desk.store.write("ticket", [outage(n) for n in range(4)])
    first = desk.bursts(viewer=ANYBODY, now=NOW)[0]
    desk.store.write("ticket", [outage(n) for n in range(4, 7)])
    later = desk.bursts(viewer=ANYBODY, now=NOW)[0]
    assert later.id == first.id and len(later.tickets) == 7
    over = desk.bursts(viewer=ANYBODY, now=NOW + timedelta(hours=6))[0]
    assert over.id == first.id and over.state == "over"


def test_what_a_viewer_may_not_see_never_bursts_for_them(desk: Desk) -> None:
    desk.store.write("ticket", [outage(n, audience=("HR",)) for n in range(6)])
    assert desk.bursts(viewer=ANYBODY, now=NOW) == []
    assert len(desk.bursts(viewer=HR, now=NOW)[0].tickets) == 6


def test_an_import_without_dates_and_dates_to_come_are_no_outage(desk: Desk) -> None:
    desk.store.write("ticket", [replace(outage(n), opened_at=None) for n in range(30)])
    assert desk.bursts(viewer=ANYBODY, now=NOW) == []
    desk.store.write("ticket", [replace(outage(n), opened_at=NOW + timedelta(days=3)) for n in range(30)])
    assert desk.bursts(viewer=ANYBODY, now=NOW) == []


def test_deleted_tickets_leave_the_burst(desk: Desk) -> None:
    desk.store.write("ticket", [outage(n) for n in range(6)])
    assert len(desk.bursts(viewer=ANYBODY, now=NOW)[0].tickets) == 6
    desk.store.delete([outage(n).ref for n in range(6)])
    assert desk.bursts(viewer=ANYBODY, now=NOW) == []


def pattern_of(desk: Desk, words: str) -> str:
    """The id of the largest pattern with a ticket of that title."""
    for one in desk.patterns(viewer=ANYBODY):
        if any(words in t.title for t in desk.records("ticket", one.members[:1], viewer=ANYBODY)):
            return one.id
    raise LookupError(words)


def problem(desk: Desk, kind: int, *, state: str = "resolved") -> Problem:
    made = prepare(Problem("desk", f"PRB{kind}", title=KINDS[kind][0], state=state, created_at=FIXED,
                           pattern=pattern_of(desk, KINDS[kind][0]),
                           resolved_at=FIXED if state == "resolved" else None))  # fmt: skip
    desk.store.write("problem", [made])
    return made


def test_a_fix_that_held_and_one_that_did_nothing_are_told_apart(desk: Desk) -> None:
    held = desk.verdict(problem(desk, 2), viewer=ANYBODY, now=NOW)
    useless = desk.verdict(problem(desk, 1).ref, viewer=ANYBODY, now=NOW)
    assert (held.state, held.after) == ("held", 0)
    assert useless.state == "relapsed" and useless.flagged_by <= 5
    assert useless.tickets and all(ref.number.startswith("INC") for ref in useless.tickets)


def test_tickets_that_came_since_patterns_were_found_count_at_once(desk: Desk) -> None:
    made = problem(desk, 2)
    assert desk.verdict(made, viewer=ANYBODY, now=NOW).state == "held"
    back = [prepare(Ticket("desk", f"BACK{n}", title=KINDS[2][0], body=f"{KINDS[2][1]} in room {n}",
                           opened_at=NOW - timedelta(days=7 - n))) for n in range(6)]  # fmt: skip
    desk.store.write("ticket", back)
    verdict = desk.verdict(made, viewer=ANYBODY, now=NOW)
    assert verdict.state == "relapsed"
    assert {ref.number for ref in verdict.tickets} == {one.number for one in back}


def test_an_unresolved_problem_has_no_verdict_and_an_unknown_one_is_not_found(desk: Desk) -> None:
    assert desk.verdict(problem(desk, 0, state="assessing"), viewer=ANYBODY, now=NOW).state == "cannot say"
    with pytest.raises(NotFound):
        desk.verdict(Ref("problem", "desk", "NONE"), viewer=ANYBODY, now=NOW)


def test_hidden_tickets_count_in_no_verdict_and_no_contrast_of_others(desk: Desk) -> None:
    made = problem(desk, 2)
    hidden = [prepare(Ticket("desk", f"HID{n}", title=KINDS[2][0], body=f"{KINDS[2][1]} in room {n}",
                             opened_at=NOW - timedelta(days=7 - n), location="Bunker", problem=made.number,
                             audience=("HR",))) for n in range(6)]  # fmt: skip
    desk.store.write("ticket", hidden)
    assert desk.verdict(made, viewer=ANYBODY, now=NOW).after == 0
    assert desk.verdict(made, viewer=HR, now=NOW).after == 6
    for viewer, seen in ((ANYBODY, False), (HR, True)):
        found = desk.contrasts(made.pattern, viewer=viewer, now=NOW)
        assert any(one.value == "Bunker" for one in found) is seen
        assert all(not ref.number.startswith("HID") for one in found for ref in one.cited) or seen


def test_the_site_that_stands_out_is_named_with_its_tickets(desk: Desk) -> None:
    found = desk.contrasts(pattern_of(desk, "VPN"), viewer=ANYBODY, now=NOW)
    site = next(one for one in found if one.field == "location")
    assert site.value == "Wiesenrode" and site.inside > 10 * (site.outside + 1) / 5
    assert site.cited


def test_what_fixed_a_pattern_cites_its_tickets(desk: Desk) -> None:
    fixes = desk.fixes_of(pattern_of(desk, "VPN"), viewer=ANYBODY)
    assert fixes and fixes[0].cited


def test_a_desk_without_a_judge_of_counts_says_so(desk: Desk) -> None:
    blind = Desk(store=desk.store, shelves=desk.shelves, knowledge=desk.knowledge, triage_with=desk.triage_with,
                 policy=desk.policy)  # fmt: skip
    with pytest.raises(BadSetting, match="cannot be judged"):
        blind.bursts(viewer=KEEPER, now=NOW)


def test_the_command_line_and_the_import_tell_what_bursts(home: Home) -> None:
    now = datetime.now(UTC)
    fresh = [replace(outage(n), opened_at=now - timedelta(minutes=20 - 3 * n)) for n in range(6)]
    old = [replace(one, opened_at=one.opened_at + (now - NOW)) for one in past() if one.opened_at is not None]
    home.store.write("ticket", [*old, *fresh])
    told = bursts.after_import(home, ANYBODY, now)
    assert len(told) == 1 and "Badge reader" in told[0]
    result = CliRunner().invoke(app, ["bursts", "--home", str(home.folder)])
    assert result.exit_code == 0 and "Possible major incident" in result.output
    as_json = CliRunner().invoke(app, ["bursts", "--json", "--home", str(home.folder)])
    assert '"state": "open"' in as_json.output


def test_an_import_of_old_tickets_is_told_nothing(home: Home) -> None:
    assert bursts.after_import(home, ANYBODY, NOW + timedelta(days=400)) == []


def test_what_was_told_step_by_step_is_what_a_fresh_start_tells(desk: Desk, home: Home) -> None:
    for n in range(7):
        desk.store.write("ticket", [outage(n)])
        found = desk.bursts(viewer=ANYBODY, now=NOW)
    fresh = desk_of(home, parts=("patterns",)).bursts(viewer=ANYBODY, now=NOW)
    assert [(b.id, b.tickets, b.count, b.flagged) for b in found] == [
        (b.id, b.tickets, b.count, b.flagged) for b in fresh
    ]


def test_a_ticket_dated_back_into_the_burst_is_counted(desk: Desk) -> None:
    desk.store.write("ticket", [outage(n) for n in range(6)])
    assert len(desk.bursts(viewer=ANYBODY, now=NOW)[0].tickets) == 6
    desk.store.write("ticket", [replace(outage(9), opened_at=NOW - timedelta(minutes=10))])
    assert len(desk.bursts(viewer=ANYBODY, now=NOW)[0].tickets) == 7
