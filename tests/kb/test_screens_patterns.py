"""The Patterns page: orders, views and filters from the address, one pattern with its acts, and what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from kb.bursts import Burst
from kb.desk import Desk
from kb.patternmaking import Found, assemble
from kb.records import EVERYONE, Article, Link, Ref, Ticket, Viewer
from kb.screens import patternacts, patterns
from kb.screens.patternties import burst_notes
from kb.screens.treemap import layout
from kb.text import prepare
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.index import build
from pipelines.settings import Settings
from tests.pages import kinds, nodes, ran, words

START = datetime(2026, 5, 25, 9, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> [link](http://evil.example)"
JAM, VPN = "PAT00001", "PAT00002"
KINDS = {0: ("Printer jams", "Print", "Service Desk"), 1: ("VPN drops", "Remote", "Network")}


def ticket(group: int, at: int) -> Ticket:
    title, service, team = KINDS[group]
    return Ticket("t", f"{'JV'[group]}{at}", f"{title}, sort {at % 2}", f"{title} again and again {at % 2}",
                  opened_at=START - timedelta(days=3 * at), resolved_at=START - timedelta(days=3 * at - 1), state="closed",
                  service=service, assignment_group=team, caller=f"Ann {at}", location="Hall 1", priority=4 - 3 * group,
                  reopen_count=group, reassignment_count=0, resolution="Replaced the feed roller and cleaned it.",
                  audience=("hr",) if group and at > 3 else ())  # fmt: skip


def made(home: Path) -> Desk:
    """Eight jams with two variants, six drops of which two are restricted, and one ticket in no pattern."""
    opened = Home(Settings(home, embedder="hashing", threads=1))
    opened.create()
    tickets = [*(ticket(0, at) for at in range(8)), *(ticket(1, at) for at in range(6))]
    tickets.append(Ticket("t", "X1", HOSTILE, HOSTILE, state="closed"))
    opened.store.write("ticket", [prepare(one) for one in tickets])
    opened.store.write("article", [prepare(Article("t", "KB1", "Clear a paper jam", "s", "Open tray 2."))])
    opened.store.link([Link(Ref("ticket", "t", f"J{at}"), Ref("article", "t", "KB1")) for at in range(3)])
    build(opened)
    desk = desk_of(opened)
    ids = {str(row[1]): int(row[0]) for row in opened.store.facts("ticket", ("id", "number"))}
    groups, finer = [0] * 8 + [1] * 6 + [-1], [0, 1] * 4 + [2] * 6 + [-1]
    found = Found([ids[one.number] for one in tickets], np.array(groups), np.array(finer),
                  np.full(15, 0.9, np.float32), [one.opened_at for one in tickets], np.eye(2, desk.shelves.embedder.dim,
                                                                                          dtype=np.float32))  # fmt: skip
    names = [("Printer jams", (("paper jam", 8), (HOSTILE, 1))), ("VPN drops", (("vpn drops", 6),))]
    desk.patterns_made = assemble(found, names, [None, None])
    return desk


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Made once for all tests that only read it."""
    return made(tmp_path_factory.mktemp("patterns"))


def _script(desk: object, viewer: object, told: object, only: object) -> None:
    from kb.screens import patternacts, patterns

    if told is not None:
        patternacts.heard(desk, viewer, desk.profile(only, viewer=viewer), told)  # type: ignore[attr-defined, arg-type]
    patterns.page(desk, viewer)  # type: ignore[arg-type]


def draw(desk: Desk, told: dict[str, str] | None = None, viewer: Viewer = EVERYONE, **where: str) -> AppTest:
    """Run the page after the browser sent ``told``; anything it raises fails the test."""
    return ran(_script, desk, viewer, told, where.get("pattern", ""), where=where)


def listed(test: AppTest) -> list[str]:
    return [node["a"]["card"] for node in nodes(test) if isinstance(node, dict) and node.get("a", {}).get("card")]


# --- all of them --------------------------------------------------------------------------------------------------


