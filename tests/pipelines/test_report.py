"""The report as files: whole, safe, the same for the same home and moment, and nothing in it that is not to be seen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from kb.desk import Desk
from kb.digest import Digest
from kb.errors import BadSetting, StoreTrouble, TooLittle
from kb.records import EVERYONE, KEEPER, Correction, Ticket, Viewer
from kb.text import prepare
from pipelines import report
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.report_html import page
from pipelines.report_pdf import pdf
from pipelines.report_pdf_type import fit
from pipelines.report_sheets import sheets
from pipelines.settings import Settings

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "Kündigung Yılmaz"
NAMES = "Łódź Żółć · Gülçağ Şişli İzmir · Ågot Ærø · Český Těšín · naïve €"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(Settings(tmp_path_factory.mktemp("report") / "desk", embedder="hashing"))
    made.create()
    tickets = []
    for i in range(120):
        opened = datetime(2026, 8, 3, 9, tzinfo=UTC) + timedelta(hours=17 * i)
        done = None if i % 9 == 8 else opened + timedelta(hours=2 + i % 30)
        tickets.append(prepare(Ticket(
            "t", f"INC{i:04}", title=NAMES if i % 9 == 8 else "=1+1 printer <b>jam</b>", opened_at=opened,
            resolved_at=done, state="open" if done is None else "closed", priority=1 + i % 4, line=1 + i % 2,
            reopen_count=int(i % 10 == 0), reassignment_count=i % 3, category='=HYPERLINK("http://evil")',
            assignment_group="Zürich ✉ 日本 <script>alert(1)</script>",
        )))  # fmt: skip
    opened = datetime(2026, 8, 1, tzinfo=UTC)
    tickets.append(prepare(Ticket("t", "HR1", title=SECRET, opened_at=opened, state="open", audience=("HR",),
                                  category="Payroll secrets")))  # fmt: skip
    made.store.write("ticket", tickets)
    made.store.correct(
        Correction(tickets[0].ref, "category", "A", "A", "accepted", by="x", at=datetime(2026, 10, 3, tzinfo=UTC))
    )
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def desk(home: Home) -> Desk:
    return desk_of(home)


@pytest.fixture(scope="module")
def digest(desk: Desk) -> Digest:
    return desk.digest(desk.period("2026-10"), viewer=EVERYONE, now=NOW)


def test_the_page_holds_everything_and_fetches_nothing(digest: Digest) -> None:
    text = page(digest).decode()
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|src=|href=\"(?!#)|\son\w+=\"", text)
    assert "default-src 'none'" in text and "&lt;script&gt;alert(1)" in text
    assert "October 2026" in text and text.count("<svg") >= 3 and "not known" in text
    for one in digest.figures:
        assert escape(one.definition) in text


def test_the_pdf_has_pages_and_draws_every_letter(digest: Digest) -> None:
    made = pdf(digest)
    assert made.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", made)) >= 3
    assert fit(NAMES) == NAMES
    assert fit("a\x00b 日本 ✉ é") == "ab \ufffd\ufffd \ufffd é"


def test_the_same_report_always_gives_the_same_bytes(desk: Desk, digest: Digest) -> None:
    again = desk.digest(desk.period("2026-10"), viewer=EVERYONE, now=NOW)
    for form in report.FORMS:
        assert report.make(digest, form, at=NOW) == report.make(again, form, at=NOW), form


def test_the_workbook_holds_numbers_and_no_formula(digest: Digest) -> None:
    data = report.make(digest, "xlsx", at=NOW)
    assert not any(b"<f>" in zipfile.ZipFile(BytesIO(data)).read(n) for n in zipfile.ZipFile(BytesIO(data)).namelist())
    book = openpyxl.load_workbook(BytesIO(data))
    assert book.sheetnames[:3] == ["Summary", "Figures", "Trend"]
    rows = {row[0]: row[1] for row in book["Figures"].iter_rows(values_only=True)}
    opened = next(one for one in digest.figures if one.key == "opened")
    assert rows["Tickets opened"] == opened.value and isinstance(rows["Tickets opened"], int | float)
    assert rows["Not updated for 30 days"] in (None, "")
    assert book["By category"]["A2"].value == '\'=HYPERLINK("http://evil")'
    assert len({sheet.name for sheet in sheets(digest)}) == len(book.sheetnames)


def test_a_report_for_everyone_holds_nothing_of_restricted_tickets(desk: Desk, digest: Digest) -> None:
    for form in ("html", "xlsx"):
        assert SECRET.encode() not in report.make(digest, form, at=NOW)
    period = desk.period("2026-10")
    for viewer, there in ((EVERYONE, False), (Viewer("h", frozenset({"HR"})), True), (KEEPER, True)):
        made = desk.digest(period, viewer=viewer, now=NOW)
        text = page(made).decode()
        assert (SECRET in text) == there
        backlog = next(one for one in made.figures if one.key == "backlog").value
        assert backlog == (14 if there else 13)
    with pytest.raises(TooLittle, match="run from 2026-08"):  # HR1 is not even hinted at by the range
        desk.digest(desk.period("2026-07"), viewer=EVERYONE, now=NOW)


def test_the_summary_says_what_the_figures_say(digest: Digest) -> None:
    by = {one.key: one for one in digest.figures}
    assert f"In October 2026, {by['opened'].value:.0f} tickets were opened" in digest.summary
    assert f"{by['backlog'].value:.0f} were open when it ended" in digest.summary
    numbers = set(re.findall(r"\d[\d,.]*\d|\d", digest.summary)) - {"2026"}
    told = page(replace(digest, summary="")).decode()
    unknown = sum(one.value is None for one in digest.figures)
    for number in numbers - {str(unknown), str(len(digest.figures))}:
        near = float(number.replace(",", ""))
        steps = {abs((one.value or 0) - (one.before or 0)) for one in digest.figures if one.unit == "tickets"}
        assert number in told or near in steps, number


def test_files_are_written_whole_and_replace_those_of_an_earlier_run(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    for _ in range(2):
        _, files = report.write(desk, desk.period("2026-10"), folder, viewer=EVERYONE, now=NOW)
        assert [path.name for path in files] == [f"seenbefore-2026-10.{form}" for form in report.FORMS]
        assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in files)


def test_a_folder_that_is_a_file_is_said_in_one_sentence(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(StoreTrouble, match="choose another folder with --out"):
        report.write(desk, desk.period("2026-10"), tmp_path / "taken", viewer=EVERYONE, now=NOW)


@pytest.mark.parametrize(("text", "said"), [("2020-01", "No ticket that you may see was opened or resolved in January 2020: "
                                             "they run from 2026-08 to 2026-10"), ("2027-01", "has not begun")])  # fmt: skip
def test_a_month_without_tickets_is_said_in_one_sentence(desk: Desk, text: str, said: str) -> None:
    with pytest.raises(TooLittle, match=said):
        desk.digest(desk.period(text), viewer=EVERYONE, now=NOW)


def test_without_a_month_the_last_whole_one_is_taken(desk: Desk) -> None:
    assert report.chosen(desk, month="", period="", now=NOW).key == "2026-10"
    with pytest.raises(BadSetting, match="--month"):
        report.chosen(desk, month="2026-W42", period="", now=NOW)
    with pytest.raises(BadSetting, match="either"):
        report.chosen(desk, month="2026-10", period="2026-10", now=NOW)


@pytest.mark.parametrize("text", ["2026-W42", "2026-Q4", "2026", "2026-10-05..2026-10-12", "2026-08"])
def test_every_kind_of_period_makes_every_kind_of_file(desk: Desk, text: str) -> None:
    made = desk.digest(desk.period(text), viewer=EVERYONE, now=NOW)
    assert all(len(report.make(made, form, at=NOW)) > 1000 for form in report.FORMS)
    assert "/" not in report.name(made, "pdf")


def test_a_desk_with_one_undated_ticket_says_why_there_is_no_report(tmp_path: Path) -> None:
    made = Home(Settings(tmp_path / "desk", embedder="hashing"))
    made.create()
    with pytest.raises(TooLittle, match="There is no ticket here"):
        desk_of(made).digest(desk_of(made).period("2026-10"), viewer=EVERYONE, now=NOW)
    made.store.write("ticket", [Ticket("t", "1", title="no date")])
    with pytest.raises(TooLittle, match="No ticket says when"):
        desk_of(made).digest(desk_of(made).period("2026-10"), viewer=EVERYONE, now=NOW)
    made.store.write("ticket", [Ticket("t", "2", opened_at=datetime(2026, 10, 2, tzinfo=UTC))])
    only = desk_of(made).digest(desk_of(made).period("2026-10"), viewer=EVERYONE, now=NOW)
    assert "In October 2026, 1 ticket was opened" in only.summary
    assert all(len(report.make(only, form, at=NOW)) > 1000 for form in report.FORMS)
    made.store.close()


def test_the_command_writes_three_files_and_answers_trouble_with_exit_code_1(home: Home, tmp_path: Path) -> None:
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipelines", "report", "--home", str(home.folder), "--out", str(tmp_path), *more],
            capture_output=True, text=True, cwd=Path(__file__).parents[2],
            env={**os.environ, "SEENBEFORE_EMBEDDER": "hashing"}, timeout=300, check=False,
        )  # fmt: skip

    done = run("--month", "2026-10", "--json")
    assert done.returncode == 0 and '"seenbefore-2026-10.pdf"' in done.stdout.replace(f"{tmp_path}/", "")
    assert {path.suffix for path in tmp_path.iterdir()} == {".html", ".pdf", ".xlsx"}
    wrong = run("--month", "2026-13")
    assert wrong.returncode == 1 and "is no period" in wrong.stderr and "Traceback" not in wrong.stderr
