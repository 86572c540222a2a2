"""The life of a problem: who may know of it, what its states ask for, its history, and what outlives the next import."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as some

from kb.database import MIGRATIONS
from kb.desk import Desk
from kb.errors import BadSetting, ChangedMeanwhile, NotFound
from kb.merging import Merging
from kb.patternmaking import Found, assemble
from kb.problems import checked, shown
from kb.records import EVERYONE, KEEPER, Article, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.store import Store
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
ANN, BEN, HANNA = Viewer("ann"), Viewer("ben"), Viewer("hanna", frozenset({"HR"}))
PRB = Ref("problem", "snow", "PRB1")
EXPORT = Problem("snow", "PRB1", title="VPN gateway drops", symptom="Tunnel breaks", owner="Export Owner", state="new",
                 created_at=NOW - timedelta(days=90))  # fmt: skip


def ticket(number: str, title: str, **more: object) -> Ticket:
    day = int(number[3:]) if number[3:].isdigit() else 0
    told = Ticket("snow", number, title=title, opened_at=NOW - timedelta(days=day), service="VPN", category="Network",
                  impact=2, state="closed", resolved_at=NOW - timedelta(days=day, hours=-2))  # fmt: skip
    return prepare(replace(told, **more))  # type: ignore[arg-type]


TICKETS = [
    ticket("INC1", "VPN tunnel drops every ten minutes", problem="PRB1"),
    ticket("INC2", "VPN tunnel drops at home"),
    ticket("INC3", "My VPN password is Sommer2026! and the tunnel drops"),
    ticket("INC40", "VPN tunnel drops since the update", impact=1),
    ticket("INC5", "VPN drops while paying salaries", audience=("HR",)),
    ticket("INC6", "Salary list gone", audience=("HR",)),
    ticket("INC7", "Door badge of the guards", audience=("Security",)),
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with one imported problem, one article, and four patterns: open, mixed, HR only, and nobody's."""
    home = Home(Settings(tmp_path / "home", embedder="hashing", threads=1))
    home.create()
    home.store.write("ticket", TICKETS)
    home.store.write("article", [prepare(Article("snow", "KB1", title="Reset the VPN")),
                                 prepare(Article("snow", "KB2", title="Salaries", audience=("HR",)))])  # fmt: skip
    home.store.write("problem", [prepare(EXPORT)])
    made = desk_of(home)
    ids = [number(made, one.number) for one in TICKETS]
    group = np.array([0, 0, 0, 0, 0, 1, 2], np.int64)
    close = np.array([0.7, 0.8, 0.9, 0.6, 0.99, 1.0, 1.0], np.float32)
    found = Found(ids, group, group, close, [one.opened_at for one in TICKETS], np.eye(3, 8, dtype=np.float32))
    made.patterns_made = assemble(found, [("VPN drops", ()), ("Salary list", ()), ("Badges", ())], [None] * 3)
    return made


def number(desk: Desk, of: str) -> int:
    return desk.store.find("ticket", of, KEEPER).id or 0


def linked(desk: Desk, problem: Problem, viewer: Viewer = KEEPER) -> list[str]:
    return sorted(one.number for _, one in desk.linked_from(problem, viewer=viewer))


def now(desk: Desk, ref: Ref = PRB) -> Problem:
    return desk.problem(ref.number, viewer=KEEPER, source=ref.source)


def set_(desk: Desk, changes: Mapping[str, object], who: Viewer = ANN, days: float = 0) -> int:
    made = desk.change_problem(PRB, changes, viewer=who, now=NOW + timedelta(days=days))
    return 0 if made is None else made.id


# --- the export and what people say over it -----------------------------------------------------------------------


