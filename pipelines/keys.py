"""Keys of programs on the command line: make one, list them, revoke one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kb.apikeys import ApiKey
    from kb.store import Store

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The desk's folder; else SEENBEFORE_HOME, else the user data folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys with which programs call the API: what each "
                  "is for, what it may see, and how long it holds.")  # fmt: skip


@app.command(epilog="Example: seenbefore key add servicenow --scope search --scope triage --scope tickets:write")
def add(
    name: Annotated[str, typer.Argument(help="Who uses it, such as servicenow.")],
    home: HomeOption = None,
    scope: Annotated[list[str] | None, typer.Option(help="What it is for (repeatable): search, triage, tickets:read, "
                                                    "tickets:write, knowledge, feedback, patterns, problems, measures, "
                                                    "metrics, admin.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group whose restricted records it may see.")] = None,
    days: Annotated[int, typer.Option(help="How long it holds, at most 365 days.")] = 90,
    rate: Annotated[int, typer.Option(help="Calls a minute.")] = 600,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make a key. It is shown once, now, and never again."""
    from pipelines import show

    made, token = _store(home).add_key(name, scopes=scope or (), groups=group or (), days=days, rate=rate,
                                       now=datetime.now(UTC), by="command line")  # fmt: skip
    if as_json:
        show.say_json({**_plain(made), "key": token})
        return
    show.line(token, style="bold")
    show.line(f"This is the key of {made.name}; it is shown only now. It is for {', '.join(made.scopes)} and holds "
              f"until {made.expires_at:%Y-%m-%d}. Send it as: Authorization: Bearer {made.prefix}…")  # fmt: skip


@app.command("list", epilog="Example: seenbefore key list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All keys, newest first, also those that open nothing any more."""
    from pipelines import show

    now = datetime.now(UTC)
    keys = _store(home).keys()
    if as_json:
        show.say_json([{**_plain(one), "state": one.state(now)} for one in keys])
        return
    rows = [(f"{one.prefix}…", one.name, one.state(now), ", ".join(one.scopes), ", ".join(one.groups),
             f"{one.expires_at:%Y-%m-%d}", f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "never")
            for one in keys]  # fmt: skip
    show.table("", ("key", "name", "state", "for", "groups", "until", "last used"), rows)


@app.command(epilog="Example: seenbefore key revoke servicenow")
def revoke(
    which: Annotated[str, typer.Argument(help="Its name, or its first characters.")], home: HomeOption = None
) -> None:  # fmt: skip
    """Take a key out of service at once."""
    from pipelines import show

    gone = _store(home).revoke_key(which.rstrip("…"), now=datetime.now(UTC), by="command line")
    show.line(f"{gone.prefix}… ({gone.name}) opens nothing any more.")


def _store(folder: Path | None) -> Store:
    from pipelines import settings as environment
    from pipelines.home import Home

    environment.be_offline()
    return Home(environment.read(folder)).store


def _plain(one: ApiKey) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)
