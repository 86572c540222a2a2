"""What became of one record: marks, corrections and links, newest first, and what was taken back struck through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.desk import Desk
from kb.records import Correction, Link, Mark, Problem, ProblemChange, Record, Ref, Ticket, Viewer
from kb.rows import moment
from kb.screens import hits
from kb.screens.chrome import remembered
from kb.screens.paper import Node, button, div, el, fold, link, span
from kb.screens.wording import day, target, value

SHOWN = 8
_LONG = 60
"""Characters of a changed text that are shown."""
_DAWN = datetime(1970, 1, 1, tzinfo=UTC)
_DONE: Mapping[str, str] = {"accepted": "accepted", "replaced": "corrected to", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime | None
    words: Node
    by: str = ""
    undone: str = ""
    """Who took it back and when, in words; "" where it stands."""
    mark: int = 0
    """What "Undo" takes back; 0 where nothing can be."""
    change: int = 0
    """The same where it is a change of a problem."""


def section(desk: Desk, viewer: Viewer, record: Record, linked: Sequence[tuple[Link, Record]] = ()) -> Node:
    """The history of a record; ``linked`` are the targets a ticket was linked to."""
    entries = remembered(desk, viewer, ("history", record.ref), lambda: _entries(desk, viewer, record, linked))
    if not entries:
        return None
    rows = [_row(record.ref, entry) for entry in entries]
    rest = rows[SHOWN:]
    return el(
        "section", "block", el("h2", "kicker", "History"), el("ul", "lines tight history", *rows[:SHOWN]),
        fold(f"{len(rest)} earlier", el("ul", "lines tight history", *rest), name="history") if rest else None,
        label="History",
    )  # fmt: skip


def _entries(
    desk: Desk, viewer: Viewer, record: Record, linked: Sequence[tuple[Link, Record]]
) -> list[_Entry]:  # fmt: skip
    marks = desk.marks_of(record, viewer=viewer)
    found = [_of_mark(record.ref, mark) for mark in marks]
    told = {(mark.target, mark.by) for mark in marks if mark.said == "fixed"}
    for made, one in linked:
        if made.origin != "person" or (one.ref, made.by) not in told:
            by = made.by or ("an import" if made.origin == "import" else made.origin)
            found.append(_Entry(made.linked_at, ["Linked to ", _to(one.ref)], by))
    if isinstance(record, Problem):
        found += [_of_change(record, one) for one in desk.problem_history(record, viewer=viewer)]
    if isinstance(record, Ticket):
        found += [_of_correction(one) for one in desk.corrections_of(record, viewer=viewer)]
    return sorted(found, key=lambda one: one.at or _DAWN, reverse=True)


def _row(ref: Ref, entry: _Entry) -> dict[str, object]:
    facts = [text for text in (entry.by and f"by {entry.by}", day(entry.at), entry.undone) if text]
    undo = None
    if entry.mark:
        undo = button("Undo", "undo", "quiet", id=str(entry.mark), kind=ref.kind, source=ref.source, number=ref.number)
    if entry.change:
        undo = button("Undo", "undo-change", "quiet", id=str(entry.change))
    words = el("span", "struck" if entry.undone else "", entry.words)
    return el("li", "row tight", words, div("facts", *(span("", text) for text in facts)), span("push", undo))


def _of_mark(here: Ref, mark: Mark) -> _Entry:
    undone = ""
    if mark.undone_at is not None:
        undone = " ".join(text for text in ("taken back", mark.undone_by and f"by {mark.undone_by}",
                                            day(mark.undone_at)) if text)  # fmt: skip
    standing = mark.id if mark.id is not None and not undone and mark.said != "edit" else 0
    return _Entry(mark.at, _words(here, mark), mark.by, undone, standing)


def _of_change(here: Problem, change: ProblemChange) -> _Entry:
    """A change of a problem; what was merged into it is taken back there."""
    undone = ""
    if change.undone_at is not None:
        undone = " ".join(text for text in ("taken back", change.undone_by and f"by {change.undone_by}",
                                            day(change.undone_at)) if text)  # fmt: skip
    may = change.problem == here.ref and change.what not in ("created", "import") and not undone
    by = change.by or ("an export" if change.what == "import" else "")
    why: Node = f" “{_short(change.why)}”" if change.why else None
    return _Entry(change.at, [_changed(here, change), why], by, undone, change=change.id if may else 0)


def _changed(here: Problem, change: ProblemChange) -> Node:
    if change.what == "created":
        return "Made from a pattern" if change.after.get("pattern") else "Made"
    if change.what in ("link", "unlink") and change.target is not None:
        return [_to(change.target), " linked" if change.what == "link" else " taken off"]
    if change.what == "merge" and change.target is not None:
        if change.target == here.ref:
            return [_to(change.problem), " was merged into this"]
        return ["Merged into ", _to(change.target)]
    return [["; " if at else "", _field(name, change)] for at, name in enumerate(change.after)]


def _field(name: str, change: ProblemChange) -> Node:
    """One field from what it was to what it is; long texts by their first words, the whole on hover."""
    pair = [_value(name, side.get(name)) for side in (change.before, change.after)]
    shown = [el("em", "", _clipped(text), title=text) if len(text) > _LONG else text for text in pair]
    return [f"{name.replace('_', ' ').capitalize()}: ", shown[0] or "nothing", " → ", shown[1] or "nothing"]


def _value(name: str, value: str | int | None) -> str:
    if name == "resolved_at":
        return day(moment(value)) if isinstance(value, int) else ""
    return "" if value is None else " ".join(str(value).split())


def _clipped(text: str) -> str:
    return text[:_LONG].rpartition(" ")[0] + " …"


def _words(here: Ref, mark: Mark) -> Node:
    what: Node = "This" if mark.target == here else _to(mark.target)
    to: Node = f" “{_short(mark.question)}”" if mark.question else ""
    if mark.ticket is not None:
        to = " this" if mark.ticket == here else [" ", _to(mark.ticket)]
    if mark.said == "fixed":
        return [what, " fixed", to or " it"]
    if mark.said in ("helpful", "not helpful"):
        return [what, f" is {mark.said}", [" for", to] if to else ""]
    if mark.said == "flag":
        return ["Flagged: ", mark.note]
    if mark.said in ("state", "owner"):
        return [f"{mark.said.capitalize()} set to {mark.note or 'nothing'}"]
    return ["Edited", f": {mark.note}" if mark.note else ""]


def _short(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= 90 else words[:90].rpartition(" ")[0] + " …"


def _of_correction(one: Correction) -> _Entry:
    chosen = value(one.target, one.chosen) if one.chosen else ""
    return _Entry(one.at, f"{target(one.target)} {_DONE[one.action]} {chosen}".strip(), one.by)


def _to(ref: Ref) -> dict[str, object]:
    return link(span("number", ref.number), "search", **{ref.kind: ref.number, "source": ref.source})


def answered(pairs: Sequence[tuple[Link, Record]], title: str, *, most: int = 6) -> Node:
    """Records at the other end of links, the newest link first; what is beyond ``most`` folds away."""
    if not pairs:
        return None
    rows = [_linked(made, one) for made, one in pairs]
    rest = rows[most:]
    return el(
        "section", "block", el("h2", "kicker", f"{title} · {len(pairs)}" if len(pairs) > 1 else title),
        el("ul", "lines tight", *rows[:most]),
        fold(f"{len(rest)} more", el("ul", "lines tight", *rest), name=f"linked:{title}") if rest else None,
        label=title,
    )  # fmt: skip


def _linked(made: Link, one: Record) -> dict[str, object]:
    shown = (one.ref.kind if one.ref.kind != "ticket" else one.state or "", made.by and f"by {made.by}",
             day(made.linked_at))  # fmt: skip
    return el("li", "", div("", link(one.title or one.number, "search", **hits.here(one))),
              div("facts", span("", span("number", one.number)), *(span("", t) for t in shown if t)))  # fmt: skip
