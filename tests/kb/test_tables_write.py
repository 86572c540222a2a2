"""Nothing that is exported can become a formula, and what is harmless comes back as it was."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.tables.opening import open_table
from kb.tables.own import KINDS, columns_of
from kb.tables.write import restored_cell, safe_cell, write_csv, write_xlsx


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd",
        "-2+3",
        "@SUM(A1)",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "＝1",
        "|x",
        "\t=1",
        "ok\n=1",
        "ok\r\n@x",
        "\u3000=1",
        "\u202e=1",
        "\u00ad=1",
        "\u2066＠x",
        " \u200e\u00a0-1+2",
        "＋1",
        "－1a",
        "%x",
        "'=1",
        "''=1",
    ],
)
def test_a_formula_is_made_text(text: str) -> None:
    assert "'" in safe_cell(text)


@pytest.mark.parametrize("text", ["", "a = b", "-5", "+49.5", "3.25", "INC001", "x-y", "line\nline"])
def test_harmless_cells_stay(text: str) -> None:
    assert safe_cell(text) == text


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=30),
    st.sampled_from(["", "=", "+", "@", "\u200b=", "＋", "a\n-"]),
)
@settings(max_examples=600, deadline=None)
def test_no_line_of_a_cell_starts_dangerously(text: str, start: str) -> None:
    made = safe_cell(start + text)
    if made and made.strip("+-").replace(".", "").isdigit():
        return
    for line in made.split("\n"):
        bare = line.lstrip("".join(sign for sign in line if unicodedata.category(sign) in ("Zs", "Zl", "Zp", "Cf")))
        assert unicodedata.normalize("NFKC", bare[:1])[:1] not in set("=+-@|\t\r%")


def test_csv_is_read_back(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    assert write_csv(out, ["a", "=b"], [["1", datetime(2026, 1, 1, tzinfo=UTC)], [None, '=x"']]) == 2
    out.seek(0)
    assert list(csv.reader(out)) == [["a", "'=b"], ["1", "2026-01-01T00:00:00+00:00"], ["", "'=x\""]]


def test_every_cell_of_a_workbook_is_a_string(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = tmp_path / "out.xlsx"
    assert write_xlsx(path, ["a"], [["=1+1"], [5], ["x\x07y"]]) == 1 + 2
    cells = [cell for row in load_workbook(path).active.iter_rows() for cell in row]
    assert [cell.data_type for cell in cells] == ["s"] * 4
    assert [cell.value for cell in cells] == ["a", "'=1+1", "5", "xy"]


NASTY = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20),
    st.text(st.sampled_from("=+-@|%'\u200b\u00a0＝＠ \n\ta1"), max_size=8),
)


@given(NASTY)
@settings(max_examples=800, deadline=None)
def test_what_was_made_safe_comes_back_as_it_was(text: str) -> None:
    assert restored_cell(safe_cell(text)) == text


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
@settings(max_examples=12, deadline=None)
def test_our_own_export_is_read_back_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, kind: str, ending: str, data: st.DataObject
) -> None:
    names = columns_of(kind)
    rows = [[f"N{at}", *(data.draw(NASTY) for _ in names[1:])] for at in range(3)]
    path = tmp_path_factory.mktemp("out") / f"a{ending}"
    if ending == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            write_csv(stream, names, rows)
    else:
        write_xlsx(path, names, rows)
    back = [list(row.cells.values()) for row in open_table(path).rows()]
    assert back == rows


def test_an_apostrophe_in_somebody_elses_file_is_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("number,title\nN1,'-v' is the flag\n", encoding="utf-8")
    assert next(open_table(path).rows()).cells["title"] == "'-v' is the flag"


def test_nothing_else_of_ours_writes_tables() -> None:
    """A table written elsewhere would not be safe: nobody else may use the csv writer or openpyxl's Workbook."""
    root = Path(__file__).resolve().parents[2]
    telling = ("csv.writer", "DictWriter", ".to_csv", ".to_excel", "import Workbook", "Workbook(", "xlsxwriter")
    files = [*root.glob("kb/**/*.py"), *root.glob("pipelines/**/*.py"), *root.glob("models/**/*.py"), root / "app.py"]
    writing = {
        file.relative_to(root).as_posix() for file in files if any(word in file.read_text("utf-8") for word in telling)
    }
    assert writing == {"kb/tables/write.py", "pipelines/sample.py"}  # the last writes the sample desk, made up by us
