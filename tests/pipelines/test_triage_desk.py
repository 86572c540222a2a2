"""Triage on a small real desk: evidence, silence with its reason, and corrections that count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.desk import Desk
from kb.errors import NotFound
from kb.records import EVERYONE, Correction, Mark, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines import index, patterns, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
KINDS = (
    ("Outlook asks for the password", "mail box prompt keeps coming back", "Mail", "Collaboration", "1"),
    ("VPN drops every few minutes", "tunnel breaks at home", "Network", "Network", "2"),
    ("Printer jams", "paper stuck in tray and toner streaks", "Printing", "Field Service", "3"),
)


def past(n: int) -> list[Ticket]:
    return [
        prepare(
            Ticket(
                "desk",
                f"INC{i}",
                title=f"{KINDS[i % 3][0]} {i % 5}",
                body=f"{KINDS[i % 3][1]} in room {i % 7}",
                state="closed",
                opened_at=START + timedelta(hours=9 * i),
                resolved_at=START + timedelta(hours=9 * i + 2),
                resolution=f"fixed {i % 3}",
                category=KINDS[i % 3][2],
                assignment_group=KINDS[i % 3][3],
                line=1 if i % 3 else 2,
                impact=2,
                urgency=int(KINDS[i % 3][4]),
            )
        )
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(Settings(tmp_path_factory.mktemp("desk") / "home", embedder="hashing"))
    home.create()
    home.store.write("ticket", past(150))
    waiting = prepare(
        Ticket("desk", "NEW1", title="VPN drops", body="tunnel breaks all the time", state="open", opened_at=START)
    )
    secret = replace(waiting, number="NEW2", audience=("HR",))
    home.store.write("ticket", [waiting, secret])
    index.build(home)
    train.train(home)
    patterns.find(home)
    return home


@pytest.fixture(scope="module")
def desk(home: Home) -> Desk:
    return desk_of(home)


def test_a_ticket_gets_group_category_line_and_a_computed_priority(desk: Desk) -> None:
    found = desk.triage_text("VPN drops\ntunnel breaks at home every few minutes", viewer=EVERYONE)
    assert {name: p.value for name, p in found.predictions.items() if name in ("category", "assignment_group", "line", "urgency")} == {
        "category": "Network", "assignment_group": "Network", "line": "1", "urgency": "2",
    }  # fmt: skip
    assert found.priority is None, "impact has one value only, so it cannot be learnt and priority is not guessed"
    assert found.predictions["impact"].code == "missing"


def test_a_given_impact_makes_the_priority(desk: Desk) -> None:
    ticket = Ticket("desk", "x", title="VPN drops", body="tunnel breaks at home", impact=1)
    found = desk.triage([ticket], viewer=EVERYONE)[0]
    assert found.priority == 2
    assert "Impact 1 × urgency 2" in found.priority_why


def test_a_suggestion_shows_its_evidence(desk: Desk) -> None:
    found = desk.triage_text("VPN drops, tunnel breaks at home", viewer=EVERYONE)
    group = found.predictions["assignment_group"]
    assert group.telling
    assert group.telling[0].casefold() in "vpn drops, tunnel breaks at home"
    assert len(group.alternatives) <= 3
    assert len(found.neighbours) == 3
    assert all(hit.resolution == "fixed 1" for hit in found.neighbours)
    assert found.model.startswith("models-")


@pytest.mark.parametrize(
    ("text", "code"),
    [("help", "too-short"), ("", "too-short"), ("qwxz vbnm plokij uhygt", "unlike")],
)  # fmt: skip
def test_where_nothing_can_be_said_there_is_a_reason_and_no_value(desk: Desk, text: str, code: str) -> None:
    found = desk.triage_text(text, viewer=EVERYONE)
    spoken = [p for p in found.predictions.values() if p.code != "missing"]
    assert spoken
    assert {p.code for p in spoken} == {code}
    assert all(p.value is None and p.reason for p in spoken)


def test_many_at_once_are_the_same_as_one_by_one(desk: Desk) -> None:
    tickets = [Ticket("desk", str(i), title=KINDS[i][0], body=KINDS[i][1]) for i in range(3)]
    together = desk.triage(tickets, viewer=EVERYONE)
    for ticket, found in zip(tickets, together, strict=True):
        alone = desk.triage([ticket], viewer=EVERYONE)[0]
        assert {n: p.value for n, p in alone.predictions.items()} == {n: p.value for n, p in found.predictions.items()}
    assert desk.triage([], viewer=EVERYONE) == []


def test_the_queue_holds_what_waits_and_the_viewer_may_see(desk: Desk) -> None:
    assert [ticket.number for ticket in desk.waiting(viewer=EVERYONE)] == ["NEW1"]
    assert {ticket.number for ticket in desk.waiting(viewer=Viewer("h", frozenset({"HR"})))} == {"NEW1", "NEW2"}


def test_a_ticket_is_no_evidence_for_itself(desk: Desk) -> None:
    ticket = desk.record("ticket", "INC4", viewer=EVERYONE)
    assert isinstance(ticket, Ticket)
    assert "INC4" not in [hit.record.number for hit in desk.triage([ticket], viewer=EVERYONE)[0].neighbours]


def test_a_correction_is_kept_with_who_and_when_and_counts_at_the_next_training(home: Home, desk: Desk) -> None:
    before = len(home.store.corrections())
    desk.correct(Correction(Ref("ticket", "desk", "INC1"), "category", "Network", "Mail", "replaced"), viewer=EVERYONE)
    _, kept = home.store.corrections(target="category")[-1]
    assert (kept.chosen, kept.by, kept.at is not None) == ("Mail", "everyone", True)
    assert len(home.store.corrections()) == before + 1
    assert not train.train(home).unchanged


def test_nobody_corrects_a_ticket_they_may_not_see(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.correct(Correction(Ref("ticket", "desk", "NEW2"), "category", None, "Mail", "replaced"), viewer=EVERYONE)


def test_a_link_made_now_is_there_now(desk: Desk) -> None:
    one, two = Ref("ticket", "desk", "NEW1"), Ref("ticket", "desk", "INC1")
    desk.mark(Mark(two, "fixed", ticket=one), viewer=EVERYONE)
    ticket = desk.record("ticket", "NEW1", viewer=EVERYONE)
    assert isinstance(ticket, Ticket)
    assert [target.number for _, target in desk.links_of(ticket, viewer=EVERYONE)] == ["INC1"]
    assert len(desk.shelves.now().links) == 1
    with pytest.raises(NotFound):
        desk.mark(Mark(Ref("ticket", "desk", "NEW2"), "fixed", ticket=one), viewer=EVERYONE)


def test_patterns_keep_the_name_a_person_gave_through_a_new_run(home: Home, desk: Desk) -> None:
    first = desk.patterns(viewer=EVERYONE)[0]
    desk.rename_pattern(first.id, "The one we know", viewer=EVERYONE)
    home.store.write("ticket", [replace(t, number=f"more-{t.number}") for t in past(12)])
    patterns.find(home)
    names = {pattern.id: pattern.name for pattern in desk_of(home).patterns(viewer=EVERYONE)}
    assert names[first.id] == "The one we know"
    desk.rename_pattern(first.id, "", viewer=EVERYONE)
    assert desk.pattern(first.id, viewer=EVERYONE).name == first.name


def test_a_viewer_counts_only_the_tickets_they_may_see(desk: Desk) -> None:
    members = {i for pattern in desk.patterns(viewer=EVERYONE) for i in pattern.members}
    hidden = desk.record("ticket", "NEW2", viewer=Viewer("h", frozenset({"HR"})))
    assert hidden.id not in members
