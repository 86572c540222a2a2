"""A desk so small that everything about it takes moments: for tests that break it hundreds of times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kb.records import EVERYONE, Article, Correction, Link, Ref, Ticket
from kb.text import prepare
from pipelines import index, patterns, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

KINDS = ("vpn tunnel", "printer toner", "outlook password", "laptop battery")
QUESTIONS = ("vpn tunnel drops", "printer toner number5", "outlook password again", "T0017")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def number_of(n: int, prefix: str = "T") -> str:
    """The number of the n-th ticket."""
    return f"{prefix}{n:04d}"


def ticket(n: int, prefix: str = "T", words: str = "") -> Ticket:
    """The n-th ticket; The third is mentioned in the fourth."""
    kind = KINDS[n % len(KINDS)]
    body = words or f"it does not work at place {prefix.lower()}-{n:04d}" + (
        f", see {number_of(3, prefix)}" if n == 4 else ""
    )
    at = NOW - timedelta(days=200 - n % 150)
    return prepare(Ticket("desk", number_of(n, prefix), title=f"{kind} number{n}", body=body, category=kind, state="closed",
                          opened_at=at, resolved_at=at + timedelta(hours=4), resolution=f"restarted the {kind}"))  # fmt: skip


def home_at(folder: Path) -> Home:
    """The home in a folder, with the embedder that needs nothing."""
    return Home(Settings(folder, embedder="hashing"))


def small_home(folder: Path, *, n: int = 48, made: bool = True) -> Home:
    """A home with a few tickets, an article, a link, a correction and a setting; everything built."""
    home = home_at(folder)
    home.create()
    home.store.write("ticket", [ticket(i) for i in range(n)])
    home.store.write("article", [prepare(Article("desk", "KB1", title="Restart the tunnel", body="Restart it."))])
    home.store.link([Link(Ref("ticket", "desk", number_of(1)), Ref("article", "desk", "KB1"), NOW)])
    home.store.correct(Correction(Ref("ticket", "desk", number_of(2)), "category", "a", "vpn tunnel", "replaced"))
    home.store.set("sure", "0.7", by="ann")
    if made:
        index.build(home)
        train.train(home)
        patterns.find(home)
    return home


def answers(home: Home) -> list[tuple[str, list[tuple[str, float]]]]:
    """What the desk says to a few questions: numbers and relevance."""
    desk = desk_of(home)
    return [(q, [(hit.record.number, round(hit.relevance or 0, 6)) for hit in desk.search(q, viewer=EVERYONE).hits])
            for q in QUESTIONS]  # fmt: skip


def rows_of(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the log and who is signed in."""
    import sqlite3

    with sqlite3.connect(home.folder / "knowledge.db") as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        left = {"audit", "actors", "sessions", "sqlite_sequence"}
        found = {
            name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names if name not in left
        }
    db.close()
    return found
