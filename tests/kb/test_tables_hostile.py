"""XML and documents: what hurts is refused in one clear sentence before it is opened, what is broken is named."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import NotATable
from kb.records import Article, Ticket
from kb.tables import BadRow, rows, understand

RECORDS = "".join(
    f"<ticket><id>{i}</id><subject>Printer {i} is silent</subject><status>open</status></ticket>" for i in range(3)
)


def xml(inside: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<tickets>{inside}</tickets>'.encode()


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE t [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]>',
    ],
)
def test_entities_are_refused_and_never_expanded(before: str) -> None:
    with pytest.raises(NotATable, match="entities"):
        understand(xml(RECORDS, before))


def test_elements_nested_too_deep_are_refused() -> None:
    with pytest.raises(NotATable):
        understand(xml(RECORDS + "<a>" * 5_000 + "</a>" * 5_000))


def test_a_file_that_ends_in_the_middle_gives_what_stood_before_and_says_so() -> None:
    whole = xml(RECORDS * 3)
    made = list(rows(understand(whole[: int(len(whole) * 0.7)])))
    assert isinstance(made[0], Ticket) and isinstance(made[-1], BadRow)
    assert "nothing behind this was read" in made[-1].reason


@pytest.mark.parametrize(
    "data", [b"<html><body><table><tr><td>1</td></tr></table></body></html>", b"<!doctype html><p>x</p>"]
)
def test_a_web_page_is_no_table(data: bytes) -> None:
    with pytest.raises(NotATable, match="web page"):
        understand(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_stands_behind_an_xml_head_is_read_or_refused(tail: bytes) -> None:
    try:
        list(rows(understand(b'<?xml version="1.0"?><a>' + tail)))
    except NotATable as error:
        assert "\n" not in str(error)


def word(**more: bytes) -> bytes:
    made, stream = docx.Document(), io.BytesIO()
    made.add_heading("VPN drops", 0)
    made.add_paragraph("Use the new profile.")
    made.save(stream)
    if not more:
        return stream.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, more.get(name.rpartition("/")[2].removesuffix(".xml"), old.read(name)))
    return out.getvalue()


def articles(folder: Path) -> tuple[list[Article], list[BadRow]]:
    made = list(rows(understand(folder)))
    return [one for one in made if isinstance(one, Article)], [one for one in made if isinstance(one, BadRow)]


def test_a_folder_of_articles_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mail" / "reset.md").write_text(
        "---\ntitle: Reset a password\nid: KB-7\nstatus: draft\n---\n# Reset\n\n1. Open it\n"
    )
    (tmp_path / "vpn.docx").write_bytes(word())
    (tmp_path / "note.txt").write_text("Clean the reader\nWith a dry cloth.\n")
    (tmp_path / "Outlook_123456.html").write_text(
        '<html><head><title>IT : Outlook &amp; you</title></head><body><div class="page-metadata">Created by <span> Kim Novak'
        '</span>, last modified on Mar 04, 2026</div><div id="main-content"><p>Open <b>it</b>.</p></div>'
        '<div id="footer">exported</div></body></html>'
    )
    (tmp_path / "index.html").write_text('<html><body><a href="Outlook_123456.html">Outlook</a></body></html>')
    (tmp_path / ".hidden.md").write_text("# no")
    made, bad = articles(tmp_path)
    found = {one.number: one for one in made}
    assert not bad and set(found) == {"KB-7", "vpn", "note", "123456"}
    assert (found["KB-7"].title, found["KB-7"].state, found["KB-7"].category) == (
        "Reset a password",
        "work in progress",
        "Mail",
    )
    assert (found["123456"].title, found["123456"].body, found["123456"].owner) == (
        "Outlook & you",
        "Open it.",
        "Kim Novak",
    )
    assert (found["vpn"].title, found["vpn"].body) == ("VPN drops", "Use the new profile.")
    assert found["123456"].updated_at is not None and found["123456"].updated_at.day == 4


def test_documents_that_hurt_are_named_and_the_others_go_in(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Good\n\nText.")
    (tmp_path / "entities.docx").write_bytes(
        word(document=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    )
    (tmp_path / "bomb.docx").write_bytes(word(document=b"<w>" + b"0" * 60_000_000 + b"</w>"))
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "other.docx").write_bytes(b"not a zip at all")
    (tmp_path / "picture.md").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "empty.txt").write_text("  \n")
    made, bad = articles(tmp_path)
    assert [one.title for one in made] == ["Good"]
    reasons = {one.value: one.reason for one in bad}
    assert (
        "entities" in reasons["entities.docx"]
        and "unpacks" in reasons["bomb.docx"]
        and "binary" in reasons["picture.md"]
    )
    assert len(bad) >= 5


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "kb", tmp_path / "secret.md"
    inside.mkdir()
    outside.write_text("# Secret\n\nWords.")
    (inside / "fine.md").write_text("# Fine\n\nWords.")
    (inside / "sly.md").symlink_to(outside)
    made, _ = articles(inside)
    assert [one.title for one in made] == ["Fine"]


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotATable, match="holds no article"):
        understand(tmp_path)


@pytest.mark.parametrize(
    "attack",
    ["<" * 200_000, "<title>" * 20_000, '<div class="page-metadata' * 10_000, "<body " * 30_000, "---\n" * 50_000],
)
def test_reading_a_page_takes_time_that_grows_no_faster_than_its_length(tmp_path: Path, attack: str) -> None:
    (tmp_path / "page.html").write_text(attack)
    (tmp_path / "page.md").write_text(attack)
    start = time.perf_counter()
    list(rows(understand(tmp_path)))
    assert time.perf_counter() - start < 20, "seconds are generous: a square would take minutes"
