"""Nothing we ship can run code hidden in a file: no pickle and none of its disguises."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = sorted([*(f for room in ("kb", "models", "pipelines") for f in (ROOT / room).rglob("*.py")), ROOT / "app.py"])

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}
"""Modules that turn bytes into running code."""
CALLS = {("joblib", "load"), ("joblib", "dump"), ("torch", "load"), ("torch", "save")}
CALLS |= {("pd", "read_pickle"), ("pandas", "read_pickle"), ("skops", "card")}
BUILT_IN = {"eval", "exec", "compile", "__import__"}


def breaches(source: str) -> list[str]:
    """Name every way in which this source could load code from data."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [f"import {a.name}" for a in node.names if a.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = node.module.split(".")[0]
            found += [f"from {node.module}"] if base in MODULES else []
            found += [f"from {base} import {a.name}" for a in node.names if (base, a.name) in CALLS]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [f"{node.value.id}.{node.attr}"] if (node.value.id, node.attr) in CALLS else []
            found += [node.attr] if node.attr in ("to_pickle", "read_pickle") else []
        elif isinstance(node, ast.Call):
            found += [node.func.id] if isinstance(node.func, ast.Name) and node.func.id in BUILT_IN else []
            for given in node.keywords:
                value = given.value.value if isinstance(given.value, ast.Constant) else None
                found += [f"{given.arg}={value}"] if (given.arg, value) in FLAGS else []
    return found


FLAGS = {("allow_pickle", True), ("weights_only", False), ("trust_remote_code", True)}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_no_shipped_file_can_load_code_from_data(file: Path) -> None:
    assert breaches(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import pickle",
        "import pickle as p",
        "from pickle import loads",
        "import joblib\njoblib.load('m')",
        "from joblib import dump",
        "import numpy as np\nnp.load('v.npy', allow_pickle=True)",
        "import torch\ntorch.load('w.bin')",
        "import marshal",
        "import shelve",
        "frame.to_pickle('x')",
        "load(path, weights_only=False)",
        "model(name, trust_remote_code=True)",
        "eval(text)",
    ],
)
def test_a_planted_loader_is_caught(planted: str) -> None:
    assert breaches(planted)


def test_harmless_lines_are_let_through() -> None:
    assert breaches("import joblib, json\njoblib.Parallel(n_jobs=2)\nnp.load('v.npy', allow_pickle=False)") == []


def test_ruff_also_refuses_pickle_in_what_we_ship() -> None:
    planted = "import pickle\n\nvalue = pickle.loads(b'')\n"
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--output-format=concise",
        "--stdin-filename",
        "kb/planted.py",
        "-",
    ]
    told = subprocess.run(command, input=planted, capture_output=True, text=True, cwd=ROOT, check=False)
    assert "S301" in told.stdout, told.stdout + told.stderr
