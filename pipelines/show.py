"""How answers look in a terminal: quiet tables, the fix first, the same facts that ``--json`` prints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from kb.records import Pattern, Suggestion

out = Console(highlight=False)
if not out.is_terminal:
    out = Console(highlight=False, width=150)
err = Console(stderr=True, highlight=False)


def say_json(value: object) -> None:
    """Print a value as JSON, the only thing on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def line(text: str, *, style: str = "") -> None:
    """One line of plain text; what stands in it is never read as markup."""
    out.print(Text(text, style=style), soft_wrap=True)


def problem(text: str) -> None:
    """One sentence on standard error."""
    err.print(Text(text, style="bold red"), soft_wrap=True)


@contextlib.contextmanager
def bars() -> Iterator[Any]:
    """A progress bar for each kind of work named; yields a function (what, done, total)."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=not err.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def say(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield say


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """A small table; cells are drawn as plain text."""
    drawn = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim"
    )
    for i, head in enumerate(heads):
        drawn.add_column(head, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    out.print(drawn)


# --- triage and patterns -------------------------------------------------------------------------------------------


def show_suggestion(suggestion: Suggestion) -> None:
    """One ticket's suggestion, silence with its reason."""
    ticket = suggestion.ticket
    line(f"\n{ticket.number or 'This text'}: {(ticket.title or ticket.text)[:100]}", style="bold")
    rows: list[tuple[object, ...]] = []
    for name, found in suggestion.predictions.items():
        said = found.value if found.value is not None else "not sure"
        because = found.reason or (f"because of: {', '.join(found.telling)}" if found.telling else "")
        rows.append((name, said, f"{found.confidence:.0%}" if found.alternatives else "", because))
    rows.append(("priority", suggestion.priority or "not sure", "", suggestion.priority_why))
    table("", ("", "suggestion", "sure", "why"), rows, right=(2,))
    for why in suggestion.raised:
        line(f"  {why}", style="bold")
    if suggestion.known_error is not None:
        known = suggestion.known_error
        line(f"  known error {known.record.number}: {' '.join(known.resolution.split())[:200]}", style="bold")
    if suggestion.line is not None:
        line(f"  {suggestion.line.sentence}")
    for ask in suggestion.questions:
        line(f"  ask: {ask.text} ({ask.why})")
    for hit in suggestion.neighbours:
        fix = " ".join(hit.resolution.split())[:120]
        line(
            f"  like {hit.record.number} ({hit.score:.2f}): {hit.record.title[:80]}{' → ' + fix if fix else ''}",
            style="dim",
        )


def show_patterns(patterns: Sequence[Pattern], *, most: int) -> None:
    """The largest patterns."""
    rows = [(p.id, p.size, p.name, day(p.first_seen), day(p.last_seen)) for p in patterns[:most]]
    table(f"{len(patterns):,} patterns", ("id", "tickets", "name", "first", "last"), rows, right=(1,))


def day(moment: datetime | None) -> str:
    """A day as 2026-10-31; "" where there is none."""
    return "" if moment is None else moment.date().isoformat()


def show_facts(title: str, facts: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    table(title, ("", ""), list(facts.items()))


def show_models(figures: Mapping[str, Mapping[str, Any]], missing: Mapping[str, str]) -> None:
    """What each target's classifier says of itself, on tickets held out while learning."""
    rows: list[tuple[object, ...]] = []
    for target, facts in figures.items():
        held = facts.get("held_out", facts.get("figures", {}))
        rows.append(
            (
                target,
                len(facts.get("classes", ())),
                *(_share(held.get(m)) for m in ("accuracy", "macro_f1", "coverage@0.95")),
            )
        )
    rows += [(target, "", "", "", why) for target, why in missing.items()]
    table(
        "On tickets held out while learning",
        ("", "values", "right", "macro-F1", "answers at 95 % right"),
        rows,
        right=(1, 2, 3, 4),
    )


def _share(value: object) -> str:
    return f"{value:.0%}" if isinstance(value, float) else ""
