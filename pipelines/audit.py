"""The audit log on the command line: whether it is whole, what stands in it, and the head to keep elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kb.audit import Entry, Head
    from pipelines.home import Home

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The desk's folder; else SEENBEFORE_HOME, else the user data folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who saw, changed, exported, deleted and "
                  "configured what: a log that is only added to, and shows when it was tampered with.")  # fmt: skip


@app.command(epilog="Example: seenbefore audit verify --heads /mnt/elsewhere/heads.txt")
def verify(
    home: HomeOption = None,
    heads: Annotated[
        Path | None, typer.Option(help="Heads kept elsewhere, one a line as `audit head` prints them.")
    ] = None,
    head: Annotated[list[str] | None, typer.Option(help='One kept head, "id hash" (repeatable).')] = None,
    as_json: JsonOption = False,
) -> None:
    """Is every row as it was written, in its place, and none missing? Exit code 1 where not.

    Without a kept head a log that somebody wrote anew from some row on would pass.
    """
    from pipelines import show

    kept = _heads(heads, head or ())
    found = _home(home).store.audit_check(kept)
    if as_json:
        show.say_json({"whole": found.whole, "rows": found.head.id, "head": str(found.head), "heads": len(kept),
                       "trouble": list(found.trouble)})  # fmt: skip
    elif found.whole:
        against = f", and leads through {len(kept)} kept heads" if kept else "; no kept head was given to hold against"
        show.line(f"The audit log is whole: {found.head.id:,} rows{against}.")
    for sentence in () if as_json else found.trouble:
        show.problem(sentence)
    if not found.whole:
        raise typer.Exit(1)


@app.command(epilog="Example: seenbefore audit head >> /mnt/elsewhere/heads.txt")
def head(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The number and the hash of the last row: keep it where who runs the desk cannot write."""
    from pipelines import show

    found, at = _home(home).store.audit_head(), datetime.now(UTC).isoformat(timespec="seconds")
    show.say_json({"id": found.id, "hash": found.hash, "at": at}) if as_json else show.line(f"{found} {at}")


@app.command("list", epilog="Example: seenbefore audit list --since 2026-11-01 --act exported")
def list_(
    home: HomeOption = None,
    since: Annotated[str, typer.Option(help="On or after this day, 2026-01-31.")] = "",
    before: Annotated[str, typer.Option(help="Before this day, 2026-01-31.")] = "",
    by: Annotated[str, typer.Option(help="Only what this person did.")] = "",
    act: Annotated[str, typer.Option(help="Only this: saw, changed, exported, deleted, configured …")] = "",
    on: Annotated[str, typer.Option(help="Only on this: ticket:17, setting:sure, pattern:PAT00012 …")] = "",
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """What was done, newest first."""
    from kb.audit import ACTS
    from kb.errors import BadSetting
    from pipelines import narrow, show
    from pipelines import settings as environment

    if act and act not in ACTS:
        raise BadSetting(f"--act is {act[:40]!r}: give {', '.join(ACTS)}.")
    store = _home(home).store
    first, last = (narrow.day(option, text) for option, text in (("--since", since), ("--before", before)))
    found = store.audit_entries(since=first, until=last, by=by, act=act, subject=on, most=most)
    store.note("saw", "audit", by=environment.person(), detail={"rows": len(found)})
    if as_json:
        show.say_json([as_dict(one) for one in found])
        return
    rows = [
        (one.id, f"{one.at:%Y-%m-%d %H:%M:%S}", one.by or one.via, one.act, one.subject, _told(one)) for one in found
    ]
    show.table("", ("row", "when (UTC)", "who", "did", "on", "more"), rows, right=(0,))


def as_dict(entry: Entry) -> dict[str, Any]:
    """One row as plain values."""
    return {"id": entry.id, "at": entry.at.isoformat(), "by": entry.by, "via": entry.via, "act": entry.act,
            "subject": entry.subject, "detail": dict(entry.detail), "hash": entry.hash}  # fmt: skip


def _told(entry: Entry) -> str:
    return ", ".join(f"{name} {value if not isinstance(value, list) else ' '.join(map(str, value[:8]))}"
                     for name, value in entry.detail.items())  # fmt: skip


def _heads(file: Path | None, given: Sequence[str]) -> list[Head]:
    from kb.audit import Head
    from kb.errors import BadSetting

    lines = list(given)
    if file is not None:
        try:
            lines += [line for line in file.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{file} cannot be read: give a text file with one head a line.") from error
    try:
        return [Head.read(line) for line in lines]
    except ValueError as error:
        raise BadSetting(
            f"{str(error)[:80]!r} is no head: give lines as `seenbefore audit head` prints them."
        ) from error


def _home(folder: Path | None) -> Home:
    from pipelines import settings as environment
    from pipelines.home import Home

    environment.be_offline()
    return Home(environment.read(folder))
