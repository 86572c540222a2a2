"""Write the files with which a server runs the desk: systemd units, or a Compose file with PostgreSQL."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from kb.errors import BadSetting

KINDS: Mapping[str, tuple[str, ...]] = {
    "systemd": ("seenbefore.service", "seenbefore-nightly.service", "seenbefore-nightly.timer"),
    "compose": ("compose.yaml", "Dockerfile"),
}
NEXT: Mapping[str, tuple[str, ...]] = {
    "systemd": (
        "sudo useradd --system --no-create-home @user@",
        "sudo install -d -o @user@ -m 0700 @home@ @exports@ @backups@",
        "sudo cp @folder@/seenbefore* /etc/systemd/system/",
        "sudo systemctl daemon-reload",
        "sudo systemctl enable --now seenbefore.service seenbefore-nightly.timer",
    ),
    "compose": (
        "mkdir -p secrets && chmod 0700 secrets",
        "openssl rand -hex 24 | tr -d '\\n' > secrets/database",
        'echo "postgresql+psycopg://desk:$(cat secrets/database)@database/desk" > secrets/url',
        "docker compose run --rm desk init",
        "docker compose run --rm desk user add NAME --role admin",
        "docker compose up -d",
    ),
}
_PATH = re.compile(r"/[\w./+-]*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


def deploy(kind: str, folder: Path, *, home: Path, port: int, user: str, exports: Path,
           backups: Path) -> tuple[list[Path], list[str]]:  # fmt: skip
    """Write the files of ``kind`` into ``folder``; the paths written, and the commands to give next.

    Raises ``BadSetting`` for an unknown kind, for paths a unit cannot hold, and where a file is there already.
    """
    if kind not in KINDS:
        raise BadSetting(f"{kind!r} is none of {', '.join(KINDS)}.")
    if not _USER.fullmatch(user):
        raise BadSetting(f"{user!r} is no name of a system user: take small letters, digits, - and _.")
    command = Path(sys.executable).with_name("seenbefore")
    said = {"home": home.absolute(), "exports": exports.absolute(), "backups": backups.absolute(),
            "folder": folder.absolute(), "command": command}  # fmt: skip
    odd = [str(path) for path in said.values() if not _PATH.fullmatch(str(path))]
    if odd:
        raise BadSetting(f"{odd[0]!r} holds signs a unit file cannot: take a path of letters, digits, . _ + and -.")
    values = {"user": user, "port": str(port), **{name: str(path) for name, path in said.items()}}
    there = [name for name in KINDS[kind] if (folder / name).exists()]
    if there:
        raise BadSetting(f"{folder / there[0]} is there already: give an empty folder, and compare.")
    folder.mkdir(parents=True, exist_ok=True)
    made = resources.files("pipelines").joinpath("deploy")
    written = []
    for name in KINDS[kind]:
        (folder / name).write_text(_filled(made.joinpath(name).read_text("utf-8"), values), "utf-8")
        written.append(folder / name)
    return written, [_filled(line, values) for line in NEXT[kind]]


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
