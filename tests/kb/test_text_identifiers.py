"""Identifiers are found whole, made comparable, and ordinary words and numbers are not taken for them."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.identifiers import _LEAD, _LEAD_LONGEST, _may_lead, identifiers


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Error 0x80070035 appears", "error", "0x80070035"),
        ("failed with 80070005.", "error", "0x80070005"),
        ("ORA-12154: TNS", "error", "ora-12154"),
        ("ora 28000", "error", "ora-28000"),
        ("AADSTS50105", "error", "aadsts-50105"),
        ("error code: -118", "error", "error-118"),
        ("Fehler 1603", "error", "error-1603"),
        ("install KB5021233 today", "kb", "kb5021233"),
        ("see KB 0001234", "kb", "kb0001234"),
        ("like INC0012345?", "ticket", "inc0012345"),
        ("ticket_no1550391", "ticket", "1550391"),
        ("OPS-123", "ticket", "ops-123"),
        ("srv-db01 is down", "host", "srv-db01"),
        ("(HostName_221.company.com)", "host", "hostname_221.company.com"),
        ("LAPTOP-4F7K2", "host", "laptop-4f7k2"),
        ("since 102.6.1,", "version", "102.6.1"),
        ("version 91.0", "version", "91.0"),
        ("v2.3 ok", "version", "2.3"),
        ("Event ID: 4625", "event", "event-4625"),
        ("HTTP 503", "http", "http-503"),
        ("{6B29FC40-CA47-1067-B31D-00DD010662DA}", "guid", "6b29fc40-ca47-1067-b31d-00dd010662da"),
        ("STATUS_ACCESS_VIOLATION", "symbol", "status_access_violation"),
        ("java.lang.NullPointerException", "exception", "nullpointerexception"),
        ("outlook.exe crashed", "file", "outlook.exe"),
        ("10.0.0.12 does not answer", "ip", "10.0.0.12"),
        ("CVE-2021-44228", "cve", "cve-2021-44228"),
    ],
)
def test_an_identifier_is_found_whole(text: str, kind: str, value: str) -> None:
    found = identifiers(text)
    assert [(one.kind, one.value) for one in found] == [(kind, value)]
    assert 0 <= found[0].start < found[0].end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "e.g. this, i.e. that",
        "12.03.2016 14:05",
        "1.234.567",
        "UTF-8 on Windows-10",
        "call 4 people",
        "me@imap.example.com",
    ],
)
def test_ordinary_text_holds_none(text: str) -> None:
    assert identifiers(text) == ()


def test_writing_does_not_matter() -> None:
    assert identifiers("KB 5021233")[0].value == identifiers("kb5021233")[0].value == identifiers("Kb-5021233")[0].value
    assert identifiers("0X80070035")[0].value == identifiers("0x80070035")[0].value


@given(
    st.lists(
        st.sampled_from(["0x80070035 ", "srv-db01, ", "1.2.3.4", "-", "KB 12345", "error ", "42 ", "a_b", "\n", "é"])
    )
)
@settings(max_examples=150, deadline=None)
def test_finds_are_in_order_and_apart(parts: list[str]) -> None:
    text = "".join(parts)
    found = identifiers(text)
    for left, right in pairwise(found):
        assert left.end <= right.start
    for one in found:
        assert one.value == one.value.casefold() and " " not in one.value
        assert text[one.start : one.end].strip() == text[one.start : one.end]


@pytest.mark.parametrize(
    "bomb", ["1", "1.", "a.", "A1-", "AB_", "0x0", "error ", "aError", "event id ", "00000000-0000-"]
)
def test_a_megabyte_of_anything_is_searched_at_once(bomb: str) -> None:
    start = time.process_time()
    identifiers(bomb * (1_000_000 // len(bomb)))
    assert time.process_time() - start < 1.5


_LEADS = (
    "event ids|Event-ID|http status|https|error code|Fehler nr.|exit|VERSION|v|build|ticket no|incident #|vorgang id"
)


@given(
    st.sampled_from(_LEADS.split("|")),
    st.text(" :=#(._-\n", max_size=4),
    st.sampled_from(["", "the ", "x", "Der\u017f "]),
)
@settings(max_examples=300)
def test_a_word_that_makes_a_number_a_code_is_never_passed_over(lead: str, signs: str, before: str) -> None:
    said = f"{before}{lead}{signs}"[-_LEAD_LONGEST:]
    assert _may_lead(said) or not _LEAD.search(said)


def test_a_guid_and_a_spaced_code_are_found_at_either_end_of_a_text() -> None:
    guid = "1B4E28BA-2FA1-11D2-883F-0016D3CCA427"
    assert [one.kind for one in identifiers(f"{guid} KB 5021233")] == ["guid", "kb"]
    assert [one.value for one in identifiers(f"ORA-12154 and {guid}")] == ["ora-12154", guid.casefold()]
    assert [one.value for one in identifiers("CVE 2021-44228")] == ["cve-2021-44228"]
