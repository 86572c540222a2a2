"""Sentences of texts as technicians write them, English and German."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.sentences import sentences


def texts(text: str, sort: str) -> list[str]:
    return [s.text for s in sentences(text) if s.sort == sort]


@pytest.mark.parametrize(
    "text",
    [
        "Clear the credential cache.",
        "Open Control Panel and remove the old printer.",
        "Please restart the spooler.",
        "Cleared stale entries in Credential Manager",
        "Reset password with change at next logon.",
        "cleared cred manager, unlocked",
        "MFA methods reset, re-registered",
        "Account unlocked in ADUC.",
        "Cached Exchange Mode changed to 1 year.",
        "Passwort zurückgesetzt.",
        "Cache geleert und PC neu gestartet",
        "Öffnen Sie die Systemsteuerung.",
        "Ich habe den Treiber neu installiert.",
        "Treiber deinstalliert, then installed the new driver from the share.",
        "Bitte den Rechner neu starten.",
    ],
)
def test_what_was_done_or_is_to_be_done_is_a_step(text: str) -> None:
    assert texts(text, "step") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Hi Anna,",
        "Hallo zusammen,",
        "Thanks!",
        "Vielen Dank für die Hilfe.",
        "Mit freundlichen Grüßen",
        "Viele Grüße\nBob Weber",
        "Please let me know if it comes back.",
        "Closing this ticket.",
        "User confirmed.",
        "Anwender bestätigt",
        "Could not be reproduced.",
        "Nicht reproduzierbar.",
        "No response from user. Closing ticket.",
        "Works again.",
        "Geht wieder.",
        "Duplicate, see parent.",
        "Erledigt.",
    ],
)
def test_greetings_thanks_and_closings_are_idle(text: str) -> None:
    assert {s.sort for s in sentences(text)} == {"idle"}


@pytest.mark.parametrize(
    "text",
    [
        "The error came after the update.",
        "Update failed with 0x80070643.",
        "Reset link does not arrive.",
        "The service stopped after patching.",
        "Path longer than 400 characters in the project folder.",
        "Personnel number was mapped twice.",
        "Der Drucker druckt seit gestern nicht.",
        "Ich möchte den Rechner neu starten.",
    ],
)
def test_what_went_wrong_is_no_step(text: str) -> None:
    assert texts(text, "step") == []


@pytest.mark.parametrize(
    "text",
    [
        "Did you change your password in the last days?",
        "Which driver version does the printer show?",
        "Since when does it lock, and how long after unlocking?",
        "Seit wann tritt das Problem auf?",
        "Haben Sie das Passwort geändert?",
        "Läuft der Drucker am Kabel?",
        "USB or Wi-Fi on your laptop?",
    ],
)
def test_a_question_to_the_caller_is_a_question(text: str) -> None:
    assert texts(text, "question") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "https://intranet.example/page?",
        "See https://intranet.example/search?q=vpn",
        "Can you please help?",
        "Any news?",
        "Why me?",
        "Könnt ihr bitte mal schauen?",
        "Can we close this ticket?",
        "Can I close?",
        "Is there anything else I can do for you?",
        "Is it working?",
        "really?",
        "???",
        "Printer?",
    ],
)
def test_rhetoric_links_and_pleas_are_no_questions(text: str) -> None:
    assert texts(text, "question") == []


def test_a_label_makes_short_questions_count_and_belongs_to_none() -> None:
    assert texts("Asked: Read or write? Spool number?\nGranted access.", "question") == [
        "Read or write?",
        "Spool number?",
    ]
    assert texts("Checked folder.\n(asked first: Who owns it?)", "question") == ["Who owns it?"]
    assert texts("Rückfrage an Anwender: Kabel oder WLAN?", "question") == ["Kabel oder WLAN?"]


def test_lists_lose_their_marks_and_keep_their_words() -> None:
    text = (
        "1. Open the app by hand.\n2) Allow notifications\n- Removed the profile\n> * Restart the phone\nStep 3: wait"
    )
    found = sentences(text)
    assert [s.text for s in found] == [
        "Open the app by hand.", "Allow notifications", "Removed the profile", "Restart the phone", "wait",
    ]  # fmt: skip
    assert all(s.listed for s in found)
    assert all(s.sort == "step" for s in found[:4])


def test_abbreviations_dates_versions_and_hosts_do_not_end_a_sentence() -> None:
    one = "Installed driver 31.0.101 on srv01.corp.local e.g. for the dock, z. B. am 12. Mai."
    assert [s.text for s in sentences(one)] == [one]
    assert [s.text for s in sentences("Repeated from step 4. Then it ran.")] == [
        "Repeated from step 4.", "Then it ran.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "First tried: cleared the cache. No change. Then: rebuilt the index.",
        "cleared the cache -> did not help. rebuilt the index.",
        "1st attempt (cleared the cache) without success. Rebuilt the index.",
        "Cleared the cache. Did not help. Rebuilt the index.",
        "Zuerst versucht: Cache geleert. Keine Besserung. Then rebuilt the index.",
        "Spoke to caller. First tried: cleared the cache. No change. Then: rebuilt the index.",
    ],
)
def test_what_was_tried_in_vain_is_marked(text: str) -> None:
    helped = [s.text.casefold() for s in sentences(text) if s.sort == "step" and not s.failed]
    assert len(helped) == 1 and "rebuilt the index." in helped[0]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "?!", "\u2028"])
def test_nothing_said_has_no_sentence_that_counts(text: str) -> None:
    assert all(s.sort == "idle" for s in sentences(text))


@given(st.text(alphabet=st.sampled_from("aB1.?!)(\"' \n-*:>→äß")) | st.text())
@settings(max_examples=300, deadline=None)
def test_every_sentence_stands_where_it_says_in_order_and_apart(text: str) -> None:
    end = 0
    for sentence in sentences(text):
        assert sentence.text == text[sentence.start : sentence.end] != ""
        assert sentence.start >= end
        end = sentence.end


@given(st.text(alphabet=st.sampled_from("ab .?!\n-")), st.text(alphabet=st.sampled_from("ab .?!\n-")))
@settings(max_examples=100, deadline=None)
def test_reading_only_enough_gives_the_beginning_of_all(one: str, other: str) -> None:
    text = one + "\n" + other
    part, whole = sentences(text, enough=5), sentences(text)
    assert [(s.start, s.end) for s in part] == [(s.start, s.end) for s in whole][: len(part)]


@pytest.mark.parametrize(
    "unit",
    ["a", "! ", "!", "?)", "a. ", "\n", "> ", "1. ", "Asked: ", "12:30 ", "-> ", "((", "tried: x. ", "Frage an "],
)
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        started = time.process_time()
        sentences(text)
        return time.process_time() - started

    small = min(seconds(10_000) for _ in range(3))
    # Quadratic time would be 64 times as much; twice, as a garbage collection may fall into one.
    assert min(seconds(80_000) for _ in range(2)) < 30 * small + 0.05
