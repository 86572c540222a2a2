"""How is the desk? What it holds, how fresh it is, how well the models know it, and what to run next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kb.desk import Desk
from kb.records import Viewer
from kb.roles import LOCAL
from kb.screens.chrome import commands_in, empty, head, remembered, with_commands
from kb.screens.paper import Node, copier, div, el, meter, sheet, span
from kb.screens.patterns import known
from kb.screens.wording import ago, count, day, moment, now, share, target

MEASURED = (
    "Measured on tickets the model had not learnt from. Macro-F1 counts every value alike; "
    "calibration error is how far a stated confidence is from how often it is right."
)


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the state of the desk."""
    counts = desk.counts(viewer=viewer)
    warned = desk.warnings()
    patterns = known(desk, viewer)
    newest = remembered(desk, viewer, "newest", lambda: _newest(desk, viewer))
    figures = [
        (f"{counts.get('tickets', 0):,}", "past and open tickets"),
        (f"{counts.get('articles', 0):,}", "knowledge articles"),
        (f"{counts.get('links', 0):,}", "answers linked to tickets"),
        (f"{len(patterns):,}", "patterns"),
        (ago(newest, to=now()) or "—", f"newest ticket{', ' + day(newest) if newest else ''}"),
    ]
    sheet(
        "desk",
        head(
            "How is the desk?", "All is built and fresh." if not warned else f"{count(len(warned), 'thing')} to mend."
        ),
        _mending(warned),
        div("figures", *(div("figure", el("strong", "", big), span("", small)) for big, small in figures)),
        _learnt(desk.facts.get("models")),
        _built(desk, viewer),
        _imports(desk, viewer),
    )


def _mending(warned: tuple[str, ...]) -> Node:
    """Each warning with the command that mends it, ready to copy."""
    if not warned:
        return None
    rows: list[Node] = [
        div(
            "note row",
            span("", *with_commands(sentence)),
            *(copier("Copy command", text) for text in commands_in(sentence)[:1]),
        )
        for sentence in warned
    ]
    return div("notes", *rows)


def _learnt(models: Any) -> Node:
    title = el("h2", "", "What it has learnt")
    if not isinstance(models, Mapping) or not isinstance(models.get("targets"), Mapping):
        return el(
            "section",
            "gap",
            div("title-row", title),
            empty("Nothing is learnt yet.", "Learn from your resolved tickets: `seenbefore train`"),
        )
    said = span("soft small", f"from {count(int(models.get('tickets', 0)), 'ticket')} · {models.get('name', '')}")
    heads = ("Target", "Values", "Right", "Macro-F1", "Calibration error", "Could answer, 95 % right")
    rows = [_target(name, facts) for name, facts in models["targets"].items() if isinstance(facts, Mapping)]
    rows += [
        el("tr", "", el("td", "", target(name)), el("td", "soft", str(why), colspan=5))
        for name, why in dict(models.get("missing", {})).items()
    ]
    below = el("p", "small soft block-s", MEASURED)
    return el("section", "gap", div("title-row", title, said), _table(heads, rows, words=1), below)


def _target(name: str, facts: Mapping[str, Any]) -> dict[str, object]:
    held = _part(facts, "held_out")
    covered = _share(held.get("coverage@0.95"))
    return el(
        "tr", "",
        el("td", "", el("strong", "", target(name))),
        el("td", "right", f"{len(facts.get('classes', ())):,}"),
        el("td", "right", _shared(held.get("accuracy"))),
        el("td", "right", _figure(held, "macro_f1")),
        el("td", "right", _figure(held, "ece")),
        el("td", "right", *( [meter(covered), " ", share(covered)] if covered is not None else ["—"])),
    )  # fmt: skip


def _built(desk: Desk, viewer: Viewer) -> dict[str, object]:
    title = div("title-row", el("h2", "", "How it is built"))
    index, patterns = _part(desk.facts, "index"), _part(desk.facts, "patterns")
    pairs = {
        "Home": str(desk.facts.get("home", "")),
        "Store": str(desk.facts.get("store", "")),
        "Embedder": str(desk.facts.get("embedder", "")),
        "Index": _generation(index),
        "Cut texts": f"{index['cut']:,} longer than the embedder reads; their end is found by its words"
        if index.get("cut") and (viewer.sees_all or LOCAL in viewer.roles)  # counted over records not all may see
        else "",
        "Models": _generation(_part(desk.facts, "models")),
        "Patterns": _generation(patterns),
        "In no pattern": share(float(patterns["noise_share"])) if "noise_share" in patterns else "",
    }
    rows: list[Node] = []
    for name, text in pairs.items():
        if text:
            rows += [el("dt", "", name), el("dd", "mono", text)]
    return el("section", "gap", title, div("card", el("dl", "list", *rows)))


def _imports(desk: Desk, viewer: Viewer) -> Node:
    """When what kind of file came in; its name and counts only for who may see every record."""
    done = desk.imports(viewer=viewer)
    title = div("title-row", el("h2", "", "What came in"))
    if not done:
        return el("section", "gap", title, el("p", "soft", "Nothing was imported yet."))
    words = {"at": "When", "kind": "Kind", "file": "File"}
    figures = {"added": "New", "updated": "Changed", "unchanged": "Same", "rejected": "Refused"}
    told = [name for name in (*words, *figures) if name in done[0]]
    rows = [_import(one, told) for one in done]
    table = _table([{**words, **figures}[name] for name in told], rows, words=len(words))
    said = el("p", "small soft block-s", *with_commands("Names of files and what each changed: `seenbefore doctor`"))
    return el("section", "gap", title, table, said)


def _import(one: Mapping[str, Any], told: Sequence[str]) -> Node:
    cells: list[Node] = []
    for name in told:
        value = one[name]
        if name == "at":
            value = moment(datetime.fromtimestamp(int(value), UTC)) if value else ""
        cells.append(el("td", "right", f"{value:,}") if isinstance(value, int) else el("td", "", str(value)[:120]))
    return el("tr", "", *cells)


def _table(heads: Sequence[str], rows: Sequence[Node], *, words: int) -> Node:
    """A table whose first ``words`` columns are words and the others figures."""
    named = [el("th", "" if at < words else "right", head) for at, head in enumerate(heads)]
    table = el("table", "table", el("thead", "", el("tr", "", *named)), el("tbody", "", *rows))
    return div("card scroll", table)


def _newest(desk: Desk, viewer: Viewer) -> datetime | None:
    """When the newest ticket this viewer may see was opened."""
    columns = desk.shelves.now().pools["ticket"].columns
    opened = columns.numbers["opened"][columns.visible(viewer)] if len(columns) else ()
    last = int(max(opened, default=0))
    return datetime.fromtimestamp(last, UTC) if last else None


def _generation(facts: Mapping[str, Any]) -> str:
    """When a generation was made, from the stamp in its name."""
    stamp = str(facts.get("name", "")).rsplit("-", 1)[-1]
    try:
        return moment(datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return stamp


def _part(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def _figure(facts: Mapping[str, Any], name: str) -> str:
    found = facts.get(name)
    return f"{found:.3f}".lstrip("0") if isinstance(found, int | float) else "—"


def _share(found: Any) -> float | None:
    return float(found) if isinstance(found, int | float) and found == found else None


def _shared(found: Any) -> str:
    value = _share(found)
    return "—" if value is None else share(value)
