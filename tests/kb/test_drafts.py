"""Drafts of articles: every line stands in the ticket it cites, in KCS order, harmless, and seen by nobody too many."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.drafting import draft
from kb.drafts import Draft, Line, is_written, sayings
from kb.errors import BadSetting, TooLittle
from kb.records import EVERYONE, Ref, Ticket, Viewer
from kb.text import prepare
from pipelines.desk import open_desk
from pipelines.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ticket(number: int, title: str, body: str, fix: str, **more: object) -> Ticket:
    made = Ticket("t", f"INC{number:07}", title=title, body=body, resolution=fix, state="closed", opened_at=NOW)
    return prepare(replace(made, **more))  # type: ignore[arg-type]


def spoolers() -> list[Ticket]:
    return [
        ticket(1, "RE: Printer queue crashes", 'Hello,\nthe printer queue crashes when I print from Word. It says "The print '
               'spooler service is not running". Error 0x000006ba on Windows 11.\n\nKind regards\nAnna Example\nExample GmbH, Tel. 4711',
               "The new driver 8.3.1 was broken. Stopped the spooler service. Removed the driver package KX 8.3. Added the printer again. "
               "User informed.", service="Print", ci="PRN-01", location="North"),
        ticket(2, "Print queue down", "The printer queue crashes when I print from Word.\nMy password is Summer2025! if you need it.",
               "Stopped the spooler service. Removed driver package KX 8.3. Printer added again, user ok.", service="Print", ci="PRN-01"),
        ticket(3, "Printer queue crashes again", 'It says "The print spooler service is not running" since this morning, 0x000006BA.',
               "Driver rolled back to 8.2.", service="Print", location="North"),
        ticket(4, "Printer queue crashes", "Cannot print anything.", "done", service="Print"),
    ]  # fmt: skip


def lines(made: Draft) -> list[Line]:
    return list(chain.from_iterable(section for _, section in made.sections))


def said_in(text: str, one: Ticket) -> bool:
    return any(text in said for said in sayings(one))


def test_issue_environment_cause_and_resolution_are_told_apart() -> None:
    made = draft(spoolers())
    told = {name: [line.text for line in section] for name, section in made.sections}
    assert list(told) == ["Issue", "Environment", "Cause", "Resolution"]
    assert any("printer queue crashes when I print" in text for text in told["Issue"])
    assert "The print spooler service is not running" in told["Issue"] and "0x000006ba" in told["Issue"]
    assert told["Environment"][:2] == ["Print", "PRN-01"] and "Windows 11" in told["Environment"]
    assert told["Cause"] == ["The new driver 8.3.1 was broken."]
    assert told["Resolution"][:3] == ["Stopped the spooler service.", "Removed the driver package KX 8.3.", "Added the printer again."]  # fmt: skip


def test_near_doubles_are_folded_with_all_their_citations_and_other_ways_come_after() -> None:
    steps = draft(spoolers()).resolution
    assert [ref.number for ref in steps[0].cited] == ["INC0000001", "INC0000002"]
    other = next(line for line in steps if line.text == "Driver rolled back to 8.2.")
    assert other.variant > steps[0].variant == 0


def test_greetings_signatures_and_passwords_stay_out() -> None:
    text = draft(spoolers()).as_markdown()
    assert not re.search("Hello|regards|GmbH|Summer2025|User informed", text)


def test_counts_stand_beside_what_tickets_share() -> None:
    markdown = draft(spoolers()).as_markdown()
    assert "Service: Print (4×) [INC0000001] [INC0000002] [INC0000003] [INC0000004]" in markdown
    assert "Error code: 0x000006ba (2×) [INC0000001] [INC0000003]" in markdown


def test_a_title_is_found_and_a_given_one_is_kept() -> None:
    assert draft(spoolers()).title in {"Printer queue crashes", "Printer queue crashes again"}
    assert draft(spoolers(), title="  Spooler  stops ").title == "Spooler stops"


@pytest.mark.parametrize(
    "change",
    [{"resolution": "done", "fix": "done"}, {"state": "open"}, {"close_code": "Closed/Resolved by Caller"}, {"state": "cancelled"}],
)  # fmt: skip
def test_two_written_fixes_are_too_few(change: dict[str, str]) -> None:
    three = spoolers()[:3]
    assert draft(three).resolution
    with pytest.raises(TooLittle, match=r"takes 3 resolved tickets.*here are 2"):
        draft([*three[:2], replace(three[2], **change)])  # type: ignore[arg-type]


def test_the_same_ticket_three_times_is_one_ticket() -> None:
    with pytest.raises(TooLittle):
        draft([spoolers()[0]] * 3)


def test_what_did_not_help_is_no_step() -> None:
    tickets = [replace(one, fix=f"Restarted the client, did not help. {one.fix}") for one in spoolers()]
    assert not any("did not help" in line.text for line in draft(tickets).resolution)


def test_a_way_that_was_reopened_comes_after_one_that_held() -> None:
    held = [ticket(n, "Screen stays black", "The screen stays black.", "Replaced the display cable.") for n in (1, 2)]
    undone = [ticket(n, "Screen stays black", "The screen stays black.", "Updated the graphics driver.", reopen_count=2) for n in (3, 4)]  # fmt: skip
    assert draft([*undone, *held]).resolution[0].text == "Replaced the display cable."


def test_the_order_of_the_tickets_does_not_matter() -> None:
    tickets = spoolers()
    expected = draft(tickets)
    for seed in range(5):
        assert draft(random.Random(seed).sample(tickets, len(tickets))) == expected


def test_german_and_french_causes_are_found() -> None:
    fixes = (
        "Ursache war ein abgelaufenes Zertifikat. Zertifikat erneuert.",
        "Le certificat a été remplacé à cause de la migration.",
        "Certificate renewed.",
    )
    tickets = [ticket(n, "Anmeldung scheitert", "Ich kann mich nicht anmelden.", fix) for n, fix in enumerate(fixes)]
    assert {line.text for line in draft(tickets).cause} == {"Ursache war ein abgelaufenes Zertifikat.", fixes[1]}


HOSTILE = [
    "![beacon](http://evil.example/a.png) was seen", "<img src=x onerror=alert(1)> in the mail", "# no heading of yours here",
    "[click here](javascript:alert(1)) they said", "www.evil.example wants my password", "`code` and **bold** and $math$ words",
    "1. not a list of yours", "- nor this one is it", "mail me at a@evil.example about it", "&lt;script&gt; is here",
]  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE)
def test_tickets_bring_no_markdown_or_html_of_their_own(said: str) -> None:
    tickets = [
        replace(ticket(n, said, said, said), text=f"{said}\n{said}", fix=f"Replaced {said}", ci=said) for n in range(3)
    ]
    markdown = draft(tickets, title=said).as_markdown()
    bare = re.sub(r"`[^`\n]*`", "", markdown.replace("\\`", ""))
    assert not re.search(r"(?<!\\)[<*$&]|!\[|(?<!\\)\]\(|https?://|www\.|\S@\S", bare)
    assert [line for line in bare.splitlines() if line.startswith("#")] == [
        next(line for line in bare.splitlines() if line.startswith("# ")), "## Issue", "## Environment", "## Cause", "## Resolution",
    ]  # fmt: skip


def test_the_first_line_says_that_a_person_must_finish_it() -> None:
    made = draft(spoolers())
    first = "Draft made from 4 tickets, in their words, for a person to check and finish."
    assert made.as_markdown().splitlines()[0] == first
    article = made.as_article("KB7", now=NOW)
    assert article.body.splitlines()[0] == first
    assert (article.state, article.source, article.created_at) == ("work in progress", "seenbefore", NOW)
    assert "Resolution\n1. Stopped the spooler service. [INC0000001] [INC0000002]" in article.text


GROUPS = st.lists(st.sampled_from(["HR", "Security", "Board"]), unique=True, max_size=3).map(lambda g: tuple(sorted(g)))


@given(st.lists(GROUPS, min_size=3, max_size=5), st.frozensets(st.sampled_from(["HR", "Security", "Board", "Other"])))
@settings(max_examples=60, deadline=None)
def test_who_sees_the_article_may_see_every_ticket(audiences: list[tuple[str, ...]], groups: frozenset[str]) -> None:
    tickets = [ticket(n, "Mail is stuck", "My mail is stuck.", "Restarted the mail service.", audience=a) for n, a in enumerate(audiences)]  # fmt: skip
    viewer = Viewer("someone", groups)
    try:
        article = draft(tickets).as_article("KB1", now=NOW)
    except BadSetting as error:
        restricted = [set(one) for one in audiences if one]
        assert restricted and not set.intersection(*restricted)
        assert "leave out" in str(error)
        return
    if viewer.may_see(article.audience):
        assert all(viewer.may_see(one.audience) for one in tickets)
    assert bool(article.audience) == any(audiences)


WORDS = st.sampled_from(
    ['the', 'printer', '"server', 'is', 'down"', 'crashed.', 'restarted', 'removed', 'driver', 'because', 'of', 'an', 'old', 'cache', 'KB5021233', '10.0.0.1', 'fs01', 'https://x.example', 'Hello,', 'regards', 'mfg', 'Ursache:', 'nicht', 'gelöst?', '1.', '-', '->', 'Asked:', 'error', '1603', 'Windows', '11', '<b>', 'ü', '\n', '\n\n']
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60)
TICKETS = st.lists(
    st.builds(
        lambda title, body, fix, notes, ci: ticket(0, title, body, fix, notes=notes, ci=ci), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS
    ),
    min_size=3, max_size=7,
)  # fmt: skip


@given(TICKETS)
@settings(max_examples=80, deadline=None)
def test_every_line_stands_word_for_word_in_the_ticket_it_cites_first(found: list[Ticket]) -> None:
    tickets = {one.ref: one for one in (replace(t, number=f"INC{n}") for n, t in enumerate(found))}
    sure = ticket(90, "Mail is stuck", "My mail is stuck.", "Restarted the mail service.")
    tickets |= {Ref("ticket", "t", f"S{n}"): replace(sure, number=f"S{n}") for n in range(3)}
    made = draft(list(tickets.values()))
    for line in lines(made):
        assert line.text.strip() and line.cited and set(line.cited) <= set(tickets)
        assert len(set(line.cited)) == len(line.cited)
        assert said_in(line.text, tickets[line.cited[0]]), line
    assert made.as_markdown().startswith("Draft made from ")


def test_fifty_tickets_take_less_than_a_blink() -> None:
    words = ["spooler", "driver", "printer", "queue", "crash", "network", "user", "profile", "cache", "update", "removed", "restarted",
             "cleared", "service"]  # fmt: skip
    dice = random.Random(1)
    tickets = [
        ticket(n, " ".join(dice.sample(words, 4)), ". ".join(" ".join(dice.sample(words, 7)) for _ in range(4)),
               ". ".join(f"Restarted {' '.join(dice.sample(words, 4))}" for _ in range(4)))
        for n in range(50)
    ]  # fmt: skip
    took = []
    for _ in range(3):
        started = time.perf_counter()
        draft(tickets)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.25, "50 ms on an idle machine"


def test_a_pattern_of_the_sample_desk_becomes_a_draft(sample_home: Path) -> None:
    desk = open_desk(Settings(sample_home, threads=1))
    drafted = 0
    for pattern in desk.patterns(viewer=EVERYONE)[:12]:
        found = desk.records("ticket", pattern.members, viewer=EVERYONE)
        three = [one for one in found if isinstance(one, Ticket) and is_written(one)][:3]
        if len(three) < 3:
            continue
        made, by_ref = draft(three), {one.ref: one for one in three}
        assert made.title and made.issue and (made.resolution or made.cause)
        assert all(said_in(line.text, by_ref[line.cited[0]]) for line in lines(made))
        drafted += 1
    assert drafted >= 6
