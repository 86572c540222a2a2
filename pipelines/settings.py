"""What can be set from outside; the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
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
    threads: int = 0
    """Threads for embedding; 0 is one per core in long jobs and one while serving."""
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
        database_url=os.environ.get("SEENBEFORE_DATABASE_URL", "").strip(),
        embedder=os.environ.get("SEENBEFORE_EMBEDDER", "").strip(),
        threads=int(threads),
        groups=named,
        oidc=Path(oidc).expanduser().absolute() if oidc else None,
        hosts=hosts,
    )
    return replace(settings, groups=groups) if groups else settings


def be_offline() -> None:
    """Tell every library underneath that it may not call out; call before they are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
