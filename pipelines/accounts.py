"""Accounts and rules of access on the command line: who may sign in, with which roles and groups, and who sees what."""

from __future__ import annotations

import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.errors import BadSetting
from kb.roles import ROLES

if TYPE_CHECKING:
    from kb.access import Rule
    from kb.store import Store

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The desk's folder; else SEENBEFORE_HOME, else the user data folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
NameArgument = Annotated[str, typer.Argument(help="The person's name, as typed at sign-in.")]
InOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]
user_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may sign in, with which roles and "
                       "groups. As soon as there is one account, the screens ask everybody to sign in.")  # fmt: skip
access_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The rules of who may see which records: by "
                         "category, subcategory, service, assignment group, department or words.")  # fmt: skip
_BY = "command line"


@user_app.command("add", epilog='Example: seenbefore user add ada --role technician --group "HR"')
def add(
    name: NameArgument,
    role: Annotated[list[str] | None, typer.Option(help=f"A role (repeatable): {', '.join(ROLES)}.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group whose records they see (repeatable); * for every record.")
    ] = None,
    home: HomeOption = None,
    password_stdin: InOption = False,
) -> None:
    """Make an account; the password is asked for, never given as an argument."""
    from kb.roster import person_name
    from pipelines import show

    store, now = _store(home), datetime.now(UTC)
    person_name(name)
    made = store.add_person(name, _password(password_stdin), roles=role or (), groups=group or (), by=_BY, now=now)
    show.line(f"{made.name} may sign in{_as(made.roles)}.")
    if not made.roles:
        show.line(f"Without a role they see nothing yet: seenbefore user roles {made.name} technician", style="dim")


@user_app.command("list", epilog="Example: seenbefore user list --json")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Everybody who may sign in, or was kept from it."""
    from pipelines import show

    found = _store(home).people()
    if as_json:
        show.say_json([_plain(one) for one in found])
        return
    rows = [(one.name, one.issuer or "here", ", ".join(sorted(one.roles)), ", ".join(sorted(one.groups)),
             "disabled" if one.disabled else "") for one in found]  # fmt: skip
    show.table("", ("name", "signs in", "roles", "groups", ""), rows)


@user_app.command("passwd", epilog="Example: seenbefore user passwd ada")
def passwd(name: NameArgument, home: HomeOption = None, password_stdin: InOption = False) -> None:
    """Set a new password; whoever is signed in under this name has to sign in again."""
    store = _store(home)
    found = store.person(name)
    store.set_person(found.id, password=_password(password_stdin), by=_BY, now=datetime.now(UTC))
    _told(f"{found.name} has a new password.")


@user_app.command("disable", epilog="Example: seenbefore user disable ada")
def disable(name: NameArgument, home: HomeOption = None) -> None:
    """Keep a person out; their sessions end at once, and what they said stays."""
    store = _store(home)
    store.set_person(store.person(name).id, disabled=True, by=_BY, now=datetime.now(UTC))
    _told(f"{name} may not sign in any more.")


@user_app.command("enable", epilog="Example: seenbefore user enable ada")
def enable(name: NameArgument, home: HomeOption = None) -> None:
    """Let a person in again."""
    store = _store(home)
    store.set_person(store.person(name).id, disabled=False, by=_BY, now=datetime.now(UTC))
    _told(f"{name} may sign in again.")


@user_app.command("roles", epilog="Example: seenbefore user roles ada technician triage")
def roles_(
    name: NameArgument,
    role: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(ROLES)}; none takes all away.")] = None,
    home: HomeOption = None,
) -> None:
    """Set the roles of a person; they count from the person's next step on."""
    store = _store(home)
    found = store.set_person(store.person(name).id, roles=role or (), by=_BY, now=datetime.now(UTC))
    _told(f"{found.name} may work{_as(found.roles)}.")


@user_app.command("groups", epilog='Example: seenbefore user groups ada "HR" "Security"')
def groups_(
    name: NameArgument,
    group: Annotated[list[str] | None, typer.Argument(help="Groups; * for every record; none takes all away.")] = None,
    home: HomeOption = None,
) -> None:
    """Set the groups of a person, whose records they see besides those for everybody."""
    store = _store(home)
    found = store.set_person(store.person(name).id, groups=group or (), by=_BY, now=datetime.now(UTC))
    _told(f"{found.name} sees what is for everybody{''.join(f', for {one}' for one in sorted(found.groups))}.")


