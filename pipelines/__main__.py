"""The command line: ``seenbefore`` and ``python -m pipelines`` are the same, and the only place that prints."""

from __future__ import annotations

_STOPPED = "Stopped. What was finished is kept; run the same command again to go on."

try:  # from the first moment on Ctrl-C is answered with a sentence
    import os
    import signal
    import sys
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager, suppress
    from pathlib import Path
    from typing import TYPE_CHECKING, Annotated, Any

    import typer
    from typer.core import TyperGroup

    from kb.errors import SeenBeforeError
    from pipelines import settings as environment
    from pipelines.accounts import access_app, user_app
    from pipelines.audit import app as audit_app
    from pipelines.hooks import app as hooks_app
    from pipelines.keys import app as key_app
    from pipelines.privacy_app import app as privacy_app
    from pipelines.privacy_app import eraser as erase_app
    from pipelines.problems import app as problems_app
except KeyboardInterrupt:
    raise SystemExit(_STOPPED) from None

if TYPE_CHECKING:
    from kb.desk import Desk
    from pipelines.home import Home


class _Commands(TyperGroup):
    """All commands: whatever one of them runs into is told in one sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with _told():
            return super().invoke(ctx)


app = typer.Typer(
    name="seenbefore", cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Seen Before: the service desk's memory. Import past tickets, ask whether something was seen before and what "
    "fixed it, triage new ones, and see what keeps coming back. Everything stays in one folder on this machine.",
)  # fmt: skip

models_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The models of triage and search: their "
                         "cards, their history, and the way back.")  # fmt: skip
app.add_typer(models_app, name="models")
app.add_typer(problems_app, name="problems")
app.add_typer(privacy_app, name="privacy")
app.add_typer(erase_app, name="erase")
app.add_typer(audit_app, name="audit")
app.add_typer(user_app, name="user")
app.add_typer(access_app, name="access")
app.add_typer(key_app, name="key")
app.add_typer(hooks_app, name="hooks")

patterns_app = typer.Typer(rich_markup_mode=None, help="Find what keeps coming back; list what was found by cost, "
                           "growth or pain, and show one pattern with everything known of it.")  # fmt: skip
app.add_typer(patterns_app, name="patterns")

_INTERRUPTED = 130
"""What Typer exits with where Ctrl-C met it outside a command."""
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The desk's folder; else SEENBEFORE_HOME, else the user data folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
BackendOption = Annotated[str, typer.Option("--backend", help="processes or dask: where bulk work is done.")]
SchedulerOption = Annotated[str, typer.Option("--scheduler", help="For dask: where its scheduler is, tcp://HOST:8786.")]
GroupOption = Annotated[
    list[str] | None, typer.Option("--group", help="See records restricted to this group too (repeatable).")
]


@app.command(epilog="Example: seenbefore init --home ~/desk")
def init(
    home: HomeOption = None,
    embedder: Annotated[
        str, typer.Option(help='Name or folder of a sentence-transformers model; "hashing" for none at all.')
    ] = "",
) -> None:
    """Make an empty desk in a folder."""
    from models.embedder import open_embedder
    from pipelines import show

    opened = _home(home)
    if embedder:
        _ = open_embedder(embedder).id  # says what is wrong with it before anything is made
    opened.create()
    if embedder:
        opened.store.set("embedder", embedder)
    show.line(f"A desk is ready in {opened.folder}. Next: seenbefore ingest FILE")


@app.command(epilog="Example: seenbefore ingest incidents.csv --dry-run")
def ingest(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSON or XML, also gzipped; or a folder of articles.")],
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was understood and write nothing.")] = False,
    preset: Annotated[
        str, typer.Option(help="One of ours, such as jira, or of the desk's own; else the best match.")
    ] = "",
    map_file: Annotated[Path | None, typer.Option("--map", help="A TOML file that maps columns.")] = None,
    source: Annotated[str, typer.Option(help="Name of the tool it comes from; part of every ticket's key.")] = "",
    encoding: Annotated[str, typer.Option(help="Where it is not detected rightly: utf-8, utf-16, cp1252, …")] = "",
    dates: Annotated[str, typer.Option(help="day or month: what comes first in 03/04/2026.")] = "",
    timezone: Annotated[str, typer.Option(help="For times that carry none, such as Europe/Berlin; else UTC.")] = "",
    priority_one: Annotated[str, typer.Option(help="highest or lowest: what priority 1 means.")] = "",
    impact_one: Annotated[str, typer.Option(help="highest or lowest: what impact 1 means.")] = "",
    urgency_one: Annotated[str, typer.Option(help="highest or lowest: what urgency 1 means.")] = "",
    first_line: Annotated[list[str] | None, typer.Option(help="An assignment group that is first line.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import an export of tickets, articles, problems or links. The same file twice changes nothing."""
    from pipelines import ingest as importing
    from pipelines import show

    asked = importing.asked(
        preset=preset, map_file=map_file, source=source, encoding=encoding, dates=dates, timezone=timezone,
        one={"priority": priority_one, "impact": impact_one, "urgency": urgency_one},
        first_line=tuple(first_line or ()),
    )  # fmt: skip
    understood = importing.look(file, importing.with_saved(asked, _home(home)))
    if dry_run:
        show.say_json(importing.understood_json(understood)) if as_json else importing.show_understood(understood)
        return
    opened = _home(home)
    opened.create()
    with show.bars() as say:
        done = importing.ingest(opened, understood, say=say)
    show.say_json(importing.done_json(done)) if as_json else importing.show_done(done)
    if not as_json and done.kind == "tickets" and done.added:
        from datetime import UTC, datetime

        from pipelines import bursts as bursting

        for sentence in bursting.after_import(opened, opened.settings.viewer, datetime.now(UTC)):
            show.line(sentence, style="bold")