def test_the_order_comes_from_the_address_and_says_what_it_means(shown: Desk) -> None:
    cost, pain = draw(shown), draw(shown, by="pain")
    assert (listed(cost), listed(pain)) == ([JAM, VPN], [VPN, JAM])
    assert "Assumes 20 minutes of work a ticket" in words(cost)
    assert "two points for every reopened ticket" in words(pain)
    assert "1 in no pattern" not in words(cost)
    assert "7 % of the 15 tickets looked at are in no pattern" in words(cost).replace("\xa0", " ")
    assert listed(draw(shown, by="nonsense", view="9", show="x", only="?")) == [JAM, VPN]


@pytest.mark.parametrize(
    ("where", "left"),
    [({"service": "Print"}, [JAM]), ({"group": "Network"}, [VPN]), ({"only": "gap"}, [VPN]), ({"only": "burst"}, []),
     ({"only": "dismissed"}, []), ({"service": "Nowhere"}, [])],
)  # fmt: skip
def test_the_list_is_narrowed_by_the_address(shown: Desk, where: dict[str, str], left: list[str]) -> None:
    assert listed(draw(shown, **where)) == left


def test_the_map_and_the_timeline_lead_to_every_pattern_and_stand_in_words_too(shown: Desk) -> None:
    (tiles,) = kinds(draw(shown, view="map"), "tiles")
    assert [one["where"]["pattern"] for one in tiles["v"]] == [JAM, VPN]
    area = {one["where"]["pattern"]: one["at"][2] * one["at"][3] for one in tiles["v"]}
    assert area[JAM] / area[VPN] == pytest.approx(8 / 4, rel=0.01)
    assert "8 tickets" in tiles["v"][0]["words"]
    assert "The same as a table" in words(draw(shown, view="map"))
    strips = kinds(draw(shown, view="time"), "strip")
    assert len(strips) == 2
    assert strips[0]["label"].startswith("Printer jams: 8 tickets in")


def test_a_viewer_sees_figures_of_what_he_may_see_only(shown: Desk) -> None:
    part, whole = draw(shown, pattern=VPN), draw(shown, viewer=Viewer("her", frozenset({"hr"})), pattern=VPN)
    assert "4 tickets" in words(part)
    assert "6 tickets" in words(whole)
    assert "V5" not in words(part) + json.dumps(nodes(part))


def test_callers_are_counted_and_never_named(shown: Desk) -> None:
    test = draw(shown, pattern=JAM)
    assert "Callers" in words(test)
    assert "Ann" not in json.dumps(nodes(test))


# --- one of them --------------------------------------------------------------------------------------------------


def test_a_pattern_shows_what_fixed_it_its_article_its_trend_and_its_evidence(shown: Desk) -> None:
    test = draw(shown, pattern=JAM)
    said = words(test)
    for part in ("Replaced the feed roller", "Clear a paper jam", "Who is affected", "Make a problem of it", "Variants",
                 "Tickets that show it best", "Patterns like it", "8 tickets, all on Print"):  # fmt: skip
        assert part in said
    titles = [node["a"]["title"] for node in nodes(test) if isinstance(node, dict) and node.get("a", {}).get("title")]
    assert any("paper jam (8)" in title for title in titles)
    (trend,) = kinds(test, "bars")
    assert sum(n for _, n in trend["v"]) == 8
    assert "No article yet." in words(draw(shown, pattern=VPN))
    assert any(node["where"].get("show") == "draft" for node in kinds(draw(shown, pattern=VPN), "link"))


def test_what_sets_it_apart_is_looked_for_when_asked(shown: Desk) -> None:
    assert any(node["where"].get("apart") for node in kinds(draw(shown, pattern=JAM), "link"))
    assert "name the service Print" in words(draw(shown, pattern=JAM, apart="1")) or (
        "Nothing stands out" in words(draw(shown, pattern=JAM, apart="1")))  # fmt: skip


