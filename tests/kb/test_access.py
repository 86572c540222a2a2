"""Who may see what: rules narrow, nothing is shown by mistake, and who may not do an act is told who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import access, audiences
from kb.access import InForce, Rule, Rules, checked, flagged, require
from kb.errors import BadSetting, NotAllowed
from kb.records import EVERYONE, KEEPER, Article, Problem, Ref, Ticket, Viewer
from kb.roles import ACTS, LOCAL, PERMISSIONS, ROLES, WRITING, permitted
from kb.rows import unpack_audience
from kb.store import Store
from kb.text import prepare

HR = Viewer("hera", frozenset({"HR"}))
PAYROLL = Rule("category", ("Payroll",), ("HR",))
NIGHT = Rule("words", ("project nightfall", "übernahme"), ("Security", "HR"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "knowledge.db", create=True)
    yield made
    made.close()


def ticket(number: str, **fields: Any) -> Ticket:
    made = prepare(Ticket("t", number, **fields))
    assert isinstance(made, Ticket)
    return made


def sees(store: Store, number: str, viewer: Viewer = EVERYONE, kind: Any = "ticket") -> bool:
    return any(one.number == number for batch in store.each(kind, viewer) for one in batch)


# --- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_what_the_table_says_and_is_refused_the_rest(role: str, act: str) -> None:
    viewer = Viewer("x", roles=frozenset({role}))
    if role in PERMISSIONS[act]:
        require(viewer, act)
        assert viewer.may(act)
    else:
        with pytest.raises(NotAllowed, match=r"^Your role does not let you .*: ask .*\.$") as refused:
            require(viewer, act)
        assert all(named in str(refused.value) for named in PERMISSIONS[act])
        assert not viewer.may(act)


@pytest.mark.parametrize("act", ACTS)
def test_nobody_may_anything_without_a_role_and_the_person_at_the_machine_everything(act: str) -> None:
    assert not Viewer("x", roles=frozenset()).may(act)
    assert Viewer("local").may(act)
    assert not permitted(frozenset({"made up"}), act)


@pytest.mark.parametrize("act", sorted(WRITING))
def test_who_looks_as_somebody_else_changes_nothing(act: str) -> None:
    viewer = Viewer("ada", roles=frozenset(ROLES), looking="root")
    with pytest.raises(NotAllowed):
        require(viewer, act)
    assert not Viewer("x", roles=frozenset({LOCAL}), looking="root").may(act)


def test_an_act_that_no_table_knows_is_refused() -> None:
    with pytest.raises(NotAllowed):
        require(Viewer("x", roles=frozenset(ROLES)), "launch rockets")
    assert set(ACTS) == set(PERMISSIONS)


# --- rules --------------------------------------------------------------------------------------------------------

names = st.sampled_from(["HR", "Security", "Finance", "Ops"])
rules = st.builds(
    Rule,
    st.sampled_from([*access.FIELDS, access.WORDS]),
    st.lists(st.sampled_from(["payroll", "secret plan", "vpn"]), min_size=1, max_size=2).map(tuple),
    st.lists(names, max_size=3).map(tuple),
)
rows = st.fixed_dictionaries(
    {name: st.sampled_from(["", "Payroll", "VPN", "a secret  PLAN here", "secret"])
     for name in ("category", "subcategory", "assignment_group", "department", "service", *access.TEXTS["ticket"])}
    | {"audience_given": st.sampled_from(["", "|HR|", "|HR|Ops|"]), "extra": st.sampled_from(["{}", '{"restricted": "yes"}'])}
)  # fmt: skip


def readers(audience: str) -> set[str]:
    """Which of some single groups see it, "-" being who is in none."""
    named = unpack_audience(audience)
    return {g for g in ("-", "HR", "Security", "Finance", "Ops") if Viewer("x", frozenset({g})).may_see(named)}


@given(st.lists(rules, max_size=4), rules, rows)
def test_one_more_rule_never_shows_a_record_to_anybody_else(had: list[Rule], more: Rule, row: dict[str, str]) -> None:
    before = readers(Rules(tuple(had)).audience("ticket", row))
    after = readers(Rules((*had, more)).audience("ticket", row))
    if flagged(row["extra"]) and before == set():
        return  # marked without a group: the rule that names one is what lets its group in
    assert after <= before


@given(st.lists(rules, max_size=4), rows)
def test_a_record_is_seen_only_by_groups_that_every_matching_rule_names(had: list[Rule], row: dict[str, str]) -> None:
    seen = readers(Rules(tuple(had)).audience("ticket", row))
    for rule in had:
        alone = readers(Rules((rule,)).audience("ticket", {**row, "audience_given": "", "extra": "{}"}))
        assert seen <= alone
    if row["audience_given"]:
        assert seen <= readers(row["audience_given"])


@given(st.lists(rules, max_size=5))
def test_rules_are_read_back_as_they_were_kept(had: list[Rule]) -> None:
    state = InForce(checked(had), (PAYROLL,), 7, {"ticket": 3})
    assert InForce.from_json(state.to_json()) == state


@pytest.mark.parametrize("text", ["{", "[]", '{"rules": [{}], "before": [], "since": 1, "done": {}}', "null"])
def test_rules_that_cannot_be_read_stop_everything_rather_than_show_everything(text: str) -> None:
    with pytest.raises(BadSetting):
        InForce.from_json(text)


@pytest.mark.parametrize(
    ("column", "value", "marked"),
    [("restricted", "true", True), ("U_Restricted", "1", True), ("is_confidential", "Yes", True), ("Private", "x", True),
     ("sensitive_flag", "y", True), ("restricted", "no", False), ("restricted", "", False), ("u_restricted", "0", False),
     ("restricted area", "yes", False), ("color", "true", False)],
)  # fmt: skip
def test_a_column_that_says_restricted_is_known_by_its_name_and_value(column: str, value: str, marked: bool) -> None:
    assert flagged({column: value}) is marked


@pytest.mark.parametrize(
    ("text", "found"),
    [("about PROJECT\n Nightfall, today", True), ("project nightfalls", False), ("subproject nightfall", False),
     ("Die Übernahme steht an", True), ("project  night fall", False)],
)  # fmt: skip
def test_words_are_whole_words_whatever_their_case_and_white_space(text: str, found: bool) -> None:
    row = {
        "audience_given": "",
        "extra": "{}",
        "category": "",
        "title": "",
        "body": text,
        "resolution": "",
        "notes": "",
    }
    assert bool(Rules((NIGHT,)).audience("ticket", row)) is found


@pytest.mark.parametrize(
    ("rule", "says"),
    [(Rule("colour", ("red",), ()), "choose category"), (Rule("category", (" ",), ("HR",)), "nothing to look for"),
     (Rule("words", ("--",), ("HR",)), "words")],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_says_which_and_why(rule: Rule, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        checked([PAYROLL, rule])


# --- stored records -----------------------------------------------------------------------------------------------


def test_a_record_marked_as_restricted_without_a_group_is_for_nobody(store: Store) -> None:
    store.write("ticket", [ticket("A", extra={"u_restricted": "true"}), ticket("B", extra={"u_restricted": "false"})])
    assert not sees(store, "A")
    assert not sees(store, "A", HR)
    assert sees(store, "A", KEEPER)
    assert sees(store, "B")


def test_a_new_rule_hides_what_is_stored_and_what_comes_later(store: Store) -> None:
    store.write("ticket", [ticket("A", category="Payroll"), ticket("B", category="Mail")])
    store.write("article", [prepare(Article("t", "K", "About Übernahme"))])
    store.write("problem", [prepare(Problem("t", "P", "x", category="payroll"))])
    assert store.apply_access([PAYROLL, NIGHT], by="ada") == (3, 0)
    store.write("ticket", [ticket("C", category="PAYROLL ")])
    for kind, number in (("ticket", "A"), ("ticket", "C"), ("article", "K"), ("problem", "P")):
        assert not sees(store, number, kind=kind)
        assert sees(store, number, HR, kind=kind)
    assert sees(store, "B")


def test_taking_a_rule_away_shows_what_it_hid_and_nothing_that_others_hide(store: Store) -> None:
    store.apply_access([PAYROLL])
    store.write("ticket", [ticket("A", category="Payroll"), ticket("B", category="Payroll", audience=("Finance",)),
                           ticket("C", category="Payroll", extra={"private": "1"})])  # fmt: skip
    assert not sees(store, "B", Viewer("f", frozenset({"Finance"}))), "no group is named by both"
    assert store.apply_access([]) == (0, 3)
    assert sees(store, "A")
    assert not sees(store, "B")
    assert sees(store, "B", Viewer("f", frozenset({"Finance"})))
    assert not sees(store, "C", HR)
    assert store.access_rules() == InForce()


def test_the_same_export_again_changes_nothing_and_loosens_nothing(store: Store) -> None:
    rows_ = [ticket("A", category="Payroll"), ticket("B", audience=("HR",))]
    store.write("ticket", rows_)
    store.apply_access([PAYROLL])
    assert store.write("ticket", rows_).unchanged == 2
    assert store.write("ticket", rows_, merge=lambda old, new: old).unchanged == 2
    assert not sees(store, "A")


class Stopped(Exception):
    """As if the power went out."""


@pytest.mark.parametrize("after", range(4))
def test_stopped_at_any_moment_the_stricter_rules_stand_until_it_is_finished(
    store: Store, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old rules hide payroll, new ones hide mail: until all is done both are hidden, and never is one shown."""
    monkeypatch.setattr(audiences, "BATCH", 40)
    store.apply_access([PAYROLL])
    many = [ticket(f"{kind}{i}", category=kind) for i in range(50) for kind in ("Payroll", "Mail")]
    store.write("ticket", many)
    steps = []

    def say(what: str, done: int, of: int) -> None:
        if what.startswith("Applying"):
            steps.append(done)
            if len(steps) > after:
                raise Stopped

    mail = Rule("category", ("Mail",), ("Ops",))
    looked: list[bool] = []
    try:
        store.apply_access([mail], say=say)
    except Stopped:
        looked.append(store.access_rules().finished)
        store.write("ticket", [ticket("late payroll", category="Payroll"), ticket("late mail", category="Mail")])
        assert not sees(store, "late payroll")
    assert not any(sees(store, f"Mail{i}") for i in (0, 25, 49))
    last = many[-2].number
    assert looked == [] or not sees(store, last) or after > 0
    store.resume_access()
    assert store.access_rules() == InForce((mail,))
    assert all(sees(store, f"Payroll{i}") for i in (0, 25, 49))
    assert not sees(store, "Mail3")
    if looked:
        assert sees(store, "late payroll")
        assert not sees(store, "late mail")


