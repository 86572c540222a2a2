"""Erase a ticket or a person: from the store, from everything made of it, from reports, and prove that it is gone."""

from __future__ import annotations

from dataclasses import dataclass

from kb.database import LOCKS
from kb.erasing import Erased
from kb.errors import BadSetting, NotFound
from kb.records import Ref
from pipelines.backup import remembered
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.privacy import drop, remake
from pipelines.prove import Proof, holds, prove

_ALWAYS = (".pdf", ".xlsx", ".html")
"""Reports whose words are packed or set letter by letter: they can be made again, so they go."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one command did."""

    erased: Erased
    notes: tuple[str, ...]
    dropped: tuple[str, ...]
    """Files in the home that held something of it and are gone."""
    proof: Proof | None

    @property
    def is_proved(self) -> bool:
        """Whether every byte was looked at and nothing was found."""
        return self.proof is not None and not self.proof.found and not self.proof.unread


def erase_ticket(
    home: Home, number: str, *, source: str = "", say: Say = quiet, rebuild: bool = True, proving: bool = True
) -> Done:
    """Erase one ticket. Raises ``NotFound``, or ``BadSetting`` where two tools have a ticket of this number."""
    taken_up = finish(home, say=say, rebuild=rebuild, proving=proving)
    known = home.store.sources("ticket", [number]).get(number, [])
    if not known and taken_up is not None and number in taken_up.erased.traces:
        return taken_up
    if not known or (source and source not in known):
        raise NotFound(f"No ticket {number[:80]!r} here that you may see.")
    if len(known) > 1 and not source:
        raise BadSetting(f"{number[:80]} is in {', '.join(known)}: say which with --source.")
    return _finish(home, home.store.erase_tickets([Ref("ticket", source or known[0], number)]), say, rebuild, proving)


def erase_person(home: Home, who: str, *, say: Say = quiet, rebuild: bool = True, proving: bool = True) -> Done:
    """Take one person out of everything. Raises ``BadSetting`` for a name of one word."""
    finish(home, say=say, rebuild=False, proving=False)  # what is made anew is made below
    return _finish(home, home.store.erase_person(who), say, rebuild, proving)


def finish(home: Home, *, say: Say = quiet, rebuild: bool = True, proving: bool = True) -> Done | None:
    """Take up an erasure that was stopped after the store forgot and before everything made did; ``None`` where none
    was."""
    traces = home.store.erasing()
    return None if traces is None else _finish(home, Erased(0, 0, 0, traces), say, rebuild, proving)


def _finish(home: Home, erased: Erased, say: Say, rebuild: bool, proving: bool) -> Done:
    home.store.forget_replays()
    home.store.note("deleted", detail={"what": "erased", "records": erased.records, "changed": erased.changed})
    notes = remake(home, say=say, rebuild=rebuild)
    dropped = _reports(home, erased.traces)
    home.store.end_erasing(shrunk=False)
    if home.store.shrink():
        home.store.end_erasing(shrunk=True)
    else:
        notes.append("Another process has the store open: stop `seenbefore serve`, then run `seenbefore erase finish`.")
    if home.store.is_shared:
        notes.append("The store is a database server: its own backups and logs are not ours to clean.")
    notes += _backups(home)
    if not proving:
        return Done(erased, tuple(notes), tuple(dropped), None)
    proof = prove(home.folder, erased.traces, say=say)
    parts = sorted(
        {trace.file.split("/")[1].partition("-")[0] for trace in proof.found if trace.file.startswith("made/")}
    )
    if parts:
        drop(home, parts)
        notes += [f"The {part} made anew still had words of it and was dropped: make it again later." for part in parts]
        proof = prove(home.folder, erased.traces, say=say)
    return Done(erased, tuple(notes), tuple(dropped), proof)


def _backups(home: Home) -> list[str]:
    """What to say of backups, which cannot be reached into."""
    known = remembered(home.store)
    if not known:
        return []
    where = "; ".join(f"{file} ({at:%Y-%m-%d})" for file, at in known)
    return [f"Backups written before this still hold it: make a new one and delete these: {where}."]


def _reports(home: Home, traces: tuple[str, ...]) -> list[str]:
    """Delete reports and exports in the home that hold something of it."""
    ours = ("knowledge.db", "made")
    files = [
        p for p in home.folder.rglob("*") if p.is_file() and not p.relative_to(home.folder).parts[0].startswith(ours)
    ]
    gone = []
    for path in sorted(files):
        if path.name in LOCKS:
            continue
        if path.suffix.lower() in _ALWAYS or holds(path, traces):
            path.unlink(missing_ok=True)
            gone.append(path.relative_to(home.folder).as_posix())
    return gone