@app.command(epilog="Example: seenbefore watch ~/exports --once --preset my-desk")
def watch(
    folder: Annotated[Path, typer.Argument(help="Where exports arrive; each goes to done or failed in it.")],
    home: HomeOption = None,
    once: Annotated[bool, typer.Option("--once", help="Take in what is there and end, for cron.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 30.0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the files; they are known by their content.")] = False,
    no_index: Annotated[bool, typer.Option("--no-index", help="Leave the index as it is.")] = False,
    then: Annotated[list[str] | None, typer.Option(help="patterns or train: make anew too (repeatable).")] = None,
    preset: Annotated[str, typer.Option(help="One of ours, or of the desk's own; else the best match.")] = "",
    map_file: Annotated[Path | None, typer.Option("--map", help="A TOML file that maps columns.")] = None,
    source: Annotated[str, typer.Option(help="Name of the tool they come from; part of every ticket's key.")] = "",
    dates: Annotated[str, typer.Option(help="day or month: what comes first in 03/04/2026.")] = "",
    timezone: Annotated[str, typer.Option(help="For times that carry none, such as Europe/Berlin; else UTC.")] = "",
    priority_one: Annotated[str, typer.Option(help="highest or lowest: what priority 1 means.")] = "",
    first_line: Annotated[list[str] | None, typer.Option(help="An assignment group that is first line.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in every export that arrives in a folder, each once, and index it; Ctrl-C ends it and loses nothing."""
    from pipelines import ingest as importing
    from pipelines import show
    from pipelines import watch as watching

    asked = importing.asked(preset=preset, map_file=map_file, source=source, dates=dates, timezone=timezone,
                            one={"priority": priority_one}, first_line=tuple(first_line or ()))  # fmt: skip
    opened = _home(home)
    opened.create()

    def tell(met: watching.Met) -> None:
        if as_json:
            show.say_json(_plain(met))
        else:
            show.line(met.sentence, style="yellow" if met.outcome == watching.FAILED else "")

    if watching.watch(opened, folder, asked, once=once, every=every, keep=keep, index=not no_index,
                      then=then or (), tell=tell):  # fmt: skip
        raise typer.Exit(1)


@app.command(epilog="Example: seenbefore index")
def index(
    home: HomeOption = None,
    force: Annotated[bool, typer.Option("--force", help="Make it anew even if nothing changed.")] = False,
    backend: BackendOption = "",
    scheduler: SchedulerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Bring the search index up to date with the store."""
    from pipelines import index as indexing
    from pipelines import show
    from pipelines.spreading import spread

    opened = _ready(home)
    with spread(backend, scheduler), show.bars() as say:
        done = indexing.build(opened, say=say, force=force)
    if as_json:
        show.say_json(_plain(done))
    elif done.unchanged:
        show.line(f"The index is up to date: {done.told}.")
    else:
        show.line(f"Indexed {done.told} in {done.seconds:.1f} s "
                  f"({done.embedded:,} newly embedded, {done.cut:,} longer than the model reads).")  # fmt: skip


@app.command(epilog="Example: seenbefore train")
def train(
    home: HomeOption = None,
    force: Annotated[bool, typer.Option("--force", help="Learn again even if nothing changed.")] = False,
    backend: BackendOption = "",
    scheduler: SchedulerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Learn triage and ranking from the tickets whose outcome is known."""
    from pipelines import show
    from pipelines import train as training
    from pipelines.spreading import spread

    opened = _ready(home)
    with spread(backend, scheduler), show.bars() as say:
        done = training.train(opened, say=say, force=force)
    if as_json:
        show.say_json(_plain(done))
        return
    show.line(f"{'Nothing new to learn from' if done.unchanged else 'Learnt from'} {done.tickets:,} tickets"
              f"{'' if done.unchanged else f' in {done.seconds:.1f} s'}.")  # fmt: skip
    show.show_models(done.figures, done.missing)
    for target, why in done.rulings.items():
        show.line(f"{target}: {why}", style="dim")
    for sentence in done.notes:
        show.line(sentence)


@patterns_app.callback(invoke_without_command=True, epilog="Example: seenbefore patterns --most 20")
def patterns(
    context: typer.Context,
    home: HomeOption = None,
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    force: Annotated[bool, typer.Option("--force", help="Group again even if nothing changed.")] = False,
    backend: BackendOption = "",
    scheduler: SchedulerOption = "",
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """Find what keeps coming back, and show the largest patterns; ``list`` and ``show ID`` tell more of them."""
    if context.invoked_subcommand is not None:
        if home or force or as_json or group or backend or scheduler:
            from kb.errors import BadSetting

            raise BadSetting(f"Options stand after the word: seenbefore patterns {context.invoked_subcommand} --home …")
        return
    from kb import plain
    from pipelines import patterns as finding
    from pipelines import show
    from pipelines.spreading import spread

    opened = _ready(home)
    with spread(backend, scheduler), show.bars() as say:
        done = finding.find(opened, say=say, force=force)
    settings = environment.read(home, groups=tuple(group or ()))
    desk = _desk_of(opened, "patterns")
    found = desk.patterns(viewer=settings.viewer)
    if as_json:
        show.say_json({**_plain(done), "found": [plain.pattern(pattern) for pattern in found[:most]]})
        return
    show.show_patterns(found, most=most)
    show.line(f"{done.noise_share:.0%} of {done.tickets:,} tickets are in no pattern.", style="dim")


@app.command(epilog="Example: seenbefore bursts --days 30")
def bursts(
    home: HomeOption = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back to look.")] = 14,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """What comes faster than usual: possible major incidents, open ones first."""
    from pipelines import bursts as bursting
    from pipelines import show

    viewer = environment.read(home, groups=tuple(group or ())).viewer
    found = _desk(home, "patterns").bursts(viewer=viewer, days=days)
    show.say_json(bursting.as_json(found)) if as_json else bursting.show_bursts(found)


@patterns_app.command("list", epilog="Example: seenbefore patterns list --by growth")
def patterns_list(
    home: HomeOption = None,
    by: Annotated[str, typer.Option(help="cost, growth or pain.")] = "cost",
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """What was found last, ranked; nothing is grouped anew."""
    from pipelines import show, show_patterns

    settings = environment.read(home, groups=tuple(group or ()))
    order = show_patterns.order(by)
    found = _with_patterns(home).standings(viewer=settings.viewer)
    if as_json:
        show.say_json([show_patterns.standing(found, at) for at in found.ranked(order)[:most]])
    else:
        show_patterns.show_standings(found, by=order, most=most)


@patterns_app.command("show", epilog="Example: seenbefore patterns show PAT00012 --json")
def patterns_show(
    pattern: Annotated[str, typer.Argument(help="The lasting id of a pattern, such as PAT00012.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """One pattern: its figures, what fixed it, its articles, examples and variants."""
    from pipelines import show, show_patterns

    settings = environment.read(home, groups=tuple(group or ()))
    found = _with_patterns(home).profile(pattern, viewer=settings.viewer)
    show.say_json(show_patterns.profile(found)) if as_json else show_patterns.show_profile(found)


@app.command(epilog='Example: seenbefore search "outlook keeps asking for the password" --json')
def search(
    text: Annotated[str, typer.Argument(help="The question, in the caller's words; - reads standard input.")] = "",
    home: HomeOption = None,
    like: Annotated[str, typer.Option(help="Instead of a question: the number of a ticket, to find its like.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many hits.")] = 10,
    kind: Annotated[str, typer.Option(help="ticket, article or problem (known errors).")] = "",
    category: Annotated[list[str] | None, typer.Option(help="Only this category (repeatable).")] = None,
    service: Annotated[list[str] | None, typer.Option(help="Only this service (repeatable).")] = None,
    assignment_group: Annotated[list[str] | None, typer.Option(help="Only this assignment group (repeatable).")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only this state (repeatable).")] = None,
    since: Annotated[str, typer.Option(help="Opened on or after this day, 2026-01-31.")] = "",
    before: Annotated[str, typer.Option(help="Opened before this day, 2026-01-31.")] = "",
    nearest: Annotated[bool, typer.Option("--nearest", help="Where nothing was seen: show what came closest.")] = False,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """Have we seen this before, and what fixed it?"""
    from kb import plain
    from kb.errors import BadSetting
    from pipelines import narrow, show_answers
    from pipelines.show import say_json

    if text and like:
        raise BadSetting("Give either a question or, with --like, the number of a ticket.")
    asked = narrow.read(kind=kind, categories=category, services=service, groups=assignment_group, states=state,
                        since=since, before=before)  # fmt: skip
    viewer = environment.read(home, groups=tuple(group or ())).viewer
    desk = _desk(home, "search")
    wanted = narrow.known(asked, desk, viewer=viewer)
    if like:
        answer = desk.like(like, viewer=viewer, wanted=wanted, limit=limit)
    else:
        answer = desk.search(_text(text), viewer=viewer, wanted=wanted, limit=limit)
    if as_json:
        say_json(plain.answer(answer, nearest=nearest))
    else:
        show_answers.show_answer(answer, nearest=nearest)


@app.command(epilog="Example: seenbefore draft INC0031207 INC0031413 INC0032001 --save")
def draft(
    numbers: Annotated[list[str] | None, typer.Argument(help="Three or more resolved tickets of one failure.")] = None,
    home: HomeOption = None,
    pattern: Annotated[str, typer.Option(help="Instead of tickets: the id of a pattern, such as PAT00012.")] = "",
    title: Annotated[str, typer.Option(help="What the article is to be called.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep it as work in progress.")] = False,
    group: GroupOption = None,
) -> None:
    """Draft a knowledge article from resolved tickets, every line cited, for a person to finish."""
    from kb.errors import BadSetting
    from kb.records import Ref
    from pipelines import show

    viewer = environment.read(home, groups=tuple(group or ())).viewer
    if bool(numbers) == bool(pattern):
        raise BadSetting("Name three or more tickets or, with --pattern, one pattern.")
    desk = _desk(home, "search", "patterns")
    refs = [Ref("ticket", "", number) for number in numbers or ()]
    made = desk.draft_for(pattern, viewer=viewer) if pattern else desk.draft(refs, viewer=viewer, title=title)
    show.line(made.as_markdown())
    if save:
        show.line(f"Kept as {desk.keep_draft(made, viewer=viewer, title=title).number}.", style="bold")


@app.command(epilog="Example: seenbefore knowledge --most 10")
def knowledge(
    home: HomeOption = None,
    most: Annotated[int, typer.Option(min=1, help="How many of each to show.")] = 10,
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """Which articles want care, and which failures that keep coming back have none."""
    from pipelines import show, show_answers

    viewer = environment.read(home, groups=tuple(group or ())).viewer
    library = _desk(home, "search", "patterns").library(viewer=viewer)
    if as_json:
        show.say_json(show_answers.library_json(library))
    else:
        show_answers.show_library(library, most=most)


@app.command(epilog='Example: seenbefore triage "VPN drops every few minutes since the update" --json')
def triage(
    text: Annotated[
        str, typer.Argument(help="The ticket's text, a ticket number, or a file of tickets; - reads standard input.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
    group: GroupOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a file's suggestions as a table: .csv or .xlsx.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the table where it is there.")] = False,
) -> None:
    """What is it, how urgent, and who takes it? For one text, or for every ticket of a file."""
    from kb import plain
    from pipelines import show
    from pipelines import triage as triaging

    settings = environment.read(home, groups=tuple(group or ()))
    if out is not None:
        with show.bars() as say:
            n = triaging.write_table(_desk(home, "triage"), text, out, viewer=settings.viewer, say=say,
                                     overwrite=overwrite)  # fmt: skip
        show.line(f"Wrote {out}: {n:,} tickets.")
        return
    suggestions, many = triaging.suggest(_desk(home, "triage"), _text(text), viewer=settings.viewer)
    if as_json:
        rows = [plain.suggestion(suggestion) for suggestion in suggestions]
        show.say_json(rows if many else rows[0])
        return
    for suggestion in suggestions:
        show.show_suggestion(suggestion)


@app.command(epilog="Example: seenbefore serve --port 8501")
def serve(
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    group: GroupOption = None,
    no_api: Annotated[bool, typer.Option("--no-api", help="Serve the screens only.")] = False,
    api_only: Annotated[bool, typer.Option("--api-only", help="Serve the API for programs only.")] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Write a log as lines of JSON to standard error.")
    ] = False,
) -> None:
    """Serve the screens, and the API for programs under /api/v1, on this machine."""
    from pipelines import logs
    from pipelines.serve import faces_of

    if log_json:
        logs.start()
    _serve(_home(home), host, port, tuple(group or ()), faces_of(no_api=no_api, api_only=api_only))


@app.command(epilog="Example: seenbefore deploy systemd ./units --home /srv/seenbefore")
def deploy(
    kind: Annotated[str, typer.Argument(help="systemd, or compose (with PostgreSQL).")],
    folder: Annotated[Path, typer.Argument(help="Where the files are written.")],
    home: Annotated[Path, typer.Option(help="The desk's home on the server.")] = Path("/srv/seenbefore/home"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    user: Annotated[str, typer.Option(help="The system user it runs as.")] = "seenbefore",
    exports: Annotated[Path, typer.Option(help="Where nightly exports arrive.")] = Path("/srv/seenbefore/exports"),
    backups: Annotated[Path, typer.Option(help="Where backups are kept.")] = Path("/srv/seenbefore/backups"),
) -> None:
    """Write the files with which a server runs the desk, and say what to do with them."""
    from pipelines import deploying, show

    written, then = deploying.deploy(kind, folder, home=home, port=port, user=user, exports=exports, backups=backups)
    for file in written:
        show.line(f"Written: {file}")
    show.line("Read them, then:")
    for line in then:
        show.line(f"  {line}")


@app.command(epilog="Example: seenbefore demo")
def demo(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Prepare everything, but do not serve.")] = False,
) -> None:
    """Load the sample desk, build everything, and serve it: the quickest way to see the product."""
    from pipelines import demo as demonstrating
    from pipelines import show

    opened = _home(home)
    show.line(f"The sample desk lives in {opened.folder}")
    with show.bars() as say:
        for sentence in demonstrating.prepare(opened, say=say):
            show.line(sentence)
    if not no_serve:
        _serve(opened, "127.0.0.1", port, ())


@app.command(epilog="Example: seenbefore status")
def status(home: HomeOption = None, as_json: JsonOption = False, group: GroupOption = None) -> None:
    """What is in the desk, how fresh it is, and what to run next."""
    from pipelines import doctor as checking
    from pipelines import show

    settings = environment.read(home, groups=tuple(group or ()))
    facts = checking.status(_desk(home), viewer=settings.viewer)
    show.say_json(facts) if as_json else checking.show_status(facts)


@app.command(epilog="Example: seenbefore doctor")
def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check the home: store, checksums, embedder, counts, versions, disk. Exit code 1 where something needs doing."""
    from pipelines import doctor as checking
    from pipelines import show

    findings = checking.examine(_home(home))
    show.say_json([_plain(finding) for finding in findings]) if as_json else checking.show_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("settings", epilog="Example: seenbefore settings sure 0.7")
def settings_of_the_desk(
    name: Annotated[str, typer.Argument(help="Which setting; without it all are shown.")] = "",
    value: Annotated[str | None, typer.Argument(help="What to set it to; without it the setting is shown.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or change the rules of triage: priority_matrix, targets, sure, promise."""
    from kb import policy as rules
    from kb.errors import BadSetting
    from pipelines import show

    store = _ready(home).store
    if value is not None:
        rules.check(name, value, store.settings())
        store.set(name, value, by=environment.person())
    found = rules.shown(store.settings())
    if name and name not in found:
        raise BadSetting(f"There is no setting {name!r}: the desk has {', '.join(found)}.")
    chosen = {name: found[name]} if name else found
    show.say_json(chosen) if as_json else show.show_facts("", chosen)


@app.command(epilog="Example: seenbefore bench ../shared/data/thunderbird --task articles --json rows.json")
def bench(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with bench.toml; for --scale, --task speed, spread and privacy any export, or none."
        ),
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task (repeatable).")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the rows to this file; - prints them.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where to keep what is built, so that a second run is quick.")
    ] = None,
    scale: Annotated[str, typer.Option(help="What a desk costs as it grows: sizes such as 30000,100000,1000000.")] = "",
    home: Annotated[
        Path | None, typer.Option("--home", help="For --task api or soak: the desk to serve; else the sample desk.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="For --task soak: how long the desk is used.")] = 60.0,
    chart: Annotated[
        Path | None, typer.Option("--plot", help="For --scale and --task spread: draw the figures, as SVG.")
    ] = None,
) -> None:
    """Measure search, triage and patterns on a benchmark folder, beside plain baselines from the same run."""
    from kb.errors import BadSetting
    from pipelines import bench as benching
    from pipelines import bench_imports, bench_scale, benches, show

    notes: list[str] = []
    if chart is not None:
        benches.draws(task or (), scale)
    with show.bars() as say:
        if scale:
            rows = bench_scale.run(bench_scale.sizes(scale), folder=folder, work=work, say=say)
        elif task is not None and len(task) == 1 and task[0] in benches.ALONE:
            rows = benches.run(task[0], benches.Asked(folder, home, work, minutes), say=say, notes=notes)
        elif folder is None:
            raise BadSetting("Say which benchmark folder, or with --scale how many tickets, or --task privacy.")
        elif (folder / bench_imports.TRUTH).exists():
            rows, notes = bench_imports.run(folder)
        else:
            rows = benching.run(folder, tasks=tuple(task or ()), work=work, say=say, notes=notes)
    if chart is not None:
        benches.draw(chart, rows)
    plain = [_plain(row) for row in rows]
    if json_file is not None and str(json_file) == "-":
        show.say_json(plain)
        return
    if json_file is not None:
        benching.write_rows(json_file, plain)
    bench_scale.show_scale(rows) if scale else benching.show_rows(rows, notes)


@app.command(epilog="Example: seenbefore evaluate --share 0.2")
def evaluate(
    home: HomeOption = None,
    share: Annotated[float, typer.Option(min=0.05, max=0.5, help="Share of the newest tickets to test on.")] = 0.2,
    as_json: JsonOption = False,
) -> None:
    """How good would the suggestions have been on your own past tickets? Learns on the older, tests on the newer."""
    from pipelines import evaluate as evaluating
    from pipelines import show

    opened = _ready(home)
    with show.bars() as say:
        rows = evaluating.evaluate(opened, share=share, say=say)
    show.say_json([_plain(row) for row in rows]) if as_json else evaluating.show_figures(rows)


@models_app.command("list", epilog="Example: seenbefore models list")
def models_list(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every generation of models there was, newest first, and which one serves."""
    from pipelines import models as history
    from pipelines import show, show_models

    found = history.history(_ready(home))
    if as_json:
        show.say_json([_plain(entry) for entry in found])
    else:
        show_models.show_history(found)


@models_app.command("show", epilog="Example: seenbefore models show --json")
def models_show(
    name: Annotated[str, typer.Argument(help="A generation, or the beginning of its name; else the one in use.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """The card of each model: what was promised, what was kept, where it errs."""
    from pipelines import models as history
    from pipelines import show, show_models

    found = history.show(_ready(home), name)
    show.say_json(history.as_json(found)) if as_json else show_models.show_cards(found)


@models_app.command("rollback", epilog="Example: seenbefore models rollback models-20261101T081500")
def models_rollback(
    name: Annotated[str, typer.Argument(help="The generation to go back to, or the beginning of its name.")],
    home: HomeOption = None,
) -> None:
    """Let an earlier generation serve again."""
    from datetime import UTC, datetime

    from pipelines import models as history
    from pipelines import show

    show.line(history.rollback(_ready(home), name, at=datetime.now(UTC), by=environment.person()))


@models_app.command("drift", epilog="Example: seenbefore models drift")
def models_drift(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Do the tickets since the last training still look like those learnt from?"""
    from pipelines import drift, reports, show, show_models

    opened = _ready(home)
    with show.bars() as say:
        found = [_plain(one) | {"moved": one.moved} for one in drift.since(opened, say=say)]
    reports.keep(opened, reports.DRIFT, found)
    show.say_json(found) if as_json else show_models.show_drift(found)


@app.command("data-quality", epilog="Example: seenbefore data-quality --csv suspects.csv")
def data_quality(
    home: HomeOption = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Also write every ticket, most suspicious first, to this file.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What is wrong with the tickets to learn from? Wrong labels, twin names, answers given away, and more."""
    from pipelines import quality, reports, show

    opened = _ready(home)
    with show.bars() as say:
        report = quality.examine(opened, say=say)
    reports.keep(opened, reports.QUALITY, quality.as_json(report))
    if csv_file is not None:
        n = quality.write_csv(report, csv_file, overwrite=overwrite)
        opened.store.note("exported", "data quality", detail={"rows": n, "form": ".csv"})
    show.say_json(quality.as_json(report)) if as_json else quality.show_report(report)


@app.command(epilog="Example: seenbefore report --month 2026-10 --out reports")
def report(
    home: HomeOption = None,
    month: Annotated[str, typer.Option(help="Such as 2026-10; else the last whole month.")] = "",
    period: Annotated[
        str, typer.Option(help="Instead: a week 2026-W42, a quarter 2026-Q4, a year, or 2026-10-01..2026-10-15.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    as_json: JsonOption = False,
    group: GroupOption = None,
) -> None:
    """Write the report of a month: one HTML file, a PDF and a workbook with every figure beside the month before."""
    from datetime import UTC, datetime

    from pipelines import report as reporting
    from pipelines import show

    viewer, now = environment.read(home, groups=tuple(group or ())).viewer, datetime.now(UTC)
    desk = _desk(home, "search", "triage", "patterns")
    chosen = reporting.chosen(desk, month=month, period=period, now=now)
    digest, files = reporting.write(desk, chosen, out, viewer=viewer, now=now)
    if as_json:
        show.say_json(reporting.as_json(digest, files))
        return
    show.line(digest.summary)
    for file in files:
        show.line(f"Wrote {file}")


@app.command(epilog="Example: seenbefore export tickets.csv")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write: .csv, .csv.gz, .json, .jsonl or .xlsx.")],
    home: HomeOption = None,
    kind: Annotated[str, typer.Option(help="tickets, articles, problems or links.")] = "tickets",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    group: GroupOption = None,
) -> None:
    """Write what is in the desk to a file that any tool reads; safe against formulas in spreadsheets."""
    from pipelines import export as exporting
    from pipelines import show

    settings = environment.read(home, groups=tuple(group or ()))
    with show.bars() as say:
        count = exporting.export(_ready(home), file, kind=kind, viewer=settings.viewer, overwrite=overwrite, say=say)
    show.line(f"Wrote {count:,} {kind} to {file}.")


@app.command(epilog="Example: seenbefore backup /mnt/backups/desk-2026-11-22.backup --with-made")
def backup(
    file: Annotated[Path, typer.Argument(help="A new file outside the home.")],
    home: HomeOption = None,
    with_made: Annotated[
        bool, typer.Option("--with-made", help="Also index, models and patterns: what is restored answers at once.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only read a backup that is there, every byte of it.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write all that cannot be made again to one file, while the desk works. Sealed where a passphrase is set."""
    from datetime import UTC, datetime

    from pipelines import restore as restoring
    from pipelines import show_backup

    opened = _home(home)
    passphrase = opened.settings.backup_passphrase
    with show_backup.bars() as say:
        if verify:
            kept = restoring.verify(file, passphrase=passphrase, say=say)
        else:
            from pipelines import backup as keeping

            done = keeping.backup(_ready(home), file, now=datetime.now(UTC), passphrase=passphrase, made=with_made,
                                  overwrite=overwrite, by=environment.person(), say=say)  # fmt: skip
    show_backup.verified(file, kept, as_json) if verify else show_backup.written(done, as_json)


@app.command(epilog="Example: seenbefore restore /mnt/backups/desk-2026-11-22.backup ~/desk")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `seenbefore backup` wrote.")],
    home: Annotated[Path | None, typer.Argument(help="An empty folder; else SEENBEFORE_HOME.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a backup back into an empty home; all of it is verified before anything is in its place."""
    from datetime import UTC, datetime

    from pipelines import restore as restoring
    from pipelines import show_backup

    settings = environment.read(home)
    with show_backup.bars() as say:
        kept = restoring.restore(file, settings, passphrase=settings.backup_passphrase, now=datetime.now(UTC), say=say)
    show_backup.restored(settings.home, kept, as_json)


@app.command("migrate-store", epilog="Example: seenbefore migrate-store ~/desk postgresql+psycopg://desk@db/desk")
def migrate_store_command(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The home or the database URL to move from.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The empty home or database to move to. For either, "
                                          "SEENBEFORE_DATABASE_URL stands for what it is set to.")],
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Move everything a desk knows to PostgreSQL or back, compared row by row; on any trouble nothing is moved."""
    from pipelines import migrate_store as moving
    from pipelines import show

    with show.bars() as say:
        made = moving.migrate_store(source, target, settings=environment.read(), say=say)
    show.say_json([_plain(one) for one in made]) if as_json else moving.show_moved(made, target)


# --- inside -------------------------------------------------------------------------------------------------------


@contextmanager
def _told() -> Iterator[None]:
    """Expected troubles become one sentence and exit code 1; Ctrl-C says that nothing finished is lost."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except SeenBeforeError as error:
        _problem(str(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt as stop:
        _problem(_STOPPED)
        raise typer.Exit(1) from stop
    except BrokenPipeError as error:
        _let_go()
        raise typer.Exit(1) from error
    except OSError as error:
        _let_go()
        what = f"{error.filename} cannot be read or written" if error.filename else "The answer cannot be written"
        _problem(f"{what} ({error.strerror or error}): check free disk and rights, then run it again.")
        raise typer.Exit(1) from error


def _problem(sentence: str) -> None:
    from pipelines import show

    with suppress(OSError):
        show.problem(sentence)


def _let_go() -> None:
    """Give up what could not be written, or Python would try again, and complain, when it exits."""
    with suppress(OSError, ValueError):
        try:
            sys.stdout.flush()
        except OSError:
            with Path(os.devnull).open("w") as nothing:
                os.dup2(nothing.fileno(), sys.stdout.fileno())


def _home(folder: Path | None) -> Home:
    environment.be_offline()
    from pipelines.home import Home

    return Home(environment.read(folder))


def _ready(folder: Path | None) -> Home:
    home = _home(folder)
    _ = home.store
    return home


def _desk(folder: Path | None, *parts: str) -> Desk:
    environment.be_offline()
    from pipelines.desk import PARTS, open_desk

    return open_desk(environment.read(folder), parts=parts or PARTS)


def _with_patterns(folder: Path | None) -> Desk:
    """The desk with its patterns. Raises ``NotBuilt`` where there are none."""
    from kb.errors import NotBuilt

    desk = _desk(folder, "patterns")
    if desk.patterns_made is None:
        raise NotBuilt("No patterns are built yet: run `seenbefore patterns`.")
    return desk


def _desk_of(home: Home, *parts: str) -> Desk:
    from pipelines.desk import desk_of

    return desk_of(home, parts=parts)


def _serve(home: Home, host: str, port: int, groups: tuple[str, ...], faces: tuple[str, ...] = ()) -> None:
    from dataclasses import replace

    from pipelines import serve as serving
    from pipelines import show

    serving.serve(replace(home.settings, groups=groups or home.settings.groups), host=host, port=port, say=show.line,
                  faces=faces or serving.FACES)  # fmt: skip


def _text(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _plain(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(value)


def _terminate(*_: object) -> None:
    raise KeyboardInterrupt


def main(run: Callable[[], Any] = app) -> None:
    """Entry of the ``seenbefore`` command; Ctrl-C ends it with a sentence and exit code 1 wherever it is."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        environment.be_offline()
        with _told():
            run()
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
    except SystemExit as end:
        sys.exit(_STOPPED if end.code == _INTERRUPTED else end.code)


if __name__ == "__main__":
    main()
