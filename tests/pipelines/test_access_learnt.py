"""What was learnt while records were for everybody is withheld once they are not, and gone after the next learning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kb.access import Rule
from kb.desk.manager import WITHHELD
from kb.records import EVERYONE, Ticket, Viewer
from kb.text import prepare
from pipelines import index, patterns
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = "zqvortexplan"
SAID = {"Mail": "Outlook asks for the password again", "Board": f"Folder of the {CANARY} cannot be opened"}


def test_a_name_made_with_tickets_that_became_restricted_is_withheld_and_gone_after_the_next_grouping(
    tmp_path: Path,
) -> None:
    home = Home(Settings(tmp_path / "desk", embedder="hashing", threads=1))
    home.create()
    made = []
    for kind, text in SAID.items():
        for i in range(10):
            said = text if i > 3 else text.replace(CANARY, "archive")
            at = START + timedelta(days=i)
            made.append(Ticket("t", f"{kind}{i}", said, f"{said}, case {i}", category=kind, opened_at=at))
    home.store.write("ticket", [prepare(one) for one in made])
    index.build(home)
    patterns.find(home)
    desk = desk_of(home)
    before = desk.patterns(viewer=EVERYONE)
    assert any(CANARY in repr(one).casefold() for one in before)
    assert WITHHELD not in desk.warnings()
    home.store.write(
        "ticket", [prepare(Ticket("t", "Mail0", SAID["Mail"], "changed", category="Mail", opened_at=START))]
    )
    home.store.apply_access([Rule("words", tuple(f"case {i}" for i in range(4, 10)), ("Board",))])
    shown = desk.patterns(viewer=EVERYONE)
    assert len(shown) == len(before)
    assert "password" in repr(shown).casefold(), "other names stay"
    assert CANARY not in repr(shown).casefold()
    board = Viewer("b", frozenset({"Board"}))
    assert CANARY in repr(desk.patterns(viewer=board)).casefold(), "who sees all of it reads its name"
    assert WITHHELD in desk.warnings()
    assert CANARY not in repr(desk.retired_patterns(viewer=EVERYONE)).casefold()
    home.store.apply_access([Rule("category", ("Board",), ("Board",))])
    assert len(desk.patterns(viewer=EVERYONE)) == len(before) - 1
    assert len(desk.patterns(viewer=board)) == len(before)
    patterns.find(home)
    generation, _ = home.made.current("patterns")
    blob = b"".join(file.read_bytes() for file in generation.folder.rglob("*") if file.is_file())
    assert CANARY.encode() not in blob.lower()
    assert b"password" in blob.lower()
    again = desk_of(home)
    assert WITHHELD not in again.warnings()
    home.store.close()
