"""Webhooks on the command line: who may send tickets, who is told of what, and sending what waits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.keys import HomeOption, JsonOption

if TYPE_CHECKING:
    from kb.store import Store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Webhooks: tools that send tickets here, and tools "
                  "that are told of bursts, fixes that did not hold and broken promises.")  # fmt: skip


@app.command("in", epilog="Example: seenbefore hooks in zammad --preset generic --source zammad")
def in_(
    name: Annotated[str, typer.Argument(help="Which tool sends.")],
    home: HomeOption = None,
    preset: Annotated[str, typer.Option(help="The preset that reads its tickets; else the generic one.")] = "",
    source: Annotated[str, typer.Option(help="Part of every ticket's key; else the name.")] = "",
) -> None:
    """Let a tool send new and changed tickets; prints the secret it signs them with."""
    from kb.tables.mapping import preset_named
    from pipelines import show

    if preset:
        preset_named(preset)
    made = _store(home).add_hook(name, way="in", preset=preset, source=source or name, now=datetime.now(UTC),
                                 by="command line")  # fmt: skip
    show.line(made.secret, style="bold")
    show.line(f"{made.name} signs its messages with this secret and sends them to /api/v1/webhooks/tickets.")


@app.command("out", epilog="Example: seenbefore hooks out oncall https://chat.example/hook --event burst")
def out(
    name: Annotated[str, typer.Argument(help="Who is told.")],
    url: Annotated[str, typer.Argument(help="Where messages go; nothing is ever sent anywhere else.")],
    home: HomeOption = None,
    event: Annotated[list[str] | None, typer.Option(help='burst, relapse or "promise broken" (repeatable).')] = None,
    with_text: Annotated[bool, typer.Option("--with-text", help="Titles of tickets may go out too.")] = False,
) -> None:
    """Tell a tool what happens; prints the secret it checks messages with."""
    from pipelines import show

    made = _store(home).add_hook(name, way="out", url=url, events=event or (), with_text=with_text,
                                 now=datetime.now(UTC), by="command line")  # fmt: skip
    show.line(made.secret, style="bold")
    show.line(f"{made.name} is told of {', '.join(made.events)} at {made.url}; messages are signed with this secret.")


@app.command("list", epilog="Example: seenbefore hooks list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All webhooks, and the messages that wait or are dead. Secrets are not shown."""
    from pipelines import show

    store = _store(home)
    hooks, messages = store.hooks(), store.messages(states=("waiting", "dead"))
    if as_json:
        show.say_json({
            "hooks": [{"name": h.name, "way": h.way, "active": h.active, "preset": h.preset, "source": h.source,
                       "url": h.url, "events": h.events, "with_text": h.with_text} for h in hooks],
            "messages": [{"id": m.id, "hook": m.hook, "event": m.event, "about": m.about, "state": m.state,
                          "tries": m.tries, "trouble": m.trouble} for m in messages],
        })  # fmt: skip
        return
    names = {hook.id: hook.name for hook in hooks}
    rows = [(h.name, h.way, "active" if h.active else "rests", h.url or h.preset or "generic", ", ".join(h.events))
            for h in hooks]  # fmt: skip
    show.table("Webhooks", ("name", "way", "state", "where", "told of"), rows)
    lines = [(str(m.id), names.get(m.hook, ""), m.event, m.state, str(m.tries), m.trouble) for m in messages]
    show.table("Messages", ("id", "hook", "event", "state", "tries", "trouble"), lines)


@app.command(epilog="Example: seenbefore hooks send")
def send(home: HomeOption = None) -> None:
    """Look for what happened and send what is due: for cron, where `seenbefore serve` does not run."""
    from kb.alerts import queue_alerts
    from pipelines import settings as environment
    from pipelines import show
    from pipelines.deliver import send_due
    from pipelines.desk import open_desk

    environment.be_offline()
    desk = open_desk(environment.read(home))
    queued = queue_alerts(desk, now=datetime.now(UTC))
    done = send_due(desk.store, now=lambda: datetime.now(UTC))
    show.line(f"{queued:,} new, {done.sent:,} sent, {done.failed:,} to be tried again, {done.dead:,} dead.")


@app.command(epilog="Example: seenbefore hooks again 17")
def again(message: Annotated[int, typer.Argument(help="Its id.")], home: HomeOption = None) -> None:
    """Put a dead message back into the queue."""
    from pipelines import show

    _store(home).send_again(message, now=datetime.now(UTC))
    show.line(f"Message {message} waits to be sent again.")


@app.command(epilog="Example: seenbefore hooks remove oncall")
def remove(name: Annotated[str, typer.Argument(help="Which.")], home: HomeOption = None) -> None:
    """Take a webhook out, with its messages."""
    from pipelines import show

    store = _store(home)
    store.drop_hook(store.hook(name).id)
    show.line(f"{name} is gone.")


def _store(folder: Path | None) -> Store:
    from pipelines import settings as environment
    from pipelines.home import Home

    return Home(environment.read(folder)).store
