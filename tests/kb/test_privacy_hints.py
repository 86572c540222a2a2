"""Words hint at every rule that can find something: what is found is what would be found if nobody had hinted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.privacy import beside, codes, devices, hints, ids, keys, known, logins, numbers, passwords, people
from kb.privacy import commands as orders
from kb.privacy.glance import Glance
from kb.privacy.known import Known
from kb.privacy.spans import alternatives, lowered
from kb.privacy.values import strong
from kb.privacy.wording import STEMS

RULES = (keys.keys, orders.commands, passwords.passwords, numbers.numbers, ids.ids, people.emails, people.phones)
BEGUN = {
    "stem": (STEMS, hints.STEM), "code": (codes._CODE_WORD, hints.CODE_WORD), "message": (codes._MESSAGE, hints.MESSAGE),
    "reset": (logins._RESET, hints.RESET_VERB), "with": (logins._WITH, hints.WITH), "pair": (logins._PAIR, hints.PAIR),
    "under": (logins._UNDER, hints.PAIR), "key": (keys._WORDS, hints.KEY_WORD),
    "account": (numbers._ACCOUNT, hints.ACCOUNT),
}  # fmt: skip
"""Patterns that are looked for only where a word hints at their beginning."""
_LOOK_AHEAD = re.compile(r"\(\?=\[\^\\n\]\{0,48\}\\d\{3\}\)|\(\?![^()]*\)$")
"""What may stand behind a match and is no part of it."""
ASKED = hints.WIRELESS | hints.COD | hints.RESET | hints.PAIR_TALK | hints.SIGN_INSIDE
"""What rules ask of a text beside what their patterns need."""
VALUES = (
    "Winter2024!", "hunter22", "sommer#99", "Ab12CD34ef", "123456", "4711", "12345678", "jdoe", "root/Summer2024!", "a.b@c.example",
    "u: jdoe p: Xy12345", "tel:+44 1632 960961", "+49 30 1234567", "123-45-6789", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
    "https://u:pa55word@h.example/x", "RSSMRA85T10A562S", "ghp_0123456789abcdefghijABCDEFGHIJ0123", "0f8fad5b-d9cb-469f-a165-70867728950e",
    "-p Secret1!", "/user:x Secret1!", "%Secret1!", "7", "C01X00T47", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "x", "12 34 56 78",
)  # fmt: skip
LINKS = (
    " ",
    " ",
    ": ",
    "=",
    " is ",
    "\n",
    " / ",
    " to ",
    " with ",
    "/",
    "-",
    "  ",
    "\t",
    " was ",
    ", ",
    " auf ",
    " the ",
    '"',
    "[",
)
GENERAL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
said = st.one_of(
    st.sampled_from(VALUES),
    st.one_of([st.from_regex(head, fullmatch=True) for head in hints.HEADS.values()]),
    st.one_of([st.from_regex(pattern, fullmatch=True) for pattern, _ in BEGUN.values()]),
    st.sampled_from(("one time", "from the app", "net user", "enable secret", "auth login", "put ", "what", "zurückgesetzt")),
)  # fmt: skip
texts = st.lists(st.tuples(said, st.sampled_from(LINKS)), max_size=7).map(lambda parts: "".join(map("".join, parts)))


class Unhinted(Glance):
    """A glance that hints at everything and lets every pattern read all of the text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.hints |= ~ASKED

    @property
    def digits(self) -> int:  # type: ignore[override]
        return len(self.text)

    def words(self, hint: int) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", self.low)]

    def within(self, pattern: re.Pattern[str], text: str, hint: int) -> Iterator[re.Match[str]]:
        return pattern.finditer(text)

    def begun(self, pattern: re.Pattern[str], text: str, hint: int) -> Iterator[re.Match[str]]:
        return pattern.finditer(text)


@GENERAL
@given(texts)
def test_hints_hide_nothing(text: str) -> None:
    for rule in RULES:
        assert list(rule(Glance(text))) == list(rule(Unhinted(text)))


