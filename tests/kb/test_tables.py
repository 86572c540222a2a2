"""Exports are understood before anything is written, good rows go in, bad rows are named, non-tables are refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import BadSetting, NotATable
from kb.records import Article, Ticket
from kb.tables import Asked, BadRow, LinkRow, Remark, presets, rows, understand

HEADER = "number,short_description,description,opened_at,priority,sys_id\n"


def sheet(*lines: str, header: str = HEADER) -> bytes:
    return (header + "".join(line + "\n" for line in lines)).encode()


def read(data: bytes | Path, asked: Asked | None = None) -> tuple[list[object], list[BadRow], list[Remark]]:
    made = list(rows(understand(data, asked)))
    bad = [one for one in made if isinstance(one, BadRow)]
    remarks = [one for one in made if isinstance(one, Remark)]
    return [one for one in made if not isinstance(one, (BadRow, Remark))], bad, remarks


def tickets(data: bytes | Path, asked: Asked | None = None) -> list[Ticket]:
    return [one for one in read(data, asked)[0] if isinstance(one, Ticket)]


def test_a_plain_export_becomes_tickets() -> None:
    (ticket,) = tickets(sheet("INC0000012,No sound,in room 3,2026-03-04 10:00:00,1 - Critical,abc"))
    assert (ticket.source, ticket.number, ticket.title, ticket.body) == (
        "servicenow",
        "INC0000012",
        "No sound",
        "in room 3",
    )
    assert ticket.opened_at == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert ticket.priority == 1
    assert ticket.extra == {"sys_id": "abc"}


def test_leading_zeros_and_words_that_look_empty_survive() -> None:
    (ticket,) = tickets(sheet("00012,NA,None of it works,,,null", header=HEADER.replace("sys_id", "category")))
    assert (ticket.number, ticket.title, ticket.body, ticket.category) == ("00012", "NA", "None of it works", "null")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_encoding_and_delimiter_reads_the_same(encoding: str, delimiter: str) -> None:
    lines = [["number", "short_description", "sys_id"]]
    lines += [[f"INC{i}", f"Drucker in Köln druckt für Müller nicht, Nr. {i}", "größer"] for i in range(30)]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    data = out.getvalue().encode(encoding)
    understood = understand(data)
    assert understood.delimiter == delimiter
    found = tickets(data)
    assert [one.number for one in found] == [line[0] for line in lines[1:]]
    assert found[3].title == lines[4][1]
    if encoding == "cp1252":
        assert any("not UTF-8" in warning for warning in understood.warnings), "a guess is always said"


def test_gzip_and_bytes_and_path_are_one(tmp_path: Path) -> None:
    data = sheet("1,a,b,,,x", "2,c,d,,,y")
    file = tmp_path / "export.csv.gz"
    file.write_bytes(gzip.compress(data))
    assert tickets(file) == tickets(data) == tickets(gzip.compress(data))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "empty"),
        (b"%PDF-1.7\n1 0 obj\n<<>>\nstream\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
        (bytes(range(256)) * 40, "binary"),
        (b"just a line of prose without any table\nand another\n", "two or more columns"),
        (b"colour,shape\nred,round\n", "number"),
        (b"number,short_description,sys_id\n", "no row"),
        (b"number,number,short_description\n1,2,x\n", "two columns called"),
        (b"[]", "no list of objects"),
        (b"{", "no list of objects"),
        (b"[" * 100_000, "no list of objects"),
        (b"PK\x03\x04 not really a zip", "damaged"),
        (gzip.compress(b"number,title\n1,a\n" * 50, mtime=0)[:-20], "gzip"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(data: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_bytes(data)
    with pytest.raises(NotATable, match=says) as caught:
        understand(file)
    assert str(caught.value).startswith("tickets.csv")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said() -> None:
    with pytest.raises(NotATable, match="cannot be opened"):
        understand(Path("nowhere") / "export.csv")


def test_a_row_of_another_width_is_reported_and_never_shifted() -> None:
    made, bad, _ = read(sheet("1,a,b,,,x", "2,too,short", "3,c,d,,,y", "4,a,b,,,x,more,and more"))
    assert [one.number for one in made if isinstance(one, Ticket)] == ["1", "3"]
    assert [(one.row, one.value) for one in bad] == [(3, "2"), (5, "4")]
    assert "3 columns" in bad[0].reason and "6" in bad[0].reason


def test_an_unclosed_quotation_mark_does_not_stop_the_rows_before_it() -> None:
    made, bad, _ = read(sheet("1,a,b,,,x", '2,"a,b,,,x', "3,c,d,,,y"))
    assert [one.number for one in made if isinstance(one, Ticket)] == ["1"]
    assert len(bad) == 1 and "not closed" in bad[0].reason


def test_nul_characters_are_taken_out_and_told() -> None:
    made, bad, remarks = read(sheet("1,a\x00b,c,,,x"))
    assert isinstance(made[0], Ticket) and made[0].title == "ab" and not bad
    assert [(one.row, one.column) for one in remarks] == [(2, "short_description")]


def test_a_cell_of_ten_megabytes_is_cut_and_told() -> None:
    made, bad, remarks = read(sheet("1,a," + "x" * 10_000_000 + ",,,x", "2,b,c,,,y"))
    assert len(made) == 2 and not bad
    assert isinstance(made[0], Ticket) and len(made[0].body) == 1_000_000
    assert "10,000,000 characters" in remarks[0].reason


def test_a_line_that_does_not_end_is_passed_over_and_the_rows_around_it_are_kept() -> None:
    made, bad, _ = read(sheet("1,a,b,,,x", "2,a," + "x" * 17_000_000 + ",,,x", "3,c,d,,,y"))
    assert [one.number for one in made if isinstance(one, Ticket)] == ["1", "3"]
    assert [one.row for one in bad] == [3] and "16 million characters" in bad[0].reason
    assert "quotation" not in bad[0].reason, "no quotation mark stands in it"


def test_a_cell_that_never_closes_ends_the_reading_and_says_so() -> None:
    made, bad, _ = read(sheet("1,a,b,,,x", '2,"a') + b"INC9,a,b,,,x\n" * 1_400_000)
    assert [one.number for one in made if isinstance(one, Ticket)] == ["1"]
    assert [one.row for one in bad] == [3]
    assert "quotation mark" in bad[0].reason and "not read" in bad[0].reason


def test_a_file_of_one_endless_line_is_read_in_little_memory() -> None:
    data = sheet("1,a,b,,,x", "2,a," + "x" * 60_000_000)
    tracemalloc.start()
    try:
        read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize("head", [HEADER.encode() + b"1,a,", b'[{"number": "1", "title": "', b'{"a": "'])
def test_a_gzip_file_that_unpacks_to_far_more_than_its_size_is_refused(head: bytes) -> None:
    packed = gzip.compress(head) + gzip.compress(b"a" * 10_000_000) * 7
    tracemalloc.start()
    try:
        with pytest.raises(NotATable, match="unpacks to more than 200 times") as caught:
            understand(packed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "quotation" not in str(caught.value) and peak < 30_000_000


def test_a_small_gzip_file_may_hold_a_cell_of_ten_megabytes() -> None:
    made, bad, _ = read(gzip.compress(sheet("1,a," + "x" * 10_000_000 + ",,,x")))
    assert len(made) == 1 and not bad


def test_the_first_of_a_number_is_taken_and_the_others_are_reported() -> None:
    made, bad, _ = read(sheet("1,first,b,,,x", "2,c,d,,,y", "1,second,b,,,x"))
    assert [one.title for one in made if isinstance(one, Ticket)] == ["first", "c"]
    assert (bad[0].row, bad[0].value) == (4, "1") and "row 2" in bad[0].reason


def test_a_row_without_number_is_reported() -> None:
    made, bad, _ = read(sheet("1,a,b,,,x", ",lost,d,,,y"))
    assert len(made) == 1
    assert (bad[0].row, bad[0].column, bad[0].reason) == (3, "number", "has no number")


def test_two_columns_of_one_name_warn_and_the_first_is_used() -> None:
    understood = understand(b"number,short_description,location,location,sys_id\n1,a,here,there,x\n")
    assert any('"location"' in warning for warning in understood.warnings)
    (ticket,) = tickets(b"number,short_description,location,location,sys_id\n1,a,here,there,x\n")
    assert ticket.location == "here" and ticket.extra["location (2)"] == "there"


def test_repeated_comment_columns_are_joined() -> None:
    data = b"Issue key,Summary,Comment,Comment,Comment\nOPS-1,no mail,one,two,\n"
    (ticket,) = tickets(data)
    assert ticket.number == "OPS-1" and ticket.notes == "one\n\ntwo"


@pytest.mark.parametrize(
    ("values", "order", "first"),
    [
        (["03/04/2026 10:00", "13/04/2026 10:00"], "day", datetime(2026, 4, 3, 10, tzinfo=UTC)),
        (["03/04/2026 10:00", "04/13/2026 10:00"], "month", datetime(2026, 3, 4, 10, tzinfo=UTC)),
        (["2026-04-03T10:00:00+02:00"], None, datetime(2026, 4, 3, 8, tzinfo=UTC)),
        (["03.04.26 10:00", "31.12.25 9:00"], "day", datetime(2026, 4, 3, 10, tzinfo=UTC)),
        (["12/Mar/26 2:05 PM"], None, datetime(2026, 3, 12, 14, 5, tzinfo=UTC)),
        (["Mar 12, 2026 12:05 AM"], None, datetime(2026, 3, 12, 0, 5, tzinfo=UTC)),
        (["46115.5"], None, datetime(2026, 4, 3, 12, tzinfo=UTC)),
        (["1775210400"], None, datetime(2026, 4, 3, 10, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_the_order_the_file_proves(values: list[str], order: str | None, first: datetime) -> None:
    data = sheet(*(f'{i},a,b,"{value}",,x' for i, value in enumerate(values)))
    assert understand(data).dates == order
    assert tickets(data)[0].opened_at == first


def test_an_unproven_order_is_asked_for_and_nothing_is_guessed() -> None:
    data = sheet("1,a,b,03/04/2026,,x", "2,a,b,05/06/2026,,x")
    understood = understand(data)
    assert [question.about for question in understood.questions if question.about == "dates"] == ["dates"]
    made, bad, remarks = read(data)
    assert [one.opened_at for one in made if isinstance(one, Ticket)] == [None, None]
    assert not bad and len(remarks) == 2 and "--dates" in remarks[0].reason
    assert tickets(data, Asked(dates="day"))[0].opened_at == datetime(2026, 4, 3, tzinfo=UTC)
    assert tickets(data, Asked(dates="month"))[0].opened_at == datetime(2026, 3, 4, tzinfo=UTC)


def test_dates_in_three_formats_each_count_and_the_odd_one_is_told() -> None:
    data = sheet(
        "1,a,b,13/04/2026,,x", "2,a,b,2026-04-14,,x", "3,a,b,15 Apr 2026,,x", "4,a,b,04/16/2026,,x", "5,a,b,soon,,x"
    )
    made, bad, remarks = read(data, Asked(dates="day"))
    days = [one.opened_at.day if one.opened_at else None for one in made if isinstance(one, Ticket)]
    assert days == [13, 14, 15, None, None] and not bad
    assert [(one.row, one.value) for one in remarks] == [(5, "04/16/2026"), (6, "soon")]


def test_a_proof_far_behind_the_sample_still_counts() -> None:
    lines = [f"{i},a,b,03/04/2026,,x" for i in range(5_200)] + ["last,a,b,31/12/2026,,x"]
    assert understand(sheet(*lines)).dates == "day"


def test_times_without_zone_are_taken_in_the_zone_that_was_given() -> None:
    data = sheet("1,a,b,2026-07-01 10:00:00,,x")
    assert tickets(data, Asked(timezone="Europe/Berlin"))[0].opened_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert any("UTC" in warning for warning in understand(data).warnings)
    with pytest.raises(BadSetting, match="Mars"):
        understand(data, Asked(timezone="Mars/Base"))


LIST = "ticket id,subject,priority\n"


def test_an_unknown_direction_is_asked_for() -> None:
    data = (LIST + "1,a,1\n2,b,4\n").encode()
    assert [one.about for one in understand(data).questions] == ["priority"]
    assert [one.priority for one in tickets(data)] == [None, None]
    assert [one.priority for one in tickets(data, Asked(directions={"priority": "highest"}))] == [1, 4]
    assert [one.priority for one in tickets(data, Asked(directions={"priority": "lowest"}))] == [4, 1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1 - Critical", "3 - Moderate", "4 - Low"], [1, 3, 4]),
        (["4 - Urgent", "2 - Medium", "1 - Low"], [1, 3, 4]),
        (["urgent", "high", "normal", "low"], [1, 2, 3, 4]),
        (["Highest", "High", "Medium", "Low", "Lowest"], [1, 2, 3, 4, 5]),
        (["High", "Medium", "Low"], [2, 3, 4]),
        (["P1", "P2"], [None, None]),
    ],
)
def test_words_prove_a_direction(given: list[str], expected: list[int | None]) -> None:
    data = (LIST + "".join(f"{i},a,{value}\n" for i, value in enumerate(given))).encode()
    assert [one.priority for one in tickets(data)] == expected


def test_states_are_mapped_and_unknown_ones_are_open_and_told() -> None:
    header = "number,short_description,state,sys_id\n"
    data = sheet("1,a,6,x", "2,a,Closed,x", "3,a,On Hold,x", "4,a,Parked,x", header=header)
    made, _, remarks = read(data)
    assert [one.state for one in made if isinstance(one, Ticket)] == ["resolved", "closed", "on hold", "open"]
    assert [one.value for one in remarks] == ["Parked"]
    assert any("Parked" in warning for warning in understand(data).warnings)


def test_groups_of_the_first_line_are_said_by_the_desk() -> None:
    data = sheet("1,a,Desk,x", "2,a,Network,x", "3,a,,x", header="number,short_description,assignment_group,sys_id\n")
    assert "line" in [one.about for one in understand(data).questions]
    assert [one.line for one in tickets(data, Asked(first_line=("desk",)))] == [1, 2, None]


def test_references_and_lists_in_json_are_made_flat() -> None:
    record = {
        "number": "INC1",
        "short_description": "a",
        "sys_id": "x",
        "assignment_group": {"display_value": "Network", "value": "a1b2", "link": "https://example.org/1"},
        "caller_id": {"link": "https://example.org/2", "value": "c3"},
        "opened_at": {"display_value": "04.03.2026 11:00:00", "value": "2026-03-04 10:00:00"},
        "priority": {"display_value": "2 - High", "value": "2"},
        "stats": {"replied": 3},
        "tags": ["vpn", "home"],
    }
    (ticket,) = tickets(json.dumps({"result": [record]}).encode())
    assert (ticket.assignment_group, ticket.caller, ticket.priority) == ("Network", "c3", 2)
    assert ticket.opened_at == datetime(2026, 3, 4, 10, tzinfo=UTC), "the stored value, not the local display"
    assert ticket.extra["stats.replied"] == "3" and ticket.extra["tags"] == "vpn, home"


def test_json_lines_and_lists_give_the_same() -> None:
    records = [{"number": f"INC{i}", "short_description": "ä" * i, "sys_id": "x"} for i in range(1, 40)]
    listed = tickets(json.dumps(records).encode())
    assert len(listed) == 39
    assert tickets("\n".join(json.dumps(one) for one in records).encode()) == listed
    assert tickets(json.dumps({"count": 39, "records": records}).encode()) == listed


def test_odd_json_is_reported_by_row() -> None:
    good = '{"number": "INC1", "short_description": "a", "sys_id": "x", "urgency": NaN}'
    lines = [good, "not json", "[1]", '{"number": "1", "number": "2"}', "[" * 50_000, good.replace("INC1", "INC2")]
    lines.append('{"number": ' + "9" * 5_000 + "}")
    made, bad, _ = read("\n".join([good.replace("INC1", "INC0"), *lines]).encode())
    assert [one.number for one in made if isinstance(one, Ticket)] == ["INC0", "INC1", "INC2"]
    assert [one.row for one in bad] == [3, 4, 5, 6, 8]


ONE, TWO = (json.dumps({"number": number, "short_description": "a", "sys_id": "x"}) for number in ("INC1", "INC2"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": [1,2', "the file ends in the middle of it"),
        ('{"a": ' + "[" * 50_000, "nested too deep"),
        ('{"a": x, "result": []}', "not valid JSON"),
        ('{"a" 1}', '":" was expected'),
        ('{"result": ' * 5_000, "the file ends in the middle of it"),
        ('{"result": ' * 5_000 + "{" + "}" * 5_001, "no list of objects"),
        ("[", "the file ends in the middle of the list"),
        (ONE[:-1], "no list of objects"),
        ("[1, 2]", "not an object"),
    ],
)
def test_broken_json_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(NotATable, match=says) as caught:
        understand(text.encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", ["[", '{"count": 2, "result": ['])
@pytest.mark.parametrize(
    ("rest", "row", "says"),
    [
        ("", 2, "the file ends in the middle of the list"),
        (",", 2, "the file ends in the middle of the list"),
        (", \n", 2, "the file ends in the middle of the list"),
        ("," + TWO[:20], 2, "the file ends in the middle of the list"),
        ("," + TWO[:-1], 2, "the file ends in the middle of the list"),
        (" " + TWO + "]", 2, "no comma"),
        (";" + TWO + "]", 2, "no comma"),
        (",{number: 2}]", 2, "not valid JSON"),
    ],
)
def test_a_list_that_is_cut_or_broken_keeps_what_came_before_and_says_so(
    start: str, rest: str, row: int, says: str
) -> None:
    made, bad, _ = read((start + ONE + rest).encode())
    assert [one.number for one in made if isinstance(one, Ticket)] == ["INC1"]
    assert [one.row for one in bad] == [row] and says in bad[0].reason


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_list_cut_anywhere_in_its_second_object_is_told(cut: int) -> None:
    _, bad, _ = read(f"[{ONE},{TWO}]"[: len(ONE) + 1 + cut].encode())
    assert len(bad) == 1


def test_what_stands_behind_a_list_is_told() -> None:
    made, bad, _ = read(f"[{ONE}]\n[{TWO}]".encode())
    assert len(made) == 1
    assert [(one.row, one.reason) for one in bad] == [(2, "stands behind the end of the list; it was not read")]


@pytest.mark.parametrize("text", [f"[{ONE},{TWO}]\n", f'{{"data": {{"n": 1}}, "result": [{ONE},\n{TWO}], "n": 2}}'])
def test_a_whole_list_has_no_problem_row(text: str) -> None:
    made, bad, _ = read(text.encode())
    assert len(made) == 2 and not bad


def test_an_object_that_does_not_end_is_told_and_not_held() -> None:
    endless = '{"number": "' + "9" * 34_000_000 + '"}'
    made, bad, _ = read("\n".join([ONE, endless, TWO]).encode())
    assert len(made) == 2 and [one.row for one in bad] == [2] and "33 million" in bad[0].reason
    made, bad, _ = read(f"[{ONE},{endless},{TWO}]".encode())
    assert len(made) == 1 and [one.row for one in bad] == [2] and "33 million" in bad[0].reason


def workbook(lines: list[list[object]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_read_with_its_types() -> None:
    data = workbook(
        [
            ["number", "short_description", "opened_at", "priority", "sys_id"],
            ["0012", "a", datetime.fromisoformat("2026-03-04 10:00"), 2, 7],
        ]
    )
    (ticket,) = tickets(data)
    assert (ticket.number, ticket.priority, ticket.extra) == ("0012", 2, {"sys_id": "7"})
    assert ticket.opened_at == datetime(2026, 3, 4, 10, tzinfo=UTC)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(NotATable, match="unpacks to more"):
        understand(out.getvalue())


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(NotATable, match="not a workbook"):
        understand(out.getvalue())


def test_articles_and_links_are_told_from_tickets() -> None:
    (article,) = read(b"number,title,summary,body,topics\nhow-to,Reset,short,long,accounts\n")[0]
    assert isinstance(article, Article) and (article.title, article.extra) == ("Reset", {"topics": "accounts"})
    data = b"ticket,target_kind,target,linked_at,generic\n1,article,how-to,2026-01-01T00:00:00Z,0\n2,cat,x,,1\n"
    made, bad, _ = read(data)
    assert made == [LinkRow("1", "article", "how-to", datetime(2026, 1, 1, tzinfo=UTC), False)]
    assert bad[0].column == "target_kind"


def test_a_map_file_names_columns_states_and_directions(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        'base = "generic"\nname = "ours"\nsource = "helpdesk"\n[columns]\nnumber = "Ref No"\ntitle = ["Kurztext"]\n'
        'state = "Stand"\npriority = "Stufe"\n[levels]\none = "lowest"\npriority = 4\n[states]\n"fertig" = "closed"\n'
    )
    data = b"Ref No;Kurztext;Stand;Stufe\n7;a;fertig;4\n"
    (ticket,) = tickets(data, Asked(map_file=path))
    assert (ticket.source, ticket.number, ticket.state, ticket.priority) == ("helpdesk", "7", "closed", 1)


@pytest.mark.parametrize(
    "text", ["[columns]\ncolour = 'x'", "kind = 'cats'", "not toml", "[columns]\nnumber = 3", "base = 'x'"]
)
def test_a_wrong_map_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(BadSetting):
        understand(sheet("1,a,b,,,x"), Asked(map_file=path))


def test_every_preset_is_well_formed() -> None:
    from kb.records import STATES
    from kb.tables.mapping import TARGETS

    assert {preset.name for preset in presets()} >= {"servicenow", "benchmark", "articles", "links", "generic"}
    for preset in presets():
        assert set(preset.columns) <= set(TARGETS[preset.kind])
        assert set(preset.required) <= set(preset.columns)
        if preset.kind == "tickets":
            assert set(preset.states.values()) <= set(STATES)


def test_what_was_understood_says_what_is_missing_and_shows_five() -> None:
    understood = understand(sheet(*(f"{i},a,b,2026-01-01T00:00:00Z,2,x" for i in range(9))))
    assert (understood.kind, understood.preset.name, understood.format) == ("tickets", "servicenow", "csv")
    assert len(understood.samples) == 5
    assert "resolution" in understood.absent and any("resolution" in warning for warning in understood.warnings)
    assert {column.name: column.target for column in understood.columns}["short_description"] == "title"


CELL = st.text(st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters="\n\t\x07"), max_size=40)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12), st.sampled_from([",", ";", "\t"]))
@settings(max_examples=120, deadline=None)
def test_csv_comes_back_as_it_was_written(cells: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["number", "short_description", "description", "sys_id"])
    writer.writerows([str(i), title, body, "x"] for i, (title, body) in enumerate(cells))
    made, bad, remarks = read(out.getvalue().encode(), Asked(encoding="utf-8", delimiter=delimiter))
    missing = {"?", "NULL", "(empty)", "(blank)"}
    expected = [tuple("" if cell.strip() in missing else cell.strip() for cell in pair) for pair in cells]
    assert [(one.title, one.body) for one in made if isinstance(one, Ticket)] == expected
    assert not bad and not remarks


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12), st.booleans())
@settings(max_examples=120, deadline=None)
def test_json_comes_back_as_it_was_written(cells: list[tuple[str, str]], lines: bool) -> None:
    records = [
        {"number": f"N{i}", "title": title, "body": body, "sys_id": "x"} for i, (title, body) in enumerate(cells)
    ]
    data = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    made, bad, _ = read(data.encode(), Asked(preset="generic"))
    missing = {"?", "NULL", "null", "(null)", "nan", "NaN", "\\N"}
    expected = [tuple("" if cell.strip() in missing else cell.strip() for cell in pair) for pair in cells]
    assert [(one.title, one.body) for one in made if isinstance(one, Ticket)] == expected and not bad


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    try:
        list(rows(understand(data)))
    except NotATable as error:
        assert str(error)


@given(
    st.lists(
        st.sampled_from(["1,a,b,,,x", "2,a", '3,"a', "4,a,b,,,x", ",,,,,", "1,z,b,,,x", "5,a,b,soon,9,x"]), max_size=12
    )
)
@settings(max_examples=100, deadline=None)
def test_every_row_is_a_record_or_a_bad_row(lines: list[str]) -> None:
    whole = [line for line in lines if line.count('"') % 2 == 0 and line != ",,,,,"]
    data = sheet("0,a,b,,,x", *whole)
    made, bad, _ = read(data)
    assert len(made) + len(bad) == 1 + len(whole)
