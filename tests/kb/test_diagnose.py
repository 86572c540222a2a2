"""Ask before you guess: what technicians asked, word for word, and a few of our own; nothing that was said already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.diagnose import LEAST_ASKED, Ask, gain, is_vague, questions
from kb.records import Ref, Ticket

VPN, MAIL = "VPN", "Mail"
CANDIDATES = [(VPN, 0.5), (MAIL, 0.45)]
TOKEN = "Is the light of your token green or red?"
OUTBOX = "Is the message still in your outbox folder?"
BOTH = "Did you restart your laptop this week?"


def _past(number: int, category: str, notes: str, **more: str) -> Ticket:
    return Ticket("d", str(number), title="cannot connect", category=category, notes=notes, state="resolved", **more)  # type: ignore[arg-type]


def _category(ticket: Ticket) -> str | None:
    return ticket.category or None


LIKE = [
    *[_past(i, VPN, f"{TOKEN}\n{BOTH}") for i in range(6)],
    *[_past(i, MAIL, f"{BOTH}\n{OUTBOX}" if i < 13 else BOTH) for i in range(10, 16)],
]
VAGUE = Ticket("d", "99", title="it does not connect")


def _texts(ticket: Ticket, like: list[Ticket] = LIKE, most: int = 3) -> list[str]:
    return [ask.text for ask in questions(ticket, like, CANDIDATES, target_of=_category, most=most)]


def test_what_was_asked_of_one_candidate_only_comes_first_word_for_word_with_its_tickets() -> None:
    first, second, third = questions(VAGUE, LIKE, CANDIDATES, target_of=_category)
    assert first == Ask(TOKEN, "asked on 6 tickets like it, mostly VPN", tuple(t.ref for t in LIKE[:6]))
    assert (second.text, second.why) == (OUTBOX, "asked on 3 tickets like it, mostly Mail")
    assert third.cited == ()
    assert third.why.startswith("not given: ")


def test_what_is_asked_of_every_candidate_tells_nothing_and_is_left_out() -> None:
    assert BOTH not in _texts(VAGUE, most=10)


def test_what_was_asked_only_once_is_about_that_ticket() -> None:
    assert TOKEN not in _texts(VAGUE, [LIKE[0], *LIKE[6:]], most=10)


def test_nearly_the_same_question_is_one() -> None:
    other = "Is the light of your token green or red now?"
    like = [_past(0, VPN, TOKEN), _past(1, VPN, other), _past(2, VPN, other), *LIKE[6:]]
    asks = questions(VAGUE, like, CANDIDATES, target_of=_category, most=10)
    assert [ask.text for ask in asks if "token" in ask.text] == [other]
    assert len(asks[0].cited) == 3


def test_a_question_that_the_ticket_has_answered_is_not_asked() -> None:
    assert TOKEN not in _texts(Ticket("d", "99", title="token light is red, then green"), most=10)


@pytest.mark.parametrize(
    ("ticket", "missing"),
    [
        (Ticket("d", "9", title="it fails", location="Aldersby"), "location"),
        (Ticket("d", "9", title="it fails in building 4"), "location"),
        (Ticket("d", "9", title="it fails", ci="ALD-L2923"), "device"),
        (Ticket("d", "9", title="it fails on ALD-CTX03.corp.local"), "device"),
        (Ticket("d", "9", title="it fails since monday"), "since when"),
        (Ticket("d", "9", title="es geht seit gestern nicht"), "since when"),
        (Ticket("d", "9", title="it fails, only me"), "how many people"),
        (Ticket("d", "9", body="It fails.\n\nWho is affected? several people", title="x"), "how many people"),
        (Ticket("d", "9", title='it fails with error "The server did not answer"'), "error text"),
        (Ticket("d", "9", title="it fails with error 0x80070035"), "error text"),
    ],
)
def test_what_is_given_is_not_asked_for_and_the_rest_is(ticket: Ticket, missing: str) -> None:
    asks = questions(ticket, [], CANDIDATES, target_of=_category, most=10)
    assert asks
    assert f"not given: {missing}" not in [ask.why for ask in asks]


def test_our_own_questions_are_few_fixed_and_marked() -> None:
    asks = questions(Ticket("d", "9", title="error"), [], [], target_of=_category, most=10)
    assert [ask.why for ask in asks] == [
        "not given: error text", "not given: device", "not given: since when", "not given: how many people",
        "not given: location",
    ]  # fmt: skip
    assert all(ask.cited == () for ask in asks)
    assert len(questions(Ticket("d", "9", title="error"), [], [], target_of=_category)) == 3


def test_a_wish_for_something_new_has_no_beginning_and_the_error_text_is_asked_of_errors_only() -> None:
    why = [
        ask.why for ask in questions(Ticket("d", "9", title="I need a new laptop"), [], [], target_of=_category, most=9)
    ]
    assert why == ["not given: device", "not given: location"]


def test_a_place_known_from_other_tickets_counts_as_given() -> None:
    like = [_past(1, VPN, "", location="Saint-Aubrac")]
    asks = questions(Ticket("d", "9", title="no net in saint-aubrac"), like, [], target_of=_category, most=9)
    assert "not given: location" not in [ask.why for ask in asks]


def test_the_same_thing_is_not_asked_twice_in_other_words() -> None:
    since = "Since when do you see the red light?"
    like = [*[_past(i, VPN, since) for i in range(5)], *[_past(i, MAIL, "") for i in range(10, 15)]]
    asks = questions(VAGUE, like, CANDIDATES, target_of=_category, most=9)
    assert asks[0].text == since
    assert "not given: since when" not in [ask.why for ask in asks]


def test_questions_about_another_host_or_in_another_language_are_not_asked() -> None:
    host, german = "Is the server ALD-CTX03 listed in your client?", "Haben Sie den Rechner und die Maus neu gestartet?"
    like = [*[_past(i, VPN, f"{host}\n{german}") for i in range(5)], *[_past(i, MAIL, "") for i in range(10, 15)]]
    english = Ticket("d", "9", title="I can not connect to the server and it is the same as in the morning")
    assert not {host, german} & set(_texts(english, like, 9))
    assert german in _texts(Ticket("d", "9", title="Ich kann mich nicht mit der Anlage verbinden"), like, 9)


def test_questions_that_name_people_of_other_tickets_are_not_asked() -> None:
    name = "Does Siobhan still get into the folder?"
    like = [
        *[_past(i, VPN, name, caller="Siobhan Nowak") for i in range(5)],
        *[_past(i, MAIL, "") for i in range(10, 15)],
    ]
    assert name not in _texts(VAGUE, like, 9)
    assert name in _texts(Ticket("d", "9", title="Siobhan cannot connect"), like, 9)


def test_an_empty_answer_in_a_form_is_no_answer() -> None:
    form = Ticket("d", "9", title="scanner", body="Since when? -\nWho is affected? -\nDevice:\nApplication: SAP")
    why = [ask.why for ask in questions(form, [], [], target_of=_category, most=9)]
    assert why == ["not given: device", "not given: since when", "not given: how many people", "not given: location"]


def test_a_ticket_is_no_evidence_about_itself() -> None:
    itself = _past(99, VPN, TOKEN)
    asks = questions(itself, [itself, *LIKE], CANDIDATES, target_of=_category)
    assert asks[0].text == TOKEN
    assert not any(itself.ref in ask.cited for ask in asks)


def test_gain_is_largest_where_the_question_divides_the_candidates_evenly() -> None:
    every = [ticket.ref for ticket in LIKE]

    def bits(refs: list[Ref]) -> float:
        return gain(refs, LIKE, CANDIDATES, target_of=_category)[0]

    assert bits(every) == pytest.approx(0, abs=1e-9)
    assert bits(every[:6]) > bits(every[:3]) > bits(every[:1]) > 0
    assert bits(every[:6]) > bits([*every[:6], *every[6:9]])
    assert gain(every[:6], LIKE, [(VPN, 1.0)], target_of=_category) == (0.0, "")


def test_short_or_undecided_tickets_are_vague() -> None:
    long = Ticket("d", "1", title="Outlook asks for the password after the certificate change on terminal server")
    assert is_vague(Ticket("d", "1", title="please help, it does not work"), [(VPN, 0.99)])
    assert not is_vague(long, [(MAIL, 0.9), (VPN, 0.05)])
    assert is_vague(long, [(VPN, 0.3), (MAIL, 0.5)])
    assert not is_vague(long, [])


words = st.lists(
    st.sampled_from(["vpn", "token", "error", "since", "Which", "site?", "Is it red?", "you", "0x80070035", "\n"]),
    max_size=25,
)


@given(
    words.map(" ".join),
    st.lists(st.tuples(st.sampled_from([VPN, MAIL, ""]), words.map(" ".join)), max_size=8),
    st.integers(0, 5),
)
def test_every_question_stands_word_for_word_in_what_is_cited(
    text: str, notes: list[tuple[str, str]], most: int
) -> None:
    like = [_past(i, category, said) for i, (category, said) in enumerate(notes)]
    asks = questions(Ticket("d", "99", title=text), like, CANDIDATES, target_of=_category, most=most)
    assert len(asks) <= most
    by_ref = {ticket.ref: ticket for ticket in like}
    for ask in asks:
        assert bool(ask.cited) == ask.why.startswith("asked on ")
        if ask.cited:
            assert len(ask.cited) >= LEAST_ASKED
            assert ask.text in by_ref[ask.cited[0]].notes
