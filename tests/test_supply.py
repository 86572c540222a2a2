"""What CI says of the packages we stand on: red for a weakness, loud where nothing was asked, never clean by silence."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", ROOT / ".ci" / "supply.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


supply = loaded()
CLEAN = {"name": "numpy", "version": "2.1", "vulns": []}
WEAK = {"name": "ftfy", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "torch", "skip_reason": "not found"}


@pytest.mark.parametrize(("told", "must", "code", "says"), [
    ([CLEAN, {**WEAK, "vulns": []}, {**CLEAN, "name": "torch"}], False, 0, "All 3"),
    ([CLEAN, WEAK, {**CLEAN, "name": "torch"}], False, 1, "PYSEC-1"),
    ([SKIPPED, {**SKIPPED, "name": "ftfy"}, {**SKIPPED, "name": "numpy"}], False, 0, "NOTHING WAS AUDITED"),
    ([CLEAN, SKIPPED], False, 0, "ONLY 1 OF 3"), ([CLEAN, SKIPPED], True, 1, "ONLY 1 OF 3"), ([], True, 1, "NOTHING WAS"),
    ([WEAK, SKIPPED], False, 1, "PYSEC-1"),
])  # fmt: skip
def test_a_weakness_is_red_and_silence_is_never_clean(told: list[Any], must: bool, code: int, says: str) -> None:
    found, lines = supply.judged({"dependencies": told}, ["numpy", "ftfy", "torch"], must=must)
    assert found == code
    assert says in " ".join(lines)
    assert (len(told) == 3 and code == 0 and "All" in says) or "no known weakness" not in " ".join(lines)


def test_no_answer_at_all_is_no_clean_answer() -> None:
    assert supply.judged(None, ["numpy"], must=False) == (0, [
        "NOTHING WAS AUDITED: the advisories could not be reached for 1. This is not a clean result."
    ])  # fmt: skip


@pytest.mark.parametrize(("text", "names"), [
    ("MIT", ["MIT"]), ("Apache License, Version 2.0", ["Apache-2.0"]), ("MPL-2.0 AND MIT", ["MPL-2.0", "MIT"]),
    ("(MIT OR GPL-3.0-only)", ["MIT"]), ("GNU General Public License (GPL)", ["GPL"]), ("see file", ["UNKNOWN"]),
    ("LGPL-2.1", ["LGPL"]), ("BSD 3-Clause License", ["BSD-3-Clause"]), ("AGPL-3.0", ["AGPL"]),
])  # fmt: skip
def test_licences_are_read_from_what_packages_write(text: str, names: list[str]) -> None:
    assert supply.spdx(text) == names


def test_unknown_and_copyleft_licences_are_red() -> None:
    told = {"a": ["MIT"], "b": ["UNKNOWN"], "c": ["GPL"], "d": ["MIT", "AGPL"], "igraph": ["GPL-2.0-or-later"]}
    assert [line.split(":")[0] for line in supply.unwelcome(told)] == ["b", "c", "d"]


def test_the_lock_holds_only_what_we_may_ship_with() -> None:
    assert supply.licences() == 0


def test_the_bill_of_materials_names_every_pinned_package_and_is_the_same_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())))
    supply.sbom(str(tmp_path / "a.json"))
    supply.sbom(str(tmp_path / "b.json"))
    made = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    names = supply.pinned((ROOT / "requirements.lock").read_text("utf-8"))
    assert {one["purl"] for one in made["components"]} == {f"pkg:pypi/{name}@{pin}" for name, pin in names.items()}
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    refs = [made["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in made["components"])]
    assert len(set(refs)) == len(refs)
