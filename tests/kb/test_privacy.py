"""What is replaced and what is not: real phrasings, hard negatives, numbering, policy, and time that grows with length."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import privacy
from kb.errors import BadSetting, Damaged
from kb.guard import Guard
from kb.identifiers import identifiers
from kb.privacy.kinds import KINDS, Rules, shown
from kb.privacy.redactor import find, redact, redact_record
from kb.privacy.sealing import Sealer, new_key, read_key
from kb.privacy.spans import Cover, Span
from kb.records import Ticket


def told(text: str, caller: str = "") -> str:
    return redact(text, caller=caller)[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("pwd is Summer2024!", "pwd is [password]"),
        ("password:\n  Fluss-Pumpe99", "password:\n  [password]"),
        ("login: jdoe / Hunter2", "login: jdoe / [password]"),
        ("Mein Passwort ist Sommer2025! falls ihr es braucht", "Mein Passwort ist [password] falls ihr es braucht"),
        ("Пароль: Zima2024", "Пароль: [password]"),
        ("p a s s : Hunter2x", "p a s s : [password]"),
        ("pass\u200bword: Hunter2x", "pass\u200bword: [password]"),
        ("password&#58; Hunter2x", "password&#58; [password]"),
        ("Password: <b>Hunter2x</b>", "Password: <b>[password]</b>"),
        ("https://deploy:s3cret9@git.example/x.git", "https://deploy:[password]@git.example/x.git"),
        ("Server=a;User Id=sa;Password=Xy12!z;Encrypt=true", "Server=a;User Id=sa;Password=[password];Encrypt=true"),
        ('{"db_password": "Xy12!z"}', '{"db_password": "[password]"}'),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "token [key]"),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("WLAN-Schlüssel: 4711Abcd", "WLAN-Schlüssel: [key]"),
        ("Your verification code is 482913", "Your verification code is [code]"),
        ("card 4111 1111 1111 1111 declined", "card [card-1] declined"),
        ("IBAN DE89 3704 0044 0532 0130 00 is mine", "IBAN [bank-1] is mine"),
        ("SSN 123-45-6789", "SSN [id-1]"),
        ("call me on +44 1632 960961 today", "call me on [phone-1] today"),
        ("Tel. 089/1234567", "Tel. [phone-1]"),
        ("From: emma.hartley@corp.example", "From: [email-1]"),
    ],
)
def test_what_must_go_goes_and_the_rest_stays(text: str, left: str) -> None:
    assert told(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password", "password is expired", "Password: expired since Monday", "passwort vergessen",
        "password: ********", "mot de passe oublié", "the PIN pad is broken", "pin 4 of the connector", "error code 1603",
        "card 4111 1111 1111 1112 is no card", "DE89 3704 0044 0532 0130 01", "order 4500012345", "INC0031207",
        "10.24.3.117", "build 10.0.19045.3803", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "since 2024-03-12 14:22:05",
        "md5 5d41402abc4b2a76b9719d911017c592", "IMEI 490154203237518", "0x80070035", "SRV-DB01", "S/N 5CG1234XYZ",
        "token expired, sign in again", "reset password INC0012345 please", "quantity 123 456 789",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert told(text) == text


def test_the_same_address_keeps_its_number_within_a_ticket_and_another_gets_its_own() -> None:
    ticket = Ticket(
        "t", "1", "from a.b@c.example", "A.B@c.example and x.y@c.example wrote", resolution="told a.b@c.example"
    )
    found = redact_record(ticket)
    assert (found.record.title, found.record.body, found.record.resolution) == (  # type: ignore[union-attr]
        "from [email-1]", "[email-1] and [email-2] wrote", "told [email-1]")  # fmt: skip
    assert found.counts == {"email": 4}


def test_a_placeholder_that_stands_there_is_never_given_to_another_value() -> None:
    assert told("[email-1] and a.b@c.example") == "[email-1] and [email-2]"


def test_the_caller_is_taken_out_of_texts_but_words_that_are_also_names_stay() -> None:
    assert told("Thanks\nEmma Hartley\nEmma's laptop", "Emma Hartley") == "Thanks\n[name-1]\n[name-2]'s laptop"
    assert told("Please mark all as read. Regards, Mark", "Mark Field") == "Please mark all as read. Regards, [name-1]"
    assert told("host EMMA-PC01 and C:\\Users\\emma", "Emma Hartley") == "host EMMA-PC01 and C:\\Users\\emma"
    assert told("[LANWATCH] disk full", "LANWATCH") == "[LANWATCH] disk full"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = told(f"password: Abc123!x {text} a.b@c.example")
    assert told(once) == once


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=120), st.text(max_size=120))
def test_a_token_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    token = "ghp_" + "aB3" * 12
    assert token not in told(f"{before} {token} {after}")


def test_placeholders_are_no_identifiers_and_no_finds() -> None:
    for kind in KINDS:
        for text in (f"[{kind}]", f"[{kind}-12]"):
            assert identifiers(text) == ()
            assert find(f"password: {text}") == []


def test_the_policy_is_checked_word_by_word() -> None:
    assert Rules.from_settings({"privacy.phone": "keep"}).kept == {"phone", "caller"}
    assert shown({})["privacy.password"] == "redact"
    assert shown({})["privacy.caller"] == "keep"
    for wrong in ({"privacy.phone": "maybe"}, {"privacy.shoes": "keep"}):
        with pytest.raises(BadSetting):
            Rules.from_settings(wrong)
    assert redact("call +44 1632 960961", Rules({"phone": "keep"}))[0] == "call +44 1632 960961"


def test_a_pseudonym_is_the_same_for_the_same_caller_and_tells_nothing_without_the_salt() -> None:
    guard = Guard(Rules({"caller": "redact"}), "salt")
    one, two = (
        guard.record(Ticket("t", "1", caller="Emma Hartley")),
        guard.record(Ticket("t", "2", caller="emma  hartley")),
    )
    assert one.record.caller == two.record.caller != "Emma Hartley"  # type: ignore[union-attr]
    assert Guard(guard.rules, "other").pseudonym("Emma Hartley") != guard.pseudonym("Emma Hartley")


def test_what_is_sealed_opens_with_its_key_for_its_record_only() -> None:
    sealer = read_key(new_key(), "KEY")
    sealed = sealer.seal({"[email-1]": "a@b.example"}, "ticket:t:1")
    assert sealer.open(sealed, "ticket:t:1") == {"[email-1]": "a@b.example"}
    assert b"a@b.example" not in sealed
    for other, about in ((sealer, "ticket:t:2"), (Sealer(b"x" * 32), "ticket:t:1")):
        with pytest.raises(Damaged):
            other.open(sealed, about)
    with pytest.raises(BadSetting, match="KEY holds no key"):
        read_key("short", "KEY")


def test_no_pattern_repeats_without_bound_what_repeats_inside() -> None:
    found_modules = list(pkgutil.iter_modules(privacy.__path__))
    assert len(found_modules) > 10
    for found in found_modules:
        module = importlib.import_module(f"kb.privacy.{found.name}")
        for name, value in vars(module).items():
            for pattern in value if isinstance(value, tuple) else (value,):
                for one in pattern if isinstance(pattern, tuple) else (pattern,):
                    if isinstance(one, re.Pattern):
                        assert not re.search(r"[+*}]\)[+*](?!\+)", one.pattern), f"{module.__name__}: {name}"


@pytest.mark.parametrize("unit", ["password ", "a@", "1 ", "token=", "x as password ", "<a ", "eyJaaaaaaaa.", "(0"])
def test_twice_the_text_is_about_twice_the_work(unit: str) -> None:
    """Counted in steps of Python, not in seconds: what a slow machine does is no error."""
    half, whole = (_steps(lambda n=n: redact((unit * n)[:n], caller="Emma Hartley")) for n in (10_000, 20_000))  # type: ignore[misc]
    assert whole <= 2.5 * half + 1000


def _steps(work: Callable[[], object]) -> int:
    import sys

    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8))), st.integers(0, 45), st.integers(1, 8))
def test_a_cover_is_met_by_what_lies_over_one_of_its_parts(parts: list[tuple[int, int]], at: int, n: int) -> None:
    spans = [(start, start + length) for start, length in parts]
    one = Span(at, at + n, "code")
    assert Cover(spans).meets(one) == any(start < one.end and one.start < end for start, end in spans)
