"""A real PostgreSQL of the tests' own, on a free port of 127.0.0.1; and, where asked for, every test home in it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HOOK = Path(__file__).resolve().parent / "on_postgres"
SWITCH = "SEENBEFORE_TEST_DATABASE"
SERVER, DDL = "SB_TEST_SERVER", "SB_TEST_DDL"
"""Not among the names that tests take out of the environment: programs that tests start must see them too."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of random name below it
_PLAIN = "listen_addresses='127.0.0.1'\nunix_socket_directories=''\nmax_connections=400\nshared_buffers=64MB\n"


def programs() -> Path | None:
    """The folder of the newest PostgreSQL on this machine; ``None`` where there is none."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name))
    places += [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    needed = ("initdb", "postgres", "pg_ctl", "pg_isready", "pg_dump")
    return next((place for place in places if all((place / name).exists() for name in needed)), None)


@dataclass
class Server:
    """A running server, set up as safely as one for work."""

    bin: Path
    folder: Path
    port: int
    user: str | None
    """Whom it runs as; ``None`` is who runs the tests. It refuses to run as root."""
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def made(cls) -> Server:
        """Start a new one, in memory where there is room, since it syncs every commit; ask :func:`programs` first."""
        place = programs()
        assert place is not None
        user = None if os.getuid() else "postgres" if _known("postgres") else "nobody"
        room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 << 30
        folder = Path(tempfile.mkdtemp(prefix="sb-pg-", dir=_MEMORY if room else None))
        if user:
            shutil.chown(folder, user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = cls(place, folder, port, user)
        server._run("initdb", "-D", str(folder / "data"), "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-sync",
                    "--locale=C.UTF-8")  # fmt: skip
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"{_PLAIN}port={port}\n")
        server.start()
        return server

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([str(self.bin / "postgres"), "-D", str(self.folder / "data")], stdout=log,
                                            stderr=log, user=self.user, group=self.user, extra_groups=[] if self.user
                                            else None, cwd="/", start_new_session=True)  # fmt: skip
        for _ in range(300):
            ready = subprocess.run([str(self.bin / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)],
                                   capture_output=True, check=False)  # fmt: skip
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text("utf-8", "replace")[-2000:])

    def stop(self, *, hard: bool = False) -> None:
        """Stop it: at once and cleanly, or as a crash does."""
        if self.process is not None and self.process.poll() is None:
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate" if hard else "fast", "-w", "stop")
            self.process.wait(timeout=30)

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop(hard=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema: str = "", *, database: str = "postgres") -> str:
        """What SEENBEFORE_DATABASE_URL takes."""
        url = f"postgresql+psycopg://desk@127.0.0.1:{self.port}/{database}"
        return f"{url}?options=-csearch_path%3D{schema}" if schema else url

    def sql(self, text: str) -> None:
        """Run statements."""
        import psycopg

        with psycopg.connect(f"host=127.0.0.1 port={self.port} user=desk dbname=postgres", autocommit=True) as db:
            db.execute(text)  # type: ignore[call-overload]

    def schema(self, name: str) -> str:
        """The URL of a new, empty schema."""
        self.sql(f"CREATE SCHEMA {name}")
        return self.url(name)

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run([str(self.bin / name), *arguments], check=True, capture_output=True, user=self.user,
                       group=self.user, extra_groups=[] if self.user else None, cwd="/")  # fmt: skip


def every_home(server: Server) -> None:
    """From now on every test home of this process and of those it starts lies in a schema of its own."""
    from kb.store import Store

    Store.open(server.schema("template")).close()
    told = subprocess.run(
        [str(server.bin / "pg_dump"), "-h", "127.0.0.1", "-p", str(server.port), "-U", "desk", "--inserts", "-n", "template",
         "postgres"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    ddl = server.folder / "template.sql"
    ddl.write_text("\n".join(line for line in told.stdout.split("\n") if not line.startswith(("\\", "--"))), "utf-8")
    os.environ[SERVER], os.environ[DDL] = server.url(), str(ddl)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH", "")]))
    redirected()


def redirected() -> None:
    """The same in a process that was started by one where it is so."""
    sys.path.insert(0, str(HOOK))
    import homes_elsewhere

    homes_elsewhere.redirect()


def _known(name: str) -> bool:
    import pwd

    try:
        return bool(pwd.getpwnam(name)) and getpass.getuser() != name
    except KeyError:
        return False
