"""Rules of triage are changed while the desk is open, and what was suggested is scored by what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kb.desk import Desk
from kb.errors import BadSetting
from kb.judgements import Judged
from kb.live import FEWEST, broken, weeks
from kb.policy import Policy, check, shown
from kb.records import EVERYONE, Correction, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines import index, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 5, 8, 12, tzinfo=UTC)
KINDS = (("Outlook asks for the password", "Mail"), ("VPN drops every few minutes", "Network"))


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(Settings(tmp_path_factory.mktemp("desk") / "home", embedder="hashing"))
    home.create()
    past = [Ticket("desk", f"INC{i}", title=KINDS[i % 2][0], body=f"since {i} on floor {i % 7}", state="closed",
                   opened_at=NOW - timedelta(days=200 - i), resolved_at=NOW - timedelta(days=199 - i), priority=3,
                   resolution="Renewed the certificate.", category=KINDS[i % 2][1], line=2 if i % 2 else 1,
                   assignment_group=KINDS[i % 2][1], impact=2, urgency=2) for i in range(120)]  # fmt: skip
    new = Ticket("desk", "NEW1", title="VPN drops every few minutes", body="on floor 3", state="open", opened_at=NOW)
    home.store.write("ticket", [prepare(one) for one in (*past, new)])
    index.build(home)
    train.train(home)
    return home


@pytest.fixture
def desk(home: Home) -> Desk:
    return desk_of(home)


def new(desk: Desk) -> Ticket:
    found = desk.record("ticket", "NEW1", viewer=EVERYONE)
    assert isinstance(found, Ticket)
    return found


def test_a_target_in_the_shadow_is_predicted_and_kept_but_not_shown(desk: Desk) -> None:
    desk.set_rule("modes", "category=shadow,line=off", viewer=EVERYONE)
    (made,) = desk.triage([new(desk)], viewer=EVERYONE)
    assert "category" not in made.predictions and made.shadow["category"].value == "Network"
    assert "line" not in made.predictions and "line" not in made.shadow
    kept = {one.target: one for one in desk.store.predictions(ticket=made.ticket.id)}
    assert (kept["category"].value, kept["category"].mode, kept["category"].model) == ("Network", "shadow", made.model)
    assert "line" not in kept


def test_each_prediction_is_kept_once_per_model(desk: Desk) -> None:
    for _ in range(3):
        desk.triage([new(desk)], viewer=EVERYONE)
    kept = desk.store.predictions(ticket=new(desk).id)
    assert len(kept) == len({one.target for one in kept}) > 0


def test_a_promise_changes_at_once_what_is_said_and_soon_on_every_other_server(home: Home, desk: Desk) -> None:
    other = desk_of(home)
    assert desk.triage([new(desk)], viewer=EVERYONE)[0].predictions["category"].value == "Network"
    desk.set_rule("promise", "category=1.0", viewer=EVERYONE)
    said = desk.triage([new(desk)], viewer=EVERYONE)[0].predictions["category"]
    assert (said.value, said.code) == (None, "promise")
    assert other.triage([new(other)], viewer=EVERYONE)[0].predictions["category"].value == "Network"
    other.follow_rules()
    assert other.triage([new(other)], viewer=EVERYONE)[0].predictions["category"] == said
    desk.set_rule("promise", "", viewer=EVERYONE)
    assert desk.triage([new(desk)], viewer=EVERYONE)[0].predictions["category"].value == "Network"


@pytest.mark.parametrize(("name", "value"), [("promise", "category=2"), ("modes", "category=loud"), ("nothing", "1"),
                                             ("escalation", "{"), ("sla", "[]"), ("business_hours", "x")])  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_in_one_sentence_and_nothing_changes(
    desk: Desk, name: str, value: str
) -> None:
    before = desk.rules()
    with pytest.raises(BadSetting) as error:
        desk.set_rule(name, value, viewer=EVERYONE)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
    assert desk.rules() == before


def test_promises_are_shown_as_they_are_read() -> None:
    text = "0.95,category=0.9,line=0.8"
    policy = Policy.from_settings({"promise": text})
    assert (policy.promise_for("category"), policy.promise_for("urgency")) == (0.9, 0.95)
    assert shown({"promise": text})["promise"] == text
    check("promise", "category=0.9", {})


def test_a_vip_raises_the_priority_and_it_says_so(desk: Desk) -> None:
    (made,) = desk.triage([replace(new(desk), vip=True, impact=2, urgency=2)], viewer=EVERYONE)
    assert made.priority == 2 and made.raised == ("raised from 3 to 2: VIP caller",)


def test_the_clock_runs_for_an_open_ticket_and_knows_what_such_tickets_took(desk: Desk) -> None:
    found = desk.clock(new(desk), 3, viewer=EVERYONE, now=NOW + timedelta(hours=1))
    assert found is not None and found.clock.state == "running" and found.risk is not None and 0 < found.risk <= 1


def test_an_answer_that_was_taken_back_stands_no_more_and_the_ticket_waits_again(desk: Desk) -> None:
    said = Correction(new(desk).ref, "assignment_group", "Network", "Network", "accepted")
    desk.correct(said, viewer=EVERYONE)
    assert desk.waiting(viewer=EVERYONE) == []
    assert desk.answers_to(new(desk), viewer=EVERYONE)["assignment_group"].chosen == "Network"
    desk.correct(replace(said, action="undone"), viewer=EVERYONE)
    assert [one.number for one in desk.waiting(viewer=EVERYONE)] == ["NEW1"]
    assert desk.answers_to(new(desk), viewer=EVERYONE) == {}
    assert [one.action for one in desk.corrections_of(new(desk), viewer=EVERYONE)] == ["undone", "accepted"]


def judged(ticket: int, value: str | None, *, days: int = 1) -> Judged:
    at = int((NOW - timedelta(days=days)).timestamp())
    return Judged(ticket, "category", value, value or "Mail", 0.9, "", "recommend", "m1", at)


def done(category: str) -> Ticket:
    return Ticket("desk", "X", state="closed", category=category)


def test_what_was_right_in_the_end_is_counted_by_week_and_only_for_visible_tickets() -> None:
    tickets = {1: done("Mail"), 2: done("Network"), 3: Ticket("desk", "Y", state="open")}
    made = [judged(1, "Mail"), judged(2, "Mail"), judged(3, "Mail"), judged(1, None, days=9), judged(99, "Mail")]
    said = [(1, Correction(Ref("ticket", "desk", "X"), "category", "Mail", "Mail", "accepted", at=NOW))]
    now, before = weeks(made, said, tickets)
    assert (now.monday, now.right, now.judged, now.accepted, now.silent) == (date(2026, 5, 4), 1, 2, 1, 0)
    assert (before.silent, before.judged) == (1, 0)


def test_a_broken_promise_is_told_only_when_it_is_certain() -> None:
    policy = Policy(promise=0.95)
    tickets = {n: done("Mail" if n % 2 else "Network") for n in range(2 * FEWEST)}
    few = weeks([judged(n, "Mail") for n in range(FEWEST - 1)], [], tickets)
    many = weeks([judged(n, "Mail") for n in range(2 * FEWEST)], [], tickets)
    kept = weeks([judged(n, "Mail" if n % 2 else "Network") for n in range(2 * FEWEST)], [], tickets)
    assert list(broken(few, policy, now=NOW)) == [] == list(broken(kept, policy, now=NOW))
    (sentence,) = broken(many, policy, now=NOW)
    assert "20 of 40" in sentence and "95%" in sentence and "shadow" in sentence
    assert list(broken(many, Policy(), now=NOW)) == []


def test_live_figures_leave_out_what_the_reader_may_not_see(desk: Desk) -> None:
    secret = prepare(Ticket("desk", "NEW2", title="VPN drops every few minutes", body="board", audience=("HR",),
                            state="open", opened_at=NOW))  # fmt: skip
    desk.store.write("ticket", [secret])
    hr = Viewer("hanna", frozenset({"HR"}))
    desk.triage([desk.store.find("ticket", "NEW2", hr)], viewer=hr)  # type: ignore[list-item]
    desk.correct(Correction(secret.ref, "category", "Network", "Network", "accepted"), viewer=hr)
    now = datetime.now(UTC)
    assert sum(row.accepted for row in desk.live(viewer=hr, now=now)[0]) == 1
    assert sum(row.accepted for row in desk.live(viewer=EVERYONE, now=now)[0]) == 0
