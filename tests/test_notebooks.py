"""The notebooks run from top to bottom on the sample desk, were saved with their outputs, and define nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_three() -> None:
    assert len(NOTEBOOKS) == 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_and_never_defines_and_was_saved_with_its_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for cell in cells:
        nodes = list(ast.walk(ast.parse(cell.source)))
        assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert all(cell.execution_count for cell in cells)
    assert any(output.get("data", {}).get("image/png") for cell in cells for output in cell.outputs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "path",
    [NOTEBOOKS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in NOTEBOOKS[1:])],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_from_top_to_bottom(path: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEENBEFORE_HOME", str(sample_home))
    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(path.parent.parent)}}).execute()