def test_each_act_is_said_back_kept_in_the_history_and_undone(tmp_path: Path) -> None:
    desk = made(tmp_path)
    assert "The name is kept" in words(draw(desk, {"name": "rename", "title": "Tray 2"}, pattern=JAM))
    assert "Tray 2" in words(draw(desk))
    assert "not listed any more" in words(draw(desk, {"name": "dismiss"}, pattern=JAM))
    assert listed(draw(desk)) == [VPN]
    assert listed(draw(desk, only="dismissed")) == [JAM]
    said = words(draw(desk, {"name": "recall"}, pattern=JAM))
    assert "Brought back" in said
    assert "Named “Tray 2”" in said
    assert listed(draw(desk)) == [JAM, VPN]
    assert "now part of" in words(draw(desk, {"name": "merge", "into": VPN}, pattern=JAM))
    assert f"{JAM} was merged into this pattern" in words(draw(desk, pattern=JAM))
    (act,) = [one for one in desk.pattern_acts(VPN, viewer=EVERYONE) if one.what == "merge"]
    assert "Taken back" in words(draw(desk, {"name": "undo", "act": str(act.id)}, pattern=VPN))
    assert listed(draw(desk)) == [JAM, VPN]
    assert "none of this pattern any more" in words(
        draw(desk, {"name": "not", "source": "t", "number": "J7"}, pattern=JAM))  # fmt: skip
    assert desk.pattern(JAM, viewer=EVERYONE).size == 7


def test_what_was_said_shows_in_the_same_session_at_once(tmp_path: Path) -> None:
    desk = made(tmp_path)
    test = draw(desk)
    desk.dismiss_pattern(JAM, viewer=EVERYONE)
    desk.set_rule("cost_per_hour", "60 EUR", viewer=EVERYONE)
    test.run()
    assert listed(test) == [VPN]
    assert "EUR" in words(test)


def test_a_variant_becomes_a_pattern_of_its_own(tmp_path: Path) -> None:
    desk = made(tmp_path)
    variant, example = desk.profile(JAM, viewer=EVERYONE).variants[0]
    told = {"name": "split", "variant": str(example.id), "title": "Feeder"}
    assert "pattern of their own" in words(draw(desk, told, pattern=JAM))
    assert desk.pattern(JAM, viewer=EVERYONE).size == 8 - variant.size
    assert "Feeder" in words(draw(desk))


def test_a_pattern_leads_to_its_problem_or_to_a_new_one(tmp_path: Path) -> None:
    desk = made(tmp_path)
    assert any(node["page"] == "problems" and node["where"] == {"pattern": JAM}
               for node in kinds(draw(desk, pattern=JAM), "link"))  # fmt: skip
    desk.problem_from_pattern(JAM, viewer=EVERYONE, now=START)
    test = draw(desk, pattern=JAM)
    assert "Make a problem of it" not in words(test)
    assert any("problem" in node["where"] for node in kinds(test, "link"))


@pytest.mark.parametrize(
    "told",
    [{"name": "merge", "into": "PAT9"}, {"name": "split", "variant": "x"}, {"name": "undo", "act": "-1"},
     {"name": "undo", "act": "999"}, {"name": "not", "source": "t", "number": "V5"}, {"name": "not"}, {"name": "drop"}],
)  # fmt: skip
def test_what_the_browser_makes_up_changes_nothing(shown: Desk, told: dict[str, str]) -> None:
    before = shown.store.settings().get("patterns")
    draw(shown, told, pattern=JAM)
    assert shown.store.settings().get("patterns") == before


def test_bursts_that_go_on_are_told_loudly_with_the_way_to_the_pattern_and_those_over_quietly() -> None:
    soon = START + timedelta(minutes=9)
    going = Burst("B1", JAM, "Printer jams", (1, 2, 3, 4), 15, 4, 0.3, START, soon, soon, "open", 9)
    knot = replace(going, id="B2", pattern="", name="Badge reader dead")
    over = replace(going, id="B3", state="over")
    (loud, unnamed, quiet) = (json.dumps(burst_notes([one])) for one in (going, knot, over))
    assert "Possible major incident: 4 tickets like this in 9 minutes, usually 0.3." in loud
    assert f'"pattern": "{JAM}"' in loud
    assert "Badge reader dead (in no pattern)" in unnamed
    assert "Possible major incident" not in quiet
    assert "1 burst lately, over by now" in quiet
    assert burst_notes([going], here=VPN) is None
    assert burst_notes([]) is None