def test_what_people_set_stands_over_the_next_export_and_what_they_left_alone_follows_it(desk: Desk) -> None:
    set_(desk, {"owner": "Ann", "workaround": "Use the second gateway."})
    later = replace(EXPORT, owner="Someone Else", state="assessing", symptom="Tunnel breaks for all")
    desk.store.write("problem", [prepare(later)])
    found = now(desk)
    assert (found.owner, found.workaround) == ("Ann", "Use the second gateway.")
    assert (found.state, found.symptom) == ("assessing", "Tunnel breaks for all")
    assert "second gateway" in found.text and "for all" in found.text
    assert found.is_known_error and desk.store.facts("problem", ("known_error",)) == [(True,)]


def test_taking_a_change_back_brings_what_the_export_says_by_now(desk: Desk) -> None:
    made = set_(desk, {"owner": "Ann"})
    desk.store.write("problem", [prepare(replace(EXPORT, owner="Someone Else"))])
    desk.undo_problem(made, viewer=BEN, now=NOW)
    assert now(desk).owner == "Someone Else"
    undone = desk.problem_history(now(desk), viewer=ANN)[-1]
    assert (undone.undone_by, undone.undone_at) == ("ben", NOW)


def test_an_export_without_a_column_does_not_take_the_word_of_a_person_for_its_own(desk: Desk) -> None:
    made = set_(desk, {"owner": "Ann"})
    row = prepare(Problem("snow", "PRB1", title="VPN gateway drops again"))
    desk.store.write("problem", [row], merge=Merging(("number", "title")))
    desk.undo_problem(made, viewer=ANN, now=NOW)
    assert (now(desk).owner, now(desk).title) == ("Export Owner", "VPN gateway drops again")


def test_the_same_export_twice_changes_nothing_and_tells_nothing(desk: Desk) -> None:
    set_(desk, {"owner": "Ann"})
    assert desk.store.write("problem", [prepare(EXPORT)]).unchanged == 1
    assert [one.what for one in desk.problem_history(now(desk), viewer=ANN)] == ["set"]


def test_what_an_export_changes_stands_in_the_history_and_cannot_be_taken_back(desk: Desk) -> None:
    desk.store.write("problem", [prepare(replace(EXPORT, state="assessing"))])
    (made,) = desk.problem_history(now(desk), viewer=ANN)
    assert (made.what, made.before, made.after) == ("import", {"state": "new"}, {"state": "assessing"})
    with pytest.raises(BadSetting, match="came with an export"):
        desk.undo_problem(made.id, viewer=ANN)


def test_an_older_change_can_be_taken_back_and_the_later_word_stands(desk: Desk) -> None:
    first, second = set_(desk, {"owner": "Ann"}), set_(desk, {"owner": "Ben"}, BEN)
    desk.undo_problem(first, viewer=ANN)
    assert now(desk).owner == "Ben"
    desk.undo_problem(second, viewer=ANN)
    assert now(desk).owner == "Export Owner"


OWNERS = some.lists(some.tuples(some.sampled_from("abc"), some.integers(0, 5)), max_size=8)


def test_the_last_word_that_stands_counts_whatever_was_said_and_taken_back(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "k.db", create=True)

    @settings(max_examples=30, deadline=None)
    @given(OWNERS)
    def check(steps: list[tuple[str, int]]) -> None:
        store.delete([PRB])
        store.write("problem", [prepare(EXPORT)])
        said: list[list[object]] = []
        for word, undo in steps:
            one = store.find("problem", "PRB1", KEEPER)
            assert isinstance(one, Problem)
            if one.owner != word:
                said.append([store.set_problem(one, {"owner": word}, by="x", at=NOW), word])
            if undo < len(said):
                store.undo_change(said.pop(undo)[0], by="x", at=NOW)  # type: ignore[arg-type]
            last = said[-1][1] if said else "Export Owner"
            assert store.find("problem", "PRB1", KEEPER).owner == last  # type: ignore[union-attr]

    check()


# --- states -------------------------------------------------------------------------------------------------------


