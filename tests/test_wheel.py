"""What is installed is whole: every file the program reads beside its code goes into the wheel."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_file_beside_the_code_goes_into_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    files = [path for room in ("kb", "models", "pipelines") for path in (ROOT / room).rglob("*") if path.is_file()]
    beside = [path for path in files if path.suffix not in (".py", ".pyc")]
    assert {"paper.js", "paper.css", "servicenow.toml"} <= {path.name for path in beside}
    left_out = [path.name for path in beside if not any(fnmatch(path.name, pattern) for pattern in patterns)]
    assert left_out == []
