"""Kills real processes at seeded points, opens what is left and checks it: ``python -m tests.crash.harness --points 200``.

Everything is imported once; each point is a fork of that, in a home of its own, beside one process that keeps writing
and one that keeps reading. Half of the points are a step of the act itself (a sync, a rename, a statement, a commit),
the other half a moment in time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_
from pathlib import Path

from kb.records import Ticket
from pipelines import train
from pipelines.backup import backup
from tests.crash.acts import ABOUT, ACTS, PERSON, exports, old_home, reader, writer
from tests.crash.checks import violations
from tests.crash.killing import Steps, watch
from tests.crash.small import NOW, home_at, small_home, ticket

Work = Callable[[Callable[..., None]], None]


@dataclass
class Child:
    """A forked process and what it acknowledged."""

    pid: int
    fd: int
    said: bytes = b""

    @classmethod
    def start(cls, work: Work) -> Child:
        """Run ``work(ack)`` in a fork; it never returns from there."""
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid:
            os.close(theirs)
            return cls(pid, ours)
        code = 1
        try:
            os.close(ours)
            work(lambda *words: os.write(theirs, (json.dumps(words) + "\n").encode()) and None)
            code = 0
        except BaseException:  # noqa: BLE001 - a child never goes back into its parent's work
            os.write(theirs, (json.dumps(["trouble", traceback.format_exc()[-1500:]]) + "\n").encode())
        os._exit(code)

    def end(self, *, kill: bool = True, after: float | None = None, most: float = 60) -> int:
        """Wait, or kill; collects what it acknowledged. The exit status as ``waitpid`` gives it."""
        os.set_blocking(self.fd, False)
        begun, until = time.monotonic(), None if after is None else time.monotonic() + after
        while True:
            self._take()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if kill and (until is None or time.monotonic() >= until):
                os.kill(self.pid, signal.SIGKILL)
                _, status = os.waitpid(self.pid, 0)
                break
            if time.monotonic() - begun > most:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.said += b'["trouble", "it did not end"]\n'
                status = 0
                break
            time.sleep(0.003)
        self._take()
        os.close(self.fd)
        return status

    def _take(self) -> None:
        try:
            while part := os.read(self.fd, 65536):
                self.said += part
        except BlockingIOError:
            pass

    @property
    def acks(self) -> list[list[str]]:
        """Whole lines only: the last may have been cut by the kill, but then nothing was acknowledged."""
        return [json.loads(line) for line in self.said.split(b"\n")[:-1]]


@dataclass(frozen=True)
class Point:
    """One kill."""

    act: str
    step: int
    """0 where it is a moment in time."""
    delay: float

    def __str__(self) -> str:
        return f"{self.act} at {f'step {self.step}' if self.step else f'{self.delay:.3f} s'}"


def print_(*words: object) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def points(n: int, seed: int) -> list[Point]:
    """n points, every act in turn; steps up to a little more than an act has."""
    chance, found = random.Random(seed), []
    for at in range(n):
        act = list(ACTS)[at % len(ACTS)]
        steps, seconds = ABOUT[act]
        by_step = (at // len(ACTS)) % 2 == 0
        found.append(Point(act, chance.randint(1, int(steps * 1.05)) if by_step else 0, chance.uniform(0, seconds)))
    return found


def prepare(folder: Path) -> None:
    """What every point begins with: a built home, an export, a backup, an old home."""
    home = small_home(folder / "desk")
    named = [with_(ticket(n, "P"), body=f"{PERSON} says: it hums") for n in range(2)]
    home.store.write("ticket", [with_(one, text=f"{one.title} {one.body}") for one in named if isinstance(one, Ticket)])
    home.store.delete([one.ref for one in named[1:]])
    exports(folder)
    train.train(home, force=True)
    home.store.close()


def prepare_old(folder: Path) -> None:
    """The backup has the tickets of :func:`small_home` only."""
    home = small_home(folder / "kept")
    backup(home, folder / "kept.backup", now=NOW, made=True)
    home.store.close()
    shutil.rmtree(folder / "kept")
    old_home(folder / "old")


def run(point: Point, base: Path, place: Path, *, crowd: bool = True) -> tuple[list[str], bool, int]:
    """What is not as it must be after this point, whether the act was killed before its end, acks."""
    shutil.copytree(base, place)
    folder = place / "desk"

    def act(ack: Callable[..., None]) -> None:
        if point.step:
            watch(Steps(point.step))
        ACTS[point.act](home_at(folder), ack)

    others = [Child.start(lambda ack, do=do: do(home_at(folder), ack)) for do in ((writer, reader) if crowd else ())]  # type: ignore[misc]
    mine = Child.start(act)
    status = mine.end(kill=not point.step, after=point.delay)
    for other in others:
        other.end()
    acks = [ack for child in (mine, *others) for ack in child.acks]
    checking = Child.start(lambda ack: [ack("trouble", one) for one in violations(folder, point.act, acks)] and None)
    checking.end(kill=False, most=120)
    found = [ack[1] for ack in checking.acks]
    shutil.rmtree(place)
    return found, os.WIFSIGNALED(status), len(acks)


def main(argv: list[str] | None = None) -> int:
    """Run points and print one line for each that found something, then a summary."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="one act")
    asked.add_argument("--step", type=int, default=0, help="with --only: this very step")
    asked.add_argument("--measure", action="store_true", help="print how many steps and seconds each act takes")
    given = asked.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        base = Path(name) / "base"
        base.mkdir()
        for make in (prepare, prepare_old):
            child = Child.start(lambda ack, make=make: make(base))  # type: ignore[misc]
            if child.end(kill=False, most=300):
                print_("the home to kill cannot be made:", child.acks)
                return 2
        if given.measure:
            return _measure(base, Path(name))
        todo = [
            p for p in points(given.points * (len(ACTS) if given.only else 1), given.seed) if given.only in ("", p.act)
        ]
        todo = [Point(given.only, given.step, 0)] if given.step else todo
        bad, killed, acks, per = 0, 0, 0, Counter[str]()
        for at, point in enumerate(todo):
            found, ended, said = run(point, base, Path(name) / f"point-{at}")
            killed, acks = killed + ended, acks + said
            per[point.act] += 1
            bad += bool(found)
            if found:
                print_(f"{point}: {'; '.join(found)}")
        print_(json.dumps({"points": len(todo), "killed": killed, "acks": acks, "violated": bad, "per_act": per}))
    return int(bad > 0)


def _measure(base: Path, place: Path) -> int:
    for act in ACTS:
        shutil.copytree(base, place / act)

        def work(ack: Callable[..., None], act: str = act) -> None:
            steps = Steps()
            watch(steps)
            begun = time.monotonic()
            ACTS[act](home_at(place / act / "desk"), lambda *_: None)
            ack("took", steps.count, round(time.monotonic() - begun, 2))

        child = Child.start(work)
        child.end(kill=False)
        print_(act, child.acks)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
