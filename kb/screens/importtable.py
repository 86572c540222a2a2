"""What was understood of an export, as tables a person can correct: columns, states, lines, questions, a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from kb.records import STATES, Article, Problem, Ticket
from kb.screens.paper import Node, Told, choice, div, el, form, span, submit
from kb.screens.paper import field as entry
from kb.screens.wording import moment
from kb.tables import Column, LinkRow, Understanding, presets
from kb.tables import values as reading
from kb.tables.guessing import SURE
from kb.tables.mapping import LEVELS, TARGETS
from kb.tables.settings import DateOrder, Direction
from kb.tables.wizard import Said

NAMES: Mapping[str, str] = {
    "number": "Number", "title": "Title", "body": "Description", "opened_at": "Opened", "resolved_at": "Resolved",
    "closed_at": "Closed", "state": "State", "category": "Category", "subcategory": "Subcategory", "impact": "Impact",
    "urgency": "Urgency", "priority": "Priority", "assignment_group": "Group", "assigned_to": "Assigned to",
    "line": "Line", "service": "Service", "ci": "Configuration item", "caller": "Caller", "vip": "VIP",
    "resolution": "What fixed it",
    "notes": "Work notes", "close_code": "Close code", "made_sla": "Within SLA", "audience": "Who may see it",
}  # fmt: skip
ENCODINGS = (
    "utf-8",
    "utf-16",
    "cp1252",
    "cp1250",
    "cp1251",
    "iso8859-15",
    "cp850",
    "mac-roman",
    "shift_jis",
    "gb18030",
)
"""What a person may choose where the letters look wrong."""
_ANSWERS = {"highest": "1 is the highest", "lowest": "1 is the lowest"}
_LIKELY = 0.7


def name_of(target: str) -> str:
    """What a field of ours is called on the screen."""
    return NAMES.get(target, target.replace("_", " ").capitalize())


def summary(found: Understanding, name: str, chosen: str, own: Sequence[str], encoding: str) -> Node:
    """What the file is, and the preset it was read with."""
    form_ = " · ".join(part for part in (found.format.upper(), found.encoding, f"“{found.delimiter}”"
                                         if found.delimiter and found.delimiter.strip() else "") if part)  # fmt: skip
    said = found.preset.name == "your answers"
    best = f"Best match: {found.preset.title}" if not chosen else "Best match"
    known = [("", best), *((one, one) for one in own), *((one.name, one.title) for one in presets())]
    pick = form("preset", choice("with", "Read with", chosen, known, sends=True))
    facts = div("facts", span("", f"{name_of(found.kind)} from {found.source}"), span("", form_),
                span("", f"Dates: {found.dates_why}"))  # fmt: skip
    zone = entry("timezone", "Time zone of times without one", _zone(found), hint="UTC, or Europe/Berlin", most=60)
    tool = entry("source", "Name of the tool", found.source, most=40)
    coded = [("", f"As found: {found.encoding}"), *((one, one) for one in ENCODINGS)]
    letters = form("encoding", choice("as", "Encoding", encoding, coded, sends=True)) if found.encoding else None
    own_words = form("said", tool, zone, submit("Set", ""), look="row i-end")
    now = el("p", "small soft", "Read as you said below.") if said else None
    top = div("row", el("h2", "", name), div("push", pick))
    return el("section", "gap-s", top, facts, now, div("row i-end block-s", own_words, letters))


def questions(found: Understanding) -> Node:
    """What only a person can say, each with its answers; nothing where nothing is open."""
    rows: list[Node] = []
    for question in found.questions:
        if question.about in LEVELS:
            options = [("", "Not said yet"), *_ANSWERS.items()]
            rows.append(
                _question(question.sentence, f"one:{question.about}", options, found.values.get(question.about, ()))
            )
        elif question.about == "dates":
            options = [("", "Not said yet"), ("day", "Day first"), ("month", "Month first")]
            column = next((one for one in found.columns if one.target.endswith("_at") and one.samples), None)
            rows.append(
                _question(
                    question.sentence, "dates", options, [(value, 0) for value in column.samples] if column else ()
                )
            )
    if not rows:
        return None
    return el("section", "gap-s card i-asked", el("h2", "", "Only you can say"), *rows)


def _question(sentence: str, name: str, options: Sequence[tuple[str, str]], seen: Sequence[tuple[str, int]]) -> Node:
    shown = ", ".join(value[:40] for value, _ in seen[:8])
    inside = span("soft small", f" In the file: {shown}.") if shown else None
    answer = choice(name, sentence, "", options, sends=True, hide=True)
    return form("said", div("row", span("i-words", sentence, inside), answer), look="block-s")


def columns(found: Understanding) -> Node:
    """Every column with three values, what it becomes, and how sure that is."""
    options = [("", "Kept as it is"), *((target, name_of(target)) for target in TARGETS[found.kind])]
    heads = [el("th", "", name) for name in ("Column", "In the file", "Becomes", "How sure")]
    rows = [_column(at, column, options) for at, column in enumerate(found.columns)
            if not column.note.startswith("joined with")]  # fmt: skip
    table = el("table", "table i-table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows))
    return el("section", "gap", el("h2", "", "Columns"), form("said", div("card scroll block-s", table)))


def _column(at: int, column: Column, options: Sequence[tuple[str, str]]) -> Node:
    inside = " | ".join(value[:40] for value in column.samples) or "empty"
    becomes = choice(f"map:{at}", f"What {column.name[:60]} becomes", column.target, options, sends=True, hide=True)
    return el("tr", "", el("td", "i-name", column.name[:80]), el("td", "soft small i-values", inside, _noted(column)),
              el("td", "", becomes), el("td", "", _sure(column)))  # fmt: skip


def _noted(column: Column) -> Node:
    return span("i-noted", f" ({column.note})") if column.note and column.samples else None


def _sure(column: Column) -> Node:
    if not column.target:
        return span("soft small", "")
    share = f"{column.confidence:.0%}".replace("%", "\u00a0%")
    if column.confidence >= SURE:
        return span("chip good", share, title=column.why)
    if column.confidence >= _LIKELY:
        return span("chip mid", share, title=column.why)
    return span("chip warned", f"{share}, look", title=column.why)


def states(found: Understanding) -> Node:
    """The tool's words for states and what each becomes."""
    words = found.values.get("state", ())
    if found.kind != "tickets" or not words:
        return None
    rows = [_value(f"state:{at}", word, times, _state(found, word), [(one, one.capitalize()) for one in STATES])
            for at, (word, times) in enumerate(words)]  # fmt: skip
    return el("section", "gap", el("h2", "", "States"), form("said", div("card i-grid block-s", *rows)))