def test_any_move_is_allowed_but_a_known_cause_and_a_resolution_want_their_words(desk: Desk) -> None:
    with pytest.raises(BadSetting, match="root cause down first"):
        set_(desk, {"state": "root cause known"})
    with pytest.raises(BadSetting, match="fix down first"):
        set_(desk, {"state": "resolved"})
    set_(desk, {"state": "root cause known", "root_cause": "A full NAT table."})
    for state in ("closed", "new", "fix in progress", "assessing"):
        set_(desk, {"state": state})
        assert now(desk).state == state
    with pytest.raises(BadSetting, match="is one of: new, assessing"):
        set_(desk, {"state": "finished"})


def test_the_time_of_resolution_comes_with_the_move_and_goes_when_it_is_reopened(desk: Desk) -> None:
    set_(desk, {"state": "resolved", "fix": "Larger table."}, days=3)
    assert now(desk).resolved_at == NOW + timedelta(days=3)
    closing = set_(desk, {"state": "closed"}, days=9)
    assert now(desk).resolved_at == NOW + timedelta(days=3)
    set_(desk, {"state": "assessing"}, days=12)
    assert now(desk).resolved_at is None
    reopened = desk.problem_history(now(desk), viewer=ANN)[0]
    desk.undo_problem(reopened.id, viewer=ANN)
    desk.undo_problem(closing, viewer=ANN)
    assert (now(desk).state, now(desk).resolved_at) == ("resolved", NOW + timedelta(days=3))


def test_the_day_the_fix_went_in_may_be_given_but_not_in_the_future(desk: Desk) -> None:
    set_(desk, {"state": "resolved", "fix": "Larger table.", "resolved_at": NOW - timedelta(days=5)})
    assert now(desk).resolved_at == NOW - timedelta(days=5)
    with pytest.raises(BadSetting, match="in the future"):
        set_(desk, {"resolved_at": NOW + timedelta(days=5)})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"colour": "red"}, "has no 'colour'"), ({"impact": "huge"}, "Impact is a number"), ({"title": " "}, "a title"),
     ({"number": "PRB9"}, "has no 'number'"), ({"audience": "HR"}, "has no 'audience'")],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_sentence_and_nothing_is_kept(
    desk: Desk, changes: dict[str, object], sentence: str
) -> None:  # fmt: skip
    with pytest.raises(BadSetting, match=sentence):
        set_(desk, {"owner": "Ann", **changes})
    assert now(desk).owner == "Export Owner"


# --- two at once --------------------------------------------------------------------------------------------------


def test_the_second_of_two_who_change_the_same_field_is_told_and_the_first_ones_words_stand(desk: Desk) -> None:
    seen = shown(now(desk))
    set_(desk, {"workaround": "Use gateway 2."})
    with pytest.raises(ChangedMeanwhile, match="changed the workaround meanwhile"):
        desk.change_problem(PRB, {"workaround": "Restart."}, viewer=BEN, now=NOW, seen=seen)
    assert now(desk).workaround == "Use gateway 2."


def test_two_who_change_different_fields_both_get_their_way_though_each_sent_the_whole_form(desk: Desk) -> None:
    seen, form = shown(now(desk)), {"workaround": "", "owner": "Export Owner", "symptom": "Tunnel breaks"}
    desk.change_problem(PRB, {**form, "workaround": "Use gateway 2."}, viewer=ANN, now=NOW, seen=seen)
    desk.change_problem(PRB, {**form, "owner": "Ben"}, viewer=BEN, now=NOW, seen=seen)
    assert (now(desk).workaround, now(desk).owner) == ("Use gateway 2.", "Ben")


def test_an_undo_or_an_import_in_between_is_noticed_too(desk: Desk) -> None:
    first = set_(desk, {"owner": "Ann"})
    seen = shown(now(desk))
    desk.undo_problem(first, viewer=BEN)
    with pytest.raises(ChangedMeanwhile):
        desk.change_problem(PRB, {"owner": "Cleo"}, viewer=ANN, now=NOW, seen=seen)
    desk.store.write("problem", [prepare(replace(EXPORT, symptom="Other"))])
    with pytest.raises(ChangedMeanwhile):
        desk.change_problem(PRB, {"symptom": "Mine"}, viewer=ANN, now=NOW, seen=seen)


