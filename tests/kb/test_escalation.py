"""Escalation: rules can only raise a priority, say so in words, and are read as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadSetting
from kb.escalation import NAMES, Rule, Rules, everyone_words, lately, raised, shown
from kb.records import Ticket

DEFAULT = Rules()


def _said(text: str) -> str:
    return everyone_words(Ticket("d", "1", title=text), Rules().everyone.words if Rules().everyone else ())


def test_a_vip_caller_raises_and_the_words_say_so() -> None:
    got = raised(3, Ticket("d", "1", vip=True), similar_lately=0, rules=DEFAULT)
    assert (got.priority, got.why) == (2, ("raised from 3 to 2: VIP caller",))


def test_nobody_special_raises_nothing() -> None:
    for vip in (None, False):
        got = raised(4, Ticket("d", "1", title="Printer jam", vip=vip), similar_lately=5, rules=DEFAULT)
        assert (got.priority, got.why) == (4, ())


def test_more_than_five_similar_tickets_are_six() -> None:
    got = raised(4, Ticket("d", "1"), similar_lately=6, rules=DEFAULT)
    assert got.why == ("raised from 4 to 2: 6 similar tickets in 30 minutes",)


def test_what_is_high_already_is_left_without_words() -> None:
    got = raised(1, Ticket("d", "1", title="Nobody can work", vip=True), similar_lately=99, rules=DEFAULT)
    assert (got.priority, got.why) == (1, ())


def test_a_critical_service_raises_by_one_where_the_rule_says_so() -> None:
    text = json.dumps({"services": {"raise_by": 1, "names": ["Payroll", "ald-ctx03"]}})
    rules = Rules.from_settings({"escalation": text})
    assert raised(4, Ticket("d", "1", service=" payroll "), similar_lately=0, rules=rules).why == (
        "raised from 4 to 3: service payroll is critical",
    )
    assert raised(4, Ticket("d", "1", ci="ALD-CTX03"), similar_lately=0, rules=rules).priority == 3
    assert raised(4, Ticket("d", "1", service="Payroll archive"), similar_lately=0, rules=rules).priority == 4
    assert raised(1, Ticket("d", "1", service="Payroll"), similar_lately=0, rules=rules).priority == 1


def test_rules_do_not_add_up_and_each_step_is_told() -> None:
    text = json.dumps({"vip": {"raise_by": 1}, "everyone": {"at_least": 1, "words": ["all users"]},
                       "many": {"raise_by": 1, "more_than": 2, "minutes": 10}})  # fmt: skip
    ticket = Ticket("d", "1", title="All users are locked out", vip=True)
    got = raised(3, ticket, similar_lately=3, rules=Rules.from_settings({"escalation": text}))
    assert got.priority == 1
    assert got.why == (
        "raised from 3 to 2: VIP caller and 3 similar tickets in 10 minutes",
        'raised from 2 to 1: the ticket says "All users"',
    )


def test_without_a_priority_only_a_rule_that_names_one_is_heard() -> None:
    ticket = Ticket("d", "1", vip=True)
    got = raised(None, ticket, similar_lately=0, rules=DEFAULT)
    assert got.priority == 2
    assert "impact and urgency are unknown" in got.why[0]
    steps = Rules(vip=Rule(at_least=None, raise_by=1))
    assert raised(None, ticket, similar_lately=0, rules=steps).priority is None
    assert raised(None, Ticket("d", "2"), similar_lately=0, rules=DEFAULT).priority is None


@pytest.mark.parametrize(
    "text",
    [
        "VPN down for all users",
        "VPN not working for all users in Hamburg",
        "The mail server does not work. All users are affected",
        "nobody can print",
        "Everyone in hall 6 has it",
        "Nobody can work since 8",
        "No, all users see it",
        "the whole\nsite is offline",
        "Alle Benutzer sind betroffen",
        "Gesamter Standort ohne Netz",
        "not only me, all users have it",
    ],
)
def test_words_that_mean_everyone_are_heard(text: str) -> None:
    assert _said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Slow, but not all users are hit",
        "It is not for all users",
        "this doesn't affect all users",
        "this doesn’t affect all users",
        "no longer a problem for all users",
        "All users are not affected, only me",
        "works for everyone else",
        "Nicht alle Benutzer sind betroffen",
        "nicht bei allen Benutzern",
        "Icon missing in C:\\Users\\All Users\\Desktop",
        "please add me to all-users",
        "Hello everyone, my mouse is broken",
        "small users, overall usersettings",
        "",
    ],
)
def test_words_that_are_denied_or_mean_something_else_are_not(text: str) -> None:
    assert _said(text) == ""


tickets = st.builds(
    Ticket, source=st.just("d"), number=st.just("1"), vip=st.sampled_from([None, True, False]),
    title=st.sampled_from(["all users", "not all users", "nobody can log in", "mouse"]),
    service=st.sampled_from(["", "Payroll", "Mail"]),
)  # fmt: skip
rule = st.builds(
    Rule, at_least=st.none() | st.integers(1, 9), raise_by=st.integers(1, 9), more_than=st.integers(1, 9),
    minutes=st.integers(1, 60), words=st.sampled_from([(), ("all users", "nobody can"), ("Payroll",)]),
)  # fmt: skip
some_rules = st.builds(Rules, **{name: st.none() | rule for name in NAMES})


@given(st.integers(1, 9), tickets, st.integers(0, 20), some_rules)
def test_no_rule_ever_lowers_a_priority_and_every_change_is_told(
    priority: int, ticket: Ticket, similar: int, rules: Rules
) -> None:
    got = raised(priority, ticket, similar_lately=similar, rules=rules)
    assert got.priority is not None
    assert 1 <= got.priority <= priority
    assert bool(got.why) == (got.priority < priority)
    if got.why:
        assert got.why[0].startswith(f"raised from {priority} to ")
        assert f" to {got.priority}: " in got.why[-1]


@given(some_rules)
def test_rules_survive_their_setting(rules: Rules) -> None:
    text = rules.to_text()
    assert Rules.from_settings({"escalation": text}).to_text() == text


def test_the_defaults_are_shown_as_json_and_a_rule_taken_out_is_off() -> None:
    given_text = json.loads(shown({})["escalation"])
    assert set(given_text) == set(NAMES)
    assert given_text["many"] == {"more_than": 5, "minutes": 30, "at_least": 2}
    del given_text["vip"]
    rules = Rules.from_settings({"escalation": json.dumps(given_text)})
    assert rules.vip is None
    assert rules.many == DEFAULT.many
    assert raised(3, Ticket("d", "1", vip=True), similar_lately=0, rules=rules).priority == 3


@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", '{"vips": {}}', '{"vip": 1}', '{"vip": {}}', '{"vip": {"at_least": 0}}', '{"vip": {"at_least": true}}',
        '{"vip": {"at_least": 1, "raise_by": 1}}', '{"vip": {"at_least": 1, "words": []}}', '{"many": {"at_least": 2}}',
        '{"many": {"at_least": 2, "more_than": "5", "minutes": 30}}', '{"everyone": {"at_least": 2, "words": "all"}}',
        '{"everyone": {"at_least": 2, "words": [""]}}', '{"services": {"raise_by": 1}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_one_sentence(text: str) -> None:
    with pytest.raises(BadSetting, match=r"^escalation[: ].{10,300}\.$"):
        Rules.from_settings({"escalation": text})


def test_tickets_of_the_last_minutes_are_counted() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    others = [now, now - timedelta(minutes=30), now - timedelta(minutes=31), now + timedelta(minutes=1), None]
    assert lately(now, others, minutes=30) == 2
    assert lately(None, others, minutes=30) == 0