def test_a_desk_that_cannot_judge_counts_shows_no_bursts_and_still_its_patterns(tmp_path: Path) -> None:
    desk = made(tmp_path)
    desk.rates = None
    assert listed(draw(desk)) == [JAM, VPN]
    assert "What fixed it" in words(draw(desk, pattern=JAM, apart="1"))


# --- what is missing ----------------------------------------------------------------------------------------------


def test_an_unknown_pattern_and_one_whose_tickets_are_gone_say_so(tmp_path: Path) -> None:
    desk = made(tmp_path)
    assert "Not here." in words(draw(desk, pattern="PAT00077"))
    desk.rename_pattern(VPN, "Tunnel", viewer=EVERYONE)
    desk.store.delete([Ref("ticket", "t", f"V{at}") for at in range(6)])
    gone = words(draw(desk, pattern=VPN))
    assert "Tunnel" in gone
    assert "no tickets any more" in gone


def test_a_named_pattern_without_tickets_is_still_found_from_the_list(tmp_path: Path) -> None:
    desk = made(tmp_path / "desk")
    desk.rename_pattern(VPN, "Tunnels", viewer=Viewer("hr", frozenset({"hr"})))
    assert "Without tickets now" not in words(draw(desk))
    desk.store.delete([Ref("ticket", "t", f"V{at}") for at in range(6)])
    said = words(draw(desk))
    assert "Without tickets now (1)" in said
    assert "Tunnels" in said


def test_a_desk_where_all_was_dismissed_leads_to_what_was(tmp_path: Path) -> None:
    desk = made(tmp_path)
    for one in (JAM, VPN):
        desk.dismiss_pattern(one, viewer=EVERYONE)
    assert "All patterns were dismissed" in words(draw(desk))
    assert listed(draw(desk, only="dismissed")) == [JAM, VPN]


def test_the_assumptions_are_changed_on_the_page_and_nonsense_is_told(tmp_path: Path) -> None:
    desk = made(tmp_path)
    patterns._heard(desk, EVERYONE, patterns.Asked(), {"name": "assume", "handling_minutes": "30",
                                                        "cost_per_hour": "60 EUR"})  # fmt: skip
    assert "240\xa0EUR" in words(draw(desk))
    patterns._heard(desk, EVERYONE, patterns.Asked(), {"name": "assume", "handling_minutes": "much"})
    assert desk.rules()["handling_minutes"] == "30"


def test_the_sentences_of_acts_name_patterns_and_never_ids_where_a_name_is_known(tmp_path: Path) -> None:
    desk = made(tmp_path)
    desk.merge_patterns(VPN, into=JAM, viewer=EVERYONE)
    drawn = patternacts.history(desk.pattern_acts(JAM, viewer=EVERYONE), {JAM: "Printer jams"}, JAM)
    assert f"Merged {VPN} into this pattern" in json.dumps(drawn)


# --- the treemap --------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=60))
def test_areas_are_shares_of_the_whole_inside_the_square_and_do_not_overlap(sizes: list[float]) -> None:
    sizes = sorted((size if size > 1e-3 else 0.0 for size in sizes), reverse=True)
    boxes, total = layout(sizes), sum(sizes)
    assert len(boxes) == len(sizes)
    for (x, y, wide, high), size in zip(boxes, sizes, strict=True):
        assert wide * high == pytest.approx(size / total if total else 0.0, abs=1e-6)
        assert -1e-6 <= x <= x + wide <= 1 + 1e-6
        assert -1e-6 <= y <= y + high <= 1 + 1e-6
    for i, (x, y, wide, high) in enumerate(boxes):
        for left, top, broad, tall in boxes[:i]:
            across = min(x + wide, left + broad) - max(x, left)
            down = min(y + high, top + tall) - max(y, top)
            assert max(0.0, across) * max(0.0, down) < 1e-6


def test_equal_areas_look_like_squares() -> None:
    boxes = layout([1.0] * 18)
    shapes = [max(1.9 * wide / high, high / (1.9 * wide)) for _, _, wide, high in boxes]
    assert max(shapes) < 2
