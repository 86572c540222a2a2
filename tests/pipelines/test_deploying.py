"""The files with which a server runs the desk are whole, and what reads them finds no fault."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from kb.errors import BadSetting
from pipelines.deploying import KINDS, deploy

PLACES = {"home": Path("/srv/desk/home"), "exports": Path("/srv/desk/in"), "backups": Path("/srv/desk/safe")}


def _made(kind: str, folder: Path, **more: object) -> list[Path]:
    return deploy(kind, folder, **{**PLACES, "port": 8600, "user": "desk", **more})[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_is_left_to_fill_in(tmp_path: Path, kind: str) -> None:
    written, then = deploy(kind, tmp_path, **PLACES, port=8600, user="desk")
    for text in (*(file.read_text("utf-8") for file in written), *then):
        for name in ("home", "exports", "backups", "user", "port", "command", "folder"):
            assert f"@{name}@" not in text


def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    files = _made("systemd", tmp_path, user="root")  # a user that is here
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, files)], capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "seenbefore" in line]
    assert ours == []


def test_the_compose_file_binds_to_this_machine_and_has_limits(tmp_path: Path) -> None:
    _made("compose", tmp_path)
    said = yaml.safe_load((tmp_path / "compose.yaml").read_text("utf-8"))
    desk = said["services"]["desk"]
    assert desk["ports"] == ["127.0.0.1:8600:8600"]
    assert desk["mem_limit"]
    assert said["networks"]["inside"]["internal"]
    assert said["services"]["database"]["networks"] == ["inside"]


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    _made("systemd", tmp_path)
    with pytest.raises(BadSetting, match="there already"):
        _made("systemd", tmp_path)


@pytest.mark.parametrize(
    ("more", "says"),
    [({"user": "root; rm"}, "no name of a system user"), ({"home": Path("/srv/a b")}, "signs a unit file cannot"),
     ({"home": Path("/srv/a\nExecStart=/bin/x")}, "signs a unit file cannot")],
)  # fmt: skip
def test_what_a_unit_cannot_hold_is_refused(tmp_path: Path, more: dict[str, object], says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        _made("systemd", tmp_path / "units", **more)
    assert not (tmp_path / "units").exists()