def test_stopped_before_the_rules_are_set_nothing_changes(store: Store) -> None:
    store.write("ticket", [ticket("A", category="Payroll")])

    def say(what: str, done: int, of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        store.apply_access([PAYROLL], say=say)
    assert sees(store, "A")
    assert store.access_rules() == InForce()


def test_the_preview_counts_what_then_happens_and_writes_nothing(store: Store) -> None:
    store.write("ticket", [ticket(f"T{i}", category=("Payroll", "Mail")[i % 2], audience=("Ops",) if i < 2 else ())
                           for i in range(10)])  # fmt: skip
    seq = store.seq()
    found = store.preview_access([PAYROLL, Rule("category", ("Mail", "Payroll"), ("HR", "Ops"))])
    assert (found.records, found.matched, found.nobody) == (10, (5, 10), 1)
    assert (found.narrowed, found.widened) == (9, 0)
    assert store.seq() == seq
    store.apply_access([PAYROLL])
    assert store.preview_access([]).widened == 5


def test_a_hidden_record_leaves_what_was_opened_at_once(tmp_path: Path) -> None:
    """Search, counts, facets and neighbours follow the next moment, on a desk that was opened before."""
    from pipelines import index
    from pipelines.desk import desk_of
    from pipelines.home import Home
    from pipelines.settings import Settings

    home = Home(Settings(tmp_path / "desk", embedder="hashing", threads=1))
    home.create()
    said = "Payslip shows the wrong bank account"
    home.store.write("ticket", [ticket(f"T{i}", title=said, category="Payroll", state="closed", resolution="Mended.")
                                for i in range(4)])  # fmt: skip
    index.build(home)
    desk = desk_of(home)
    assert desk.search(said, viewer=EVERYONE).hits
    assert desk.facets(viewer=EVERYONE)["category"] == [("Payroll", 4)]
    other = Store.open(home.database)
    other.apply_access([PAYROLL])
    other.close()
    answer = desk.search(said, viewer=EVERYONE)
    assert (answer.hits, answer.nearest, sum(answer.looked_at.values())) == ((), (), 0)
    assert desk.facets(viewer=EVERYONE)["category"] == []
    assert desk.counts(viewer=EVERYONE)["tickets"] == 0
    assert len(desk.search(said, viewer=HR).hits) == 4
    with pytest.raises(Exception, match="that you may see"):
        desk.record("ticket", "T1", viewer=EVERYONE)
    home.store.apply_access([])
    assert len(desk.search(said, viewer=EVERYONE).hits) == 4
    assert home.store.delete([Ref("ticket", "t", "T1")]) == 1
