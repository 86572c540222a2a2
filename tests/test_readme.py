"""The README tells the truth: its commands run, its files exist, its commands are all there are."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text("utf-8")


def test_the_commands_a_newcomer_copies_run_as_written(tmp_path: Path) -> None:
    block = re.search(r"<!-- run: in the test -->\n```sh\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    home = {"SEENBEFORE_HOME": str(tmp_path / "desk"), "SEENBEFORE_EMBEDDER": "hashing"}
    for line in block[1].strip().splitlines():
        words = shlex.split(line)
        assert words[0] == "seenbefore"
        done = subprocess.run(
            [sys.executable, "-m", "pipelines", *words[1:]],
            cwd=README.parent, env={**os.environ, **home}, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT))))
def test_every_picture_is_there(path: str) -> None:
    assert (README.parent / path).is_file()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:kb|models|pipelines|tests|notebooks|data)/[\w/.]*)`", TEXT)))
)
def test_every_file_it_names_is_there(path: str) -> None:
    assert (README.parent / path).exists()


def test_every_make_target_it_names_exists() -> None:
    makefile = (README.parent / "Makefile").read_text("utf-8")
    for target in re.findall(r"`?make (demo|test|lint|fmt|bench)\b", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
