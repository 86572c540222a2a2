"""Who may see and do what? Persons with roles and groups, rules of who sees which records, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from kb.roles import ACTS, PERMISSIONS, ROLES
from kb.roster import EVERYTHING, Person
from kb.screens import accessclaims, accessrules, entrance
from kb.screens.chrome import address, empty, head, notes
from kb.screens.paper import Node, Told, button, copier, div, el, field, form, link, sheet, span, submit
from kb.screens.wording import count, moment

VIEWS: Mapping[str, str] = {
    "": "People",
    "claims": "Sign-in claims",
    "rules": "Rules",
    "sessions": "Sessions",
    "roles": "What roles may",
}
FIRST = "Make the first one an admin: `seenbefore user add NAME --role admin`"
_TROUBLE, _FIRST = "sb-access-trouble", "sb-access-first"


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw one of the five views. Raises ``NotAllowed`` where the viewer may not manage access."""
    people = desk.people(viewer=viewer)
    view = address().get("show", "")
    view = view if view in VIEWS else ""
    tabs = [{**link(name, "access", show=key), "current": key == view} for key, name in VIEWS.items()]
    lead = "Nobody has to sign in yet: this is a desk for one person on this machine." if not people else ""
    sheet("access-head", head("Who may see and do what?", lead), el("nav", "switch wraps", *tabs, label="Views"),
          notes((told,) if (told := st.session_state.pop(_TROUBLE, "")) else ()))  # fmt: skip
    {"": _people, "claims": accessclaims.section, "rules": accessrules.section, "sessions": _sessions, "roles": _roles}[
        view
    ](desk, viewer)


# --- persons ------------------------------------------------------------------------------------------------------


def _people(desk: Desk, viewer: Viewer) -> None:
    people, groups = desk.people(viewer=viewer), desk.groups(viewer=viewer)
    first = st.session_state.get(_FIRST)
    told = None
    if isinstance(first, tuple):
        told = div("card gap", el("p", "", f"The first password of {first[0]}. It is shown this once:"),
                   div("row", el("code", "", first[1]), copier("Copy", first[1])))  # fmt: skip
    fields = field("name_", "Name", most=80), field("groups", "Groups", hint="HR, Security")
    make = form("add", div("row-form block-s", *fields, submit("Add")))
    said = el("p", "small soft block-s", "Groups decide which restricted records a person sees; ",
              f"{EVERYTHING} stands for all of them. Roles decide what they may do. Known groups: ",
              ", ".join(groups) or "none", ".")  # fmt: skip
    cards = [_card(one, viewer, len(people)) for one in people]
    sheet("access-people", told, el("section", "gap", el("h2", "", "Somebody new"), make, said),
          el("section", "gap", el("h2", "", count(len(people), "person", "people")), div("stack block-s", *cards))
          if cards else empty("There is no account yet.", FIRST),
          told=partial(_heard, desk, viewer))  # fmt: skip


def _card(one: Person, viewer: Viewer, of: int) -> dict[str, Any]:
    key = str(one.id)
    chips = [
        button(role, "role", "little strong" if role in one.roles else "little", person=key, role=role,
               title="from the sign-in of the organisation" if role in one.roles - one.given_roles else "")
        for role in ROLES
    ]  # fmt: skip
    acts: list[Node] = [
        button("See their desk", "as", "bare little", title=f"See the desk as {one.name} does", person=key)
    ]
    if not one.issuer:
        acts.append(button("New password", "password", "bare little", person=key))
    acts.append(button("Let in again" if one.disabled else "Keep out", "enable" if one.disabled else "disable",
                       "bare little", person=key))  # fmt: skip
    where = f"signs in with {one.issuer}" if one.issuer else "signs in here"
    claimed = f"Their sign-in says: {', '.join(one.claims)}{_meant(one)}." if one.claims else None
    return div(
        "card",
        div("row", el("h3", "", one.name), span("soft small", where),
            span("tag", "kept out") if one.disabled else None, div("row push", *acts)),
        div("rights", div("row tight", *chips), form("groups", div("row-form", field("groups", "Groups",
            ", ".join(sorted(one.given_groups)), hint="none"), submit("Save", "")), person=key)),
        el("p", "small soft", claimed) if claimed else None,
    )  # fmt: skip


def _meant(one: Person) -> str:
    """What their claims give beside what is given here."""
    roles, groups = sorted(one.roles - one.given_roles), sorted(one.groups - one.given_groups)
    parts = [f"the role {' and '.join(roles)}" if roles else "", f"the groups {', '.join(groups)}" if groups else ""]
    return f", which gives {' and '.join(filter(None, parts))}" if roles or groups else ", which gives nothing more"


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    st.session_state.pop(_FIRST, None)
    act = _ACTS.get(told.get("name", ""))
    if act is None:
        return
    try:
        act(desk, viewer, told)
    except SeenBeforeError as error:
        st.session_state[_TROUBLE] = str(error)


