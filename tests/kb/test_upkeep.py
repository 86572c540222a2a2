"""What a knowledge base needs done: stale articles, doubles, contradictions, and failures nobody has written up."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.contradictions import conflicts
from kb.errors import BadSetting
from kb.learners import Vectors
from kb.records import Article, Pattern, Ticket
from kb.text import prepare
from kb.upkeep import Pair, Use, doubles, gaps, near, stale
from models.hashing import HashingEmbedder

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def days(count: int) -> datetime:
    return NOW - timedelta(days=count)


def article(number: int, title: str = "Reset the password", body: str = "", **more: object) -> Article:
    made = Article(
        "kb", f"KB{number:04}", title=title, body=body, id=number, created_at=days(100), updated_at=days(100)
    )
    return prepare(replace(made, **more))  # type: ignore[arg-type]


def vectors(articles: list[Article]) -> Vectors:
    return HashingEmbedder(256).encode([one.text for one in articles])


# --- stale -----------------------------------------------------------------------------------------------------

FRESH = Use(linked=20, last=days(3), lately=9, reopened=1, helpful=4)


@pytest.mark.parametrize(
    ("use", "change", "says"),
    [
        (replace(FRESH, flags=2), {}, "flagged twice and not changed since"),
        (replace(FRESH, flags=1, flagged=days(5)), {}, "flagged once and not changed since"),
        (replace(FRESH, reopened=9), {}, "9 of the 20 tickets solved with it were reopened; on average 7% are"),
        (replace(FRESH, lately=0, last=days(300)), {}, "used on 20 tickets before, on none in the last 180 days; last in May 2025"),
        (replace(FRESH, unhelpful=5), {}, "marked not helpful 5 times, helpful 4 times"),
        (Use(), {"created_at": days(900), "updated_at": days(500)}, "never used, and untouched since October 2024"),
        (FRESH, {"state": "work in progress", "created_at": days(45)}, "work in progress for 45 days"),
    ],
)  # fmt: skip
def test_every_sign_of_use_is_said_in_words(use: Use, change: dict[str, object], says: str) -> None:
    found = stale([article(1, **change)], {1: use, 2: Use(linked=200, reopened=6 if use.reopened > 1 else 10)}, now=NOW)
    assert [one.reasons for one in found] == [(says,)]
    assert found[0].kind == "stale"


@pytest.mark.parametrize(
    ("use", "change"),
    [
        (FRESH, {}),
        (Use(), {}),
        (Use(), {"created_at": days(900), "updated_at": days(20)}),
        (Use(), {"created_at": None, "updated_at": None}),
        (replace(FRESH, flags=1, flagged=days(200)), {}),
        (Use(linked=2, lately=2, reopened=1), {}),
        (Use(linked=4, lately=0, last=days(300)), {}),
        (replace(FRESH, unhelpful=4), {}),
        (Use(), {"state": "work in progress", "created_at": days(20), "updated_at": days(20)}),
        (replace(FRESH, flags=9, reopened=20), {"state": "archived"}),
        (Use(linked=4, lately=4), {"state": "not validated"}),
    ],
)
def test_what_is_well_or_archived_is_left_alone(use: Use, change: dict[str, object]) -> None:
    assert stale([article(1, **change)], {1: use, 2: Use(linked=200, reopened=20)}, now=NOW) == []


@pytest.mark.parametrize(("linked", "reopened", "told"), [(1, 1, False), (1, 3, False), (2, 2, True), (40, 2, False)])
def test_one_reopened_ticket_may_be_chance_and_two_of_two_are_told(linked: int, reopened: int, told: bool) -> None:
    uses = {1: Use(linked=linked, lately=linked, reopened=reopened), 2: Use(linked=400, reopened=20)}
    reasons = [reason.partition(";")[0] for one in stale([article(1)], uses, now=NOW) for reason in one.reasons]
    assert reasons == [f"{linked} of the {linked} tickets solved with it were reopened"] * told


def test_an_unvalidated_article_in_use_is_ready_unless_something_speaks_against_it() -> None:
    ready, flagged = (article(n, state="not validated") for n in (1, 2))
    found = stale([ready, flagged], {1: Use(linked=5, lately=5), 2: Use(linked=5, lately=5, flags=1)}, now=NOW)
    assert [(one.article.id, one.kind) for one in found] == [(2, "stale"), (1, "ready to validate")]


def test_the_most_pressing_comes_first_and_so_does_the_strongest_reason() -> None:
    articles = [article(n, created_at=days(900), updated_at=days(900)) for n in (1, 2, 3)]
    uses = {1: Use(), 2: Use(linked=6, lately=0, unhelpful=3), 3: Use(linked=9, lately=0, flags=3, unhelpful=3)}
    found = stale(articles, uses, now=NOW)
    assert [one.article.id for one in found] == [3, 2, 1]
    assert [reason.split()[0] for reason in found[0].reasons] == ["flagged", "marked", "used"]
    assert found[0].weight > found[1].weight > found[2].weight


def test_an_article_without_a_store_id_or_without_any_use_is_no_error() -> None:
    assert stale([article(1, id=None)], {}, now=NOW) == []


# --- doubles ---------------------------------------------------------------------------------------------------

VPN = "Open the VPN client, choose the profile office, delete the saved credentials and connect again with the new password."


def test_articles_that_say_the_same_are_a_pair_with_the_words_their_titles_share() -> None:
    made = [
        article(2, "VPN refuses the password", VPN),
        article(1, "Password refused by VPN", VPN.replace("choose", "select")),
        article(3, "Replace the toner", "Open the front door of the printer and pull the cartridge out."),
        article(4, "VPN refuses the password", VPN, state="archived"),
    ]
    (pair,) = doubles(made, vectors(made))
    assert (pair.left.number, pair.right.number, pair.shared) == ("KB0001", "KB0002", ("Password", "VPN"))
    assert pair.score > 0.88 and pair.overlap > 0.6


def test_words_alone_are_enough_where_vectors_are_missing() -> None:
    made = [article(1, "VPN refuses the password", VPN), article(2, "VPN refuses the password", VPN)]
    (pair,) = doubles(made, np.zeros((2, 8), np.float32))
    assert (pair.score, pair.overlap) == (0.0, 1.0)


def test_a_close_vector_without_shared_words_is_no_double() -> None:
    made = [article(1, "Replace the toner", "Pull the cartridge out."), article(2, "Drucker leer", "Kartusche herausziehen.")]  # fmt: skip
    assert doubles(made, np.ones((2, 4), np.float32) / 2) == []


def test_none_and_one_article_have_no_doubles_and_uneven_arrays_are_refused() -> None:
    assert doubles([], np.zeros((0, 4), np.float32)) == []
    assert doubles([article(1)], np.ones((1, 1), np.float32)) == []
    with pytest.raises(BadSetting, match="3 rows for 1 articles"):
        doubles([article(1)], np.zeros((3, 4), np.float32))


def test_many_articles_are_compared_block_by_block() -> None:
    dice = np.random.default_rng(3)
    words = [f"word{n}" for n in range(3000)]
    made = [Article("kb", f"KB{n:05}", text=" ".join(dice.choice(words, 30)), id=n) for n in range(2500)]  # fmt: skip
    made[2490] = replace(made[2490], text=made[17].text)
    rows = dice.standard_normal((2500, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    tracemalloc.start()
    started = time.perf_counter()
    found = doubles(made, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(pair.left.id, pair.right.id) for pair in found] == [(17, 2490)]
    assert peak < 2500 * 2500 * 4, "an n x n matrix was made"
    assert time.perf_counter() - started < 30


def test_of_a_thousand_equal_articles_only_the_nearest_partners_are_kept() -> None:
    made = [article(n, "VPN refuses the password", VPN) for n in range(1000)]
    assert len(doubles(made, np.ones((1000, 1), np.float32))) <= 10 * 1000


# --- conflicts -------------------------------------------------------------------------------------------------


def clash(
    one: str, other: str, titles: tuple[str, str] = ("Print queue stuck", "Print queue hangs")
) -> list[tuple[str, str, str]]:
    left, right = article(1, titles[0], f"Some words first.\n{one}"), article(2, titles[1], f"{other}\nAnd some more.")
    return [(found.kind, found.left_says, found.right_says) for found in conflicts([Pair(left, right, 0.9)])]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("negation", "Do not restart the print server.", "Restart the print server."),
        ("negation", "Never delete the spool folder by hand.", "Delete the spool folder by hand."),
        ("negation", "Den Druckserver nicht neu starten.", "Den Druckserver neu starten."),
        ("negation", "Always delete the spool folder by hand.", "Never delete the spool folder by hand."),
        ("negation", "Redémarrez le serveur d'impression.", "Ne redémarrez pas le serveur d'impression."),
        ("opposite", "Enable the firewall rule for printing.", "Disable the firewall rule for printing."),
        ("opposite", "Please turn bidirectional support on.", "Turn bidirectional support off."),
        ("opposite", "Uninstall the old KX driver.", "Install the old KX driver."),
        ("opposite", "Den Schutzmodus im Treiber aktivieren.", "Den Schutzmodus im Treiber deaktivieren."),
        ("value", "Set the spooler timeout to 30 seconds.", "Set the spooler timeout to 90 seconds."),
        ("value", "Install driver package KX 8.3.1 from the share.", "Install driver package KX 8.4.0 from the share."),
        ("value", r"Copy the driver from \\fs01\print to the client.", r"Copy the driver from \\fs02\drivers to the client."),
        ("value", "Printing needs client version 52 or later.", "Printing needs client version 78 or later."),
        ("value", "Send the queue to server ALD-PRN01 first.", "Send the queue to server WIE-PRN02 first."),
    ],
)  # fmt: skip
def test_sentences_that_contradict_are_cited_word_for_word(kind: str, one: str, other: str) -> None:
    assert clash(one, other) == [(kind, one, other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Restart the print server.", "Please restart the print server!"),
        ("Do not enable the firewall rule for printing.", "Disable the firewall rule for printing."),
        (
            "Stop the spooler service.\nStart the spooler service.",
            "Stop the spooler service. Start the spooler service.",
        ),
        ("Restart it.", "Do not restart it."),
        ("Restart the print server.", "Do not restart the mail server."),
        ("Set the timeout to 30 seconds and retries to 5.", "Set the timeout to 90 seconds and retries to 9."),
        (
            "Set the spooler timeout to 30 seconds.",
            "Set the spooler timeout to 90 seconds. With old clients 30 will do.",
        ),
        ("Go on with step 3 of the printer setup.", "Go on with step 5 of the printer setup."),
        ("The printer contract was renewed in 2023.", "The printer contract was renewed in 2025."),
        ("1. Check the printer cable at the wall.", "4. Check the printer cable at the wall."),
        ("Open the settings of the printer.", "Close the settings of the printer."),
        ("Check the cache of the print client.", "Clear the cache of the print client."),
        ("", ""),
    ],
)
def test_what_only_looks_like_a_contradiction_is_left_out(one: str, other: str) -> None:
    assert clash(one, other) == []


def test_what_the_titles_announce_is_no_contradiction() -> None:
    assert (
        clash("Tick the box protected mode.", "Untick the box protected mode.", ("Tick the box", "Untick the box"))
        == []
    )
    titles = ("Driver KX 8.3.1", "Driver KX 8.4.0")
    assert clash("Install driver package KX 8.3.1 from the share.", "Install driver package KX 8.4.0 from the share.", titles) == []  # fmt: skip


def test_only_close_articles_are_held_against_each_other() -> None:
    body = "When the print queue is stuck on the print server: {} the print server and then print again."
    made = [
        article(1, "Print queue stuck", body.format("restart")),
        article(2, "Print queue stuck today", body.format("do not restart")),
        article(3, "Guest access", "Order a voucher for the guest in the portal."),
        article(4, "Print queue stuck", body.format("never restart"), state="archived"),
    ]
    pairs = near(made, vectors(made), at_least=0.75)
    assert [(pair.left.number, pair.right.number) for pair in pairs] == [("KB0001", "KB0002")]
    (found,) = conflicts(pairs)
    assert found.kind == "negation" and found.left_says in made[0].text and found.right_says in made[1].text


# --- gaps ------------------------------------------------------------------------------------------------------


def incident(
    number: int, *, age: int = 10, hours: float | None = 2, fix: str = "Restarted the label service."
) -> Ticket:
    opened = days(age)
    made = Ticket("t", f"T{number}", "Label printer silent", "The label printer prints nothing.", opened_at=opened, id=number,
                  resolved_at=opened + timedelta(hours=hours) if hours is not None else None, state="closed", resolution=fix)  # fmt: skip
    return prepare(made)


def pattern(name: str, members: range) -> Pattern:
    return Pattern(name, name, len(members), members=tuple(members))


def test_a_gap_says_how_often_how_long_and_why() -> None:
    tickets = {n: incident(n, age=n + 1) for n in range(6)}
    (gap,) = gaps([pattern("PAT1", range(6))], tickets, {0: [7]}, {"PAT1": 0.41}, now=NOW)
    assert (gap.count, gap.last, gap.hours, gap.can_draft) == (6, days(1), 12.0, True)
    assert gap.linked_share == pytest.approx(1 / 6) and gap.nearest == 0.41
    assert gap.why == (
        "6 tickets in the last 365 days", "an article linked on 1 of them", "no article comes near (best score 0.41)",
        "12 hours from opening to resolution in all", "enough written fixes to draft one",
    )  # fmt: skip


def test_linked_near_rare_and_old_failures_are_no_gaps() -> None:
    tickets = {n: incident(n, age=500 if 30 <= n < 40 else 10) for n in range(50)}
    patterns = [pattern("LINKED", range(10)), pattern("NEAR", range(10, 20)), pattern("RARE", range(20, 24)),
                pattern("OLD", range(30, 40)), pattern("GAP", range(40, 50)), pattern("HIDDEN", range(90, 99))]  # fmt: skip
    found = gaps(patterns, tickets, {0: [1], 1: [1]}, {"NEAR": 0.8, "GAP": 0.2}, now=NOW)
    assert [gap.pattern.id for gap in found] == ["GAP"]


def test_the_most_hours_come_first_then_the_most_tickets() -> None:
    tickets = {n: incident(n, hours=None if n < 20 else 5) for n in range(30)}
    patterns = [pattern("FEW", range(5)), pattern("MANY", range(5, 20)), pattern("LONG", range(20, 30))]
    found = gaps(patterns, tickets, {}, {}, now=NOW)
    assert [(gap.pattern.id, gap.hours) for gap in found] == [("LONG", 50.0), ("MANY", 0.0), ("FEW", 0.0)]
    assert found[1].nearest is None and "there is no article to compare with" in found[1].why


def test_cancelled_undated_and_future_tickets_are_not_counted() -> None:
    tickets = {n: incident(n) for n in range(5)}
    whole = [pattern("PAT1", range(5))]
    assert gaps(whole, tickets, {}, {}, now=NOW)
    for change in ({"state": "cancelled"}, {"opened_at": None}, {"opened_at": NOW + timedelta(days=1)}):
        fewer = {**tickets, 0: replace(tickets[0], **change)}  # type: ignore[arg-type]
        assert gaps(whole, fewer, {}, {}, now=NOW) == []


def test_a_draft_is_promised_only_where_three_fixes_are_written() -> None:
    tickets = {n: incident(n, fix="done" if n > 1 else "Restarted the label service.") for n in range(6)}
    (gap,) = gaps([pattern("PAT1", range(6))], tickets, {}, {}, now=NOW)
    assert not gap.can_draft and gap.why[-1] == "too few written fixes to draft one"
