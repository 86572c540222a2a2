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

from kb.tables.write import safe_cell, write_csv, write_xlsx


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd", "-2+3", "@SUM(A1)", " =1", "\u00a0=1", "\u200b=1", "＝1", "|x", "\t=1", "ok\n=1", "ok\r\n@x"],
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
        bare = line.lstrip("\u00a0\u200b\u200c\u200d\u2060\ufeff ")
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