@pytest.mark.parametrize("name", BEGUN)
def test_a_word_hints_at_every_pattern_that_begins_in_it(name: str) -> None:
    pattern, hint = BEGUN[name]
    around = st.sampled_from(("", " ", "\n", "x", "(", "p ", "\u00e9", "1", "  ", " 123 "))
    alone = st.from_regex(_LOOK_AHEAD.sub("", pattern.pattern), fullmatch=True)

    @GENERAL
    @given(st.lists(st.tuples(around, alone), min_size=1, max_size=3), around)
    def holds(parts: list[tuple[str, str]], end: str) -> None:
        glance = Glance("".join(map("".join, parts)) + end)
        assert [one.span() for one in glance.begun(pattern, glance.low, hint)] == [
            one.span() for one in pattern.finditer(glance.low)
        ]

    holds()


def _unpreceded(pattern: re.Pattern[str], before: str) -> re.Pattern[str]:
    """The pattern with what stands before it written out, not looked back at."""
    return re.compile(rf"(?<!\w){before}" + re.sub(r"\(\?<[=!][^()]*\)", "", pattern.pattern))


NEEDED = {
    "login": (beside._LOGIN, hints.LOGIN), "value": (beside._ANY, hints.DIGIT), "talk": (devices._CODE_TALK, hints.TALK),
    "six": (devices._SIX, hints.THREE_DIGITS), "key line": (devices._KEY_LINE, hints.NET_KEY),
    "message": (codes._MESSAGE, hints.THREE_DIGITS), "about": (codes._ABOUT, hints.ABOUT_CODE),
    "code word": (codes._CODE_WORD, hints.THREE_DIGITS), "yours": (codes._YOURS, hints.THREE_DIGITS),
    "are": (logins._ARE, hints.CREDENTIAL), "put back": (logins._RESET_AFTER, hints.PUT_BACK),
    "sure pair": (re.compile(r"(?:cred|zugang|anmelde|username ?/|user ?/)"), hints.SURE_PAIR),
    "short login": (re.compile("|".join(map(re.escape, logins._SHORT))), hints.SHORT_LOGIN),
    "forms": (re.compile(rf"{keys._FORMS.pattern}~{{16}}"), hints.KEY_FORM),
    "device": (orders._DEVICE, hints.DEVICE | hints.LEVEL), "option": (orders._OPTION, hints.OPTION),
    "user in address": (re.compile(f"://{orders._USERINFO.pattern}"), hints.ADDRESS),
    "password in address": (re.compile(f"://{orders._USERINFO.pattern}"), hints.MAIL),
    "id": (re.compile(rf"(?<![^\W_]){ids._KEYED.pattern}"), hints.ID_NAME), "fiscal": (_unpreceded(ids._CODICE, "[A-Za-z]{6}"), hints.FISCAL),
    "iban": (_unpreceded(numbers._IBAN, "[A-Za-z]{2}"), hints.IBAN), "mail": (people._MAIL, hints.MAIL),
    **{f"saying {saying}": (pattern, hints.COMMAND) for saying, pattern in orders._SAYINGS},
}  # fmt: skip
"""Patterns and what one of the words hints at wherever they match."""
OTHERWISE = {"talk": ("one time", "from the app"), "short login": (), "device": ()}
"""What is looked for in the text itself, instead."""


@pytest.mark.parametrize("name", NEEDED)
def test_no_pattern_matches_where_no_word_hints_at_it(name: str) -> None:
    pattern, hint = NEEDED[name]

    @GENERAL
    @given(st.sampled_from(("", " ", "x", "\n", "1 ")), st.from_regex(pattern), st.sampled_from(("", " ", "x", "1")))
    def holds(before: str, text: str, after: str) -> None:
        glance = Glance(f"{before}{text}{after}")
        asked = name.partition("saying ")[2] in glance.low
        matches = pattern.search(glance.low) or pattern.search(glance.text)
        if asked and matches and not any(said in glance.low for said in OTHERWISE.get(name, ())):
            assert glance.hints & hint

    holds()


