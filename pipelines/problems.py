"""Problems on the command line: list them, read one with its history, make one, set its fields, take a change back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kb.desk import Desk
    from kb.records import Problem, ProblemChange, Viewer

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The desk's folder; else SEENBEFORE_HOME, else the user data folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
GroupOption = Annotated[
    list[str] | None, typer.Option("--group", help="See records restricted to this group too (repeatable).")
]
NumberArgument = Annotated[str, typer.Argument(help="The number of a problem, such as PRB0000366.")]
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Problem records and known errors: what is behind "
                  "what keeps coming back, who is on it, and what helps meanwhile.")  # fmt: skip
_SHOWN = ("symptom", "probable_cause", "root_cause", "workaround", "fix")
_FACTS = ("number", "source", "title", "state", "impact", "owner", "service", "category", "pattern", "created_at",
          "updated_at", "resolved_at")  # fmt: skip


@app.command("list", epilog="Example: seenbefore problems list --known")
def list_(
    home: HomeOption = None,
    known: Annotated[bool, typer.Option("--known", help="Only known errors: with a cause or a workaround.")] = False,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state (repeatable).")] = None,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """All problems, those changed last first."""
    from pipelines import show

    desk, viewer = _open(home, group)
    uses = desk.problem_uses(viewer=viewer, now=datetime.now(UTC))
    found = [one for one in desk.problems(viewer=viewer) if one.is_known_error or not known]
    found = [one for one in found if not state or one.state in state]
    used = [uses[one.id or 0].linked if one.id in uses else 0 for one in found]
    if as_json:
        show.say_json([{**_plain(one), "tickets": n} for one, n in zip(found, used, strict=True)])
        return
    rows = [(one.number, one.state, one.owner, f"{n:,}", one.title[:70]) for one, n in zip(found, used, strict=True)]
    show.table("", ("number", "state", "owner", "tickets", "title"), rows, right=(3,))


@app.command("show", epilog="Example: seenbefore problems show PRB0000366")
def show_(number: NumberArgument, home: HomeOption = None, as_json: JsonOption = False, group: GroupOption = None) -> None:  # fmt: skip  # noqa: E501
    """One problem with its tickets, its articles and its history."""
    from pipelines import show

    desk, viewer = _open(home, group)
    one = desk.problem(number, viewer=viewer)
    tickets = [ticket.number for _, ticket in desk.linked_from(one, viewer=viewer, most=500)]
    articles = [article.number for article in desk.problem_articles(one, viewer=viewer)]
    history = desk.problem_history(one, viewer=viewer)
    if as_json:
        show.say_json({**_plain(one), **{name: getattr(one, name) for name in _SHOWN}, "tickets": tickets,
                       "articles": articles, "history": [_plain_change(change) for change in history]})  # fmt: skip
        return
    show.line(f"{one.number}: {one.title}", style="bold")
    show.show_facts("", {name: text for name in _FACTS[3:] if (text := _text(getattr(one, name)))})
    for name in _SHOWN:
        if getattr(one, name):
            show.line(f"\n{_words(name)}", style="bold")
            show.line(getattr(one, name))
    ends = ", ".join((tickets + articles)[:20])
    show.line(f"\n{len(tickets):,} tickets and {len(articles):,} articles{': ' + ends if ends else ''}")
    rows = [(str(c.id), c.at.strftime("%Y-%m-%d %H:%M"), c.by, _said(c), "taken back" if c.undone_at else "")
            for c in history]  # fmt: skip
    if rows:
        show.table("History", ("change", "when (UTC)", "by", "what", ""), rows)


@app.command(epilog='Example: seenbefore problems new "Badge readers forget their clock" --ticket INC0031207')
def new(
    title: Annotated[str, typer.Argument(help="What fails, in a few words.")] = "",
    home: HomeOption = None,
    pattern: Annotated[str, typer.Option(help="Instead of a title: the id of a pattern to begin from.")] = "",
    field: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE (repeatable): symptom, owner …")] = None,
    ticket: Annotated[list[str] | None, typer.Option(help="A ticket that belongs to it (repeatable).")] = None,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """Make a problem, by hand or from a pattern."""
    from kb.errors import BadSetting
    from pipelines import show

    if bool(title) == bool(pattern):
        raise BadSetting("Give either a title or, with --pattern, the id of a pattern.")
    if pattern and (field or ticket):
        raise BadSetting("A problem begun from a pattern has its fields and tickets: change them afterwards.")
    desk, viewer = _open(home, group, "search", "patterns")
    now, there = datetime.now(UTC), None
    if pattern:
        there = desk.problem_of_pattern(pattern, viewer=viewer)
        made = desk.problem_from_pattern(pattern, viewer=viewer, now=now)
    else:
        refs = [desk.record("ticket", number, viewer=viewer).ref for number in ticket or ()]
        made = desk.new_problem(viewer=viewer, title=title, now=now, fields=_fields(field or ()), tickets=refs)
    if as_json:
        show.say_json(_plain(made))
    elif there is not None and there.ref == made.ref:
        show.line(f"{made.number} is open for this pattern already: {made.title}")
    else:
        show.line(f"{made.number} is made: {made.title}", style="bold")


@app.command("set", epilog='Example: seenbefore problems set PRB0000366 state=resolved fix="Accounts moved."')
def set_(
    number: NumberArgument,
    fields: Annotated[list[str], typer.Argument(help="FIELD=VALUE: title, state, owner, workaround, impact …")],
    home: HomeOption = None,
    why: Annotated[str, typer.Option(help="Kept with the change.")] = "",
    group: GroupOption = None,
) -> None:
    """Set fields of a problem, its state among them; the next import leaves them as they are."""
    from pipelines import show

    desk, viewer = _open(home, group)
    one = desk.problem(number, viewer=viewer)
    made = desk.change_problem(one.ref, _fields(fields), viewer=viewer, now=datetime.now(UTC), why=why)
    if made is None:
        show.line(f"{one.number} is so already: nothing was changed.")
    else:
        back = f"`seenbefore problems undo {made.id}` takes it back."
        show.line(f"{one.number}: {_said(made)}. {back}")


@app.command(epilog="Example: seenbefore problems undo 42")
def undo(
    change: Annotated[int, typer.Argument(help="The number of a change, as `problems show` lists it.")],
    home: HomeOption = None,
    group: GroupOption = None,
) -> None:
    """Take one change of a problem back; it stays in the history."""
    from pipelines import show

    desk, viewer = _open(home, group)
    made = desk.undo_problem(change, viewer=viewer, now=datetime.now(UTC))
    show.line(f"{made.problem.number}: taken back: {_said(made)}.")


# --- words --------------------------------------------------------------------------------------------------------


def _open(home: Path | None, group: Sequence[str] | None, *parts: str) -> tuple[Desk, Viewer]:
    from pipelines import settings as environment
    from pipelines.desk import open_desk

    settings = environment.read(home, groups=tuple(group or ()))
    return open_desk(settings, parts=parts or ("search",)), settings.viewer


def _fields(given: Sequence[str]) -> dict[str, object]:
    """FIELD=VALUE pairs. Raises ``BadSetting`` for what is none."""
    from kb.errors import BadSetting

    found: dict[str, object] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign:
            raise BadSetting(f"{pair[:60]!r} is no FIELD=VALUE: write for example state=assessing.")
        found[name.strip().replace("-", "_")] = value
    if "resolved_at" in found:
        found["resolved_at"] = _day(str(found["resolved_at"]))
    return found


def _day(text: str) -> datetime | None:
    from kb.errors import BadSetting

    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError as error:
        raise BadSetting(f"resolved_at is {text[:40]!r}: give a day such as 2026-05-04.") from error


def _said(change: ProblemChange) -> str:
    if change.target is not None:
        how = {"link": "linked", "unlink": "taken off", "merge": "merged into"}[change.what]
        return f"{how} {change.target.number}"
    if change.what == "created":
        return "made"
    return "; ".join(
        f"{_words(name)}: {_short(name, change.before.get(name))} -> {_short(name, value)}"
        for name, value in change.after.items()
    )


def _short(name: str, value: str | int | None) -> str:
    if name.endswith("_at") and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    text = " ".join(str("" if value is None else value).split())
    return (text[:57] + "…" if len(text) > 58 else text) or "nothing"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else "" if value is None else str(value)


def _plain(one: Problem) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in _FACTS}, "known_error": one.is_known_error}


def _plain_change(change: ProblemChange) -> dict[str, Any]:
    return {"id": change.id, "what": change.what, "at": change.at, "by": change.by, "before": dict(change.before),
            "after": dict(change.after), "target": None if change.target is None else change.target.number,
            "why": change.why, "undone_at": change.undone_at, "undone_by": change.undone_by}  # fmt: skip