def _add(desk: Desk, viewer: Viewer, told: Told) -> None:
    made, first = desk.add_person(
        told.get("name_", ""), viewer=viewer, groups=accessrules.listed(told.get("groups", ""))
    )
    st.session_state[_FIRST] = (made.name, first)


def _role(desk: Desk, viewer: Viewer, told: Told) -> None:
    one, role = _named(desk, viewer, told), told.get("role", "")
    desk.set_person(one.id, viewer=viewer, roles=sorted(one.given_roles ^ {role}))


def _groups(desk: Desk, viewer: Viewer, told: Told) -> None:
    desk.set_person(_named(desk, viewer, told).id, viewer=viewer, groups=accessrules.listed(told.get("groups", "")))


def _password(desk: Desk, viewer: Viewer, told: Told) -> None:
    made, first = desk.set_person(_named(desk, viewer, told).id, viewer=viewer, new_password=True)
    st.session_state[_FIRST] = (made.name, first)


def _let(desk: Desk, viewer: Viewer, told: Told) -> None:
    desk.set_person(_named(desk, viewer, told).id, viewer=viewer, disabled=told.get("name") == "disable")


def _as(desk: Desk, viewer: Viewer, told: Told) -> None:
    one = _named(desk, viewer, told)
    desk.view_as(one.id, viewer=viewer)
    entrance.look_as(one.id)
    st.session_state["sb-go"] = {"page": "search", "where": {}}


def _named(desk: Desk, viewer: Viewer, told: Told) -> Person:
    found = [one for one in desk.people(viewer=viewer) if str(one.id) == told.get("person", "")]
    if not found:
        raise SeenBeforeError("This person is not here any more.")
    return found[0]


_ACTS: Mapping[str, Callable[[Desk, Viewer, Told], None]] = {
    "add": _add, "role": _role, "groups": _groups, "password": _password, "disable": _let, "enable": _let, "as": _as,
}  # fmt: skip


# --- sessions and roles -------------------------------------------------------------------------------------------


def _sessions(desk: Desk, viewer: Viewer) -> None:
    found = desk.sessions(viewer=viewer)
    hours, idle = desk.session_limits(viewer=viewer)
    limits = form("limits", div("row-form block-s", field("hours", "Hours in all", str(hours), most=2),
                                field("idle", "Idle minutes", str(idle), most=3), submit("Save", "")))  # fmt: skip
    rows = []
    for one in found:
        end = button("End", "end", "bare little", session=str(one.id)) if not one.ended else span("soft", one.ended)
        rows.append(el("tr", "", el("td", "", one.person), el("td", "", moment(one.issued)),
                       el("td", "", moment(one.last_seen)), el("td", "right", end)))  # fmt: skip
    heads = [el("th", "", name) for name in ("Who", "Signed in", "Last step", "")]
    table = div("card scroll", el("table", "table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows)))
    sheet("access-sessions", el("section", "gap", el("h2", "", "How long a sign-in lasts"), limits),
          el("section", "gap", div("title-row", el("h2", "", "Sign-ins")),
             table if rows else el("p", "soft", "Nobody yet.")),
          told=partial(_ended, desk, viewer))  # fmt: skip


def _ended(desk: Desk, viewer: Viewer, told: Told) -> None:
    try:
        if told.get("name") == "end" and told.get("session", "").isdigit():
            desk.revoke_session(int(told["session"]), viewer=viewer)
        elif told.get("name") == "limits":
            hours, idle = (int(told[name]) if told.get(name, "").isdigit() else 0 for name in ("hours", "idle"))
            desk.set_session_limits(hours, idle, viewer=viewer)
    except SeenBeforeError as error:
        st.session_state[_TROUBLE] = str(error)


def _roles(desk: Desk, viewer: Viewer) -> None:
    heads = [el("th", "", "May"), *(el("th", "role", role) for role in ROLES)]
    rows = [
        el("tr", "", el("td", "", ACTS[act]), *(el("td", "", "yes" if role in may else "") for role in ROLES))
        for act, may in PERMISSIONS.items() if may
    ]  # fmt: skip
    table = div("card scroll", el("table", "table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows)))
    sheet("access-roles", el("section", "gap", table, el("p", "small soft block-s", "Which records a person sees is "
          "decided by groups alone, whatever the role.")))  # fmt: skip
