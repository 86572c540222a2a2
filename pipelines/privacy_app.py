"""Privacy and erasure on the command line: what was replaced, going over what is stored, the key, and erasing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kb.records import Viewer
    from pipelines.erase import Done
    from pipelines.home import Home

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
NoRebuild = Annotated[
    bool, typer.Option("--no-rebuild", help="Drop index, models and patterns instead of making them anew.")
]
app = typer.Typer(rich_markup_mode=None, help="Which secrets and personal data were found and replaced: counts only. "
                  "The policy is set by `seenbefore settings privacy.KIND redact|keep|entitled`.")  # fmt: skip
eraser = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Erase a ticket or a person for good, and prove "
                     "it byte by byte.")  # fmt: skip


@app.callback(invoke_without_command=True, epilog="Example: seenbefore privacy")
def privacy(
    context: typer.Context, home: HomeOption = None, as_json: JsonOption = False, group: GroupOption = None
) -> None:
    """What was found in stored texts and replaced, by kind and month, and the policy of each kind."""
    from kb.privacy.kinds import KINDS
    from pipelines import privacy as keeping
    from pipelines import show

    if context.invoked_subcommand is not None:
        return
    opened, viewer = _open(home, group)
    found, rules = opened.store.found(viewer), opened.store.rules()
    rows = {kind: {"policy": rules.of(kind), "replaced": sum(found.get(kind, {}).values()),
                   "months": dict(sorted(found.get(kind, {}).items()))} for kind in KINDS}  # fmt: skip
    if as_json:
        show.say_json({"kinds": rows, "key": opened.store.sealer is not None, "waiting": keeping.waiting(opened)})
        return
    now = datetime.now(UTC)
    this = f"{now:%Y-%m}"
    shown = [(kind, rules.of(kind), f"{row['replaced']:,}", f"{found.get(kind, {}).get(this, 0):,}", KINDS[kind])
             for kind, row in rows.items()]  # fmt: skip
    show.table("", ("kind", "policy", "replaced", "this month", "what it covers"), shown, right=(2, 3))
    show.line("Policy: seenbefore settings privacy.KIND redact|keep|entitled", style="dim")
    if keeping.waiting(opened):
        show.line("What was stored before follows the policy of now after: seenbefore privacy apply", style="bold")


@app.command("apply", epilog="Example: seenbefore privacy apply")
def apply_(home: HomeOption = None, no_rebuild: NoRebuild = False, as_json: JsonOption = False) -> None:
    """Redact what is stored by the policy of now; a run that was stopped goes on where it was."""
    from pipelines import privacy as keeping
    from pipelines import show

    opened, _ = _open(home, None)
    with show.bars() as say:
        done = keeping.apply(opened, say=say, rebuild=not no_rebuild)
    if as_json:
        show.say_json(done.__dict__)
        return
    show.line(f"Looked at {done.looked:,} records: {done.changed:,} changed, and {done.words:,} remarks on them.")
    for sentence in done.notes:
        show.line(sentence)


@app.command("key", epilog="Example: seenbefore privacy key /etc/seenbefore/privacy.key")
def key(file: Annotated[Path, typer.Argument(help="A new file outside the home.")], home: HomeOption = None) -> None:
    """Make the key that seals originals for entitled readers; without it they cannot be read, so keep a copy."""
    from pipelines import privacy as keeping
    from pipelines import show

    keeping.write_key(_home(home), file)
    show.line(f"Wrote {file}. Set SEENBEFORE_PRIVACY_KEY_FILE to it, and keep a copy in a safe: without it nothing "
              "that is sealed can be read.")  # fmt: skip


@app.command("originals", epilog="Example: seenbefore privacy originals INC0012345 --group Privacy")
def originals(
    number: Annotated[str, typer.Argument(help="The number of a ticket.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """What placeholders of a ticket stand for, for members of the groups in the setting privacy.groups."""
    from pipelines import show

    opened, viewer = _open(home, group)
    record = opened.store.find("ticket", number, viewer)
    if opened.store.has_originals(record, viewer):
        opened.store.note("saw", f"ticket:{record.id}", by=viewer.name, detail={"what": "originals"})
    found = opened.store.originals(record, viewer)
    show.say_json(found) if as_json else show.show_facts("", found)


@eraser.command("ticket", epilog="Example: seenbefore erase ticket INC0012345")
def ticket(
    number: Annotated[str, typer.Argument(help="The number of the ticket.")],
    home: HomeOption = None,
    source: Annotated[str, typer.Option(help="The tool it came from, where two have this number.")] = "",
    prove: Annotated[
        bool, typer.Option("--prove/--no-prove", help="Look at every byte of the home afterwards.")
    ] = True,
    no_rebuild: NoRebuild = False,
    as_json: JsonOption = False,
) -> None:
    """Erase one ticket with all that was said of it; exports that bring it again are not listened to."""
    from pipelines import erase, show

    opened, _ = _open(home, None)
    with show.bars() as say:
        done = erase.erase_ticket(opened, number, source=source, say=say, rebuild=not no_rebuild, proving=prove)
    _tell(done, number, as_json=as_json)


@eraser.command("person", epilog='Example: seenbefore erase person "Emma Hartley"')
def person(
    who: Annotated[str, typer.Argument(help="First and last name, or an e-mail address.")],
    home: HomeOption = None,
    prove: Annotated[
        bool, typer.Option("--prove/--no-prove", help="Look at every byte of the home afterwards.")
    ] = True,
    no_rebuild: NoRebuild = False,
    as_json: JsonOption = False,
) -> None:
    """Take a person out of every text and field; the tickets stay, without caller and name."""
    from pipelines import erase, show

    opened, _ = _open(home, None)
    with show.bars() as say:
        done = erase.erase_person(opened, who, say=say, rebuild=not no_rebuild, proving=prove)
    _tell(done, who, as_json=as_json)


@eraser.command("finish", epilog="Example: seenbefore erase finish")
def finish(home: HomeOption = None, no_rebuild: NoRebuild = False, as_json: JsonOption = False) -> None:
    """Take up an erasure that was stopped before all that was made of the words was gone; harmless where none was."""
    from pipelines import erase, show

    opened, _ = _open(home, None)
    with show.bars() as say:
        done = erase.finish(opened, say=say, rebuild=not no_rebuild)
    if done is not None:
        _tell(done, "what was begun", as_json=as_json)
    elif as_json:
        show.say_json(None)
    else:
        show.line("No erasure was stopped: there is nothing to finish.")


def _tell(done: Done, what: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from pipelines import show

    if as_json:
        show.say_json({**asdict(done), "proved": done.is_proved})
    else:
        one = done.erased
        show.line(f"Erased {what}: {one.records:,} records gone, {one.changed:,} changed, {one.other:,} remarks and "
                  "settings.", style="bold")  # fmt: skip
        for sentence in done.notes:
            show.line(sentence)
        if done.dropped:
            show.line(f"Reports deleted: {', '.join(done.dropped)}")
        _tell_proof(done)
    if done.proof is not None and not done.is_proved:
        raise typer.Exit(1)


def _tell_proof(done: Done) -> None:
    from pipelines import show

    proof = done.proof
    if proof is None:
        show.line("Nothing was proved: run it without --no-prove to look at every byte.", style="dim")
        return
    if done.is_proved:
        show.line(
            f"Proved: none of {len(done.erased.traces):,} texts in {proof.bytes:,} bytes of {proof.files:,} files."
        )
    for trace in proof.found:
        show.line(f"Still in {trace.file}: {trace.text[:60]!r}", style="bold yellow")
    for name in proof.unread:
        show.line(f"Could not be looked into: {name}", style="bold yellow")


def _home(folder: Path | None) -> Home:
    from pipelines import settings as environment

    environment.be_offline()
    from pipelines.home import Home

    return Home(environment.read(folder))


def _open(folder: Path | None, groups: list[str] | None) -> tuple[Home, Viewer]:
    from pipelines import settings as environment

    home = _home(folder)
    _ = home.store
    return home, environment.read(folder, groups=tuple(groups or ())).viewer
