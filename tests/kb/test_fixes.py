"""What fixed it, over handfuls of tickets that can be checked by eye, and over texts nobody would write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.checklist import checklist
from kb.fixes import MOST, READ, gist, linked, resolved_alike, wilson, worth
from kb.records import Article, Fix, Ref, Step, Ticket

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def ticket(number: int, fix: str, *, minutes: float | None = None, reopened: int = 0, **more: str) -> Ticket:
    """A closed ticket with this cleaned resolution."""
    return Ticket(
        "desk", f"INC{number}", state="closed", fix=fix, resolution=fix, id=number, reopen_count=reopened,
        opened_at=START, resolved_at=None if minutes is None else START + timedelta(minutes=minutes), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def tickets(*fixes: str) -> list[Ticket]:
    return [ticket(number, fix) for number, fix in enumerate(fixes, 1)]


def numbers(fix: Fix | Step) -> list[str]:
    return sorted(ref.number for ref in fix.cited)


# --- what counts as a past solution ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fix",
    [
        "Cleared the credential cache.", "unlocked", "pwd reset", "Passwort zurückgesetzt", "hdmi cable replaced",
        "Rollen getauscht, Gerät gereinigt.", "Fixed by reinstalling the driver from the share.",
        "Cached mode slider was at one year, older mails not kept on the device.",
        "Hi Anna,\nI cleared the cache and restarted Outlook.\nThanks\nBob", "Duplicate entry in DNS removed.",
    ],
)  # fmt: skip
def test_a_resolution_that_says_how_counts(fix: str) -> None:
    assert worth(ticket(1, fix))


@pytest.mark.parametrize(
    "fix",
    [
        "", " ", ".", "done", "Done.", "fixed", "Resolved.", "ok", "ok now", "n/a", "erledigt",
        "Erledigt, User hat bestätigt.", "Problem gelöst.", "resolved by caller", "Caller: solved by itself, please close.",
        "Could not be reproduced.", "not reproducible, user will call again", "Nicht reproduzierbar.", "not solved",
        "duplicate", "Duplicate of earlier ticket", "dup - closed", "Duplikat", "same caller, see first ticket",
        "No response from user. Closing ticket.", "closing, no answer from user after 3 attempts", "as discussed",
        "Keine Rückmeldung vom Anwender.", "solved with user via Teams", "User says it works now without doing anything.",
        "user closed it himself", "Asked: Did you restart your PC?", "Thank you!\nBest regards",
        "First tried: restarted the PC. No change.", "opened by mistake",
    ],
)  # fmt: skip
def test_a_resolution_that_says_nothing_does_not_count(fix: str) -> None:
    assert not worth(ticket(1, fix))
    assert resolved_alike([ticket(1, fix)], None, {}) == ()


@pytest.mark.parametrize(
    "code",
    ["Closed/Resolved by Caller", "Not Solved (Not Reproducible)", "Not Solved (Too Costly)", "Cancelled", "Duplicate",
     "Won't Fix", "WONTFIX", "Cannot Reproduce", "Nicht gelöst (nicht reproduzierbar)", "Gelöst durch Anrufer"],
)  # fmt: skip
def test_what_the_caller_closed_or_nobody_solved_does_not_count(code: str) -> None:
    assert not worth(replace(ticket(1, "Cleared the cache."), close_code=code))


@pytest.mark.parametrize("code", ["", "Solved (Permanently)", "Solved Remotely (Work Around)", "Gelöst", "Done"])
def test_what_the_desk_solved_counts(code: str) -> None:
    assert worth(replace(ticket(1, "Cleared the cache."), close_code=code))


def test_an_open_or_cancelled_ticket_is_no_past_solution() -> None:
    assert not worth(replace(ticket(1, "Cleared the cache."), state="open"))
    assert not worth(replace(ticket(1, "Cleared the cache."), state="cancelled"))
    assert worth(replace(ticket(1, "Cleared the cache."), state=None))


def test_the_gist_is_what_was_done_without_talk_questions_and_failed_attempts() -> None:
    fix = (
        "Hallo Frau Weber,\nAsked: Did you change your password?\nFirst tried: restarted the PC. No change. "
        "Then: Cleared the credential cache. User confirmed.\nViele Grüße\nBob"
    )
    assert gist(ticket(1, fix)) == "Cleared the credential cache."
    assert gist(ticket(1, "done")) == ""
    assert len(gist(ticket(1, "Cleared the cache of the browser. " * 100))) <= 400


# --- ways ------------------------------------------------------------------------------------------------------


def test_nothing_gives_nothing() -> None:
    assert resolved_alike([], None, {}) == ()
    assert resolved_alike([], np.zeros((0, 4), np.float32), {}) == ()
    assert resolved_alike(tickets("done", ""), np.zeros((2, 4), np.float32), {}) == ()
    assert checklist([], []) == ()
    assert checklist(tickets("Cleared the cache."), [], most=0) == ()


def test_the_best_proven_way_comes_first_with_its_figures() -> None:
    cache = [ticket(n, "Cleared the credential cache, user logged on.", minutes=20 + n) for n in range(1, 8)]
    cache[3] = replace(cache[3], reopen_count=2)
    phone = [ticket(n, "Removed the mail account from the phone.", minutes=200) for n in range(11, 14)]
    first, second = resolved_alike([*phone, *cache, ticket(20, "done")], None, {4: (Ref("article", "desk", "KB1"),)})
    assert first.text == "Cleared the credential cache, user logged on."
    assert (len(first.cited), first.of, first.reopened, first.minutes) == (7, 11, 1, 24.0)
    assert first.proven == pytest.approx(wilson(6, 7))
    assert first.articles == (Ref("article", "desk", "KB1"),)
    assert (len(second.cited), second.of, second.reopened, second.minutes) == (3, 11, 0, 200.0)
    assert resolved_alike(phone, None, {}, of=20)[0].of == 20


def test_equally_proven_ways_are_ordered_by_speed_and_unknown_times_come_last() -> None:
    ways = resolved_alike(
        [
            ticket(1, "Rebuilt the search index."),
            ticket(2, "Swapped the docking station.", minutes=50),
            ticket(3, "Granted the licence group.", minutes=5),
        ],
        None,
        {},
    )
    assert [numbers(way) for way in ways] == [["INC3"], ["INC2"], ["INC1"]]


def test_wilson_is_the_published_interval() -> None:
    assert wilson(0, 0) == 0.0
    assert wilson(0, 5) == 0.0
    assert wilson(8, 10) == pytest.approx(0.4902, abs=1e-4)  # Agresti and Coull 1998, table
    assert wilson(10, 10) == pytest.approx(0.7225, abs=1e-4)
    assert wilson(20, 20) > wilson(2, 2)


def test_fixes_that_differ_only_in_a_host_name_are_one_way() -> None:
    ways = resolved_alike(
        tickets(
            "Restarted the print spooler on WIE-PRT02.",
            "Restarted the print spooler on ALD-PRT01.",
            "Print spooler restarted on srv-print-17.corp.local",
        ),
        None,
        {},
    )
    assert len(ways) == 1 and len(ways[0].cited) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Enabled MFA for the user.", "Disabled MFA for the user."),
        ("MFA aktiviert.", "MFA deaktiviert."),
        ("Granted access to the folder.", "Revoked access to the folder."),
        ("Installed the CRM add-in.", "Uninstalled the CRM add-in."),
        ("Added the mailbox to the profile.", "Removed the mailbox from the profile."),
    ],
)
def test_opposite_fixes_are_never_one_way(one: str, other: str) -> None:
    given_ = tickets(*[one, other] * 10)
    vectors = np.ones((20, 4), np.float32) / 2
    for rows in (None, vectors):
        ways = resolved_alike(given_, rows, {})
        assert [len(way.cited) for way in ways] == [10, 10]
        assert {way.text for way in ways} == {one, other}


def test_undoing_and_redoing_is_not_the_opposite_of_doing() -> None:
    ways = resolved_alike(
        tickets("Removed and re-added the mail account.", "Mail account removed and added again."), None, {}
    )
    assert len(ways) == 1


def test_a_german_fix_is_grouped_with_german_ones() -> None:
    ways = resolved_alike(
        tickets(
            "Passwort zurückgesetzt und Konto entsperrt.",
            "Konto entsperrt, Passwort zurückgesetzt. Anwender informiert.",
            "Drucker neu installiert.",
            "User called. Passwort zurückgesetzt, account unlocked.",
        ),
        None,
        {},
    )
    assert [numbers(way) for way in ways] == [["INC1", "INC2", "INC4"], ["INC3"]]
    assert ways[0].text in {"Passwort zurückgesetzt und Konto entsperrt.", "Konto entsperrt, Passwort zurückgesetzt."}


def test_vectors_bring_together_what_words_cannot() -> None:
    given_ = tickets("Cache geleert.", "Emptied the buffer.")
    same, apart = np.array([[1, 0], [1, 0]], np.float32), np.eye(2, dtype=np.float32)
    unknown = np.array([[1, 0], [0, 0]], np.float32)
    assert len(resolved_alike(given_, apart, {})) == 2
    assert len(resolved_alike(given_, unknown, {})) == 2
    assert len(resolved_alike(given_, same, {})) <= 2
    assert len(resolved_alike(given_, same, {1: (KB,), 2: (KB,)})) == 1


KB = Ref("article", "desk", "KB7")


def test_sixty_identical_fixes_are_one_way_and_more_are_not_looked_at() -> None:
    (way,) = resolved_alike(tickets(*["Cleared the credential cache."] * 80), None, {})
    assert len(way.cited) == MOST and way.cited[0].number == "INC1"
    assert way.of == MOST


def test_the_most_central_ticket_is_cited_first_and_says_the_text() -> None:
    given_ = tickets(
        "cache",
        "Long story of a call that went on for an hour, cleared the credential cache among other things that nobody "
        "will ever want to read again because they are all about the weather and the canteen and the football on "
        "Saturday evening",
        "Cleared the credential cache.",
        "Cleared the credential cache, logged on.",
    )
    way = resolved_alike(given_, None, {})[0]
    assert way.cited[0].number in {"INC3", "INC4"}
    assert way.text == next(t.fix for t in given_ if t.ref == way.cited[0])


def test_a_fix_of_a_megabyte_costs_no_more_than_its_beginning() -> None:
    huge = ticket(1, "Cleared the cache. " + "x" * 1_000_000)
    flat = ticket(2, "y" * 1_000_000)
    (way,) = resolved_alike([huge], None, {})
    assert way.text == "Cleared the cache."
    for many in (resolved_alike([huge, flat], None, {}), checklist([huge, flat], [])):
        assert all(len(one.text) <= 400 for one in many)
    assert len(gist(ticket(3, "Restarted it. " * 80_000))) <= 400
    assert checklist([ticket(4, "a" * READ + "\nCleared the cache.")], []) == ()


def test_average_linkage_joins_pairs_and_not_chains() -> None:
    close = np.array([[0, 1, -0.2, -3], [1, 0, 0.9, -3], [-0.2, 0.9, 0, 0.3], [-3, -3, 0.3, 0]])
    assert linked(close) == [[0, 1, 2], [3]]
    assert linked(np.zeros((0, 0))) == []
    assert linked(np.full((3, 3), -1.0)) == [[0], [1], [2]]


# --- the checklist ---------------------------------------------------------------------------------------------


def test_questions_come_first_and_what_most_tickets_hold_leads() -> None:
    asked = "Did you change your password in the last days?"
    given_ = [
        replace(ticket(1, "Cleared the credential cache."), notes="Which phone do you use?"),
        replace(ticket(2, "Cleared the credential cache. Unlocked account."), notes=f"Hi,\n{asked}\nThanks"),
        replace(ticket(3, f"Asked: {asked}\nUnlocked the account."), notes=""),
    ]
    steps = checklist(given_, [])
    assert [step.asks for step in steps] == [True, True, False, False]
    assert steps[0] == Step(asked, True, (given_[1].ref, given_[2].ref))
    assert steps[1].text == "Which phone do you use?"
    assert [numbers(step) for step in steps[2:]] == [["INC1", "INC2"], ["INC2", "INC3"]]


def test_near_duplicates_are_one_step_in_the_wording_of_most() -> None:
    given_ = tickets(
        "Restarted the print spoler on the server.",
        "Restarted the print spooler on the server.",
        "restarted print spooler on the server",
    )
    (step,) = checklist(given_, [])
    assert numbers(step) == ["INC1", "INC2", "INC3"]
    assert step.text in next(t.fix for t in given_ if t.ref == step.cited[0])


def test_numbered_lines_of_articles_are_steps_and_their_prose_is_not() -> None:
    article = Article(
        "desk", "KB7", body="Issue\nUsers restarted the PC in vain.\n\nResolution\n1. Open Credential Manager.\n"
        "2. Entries of the proxy: remove them.\nNote\nWhat do you do next?",
    )  # fmt: skip
    assert [step.text for step in checklist([], [article])] == [
        "Open Credential Manager.", "Entries of the proxy: remove them.",
    ]  # fmt: skip


def test_steps_come_only_from_what_solved_a_ticket_but_questions_from_all() -> None:
    given_ = [
        replace(ticket(1, "could not be reproduced"), notes="Reinstalled the client.\nWhich version do you have?"),
        ticket(2, "First tried: restarted the PC. No change. Then: Rebuilt the profile."),
    ]
    assert [step.text for step in checklist(given_, [])] == ["Which version do you have?", "Rebuilt the profile."]


def test_questions_leave_half_of_the_places_to_steps() -> None:
    notes = "\n".join(
        f"Which {thing} do you use?" for thing in ("phone", "browser", "printer", "dock", "cable", "room")
    )
    fixes = "Cleared cache.\nRebuilt profile.\nReplaced dock.\nUnlocked account."
    full = checklist([replace(ticket(1, fixes), notes=notes)], [], most=4)
    assert [step.asks for step in full] == [True, True, False, False]
    assert len(checklist([replace(ticket(1, ""), notes=notes)], [], most=4)) == 4


# --- nothing is made up ----------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "Cleared the cache", "restarted Outlook", "Did you change your password", "unlocked", "Passwort zurückgesetzt",
        "1. Open the app", "- Removed profile", "->", "did not help", "First tried:", "Then:", "(asked first:", ")",
        "Asked:", ".", "?", "! ", "\n", " ", "  ", "z. B.", "on ALD-PRT01", "Konto entsperrt", "user confirmed", "ß", "x" * 90,
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES | st.text(max_size=6), max_size=25).map("".join)


@given(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=8), _TEXTS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_text_stands_in_a_record_that_is_cited(pairs: list[tuple[str, str]], body: str, dense: bool) -> None:
    given_ = [replace(ticket(n, fix), notes=notes) for n, (fix, notes) in enumerate(pairs, 1)]
    article = Article("desk", "KB7", body=body)
    rows = np.random.default_rng(0).normal(size=(len(given_), 3)).astype(np.float32) if dense else None
    if rows is not None:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    holds = {t.ref: f"{t.notes}\0{t.fix}" for t in given_} | {article.ref: body}
    ways, steps = resolved_alike(given_, rows, {1: (KB,)}), checklist(given_, [article])
    for one in (*ways, *steps):
        assert one.text.strip() and one.text in holds[one.cited[0]]
        assert len(set(one.cited)) == len(one.cited) > 0
    assert sorted(ref.number for way in ways for ref in way.cited) == sorted(t.number for t in given_ if worth(t))
    assert len(steps) <= 8 and [step.asks for step in steps] == sorted((s.asks for s in steps), reverse=True)
    assert (ways, steps) == (resolved_alike(given_, rows, {1: (KB,)}), checklist(given_, [article]))
    assert all(0.0 <= way.proven <= 1.0 and way.reopened <= len(way.cited) for way in ways)
