"""However a ticket is written, cleaning and reading it takes time in proportion to its length: a long one, many ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC

import pytest

from kb import drafts, fixes, identifiers, mail, markup, passages, sentences, text
from kb.errors import SeenBeforeError
from kb.privacy.redactor import redact
from kb.records import Article, Ticket
from kb.tables import dates, write
from models import phrases, views

UNITS = (
    " ", "\n", "\t", "a", "A", "1", "-", ".", "<", "<a ", "</", "&", "&#", "@", "a@", "a.", "a-", "a b ", "A1-", "://", "http://",
    "www.", "a:\\", "\\\\", "[", "[[", "(", "{", "*", "==", "> ", "\n>", "-- \n", "From: ", "\nFrom: ", "On a wrote", "a, ", "1.",
    "1.1.", "12:", "2026-", "ä", "\u00a0", "\u200b", "漢", "a\n", " \n", "\r", "\r\n", "'", '"', "`", "|", "%20", "KB", "ab12", "A-B-",
    "a_b_", "! ", "? ", ". ", "Sent from ", "\n\t", "<!--", "<style", "<script", '<a href="', "a1", "\nRe: ", "Von: ", "<b>", "&amp;",
    "Ã¤", "10.0.0.1 ", "- a\n", "> > ", "____\n", "-----Original Message-----\n", "12:00 - a: ", "step 1 ", "a)(", "'a' ", "is ",
)  # fmt: skip
ENDS = ("", "!\nx")
SECRET_UNITS = (
    "password ", "password: ", "p a s s ", "token=", "api key ", "PIN: ", "code 1234 ", "wifi is Ab12CD34ef ", "login: a / ", "net use ",
    "p a s s token= PIN: password X1! \n", "password is is is ", "x as password ", "| password |\n", "1-", "123-45-6789 ", "wpa key: ",
    "Passwort: Ab1! token=abcDEF1234567890 a@b.de +49 30 1234567\n",
)  # fmt: skip
"""What the redactor looks at more closely, over and over."""


def ticket(words: str) -> Ticket:
    return Ticket("a", "b", title=words[:200], body=words, resolution=words, notes=words, text=words, fix=words)


READERS: dict[str, Callable[[str], object]] = {
    "without_hidden": text.without_hidden, "clean": text.clean, "clean_notes": text.clean_notes, "strip_mail": mail.strip_mail,
    "identifiers": identifiers.identifiers, "sentences": sentences.sentences, "looks_like_html": markup.looks_like_html,
    "to_text": markup.to_text, "unescape": markup.unescape, "folded": markup.folded, "escaped": markup.escaped,
    "prepare": lambda words: text.prepare(ticket(words)), "sayings": lambda words: drafts.sayings(ticket(words)),
    "told_by_fix": lambda words: drafts.told_by_fix(ticket(words)), "complaints": lambda words: list(drafts.complaints(ticket(words))),
    "gist": lambda words: fixes.gist(ticket(words)), "candidates": lambda words: phrases.candidates(words, frozenset()),
    "passages": lambda words: passages.passages(Article("a", "b", title="x", body=words, text=words)), "tokens": views.tokens,
    "safe_cell": write.safe_cell, "restored_cell": write.restored_cell, "dates": lambda words: dates.parse(words, "day", UTC),
}  # fmt: skip


def took(read: Callable[[str], object], unit: str, end: str, size: int) -> float:
    """Processor seconds for a text of that many characters."""
    words = (unit * (size // len(unit) + 1))[:size] + end
    started = time.process_time()
    with suppress(ValueError, SeenBeforeError):
        read(words)
    return time.process_time() - started


def grows(read: Callable[[str], object], unit: str, end: str, size: int) -> bool:
    """Whether eight times the length takes far more than eight times as long; quadratic would be 64 times."""
    small = min(took(read, unit, end, size) for _ in range(2))
    large = took(read, unit, end, 8 * size)
    if large < 0.25 or large < 24 * small:
        return False
    return min(took(read, unit, end, 8 * size) for _ in range(2)) >= 24 * min(
        took(read, unit, end, size) for _ in range(3)
    )


@pytest.mark.parametrize("name", READERS)
def test_reading_stays_linear(name: str) -> None:
    assert [(unit, end) for unit in UNITS[::3] for end in ENDS[:1] if grows(READERS[name], unit, end, 1_000)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_megabyte_is_read_in_time_in_proportion(name: str) -> None:
    assert [(unit, end) for unit in UNITS for end in ENDS if grows(READERS[name], unit, end, 125_000)] == []


@pytest.mark.parametrize("unit", SECRET_UNITS)
def test_the_redactor_reads_what_looks_like_secrets_in_time_in_proportion(unit: str) -> None:
    assert not grows(lambda words: redact(words, caller="Emma Hartley"), unit, "", 2_000)


@pytest.mark.slow
@pytest.mark.parametrize("unit", SECRET_UNITS)
def test_a_megabyte_of_what_looks_like_secrets_is_read_in_time_in_proportion(unit: str) -> None:
    assert not grows(lambda words: redact(words, caller="Emma Hartley"), unit, "", 125_000)


def test_a_quadratic_reader_would_be_seen() -> None:
    import re

    slow = re.compile(r"[^\s@]+@")
    assert grows(lambda words: slow.findall(words), "a", "", 4_000)
