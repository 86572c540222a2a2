"""Nothing leaves: import, index, train, patterns, search and serving with no route to anywhere, and no attempt at one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOOK = """
import os, sys

def watch(event, args, log=os.environ["EGRESS_LOG"]):
    if event not in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        return
    told = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
    host = told[0] if isinstance(told, tuple) else told
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", "None") or name.startswith("/"):
        return
    with open(log, "a") as file:
        file.write(f"{event} {told!r} by {os.path.basename(sys.argv[0])}\\n")

sys.addaudithook(watch)
"""
WORDS = """
import csv, random, sys
chance = random.Random(5)
words = ["printer paper jam tray", "outlook password prompt", "vpn drops every minute", "screen stays black dock"]
with open(sys.argv[1], "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["number", "opened_at", "resolved_at", "state", "short_description", "description", "category", "assignment_group", "close_notes"])
    for n in range(80):
        what = words[n % 4]
        rows.writerow([f"N{n}", f"2026-0{1 + n % 9}-11 08:00:00", f"2026-0{1 + n % 9}-11 12:00:00", "Closed", f"{what} {n}",
                       " ".join(chance.sample(what.split() * 3, 8)), what.split()[0], what.split()[1], f"fixed the {what} by restarting it"])
"""
PROGRAM = """
import os, subprocess, sys, time
from typer.testing import CliRunner
from pipelines import settings
settings.be_offline()
from pipelines.__main__ import app

place, home, port = os.environ["PLACE"], os.environ["HOME_OF_DESK"], os.environ["PORT"]
subprocess.run([sys.executable, f"{place}/words.py", f"{place}/t.csv"], check=True)
for words in (["ingest", f"{place}/t.csv", "--first-line", "paper"], ["index"], ["train"], ["patterns"], ["doctor"],
              ["search", "outlook password", "--json"], ["triage", "vpn drops", "--json"], ["audit", "verify"]):
    done = CliRunner().invoke(app, [*words, "--home", home])
    if done.exit_code and words != ["doctor"]:
        sys.exit(f"{words}: {done.output}")
serving = subprocess.Popen([sys.executable, "-m", "pipelines", "serve", "--home", home, "--port", port])
for _ in range(300):
    if subprocess.run([sys.executable, f"{place}/ask.py", port]).returncode == 0:
        break
    time.sleep(0.3)
else:
    sys.exit("serving did not come up")
time.sleep(1)
serving.terminate()
serving.wait(30)
print("finished")
"""
ASK = """
import socket, sys, urllib.request
port = sys.argv[1]
try:
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=3).read()
except OSError:
    sys.exit(1)
wire = socket.create_connection(("127.0.0.1", int(port)), 5)
wire.sendall((f"GET /_stcore/stream HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Protocol: streamlit\\r\\n\\r\\n").encode())
sys.exit(0 if b" 101 " in wire.recv(1000) else 2)
"""


def _without_route() -> list[str]:
    """The command that runs another with no network but its own loopback; the test is skipped where that is not allowed."""
    unshare = shutil.which("unshare")
    ip = shutil.which("ip")
    if unshare is None:
        pytest.skip("no `unshare` here: install util-linux to try it without a route")
    command = [unshare, "--user", "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow a network namespace of one's own")
    up = "ip link set lo up" if ip else f'{sys.executable} -c "{_UP}"'
    return [*command, "sh", "-c", f'{up}; exec "$@"', "sh"]


_UP = ("import fcntl, socket, struct; s = socket.socket(); "
       "fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x49))")  # fmt: skip
"""Brings the loopback device up (SIOCSIFFLAGS) where there is no `ip`."""


@pytest.mark.parametrize("embedder", ["hashing", pytest.param("", marks=pytest.mark.slow)])
def test_everything_works_without_a_route_and_nothing_is_even_tried(tmp_path: Path, embedder: str) -> None:
    command = _without_route()
    for name, text in (("sitecustomize.py", HOOK), ("words.py", WORDS), ("ask.py", ASK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    log = tmp_path / "egress.log"
    world = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "PYTHONPATH": str(tmp_path), "EGRESS_LOG": str(log),  "PLACE": str(tmp_path),
        "HOME_OF_DESK": str(tmp_path / "desk"), "PORT": "8599", "SEENBEFORE_EMBEDDER": embedder, "HOME": str(tmp_path),
    }  # fmt: skip
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        world.pop(name, None)  # the program itself must stay offline, not this test for it
    done = subprocess.run(
        [*command, sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=world,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert "finished" in done.stdout, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert not log.exists(), log.read_text("utf-8")


def test_an_attempt_would_be_counted(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    log = tmp_path / "egress.log"
    code = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 9), 0.1)\nexcept OSError:\n    pass"
    world = {**os.environ, "PYTHONPATH": str(tmp_path), "EGRESS_LOG": str(log)}
    subprocess.run([sys.executable, "-c", code], env=world, check=True, timeout=30)
    assert "192.0.2.1" in log.read_text("utf-8")