def test_the_store_itself_refuses_what_was_worked_out_from_an_older_state(desk: Desk) -> None:
    old = now(desk)
    set_(desk, {"owner": "Ann"})
    with pytest.raises(ChangedMeanwhile, match="ann changed the owner"):
        desk.store.set_problem(old, {"owner": "Ben"}, by="ben", at=NOW)


def test_the_same_word_is_no_change(desk: Desk) -> None:
    assert set_(desk, {"owner": "Export Owner", "state": "new"}) == 0
    assert desk.problem_history(now(desk), viewer=ANN) == []


@given(some.dictionaries(some.sampled_from(["symptom", "owner", "fix", "workaround"]), some.text(max_size=60)))
def test_setting_what_was_just_set_changes_nothing(changes: dict[str, str]) -> None:
    after = checked(EXPORT, changes, now=NOW)
    assert checked(replace(EXPORT, **after), changes, now=NOW) == {}  # type: ignore[arg-type]


# --- permission ---------------------------------------------------------------------------------------------------


def test_a_hidden_problem_is_absent_in_the_same_words_whatever_one_tries(desk: Desk) -> None:
    made = desk.new_problem(viewer=HANNA, title="Payroll", now=NOW, audience=("HR",))
    absent = Ref("problem", made.source, "PRB-SB77777")
    told = {}
    for ref in (made.ref, absent):
        words = []
        for act in (
            lambda r=ref: desk.problem(r.number, viewer=ANN),
            lambda r=ref: desk.change_problem(r, {"owner": "Ann"}, viewer=ANN, now=NOW),
            lambda r=ref: desk.merge_problems(PRB, into=r, viewer=ANN, now=NOW),
            lambda r=ref: desk.link_problem(r, TICKETS[0].ref, viewer=ANN),
        ):
            with pytest.raises(NotFound) as caught:
                act()
            words.append(str(caught.value).replace(ref.number, "X"))
        told[ref] = words
    assert told[made.ref] == told[absent]
    assert [one.number for one in desk.problems(viewer=ANN)] == ["PRB1"]
    change = desk.problem_history(made, viewer=HANNA)[0]
    with pytest.raises(NotFound, match="no change"):
        desk.undo_problem(change.id, viewer=ANN)