def _state(found: Understanding, word: str) -> str:
    try:
        return reading.state(word, found.preset.states)
    except ValueError:
        return ""


def lines(found: Understanding) -> Node:
    """The groups, and which of them are the first line; or the words of a column that says it."""
    if found.kind != "tickets" or not ("line" in found.mapping or found.values.get("assignment_group")):
        return None
    options = [("1", "First line"), ("2", "Second line")]
    if "line" in found.mapping:
        rows = [_value(f"word:{at}", word, times, _line(found, word), options)
                for at, (word, times) in enumerate(found.values.get("line", ()))]  # fmt: skip
    else:
        first = {group.casefold() for group in found.first_line}

        def now(group: str) -> str:
            return ("1" if group.casefold() in first else "2") if first else ""

        rows = [_value(f"group:{at}", group, times, now(group), options)
                for at, (group, times) in enumerate(found.values["assignment_group"])]  # fmt: skip
    why = "Which groups take calls first? The others are the second line." if "line" not in found.mapping else ""
    return el("section", "gap", el("h2", "", "First and second line"), el("p", "soft", why) if why else None,
              form("said", div("card i-grid block-s", *rows)))  # fmt: skip


def _line(found: Understanding, word: str) -> str:
    try:
        return str(reading.line(word, found.preset.lines))
    except ValueError:
        return ""


def _value(name: str, word: str, times: int, now: str, options: Sequence[tuple[str, str]]) -> Node:
    every = [*([("", "Not said")] if not now else []), *options]
    return div("i-value", span("", word[:60], span("soft small", f"  {times:,}×")),
               choice(name, f"What {word[:60]} means", now, every, sends=True, hide=True))  # fmt: skip


def preview(found: Understanding) -> Node:
    """The first five records as they would be stored."""
    if not found.samples:
        return None
    shown = ("number", "title", "opened_at", "state", "priority", "assignment_group", "line", "resolution")
    others = {
        "articles": ("number", "title", "state", "category", "body"),
        "problems": ("number", "title", "state", "workaround"),
        "links": ("ticket", "target_kind", "target"),
    }
    names = others.get(found.kind, shown)
    heads = [el("th", "", name_of(name)) for name in names]
    rows = [el("tr", "", *(el("td", "", _cell(one, name)) for name in names)) for one in found.samples]
    table = el("table", "table i-preview", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows))
    return el("section", "gap", el("h2", "", "As it would be stored"), div("card scroll block-s", table))


def _cell(one: Ticket | Article | Problem | LinkRow, name: str) -> str:
    value = getattr(one, name, "")
    if value is None or value == "":
        return "—"
    return moment(value) if isinstance(value, datetime) else str(value)[:90]


def heard(found: Understanding, said: Said, sent: Told) -> Said:
    """What was said before, and what a form of this page says now."""
    groups = found.values.get("assignment_group", ())
    ones = {at: value for key, value in sent.items()
            if (at := key.removeprefix("one:")) in LEVELS and value in _ANSWERS}  # fmt: skip
    dates, source = sent.get("dates"), " ".join(sent.get("source", "").split())[:40]
    zone = sent.get("timezone")
    return replace(
        said,
        columns=_columns_heard(found, said, sent),
        states={**said.states, **_words_heard("state", found.values.get("state", ()), sent)},
        lines={**said.lines, **_words_heard("group", groups, sent)},
        words={**said.words, **_words_heard("word", found.values.get("line", ()), sent)},
        ones={**said.ones, **cast("dict[str, Direction]", ones)},
        dates=cast("DateOrder", dates) if dates in ("day", "month") else said.dates,
        source=source if source and source != found.source else said.source,
        timezone=said.timezone if zone is None or zone.strip() == _zone(found) else zone.strip()[:60] or "UTC",
    )


def _words_heard(kind: str, values: Sequence[tuple[str, int]], sent: Told) -> dict[str, str]:
    """The tool's words with what a form gives for each; those left open are left out."""
    given = {word: sent.get(f"{kind}:{at}", "") for at, (word, _) in enumerate(values)}
    return {word: value for word, value in given.items() if value}


def _columns_heard(found: Understanding, said: Said, sent: Told) -> dict[str, str]:
    """What each column becomes; where a field moves to another column, the one that had it is kept as it is."""
    mapped = dict(said.columns)
    for at, column in enumerate(found.columns):
        value = sent.get(f"map:{at}", column.target)
        if value == column.target:
            continue
        mapped[column.name] = value
        for other in found.columns if value else ():
            if other.name != column.name and mapped.get(other.name, other.target) == value:
                mapped[other.name] = ""
    return mapped


def _zone(found: Understanding) -> str:
    return str(getattr(found.zone, "key", ""))
