"""What can be set from outside; the only reader of the environment."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from kb.errors import BadSetting
from kb.records import Viewer

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the home is and how this process runs. Desk settings that people change live in the store instead."""

    home: Path
    database_url: str = ""
    embedder: str = ""
    """"" is the packaged MiniLM, "hashing" needs no torch, else a sentence-transformers name or folder."""
    device: str = "cpu"
    """Where texts are embedded: "cpu", "cuda", or "auto" for a GPU where there is one."""
    threads: int = 0
    """Threads for embedding; 0 is one per core in long jobs and one while serving."""
    privacy_key: str = field(default="", repr=False)
    """The key that seals originals for entitled readers, as text; "" where there is none."""
    backup_passphrase: str = field(default="", repr=False)
    """What backups are sealed and opened with; "" where they are not sealed."""
    via: str = ""
    """How what this process does is noted in the audit log, such as "command line of ann"."""
    groups: tuple[str, ...] = ()
    """Groups whose restricted records the single local user may see."""
    oidc: Path | None = None
    """The file that says how people sign in with their organisation; ``None`` where they do not."""
    hosts: tuple[str, ...] = ()
    """Names by which other machines reach the desk; no other name is answered."""

    @property
    def viewer(self) -> Viewer:
        """The single local user: sees what is for everyone, and what is for the groups given."""
        return Viewer("local", frozenset(self.groups))


def read(home: Path | None = None, *, groups: tuple[str, ...] = ()) -> Settings:
    """Settings from the environment; ``home`` and ``groups`` given on the command line win.

    Raises ``BadSetting`` with the variable's name.
    """
    given = os.environ.get("SEENBEFORE_HOME", "").strip()
    place = home or (Path(given) if given else Path(platformdirs.user_data_dir("seenbefore", appauthor=False)))
    threads = os.environ.get("SEENBEFORE_THREADS", "0").strip() or "0"
    if not (threads.isascii() and threads.isdecimal() and len(threads) <= _DIGITS):
        raise BadSetting(f"SEENBEFORE_THREADS is {threads!r}: give a whole number of threads, or 0 for all cores.")
    named, hosts = (
        tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())
        for name in ("SEENBEFORE_GROUPS", "SEENBEFORE_HOSTS")
    )
    oidc = os.environ.get("SEENBEFORE_OIDC", "").strip()
    settings = Settings(
        home=place.expanduser().absolute(),
        database_url=_database_url(),
        embedder=os.environ.get("SEENBEFORE_EMBEDDER", "").strip(),
        device=_device(),
        threads=int(threads),
        groups=named,
        privacy_key=_privacy_key(place.expanduser().absolute()),
        backup_passphrase=_backup_passphrase(),
        via=f"command line of {person()}",
        oidc=Path(oidc).expanduser().absolute() if oidc else None,
        hosts=hosts,
    )
    return replace(settings, groups=groups) if groups else settings


def _privacy_key(home: Path) -> str:
    """The key in SEENBEFORE_PRIVACY_KEY, else in the file that SEENBEFORE_PRIVACY_KEY_FILE names; never one in
    the home."""
    given = os.environ.get("SEENBEFORE_PRIVACY_KEY", "").strip()
    named = os.environ.get("SEENBEFORE_PRIVACY_KEY_FILE", "").strip()
    if given or not named:
        return given
    file = Path(named).expanduser().absolute()
    if file.resolve().is_relative_to(home.resolve()):
        raise BadSetting(f"SEENBEFORE_PRIVACY_KEY_FILE is {named!r}, inside the home: keep the key elsewhere.")
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"SEENBEFORE_PRIVACY_KEY_FILE is {named!r}, which cannot be read: name a file made by `seenbefore"
            f" privacy key FILE`."
        ) from error


def _database_url() -> str:
    """SEENBEFORE_DATABASE_URL, else what stands in the file that SEENBEFORE_DATABASE_URL_FILE names."""
    given = os.environ.get("SEENBEFORE_DATABASE_URL", "").strip()
    named = os.environ.get("SEENBEFORE_DATABASE_URL_FILE", "").strip()
    if given or not named:
        return given
    try:
        return Path(named).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"SEENBEFORE_DATABASE_URL_FILE is {named!r}, which cannot be read: name a text file that holds the URL."
        ) from error


def _device() -> str:
    given = os.environ.get("SEENBEFORE_DEVICE", "").strip().lower() or "cpu"
    if given not in ("cpu", "cuda", "auto"):
        raise BadSetting(f"SEENBEFORE_DEVICE is {given!r}: give cpu, cuda, or auto for a GPU where there is one.")
    return given


def _backup_passphrase() -> str:
    """SEENBEFORE_BACKUP_PASSPHRASE, else the first line of the file that SEENBEFORE_BACKUP_PASSPHRASE_FILE names."""
    given = os.environ.get("SEENBEFORE_BACKUP_PASSPHRASE", "")
    named = os.environ.get("SEENBEFORE_BACKUP_PASSPHRASE_FILE", "").strip()
    if not given and named:
        try:
            given = Path(named).expanduser().read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"SEENBEFORE_BACKUP_PASSPHRASE_FILE is {named!r}, which cannot be read: name a text file whose first "
                "line is the passphrase."
            ) from error
        if not given:
            raise BadSetting(f"SEENBEFORE_BACKUP_PASSPHRASE_FILE is {named!r}, whose first line is empty.")
    return given


def person() -> str:
    """The name the operating system has for who runs this; their number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def of_one_thread() -> dict[str, str]:
    """The environment of a process that shall compute with one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def be_offline() -> None:
    """Tell every library underneath that it may not call out; call before they are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