def test_a_hidden_ticket_cannot_be_linked_and_its_link_is_told_to_nobody_else(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.link_problem(PRB, Ref("ticket", "snow", "INC6"), viewer=ANN)
    desk.link_problem(PRB, Ref("ticket", "snow", "INC6"), viewer=HANNA, now=NOW)
    problem = now(desk)
    assert linked(desk, problem, HANNA) == ["INC1", "INC6"]
    assert linked(desk, problem, ANN) == ["INC1"]
    assert desk.problem_history(problem, viewer=ANN) == []
    assert desk.problem_uses(viewer=ANN, now=NOW)[problem.id or 0].linked == 1
    assert desk.problem_uses(viewer=HANNA, now=NOW)[problem.id or 0].linked == 2


def test_a_problem_is_not_merged_into_one_that_fewer_may_see(desk: Desk) -> None:
    made = desk.new_problem(viewer=HANNA, title="Payroll", now=NOW, audience=("HR",))
    with pytest.raises(BadSetting, match="the other way"):
        desk.merge_problems(PRB, into=made.ref, viewer=HANNA, now=NOW)
    desk.merge_problems(made.ref, into=PRB, viewer=HANNA, now=NOW)
    assert [one.what for one in desk.problem_history(now(desk), viewer=HANNA)] == ["merge"]
    assert desk.problem_history(now(desk), viewer=ANN) == []


def test_nobody_makes_a_problem_he_could_not_see(desk: Desk) -> None:
    with pytest.raises(BadSetting, match="could not see it yourself"):
        desk.new_problem(viewer=ANN, title="Payroll", now=NOW, audience=("HR",))


# --- from a pattern -----------------------------------------------------------------------------------------------


def test_a_problem_from_a_pattern_has_its_name_its_most_central_words_and_its_tickets(desk: Desk) -> None:
    made = desk.problem_from_pattern("PAT00001", viewer=ANN, now=NOW)
    assert (made.title, made.pattern, made.service, made.category) == ("VPN drops", "PAT00001", "VPN", "Network")
    assert made.symptom == "VPN tunnel drops at home\n(INC2)", "the nearer one names a password"
    assert (made.impact, made.owner, made.state, made.created_at) == (2, "ann", "new", NOW)
    assert linked(desk, made) == ["INC1", "INC2", "INC3", "INC40"]
    assert desk.problem_of_pattern("PAT00001", viewer=BEN) == made


def test_a_pattern_with_an_open_problem_opens_that_and_a_closed_one_begins_anew(desk: Desk) -> None:
    first = desk.problem_from_pattern("PAT00001", viewer=ANN, now=NOW)
    assert desk.problem_from_pattern("PAT00001", viewer=BEN, now=NOW).ref == first.ref
    desk.change_problem(first.ref, {"state": "closed"}, viewer=ANN, now=NOW)
    second = desk.problem_from_pattern("PAT00001", viewer=BEN, now=NOW)
    assert second.ref != first.ref


def test_restricted_tickets_lend_no_word_to_a_problem_that_everybody_sees(desk: Desk) -> None:
    made = desk.problem_from_pattern("PAT00001", viewer=HANNA, now=NOW)
    assert made.audience == () and "salaries" not in made.symptom
    assert "INC5" in linked(desk, made, HANNA) and "INC5" not in linked(desk, made, ANN)


def test_a_problem_from_restricted_tickets_only_is_for_those_who_may_see_them_all(desk: Desk) -> None:
    made = desk.problem_from_pattern("PAT00002", viewer=HANNA, now=NOW)
    assert made.audience == ("HR",) and "Salary" in made.symptom
    with pytest.raises(NotFound):
        desk.problem_from_pattern("PAT00002", viewer=ANN, now=NOW)
    assert desk.problem_of_pattern("PAT00002", viewer=ANN) is None


# --- numbers ------------------------------------------------------------------------------------------------------


def test_numbers_of_ours_meet_no_imported_one_and_are_never_given_twice(desk: Desk) -> None:
    desk.store.write("problem", [prepare(Problem("other", "PRB-SB00001", title="Taken"))])
    first = desk.new_problem(viewer=ANN, title="One", now=NOW)
    assert first.number == "PRB-SB00002"
    desk.store.delete([first.ref])
    assert desk.new_problem(viewer=ANN, title="Two", now=NOW).number == "PRB-SB00003"


def test_a_problem_just_made_can_be_taken_back_but_not_once_it_was_worked_on(desk: Desk) -> None:
    made = desk.new_problem(viewer=ANN, title="Oops", now=NOW, tickets=[TICKETS[1].ref])
    (created,) = desk.problem_history(made, viewer=ANN)
    desk.undo_problem(created.id, viewer=ANN)
    with pytest.raises(NotFound):
        desk.problem(made.number, viewer=KEEPER)
    assert not desk.store.check()
    again = desk.new_problem(viewer=ANN, title="Oops", now=NOW)
    (created,) = desk.problem_history(again, viewer=ANN)
    desk.change_problem(again.ref, {"owner": "Ben"}, viewer=ANN, now=NOW)
    with pytest.raises(BadSetting, match="worked on since"):
        desk.undo_problem(created.id, viewer=ANN)


# --- links and merges ---------------------------------------------------------------------------------------------


def test_a_ticket_taken_off_stays_off_though_the_export_names_the_problem(desk: Desk) -> None:
    gone = desk.unlink_problem(PRB, TICKETS[0].ref, viewer=ANN, now=NOW)
    desk.store.write("ticket", [replace(TICKETS[0], title="VPN tunnel drops, still")])
    desk.store.link([Link(TICKETS[0].ref, PRB, NOW)])
    assert linked(desk, now(desk)) == []
    assert not [row for row in desk.store.links() if row[1] == "problem"]
    assert desk.links_of(cast("Ticket", desk.record("ticket", "INC1", viewer=ANN)), viewer=ANN) == []
    desk.undo_problem(gone.id, viewer=ANN)
    assert linked(desk, now(desk)) == ["INC1"]
    assert len([row for row in desk.store.links() if row[1] == "problem"]) == 1


def test_articles_and_tickets_are_linked_by_number_and_each_link_taken_back_alone(desk: Desk) -> None:
    one = desk.link_problem(PRB, desk.linkable("inc2", viewer=ANN).ref, viewer=ANN, now=NOW)
    desk.link_problem(PRB, desk.linkable("KB1", viewer=ANN).ref, viewer=ANN, now=NOW)
    problem = now(desk)
    assert linked(desk, problem) == ["INC1", "INC2"]
    assert [a.number for a in desk.problem_articles(problem, viewer=ANN)] == ["KB1"]
    with pytest.raises(BadSetting, match="already"):
        desk.link_problem(PRB, TICKETS[1].ref, viewer=BEN)
    desk.undo_problem(one.id, viewer=BEN)
    assert linked(desk, problem) == ["INC1"]
    assert [a.number for a in desk.problem_articles(problem, viewer=ANN)] == ["KB1"]


def test_a_link_counts_at_once_for_search_and_so_does_taking_it_back(desk: Desk) -> None:
    set_(desk, {"workaround": "Use the second gateway."})
    before = len(desk.shelves.now().links)
    made = desk.link_problem(PRB, TICKETS[1].ref, viewer=ANN, now=NOW)
    assert len(desk.shelves.now().links) == before + 1
    desk.undo_problem(made.id, viewer=ANN)
    assert len(desk.shelves.now().links) == before


def test_a_merge_takes_tickets_and_articles_over_and_leaves_the_old_record_readable(desk: Desk) -> None:
    other = desk.new_problem(
        viewer=ANN, title="Tunnels", now=NOW, tickets=[TICKETS[1].ref], fields={"workaround": "Wait."}
    )
    desk.link_problem(other.ref, Ref("article", "snow", "KB1"), viewer=ANN, now=NOW)
    merged = desk.merge_problems(other.ref, into=PRB, viewer=ANN, now=NOW, why="the same gateway")
    assert linked(desk, now(desk)) == ["INC1", "INC2"]
    assert [a.number for a in desk.problem_articles(now(desk), viewer=ANN)] == ["KB1"]
    old = now(desk, other.ref)
    assert old.merged_into == now(desk).id and not old.is_known_error
    assert desk.final_problem(old, viewer=ANN) == now(desk)
    assert [one.number for one in desk.problems(viewer=ANN)] == ["PRB1"]
    assert {row[2] for row in desk.store.links() if row[1] == "problem"} == {now(desk).id}
    desk.undo_problem(merged.id, viewer=BEN)
    assert linked(desk, now(desk)) == ["INC1"] and linked(desk, other) == ["INC2"]
    assert now(desk, other.ref).is_known_error


def test_merges_never_go_in_a_circle(desk: Desk) -> None:
    a, b, c = (desk.new_problem(viewer=ANN, title=name, now=NOW).ref for name in "abc")
    first = desk.merge_problems(a, into=b, viewer=ANN, now=NOW)
    desk.merge_problems(b, into=c, viewer=ANN, now=NOW)
    for one, other in ((c, a), (c, b), (c, c)):
        with pytest.raises(BadSetting):
            desk.merge_problems(one, into=other, viewer=ANN, now=NOW)
    with pytest.raises(BadSetting, match="merged already"):
        desk.merge_problems(a, into=c, viewer=ANN, now=NOW)
    assert desk.final_problem(now(desk, a), viewer=ANN) == now(desk, c)
    desk.undo_problem(first.id, viewer=ANN)
    desk.merge_problems(c, into=a, viewer=ANN, now=NOW)
    with pytest.raises(BadSetting):
        desk.merge_problems(a, into=b, viewer=ANN, now=NOW)


def test_the_pattern_of_a_merged_problem_leads_to_the_one_that_took_over(desk: Desk) -> None:
    made = desk.problem_from_pattern("PAT00001", viewer=ANN, now=NOW)
    desk.merge_problems(made.ref, into=PRB, viewer=ANN, now=NOW)
    assert desk.problem_of_pattern("PAT00001", viewer=ANN) == now(desk)
    assert desk.problem_from_pattern("PAT00001", viewer=ANN, now=NOW) == now(desk)


def test_where_the_problem_that_took_over_is_deleted_the_other_stands_for_itself_again(desk: Desk) -> None:
    made = desk.new_problem(
        viewer=ANN, title="Tunnels", now=NOW, tickets=[TICKETS[1].ref], fields={"workaround": "Wait."}
    )
    desk.merge_problems(made.ref, into=PRB, viewer=ANN, now=NOW)
    desk.store.delete([PRB])
    again = now(desk, made.ref)
    assert again.merged_into is None and again.is_known_error
    assert desk.store.facts("problem", ("known_error",)) == [(True,)]
    assert linked(desk, again) == ["INC2"]


# --- counting -----------------------------------------------------------------------------------------------------


def test_uses_count_tickets_those_of_late_and_marks_that_stand(desk: Desk) -> None:
    desk.link_problem(PRB, TICKETS[3].ref, viewer=ANN, now=NOW)
    helped = desk.mark(Mark(PRB, "helpful", question="vpn drops", at=NOW), viewer=ANN)
    use = desk.problem_uses(viewer=ANN, now=NOW)[now(desk).id or 0]
    assert (use.linked, use.lately, use.helped, use.used) == (2, 1, 1, 3)
    desk.undo(helped.id or 0, viewer=ANN)
    assert desk.problem_uses(viewer=ANN, now=NOW)[now(desk).id or 0].helped == 0


# --- a desk of an earlier version ---------------------------------------------------------------------------------


def test_a_desk_of_the_third_version_keeps_its_problems_and_learns_to_change_them(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    engine, config = sa.create_engine(f"sqlite:///{path}"), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0003")
    engine.dispose()
    with sqlite3.connect(path) as db:
        for table, row in (
            ("tickets", {"number": "INC1", "title": "VPN drops", "problem": "PRB1"}),
            ("problems", {"number": "PRB1", "title": "VPN gateway", "state": "new", "owner": "Export Owner"}),
        ):
            columns = [one for one in db.execute(f"PRAGMA table_info({table})") if one[1] != "id"]
            whole = {name: row.get(name, 0 if kind in ("BIGINT", "BOOLEAN") else "")
                     for _, name, kind, needed, *_ in columns if needed}  # fmt: skip
            whole |= {"source": "snow"}
            marks = ", ".join("?" * len(whole))
            db.execute(f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({marks})", list(whole.values()))
    store = Store.open(path)
    problem = store.find("problem", "PRB1", KEEPER)
    assert isinstance(problem, Problem) and (problem.owner, problem.merged_into) == ("Export Owner", None)
    made = store.set_problem(problem, {"owner": "Ann"}, by="ann", at=NOW)
    assert store.find("problem", "PRB1", KEEPER).owner == "Ann"  # type: ignore[union-attr]
    store.undo_change(made, by="ann", at=NOW)
    assert store.find("problem", "PRB1", KEEPER).owner == "Export Owner"  # type: ignore[union-attr]
    assert [one.number for _, one in store.linked_from(problem, EVERYONE)] == ["INC1"]
    assert store.check() == []