@access_app.command("rules", epilog="Example: seenbefore access rules --json")
def rules_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The rules in force, and whether they are applied to everything that is stored."""
    from dataclasses import asdict

    from pipelines import show

    state = _store(home).access_rules()
    if as_json:
        show.say_json({"rules": [asdict(rule) for rule in state.rules], "applied": state.finished})
        return
    for rule in state.rules:
        show.line(rule.told)
    if not state.rules:
        show.line("No rules: a record is for everybody, unless its export names groups or marks it as restricted.")
    if not state.finished:
        show.line("Not applied to all records yet: run `seenbefore access resume`.", style="yellow")


@access_app.command("apply", epilog="Example: seenbefore access apply rules.toml --dry-run")
def apply(
    file: Annotated[Path, typer.Argument(help='TOML: [[rule]] with by, values and groups, such as by = "category".')],
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would change and write nothing.")] = False,
) -> None:
    """Set the rules from a file, in place of those before, and apply them to every record."""
    from pipelines import show

    store, rules = _store(home), read_rules(file)
    if dry_run:
        with show.bars() as say:
            found = store.preview_access(rules, say=say)
        show.table("", ("rule", "records"), [(r.told, f"{n:,}") for r, n in zip(rules, found.matched, strict=True)],
                   right=(1,))  # fmt: skip
        show.line(f"Of {found.records:,} records {found.narrowed:,} would be seen by fewer, {found.widened:,} by "
                  f"others than now, and {found.nobody:,} by nobody. Nothing is written.")  # fmt: skip
        return
    with show.bars() as say:
        narrowed, after = store.apply_access(rules, by=_BY, at=int(datetime.now(UTC).timestamp()), say=say)
    show.line(f"{len(rules)} rules hold: {narrowed:,} records are seen by fewer, {after:,} more changed.")
    if narrowed:
        show.line("Learn and group again, so that nothing keeps words of records that are not for everybody any more: "
                  "seenbefore train --force, then seenbefore patterns --force", style="dim")  # fmt: skip


@access_app.command("resume", epilog="Example: seenbefore access resume")
def resume(home: HomeOption = None) -> None:
    """Go on applying the rules where it was stopped; until then the stricter of the old and the new ones hold."""
    from pipelines import show

    store = _store(home)
    with show.bars() as say:
        changed = store.resume_access(by=_BY, at=int(datetime.now(UTC).timestamp()), say=say)
    show.line(f"The rules are applied to all records: {changed:,} changed.")


def read_rules(file: Path) -> list[Rule]:
    """Rules from a TOML file. Raises ``BadSetting`` where it is not one."""
    from kb.access import Rule, checked

    try:
        said = tomllib.loads(file.read_text("utf-8"))
        return list(checked([Rule(str(one["by"]), _names(one["values"]), _names(one.get("groups", [])))
                             for one in said.get("rule", [])]))  # fmt: skip
    except OSError as error:
        raise BadSetting(f"{file} cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadSetting(f"{file} is no list of rules: give [[rule]] with by, values and groups in TOML.") from error


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _password(from_input: bool) -> str:
    """Asked for twice on a terminal, or the first line of standard input."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin is None or not sys.stdin.isatty():
        raise BadSetting("There is no terminal to ask for the password: give --password-stdin and pipe it in.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _store(home: Path | None) -> Store:
    from pipelines import settings as environment
    from pipelines.home import Home

    opened = Home(environment.read(home))
    return opened.store


def _told(sentence: str) -> None:
    from pipelines import show

    show.line(sentence)


def _as(roles: frozenset[str]) -> str:
    return f" as {' and '.join(sorted(roles))}" if roles else ", without a role"


def _plain(one: Any) -> dict[str, Any]:
    return {"name": one.name, "issuer": one.issuer, "roles": sorted(one.roles), "groups": sorted(one.groups),
            "disabled": one.disabled, "made_by": one.made_by, "made_at": one.made_at}  # fmt: skip