def alternatives_of(pattern: str) -> list[str]:
    """Every alternative of a pattern, also of those that share their first signs."""
    found = list[str]()
    for part in alternatives(pattern):
        branch = re.fullmatch(r"((?:\\.|[^()|])*)\(\?:(.+)\)(\\b)?", part)
        try:
            inner = alternatives_of(re.compile(branch[2]).pattern) if branch else []
        except re.error:  # these are two groups and no branch
            branch = None
        found += [f"{branch[1]}{one}{branch[3] or ''}" for one in inner] if branch else [part]
    return found


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        (STEMS, hints.STEM), (keys._WORDS, hints.KEY_WORD), (re.compile(ids._NAMES), hints.ID_NAME),
        (re.compile(keys._FORMS.pattern.removeprefix("(?<![A-Za-z0-9])")), hints.KEY_FORM), (beside._LOGIN, hints.LOGIN),
        (devices._CODE_TALK, hints.TALK), (re.compile(orders._DEVICE.pattern.partition("(?: (?:ascii")[0]), hints.DEVICE | hints.LEVEL),
    ],
    ids=("stem", "key word", "id", "form of key", "login", "code", "device"),
)  # fmt: skip
def test_each_way_to_say_it_is_hinted_at(pattern: re.Pattern[str], hint: int) -> None:
    parts = alternatives_of(pattern.pattern.removeprefix("\\b"))
    assert len(parts) > 9
    for part in parts:

        @settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None)
        @given(st.from_regex(part.replace("(?=", "(?:"), fullmatch=True))
        def holds(said: str) -> None:
            text = f" {said}{'~' * 16 * (hint == hints.KEY_FORM)} 5 "
            assert Glance(text).hints & hint or any(other in text for other in OTHERWISE["talk"])

        holds()


said_together = st.text(alphabet="abPW019!#$%&*+-_.,:;/\\()[]{}\"'?=@^~<>|é٣²", max_size=24)
beside_values = st.sampled_from(("", "", "(", "x=", "é", ".", "9"))


@settings(max_examples=1_000)
@given(beside_values, said_together | st.from_regex(r"[a-eP0-9_-]{8,24}", fullmatch=True), beside_values)
def test_a_word_hints_at_every_value_in_it(before: str, value: str, after: str) -> None:
    held = hints.hints_of(lowered(before + value + after) or "-")
    if strong(value):
        assert held & hints.LIKE_SECRET
    if beside.whole(value) and len(value) > 4:
        assert held & hints.LETTER_AND_DIGIT
    if beside.whole(value) and len(value) > 6 and not re.search(r"[\s\"'<>@=/\\()]", value):
        assert held & hints.SIGNED
    if keys._VALUE.fullmatch(value) and keys._is_key(value, tight=True, word="secret"):
        assert held & hints.LIKE_KEY


@given(st.text(alphabet="a1-. \n\t\u00a0@", max_size=60))
def test_words_are_found_where_they_stand(text: str) -> None:
    glance = Glance(text)
    assert glance.words(hints.MAIL) == [one.span() for one in re.finditer(r"\S+", text) if "@" in one.group()]
    assert glance.digits == text.count("1")


@GENERAL
@given(texts)
def test_what_rules_ask_of_a_text_one_of_its_words_tells(text: str) -> None:
    glance = Glance(text)
    asked = {hint: hints.HEADS[hint] for hint in (hints.WIRELESS, hints.COD, hints.RESET, hints.PAIR_TALK)}
    for hint, pattern in (asked | {hints.SIGN_INSIDE: hints._SIGN_INSIDE}).items():
        assert bool(glance.hints & hint) == (pattern.search(glance.low) is not None)


def test_small_letters_keep_what_a_sign_is() -> None:
    def kind(sign: str) -> tuple[bool, ...]:
        return sign.isalpha(), sign.isdigit(), sign.isdecimal(), sign.isalnum(), sign.isspace()

    assert [sign for sign in map(chr, range(sys.maxunicode + 1)) if kind(sign) != kind(lowered(sign))] == []


def test_known_words_stay_few() -> None:
    words = Known(hints.hints_of)
    words.update({str(n): 0 for n in range(known._MOST)})
    assert words["p" * known._LONGEST] and len(words) == 1
    assert words["@" * (known._LONGEST + 1)] and len(words) == 1


def test_of_too_many_known_words_those_go_that_were_not_asked_for_again() -> None:
    asked = list[str]()

    def of(word: str) -> int:
        asked.append(word)
        return len(word)

    words = Known(of)
    for n in range(2 * known._MOST):  # so that the first half gives way to the second
        assert words[str(n)] == len(str(n))
        assert words["often"] == 5
    assert asked.count("often") == 1
    assert words["7"] == 1 and asked.count("7") == 2
